"""Text as rows of cells: the numbers in the cells, quotes, decimal commas, and what is wrong.

What the columns mean is not known here. The text is UTF-8, packed with gzip or not; it is read
block by block and cells become numbers at once, so that a file takes little more memory than its
numbers.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gpunet.config import LARGEST_NUMBER
from gpunet.datasets.dataset import TOO_LARGE
from gpunet.datasets.readers.features import is_number, is_numeric
from gpunet.datasets.readers.files import require_memory, shown, unpacked
from gpunet.datasets.readers.first_lines import Head, is_enough, read_beginning, split_cells
from gpunet.datasets.readers.labels import TEXT
from gpunet.errors import DataError

__all__ = [
    "Pick",
    "Picked",
    "Sheet",
    "column_name",
    "read_sheet",
    "read_text",
]

BLOCK = 1 << 20  # bytes of text parsed at once; parsing takes some 60 times as much memory
LONGEST_LINE = 1 << 26  # bytes
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Picked:
    """Which columns are read; the others are passed over.

    Args:
        texts: columns to be kept as they are written.
        numbers: columns of numbers, in the order in which they are wanted.
        advice: what a message adds where a cell of the latter is no number.
    """

    texts: tuple[int, ...]
    numbers: tuple[int, ...]
    advice: str = ""


Pick = Callable[[Head], Picked]
PlaceOf = Callable[[int, int], tuple[int, int, str]]
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
                self._point = self._place(cell, line, column)
            return cell
        number = cell.strip()
        if not is_numeric(number):
            return cell
        self._comma = self._comma or self._place(cell, line, column)
        self._plain = self._plain or not THOUSANDS.fullmatch(number)
        if not self._plain:
            self._doubtful = self._doubtful or self._place(cell, line, column)
        return number.replace(",", ".")

    def note_points(self, block: str, numbers: NDArray[np.float64], place: PlaceOf) -> None:
        """Remember a number with a decimal point in a block of text that has no decimal commas."""
        if self._point or "." not in block:
            return
        fractions = np.argwhere(numbers != np.rint(numbers))
        if len(fractions):
            line, column, cell = place(*map(int, fractions[0]))
            self._point = self._place(cell, line, column)

    def require_plain(self) -> None:
        """Check that it is plain what every comma in a number means.

        Raises:
            DataError: it is not.
        """
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

    def _place(self, cell: str, line: int, column: int) -> str:
        return f"{cell_name(self._head, line, column)} is {shown(cell.strip())}"


@dataclass(slots=True, eq=False)
class Sheet:
    """A file's rows.

    Args:
        head: what the file says of its columns.
        picked: the columns that were read.
        texts: by column, blocks of ``TEXT``, or of uint8 where a whole block holds such numbers.
        numbers: blocks (rows, K) of the picked columns of numbers, uint8 or float64.
        lines: (n,) the line of the file, counted from 1, that each row stands in.
        decimal: how the file's fractions are written.
    """

    head: Head
    picked: Picked
    texts: dict[int, list[NDArray[Any]]]
    numbers: list[NDArray[Any]]
    lines: NDArray[np.int64]
    decimal: Decimal

    def __len__(self) -> int:
        return len(self.lines)

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
        parsed = {column: place for place, column in enumerate(self.picked.numbers)}
        sources = [(to, parsed[column]) for to, column in enumerate(columns) if column in parsed]
        to, of = ([pair[side] for pair in sources] for side in (0, 1))
        first = 0
        while self.numbers:
            block = self.numbers.pop(0)  # freed as soon as it is copied
            features[first : first + len(block), to] = block[:, of]
            first += len(block)
        for column, parts in kept.items():
            features[:, list(columns).index(column)] = np.concatenate(parts)
        self.decimal.require_plain()
        return features

    def _as_numbers(self, column: int) -> list[NDArray[Any]]:
        """The blocks (rows,) of a column that was kept as text."""
        blocks: list[NDArray[Any]] = []
        first = 0
        for block in self.texts[column]:
            lines = self.lines[first : first + len(block)]
            first += len(block)
            if block.dtype != TEXT:
                blocks.append(block)
                continue
            rows = [(int(line), [cell]) for line, cell in zip(lines, block.tolist(), strict=True)]
            blocks.append(
                _numbers(self.head, self.decimal, rows, (column,), self.picked.advice)[:, 0]
            )
        return blocks


def read_sheet(path: Path, pick: Pick) -> Sheet:
    """Read the rows of a file.

    Args:
        path: of the text, packed with gzip or not.
        pick: says which columns to read, once it is known which there are.

    Raises:
        DataError: the file is unreadable or no table, its rows are of different lengths, or a
            picked cell is no finite number.
    """
    with unpacked(path) as (file, _):
        return read_text(file, str(path), pick)


def read_text(file: BinaryIO, name: str, pick: Pick) -> Sheet:
    """Read the rows of an open file, as ``read_sheet`` does."""
    reader = _Reader(name, pick)
    for block in _blocks(file, name):
        reader.add(block)
    return reader.sheet()


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


@dataclass(slots=True)
class _Reader:
    """Takes a text block by block and keeps the picked columns."""

    name: str
    pick: Pick
    start: str = ""
    separator: str = ","
    next_line: int = 1
    head: Head | None = None
    picked: Picked = field(default_factory=lambda: Picked((), ()))
    decimal: Decimal = field(init=False)
    texts: dict[int, list[NDArray[Any]]] = field(default_factory=dict)
    numbers: list[NDArray[Any]] = field(default_factory=list)
    lines: list[NDArray[np.int64]] = field(default_factory=list)
    size: int = 0

    def add(self, block: str) -> None:
        """Take the next whole lines."""
        if self.head is None:
            self.start += block
            if not is_enough(self.start):
                return
            block = self._begin()
        self._take(block)

    def sheet(self) -> Sheet:
        """All rows.

        Raises:
            DataError: there is none.
        """
        if self.head is None:
            self._take(self._begin())
        if not self.lines or self.head is None:
            raise DataError(f"{self.name} holds no rows of data; wanted a label and features each")
        lines = np.concatenate(self.lines)
        return Sheet(self.head, self.picked, self.texts, self.numbers, lines, self.decimal)

    def _begin(self) -> str:
        """Learn the columns from the first lines; those lines without what stands before rows."""
        text, self.start = self.start, ""
        beginning = read_beginning(text, self.name)
        if beginning is None:
            self.next_line += text.count("\n")
            return ""
        self.head, self.separator, lines, rest = beginning
        self.next_line += lines
        self.picked = self.pick(self.head)
        self.texts = {column: [] for column in self.picked.texts}
        self.decimal = Decimal(self.head)
        return rest

    def _take(self, block: str) -> None:
        """Take whole lines that hold rows."""
        if block and not block.isspace():
            if not self._take_bytes(block):
                self._take_text(block)
            blocks = [self.numbers[-1], *(blocks[-1] for blocks in self.texts.values())]
            self.size += sum(part.nbytes for part in blocks)
            require_memory(self.name, self.size)
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
        if self.head is None or cells.shape != (lines, self.head.columns):
            return False
        for column, blocks in self.texts.items():
            blocks.append(cells[:, column].copy())
        self.numbers.append(np.ascontiguousarray(cells[:, list(self.picked.numbers)]))
        self.lines.append(np.arange(self.next_line, self.next_line + lines))
        return True

    def _take_text(self, block: str) -> None:
        """Take a block of any cells."""
        assert self.head is not None
        rows = [
            (number, line)
            for number, line in enumerate(block.split("\n"), start=self.next_line)
            if line and not line.isspace()
        ]
        if '"' in block or (self.separator != "," and "," in block):
            parted = [(number, self._parted(number, line)) for number, line in rows]
            wanted = self.picked.numbers
            of_numbers = [(number, [cells[i] for i in wanted]) for number, cells in parted]
            numbers = _numbers(self.head, self.decimal, of_numbers, wanted, self.picked.advice)
            for column, blocks in self.texts.items():
                blocks.append(np.array([cells[column].strip() for _, cells in parted], TEXT))
        else:
            numbers = self._plain_numbers(block, rows)
            for column, blocks in self.texts.items():
                cells = [self._cell(line, column).strip() for _, line in rows]
                blocks.append(np.array(cells, TEXT))
        self.numbers.append(numbers)
        self.lines.append(np.array([number for number, _ in rows], np.int64))

    def _plain_numbers(self, block: str, rows: list[tuple[int, str]]) -> NDArray[np.float64]:
        """The picked numbers (rows, K) of lines that hold neither quotes nor decimal commas."""
        assert self.head is not None
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

        def place(row: int, column: int) -> tuple[int, int, str]:
            number, line = rows[row]
            return number, wanted[column], self._cell(line, wanted[column])

        if parsed is None:
            cells = ((number, line.split(self.separator)) for number, line in rows)
            picked = ((number, [row[i] for i in wanted]) for number, row in cells)
            raise _bad_cell(self.head, picked, wanted, self.picked.advice)
        _refuse_unbounded(self.head, parsed, place)
        self.decimal.note_points(block, parsed, place)
        return parsed

    def _parted(self, number: int, line: str) -> list[str]:
        """A line's cells, as many as in the first line."""
        cells = split_cells(line, self.separator) if '"' in line else line.split(self.separator)
        self._require_count(number, len(cells))
        return cells

    def _require_count(self, number: int, count: int) -> None:
        wanted = 0 if self.head is None else self.head.columns
        if count != wanted:
            raise DataError(
                f"line {number:,} of {self.name} has {count:,} columns, wanted {wanted:,} as in "
                "the first line; fix or remove the line"
            )

    def _cell(self, line: str, column: int) -> str:
        """One cell of a line without quotes."""
        if self.head is not None and column == self.head.columns - 1:
            return line.rpartition(self.separator)[2]
        return line.split(self.separator, column + 1)[column]


