"""How a profile is shown."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from gpunet.engine.interface import KernelTime
from gpunet.terminal.views.profile_table import profile_panel, profile_table
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


@pytest.mark.parametrize(("rows", "last"), [(4, "read_samples"), (3, "2 others"), (1, "kernels")])
def test_the_panel_sums_up_what_does_not_fit(
    make_text_console: MakeConsole, profile: Profile, rows: int, last: str
) -> None:
    console = make_text_console()
    shown = lines(console, profile_panel(console, profile, 60, rows))
    assert rows == len(shown)
    assert shown[0].startswith("kernels of a step  1.20 ms in all, host 12.5 %")
    assert shown[-1].startswith(last)
    assert last == "kernels" or shown[1].endswith("60.0 %")
    assert max(map(len, shown)) <= 60


@pytest.mark.parametrize("width", [1, 5, 12, 30])
def test_the_panel_is_as_wide_as_it_is_told(
    make_text_console: MakeConsole, profile: Profile, width: int
) -> None:
    long = replace(profile, kernels=(KernelTime("a kernel of a very long name", 1e-3, 1, 1),))
    console = make_text_console()
    block = profile_panel(console, long, width, 3)
    assert (width, 3) == (block.width, block.height)


def test_the_panel_has_the_kernel_that_takes_most_first(
    make_text_console: MakeConsole, profile: Profile
) -> None:
    console = make_text_console()
    backwards = replace(profile, kernels=profile.kernels[::-1])
    shown = lines(console, profile_panel(console, backwards, 60, 4))
    assert [line.split("  ")[0] for line in shown[1:]] == ["forward 1", "update 1", "read_samples"]
    assert [line.split()[-2] for line in shown[1:]] == ["60.0", "30.0", "10.0"]
