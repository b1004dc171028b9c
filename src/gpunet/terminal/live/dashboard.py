"""The live screen of a training run: a callback that draws what it gets.

Owns what is remembered of a run. The terminal, the keys and the pace of drawing belong to
``live_screen``; what a frame looks like belongs to ``views.dashboard``.
"""

from __future__ import annotations

from gpunet.terminal.draw.block import Block
from gpunet.terminal.live.live_screen import LiveScreen
from gpunet.terminal.views.dashboard import View, closing_view, dashboard_frame
from gpunet.training.events import Callback, EpochEnd, Progress, RunInfo, StopReason

__all__ = ["Dashboard"]

TRACE = 400
"""Reports kept of the first epoch; more than any terminal has dots for in half its width."""


class Dashboard(LiveScreen, Callback):
    """A callback with a live screen; open it as a context around the training."""

    view = View()

    def frame(self, size: tuple[int, int], now: float, keys: bool) -> Block:
        """The run as it is known."""
        return dashboard_frame(self._console, self.view, self._control, size, now, keys)

    def closing_view(self) -> Block:
        """The run's head and its curves, to be printed once the screen is gone."""
        return closing_view(self._console, self.view)

    def on_train_begin(self, run: RunInfo) -> None:
        """Training is about to start."""
        self.show(run=run, records=run.history, best_epoch=run.best_epoch)

    def on_progress(self, progress: Progress) -> None:
        """Some steps are done."""
        trace = self.view.trace
        if not self.view.records and progress.train_loss is not None:
            trace = (*(trace if len(trace) < TRACE else trace[::2]), progress)
        self.show(progress=progress, heard_at=self._clock(), trace=trace)

    def on_epoch_end(self, record: EpochEnd) -> None:
        """An epoch and its validation are done."""
        self.show(
            records=(*self.view.records, record.record),
            best_epoch=record.best_epoch,
            patience_left=record.patience_left,
            gallery=record.gallery,
        )

    def on_train_end(self, reason: StopReason, best_epoch: int) -> None:
        """No further epoch follows."""
        self.show(reason=reason, best_epoch=best_epoch)
