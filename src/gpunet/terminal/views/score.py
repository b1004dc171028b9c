"""The score beside the loss: the accuracy of classes and labels, R2 of measured targets.

Owns its name and how it is written, wherever people see it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config.choices import Kind
from gpunet.datasets.dataset import Samples
from gpunet.model import Scores
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.style import glyphs
from gpunet.training.outcome import accuracy_margin, rmse_margin

__all__ = [
    "ACCURACY",
    "CALLED",
    "MONITORED",
    "R2",
    "Score",
    "measured_in_words",
    "score_of",
    "scores_in_words",
]


@dataclass(frozen=True, slots=True)
class Score:
    """What tells how good a network is, beside its loss.

    Args:
        name: in sentences and tables.
        short: in heads of narrow columns.
        written: a value of it as people read it; a dash for ``None``.
    """

    name: str
    short: str
    written: Callable[[float | None], str]


ACCURACY = Score("accuracy", "acc", formats.percent)
R2 = Score("R2", "R2", formats.r2)

MONITORED: Mapping[str, Score] = {"val_accuracy": ACCURACY, "val_r2": R2}
"""The scores that may decide which epoch is kept, by the names of what is monitored."""

CALLED: Mapping[Kind, str] = {"classes": "classes", "labels": "labels", "measured": "targets"}
"""What the things that are predicted are called in tables."""


def score_of(kind: Kind) -> Score:
    """The score of networks that answer so."""
    return R2 if kind == "measured" else ACCURACY


def scores_in_words(scores: Scores, kind: Kind) -> list[tuple[str, str]]:
    """The names and values of all scores that such networks have, the most telling first."""
    loss = ("loss", formats.loss(scores.loss))
    if kind != "measured":
        return [("accuracy", formats.percent(scores.accuracy)), loss]
    errors = [("RMSE", scores.rmse), ("MAE", scores.mae)]
    written = [(name, formats.measured(value)) for name, value in errors]
    return [("R2", formats.r2(scores.r2)), *written, loss]


def measured_in_words(
    scores: Scores,
    kind: Kind,
    answers: NDArray[np.floating[Any]] | None,
    samples: Samples,
    ascii_only: bool,
) -> list[tuple[str, str]]:
    """As ``scores_in_words``, with how far the accuracy or the RMSE may be off: ``97.1 % ± 0.3``.

    Args:
        scores: of the answers.
        kind: what the labels are.
        answers: (n, T) to measured targets; without them nothing is said of an RMSE.
        samples: n of them.
        ascii_only: write no other characters.
    """
    words = dict(scores_in_words(scores, kind))
    if scores.accuracy is not None:
        name, margin = "accuracy", f"{100 * accuracy_margin(scores.accuracy, samples):.2f}"
    elif scores.rmse is not None and answers is not None:
        name, margin = "RMSE", formats.measured(rmse_margin(answers, samples), beside=scores.rmse)
    else:
        return list(words.items())
    return list((words | {name: f"{words[name]} {glyphs(ascii_only).margin} {margin}"}).items())
