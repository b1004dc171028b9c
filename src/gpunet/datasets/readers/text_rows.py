"""Text as rows of cells: the numbers in the cells, quotes, decimal commas, and what is wrong.

What the columns mean is not known here. The text is UTF-8, packed or not; it is read
block by block and cells become numbers at once, so that a file takes little more memory than its
numbers.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gpunet.config import LARGEST_NUMBER
from gpunet.datasets.dataset import TOO_LARGE
from gpunet.datasets.readers.features import is_number, is_numeric
from gpunet.datasets.readers.files import shown
from gpunet.datasets.readers.first_lines import (
    Beginning,
    Head,
    is_enough,
    read_beginning,
    split_cells,
)
from gpunet.datasets.readers.labels import TEXT
from gpunet.datasets.readers.packed import unpacked
from gpunet.datasets.spool import require_memory
from gpunet.errors import DataError

__all__ = [
    "Pick",
    "Picked",
    "Sheet",
    "column_name",
    "read_blocks",
    "read_sheet",
    "read_text",
]

BLOCK = 1 << 20  # bytes of text parsed at once; parsing takes some 60 times as much memory
LONGEST_LINE = 1 << 26  # bytes
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Picked:
    """Which columns are read; the others are passed over."""

    texts: tuple[int, ...]  # columns to be kept as they are written
    numbers: tuple[int, ...]  # columns of numbers, in the order in which they are wanted
    advice: str = ""  # what a message adds where a cell of the latter is no number
    index: int | None = None  # one of the texts that keeps zeros in front, as names of rows do


Pick = Callable[[Head], Picked]
CellAt = Callable[[int, int], tuple[int, int, str]]
"""The line, the column and the text of the number in row i, column j of an array."""


class Decimal:
    """Whether the numbers of a file have decimal commas, so that all of them are read alike.

    ``1,234`` alone does not tell: it may be 1.234 or 1234. A number like ``0,4`` or ``2,50`` does.

    Args:
        head: what the file says of its columns.
    """

    def __init__(self, head: Head) -> None:
        self._head = head
        self._comma = self._point = self._doubtful = ""
        self._plain = False

    def pointed(self, cell: str, line: int, column: int) -> str:
        """The cell with a decimal point in place of a comma; other texts stay as they are."""
        if "," not in cell:
            if "." in cell and not self._point and is_number(cell):
                self._point = self._described(cell, line, column)
            return cell
        number = cell.strip()
        if not is_numeric(number):
            return cell
        self._comma = self._comma or self._described(cell, line, column)
        self._plain = self._plain or not THOUSANDS.fullmatch(number)
        if not self._plain:
            self._doubtful = self._doubtful or self._described(cell, line, column)
        return number.replace(",", ".")

    def note_points(self, block: str, numbers: NDArray[np.float64], cell_at: CellAt) -> None:
        """Remember a number with a decimal point in a block of text that has no decimal commas."""
        if self._point or "." not in block:
            return
        fractions = np.argwhere(numbers != np.rint(numbers))
        if len(fractions):
            line, column, cell = cell_at(*map(int, fractions[0]))
            self._point = self._described(cell, line, column)

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

    def _described(self, cell: str, line: int, column: int) -> str:
        return f"{cell_name(self._head, line, column)} is {shown(cell.strip())}"


@dataclass(slots=True, eq=False)
class Sheet:
    """A file's rows, which are taken block by block; only the picked columns are kept."""

    head: Head  # what the file says of its columns
    separator: str  # what stands between its cells
    picked: Picked  # the columns that are read
    next_line: int  # the line of the file, counted from 1, that is taken next
    # By column, blocks of ``TEXT``, or of uint8 where a whole block holds such numbers.
    texts: dict[int, list[NDArray[Any]]] = field(init=False)
    # Blocks (rows, K) of the picked columns of numbers, uint8 or float64.
    numbers: list[NDArray[Any]] = field(default_factory=list)
    # Blocks (rows,) of the lines that the rows stand in.
    lines_of: list[NDArray[np.int64]] = field(default_factory=list)
    _decimal: Decimal = field(init=False)
    _size: int = 0

    def __post_init__(self) -> None:
        self.texts = {column: [] for column in self.picked.texts}
        self._decimal = Decimal(self.head)

    def __len__(self) -> int:
        return sum(map(len, self.lines_of))

    @property
    def lines(self) -> NDArray[np.int64]:
        """The line of the file, counted from 1, that each row (n,) stands in."""
        return np.concatenate(self.lines_of)

    def following(self) -> Sheet:
        """A sheet for the rows after these, whose numbers are read as they are here."""
        sheet = Sheet(self.head, self.separator, self.picked, self.next_line)
        sheet._decimal = self._decimal
        return sheet

    def text(self, column: int) -> NDArray[Any]:
        """The cells (n,) of a column that was kept as text; uint8 if they all are such numbers."""
        blocks = self.texts[column]
        if any(block.dtype == TEXT for block in blocks):
            blocks = [block.astype(TEXT) for block in blocks]
        return np.concatenate(blocks)

    def take_features(self, columns: Sequence[int]) -> NDArray[Any]:
        """These columns as numbers (n, len(columns)), uint8 or float64; given away only once.

        Raises:
            DataError: a cell is no number.
        """
        kept = {column: self._as_numbers(column) for column in columns if column in self.texts}
        blocks = [*self.numbers, *(block for column in kept.values() for block in column)]
        kind = np.uint8 if all(block.dtype == np.uint8 for block in blocks) else np.float64
        features = np.empty((len(self), len(columns)), kind)
        parsed = {column: index for index, column in enumerate(self.picked.numbers)}
        sources = [(to, parsed[column]) for to, column in enumerate(columns) if column in parsed]
        to, of = ([pair[side] for pair in sources] for side in (0, 1))
        first = 0
        while self.numbers:
            block = self.numbers.pop(0)  # freed as soon as it is copied
            features[first : first + len(block), to] = block[:, of]
            first += len(block)
        for column, parts in kept.items():
            features[:, list(columns).index(column)] = np.concatenate(parts)
        self._decimal.require_plain()
        return features

    def _as_numbers(self, column: int) -> list[NDArray[Any]]:
        """A column that was kept as text, as blocks (rows,) of numbers."""
        blocks: list[NDArray[Any]] = []
        for block, lines in zip(self.texts[column], self.lines_of, strict=True):
            if block.dtype == TEXT:
                cells = zip(lines.tolist(), block.tolist(), strict=True)
                rows = [(line, [cell]) for line, cell in cells]
                blocks.append(self._numbers(rows, (column,))[:, 0])
            else:
                blocks.append(block)
        return blocks

    def take(self, block: str) -> None:
        """Take whole lines that hold rows.

        Raises:
            DataError: a line has more or fewer cells than the first one, or a picked cell is no
                finite number.
        """
        if block and not block.isspace():
            if not self._take_bytes(block):
                self._take_text(block)
            blocks = [self.numbers[-1], *(blocks[-1] for blocks in self.texts.values())]
            self._size += sum(part.nbytes for part in blocks)
            require_memory(self.head.name, self._size)
        self.next_line += block.count("\n")

    def _take_bytes(self, block: str) -> bool:
        """Take a block whose cells are all whole numbers from 0 to 255, if they are."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                cells = np.loadtxt(
                    io.StringIO(block),
                    dtype=np.uint8,
                    delimiter=self.separator,
                    comments=None,
                    ndmin=2,
                )  # (rows, columns)
        except (ValueError, Warning):
            return False
        lines = block.rstrip("\n").count("\n") + 1
        if cells.shape != (lines, self.head.columns):
            return False
        for column, blocks in self.texts.items():
            if column == self.picked.index:
                texts = [self._cell(line, column).strip() for line in block.split("\n")[:lines]]
                blocks.append(np.array(texts, TEXT))
            else:
                blocks.append(cells[:, column].copy())
        self.numbers.append(np.ascontiguousarray(cells[:, list(self.picked.numbers)]))
        self.lines_of.append(np.arange(self.next_line, self.next_line + lines))
        return True

    def _take_text(self, block: str) -> None:
        """Take a block of any cells."""
        rows = [
            (number, line)
            for number, line in enumerate(block.split("\n"), start=self.next_line)
            if line and not line.isspace()
        ]
        if '"' in block or (self.separator != "," and "," in block):
            parted = [(number, self._parted(number, line)) for number, line in rows]
            wanted = self.picked.numbers
            of_numbers = [(number, [cells[i] for i in wanted]) for number, cells in parted]
            numbers = self._numbers(of_numbers, wanted)
            texts = {column: [cells[column] for _, cells in parted] for column in self.texts}
        else:
            numbers = self._plain_numbers(block, rows)
            texts = {
                column: [self._cell(line, column) for _, line in rows] for column in self.texts
            }
        for column, cells in texts.items():
            self.texts[column].append(np.array([cell.strip() for cell in cells], TEXT))
        self.numbers.append(numbers)
        self.lines_of.append(np.array([number for number, _ in rows], np.int64))

    def _plain_numbers(self, block: str, rows: list[tuple[int, str]]) -> NDArray[np.float64]:
        """The picked numbers (rows, K) of lines that hold neither quotes nor decimal commas."""
        for number, line in rows:
            self._require_count(number, line.count(self.separator) + 1)
        wanted = self.picked.numbers
        if not wanted:
            return np.empty((len(rows), 0))
        parsed = _parsed(
            [line for _, line in rows],
            self.separator,
            None if wanted == tuple(range(self.head.columns)) else wanted,
        )

        def cell_at(row: int, column: int) -> tuple[int, int, str]:
            number, line = rows[row]
            return number, wanted[column], self._cell(line, wanted[column])

        if parsed is None:
            cells = ((number, line.split(self.separator)) for number, line in rows)
            picked = ((number, [row[i] for i in wanted]) for number, row in cells)
            raise self._bad_cell(picked, wanted)
        self._refuse_unbounded(parsed, cell_at)
        self._decimal.note_points(block, parsed, cell_at)
        return parsed

    def _numbers(
        self, rows: Sequence[tuple[int, list[str]]], columns: Sequence[int]
    ) -> NDArray[np.float64]:
        """The numbers (rows, columns) in cells that may be quoted or have decimal commas.

        Args:
            rows: the line and the cells of each row.
            columns: of the file, that each cell of a row stands in.
        """
        if not columns:
            return np.empty((len(rows), 0))
        texts = []
        for number, cells in rows:
            placed = zip(cells, columns, strict=True)
            pointed = (self._decimal.pointed(cell, number, column) for cell, column in placed)
            texts.append("|".join(pointed))
        numbers = _parsed(texts, "|", None)
        if numbers is None or numbers.shape[1] != len(columns):
            raise self._bad_cell(rows, columns)
        self._refuse_unbounded(numbers, lambda i, j: (rows[i][0], columns[j], rows[i][1][j]))
        return numbers

    def _parted(self, number: int, line: str) -> list[str]:
        """A line's cells, as many as in the first line."""
        cells = split_cells(line, self.separator) if '"' in line else line.split(self.separator)
        self._require_count(number, len(cells))
        return cells

    def _require_count(self, number: int, count: int) -> None:
        if count != self.head.columns:
            raise DataError(
                f"line {number:,} of {self.head.name} has {count:,} columns, wanted "
                f"{self.head.columns:,} as in the first line; fix or remove the line"
            )

    def _cell(self, line: str, column: int) -> str:
        """One cell of a line without quotes."""
        if column == self.head.columns - 1:
            return line.rpartition(self.separator)[2]
        return line.split(self.separator, column + 1)[column]

    def _bad_cell(self, rows: Iterable[tuple[int, list[str]]], columns: Sequence[int]) -> DataError:
        """The error for the first cell that is no number."""
        for number, cells in rows:
            for column, cell in zip(columns, cells, strict=True):
                if is_numeric(cell):
                    continue
                seen = shown(cell.strip()) if cell.strip() else "empty"
                advice = self.picked.advice
                if any(map(str.isdigit, cell)) and "," in cell:
                    advice = "; write it with a decimal point and no other marks"
                return DataError(
                    f"{cell_name(self.head, number, column)} is {seen}, wanted a number{advice}"
                )
        return DataError(f"{self.head.name} holds a feature that is no number; fix it")

    def _refuse_unbounded(self, numbers: NDArray[np.float64], cell_at: CellAt) -> None:
        """Check that every number is finite, and that float32 has room for it."""
        bad = np.argwhere(~(np.abs(numbers) <= LARGEST_NUMBER))
        if not len(bad):
            return
        line, column, cell = cell_at(*map(int, bad[0]))
        seen = f"{cell_name(self.head, line, column)} is {cell.strip()[:40]}"
        if any(map(str.isdigit, cell)):
            raise DataError(f"{seen}, {TOO_LARGE}")
        raise DataError(f"{seen}, wanted a finite number; fill in or leave out what is not known")


