import atexit
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from gpunet.terminal.draw import background
from gpunet.terminal.draw.background import declared_background

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
    ("answer", "named"),
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
    terminal: Terminal, answer: bytes, named: str
) -> None:
    assert named == terminal.asked(answer + WHO)
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
    ("value", "named"),
    [
        ("15;0", "dark"),
        ("0;15", "light"),
        ("0;default;7", "light"),
        ("12;8", "dark"),
        ("15;default", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_environment_may_tell_the_background(value: str, named: str) -> None:
    assert named == declared_background({"COLORFGBG": value})


@pytest.mark.parametrize(
    ("color", "named"),
    [
        *[("757575", "dark"), ("767676", "light"), ("ffffff", "light"), ("000000", "dark")],
        *[("ec0000", "dark"), ("ed0000", "light"), ("008900", "dark"), ("008a00", "light")],
        *[("0000ff", "dark"), ("ff00ff", "light"), ("0000ab", "dark"), ("60605f", "dark")],
        *[("0070ff", "light"), ("006aff", "dark"), ("0a0a0a", "dark"), ("ef0000", "light")],
    ],
)
def test_a_background_is_light_if_black_is_read_on_it_better_than_white(
    color: str, named: str
) -> None:
    parts = [color[place : place + 2] for place in (0, 2, 4)]
    for digits in (parts, [part * 2 for part in parts]):
        assert background._named(f"\x1b]11;rgb:{'/'.join(digits)}\x07".encode()) == named


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (b"\x1b]11;rgb:7/7/7\x07", "light"),
        (b"\x1b]11;rgb:6/6/6\x07", "dark"),
        (b"\x1b]11;rgb:777/777/777\x1b\\", "light"),
        (b"\x1b]11;rgb:FFFF/FFFF/FFFF\x1b\\", "light"),
        (b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\", "unknown"),
        (b"\x1b]11;rgb:ffff/ffff\x1b\\", "unknown"),
        (WHO, "unknown"),
    ],
)
def test_an_answer_has_one_to_four_digits_for_each_color(answer: bytes, named: str) -> None:
    assert background._named(answer) == named


@pytest.mark.parametrize("number", range(18))
def test_white_and_the_bright_colors_are_light(number: int) -> None:
    light = number == 7 or 9 <= number <= 15
    assert declared_background({"COLORFGBG": f"3;{number}"}) == ("light" if light else "dark")
    assert declared_background({"COLORFGBG": str(number)}) == ("light" if light else "dark")
    assert declared_background({}) == "unknown"


class Conversation:
    """A terminal that is talked to from this process, and what is left to be done at its end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.keys = os.fdopen(self.slave, "r", closefd=False)
        self.screen = os.fdopen(os.dup(self.slave), "w")
        self.at_exit: list[Callable[[], None]] = []
        monkeypatch.setattr(background, "_unanswered", [])
        monkeypatch.setattr(atexit, "register", self.at_exit.append)
        monkeypatch.setattr(atexit, "unregister", self.at_exit.remove)

    def ask(self, *answers: tuple[float, bytes]) -> tuple[str, float]:
        """What is made of these answers, each so many seconds after; and how long it takes."""

        def answer() -> None:
            for pause, part in answers:
                time.sleep(pause)
                os.write(self.master, part)

        thread = threading.Thread(target=answer)
        thread.start()
        began = time.monotonic()
        told = background.background_of_terminal(self.keys, self.screen)
        took = time.monotonic() - began
        thread.join()
        return told, took

    @property
    def asked(self) -> bytes:
        found = b""
        while select.select([self.master], [], [], 0.02)[0]:
            found += os.read(self.master, 4096)
        return found

    def close(self) -> None:
        self.keys.close()
        self.screen.close()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def conversation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Conversation]:
    made = Conversation(monkeypatch)
    yield made
    made.close()


def test_an_answer_in_parts_is_put_together_and_the_mode_given_back_at_once(
    conversation: Conversation,
) -> None:
    answers = [(0.03, WHITE[:9]), (0.02, WHITE[9:] + WHO[:3]), (0.02, WHO[3:])]
    told, took = conversation.ask(*answers)
    assert told == "light"
    assert took < 0.1
    assert conversation.before == termios.tcgetattr(conversation.slave)
    assert conversation.at_exit == []
    assert conversation.asked == ASKED
    assert conversation.ask((0.03, BLACK + WHO))[0] == "dark"  # it may be asked again


def test_without_an_answer_nothing_is_asked_again_and_nothing_echoed_until_the_end(
    conversation: Conversation,
) -> None:
    told, took = conversation.ask()
    assert told == "unknown"
    assert 0.09 <= took < 0.4
    assert conversation.asked == ASKED
    mode = termios.tcgetattr(conversation.slave)
    assert mode[3] & (termios.ICANON | termios.ECHO) == 0
    assert mode[3] & termios.ISIG
    assert conversation.ask()[0] == "unknown"
    assert conversation.asked == b""
    (end,) = conversation.at_exit
    os.write(conversation.master, WHITE)
    began = time.monotonic()
    end()
    assert 0.2 < time.monotonic() - began < 0.6  # six tenths of a second after the question
    assert conversation.before == termios.tcgetattr(conversation.slave)


def test_at_the_end_a_late_answer_is_swallowed_and_waited_for_no_longer(
    conversation: Conversation,
) -> None:
    conversation.ask()
    os.write(conversation.master, WHITE + WHO)
    began = time.monotonic()
    conversation.at_exit[0]()
    assert time.monotonic() - began < 0.2
    assert conversation.before == termios.tcgetattr(conversation.slave)


def test_the_mode_is_given_back_early_to_who_takes_the_terminal_over(
    conversation: Conversation,
) -> None:
    conversation.ask()
    background.echo_again()
    assert conversation.before == termios.tcgetattr(conversation.slave)


def test_keys_of_another_terminal_do_not_answer(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as other:
        assert background.background_of_terminal(conversation.keys, other) == "unknown"
    os.close(master)
    assert background.background_of_terminal(None, conversation.screen) == "unknown"
    monkeypatch.setattr(background, "in_foreground", lambda stream: False)
    assert background.background_of_terminal(conversation.keys, conversation.screen) == "unknown"
    conversation.keys.close()
    assert background.background_of_terminal(conversation.keys, conversation.screen) == "unknown"
    assert conversation.asked == b""


@pytest.mark.parametrize(("group", "ours"), [(0, True), (1, False)])
def test_a_process_is_in_the_foreground_if_the_terminals_group_is_its_own(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch, group: int, ours: bool
) -> None:
    monkeypatch.setattr(os, "tcgetpgrp", lambda descriptor: os.getpgrp() + group)
    assert background.in_foreground(conversation.screen) is ours
