"""Reads text as rows of cells: separators, quotes, decimal commas, and errors.

The text is UTF-8, packed or not. It is read block by block, and cells are converted to numbers at
once, so that a file takes little more memory than its numbers.
"""

from __future__ import annotations

import codecs
import io
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.readers.features import is_numeric
from gpunet.datasets.readers.labels import TEXT
from gpunet.datasets.readers.packed import unpacked
from gpunet.datasets.tables.cells import Decimal, gap_pattern, meaning
from gpunet.datasets.tables.first_lines import (
    Beginning,
    is_enough,
    read_beginning,
    split_cells,
    tabbed,
)
from gpunet.datasets.tables.sheet import (
    Block,
    Pick,
    Picked,
    Sheet,
    Word,
    refuse_unbounded,
)
from gpunet.errors import DataError

__all__ = ["TextRows", "closed", "open_text", "text_blocks"]

BLOCK = 1 << 20  # bytes of text parsed at once; parsing takes about 60 times as much memory
LONGEST_LINE = 1 << 26  # bytes
LONGEST_CELL = 1 << 20  # most characters of a quoted cell that spans lines
QUOTED = re.compile(
    r'(?<![^\n;\t|,])"[^"]*+(?:""[^"]*+)*+(?:"(?![^\n;\t|, ])|(\Z))',
)
"""A quoted cell; group 1 matches if the text ends within the cell."""

ZEROS_IN_FRONT = re.compile(r"(?<!\d)(?:0\d|\+)")
FEW_TEXTS = 4  # most columns that are searched one by one
JOINT = "|"  # separator of numbers that are joined for parsing

Line = tuple[int, str]
"""A line's number in the file, from 1, and its text."""


