"""A file of rows that is as large as wanted, made block by block, and the ways to open it.

It needs numpy alone, so that no peer's process loads another's library.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from peers.task import CLASSES, INPUTS, Features, Labels

__all__ = ["FEATURES", "RowsFile", "require_rows"]

FEATURES, LABELS = "features.npy", "labels.npy"

BLOCK = 65_536
"""Rows that are drawn at a time, 51 MB."""


@dataclass(frozen=True, slots=True)
class RowsFile:
    """The first rows of the files in a folder.

    Args:
        folder: of ``FEATURES``, bytes (n, 784), and of their labels, int32 (n,).
        rows: how many of them.
    """

    folder: Path
    rows: int

    def features(self, *, mapped: bool) -> Features:
        """(rows, 784), mapped from the file or read into memory."""
        rows: Features = np.load(self.folder / FEATURES, mmap_mode="r")[: self.rows]
        return rows if mapped else np.array(rows)

    def labels(self) -> Labels:
        """(rows,) in memory."""
        labels: Labels = np.array(np.load(self.folder / LABELS, mmap_mode="r")[: self.rows])
        return labels


def require_rows(folder: Path, rows: int) -> None:
    """Make the files of a folder, unless they are there and have so many rows.

    As in MNIST, about four of five pixels are dark; a linear map tells the ten classes.

    Raises:
        OSError: they cannot be written.
    """
    labels = folder / LABELS  # which is written last
    if labels.exists() and len(np.load(labels, mmap_mode="r")) >= rows:
        return
    labels.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    features = np.lib.format.open_memmap(folder / FEATURES, "w+", np.uint8, (rows, INPUTS))
    draws = np.random.default_rng(0)
    teacher = draws.standard_normal((INPUTS, CLASSES), dtype=np.float32)
    teacher -= teacher.mean(axis=0)  # so that no class is the brightest
    blocks = (features[first : first + BLOCK] for first in range(0, rows, BLOCK))
    told = np.concatenate([_fill(block, teacher, draws) for block in blocks])
    features.flush()
    np.save(labels, told)


def _fill(block: Features, teacher: NDArray[np.float32], draws: np.random.Generator) -> Labels:
    """Draw a block of rows, and tell their labels."""
    drawn = draws.integers(0, 256, block.shape, dtype=np.uint8)
    drawn *= draws.integers(0, 5, block.shape, dtype=np.uint8) == 0
    block[:] = drawn
    labels: Labels = (drawn @ teacher).argmax(axis=1).astype(np.int32)
    return labels
