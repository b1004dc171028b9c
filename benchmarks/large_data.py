"""The time per sample as the data grow from 10 MB to 5 GB, far beyond a device's memory.

Rows of 784 bytes, made block by block into a file of the folder that is named, train 784-128-10 on
batches of 128 with Adam: held in memory, in windows of them, and from the file, which is mapped; on
numpy and on every adapter. PyTorch's DataLoader goes over the same mapped file beside them, row by
row, with two workers, and by whole batches; its steps have one thread, as numpy's have:

    pip install -e '.[benchmarks]'
    python benchmarks/large_data.py --folder FOLDER

Every way has a process of its own, and they take turns, idle and beside a program that uses a core.
A turn lasts 0.7 s, or to the end of a window that ends before twice as long. It is a part of an
epoch where that is longer; a share of what an epoch takes to begin is added to its samples. The
system keeps as much of the file in memory as there is room for. The table is printed; with
``--output FOLDER`` it goes into a new file there, and all that was measured, too.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, Literal

from gpunet.errors import OutputError
from output import Output, parser_of, run_script
from peers.catalog import OWN, PYTORCH, Entry, entries, missing
from peers.contender import Contender, LeftOutError, leaving_out
from peers.machine import machine, results
from peers.processes import PeakMemory, beside, free_memory, processor_seconds
from peers.rows_file import require_rows
from peers.task import INPUTS

MEGABYTES = (10, 100, 500, 1000, 2500, 5000)

WINDOW = (64 << 20) // INPUTS
"""Rows of the windows of what lies in memory, the size that gpunet takes by itself."""

COPIES = 3
"""Times that data have to fit into free memory to be read into it: beside what a way makes of them
the system is to keep their file, for the ways that map it."""

FEEDS = {OWN: "peers.gpunet_feed:OwnFeed", PYTORCH: "peers.pytorch_feed:LoaderFeed"}

FROM_FILE = "from the file"

WAYS: dict[str, dict[str, dict[str, Any]]] = {
    OWN: {
        "in memory": {"mapped": False, "whole": True},
        "in memory, windows": {"mapped": False, "window": WINDOW},
        FROM_FILE: {"mapped": True},
    },
    PYTORCH: {
        "DataLoader": {"mapped": True},
        "DataLoader, 2 workers": {"mapped": True, "workers": 2},
        "DataLoader, whole batches": {"mapped": True, "batched": True},
    },
}
"""Arguments of a feed, by library and way."""

Load = Literal["idle", "busy"]


@dataclass(frozen=True, slots=True)
class Cost:
    """The time of a sample, or of an epoch's beginning, in seconds.

    Args:
        wall: by the clock.
        processors: of all processors; NaN where the system does not tell.
    """

    wall: float
    processors: float


@dataclass(slots=True)
class Course:
    """A way through a comparison at one size of the data.

    Args:
        name: of the way.
        device: that trains.
        megabytes: of the data.
        version: of the library.
        begin: what an epoch costs before its first step.
        idle: what a sample cost in every turn.
        busy: the same beside a program that uses a core.
        loss: of the last turn's samples, their mean.
        memory: largest size in bytes without pages of files; ``None`` if not known.
        left_out: why it did not come to its end, else an empty string.
    """

    name: str
    device: str
    megabytes: int
    version: str = ""
    begin: Cost = Cost(0, 0)
    idle: list[Cost] = field(default_factory=list)
    busy: list[Cost] = field(default_factory=list)
    loss: float | None = None
    memory: int | None = None
    left_out: str = ""


def main() -> None:
    """Measure all sizes, and print the table."""
    options = _options()
    output = Output(options.output, results("large-data"), ".md", ".json")
    for sentence in missing([PYTORCH]):
        print(sentence, file=sys.stderr)
    try:
        require_rows(options.folder, max(options.megabytes) * 1_000_000 // INPUTS)
    except OSError as error:
        raise OutputError(f"--folder {options.folder} cannot be used: {error}") from error
    output.show(".md", _document(options, output))


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument(
        "--folder", type=Path, required=True, help="for the file of rows; one that is there is used"
    )
    parser.add_argument("--megabytes", type=int, nargs="+", default=MEGABYTES, metavar="N")
    parser.add_argument("--device", nargs="+", metavar="NAME", help="numpy, or a part of a name")
    parser.add_argument("--rounds", type=int, default=4, help="turns of everybody, idle and busy")
    parser.add_argument("--seconds", type=float, default=0.7, help="of a turn, about")
    parser.add_argument("--limit", type=float, default=120, help="seconds for any answer")
    return parser.parse_args()


def _document(options: argparse.Namespace, output: Output) -> Iterator[str]:
    yield "# What a sample costs as the data grow"
    yield ""
    yield (
        f"{machine()}. 784-128-10, batch 128, Adam, rows of 784 bytes; microseconds a sample, "
        f"medians over {options.rounds} rounds in turn and, in brackets, the best. The ratio is to "
        "gpunet from the file on numpy in the same round; busy is beside a program that uses a "
        "core. Own memory counts no page of a file, but what DataLoader's workers share with their "
        "parent for each of them. Made by `benchmarks/large_data.py`."
    )
    yield ""
    yield "| MB | way | wall | processors | ratio | busy: wall | ratio | own memory, MB |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    known: list[Course] = []
    for megabytes in options.megabytes:
        courses = _compare(megabytes, options)
        known += courses
        output.write_json([dataclasses.asdict(one) for one in known])
        yield from (_row(one, _reference(courses)) for one in courses)


def _compare(megabytes: int, options: argparse.Namespace) -> list[Course]:
    """Measure every way with the first rows of the file."""
    rows = megabytes * 1_000_000 // INPUTS
    courses, running = [], []
    with ExitStack() as stack, PeakMemory() as peaks:
        for entry in entries(list(FEEDS), options.device):
            for name, told in WAYS[entry.listing.name].items():
                course = Course(name, entry.shown, megabytes)
                courses.append(course)
                print(f"{megabytes} MB: {entry.name}, {name}", file=sys.stderr, flush=True)
                with leaving_out(course):
                    _require_sense(rows, **told)
                    work = json.dumps({"folder": str(options.folder), "rows": rows, **told})
                    feed = _feed_of(entry)
                    one = stack.enter_context(Contender(feed, work, options.limit, "peers.feed"))
                    peaks.watch(one.process)
                    _warm_up(course, one, options.seconds)
                    running.append((course, one))
        for _ in range(options.rounds):
            for programs, load in enumerate(("idle", "busy")):
                with beside(programs):
                    for course, one in running:
                        if not course.left_out:
                            with leaving_out(course):
                                cost = _turn(course, one, options.seconds, rows)
                                getattr(course, load).append(cost)
        for course, one in running:
            course.memory = peaks.of(one.process)
    return courses


def _require_sense(rows: int, *, mapped: bool, window: int = 0, **_: object) -> None:
    """Make sure that data in memory fit, and that a way with windows has several.

    Raises:
        LeftOutError: it does not.
    """
    free = free_memory()
    if not mapped and free is not None and COPIES * rows * INPUTS > free:
        raise LeftOutError("does not fit into memory")
    if rows <= window:
        raise LeftOutError("one window holds all")


def _feed_of(entry: Entry) -> Entry:
    """The library on the device, asked to bring the rows to a network by itself."""
    return replace(entry, listing=replace(entry.listing, kind=FEEDS[entry.listing.name]))


def _warm_up(course: Course, contender: Contender, seconds: float) -> None:
    course.device, course.version = contender.device, contender.version
    for _ in range(2):  # the first one compiles, or starts workers
        before = processor_seconds(contender.process)
        wall = contender.ask("begin")["wall"]
        course.begin = Cost(wall, processor_seconds(contender.process) - before)
    contender.ask("turn", seconds)


def _turn(course: Course, contender: Contender, seconds: float, rows: int) -> Cost:
    """The time per sample in a turn, including a share of an epoch's beginning."""
    before = processor_seconds(contender.process)
    told = contender.ask("turn", seconds)
    used, samples = processor_seconds(contender.process) - before, told["samples"]
    course.loss = told["loss"]
    share = 0 if told["epochs"] else 1 / rows
    return Cost(
        told["wall"] / samples + share * course.begin.wall,
        used / samples + share * course.begin.processors,
    )


