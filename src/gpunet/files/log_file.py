"""The log of a run: lines for people, each with the time."""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path

__all__ = ["append_lines"]


def append_lines(path: Path, text: str) -> None:
    """Append lines, each after the local time with its zone; lost if the file is not writable."""
    now = datetime.now().astimezone().isoformat(" ", "seconds")
    lines = "".join(f"{now}  {line}\n" for line in text.splitlines())
    with contextlib.suppress(OSError), path.open("ab") as file:
        file.write(lines.encode("utf-8", errors="backslashreplace"))
