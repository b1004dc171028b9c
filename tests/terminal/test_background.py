import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from gpunet.terminal.draw.background import background_told

if sys.platform == "win32":
    pytest.skip("these tests need a pseudo terminal", allow_module_level=True)

import pty
import termios

ASKED = b"\x1b]11;?\x1b\\\x1b[c"
WHO = b"\x1b[?62;22c"
WHITE, BLACK = b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\", b"\x1b]11;rgb:00/00/00\x07"

SCRIPT = """
import fcntl, os, sys, termios, time
if os.isatty(0):
    fcntl.ioctl(sys.stdin, termios.TIOCSCTTY, 0)
from gpunet.terminal.draw.background import background_of_terminal
print(background_of_terminal(sys.stdin, sys.stdout), file=sys.stderr, flush=True)
"""


class Terminal:
    """A pseudo terminal, and what a process on it says of its background."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        os.set_blocking(self.master, False)
        self.before = termios.tcgetattr(self.slave)
        self.shown = b""

    def asked(
        self,
        answer: bytes,
        after: float = 0.0,
        stdin: int | None = None,
        stdout: int | None = None,
    ) -> str:
        """What the process makes of an answer that comes so many seconds after its question."""
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            stdin=self.slave if stdin is None else stdin,
            stdout=self.slave if stdout is None else stdout,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        answered = False
        while process.poll() is None:
            self._look()
            if not answered and ASKED in self.shown:
                time.sleep(after)
                os.write(self.master, answer)
                answered = True
        self._look()
        assert process.stderr is not None
        with process.stderr:
            return process.stderr.read().split()[-1]

    def _look(self) -> None:
        if select.select([self.master], [], [], 0.01)[0]:
            self.shown += os.read(self.master, 65_536)

    @property
    def left_over(self) -> bytes:
        """What the shell would find typed."""
        mode = termios.tcgetattr(self.slave)
        mode[3] &= ~termios.ICANON
        termios.tcsetattr(self.slave, termios.TCSANOW, mode)
        ready = select.select([self.slave], [], [], 0.05)[0]
        return os.read(self.slave, 1024) if ready else b""


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    os.close(made.master)
    os.close(made.slave)


@pytest.mark.parametrize(
    ("answer", "background"),
    [
        (WHITE, "light"),
        (BLACK, "dark"),
        (b"\x1b]11;rgb:0000/2b2b/3636\x1b\\", "dark"),
        (b"\x1b]11;rgba:fdfd/f6f6/e3e3/ffff\x1b\\", "light"),
        (b"\x1b]11;nonsense\x1b\\", "unknown"),
        (b"", "unknown"),
    ],
)
def test_the_terminal_is_asked_and_nothing_of_its_answer_is_left(
    terminal: Terminal, answer: bytes, background: str
) -> None:
    assert background == terminal.asked(answer + WHO)
    assert terminal.shown == ASKED
    assert terminal.before == termios.tcgetattr(terminal.slave)
    assert terminal.left_over == b""


def test_an_answer_that_is_late_is_neither_taken_nor_echoed_nor_left_to_the_shell(
    terminal: Terminal,
) -> None:
    assert terminal.asked(WHITE + WHO, after=0.3) == "unknown"
    assert terminal.shown == ASKED
    assert terminal.before == termios.tcgetattr(terminal.slave)
    assert terminal.left_over == b""


def test_a_terminal_that_never_answers_is_waited_for_but_shortly(terminal: Terminal) -> None:
    assert terminal.asked(b"") == "unknown"
    assert terminal.before == termios.tcgetattr(terminal.slave)


def test_nothing_is_asked_where_input_or_output_is_no_terminal(terminal: Terminal) -> None:
    assert terminal.asked(WHITE + WHO, stdin=subprocess.DEVNULL) == "unknown"
    assert terminal.asked(WHITE + WHO, stdout=subprocess.DEVNULL) == "unknown"
    assert terminal.shown == b""


def test_nothing_is_asked_while_somebody_types_ahead(terminal: Terminal) -> None:
    os.write(terminal.master, b"ls\n")
    assert terminal.asked(WHITE + WHO) == "unknown"
    assert ASKED not in terminal.shown
    assert terminal.left_over == b"ls\n"


@pytest.mark.parametrize(
    ("value", "background"),
    [
        ("15;0", "dark"),
        ("0;15", "light"),
        ("0;default;7", "light"),
        ("12;8", "dark"),
        ("15;default", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_environment_may_tell_the_background(value: str, background: str) -> None:
    assert background == background_told({"COLORFGBG": value})
