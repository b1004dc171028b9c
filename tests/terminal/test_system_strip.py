"""What a run uses of the machine, in a line that leaves out what nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from gpunet.terminal.views.dashboard import dashboard_frame
from gpunet.terminal.views.system_strip import system_strip
from gpunet.terminal.views.view import View
from gpunet.training.events import Control, Progress, RunInfo

MakeConsole = Callable[..., Console]

KNOWN: dict[str, Any] = {
    "host_memory": 210 << 20,
    "device_memory": 13_000_000,
    "processors": 1.42,
    "step_seconds": 0.0012,
    "device_share": 0.8,
}


@pytest.mark.parametrize(
    ("known", "width", "line"),
    [
        (
            KNOWN,
            140,
            "device memory 12.4 MiB · 80 % busy   host memory 210 MiB · CPU 142 %   "
            "1.20 ms per step · 0.96 ms of it on the device",
        ),
        (KNOWN, 80, "device memory 12.4 MiB · 80 % busy   host memory 210 MiB · CPU 142 %"),
        (KNOWN, 40, "device memory 12.4 MiB · 80 % busy"),
        (KNOWN, 10, ""),
        (
            {"host_memory": 1 << 30, "processors": 0.99, "step_seconds": 0.00033},
            100,
            "memory 1.00 GiB · CPU 99 %   0.33 ms per step",
        ),
        ({}, 100, ""),
    ],
)
def test_what_is_known_is_told_as_far_as_there_is_room(
    make_text_console: MakeConsole,
    make_progress: Callable[..., Progress],
    known: dict[str, Any],
    width: int,
    line: str,
) -> None:
    progress = replace(make_progress(1), **known)
    assert system_strip(make_text_console(), progress, width).plain == line


def test_the_strip_stands_above_the_curves_where_there_is_room_and_only_while_the_run_goes_on(
    make_text_console: MakeConsole,
    make_run: Callable[..., RunInfo],
    make_view: Callable[..., View],
) -> None:
    view = make_view(make_run(), 3)
    assert view.progress is not None
    view = replace(view, progress=replace(view.progress, **KNOWN))

    def rows(view: View, size: tuple[int, int]) -> list[str]:
        block = dashboard_frame(make_text_console(*size), view, Control(), size, 0.0, True)
        return ["".join(segment.text for segment in line) for line in block.lines]

    assert rows(view, (140, 40))[5].startswith("device memory 12.4 MiB")
    assert not rows(replace(view, reason="epochs"), (140, 40))[5].strip()
    assert not [row for row in rows(view, (140, 31)) if "12.4 MiB" in row]
