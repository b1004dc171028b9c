import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO

import pytest
from rich.console import Console
from rich.text import Text

from gpunet.config import Theme
from gpunet.terminal.draw.background import in_foreground
from gpunet.terminal.draw.columns import Columns
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.live.console import (
    PatientStream,
    make_console,
    prefer_theme,
    print_line,
    shows_greys,
    wants_dashboard,
)


def stream(encoding: str = "utf-8") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)


def written(text: io.TextIOWrapper) -> bytes:
    assert isinstance(text.buffer, io.BytesIO)
    return text.buffer.getvalue()


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as opened:
        yield opened
    os.close(master)


def test_a_character_that_cannot_be_written_is_replaced() -> None:
    out = stream("latin-1")
    make_console(stream=out, environ={}).print("7 ✓ ü")
    assert written(out) == b"7 ? \xfc\n"


@pytest.mark.parametrize("name", ["LC_ALL", "LC_CTYPE", "LANG"])
def test_a_locale_set_to_c_asks_for_ascii(name: str) -> None:
    console = make_console(stream=stream(), environ={name: "C"})
    assert console.options.ascii_only


@pytest.mark.parametrize(
    "environ", [{}, {"LANG": "C.UTF-8"}, {"LC_ALL": "de_AT.UTF-8", "LANG": "C"}]
)
def test_any_other_locale_is_left_to_python(environ: dict[str, str]) -> None:
    assert not make_console(stream=stream(), environ=environ).options.ascii_only


def test_plain_output_has_no_escape_codes_even_on_a_terminal_that_is_forced() -> None:
    out = stream()
    environ = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    make_console(plain=True, stream=out, environ=environ).print("a", style="bold red")
    assert written(out) == b"a\n"


def test_forced_color_colors_a_pipe() -> None:
    out = stream()
    environ = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    make_console(stream=out, environ=environ).print("a", style="red")
    assert written(out) == b"\x1b[31ma\x1b[0m\n"


def test_no_color_takes_the_colors_away() -> None:
    out = stream()
    environ = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "NO_COLOR": "1"}
    console = make_console(stream=out, environ=environ)
    console.print("a", style="red")
    assert b"31m" not in written(out)
    assert not shows_greys(console)


@pytest.mark.parametrize("forced", [{}, {"FORCE_COLOR": "1", "CLICOLOR": "1"}])
def test_a_cell_of_a_notebook_gets_plain_lines_though_it_looks_like_a_terminal(
    terminal: TextIO, forced: dict[str, str]
) -> None:
    environ = {**XTERM, "TERM": "xterm-color", "JPY_PARENT_PID": "7", **forced}
    console = make_console(stream=terminal, environ=environ)
    assert not wants_dashboard(console, plain=False, environ=environ)
    with console.capture() as capture:
        console.print("a", style=Ink.RIGHT)
    assert capture.get() == "a\n"


@pytest.mark.parametrize(
    ("wish", "environ", "code"),
    [
        ("dark", {}, "38;2;135;215;95"),
        ("light", {}, "38;2;0;95;0"),
        ("auto", {"COLORFGBG": "0;15"}, "38;2;0;95;0"),
        ("auto", {"COLORFGBG": "15;0"}, "38;2;135;215;95"),
        ("auto", {}, "38;2;95;135;95"),
        ("light", {"COLORTERM": "", "TERM": "xterm"}, "34"),
        ("mono", {}, None),
        ("light", {"NO_COLOR": "1"}, None),
    ],
)
def test_the_theme_is_as_wished_or_as_the_terminal_is_known_for(
    monkeypatch: pytest.MonkeyPatch, wish: Theme, environ: dict[str, str], code: str | None
) -> None:
    monkeypatch.setattr("gpunet.terminal.live.console._preferred", "auto")
    prefer_theme(wish)
    given = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor", **environ}
    out = stream()
    make_console(stream=out, environ=given).print("a", style=Ink.RIGHT)
    expected = "a\n" if code is None else f"\x1b[{code}ma\x1b[0m\n"
    assert expected.encode() == written(out)


def test_with_256_colors_a_color_is_one_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpunet.terminal.live.console._preferred", "light")
    out = stream()
    make_console(stream=out, environ={"FORCE_COLOR": "1", "TERM": "xterm-256color"}).print(
        "a", style=Ink.LABEL
    )
    assert written(out) == b"\x1b[38;5;91ma\x1b[0m\n"


def test_a_quiet_console_prints_nothing() -> None:
    out = stream()
    make_console(quiet=True, stream=out, environ={}).print("a")
    assert written(out) == b""


def test_markup_in_a_text_is_printed_as_it_is() -> None:
    out = stream()
    make_console(stream=out, environ={}).print("[bold]a :warning:")
    assert written(out) == b"[bold]a :warning:\n"


