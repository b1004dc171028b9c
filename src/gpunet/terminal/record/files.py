"""The file formats of recordings, by file extension."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gpunet.config import Theme
from gpunet.terminal.record.cast import cast
from gpunet.terminal.record.gif import gif
from gpunet.terminal.record.recording import Recording
from gpunet.terminal.record.svg import svg

__all__ = ["FORMATS"]

FORMATS: Mapping[str, Callable[[Recording, Theme], bytes]] = {
    "svg": lambda recording, theme: svg(recording, theme).encode(),
    "gif": gif,
    "cast": lambda recording, theme: cast(recording, theme).encode(),
}
"""For each file extension, a function that returns the file's content."""