def read_sheet(path: Path, pick: Pick) -> Sheet:
    """Read the rows of a file.

    Args:
        path: of the text, packed or not.
        pick: says which columns to read, once it is known which there are.

    Raises:
        DataError: the file is unreadable or no table, its rows are of different lengths, or a
            picked cell is no finite number.
    """
    with unpacked(path) as (file, _):
        return read_text(file, str(path), pick)


def read_text(file: BinaryIO, name: str, pick: Pick) -> Sheet:
    """Read the rows of an open file, as ``read_sheet`` does."""
    sheet, blocks = _begun(file, name, pick)
    for block in blocks:
        sheet.take(block)
    if not sheet.lines_of:
        raise _no_rows(name)
    return sheet


def read_blocks(file: BinaryIO, name: str, pick: Pick) -> Iterator[Sheet]:
    """Read the rows of an open file block by block, so that any number of them takes little memory.

    Raises:
        DataError: as ``read_sheet``, once what came before has been given out.
    """
    sheet, blocks = _begun(file, name, pick)
    empty = True
    for block in blocks:
        sheet.take(block)
        if sheet.lines_of:
            empty = False
            yield sheet
        sheet = sheet.following()
    if empty:
        raise _no_rows(name)


def _begun(file: BinaryIO, name: str, pick: Pick) -> tuple[Sheet, Iterator[str]]:
    """A sheet without rows as yet, and the blocks of text that hold them."""
    blocks = _blocks(file, name)
    beginning, line = _beginning(blocks, name)
    sheet = Sheet(beginning.head, beginning.separator, pick(beginning.head), line)
    return sheet, chain([beginning.rest], blocks)


