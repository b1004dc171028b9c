"""The terminal's title and its sign of progress, in a tab or the taskbar, while work goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Caption", "Title"]

KEEP, GIVE_BACK = "\x1b[22;0t", "\x1b]2;\x07\x1b[23;0t"
"""Have the terminal keep its title, and set it again; where it cannot, it has none afterwards."""

NO_PROGRESS = "\x1b]9;4;0\x1b\\"


class Caption(NamedTuple):
    """How far the work is, in short.

    Args:
        share: that is done.
        words: what else is worth knowing, as far as it is known.
        paused: whether it stands still.
    """

    share: float
    words: str = ""
    paused: bool = False


class Title:
    """Codes for the title of one terminal; none for those that have no title.

    Args:
        environ: says which terminal it is.
        separator: between percent and words.
    """

    def __init__(self, environ: Mapping[str, str], separator: str) -> None:
        self._titled = environ.get("TERM", "") not in ("", "linux", "dumb")
        self._knows_progress = _knows_progress(environ)
        self._separator = separator
        self._told = ""

    def begin(self) -> str:
        """What keeps the terminal's own title."""
        self._told = ""
        return KEEP if self._titled else ""

    def tell(self, caption: Caption | None) -> str:
        """What says how far the work is; nothing if that is what was told before."""
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
        """What gives the terminal back its own title and ends the progress."""
        progress = NO_PROGRESS if self._knows_progress else ""
        return (GIVE_BACK if self._titled else "") + progress


def _knows_progress(environ: Mapping[str, str]) -> bool:
    """Whether the terminal knows OSC 9;4; others may show the code as a message."""
    program = environ.get("TERM_PROGRAM", "")
    return (
        "WT_SESSION" in environ
        or environ.get("ConEmuANSI") == "ON"
        or program in ("WezTerm", "ghostty")
        or (program == "iTerm.app" and "P" in environ.get("TERM_FEATURES", ""))
    )
