"""``gpunet draw``: a terminal that is drawn on, and given back however that ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.terminal.emulated import Terminal
from tests.terminal.pens import dragged, first_forms

import gpunet as package
from gpunet.terminal.live.keyboard import Mouse

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

SECONDS = 60

BOARD = (36, 18)
"""Columns and rows of the board in a terminal of 80 columns."""

MOUSE_ON = "\x1b[?1002h\x1b[?1006h"
MAIN_SCREEN, MOUSE_OFF = "\x1b[?1049l", ("\x1b[?1006l", "\x1b[?1002l")

needs_terminals = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that reads the built-in digits."""
    path = tmp_path_factory.mktemp("model") / "digits.safetensors"
    run = package.train("strokes:2000+500", hidden=(64,), epochs=6, device="cpu", verbose=False)
    return run.model.save(path)


class Seat:
    """A person's terminal of 80 by 24, with `gpunet draw` on it."""

    def __init__(self, model: Path, folder: Path) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self.main, self.other = pty.openpty()
        fcntl.ioctl(self.other, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        self.mode = termios.tcgetattr(self.other)
        size = {"COLUMNS": "80", "LINES": "24"}
        environment = {**os.environ, "TERM": "xterm-256color", "CI": "false", **size}
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, "draw", str(model)],
            stdin=self.other,
            stdout=self.other,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
        self.shown = ""

    def read(self, seconds: float = 0.1) -> None:
        """Take what is written within some time."""
        if select.select([self.main], [], [], seconds)[0]:
            self.shown += os.read(self.main, 1 << 16).decode("utf-8", errors="replace")

    def lines(self) -> list[str]:
        """What the terminal shows."""
        terminal = Terminal(80, 24)
        terminal.obey(self.shown)
        return terminal.lines

    def until(self, holds: Callable[[], bool]) -> list[str]:
        """The lines once something holds."""
        deadline = time.monotonic() + SECONDS
        while not holds():
            assert self.process.poll() is None, "the command has ended"
            assert time.monotonic() < deadline, "\n".join(self.lines())
            self.read()
        return self.lines()

    def wait_for(self, words: str) -> list[str]:
        """The lines once they hold some words."""
        return self.until(lambda: words in "\n".join(self.lines()))

    def types(self, keys: str) -> None:
        os.write(self.main, keys.encode())

    def mouse(self, event: Mouse) -> None:
        """Have the terminal tell of its mouse, as xterm does."""
        code = event.button + (32 if event.act == "move" else 0)
        end = "m" if event.act == "release" else "M"
        self.types(f"\x1b[<{code};{event.column + 1};{event.row + 1}{end}")

    def end(self) -> tuple[int, str]:
        """The exit code and the standard error, and that the terminal is as it was."""
        import termios

        deadline = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.shown[-2000:]
            self.read()
        self.read(0)
        assert termios.tcgetattr(self.other) == self.mode
        assert self.process.stderr is not None
        return self.process.returncode, self.process.stderr.read().decode()


CHILD = """
import fcntl, os, sys, termios
fcntl.ioctl(sys.stdin, termios.TIOCSCTTY, 0)
from gpunet.cli.app import main
main()
"""


@pytest.fixture
def seat(reader: Path, tmp_path: Path) -> Iterator[Seat]:
    """Somebody sits there who sees the empty board."""
    seat = Seat(reader, tmp_path)
    try:
        seat.wait_for("nothing drawn yet")
        seat.until(lambda: MOUSE_ON in seat.shown)
        yield seat
    finally:
        seat.process.kill()
        seat.process.communicate()
        for end in {seat.main, seat.other}:
            os.close(end)


@needs_terminals
def test_a_digit_drawn_with_the_mouse_of_the_terminal_is_answered(seat: Seat) -> None:
    columns, rows = BOARD
    for event in dragged(first_forms()[7], lambda x, y: (int(x * columns), int(y * rows))):
        seat.mouse(event)
    lines = seat.until(lambda: seat.lines()[0].split()[-1:] == ["7"])
    assert "as the network sees it" in "\n".join(lines)
    assert "q quit" in lines[23]
    seat.types("q")
    assert seat.end() == (0, "")
    assert all(seat.shown.rindex(off) < seat.shown.rindex(MAIN_SCREEN) for off in MOUSE_OFF)
    stays = seat.shown[seat.shown.rindex(MAIN_SCREEN) :]
    assert "7" in stays
    assert " %" in stays


@needs_terminals
def test_a_digit_is_drawn_with_keys_alone_and_kept(seat: Seat, tmp_path: Path) -> None:
    seat.types(" " + "\x1b[B" * 20 + " ")
    seat.until(lambda: seat.lines()[0].split()[-1:] == ["1"])
    seat.types("w")
    seat.wait_for("keep as 1")
    seat.types("\r")
    seat.wait_for(f"kept as {Path('drawn', '1', 'drawing.png')}")
    assert (tmp_path / "drawn" / "1" / "drawing.png").exists()
    seat.types("q")
    assert seat.end() == (0, "")


@needs_terminals
@pytest.mark.parametrize(
    ("ending", "code"),
    [("q", 0), ("\x1b", 0), ("\x03", 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["q", "escape", "ctrl-c", "sigterm", "sighup"],
)
def test_the_terminal_is_as_before_however_drawing_ends(
    seat: Seat, ending: str | signal.Signals, code: int
) -> None:
    if isinstance(ending, str):
        seat.types(ending)
    else:
        seat.process.send_signal(ending)
    assert seat.end() == (code, "")
    assert all(off in seat.shown for off in MOUSE_OFF)
    assert MAIN_SCREEN in seat.shown
    assert "\x1b[?25h" in seat.shown


@needs_terminals
def test_a_terminal_that_is_closed_ends_the_command(seat: Seat) -> None:
    os.close(seat.main)
    os.close(seat.other)
    seat.main = seat.other = os.open(os.devnull, os.O_RDONLY)
    assert seat.process.wait(SECONDS) in (129, -signal.SIGHUP)
    assert seat.process.stderr is not None
    assert b"Traceback" not in seat.process.stderr.read()


def test_without_a_terminal_one_sentence_says_what_to_do(gpunet: RunCommand, trained: Path) -> None:
    ran = gpunet("draw", trained)
    assert (ran.code, ran.out) == (2, "")
    assert "drawing takes a terminal of 40 columns and 10 rows" in ran.err
    assert "gpunet predict" in ran.err


def test_a_model_of_tables_is_refused_before_the_screen_opens(
    gpunet: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[float(i)] for i in range(40)]
    run = package.train((rows, [0, 1] * 20), epochs=1, device="cpu", verbose=False)
    path = run.model.save(tmp_path / "rows.safetensors")
    monkeypatch.setattr("gpunet.terminal.live.console.wants_dashboard", lambda *_, **__: True)
    ran = gpunet("draw", path)
    assert (ran.code, ran.out) == (1, "")
    assert "drawing takes a model of images" in ran.err
