"""Tables of results: a run's summary, the confusion matrix, the scores per class or target.

Owns the layout; computing the numbers belongs to ``training.metrics``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from gpunet.config.choices import Kind
from gpunet.model import Scores
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import padded, text_block
from gpunet.terminal.draw.columns import Columns
from gpunet.terminal.draw.style import RIGHT_SHARE, WRONG_SHARE, Ink, glyphs
from gpunet.terminal.views.score import scores_in_words
from gpunet.training.metrics import ClassScores, TargetScores, confused_pairs

__all__ = [
    "class_table",
    "confusion_table",
    "ensemble_table",
    "matrix_names",
    "matrix_rows",
    "summary_table",
    "target_table",
]

LONGEST_NAME = 16
"""Most cells of a class's name beside the confusion matrix."""

RIGHT_LIMITS, WRONG_LIMITS = (0.5, 0.9), (0.02, 0.1)
"""Shares of a row from which a right or wrong count is bold, and from which its cell is filled."""

PAIRS = 12
"""Confused pairs listed if the matrix does not fit."""

PAIRS_BESIDE_MATRIX = 6
"""Confused pairs listed below the matrix on request."""


def summary_table(rows: Iterable[tuple[str, str]], style: str = Ink.STRONG) -> RenderableType:
    """Names and values, one pair per line; long values are wrapped."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style=Ink.MUTED, no_wrap=True)
    table.add_column(style=style, overflow="fold")
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    return table


def ensemble_table(
    together: Scores, networks: Sequence[Scores], kind: Kind = "classes"
) -> RenderableType:
    """The scores of each network of an ensemble, and of all of them together."""
    table = Columns(["<network", *(name for name, _ in scores_in_words(together, kind))])
    for index, one in enumerate(networks):
        table.add(str(index), *(value for _, value in scores_in_words(one, kind)))
    together_in_words = (value for _, value in scores_in_words(together, kind))
    table.add("together", *together_in_words, style=Ink.STRONG)
    return table


def confusion_table(
    console: Console,
    matrix: NDArray[np.int64],
    classes: Sequence[str],
    *,
    pairs: bool = False,
) -> RenderableType:
    """The confusion matrix if it fits, else the most confused pairs.

    Args:
        console: decides on the width and the characters.
        matrix: (C, C), the row is the label, the column the prediction.
        classes: names of the C classes.
        pairs: whether to list the most confused pairs below the matrix, too.
    """
    cell = max(4, len(str(int(matrix.max(initial=0)))) + 1)
    names = matrix_names(classes)
    name_width = min(LONGEST_NAME, max(Text(name).cell_len for name in names))
    if name_width + 1 + cell * len(names) > console.width:
        return _pair_table(matrix, classes, PAIRS)
    rows = list(matrix_rows(matrix, names, name_width, cell, console.options.ascii_only))
    if console.is_terminal:
        rows += _filled_cells()
    block = text_block(console, rows, console.width)
    if not pairs:
        return block
    return Group(block, Text(), _pair_table(matrix, classes, PAIRS_BESIDE_MATRIX))


def class_table(
    scores: ClassScores, classes: Sequence[str], called: str = "class"
) -> RenderableType:
    """One row per class or label; undefined scores (NaN) are shown as dashes."""
    table = Columns([f"<{called}", "precision", "recall", "F1", "samples"])
    columns_of_scores = (scores.precision, scores.recall, scores.f1, scores.support)
    columns = zip(classes, *columns_of_scores, strict=True)
    for name, *shares, samples in columns:
        written = [formats.percent(None if np.isnan(share) else float(share)) for share in shares]
        table.add(name, *written, formats.count(int(samples)))
    return table


def target_table(scores: TargetScores, targets: Sequence[str]) -> RenderableType:
    """One row per measured target, and the mean if there are several."""
    table = Columns(["<target", "R2", "RMSE", "MAE"])
    rows = np.stack([scores.r2, scores.rmse, scores.mae], axis=1)  # (T, 3)
    for name, (r2, rmse, mae) in zip(targets, rows.tolist(), strict=True):
        table.add(name, formats.r2(r2), formats.measured(rmse), formats.measured(mae))
    if len(rows) > 1:
        r2, rmse, mae = rows.mean(axis=0).tolist()
        errors = formats.measured(rmse), formats.measured(mae)
        table.add("mean", formats.r2(r2), *errors, style=Ink.STRONG)
    return table


def matrix_names(classes: Sequence[str]) -> list[str]:
    """The classes' numbers with their names, unless these are the same."""
    if all(name == str(index) for index, name in enumerate(classes)):
        return list(classes)
    return [f"{index} {name}" for index, name in enumerate(classes)]


def matrix_rows(
    matrix: NDArray[np.int64], names: Sequence[str], name_width: int, cell: int, ascii_only: bool
) -> Iterator[Text]:
    """The lines of the confusion matrix: a head that numbers the columns, then the named rows."""
    yield Text("rows: label, columns: prediction")
    head = Text(" " * (name_width + 1))
    for index in range(len(names)):
        head.append(str(index).rjust(cell), Ink.MUTED)
    yield head
    for label, (name, row) in enumerate(zip(names, matrix.tolist(), strict=True)):
        total = max(1, sum(row))
        text = padded(Text(name, Ink.MUTED), name_width, ascii_only).append(" ")
        for prediction, count in enumerate(row):
            written = str(count) if count else glyphs(ascii_only).nothing
            text.append(" " * (cell - len(written)))
            text.append(written, _shade(count / total, label == prediction, count))
        yield text


def _filled_cells() -> Iterator[Text]:
    """The legend of the filled cells, printed in filled cells."""
    for name, styles, limits in (
        (" right ", RIGHT_SHARE, RIGHT_LIMITS),
        (" wrong ", WRONG_SHARE, WRONG_LIMITS),
    ):
        yield Text.assemble(
            (name, styles[-1]), (f" at least {100 * limits[-1]:.0f} % of its row", Ink.MUTED)
        )


def _pair_table(matrix: NDArray[np.int64], classes: Sequence[str], most: int) -> RenderableType:
    """The most frequent confusions, in descending order."""
    totals = matrix.sum(axis=1)  # (C,)
    table = Columns(["<label", "<predicted", "samples", "of label"])
    for pair in confused_pairs(matrix, most):
        share = pair.count / int(totals[pair.label])
        names = Text(classes[pair.label]), Text(classes[pair.prediction], Ink.WRONG)
        table.add(*names, formats.count(pair.count), formats.percent(share))
    return table if table.rows else Text("no sample was misclassified", Ink.RIGHT)


def _shade(share: float, diagonal: bool, count: int) -> str:
    """The style of a matrix cell: the larger its share of the row, the stronger."""
    if count == 0:
        return Ink.MUTED
    styles, limits = (RIGHT_SHARE, RIGHT_LIMITS) if diagonal else (WRONG_SHARE, WRONG_LIMITS)
    return styles[sum(share >= limit for limit in limits)]
