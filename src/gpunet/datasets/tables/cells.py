"""What the cells of a table mean: numbers with a point or a comma, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.readers.features import is_number, is_numeric
from gpunet.datasets.readers.files import shown
from gpunet.errors import DataError

if TYPE_CHECKING:
    from gpunet.datasets.tables.sheet import Head

__all__ = ["CellAt", "Decimal", "gap_pattern", "holds_number", "is_missing", "meaning"]

MISSING_WORDS = ("na", "n/a", "#n/a", "<na>", "n.a.", "nan", "null", "?")
"""What stands for a missing value in any column, beside an empty cell; capitals do not count."""

MISSING_NUMBERS = (*MISSING_WORDS, "none", "nil", "missing", "-", "--", ".")
"""What stands for a missing value in a column of numbers; among words these may be words."""

FLAGS = {"true": "1", "false": "0"}
"""The words that are numbers."""

THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)

_WORDS, _NUMBERS = frozenset({"", *MISSING_WORDS}), frozenset({"", *MISSING_NUMBERS})

CellAt = Callable[[int, int], tuple[int, int, str]]
"""The row, the column and the text of the number in row i, column j of an array."""


def is_missing(cell: str, *, number: bool) -> bool:
    """Whether a cell says that its value is not known.

    Args:
        cell: its text.
        number: whether the other cells of its column hold numbers.
    """
    return cell.strip().casefold() in (_NUMBERS if number else _WORDS)


def meaning(cell: str) -> str:
    """A cell of a column of numbers as numpy reads it: what is missing is NaN, True is 1."""
    plain = cell.strip().casefold()
    return "nan" if plain in _NUMBERS else FLAGS.get(plain, cell)


def holds_number(cell: str) -> bool:
    """Whether a cell may stand in a column of numbers, what is missing among them."""
    return is_numeric(cell) or meaning(cell) is not cell


def gap_pattern(separator: str) -> re.Pattern[str]:
    """Finds the cells in lines without quotes that ``meaning`` changes.

    A line end must stand before and after the lines; what stands before a cell is group 1. To
    begin with that one character, and to pass over digits, is what makes the search fast.
    """
    marks = "|".join(map(re.escape, (*MISSING_NUMBERS, *FLAGS)))
    edge = re.escape(separator)
    blank = rf"[^\S\n{edge}]*"
    cell = rf"{blank}(?:(?:{marks}){blank})?"  # which takes time in proportion to its blanks
    return re.compile(rf"([{edge}\n])(?![-+.]?\d){cell}(?=[{edge}\n])", re.IGNORECASE)


class Decimal:
    """Whether the numbers of a table have decimal commas, so that all of them are read alike.

    ``1,234`` alone does not tell: it may be 1.234 or 1234. A number like ``0,4`` or ``2,50`` does.

    Args:
        head: what the table says of its columns.
    """

    def __init__(self, head: Head) -> None:
        self._head = head
        self._comma = self._point = self._doubtful = ""
        self._plain = False

    def pointed(self, cell: str, row: int, column: int) -> str:
        """The cell with a decimal point in place of a comma; other texts stay as they are."""
        if "," not in cell:
            if "." in cell and not self._point and is_number(cell):
                self._point = self._described(cell, row, column)
            return cell
        number = cell.strip()
        if not is_numeric(number):
            return cell
        self._comma = self._comma or self._described(cell, row, column)
        self._plain = self._plain or not THOUSANDS.fullmatch(number)
        if not self._plain:
            self._doubtful = self._doubtful or self._described(cell, row, column)
        return number.replace(",", ".")

    def note_points(self, text: str, numbers: NDArray[np.float64], cell_at: CellAt) -> None:
        """Remember a number with a decimal point in a text that has no decimal commas."""
        if self._point or "." not in text:
            return
        fractions = np.argwhere((numbers != np.rint(numbers)) & ~np.isnan(numbers))
        if len(fractions):
            row, column, cell = cell_at(*map(int, fractions[0]))
            self._point = self._described(cell, row, column)

    def numbers(self, cells: NDArray[Any], rows: NDArray[Any], column: int) -> NDArray[np.float64]:
        """The numbers (n,) in cells that were kept as text; NaN where one is missing.

        Args:
            cells: (n,) texts, each of which ``holds_number``.
            rows: (n,) what messages call them.
            column: that they stand in.
        """
        pairs = zip(cells.tolist(), rows.tolist(), strict=True)
        return np.array([float(self.pointed(meaning(cell), row, column)) for cell, row in pairs])

    def require_plain(self) -> None:
        """Raise a DataError unless it is plain what every comma in a number means."""
        if self._comma and self._point:
            raise DataError(
                f"{self._comma}, with a decimal comma, but {self._point}, with a decimal point; "
                "write all numbers alike"
            )
        if self._doubtful and not self._plain:
            raise DataError(
                f"{self._doubtful}, which may mean a fraction or thousands; write numbers with a "
                "decimal point"
            )

    def _described(self, cell: str, row: int, column: int) -> str:
        return f"{self._head.cell(row, column)} is {shown(cell.strip())}"
