import io
import os
import queue
import select
import sys
import threading
import time
from collections.abc import Iterator
from typing import TextIO

import pytest

from gpunet.terminal.live import keyboard as keyboard_module
from gpunet.terminal.live.keyboard import Keyboard, Mouse, keys_in

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


def test_each_key_is_told_at_once_as_it_was_typed(terminal: Terminal) -> None:
    keys: queue.Queue[str] = queue.Queue()
    with Keyboard(keys.put, terminal.stream) as keyboard:
        assert keyboard.active
        terminal.type(b"q")
        assert keys.get(timeout=SECONDS) == "q"
        terminal.type(b"P")
        assert keys.get(timeout=SECONDS) == "P"


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
    ("typed", "keys"),
    [
        (b"q\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;22cp", ["q", "p"]),
        (b"q\x1b]11;rgb:ffff/ffff/ffff\x07p", ["q", "p"]),
        (b"q\x1b[A\x1bOP\x1b[1;5Cp", ["q", "up", "right", "p"]),
        (b"q\x1b[<0;12;3M\x1b[6~p", ["q", Mouse("press", 11, 2), "page down", "p"]),
        (b"q\x1bxp", ["q", "p"]),
    ],
)
def test_what_a_terminal_sends_is_the_same_wherever_it_is_cut(
    typed: bytes, keys: list[str | Mouse]
) -> None:
    for place in range(len(typed) + 1):
        first, rest = keys_in(typed[:place])
        second, rest = keys_in(rest + typed[place:])
        assert (first + second, rest) == (keys, b""), place


def test_a_key_after_the_beginning_of_an_answer_that_never_comes_is_not_lost() -> None:
    for beginning in (b"\x1b]", b"\x1b]11;" + b"0" * 100):
        _, rest = keys_in(beginning)
        assert keys_in(rest + b"q") == (["q"], b"")


def test_input_that_is_no_terminal_is_left_alone() -> None:
    keys: list[str] = []
    stream = io.StringIO("q")
    with Keyboard(keys.append, stream) as keyboard:
        assert not keyboard.active
    assert keys == []
    assert stream.read() == "q"


@pytest.mark.parametrize(
    ("typed", "keys", "rest"),
    [
        (b"qP ", ["q", "P", " "], b""),
        (b"\x1b", [], b"\x1b"),
        (b"a\x1b[", ["a"], b"\x1b["),
        (b"a\x1b[1;5", ["a"], b"\x1b[1;5"),
        (b"a\x1b[1;5Ab", ["a", "up", "b"], b""),
        (b"\x1b[200~p\x1b[201~", ["p"], b""),
        (b"\x1b[?1;2$yq", ["q"], b""),
        (b"\x1bO", [], b"\x1bO"),
        (b"\x1bOPq", ["q"], b""),
        (b"\x1bqp", ["p"], b""),
        (b"\x1b\x1b[A", ["escape", "up"], b""),
        (b"\x1b]", [], b"\x1b]"),
        (b"\x1b]11;rgb:0/0/0", [], b"\x1b]11;rgb:0/0/0"),
        (b"\x1b]11;rgb:0/0/0\x1b", [], b"\x1b]11;rgb:0/0/0\x1b"),
        (b"\x1b]1" + b"0" * 60, [], b"\x1b]1" + b"0" * 60),
        (b"\x1b]x", ["x"], b""),
        (b"\xc3\xa9q\xff", ["q"], b""),
        (b"\r\n\x03\t\x7f\x08", ["enter", "enter", "tab", "backspace", "backspace"], b""),
        (b"\x1b[A\x1b[B\x1b[C\x1b[D", ["up", "down", "right", "left"], b""),
        (b"\x1bOA\x1bOB\x1bOC\x1bOD", ["up", "down", "right", "left"], b""),
        (b"\x1b[H\x1b[F\x1b[1~\x1b[4~", ["home", "end", "home", "end"], b""),
        (b"\x1b[3~\x1b[5~\x1b[6;5~", ["delete", "page up", "page down"], b""),
        (b"\x1b[<0;1;1M\x1b[<32;2;1M", [Mouse("press", 0, 0), Mouse("move", 1, 0)], b""),
        (
            b"\x1b[<2;300;1M\x1b[<2;3;4m",
            [Mouse("press", 299, 0, 2), Mouse("release", 2, 3, 2)],
            b"",
        ),
        (b"\x1b[<64;5;6M\x1b[<65;5;6M", [Mouse("wheel up", 4, 5), Mouse("wheel down", 4, 5)], b""),
        (b"\x1b[<66;5;6Mq", ["q"], b""),
        (b"\x1b[<16;5;6M", [Mouse("press", 4, 5)], b""),
    ],
)
def test_keys_and_the_mouse_are_told_one_by_one_and_what_is_unfinished_is_kept(
    typed: bytes, keys: list[str | Mouse], rest: bytes
) -> None:
    assert keys_in(typed) == (keys, rest)


