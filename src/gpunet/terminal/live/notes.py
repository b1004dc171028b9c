"""Lines on the standard error: what went wrong and what the user should know.

On a terminal a message is wrapped at words, its first word is colored, and the next move stands
on a line of its own. Anywhere else, as in a log, it is one line.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import textwrap

__all__ = ["complain", "next_move", "note", "note_load", "one_line", "wrapped"]

BUSY = 0.5
"""Programs that want to run for each processor, from which on a machine is busy."""

MOVES = {
    *("add", "ask", "call", "change", "check", "choose", "connect", "convert"),
    *("create", "crop", "fetch", "fill", "fix", "give", "join", "leave"),
    *("let", "make", "name", "number", "open", "print", "put", "raise"),
    *("reinstall", "remove", "rename", "reshape", "resume", "run", "save", "scale"),
    *("see", "set", "shorten", "start", "take", "train", "try", "unpack"),
    *("unset", "use", "write"),
}
"""Words that the next move begins with, in messages such as "what is wrong; leave out --plot"."""

BREAK = re.compile(r"; (?:did you mean |`gpunet |for [a-z ]+ give )|; (?P<verb>[a-z]+)\b")


def complain(message: object) -> None:
    """Say what went wrong."""
    _tell("error", message)


def note(message: object) -> None:
    """Say what is worth knowing where the standard output is kept for results."""
    _tell("note", message)


def note_load() -> None:
    """Say that a measurement will tell too little where other programs keep the processors busy."""
    processors = os.cpu_count() or 1
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0  # Windows has none
    if load > BUSY * processors:
        note(
            f"this machine is busy, with a load of {load:.1f} on {processors} processors, so what "
            "is measured varies; run it again when it is idle"
        )


def one_line(text: str) -> str:
    """A text in one line, what it holds of control characters made visible."""
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


def next_move(message: str) -> tuple[str, str]:
    """What is wrong, and the next move, which is empty if the message tells none.

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
    with contextlib.suppress(OSError):  # where nobody can be warned, the work still goes on
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
    """Lines that end between words; a path or a command that is longer than a line stays whole."""
    return textwrap.fill(
        text,
        max(width, len(head) + 1),
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
