"""Reads the first lines of a table: the separator of its cells, comments, and titles."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import NamedTuple

from gpunet.datasets.readers.features import is_number, is_numeric
from gpunet.datasets.tables.sheet import Head
from gpunet.datasets.tables.titles import is_index_title, may_be_label_title
from gpunet.errors import DataError

__all__ = ["MOST_COLUMNS", "Beginning", "is_enough", "read_beginning", "split_cells", "tabbed"]

MOST_COLUMNS = 1 << 22  # the most features of a network
SAMPLED = 20  # rows from which the separator and the titles are found
SAMPLED_TEXT = 1 << 20  # characters of the file that hold them
SAMPLED_LINE = 1 << 12  # characters of each from which the separator is found

SEPARATORS = ";\t|,"
"""Possible separators; if two fit equally well, the earlier wins: numbers may hold commas."""

SEPARATOR_LINE = re.compile(r"sep=([;\t|,])")  # a first line that Excel reads and writes
GAP = re.compile(r'"[^"\n]*"|[ \t]+')  # quoted text, or blanks between cells
WHOLE_NUMBER = re.compile(r"[+-]?\d+", re.ASCII)

SHORTEST_COUNT = 5
"""Number of columns with which a first line of 0, 1, 2 and so on cannot be a row by chance."""


class Beginning(NamedTuple):
    """The first lines of a table."""

    head: Head  # the head of the table
    separator: str  # the separator of the cells
    lines: int  # number of lines before the first row
    rest: str  # the text from the first row on
    blanks: bool = False  # whether blanks separated the cells; ``tabbed`` makes them tabs


def is_enough(text: str) -> bool:
    """Whether a text is long enough to hold a table's first lines."""
    return len(text) >= SAMPLED_TEXT // 2 or text.count("\n") >= 2 * SAMPLED


def read_beginning(text: str, name: str) -> Beginning | None:
    """Read the first lines of a table; ``None`` if there is nothing but comments.

    Args:
        text: whole lines from the start of the table.
        name: of the file.

    Raises:
        DataError: there are too many columns, or the cells cannot be read.
    """
    preface, rest = _parted(text)
    sample = _sample(rest)
    if not sample:
        return None
    separator = _separator(preface, sample)
    blanks = _are_blanks(separator, sample)
    if blanks:
        separator, rest, sample = "\t", tabbed(rest), [tabbed(line) for line in sample]
    line, _, below = rest.partition("\n")
    if line.count(separator) > MOST_COLUMNS:
        raise DataError(
            f"{name} has {line.count(separator):,} features in its first line, at most "
            f"{MOST_COLUMNS:,} are possible; write one sample per line"
        )
    first = split_cells(line, separator)
    if not first:
        raise DataError(f"{name} has no cells that can be read in its first line; save it as CSV")
    lines = preface.count("\n")
    others = [split_cells(other, separator) for other in sample[1:]]
    if others and {len(other) for other in others} == {len(first) + 1}:
        first = _completed(first, others)
    if _is_header(first, others):
        lines += 1 + line.count("\r")
        return Beginning(Head(name, len(first), tuple(first)), separator, lines, below, blanks)
    titles = _commented_titles(preface, separator, len(first))
    return Beginning(Head(name, len(first), titles), separator, lines, rest, blanks)


def _completed(first: list[str], others: Sequence[Sequence[str]]) -> list[str]:
    """Complete a first line with a title too few: for the rows' names or after a final separator.

    R's write.table gives row names no title.
    """
    if any(map(is_numeric, first)):
        return first
    return ["", *first] if any(other[-1] for other in others) else [*first, ""]


def split_cells(line: str, separator: str) -> list[str]:
    """Split a line into cells; empty if its quotes are invalid.

    A carriage return stands for a line end within a quoted cell.
    """
    try:
        cells = next(csv.reader([line], delimiter=separator))
        return [cell.strip().replace("\r", "\n") for cell in cells]
    except csv.Error:
        return []


