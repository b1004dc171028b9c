"""The dashboard's gallery: a few samples, with the network's answers after each epoch.

Owns the layout. The words belong to ``verdict``, images to ``digits`` and charts to ``scatter``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw.block import Block, grid, stack, text_block
from gpunet.terminal.draw.digits import picture
from gpunet.terminal.draw.scatter import scatters
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views.cached import cached
from gpunet.terminal.views.verdict import Verdict, in_words, verdicts
from gpunet.training.events import RunInfo
from gpunet.training.metrics import probability_of

__all__ = ["gallery"]

Answers = NDArray[np.float32] | None
"""The network's answers to the samples, (g, C) or (g, T); ``None`` before the first."""


def gallery(console: Console, run: RunInfo, answers: Answers, width: int, rows: int) -> Block:
    """The gallery's samples above the network's answers, its mistakes first.

    For measured targets without images, a chart of the predictions against the true values.

    Args:
        console: decides on the characters and colors.
        run: the run that has the gallery.
        answers: (g, C) or (g, T) of the network; ``None`` until the first epoch ends.
        width: width in cells.
        rows: height in lines.
    """
    if rows < 1 or not len(run.gallery):
        return Block(width, [])
    order, told = np.arange(len(run.gallery)), ""
    if answers is not None and run.network.kind != "measured":
        order, told = _worst_first(run, answers), ", the worst of the moment first"
    if rows >= 9:
        kind = "validation" if run.validation_count else "training"
        title = text_block(console, [Text(f"{kind} samples{told}", Ink.MUTED)], width)
        return stack([title, _samples(console, run, order, answers, width, rows - 1)], width)
    return _samples(console, run, order, answers, width, rows)


def _worst_first(run: RunInfo, answers: NDArray[np.float32]) -> NDArray[np.intp]:
    """The gallery's rows (g,), ordered by the probability of the true label, the lowest first."""
    known = np.nan_to_num(answers, nan=0.0)
    return np.argsort(probability_of(run.gallery.labels, known), kind="stable")


def _samples(
    console: Console,
    run: RunInfo,
    order: NDArray[np.intp],
    answers: Answers,
    width: int,
    rows: int,
) -> Block:
    if run.dataset.image_shape is None:
        how = _predictions if run.network.kind == "measured" else _samples_in_words
        return how(console, *_in_order(run, order, answers), width, rows)
    height, breadth = run.dataset.image_shape
    tiles_down = max(1, rows // 7)  # a digit needs six rows to be recognized
    picture_rows, columns = _picture_size(rows // tiles_down - 1, width, breadth / height)
    fitting = order[: max(1, (width + 1) // (columns + 1)) * tiles_down]
    pictures = cached(_pictures, console, run, columns, picture_rows)
    captions = _captions(console, *_in_order(run, fitting, answers), columns)
    tiles = [
        stack([pictures[index], text_block(console, [caption], columns)], columns)
        for index, caption in zip(fitting, captions, strict=True)
    ]
    return grid(tiles, width).shaped(width, rows)


def _in_order(run: RunInfo, order: NDArray[np.intp], answers: Answers) -> tuple[RunInfo, Answers]:
    """The run and the answers with the gallery's samples in this order."""
    own = replace(run, gallery=run.gallery[order])
    return own, None if answers is None else answers[order]


def _pictures(console: Console, run: RunInfo, columns: int, rows: int) -> list[Block]:
    """The pictures of all samples, which stay the same while the answers change."""
    images = run.gallery.features.reshape(-1, *(run.dataset.image_shape or ()))
    return [picture(console, image, columns, rows) for image in images]


def _picture_size(rows: int, width: int, proportion: float) -> tuple[int, int]:
    """The rows and columns of a picture, small enough to show four in ``width`` cells.

    ``rows`` is the room for it, ``proportion`` an image's width divided by its height.
    """

    def columns(size: int) -> int:
        return min(max(8, round(2 * size * proportion)), 4 * size + 8, width)

    size = max(1, min(10, rows))
    while size > 6 and 4 * (columns(size) + 1) > width + 1:
        size -= 1
    return size, columns(size)


def _captions(console: Console, run: RunInfo, answers: Answers, width: int) -> list[Text]:
    if answers is None:
        return [Text("?".center(width), Ink.MUTED)] * len(run.gallery)
    ascii_only = console.options.ascii_only
    captions = [one.caption(width, ascii_only) for one in _verdicts(run, answers)]
    for caption in captions:
        caption.pad_left((width - caption.cell_len) // 2)
    return captions


def _verdicts(run: RunInfo, answers: NDArray[np.float32]) -> list[Verdict]:
    """The verdicts on the gallery's samples."""
    names = run.dataset.output_names
    true, predicted = _own_units(run, run.gallery.labels), _own_units(run, answers)
    return verdicts(true, predicted, names, run.network.kind)


def _own_units(run: RunInfo, values: NDArray[Any]) -> NDArray[Any]:
    """Measured targets or answers (g, T) in their own units; other kinds unchanged."""
    return values if run.target_scaling is None else run.target_scaling.to_targets(values)


def _predictions(console: Console, run: RunInfo, answers: Answers, width: int, rows: int) -> Block:
    """A chart of the predictions for measured targets against the true values."""
    true = _own_units(run, run.gallery.labels)  # (g, T)
    unknown = np.full(true.shape, np.nan)
    predicted = unknown if answers is None else _own_units(run, answers)
    return scatters(console, run.dataset.targets, true, predicted, width, rows)


def _samples_in_words(
    console: Console, run: RunInfo, answers: Answers, width: int, rows: int
) -> Block:
    """One cell per sample: its number, its label, the prediction."""
    ascii_only = console.options.ascii_only
    names = run.dataset.output_names
    truths = in_words(run.gallery.labels, names, run.network.kind)
    found = None if answers is None else _verdicts(run, answers)
    longest = max(map(len, run.dataset.classes or truths))
    size = min(width, 2 * longest + 18)
    cells = []
    for index in range(min(len(run.gallery), rows * max(1, (width + 2) // (size + 2)))):
        text = Text(f"{index + 1:>3}: ", Ink.MUTED)
        if found:
            text.append_text(found[index].sentence(size - 5, ascii_only))
        else:
            text.append(truths[index], Ink.MUTED)
        cells.append(text_block(console, [text], size))
    return grid(cells, width, gap=2).shaped(width, rows)
