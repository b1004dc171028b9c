"""A verdict: a network's prediction for one sample, beside the sample's label.

Owns the words and the color of a verdict, at any width. The picture above it belongs to
``digits``, its place to ``dashboard`` and ``showcase``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from gpunet.config.choices import Kind
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import cut
from gpunet.terminal.draw.style import Glyphs, Ink, glyphs
from gpunet.training.metrics import are_right

__all__ = ["Verdict", "in_words", "predictions", "verdicts"]

NO_LABEL = "none"
"""Shown for a sample that has none of the labels."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One prediction, in words.

    Args:
        label: the truth about the sample: its class, its labels, or its measured targets.
        prediction: the network's prediction.
        probability: the probability of the prediction; ``None`` for measured targets.
        right: whether the prediction equals the label; ``None`` for measured targets.
    """

    label: str
    prediction: str
    probability: float | None = None
    right: bool | None = None

    def mark(self, marks: Glyphs) -> str:
        """The character that tells right from wrong without color."""
        return {True: marks.right, False: marks.wrong, None: ""}[self.right]

    @property
    def style(self) -> str:
        """The color for right or wrong."""
        return {True: Ink.RIGHT, False: Ink.WRONG, None: Ink.STRONG}[self.right]

    def share(self, decimals: int = 0) -> str:
        """The probability as a percentage; empty if there is none."""
        return "" if self.probability is None else f"{100 * self.probability:.{decimals}f} %"

    def caption(self, width: int, ascii_only: bool) -> Text:
        """``✓ 7 98 %`` or ``✗ 3 62 % (8)``, or as much of it as fits in ``width`` cells."""
        head = f"{self.mark(glyphs(ascii_only))} {self.prediction}".lstrip()
        share = f" {self.share()}".rstrip()
        truth = "" if self.right else f" ({self.label})"
        for words in (head + share + truth, head + truth, head + share):
            if Text(words).cell_len <= width:
                return Text(words, self.style)
        return cut(Text(head, self.style), width, ascii_only)

    def sentence(self, width: int, ascii_only: bool) -> Text:
        """``8 → 3 ✗ 62 %``: the label, the prediction, and how sure the network is."""
        marks = glyphs(ascii_only)
        text = Text.assemble((f"{self.label} {marks.arrow} ", Ink.MUTED))
        text.append(f"{self.prediction} {self.mark(marks)}".rstrip(), self.style)
        text.append(f" {self.share()}".rstrip(), Ink.MUTED)
        return cut(text, width, ascii_only)


def verdicts(
    labels: NDArray[Any],
    answers: NDArray[np.floating[Any]],
    names: Sequence[str],
    kind: Kind = "classes",
) -> list[Verdict]:
    """The verdicts on samples.

    Args:
        labels: (n,) classes, or (n, T) labels or measured targets.
        answers: (n, C) or (n, T) probabilities, or measured targets in the units of ``labels``.
            NaN, which a diverged network gives, counts as probability 0.
        names: of the classes, labels or targets.
        kind: kind of the labels.
    """
    truths, said = in_words(labels, names, kind), predictions(answers, names, kind)
    if kind == "measured":
        return [Verdict(truth, found) for truth, (found, _) in zip(truths, said, strict=True)]
    right = are_right(np.nan_to_num(answers, nan=0.0), labels).tolist()
    together = zip(truths, said, right, strict=True)
    return [Verdict(truth, found, share, hit) for truth, (found, share), hit in together]


def predictions(
    answers: NDArray[np.floating[Any]], names: Sequence[str], kind: Kind = "classes"
) -> list[tuple[str, float | None]]:
    """Each sample's prediction in words, and its probability, ``None`` for measured targets.

    The arguments are those of ``verdicts``. The probability of a set of labels is that of exactly
    this set, with all labels independent.
    """
    if kind == "measured":
        return [(words, None) for words in in_words(answers, names, kind)]
    known = np.nan_to_num(answers, nan=0.0)
    if kind == "classes":
        predicted, shares = known.argmax(axis=1), known.max(axis=1)  # (n,)
    else:
        predicted, shares = known > 0.5, np.maximum(known, 1 - known).prod(axis=1)
    return list(zip(in_words(predicted, names, kind), shares.tolist(), strict=True))


def in_words(labels: NDArray[Any], names: Sequence[str], kind: Kind) -> list[str]:
    """Labels in words: each sample's class, labels or target values. Arguments as ``verdicts``."""
    if kind == "classes":
        return [names[int(label)] for label in labels]
    if kind == "measured":
        return [", ".join(map(formats.measured, row)) for row in labels.tolist()]
    there = [[name for name, one in zip(names, row, strict=True) if one] for row in labels.tolist()]
    return [", ".join(row) or NO_LABEL for row in there]
