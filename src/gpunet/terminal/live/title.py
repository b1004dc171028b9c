"""The terminal's title, and its progress indicator in a tab or the taskbar, during work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Caption", "Title"]

KEEP, GIVE_BACK = "\x1b[22;0t", "\x1b]2;\x07\x1b[23;0t"
"""Codes to save and restore the title; terminals that cannot save it end up with an empty title."""

NO_PROGRESS = "\x1b]9;4;0\x1b\\"


class Caption(NamedTuple):
    """Progress of the work for the title.

    Args:
        share: the share of the work that is done, 0 to 1.
        words: other information, such as the loss; may be empty.
        paused: whether the work is paused.
    """

    share: float
    words: str = ""
    paused: bool = False


class Title:
    """Codes for a terminal's title; empty for terminals without one.

    Args:
        environ: the environment, which identifies the terminal.
        separator: the text between the percentage and the words.
    """

    def __init__(self, environ: Mapping[str, str], separator: str) -> None:
        self._titled = environ.get("TERM", "") not in ("", "linux", "dumb")
        self._knows_progress = _knows_progress(environ)
        self._separator = separator
        self._told = ""

    def begin(self) -> str:
        """The code that saves the terminal's own title."""
        self._told = ""
        return KEEP if self._titled else ""

    def tell(self, caption: Caption | None) -> str:
        """The codes that show this progress; empty if nothing has changed."""
        if caption is None:
            return ""
        percent = int(100 * min(max(caption.share, 0.0), 1.0))
        words = [f"gpunet {percent} %", *([caption.words] if caption.words else [])]
        code = f"\x1b]2;{self._separator.join(words)}\x07" if self._titled else ""
        if self._knows_progress:
            code += f"\x1b]9;4;{4 if caption.paused else 1};{percent}\x1b\\"
        before, self._told = self._told, code
        return "" if code == before else code

    def end(self) -> str:
        """The codes that restore the terminal's own title and remove the progress indicator."""
        progress = NO_PROGRESS if self._knows_progress else ""
        return (GIVE_BACK if self._titled else "") + progress


def _knows_progress(environ: Mapping[str, str]) -> bool:
    """Whether the terminal supports OSC 9;4; others may show the code as a message."""
    program = environ.get("TERM_PROGRAM", "")
    return (
        "WT_SESSION" in environ
        or environ.get("ConEmuANSI") == "ON"
        or program in ("WezTerm", "ghostty")
        or (program == "iTerm.app" and "P" in environ.get("TERM_FEATURES", ""))
    )