def test_the_standard_output_is_taken_unless_told_otherwise() -> None:
    assert sys.stdout is make_console().file


XTERM = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}


def test_a_terminal_gets_a_dashboard(terminal: TextIO) -> None:
    console = make_console(stream=terminal, environ=XTERM)
    assert wants_dashboard(console, plain=False, environ=XTERM)
    assert shows_greys(console)


@pytest.mark.parametrize(
    "change",
    [
        {"TERM": "dumb"},
        {"CI": "true"},
        {"CI": "1"},
        {"COLUMNS": "39"},
        {"LINES": "9"},
    ],
)
def test_a_terminal_where_a_dashboard_makes_no_sense_gets_none(
    terminal: TextIO, change: dict[str, str]
) -> None:
    environ = {**XTERM, **change}
    console = make_console(stream=terminal, environ=environ)
    assert not wants_dashboard(console, plain=False, environ=environ)


def test_a_windows_console_without_escape_codes_gets_no_dashboard(terminal: TextIO) -> None:
    console = make_console(stream=terminal, environ=XTERM)
    console.legacy_windows = True
    assert not wants_dashboard(console, plain=False, environ=XTERM)


def test_who_asks_for_plain_or_quiet_output_gets_no_dashboard(terminal: TextIO) -> None:
    loud = make_console(stream=terminal, environ=XTERM)
    assert not wants_dashboard(loud, plain=True, environ=XTERM)
    quiet = make_console(quiet=True, stream=terminal, environ=XTERM)
    assert not wants_dashboard(quiet, plain=False, environ=XTERM)


def test_a_pipe_gets_no_dashboard_though_color_is_forced() -> None:
    environ = {**XTERM, "FORCE_COLOR": "1"}
    console = make_console(stream=stream(), environ=environ)
    assert not wants_dashboard(console, plain=False, environ=environ)


def test_a_stream_without_a_terminal_keeps_nobody_in_the_background() -> None:
    assert in_foreground(io.StringIO())


def test_control_characters_in_a_text_do_not_reach_the_terminal() -> None:
    out = stream()
    console = make_console(stream=out, environ={"FORCE_COLOR": "1", "TERM": "xterm-256color"})
    console.print("a\x1b]0;title\x07b", Text("c\x9b2J\x7f\r", "red"), sep="|", end="|\n")
    assert written(out) == b"a]0;titleb|\x1b[31mc2J\x1b[0m|\n"


def test_the_tables_columns_stay_aligned_without_the_control_characters() -> None:
    out = stream()
    table = Columns(["<name", "x"])
    table.add("\x1b\x1b\x1b\x1b", "1")
    table.add("abcd", "2")
    make_console(stream=out, environ={"COLUMNS": "20"}).print(table)
    lines = written(out).decode().splitlines()
    assert [line.index(digit) for line, digit in zip(lines[2:], "12", strict=True)] == [6, 6]


@pytest.mark.parametrize("environ", [{"LC_ALL": "C", "LANG": "de_AT.UTF-8"}, {"LC_ALL": "POSIX"}])
def test_the_locale_that_counts_first_decides(environ: dict[str, str]) -> None:
    assert make_console(stream=stream(), environ=environ).options.ascii_only


def test_the_smallest_screen_gets_a_dashboard(terminal: TextIO) -> None:
    environ = {**XTERM, "COLUMNS": "40", "LINES": "10"}
    console = make_console(stream=terminal, environ=environ)
    assert wants_dashboard(console, plain=False, environ=environ)


class Broken(io.StringIO):
    """A stream that takes nothing, or so many texts."""

    def __init__(self, takes: int = 0, *, flushes: bool = True) -> None:
        super().__init__()
        self.takes, self.flushes = takes, flushes

    def write(self, text: str) -> int:
        if self.takes <= 0:
            raise OSError("nobody reads")
        self.takes -= 1
        return super().write(text)

    def flush(self) -> None:
        if not self.flushes:
            raise OSError("full")


def test_a_patient_stream_is_silent_after_its_first_failure_and_says_why() -> None:
    broken = Broken(takes=1)
    patient = PatientStream(broken)
    assert (patient.write("ab"), patient.failure) == (2, None)
    assert patient.write("cde") == 3
    assert str(patient.failure) == "nobody reads"
    broken.takes = 9
    assert (patient.write("f"), broken.getvalue()) == (1, "ab")
    assert patient.getvalue() == "ab"
    full = PatientStream(Broken(takes=9, flushes=False))
    full.flush()
    assert str(full.failure) == "full"
    full.flush()
    assert (full.write("ab"), full.getvalue()) == (2, "")


def test_a_patient_console_does_not_fail_where_another_one_does() -> None:
    make_console(patient=True, stream=Broken(), environ={}).print("a")
    with pytest.raises(OSError, match="nobody"):
        make_console(stream=Broken(), environ={}).print("a")


