"""Reads tables of images: one column names the files, another gives their classes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path, PurePosixPath

import numpy as np

from gpunet.datasets.dataset import Dataset
from gpunet.datasets.progress import Progress
from gpunet.datasets.readers.files import shown
from gpunet.datasets.readers.image_files import SUFFIXES, Found, dataset_of_images
from gpunet.datasets.readers.labels import TEXT, RawLabels, number_classes
from gpunet.datasets.readers.packed import unpacked
from gpunet.datasets.readers.parts import Part, given_validation, part_of
from gpunet.datasets.tables.first_lines import Beginning, read_beginning, split_cells, tabbed
from gpunet.datasets.tables.named_columns import named_label
from gpunet.datasets.tables.sheet import Head
from gpunet.datasets.tables.text_rows import closed, text_blocks
from gpunet.datasets.tables.titles import is_index_title, may_be_label_title
from gpunet.errors import DataError, spelled

__all__ = ["ImageTable", "find_image_table", "read_image_tables"]

ROWS = 20  # rows of a table that are checked for names of images
DEPTH = 2  # depth of nested folders that are searched for the images
MOST_FOLDERS = 1000  # folders that are searched
MOST_FILES = 200_000  # images after which no further folder is searched


@dataclass(frozen=True, slots=True)
class ImageTable:
    """A table that names images.

    Args:
        path: path of the table.
        beginning: first lines of the table.
        column: number of the column that names the images.
        folder: folder to which the names are relative.
        images: images in and below the folder.
    """

    path: Path
    beginning: Beginning
    column: int
    folder: Path
    images: Images


def find_image_table(path: Path) -> ImageTable | None:
    """Recognize a table of images; ``None`` if it is another kind of table.

    It names images if, in the first rows, a column holds file names with an image's ending, or the
    names without endings of images next to the table (``id,label``).

    Raises:
        DataError: the file cannot be read.
    """
    with unpacked(path) as (file, _):
        text = next(closed(text_blocks(file, str(path))), "")
    if not text or (beginning := read_beginning(text, str(path))) is None:
        return None
    lines = [line for line in beginning.rest.split("\n", 2 * ROWS) if line.strip()][:ROWS]
    rows = [split_cells(line, beginning.separator) for line in lines]
    images = Images()
    for column, cells in enumerate(zip(*rows, strict=False)):
        if not all(cells) or len({*cells}) < len(cells):
            continue
        is_named = all(map(_ends_like_an_image, cells))
        if not is_named and (len(cells) < 2 or any("." in cell for cell in cells)):
            continue
        folder, found = images.start_of(path, cells)
        if is_named or found == len(cells):
            return ImageTable(path, beginning, column, folder, images)
    return None


def read_image_tables(
    tables: Mapping[Part, ImageTable], label: str | None, progress: Progress | None
) -> Dataset:
    """Read the images that tables name, with their labels.

    Args:
        tables: tables of the parts, ``train`` first.
        label: column of the label, as for ``named_columns.named_label``; ``None`` to choose it.
        progress: called with a text, the number of images read, and the total.

    Raises:
        DataError: the label's column is unclear, an image is missing or cannot be read, or a label
            cannot be a class.
        UsageError: ``label`` names no column.
    """
    rows = {part: _rows(table, label) for part, table in tables.items()}
    classes = number_classes(*(labels for _, labels in rows.values()))
    found: dict[Part, Found] = {
        part: list(zip(paths, numbers.tolist(), strict=True))
        for (part, (paths, _)), numbers in zip(rows.items(), classes.numbers, strict=True)
    }
    notices = [_left_out(tables, rows), classes.notice]
    if "val" in found:
        named = f"that {tables['val'].path.name} names"
        notices.append(given_validation(len(found["val"]), "images", named))
    root = tables["train"].path
    root = root if len(tables) == 1 else root.parent
    return dataset_of_images(found, classes.names, root, notices, progress)


def _rows(table: ImageTable, label: str | None) -> tuple[list[Path], RawLabels]:
    """The images that a table names, and their labels."""
    head = table.beginning.head
    column = _label_column(head, table.column, label)
    paths: list[Path] = []
    labels: list[str] = []
    lines: list[int] = []
    missing: list[str] = []
    for line, cells in _cells(table):
        if (image := table.images.find(table.folder, cells[table.column])) is None:
            missing.append(cells[table.column])
        else:
            paths.append(image)
            labels.append(cells[column].strip())
            lines.append(line)
    if missing:
        raise DataError(
            f"{table.path} names {len(missing):,} images that are not in {table.folder}, "
            f"{shown(missing[0])} the first of them; add them, or remove their lines"
        )
    return paths, RawLabels(str(table.path), np.array(labels, TEXT), np.array(lines), unit="line")


def _label_column(head: Head, image: int, label: str | None) -> int:
    """The labels' column: named by the user, recognized by its title, or the only one left."""
    named = named_label(head, label)
    if named is not None and named != image:
        return named
    titles = head.titles or ("",) * head.columns
    others = [
        column
        for column, title in enumerate(titles)
        if column != image and not (head.titles and is_index_title(title))
    ]
    likely = [column for column in others if may_be_label_title(titles[column])]
    for columns in (others, likely):
        if len(columns) == 1 and named is None:
            return columns[0]
    listed = ", ".join(head.column(column) for column in others)
    if not others:
        raise DataError(
            f"{head.name} has no column beside the one that names images, wanted their labels in "
            "another; give a table that tells them"
        )
    raise DataError(
        f"{head.name} names images in {head.column(image)} and does not tell which column is "
        f"the label; there are {listed}; name one with {spelled('label')}"
    )