def tabbed(text: str) -> str:
    """Replace each gap of blanks between cells by one tab."""
    bare = "\n".join(line.strip() for line in text.split("\n"))
    return GAP.sub(lambda found: found[0] if found[0].startswith('"') else "\t", bare)


def _parted(text: str) -> tuple[str, str]:
    """Split a text into its leading empty lines and comments, and the rest."""
    position = 0
    while position < len(text):
        end = text.find("\n", position) + 1 or len(text)
        line = text[position:end].strip()
        if line and not line.startswith("#") and not SEPARATOR_LINE.fullmatch(line):
            break
        position = end
    return text[:position], text[position:]


def _sample(text: str) -> list[str]:
    """The first non-empty lines."""
    lines = text[:SAMPLED_TEXT].split("\n", 2 * SAMPLED)[: 2 * SAMPLED]
    return [line for line in lines if line.strip()][:SAMPLED]


def _separator(preface: str, sample: Sequence[str]) -> str:
    """The separator of the cells: from a line ``sep=;``, else the one that gives most numbers."""
    for line in preface.split("\n"):
        if match := SEPARATOR_LINE.fullmatch(line.strip()):
            return match[1]

    def fit(separator: str) -> tuple[int, int]:
        rows = [split_cells(line[:SAMPLED_LINE], separator) for line in sample]
        counts = is_number if separator == "," else is_numeric
        numbers = sum(counts(cell) for row in rows for cell in row if len(row) > 1)
        return numbers, sample[0].count(separator)

    present = [separator for separator in SEPARATORS if separator in sample[0]]
    return max(present, key=fit, default=",")


def _are_blanks(separator: str, sample: Sequence[str]) -> bool:
    """Whether blanks separate the cells: every line has equally many cells, mostly numbers."""

    def numbers(rows: Sequence[Sequence[str]]) -> int:
        return sum(is_number(cell) for row in rows for cell in row if len(row) > 1)

    rows = [split_cells(tabbed(line[:SAMPLED_LINE]), "\t") for line in sample]
    counts = {len(row) for row in rows[1:]} or {len(rows[0])}
    fits = len(counts) == 1 and max(counts) - len(rows[0]) in (0, 1) and max(counts) > 1
    others = [split_cells(line[:SAMPLED_LINE], separator) for line in sample]
    return fits and numbers(rows) > numbers(others)


def _commented_titles(preface: str, separator: str, columns: int) -> tuple[str, ...] | None:
    """The titles in the last comment above the rows, if it has one for every column."""
    line = preface.rstrip("\n").rpartition("\n")[2]
    if not line.startswith("#"):
        return None
    cells = split_cells(line[1:], separator)
    titles = len(cells) == columns and not any(map(is_numeric, cells))
    return tuple(cells) if titles else None


def _is_row_of_words(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether a line without numbers is a row of words, because its cells recur below."""
    if any(is_numeric(cell) for row in others for cell in row):
        return False
    recur = sum(any(row[at : at + 1] == [cell] for row in others) for at, cell in enumerate(first))
    return 2 * recur > len(first)


def _is_header(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether a table's first line names its columns.

    The names may be numbers that count from 0 or 1, next to titles of labels or rows.
    """
    numbers = [cell for cell in first if is_numeric(cell)]
    words = [(column, cell) for column, cell in enumerate(first) if not is_numeric(cell)]
    if not numbers:
        return any(first) and not _is_row_of_words(first, others)
    counted = ([str(i) for i in range(len(numbers))], [str(i + 1) for i in range(len(numbers))])
    if numbers not in counted or list(first) in map(list, others):
        return False
    if words:
        recur = any(row[column : column + 1] == [cell] for row in others for column, cell in words)
        return not recur and all(
            may_be_label_title(cell) or is_index_title(cell) for _, cell in words
        )
    if len(first) >= SHORTEST_COUNT:
        return True
    below = (cell for row in others for cell in row)
    return len(first) > 2 and any(not WHOLE_NUMBER.fullmatch(cell) for cell in below)
