"""The one place that makes consoles and decides what they can show.

Owns how the environment, the stream and the chosen theme affect colors, characters and screens.
Drawing belongs to the other files of this package.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import IO, Any, TextIO, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from gpunet.config import Theme
from gpunet.terminal.draw.background import (
    background_of_terminal,
    declared_background,
    in_foreground,
)
from gpunet.terminal.draw.style import Background, theme
from gpunet.terminal.live.notes import wrapped

__all__ = [
    "SMALLEST_SCREEN",
    "PatientStream",
    "has_a_user",
    "make_console",
    "prefer_theme",
    "preferred_theme",
    "print_line",
    "print_words",
    "require_heard",
    "shows_greys",
    "shows_pixels",
    "wants_dashboard",
]

_preferred: Theme = "auto"


def prefer_theme(preferred: Theme) -> None:
    """Set the theme of all consoles made from now on."""
    global _preferred  # one process has one terminal
    _preferred = preferred


def preferred_theme() -> Theme:
    """The theme set by ``prefer_theme``; ``auto`` by default."""
    return _preferred


SMALLEST_SCREEN = (40, 10)
"""Fewest columns and rows for a live screen; a smaller terminal gets plain lines of text."""


LEAD = re.compile(r"\s*(?:[a-z]+: +)?")
"""The start of a line that sets the indent of the lines below: blanks, or a word like ``data:``."""

CONTROLS = dict.fromkeys([*range(ord("\n")), *range(ord("\n") + 1, 0x20), *range(0x7F, 0xA0)])
"""Translation table that deletes control characters other than the line feed."""


class _HarmlessConsole(Console):
    """A console that removes escape codes from texts, such as class names or paths.

    Codes for styles, the cursor and ``graphics`` are not part of a text, and stay.
    """

    _writes_to_terminal: bool | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether it writes to a terminal; cached, since each check releases the GIL."""
        if self._writes_to_terminal is None:
            self._writes_to_terminal = super().is_terminal
        return self._writes_to_terminal

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for text, style, control in super().render(renderable, options):
            harmless = control or text.isprintable()
            yield Segment(text if harmless else text.translate(CONTROLS), style, control)


class PatientStream:
    """A stream that goes silent once it cannot be written to, as after ``| head``.

    Args:
        stream: the wrapped stream; everything except writing is passed on to it.
    """

    def __init__(self, stream: TextIO) -> None:
        self.failure: OSError | None = None
        """The error that silenced it; ``None`` while it works."""
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text, or nothing after a failure."""
        self._unless_failed(partial(self._stream.write, text))
        return len(text)

    def flush(self) -> None:
        """Flush the stream, unless it has failed."""
        self._unless_failed(self._stream.flush)

    def _unless_failed(self, act: Callable[[], object]) -> None:
        if self.failure is None:
            try:
                act()
            except OSError as error:
                self.failure = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def make_console(
    *,
    plain: bool = False,
    quiet: bool = False,
    patient: bool = False,
    ask: bool = True,
    stream: TextIO | None = None,
    environ: Mapping[str, str] | None = None,
) -> Console:
    """Make a console that uses what its stream can show and never fails at a character.

    ``NO_COLOR``, ``FORCE_COLOR``, ``TERM=dumb`` and ``COLUMNS`` are honored. A stream that
    cannot write a character writes ``?`` instead; the stream's error handler is set for that.
    Control characters in printed text are removed, as the text may come from untrusted files.
    With the locale ``C`` or ``POSIX``, the output is ASCII, even though Python would write UTF-8.
    A notebook cell gets plain text: it looks like a terminal to a program, but is not one.

    Args:
        plain: write no escape codes at all, whatever the environment says.
        quiet: print nothing.
        patient: wrap the stream, so that long work goes on when its output is no longer read.
        ask: ask the terminal for its background, which delays a little if it does not reply.
        stream: the stream to write to instead of the standard output.
        environ: the environment; the process's own by default.
    """
    environment = os.environ if environ is None else environ
    target = stream or sys.stdout
    _never_fail_to_encode(target, environment)
    plain = plain or bool(environment.get("JPY_PARENT_PID"))  # set by Jupyter for its kernels
    console = _HarmlessConsole(
        file=cast(IO[str], PatientStream(target)) if patient else target,
        quiet=quiet,
        force_terminal=False if plain else None,
        force_interactive=False if plain else None,
        force_jupyter=False,
        color_system=None if plain else "auto",
        no_color=True if plain or _preferred == "mono" else None,
        highlight=False,
        markup=False,
        emoji=False,
        _environ=environment,
    )
    sixteen = console.color_system in {"standard", "windows"}
    console.push_theme(theme(_background(console, environment, ask), sixteen=sixteen))
    return console


def _background(console: Console, environ: Mapping[str, str], ask: bool) -> Background:
    """The background: from the chosen theme, the terminal's reply, or else the environment."""
    if _preferred in ("dark", "light"):
        return _preferred
    answer = declared_background(environ)
    if not ask or console.no_color or not has_a_user(console, environ):
        return answer
    answered = background_of_terminal(sys.stdin, console.file)
    return answer if answered == "unknown" else answered


