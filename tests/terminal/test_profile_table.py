"""How a profile is shown."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rich.console import Console

from gpunet.engine.wgpu.roofline import Roofline
from gpunet.terminal.views.profile_table import profile_table
from gpunet.training.profile import Profile

MakeConsole = Callable[..., Console]


def lines(console: Console, *parts: Any) -> list[str]:
    for part in parts:
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_a_row_per_kernel_tells_time_share_rates_and_roofline(
    make_text_console: MakeConsole, profile: Profile
) -> None:
    shown = lines(make_text_console(), *profile_table(profile))
    assert (shown[2].split()) == [
        "forward",
        "1",
        "600.0",
        "60.0",
        "%",
        "1.00",
        "G",
        "100",
        "M",
        "20.0",
        "%",
    ]
    assert shown[4].split() == ["read_samples", "100.0", "10.0", "%", "n/a", "n/a", "n/a"]
    assert shown[5].split() == ["all", "kernels", "1,000.0", "100.0", "%"]
    assert "wall clock  1.20 ms a step, over 860 steps of an epoch" in shown
    assert "host        12.5 % of it, while the device waited for the host" in shown
    assert max(map(len, shown)) <= 80


def test_the_hosts_share_is_not_told_where_it_is_not_known(
    make_text_console: MakeConsole, profile: Profile
) -> None:
    unknown = replace(profile, busy_seconds=None)
    assert "host        n/a, the device has no clock" in lines(
        make_text_console(), *profile_table(unknown)
    )
    itself = replace(unknown, device=replace(profile.device, kind="CPU"))
    assert "host        n/a, it does the work itself" in lines(
        make_text_console(), *profile_table(itself)
    )


def test_a_kernel_above_the_roofline_is_never_told_a_share_of_more_than_the_whole(
    make_text_console: MakeConsole, profile: Profile
) -> None:
    slow = replace(profile, roofline=Roofline(5e8, 1e9))  # forward reaches twice as much
    assert slow.of_roofline(slow.kernels[0]) == 2.0
    shown = lines(make_text_console(100), *profile_table(slow))
    assert shown[2].endswith("> 100 %")
    assert "> 100 %     faster than the best rates that were measured" in "\n".join(shown)
    exact = replace(profile, roofline=Roofline(1e9, 1e9))
    shown = lines(make_text_console(100), *profile_table(exact))
    assert shown[2].endswith("  100.0 %")
    assert "> 100 %" not in "\n".join(shown)
