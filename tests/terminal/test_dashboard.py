import io
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from tests.terminal.emulated import UNKNOWN, Terminal

from gpunet.terminal.live import cells
from gpunet.terminal.live.dashboard import Dashboard
from gpunet.terminal.views.view import Key, Screen, View
from gpunet.training.clock import WorkingClock
from gpunet.training.events import Control, EpochEnd, EpochRecord, Progress, RunInfo

MakeConsole = Callable[..., Console]
MakeRun = Callable[..., RunInfo]

ALTERNATE_SCREEN, MAIN_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"

NO_KEYS = io.StringIO()

SECONDS = 60


def output(console: Console) -> str:
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def seen(console: Console, size: tuple[int, int]) -> str:
    """What a terminal shows after all that was written."""
    terminal = Terminal(*size)
    terminal.obey(output(console))
    return "\n".join(terminal.lines)


def tell(
    dashboard: Dashboard,
    run: RunInfo,
    record: EpochRecord,
    progress: Progress,
) -> None:
    told = np.full((len(run.gallery), run.network.outputs), 0.1, np.float32)
    dashboard.on_train_begin(run)
    dashboard.on_progress(progress)
    dashboard.on_epoch_end(EpochEnd.of(record, record.epoch, 4, told))
    dashboard.on_train_end("epochs", record.epoch)


def test_a_dashboard_draws_on_the_alternate_screen_and_leaves_it(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_record: Callable[..., EpochRecord],
    make_progress: Callable[..., Progress],
) -> None:
    console = make_text_console(colors="truecolor")
    with Dashboard(console, Control(), keys=NO_KEYS) as dashboard:
        tell(dashboard, make_run(), make_record(1), make_progress(1))
    text = output(console)
    assert text.index(ALTERNATE_SCREEN) < text.index(MAIN_SCREEN)
    assert text.rindex(HIDE_CURSOR) < text.rindex(SHOW_CURSOR)
    assert text.rindex(ALTERNATE_SCREEN) < text.rindex(MAIN_SCREEN)


def test_one_thread_writes_to_the_terminal_so_that_no_signal_comes_between_two_halves(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_record: Callable[..., EpochRecord],
    make_progress: Callable[..., Progress],
) -> None:
    writers = set()

    class Noting(io.StringIO):
        def write(self, text: str) -> int:
            writers.add(threading.current_thread().name)
            return super().write(text)

    console = make_text_console(colors="truecolor")
    console.file = Noting()
    with Dashboard(console, Control(), keys=NO_KEYS) as dashboard:
        tell(dashboard, make_run(), make_record(1), make_progress(1))
    assert {"screen"} == writers


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_the_terminal_is_restored_whatever_is_raised(
    make_text_console: MakeConsole, failure: type[BaseException]
) -> None:
    console = make_text_console(colors="truecolor")
    threads = threading.active_count()
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(failure), Dashboard(console, Control(), keys=NO_KEYS):
        raise failure
    text = output(console)
    assert text.rindex(ALTERNATE_SCREEN) < text.rindex(MAIN_SCREEN)
    assert text.rindex(HIDE_CURSOR) < text.rindex(SHOW_CURSOR)
    assert threads == threading.active_count()
    assert handler == signal.getsignal(signal.SIGINT)


def test_what_is_written_to_stderr_meanwhile_appears_afterwards(
    make_text_console: MakeConsole, capsys: pytest.CaptureFixture[str]
) -> None:
    with Dashboard(make_text_console(colors="truecolor"), Control(), keys=NO_KEYS):
        print("a warning", file=sys.stderr)
        assert capsys.readouterr().err == ""
    assert capsys.readouterr().err == "a warning\n"


def test_the_frame_shows_what_the_observer_was_told(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_record: Callable[..., EpochRecord],
    make_progress: Callable[..., Progress],
) -> None:
    console = make_text_console()
    dashboard = Dashboard(console, Control(clock=WorkingClock(lambda: 5.0)), keys=NO_KEYS)
    tell(dashboard, make_run(), make_record(1), make_progress(1))
    console.print(dashboard.frame((80, 24), 5.0, False))
    assert "784-16-16-10 · 13,002 parameters" in output(console)
    assert "val 0.5100" in output(console)
    assert "all epochs done; the weights of epoch 1 are kept" in output(console)


