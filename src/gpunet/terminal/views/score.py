"""The score beside the loss: the accuracy of classes and labels, R2 of measured targets.

Owns its name and its format everywhere.
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
    """The measure of a network's quality beside its loss: accuracy or R2.

    Args:
        name: its name in sentences and tables.
        short: its name in narrow columns.
        written: formats a value; a dash for ``None``.
    """

    name: str
    short: str
    written: Callable[[float | None], str]


ACCURACY = Score("accuracy", "acc", formats.percent)
R2 = Score("R2", "R2", formats.r2)

MONITORED: Mapping[str, Score] = {"val_accuracy": ACCURACY, "val_r2": R2}
"""The scores that can choose the kept epoch, by the value of the setting ``monitor``."""

CALLED: Mapping[Kind, str] = {"classes": "classes", "labels": "labels", "measured": "targets"}
"""The word in tables for what a network predicts, by its kind."""


def score_of(kind: Kind) -> Score:
    """The score of networks that predict this kind of labels."""
    return R2 if kind == "measured" else ACCURACY


def scores_in_words(scores: Scores, kind: Kind) -> list[tuple[str, str]]:
    """The names and values of all scores of this kind of network, the most important first."""
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
    """``scores_in_words`` with the uncertainty of the accuracy or RMSE: ``97.1 % ± 0.3``.

    Args:
        scores: the scores of the answers.
        kind: kind of the labels.
        answers: (n, T) answers to measured targets; without them, an RMSE has no uncertainty.
        samples: the n samples.
        ascii_only: use ASCII characters only.
    """
    words = dict(scores_in_words(scores, kind))
    if scores.accuracy is not None:
        name, margin = "accuracy", f"{100 * accuracy_margin(scores.accuracy, samples):.2f}"
    elif scores.rmse is not None and answers is not None:
        name, margin = "RMSE", formats.measured(rmse_margin(answers, samples), beside=scores.rmse)
    else:
        return list(words.items())
    return list((words | {name: f"{words[name]} {glyphs(ascii_only).margin} {margin}"}).items())
