"""Tables: a run's summary, its epochs, the confusion matrix and the figures of each class.

Owns how figures are laid out; computing them belongs to ``training.metrics``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from gpunet.model import Figures
from gpunet.terminal.draw import figures
from gpunet.terminal.draw.block import cut, text_block
from gpunet.terminal.draw.columns import Columns
from gpunet.terminal.draw.style import (
    BEST,
    MUTED,
    RIGHT,
    RIGHT_SHARE,
    STRONG,
    WRONG,
    WRONG_SHARE,
    glyphs,
)
from gpunet.training.events import EpochRecord
from gpunet.training.metrics import confused_pairs

__all__ = [
    "class_table",
    "committee_table",
    "confusion_table",
    "epoch_table",
    "summary_table",
]

LONGEST_NAME = 16
"""Cells of a class's name beside the confusion matrix."""

PAIRS = 12
"""Confused pairs listed where the whole matrix does not fit."""

PAIRS_BESIDE_MATRIX = 6
"""Confused pairs listed below the matrix, if they are asked for."""


def summary_table(rows: Sequence[tuple[str, str]]) -> RenderableType:
    """Names and values below one another; a value that is too long goes on in the next line."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style=MUTED, no_wrap=True)
    table.add_column(style=STRONG, overflow="fold")
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    return table


def committee_table(together: Figures, networks: Sequence[Figures]) -> RenderableType:
    """What each network of an ensemble comes to by itself, and all of them together."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("network", "accuracy", "loss"):
        table.add_column(name, header_style=MUTED, justify="left" if name == "network" else "right")
    rows = [(str(place), one) for place, one in enumerate(networks)]
    for name, one in [*rows, ("together", together)]:
        style = STRONG if one is together else None
        table.add_row(name, figures.percent(one.accuracy), figures.loss(one.loss), style=style)
    return table


def epoch_table(records: Sequence[EpochRecord], best_epoch: int) -> RenderableType:
    """One row per epoch, the best one marked."""
    return _EpochTable(tuple(records), best_epoch)


def confusion_table(
    matrix: NDArray[np.int64], classes: Sequence[str], *, pairs: bool = False
) -> RenderableType:
    """The confusion matrix where it fits, else the most confused pairs.

    Args:
        matrix: (C, C), the row is the label, the column the prediction.
        classes: the classes' names, C of them.
        pairs: list the most confused pairs below the matrix, too.
    """
    return _ConfusionTable(matrix, tuple(classes), pairs)


def class_table(
    precision: NDArray[np.float64],
    recall: NDArray[np.float64],
    f1: NDArray[np.float64],
    support: NDArray[np.int64],
    classes: Sequence[str],
) -> RenderableType:
    """One row per class; NaN, where a figure is not defined, is shown as a dash.

    Args:
        precision: (C,) fractions.
        recall: (C,) fractions.
        f1: (C,) fractions.
        support: (C,) samples of each class.
        classes: the classes' names, C of them.
    """
    table = Columns(["<class", "precision", "recall", "F1", "samples"])
    columns = zip(classes, precision, recall, f1, support, strict=True)
    for name, *shares, samples in columns:
        written = [figures.percent(None if np.isnan(share) else float(share)) for share in shares]
        table.add(name, *written, figures.count(int(samples)))
    return table


@dataclass(frozen=True, slots=True)
class _EpochTable:
    records: tuple[EpochRecord, ...]
    best_epoch: int

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        marks = glyphs(options.ascii_only)
        held_out = any(record.val_loss is not None for record in self.records)
        spacious = options.max_width >= 90
        names = ["epoch", "loss", "acc"]
        names += ["val loss", "val acc"] if held_out else []
        names += ["lr", "time", "speed"] if spacious else ["lr", "time"]
        table = Columns([*names, ""])
        for record in self.records:
            best = record.epoch == self.best_epoch
            cells = [str(record.epoch), figures.loss(record.train_loss)]
            cells.append(figures.percent(record.train_accuracy))
            if held_out:
                cells.append(figures.loss(record.val_loss))
                cells.append(figures.percent(record.val_accuracy))
            cells += [figures.learning_rate(record.learning_rate), figures.seconds(record.seconds)]
            if spacious:
                cells.append(figures.rate(record.samples_per_second))
            table.add(*cells, marks.best if best else "", style=BEST if best else "")
        yield table


@dataclass(frozen=True, slots=True, eq=False)
class _ConfusionTable:
    matrix: NDArray[np.int64]
    classes: tuple[str, ...]
    pairs: bool

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        cell = max(4, len(str(int(self.matrix.max(initial=0)))) + 1)
        names = [f"{index} {name}" for index, name in enumerate(self.classes)]
        if all(name == str(index) for index, name in enumerate(self.classes)):
            names = list(self.classes)
        name_width = min(LONGEST_NAME, max(Text(name).cell_len for name in names))
        if name_width + 1 + cell * len(names) <= options.max_width:
            yield text_block(
                console, self._rows(console, names, name_width, cell), options.max_width
            )
            if self.pairs:
                yield Text()
                yield self._pairs(PAIRS_BESIDE_MATRIX)
        else:
            yield self._pairs(PAIRS)

    def _rows(
        self, console: Console, names: Sequence[str], name_width: int, cell: int
    ) -> Iterator[Text]:
        """The head counts the columns; the classes' names stand at the rows."""
        ascii_only = console.options.ascii_only
        yield Text("label \\ prediction" if name_width > 16 else "rows: label, columns: prediction")
        head = Text(" " * (name_width + 1))
        for index in range(len(names)):
            head.append(str(index).rjust(cell), MUTED)
        yield head
        totals = self.matrix.sum(axis=1)  # (C,)
        for row, (name, total) in enumerate(zip(names, totals.tolist(), strict=True)):
            text = cut(Text(name, MUTED), name_width, ascii_only)
            text.pad_right(name_width + 1 - text.cell_len)
            for column, count in enumerate(self.matrix[row].tolist()):
                share = count / total if total else 0.0
                written = str(count) if count else glyphs(ascii_only).nothing
                text.append(written.rjust(cell), _shade(share, row == column, count))
            yield text

    def _pairs(self, most: int) -> RenderableType:
        """The most frequent confusions, in falling order."""
        totals = self.matrix.sum(axis=1)  # (C,)
        table = Columns(["<label", "<taken for", "times", "of its samples"])
        for pair in confused_pairs(self.matrix, most):
            share = pair.count / int(totals[pair.label])
            names = Text(self.classes[pair.label]), Text(self.classes[pair.prediction], WRONG)
            table.add(*names, figures.count(pair.count), figures.percent(share))
        return table if table.rows else Text("no sample was taken for another class", RIGHT)


def _shade(share: float, diagonal: bool, count: int) -> str:
    """The larger the share of its row, the stronger; what does not occur recedes."""
    if count == 0:
        return MUTED
    styles, limits = (RIGHT_SHARE, (0.5, 0.9)) if diagonal else (WRONG_SHARE, (0.02, 0.1))
    return styles[sum(share >= limit for limit in limits)]
