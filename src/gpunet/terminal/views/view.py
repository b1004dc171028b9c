"""The state of a run while it is watched: all that a frame of the dashboard shows.

It follows the run's events, whether they come from the training itself or from the log of a run.
Drawing it belongs to ``dashboard``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpunet.artifacts.metrics_reader import Event, RunEnd
from gpunet.terminal.views.course import Course
from gpunet.terminal.views.ending import ending
from gpunet.terminal.views.records import grown, record_of
from gpunet.training.events import (
    EpochEnd,
    EpochRecord,
    Insight,
    LayerInsight,
    Progress,
    RunInfo,
    StopReason,
)

if TYPE_CHECKING:
    from gpunet.terminal.views.board import Drawn

__all__ = ["KEYS", "ZOOMS", "Key", "Screen", "Smoothing", "View", "key_hints"]

Screen = Literal["curves", "network", "draw", "keys"]
"""The screens that can be shown below the head, the bars and the line of scores."""

Smoothing = Literal["off", "weak", "strong"]
"""How strongly the curves are smoothed."""

ZOOMS = (1, 2, 5, 10, 20, 50)
"""Zooms of the curves: the whole run, its last half, its last fifth and so on."""


READABLE = 1.0
"""Fewest seconds for which answers to the gallery stay on the screen."""

LOOKS = 200
"""Most looks into the network whose layers are kept."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """All that a frame shows; immutable, and replaced at every event or key.

    Args:
        run: the run; ``None`` until training starts.
        progress: the latest progress; ``None`` until the first report.
        heard_at: the clock when the progress arrived, in seconds.
        records: the records of all finished epochs.
        course: the mean over the steps of each report.
        best_epoch: the best epoch; 0 until the first epoch has ended.
        patience_left: epochs left without improvement; ``None`` without early stopping.
        gallery: (g, C) or (g, T) the answers on the screen to the gallery's samples; ``None``
            until the first epoch ends.
        next_gallery: the answers after the latest epoch. They replace ``gallery`` about once a
            second, so that people can read them even if epochs are short.
        gallery_at: seconds since the run's start when they last did.
        insight: the latest look into the network; ``None`` until the first.
        reason: why training stopped; ``None`` while it runs.
        screen: the screen that is shown.
        layers: the layers at each look; if there are many looks, some are left out.
        sample: index of the gallery's sample on the network screen.
        logarithmic: whether the axis of losses is logarithmic.
        smoothing: smoothing of the curves.
        zoom: index in ``ZOOMS`` of the part that the curves show.
        drawn: the drawing; ``None`` if the run or the terminal has no drawing.
    """

    run: RunInfo | None = None
    progress: Progress | None = None
    heard_at: float = 0.0
    records: Sequence[EpochRecord] = ()
    course: Course = field(default_factory=Course)
    best_epoch: int = 0
    patience_left: int | None = None
    gallery: NDArray[np.float32] | None = None
    next_gallery: NDArray[np.float32] | None = None
    gallery_at: float = 0.0
    insight: Insight | None = None
    reason: StopReason | None = None
    screen: Screen = "curves"
    layers: tuple[tuple[LayerInsight, ...], ...] = ()
    sample: int = 0
    logarithmic: bool = False
    smoothing: Smoothing = "weak"
    zoom: int = 0
    drawn: Drawn | None = None

    def pressed(self, key: str) -> View:
        """The view after a key, in upper or lower case."""
        found = KEYS.get(key) or KEYS.get(key.lower())
        return found.change(self) if found else self

    def seen_as(self, other: View) -> View:
        """The view of the same run with the screen, axes and other choices of ``other``."""
        return replace(
            self,
            screen=other.screen,
            sample=other.sample,
            logarithmic=other.logarithmic,
            smoothing=other.smoothing,
            zoom=other.zoom,
        )

    def began(self, run: RunInfo) -> View:
        """Training is about to start; a resumed run brings the records of its earlier epochs."""
        begun = len(run.history) + run.begun_steps / max(1, run.steps_per_epoch)
        course = self.course.until(begun)
        for record in run.history:
            course = _through(course, record)
        return replace(self, run=run, records=run.history, best_epoch=run.best_epoch, course=course)

    def progressed(self, progress: Progress, heard_at: float) -> View:
        """A report of steps arrived at ``heard_at``, by the clock in seconds."""
        course, loss = self.course, progress.recent_loss
        begin = max(progress.epoch - 1.0, course.end)
        end = progress.epoch - 1 + progress.share
        if self.run is not None and progress.epoch == len(self.run.history) + 1:
            begin = max(begin, progress.epoch - 1 + self.run.begun_steps / max(1, progress.steps))
        if loss is not None and end > begin:
            score, rate = progress.recent_score, progress.learning_rate
            course = course.followed_by(begin, end, loss, score, rate)
        return replace(self, progress=progress, heard_at=heard_at, course=course)

    def epoch_ended(self, end: EpochEnd) -> View:
        """An epoch and its validation are done."""
        now = self.progress.elapsed if self.progress else 0.0
        early = self.gallery is not None and now - self.gallery_at < READABLE
        return replace(
            self,
            records=grown(self.records, end.record),
            course=_through(self.course, end),
            best_epoch=end.best_epoch,
            patience_left=end.patience_left,
            gallery=self.gallery if early else end.gallery,
            next_gallery=end.gallery,
            gallery_at=self.gallery_at if early else now,
        )

    def looked_into(self, insight: Insight) -> View:
        """There is a new look into the network."""
        layers = self.layers if len(self.layers) < LOOKS else self.layers[::2]
        return replace(self, insight=insight, layers=(*layers, insight.layers))

    def heard(self, event: Event | Insight, at: float) -> View:
        """The view after an event from a log that arrived at ``at``, by the clock in seconds."""
        match event:
            case Insight():
                return self.looked_into(event)
            case RunInfo():
                return replace(self.began(event), reason=None)  # the run may have been resumed
            case Progress():
                return self.progressed(event, at)
            case EpochEnd():
                return self.epoch_ended(event)
            case RunEnd():
                heard = self if event.gallery is None else replace(self, next_gallery=event.gallery)
                return heard.ended(event.reason, event.best_epoch)

    def ended(self, reason: StopReason, best_epoch: int) -> View:
        """The run has ended."""
        latest = self.gallery if self.next_gallery is None else self.next_gallery
        return replace(self, reason=reason, best_epoch=best_epoch, gallery=latest)

    @property
    def best(self) -> EpochRecord | None:
        """The record of the best epoch; ``None`` until there is one."""
        return record_of(self.records, self.best_epoch)

    @property
    def ending(self) -> str:
        """How the run has ended, in words; empty while it runs."""
        if self.run is None or self.reason is None:
            return ""
        last_epoch = self.records[-1].epoch if self.records else 0
        return ending(self.run.config, self.reason, self.best_epoch, last_epoch)

    def elapsed(self, now: float) -> float:
        """Seconds since the run's start at ``now``, counting on after the latest report."""
        if self.progress is None:
            return 0.0
        return self.progress.elapsed + (0.0 if self.reason else max(0.0, now - self.heard_at))

    def remaining(self, now: float) -> float | None:
        """Estimated seconds until the last epoch is done; the clock stands still in a pause."""
        if self.progress is None or self.progress.remaining is None or self.reason:
            return None
        return max(0.0, self.progress.remaining - max(0.0, now - self.heard_at))


