"""Results are saved wherever that can still be done, and replace nothing unless asked to.

How a file is written belongs to ``training.output``.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from gpunet.errors import OutputError
from gpunet.terminal.live.notes import complain, note

__all__ = ["in_place", "save", "told", "write"]


def write(content: Callable[[Path], object], path: Path, *, force: bool) -> Path:
    """Write a result without replacing any file that is there, unless ``force`` says so.

    Args:
        content: writes it at a path.
        path: where it is wanted.
        force: whether a file that is there gives way.

    Returns:
        Where it is: at ``path``, or under the first free name such as ``model-2.safetensors``.

    Raises:
        OutputError: it cannot be written.
    """
    from gpunet.files.output import free_place

    with contextlib.nullcontext(path) if force else free_place(path) as place:
        content(place)
    return place


def save(content: Callable[[Path], object], path: Path, *, force: bool) -> Path | None:
    """Write a result as ``write`` does, else into the temporary folder; the user is told.

    Returns:
        Where it ended up; ``None`` if it could be written nowhere.
    """
    try:
        return write(content, path, force=force)
    except OutputError as error:
        complain(error)
    try:
        fallback = Path(tempfile.mkdtemp(prefix="gpunet-")) / path.name
        content(fallback)
    except (OutputError, OSError) as error:
        complain(f"nor can it be kept in the temporary folder: {error}")
        return None
    note(f"it is saved as {fallback} instead")
    return fallback


def in_place(saved: Path | None, wanted: Path) -> bool:
    """Whether a result is in the folder that it was wanted in."""
    return saved is not None and saved.parent == wanted.parent


def told(saved: Path, wanted: Path | None) -> str:
    """Where a result is, and why it has another name than the one that was wanted."""
    if wanted is None or not in_place(saved, wanted) or saved == wanted:
        return str(saved)
    return f"{saved}, as {wanted.name} was there before (--force replaces it)"