class TextRows:
    """Turns a file's text into blocks of rows.

    Args:
        beginning: the parsed first lines.
        picked: the columns to read.
        decimal: learns the meaning of commas.
        line: number of the first row's line in the file, from 1.
    """

    def __init__(self, beginning: Beginning, picked: Picked, decimal: Decimal, line: int) -> None:
        self._head, self._separator = beginning.head, beginning.separator
        self._picked, self._decimal = picked, decimal
        self._next_line = line
        self._gaps = gap_pattern(beginning.separator)

    def blocks(self, texts: Iterator[str]) -> Iterator[Block]:
        """Parse texts of whole lines into blocks.

        Raises:
            DataError: there are no rows, a line has more or fewer cells than the first one, or a
                number is infinite.
        """
        empty = True
        for text in texts:
            if text and not text.isspace():
                empty = False
                yield self._bytes(text) or self._mixed(text)
            self._next_line += text.count("\n") + text.count("\r")
        if empty:
            raise _no_rows(self._head.name)

    def _bytes(self, text: str) -> Block | None:
        """Parse a text whose cells are all whole numbers from 0 to 255; else ``None``.

        A cell kept as text must not lose leading zeros.
        """
        if self._picked.texts and ZEROS_IN_FRONT.search(text):
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                cells = np.loadtxt(
                    io.StringIO(text),
                    dtype=np.uint8,
                    delimiter=self._separator,
                    comments=None,
                    ndmin=2,
                )  # (rows, columns)
        except (ValueError, Warning):
            return None
        lines = text.rstrip("\n").count("\n") + 1
        if cells.shape != (lines, self._head.columns):
            return None
        return Block(
            np.arange(self._next_line, self._next_line + lines),
            np.ascontiguousarray(cells[:, list(self._picked.numbers)]),
            {column: cells[:, column].copy() for column in self._picked.texts},
        )

    def _mixed(self, text: str) -> Block:
        """Parse a text with any cells."""
        lines: list[Line] = []
        number = self._next_line
        for line in text.split("\n"):
            if line and not line.isspace():
                lines.append((number, line))
            number += 1 + line.count("\r")
        rows = np.array([number for number, _ in lines], np.int64)
        if '"' in text or (self._separator != "," and "," in text):
            cells = [self._parted(number, line) for number, line in lines]
            numbers, words = self._quoted_numbers(rows, cells)
            texts = {column: [row[column] for row in cells] for column in self._picked.texts}
        else:
            for number, line in lines:
                self._require_count(number, line.count(self._separator) + 1)
            numbers, words = self._plain_numbers(text, lines)
            texts = self._plain_texts([line for _, line in lines])
        arrays = {
            column: np.array([cell.strip() for cell in cells], TEXT)
            for column, cells in texts.items()
        }
        return Block(rows, numbers, arrays, words)

    def _plain_texts(self, lines: Sequence[str]) -> dict[int, list[str]]:
        """The picked texts of lines without quotes, split only as far as necessary."""
        columns, separator, last = self._picked.texts, self._separator, self._head.columns - 1
        if len(columns) > FEW_TEXTS:
            rows = [line.split(separator) for line in lines]
            return {column: [row[column] for row in rows] for column in columns}
        return {
            column: [line.rpartition(separator)[2] for line in lines]
            if column == last
            else [line.split(separator, column + 1)[column] for line in lines]
            for column in columns
        }

    def _plain_numbers(
        self, text: str, lines: Sequence[Line]
    ) -> tuple[NDArray[np.float64], dict[int, Word]]:
        """The picked numbers (rows, K) of lines without quotes and decimal commas."""
        wanted, words = self._picked.numbers, dict[int, Word]()
        if not wanted:
            return np.empty((len(lines), 0)), words
        columns = None if wanted == tuple(range(self._head.columns)) else wanted
        texts = [line for _, line in lines]
        numbers = _parsed(texts, self._separator, columns)
        if numbers is None:
            framed = "\n".join(["", *texts, ""])
            meant = self._gaps.sub(lambda gap: gap[1] + meaning(gap[0][1:]), framed)
            texts = meant.split("\n")[1:-1]
            numbers = _parsed(texts, self._separator, columns)
        if numbers is None:
            parted = (line.split(self._separator) for line in texts)
            cells = [[row[column] for column in wanted] for row in parted]
            numbers, words = self._beside_words([number for number, _ in lines], cells)

        def cell_at(row: int, column: int) -> tuple[int, int, str]:
            number, line = lines[row]
            return number, wanted[column], line.split(self._separator)[wanted[column]]

        refuse_unbounded(self._head, numbers, cell_at)
        self._decimal.note_points(text, numbers, cell_at)
        return numbers, words

    def _quoted_numbers(
        self, rows: NDArray[np.int64], cells: Sequence[list[str]]
    ) -> tuple[NDArray[np.float64], dict[int, Word]]:
        """The picked numbers (rows, K) in cells that may have decimal commas."""
        wanted, words = self._picked.numbers, dict[int, Word]()
        if not wanted:
            return np.empty((len(rows), 0)), words
        pointed = [
            [meaning(self._decimal.pointed(row[column], number, column)) for column in wanted]
            for number, row in zip(rows.tolist(), cells, strict=True)
        ]
        numbers = _parsed([JOINT.join(row) for row in pointed], JOINT, None)
        if numbers is None or numbers.shape[1] != len(wanted):
            numbers, words = self._beside_words(rows.tolist(), pointed)

        def cell_at(row: int, column: int) -> tuple[int, int, str]:
            return int(rows[row]), wanted[column], cells[row][wanted[column]]

        refuse_unbounded(self._head, numbers, cell_at)
        return numbers, words

    def _beside_words(
        self, rows: Sequence[int], cells: Sequence[list[str]]
    ) -> tuple[NDArray[np.float64], dict[int, Word]]:
        """The numbers (rows, K) of columns that hold only numbers, and the words of the others."""
        words: dict[int, Word] = {}
        numbers = np.full((len(rows), len(self._picked.numbers)), np.nan)
        for place, column in enumerate(self._picked.numbers):
            texts = [row[place] for row in cells]
            odd = {text for text in set(texts) if not is_numeric(text)}
            if odd:
                at = next(at for at, text in enumerate(texts) if text in odd)
                words[column] = Word(rows[at], texts[at].strip())
            else:
                numbers[:, place] = texts
        return numbers, words

    def _parted(self, number: int, line: str) -> list[str]:
        """Split a line into cells, as many as in the first line."""
        quoted = '"' in line
        cells = split_cells(line, self._separator) if quoted else line.split(self._separator)
        if len(cells) != self._head.columns and line.count('"') % 2:
            raise DataError(
                f"line {number:,} of {self._head.name} opens a quote that nothing closes; remove "
                "it, or write a quote within a quoted cell twice"
            )
        self._require_count(number, len(cells))
        return cells

    def _require_count(self, number: int, count: int) -> None:
        if count != self._head.columns:
            raise DataError(
                f"line {number:,} of {self._head.name} has {count:,} columns, wanted "
                f"{self._head.columns:,} as in the first line; fix or remove the line"
            )


