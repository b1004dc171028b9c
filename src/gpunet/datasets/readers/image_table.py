"""Tables of image files and their labels: recognized, and refused."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

from gpunet.datasets.readers.files import open_file, shown
from gpunet.datasets.readers.image_folder import SUFFIXES
from gpunet.errors import DataError

__all__ = ["refuse_table_of_images"]

ROWS = 20  # of a table that are looked at
BYTES = 1 << 16  # of a table that are looked at
MOST_FILES = 100_000  # beside a table that are looked at, to find them named in it


def refuse_table_of_images(table: Path) -> None:
    """Check that a table is not one of labels for images.

    It is one if a column of its first rows holds names of image files, or names that are those of
    images beside the table but for their ends (``id,label``).

    Raises:
        DataError: it is one, or the file cannot be read.
    """
    with open_file(table) as file:
        text = file.read(BYTES).decode("utf-8", "replace")
    lines = [line for line in text.splitlines() if line.strip()][1 : ROWS + 1]
    rows = [[cell.strip(' "') for cell in re.split("[,;\t]", line)] for line in lines]
    stems: set[str] | None = None
    for column in zip(*rows, strict=False):
        is_named = all(Path(cell).suffix.lower() in SUFFIXES for cell in column)
        if not is_named and len(column) > 1 and len(set(column)) == len(column):
            stems = set(_stems_beside(table)) if stems is None else stems
            is_named = stems.issuperset(column)
        if is_named:
            raise DataError(
                f"{table} names images, such as {shown(column[0])}, and tables of labels for "
                "images are not read; put every image into a folder that has its label as the "
                "name, and give the folder that holds those, without the table"
            )


def _stems_beside(table: Path) -> Iterator[str]:
    """The names, without their ends, of the images beside a table and in the folders beside it."""
    files = itertools.islice(_files(table.parent, deeper=True), MOST_FILES)
    return (path.stem for path in map(Path, files) if path.suffix.lower() in SUFFIXES)


def _files(folder: str | Path, *, deeper: bool) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir():
                    yield entry.name
                elif deeper:
                    yield from _files(entry.path, deeper=False)
    except OSError:  # others' folders may be closed to the user
        return