def test_escape_is_a_key_if_nothing_follows(terminal: Terminal) -> None:
    keys: queue.Queue[str] = queue.Queue()
    with Keyboard(keys.put, terminal.stream):
        terminal.type(b"\x1b")
        assert keys.get(timeout=SECONDS) == "escape"
        terminal.type(b"\x1b[A")
        assert keys.get(timeout=SECONDS) == "up"


def test_the_mouse_is_told_apart_from_the_keys(terminal: Terminal) -> None:
    keys: queue.Queue[str] = queue.Queue()
    mice: queue.Queue[Mouse] = queue.Queue()
    with Keyboard(keys.put, terminal.stream, mice.put):
        terminal.type(b"\x1b[<0;7;9Mx")
        assert keys.get(timeout=SECONDS) == "x"
        assert mice.get(timeout=SECONDS) == Mouse("press", 6, 8)


def test_a_sequence_that_comes_in_two_reads_is_no_key(terminal: Terminal) -> None:
    keys: queue.Queue[str] = queue.Queue()
    with Keyboard(keys.put, terminal.stream):
        for part in (b"\x1b[1;", b"5Q", b"p"):
            terminal.type(part)
            while select.select([terminal.slave], [], [], 0)[0]:
                time.sleep(0.001)
            time.sleep(0.02)
        assert keys.get(timeout=SECONDS) == "p"
        assert keys.empty()


def test_a_key_comes_at_once_whatever_mode_the_terminal_was_in(terminal: Terminal) -> None:
    mode = termios.tcgetattr(terminal.slave)
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 4, 7
    termios.tcsetattr(terminal.slave, termios.TCSANOW, mode)
    before = terminal.mode()
    with Keyboard(lambda key: None, terminal.stream):
        special = termios.tcgetattr(terminal.slave)[6]
        assert [
            special[place] in (wanted, bytes([wanted]))
            for place, wanted in ((termios.VMIN, 1), (termios.VTIME, 0))
        ] == [True, True]
    assert before == terminal.mode()


def test_in_the_background_the_keyboard_is_left_alone(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = terminal.mode()
    monkeypatch.setattr(keyboard_module, "in_foreground", lambda stream: False)
    with Keyboard(lambda key: None, terminal.stream) as keyboard:
        assert not keyboard.active
        assert before == terminal.mode()
        monkeypatch.setattr(keyboard_module, "in_foreground", lambda stream: True)
        keyboard.resume()
        assert keyboard.active
    assert not keyboard.active
    assert before == terminal.mode()


def test_a_resumed_keyboard_has_one_thread_that_does_not_keep_the_process(
    terminal: Terminal,
) -> None:
    with Keyboard(lambda key: None, terminal.stream) as keyboard:
        keyboard.resume()
        mine = [one for one in threading.enumerate() if one.name == "keyboard"]
        assert [one.daemon for one in mine] == [True]
    assert not [one for one in threading.enumerate() if one.name == "keyboard"]
    keyboard.suspend()


def test_the_echo_that_a_question_turned_off_is_known_before_the_mode_is_kept(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = terminal.mode()
    silent = termios.tcgetattr(terminal.slave)
    silent[3] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(terminal.slave, termios.TCSANOW, silent)

    def echo_again() -> None:
        termios.tcsetattr(terminal.slave, termios.TCSANOW, before)  # type: ignore[arg-type]

    monkeypatch.setattr(keyboard_module, "echo_again", echo_again)
    with Keyboard(lambda key: None, terminal.stream):
        assert before != terminal.mode()
    assert before == terminal.mode()


def test_keys_come_from_the_standard_input_unless_told_otherwise(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", terminal.stream)
    keys: queue.Queue[str] = queue.Queue()
    with Keyboard(keys.put):
        terminal.type(b"q")
        assert keys.get(timeout=SECONDS) == "q"
    monkeypatch.setattr(sys, "stdin", None)
    with Keyboard(keys.put) as keyboard:
        assert not keyboard.active
    closed = io.StringIO()
    closed.close()
    with Keyboard(keys.put, closed) as keyboard:
        assert not keyboard.active


def test_a_terminal_that_is_gone_ends_the_reading(terminal: Terminal) -> None:
    keyboard = Keyboard(lambda key: None, terminal.stream)
    keyboard.resume()
    thread = keyboard._thread
    assert thread is not None
    os.close(terminal.master)
    thread.join(SECONDS)
    assert not thread.is_alive()
    keyboard.suspend()
    terminal.master = os.open(os.devnull, os.O_RDONLY)