def _through(course: Course, record: EpochRecord) -> Course:
    """The course with the mean of a whole epoch, if no report came within the epoch."""
    begin, end = record.epoch - 1, record.epoch
    if course.end > begin:
        return course
    loss, score = record.train_loss, record.train_score
    return course.followed_by(begin, end, loss, score, record.learning_rate)


class Key(NamedTuple):
    """A key that changes the view.

    Args:
        meaning: its meaning in the list of keys.
        change: returns the view after the key.
        short: its meaning in a word, for where there is little room.
        on: the screen on which it works; ``None`` for every screen.
    """

    meaning: str
    change: Callable[[View], View]
    short: str
    on: Screen | None = None


def turned_to(screen: Screen, view: View) -> View:
    """The view with another screen, or back at the curves if that screen is already shown."""
    return replace(view, screen="curves" if view.screen == screen else screen)


def picked(by: int, view: View) -> View:
    """On the network screen, the view of the sample ``by`` places further on."""
    if view.insight is None or view.screen != "network":
        return view
    return replace(view, sample=(view.sample + by) % max(1, len(view.insight.gallery)))


def zoomed(view: View, by: int) -> View:
    """The view zoomed in ``by`` steps, or out if ``by`` is negative."""
    return replace(view, zoom=min(max(view.zoom + by, 0), len(ZOOMS) - 1))


def smoothed(view: View) -> View:
    """The view with the next smoothing."""
    following: dict[Smoothing, Smoothing] = {"off": "weak", "weak": "strong", "strong": "off"}
    return replace(view, smoothing=following[view.smoothing])


KEYS: Mapping[str, Key] = {
    "n": Key("the network itself, and back", partial(turned_to, "network"), "network"),
    "d": Key("draw, and the network in training answers", partial(turned_to, "draw"), "draw"),
    "?": Key("this list, and back", partial(turned_to, "keys"), "keys"),
    "up": Key("the sample before, where the network is shown", partial(picked, -1), "before"),
    "down": Key("the sample after it", partial(picked, 1), "after"),
    "l": Key(
        "losses on a linear or a logarithmic axis",
        lambda view: replace(view, logarithmic=not view.logarithmic),
        "log",
        "curves",
    ),
    "s": Key("curves smoothed weakly, strongly, not at all", smoothed, "smooth", "curves"),
    "left": Key("curves of more of the run", lambda view: zoomed(view, -1), "more"),
    "right": Key(
        "curves of the last half of the run, the last fifth, ...",
        lambda view: zoomed(view, 1),
        "less",
    ),
    "escape": Key("back to the curves", partial(turned_to, "curves"), "back"),
}
"""The keys that change the view, in the order of the list of keys. The keys that control the run
are in ``live.live_screen``."""


def key_hints(screen: Screen, keys: Sequence[str] = "n?dls") -> list[tuple[str, str]]:
    """The keys that work on a screen, each with a word for it, the most important first.

    The screen's own key leads back to the curves.
    """
    shown = {"network": "n", "draw": "d", "keys": "?"}.get(screen)
    found = [(key, KEYS[key]) for key in keys if KEYS[key].on in (None, screen)]
    return [(key, "back" if key == shown else one.short) for key, one in found]
