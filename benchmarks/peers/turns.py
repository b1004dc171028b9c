"""A comparison: contenders are warmed up one by one, then take turns, round by round."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from peers.catalog import PYTORCH, Entry
from peers.contender import Contender, leaving_out
from peers.task import Task

CHECKED_CALLS, CHECKED_STEPS = 5, 2
"""The losses of ten steps are asked for, as means of two. In later steps a sum so close to zero
that rounding gives it the other sign turns a ReLU on or off, and parts any two trainings."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a comparison may take.

    Args:
        rounds: turns of every contender.
        seconds: of a turn, about.
        limit: seconds for any answer, a warm-up with all its trials among them.
    """

    rounds: int
    seconds: float
    limit: float


@dataclass(eq=False)
class Course:
    """A contender's way through a comparison.

    Args:
        entry: the peer and its device.
        device: as it is shown.
        version: of the peer.
        setting: the fastest of its settings.
        steps: of a turn.
        losses: the means of its first steps.
        walls: seconds of a step in every turn.
        processors: seconds of the processors for a step in every turn.
        left_out: why it did not come to its end, else an empty string.
    """

    entry: Entry
    device: str
    version: str = ""
    setting: str = ""
    steps: int = 0
    losses: list[float] = field(default_factory=list)
    walls: list[float] = field(default_factory=list)
    processors: list[float] = field(default_factory=list)
    left_out: str = ""


def compare(task: Task, entries: Iterable[Entry], patience: Patience) -> list[Course]:
    """Compare all contenders on a task; return their results in the order of the entries."""
    courses, running = [], []
    with ExitStack() as stack, _saved(task) as path:
        for entry in entries:
            print(f"{task}: {entry.name}", file=sys.stderr, flush=True)
            course = Course(entry, entry.shown)
            courses.append(course)
            with leaving_out(course):
                contender = stack.enter_context(Contender(entry, path, patience.limit))
                _warm_up(course, contender, patience.seconds)
                running.append((course, contender))
        for _ in range(patience.rounds):
            for course, contender in running:
                if not course.left_out:
                    with leaving_out(course):
                        _take_turn(course, contender)
    return courses


def reference(courses: Iterable[Course]) -> Course | None:
    """PyTorch as most people run it: step by step, on CUDA where there is that."""
    own = [one for one in courses if one.entry.listing.name == PYTORCH and not one.left_out]
    return max(own, key=lambda one: one.entry.hardware, default=None)


@contextmanager
def _saved(task: Task) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "task.npz"
        task.save(path)
        yield path


def _warm_up(course: Course, contender: Contender, seconds: float) -> None:
    course.device, course.version = contender.device, contender.version
    chosen = contender.ask("choose", seconds)
    course.setting, course.steps = chosen["setting"], chosen["steps"]
    course.losses = contender.ask("losses", CHECKED_CALLS, CHECKED_STEPS)["losses"]


def _take_turn(course: Course, contender: Contender) -> None:
    answer = contender.ask("turn")
    course.walls.append(answer["wall"])
    course.processors.append(answer["processors"])