def _numbers(
    head: Head,
    decimal: Decimal,
    rows: Sequence[tuple[int, list[str]]],
    columns: Sequence[int],
    advice: str,
) -> NDArray[np.float64]:
    """The numbers (rows, columns) in cells that may be quoted or have decimal commas.

    Args:
        head: what the file says of its columns.
        decimal: is told how fractions are written.
        rows: the line and the cells of each row.
        columns: of the file, that each cell of a row stands in.
        advice: what the message adds where a cell is no number.
    """
    if not columns:
        return np.empty((len(rows), 0))
    texts = []
    for number, cells in rows:
        placed = zip(cells, columns, strict=True)
        texts.append("|".join(decimal.pointed(cell, number, column) for cell, column in placed))
    numbers = _parsed(texts, "|", None)
    if numbers is None or numbers.shape[1] != len(columns):
        raise _bad_cell(head, rows, columns, advice)
    _refuse_unbounded(head, numbers, lambda i, j: (rows[i][0], columns[j], rows[i][1][j]))
    return numbers


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


def _bad_cell(
    head: Head, rows: Iterable[tuple[int, list[str]]], columns: Sequence[int], advice: str
) -> DataError:
    """The error for the first cell that is no number."""
    for number, cells in rows:
        for column, cell in zip(columns, cells, strict=True):
            if is_numeric(cell):
                continue
            seen = shown(cell.strip()) if cell.strip() else "empty"
            if any(map(str.isdigit, cell)) and "," in cell:
                advice = "; write it with a decimal point and no other marks"
            return DataError(
                f"{cell_name(head, number, column)} is {seen}, wanted a number{advice}"
            )
    return DataError(f"{head.name} holds a feature that is no number; fix it")


def _refuse_unbounded(head: Head, numbers: NDArray[np.float64], place: PlaceOf) -> None:
    """Check that float32 has room for every number."""
    bad = np.argwhere(~(np.abs(numbers) <= LARGEST_NUMBER))
    if not len(bad):
        return
    line, column, cell = place(*map(int, bad[0]))
    seen = f"{cell_name(head, line, column)} is {cell.strip()[:40]}"
    if any(map(str.isdigit, cell)):
        raise DataError(f"{seen}, {TOO_LARGE}")
    raise DataError(f"{seen}, wanted a finite number; fill in or leave out what is not known")
