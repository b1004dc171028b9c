"""Short rows are reduced to numpy's own bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.engine.reference import short_rows


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("columns", [1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 33])
def test_short_rows_have_the_bits_of_numpys_own_reductions(columns: int, kind: type) -> None:
    random = np.random.default_rng(columns)
    values: NDArray[Any] = random.normal(size=(3, 50, columns)).astype(kind)
    values *= 10.0 ** random.integers(-3, 4)
    assert short_rows.sums(values).tobytes() == values.sum(axis=2).tobytes()
    assert short_rows.largest(values).tobytes() == values.max(axis=2).tobytes()


def test_a_row_with_a_nan_has_no_largest_number_and_no_sum() -> None:
    values = np.array([[[1.0, np.nan, 3.0]]])
    assert np.isnan(short_rows.largest(values)).all()
    assert np.isnan(short_rows.sums(values)).all()
