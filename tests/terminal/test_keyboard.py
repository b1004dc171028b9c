import io
import os
import queue
import select
import sys
import time
from collections.abc import Iterator
from typing import TextIO

import pytest

from gpunet.terminal.live.keyboard import Keyboard, keys_in

if sys.platform == "win32":
    pytest.skip("these tests need a pseudo terminal", allow_module_level=True)

import pty
import termios

SECONDS = 10


class Terminal:
    """Both ends of a pseudo terminal."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        self.stream: TextIO = os.fdopen(self.slave, "r", closefd=False)

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def mode(self) -> list[object]:
        return list(termios.tcgetattr(self.slave))

    def close(self) -> None:
        self.stream.close()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.close()


def test_each_key_is_told_at_once_in_lower_case(terminal: Terminal) -> None:
    keys: queue.Queue[str] = queue.Queue()
    with Keyboard(keys.put, terminal.stream) as keyboard:
        assert keyboard.active
        terminal.type(b"q")
        assert keys.get(timeout=SECONDS) == "q"
        terminal.type(b"P")
        assert keys.get(timeout=SECONDS) == "p"


def test_keys_are_neither_echoed_nor_gathered_in_lines_but_stay_signals(
    terminal: Terminal,
) -> None:
    with Keyboard(lambda key: None, terminal.stream):
        flags = terminal.mode()[3]
        assert isinstance(flags, int)
        assert flags & (termios.ICANON | termios.ECHO) == 0
        assert flags & termios.ISIG


def test_the_mode_is_given_back(terminal: Terminal) -> None:
    before = terminal.mode()
    with Keyboard(lambda key: None, terminal.stream):
        assert before != terminal.mode()
    assert before == terminal.mode()


def test_the_mode_is_given_back_after_an_exception(terminal: Terminal) -> None:
    before = terminal.mode()
    with pytest.raises(ZeroDivisionError), Keyboard(lambda key: None, terminal.stream):
        raise ZeroDivisionError
    assert before == terminal.mode()


def test_a_suspended_keyboard_reads_nothing_and_goes_on_afterwards(terminal: Terminal) -> None:
    before = terminal.mode()
    keys: queue.Queue[str] = queue.Queue()
    with Keyboard(keys.put, terminal.stream) as keyboard:
        keyboard.suspend()
        assert before == terminal.mode()
        assert not keyboard.active
        keyboard.resume()
        keyboard.resume()
        terminal.type(b"p")
        assert keys.get(timeout=SECONDS) == "p"
    assert before == terminal.mode()


def test_an_arrow_key_is_no_letter(terminal: Terminal) -> None:
    keys: queue.Queue[str] = queue.Queue()
    with Keyboard(keys.put, terminal.stream):
        terminal.type(b"\x1b[Q")
        while select.select([terminal.slave], [], [], 0)[0]:
            time.sleep(0.001)
        terminal.type(b"p")
        assert keys.get(timeout=SECONDS) == "p"


@pytest.mark.parametrize(
    "typed",
    [
        b"q\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;22cp",
        b"q\x1b]11;rgb:ffff/ffff/ffff\x07p",
        b"q\x1b[A\x1bOP\x1b[1;5Cp",
        b"q\x1bxp",
        b"qp\x1b",
    ],
)
def test_no_part_of_what_a_terminal_sends_by_itself_is_a_key_wherever_it_is_cut(
    typed: bytes,
) -> None:
    for place in range(len(typed) + 1):
        if typed[:place].endswith(b"\x1b"):
            continue  # the escape key, as far as anybody can tell
        first, rest = keys_in(typed[:place])
        second, rest = keys_in(rest + typed[place:])
        assert (first + second, rest) == ("qp", b""), place


def test_a_key_after_the_beginning_of_an_answer_that_never_comes_is_not_lost() -> None:
    for beginning in (b"\x1b]", b"\x1b]11;" + b"0" * 100):
        _, rest = keys_in(beginning)
        assert keys_in(rest + b"q") == ("q", b"")


def test_input_that_is_no_terminal_is_left_alone() -> None:
    keys: list[str] = []
    stream = io.StringIO("q")
    with Keyboard(keys.append, stream) as keyboard:
        assert not keyboard.active
    assert keys == []
    assert stream.read() == "q"
