"""Which columns of a table its features, its label and its targets are, for other tables alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpunet.config.choices import Missing

__all__ = ["Columns", "Encoding"]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a column of a table becomes more than one feature.

    Args:
        column: its place among the columns that become features, counted from 0.
        levels: the words of a column of words, in order; each has a feature, which is 1 where the
            cell is that word, else 0. An empty word stands for a missing cell. Without levels it
            is a column of numbers, followed by a feature that is 1 where the number is missing.
    """

    column: int
    levels: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many features the column becomes."""
        return len(self.levels) or 2


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table the features and the label are, for other tables of its kind.

    Args:
        features: (S,) the titles of the columns that become features, in their order; ``None``
            where the table has no titles, or two alike, so that columns go by position.
        label: the title of the label, or ``None``.
        place: the label's column, counted from 0.
        index: whether the first column numbers the rows and is left out.
        grey: whether the values are gray levels, which are divided by 255.
        ignored: further columns that are left out, counted from 0.
        encodings: of the columns that become several features, in the order of the columns; every
            other column is one feature, its number.
        missing: what is done about missing cells; a model fills them unless it refuses them.
        further: the columns of further targets, counted from 0, beside that of ``place``.
        further_labels: their titles; none where the table has no titles.
    """

    features: tuple[str, ...] | None
    label: str | None
    place: int
    index: bool
    grey: bool
    ignored: tuple[int, ...] = ()
    encodings: tuple[Encoding, ...] = ()
    missing: Missing = "refuse"
    further: tuple[int, ...] = ()
    further_labels: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[int, ...]:
        """The columns of the label, or of all targets."""
        return (self.place, *self.further)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The titles of these columns, or ``None``."""
        return None if self.label is None else (self.label, *self.further_labels)

    @property
    def fills(self) -> bool:
        """Whether numbers may be missing, to be filled by a ``Scaling``."""
        return self.missing != "refuse"

    def count(self, inputs: int) -> int:
        """How many columns S become so many features."""
        return inputs - sum(one.width - 1 for one in self.encodings)

    def inputs(self, count: int) -> int:
        """How many features I so many columns become."""
        return count + sum(one.width - 1 for one in self.encodings)

    def starts(self, inputs: int) -> NDArray[np.int64]:
        """The first feature (S,) of each column."""
        widths = np.ones(self.count(inputs), np.int64)
        for one in self.encodings:
            widths[one.column] = one.width
        return np.cumsum(widths) - widths

    def feature_names(self, inputs: int) -> list[str] | None:
        """What each feature (I,) is: a column's title, and a word or ``missing`` where it has more.

        ``None`` where the table has no titles.
        """
        if self.features is None:
            return None
        parts: list[tuple[str, ...]] = [("",)] * self.count(inputs)
        for one in self.encodings:
            words = (word or "missing" for word in one.levels)
            parts[one.column] = tuple(f" {word}" for word in words) or ("", " missing")
        columns = zip(self.features, parts, strict=True)
        return [f"{title}{part}" for title, own in columns for part in own]

    def flags(self, inputs: int) -> NDArray[np.bool_]:
        """Which features (I,) are 0 or 1 by an encoding."""
        starts, flags = self.starts(inputs), np.zeros(inputs, np.bool_)
        for one in self.encodings:
            first = starts[one.column] + (not one.levels)
            flags[first : first + (len(one.levels) or 1)] = True
        return flags
