"""The meaning of a table's cells: numbers with a point or a comma, and missing cells."""

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
"""Marks of a missing value in any column, besides an empty cell; case does not matter."""

MISSING_NUMBERS = (*MISSING_WORDS, "none", "nil", "missing", "-", "--", ".")
"""Marks of a missing value in a column of numbers; in a column of words, they are words."""

FLAGS = {"true": "1", "false": "0"}
"""Words that are numbers."""

THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)

_WORDS, _NUMBERS = frozenset({"", *MISSING_WORDS}), frozenset({"", *MISSING_NUMBERS})

CellAt = Callable[[int, int], tuple[int, int, str]]
"""Gives the row, the column and the text of the number in row i, column j of an array."""


def is_missing(cell: str, *, number: bool) -> bool:
    """Whether a cell means that its value is missing.

    Args:
        cell: text of the cell.
        number: whether the other cells of its column hold numbers.
    """
    return cell.strip().casefold() in (_NUMBERS if number else _WORDS)


def meaning(cell: str) -> str:
    """A cell of a column of numbers in a form that numpy reads: NaN if missing, 1 for True."""
    plain = cell.strip().casefold()
    return "nan" if plain in _NUMBERS else FLAGS.get(plain, cell)


def holds_number(cell: str) -> bool:
    """Whether a cell may occur in a column of numbers; missing ones may."""
    return is_numeric(cell) or meaning(cell) is not cell


def gap_pattern(separator: str) -> re.Pattern[str]:
    """A pattern for cells that ``meaning`` changes, in lines without quotes.

    The lines must be enclosed in line ends; group 1 is the character before a cell. Beginning with
    that one character, and skipping digits, makes the search fast.
    """
    marks = "|".join(map(re.escape, (*MISSING_NUMBERS, *FLAGS)))
    edge = re.escape(separator)
    blank = rf"[^\S\n{edge}]*"
    cell = rf"{blank}(?:(?:{marks}){blank})?"  # takes time proportional to the number of blanks
    return re.compile(rf"([{edge}\n])(?![-+.]?\d){cell}(?=[{edge}\n])", re.IGNORECASE)


class Decimal:
    """Finds out whether a table's numbers have decimal commas, and reads all of them alike.

    ``1,234`` alone is ambiguous: it may be 1.234 or 1234. A number like ``0,4`` or ``2,50`` is not.

    Args:
        head: head of the table.
    """

    def __init__(self, head: Head) -> None:
        self._head = head
        self._comma = self._point = self._doubtful = ""
        self._plain = False

    def pointed(self, cell: str, row: int, column: int) -> str:
        """The cell with its decimal comma replaced by a point; other texts are unchanged."""
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
        """Remember a number with a decimal point, from a text without decimal commas."""
        if self._point or "." not in text:
            return
        fractions = np.argwhere((numbers != np.rint(numbers)) & ~np.isnan(numbers))
        if len(fractions):
            row, column, cell = cell_at(*map(int, fractions[0]))
            self._point = self._described(cell, row, column)

    def numbers(self, cells: NDArray[Any], rows: NDArray[Any], column: int) -> NDArray[np.float64]:
        """Read the numbers (n,) in cells that were kept as text; NaN if missing.

        Args:
            cells: (n,) texts, each of which ``holds_number``.
            rows: (n,) numbers of the rows in messages.
            column: index of their column.
        """
        pairs = zip(cells.tolist(), rows.tolist(), strict=True)
        return np.array([float(self.pointed(meaning(cell), row, column)) for cell, row in pairs])

    def require_plain(self) -> None:
        """Raise a DataError if the meaning of a comma in a number is ambiguous."""
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