@contextmanager
def open_text(source: Path | BinaryIO, pick: Pick, name: str = "standard input") -> Iterator[Sheet]:
    """Open a text's table; its rows are read lazily.

    Args:
        source: path of the text, packed or not; or an open file.
        pick: chooses the columns to read once the columns are known.
        name: name of an open file in messages.

    Raises:
        DataError: the file is unreadable or not a table; also while rows are read, as in
            ``TextRows.blocks``.
    """
    if isinstance(source, Path):
        with unpacked(source) as (file, largest):
            plain = largest == source.stat().st_size
            yield replace(_sheet(file, str(source), pick), position=file.tell if plain else None)
    else:
        yield _sheet(source, name, pick)


def _sheet(file: BinaryIO, name: str, pick: Pick) -> Sheet:
    texts = closed(text_blocks(file, name))
    beginning, line = _beginning(texts, name)
    picked, decimal = pick(beginning.head), Decimal(beginning.head)
    rows = TextRows(beginning, picked, decimal, line)
    if beginning.blanks:
        texts = map(tabbed, texts)
    return Sheet(beginning.head, picked, rows.blocks(chain([beginning.rest], texts)), decimal)


def _beginning(blocks: Iterator[str], name: str) -> tuple[Beginning, int]:
    """Read the first lines of a table; return the number of the first row's line, too."""
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
    return DataError(f"{name} holds no rows of data, wanted a sample on each line")


def text_blocks(file: BinaryIO, name: str) -> Iterator[str]:
    """Yield the file's text in blocks of whole lines, with newlines as line ends.

    It is UTF-8, or UTF-16 that begins with a byte order mark, as Excel's "Unicode text" does.
    """
    decoder, rest = None, ""
    while chunk := file.read(BLOCK):
        decoder = decoder or _decoder(chunk)
        text = _decoded(decoder, chunk, name)
        end = text.rfind("\n") + 1
        if end:
            yield _with_newlines(rest + text[:end])
            rest = text[end:]
        else:
            rest += text
        if len(rest) > LONGEST_LINE:
            raise DataError(
                f"{name} has a line of more than {LONGEST_LINE >> 20} MiB; it is no CSV table, "
                "write one sample per line"
            )
    rest += "" if decoder is None else _decoded(decoder, b"", name)
    if rest:
        yield _with_newlines(rest)


def _decoder(chunk: bytes) -> codecs.IncrementalDecoder:
    """The decoder for a text that begins with these bytes."""
    wide = chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return codecs.getincrementaldecoder("utf-16" if wide else "utf-8-sig")()


def _decoded(decoder: codecs.IncrementalDecoder, chunk: bytes, name: str) -> str:
    """Decode bytes; empty bytes mark the end of the text."""
    try:
        text = decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not UTF-8 text; save it again as CSV in UTF-8") from error
    if "\0" in text:
        raise DataError(f"{name} holds binary data, wanted CSV text; check the file's name")
    return text


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def closed(texts: Iterable[str]) -> Iterator[str]:
    """Join lines of quoted cells: a line end within a quoted cell becomes a carriage return.

    So a row is one line, however many lines of the file it spans; ``split_cells`` turns it back.
    A quote without a closing quote within ``LONGEST_CELL`` characters does not open a cell.
    """
    held = ""
    for text in texts:
        held += text
        if '"' in held and any(line.count('"') % 2 for line in held.split("\n")):
            opened: list[int] = []  # start of a cell that is not closed yet

            def joined(found: re.Match[str], opened: list[int] = opened) -> str:
                if found[1] is None:
                    return found[0].replace("\n", "\r")
                opened.append(found.start())
                return found[0]

            held = QUOTED.sub(joined, held)
            if opened and len(held) - opened[0] < LONGEST_CELL:
                end = held.rfind("\n", 0, opened[0]) + 1
                if end:
                    yield held[:end]
                held = held[end:]
                continue
        yield held
        held = ""
    if held:
        yield held


def _parsed(
    lines: Sequence[str], separator: str, columns: Sequence[int] | None
) -> NDArray[np.float64] | None:
    """Parse the numbers in some lines (rows, K); ``None`` if a cell is not a number."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # it warns about texts that are all empty
            numbers = np.loadtxt(
                lines, np.float64, delimiter=separator, usecols=columns, comments=None, ndmin=2
            )
    except (ValueError, Warning):
        return None
    return numbers if len(numbers) == len(lines) else None  # it skips empty texts
