"""Checks before a run begins or is resumed."""

from __future__ import annotations

from collections.abc import Sequence

from gpunet.config import SHARED, TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.interface import Engine
from gpunet.engine.population import NetworkSettings
from gpunet.errors import ModelError, UsageError, spelled
from gpunet.training.events import EpochRecord
from gpunet.training.member import Member
from gpunet.training.run_samples import RunSamples
from gpunet.training.settings_for_data import network_for
from gpunet.training.state import RunState

__all__ = ["require_fit", "require_made_for", "require_shared", "require_unfinished"]


def require_shared(configs: Sequence[TrainConfig]) -> None:
    """Raise a UsageError if networks of one population differ in a setting of ``SHARED``."""
    for index, config in enumerate(configs):
        for name in SHARED:
            one, first = getattr(config, name), getattr(configs[0], name)
            if one != first:
                raise UsageError(
                    f"network {index} of the population has {name} {one} but the first one has "
                    f"{first}; train them in two populations"
                )


def require_made_for(engine: Engine, dataset: Dataset, configs: Sequence[TrainConfig]) -> None:
    """Raise a UsageError unless the engine was made for these data and configurations."""
    first, made = configs[0], (engine.network, engine.optimizer, engine.batch_size, engine.settings)
    network = network_for(first, dataset)
    settings = tuple(map(NetworkSettings.of, configs))
    names = ("initialization", "class_weights", "rate_by_inputs")
    others = [[getattr(one, name) for name in names] for one in configs]
    engine_others = [[getattr(one, name) for name in names] for one in engine.configs]
    wanted = network, first.optimizer, first.batch_size, settings
    if (*made, engine_others) != (*wanted, others):
        raise UsageError(
            "the engine was made for other settings than those to train with; make it from the "
            "same TrainConfig"
        )


def require_fit(state: RunState, engine: Engine, samples: RunSamples) -> None:
    """Raise a ModelError unless a run's state fits these networks and samples."""
    shapes = engine.parameters().shape, engine.moments().shape
    steps, begun = max(map(len, state.histories)) * samples.steps, state.begun
    if begun is not None:
        steps += begun.samples // engine.batch_size
    whole = begun is not None and begun.samples >= len(samples.splits.training)
    same = shapes == (state.parameters.shape, state.moments.shape)
    if not same or whole or steps != state.steps:
        raise ModelError(
            "the run's weights, moments or steps do not fit its settings and its data; train again"
        )


def require_unfinished(config: TrainConfig, histories: Sequence[Sequence[EpochRecord]]) -> None:
    """Raise a UsageError if a run whose networks have these histories has ended."""
    done = max(map(len, histories))
    if done >= config.effective_epochs:
        epochs = "1 epoch" if done == 1 else f"{done} epochs"
        raise UsageError(
            f"the run has done {epochs} and {spelled('epochs')} is "
            f"{config.effective_epochs}; raise {spelled('epochs')} to go on"
        )
    reasons = [Member(config).restore(history) for history in histories]
    if None not in reasons:
        raise UsageError(
            f"the run has ended after epoch {done} ({reasons[0]}), so there is nothing "
            "to resume; train again with other options"
        )
