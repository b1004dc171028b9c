"""Trains many short epochs, and loads many models: memory must not grow.

The suite does so for a few hundred. As a script it goes on as long as one likes, on any device:

    python tests/faults/leaks.py --epochs 10000 --models 10000 --device llvmpipe

What is watched is the process's resident memory; a software adapter's memory is part of it.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gpunet.artifacts.model_file import load, save
from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.origin import Origin
from gpunet.engine.factory import select_device
from gpunet.engine.interface import Engine
from gpunet.model import Model, Scores
from gpunet.parameters import initial_parameters
from gpunet.training.batches import epoch_order, steps_per_epoch
from gpunet.workflows.devices import training_engine

CONFIG = TrainConfig(hidden=(16,), batch_size=8, ensemble=2)

WIDE = replace(CONFIG, hidden=(64,))
"""For engines: SwiftShader compiles it in a tenth of the time, and its arrays are larger."""

DIGITS = tuple("0123456789")

NETWORK = CONFIG.network(64, len(DIGITS))

SAMPLES = 80


@dataclass(frozen=True, slots=True)
class Growth:
    """How the memory went, in KiB.

    Args:
        before: after 20 repetitions or a tenth of them, once everything that is kept is there.
        after: at the end.
    """

    before: int
    after: int

    @property
    def kibibytes(self) -> int:
        """What came on top."""
        return self.after - self.before


def resident_memory() -> int:
    """Of this process, in KiB; Linux only."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 10


def _growth(repeat: Callable[[int], None], times: int) -> Growth:
    first = max(20, times // 10)
    for number in range(first):
        repeat(number)
    before = resident_memory()
    for number in range(first, times):
        repeat(number)
    return Growth(before, resident_memory())


def epochs_growth(device: str, epochs: int, config: TrainConfig = CONFIG) -> Growth:
    """Train so many epochs of ten steps, with a validation and a look at samples after each."""
    samples = _samples()
    dataset = Dataset("noise", samples, samples, DIGITS, (8, 8), "drawn here")
    with training_engine(select_device(device), config, dataset) as engine:
        for split in ("train", "validation", "gallery"):
            engine.load(split, samples)
        engine.set_parameters(initial_parameters(engine.network, "auto", [0, 1]))
        return _growth(lambda epoch: _epoch(engine, epoch), epochs)


def _epoch(engine: Engine, epoch: int) -> None:
    steps = steps_per_epoch(SAMPLES, engine.batch_size)
    rates = np.full((2, steps), 1e-3)
    engine.begin_epoch(epoch_order([0, 1], epoch + 1, SAMPLES), rates, epoch * steps)
    engine.train(steps)
    engine.metrics()
    engine.evaluate("validation")
    engine.predict("gallery")
    engine.parameters()
    engine.moments()


def engines_growth(device: str, engines: int) -> Growth:
    """Make so many engines one after the other, each for an epoch."""

    def repeat(number: int) -> None:
        epochs_growth(device, 1, WIDE)

    return _growth(repeat, engines)


def models_growth(models: int) -> Growth:
    """Load a model so many times and drop it."""
    model = Model(
        network=NETWORK,
        parameters=initial_parameters(NETWORK, "auto", [0]),
        config=CONFIG,
        classes=DIGITS,
        image_shape=(8, 8),
        scaling=None,
        origin=Origin("noise", "noise", "", ""),
        best_epoch=1,
        test=Scores(None, None),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save(model, path)
        return _growth(lambda _: _drop(path), models)


def _drop(path: Path) -> None:
    load(path)


def _samples() -> Samples:
    draws = np.random.default_rng(0)
    features = draws.integers(0, 256, (SAMPLES, NETWORK.inputs), dtype=np.uint8)
    return Samples(features, (np.arange(SAMPLES) % NETWORK.outputs).astype(np.int32))


def main() -> int:
    """Repeat as often as was asked for, and tell how memory went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=10_000)
    parser.add_argument("--engines", type=int, default=500)
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--device", default="gpu", help="as gpunet's own option")
    options = parser.parse_args()
    for what, grown in (
        (f"{options.epochs:,} epochs", epochs_growth(options.device, options.epochs)),
        (f"{options.engines:,} engines", engines_growth(options.device, options.engines)),
        (f"{options.models:,} models", models_growth(options.models)),
    ):
        print(f"{what}: {grown.before:,} KiB at first, {grown.kibibytes:+,} KiB at the end")
    return 0


if __name__ == "__main__":
    sys.exit(main())
