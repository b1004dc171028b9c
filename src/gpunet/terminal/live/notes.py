"""Lines on the standard error: what went wrong and what the user should know."""

from __future__ import annotations

import contextlib
import sys

__all__ = ["complain", "note", "one_line"]


def complain(message: object) -> None:
    """Say what went wrong, in one line."""
    _print(f"error: {one_line(str(message))}")


def note(message: object) -> None:
    """Say what is worth knowing where the standard output is kept for results."""
    _print(f"note: {one_line(str(message))}")


def one_line(text: str) -> str:
    """A text in one line, what it holds of control characters made visible."""
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


def _print(line: str) -> None:
    with contextlib.suppress(OSError):  # where nobody can be warned, the work still goes on
        print(line, file=sys.stderr)
