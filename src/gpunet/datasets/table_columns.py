"""The roles of a table's columns: features, label, targets; applied to further tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpunet.config.choices import Missing

__all__ = ["Columns", "Encoding"]


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of a column that becomes more than one feature.

    Args:
        column: index among the columns that become features, from 0.
        levels: words of a column of words, in order; each has a feature that is 1 if the cell is
            that word, else 0. An empty word stands for a missing cell. Without levels, it is a
            column of numbers, followed by a feature that is 1 if the number is missing.
    """

    column: int
    levels: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Number of features that the column becomes."""
        return len(self.levels) or 2


@dataclass(frozen=True, slots=True)
class Columns:
    """The roles of a training table's columns, for finding them in other tables.

    Args:
        features: (S,) titles of the columns that become features, in order; ``None`` if the table
            has no titles or repeats one, so that columns are found by position.
        label: title of the label, or ``None``.
        place: index of the label's column, from 0.
        index: whether the first column numbers the rows and is left out.
        grey: whether the values are gray levels, which are divided by 255.
        ignored: indices of further columns that are left out, from 0.
        encodings: encodings of the columns that become several features, in the order of the
            columns; every other column is one feature, its number.
        missing: treatment of missing cells; a model fills them unless it refuses them.
        further: indices of the columns of further targets, from 0, besides ``place``.
        further_labels: titles of the further targets; empty if the table has no titles.
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
        """Indices of the columns of the label, or of all targets."""
        return (self.place, *self.further)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Titles of the label or all targets, or ``None``."""
        return None if self.label is None else (self.label, *self.further_labels)

    @property
    def fills(self) -> bool:
        """Whether numbers may be missing and are filled by a ``Scaling``."""
        return self.missing != "refuse"

    def count(self, inputs: int) -> int:
        """Number of columns S that become this many features."""
        return inputs - sum(one.width - 1 for one in self.encodings)

    def inputs(self, count: int) -> int:
        """Number of features I that this many columns become."""
        return count + sum(one.width - 1 for one in self.encodings)

    def starts(self, inputs: int) -> NDArray[np.int64]:
        """Index of the first feature (S,) of each column."""
        widths = np.ones(self.count(inputs), np.int64)
        for one in self.encodings:
            widths[one.column] = one.width
        return np.cumsum(widths) - widths

    def feature_names(self, inputs: int) -> list[str] | None:
        """Names of the features (I,): a column's title, with a word or ``missing`` where needed.

        ``None`` if the table has no titles.
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
        """Which features (I,) are always 0 or 1 because of an encoding."""
        starts, flags = self.starts(inputs), np.zeros(inputs, np.bool_)
        for one in self.encodings:
            first = starts[one.column] + (not one.levels)
            flags[first : first + (len(one.levels) or 1)] = True
        return flags
