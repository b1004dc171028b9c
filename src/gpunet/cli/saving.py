"""Saves results wherever that is still possible, and replaces no file unless asked to.

``files.output`` writes the files.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gpunet.errors import DataError, OutputError
from gpunet.terminal.live.notes import complain, note

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Results", "require_images", "save_plot", "written_to"]


class Results:
    """The files that a command writes; if one cannot be written, the others still are.

    Args:
        force: replace existing files.
    """

    def __init__(self, *, force: bool) -> None:
        self.written: dict[str, str] = {}
        """The place of each result in words, by its name: ``model``, ``report``."""
        self.paths: dict[str, Path] = {}
        """The path of each result, for commands."""
        self.complete = True
        """Whether all results are at the requested paths."""
        self._force = force

    def save(self, name: str, content: Callable[[Path], object], wanted: Path | None) -> None:
        """Write a result, with a warning into the temporary folder if need be.

        Args:
            name: the kind of result, such as ``model``.
            content: writes it at a path.
            wanted: the requested path; ``None`` to write nothing.
        """
        if wanted is None:
            return

        def write(path: Path) -> None:
            content(path)
            self.paths[name] = path

        try:
            self.written[name] = written_to(write, wanted, force=self._force)
            return
        except OutputError as error:
            complain(error)
        self.complete = False
        try:
            fallback = Path(tempfile.mkdtemp(prefix="gpunet-")) / wanted.name
            write(fallback)
        except (OutputError, OSError) as error:
            complain(f"nor can it be kept in the temporary folder: {error}")
        else:
            note(f"it is saved as {fallback} instead")
            self.written[name] = str(fallback)


def require_images(name: str, image_shape: tuple[int, int] | None) -> tuple[int, int]:
    """The images' height and width.

    Raises:
        DataError: the samples are not images.
    """
    if image_shape is None:
        raise DataError(
            f"the samples of {name!r} are no images, so there is nothing to draw; leave out --plot"
        )
    return image_shape


def save_plot(
    console: Console, content: Callable[[Path], object], wanted: Path, *, force: bool
) -> None:
    """Draw a plot into a file, and say where it is.

    Raises:
        OutputError: it cannot be written.
    """
    console.print(f"plot: {written_to(content, wanted, force=force)}", soft_wrap=True)


def written_to(content: Callable[[Path], object], wanted: Path, *, force: bool) -> str:
    """Write a result under the first free name such as ``model-2.safetensors``; where it is."""
    from gpunet.files.output import free_path

    with contextlib.nullcontext(wanted) if force else free_path(wanted) as path:
        content(path)
    if path == wanted:
        return str(path)
    return f"{path}, as {wanted.name} was there before (--force replaces it)"
