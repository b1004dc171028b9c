"""Samples that are read and prepared for a network on demand.

Samples mapped from a file may be larger than memory: only the rows of a window or a batch are
copied. A small source is read all at once.
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
"""A selection of rows; a slice needs no copy."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Some rows of samples, and how they are prepared for the first layer.

    Args:
        samples: samples as read; their features may be a memory map.
        rows: the n rows of this source; by default all.
        prepare: turns samples into the network's input, given the number of samples before them; by
            default rounds float64 to float32.
    """

    samples: Samples
    rows: Rows = field(default_factory=lambda: slice(None))
    prepare: Callable[[Samples, int], Samples] = lambda samples, _: samples.single()
    labels: NDArray[Any] = field(init=False)
    """(n,) or (n, T) labels of all rows."""
    weights: NDArray[np.float32] | None = field(init=False)
    """(n,) weights of the rows; ``None`` for equal weights."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", self.samples.labels[self.rows])
        weights = self.samples.weights
        object.__setattr__(self, "weights", None if weights is None else weights[self.rows])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: Rows) -> Samples:
        """Prepared samples of some rows, in memory or as a view of the original ones.

        Raises:
            DataError: their file has become shorter, or they cannot be prepared.
        """
        above = (rows.start or 0) if isinstance(rows, slice) else 0
        return self.prepare(self._raw(rows), above)

    def _raw(self, rows: Rows) -> Samples:
        """Some rows as they were read."""
        require_whole(self.samples.features)
        if isinstance(self.rows, slice):
            return self.samples[self.rows][rows]
        return self.samples[self.rows[rows]]

    @property
    def is_mapped(self) -> bool:
        """Whether the features are mapped from a file rather than in memory."""
        return isinstance(self.samples.features, np.memmap)

    @property
    def row_bytes(self) -> int:
        """Bytes of a prepared row on a device, where features are padded to groups of four."""
        return self.samples.row_bytes
