"""What a network costs in a population: P networks side by side against P one after the other.

All sizes of the population take turns, round by round, on every adapter and on numpy; a figure is
the median of the rounds, as a share of what a single network takes for the same steps:

    python benchmarks/populations.py

A share of 0.5 says that a population trains in half the time of its networks one by one. The
table is printed, and with ``--output FOLDER`` written there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.engine.factory import (
    Device,
    create_engine,
    largest_population,
    list_adapters,
    select_device,
)
from gpunet.engine.rounds import MOST_SAMPLES, Rounds
from gpunet.errors import GpunetError
from output import Output, add_output_option
from peers.machine import machine, results

SHAPES = (((16, 16), 4), ((128,), 32))
"""Hidden layers and batch."""

SIZES = (1, 2, 4, 8, 16, 32, 64)

SIZES_ON_HARDWARE = (*SIZES, 128, 256, 512, 1024)

SECONDS_A_ROUND = 0.4


def main() -> int:
    """Measure every adapter and numpy, or the device that is named."""
    options = _options()
    try:
        output = Output(options.output, results("populations"), ".md")
        names = [options.device] if options.device else ["cpu", *_adapters()]
        document = "\n".join(_document([select_device(name) for name in names], options.rounds))
        print(document)
        output.write(".md", f"{document}\n")
    except GpunetError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--device", help="as gpunet's own option; default: all")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each size")
    add_output_option(parser)
    return parser.parse_args()


def _adapters() -> list[str]:
    return [str(adapter.index) for adapter in list_adapters() if adapter.usable]


def _document(choices: list[Device], rounds: int) -> Iterator[str]:
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


def _table(choice: Device, network: NetworkSpec, batch: int, turns: int) -> Iterator[str]:
    software = choice.adapter is None or choice.adapter.software
    sizes = SIZES if software else SIZES_ON_HARDWARE
    most = largest_population(choice, network, "adam", batch, max(MOST_SAMPLES, batch))
    populations = {
        networks: _rounds(choice, network, batch, networks)
        for networks in sizes
        if most is None or networks <= most
    }
    for _ in range(turns):
        for rounds in populations.values():
            rounds.take()
    single = populations[1].step
    yield f"{network}, batch {batch}: {1e3 * single:.3g} ms a step alone."
    yield ""
    yield "| networks | a step of one, ms | share of a single one | steps a second, all |"
    yield "| --- | --- | --- | --- |"
    for networks, rounds in populations.items():
        seconds = rounds.step / networks
        yield (
            f"| {networks} | {1e3 * seconds:.3g} | {seconds / single:.2f} | {1 / seconds:,.0f} |"
        )
        rounds.engine.close()


def _rounds(choice: Device, network: NetworkSpec, batch: int, networks: int) -> Rounds:
    config = TrainConfig(batch_size=batch, ensemble=networks)
    return Rounds.of(create_engine(choice, network, config), SECONDS_A_ROUND)


if __name__ == "__main__":
    sys.exit(main())
