"""The controls with which a page sets a table's row: a slider or a menu for each column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.blocks import row_blocks
from gpunet.datasets.table_columns import Encoding
from gpunet.model import Model

__all__ = ["MOST_CONTROLS", "Control", "controls_of"]

MOST_CONTROLS = 1000
"""A page of a table with more columns has no controls: nobody would set so many by hand."""

MEDIAN_ROWS = 1 << 16
"""Rows, spread evenly over all, from which medians are computed."""

DEVIATIONS = 3
"""Standard deviations from the mean to either end of a slider, without training samples."""


@dataclass(frozen=True, slots=True)
class Control:
    """The control of one column of a table.

    Args:
        name: title of the column; ``feature 3`` where it has none.
        kind: ``number`` or ``choice``.
        features: the first feature that the column becomes, and the number of its features. A
            number with two features says with the second that it is missing.
        low: the smallest value in the training samples.
        high: the largest value.
        usual: the median, or the index of the most frequent choice.
        whole: whether all values are whole numbers.
        choices: the words of a choice; an empty one stands for a missing cell.
        missing: whether the model accepts rows without this value.
        unit: factor for a value before the model prepares it: 1 / 255 for bytes.
        guessed: whether the values are guesses because there were no training samples.
    """

    name: str
    kind: str
    features: tuple[int, int]
    low: float
    high: float
    usual: float
    whole: bool = False
    choices: tuple[str, ...] = ()
    missing: bool = False
    unit: float = 1.0
    guessed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Facts:
    """Statistics of each feature (I,) of the training samples."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    usual: NDArray[np.float64]  # the median
    total: NDArray[np.float64]  # for the feature of a word, the number of rows that hold it
    whole: NDArray[np.bool_]
    unit: float = 1.0
    guessed: bool = False


def controls_of(model: Model, features: NDArray[Any] | None) -> list[Control]:
    """A control for each column that becomes features, in the order of the columns.

    Args:
        model: the model; a model of images or of more than ``MOST_CONTROLS`` columns gets no
            controls.
        features: (n, I) features of the training samples as read; ``None`` to guess the ranges from
            the model's scaling.
    """
    columns, inputs = model.table_columns, model.network.inputs
    if model.image_shape is not None or columns.count(inputs) > MOST_CONTROLS:
        return []
    facts = _guessed(model) if features is None or not len(features) else _known(features)
    encodings = {one.column: one for one in columns.encodings}
    titles = columns.features or ("",) * columns.count(inputs)
    return [
        _control(
            title.strip() or f"feature {at + 1}", first, encodings.get(at), columns.fills, facts
        )
        for at, (title, first) in enumerate(
            zip(titles, columns.starts(inputs).tolist(), strict=True)
        )
    ]


def _control(
    name: str, first: int, encoding: Encoding | None, fills: bool, facts: _Facts
) -> Control:
    width = 1 if encoding is None else encoding.width
    if encoding is not None and encoding.levels:
        return Control(
            name=name,
            kind="choice",
            features=(first, width),
            low=0,
            high=width - 1,
            usual=int(facts.total[first : first + width].argmax()),
            choices=encoding.levels,
            missing=fills,
            guessed=facts.guessed,
        )
    return Control(
        name=name,
        kind="number",
        features=(first, width),
        low=float(facts.low[first]),
        high=float(facts.high[first]),
        usual=float(facts.usual[first]),
        whole=bool(facts.whole[first]),
        missing=fills,
        unit=facts.unit,
        guessed=facts.guessed,
    )


def _known(features: NDArray[Any]) -> _Facts:
    """Statistics of training samples (n, I); zeros for a feature that is always missing."""
    inputs = features.shape[1]
    low, high = np.full(inputs, np.inf), np.full(inputs, -np.inf)
    total, whole = np.zeros(inputs), np.ones(inputs, np.bool_)
    for rows in row_blocks(features):
        block = features[rows].astype(np.float64)
        missing = np.isnan(block)
        low = np.minimum(low, np.where(missing, np.inf, block).min(axis=0))
        high = np.maximum(high, np.where(missing, -np.inf, block).max(axis=0))
        filled = np.where(missing, 0, block)
        total += filled.sum(axis=0)
        whole &= (filled == np.rint(filled)).all(axis=0)
    seen = features[:: -(-len(features) // MEDIAN_ROWS)].astype(np.float64)
    usual = np.array([_median(column[~np.isnan(column)]) for column in seen.T])
    none = low > high
    return _Facts(
        low=np.where(none, 0, low),
        high=np.where(none, 0, high),
        usual=np.clip(usual, np.where(none, 0, low), np.where(none, 0, high)),
        total=total,
        whole=whole,
        unit=1 / 255 if features.dtype == np.uint8 else 1,
    )


def _median(values: NDArray[np.float64]) -> float:
    """The lower median of values (n,), which is one of them; 0 if there are none."""
    return float(np.quantile(values, 0.5, method="lower")) if len(values) else 0.0


def _guessed(model: Model) -> _Facts:
    """Statistics that the scaling suggests; without a scaling, values from 0 to 1."""
    inputs, scaling = model.network.inputs, model.scaling
    low, high = np.zeros(inputs), np.ones(inputs)
    usual = np.full(inputs, 0.5)
    if scaling is not None:
        usual = scaling.mean.astype(np.float64)
        low, high = (usual + side * DEVIATIONS * scaling.deviation for side in (-1, 1))
    nothing = np.zeros(inputs)
    return _Facts(low, high, usual, nothing, np.zeros(inputs, np.bool_), guessed=True)