def test_a_line_is_printed_whole_as_it_is_and_at_once() -> None:
    class Flushed(io.StringIO):
        flushed = ""

        def flush(self) -> None:
            self.flushed = self.getvalue()

    out = Flushed()
    console = make_console(plain=True, stream=out, environ={"COLUMNS": "10"})
    print_line(console, "[bold]12 :warning: a line that is longer")
    assert out.flushed == "[bold]12 :warning: a line that is longer\n"


@pytest.mark.parametrize("value", ["", "0", "false", "False"])
def test_a_terminal_with_a_user_is_one_though_ci_is_set_to_nothing(
    terminal: TextIO, value: str
) -> None:
    environ = {**XTERM, "CI": value}
    assert wants_dashboard(make_console(stream=terminal, environ=environ), False, environ)


def test_in_the_background_there_is_no_dashboard(
    terminal: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpunet.terminal.live.console.in_foreground", lambda stream: False)
    console = make_console(stream=terminal, environ=XTERM)
    assert not wants_dashboard(console, plain=False, environ=XTERM)


@pytest.mark.parametrize(
    ("environ", "answer", "code"),
    [
        ({}, "light", "38;2;0;95;0"),
        ({}, "unknown", "38;2;95;135;95"),
        ({"COLORFGBG": "0;15"}, "unknown", "38;2;0;95;0"),
        ({"COLORFGBG": "0;15"}, "dark", "38;2;135;215;95"),
        ({"CI": "1"}, "light", "38;2;95;135;95"),
        ({"NO_COLOR": "1"}, "light", None),
    ],
)
def test_a_terminals_answer_counts_before_the_environment_where_it_may_be_asked(
    terminal: TextIO,
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    answer: str,
    code: str | None,
) -> None:
    monkeypatch.setattr("gpunet.terminal.live.console._preferred", "auto")
    asked = []

    def ask(keys: object, screen: object) -> str:
        asked.append((keys, screen))
        return answer

    monkeypatch.setattr("gpunet.terminal.live.console.background_of_terminal", ask)
    given = {**XTERM, "COLORTERM": "truecolor", **environ}
    console = make_console(stream=terminal, environ=given)
    with console.capture() as capture:
        console.print("a", style=Ink.RIGHT)
    assert capture.get() == ("a\n" if code is None else f"\x1b[{code}ma\x1b[0m\n")
    may_be_asked = not environ.keys() & {"CI", "NO_COLOR"}
    assert asked == ([(sys.stdin, terminal)] if may_be_asked else [])


@pytest.mark.parametrize("wish", ["dark", "light"])
def test_a_terminal_is_not_asked_where_a_theme_is_wished(
    terminal: TextIO, monkeypatch: pytest.MonkeyPatch, wish: Theme
) -> None:
    monkeypatch.setattr("gpunet.terminal.live.console._preferred", wish)
    monkeypatch.setattr("gpunet.terminal.live.console.background_of_terminal", lambda *_: 1 / 0)
    make_console(stream=terminal, environ=XTERM)


@pytest.mark.parametrize(
    ("environ", "greys"),
    [
        ({"TERM": "xterm"}, False),
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
    ],
)
def test_greys_need_256_colors(environ: dict[str, str], greys: bool) -> None:
    console = make_console(stream=stream(), environ={"FORCE_COLOR": "1", **environ})
    assert shows_greys(console) is greys


def test_every_control_character_but_the_line_feed_is_left_out() -> None:
    out = stream()
    everything = "".join(map(chr, range(0x20))) + "\x7f" + "".join(map(chr, range(0x80, 0xA1)))
    make_console(stream=out, environ={"COLUMNS": "90"}).print(f"a{everything}b\t|", soft_wrap=True)
    assert written(out).decode().replace(" ", "") == "a\n\xa0b|\n"


def test_an_ascii_locale_turns_what_it_cannot_write_into_question_marks() -> None:
    out = stream()
    make_console(stream=out, environ={"LANG": "POSIX"}).print("7 \u2713 \u00fc")
    assert written(out) == b"7 ? ?\n"


def test_nothing_is_highlighted_though_the_console_is_colored() -> None:
    out = stream()
    console = make_console(stream=out, environ={"FORCE_COLOR": "1", "TERM": "xterm-256color"})
    console.print("12 'a' True http://x.org")
    assert written(out) == b"12 'a' True http://x.org\n"


def test_a_line_is_printed_as_it_is_whatever_the_console_makes_of_texts() -> None:
    out = io.StringIO()
    rich = Console(file=out, force_terminal=True, color_system="truecolor", width=10, _environ={})
    print_line(rich, "[bold]12 :warning: a line")
    assert out.getvalue() == "[bold]12 :warning: a line\n"
