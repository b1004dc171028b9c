"""What is known of a run while it is watched: all that a frame of the dashboard shows.

It follows the run event by event, whether they come from the training itself or are read from the
log of a run. How it is drawn belongs to ``dashboard``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpunet.training.events import (
    EpochEnd,
    EpochRecord,
    Insight,
    Progress,
    RunInfo,
    StopReason,
)

if TYPE_CHECKING:
    from gpunet.terminal.views.draw import Drawn

__all__ = ["KEYS", "Key", "Screen", "View"]

Screen = Literal["curves", "network", "draw", "keys"]
"""What is shown below the head, the bars and the line of scores."""

TRACE = 400
"""Reports kept of the first epoch; more than any terminal has dots for in half its width."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """All that a frame shows; replaced as a whole when something is news.

    Args:
        run: ``None`` until training starts.
        progress: the latest, ``None`` until the first.
        heard_at: the clock when the progress came, in seconds.
        records: of all finished epochs.
        trace: reports from within the first epoch, each with its loss so far.
        best_epoch: 0 until the first epoch has ended.
        patience_left: ``None`` if there is no early stopping.
        gallery: (g, C) what the network answers to the gallery's samples, ``None`` until the first
            epoch.
        insight: the latest look into the network, ``None`` until there is one.
        reason: why training stopped, ``None`` while it runs.
        screen: which of the screens is shown.
        drawn: what is drawn by hand, ``None`` where nothing can be.
    """

    run: RunInfo | None = None
    progress: Progress | None = None
    heard_at: float = 0.0
    records: tuple[EpochRecord, ...] = ()
    trace: tuple[Progress, ...] = ()
    best_epoch: int = 0
    patience_left: int | None = None
    gallery: NDArray[np.float32] | None = None
    insight: Insight | None = None
    reason: StopReason | None = None
    screen: Screen = "curves"
    drawn: Drawn | None = None

    def pressed(self, key: str) -> View:
        """What is seen after a key, typed as a capital or not."""
        found = KEYS.get(key) or KEYS.get(key.lower())
        return found.change(self) if found else self

    def began(self, run: RunInfo) -> View:
        """Training is about to start."""
        return replace(self, run=run, records=run.history, best_epoch=run.best_epoch)

    def progressed(self, progress: Progress, heard_at: float) -> View:
        """Some steps are done, as was heard at this time of the clock, in seconds."""
        trace = self.trace
        if not self.records and progress.train_loss is not None:
            trace = (*(trace if len(trace) < TRACE else trace[::2]), progress)
        return replace(self, progress=progress, heard_at=heard_at, trace=trace)

    def epoch_ended(self, end: EpochEnd) -> View:
        """An epoch and its validation are done."""
        return replace(
            self,
            records=(*self.records, end.record),
            best_epoch=end.best_epoch,
            patience_left=end.patience_left,
            gallery=end.gallery,
        )

    def looked_into(self, insight: Insight) -> View:
        """There is a new look into the network."""
        return replace(self, insight=insight)

    def ended(self, reason: StopReason, best_epoch: int) -> View:
        """No further epoch follows."""
        return replace(self, reason=reason, best_epoch=best_epoch)

    @property
    def best(self) -> EpochRecord | None:
        """The best epoch, once there is one."""
        return next((one for one in self.records if one.epoch == self.best_epoch), None)

    def elapsed(self, now: float) -> float:
        """Seconds since the run's start; the clock goes on between two reports."""
        if self.progress is None:
            return 0.0
        return self.progress.elapsed + (0.0 if self.reason else max(0.0, now - self.heard_at))

    def remaining(self, now: float) -> float | None:
        """Seconds until the last epoch is done; it stands still in a pause, as the clock does."""
        if self.progress is None or self.progress.remaining is None or self.reason:
            return None
        return max(0.0, self.progress.remaining - max(0.0, now - self.heard_at))


class Key(NamedTuple):
    """A key that changes what is seen.

    Args:
        meaning: in the list of keys.
        change: what is seen after it.
        short: in the last line of the screen, where there is room; empty to leave it out.
    """

    meaning: str
    change: Callable[[View], View]
    short: str = ""


def turned_to(screen: Screen, view: View) -> View:
    """Show a screen, or the curves again if it is the one that is shown."""
    return replace(view, screen="curves" if view.screen == screen else screen)


KEYS: Mapping[str, Key] = {
    "?": Key("this list, and back", partial(turned_to, "keys"), "keys"),
    "escape": Key("back to the curves", partial(turned_to, "curves")),
    "d": Key("draw, and the network in training answers", partial(turned_to, "draw"), "draw"),
}
"""What keys change of what is seen, in the order in which they are listed; those of the run itself
are ``live.live_screen``'s."""