def _beginning(blocks: Iterator[str], name: str) -> tuple[Beginning, int]:
    """The first lines of a table, and the number of the line that its first row stands in."""
    line, start = 1, ""
    for block in chain(blocks, [""]):
        start += block
        if block and not is_enough(start):
            continue
        if (beginning := read_beginning(start, name)) is not None:
            return beginning, line + beginning.lines
        line += start.count("\n")
        start = ""
    raise _no_rows(name)


def _no_rows(name: str) -> DataError:
    return DataError(f"{name} holds no rows of data; wanted a label and features each")


def column_name(head: Head, column: int) -> str:
    """What a message calls a column, counted from 0."""
    title = f" ({shown(head.titles[column])})" if head.titles else ""
    return f"column {column + 1:,}{title}"


def cell_name(head: Head, line: int, column: int) -> str:
    """What a message calls a cell; the column is counted from 0."""
    return f"line {line:,}, {column_name(head, column)} of {head.name}"


def _blocks(file: BinaryIO, name: str) -> Iterator[str]:
    """The file's text in blocks of whole lines, every line end a newline."""
    rest = b""
    first = True
    while chunk := file.read(BLOCK):
        if first:
            chunk = chunk.removeprefix(b"\xef\xbb\xbf")  # the byte order mark of Excel
            first = False
        end = chunk.rfind(b"\n") + 1
        if end:
            yield _decoded(rest + chunk[:end], name)
            rest = chunk[end:]
        else:
            rest += chunk
        if len(rest) > LONGEST_LINE:
            raise DataError(
                f"{name} has a line of more than {LONGEST_LINE >> 20} MiB; it is no CSV table, "
                "write one sample per line"
            )
    if rest:
        yield _decoded(rest, name)


def _decoded(block: bytes, name: str) -> str:
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not UTF-8 text; save it again as CSV in UTF-8") from error
    if "\0" in text:
        raise DataError(f"{name} holds binary data, wanted CSV text; check the file's name")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _parsed(
    lines: Sequence[str], separator: str, columns: Sequence[int] | None
) -> NDArray[np.float64] | None:
    """The numbers in some lines (rows, K); ``None`` if a cell is no number."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # it warns of texts that are all empty
            numbers = np.loadtxt(
                lines, np.float64, delimiter=separator, usecols=columns, comments=None, ndmin=2
            )
    except (ValueError, Warning):
        return None
    return numbers if len(numbers) == len(lines) else None  # it leaves out empty texts