def frame_text(dashboard: Dashboard, now: float, size: tuple[int, int] = (100, 30)) -> str:
    lines = dashboard.frame(size, now, True).lines
    return "\n".join("".join(segment.text for segment in line) for line in lines)


def test_the_clocks_go_on_between_two_reports_and_stand_still_at_the_end(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_progress: Callable[..., Progress],
    make_record: Callable[..., EpochRecord],
) -> None:
    now = [1000.0]
    control = Control(clock=WorkingClock(lambda: now[0]))
    dashboard = Dashboard(make_text_console(100, 30), control, keys=NO_KEYS)
    dashboard.on_train_begin(make_run())
    dashboard.on_progress(make_progress(1))
    assert "0:12 gone, at most 1:40 left" in frame_text(dashboard, 1000.0)
    assert "0:15 gone, at most 1:37 left" in frame_text(dashboard, 1003.0)
    assert "2:12 gone, at most 0:00 left" in frame_text(dashboard, 1120.0)
    now[0] = 1120.0
    dashboard.on_progress(make_progress(1, 500))
    assert "0:13 gone, at most 1:39 left" in frame_text(dashboard, 1121.0)
    dashboard.on_train_end("stopped by user", 0)
    assert "0:12 in all" in frame_text(dashboard, 1150.0)


def test_a_frame_shows_all_that_an_epochs_end_tells(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_progress: Callable[..., Progress],
    make_record: Callable[..., EpochRecord],
) -> None:
    run = make_run()
    dashboard = Dashboard(make_text_console(100, 30), Control(), keys=NO_KEYS)
    dashboard.on_train_begin(run)
    dashboard.on_progress(make_progress(1))
    told = np.full((len(run.gallery), run.network.outputs), 0.1, np.float32)
    dashboard.on_epoch_end(EpochEnd.of(make_record(1), 1, 4, told))
    dashboard.on_epoch_end(EpochEnd.of(make_record(2), 1, 3, told))
    text = frame_text(dashboard, 0.0)
    patience = run.config.effective_patience
    assert f"kept epoch 1 by val loss 0.5100 · its val acc 74.00 % · patience 3/{patience}" in text
    assert dashboard.view.records == (make_record(1), make_record(2))
    assert dashboard.view.gallery is told


def test_the_gallery_stays_for_a_second_however_short_epochs_are_and_is_the_latest_at_the_end(
    make_run: MakeRun,
    make_progress: Callable[..., Progress],
    make_record: Callable[..., EpochRecord],
) -> None:
    run = make_run()
    view, answers, shown = View().began(run), [], []
    for epoch, elapsed in enumerate((0.2, 0.7, 1.1, 1.3, 2.0), start=1):
        answers.append(np.full((len(run.gallery), 10), epoch / 10, np.float32))
        view = view.progressed(replace(make_progress(epoch), elapsed=elapsed), elapsed)
        view = view.epoch_ended(EpochEnd.of(make_record(epoch), 1, None, answers[-1]))
        shown.append(view.gallery)
    kept = [next(i for i, one in enumerate(answers) if one is gallery) for gallery in shown]
    assert kept == [0, 0, 0, 3, 3]
    assert view.ended("epochs", 1).gallery is answers[-1]
    assert View().ended("epochs", 0).gallery is None


def test_the_clock_is_drawn_every_second_though_nothing_is_news(
    make_text_console: MakeConsole, make_run: MakeRun, make_progress: Callable[..., Progress]
) -> None:
    now = [1000.0]
    console = make_text_console(100, 30, colors="truecolor")
    control = Control(clock=WorkingClock(lambda: now[0]))
    with Dashboard(console, control, keys=NO_KEYS) as dashboard:
        dashboard.on_train_begin(make_run())
        dashboard.on_progress(make_progress(1))
        for second in range(4):
            now[0] = 1000.0 + second
            deadline = time.monotonic() + SECONDS
            while f"0:{12 + second} gone" not in seen(console, (100, 30)):
                assert time.monotonic() < deadline
                time.sleep(0.01)


@pytest.mark.parametrize(
    ("keys", "paused"), [("p", True), ("pp", False), ("P", True), ("pq", False)]
)
def test_p_pauses_and_resumes(make_text_console: MakeConsole, keys: str, paused: bool) -> None:
    control = Control()
    dashboard = Dashboard(make_text_console(), control, keys=NO_KEYS)
    for key in keys:
        dashboard.pressed(key)
    assert paused == control.paused.is_set()


