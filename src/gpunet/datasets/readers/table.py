"""CSV tables: one sample per line, the label first, then the features.

Owns the text: header, quotes, rows and what is wrong with them. Values are separated by commas;
the text is UTF-8.
"""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Dataset, Samples, refuse_unknown_values
from gpunet.datasets.hold_out import is_sorted_by_class, spread_classes
from gpunet.datasets.readers.features import (
    as_features,
    as_grey_levels,
    guess_image_shape,
    is_number,
)
from gpunet.datasets.readers.files import open_file, require_memory, shown
from gpunet.datasets.readers.labels import TEXT, RawLabels, number_classes
from gpunet.errors import DataError

__all__ = ["TEST_SHARE", "find_tables", "read_table", "read_tables"]

PAIRS = (
    ("train.csv", "test.csv"),
    ("X_train.csv", "X_test.csv"),
    ("mnist_train.csv", "mnist_test.csv"),
    ("fashion-mnist_train.csv", "fashion-mnist_test.csv"),
)

TEST_SHARE = 6
"""One part of so many of a file that is not split yet is for testing, as MNIST has it (nearly)."""

BLOCK = 1 << 20  # bytes of text parsed at once; parsing takes some 60 times as much memory
LONGEST_LINE = 1 << 26  # bytes
MOST_COLUMNS = 1 << 22  # as many features as a network takes
LONGEST_LABEL = 200  # characters
LABEL_NAMES = frozenset({"label", "class", "target", "digit", "species"})


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A file's rows.

    Args:
        name: of the file.
        labels: (n,) the first column, as numbers or as ``TEXT``.
        features: (n, I) the other columns, uint8 or float32.
        lines: (n,) the line of the file, counted from 1, that each row stands in.
    """

    name: str
    labels: NDArray[Any]
    features: NDArray[Any]
    lines: NDArray[np.int64]

    @property
    def raw_labels(self) -> RawLabels:
        """The labels with their places."""
        return RawLabels(self.name, self.labels, self.lines, unit="line")

    def place(self, row: int, column: int) -> str:
        """What a message calls the feature ``column`` of ``row``, both counted from 0."""
        return f"line {self.lines[row]:,}, column {column + 2:,} of {self.name}"


def find_tables(folder: Path) -> tuple[Path, Path] | None:
    """The training and the test table of a folder, if it has a pair of known names."""
    for train, test in PAIRS:
        if (folder / train).exists() and (folder / test).exists():
            return folder / train, folder / test
    return None


def read_tables(train_path: Path, test_path: Path) -> Dataset:
    """Read a pair of tables, as ``read_table`` reads one.

    Raises:
        DataError: as ``read_table``, or the two have different columns.
    """
    train, test = _read(train_path), _read(test_path)
    if train.features.shape[1] != test.features.shape[1]:
        raise DataError(
            f"{test.name} holds {test.features.shape[1]:,} features per row but {train.name} "
            f"{train.features.shape[1]:,}; check that both have the label first"
        )
    numbered = number_classes(train.raw_labels, test.raw_labels)
    features = as_features((train.features, test.features))
    image_shape = guess_image_shape(features[0])
    features = as_grey_levels(features, image_shape)
    return Dataset(
        name=train_path.resolve().parent.name,
        train=Samples(features[0], numbered.train),
        test=Samples(features[1], numbered.test),
        classes=numbered.names,
        image_shape=image_shape,
        source=f"{train_path} and {test_path.name}",
        notice=numbered.notice,
    )


def read_table(path: Path) -> Dataset:
    """Read one table and split it: the last sixth of its rows is for testing.

    Where the rows are sorted by class, the last sixth of every class is. The first line is a
    header if none of its feature cells is a number, or if it begins with ``label`` or a word like
    it. Labels are whole numbers or words. Features become uint8 if all are grey levels (whole,
    0 to 255, some above 127), else float32. A square number of bytes, or of values from 0 to 1 or
    reaching from -1 to 1, is taken for an image, whose pixels may be bytes divided by 255.

    Raises:
        DataError: the file is unreadable, its rows are of different lengths, a feature is no
            finite number, a label can be no class.
    """
    table = _read(path)
    rows = len(table.labels)
    if rows < TEST_SHARE:
        raise DataError(
            f"{table.name} holds {rows} rows, wanted at least {TEST_SHARE} to split into training "
            "and test samples; give more, or a folder with train.csv and test.csv"
        )
    everything = table.raw_labels
    numbered = number_classes(everything, everything)
    (features,) = as_features((table.features,))
    image_shape = guess_image_shape(features)
    (features,) = as_grey_levels((features,), image_shape)
    samples = Samples(features, numbered.train)
    train, test, notice = _split(path.name, samples)
    return Dataset(
        name=path.stem,
        train=train,
        test=test,
        classes=numbered.names,
        image_shape=image_shape,
        source=str(path),
        notice=notice if numbered.notice is None else f"{notice}; {numbered.notice}",
    )


def _split(name: str, samples: Samples) -> tuple[Samples, Samples, str]:
    """Training samples, test samples, and a notice of how they were chosen."""
    count = len(samples) // TEST_SHARE
    first = len(samples) - count
    if not is_sorted_by_class(samples.labels):
        notice = f"{name} is one file: its last {count:,} of {len(samples):,} rows are for testing"
        return samples[:first], samples[first:], notice
    order = spread_classes(samples.labels)
    notice = (
        f"{name} is one file sorted by class: the last rows of every class, {count:,} of "
        f"{len(samples):,} in all, are for testing"
    )
    return samples[np.sort(order[:first])], samples[np.sort(order[first:])], notice


def _read(path: Path) -> Table:
    reader = _TableReader(str(path))
    with open_file(path) as file:
        for block in _blocks(file, str(path)):
            reader.add(block)
    return reader.table()


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
class _TableReader:
    """Takes a table block by block and keeps its numbers."""

    name: str
    columns: int = 0
    header: list[str] | None = None
    next_line: int = 1
    labels: list[NDArray[Any]] = field(default_factory=list)
    features: list[NDArray[Any]] = field(default_factory=list)
    lines: list[NDArray[np.int64]] = field(default_factory=list)
    size: int = 0

    def add(self, block: str) -> None:
        """Take the next whole lines."""
        if not self.columns:
            block = self._take_start(block)
        if not self.columns or not block or block.isspace():
            self.next_line += _count_lines(block)
            return
        if not self._add_bytes(block):
            self._add_text(block)
        self.next_line += _count_lines(block)
        self.size += self.features[-1].nbytes + self.labels[-1].nbytes
        require_memory(self.name, self.size)

    def table(self) -> Table:
        """All rows.

        Raises:
            DataError: there is none.
        """
        if not self.features:
            raise DataError(f"{self.name} holds no rows of data; wanted a label and features each")
        features = np.concatenate(self.features)  # (n, I)
        if any(block.dtype == TEXT for block in self.labels):
            self.labels = [block.astype(TEXT) for block in self.labels]
        labels = np.concatenate(self.labels)  # (n,)
        return Table(self.name, labels, features, np.concatenate(self.lines))

    def _take_start(self, block: str) -> str:
        """Learn the number of columns; the block without empty first lines and the header."""
        stripped = block.lstrip("\n")
        self.next_line += len(block) - len(stripped)
        if not stripped:
            return ""
        line, _, rest = stripped.partition("\n")
        if line.count(",") > MOST_COLUMNS:
            raise DataError(
                f"{self.name} has {line.count(','):,} features in its first line, at most "
                f"{MOST_COLUMNS:,} are possible; write one sample per line"
            )
        cells = _cells(line)
        self._require_features(line, cells)
        self.columns = len(cells)
        if not _is_header(cells):
            return stripped
        self.header = cells
        self.next_line += 1
        return rest

    def _require_features(self, line: str, cells: list[str]) -> None:
        if len(cells) > 1:
            return
        separator = next((mark for mark in ";\t|" if mark in line), None)
        seen = f"values separated by {separator!r}" if separator else "one column"
        raise DataError(
            f"{self.name} has {seen} in its first line, wanted a label and features separated by "
            "commas; save it again as CSV with commas"
        )

    def _add_bytes(self, block: str) -> bool:
        """Take a block whose cells are all whole numbers from 0 to 255, if they are."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                cells = np.loadtxt(
                    io.StringIO(block), dtype=np.uint8, delimiter=",", comments=None, ndmin=2
                )  # (rows, columns)
        except (ValueError, Warning):
            return False
        if cells.shape[1] != self.columns or len(cells) != _count_lines(block.rstrip("\n")):
            return False
        self.labels.append(cells[:, 0].copy())
        self.features.append(np.ascontiguousarray(cells[:, 1:]))
        self.lines.append(np.arange(self.next_line, self.next_line + len(cells)))
        return True

    def _add_text(self, block: str) -> None:
        """Take a block of any numbers, its labels as text."""
        rows = [
            (number, line)
            for number, line in enumerate(block.split("\n"), start=self.next_line)
            if line and not line.isspace()
        ]
        lines = np.array([number for number, _ in rows], np.int64)  # (rows,)
        labels, texts = zip(*(self._parted(number, line) for number, line in rows), strict=True)
        features = _parsed(texts)  # (rows, I)
        if features is None:
            raise self._bad_cell(lines, texts)
        self.labels.append(np.array(labels, TEXT))
        self.features.append(features)
        self.lines.append(lines)
        block_table = Table(self.name, self.labels[-1], features, lines)
        refuse_unknown_values(features, block_table.place)

    def _parted(self, number: int, line: str) -> tuple[str, str]:
        """A line's label and the text of its features."""
        if '"' in line:
            cells = _cells(line)
            count = len(cells)
            label, features = "".join(cells[:1]), ",".join(cells[1:])
        else:
            count = line.count(",") + 1
            label, _, features = line.partition(",")
        if count != self.columns:
            raise DataError(
                f"line {number:,} of {self.name} has {count:,} columns, wanted {self.columns:,} "
                "as in the first line; mend or remove the line"
            )
        if len(label) > LONGEST_LABEL:
            raise DataError(
                f"the label in line {number:,} of {self.name} is {len(label):,} characters long, "
                f"at most {LONGEST_LABEL} are possible; shorten it"
            )
        return label.strip(), features

    def _bad_cell(self, lines: NDArray[np.int64], texts: tuple[str, ...]) -> DataError:
        """The error for the first feature that is no number."""
        for number, text in zip(lines, texts, strict=True):
            for column, cell in enumerate(text.split(","), start=2):
                if is_number(cell):
                    continue
                seen = shown(cell) if cell.strip() else "empty"
                title = f" ({shown(self.header[column - 1])})" if self.header else ""
                return DataError(
                    f"line {number:,}, column {column:,}{title} of {self.name} is {seen}, wanted "
                    "a number; the label belongs into the first column, numbers into all others"
                )
        return DataError(f"{self.name} holds a feature that is no number; mend it")


def _parsed(texts: tuple[str, ...]) -> NDArray[np.float32] | None:
    """The numbers of some lines (rows, I); ``None`` if a cell is no number."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # it warns of texts that are all empty
            numbers = np.loadtxt(texts, np.float32, delimiter=",", comments=None, ndmin=2)
    except (ValueError, Warning):
        return None
    return numbers if len(numbers) == len(texts) else None  # it leaves out empty texts


def _cells(line: str) -> list[str]:
    """A line's cells; none if its quotes are beyond reading."""
    try:
        return [cell.strip() for cell in next(csv.reader([line]))]
    except csv.Error:
        return []


def _count_lines(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n") and text != "")


def _is_header(cells: list[str]) -> bool:
    """Whether a table's first line names its columns.

    The names may be numbers if they count from 0 or 1 and the first one is ``label`` or the like.
    """
    titles = cells[1:]
    if not any(is_number(title) for title in titles):
        return any(titles)
    counted = ([str(i) for i in range(len(titles))], [str(i + 1) for i in range(len(titles))])
    return cells[0].lower() in LABEL_NAMES and titles in counted
