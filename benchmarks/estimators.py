"""The time of ``fit``: gpunet's ``MLPClassifier``, scikit-learn's, and skorch's on PyTorch.

784-128-10 learns MNIST's 60,000 images for 10 epochs of batches of 200 with Adam, and one epoch of
iris, which is mostly what a fit costs beside its steps: a grid pays it a thousand times. Every fit
of images has a process of its own; all take turns, round by round, on an idle machine and beside a
program that uses a core. The peers come as they are, with all threads, and once more with one.
MNIST stays outside of the repository; the folder of its IDX files, packed or not, is given:

    pip install -e '.[benchmarks]'
    python benchmarks/estimators.py --mnist FOLDER

The table is printed, and with ``--output FOLDER`` written there with all figures as JSON.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from gpunet.datasets.readers.path import read_path
from gpunet.engine.factory import list_adapters
from gpunet.errors import pip_install
from output import Output, parser_of, run_script
from peers.catalog import OWN, Entry, Listing
from peers.contender import Contender, leaving_out
from peers.estimators import BATCH, HIDDEN, save_samples
from peers.machine import machine, results
from peers.processes import beside

LOADS = {"idle": 0, "busy": 1}
"""Number of other programs, by the name of the load."""

ONE_THREAD: dict[str, str | None] = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

SKLEARN = {"sklearn": "scikit-learn"}
TORCH = {"torch": "torch", "skorch": "skorch"}

PEERS = (
    Listing("scikit-learn", "peers.estimators:scikit_learn", ("as it comes",), SKLEARN),
    Listing("scikit-learn", "peers.estimators:scikit_learn", ("one thread",), SKLEARN, ONE_THREAD),
    Listing("skorch", "peers.estimators:skorch", ("as it comes",), SKLEARN | TORCH),
    Listing("skorch", "peers.estimators:skorch", ("one thread",), SKLEARN | TORCH, ONE_THREAD),
)

Fit = dict[str, Any]
"""The worker's answer to ``large``, with its answer to ``small`` under that name."""


@dataclass(eq=False)
class Course:
    """The results of a contender.

    Args:
        entry: the library and its device.
        version: of the library.
        fits: a round each, on the idle machine and beside a program.
        left_out: why it did not come to its end, else an empty string.
    """

    entry: Entry
    version: str = ""
    fits: dict[str, list[Fit]] = field(default_factory=lambda: {load: [] for load in LOADS})
    left_out: str = ""

    def figures(self, load: str, name: str) -> list[float]:
        """One figure of every round."""
        return [one[name] for one in self.fits[load]]


def main() -> None:
    """Measure all contenders, round by round, and print the table."""
    options = _options()
    output = Output(options.output, results("estimators"), ".md", ".json")
    with tempfile.TemporaryDirectory() as folder:
        save_samples(read_path(options.mnist), options.rows, Path(folder))
        courses = _measured(Path(folder), options)
    output.show(".md", _lines(courses, options))
    rows = [_plain(one) for one in courses]
    output.write_json({"machine": machine(), "epochs": options.epochs, "rows": rows})


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--mnist", type=Path, required=True, help="folder of MNIST's IDX files")
    parser.add_argument("--epochs", type=int, default=10, help="over the images")
    parser.add_argument("--rows", type=int, help="images to train on, and to test on; default: all")
    parser.add_argument("--rounds", type=int, default=3, help="fits of each, idle and busy")
    parser.add_argument("--small", type=int, default=30, help="fits of iris in each process")
    parser.add_argument("--limit", type=float, default=300, help="seconds for a fit")
    return parser.parse_args()


def _measured(folder: Path, options: argparse.Namespace) -> list[Course]:
    courses = [Course(entry) for entry in _entries()]
    for turn in range(options.rounds):
        for load, programs in LOADS.items():
            print(f"round {turn + 1} of {options.rounds}, {load}", file=sys.stderr, flush=True)
            for course in courses:
                if not course.left_out:
                    with leaving_out(course), beside(programs):
                        _take_turn(course, load, folder, options)
    return courses


def _take_turn(course: Course, load: str, folder: Path, options: argparse.Namespace) -> None:
    module = "peers.estimators"
    with Contender(course.entry, folder, options.limit, module) as contender:
        course.version = contender.version
        small = contender.ask("small", options.small)
        course.fits[load].append({**contender.ask("large", options.epochs), "small": small})


def _entries() -> Iterator[Entry]:
    """Our own on numpy and on every adapter, and the peers that are installed."""
    own = Listing(OWN, "peers.estimators:own", ("cpu",), SKLEARN)
    yield Entry(own, "cpu", "numpy")
    for adapter in list_adapters():
        if adapter.usable:
            yield Entry(own, str(adapter.index), adapter.info.name.partition(" (")[0])
    for peer in PEERS:
        if peer.missing:
            command = pip_install(*peer.missing)
            print(f"{peer.name} is left out; run `{command}`", file=sys.stderr)
        else:
            yield Entry(peer, "cpu", peer.devices[0])


def _plain(course: Course) -> dict[str, Any]:
    known = dataclasses.asdict(course)
    del known["entry"]
    return {"contender": course.entry.name, **known}


HEADING = (
    "estimator",
    "s, idle",
    "processor s",
    "s, busy",
    "processor s",
    "MB",
    "MB added",
    "test accuracy",
    "ms for iris",
    "the first",
)


def _lines(courses: Sequence[Course], options: argparse.Namespace) -> Iterator[str]:
    yield f"# One fit of an estimator\n\n{machine()}.\n"
    yield (
        f"784-{HIDDEN}-10, ReLU, Adam, batches of {BATCH}, {options.epochs} epochs over "
        f"{f'{options.rows:,}' if options.rows else '60,000'} images of MNIST as float32; no "
        f"samples are held out. Median over {options.rounds} rounds in which all take turns, and "
        "in brackets the best; idle, and busy: beside a program that uses a core. MB: the largest "
        "size of the process during the fit, of which the last were added by it. Test accuracy: "
        "lowest to highest. Iris: 150 rows, one step; the median of "
        f"{options.small - 1} fits on the idle machine, and the first one in a process.\n"
    )
    yield f"| {' | '.join(HEADING)} |"
    yield f"|{' --- |' * len(HEADING)}"
    for one in courses:
        name = f"{one.entry.listing.name} {one.version}, {one.entry.shown}"
        cells = [one.left_out, *["-"] * (len(HEADING) - 2)] if one.left_out else _cells(one)
        yield f"| {' | '.join([name, *cells])} |"


def _cells(course: Course) -> Iterator[str]:
    for load in LOADS:
        for name in ("wall", "processors"):
            taken = course.figures(load, name)
            yield f"{median(taken):.2f} ({min(taken):.2f})"
    for name in ("peak", "added"):
        yield f"{median(course.figures('idle', name)) / 1e6:.0f}"
    scores = [score for load in LOADS for score in course.figures(load, "accuracy")]
    low, high = f"{100 * min(scores):.2f}", f"{100 * max(scores):.2f}"
    yield f"{low} %" if low == high else f"{low} to {high} %"
    small = [one["small"] for one in course.fits["idle"]]
    for name in ("median", "first"):
        yield f"{1e3 * median(one[name] for one in small):.1f}"


if __name__ == "__main__":
    run_script(main)
