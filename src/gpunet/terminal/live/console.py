"""The one place that makes a console, and that says what it can show.

Owns what the environment, the stream and the theme asked for have to say about colors,
characters and screens. What is drawn, and how, belongs to the other files of this room.
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
    """Have the consoles that are made from now on draw in this theme."""
    global _preferred  # one process has one terminal
    _preferred = preferred


def preferred_theme() -> Theme:
    """The theme that was asked for, ``auto`` if none was."""
    return _preferred


SMALLEST_SCREEN = (40, 10)
"""Columns and rows below which lines of plain text say more than a dashboard."""


LEAD = re.compile(r"\s*(?:[a-z]+: +)?")
"""What a line begins with that those below it are indented by: blanks, a word such as ``data:``."""

CONTROLS = dict.fromkeys([*range(ord("\n")), *range(ord("\n") + 1, 0x20), *range(0x7F, 0xA0)])
"""Characters that may mean something to a terminal, all but the line feed; nothing for each."""


class _HarmlessConsole(Console):
    """A console that takes no escape code from a text, such as a class's name or a path.

    Those of styles, of the cursor and of ``graphics`` are no text, and stay.
    """

    _writes_to_terminal: bool | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether it writes to a terminal; asked once, as a question costs a thread its turn."""
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
        stream: what is wrapped; all but writing is its own.
    """

    def __init__(self, stream: TextIO) -> None:
        self.failure: OSError | None = None
        """Why it is silent, if it is."""
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
    """A console that shows what its stream can show and never fails at a character.

    ``NO_COLOR``, ``FORCE_COLOR``, ``TERM=dumb`` and ``COLUMNS`` are honored. A stream that
    cannot write a character writes ``?`` instead; the stream's error handler is set for that.
    Control characters in what is printed are left out: it may come from anybody's file.
    A locale set to ``C`` or ``POSIX`` asks for ASCII, even though Python would write UTF-8.
    A cell of a notebook is no screen, though it looks like a terminal to who writes into it: it
    gets plain text.

    Args:
        plain: no escape codes at all, whatever the environment says.
        quiet: print nothing.
        patient: wrap the stream, so that long work does not end when nobody reads any more.
        ask: the terminal for its background, which takes a moment where it does not answer.
        stream: what to write to instead of the standard output.
        environ: the environment; the process's own by default.
    """
    environment = os.environ if environ is None else environ
    target = stream or sys.stdout
    _never_fail_to_encode(target, environment)
    plain = plain or bool(environment.get("JPY_PARENT_PID"))  # a notebook's kernel tells its own
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
    """What the terminal draws on: as preferred, as it answers, or as the environment has it."""
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
    """Whether a live screen makes sense: a terminal that a person sits at, and large enough."""
    environment = os.environ if environ is None else environ
    if plain or not has_a_user(console, environment) or not in_foreground(console.file):
        return False
    columns, rows = SMALLEST_SCREEN
    return console.width >= columns and console.height >= rows


def has_a_user(console: Console, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the stream is a terminal that a person may sit at."""
    if console.quiet or not console.is_interactive or console.is_dumb_terminal:
        return False
    if console.legacy_windows:  # it knows no escape codes
        return False
    return console.file.isatty() and environ.get("CI", "").lower() in {"", "0", "false"}


def print_line(console: Console, line: str) -> None:
    """Print one line however narrow the console is, at once."""
    console.print(line, soft_wrap=True, markup=False, highlight=False, emoji=False)
    console.file.flush()


def print_words(console: Console, line: str, style: str = "") -> None:
    """Print a line; on a terminal it goes on below its first word if it is too long.

    Lines end between words there. Anywhere else, as in a log, it stays one line.
    """
    lead = LEAD.match(line)[0]  # type: ignore[index]
    if console.is_terminal:
        line = wrapped(lead, line.removeprefix(lead), console.width)
    console.print(Text(line, style), soft_wrap=True)


def require_heard(console: Console) -> None:
    """Raise what has silenced a patient console, now that all is done and saved.

    Raises:
        OSError: the output could not be written.
    """
    if isinstance(console.file, PatientStream) and console.file.failure is not None:
        raise console.file.failure


def shows_greys(console: Console) -> bool:
    """Whether the console has enough colors for shades of gray."""
    return not console.no_color and console.color_system in {"256", "truecolor"}


def shows_pixels(console: Console) -> bool:
    """Whether half blocks in shades can stand for pixels."""
    return shows_greys(console) and not console.options.ascii_only


def _never_fail_to_encode(stream: TextIO, environ: Mapping[str, str]) -> None:
    if not isinstance(stream, io.TextIOWrapper):
        return
    if _asks_for_ascii(environ):
        stream.reconfigure(encoding="ascii", errors="replace")
    else:
        stream.reconfigure(errors="replace")


def _asks_for_ascii(environ: Mapping[str, str]) -> bool:
    """Whether the locale is ASCII; POSIX takes the first variable that is set and not empty."""
    names = () if sys.platform == "win32" else ("LC_ALL", "LC_CTYPE", "LANG")
    return next((environ[name] for name in names if environ.get(name)), "") in {"C", "POSIX"}
