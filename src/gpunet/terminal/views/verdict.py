"""A verdict: what a network says of one sample, beside what the sample is.

Owns the words and the color of a verdict, at any width. The picture above it belongs to
``digits``, where it stands to ``dashboard`` and ``showcase``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from gpunet.terminal.draw.block import cut
from gpunet.terminal.draw.style import Glyphs, Ink, glyphs

__all__ = ["Verdict", "verdicts"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One prediction.

    Args:
        label: the class that the sample is of.
        prediction: the class that the network takes it for.
        probability: that the network gives to its prediction.
    """

    label: int
    prediction: int
    probability: float

    @property
    def right(self) -> bool:
        """Whether the prediction is the label."""
        return self.prediction == self.label

    def mark(self, marks: Glyphs) -> str:
        """What tells right from wrong without color."""
        return marks.right if self.right else marks.wrong

    @property
    def style(self) -> str:
        """The color of right or wrong."""
        return Ink.RIGHT if self.right else Ink.WRONG

    def caption(self, classes: Sequence[str], width: int, ascii_only: bool) -> Text:
        """``✓ 7 98 %`` or ``✗ 3 62 % (8)``, as much of it as ``width`` cells hold."""
        marks = glyphs(ascii_only)
        head = f"{self.mark(marks)} {classes[self.prediction]}"
        share = f" {100 * self.probability:.0f} %"
        truth = "" if self.right else f" ({classes[self.label]})"
        for words in (head + share + truth, head + truth, head + share):
            if Text(words).cell_len <= width:
                return Text(words, self.style)
        return cut(Text(head, self.style), width, ascii_only)

    def sentence(self, classes: Sequence[str], width: int, ascii_only: bool) -> Text:
        """``8 → 3 ✗ 62 %``: the label, the prediction, and how sure the network is."""
        marks = glyphs(ascii_only)
        text = Text.assemble((f"{classes[self.label]} {marks.arrow} ", Ink.MUTED))
        text.append(f"{classes[self.prediction]} {self.mark(marks)}", self.style)
        text.append(f" {100 * self.probability:.0f} %", Ink.MUTED)
        return cut(text, width, ascii_only)


def verdicts(labels: NDArray[np.int32], probabilities: NDArray[np.float32]) -> list[Verdict]:
    """The verdicts on samples with these labels (n,) and probabilities (n, C).

    NaN, which a diverged network gives, counts as probability 0.
    """
    known = np.nan_to_num(probabilities, nan=0.0)
    predictions = known.argmax(axis=1)  # (n,)
    return [
        Verdict(int(label), int(prediction), float(row[prediction]))
        for label, prediction, row in zip(labels, predictions, known, strict=True)
    ]
