"""Reads tables of typed columns with polars: Parquet, Arrow and JSON lines.

Rows become the same blocks as in text files. A column of equally long lists of numbers stands for
that many columns.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.readers.files import DEFLATE_RATIO, open_file, shown
from gpunet.datasets.readers.labels import TEXT
from gpunet.datasets.tables.cells import Decimal, holds_number
from gpunet.datasets.tables.first_lines import MOST_COLUMNS
from gpunet.datasets.tables.sheet import Block, Head, Pick, Picked, Sheet, Word, refuse_unbounded
from gpunet.errors import DataError, MissingExtraError, spelled

if TYPE_CHECKING:
    import polars as pl

__all__ = ["open_typed"]

LINES_ENDS = (".jsonl", ".ndjson")
STREAM_MAGIC = b"\xff\xff\xff\xff"  # Arrow's format without a footer
OLD_FEATHER_MAGIC = b"FEA1"
FREE = 1 << 30  # bytes of numbers that any file may claim
FREE_TEXT = 1 << 26  # bytes of texts that any file may hold; above, ``DEFLATE_RATIO`` limits both
BYTES_AT_ONCE = 32 << 20  # bytes of numbers in a block

Values: TypeAlias = "pl.Series | NDArray[Any]"
"""Values (n,) of a column of the table."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the file, and the columns of the table that it becomes."""

    name: str
    kind: pl.DataType
    width: int  # length of its lists; 1 for single values
    start: int  # index of the first column in the table

    @property
    def titles(self) -> tuple[str, ...]:
        if self.width == 1:
            return (self.name,)
        return tuple(f"{self.name}_{place}" for place in range(self.width))


@contextmanager
def open_typed(path: Path, pick: Pick) -> Iterator[Sheet]:
    """Open a file's table; its rows are read lazily.

    Args:
        path: path of a file that ends in one of ``table_names.TYPED_ENDS``.
        pick: chooses the columns to read once the columns are known.

    Raises:
        MissingExtraError: polars is not installed.
        DataError: the file is unreadable, or a picked column holds neither numbers nor texts; also
            while rows are read.
    """
    with open_file(path) as file, _reading(path):
        with _quiet():
            frame = _opened(path, file.read(len(STREAM_MAGIC)))
            columns = _columns(path, frame)
            _require_plausible(path, frame, columns)
        titles = tuple(title for column in columns for title in column.titles)
        head = Head(str(path), len(titles), titles, unit="row")
        picked = pick(head)
        decimal = Decimal(head)
        rows = _Rows(head, columns, picked, decimal)
        yield Sheet(head, picked, rows.blocks(frame, path), decimal)


def _opened(path: Path, magic: bytes) -> pl.LazyFrame:
    """Open the table in a file that begins with ``magic``."""
    import polars as pl

    end = path.suffix.lower()
    if end in (".parquet", ".pq"):
        return pl.scan_parquet(path, glob=False, hive_partitioning=False)
    if end in LINES_ENDS:
        return pl.scan_ndjson(escape(str(path)), infer_schema_length=None)
    if magic == OLD_FEATHER_MAGIC:
        raise DataError(
            f"{path} is of the first version of Feather, which is not read; write it again with "
            "pandas' to_feather"
        )
    if magic == STREAM_MAGIC:
        return pl.read_ipc_stream(path).lazy()
    return pl.scan_ipc(path, glob=False, hive_partitioning=False)


def _columns(path: Path, frame: pl.LazyFrame) -> list[_Column]:
    """The columns of a file, with the columns of the table that they become."""
    kinds = frame.collect_schema()
    first = frame.head(1).collect() if any(_is_list(kind) for kind in kinds.values()) else None
    widths = [
        1 if first is None or not _is_list(kind) else _width(first.get_column(name))
        for name, kind in kinds.items()
    ]
    starts = [0, *accumulate(widths)]
    if not 0 < starts[-1] <= MOST_COLUMNS:
        raise DataError(
            f"{path} has {starts[-1]:,} columns, wanted 1 to {MOST_COLUMNS:,}; write one sample "
            "per row"
        )
    fields = zip(kinds.items(), widths, starts, strict=False)
    return [_Column(name, kind, width, start) for (name, kind), width, start in fields]


