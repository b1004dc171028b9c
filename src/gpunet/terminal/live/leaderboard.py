"""The display of a running search: a live leaderboard, or lines of text without a live screen.

Owns the state of the search that is shown. The look of a frame belongs to ``views.leaderboard``,
the terminal to ``live_screen``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console

from gpunet.search.events import SearchInfo, SearchObserver
from gpunet.search.study_progress import StudyProgress
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block
from gpunet.terminal.live.console import print_line, print_words
from gpunet.terminal.live.live_screen import LiveScreen
from gpunet.terminal.live.title import Caption
from gpunet.terminal.views.leaderboard import Board, counted, leaderboard_frame, monitored
from gpunet.training.events import Progress

__all__ = ["LiveLeaderboard", "PlainSearch"]

QUIET = 30.0
"""Seconds without a line after which one reports progress within the epoch."""


class LiveLeaderboard(LiveScreen, SearchObserver):
    """An observer of a search with a live screen; open it as a context around the search."""

    view = Board()

    def frame(self, size: tuple[int, int], now: float, keys: bool) -> Block:
        """The leaderboard of the search as known so far."""
        return leaderboard_frame(self._console, self.view, self._control, size, now, keys)

    @property
    def caption(self) -> Caption | None:
        """The share of trials that are done."""
        progress = self.view.progress
        return None if progress is None else Caption(progress.done / max(1, progress.total))

    def _change(self, **changes: Any) -> None:
        self.show(replace(self.view, **changes))

    def on_search_begin(self, search: SearchInfo) -> None:
        """Show a search that is about to start."""
        self._change(search=search, progress=search.progress)

    def on_batch_begin(self, progress: StudyProgress, network: str, numbers: Sequence[int]) -> None:
        """Show which trials are about to be trained side by side."""
        self._change(
            progress=progress,
            network=network,
            batch=tuple(numbers),
            batch_progress=None,
            shaders=None,
            others=0,
        )

    def on_compile(self, done: int, count: int) -> None:
        """Show how many of the batch's shaders are compiled."""
        self._change(shaders=(done, count))

    def on_progress(self, progress: Progress) -> None:
        """Show progress within the batch."""
        self.show(replace(self.view, batch_progress=progress).begun(self._clock()))

    def on_update(self, progress: StudyProgress) -> None:
        """Show that an epoch is done, a trial has ended, or another worker has made progress."""
        self._change(progress=progress)

    def on_wait(self, progress: StudyProgress, others: int) -> None:
        """Show that only trials of other workers are still running."""
        self.show(replace(self.view, progress=progress, others=others).begun(self._clock()))


class PlainSearch(SearchObserver):
    """An observer that prints a line at a batch's start, after its epochs, and at its end.

    Args:
        console: where the lines go.
        clock: returns seconds.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._search: SearchInfo | None = None
        self._epoch = 0
        self._batch: tuple[int, ...] = ()
        self._others = 0
        self._reported: set[int] = set()
        self._clock, self._told, self._ended = clock, clock(), ""

    def on_search_begin(self, search: SearchInfo) -> None:
        """Print the study, the number of trials and the searched parameters."""
        self._search = search
        self._reported = {one.number for one in search.progress.trials if one.ended}
        before = f", {search.progress.done} done" if search.progress.done else ""
        self._print(f"study:  {search.study} in {search.storage}")
        self._print(
            f"        {search.progress.total} trials of {search.epochs} epochs at most{before}, "
            f"by {search.monitor}"
        )
        print_words(self._console, f"        searched: {', '.join(search.parameters)}")

    def on_batch_begin(self, progress: StudyProgress, network: str, numbers: Sequence[int]) -> None:
        """Print which networks are trained side by side."""
        self._tell_failures(progress)
        self._batch, self._epoch, self._others = tuple(numbers), 0, 0
        networks = f"{len(numbers)} networks" if len(numbers) > 1 else "1 network"
        self._print(f"batch   {networks} {network}")

    def on_progress(self, progress: Progress) -> None:
        """Print progress within a long epoch; short ones get just their closing line."""
        self._epoch = progress.epoch
        if self._clock() - self._told < QUIET or progress.train_loss is None:
            return
        assert self._search is not None
        mean = f", mean of {len(self._batch)} networks" if len(self._batch) > 1 else ""
        self._print(
            f"epoch {progress.epoch}/{self._search.epochs}  {100 * progress.share:3.0f} %  "
            f"train loss {formats.loss(progress.train_loss)}{mean}"
        )

    def _print(self, line: str) -> None:
        self._told = self._clock()
        print_line(self._console, line)

    def on_update(self, progress: StudyProgress) -> None:
        """Print how the epoch or the batch went."""
        self._tell_failures(progress)
        assert self._search is not None
        mine = [trial for trial in progress.trials if trial.number in self._batch]
        running = sum(trial.state == "running" for trial in mine)
        known = next((trial for trial in progress.trials if trial.figure is not None), None)
        best = ""
        if known is not None:
            best = f"  best {monitored(self._search, known.figure)} (trial {known.number})"
        if running:
            digits = len(str(self._search.epochs))
            epoch = f"epoch {self._epoch:>{digits}}/{self._search.epochs}"
            self._print(f"{epoch}  {running:>3} of {len(mine)} trials run{best}")
            return
        ended = f"trials  {progress.done}/{progress.total}: {counted(progress)}{best}"
        if ended != self._ended:  # a batch whose last trials are pruned is reported twice
            self._print(ended)
        self._ended = ended

    def on_wait(self, progress: StudyProgress, others: int) -> None:
        """Print how many trials of other workers are awaited, whenever the number changes."""
        if others != self._others:
            self._print(f"waiting for {formats.count(others)} trials of other workers")
        self._others = others

    def _tell_failures(self, progress: StudyProgress) -> None:
        for trial in sorted(progress.trials, key=lambda one: one.number):
            if trial.state == "failed" and trial.number not in self._reported:
                self._reported.add(trial.number)
                self._print(f"trial {trial.number} failed: {trial.reason}")
