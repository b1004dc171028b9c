"""How a profile is shown."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rich.console import Console

from gpunet.terminal.views.profile_table import profile_table
from gpunet.training.profile import Profile

MakeConsole = Callable[..., Console]


def lines(console: Console, *parts: Any) -> list[str]:
    for part in parts:
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


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
    assert "wall clock: 1.20 ms a step, over 860 steps of an epoch" in shown
    assert "host: 12.5 % of it, while the device waited for the host" in shown
    assert max(map(len, shown)) <= 80


def test_the_hosts_share_is_not_told_where_it_is_not_known(
    make_text_console: MakeConsole, profile: Profile
) -> None:
    unknown = replace(profile, busy_seconds=None)
    assert "host: n/a, the device has no clock" in lines(
        make_text_console(), *profile_table(unknown)
    )
    itself = replace(unknown, device=replace(profile.device, kind="CPU"))
    assert "host: n/a, it does the work itself" in lines(
        make_text_console(), *profile_table(itself)
    )