@pytest.mark.parametrize(("screen", "looks"), [("network", True), ("draw", True), ("keys", False)])
def test_looks_are_wanted_while_a_screen_shows_them(
    make_text_console: MakeConsole, monkeypatch: pytest.MonkeyPatch, screen: Screen, looks: bool
) -> None:
    there, back = (
        Key("", lambda view: replace(view, screen=screen), ""),
        Key("", lambda _: View(), ""),
    )
    monkeypatch.setattr("gpunet.terminal.views.view.KEYS", {"x": there, "y": back})
    control = Control()
    dashboard = Dashboard(make_text_console(), control, keys=NO_KEYS)
    dashboard.pressed("x")
    assert control.insight_wanted.is_set() == looks
    dashboard.pressed("y")
    assert not control.insight_wanted.is_set()


def test_what_two_threads_change_of_the_view_at_once_is_not_lost(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    dashboard = Dashboard(make_text_console(), Control(), keys=NO_KEYS)
    other = threading.Thread(target=dashboard.pressed, args=("?",))

    def begun_while_a_key_is_pressed(view: View) -> View:
        other.start()
        other.join(0.1)
        return view.began(make_run())

    dashboard.change(begun_while_a_key_is_pressed)
    other.join(SECONDS)
    assert dashboard.view.run is not None
    assert dashboard.view.screen == "keys"


def test_q_stops_after_the_epoch(make_text_console: MakeConsole) -> None:
    control = Control()
    Dashboard(make_text_console(), control, keys=NO_KEYS).pressed("q")
    assert control.stop_after_epoch.is_set()
    assert not control.stop_now.is_set()


def test_a_key_is_answered_at_once_however_slow_drawing_is(
    make_text_console: MakeConsole, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpunet.terminal.live.live_screen.FRAME", 1000.0)
    console = make_text_console(colors="truecolor")
    control = Control(clock=WorkingClock(lambda: 0.0))
    with Dashboard(console, control, keys=NO_KEYS) as dashboard:
        dashboard.on_train_begin(make_run())
        dashboard.pressed("q")
        deadline = time.monotonic() + SECONDS
        while "stopping after this epoch" not in seen(console, (80, 24)):
            assert time.monotonic() < deadline
            time.sleep(0.01)


SHOWN = Path(__file__).with_name("shown_dashboard.py")


def _read_until(master: int, wanted: bytes) -> bytes:
    """What a pseudo terminal shows up to some text; it fails if the text does not come."""
    seen, deadline = b"", time.monotonic() + SECONDS
    while wanted not in seen:
        assert time.monotonic() < deadline, f"{wanted!r} did not come, but {seen!r}"
        if select.select([master], [], [], 1)[0]:
            seen += os.read(master, 65_536)
    return seen


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
@pytest.mark.parametrize(
    ("ending", "code"),
    [(b"q", 0), (b"\x03", 0), (b"\x03\x03", -signal.SIGINT), (signal.SIGTERM, 143)],
)
def test_a_real_terminal_is_as_before_however_the_run_ends(
    ending: bytes | signal.Signals, code: int
) -> None:
    import pty
    import termios

    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(
        [sys.executable, str(SHOWN)],
        stdin=slave,
        stdout=slave,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    os.set_blocking(master, False)
    seen = _read_until(master, b"Ctrl-C")
    if isinstance(ending, bytes):
        os.write(master, ending[:1])
        seen += _read_until(master, b"stopping")
        os.write(master, ending[1:])
    else:
        process.send_signal(ending)
    seen += _read_until(master, MAIN_SCREEN.encode())
    _, errors = process.communicate(timeout=60)
    assert code == process.returncode, errors.decode()
    assert before == termios.tcgetattr(slave)
    assert SHOW_CURSOR.encode() in seen
    os.close(master)
    os.close(slave)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_the_terminal_is_given_back_while_the_process_is_stopped() -> None:
    import pty
    import termios

    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    process = subprocess.Popen(
        [sys.executable, str(SHOWN)],
        stdin=slave,
        stdout=slave,
        stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm-256color"},
        process_group=0,
    )
    os.set_blocking(master, False)
    _read_until(master, b"Ctrl-C")
    assert before != termios.tcgetattr(slave)
    process.send_signal(signal.SIGTSTP)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    _read_until(master, MAIN_SCREEN.encode())
    assert before == termios.tcgetattr(slave)
    process.send_signal(signal.SIGCONT)
    _read_until(master, ALTERNATE_SCREEN.encode())
    os.write(master, b"q")
    _read_until(master, MAIN_SCREEN.encode())
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors.decode()
    os.close(master)
    os.close(slave)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_another_size_is_drawn_whole_though_nothing_else_is_news() -> None:
    import fcntl
    import pty
    import struct
    import termios

    master, slave = pty.openpty()

    def resize(columns: int, rows: int) -> None:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    resize(90, 26)
    fixed = ("COLUMNS", "LINES")
    environment = {name: value for name, value in os.environ.items() if name not in fixed}
    process = subprocess.Popen(
        [sys.executable, str(SHOWN)],
        stdin=slave,
        stdout=slave,
        env={**environment, "TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.set_blocking(master, False)
    try:
        _read_until(master, b"Ctrl-C")
        for columns, rows in ((70, 22), (120, 40)):
            resize(columns, rows)
            text = _read_until(master, f"\x1b[{rows};1H".encode())
            text += _read_until(master, cells.END.encode())
            terminal = Terminal(columns, rows)
            terminal.obey(text[text.rindex(cells.BEGIN.encode()) :].decode())
            assert UNKNOWN not in {mark for row in terminal.cells for mark, _ in row}
            assert terminal.lines[-1].startswith("q stop after epoch   p pause")
    finally:
        process.terminate()
        _read_until(master, MAIN_SCREEN.encode())
        process.wait(SECONDS)
        os.close(master)
        os.close(slave)


def test_a_resumed_run_shows_what_was_done_before(
    make_text_console: MakeConsole, make_run: MakeRun, make_record: Callable[..., EpochRecord]
) -> None:
    dashboard = Dashboard(make_text_console(), Control(), keys=NO_KEYS)
    run = replace(make_run(), history=(make_record(1), make_record(2)), best_epoch=1)
    dashboard.on_train_begin(run)
    assert run.history == dashboard.view.records
    assert dashboard.view.best_epoch == 1


def test_a_dashboard_remembers_what_it_is_told_and_when_and_draws_soon(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_record: Callable[..., EpochRecord],
    make_progress: Callable[..., Progress],
) -> None:
    now = [50.0]
    control = Control(clock=WorkingClock(lambda: now[0]))
    dashboard = Dashboard(make_text_console(), control, keys=NO_KEYS)
    news = []

    def told() -> bool:
        stale, dashboard._stale = dashboard._stale, False
        return stale

    told()
    run = make_run()
    dashboard.on_train_begin(run)
    news.append(told())
    assert (dashboard.view.run, dashboard.view.records, dashboard.view.best_epoch) == (run, (), 0)
    first = replace(make_progress(1, 86), recent_loss=0.4)
    dashboard.on_progress(replace(first, step=0, recent_loss=None))
    news.append(told())
    assert not len(dashboard.view.course.stretches)
    now[0] = 53.0
    dashboard.on_progress(first)
    news.append(told())
    assert dashboard.view.progress is first
    assert dashboard.view.heard_at == 53.0
    assert dashboard.view.course.stretches[:, :3].tolist() == [[0.0, 0.1, 0.4]]
    told_of = np.full((24, 10), 0.1, np.float32)
    dashboard.on_epoch_end(EpochEnd.of(make_record(1), 1, None, told_of))
    news.append(told())
    view = dashboard.view
    assert (view.best_epoch, view.patience_left, view.reason) == (1, None, None)
    assert view.heard_at == 53.0
    dashboard.on_train_end("time limit reached", 7)
    news.append(told())
    assert (dashboard.view.reason, dashboard.view.best_epoch) == ("time limit reached", 7)
    assert dashboard.view.records == (make_record(1),)
    assert news == [True] * 5


def test_what_stays_of_a_dashboard_is_of_what_it_was_told(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    console = make_text_console(70, 20)
    dashboard = Dashboard(console, Control(), keys=NO_KEYS)
    assert dashboard.closing_view().height == 0
    dashboard.on_train_begin(make_run())
    block = dashboard.closing_view()
    assert (block.width, block.height) == (70, 9)
