"""Predictions by true values: as many targets as there is room for."""

from collections.abc import Callable

import numpy as np
import pytest
from rich.console import Console

from gpunet.terminal.draw.scatter import scatters

NAMES = ("price", "rent", "tax")


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((65, 7), 1),
        ((65, 15), 1),
        ((65, 16), 2),
        ((65, 30), 3),
        ((80, 15), 2),
        ((80, 16), 3),
        ((120, 8), 3),
        ((20, 4), 1),
    ],
)
def test_targets_stand_side_by_side_and_where_it_is_high_below_one_another(
    make_text_console: Callable[..., Console], size: tuple[int, int], shown: int
) -> None:
    values = np.arange(12.0).reshape(4, 3)
    block = scatters(make_text_console(), NAMES, values, values, *size)
    text = "\n".join("".join(part.text for part in line) for line in block.lines)
    assert (block.width, block.height) == size
    assert [name for name in NAMES if name in text] == list(NAMES[:shown])
