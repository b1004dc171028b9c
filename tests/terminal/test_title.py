"""The terminal's title tells of the work and is given back; progress where terminals know it."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from gpunet.terminal.live.dashboard import Dashboard
from gpunet.terminal.live.messages import ConsoleMessages
from gpunet.terminal.live.title import Caption, Title
from gpunet.training.events import Control, Progress, RunInfo

MakeConsole = Callable[..., Console]

XTERM = {"TERM": "xterm-256color"}


def test_a_title_is_kept_told_once_for_each_change_and_given_back() -> None:
    title = Title(XTERM, " · ")
    assert title.begin() == "\x1b[22;0t"
    assert title.tell(None) == ""
    assert title.tell(Caption(0.436, "0.1234")) == "\x1b]2;gpunet 43 % · 0.1234\x07"
    assert title.tell(Caption(0.438, "0.1234")) == ""
    assert title.tell(Caption(1.5)) == "\x1b]2;gpunet 100 %\x07"
    assert title.end() == "\x1b]2;\x07\x1b[23;0t"
    title.begin()
    assert title.tell(Caption(1.5)) == "\x1b]2;gpunet 100 %\x07"


@pytest.mark.parametrize(
    ("more", "knows"),
    [
        ({}, False),
        ({"WT_SESSION": "1"}, True),
        ({"ConEmuANSI": "ON"}, True),
        ({"ConEmuANSI": "OFF"}, False),
        ({"TERM_PROGRAM": "ghostty"}, True),
        ({"TERM_PROGRAM": "WezTerm"}, True),
        ({"TERM_PROGRAM": "iTerm.app"}, False),
        ({"TERM_PROGRAM": "iTerm.app", "TERM_FEATURES": "T3LrMSc7UUw9Ts3BFGsSyHNoSxFPf"}, True),
    ],
)
def test_progress_is_told_where_the_terminal_knows_it(more: dict[str, str], knows: bool) -> None:
    title = Title({**XTERM, **more}, " · ")
    told = title.tell(Caption(0.25)), title.tell(Caption(0.25, paused=True)), title.end()
    assert ["\x1b]9;4;1;25\x1b\\" in told[0], "\x1b]9;4;4;25\x1b\\" in told[1]] == [knows] * 2
    assert told[2].endswith("\x1b]9;4;0\x1b\\") == knows


@pytest.mark.parametrize("name", ["linux", "dumb", ""])
def test_a_terminal_without_a_title_gets_none(name: str) -> None:
    title = Title({"TERM": name}, " | ")
    assert title.begin() + title.tell(Caption(0.5, "0.1")) + title.end() == ""


def test_a_dashboard_tells_the_share_of_all_epochs_and_the_loss_and_the_title_is_last(
    make_text_console: MakeConsole,
    make_run: Callable[..., RunInfo],
    make_progress: Callable[..., Progress],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    console = make_text_console(colors="truecolor")
    dashboard = Dashboard(console, Control(), keys=io.StringIO())
    assert dashboard.caption is None
    dashboard.on_train_begin(make_run())
    dashboard.on_progress(make_progress(16))
    assert dashboard.caption == (pytest.approx(15.5 / 30), "0.4000", False)
    with dashboard:
        pass
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert text.startswith("\x1b[?1049h\x1b[?25l\x1b[22;0t")
    assert text.endswith("\x1b[?25h\x1b[?1049l\x1b]2;\x07\x1b[23;0t")


@pytest.mark.parametrize(
    ("bell", "terminal", "rings"), [(True, True, 1), (False, True, 0), (True, False, 0)]
)
def test_the_bell_rings_once_at_the_end_if_asked_on_a_terminal(
    make_text_console: MakeConsole,
    monkeypatch: pytest.MonkeyPatch,
    bell: bool,
    terminal: bool,
    rings: int,
) -> None:
    monkeypatch.setattr("gpunet.terminal.live.messages.has_a_user", lambda console: terminal)
    console = make_text_console(colors="truecolor")
    with ConsoleMessages(console, plain=True, bell=bell).training():
        assert "\x07" not in console.file.getvalue()  # type: ignore[attr-defined]
    assert console.file.getvalue().count("\x07") == rings  # type: ignore[attr-defined]
