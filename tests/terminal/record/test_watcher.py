import io
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from gpunet.artifacts.metrics_log import MetricsLog
from gpunet.artifacts.metrics_reader import Event
from gpunet.artifacts.run_folder import RunFolder
from gpunet.errors import DataError
from gpunet.terminal.live import watcher as module
from gpunet.terminal.live.followed_run import FollowedRun
from gpunet.terminal.live.watcher import Watcher, watch_in_lines
from gpunet.terminal.record.replay import retell
from gpunet.terminal.views.view import View
from gpunet.training.clock import WorkingClock
from gpunet.training.events import Control

Events = tuple[tuple[float, Event], ...]
MakeConsole = Callable[..., Console]

SECONDS = 30


class Kept:
    """A run whose log grows event by event."""

    def __init__(self, path: Path, events: Events) -> None:
        path.mkdir()
        self.folder = RunFolder(path)
        self._events = iter(events)
        self._log = MetricsLog(self.folder.metrics, lambda error: None)
        self.more(1)

    def more(self, count: int) -> None:
        for _ in range(count):
            retell(next(self._events)[1], self._log)

    def silent_for(self, seconds: float) -> None:
        then = time.time() - seconds
        os.utime(self.folder.metrics, (then, then))


@pytest.fixture
def kept(tmp_path: Path, events: Events) -> Kept:
    return Kept(tmp_path / "one", events)


@pytest.fixture
def other(tmp_path: Path, events: Events) -> Kept:
    return Kept(tmp_path / "other", events)


def followed(run: Kept, control: Control) -> FollowedRun:
    return FollowedRun(run.folder, run.folder.path.name, control.clock)


def lines(watcher: Watcher, size: tuple[int, int] = (100, 30)) -> list[str]:
    block = watcher.frame(size, 0.0, keys=True)
    return ["".join(segment.text for segment in line).rstrip() for line in block.lines]


def test_a_look_gives_what_is_new(kept: Kept) -> None:
    run = followed(kept, Control())
    assert len(run.look()) == 1
    assert run.look() == []
    kept.more(3)
    assert len(run.look()) == 3
    assert len(run.view.records) == 1


def test_a_run_that_has_told_nothing_yet_is_waited_for(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.metrics.touch()
    run = FollowedRun(folder, "new", Control(clock=WorkingClock(lambda: 1000.0)).clock)
    assert (run.look(), run.state, run.halted) == ([], "running", "")


def test_a_run_goes_on_ends_or_is_silent(kept: Kept) -> None:
    control = Control(clock=WorkingClock(lambda: 1000.0))
    run = followed(kept, control)
    kept.more(2)
    run.look()
    assert (run.state, run.halted) == ("running", "")
    run = followed(kept, control)
    kept.silent_for(750)
    run.look()
    assert run.state == "silent"
    assert run.halted == "no news for 12 min; its process seems to have ended"
    assert run.view.elapsed(run.now) == 12.0  # as it was told last
    kept.more(11)
    run.look()
    assert (run.state, run.halted) == ("ended", "")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(40, "40 s"), (600, "10 min"), (3 * 3600, "3 h"), (5 * 86_400, "5 days")],
)
def test_silence_is_told_in_one_unit(kept: Kept, seconds: int, words: str) -> None:
    kept.silent_for(seconds)
    run = followed(kept, Control(clock=WorkingClock(lambda: 1e6)))
    run.look()
    assert run.halted.startswith(f"no news for {words};")


def test_a_process_that_holds_the_run_is_believed_in_however_long_a_step_takes(kept: Kept) -> None:
    kept.folder.hold()
    kept.silent_for(900)
    run = followed(kept, Control())
    run.look()
    assert (run.state, run.halted) == ("running", "")
    kept.folder.release()
    assert run.halted.startswith("no news for 15 min")


