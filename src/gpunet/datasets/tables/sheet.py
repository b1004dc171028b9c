"""A table as every reader of one gives it: what its columns are called, and its rows in blocks.

What the columns mean is not known here.
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
"""What messages call a row of a table: a line of a file, or a row of a data frame."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a table says of its columns before its first row."""

    name: str  # of the file
    columns: int  # how many there are
    titles: tuple[str, ...] | None  # of all columns, or ``None`` if the file has none
    unit: Unit = "line"
    # By column, the words that the file says it may hold, in order.
    levels: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    is_open: bool = False  # whether further columns of zeros may be thought of after the last one

    def column(self, column: int) -> str:
        """What a message calls a column, counted from 0."""
        title = f" ({shown(self.titles[column])})" if self.titles else ""
        return f"column {column + 1:,}{title}"

    def cell(self, row: int, column: int) -> str:
        """What a message calls a cell; the row is called as its block says."""
        return f"{self.unit} {row:,}, {self.column(column)} of {self.name}"


@dataclass(frozen=True, slots=True)
class Picked:
    """Which columns are read; the others are passed over."""

    texts: tuple[int, ...]  # columns to be kept as they are written
    numbers: tuple[int, ...]  # columns of numbers, in the order in which they are wanted


Pick = Callable[[Head], Picked]


class Word(NamedTuple):
    """A cell that is no number, though its column should hold numbers."""

    row: int  # as the block calls it
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some rows of a table, with the columns that were picked.

    Args:
        rows: (n,) int64, what messages call each row.
        numbers: (n, K) uint8 or float64, the picked columns of numbers in their order; NaN where a
            number is missing. None is infinite.
        texts: (n,) by column, ``TEXT``, or numbers of any type where the whole block holds some.
        words: the first cell that is no number, by column of ``numbers`` that holds such cells in
            this block; there the numbers are NaN.
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
        head: what it says of its columns.
        picked: the columns that are read.
        blocks: the rows; none is empty.
        decimal: what is known of its decimal commas once the rows are read.
        notice: what the user should know of the file, or ``None``.
        position: bytes of the file that are read; ``None`` where nobody knows.
    """

    head: Head
    picked: Picked
    blocks: Iterator[Block]
    decimal: Decimal
    notice: str | None = None
    position: Callable[[], int] | None = None


class Table:
    """The rows of a sheet; their numbers lie in a file where they are many.

    Args:
        sheet: from which ``add`` takes blocks.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.head, self.picked, self.decimal = sheet.head, sheet.picked, sheet.decimal
        self.notice = sheet.notice
        self.blocks: list[Block] = []
        self._aside = Aside(sheet.head.name)
        self._size = 0

    @classmethod
    def of(cls, sheet: Sheet) -> Table:
        """All rows of a sheet."""
        table = cls(sheet)
        for block in sheet.blocks:
            table.add(block)
        return table

    def add(self, block: Block) -> None:
        """Keep a block.

        Raises:
            DataError: there is no room for the numbers, or the texts take more memory than the
                package will hold.
        """
        self._size += sum(text.nbytes for text in block.texts.values())
        require_memory(self.head.name, self._size)
        self.blocks.append(replace(block, numbers=self._aside.put(block.numbers)))

    def __len__(self) -> int:
        return sum(map(len, self.blocks))

    @property
    def rows(self) -> NDArray[np.int64]:
        """What messages call each row (n,)."""
        return np.concatenate([block.rows for block in self.blocks])

    def text(self, column: int) -> NDArray[Any]:
        """The cells (n,) of a column that was kept as text; numbers if all blocks hold such."""
        blocks = [block.texts[column] for block in self.blocks]
        if any(block.dtype == TEXT for block in blocks):
            blocks = [block.astype(TEXT, copy=False) for block in blocks]
        return np.concatenate(blocks)

    def numbers(self, column: int) -> NDArray[np.float64]:
        """The cells (n,) of a column that was picked as one of numbers, NaN where one lacks."""
        place = self.picked.numbers.index(column)
        cells = np.concatenate([block.numbers[:, place] for block in self.blocks])
        return cells.astype(np.float64)


def refuse_unbounded(head: Head, numbers: NDArray[np.float64], cell_at: CellAt) -> None:
    """Raise a DataError if a number is infinite, or float32 has no room for it."""
    bad = np.argwhere(np.abs(numbers) > LARGEST_NUMBER)
    if not len(bad):
        return
    row, column, cell = cell_at(*map(int, bad[0]))
    seen = f"{head.cell(row, column)} is {cell.strip()[:40]}"
    if any(map(str.isdigit, cell)):
        raise DataError(f"{seen}, {TOO_LARGE}")
    raise DataError(f"{seen}, wanted a finite number; fill in or leave out what is not known")
