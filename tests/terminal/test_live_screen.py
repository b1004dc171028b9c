"""When a live screen draws, takes the terminal and gives it back: its orders, one by one."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from gpunet.terminal.draw.block import Block
from gpunet.terminal.live import live_screen
from gpunet.terminal.live.live_screen import LiveScreen, _Request
from gpunet.training.clock import WorkingClock
from gpunet.training.events import Control

MakeConsole = Callable[..., Console]

SECONDS = 30


class Frames(LiveScreen):
    """A screen of blanks that notes what it is asked for."""

    def __init__(self, console: Console, control: Control) -> None:
        super().__init__(console, control, keys=io.StringIO())
        self.asked: list[tuple[tuple[int, int], float, bool]] = []

    def frame(self, size: tuple[int, int], now: float, keys: bool) -> Block:
        self.asked.append((size, now, keys))
        return Block(size[0], []).shaped(*size)

    def news(self) -> None:
        self._stale = True


class Staged:
    """A screen whose terminal and whose requests are played, on one thread and by one clock."""

    def __init__(self, console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.worked = 100.0, 0.0
        self.events: list[str] = []
        self.due: list[float] = []
        self.is_open = False
        self.foreground = True
        self.drawing_takes = 0.0
        self.screen = Frames(console, Control(clock=WorkingClock(lambda: self.now)))
        stage: Any = self
        self.screen._cells = self.screen._keyboard = stage
        self.active = False
        monkeypatch.setattr(live_screen, "in_foreground", lambda stream: self.foreground)
        monkeypatch.setattr(time, "thread_time", lambda: self.worked)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def open(self, more: str) -> None:
        self.events.append("open")
        self.is_open = True

    def close(self, more: str) -> None:
        self.events.append("close")
        self.is_open = False

    def forget(self) -> None:
        self.events.append("forget")

    def draw(self, block: Block, mouse: bool, more: str) -> None:
        self.events.append("draw")
        self.worked += self.drawing_takes
        self.now += 10 * self.drawing_takes  # it has waited for a busy processor

    def resume(self) -> None:
        self.events.append("keys")

    def suspend(self) -> None:
        self.events.append("no keys")

    def play(self, *acts: Callable[[], _Request | None] | _Request | None) -> list[str]:
        """Let the drawing loop get these requests, one after the other; what it does meanwhile."""
        left = [*acts, _Request.CLOSE]

        def next_request(due: float) -> _Request | None:
            self.due.append(due - self.now)
            if not self.screen._requests.empty():
                return self.screen._requests.get()
            act = left.pop(0)
            return act() if callable(act) else act

        self.events.clear()
        self.screen._next_request = next_request  # type: ignore[method-assign]
        self.screen._draw()
        return self.events


@pytest.fixture
def staged(make_text_console: MakeConsole, monkeypatch: pytest.MonkeyPatch) -> Staged:
    return Staged(make_text_console(60, 12), monkeypatch)


OPENED = ("keys", "open", "forget", "draw")
"""What is done before anything else."""


def test_a_frame_is_drawn_only_if_it_is_news_or_a_second_or_the_size_is_another(
    staged: Staged,
) -> None:
    def later(seconds: float, *, news: bool = False, width: int = 60) -> Callable[[], None]:
        def act() -> None:
            staged.now = 100.0 + seconds
            staged.screen._console.width = width
            if news:
                staged.screen.news()
            staged.events.append(f"{seconds}")

        return act

    assert staged.play(
        later(0.09, news=True),
        later(0.1),
        later(0.2),
        later(0.3, news=True),
        later(0.99),
        later(1.0),
        later(1.9),
        later(1.95, width=61),
        later(1.96, width=61),
    ) == [
        *(*OPENED, "0.09", "0.1", "draw", "0.2", "0.3", "draw", "0.99", "1.0", "draw"),
        *("1.9", "1.95", "draw", "1.96", "close"),
    ]


def test_ten_frames_a_second_are_drawn_at_most_and_fewer_where_drawing_is_slow(
    staged: Staged,
) -> None:
    staged.drawing_takes = 0.001
    staged.play(_Request.DRAW, _Request.DRAW)
    assert staged.due[1:] == pytest.approx([0.09] * 3)
    staged.due.clear()
    staged.drawing_takes = 0.05
    staged.play(_Request.DRAW, None)
    assert staged.due[1:] == pytest.approx([0.5, 0.5, 0.5])


def test_one_slow_frame_among_others_hardly_delays_the_next(staged: Staged) -> None:
    staged.drawing_takes = 0.004

    def slow() -> _Request:
        staged.drawing_takes = 0.012
        return _Request.DRAW

    staged.play(_Request.DRAW, slow, None)
    assert staged.due[-1] == pytest.approx(0.1 - 0.12)  # due while it was waited for a processor


def test_news_wake_the_screen_once_a_frame_and_hide_no_key(staged: Staged) -> None:
    def told_twice_and_pressed() -> None:
        staged.screen.hurry()
        staged.screen.show("news")
        staged.screen.show("more news")
        assert staged.screen._requests.qsize() == 2

    def told() -> None:
        staged.screen.show("news")
        staged.events.append("waits")

    def later() -> None:
        staged.now += 0.1

    assert staged.play(told_twice_and_pressed, told, later) == [
        *(*OPENED, "draw", "waits", "draw", "close"),
    ]


def test_a_key_and_another_size_are_answered_at_once_however_slow_drawing_is(
    staged: Staged,
) -> None:
    staged.drawing_takes = 0.05

    def narrower() -> None:
        staged.screen._console.width = 50

    def news() -> None:
        staged.screen.news()
        staged.events.append("waits")

    assert staged.play(news, _Request.DRAW, narrower, None) == [
        *(*OPENED, "waits", "draw", "draw", "close"),
    ]


def test_what_was_asked_for_meanwhile_is_answered_by_one_frame(staged: Staged) -> None:
    def three_keys() -> _Request:
        for _ in range(2):
            staged.screen._requests.put(_Request.DRAW)
        return _Request.DRAW

    assert staged.play(three_keys, None) == [*OPENED, "draw", "close"]


def test_every_ten_seconds_all_is_written_anew(staged: Staged) -> None:
    def later() -> None:
        staged.now += 4

    assert staged.play(later, later, later, later) == [
        *(*OPENED, "draw", "draw", "forget", "draw", "draw", "close"),
    ]


@pytest.mark.parametrize(("due", "waited"), [(0.3, 0.025), (0.02, 0.02), (-5.0, 0.025)])
def test_the_screen_looks_around_forty_times_a_second(
    make_text_console: MakeConsole,
    monkeypatch: pytest.MonkeyPatch,
    due: float,
    waited: float,
) -> None:
    screen, waits = Frames(make_text_console(), Control()), []

    class Queue:
        def get(self, timeout: float) -> None:
            waits.append(timeout)
            raise Empty

    monkeypatch.setattr(screen, "_requests", Queue())
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    assert screen._next_request(100.0 + due) is None
    assert waits == [pytest.approx(waited)]


def test_before_a_stop_the_screen_then_the_keys_are_given_back_and_nothing_is_drawn_till_after(
    staged: Staged,
) -> None:
    def given_back() -> None:
        staged.events.append(f"told {staged.screen._given_back.qsize()}")
        staged.screen.news()

    assert staged.play(
        None, _Request.GIVE_BACK, given_back, _Request.DRAW, None, _Request.TAKE, None
    ) == [
        *(*OPENED, "close", "no keys", "told 1"),
        *("forget", "keys", "open", "draw", "close"),
    ]


def test_a_second_wish_to_take_the_terminal_draws_all_anew(staged: Staged) -> None:
    assert staged.play(None, _Request.TAKE) == [*OPENED, "forget", "draw", "close"]


def test_in_the_background_the_terminal_is_left_alone_until_it_is_ours_again(
    staged: Staged,
) -> None:
    staged.foreground = False

    def brought_back() -> None:
        staged.foreground = True
        staged.events.append("brought back")

    assert staged.play(None, _Request.DRAW, brought_back) == ["brought back", *OPENED, "close"]


def test_a_terminal_that_is_gone_ends_the_drawing_and_nothing_else(
    staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        staged.events.append("gone")
        raise OSError

    monkeypatch.setattr(staged, "forget", gone)
    assert staged.play(None, None) == ["keys", "open", "gone", "close"]


def test_a_stop_waits_for_the_terminal_but_not_for_longer_than_a_second(
    make_text_console: MakeConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Frames(make_text_console(), Control())
    waited = []

    class Queue(SimpleQueue):  # type: ignore[type-arg]
        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            waited.append(timeout)
            return super().get(timeout=0.001)

    monkeypatch.setattr(live_screen, "SimpleQueue", Queue)
    screen._suspend()
    assert waited == []  # no thread is there that could give it back
    assert screen._requests.get_nowait() is _Request.GIVE_BACK
    screen._drawer = threading.Thread(target=time.sleep, args=(0.2,))
    screen._drawer.start()
    screen._suspend()
    screen._drawer.join()
    assert waited == [1.0]


def test_a_frame_is_asked_for_with_the_screens_size_the_runs_clock_and_whether_keys_are_read(
    make_text_console: MakeConsole,
) -> None:
    console = make_text_console(50, 11)
    screen = Frames(console, Control(clock=WorkingClock(lambda: 7.5)))
    screen._draw_frame((50, 4))
    assert screen.asked == [((50, 4), 7.5, False)]


@pytest.mark.parametrize(
    ("typed", "after_epoch", "paused", "requests"),
    [
        ("q", True, False, 1),
        ("p", False, True, 1),
        ("pp", False, False, 2),
        ("pq", True, False, 2),
        ("qp", True, True, 2),
        ("QPp", True, False, 3),
        ("x", False, False, 1),
    ],
)
def test_every_key_has_its_meaning_and_is_answered_by_a_frame(
    make_text_console: MakeConsole, typed: str, after_epoch: bool, paused: bool, requests: int
) -> None:
    control = Control()
    screen = Frames(make_text_console(), control)
    for key in typed:
        screen.pressed(key)
    assert (control.stop_after_epoch.is_set(), control.paused.is_set()) == (after_epoch, paused)
    assert not control.stop_now.is_set()
    assert [screen._requests.get_nowait() for _ in range(requests)] == [_Request.DRAW] * requests
    assert screen._requests.empty()


def test_what_is_printed_is_written_after_the_screen_is_gone_though_the_work_fails(
    make_text_console: MakeConsole, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        print("result")
        print("first", file=sys.stderr)
        sys.stderr.write("second")
        assert capsys.readouterr() == ("", "")
        raise ZeroDivisionError

    screen = Frames(make_text_console(colors="truecolor"), Control())
    with pytest.raises(ZeroDivisionError), screen:
        work()
    assert capsys.readouterr() == ("result\n", "first\nsecond")


def test_when_the_context_is_left_the_threads_are_gone_and_the_last_news_need_not_be_drawn(
    make_text_console: MakeConsole,
) -> None:
    before = threading.active_count()
    console = make_text_console(colors="truecolor")
    with Frames(console, Control()) as screen:
        assert threading.active_count() == before + 1
        assert "screen" in {thread.name for thread in threading.enumerate()}
        deadline = time.monotonic() + SECONDS
        while not screen.asked:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        assert screen._drawer.daemon
    assert threading.active_count() == before
    text = console.file.getvalue()  # type: ignore[attr-defined]
    orders = ("\x1b[?1049h", "\x1b[?25l", "\x1b[?25h", "\x1b[?1049l")
    assert sorted(orders, key=text.index) == [orders[0], orders[1], *orders[2:]]


def test_the_terminal_tells_of_its_mouse_only_while_that_is_wanted(
    staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    monkeypatch.setattr(Frames, "wants_mouse", property(lambda self: staged.now > 100))
    monkeypatch.setattr(staged, "draw", lambda block, mouse, more: told.append(mouse))

    def later() -> None:
        staged.now += 1

    staged.play(later)
    assert told == [False, True]


def test_on_a_slow_line_a_frame_waits_until_the_one_before_is_shown(staged: Staged) -> None:
    line: Any = SimpleNamespace(is_busy=False, slowest=0.0, settle=lambda: None)
    staged.screen._line = line

    def busy() -> _Request:
        line.is_busy = True
        return _Request.DRAW

    def free() -> _Request:
        line.is_busy = False
        return _Request.NEWS

    assert staged.play(busy, _Request.DRAW, free, None) == [*OPENED, "draw", "close"]


def test_on_a_slow_line_all_is_written_anew_as_seldom_as_takes_little_of_it(
    staged: Staged,
) -> None:
    line: Any = SimpleNamespace(is_busy=False, slowest=1.0, settle=lambda: None)
    staged.screen._line = line

    def later() -> None:
        staged.now += 11

    assert staged.play(later, later) == [*OPENED, "draw", "forget", "draw", "close"]