def test_watching_shows_what_comes_and_q_leaves_the_run_alone(
    kept: Kept, make_text_console: MakeConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK", 0.005)
    control = Control()
    run = followed(kept, control)
    watcher = Watcher(make_text_console(100, 30), control, [run], keys=io.StringIO())

    def act() -> None:
        for count, epochs in ((3, 1), (10, 4)):
            kept.more(count)
            deadline = time.monotonic() + SECONDS
            while len(watcher.view.records) < epochs and time.monotonic() < deadline:
                time.sleep(0.005)
            seen.append(len(watcher.view.records))
        written.append(kept.folder.metrics.read_bytes())
        watcher.pressed("q")

    seen: list[int] = []
    written: list[bytes] = []
    watcher.show(View())
    thread = threading.Thread(target=act)
    with watcher:
        thread.start()
        watcher.watch()
    thread.join()
    assert seen == [1, 4]
    assert "finished" in lines(watcher)[2]
    words = "all epochs done; the weights of epoch 4 are kept"
    assert lines(watcher)[-1].startswith(f"one   {words}   q leave")
    assert [path.name for path in kept.folder.path.iterdir()] == ["metrics.jsonl"]
    assert [kept.folder.metrics.read_bytes()] == written


def test_several_runs_are_seen_together_and_one_by_one(
    kept: Kept, other: Kept, make_text_console: MakeConsole
) -> None:
    control = Control()
    runs = [followed(kept, control), followed(other, control)]
    kept.more(5)
    other.more(13)
    for run in runs:
        run.look()
    watcher = Watcher(make_text_console(100, 30), control, runs, keys=io.StringIO())
    together = lines(watcher)
    assert [line.split()[:2] for line in together[2:4]] == [["1", "one"], ["2", "other"]]
    assert together[-1] == "q leave   tab one run   l log   s smooth"
    watcher.pressed("tab")
    assert lines(watcher)[-1].startswith("one   q leave   tab next")
    watcher.pressed("tab")
    assert lines(watcher)[-1].startswith("other   all epochs done")
    watcher.pressed("tab")
    assert lines(watcher) == together
    watcher.pressed("l")
    assert any("loss, log" in line for line in lines(watcher))
    closing = [
        "".join(part.text for part in line).rstrip() for line in watcher.closing_view().lines
    ]
    assert [line for line in closing if line in ("one", "other")] == ["one", "other"]


def test_the_keys_of_the_run_itself_do_nothing_here(
    kept: Kept, make_text_console: MakeConsole
) -> None:
    control = Control()
    run = followed(kept, control)
    kept.more(3)
    run.look()
    watcher = Watcher(make_text_console(100, 30), control, [run], keys=io.StringIO())
    before = lines(watcher)
    for key in ("p", "?", "tab"):
        watcher.pressed(key)
    assert not control.paused.is_set()
    assert lines(watcher) == before


def test_without_a_screen_the_lines_of_each_run_bear_its_name(
    kept: Kept, other: Kept, make_text_console: MakeConsole
) -> None:
    console, control = make_text_console(200), Control()
    kept.more(13)
    other.more(3)
    other.silent_for(3600)
    watch_in_lines(console, control, [followed(kept, control), followed(other, control)])
    told = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert sum(line.startswith("one: epoch") for line in told) == 4
    assert sum(line.startswith("other: epoch") for line in told) == 1
    assert told[-1] == "other: no news for 60 min; its process seems to have ended"


def test_a_single_run_in_lines_looks_as_it_did_while_it_was_trained(
    kept: Kept, make_text_console: MakeConsole
) -> None:
    console, control = make_text_console(200), Control()
    kept.more(13)
    watch_in_lines(console, control, [followed(kept, control)])
    told = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert told[0].startswith("train:  784-16-16-10")
    assert told[-1] == "all epochs done; the weights of epoch 4 are kept"


def test_a_log_that_is_none_is_told_of(kept: Kept) -> None:
    kept.folder.metrics.write_text("no log\n")
    with pytest.raises(DataError, match="is no log of a run"):
        followed(kept, Control()).look()
