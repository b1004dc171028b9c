from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from gpunet.artifacts.metrics_log import MetricsLog
from gpunet.artifacts.metrics_reader import Event, RunEnd
from gpunet.errors import DataError
from gpunet.terminal.live.plain import PlainPrinter
from gpunet.terminal.record.files import FORMATS
from gpunet.terminal.record.replay import Told, moments, read_run, recorded, retell
from gpunet.terminal.views.view import View
from gpunet.training.events import Progress, RunInfo

Events = tuple[tuple[float, Event], ...]


@pytest.fixture
def told(events: Events) -> Told:
    run = events[0][1]
    assert isinstance(run, RunInfo)
    return Told(events, run)


def text_of(recording, index: int) -> str:  # type: ignore[no-untyped-def]
    block = recording.blocks("dark")[index]
    return "\n".join("".join(segment.text for segment in line) for line in block.lines)


def test_moments_are_as_far_apart_and_know_what_was_told_until_then(told: Told) -> None:
    seen = moments(told, 9)
    assert [one.at for one in seen] == [1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0, 17.0]
    assert [len(one.view.records) for one in seen] == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert [one.view.reason for one in seen] == [None] * 8 + ["epochs"]
    assert [one.view.progress and one.view.progress.step for one in seen[:3]] == [1, 430, 1]


def test_the_last_moment_knows_all_however_few_there_are(told: Told) -> None:
    assert moments(told, 1)[0].view.reason == "epochs"
    assert moments(told, 2)[1].view.reason == "epochs"


def test_a_run_that_goes_on_again_has_not_ended(told: Told) -> None:
    again = replace(told.run, history=(), best_epoch=0)
    view = View().heard(RunEnd("epochs", 4), 17.0).heard(again, 18.0)
    assert view.reason is None


def test_pauses_do_not_count(
    told: Told, make_progress: Callable[..., Progress], tmp_path: Path
) -> None:
    times = iter([0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 900.0, 900.0, 901.0, 901.0])
    log = MetricsLog(tmp_path / "metrics.jsonl", lambda error: None, clock=times.__next__)
    log.on_train_begin(told.run)
    paused = replace(make_progress(1, 2), phase="paused")
    for report in (make_progress(1, 1), paused, make_progress(1, 3)):
        log.on_progress(report)
    log.on_train_end("stopped by user", 0)
    read = read_run(tmp_path / "metrics.jsonl")
    assert read.seconds == pytest.approx(2.0)
    assert [type(event) for _, event in read.events] == [RunInfo, *[Progress] * 3, RunEnd]


def test_a_recording_lasts_as_long_as_is_wanted_and_shows_the_end_a_little_longer(
    told: Told,
) -> None:
    recording = recorded(told, (100, 30), 4.0)
    times = [at for at, _ in recording.frames]
    assert (times[0], times[-1], recording.seconds) == (0.0, 4.0, 6.0)
    assert len(times) == 32
    assert "epoch  1/30" in text_of(recording, 0)
    assert "all epochs done" in text_of(recording, -1)
    assert recording.title == "gpunet trains 784-16-16-10 on digits"


def test_a_long_recording_has_no_more_frames_than_fit_into_a_file(told: Told) -> None:
    assert len(recorded(told, (40, 10), 600.0).frames) == 400
    assert len(recorded(told, (250, 80), 600.0).frames) == 75


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_log_gives_the_same_bytes(told: Told, kind: str) -> None:
    first, second = (FORMATS[kind](recorded(told, (80, 24), 1.0), "auto") for _ in range(2))
    assert first == second


def test_a_log_that_tells_of_nothing_yet_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").touch()
    with pytest.raises(DataError, match="tells of nothing yet; wait"):
        read_run(tmp_path / "metrics.jsonl")


def test_a_callback_is_told_as_by_the_training_itself(
    events: Events, make_text_console: Callable[..., Console]
) -> None:
    console = make_text_console(200)
    printer = PlainPrinter(console, "demo: ")
    for _, event in events:
        retell(event, printer)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 2 + 1 + 4 + 1
    assert {line[:6] for line in lines} == {"demo: "}
    assert lines[-1] == "demo: all epochs done; the weights of epoch 4 are kept"
