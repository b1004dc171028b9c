"""Chart axes: the range that they show and the round values that label it.

Owns ticks and their labels. A label stands in the row whose center is its value, so that equal
steps are equally far apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Axis", "linear_axis", "logarithmic_axis", "nice_step", "nice_ticks", "tick_label"]

PARTS = 5
"""A range is widened to at most about this many round parts, so that the axis seldom moves."""

SHORT = 6
"""With up to this many rows, every row may have a label; with more, at most every second row."""

FACTORS = (1, 2, 2.5, 5)
"""Steps between labels are one of these factors times a power of ten."""

ROWS_PER_DECADE = (20, 13, 10, 7, 5, 4, 3, 2, 1, 1 / 2, 1 / 5, 1 / 10, 1 / 20, 1 / 50, 1 / 200)
"""Rows that a power of ten may take on a logarithmic axis, the fewest last."""

EXACT = 0.13
"""How far a labeled value may be off the center of its row, in rows: half a braille dot."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A vertical axis of rows.

    Args:
        bottom: the value at the center of the lowest row.
        row: the difference in value between two neighboring rows.
        rows: number of rows.
        labels: labels by row; row 0 is at the top.
    """

    bottom: float
    row: float
    rows: int
    labels: Mapping[int, str]

    def range(self, dots: int) -> tuple[float, float]:
        """The values of the lowest and the uppermost dot, with ``dots`` dots in each row."""
        beyond = (dots - 1) / 2 / dots * self.row
        return self.bottom - beyond, self.bottom + (self.rows - 1) * self.row + beyond


def linear_axis(
    lowest: float, highest: float, rows: int, bounds: tuple[float, float] = (-math.inf, math.inf)
) -> Axis:
    """The axis of ``rows`` rows that shows a range at the finest scale, within ``bounds``.

    With two rows or more, it has at least two labels.
    """
    lowest, highest = (min(max(one, bounds[0]), bounds[1]) for one in (lowest, highest))
    if highest - lowest <= 1e-9 * max(abs(lowest), abs(highest), 1e-9):
        margin = 0.1 * abs(highest) or 0.5
        lowest, highest = max(lowest - margin, bounds[0]), min(highest + margin, bounds[1])
    part = nice_step((highest - lowest) / PARTS)
    lowest = max(math.floor(lowest / part + 1e-9) * part, bounds[0])
    highest = min(math.ceil(highest / part - 1e-9) * part, bounds[1])
    if rows < 2:
        return Axis((lowest + highest) / 2, (highest - lowest) / 0.75, rows, {})
    if rows == 2:
        labels = {1: f"{lowest:.7g}", 0: f"{highest:.7g}"}
        return Axis(lowest, highest - lowest, rows, labels)
    _, between, step, first = min(_linear_axes(lowest, highest, rows, bounds))
    row = step / between
    labels = {
        rows - 1 - at: tick_label((first + at) * row, step)
        for at in range(-first % between, rows, between)
        if (first + at) * row <= bounds[1] + 1e-9 * step
    }
    return Axis(first * row, row, rows, labels)


def _linear_axes(
    lowest: float, highest: float, rows: int, bounds: tuple[float, float]
) -> Iterator[tuple[float, int, float, int]]:
    """Possible axes for a range: a row's height, rows between ticks, their step, the lowest row.

    Height and step are in units of the values; the lowest row is its distance from zero in rows.
    """
    fewest = 1 if rows <= SHORT else 2
    most = (rows - 1) // 2 if lowest < 0 < highest else rows - 1
    for between in range(fewest, min(most, 4) + 1):
        step = nice_step((highest - lowest) / (rows - 1) * between, FACTORS)
        while True:
            row = step / between
            first = between * math.floor(lowest / step + 1e-9)
            if (first + rows - 1) * row > bounds[1] * (1 + 1e-9):
                first = math.floor(bounds[1] / row + 1e-9) - rows + 1
                if first * row < bounds[0]:
                    first = math.floor(bounds[0] / row + 1e-9)
            covered = first * row <= lowest + 1e-6 * step
            if covered and (first + rows - 1) * row >= highest - 1e-6 * step:
                yield row, between, step, first
                break
            step = nice_step(1.01 * step, FACTORS)


def logarithmic_axis(lowest: float, highest: float, rows: int) -> Axis:
    """The axis of the decimal logarithms of a range of positive values, at the finest scale.

    Its labels are the values themselves. With two rows or more, it has at least two labels.
    """
    bottom, top = math.log10(lowest), math.log10(highest)
    if rows > SHORT:
        bottom = _round_down(lowest)
    if rows < 2:
        return Axis((bottom + top) / 2, (top - bottom) / 0.75 or 1.0, rows, {})
    for per_decade in ROWS_PER_DECADE:
        places = max(1.0, per_decade)
        first = math.floor(bottom * places + 1e-9) / places
        axis = Axis(first, 1 / per_decade, rows, _log_labels(first, 1 / per_decade, rows))
        if first + (rows - 1) / per_decade >= top - 1e-9 and len(axis.labels) >= 2:
            break
    return axis


def _round_down(value: float) -> float:
    """The decimal logarithm of the value rounded down to 1, 2 or 5 times a power of ten."""
    power = math.floor(math.log10(value))
    share = math.log10(value) - power
    return power + max(step for step in (0.0, math.log10(2), math.log10(5)) if step <= share + 1e-9)


def _log_labels(bottom: float, row: float, rows: int) -> dict[int, str]:
    """Labels by row: first powers of ten, then other round values near the center of a row."""
    labels: dict[int, str] = {}
    powers = range(math.floor(bottom), math.ceil(bottom + (rows - 1) * row) + 1)
    for factor in (1, 2, 5, 3, 4):
        for power in powers:
            place = (math.log10(factor) + power - bottom) / row
            at = rows - 1 - round(place)
            taken = {at - 1, at, at + 1} if rows > SHORT else {at}
            if abs(place - round(place)) <= EXACT and 0 <= at < rows and not taken & labels.keys():
                near = -4 < power < 5
                labels[at] = f"{factor * 10.0**power:g}" if near else f"{factor}e{power:+03d}"
    return labels


def nice_ticks(
    lowest: float, highest: float, intervals: int, whole: bool = False
) -> tuple[list[float], float]:
    """Round numbers in a range, with at most ``intervals`` steps between them, and the step.

    With ``whole``, they are whole numbers.
    """
    step = nice_step((highest - lowest) / intervals)
    step = max(step, 1.0) if whole else step
    first = math.ceil(lowest / step - 1e-9)
    last = math.floor(highest / step + 1e-9)
    return [index * step for index in range(first, last + 1)], step


def nice_step(least: float, factors: Sequence[float] = (1, 2, 5)) -> float:
    """The smallest number, not below ``least``, that is a factor times a power of ten."""
    power = 10.0 ** math.floor(math.log10(least))
    enough = (factor * power for factor in factors if factor * power >= least * (1 - 1e-9))
    return next(enough, 10 * power)


def tick_label(value: float, step: float) -> str:
    """A tick's value in few characters: ``0.25``, ``1500``, ``250k``, ``40M``, ``2.0e-07``."""
    if value == 0 and not 1e-4 <= step < 1e4:
        return "0"
    if 1e4 <= step < 1e15:
        power = math.floor(math.log10(step) / 3 + 1e-9)
        decimals = max(0, 3 * power - _last_digit(step))
        return f"{value / 1000**power:.{decimals}f}{'kMGT'[power - 1]}"
    if step < 1e-4 or step >= 1e15 or abs(value) >= 1e9:
        digits = math.floor(math.log10(abs(value)) + 1e-9) - _last_digit(step)
        return f"{value:.{max(1, digits)}e}"
    return f"{value:.{max(0, -_last_digit(step))}f}"


def _last_digit(step: float) -> int:
    """The decimal place of a step's last digit: 1 for 20 and 250, 0 for 1, -1 for 2.5."""
    place = math.floor(math.log10(step) + 1e-9)
    share = step / 10.0**place
    return place - (abs(share - round(share)) > 1e-9)
