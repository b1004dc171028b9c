"""Errors and notes on stderr.

On a terminal, a message is wrapped at words, its first word is colored, and the suggested next
move is on a line of its own. Anywhere else, as in a log, a message is one line.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import textwrap

__all__ = ["complain", "next_move", "note", "note_load", "one_line", "wrapped"]

BUSY = 0.5
"""Load average per processor above which a machine counts as busy."""

MOVES = {
    *("add", "ask", "call", "change", "check", "choose", "connect", "convert"),
    *("create", "crop", "fetch", "fill", "fix", "give", "join", "leave"),
    *("let", "make", "name", "number", "open", "print", "put", "raise"),
    *("reinstall", "remove", "rename", "reshape", "resume", "run", "save", "scale"),
    *("see", "set", "shorten", "start", "take", "train", "try", "unpack"),
    *("unset", "use", "write"),
}
"""Verbs that start the next move in a message such as "what is wrong; leave out --plot"."""

BREAK = re.compile(r"; (?:did you mean |`gpunet |for [a-z ]+ give )|; (?P<verb>[a-z]+)\b")


def complain(message: object) -> None:
    """Print an error to stderr."""
    _tell("error", message)


def note(message: object) -> None:
    """Print a note to stderr, as stdout may be reserved for results."""
    _tell("note", message)


def note_load() -> None:
    """Print a note if other programs keep the processors too busy for a reliable measurement."""
    processors = os.cpu_count() or 1
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0  # Windows has none
    if load > BUSY * processors:
        note(
            f"this machine is busy, with a load of {load:.1f} on {processors} processors, so what "
            "is measured varies; run it again when it is idle"
        )


def one_line(text: str) -> str:
    """A text on one line, with control characters shown as escapes."""
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


def next_move(message: str) -> tuple[str, str]:
    """Split a message into what is wrong and the next move, which may be empty.

    Example:
        >>> next_move("--lr is 0, wanted a number above 0; did you mean 0.1?")
        ('--lr is 0, wanted a number above 0', 'did you mean 0.1?')
    """
    for found in BREAK.finditer(message):
        if found["verb"] is None or found["verb"] in MOVES:
            return message[: found.start()], message[found.start() + 2 :]
    return message, ""


def _tell(kind: str, message: object) -> None:
    line = one_line(str(message))
    with contextlib.suppress(OSError):  # work goes on even if stderr cannot be written to
        if sys.stderr.isatty():
            _show(kind, line)
        else:
            print(f"{kind}: {line}", file=sys.stderr)


def _show(kind: str, line: str) -> None:
    """Print a message on a terminal."""
    from rich.text import Text

    from gpunet.terminal.draw.style import Ink
    from gpunet.terminal.live.console import make_console

    ink = Ink.WRONG if kind == "error" else Ink.WARNING
    console = make_console(stream=sys.stderr, ask=False)
    cause, move = next_move(line)
    for name, style, said in ((kind, ink, cause), ("tip", Ink.RIGHT, move)):
        if said:
            text = Text(wrapped(name.rjust(len(kind)) + ": ", said, console.width))
            text.stylize(style, 0, len(kind))
            text.stylize(Ink.STRONG, 0, len(kind))
            console.print(text, soft_wrap=True)


def wrapped(head: str, text: str, width: int) -> str:
    """The text after ``head``, wrapped at words and indented below it; long words stay whole."""
    return textwrap.fill(
        text,
        max(width, len(head) + 1),
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
