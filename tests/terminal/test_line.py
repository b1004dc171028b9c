"""A slow line to the terminal: it gets fewer frames, none of them old, and keys are answered."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gpunet.terminal.live.cells import BEGIN, LEAVE
from gpunet.terminal.live.line import LATE, QUESTION, SILENCE, Line

SHOWN = Path(__file__).with_name("shown_dashboard.py")
SECONDS = 60


class Ends:
    """Both ends of a line, by a clock that is set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.heard, self.shown = 100.0, True, 0
        self.line = Line(self.show, lambda: self.heard)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def show(self) -> None:
        self.shown += 1

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Ends:
    return Ends(monkeypatch)


def test_a_line_is_busy_from_the_question_until_the_answer(ends: Ends) -> None:
    assert ends.line.question() == QUESTION
    ends.line.answered()
    assert (ends.line.is_busy, ends.shown) == (False, 1)
    ends.line.question()
    assert ends.line.is_busy
    ends.now += 3
    ends.line.answered()
    assert (ends.line.is_busy, ends.line.slowest, ends.shown) == (False, 3.0, 2)


def test_a_terminal_that_has_never_answered_is_not_waited_for_but_for_a_moment_at_the_end(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends.line.question()
    assert not ends.line.is_busy
    began = ends.now
    monkeypatch.setattr(ends.line._shown, "wait", lambda seconds: ends.pass_by(seconds))
    ends.line.settle()
    assert ends.now - began == pytest.approx(LATE, abs=0.06)


def test_an_answer_that_does_not_come_is_not_waited_for_forever(ends: Ends) -> None:
    ends.line.question()
    ends.line.answered()
    ends.line.question()
    ends.now += SILENCE - 0.1
    assert ends.line.is_busy
    ends.now += 0.1
    assert not ends.line.is_busy


def test_nothing_is_asked_or_waited_for_where_nobody_would_read_the_answer(ends: Ends) -> None:
    ends.line.question()
    ends.line.answered()
    ends.line.question()
    ends.heard = False
    assert not ends.line.is_busy
    assert ends.line.question() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_a_terminal_far_off_gets_few_frames_and_has_answered_when_it_is_given_back() -> None:
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(SHOWN)],
        stdin=slave,
        stdout=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"},
        start_new_session=True,
    )
    seen, keys = b"", b"p" * 40 + b"q"  # each asks for a frame
    answers: list[float] = []  # when each is due
    deadline = time.monotonic() + SECONDS
    while LEAVE.encode() not in seen and time.monotonic() < deadline:
        if select.select([master], [], [], 0.01)[0]:
            came = os.read(master, 1 << 16)
            delay = 0.3 if BEGIN.encode() in seen else 0.0
            answers += [time.monotonic() + delay] * came.count(QUESTION.encode())
            seen += came
        if answers and answers[0] < time.monotonic():
            os.write(master, b"\x1b[0n")
            del answers[0]
        elif BEGIN.encode() in seen:
            os.write(master, keys[:1])
            keys = keys[1:]
    process.wait(SECONDS)
    assert b"stopping" in seen
    assert 3 <= seen.count(BEGIN.encode()) < 15
    assert not answers
    os.close(master)
    os.close(slave)