def _cells(table: ImageTable) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table: line numbers and cells."""
    head, separator, before, _, blanks = table.beginning
    if head.titles and _ends_like_an_image(head.titles[table.column]):
        yield before, list(head.titles)  # a table of words without titles
    with unpacked(table.path) as (file, _):
        number = 0
        texts = closed(text_blocks(file, str(table.path)))
        for line in chain.from_iterable(text.removesuffix("\n").split("\n") for text in texts):
            number += 1
            if number > before and line.strip():
                cells = split_cells(tabbed(line) if blanks else line, separator)
                if len(cells) != head.columns:
                    raise DataError(
                        f"line {number:,} of {table.path} has {len(cells):,} columns, wanted "
                        f"{head.columns:,} as in the first line; fix or remove the line"
                    )
                yield number, cells
            number += line.count("\r")


class Images:
    """The images in and below a folder, listed lazily, folder by folder."""

    def __init__(self) -> None:
        self._listed: dict[Path, dict[str, str]] = {}
        self._count = 0

    def start_of(self, table: Path, names: tuple[str, ...]) -> tuple[Path, int]:
        """The folder in which most names of a table are images, and the number of those."""
        part = part_of(table.stem)
        best, most = table.parent, (0, False)
        for folder in islice(_folders(table.parent), MOST_FOLDERS):
            found = sum(self.find(folder, name) is not None for name in names)
            rank = found, part is not None and part_of(folder.name) == part
            if found and rank > most:
                best, most = folder, rank
            if self._count > MOST_FILES:
                break
        return best, most[0]

    def find(self, folder: Path, name: str) -> Path | None:
        """The image with this name in a table, with or without its ending."""
        parts = PurePosixPath(name.strip().replace("\\", "/")).parts
        if not parts or ".." in parts:
            return None
        inner = folder.joinpath(*parts[:-1])
        if not inner.is_relative_to(folder):  # an absolute path, or one of another drive
            return None
        files = self.named(inner)
        file = files.get(parts[-1]) or files.get(_unpadded(parts[-1]))
        return None if file is None else inner / file

    def named(self, folder: Path) -> Mapping[str, str]:
        """A folder's images by name, also without endings and without leading zeros."""
        if folder not in self._listed:
            files = sorted(filter(_ends_like_an_image, _names(folder)))
            self._count += len(files)
            stems = {Path(file).stem: file for file in files}
            self._listed[folder] = {
                **{_unpadded(stem): file for stem, file in stems.items()},
                **stems,
                **{file: file for file in files},
            }
        return self._listed[folder]


def _folders(root: Path) -> Iterator[Path]:
    """A folder and the folders up to two levels below it, without hidden ones."""
    level = [root]
    for _ in range(DEPTH):
        yield from level
        level = [outer / name for outer in level for name in _names(outer, folders=True)]
    yield from level


def _names(folder: Path, *, folders: bool = False) -> list[str]:
    """The names of a folder's visible files or folders."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_dir() == folders]
    except OSError:  # the user may have no access to a folder
        return []
    return sorted(name for name in names if not name.startswith("."))


def _unpadded(name: str) -> str:
    """A name without leading zeros, which spreadsheets remove from numbers."""
    return name.lstrip("0") or "0"


def _left_out(
    tables: Mapping[Part, ImageTable], rows: Mapping[Part, tuple[list[Path], RawLabels]]
) -> str | None:
    """A notice about images that the tables do not name, if there are any."""
    used = {path for paths, _ in rows.values() for path in paths}
    folders = {path.parent for path in used}
    images = tables["train"].images
    beside = sum(len(set(images.named(folder).values())) for folder in folders) - len(used)
    names = [table.path.name for table in tables.values()]
    whose = f"{names[0]} does" if len(names) == 1 else f"{' and '.join(names)} do"
    return f"{beside:,} images that {whose} not name are left out" if beside else None


def _ends_like_an_image(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES
