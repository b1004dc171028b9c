"""A profile as a table.

Measuring belongs to ``training.profile``.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from gpunet.engine.interface import KernelTime
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.columns import Columns
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views.tables import summary_table
from gpunet.training.profile import Profile

__all__ = ["ABOVE", "FASTER", "profile_table", "share_of_roofline"]

ABOVE = "> 100 %"
"""Shown in place of a share above 100 %."""

FASTER = (
    "faster than the best rates that were measured: its data fit a cache, or those were taken on a "
    "busy machine"
)
"""What a share above 100 % means."""


def profile_table(profile: Profile) -> Iterator[RenderableType]:
    """A row per kernel, and what the numbers mean."""
    table = Columns(["<kernel", "us a step", "share", "FLOP/s", "B/s", "roofline"])
    for kernel in profile.kernels:
        table.add(kernel.label, *_cells(profile, kernel))
    table.add("all kernels", _microseconds(profile.kernel_seconds), "100.0 %", style=Ink.MUTED)
    yield table
    yield Text()
    yield summary_table(_explanation(profile), Ink.MUTED)


def share_of_roofline(share: float) -> str:
    """A share of the roofline as a percentage; ``> 100 %`` if the roofline was measured too low."""
    return ABOVE if share > 1.0005 else _percent(share)


def _cells(profile: Profile, kernel: KernelTime) -> list[str]:
    of_roofline = profile.of_roofline(kernel)
    return [
        _microseconds(kernel.seconds),
        _percent(profile.share(kernel)),
        _rate(kernel.operations, kernel.seconds),
        _rate(kernel.traffic, kernel.seconds),
        "n/a" if of_roofline is None else share_of_roofline(of_roofline),
    ]


def _explanation(profile: Profile) -> Iterator[tuple[str, str]]:
    """The time of the whole step, and what the columns mean."""
    step, steps = formats.seconds(profile.step_seconds), formats.count(profile.steps)
    yield "wall clock", f"{step} a step, over {steps} steps of an epoch"
    if profile.host_share is not None:
        waited = "of it, while the device waited for the host"
        yield "host", f"{_percent(profile.host_share)} {waited}"
    elif profile.device.kind == "CPU":
        yield "host", "n/a, it does the work itself"
    else:
        yield "host", "n/a, the device has no clock"
    yield "us a step", "each kernel timed by itself; the sum may be above or below the wall clock"
    yield "B/s", "of what must be moved, operands once and results"
    arithmetic = formats.amount(profile.roofline.operations_per_second)
    memory = formats.amount(profile.roofline.bytes_per_second)
    rates = f"{arithmetic}FLOP/s at multiply-adds, {memory}B/s at copies"
    yield "roofline", f"the share of the time taken that the best rates would need: {rates}"
    shares = [profile.of_roofline(kernel) for kernel in profile.kernels]
    if any(share_of_roofline(share) == ABOVE for share in shares if share is not None):
        yield ABOVE, FASTER


def _microseconds(seconds: float) -> str:
    return f"{1e6 * seconds:,.1f}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _rate(amount: int | None, seconds: float) -> str:
    return "n/a" if amount is None else formats.amount(amount / seconds)
