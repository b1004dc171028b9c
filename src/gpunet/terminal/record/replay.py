"""A run replayed from its log: what its dashboard showed, at a different speed.

Each moment of a replay is a ``View`` that has followed the log up to then, so the same log gives
the same frames. Showing them belongs to ``live.player`` and to the file formats of this package.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from gpunet.artifacts.metrics_reader import Event, RunEnd, read_events
from gpunet.errors import DataError, UsageError, spelled
from gpunet.terminal.record.recording import Draw, Recording
from gpunet.terminal.views.dashboard import dashboard_frame
from gpunet.terminal.views.view import View
from gpunet.training.events import Callback, Control, EpochEnd, Insight, Progress, RunInfo

__all__ = [
    "Moment",
    "Shown",
    "Told",
    "moments",
    "read_run",
    "recorded",
    "require_shown",
    "require_size",
    "retell",
]

Shown = Literal["curves", "network"]
"""The screens of a run that can be restored from its log."""

LEAST, MOST = (40, 10), (250, 80)
"""Fewest and most columns and rows of a recording."""

RATE = 8
"""Frames per second in a recording."""

MOST_FRAMES, MOST_CELLS = 400, 1_500_000
"""Frames, and cells in all frames, that a recording may have; long or large ones get fewer frames
per second."""

HOLD = 2.0
"""How long a recording shows its last frame, in seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A run as recorded in its log.

    Args:
        events: pairs of a time in seconds and an event; time spent paused is not counted.
        run: the run's information from its latest start.
    """

    events: tuple[tuple[float, Event | Insight], ...]
    run: RunInfo

    @property
    def seconds(self) -> float:
        """Seconds that the run was trained, as far as the log shows."""
        begin, end = self.span
        return end - begin

    @property
    def span(self) -> tuple[float, float]:
        """The times of the first progress report and of the last event, in seconds."""
        begin = next((at for at, event in self.events if isinstance(event, Progress)), 0.0)
        return begin, max(begin, self.events[-1][0])


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """The view of a run at a time in seconds on the run's own clock."""

    at: float
    view: View


def read_run(log: Path) -> Told:
    """Read a run from its log.

    Raises:
        DataError: the log is missing, is not a run's log, or contains no training yet.
    """
    events = _without_pauses(read_events(log))
    runs = [event for _, event in events if isinstance(event, RunInfo)]
    if not runs:
        raise DataError(f"the log {log} tells of nothing yet; wait until the training has begun")
    return Told(events, runs[-1])


def moments(told: Told, count: int) -> list[Moment]:
    """``count`` evenly spaced moments of a run, from its first progress report to its end."""
    begin, end = told.span
    view, position, found = View(), 0, []
    for number in range(count):
        last = number == count - 1
        at = end if last else begin + (end - begin) * number / (count - 1)
        while position < len(told.events) and (last or told.events[position][0] <= at):
            when, event = told.events[position]
            view = view.heard(event, when)
            position += 1
        found.append(Moment(at, view))
    return found


def require_shown(told: Told, screen: Shown) -> None:
    """Make sure that a screen can be restored from a log.

    Raises:
        UsageError: the log lacks what the screen shows.
    """
    if screen == "network" and not any(isinstance(event, Insight) for _, event in told.events):
        raise UsageError(
            f"{spelled('screen', screen)} needs a log with looks into the network, but there is "
            "none in that of this run, as in runs of less than a second; take a longer run"
        )


def require_size(size: tuple[int, int]) -> None:
    """Make sure that a recording can have this size, in columns and rows.

    Raises:
        UsageError: there are too few or too many.
    """
    if not all(a <= n <= b for a, n, b in zip(LEAST, size, MOST, strict=True)):
        raise UsageError(
            f"{spelled('size')} is {size[0]} columns and {size[1]} rows, wanted "
            f"{LEAST[0]} to {MOST[0]} columns and {LEAST[1]} to {MOST[1]} rows"
        )


def recorded(
    told: Told,
    size: tuple[int, int],
    seconds: float,
    keys: Sequence[tuple[float, str]] = (),
    screen: Shown = "curves",
) -> Recording:
    """The dashboard of a run as a recording, which holds its last frame a little longer.

    Args:
        told: the run, as read from its log.
        size: columns and rows.
        seconds: the duration of the whole run in the recording.
        keys: simulated key presses, as pairs of a time in seconds and a key.
        screen: the screen to show first.
    """
    most = min(MOST_FRAMES, MOST_CELLS // (size[0] * size[1]))
    count = max(2, min(most, round(seconds * RATE)))
    frames = []
    for number, moment in enumerate(moments(told, count)):
        at, view = seconds * number / (count - 1), replace(moment.view, screen=screen)
        for pressed_at, key in keys:
            if pressed_at <= at:
                view = view.pressed(key)
        frames.append((at, _frame(Moment(moment.at, view), size)))
    title = f"gpunet trains {told.run.network} on {told.run.dataset.name}"
    return Recording(title, size, frames, seconds + HOLD)


def retell(event: Event | Insight, callback: Callback) -> None:
    """Pass an event to the callback method for it, as the training itself would."""
    match event:
        case RunInfo():
            callback.on_train_begin(event)
        case Insight():
            callback.on_insight(event)
        case Progress():
            callback.on_progress(event)
        case EpochEnd():
            callback.on_epoch_end(event)
        case RunEnd():
            callback.on_train_end(event.reason, event.best_epoch)


def _frame(moment: Moment, size: tuple[int, int]) -> Draw:
    control = Control()
    return lambda console: dashboard_frame(
        console, moment.view, control, size, moment.at, keys=True
    )


def _without_pauses(events: Iterable[tuple[float, Event]]) -> tuple[tuple[float, Event], ...]:
    told: list[tuple[float, Event]] = []
    lost = last = 0.0
    paused = False
    for at, event in events:
        if paused:
            lost += at - last
        told.append((at - lost, event))
        last = at
        if isinstance(event, Progress):
            paused = event.phase == "paused"
    return tuple(told)
