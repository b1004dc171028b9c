"""A run replayed in the terminal, at any speed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw.block import Block
from gpunet.terminal.draw.style import Ink, bar
from gpunet.terminal.live.live_screen import LiveScreen
from gpunet.terminal.record.replay import Moment
from gpunet.terminal.views.dashboard import closing_view, dashboard_frame
from gpunet.terminal.views.frame import with_keys
from gpunet.terminal.views.view import Screen, View, key_hints
from gpunet.training.events import Control

__all__ = ["Player"]

LEAP = 0.05
"""How far an arrow key skips, as a share of the run."""

LOOK = 0.05
"""Seconds between two updates of the replay's position."""

HOLD = 1.0
"""How long the end is shown, in seconds."""


class Player(LiveScreen):
    """A live screen that plays a run; open it as a context around ``play``.

    Args:
        console: a terminal.
        control: receives the requests made by keys; provides the clock.
        moments: evenly spaced moments of the run.
        seconds: the duration of the replay.
        screen: the screen to show first.
        keys: where keys come from, ``sys.stdin`` by default.
    """

    def __init__(
        self,
        console: Console,
        control: Control,
        moments: Sequence[Moment],
        seconds: float,
        *,
        screen: Screen = "curves",
        keys: TextIO | None = None,
    ) -> None:
        super().__init__(console, control, keys=keys)
        self._moments, self._seconds = moments, seconds
        self._look = View(screen=screen)  # holds the display settings that keys change
        self._leaps: deque[float] = deque()  # skips by arrow keys, not yet applied
        self.view = 0.0  # the share of the run that has been played

    def play(self) -> None:
        """Play until the end, or until ``q`` or Ctrl-C is pressed."""
        control, before, ended = self._control, self._clock(), 0.0
        while not control.stopping:
            time.sleep(LOOK)
            now = self._clock()
            passed, before = now - before, now
            if control.paused.is_set():
                passed = 0.0
            share = self.view + passed / self._seconds
            while self._leaps:
                share = min(max(share + self._leaps.popleft(), 0.0), 1.0)
            self.show(min(share, 1.0))
            ended = ended + passed if self.view >= 1.0 else 0.0
            if ended > HOLD:
                return

    def pressed(self, key: str) -> None:
        """Handle a key: space pauses and resumes, arrows skip back and forth, ``q`` ends."""
        if key in ("left", "right"):
            self._leaps.append(LEAP if key == "right" else -LEAP)
        elif key in ("home", "end"):
            self._leaps.append(1.0 if key == "end" else -1.0)
        elif key != "?":
            self._look = self._seen(self._moment.view).pressed(key)
        super().pressed("p" if key == " " else key)

    def frame(self, size: tuple[int, int], now: float, keys: bool) -> Block:
        """The dashboard at the replay's current moment."""
        moment = self._moment
        view = self._seen(moment.view)
        last = self._last_line(size[0], keys)
        return dashboard_frame(
            self._console, view, self._control, size, moment.at, keys=keys, last=last
        )

    def closing_view(self) -> Block:
        """The run's header and curves, to be printed once the screen is closed."""
        return closing_view(self._console, self._seen(self._moments[-1].view))

    @property
    def _moment(self) -> Moment:
        """The replay's current moment."""
        share: float = self.view
        return self._moments[round(share * (len(self._moments) - 1))]

    def _seen(self, view: View) -> View:
        """The view with the display settings that keys have changed."""
        return view.seen_as(self._look)

    def _last_line(self, width: int, keys: bool) -> Text:
        paused = self._control.paused.is_set()
        text = Text("paused " if paused else "replay ", Ink.WARNING if paused else Ink.MUTED)
        done = f" {self.view * self._seconds:.1f} of {self._seconds:g} s   "
        text.append(bar(self.view, 20, Ink.LABEL, self._console.options.ascii_only))
        text.append(done, Ink.MUTED)
        hold = ("space", "go on" if paused else "hold")
        actions = [("q", "end"), hold, ("left, right", "go"), *key_hints(self._look.screen, "nls")]
        return with_keys(text, actions if keys else [("Ctrl-C", "end")], width)
