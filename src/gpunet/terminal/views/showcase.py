"""Samples in the terminal: test samples with predictions, one prediction, a dataset's preview.

Owns the output for single samples. Images belong to ``digits``, the words of a prediction to
``verdict``, and scores over many samples to ``tables``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, RenderableType
from rich.text import Text

from gpunet.config.choices import Kind
from gpunet.datasets.dataset import Samples
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block, beside, cut, grid, padded, stack, text_block
from gpunet.terminal.draw.columns import Columns
from gpunet.terminal.draw.digits import greys, picture
from gpunet.terminal.draw.graphics import Painter
from gpunet.terminal.draw.style import Ink, bar, glyphs
from gpunet.terminal.views.verdict import Verdict, in_words, verdicts

__all__ = ["prediction", "preview", "showcase"]

PICTURE = (14, 7)
"""Columns and rows of a picture in a grid; five fit side by side in 80 columns."""

LARGE_PICTURE = (28, 14)
"""Columns and rows of a single picture, which show an image of 28x28 pixels exactly."""

LISTED = 10
"""Most classes, labels or targets listed for one prediction."""


def showcase(
    console: Console,
    samples: Samples,
    answers: NDArray[np.floating[Any]],
    names: Sequence[str],
    image_shape: tuple[int, int] | None,
    indices: Sequence[int] | NDArray[np.integer],
    losses: NDArray[np.float64] | None = None,
    painter: Painter | None = None,
    kind: Kind = "classes",
) -> RenderableType:
    """Samples with a network's predictions, as pictures or as a table.

    Args:
        console: decides on the width, colors and characters.
        samples: all n samples of a split.
        answers: (n, C) or (n, T) answers to these samples, as for ``verdicts``.
        names: names of the classes, labels or targets.
        image_shape: height and width if a sample is an image.
        indices: the rows to show.
        losses: (n,) losses of these samples, shown in the captions; ``None`` for no losses.
        painter: paints in pixels; ``None`` for half blocks or characters.
        kind: kind of the labels.
    """
    rows = np.asarray(indices, dtype=np.int64)  # (shown,)
    shown = samples[rows]
    found = verdicts(shown.labels, answers[rows], names, kind)
    costs = None if losses is None else losses[rows].tolist()
    if image_shape is None:
        return _verdict_table(console, rows, found, costs)
    captions = _verdict_captions(console, found, costs)
    return _picture_grid(console, shown, captions, image_shape, painter)


def prediction(
    console: Console,
    image: NDArray[np.uint8] | NDArray[np.float32] | None,
    answer: NDArray[np.floating[Any]],
    names: Sequence[str],
    kind: Kind = "classes",
) -> None:
    """Print one prediction: the picture beside the most probable classes, or the predicted values.

    Args:
        console: where to print it.
        image: (height, width) as the network sees it; ``None`` if the sample is not an image.
        answer: (C,) or (T,) probabilities, or measured targets in their own units.
        names: names of the classes, labels or targets.
        kind: kind of the labels.
    """
    answer_block = _values if kind == "measured" else _probability_bars
    width = console.width
    columns, rows = LARGE_PICTURE
    if image is None or width < columns + 24:
        console.print(answer_block(console, answer, names, width))
        return
    bars = answer_block(console, answer, names, min(48, width - columns - 3))
    lead = Block(bars.width, []).shaped(bars.width, max(0, (rows - bars.height) // 2))
    drawing = picture(console, image, columns, rows)
    console.print(beside([drawing, stack([lead, bars], bars.width)], gap=3))


def preview(
    console: Console,
    samples: Samples,
    names: Sequence[str],
    image_shape: tuple[int, int] | None,
    indices: Sequence[int] | NDArray[np.integer],
    painter: Painter | None = None,
    kind: Kind = "classes",
) -> None:
    """Print some samples of a dataset with their labels, as pictures or as a table.

    Args:
        console: where to print them.
        samples: all samples of a split.
        names: names of the classes, labels or targets.
        image_shape: height and width if a sample is an image.
        indices: the rows to show.
        painter: paints in pixels; ``None`` for half blocks or characters.
        kind: kind of the labels.
    """
    rows = np.asarray(indices, dtype=np.int64)  # (shown,)
    shown = samples[rows]
    truths = in_words(shown.labels, names, kind)
    if image_shape is None:
        longest = max(map(len, names if kind == "classes" else truths))
        console.print(_feature_table(console, rows, shown, truths, min(longest, 20)))
        return
    captions = [[Text(truth)] for truth in truths]
    console.print(_picture_grid(console, shown, captions, image_shape, painter))


def _verdict_captions(
    console: Console,
    found: Sequence[Verdict],
    losses: Sequence[float] | None,
) -> list[list[Text]]:
    marks = glyphs(console.options.ascii_only)
    captions = []
    for index, verdict in enumerate(found):
        head = Text(f"{verdict.mark(marks)} {verdict.prediction}".lstrip(), verdict.style)
        share = f" {verdict.share(1)}".rstrip()
        if head.cell_len + len(share) <= PICTURE[0]:
            head.append(share, Ink.MUTED)
        truth = "" if verdict.right else f"is {verdict.label}"
        cost = [] if losses is None else [Text(f"loss {formats.loss(losses[index])}", Ink.MUTED)]
        captions.append([head, Text(truth, Ink.MUTED), *cost])
    return captions


def _picture_grid(
    console: Console,
    shown: Samples,
    captions: Sequence[Sequence[Text]],
    image_shape: tuple[int, int],
    painter: Painter | None,
) -> Block:
    """Pictures in as many columns as fit, each above the lines of its caption."""
    columns, rows = PICTURE
    tiles = []
    for features, caption in zip(shown.features, captions, strict=True):
        image = features.reshape(image_shape)
        below = text_block(console, [*caption, Text()], columns)
        if painter is None:
            tiles.append(stack([picture(console, image, columns, rows), below], columns))
        else:
            pixels = greys(image, *painter.size(columns, rows))
            tiles.append(painter.above(below, pixels, rows))
    return grid(tiles, console.width, gap=2)


def _verdict_table(
    console: Console,
    rows: NDArray[np.int64],
    found: Sequence[Verdict],
    losses: Sequence[float] | None,
) -> Columns:
    marks = glyphs(console.options.ascii_only)
    names = ["sample", "<label", "<prediction", "probability", "<"]
    if measured := all(verdict.right is None for verdict in found):
        names = ["sample", "true", "predicted"]
    table = Columns(names if losses is None else [*names, "loss"])
    for index, (row, verdict) in enumerate(zip(rows.tolist(), found, strict=True)):
        sure = [Text(verdict.share(1)), Text(verdict.mark(marks), verdict.style)]
        table.add(
            str(row),
            verdict.label,
            Text(verdict.prediction, verdict.style),
            *([] if measured else sure),
            *([] if losses is None else [formats.loss(losses[index])]),
        )
    return table


def _feature_table(
    console: Console,
    rows: NDArray[np.int64],
    shown: Samples,
    truths: Sequence[str],
    width: int,
) -> RenderableType:
    """A table of the samples' true labels and as many features as fit in ``width`` cells."""
    ascii_only = console.options.ascii_only
    lines = []
    for row, features, truth in zip(rows.tolist(), shown.features, truths, strict=True):
        text = Text.assemble((f"{row:>6}  ", Ink.MUTED))
        text.append(truth.ljust(width), Ink.STRONG)
        text.append("".join(f" {value:>9.4g}" for value in features[: console.width // 10]))
        lines.append(cut(text, console.width, ascii_only))
    return text_block(console, lines, console.width)


def _values(
    console: Console, answer: NDArray[np.floating[Any]], names: Sequence[str], width: int
) -> Block:
    """One line per measured target; if there are many, only the first."""
    lines = [
        Text.assemble((f"{name}  ", Ink.MUTED), (formats.measured(value), Ink.STRONG))
        for name, value in zip(names[:LISTED], answer.tolist(), strict=False)
    ]
    return text_block(console, lines, width)


def _probability_bars(
    console: Console, probabilities: NDArray[np.floating[Any]], classes: Sequence[str], width: int
) -> Block:
    """One bar per class, in the classes' order; if there are many, only the most probable."""
    known = np.nan_to_num(probabilities, nan=0.0)  # (C,)
    top = int(known.argmax())
    order = range(len(known))
    listed = order if len(known) <= LISTED else np.argsort(-known, kind="stable")[:LISTED].tolist()
    names = [Text(classes[index]) for index in listed]
    name_width = min(max(name.cell_len for name in names), max(4, width // 3))
    length = width - name_width - 12
    ascii_only = console.options.ascii_only
    marks = glyphs(ascii_only)
    lines = []
    for index, name in zip(listed, names, strict=True):
        style = Ink.LABEL if index == top else Ink.MUTED
        line = Text(f"{marks.arrow if index == top else '':<2} ", Ink.LABEL)
        line.append_text(padded(name, name_width, ascii_only)).append(" ")
        line.append_text(bar(float(known[index]), max(0, length), style, ascii_only))
        line.append(f" {100 * known[index]:5.1f} %")
        line.stylize(Ink.STRONG if index == top else Ink.MUTED)
        lines.append(line)
    if not np.isfinite(probabilities).all():
        lines.append(Text("some probabilities are no numbers: the network has diverged", Ink.WRONG))
    return text_block(console, lines, width)