def _require_plausible(path: Path, frame: pl.LazyFrame, columns: Sequence[_Column]) -> None:
    """Raise a DataError if a file claims implausibly many numbers for its size."""
    import polars as pl

    rows = int(frame.select(pl.len()).collect().item())
    width, held = sum(column.width for column in columns), path.stat().st_size
    if 8 * rows * width > max(FREE, held * DEFLATE_RATIO):
        raise DataError(
            f"{path} promises {rows:,} rows in {held:,} bytes, {width:,} values each; it is "
            "damaged, or next to empty; write it again"
        )


def _is_list(kind: pl.DataType) -> bool:
    import polars as pl

    return isinstance(kind, pl.Array | pl.List)


def _width(values: pl.Series) -> int:
    """The length of the first list, or 1 if it is empty."""
    while _is_list(values.dtype):
        values = values.drop_nulls().explode()
    return max(1, len(values))


class _Rows:
    """Turns a file's rows into blocks.

    Args:
        head: head of the table.
        columns: columns of the file.
        picked: the table's columns to read.
        decimal: learns what commas mean.
    """

    def __init__(
        self, head: Head, columns: list[_Column], picked: Picked, decimal: Decimal
    ) -> None:
        self._head, self._picked, self._decimal = head, picked, decimal
        self._text = 0  # bytes of all texts so far
        wanted = {*picked.texts, *picked.numbers}
        self._columns = [
            column
            for column in columns
            if not wanted.isdisjoint(range(column.start, column.start + column.width))
        ]
        for column in self._columns:
            _require_values(head, column)

    def blocks(self, frame: pl.LazyFrame, path: Path) -> Iterator[Block]:
        """Yield the rows of the table in blocks.

        Raises:
            DataError: there are no rows, lists have different lengths, or a number is infinite.
        """
        width = sum(column.width for column in self._columns)
        size = max(1, BYTES_AT_ONCE // (8 * width))
        most_text = max(FREE_TEXT, path.stat().st_size * DEFLATE_RATIO)
        first = 1
        with _reading(path):
            chosen = frame.select([column.name for column in self._columns])
            for chunk in _quietly(chosen.collect_batches(chunk_size=size, maintain_order=True)):
                text = self._text_of(chunk)
                self._text += text
                if self._text > most_text:
                    raise DataError(
                        f"{path} holds more than {most_text >> 20:,} MiB of texts, as no data of "
                        "its size do; leave out the columns that repeat long ones"
                    )
                at_once = max(1, min(size, BYTES_AT_ONCE * len(chunk) // max(1, text)))
                for rows in chunk.iter_slices(at_once):
                    if len(rows):
                        yield self._block(rows, np.arange(first, first + len(rows)))
                        first += len(rows)
        if first == 1:
            raise DataError(f"{self._head.name} holds no rows of data, wanted a sample in each")

    def _text_of(self, frame: pl.DataFrame) -> int:
        """Bytes of the texts in some rows; repeated texts count each time."""
        import polars as pl

        kinds = (pl.String, pl.Categorical, pl.Enum)
        texts = [frame.get_column(one.name) for one in self._columns if one.kind in kinds]
        return sum(int(text.cast(pl.String).str.len_bytes().sum()) for text in texts)

    def _block(self, frame: pl.DataFrame, rows: NDArray[np.int64]) -> Block:
        values: dict[int, Values] = {}
        for column in self._columns:
            series = frame.get_column(column.name)
            if _is_list(column.kind):
                matrix = self._matrix(column, series, rows)
                values |= {column.start + at: matrix[:, at] for at in range(column.width)}
            else:
                values[column.start] = series
        wanted, words = self._picked.numbers, dict[int, Word]()
        parsed = [self._numbers(values[column], rows, column, words) for column in wanted]
        numbers: NDArray[Any] = np.empty((len(rows), 0))
        if parsed:
            numbers = np.column_stack(parsed)
        texts = {column: _texts(values[column]) for column in self._picked.texts}
        self._refuse_unbounded(rows, wanted, numbers)
        for place, text in texts.items():
            self._refuse_unbounded(rows, (place,), text[:, None])
        return Block(rows, numbers, texts, words)

    def _refuse_unbounded(
        self, rows: NDArray[np.int64], columns: Sequence[int], numbers: NDArray[Any]
    ) -> None:
        """Raise a DataError if numbers (n, K) of some columns are infinite or too large."""

        def cell_at(row: int, place: int) -> tuple[int, int, str]:
            return int(rows[row]), columns[place], str(numbers[row, place])

        if numbers.dtype.kind == "f":
            refuse_unbounded(self._head, numbers, cell_at)

    def _numbers(
        self, values: Values, rows: NDArray[np.int64], column: int, words: dict[int, Word]
    ) -> NDArray[np.uint8] | NDArray[np.float64]:
        """The numbers (n,) of a column, and its first word if it holds words, which become NaN."""
        import polars as pl

        if isinstance(values, np.ndarray):
            return values
        if values.dtype == pl.UInt8 and not values.null_count():
            return values.to_numpy()
        if values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.Null):
            return values.cast(pl.Float64).to_numpy()
        cells = _texts(values)
        for row, cell in zip(rows.tolist(), cells.tolist(), strict=True):
            if not holds_number(cell):
                words[column] = Word(row, cell)
                return np.full(len(rows), np.nan)
        return self._decimal.numbers(cells, rows, column)

    def _matrix(
        self, column: _Column, lists: pl.Series, rows: NDArray[np.int64]
    ) -> NDArray[np.uint8] | NDArray[np.float64]:
        """Convert lists of numbers to an array (n, width).

        Raises:
            DataError: a list differs in length from the first one.
        """
        import polars as pl

        each = 1  # number of lists at this level that come from one row
        while isinstance(lists.dtype, pl.Array | pl.List):
            lengths = lists.arr.len() if isinstance(lists.dtype, pl.Array) else lists.list.len()
            known = lengths.fill_null(0).to_numpy()
            wrong = np.flatnonzero((known != known[0]) | (known == 0))
            if len(wrong):
                raise self._unlike(column, int(rows[wrong[0] // each]), int(known[wrong[0]]))
            each *= int(known[0])
            lists = lists.explode()
        if each != column.width:
            raise self._unlike(column, int(rows[0]), each)
        is_bytes = lists.dtype == pl.UInt8 and not lists.null_count()
        numbers = lists.to_numpy() if is_bytes else lists.cast(pl.Float64).to_numpy()
        return numbers.reshape(len(rows), column.width)

    def _unlike(self, column: _Column, row: int, count: int) -> DataError:
        return DataError(
            f"{self._head.unit} {row:,}, column {shown(column.name)} of {self._head.name} holds a "
            f"list of {count:,} numbers, wanted {column.width:,} as in the first row; give lists "
            "of one length"
        )


def _texts(values: Values) -> NDArray[Any]:
    """The cells (n,) of a column as texts, or as numbers if it holds numbers without gaps."""
    import polars as pl

    if isinstance(values, np.ndarray):
        return values
    if values.dtype.is_integer() and not values.null_count():
        return values.to_numpy()
    if values.dtype.is_decimal():
        values = values.cast(pl.Float64)
    if values.dtype == pl.Boolean:
        cells = [None if flag is None else str(flag) for flag in values.to_list()]
    elif values.dtype.is_float():
        cells = [None if number is None else repr(number) for number in values.to_list()]
    else:
        cells = values.cast(pl.String).to_list()
    return np.array(["" if cell is None else cell.strip() for cell in cells], TEXT)


def _require_values(head: Head, column: _Column) -> None:
    """Raise a DataError if a column holds neither numbers nor texts."""
    import polars as pl

    kind: Any = column.kind
    while isinstance(kind, pl.Array | pl.List):
        kind = kind.inner
    is_number = kind.is_numeric() or kind in (pl.Boolean, pl.Null)
    plain = kind in (pl.String, pl.Categorical, pl.Enum, pl.Date, pl.Datetime, pl.Time)
    if is_number or (plain and not _is_list(column.kind)):
        return
    title = column.titles[0]
    raise DataError(
        f"{head.column(column.start)} of {head.name} holds {str(column.kind)[:40]}, wanted numbers "
        "or texts; take it apart into columns of these, or leave it out with "
        f"{spelled('ignore', title)}"
    )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn polars' errors about damaged files into DataErrors."""
    try:
        import polars as pl
    except ImportError as error:
        raise MissingExtraError(f"reading {path.name}", "polars", "tables") from error
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        says = " ".join(str(error).split())[:80]
        raise DataError(
            f"{path} is not what its name says, or damaged ({says}); write it again"
        ) from error


def _quietly(chunks: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Yield the chunks, each read within ``_quiet``."""
    while True:
        with _quiet():
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep polars' threads from printing errors on the terminal; they are also raised."""
    try:
        sys.stderr.flush()
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except (AttributeError, OSError, ValueError):  # there is no standard error
        yield
        return
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
