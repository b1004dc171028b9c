"""The time of a training step with gpunet and with its alternatives.

Every peer trains the same network from the same weights on the same batches, in a process of its
own, with the samples on its device and in the fastest of its settings. After a warm-up they take
turns, round by round; the figures are medians over the rounds. The losses of the first steps show
that the arithmetic is the same. All installed peers, on all devices:

    pip install -e '.[benchmarks]'
    python benchmarks/against_others.py

The table is printed, and with ``--output FOLDER`` written there with all figures as JSON. To have a
second Vulkan driver measured, name its manifest in ``VK_ADD_DRIVER_FILES``.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from gpunet.errors import UsageError
from output import Output, parser_of, run_script
from peers.catalog import entries, hardware, missing
from peers.machine import machine, results
from peers.task import drawn_task
from peers.turns import CHECKED_CALLS, CHECKED_STEPS, Course, Patience, compare, reference

SAMPLES = 40_960
"""As floats they take 128 MB, just below the limit of a WebGPU buffer (134 MB)."""

SHAPES = {
    "16-16": ((16, 16), 4),
    "128": ((128,), 32),
    "128-large": ((128,), 128),
    "512-512": ((512, 512), 128),
    "1024s": ((1024, 1024, 1024), 128),
    "2500s": ((2500, 2000, 1500, 1000, 500), 256),
}
"""Hidden layers and batch size, by the name that ``--shape`` takes."""

HARDWARE_ONLY = ("2500s",)

TOLERANCE = 2e-4
"""Largest deviation of a mean loss from the reference's, relative to it. Rounding makes about 1e-6
of it in so few steps; up to 1e-4 comes from tinygrad and compiled PyTorch correcting the moments in
float32, which holds 1 - 0.999 to 6e-5 of it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One peer at one shape.

    Args:
        shape: the network and the batch size.
        peer: the library.
        version: version of the library.
        device: it ran on.
        setting: its fastest setting.
        steps: steps per turn.
        milliseconds: time of a step in every round.
        processors: mean number of busy processors, the median over the rounds.
        ratio: time of a step relative to the reference in the same round, the median; ``None``
            without one.
        deviation: largest deviation of its losses from the reference's; ``None`` without one.
        judged: whether the deviation must be within bounds.
        left_out: why it has no figures; empty if it has.
    """

    shape: str
    peer: str
    version: str
    device: str
    setting: str = ""
    steps: int = 0
    milliseconds: tuple[float, ...] = ()
    processors: float = 0.0
    ratio: float | None = None
    deviation: float | None = None
    judged: bool = True
    left_out: str = ""

    @property
    def markdown(self) -> str:
        """The row of the table."""
        if self.left_out:
            cells = [self.peer, self.device, self.left_out, *["-"] * 5]
            return f"| {' | '.join(cells)} |"
        spread = f"{min(self.milliseconds):.3g} to {max(self.milliseconds):.3g}"
        cells = [
            self.peer,
            self.device,
            self.setting or "-",
            f"{self.processors:.1f}",
            f"{median(self.milliseconds):.3g}",
            spread,
            "-" if self.ratio is None else f"{self.ratio:.2f}",
            self._deviation,
        ]
        return f"| {' | '.join(cells)} |"

    @property
    def agrees(self) -> bool:
        """Whether its losses are the reference's, as they should be."""
        return self.deviation is None or not self.judged or self.deviation <= TOLERANCE

    @property
    def _deviation(self) -> str:
        if self.deviation is None:
            return "-"
        return f"{self.deviation:.0e}" if self.agrees else f"**{self.deviation:.0e}**"


HEADING = (
    "peer",
    "device",
    "fastest setting",
    "processors busy",
    "ms a step",
    "lowest to highest",
    "to PyTorch's",
    "losses off by",
)


