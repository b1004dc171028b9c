"""What a workflow says on a console, on the standard error, and while it waits."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from gpunet.engine.factory import Device
from gpunet.engine.interface import DeviceInfo
from gpunet.terminal.live.messages import ConsoleMessages
from gpunet.terminal.live.notes import complain, note, one_line
from gpunet.training.events import RunInfo

MakeConsole = Callable[..., Console]
MakeRun = Callable[..., RunInfo]


def written(console: Console) -> str:
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


@pytest.mark.parametrize("quiet", [False, True])
def test_the_data_are_told_with_their_notice_and_where_it_is_quiet_the_notice_alone(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    capsys: pytest.CaptureFixture[str],
    quiet: bool,
) -> None:
    console = make_text_console(30)
    console.quiet = quiet
    dataset = make_run().dataset
    noticed = replace(dataset, notice="drawn digits, not the real ones, which are larger")
    messages = ConsoleMessages(console)
    messages.dataset(dataset)
    messages.dataset(noticed)
    told = f"data:   made for a test\ndata:   made for a test\n        {noticed.notice}\n"
    assert written(console) == ("" if quiet else told)
    assert capsys.readouterr().err == (f"note: {noticed.notice}\n" if quiet else "")


@pytest.mark.parametrize("advice", [None, "install a driver"])
def test_the_device_is_told_with_its_reason_and_where_help_is(
    make_text_console: MakeConsole, advice: str | None
) -> None:
    console = make_text_console(30)
    info = DeviceInfo("a card (with an addition)", "discrete GPU", "Vulkan", "Mesa")
    ConsoleMessages(console).device(Device(None, info, f"{info}, as asked for", advice))
    help_ = "        `gpunet devices` says what keeps a GPU from being used\n"
    assert written(console) == "device: a card (discrete GPU, Vulkan), as asked for\n" + (
        help_ if advice else ""
    )


def test_lines_are_said_whole_however_narrow_the_console_is(
    make_text_console: MakeConsole, capsys: pytest.CaptureFixture[str]
) -> None:
    console = make_text_console(10)
    ConsoleMessages(console).say("a line that is longer than its console")
    ConsoleMessages(console).note(ValueError("two\nlines"))
    assert written(console) == "a line that is longer than its console\n"
    assert capsys.readouterr().err == "note: two lines\n"


def test_notes_and_complaints_are_one_line_on_the_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    complain("it\n  failed\x07")
    note("it is\tso")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "error: it failed\\x07\nnote: it is so\n")


def test_a_line_shows_control_characters_as_they_are_escaped() -> None:
    assert one_line(" a \x1b[31m b\u200b\r\n ü ") == "a \\x1b[31m b\\u200b ü"


def test_where_nobody_can_be_told_the_work_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError

    monkeypatch.setattr("sys.stderr", Full())
    note("nothing")
    complain("nothing")
