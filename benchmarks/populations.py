"""What a network costs in a population: P networks side by side against P one after the other.

All sizes of the population take turns, round by round, on every adapter and on numpy; a figure is
the median of the rounds, as a share of what a single network takes for the same steps:

    python benchmarks/populations.py

A share of 0.5 says that a population trains in half the time of its networks one by one. The
table is kept in ``benchmarks/results``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from gpunet.config import NetworkSpec
from gpunet.datasets.dataset import Samples
from gpunet.engine.factory import Choice, choose, create_engine, largest_population, list_adapters
from gpunet.engine.interface import Engine, NetworkSettings, step_schedule
from gpunet.errors import GpunetError
from gpunet.parameters import initial_parameters
from gpunet.training.output import write_atomically
from peers.machine import machine, results

SHAPES = (((16, 16), 4), ((128,), 32))
"""Hidden layers and batch."""

SIZES = (1, 2, 4, 8, 16, 32, 64)

SIZES_ON_HARDWARE = (*SIZES, 128, 256, 512, 1024)

SECONDS_A_ROUND = 0.4

MOST_STEPS = 2000


@dataclass(slots=True)
class Runner:
    """A population of one size.

    Args:
        engine: set to the start of an epoch by every round.
        steps: of a round.
        seconds: of a step of one network, a figure a round.
    """

    engine: Engine
    steps: int = 2
    seconds: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, choice: Choice, network: NetworkSpec, batch: int, networks: int) -> Runner:
        """A runner whose rounds last about ``SECONDS_A_ROUND``; everything is compiled."""
        settings = tuple(NetworkSettings(seed=seed) for seed in range(networks))
        runner = cls(create_engine(choice, network, settings, "adam", batch))
        for _ in range(3):
            runner.round()
            wanted = round(SECONDS_A_ROUND / (networks * runner.seconds[-1]))
            runner.steps = max(2, min(MOST_STEPS, wanted))
        runner.seconds.clear()
        return runner

    def round(self) -> None:
        """Train so many steps, and note what they took."""
        engine, steps = self.engine, self.steps
        count, networks = steps * engine.batch_size, engine.population
        draws = np.random.default_rng(0)
        features = draws.integers(0, 256, (count, engine.network.inputs), dtype=np.uint8)
        labels = draws.integers(0, engine.network.classes, count).astype(np.int32)
        engine.load("train", Samples(features, labels))
        engine.set_parameters(initial_parameters(engine.network, "auto", range(networks)))
        schedule = step_schedule(engine.settings, np.full((networks, steps), 1e-3), 0)
        order = np.stack([draws.permutation(count).astype(np.uint32) for _ in range(networks)])
        engine.begin_epoch(order, schedule, 0)
        engine.metrics()
        began = time.perf_counter()
        engine.train(steps)
        engine.metrics()
        self.seconds.append((time.perf_counter() - began) / (steps * networks))


def main() -> int:
    """Measure every adapter and numpy, or the device that is named."""
    options = _options()
    try:
        names = [options.device] if options.device else ["cpu", *_adapters()]
        document = "\n".join(_document([choose(name) for name in names], options.rounds))
        path = results("populations").with_suffix(".md")
        write_atomically(path, f"{document}\n".encode())
    except GpunetError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(document)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--device", help="as gpunet's own option; default: all")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each size")
    return parser.parse_args()


def _adapters() -> list[str]:
    return [str(adapter.index) for adapter in list_adapters() if adapter.usable]


def _document(choices: list[Choice], rounds: int) -> Iterator[str]:
    yield "# What a network costs in a population"
    yield ""
    yield f"{machine()}. Adam, random bytes; medians over {rounds} rounds in turn."
    for choice in choices:
        yield ""
        yield f"## {choice.info}"
        for hidden, batch in SHAPES:
            network = NetworkSpec(784, hidden, 10)
            print(f"{choice.info.name}: {network}, batch {batch}", file=sys.stderr)
            yield ""
            yield from _table(choice, network, batch, rounds)


def _table(choice: Choice, network: NetworkSpec, batch: int, rounds: int) -> Iterator[str]:
    software = choice.adapter is None or choice.adapter.software
    sizes = SIZES if software else SIZES_ON_HARDWARE
    most = largest_population(choice, network, "adam", batch, MOST_STEPS * batch)
    runners = {
        networks: Runner.of(choice, network, batch, networks)
        for networks in sizes
        if most is None or networks <= most
    }
    for _ in range(rounds):
        for runner in runners.values():
            runner.round()
    single = median(runners[1].seconds)
    yield f"{network}, batch {batch}: {1e3 * single:.3g} ms a step alone."
    yield ""
    yield "| networks | a step of one, ms | share of a single one | steps a second, all |"
    yield "| --- | --- | --- | --- |"
    for networks, runner in runners.items():
        seconds = median(runner.seconds)
        yield (
            f"| {networks} | {1e3 * seconds:.3g} | {seconds / single:.2f} | {1 / seconds:,.0f} |"
        )
        runner.engine.close()


if __name__ == "__main__":
    sys.exit(main())
