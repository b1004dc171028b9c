"""The log of a run tells whoever reads it what callbacks were told."""

from __future__ import annotations

import io
import json
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import gpunet
from gpunet.artifacts.metrics_log import MetricsLog
from gpunet.artifacts.metrics_reader import Event, MetricsReader, RunEnd, read_events
from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.interface import DeviceInfo
from gpunet.errors import DataError, OutputError
from gpunet.terminal.draw.style import theme
from gpunet.terminal.views.dashboard import dashboard_frame
from gpunet.terminal.views.view import View
from gpunet.training.events import (
    Callback,
    Control,
    EpochEnd,
    EpochRecord,
    Progress,
    RunInfo,
    StopReason,
)

SIZES = ((140, 40), (80, 24), (40, 10))


def raises(error: OutputError) -> None:
    raise error


def folded(view: View, event: Event) -> View:
    return (View() if isinstance(event, RunInfo) else view).heard(event, 0.0)


def frames(view: View) -> list[str]:
    """What a view looks like on terminals of several sizes."""
    shown = []
    for width, height in SIZES:
        console = Console(
            file=io.StringIO(),
            width=width,
            height=height,
            force_terminal=True,
            color_system="truecolor",
            legacy_windows=False,
            theme=theme("dark"),
            _environ={},
        )
        console.print(dashboard_frame(console, view, Control(), (width, height), 0.0, True))
        shown.append(console.file.getvalue())  # type: ignore[attr-defined]
    return shown


class Compared(Callback):
    """Keeps what is seen live, and what somebody sees who reads the log at the same time."""

    def __init__(self, path: Path) -> None:
        self.live = self.read = View()
        self.pairs: list[tuple[list[str], list[str]]] = []
        self._reader = MetricsReader(path)

    def _tell(self, view: View) -> None:
        self.live = view
        for _, event in self._reader.new_events():
            self.read = folded(self.read, event)
        self.pairs.append((frames(self.live), frames(self.read)))

    def on_train_begin(self, run: RunInfo) -> None:
        self._tell(self.live.began(run))

    def on_progress(self, progress: Progress) -> None:
        self._tell(self.live.progressed(progress, 0.0))

    def on_epoch_end(self, record: EpochEnd) -> None:
        self._tell(self.live.epoch_ended(record))

    def on_train_end(self, reason: StopReason, best_epoch: int) -> None:
        self._tell(self.live.ended(reason, best_epoch))


def measured(image: bool = False) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(3)
    shape = (300, 6, 8) if image else (300, 5)
    features = draws.normal(size=shape).astype(np.float32)
    return features, 40 + 3 * features.reshape(300, -1)[:, :2] @ np.array([[1.0], [-2.0]])


