"""Samples that are taken from where they lie, and prepared for a network as they are asked for.

What was read may be larger than memory, if it is mapped from a file: nothing is copied but the
rows of a window or of a batch. A source that is small is asked for all of its rows at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Samples
from gpunet.datasets.mapped import require_whole

__all__ = ["Rows", "Source"]

Rows = slice | NDArray[np.intp]
"""Which rows are meant: a slice takes them without a copy."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Some rows of samples, and what is done to them before the first layer.

    Args:
        samples: as they were read; their features may be a memory map.
        rows: those that belong to it, n of them; all by default.
        prepare: makes of some samples what a network takes, given how many there are before them;
            float32 of float64 by default.
    """

    samples: Samples
    rows: Rows = field(default_factory=lambda: slice(None))
    prepare: Callable[[Samples, int], Samples] = lambda samples, _: samples.single()
    labels: NDArray[Any] = field(init=False)
    """(n,) or (n, T) the labels of all rows."""
    weights: NDArray[np.float32] | None = field(init=False)
    """(n,) what each of the rows counts."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", self.samples.labels[self.rows])
        weights = self.samples.weights
        object.__setattr__(self, "weights", None if weights is None else weights[self.rows])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: Rows) -> Samples:
        """These of its rows, prepared, in memory or a view of what was read.

        Raises:
            DataError: they are in a file that has become shorter, or cannot be prepared.
        """
        above = (rows.start or 0) if isinstance(rows, slice) else 0
        return self.prepare(self._raw(rows), above)

    def _raw(self, rows: Rows) -> Samples:
        """These of its rows as they were read."""
        require_whole(self.samples.features)
        if isinstance(self.rows, slice):
            return self.samples[self.rows][rows]
        return self.samples[self.rows[rows]]

    @property
    def is_mapped(self) -> bool:
        """Whether the features lie in a file and not in memory."""
        return isinstance(self.samples.features, np.memmap)

    @property
    def row_bytes(self) -> int:
        """Bytes of a prepared row where a device holds it: whole groups of four features."""
        return self.samples.row_bytes