def _reference(courses: Sequence[Course]) -> Course | None:
    """Gpunet from the file on numpy."""
    own = [one for one in courses if (one.name, one.device) == (FROM_FILE, "numpy")]
    return next((one for one in own if not one.left_out), None)


def _row(course: Course, reference: Course | None) -> str:
    name = course.name if course.device == "CPU" else f"{course.name}, {course.device}"
    if course.left_out:
        return f"| {course.megabytes:,} | {name} | {course.left_out} | | | | | |"
    cells = [
        _microseconds([one.wall for one in course.idle]),
        f"{1e6 * median(one.processors for one in course.idle):.3g}",
        _ratio(course, reference, "idle"),
        _microseconds([one.wall for one in course.busy]),
        _ratio(course, reference, "busy"),
        "" if course.memory is None else f"{course.memory / 1e6:,.0f}",
    ]
    return f"| {course.megabytes:,} | {name} | {' | '.join(cells)} |"


def _microseconds(seconds: Sequence[float]) -> str:
    return f"{1e6 * median(seconds):.3g} ({1e6 * min(seconds):.3g})"


def _ratio(course: Course, reference: Course | None, load: Load) -> str:
    if reference is None:
        return ""
    pairs = zip(getattr(course, load), getattr(reference, load), strict=True)
    return f"{median(one.wall / other.wall for one, other in pairs):.2f}"


if __name__ == "__main__":
    run_script(main)
