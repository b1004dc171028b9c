"""Decides what a training table's columns become: a number, one feature per word, or nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gpunet.datasets.readers.features import is_numeric
from gpunet.datasets.readers.files import shown
from gpunet.datasets.readers.labels import distinct
from gpunet.datasets.table_columns import Encoding
from gpunet.datasets.tables.cells import holds_number, is_missing
from gpunet.datasets.tables.options import TableOptions
from gpunet.datasets.tables.sheet import Head, Table, Word
from gpunet.errors import DataError, spelled

__all__ = ["Learned", "date_refused", "is_date", "learn_columns", "listed", "no_number"]

MOST_LEVELS = 128
"""Most different words of a column that becomes one feature per word."""

LONGEST_LEVEL = 200  # characters
FEW_NUMBERS = 12
"""Most different numbers that may be codes, in a column that may hold words as well."""

LISTED = 3  # most columns in a notice

_MONTH = r"[A-Za-z]{3,9}\.?"
_DAY = (
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}([-/.])\d{1,2}\1\d{2,4}"
    rf"|\d{{1,2}}\.?[-\s]{_MONTH}[-\s]\d{{2,4}}|{_MONTH}\s\d{{1,2}},?\s\d{{4}}"
)
_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp][Mm])?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?"
DATE = re.compile(rf"(?:{_DAY})(?:[T\s]\s*{_TIME})?|{_TIME}", re.ASCII)
MARKED_NUMBER = re.compile(
    r"[$€£]?\s*[+-]?\d{1,3}(?:[,'\s]\d{3})*(?:[.,]\d+)?\s*(?:%|[$€£])?|[+-]?\d+(?:[.,]\d+)?\s*%"
)
"""A number with thousands separators or a unit."""


LONGEST_DATE = 60  # most characters of a date, or of a number with separators


def is_date(word: str) -> bool:
    """Whether a word is a date or a time."""
    return _is(DATE, word)


def _is(kind: re.Pattern[str], word: str) -> bool:
    """Whether a word matches a pattern; long words never do, which bounds the time."""
    return len(word) <= LONGEST_DATE and kind.fullmatch(word) is not None


@dataclass(frozen=True, slots=True)
class Learned:
    """The features that the columns of a training table become."""

    sources: tuple[int, ...]  # indices of the columns that become features, from 0
    ignored: tuple[int, ...]  # indices of the columns left out
    encodings: tuple[Encoding, ...]
    notices: tuple[str, ...]  # what the user should know, in sentences


def learn_columns(
    table: Table, candidates: Sequence[int], words: Mapping[int, Word], options: TableOptions
) -> Learned:
    """Decide which features the columns become.

    Args:
        table: the training table.
        candidates: its columns other than the label and the rows' names.
        words: the first word of each column that was read as numbers but holds words.
        options: the user's choices.

    Raises:
        DataError: a column holds dates, or a word among numbers.
    """
    fills = options.missing in ("mean", "median")
    gaps, blank = _gaps(table)
    levels: dict[int, tuple[str, ...]] = {}
    unlike: list[int] = []  # columns whose words hardly recur
    many: list[int] = []  # columns with too many different words
    texts = set(table.picked.texts)
    for column in candidates:
        if column not in texts:
            continue
        judged = _Judged.of(table, column)
        if judged.is_number:
            gaps |= {column} if judged.gaps else set()
            blank |= {column} if judged.gaps and not judged.numbers else set()
            continue
        judged.refuse_dates()
        judged.refuse_words_among_numbers(words.get(column))
        if len(judged.different) > MOST_LEVELS or judged.longest > LONGEST_LEVEL:
            many.append(column)
        elif not judged.recur:
            unlike.append(column)
        else:
            levels[column] = judged.levels(with_gap=fills)
    if options.missing == "refuse":
        blank = set()
    left_out = {*many, *unlike, *(blank & set(candidates))}
    sources = tuple(column for column in candidates if column not in left_out)
    filled = [column for column in sources if column in gaps]
    encodings = tuple(
        Encoding(at, levels.get(column, ()))
        for at, column in enumerate(sources)
        if column in levels or (fills and column in gaps)
    )
    notices = (
        _encoded(table.head, list(levels)),
        _filled(table.head, filled, options) if fills else "",
        _left_out(table.head, unlike, "hardly a word recurs"),
        _left_out(table.head, many, f"more than {MOST_LEVELS} different words, or long ones"),
        _left_out(table.head, sorted(left_out - {*many, *unlike}), "not a single number"),
    )
    return Learned(sources, tuple(sorted(left_out)), encodings, tuple(filter(None, notices)))


def listed(head: Head, columns: Sequence[int]) -> str:
    """A list of columns for a notice, shortened if there are many."""
    names = [head.column(column) for column in columns[:LISTED]]
    more = f" and {len(columns) - LISTED:,} more" if len(columns) > LISTED else ""
    return ", ".join(names) + more


def no_number(head: Head, column: int, word: Word, advice: str = "") -> DataError:
    """The error for a word in a column of numbers."""
    digits = any(map(str.isdigit, word.text))
    if digits and (_is(MARKED_NUMBER, word.text) or "," in word.text):
        advice = "; write it with a decimal point and no other marks"
    return DataError(
        f"{head.cell(word.row, column)} is {shown(word.text)}, wanted a number{advice}"
    )


def date_refused(head: Head, column: int, row: int, seen: str) -> DataError:
    """The error for a column of dates or times."""
    return DataError(
        f"{head.cell(row, column)} is {shown(seen)}, a date or time, wanted a number; write what "
        "matters of it as numbers, such as days since the first one, the month or the hour, or "
        f"leave the column out with {spelled('ignore', _name(head, column))}"
    )


def _name(head: Head, column: int) -> str:
    """The user's name for a column."""
    title = head.titles[column] if head.titles else ""
    return title if title and "," not in title else str(column + 1)