def main() -> int:
    """Measure shape by shape; 1 if any peer's losses are not those of PyTorch."""
    options = _options()
    shapes = [_known(name) for name in options.shape or _all_shapes()]
    for sentence in missing():
        print(sentence, file=sys.stderr)
    output = Output(options.output, results("against-others"), ".md", ".json")
    measured: list[Row] = []
    for hidden, batch in shapes:
        rows = _measured(hidden, batch, options)
        print(_section(rows), flush=True)
        measured += rows
        output.write_json(
            {"machine": machine(), "rows": [dataclasses.asdict(row) for row in measured]}
        )
        output.write(".md", "\n".join(_document(measured)))
    return 0 if all(row.agrees for row in measured) else 1


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--shape", nargs="+", metavar="NAME", help=f"of {', '.join(SHAPES)}")
    parser.add_argument("--peer", nargs="+", metavar="NAME", help="a part of a peer's name")
    parser.add_argument("--device", nargs="+", metavar="NAME", help="cpu, cuda, webgpu, an adapter")
    parser.add_argument("--rounds", type=int, default=9, help="turns of every peer")
    parser.add_argument("--seconds", type=float, default=0.3, help="of a turn, about")
    parser.add_argument("--limit", type=float, default=90, help="seconds for a peer's warm-up")
    return parser.parse_args()


def _all_shapes() -> list[str]:
    return [name for name in SHAPES if name not in HARDWARE_ONLY or hardware()]


def _known(name: str) -> tuple[tuple[int, ...], int]:
    if name not in SHAPES:
        raise UsageError(f"--shape {name} is no shape; choose among {', '.join(SHAPES)}")
    return SHAPES[name]


def _measured(hidden: tuple[int, ...], batch: int, options: argparse.Namespace) -> list[Row]:
    """The rows of one shape."""
    task = drawn_task(hidden, batch, SAMPLES)
    patience = Patience(options.rounds, options.seconds, options.limit)
    courses = compare(task, entries(options.peer, options.device), patience)
    return [_row(str(task), course, reference(courses)) for course in courses]


def _row(shape: str, course: Course, standard: Course | None) -> Row:
    name = course.entry.listing.name
    if course.left_out:
        return Row(shape, name, course.version, course.device, left_out=course.left_out)
    walls = np.array(course.walls)
    ratio = deviation = None
    if standard is not None:
        ratio = round(float(np.median(walls / standard.walls)), 4)
        losses = np.array(standard.losses)
        deviation = float((np.abs(course.losses - losses) / losses).max())
    return Row(
        shape,
        name,
        course.version,
        course.device,
        course.setting,
        course.steps,
        tuple(round(1000 * wall, 5) for wall in course.walls),
        round(float(np.median(course.processors / walls)), 2),
        ratio,
        deviation,
        course.entry.listing.same_rule,
    )


def _document(rows: Sequence[Row]) -> Iterator[str]:
    versions = {f"{row.peer.partition(',')[0]} {row.version}" for row in rows if row.version}
    yield f"# What a training step costs\n\n{machine()}. {', '.join(sorted(versions))}.\n"
    yield (
        "784 inputs, hidden layers with ReLU, softmax cross-entropy over 10 classes, Adam, float32 "
        "throughout, from the same weights on the same batches of random images. Every peer has "
        "the samples on its device, gathers its batches there in a given order, and adds its "
        "losses up; it runs in a process of its own, in the fastest of the settings tried "
        "(threads, form of Adam, unrolling), but for PyTorch as it comes, with its own choice of "
        "both. Medians over turns that the peers took round by "
        "round; the ratio is the median of each round's own. Processors busy: their time over the "
        "wall clock's. Losses off by: how far, relative to PyTorch's, the means of "
        f"{CHECKED_STEPS} steps are at most in the first {CHECKED_CALLS * CHECKED_STEPS} steps; in "
        f"bold what is more than {TOLERANCE:.0e}. scikit-learn's Adam adds epsilon before it "
        "corrects the moments, so that its losses differ; they are not judged.\n"
    )
    for shape in dict.fromkeys(row.shape for row in rows):
        yield _section([row for row in rows if row.shape == shape])


def _section(rows: Sequence[Row]) -> str:
    """A shape's table, the fastest peer first."""
    quickest = sorted(rows, key=lambda row: median(row.milliseconds or (np.inf,)))
    return "\n".join(
        (
            f"## {rows[0].shape}",
            "",
            f"| {' | '.join(HEADING)} |",
            f"|{' --- |' * len(HEADING)}",
            *(row.markdown for row in quickest),
            "",
        )
    )


if __name__ == "__main__":
    run_script(main)