def wants_dashboard(
    console: Console, plain: bool, environ: Mapping[str, str] | None = None
) -> bool:
    """Whether to show a live screen: on an interactive terminal that is large enough."""
    environment = os.environ if environ is None else environ
    if plain or not has_a_user(console, environment) or not in_foreground(console.file):
        return False
    columns, rows = SMALLEST_SCREEN
    return console.width >= columns and console.height >= rows


def has_a_user(console: Console, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the stream is an interactive terminal, not a CI job or a dumb terminal."""
    if console.quiet or not console.is_interactive or console.is_dumb_terminal:
        return False
    if console.legacy_windows:  # which supports no escape codes
        return False
    return console.file.isatty() and environ.get("CI", "").lower() in {"", "0", "false"}


def print_line(console: Console, line: str) -> None:
    """Print a line at once, without wrapping it to the console's width."""
    console.print(line, soft_wrap=True, markup=False, highlight=False, emoji=False)
    console.file.flush()


def print_words(console: Console, line: str, style: str = "") -> None:
    """Print a line; on a terminal, wrap it at words, indented below a leading ``word:``.

    Anywhere else, as in a log, it stays one line.
    """
    lead = LEAD.match(line)[0]  # type: ignore[index]
    if console.is_terminal:
        line = wrapped(lead, line.removeprefix(lead), console.width)
    console.print(Text(line, style), soft_wrap=True)


def require_heard(console: Console) -> None:
    """Raise the error that silenced a patient console, once all work is done and saved.

    Raises:
        OSError: the output could not be written.
    """
    if isinstance(console.file, PatientStream) and console.file.failure is not None:
        raise console.file.failure


def shows_greys(console: Console) -> bool:
    """Whether the console has enough colors for shades of gray."""
    return not console.no_color and console.color_system in {"256", "truecolor"}


def shows_pixels(console: Console) -> bool:
    """Whether the console can show pixels as half blocks in shades."""
    return shows_greys(console) and not console.options.ascii_only


def _never_fail_to_encode(stream: TextIO, environ: Mapping[str, str]) -> None:
    if not isinstance(stream, io.TextIOWrapper):
        return
    if _asks_for_ascii(environ):
        stream.reconfigure(encoding="ascii", errors="replace")
    else:
        stream.reconfigure(errors="replace")


def _asks_for_ascii(environ: Mapping[str, str]) -> bool:
    """Whether the locale is ASCII; as in POSIX, the first variable that is not empty counts."""
    names = () if sys.platform == "win32" else ("LC_ALL", "LC_CTYPE", "LANG")
    return next((environ[name] for name in names if environ.get(name)), "") in {"C", "POSIX"}