def _encoded(head: Head, columns: Sequence[int]) -> str:
    if not columns:
        return ""
    become = "become" if len(columns) > 1 else "becomes"
    return f"{listed(head, columns)} {become} one feature per word"


def _filled(head: Head, columns: Sequence[int], options: TableOptions) -> str:
    if not columns:
        return ""
    return (
        f"what is missing in {listed(head, columns)} is filled with the {options.missing}, and a "
        "feature tells where"
    )


def _left_out(head: Head, columns: Sequence[int], why: str) -> str:
    if not columns:
        return ""
    return f"{listed(head, columns)} {'are' if len(columns) > 1 else 'is'} left out ({why})"


def _gaps(table: Table) -> tuple[set[int], set[int]]:
    """The columns of numbers with missing ones, and those without any number."""
    some = np.zeros(len(table.picked.numbers), np.bool_)
    every = np.ones(len(table.picked.numbers), np.bool_)
    for block in table.blocks:
        missing = np.isnan(block.numbers)
        some |= missing.any(axis=0)
        every &= missing.all(axis=0)
    columns = np.array(table.picked.numbers, np.int64)
    return set(columns[some].tolist()), set(columns[every].tolist())


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """Statistics of a column of texts."""

    head: Head
    column: int
    # Unique cells that are not missing; of numbers, no more than may be codes.
    different: list[str]
    first_rows: list[int]  # number of the first row of each, for messages
    numbers: int  # how many of the unique cells are numbers
    present: int  # number of rows whose cell is not missing
    gaps: bool  # whether any cell is missing

    @classmethod
    def of(cls, table: Table, column: int) -> _Judged:
        """Collect the statistics of a column's cells."""
        rows: dict[str, int] = {}  # number of the first row of each unique cell, for messages
        times: Counter[str] = Counter()
        words = further = 0
        for block in table.blocks:
            values, firsts, numbered = distinct(block.texts[column])
            counts = np.bincount(numbered, minlength=len(values)).tolist()
            for text, first, count in zip(map(str, values), firsts, counts, strict=True):
                if text not in rows:
                    is_word = not holds_number(text)
                    if not is_word and len(rows) - words > MOST_LEVELS:
                        further += count  # further numbers, too many to be codes
                        continue
                    rows[text] = int(block.rows[first])
                    words += is_word
                times[text] += count
            if words > MOST_LEVELS:
                break
        known = [text for text in rows if not is_missing(text, number=not words)]
        return cls(
            head=table.head,
            column=column,
            different=known,
            first_rows=[rows[text] for text in known],
            numbers=sum(map(holds_number, known)),
            present=further + sum(times[text] for text in known),
            gaps=len(known) < len(rows),
        )

    @property
    def is_number(self) -> bool:
        return self.numbers == len(self.different)

    @property
    def longest(self) -> int:
        return max(map(len, self.different), default=0)

    @property
    def recur(self) -> bool:
        """Whether each unique cell occurs in at least two rows on average."""
        return 2 * len(self.different) <= self.present

    def levels(self, *, with_gap: bool) -> tuple[str, ...]:
        """The words in order, with an empty word if cells are missing."""
        return tuple(sorted({*self.different, *([""] if self.gaps and with_gap else [])}))

    def refuse_dates(self) -> None:
        words = [word for word in self.different if not is_numeric(word)]
        dates = [word for word in words if is_date(word)]
        if 2 * len(dates) <= len(words):
            return
        row = self.first_rows[self.different.index(dates[0])]
        raise date_refused(self.head, self.column, row, dates[0])

    def refuse_words_among_numbers(self, first: Word | None) -> None:
        """Raise a DataError if this is a column of numbers with a mistaken word."""
        words = [word for word in self.different if not holds_number(word)]
        marked = [word for word in words if _is(MARKED_NUMBER, word)]
        title = self.head.titles[self.column] if self.head.titles else None
        mistaken = self.numbers > len(words) and (
            self.numbers > FEW_NUMBERS
            or title in words
            or not self.recur
            or self._holds_fractions()
        )
        if 2 * (len(marked) + self.numbers) > len(self.different) and (marked or mistaken):
            word = marked[0] if marked else words[0]
            row = self.first_rows[self.different.index(word)]
            if not marked and first is not None:
                word, row = first.text, first.row
            advice = (
                " as in most rows; fix it, leave it empty, or leave the column out with "
                f"{spelled('ignore', _name(self.head, self.column))}"
            )
            raise no_number(self.head, self.column, Word(row, word), advice)

    def _holds_fractions(self) -> bool:
        """Whether a number is measured rather than a code."""
        return any("." in word or "," in word for word in self.different if is_numeric(word))
