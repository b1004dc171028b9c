"""The line that tells what is under way: what it says, how it fits, and that it is gone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from gpunet.terminal.live import stages
from gpunet.terminal.live.stages import Stages

MakeConsole = Callable[..., Console]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def written(console: Console) -> str:
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def line_after(
    made: Stages, clock: Clock, seconds: float, told: tuple[Any, ...] | None = None
) -> str:
    """The line of a stage that has told something, so many seconds later."""
    with made.stage("compiling shaders", "shaders") as tell:
        if told is not None:
            tell("compiling shaders", 0, *told[1:])
            clock.now += seconds
            tell("compiling shaders", *told)
        else:
            clock.now += seconds
        return made.line().plain


def test_the_line_tells_what_is_done_and_how_far_the_rest_is(
    make_text_console: MakeConsole, clock: Clock
) -> None:
    made = Stages(make_text_console(100, colors="256"), clock)
    for name, seconds in (("device", 0.3), ("quick", 0.01), ("data", 0.14)):
        with made.stage(f"looking for {name}", name):
            clock.now += seconds
    line = line_after(made, clock, 0.5, (7, 12))
    done, data, now = line.split(" · ")
    assert (done, data) == ("device ✓ 0.3 s", "data ✓ 0.1 s")
    assert now[1:] == " compiling shaders  ━━━━━━━─────  7 of 12  0.5 s"
    assert now[0] in stages.SPINNER


def test_what_takes_longer_than_a_moment_has_a_rate_and_an_estimate(
    make_text_console: MakeConsole, clock: Clock
) -> None:
    made = Stages(make_text_console(100, colors="256"), clock)
    assert "4,000 of 8,000  2.0 s, about 0:02 left" in line_after(made, clock, 2, (4000, 8000))
    told = line_after(made, clock, 4, (3 << 20, 9 << 20, "bytes"))
    assert "3.00 MiB of 9.00 MiB  768 KiB/s  4.0 s, about 0:08 left" in told
    assert line_after(made, clock, 7).endswith("compiling shaders  7.0 s")


def test_a_pace_counts_from_when_the_total_was_first_told(
    make_text_console: MakeConsole, clock: Clock
) -> None:
    made = Stages(make_text_console(100, colors="256"), clock)
    with made.stage("downloading") as tell:
        clock.now += 50  # waiting for an answer
        tell("downloading", 100, 300)  # of which the cache had 100
        clock.now += 2
        tell("downloading", 200, 300)
        assert "200 of 300  52.0 s, about 0:02 left" in made.line().plain


def test_the_bar_keeps_its_length_while_the_words_beside_it_change(
    make_text_console: MakeConsole, clock: Clock
) -> None:
    made = Stages(make_text_console(80, colors="256", ascii_only=True), clock)
    lines = []
    with made.stage("reading data.csv") as tell:
        for part in range(5):
            tell("reading data.csv", part << 25, 1 << 27, "bytes")
            lines.append(made.line().plain[2:])
            clock.now += 20
    bars = [line.removeprefix("reading data.csv  ").split("  ")[0] for line in lines]
    assert bars == ["------------", "###---------", "######------", "#########---", "#" * 12]
    assert lines[0].endswith("  0 bytes of 128 MiB  0.0 s")
    assert lines[3].endswith("  96.0 MiB of 128 MiB  60.0 s, about 0:20 left")


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [20, 40, 60, 80, 140])
def test_the_line_fits_and_leaves_out_what_is_done_first(
    make_text_console: MakeConsole, clock: Clock, width: int, ascii_only: bool
) -> None:
    made = Stages(make_text_console(width, colors="256", ascii_only=ascii_only), clock)
    with made.stage("looking for devices", "device"):
        clock.now += 0.3
    line = line_after(made, clock, 30, (4_000_000, 8_000_000))
    assert cell_len(line) < width
    assert line.isascii() or not ascii_only
    assert ("device" in line) == (width == 140)
    assert ("4,000,000 of 8,000,000" in line) == (width >= 60)


def test_on_a_terminal_the_line_is_drawn_while_it_lasts_and_wiped_at_the_end(
    make_text_console: MakeConsole,
) -> None:
    console = make_text_console(80, colors="truecolor")
    made = Stages(console)
    with made.stage("testing") as tell:
        deadline = time.monotonic() + 20
        while "testing" not in written(console):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with made.stage("opening mnist"):
            assert "opening mnist" in made.line().plain
        tell("testing samples", 3, 4)
        assert "testing samples" in made.line().plain
    assert written(console).endswith("\x1b[2K")


def test_without_a_terminal_only_what_takes_long_is_told_with_its_time(
    make_text_console: MakeConsole, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    console = make_text_console(20)
    made = Stages(console, clock)
    with made.stage("opening a file with a long name") as tell:
        tell("reading it", 1, 2)
    assert written(console) == ""
    monkeypatch.setattr(stages, "LONG", 0.05)
    with made.stage("opening a file with a long name") as tell:
        tell("reading a file with a long name", 1, 2)
        deadline = time.monotonic() + 20
        while not written(console):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        tell("encoding it", 2, 2)
        clock.now += 12
    assert written(console) == (
        "reading a file with a long name ...\nreading a file with a long name: 12.0 s\n"
    )


def test_a_quiet_console_is_told_nothing(make_text_console: MakeConsole) -> None:
    console = make_text_console(colors="truecolor")
    console.quiet = True
    with Stages(console).stage("testing") as tell:
        tell("testing", 1, 2)
    assert written(console) == ""


def test_a_stage_that_fails_leaves_no_line(make_text_console: MakeConsole, clock: Clock) -> None:
    console = make_text_console(80, colors="truecolor")
    made = Stages(console, clock)
    with pytest.raises(ValueError, match="lost"), made.stage("testing", "test"):
        raise ValueError("lost")
    assert written(console).endswith("\x1b[2K")
    with made.stage("again"):
        assert "again" in made.line().plain
