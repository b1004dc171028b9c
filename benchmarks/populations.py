"""The time of a network in a population: P networks side by side against one after the other.

All sizes of the population take turns, round by round, on every adapter and on numpy; a figure is
the median of the rounds, as a share of what a single network takes for the same steps:

    python benchmarks/populations.py

A share of 0.5 says that a population trains in half the time of its networks one by one. The
tables are printed as they are measured, and with ``--output FOLDER`` written there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace

from gpunet.engine.factory import (
    Device,
    largest_population,
    list_adapters,
    select_device,
)
from gpunet.engine.timing import Rounds
from output import Output, parser_of, run_script
from peers.engines import engine_on
from peers.machine import machine, results
from peers.shapes import Shape, add_shape_option

SHAPES = "784-16-16@4 784-128@32"

SIZES = (1, 2, 4, 8, 16, 32, 64)

SIZES_ON_HARDWARE = (*SIZES, 128, 256, 512, 1024)

SECONDS_A_ROUND = 0.4


def main() -> None:
    """Measure every adapter and numpy, or the device that is named."""
    options = _options()
    output = Output(options.output, results("populations"), ".md")
    names = [options.device] if options.device else ["cpu", *_adapters()]
    output.show(".md", _document([select_device(name) for name in names], options))


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--device", help="as gpunet's own option; default: all")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each size")
    add_shape_option(parser, SHAPES)
    parser.add_argument(
        "--size", type=int, nargs="+", metavar="NETWORKS", help="of populations, beside one network"
    )
    return parser.parse_args()


def _adapters() -> list[str]:
    return [str(adapter.index) for adapter in list_adapters() if adapter.usable]


def _document(devices: list[Device], options: argparse.Namespace) -> Iterator[str]:
    yield "# What a network costs in a population"
    yield ""
    yield f"{machine()}. Adam, random bytes; medians over {options.rounds} rounds in turn."
    for device in devices:
        yield ""
        yield f"## {device.info}"
        software = device.adapter is None or device.adapter.software
        sizes = options.size or (SIZES if software else SIZES_ON_HARDWARE)
        for shape in options.shape:
            print(f"{device.info.name}: {shape}", file=sys.stderr)
            yield ""
            yield from _table(device, shape, sorted({1, *sizes}), options.rounds)


def _table(device: Device, shape: Shape, sizes: list[int], turns: int) -> Iterator[str]:
    most = largest_population(device, shape.network, "adam", shape.batch)
    populations = {
        networks: _rounds(device, shape, networks)
        for networks in sizes
        if most is None or networks <= most
    }
    for _ in range(turns):
        for rounds in populations.values():
            rounds.take()
    single = populations[1].step
    yield f"{shape}: {1e3 * single:.3g} ms a step alone."
    yield ""
    yield "| networks | a step of one, ms | share of a single one | steps a second, all |"
    yield "| --- | --- | --- | --- |"
    for networks, rounds in populations.items():
        seconds = rounds.step / networks
        yield (
            f"| {networks} | {1e3 * seconds:.3g} | {seconds / single:.2f} | {1 / seconds:,.0f} |"
        )
        rounds.engine.close()


def _rounds(device: Device, shape: Shape, networks: int) -> Rounds:
    config = replace(shape.config, ensemble=networks)
    return Rounds.of(engine_on(device, shape.network.inputs, config), SECONDS_A_ROUND)


if __name__ == "__main__":
    run_script(main)
