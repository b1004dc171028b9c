"""Opens tables of all formats, and reads them whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from gpunet.datasets.progress import Progress, untold
from gpunet.datasets.tables.arff import open_arff
from gpunet.datasets.tables.libsvm import open_libsvm
from gpunet.datasets.tables.sheet import Head, Pick, Picked, Sheet, Table, Word
from gpunet.datasets.tables.table_names import (
    ARFF_ENDS,
    LIBSVM_ENDS,
    TYPED_ENDS,
    WORKBOOK_ENDS,
    table_end,
)
from gpunet.datasets.tables.text_rows import open_text
from gpunet.datasets.tables.typed_files import open_typed
from gpunet.datasets.tables.workbooks import open_workbook

__all__ = ["gather", "open_sheet", "read_whole"]

OPENERS: Mapping[str, Callable[[Path, Pick], AbstractContextManager[Sheet]]] = {
    **dict.fromkeys(ARFF_ENDS, open_arff),
    **dict.fromkeys(LIBSVM_ENDS, open_libsvm),
    **dict.fromkeys(TYPED_ENDS, open_typed),
    **dict.fromkeys(WORKBOOK_ENDS, open_workbook),
}
"""Openers of tables by the ending of the name; all others are text."""


def open_sheet(source: Path | BinaryIO, pick: Pick) -> AbstractContextManager[Sheet]:
    """Open a table; it is usable while the context is open.

    Args:
        source: path of the file, or an open file, which messages call the standard input.
        pick: chooses the columns to read once the columns are known.

    Raises:
        DataError: the file is unreadable or not a table; also while rows are read.
    """
    if isinstance(source, Path) and (end := table_end(source.name)) in OPENERS:
        return OPENERS[end](source, pick)
    return open_text(source, pick)


def read_whole(source: Path | BinaryIO, pick: Pick) -> Table:
    """Read all rows of a table that ``open_sheet`` opens."""
    with open_sheet(source, pick) as sheet:
        return Table.of(sheet)


def gather(path: Path, pick: Pick, tell: Progress = untold) -> tuple[Table, dict[int, Word]]:
    """Read all rows of a table without knowing which columns hold words.

    Columns that turn out to hold words are kept as text. Usually the first block shows them;
    otherwise the file is read a second time.

    Args:
        path: path of the table.
        pick: as for ``open_sheet``.
        tell: called with the bytes or rows read so far.

    Returns:
        The table, and the first word of each column that was picked as numbers but holds words.
    """
    words: dict[int, Word] = {}
    while True:
        found: dict[int, Word] = {}
        with open_sheet(path, partial(_with_texts, pick, frozenset(words))) as sheet:
            table = Table(sheet)
            for block in sheet.blocks:
                found = {**block.words, **found}
                table.add(block)
                _tell_of(table, sheet, path, tell)
                if found and len(table.blocks) == 1:
                    break
        if not found:
            return table, words
        words |= found


def _tell_of(table: Table, sheet: Sheet, path: Path, tell: Progress) -> None:
    """Report how far a table is read."""
    if sheet.position is not None:
        tell(f"reading {path.name}", sheet.position(), path.stat().st_size, "bytes")
    else:
        tell(f"reading {path.name}, {len(table):,} rows", 0, 0)


def _with_texts(pick: Pick, columns: frozenset[int], head: Head) -> Picked:
    """The picked columns, with some columns of numbers as texts."""
    picked = pick(head)
    numbers = tuple(column for column in picked.numbers if column not in columns)
    return Picked((*picked.texts, *(at for at in picked.numbers if at in columns)), numbers)