@pytest.mark.filterwarnings("ignore:training diverged")
@pytest.mark.parametrize(
    ("data", "settings"),
    [
        ("strokes:400+100", {"hidden": (12,)}),
        ("strokes:400+100", {"hidden": (8, 8), "ensemble": 2, "validation": 0}),
        (measured(), {"loss": "huber", "patience": 0}),
        (measured(image=True), {"optimizer": "sgd", "max_time": 60.0}),
        ("strokes:400+100", {"learning_rate": 1e30, "optimizer": "sgd"}),
    ],
    ids=["classes", "ensemble", "measured", "measured images", "diverged"],
)
def test_whoever_reads_the_log_sees_what_is_seen_live(
    data: Any, settings: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "metrics.jsonl"
    log, compared = MetricsLog(path, raises, count().__next__), Compared(path)
    settings = {"validation": 60, "epochs": 3, **settings}
    gpunet.train(data, device="cpu", verbose=False, callbacks=[log, compared], **settings)
    for live, read in compared.pairs:
        assert read == live
    assert len(compared.pairs) > 4
    assert compared.read.reason == compared.live.reason is not None


def test_a_resumed_run_goes_on_in_the_same_log(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"

    def train(act: Callable[..., Any], *given: Any, **more: Any) -> View:
        compared = Compared(path)
        act(*given, device="cpu", verbose=False, callbacks=[compared], **more)
        # Who reads knows the steps before the run was resumed, too.
        assert len(compared.read.course.stretches) >= len(compared.live.course.stretches)
        assert frames(replace(compared.read, course=compared.live.course)) == frames(compared.live)
        return compared.read

    train(gpunet.train, "strokes:400+100", epochs=2, validation=60, run_dir=tmp_path)
    with path.open("ab") as file:
        file.write(b'{"event": "epoch", "ti')  # as a killed writer leaves it
    seen = train(gpunet.resume, tmp_path, epochs=4)
    assert [one.epoch for one in seen.records] == [1, 2, 3, 4]
    clocks, events = zip(*read_events(path), strict=True)
    assert list(clocks) == sorted(clocks)
    assert sum(isinstance(one, RunInfo) for one in events) == 2
    assert sum(isinstance(one, EpochEnd) for one in events) == 4


def run_info(
    outputs: int = 3, inputs: int = 4, image: tuple[int, int] | None = None, gallery: int = 6
) -> RunInfo:
    draws = np.random.default_rng(3)
    features = draws.integers(0, 255, (gallery, inputs)).astype(np.uint8)
    samples = Samples(features, (np.arange(gallery) % outputs).astype(np.int32))
    dataset = Dataset("d", samples, samples, tuple(map(str, range(outputs))), image, "drawn")
    config = TrainConfig(epochs=4, hidden=(5,))
    network = config.network(inputs, outputs)
    device = DeviceInfo("a card", "discrete GPU", "Vulkan", "1.0")
    return RunInfo(device, network, config, dataset, samples, 100, 20, 7, 30)


def report(step: int, elapsed: float = 1.0, **changes: Any) -> Progress:
    known = Progress(1, step, 9000, 0.4, 0.9, 18_500.0, "training", elapsed, None)
    return replace(known, **changes)


def ended(epoch: int, answers: int = 6, outputs: int = 3) -> EpochEnd:
    record = EpochRecord(epoch, math.nan, 0.5, 0.4, 0.6, 0.002, 2.9, 18_500.0)
    gallery = np.random.default_rng(epoch).random((answers, outputs), np.float32)
    return EpochEnd.of(record, epoch, 4, gallery)


def log_of(path: Path, run: RunInfo, clock: Callable[[], float]) -> MetricsLog:
    log = MetricsLog(path, raises, clock)
    log.on_train_begin(run)
    return log


def test_reports_of_a_long_run_become_rare_but_none_of_its_epochs_is_lost(tmp_path: Path) -> None:
    now = [0.0]
    log = log_of(tmp_path / "log", run_info(), lambda: now[0])
    seconds = 4 * 3600
    for step in range(8 * seconds):
        now[0] = step / 8
        log.on_progress(report(step % 9000))
        if step % 800 == 799:
            log.on_epoch_end(ended(step // 800 + 1))
    log.on_train_end("epochs", 1)
    events = [event for _, event in read_events(tmp_path / "log")]
    assert sum(isinstance(one, EpochEnd) for one in events) == seconds // 100
    reports = [one for one in events if isinstance(one, Progress)]
    assert 1500 < len(reports) < 2500
    assert reports[-1].step == (8 * seconds - 1) % 9000


def test_a_written_report_has_the_means_of_those_that_were_left_out(tmp_path: Path) -> None:
    now, losses = [0.0], np.random.default_rng(4).random(4000)
    log, view = log_of(tmp_path / "log", run_info(), lambda: now[0]), View()
    for epoch in (1, 2):
        for step in range(0, 2000, 2):
            now[0] += 0.1
            steps = losses[2000 * (epoch - 1) + step :][:2]
            loss = float(steps.mean())
            said = report(
                step + 2, epoch=epoch, steps=2000, recent_loss=loss, recent_score=1 - loss
            )
            log.on_progress(said)
        log.on_progress(replace(said, phase="validating", recent_loss=None, recent_score=None))
        log.on_epoch_end(ended(epoch))
    for _, event in read_events(tmp_path / "log"):
        view = view.heard(event, 0.0)
    begin, end, loss_means, scores, _ = view.course.stretches.T
    assert len(begin) < 1200
    assert begin[1:].tolist() == end[:-1].tolist()
    assert (begin[0], end[-1]) == (0, 2)
    for one in range(len(begin)):
        own = losses[round(2000 * begin[one]) : round(2000 * end[one])]
        assert loss_means[one] == pytest.approx(own.mean(), abs=1e-8)
        assert scores[one] == pytest.approx(1 - own.mean(), abs=1e-8)


def test_answers_to_the_gallery_are_kept_once_a_second_and_at_the_end(tmp_path: Path) -> None:
    now = [0.0]
    log = log_of(tmp_path / "log", run_info(), lambda: now[0])
    for epoch in range(1, 1001):
        now[0] = epoch / 100
        log.on_epoch_end(ended(epoch))
    log.on_train_end("epochs", 3)
    *epochs, (_, end) = list(read_events(tmp_path / "log"))[1:]
    assert len(epochs) == 1000
    assert (tmp_path / "log").read_text().count('"gallery":{"dtype"') == 11
    assert isinstance(end, RunEnd)
    np.testing.assert_array_equal(end.gallery, ended(1000).gallery)
    np.testing.assert_array_equal(View().heard(end, 0.0).gallery, ended(1000).gallery)


def test_a_pause_is_told_at_once_and_so_is_its_end(tmp_path: Path) -> None:
    now = [0.0]
    log = log_of(tmp_path / "log", run_info(), lambda: now[0])
    for step, phase in enumerate(["training", "training", "paused", "paused", "training"] * 2):
        now[0] = 1000 + step / 100
        log.on_progress(report(step, phase=phase))
    phases = [one.phase for _, one in read_events(tmp_path / "log") if isinstance(one, Progress)]
    assert phases == ["training", "paused", "training", "paused", "training"]


def test_what_is_no_number_is_null_and_what_there_is_not_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = log_of(path, run_info(), count().__next__)
    log.on_epoch_end(ended(1))
    line = json.loads(path.read_text("ascii").splitlines()[-1])
    assert line["train_loss"] is None
    assert "val_r2" not in line
    assert line["event"] == "epoch"
    assert line["time"].endswith("+00:00")
    _, event = list(read_events(path))[-1]
    assert isinstance(event, EpochEnd)
    assert math.isnan(event.train_loss)
    assert event.val_r2 is None
    np.testing.assert_array_equal(event.gallery, ended(1).gallery)


@pytest.mark.parametrize(
    ("run", "kept", "pictures"),
    [
        (run_info(inputs=400 * 500, image=(400, 500)), 0, True),
        (run_info(inputs=200 * 250, image=(200, 250)), 3, True),
        (run_info(inputs=200 * 250), 6, False),
        (run_info(outputs=1000), 4, True),
        (run_info(outputs=6000), 0, True),
    ],
    ids=["a huge image", "large images", "wide rows", "many classes", "too many classes"],
)
def test_a_log_stays_small_whatever_the_samples(
    run: RunInfo, kept: int, pictures: bool, tmp_path: Path
) -> None:
    path = tmp_path / "log"
    log = log_of(path, run, count().__next__)
    log.on_epoch_end(ended(1, outputs=run.network.outputs))
    assert path.stat().st_size < 250_000
    (_, begun), (_, epoch) = read_events(path)
    assert isinstance(begun, RunInfo)
    assert isinstance(epoch, EpochEnd)
    assert begun.network == run.network
    assert len(begun.gallery) == len(epoch.gallery) == kept
    assert bool((begun.gallery.features == run.gallery.features[:kept]).all()) == pictures


def test_a_log_that_cannot_be_written_warns_once_and_the_run_goes_on(tmp_path: Path) -> None:
    told: list[OutputError] = []
    log = MetricsLog(tmp_path / "missing" / "metrics.jsonl", told.append)
    run = gpunet.train(
        "strokes:300+100", epochs=2, device="cpu", verbose=False, validation=60, callbacks=[log]
    )
    assert len(run.history) == 2
    assert [str(one) for one in told] == [
        f"{tmp_path}/missing/metrics.jsonl cannot be written: no such file or directory; "
        "the training goes on without it"
    ]


@pytest.fixture
def lines(tmp_path: Path) -> list[dict[str, Any]]:
    """The lines of a sound log."""
    path = tmp_path / "sound"
    log = log_of(path, run_info(), count().__next__)
    log.on_progress(report(3))
    log.on_epoch_end(ended(1))
    log.on_train_end("epochs", 1)
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


HOSTILE: dict[str, tuple[int, Any, str]] = {
    "no JSON": (1, None, "in line 2, it is no JSON"),
    "another type": (1, {"step": "many"}, "in line 2, step is 'many', wanted int"),
    "too many steps": (1, {"step": 9001}, "in line 2, step is 9001, of 9000"),
    "a step below zero": (1, {"step": -1}, "in line 2, step is -1, wanted int >= 0"),
    "a clock of nothing": (1, {"clock": -5}, "in line 2, clock is -5, wanted float >= 0.0"),
    "no text": (2, {"gallery": {"dtype": "float32", "shape": [6, 3], "base64": "?"}}, "no base64"),
    "an endless array": (
        2,
        {"gallery": {"dtype": "float32", "shape": [10**9, 10**6], "base64": "AAAA"}},
        "an array of shape (1000000000, 1000000) has 3 bytes",
    ),
    "another gallery": (
        2,
        {"gallery": {"dtype": "float32", "shape": [1, 1], "base64": "AAAAAA=="}},
        "in line 3, the gallery is (1, 1), wanted (6, 3)",
    ),
    "a reason that is none": (
        3,
        {"reason": "boredom"},
        "in line 4, invalid enum value 'boredom' in reason",
    ),
    "a later format": (0, {"format": 99}, "in line 1, the format is 99"),
    "a setting that is none": (0, {"config": {"colour": 3}}, "'colour' is no setting"),
    "huge layers": (0, {"config": {"hidden": [1 << 40]}}, "in line 1, "),
    "a class that is none": (
        0,
        {"gallery": {"labels": {"dtype": "int32", "shape": [1], "base64": "CQAAAA=="}}},
        "is 9, wanted 0 to 2",
    ),
    "another image": (0, {"dataset": {"image_shape": [3, 3]}}, "does not make 4 features"),
    "other names": (0, {"dataset": {"classes": ["one"]}}, "1 names for 3 outputs"),
}


@pytest.mark.parametrize(("line", "change", "says"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_damaged_log_is_told_in_one_sentence(
    line: int, change: Any, says: str, lines: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "metrics.jsonl"
    for name, value in (change or {}).items():
        both = isinstance(value, dict) and name == "dataset"
        lines[line][name] = {**lines[line][name], **value} if both else value
    texts = [json.dumps(one) for one in lines]
    texts[line] = texts[line] if change else "{nonsense"
    path.write_text("".join(f"{one}\n" for one in texts), "ascii")
    with pytest.raises(DataError) as caught:
        list(read_events(path))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_event_before_the_beginning_is_refused(
    lines: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(f"{json.dumps(lines[1])}\n", "ascii")
    with pytest.raises(DataError, match="in line 1, it stands before the run's beginning"):
        list(read_events(path))


def test_events_that_a_later_version_adds_are_passed_over(
    lines: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "metrics.jsonl"
    lines.insert(1, {"event": "outlook", "clock": 1.0, "weights": []})
    path.write_text("".join(f"{json.dumps(one)}\n" for one in lines), "ascii")
    assert len(list(read_events(path))) == 4


@pytest.mark.parametrize("path", ["missing", "."])
def test_what_is_no_file_is_no_log(path: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"`gpunet runs` lists"):
        list(read_events(tmp_path / path))


def test_a_line_that_is_not_yet_whole_is_read_once_it_is(
    lines: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "metrics.jsonl"
    text = "".join(f"{json.dumps(one)}\n" for one in lines)
    reader, read = MetricsReader(path), 0
    path.touch()
    with path.open("a", encoding="ascii") as file:
        for begin in range(0, len(text), 100):
            file.write(text[begin : begin + 100])
            file.flush()
            read += len(list(reader.new_events()))
    assert read == len(lines)


def resumed(epochs: int) -> RunInfo:
    history = tuple(ended(epoch).record for epoch in range(1, epochs + 1))
    return replace(run_info(), history=history, best_epoch=2)


def log_of_epochs(path: Path, epochs: int) -> None:
    log = log_of(path, run_info(), count().__next__)
    for epoch in range(1, epochs + 1):
        log.on_epoch_end(ended(epoch))


@pytest.mark.parametrize("told", [0, 3, 5, 7])
def test_epochs_before_a_resumption_are_told_once_however_many_the_log_has(
    told: int, tmp_path: Path
) -> None:
    path = tmp_path / "metrics.jsonl"
    if told:
        log_of_epochs(path, told)
    log_of(path, resumed(5), count().__next__).on_epoch_end(ended(6))
    lines = [json.loads(line) for line in path.read_text("ascii").splitlines()]
    begin = next(one for one in reversed(lines) if one["event"] == "begin")
    assert (begin["epochs_done"], begin["best_epoch"], "history" in begin) == (5, 2, False)
    assert sum(one["event"] == "epoch" for one in lines) == max(5, told) + 1
    reader = MetricsReader(path)
    *_, (_, again), (_, last) = reader.new_events()
    assert isinstance(again, RunInfo)
    assert repr(again.history) == repr(resumed(5).history)
    assert isinstance(last, EpochEnd)
    assert last.epoch == 6
    assert [one.epoch for one in reader.records] == [1, 2, 3, 4, 5, 6]


def test_a_run_that_goes_on_after_epochs_that_are_not_there_is_refused(
    lines: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "metrics.jsonl"
    lines[0]["epochs_done"] = 2
    path.write_text("".join(f"{json.dumps(one)}\n" for one in lines), "ascii")
    with pytest.raises(DataError, match="in line 1, 2 epochs were done, of which 0 are told"):
        list(read_events(path))


@pytest.mark.parametrize("epochs", [1, 9])
def test_a_log_that_another_run_replaces_is_read_from_its_start(
    epochs: int, tmp_path: Path
) -> None:
    path = tmp_path / "metrics.jsonl"
    log_of_epochs(path, 5)
    reader = MetricsReader(path)
    assert len(list(reader.new_events())) == 6
    other = tmp_path / "other"
    log_of_epochs(other, epochs)
    other.replace(path)
    (_, run), *rest = reader.new_events()
    assert isinstance(run, RunInfo)
    assert len(rest) == len(reader.records) == epochs


def test_without_details_a_log_tells_of_its_epochs_alone(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    log = log_of(path, run_info(), count().__next__)
    log.on_progress(report(3))
    log.on_epoch_end(ended(1))
    log.on_train_end("epochs", 1)
    _, (_, epoch), (_, end) = MetricsReader(path, details=False).new_events()
    assert isinstance(epoch, EpochEnd)
    assert repr(epoch.record) == repr(ended(1).record)
    assert isinstance(end, RunEnd)


def test_names_that_are_too_long_for_a_line_are_left_out(tmp_path: Path) -> None:
    path, run = tmp_path / "metrics.jsonl", run_info(outputs=3)
    named = replace(run.dataset, name="d" * 5000, classes=("a", "b", "c" * 200_000))
    log = log_of(path, replace(run, dataset=named), count().__next__)
    log.on_epoch_end(ended(1))
    (_, begun), _ = read_events(path)
    assert isinstance(begun, RunInfo)
    assert (begun.dataset.name, begun.dataset.classes) == ("d" * 1000, ())
    assert path.stat().st_size < 5000


def test_a_log_that_somebody_removes_is_not_begun_in_the_middle(tmp_path: Path) -> None:
    path, told = tmp_path / "metrics.jsonl", list[OutputError]()
    log = MetricsLog(path, told.append, count().__next__)
    log.on_train_begin(run_info())
    path.unlink()
    log.on_epoch_end(ended(1))
    log.on_train_end("epochs", 1)
    assert not path.exists()
    assert len(told) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no files")
def test_a_log_on_a_disk_that_is_full_ends_with_its_last_whole_line(tmp_path: Path) -> None:
    import resource

    path, told = tmp_path / "metrics.jsonl", list[OutputError]()
    log = MetricsLog(path, told.append, count().__next__)
    log.on_train_begin(run_info())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, before[1]))
    try:
        log.on_epoch_end(ended(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    log.on_epoch_end(ended(2))
    assert [type(event) for _, event in read_events(path)] == [RunInfo]
    assert "no space left on device; the training goes on without it" in str(told[0])
    resume = log_of(path, resumed(2), count().__next__)
    resume.on_epoch_end(ended(3))
    *_, (_, again), _ = read_events(path)
    assert isinstance(again, RunInfo)
    assert [one.epoch for one in again.history] == [1, 2]
