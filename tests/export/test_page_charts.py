"""Axes of the page's charts end at round numbers, and their ticks are true."""

from __future__ import annotations

from typing import Any

import pytest
from tests.export.conftest import OpenModules

TICKS = "([axis, count]) => ticks(axis, count)"


@pytest.mark.parametrize(
    ("low", "high", "log", "expected"),
    [
        (0, 1, False, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.9, 1, False, [0.9, 0.92, 0.94, 0.96, 0.98, 1]),
        (0, 3, False, [0, 1, 2, 3]),
        (0.01, 2, True, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]),
        (1e-6, 1, True, [1e-6, 1e-4, 1e-2, 1]),
    ],
)
def test_ticks_are_round_numbers_within_the_axis(
    open_modules: OpenModules, low: float, high: float, log: bool, expected: list[float]
) -> None:
    page = open_modules("charts")
    found = page.evaluate(TICKS, [{"low": low, "high": high, "log": log}, 5])
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("epochAxis(6)", (0, 10)),
        ("epochAxis(101)", (0, 200)),
        ("lossAxis([0.5, 1.2], false)", (0, 2)),
        ("lossAxis([0.03, NaN, 1.2], true)", (0.01, 2)),
        ("lossAxis([], false)", (0, 1)),
        ("scoreAxis([0.93, 0.97])", (0.9, 1)),
        ("scoreAxis([0.4, NaN])", (0, 1)),
        ("scoreAxis([-0.4, 0.2])", (-1, 1)),
    ],
)
def test_axes_hold_all_that_was_measured(
    open_modules: OpenModules, call: str, expected: tuple[float, float]
) -> None:
    axis: dict[str, Any] = open_modules("panels/axes").evaluate(call)
    assert (axis["low"], axis["high"]) == pytest.approx(expected)
