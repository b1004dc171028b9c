"""The numpy engine, or a double of it, for tests of what uses engines."""

from __future__ import annotations

from collections.abc import Sequence

from gpunet.config import TrainConfig
from gpunet.engine.population import networks_of
from gpunet.engine.reference.numpy_engine import NumpyEngine

__all__ = ["numpy_engine"]


def numpy_engine(
    settings: TrainConfig | Sequence[TrainConfig],
    inputs: int,
    outputs: int,
    kind: type[NumpyEngine] = NumpyEngine,
) -> NumpyEngine:
    """An engine of this kind, whose network is the one that the settings describe."""
    configs = networks_of(settings)
    return kind(configs[0].network(inputs, outputs), configs)
