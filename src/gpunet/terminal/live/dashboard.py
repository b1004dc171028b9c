"""The live screen of a training run: a callback that draws the run's events.

Owns the state of the run that is shown. The terminal, the keys and the frame rate belong to
``live_screen``; the look of a frame belongs to ``views.dashboard``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block
from gpunet.terminal.live.drawing import Drawing
from gpunet.terminal.live.keyboard import Mouse
from gpunet.terminal.live.live_screen import LiveScreen
from gpunet.terminal.live.title import Caption
from gpunet.terminal.views.board import Area, Drawn
from gpunet.terminal.views.dashboard import body_rows, closing_view, dashboard_frame, share_done
from gpunet.terminal.views.view import Screen, View
from gpunet.training.events import Callback, EpochEnd, Insight, Progress, RunInfo, StopReason
from gpunet.workflows.drawing import model_under_way

__all__ = ["Dashboard"]

INSIGHTFUL: Collection[Screen] = ("network", "draw")
"""The screens that show the inside of the networks, and so need ``Insight`` events."""


class Dashboard(LiveScreen, Callback):
    """A callback with a live screen; open it as a context around the training."""

    view = View()
    _drawing: Drawing | None = None  # set once the drawing screen is shown

    def frame(self, size: tuple[int, int], now: float, keys: bool) -> Block:
        """The dashboard of the run as known so far."""
        view = self.view
        if view.screen == "draw":
            view = replace(view, drawn=self._drawn(view))
        return dashboard_frame(self._console, view, self._control, size, now, keys)

    @property
    def wants_mouse(self) -> bool:
        """Whether the mouse is needed: only on the drawing screen."""
        return self.view.screen == "draw"

    @property
    def caption(self) -> Caption | None:
        """The share of the training that is done, and the latest training loss."""
        progress = self.view.progress
        if self.view.run is None or progress is None:
            return None
        loss = "" if progress.train_loss is None else formats.loss(progress.train_loss)
        return Caption(share_done(self.view), loss, progress.phase == "paused")

    def pressed(self, key: str) -> None:
        """Handle a key, which may steer the run, change the view, or draw."""
        if self.view.screen == "draw" and self._drawing and self._drawing.pressed(key):
            self.hurry()
            return
        self.change(lambda view: view.pressed(key))
        wanted = self._control.insight_wanted
        (wanted.set if self.view.screen in INSIGHTFUL else wanted.clear)()
        super().pressed(key)

    def moused(self, event: Mouse) -> None:
        """Draw with the mouse."""
        width, height = self._console.size
        rows = body_rows(height)
        if self._drawing is not None:
            self._drawing.moused(event, self._console, Area(0, height - 1 - rows, width, rows - 1))
            self.hurry()

    def _drawn(self, view: View) -> Drawn | None:
        """The drawing and the current network's answer; ``None`` if it does not take images."""
        run, insight = view.run, view.insight
        if run is None or run.dataset.image_shape is None:
            return None
        if self._drawing is None:
            self._drawing = Drawing(model_under_way(run))
        if insight is None:
            return self._drawing.drawn(None)
        of = f"epoch {insight.epoch}, step {insight.step:,}"
        return self._drawing.drawn(insight.parameters, of)

    def closing_view(self, width: int = 0, rows: int = 0) -> Block:
        """The run's header and curves, to be printed once the screen is closed."""
        return closing_view(self._console, self.view, width, rows)

    def on_train_begin(self, run: RunInfo) -> None:
        """Show a run that is about to start."""
        self.change(lambda view: view.began(run))

    def on_progress(self, progress: Progress) -> None:
        """Show progress within an epoch."""
        self.change(lambda view: view.progressed(progress, self._clock()))

    def on_epoch_end(self, record: EpochEnd) -> None:
        """Show the results of an epoch and its validation."""
        self.change(lambda view: view.epoch_ended(record))

    def on_insight(self, insight: Insight) -> None:
        """Show a new look into the network."""
        self.change(lambda view: view.looked_into(insight))

    def on_train_end(self, reason: StopReason, best_epoch: int) -> None:
        """Show why training has ended."""
        self.change(lambda view: view.ended(reason, best_epoch))
