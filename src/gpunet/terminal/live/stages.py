"""A progress line for the current stage of work, which disappears once the stage is done.

Owns the line and its frame rate. The stages belong to the workflows, which report them through
``Messages``.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from threading import Timer

from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import cut
from gpunet.terminal.draw.style import Ink, bar, glyphs
from gpunet.terminal.live.console import print_line
from gpunet.workflows.messages import Update

__all__ = ["Stages"]

LONG = 3.0
"""Seconds after which a stage is reported if there is no terminal."""

BRIEF = 0.05
"""Finished stages that took fewer seconds than this are not listed."""

SPINNER = "|/-\\"
FRAMES = 10
"""How often the line is redrawn per second."""

SHORT, LONG_BAR, WIDE = 12, 24, 120
"""Cells of a bar, and of a bar on a wide terminal; columns from which a terminal is wide."""

SURE = 1.0
"""Seconds after which the measured rate is used to estimate the remaining time."""


@dataclass(slots=True)
class _Stage:
    """One stage of work.

    Args:
        what: a description of the stage.
        began: the time at its start.
        done: the amount of work done.
        total: the total amount of work; 0 if not known.
        unit: ``bytes``, or empty for things that are counted.
        first: the amount done, and the time, when the total became known.
    """

    what: str
    began: float
    done: int = 0
    total: int = 0
    unit: str = ""
    first: tuple[int, float] = field(default=(0, 0.0))

    def figures(self, now: float) -> list[str]:
        """Progress, rate and time left, followed by shorter and shorter versions of the same."""
        seconds = f"{now - self.began:.1f} s"
        if not self.total:
            return [seconds]
        count = formats.size if self.unit == "bytes" else formats.count
        told = f"{count(self.done)} of {count(self.total)}"
        done, since = self.done - self.first[0], now - self.first[1]
        if done <= 0 or since < SURE:
            return [f"{told}  {seconds}", told]
        rate = f"  {formats.size(int(done / since))}/s" if self.unit == "bytes" else ""
        left = f"{formats.duration(math.ceil((self.total - self.done) * since / done))} left"
        about = f"{seconds}, about {left}"
        return [f"{told}{rate}  {about}", f"{told}  {about}", f"{told}  {left}", told]


class Stages:
    """Shows the progress of work, stage by stage.

    On a terminal, one line shows the finished stages and the current one:
    ``device ✓ 0.3 s · data ✓ 0.1 s · / compiling shaders ━━━━── 7 of 12  0.8 s``. Elsewhere, a
    long stage gets a line, and another one with its duration once it is done.

    Args:
        console: where the line is shown.
        clock: returns seconds.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.perf_counter) -> None:
        self._console, self._clock = console, clock
        self._under_way: list[_Stage] = []
        self._done: list[str] = []

    @contextmanager
    def stage(self, what: str, name: str = "") -> Iterator[Update]:
        """Show a stage while the context is open.

        Args:
            what: a description of the stage.
            name: a word to list it by once it is done; empty to leave it out.
        """
        stage = _Stage(what, self._clock())

        def update(what: str, done: int = 0, total: int = 0, unit: str = "") -> None:
            if total != stage.total:
                stage.first = done, self._clock()
            stage.what, stage.done, stage.total, stage.unit = what, done, total, unit

        self._under_way.append(stage)
        try:
            with self._shown(stage):
                yield update
        finally:
            self._under_way.remove(stage)
            seconds = self._clock() - stage.began
            if name and seconds >= BRIEF:
                mark = glyphs(self._console.options.ascii_only).right
                self._done.append(f"{name} {mark} {formats.seconds(seconds)}")

    def _shown(self, stage: _Stage) -> AbstractContextManager[object]:
        if self._console.quiet or len(self._under_way) > 1:  # the outer stage's line shows it
            return nullcontext()
        if not self._console.is_interactive:
            return self._told(stage)
        from rich.live import Live

        return Live(
            get_renderable=self.line,
            console=self._console,
            refresh_per_second=FRAMES,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=sys.stderr.isatty(),
        )

    @contextmanager
    def _told(self, stage: _Stage) -> Iterator[None]:
        """Print two lines about a long stage: once it turns out to be long, and once it is done."""
        told: list[str] = []

        def tell() -> None:
            told.append(stage.what)
            print_line(self._console, f"{stage.what} ...")

        timer = Timer(LONG, tell)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        for what in told:
            print_line(self._console, f"{what}: {formats.seconds(self._clock() - stage.began)}")

    def line(self) -> Text:
        """The finished stages and the current one, in the width of the console."""
        now, width, ascii_only = (
            self._clock(),
            self._console.width,
            self._console.options.ascii_only,
        )
        stage = self._under_way[-1]
        dot = f" {glyphs(ascii_only).separator} "
        text = Text(SPINNER[int(now * FRAMES) % len(SPINNER)], Ink.TRAIN)
        text.append(f" {stage.what}  ", "default")
        cells = (LONG_BAR if width >= WIDE else SHORT) if stage.total else 0
        room = width - 1 - text.cell_len - (cells and cells + 2)
        fitting = [one for one in stage.figures(now) if len(one) <= room]
        if cells and fitting:
            share = stage.done / stage.total
            text.append_text(bar(share, cells, Ink.TRAIN, ascii_only)).append("  ")
        text.append(next(iter(fitting or stage.figures(now)[-1:])), Ink.MUTED)
        done = "".join(one + dot for one in self._done)
        if text.cell_len + len(done) < width:
            text = Text(done, Ink.MUTED).append_text(text)
        return cut(text, width - 1, ascii_only)
