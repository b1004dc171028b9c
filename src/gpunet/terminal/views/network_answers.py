"""A network's answers to validation samples: the confusions and the worst mistakes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block, beside, padded, stack, text_block
from gpunet.terminal.draw.digits import grey_cells, picture
from gpunet.terminal.draw.style import Ink, bar, sparkline
from gpunet.terminal.views.frame import heading
from gpunet.terminal.views.tables import matrix_names, matrix_rows
from gpunet.terminal.views.verdict import Verdict, verdicts
from gpunet.training.events import Insight, RunInfo
from gpunet.training.metrics import confused_pairs

__all__ = ["answers", "answers_size", "mistakes"]

LEAST, MOST = 5, 8
"""Fewest and most rows of a mistake's picture."""

NAME = 10
"""Most cells of a class's name beside the matrix."""

NARROWEST = 50
"""Fewest columns of the answers."""


def answers_size(run: RunInfo, insight: Insight) -> tuple[int, int]:
    """Columns and rows that show the answers in full."""
    outputs = run.network.outputs
    if run.network.kind == "classes" and outputs <= 12:
        name, cell = _matrix_widths(run, insight)
        return max(NARROWEST, name + 1 + cell * outputs), outputs + 2
    if run.network.kind == "classes":
        return max(NARROWEST, min(64, outputs)), 2 + -(-outputs // 2)
    return 60, 1 + outputs


def _matrix_widths(run: RunInfo, insight: Insight) -> tuple[int, int]:
    names = [Text(name).cell_len for name in matrix_names(run.dataset.classes)]
    return min(NAME, max(names)), max(4, len(str(int(insight.matrix.max(initial=0)))) + 1)


def answers(console: Console, run: RunInfo, insight: Insight, width: int, rows: int) -> Block:
    """The confusion matrix, the F1 of each label, or the errors of measured targets."""
    if rows < 3:
        return Block(width, [])
    how = {"classes": _confusions, "labels": _label_scores, "measured": _residuals}
    what, block = how[run.network.kind](console, run, insight, width, rows - 1)
    total = run.validation_count or run.train_count
    kind = "validation" if run.validation_count else "training"
    some = formats.count(insight.looked_at)
    part = some if insight.looked_at >= total else f"{some} of {formats.count(total)}"
    title = heading(console, what, f"{part} {kind} samples", width)
    return stack([title, block], width).shaped(width, rows)


def _confusions(
    console: Console, run: RunInfo, insight: Insight, width: int, rows: int
) -> tuple[str, Block]:
    """The matrix in numbers or in shades, or the most confused pairs: whichever fits first."""
    matrix, classes = insight.matrix, run.dataset.classes
    if not matrix.size:
        return "too many classes for a matrix", Block(width, [])
    ascii_only = console.options.ascii_only
    share = np.trace(matrix) / max(1, matrix.sum())
    what = f"{formats.percent(float(share))} right"
    name, cell = _matrix_widths(run, insight)
    if name + 1 + cell * len(classes) <= width and len(classes) + 1 <= rows:
        lines = list(matrix_rows(matrix, matrix_names(classes), name, cell, ascii_only))
        return what, text_block(console, lines[1:], width)
    if len(classes) <= width and -(-len(classes) // 2) + 1 <= rows:
        sums = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        shares = np.sqrt(matrix / sums)
        padded = np.vstack([shares, np.zeros((len(classes) % 2, len(classes)))])
        legend = Text("down: label, across: answer", Ink.MUTED)
        shades = grey_cells(console, padded)
        return what, stack([text_block(console, [legend], width), shades], width)
    lines = []
    for pair in confused_pairs(matrix, rows):
        line = Text(f"{classes[pair.label]} for ", Ink.MUTED)
        line.append(classes[pair.prediction], Ink.WRONG).append(f"  {pair.count} times", Ink.MUTED)
        lines.append(line)
    return what, text_block(console, lines, width)


def _label_scores(
    console: Console, run: RunInfo, insight: Insight, width: int, rows: int
) -> tuple[str, Block]:
    """A bar for the F1 of each label; if not all fit, the worst ones."""
    names, scores = run.dataset.targets, insight.f1
    order = np.arange(len(scores))
    if len(order) > rows:
        order = np.argsort(np.nan_to_num(scores, nan=2.0), kind="stable")[:rows]
    name = min(LABEL_NAME, max(Text(names[at]).cell_len for at in order))
    ascii_only = console.options.ascii_only
    lines = []
    for at in order.tolist():
        line = padded(Text(names[at]), name, ascii_only).append(" ")
        known = not math.isnan(scores[at])
        share = float(scores[at]) if known else 0.0
        line.append_text(bar(share, max(0, width - name - 10), Ink.TRAIN, ascii_only))
        line.append(f" {formats.percent(share) if known else '-':>8}")
        lines.append(line)
    return "F1 of each label", text_block(console, lines, width)


LABEL_NAME = 16
"""Cells of a label's or a target's name."""


def _residuals(
    console: Console, run: RunInfo, insight: Insight, width: int, rows: int
) -> tuple[str, Block]:
    """The spread of the errors (answer minus truth), one line per target."""
    errors: NDArray[np.floating] = insight.residuals.astype(np.float64)  # (n, T)
    if run.target_scaling is not None:
        errors = errors * run.target_scaling.deviation
    names, ascii_only = run.dataset.targets, console.options.ascii_only
    name = min(LABEL_NAME, max(Text(one).cell_len for one in names))
    lines = []
    for at in range(min(rows, errors.shape[1])):
        own = errors[np.isfinite(errors[:, at]), at]
        line = padded(Text(names[at]), name, ascii_only).append(" ")
        if len(own):
            full = float(np.quantile(np.abs(own), 0.99)) or 1.0
            bins = max(5, min(25, width - name - 34)) | 1
            counts, _ = np.histogram(np.clip(own, -full, full), bins, (-full, full))
            edge = formats.measured(full)
            line.append(f"-{edge} ", Ink.MUTED)
            heights = sparkline(
                counts.tolist(), (0, float(counts.max())), bins, Ink.TRAIN, ascii_only
            )
            line.append_text(heights).append(f" {edge}", Ink.MUTED)
            rmse = formats.measured(float(np.sqrt((own**2).mean())))
            line.append("  RMSE ", Ink.MUTED).append(rmse, Ink.STRONG)
        else:
            line.append("no number", Ink.WRONG)
        lines.append(line)
    return "errors, answer less truth", text_block(console, lines, width)


def mistakes(console: Console, run: RunInfo, insight: Insight, width: int, rows: int) -> Block:
    """The worst answers, each with the probability of the true label over time."""
    worst, measured = insight.mistakes, run.network.kind == "measured"
    if rows < 2:
        return Block(width, [])
    name = "the largest errors" if measured else "the worst mistakes"
    told = "the loss" if measured else "the probability of the label"
    head = heading(console, name, f"with {told}, look by look", width)
    if not len(worst.rows):
        none = Text("none: all answers are right", Ink.RIGHT)
        return stack([head, text_block(console, [none], width)], width).shaped(width, rows)
    found = _verdicts(run, insight)
    shape, height = run.dataset.image_shape, min(MOST, rows - 3)
    if shape is None or height < LEAST or not worst.samples.features.size:
        lines = [
            _in_a_line(console, insight, at, found[at], width)
            for at in range(min(len(found), rows - 1))
        ]
        return stack([head, text_block(console, lines, width)], width).shaped(width, rows)
    tiles = []
    columns = min(width, max(8, round(2 * height * shape[1] / shape[0])))
    for at in range(min(len(found), (width + 1) // (columns + 1))):
        image = worst.samples.features[at].reshape(shape)
        verdict = found[at].caption(columns, console.options.ascii_only)
        course = _course(console, insight, at, columns)
        below = text_block(console, [verdict, course], columns)
        tiles.append(stack([picture(console, image, columns, height), below], columns))
    return stack([head, beside(tiles, gap=1)], width).shaped(width, rows)


def _verdicts(run: RunInfo, insight: Insight) -> list[Verdict]:
    worst, own = insight.mistakes, run.target_scaling
    names: Sequence[str] = run.dataset.output_names
    pair = worst.samples.labels, worst.answers
    labels, said = pair if own is None else map(own.to_targets, pair)
    return verdicts(labels, said, names, run.network.kind)


def _in_a_line(console: Console, insight: Insight, at: int, verdict: Verdict, width: int) -> Text:
    """A mistake in words, with the number of its row."""
    ascii_only = console.options.ascii_only
    room = min(20, max(0, width // 4))
    line = Text(f"sample {insight.mistakes.rows[at]:<6} ", Ink.MUTED)
    line.append_text(verdict.sentence(max(0, width - line.cell_len - room - 10), ascii_only))
    line.pad_right(max(0, width - room - 8 - line.cell_len))
    latest = float(insight.mistakes.courses[at, -1])
    told = formats.loss(latest) if verdict.right is None else f"{100 * latest:.1f} %"
    line.append(f"{told:>7} ", Ink.STRONG)
    return line.append_text(_course(console, insight, at, room))


def _course(console: Console, insight: Insight, at: int, width: int) -> Text:
    """The probability of the true label over time; for measured targets, the loss."""
    values = np.nan_to_num(insight.mistakes.courses[at], nan=0.0, posinf=0.0)
    bounds = (0.0, max(1.0, float(values.max())))
    return sparkline(values.tolist(), bounds, width, Ink.VALIDATION, console.options.ascii_only)
