import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from gpunet.terminal.live.interrupts import Interrupts
from gpunet.training.clock import WorkingClock
from gpunet.training.events import Control

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


def test_the_first_interrupt_asks_to_stop_and_the_second_raises() -> None:
    control = Control()
    with Interrupts(control):
        signal.raise_signal(signal.SIGINT)
        assert control.stop_now.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_an_interrupt_that_comes_while_another_is_taken_does_not_take_its_lock_again() -> None:
    class Interrupted(threading.Event):
        def set(self) -> None:
            signal.raise_signal(signal.SIGINT)

    with Interrupts(Control(stop_now=Interrupted())), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_nothing_is_raised_any_more_once_the_terminal_is_being_restored() -> None:
    with Interrupts(Control()) as interrupts:
        interrupts.leave()
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)


@posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_request_to_end_asks_to_stop_and_a_second_one_leaves_every_context(name: str) -> None:
    control, number = Control(), signal.Signals[name]
    with Interrupts(control):
        signal.raise_signal(number)
        assert control.stop_now.is_set()
        assert number == control.signal
        with pytest.raises(SystemExit) as leaving:
            signal.raise_signal(number)
    assert 128 + number == leaving.value.code


def test_the_handlers_are_given_back() -> None:
    numbers = [signal.SIGINT, signal.SIGTERM]
    before = [signal.getsignal(number) for number in numbers]
    with Interrupts(Control()):
        assert before != [signal.getsignal(number) for number in numbers]
    assert before == [signal.getsignal(number) for number in numbers]


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Interrupts(Control()):
            assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_another_thread_leaves_signals_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work() -> None:
        with Interrupts(Control()):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [before] == seen


STOPPED = 0.5
"""Seconds that the process is stopped each time."""

SECONDS = 30
"""After which nothing is waited for any more."""

SLEEPER = """
import os, time
from gpunet.terminal.live.interrupts import Interrupts
from gpunet.training.events import Control
say = lambda word: os.write(1, f"{word}\\n".encode())  # nothing that a signal could find locked
control = Control()
with Interrupts(control, lambda: say("suspended"), lambda: say("resumed")):
    began, wall = control.clock(), time.monotonic()
    say("ready")
    while not control.stop_now.wait(0.01):
        pass
    say(f"{control.clock() - began} {time.monotonic() - wall}")
"""


@posix
def test_a_stopped_process_gives_the_terminal_back_takes_it_again_and_counts_no_time() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE, text=True, process_group=0
    ) as process:
        assert process.stdout is not None
        watch = threading.Timer(SECONDS, process.kill)  # a silent process would be waited for
        watch.start()
        assert process.stdout.readline() == "ready\n"
        for _ in range(2):  # the second time as the first
            process.send_signal(signal.SIGTSTP)
            while (said := process.stdout.readline()) == "resumed\n":
                pass  # told of going on by the signal, too
            assert said == "suspended\n"
            _, status = os.waitpid(process.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status)
            time.sleep(STOPPED)
            process.send_signal(signal.SIGCONT)
            assert process.stdout.readline() == "resumed\n"
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate()
        watch.cancel()
    assert process.returncode == 0
    worked, passed = map(float, rest.split()[-2:])
    assert passed - worked > 2 * STOPPED - 0.1


NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGTSTP", "SIGCONT")


@posix
def test_every_signal_is_taken_and_given_back_as_it_was() -> None:
    numbers = [signal.Signals[name] for name in NAMES]
    before = [signal.getsignal(number) for number in numbers]
    with Interrupts(Control()):
        held = [signal.getsignal(number) for number in numbers]
        assert all(one != other for one, other in zip(held, before, strict=True))
    assert before == [signal.getsignal(number) for number in numbers]


@posix
@pytest.mark.parametrize(
    ("names", "number", "raised"),
    [
        (["SIGINT"], None, None),
        (["SIGTERM"], "SIGTERM", None),
        (["SIGINT", "SIGTERM"], "SIGTERM", SystemExit),
        (["SIGTERM", "SIGINT"], "SIGTERM", KeyboardInterrupt),
        (["SIGTERM", "SIGHUP"], "SIGHUP", SystemExit),
    ],
)
def test_the_first_signal_asks_and_tells_once_and_the_second_raises_what_it_means(
    names: list[str], number: str | None, raised: type[BaseException] | None
) -> None:
    control, told = Control(), []
    first, *others = [signal.Signals[name] for name in names]
    with Interrupts(control, asked=lambda: told.append(control.stop_now.is_set())):
        signal.raise_signal(first)
        assert told == [True]
        for other in others:
            assert raised is not None
            with pytest.raises(raised):
                signal.raise_signal(other)
    assert told == [True]
    assert control.signal == (None if number is None else signal.Signals[number])
    assert not control.stop_after_epoch.is_set()


@posix
def test_no_request_to_end_raises_once_the_terminal_is_being_restored() -> None:
    control = Control()
    with Interrupts(control) as interrupts:
        interrupts.leave()
        for name in ("SIGTERM", "SIGHUP", "SIGTERM"):
            signal.raise_signal(signal.Signals[name])
    assert control.signal == signal.SIGTERM
    assert control.stop_now.is_set()


@posix
def test_a_stop_stands_the_clock_still_then_gives_back_stops_and_takes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events: list[str] = []
    wall = [0.0]
    control = Control(clock=WorkingClock(lambda: wall[0]))

    def noted(word: str) -> None:
        held = signal.getsignal(signal.SIGTSTP)
        kind = {signal.SIG_IGN: "ignored", signal.SIG_DFL: "default"}.get(held, "ours")  # type: ignore[call-overload]
        wall[0] += 1
        events.append(f"{word} {kind} {control.clock():g}")

    interrupts = Interrupts(control, lambda: noted("suspend"), lambda: noted("resume"))
    with interrupts:
        ours = signal.getsignal(signal.SIGTSTP)
        with monkeypatch.context() as patched:
            patched.setattr(signal, "raise_signal", lambda number: noted(f"stop {number:d}"))
            interrupts._stopped(signal.SIGTSTP, None)
        assert signal.getsignal(signal.SIGTSTP) == ours
        signal.raise_signal(signal.SIGCONT)
    assert events == [
        "suspend ignored 0",
        f"stop {signal.SIGTSTP:d} default 0",
        "resume ours 1",
        "resume ours 2",
    ]
