"""Number formats for everything people read: losses, percentages, times and counts.

Every text has a bounded width, even for NaN, infinity and the huge values of a diverging run.
"""

from __future__ import annotations

import math

__all__ = [
    "amount",
    "count",
    "duration",
    "learning_rate",
    "loss",
    "measured",
    "percent",
    "r2",
    "rate",
    "seconds",
    "size",
]

NO_RATE = 1e-4
"""Fraction of the highest learning rate below which a rate is shown as 0."""

DAY = 86_400
"""Seconds in a day."""


def loss(value: float | None, nothing: str = "-") -> str:
    """A loss in at most 7 characters: ``0.2711``, ``12.345``, ``1.2e+09``, ``nan``."""
    if value is None:
        return nothing
    size = abs(value)
    if not math.isfinite(value):
        return str(float(value))
    if 0 < size < 1e-3 or size >= 1000:
        return f"{value:.1e}"
    return f"{value:.{4 if size < 10 else 3 if size < 100 else 2}f}"


def percent(share: float | None, nothing: str = "-") -> str:
    """A fraction as a percentage with two decimals, at most 8 characters: ``92.11 %``."""
    return nothing if share is None else f"{100 * share:.2f} %"


def r2(value: float | None, nothing: str = "-") -> str:
    """R2 in at most 8 characters: ``0.4523``, ``-0.0100``, ``-12.345``, ``-1.2e+09``."""
    if value is None or value != value:  # constant targets have no R2
        return nothing
    if not abs(value) < 1:
        return loss(value, nothing)
    return f"{value:.4f}"


def measured(value: float | None, nothing: str = "-", beside: float = 0.0) -> str:
    """A measured value in five digits or more: ``151.23``, ``0.012346``, ``250,119``, ``1.2e+12``.

    It has at most 13 characters. Given a value ``beside`` it, it has as many decimals as that.
    """
    if value is None:
        return nothing
    if not math.isfinite(value) or value == 0:
        return str(value) if value else "0"
    digits = math.floor(math.log10(abs(beside or value)))
    if not -4 <= digits < 9:
        return f"{value:.1e}"
    return f"{value:,.{max(0, 4 - digits)}f}"


def learning_rate(value: float, highest: float = 0.0) -> str:
    """A learning rate in 7 characters: ``2.0e-03``; ``0`` if negligible beside the run's highest.

    A cosine schedule ends at a rate of some billionths, which says no more than that it is over.
    """
    return f"{value:.1e}" if value >= NO_RATE * highest else "0"


def count(value: int) -> str:
    """A whole number with groups of three digits."""
    return f"{value:,}"


def size(value: int) -> str:
    """A number of bytes in at most 12 characters: ``512 bytes``, ``50.8 KiB``, ``1.21 GiB``."""
    if value < 1024:
        return f"{value} bytes"
    power = min(5, (value.bit_length() - 1) // 10)
    return f"{_three_digits(value / 1024**power)} {'KMGTP'[power - 1]}iB"


def amount(value: float) -> str:
    """A number in three digits and a metric prefix, at most 7 characters: ``512``, ``1.61 M``."""
    if value < 999.5:
        return f"{value:.3g}"
    power = 0
    while value >= 999.5 and power < 5:
        value, power = value / 1000, power + 1
    return f"{_three_digits(value)} {' kMGTP'[power]}"


def _three_digits(value: float) -> str:
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}"


def rate(samples_per_second: float) -> str:
    """A throughput in at most 17 characters: ``18,500 samples/s``, ``1.85 M samples/s``."""
    if not math.isfinite(samples_per_second):
        return "- samples/s"
    if samples_per_second < 1e6:
        return f"{samples_per_second:,.0f} samples/s"
    if samples_per_second < 1e9:
        return f"{samples_per_second / 1e6:.{2 if samples_per_second < 1e8 else 1}f} M samples/s"
    return f"{samples_per_second:.1e} samples/s"


def seconds(value: float) -> str:
    """A measured time in a unit that suits its length: ``38 ms``, ``2.9 s``, ``1:05``."""
    if value < 0.0995:
        return f"{1000 * value:.{0 if value >= 0.01 else 2}f} ms"
    return f"{value:.1f} s" if value < 59.95 else duration(value)


def duration(value: float | None, nothing: str = "-") -> str:
    """A duration to the second: ``0:07``, ``12:40``, ``1:02:03``, ``3 d 04:05:06``."""
    if value is None or not math.isfinite(value):
        return nothing
    whole = max(0, int(value))
    days, rest = divmod(whole, DAY)
    hours, minutes, left = rest // 3600, rest // 60 % 60, rest % 60
    if days:
        return f"{days:,} d {hours:02}:{minutes:02}:{left:02}"
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
