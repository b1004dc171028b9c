"""The common form of tables from all readers: a head, and rows in blocks.

This module knows nothing about the meaning of columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpunet.config import LARGEST_NUMBER
from gpunet.datasets.dataset import TOO_LARGE
from gpunet.datasets.readers.files import shown
from gpunet.datasets.readers.labels import TEXT
from gpunet.datasets.spool import Aside, require_memory
from gpunet.datasets.tables.cells import CellAt, Decimal
from gpunet.errors import DataError

__all__ = ["Block", "Head", "Pick", "Picked", "Sheet", "Table", "Word", "refuse_unbounded"]

Unit = Literal["line", "row"]
"""The word for a row in messages: a line of a file, or a row of a data frame."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a table: its columns, known before the first row."""

    name: str  # name of the file
    columns: int  # number of columns
    titles: tuple[str, ...] | None  # titles of all columns, or ``None`` if the file has none
    unit: Unit = "line"
    # By column, the words that it may hold according to the file, in order.
    levels: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    is_open: bool = False  # whether any number of further columns of zeros may follow the last

    def column(self, column: int) -> str:
        """The name in messages of a column, counted from 0."""
        title = f" ({shown(self.titles[column])})" if self.titles else ""
        return f"column {column + 1:,}{title}"

    def cell(self, row: int, column: int) -> str:
        """The name of a cell in messages; ``row`` is the number from its block."""
        return f"{self.unit} {row:,}, {self.column(column)} of {self.name}"


@dataclass(frozen=True, slots=True)
class Picked:
    """The columns to read; the others are skipped."""

    texts: tuple[int, ...]  # columns to keep as written
    numbers: tuple[int, ...]  # columns of numbers, in the wanted order


Pick = Callable[[Head], Picked]


class Word(NamedTuple):
    """A cell that is not a number in a column that should hold numbers."""

    row: int  # row number from the block
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some rows of a table, with the columns that were picked.

    Args:
        rows: (n,) int64 numbers of the rows in messages.
        numbers: (n, K) uint8 or float64, the picked columns of numbers in their order; NaN if
            missing, never infinite.
        texts: by column (n,) texts, or numbers of any type if the whole block holds numbers.
        words: by column of ``numbers``, the first cell of this block that is not a number; such
            cells are NaN.
    """

    rows: NDArray[np.int64]
    numbers: NDArray[np.uint8] | NDArray[np.float64]
    texts: Mapping[int, NDArray[Any]]
    words: Mapping[int, Word] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A table whose rows are read block by block, once.

    Args:
        head: head of the table.
        picked: the columns to read.
        blocks: the rows in non-empty blocks.
        decimal: interpretation of decimal commas, complete once all rows are read.
        notice: what the user should know about the file, or ``None``.
        position: bytes of the file read so far; ``None`` if unknown.
    """

    head: Head
    picked: Picked
    blocks: Iterator[Block]
    decimal: Decimal
    notice: str | None = None
    position: Callable[[], int] | None = None


class Table:
    """The rows of a sheet; many numbers are kept in a file.

    Args:
        sheet: the sheet whose blocks are added.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.head, self.picked, self.decimal = sheet.head, sheet.picked, sheet.decimal
        self.notice = sheet.notice
        self.blocks: list[Block] = []
        self._aside = Aside(sheet.head.name)
        self._size = 0

    @classmethod
    def of(cls, sheet: Sheet) -> Table:
        """Read all rows of a sheet."""
        table = cls(sheet)
        for block in sheet.blocks:
            table.add(block)
        return table

    def add(self, block: Block) -> None:
        """Keep a block.

        Raises:
            DataError: there is no room for the numbers, or the texts exceed the limit for memory.
        """
        self._size += sum(text.nbytes for text in block.texts.values())
        require_memory(self.head.name, self._size)
        self.blocks.append(replace(block, numbers=self._aside.put(block.numbers)))

    def __len__(self) -> int:
        return sum(map(len, self.blocks))

    @property
    def rows(self) -> NDArray[np.int64]:
        """The number of each row (n,) in messages."""
        return np.concatenate([block.rows for block in self.blocks])

    def text(self, column: int) -> NDArray[Any]:
        """The cells (n,) of a column that was kept as text; numbers if all blocks hold numbers."""
        blocks = [block.texts[column] for block in self.blocks]
        if any(block.dtype == TEXT for block in blocks):
            blocks = [block.astype(TEXT, copy=False) for block in blocks]
        return np.concatenate(blocks)

    def numbers(self, column: int) -> NDArray[np.float64]:
        """The numbers (n,) of a column that was read as numbers, NaN if missing."""
        place = self.picked.numbers.index(column)
        cells = np.concatenate([block.numbers[:, place] for block in self.blocks])
        return cells.astype(np.float64)


def refuse_unbounded(head: Head, numbers: NDArray[np.float64], cell_at: CellAt) -> None:
    """Raise a DataError if a number is infinite or too large for float32."""
    bad = np.argwhere(np.abs(numbers) > LARGEST_NUMBER)
    if not len(bad):
        return
    row, column, cell = cell_at(*map(int, bad[0]))
    seen = f"{head.cell(row, column)} is {cell.strip()[:40]}"
    if any(map(str.isdigit, cell)):
        raise DataError(f"{seen}, {TOO_LARGE}")
    raise DataError(f"{seen}, wanted a finite number; fill in or leave out what is not known")
