"""Features in the form that engines take: dense float32, whatever the user gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import TOO_LARGE
from gpunet.datasets.spool import converted, spooled
from gpunet.errors import DataError

__all__ = ["blocks", "dense"]

BLOCK_BYTES = 32 << 20
"""Bytes of features that are converted from sparse to dense at a time."""


def dense(X: Any) -> NDArray[np.float32]:  # noqa: N803 - as scikit-learn calls it
    """Features (n, I) as dense float32.

    Sparse features are converted block by block. From 64 MiB on the result lies in a file in the
    cache folder, of which the system keeps as much in memory as it has room for.

    Raises:
        DataError: a value is too large for float32.
    """
    with np.errstate(over="ignore"):
        if hasattr(X, "toarray"):
            return spooled("X", blocks(X), 4 * X.shape[0] * X.shape[1])
        features: NDArray[np.float32] = converted(X, np.float32)
    if X.dtype != np.float32 and not np.isfinite(features).all():
        _refuse(features, 0)
    return features


def blocks(X: Any) -> Iterator[NDArray[np.float32]]:  # noqa: N803
    """Yield the features a few rows at a time (b, I), as dense float32."""
    step = max(1, BLOCK_BYTES // (4 * max(1, X.shape[1])))
    if hasattr(X, "tocsr"):
        X = X.tocsr()  # noqa: N806
    for first in range(0, X.shape[0], step):
        some = X[first : first + step]
        some = some.toarray() if hasattr(some, "toarray") else some
        with np.errstate(over="ignore"):
            block = np.ascontiguousarray(some, np.float32)
        if not np.isfinite(block).all():
            _refuse(block, first)
        yield block


def _refuse(features: NDArray[np.float32], above: int) -> None:
    """Raise a DataError that names the first value (b, I) that float32 cannot hold."""
    row, column = np.argwhere(~np.isfinite(features))[0].tolist()
    raise DataError(
        f"feature {column + 1:,} of row {above + row + 1:,} of X is a number {TOO_LARGE}"
    )
