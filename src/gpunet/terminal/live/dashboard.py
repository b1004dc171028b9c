"""The live screen of a training run: a callback that draws what it is told.

Owns what is remembered of a run. The terminal, the keys and the pace of drawing belong to
``live_screen``; what a frame looks like belongs to ``screen``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TextIO

import numpy as np
from rich.console import Console

from gpunet.terminal.draw.block import Block
from gpunet.terminal.live.live_screen import LiveScreen
from gpunet.terminal.views.screen import View, closing_view, screen
from gpunet.training.events import Callback, Control, EpochEnd, Progress, RunInfo, StopReason

__all__ = ["Dashboard"]

TRACE = 400
"""Points kept of the first epoch; more than any terminal has dots for in half its width."""


class Dashboard(LiveScreen, Callback):
    """A callback with a live screen; open it as a context around the training.

    Args:
        console: a terminal; ``wants_dashboard`` tells whether it is one.
        control: receives what the keys ask for; its clock tells the time.
        keys: where keys come from, ``sys.stdin`` by default.
    """

    def __init__(self, console: Console, control: Control, *, keys: TextIO | None = None) -> None:
        super().__init__(console, control, keys=keys)
        self._view = View()

    def frame(self, size: tuple[int, int], now: float, keys: bool) -> Block:
        """The run as it is known."""
        return screen(self._console, self._view, self._control, size, now, keys)

    @property
    def view(self) -> View:
        """What the frames show now."""
        return self._view

    def closing_view(self) -> Block:
        """The run's head and its curves, to be printed once the screen is gone."""
        return closing_view(self._console, self._view)

    def on_train_begin(self, run: RunInfo) -> None:
        """Training is about to start."""
        view = replace(self._view, run=run, records=run.history, best_epoch=run.best_epoch)
        self._show(view)

    def on_progress(self, progress: Progress) -> None:
        """Some steps are done."""
        view = replace(self._view, progress=progress, heard_at=self._clock())
        if not view.records and progress.train_loss is not None:
            share = progress.step / max(1, progress.steps)
            accuracy = progress.train_accuracy
            point = (share, progress.train_loss, np.nan if accuracy is None else accuracy)
            trace = view.trace if len(view.trace) < TRACE else view.trace[::2]
            view = replace(view, trace=(*trace, point))
        self._show(view)

    def on_epoch_end(self, record: EpochEnd) -> None:
        """An epoch and its validation are done."""
        self._show(
            replace(
                self._view,
                records=(*self._view.records, record.record),
                best_epoch=record.best_epoch,
                patience_left=record.patience_left,
                gallery=record.gallery,
            )
        )

    def on_train_end(self, reason: StopReason, best_epoch: int) -> None:
        """No further epoch follows."""
        self._show(replace(self._view, reason=reason, best_epoch=best_epoch))

    def _show(self, view: View) -> None:
        self._view = view
        self._news()
