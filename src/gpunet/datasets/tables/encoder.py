"""Encodes rows of a table as features, in the same way as the training table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.progress import Progress, untold
from gpunet.datasets.readers.files import shown
from gpunet.datasets.readers.labels import TEXT, distinct
from gpunet.datasets.spool import Spool
from gpunet.datasets.table_columns import Columns
from gpunet.datasets.tables.cells import holds_number, is_missing
from gpunet.datasets.tables.columns import no_number
from gpunet.datasets.tables.sheet import Block, Sheet, Table, Word, refuse_unbounded
from gpunet.errors import DataError, spelled

__all__ = ["Encoder", "Tally", "take_features"]


@dataclass(slots=True)
class Tally:
    """Counts of cells that were filled in or skipped while rows were encoded."""

    filled: int = 0  # missing numbers in columns where none was missing in training
    blank: int = 0  # missing words in such columns
    unknown: int = 0  # words that did not occur in training
    first: str = ""  # the first of these words, and its place

    @property
    def notice(self) -> str | None:
        """The counts in a sentence; ``None`` if all are 0."""
        filled = f"{self.filled:,} missing {'number is' if self.filled == 1 else 'numbers are'}"
        blank = f"{self.blank:,} missing {'word is' if self.blank == 1 else 'words are'}"
        words = f"{self.unknown:,} {'word was' if self.unknown == 1 else 'words were'}"
        notices = [
            f"{filled} filled, though no row trained on lacks one" if self.filled else "",
            f"{blank} left blank, though no row trained on lacks one" if self.blank else "",
            f"{words} not trained on and left blank, the first being {self.first}"
            if self.unknown
            else "",
        ]
        return "; ".join(filter(None, notices)) or None


class Encoder:
    """Turns blocks of rows into features.

    Args:
        table: the table of the blocks.
        columns: the encoding of the columns.
        sources: (S,) indices of the table's columns that become features, in the model's order.
        inputs: number of features, I.
        tally: counts the cells that are filled or skipped.
    """

    def __init__(
        self,
        table: Sheet | Table,
        columns: Columns,
        sources: Sequence[int],
        inputs: int,
        tally: Tally,
    ) -> None:
        self.inputs, self.tally = inputs, tally
        self._head, self._decimal, self._fills = table.head, table.decimal, columns.fills
        starts = columns.starts(inputs)
        levels = {one.column: one.levels for one in columns.encodings}
        parsed = {column: place for place, column in enumerate(table.picked.numbers)}
        numbers, self._texts, self._words = [], list[tuple[int, int]](), []
        for at, (column, first) in enumerate(zip(sources, starts.tolist(), strict=True)):
            if levels.get(at):
                known = {level: number for number, level in enumerate(levels[at])}
                self._words.append((first, column, known))
            elif column in parsed:
                numbers.append((first, parsed[column]))
            else:
                self._texts.append((first, column))
        self._to, self._of = ([pair[side] for pair in numbers] for side in (0, 1))
        self._indicated = [int(starts[at]) for at, known in levels.items() if not known]
        self._plain = not columns.encodings
        self._source = {
            first: column for column, first in zip(sources, starts.tolist(), strict=True)
        }

    def _are_bytes(self, block: Block) -> bool:
        """Whether the features of a block are bytes."""
        arrays = (block.numbers, *(block.texts[column] for _, column in self._texts))
        return self._plain and all(array.dtype == np.uint8 for array in arrays)

    def encode(
        self, block: Block
    ) -> tuple[NDArray[np.uint8] | NDArray[np.float64], NDArray[np.bool_]]:
        """Encode a block as features (n, I), NaN if a number is missing; bytes if all values are.

        Returns:
            The features, and which rows (n,) lack a cell.

        Raises:
            DataError: a cell is not a number although its column held numbers in training; or a
                cell is missing and that is not allowed.
        """
        for column, word in block.words.items():
            raise no_number(self._head, column, word)
        kind = np.uint8 if self._are_bytes(block) else np.float64
        features: NDArray[Any] = np.zeros((len(block), self.inputs), kind)
        features[:, self._to] = block.numbers[:, self._of]
        for first, column in self._texts:
            features[:, first] = self._numbers(block, column)
        lacking = self._note_missing(block, features)
        for first in self._indicated:
            features[:, first + 1] = np.isnan(features[:, first])
        for first, column, known in self._words:
            places = features[:, first : first + len(known)]
            lacking |= self._write_words(block, column, known, places)
        return features, lacking

    def _numbers(self, block: Block, column: int) -> NDArray[Any]:
        """The numbers (n,) in a column that was kept as text."""
        texts = block.texts[column]
        if texts.dtype != TEXT:
            return texts
        cells, rows = texts.tolist(), block.rows.tolist()
        for row, cell in zip(rows, cells, strict=True):
            if not holds_number(cell):
                raise no_number(self._head, column, Word(row, cell))
        numbers = self._decimal.numbers(texts, block.rows, column)
        refuse_unbounded(
            self._head, numbers[:, None], lambda row, _: (rows[row], column, cells[row])
        )
        return numbers

    def _note_missing(self, block: Block, features: NDArray[Any]) -> NDArray[np.bool_]:
        if features.dtype == np.uint8:
            return np.zeros(len(features), np.bool_)
        missing = np.isnan(features)
        count = int(missing.sum())
        self.tally.filled += count - int(missing[:, self._indicated].sum())
        if count and not self._fills:
            row, feature = (int(at) for at in np.argwhere(missing)[0])
            self._refuse_missing(int(block.rows[row]), self._source[feature])
        return np.asarray(missing.any(axis=1))

    def _refuse_missing(self, row: int, column: int) -> None:
        raise DataError(
            f"{self._head.cell(row, column)} is missing, wanted a number; fill it in, or give "
            f"{spelled('missing', 'mean')} in training to have it filled"
        )

    def _write_words(
        self, block: Block, column: int, known: dict[str, int], features: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Write one feature per word (n, L) of a column; return which rows (n,) lack a word."""
        values, firsts, numbered = distinct(block.texts[column])
        words = [str(value) for value in values]
        words = ["" if is_missing(word, number=False) else word for word in words]
        if not self._fills and "" in words:
            self._refuse_missing(int(block.rows[firsts[words.index("")]]), column)
        levels = np.array([known.get(word, -1) for word in words], np.int64)[numbered]  # (n,)
        rows = np.flatnonzero(levels >= 0)
        features[rows, levels[rows]] = 1
        missing = np.array([word == "" for word in words], np.bool_)[numbered]
        self.tally.blank += int((missing & (levels < 0)).sum())
        strange = np.flatnonzero(~missing & (levels < 0))
        if len(strange):
            word = shown(words[numbered[strange[0]]])
            place = self._head.cell(int(block.rows[strange[0]]), column)
            self.tally.first = self.tally.first or f"{word} in {place}"
            self.tally.unknown += len(strange)
        return missing


def take_features(
    table: Table, encoder: Encoder, tell: Progress = untold
) -> tuple[NDArray[np.uint8] | NDArray[np.float64], NDArray[np.bool_]]:
    """Encode a table's rows as features (n, I); return which rows (n,) lack a cell, too.

    The blocks are freed one by one, and ``tell`` is called with their rows.

    Raises:
        DataError: as in ``Encoder.encode``; or there is no room for the features.
    """
    name, total, done = Path(table.head.name).name, len(table), 0
    spool = Spool(table.head.name, total * encoder.inputs)
    lacking = []
    while table.blocks:
        block = table.blocks.pop(0)  # freed as soon as it is encoded
        features, lack = encoder.encode(block)
        spool.add(features)
        lacking.append(lack)
        done += len(block)
        tell(f"encoding {name}", done, total)
    table.decimal.require_plain()
    return spool.array(), np.concatenate(lacking)
