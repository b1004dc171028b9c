"""Runs watched from another terminal, or from another machine with access to their folders.

Watching is read-only. The look of a frame with several runs belongs to ``views.several_runs``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw.block import Block, stack, text_block
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.live.console import print_line
from gpunet.terminal.live.followed_run import FollowedRun
from gpunet.terminal.live.interrupts import Interrupts
from gpunet.terminal.live.live_screen import LiveScreen
from gpunet.terminal.live.plain import PlainPrinter
from gpunet.terminal.record.replay import retell
from gpunet.terminal.views.dashboard import closing_view, dashboard_frame
from gpunet.terminal.views.frame import with_keys
from gpunet.terminal.views.several_runs import SeenRun, several_runs_frame
from gpunet.terminal.views.view import View, key_hints
from gpunet.training.events import Control

__all__ = ["Watcher", "watch_in_lines"]

CURVE_KEYS = ("l", "s", "left", "right")
"""Keys that change how curves are drawn, even with several runs on the screen."""

LOOK = 0.1
"""Seconds between two reads of the logs."""


class Watcher(LiveScreen):
    """A live screen of runs; open it as a context around ``watch``.

    Args:
        console: a terminal.
        control: receives the requests made by keys; its clock is also that of the runs.
        runs: at least one run; their names differ.
        keys: where keys come from, ``sys.stdin`` by default.
    """

    def __init__(
        self,
        console: Console,
        control: Control,
        runs: Sequence[FollowedRun],
        *,
        keys: TextIO | None = None,
    ) -> None:
        super().__init__(console, control, keys=keys)
        self._runs = runs
        self._look = View()  # holds the display settings that keys change
        self._alone = 0 if len(runs) == 1 else -1  # index of the run shown alone; -1 for all

    def watch(self) -> None:
        """Follow the runs until ``q`` or Ctrl-C is pressed; ended runs stay on the screen.

        Raises:
            DataError: a log is missing, or is not a run's log.
        """
        while not self._control.stopping:
            for run in self._runs:
                if run.look():
                    self.show(run.view)
            time.sleep(LOOK)

    def pressed(self, key: str) -> None:
        """Handle a key: ``tab`` shows each run alone, ``q`` ends; others change the view."""
        if key == "tab" and len(self._runs) > 1:
            self._alone = (self._alone + 2) % (len(self._runs) + 1) - 1
        elif key != "?" and (self._alone >= 0 or key.lower() in CURVE_KEYS):
            self._look = self._seen(self._runs[self._alone]).pressed(key)
        super().pressed("" if key.lower() == "p" else key)

    def frame(self, size: tuple[int, int], now: float, keys: bool) -> Block:
        """The dashboard of one run, or all runs together."""
        if self._alone < 0:
            seen = [SeenRun(run.name, self._seen(run), run.now, run.halted) for run in self._runs]
            return several_runs_frame(self._console, seen, size, self._last_line(size[0], keys))
        run = self._runs[self._alone]
        last = self._last_line(size[0], keys, run)
        view = self._seen(run)
        return dashboard_frame(self._console, view, self._control, size, run.now, keys, last)

    def closing_view(self) -> Block:
        """The runs' headers and curves, to be printed once the screen is closed."""
        console = self._console
        parts = []
        for run in self._runs:
            if len(self._runs) > 1:
                parts.append(text_block(console, [Text(run.name, Ink.STRONG)], console.width))
            parts.append(closing_view(console, self._seen(run)))
        return stack(parts, console.width)

    def _seen(self, run: FollowedRun) -> View:
        """A run's view with the display settings that keys have changed."""
        return run.view.seen_as(self._look)

    def _last_line(self, width: int, keys: bool, run: FollowedRun | None = None) -> Text:
        """The name and state of the run that is shown, and the available keys."""
        text = Text()
        if run is not None:
            text.append(f"{run.name}   ", Ink.STRONG)
            if run.halted:
                text.append(f"{run.halted}   ", Ink.WARNING)
            elif run.view.ending:
                text.append(f"{run.view.ending}   ", Ink.STRONG)
        if not keys:
            return with_keys(text, [("Ctrl-C", "leave")], width)
        shown = key_hints("curves", "ls") if run is None else key_hints(self._look.screen, "nls")
        others = [("tab", "one run" if run is None else "next")] if len(self._runs) > 1 else []
        return with_keys(text, [("q", "leave"), *others, *shown], width)


def watch_in_lines(console: Console, control: Control, runs: Sequence[FollowedRun]) -> None:
    """Print the events of runs as lines until all have ended or gone silent.

    With several runs, each line starts with the run's name.

    Raises:
        DataError: a log is missing, or is not a run's log.
    """
    several = len(runs) > 1
    printers = [PlainPrinter(console, f"{run.name}: " if several else "") for run in runs]
    with Interrupts(control):
        while not control.stop_now.is_set():
            for run, printer in zip(runs, printers, strict=True):
                for event in run.look():
                    retell(event, printer)
            if all(run.state != "running" for run in runs):
                break
            time.sleep(LOOK)
    for run in runs:
        if run.halted:
            print_line(console, f"{run.name}: {run.halted}")
