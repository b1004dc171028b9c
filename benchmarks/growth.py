"""How the cost of a training step grows with the batch, the width, the depth and the samples.

Every engine of this machine, and PyTorch beside them, trains 784-64-10 on batches of 128 of 16,384
samples while one of the four grows. At each point all take turns, as in ``against_others.py``:

    pip install -e '.[benchmarks]'
    python benchmarks/growth.py

``large_data.py`` measures data that no device holds. The figures are printed; with ``--output
FOLDER`` they are written there as JSON, and their curves as PNG.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from gpunet.errors import MissingExtraError, UsageError
from output import Output, parser_of, run_script
from peers.catalog import OWN, PYTORCH, entries, missing
from peers.machine import machine, results
from peers.task import drawn_task
from peers.turns import Patience, compare

SETTLED = {"batch": 128, "width": 64, "depth": 1, "samples": 16_384}

AXES = {
    "batch": (1, 4, 16, 64, 256, 1024),
    "width": (16, 64, 256, 1024),
    "depth": (1, 2, 4, 8, 16),
    "samples": (1024, 4096, 16_384, 65_536),
}
"""The axes that grow, and their values."""

LABELS = {
    "batch": "samples a step",
    "width": "units of the hidden layer",
    "depth": "hidden layers",
    "samples": "samples in all",
}


@dataclass(frozen=True, slots=True)
class Point:
    """One contender at one value of one axis.

    Args:
        axis: what grows.
        value: of it.
        name: the peer and its device.
        milliseconds: of a step, the median over the rounds.
        left_out: why there is none, else an empty string.
    """

    axis: str
    value: int
    name: str
    milliseconds: float | None
    left_out: str


def main() -> None:
    """Measure the axes and draw them."""
    options = _options()
    if options.output is not None:
        _require_matplotlib()
    output = Output(options.output, results("growth"), ".json", ".png")
    for sentence in missing([PYTORCH]):
        print(sentence, file=sys.stderr)
    points: list[Point] = []
    for axis in options.axis or AXES:
        if axis not in AXES:
            raise UsageError(f"--axis {axis} is no axis; choose among {', '.join(AXES)}")
        points += _measured(axis, options)
        output.write_json(
            {"machine": machine(), "points": [dataclasses.asdict(one) for one in points]}
        )
        if options.output is not None:
            output.write(".png", _drawn(points))


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--axis", nargs="+", metavar="NAME", help=f"of {', '.join(AXES)}")
    parser.add_argument("--rounds", type=int, default=5, help="turns of everybody at a point")
    parser.add_argument("--seconds", type=float, default=0.1, help="of a turn, about")
    parser.add_argument("--limit", type=float, default=60, help="seconds for any answer")
    return parser.parse_args()


def _measured(axis: str, options: argparse.Namespace) -> list[Point]:
    patience = Patience(options.rounds, options.seconds, options.limit)
    everybody = [one for one in entries() if one.listing.name in (OWN, PYTORCH)]
    points = []
    for value in AXES[axis]:
        sizes = {**SETTLED, axis: value}
        hidden = (sizes["width"],) * sizes["depth"]
        task = drawn_task(hidden, sizes["batch"], sizes["samples"])
        for course in compare(task, everybody, patience):
            name = f"{course.entry.listing.name} on {course.device}"
            taken = None if course.left_out else round(1000 * median(course.walls), 5)
            points.append(Point(axis, value, name, taken, course.left_out))
            print(f"{axis} {value:,}, {name}: {course.left_out or f'{taken:.3g} ms'}", flush=True)
    return points


def _require_matplotlib() -> None:
    """Check before the work rather than after it.

    Raises:
        MissingExtraError: it is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("drawing the curves", "Matplotlib", "plots")


def _drawn(points: Sequence[Point]) -> bytes:
    """A PNG with a panel for each axis, in each a curve for every contender."""
    from matplotlib.figure import Figure

    figure = Figure((10, 8), layout="constrained")
    figure.suptitle(
        f"ms a step of 784-{SETTLED['width']}-10, batch {SETTLED['batch']}, "
        f"{SETTLED['samples']:,} samples\n{machine()}"
    )
    names = list(dict.fromkeys(one.name for one in points))
    for axis, panel in zip(AXES, figure.subplots(2, 2).flat, strict=True):
        for name in names:
            known = [
                (one.value, one.milliseconds)
                for one in points
                if (one.axis, one.name) == (axis, name) and one.milliseconds is not None
            ]
            if known:
                panel.plot(*zip(*known, strict=True), marker="o", label=name)
        panel.set(xscale="log", yscale="log", xlabel=LABELS[axis], ylabel="ms a step")
        panel.set_xticks(AXES[axis], [f"{value:,}" for value in AXES[axis]])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    figure.axes[0].legend()
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    return picture.getvalue()


if __name__ == "__main__":
    run_script(main)
