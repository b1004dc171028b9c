"""The time of a training step on numpy while other programs use the machine's cores.

Two ways to compute take turns, round by round, on an idle machine and beside one and two programs
that use all of a core: gpunet's own with one thread of BLAS, and with all threads that BLAS has:

    python benchmarks/busy_machine.py

A ratio of 0.8 says that all threads take 0.8 times as long as one does in the same round.
With ``--output FOLDER`` the table and all seconds go into new files there.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from itertools import product
from statistics import median
from unittest.mock import patch

import numpy as np
from threadpoolctl import threadpool_info

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.engine.factory import select_device
from gpunet.engine.reference import numpy_engine
from gpunet.engine.timing import Rounds
from output import Output, parser_of, run_script
from peers.engines import engine_on
from peers.machine import machine, results
from peers.processes import beside
from peers.task import CLASSES, INPUTS

SHAPES = (((128,), 128, 1), ((512, 512), 128, 1), ((16, 16), 16, 1), ((128,), 128, 8))
"""Hidden layers, batch and networks."""

LOADS = (0, 1, 2)
"""Programs beside."""

SECONDS_A_ROUND = 0.15

ONE_THREAD = "one thread"

Seconds = dict[tuple[str, int, str], list[float]]
"""Time of a step of one network per round, by shape, load and way."""


def main() -> None:
    """Measure all shapes under all loads, and print the table."""
    options = _options()
    output = Output(options.output, results("busy-machine"), ".md", ".json")
    seconds = _measure(options.rounds)
    output.show(".md", _document(seconds, options.rounds))
    output.write_json(
        [
            {"shape": shape, "programs_beside": load, "way": way, "seconds": taken}
            for (shape, load, way), taken in seconds.items()
        ]
    )


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each way; default: 5")
    return parser.parse_args()


@contextmanager
def _all_threads() -> Iterator[None]:
    """Take numpy as it comes, with all threads of BLAS."""
    with np.errstate(over="ignore", invalid="ignore"):
        yield


WAYS: Mapping[str, Callable[[], AbstractContextManager[None]]] = {
    ONE_THREAD: numpy_engine.numpy_conditions,
    "all threads": _all_threads,
}
"""The conditions under which numpy works."""


def _measure(rounds: int) -> Seconds:
    turns = [(shape, _rounds(*shape)) for shape in SHAPES]
    seconds: Seconds = defaultdict(list)
    for turn in range(rounds):
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)
        for load in LOADS:
            with beside(load):
                for (shape, one), (way, conditions) in product(turns, WAYS.items()):
                    with patch.object(numpy_engine, "numpy_conditions", conditions):
                        one.take()
                    taken = one.seconds.pop() / one.engine.population
                    seconds[_name(*shape), load, way].append(taken)
    return seconds


def _rounds(hidden: tuple[int, ...], batch: int, networks: int) -> Rounds:
    config = TrainConfig(hidden=hidden, batch_size=batch, ensemble=networks)
    return Rounds.of(engine_on(select_device("cpu"), INPUTS, config), SECONDS_A_ROUND)


def _name(hidden: tuple[int, ...], batch: int, networks: int) -> str:
    beside = f", {networks} networks" if networks > 1 else ""
    return f"{NetworkSpec(INPUTS, hidden, CLASSES)}, batch {batch}{beside}"


def _document(seconds: Seconds, rounds: int) -> Iterator[str]:
    kernels = {one.get("architecture", "?") for one in threadpool_info()}
    yield "# A step on numpy while other programs use the cores"
    yield ""
    yield (
        f"{machine()}. Adam, random bytes; milliseconds of a step of one network and, after the "
        f"slash, the ratio to one thread in the same round, medians over {rounds} rounds in turn. "
        f"BLAS's kernels: {', '.join(sorted(map(str, kernels)))}."
    )
    yield ""
    yield f"| network | programs beside | {' | '.join(WAYS)} |"
    yield f"| --- | --- |{' --- |' * len(WAYS)}"
    for shape in dict.fromkeys(name for name, _, _ in seconds):
        for load in LOADS:
            single = seconds[shape, load, ONE_THREAD]
            cells = " | ".join(_cell(seconds[shape, load, way], single) for way in WAYS)
            yield f"| {shape} | {load} | {cells} |"


def _cell(taken: list[float], single: list[float]) -> str:
    ratio = median(one / other for one, other in zip(taken, single, strict=True))
    return f"{1e3 * median(taken):.3g} / {ratio:.2f}"


if __name__ == "__main__":
    run_script(main)
