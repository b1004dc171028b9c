"""The line that tells what is under way, how far it is and since when; gone once that is done.

Owns the line and its pace. What the stages are is said by the workflows, through ``Messages``.
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
"""Seconds after which a stage is told of where there is no terminal."""

BRIEF = 0.05
"""Seconds below which a stage that is done is not worth a word."""

SPINNER = "|/-\\"
FRAMES = 10
"""Drawings of the line a second."""

SHORT, LONG_BAR, WIDE = 12, 24, 120
"""Cells of a bar, and of one on a terminal of so many columns or more."""

SURE = 1.0
"""Seconds from which on a pace says how long the rest will take."""


@dataclass(slots=True)
class _Stage:
    """One piece of work.

    Args:
        what: is under way, in words.
        began: the clock then.
        done: of the work.
        total: work in all; 0 if that is not known.
        unit: ``bytes``, or nothing for what is counted one by one.
        first: what was done, and the clock, when the total was first told of.
    """

    what: str
    began: float
    done: int = 0
    total: int = 0
    unit: str = ""
    first: tuple[int, float] = field(default=(0, 0.0))

    def figures(self, now: float) -> list[str]:
        """How far it is, how fast, and how long it takes; then the same in fewer words."""
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
    """Tells of work, stage by stage.

    On a terminal one line says what is under way, behind what is done already:
    ``device ✓ 0.3 s · data ✓ 0.1 s · / compiling shaders ━━━━── 7 of 12  0.8 s``. Elsewhere a
    stage that takes long gets a line, and another one with its time once it is done.

    Args:
        console: where the line stands.
        clock: in seconds.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.perf_counter) -> None:
        self._console, self._clock = console, clock
        self._under_way: list[_Stage] = []
        self._done: list[str] = []

    @contextmanager
    def stage(self, what: str, name: str = "") -> Iterator[Update]:
        """Tell of a stage for as long as the context is open.

        Args:
            what: is under way, in words.
            name: a word for it once it is done; empty for none.
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
        if self._console.quiet or len(self._under_way) > 1:  # the outer one's line tells of it
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
        """Two lines about a long stage: when it turns out to be long, and when it is done."""
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
        """What is done and what is under way now, in the width of the console."""
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
