"""Runs that are kept in folders: ``--run-dir``, ``--name``, ``--resume`` and ``gpunet runs``."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gpunet.artifacts import model_file, run_folder
from gpunet.artifacts.checkpoint import load_state
from gpunet.artifacts.run_folder import RunFolder
from gpunet.errors import OutputError
from gpunet.model import Model
from gpunet.training import loop
from gpunet.training.state import RunState

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

FAST = ("--device", "cpu", "--hidden", "4", "--batch-size", "8", "--lr", "0.02", "--dropout", "0.1")
MODEL = ("--output", "model.safetensors")


@pytest.fixture
def kept(gpunet: RunCommand, halves: Path) -> Path:
    """A run of three epochs at a constant rate."""
    arguments = ("--data", halves, *FAST, "--schedule", "constant", "--epochs", 3, "--patience", 0)
    assert gpunet("train", *arguments, "--run-dir", "kept", "-q").code == 0
    return Path("kept")


def test_a_run_leaves_its_files_in_its_folder(
    gpunet: RunCommand, halves: Path, tmp_path: Path
) -> None:
    ran = gpunet("train", "--data", halves, *FAST, "--epochs", 3, "--run-dir", "deep/er", *MODEL)
    assert (ran.code, ran.err) == (0, "")
    assert "run:    deep/er\n" in ran.out
    folder = Path("deep/er")
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        *("best.safetensors", "curves.svg", "environment.json", "last.safetensors", "log"),
        *("metrics.jsonl", "report.json", "settings.toml"),
    ]
    assert (folder / "curves.svg").read_bytes().startswith(b"<svg")
    report = json.loads((folder / "report.json").read_text("utf-8"))
    best, saved = (
        model_file.load(p) for p in (folder / "best.safetensors", Path("model.safetensors"))
    )
    assert saved.parameters.tobytes() == best.parameters.tobytes()
    assert report["test"]["accuracy"] == best.test.accuracy
    assert report["best_epoch"] == best.best_epoch
    log = (folder / "log").read_text("utf-8").splitlines()
    assert sum("  epoch " in line for line in log) == 3
    assert all(datetime.fromisoformat(line[:25]).tzinfo for line in log)
    assert "all epochs done" in log[-1]


def test_a_named_run_lies_in_runs(gpunet: RunCommand, halves: Path) -> None:
    assert gpunet("train", "--data", halves, *FAST, "--epochs", 1, "--name", "one", "-q").code == 0
    assert Path("runs/one/last.safetensors").exists()


def test_a_run_without_a_name_is_numbered_and_named_by_its_data_and_layers(
    gpunet: RunCommand, halves: Path
) -> None:
    for _ in range(2):
        ran = gpunet("train", "--data", halves, *FAST, "--epochs", 1, "-q")
        assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("saved as runs/2-halves-4/best.safetensors\n")
    assert {path.name for path in Path("runs").iterdir()} == {"1-halves-4", "2-halves-4"}
    assert {path.name for path in Path().iterdir()} - {"cache"} == {"runs"}


def test_a_run_that_is_not_kept_leaves_its_model_alone(gpunet: RunCommand, halves: Path) -> None:
    for _ in range(2):
        ran = gpunet("train", "--data", halves, *FAST, "--epochs", 1, "--no-keep", "-q")
        assert ran.code == 0
    assert "saved as model-2.safetensors, as model.safetensors was there before" in ran.out
    names = {path.name for path in Path().iterdir()}
    assert names - {"cache"} == {"model.safetensors", "model-2.safetensors"}


def test_a_resumed_run_gives_the_weights_of_a_straight_one(
    gpunet: RunCommand, halves: Path, kept: Path
) -> None:
    straight = ("--data", halves, *FAST, "--schedule", "constant", "--epochs", 5, "--patience", 0)
    assert gpunet("train", *straight, "--run-dir", "straight", "-q").code == 0
    ran = gpunet("train", "--resume", kept, "--epochs", 5, "--device", "cpu", "--plain")
    assert (ran.code, ran.err) == (0, "")
    assert "resumed after epoch 3" in ran.out
    for name in ("last.safetensors", "best.safetensors"):
        one, other = (model_file.load(folder / name) for folder in (kept, Path("straight")))
        assert other.parameters.tobytes() == one.parameters.tobytes()
    assert len(json.loads((kept / "report.json").read_text("utf-8"))["history"]) == 5
    assert len(load_state(kept / "last.safetensors")[1].history) == 5
    lines = (kept / "log").read_text("utf-8").splitlines()
    assert sum("  epoch " in line for line in lines) == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--epochs", 2), "--epochs is 2 but the run in kept was begun with 3; give a larger"),
        (("--lr", 0.5), "--learning-rate is 0.5 but the run in kept was begun with 0.02; leave it"),
        (("--hidden", "8,8"), "--hidden is 8,8 but the run in kept was begun with 4"),
        (("--init", "he"), "--initialization is he but the run in kept was begun with auto"),
        (("--no-standardize",), "--standardize is False but"),
        (("--name", "new"), "--resume and --name cannot go together"),
        ((), "the run has done 3 epochs and --epochs is 3; raise --epochs"),
    ],
)
def test_what_a_resumed_run_cannot_change_is_told(
    gpunet: RunCommand, kept: Path, options: tuple[object, ...], message: str
) -> None:
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    ran = gpunet("train", "--resume", kept, "--device", "cpu", "-q", *options)
    assert ran.code == 2
    assert message in ran.failure
    assert before == {path.name: path.read_bytes() for path in kept.iterdir()}


def test_settings_that_are_given_as_they_were_do_no_harm(gpunet: RunCommand, kept: Path) -> None:
    same = ("--lr", 0.02, "--beta2", 0.999, "--hidden", "4", "--epochs", 4, "--max-time", "1h")
    assert gpunet("train", "--resume", kept, *same, "--device", "cpu", "-q").code == 0


def test_other_data_are_refused(gpunet: RunCommand, kept: Path) -> None:
    draws = np.random.default_rng(0)
    images, labels = draws.integers(0, 255, (60, 8, 8), np.uint8), np.arange(60) % 2
    np.savez("other.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    ran = gpunet(
        *("train", "--resume", kept, "--epochs", 5, "--data", "other.npz"),
        *("--device", "cpu", "-q"),
    )
    assert ran.code == 1
    assert "does not hold the data that the run in kept was begun with" in ran.failure


def test_changed_data_of_the_same_name_are_refused(gpunet: RunCommand, halves: Path) -> None:
    arrays = dict(np.load(halves))
    np.savez("points.npz", **arrays)
    assert (
        gpunet(
            "train", "--data", "points.npz", *FAST, *("--epochs", 3), "--run-dir", "own", "-q"
        ).code
        == 0
    )
    arrays["y_train"][0] = 1 - arrays["y_train"][0]
    np.savez("points.npz", **arrays)
    ran = gpunet("train", "--resume", "own", "--epochs", 5, "--device", "cpu", "-q")
    assert ran.code == 1
    assert "points does not hold the data that the run in own was begun with" in ran.failure


def test_a_resumed_run_ends_when_the_time_that_it_is_given_is_over(
    gpunet: RunCommand, kept: Path
) -> None:
    more = ("--epochs", 1_000_000, "--max-time", "0.3s", "--device", "cpu", "-q")
    assert gpunet("train", "--resume", kept, *more).code == 0
    report = json.loads((kept / "report.json").read_text("utf-8"))
    assert report["stop_reason"] == "time limit reached"
    assert report["config"]["max_time"] == 0.3


def test_a_resumed_run_is_kept_as_often_as_it_is_told(
    gpunet: RunCommand, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs = []
    keep = RunFolder.write_checkpoint

    def noted(self: RunFolder, model: Model, state: RunState) -> None:
        epochs.append(len(state.history))
        keep(self, model, state)

    monkeypatch.setattr(RunFolder, "write_checkpoint", noted)
    more = ("--epochs", 9, "--checkpoint-every", 3, "--device", "cpu", "-q")
    assert gpunet("train", "--resume", kept, *more).code == 0
    assert epochs == [6, 9]


def test_a_run_whose_data_are_gone_asks_for_them(gpunet: RunCommand, halves: Path) -> None:
    Path("points.npz").write_bytes(halves.read_bytes())
    assert (
        gpunet(
            "train", "--data", "points.npz", *FAST, *("--epochs", 3), "--run-dir", "own", "-q"
        ).code
        == 0
    )
    Path("points.npz").rename("moved.npz")
    resume = ("train", "--resume", "own", "--epochs", 4, "--device", "cpu", "-q")
    ran = gpunet(*resume)
    assert ran.code == 1
    assert f"are not at {Path('points.npz').absolute()}; give them as --data" in ran.failure
    assert gpunet(*resume, "--data", "moved.npz").code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--run-dir", "a", "--name", "b"), "give one of them"),
        (("--name", "a/b"), "can name no run"),
        (("--name", ".."), "can name no run"),
        (("--name", "newest"), "can name no run"),
        (("--name", "-e"), "can name no run"),
        (("--name", "a\x1b[2J"), "can name no run"),
        (("--run-dir", "kept"), "kept holds a run already"),
        (("--run-dir", "kept/log"), "log is no folder"),
        (("--resume", "nowhere"), "there is no run nowhere"),
        (("--checkpoint-every", 0), "--checkpoint-every"),
    ],
)
def test_a_place_for_a_run_that_cannot_be_is_refused_before_the_data_are_read(
    gpunet: RunCommand, kept: Path, options: tuple[object, ...], message: str
) -> None:
    ran = gpunet("train", "--data", "no such data", *options)
    assert ran.out == ""
    assert message in ran.failure


def test_a_damaged_run_is_not_resumed(gpunet: RunCommand, kept: Path) -> None:
    last = kept / "last.safetensors"
    last.write_bytes(last.read_bytes()[:-100])
    ran = gpunet("train", "--resume", kept, "--epochs", 5)
    assert ran.code == 1
    assert "last.safetensors is no sound model file" in ran.failure


def test_a_checkpoint_that_cannot_be_written_does_not_stop_the_training(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*arguments: object) -> None:
        raise OutputError("the disk is full")

    monkeypatch.setattr(run_folder, "save_state", full_disk)
    ran = gpunet("train", "--data", halves, *FAST, "--epochs", 3, "--name", "one", "-q", *MODEL)
    assert ran.code == 1
    assert ran.err == "note: the disk is full\n"
    assert ran.out.endswith("saved as model.safetensors\n")


def test_runs_are_compared_the_best_first(gpunet: RunCommand, halves: Path) -> None:
    for name, rate in (("slow", 1e-9), ("good", 0.02)):
        options = ("--hidden", "4", "--validation", 40, "--epochs", 4, "--lr", rate, "--name", name)
        assert gpunet("train", "--data", halves, "--device", "cpu", *options, "-q").code == 0
    content = json.loads(gpunet("runs", "--sort", "best", "--json").out)
    assert [one["name"] for one in content] == ["good", "slow"]
    report = json.loads(Path("runs/good/report.json").read_text("utf-8"))
    assert report["test"]["accuracy"] == content[0]["test_accuracy"]
    assert report["history"][report["best_epoch"] - 1]["val_loss"] == content[0]["val_loss"]
    assert tuple(content[0][name] for name in ("network", "epochs", "planned", "stop_reason")) == (
        "64-4-2",
        4,
        4,
        "epochs",
    )
    head, _, *rows = gpunet("runs", "--sort", "best").out.splitlines()
    assert head.startswith("run")
    assert [row.split()[0] for row in rows[:2]] == ["good", "slow"]
    os.utime("runs/slow/metrics.jsonl", (2**31, 2**31))
    assert [one["name"] for one in json.loads(gpunet("runs", "--json").out)] == ["slow", "good"]


def test_a_single_run_may_be_named(gpunet: RunCommand, kept: Path) -> None:
    assert [one["name"] for one in json.loads(gpunet("runs", kept, "--json").out)] == ["kept"]


@pytest.mark.parametrize("text", ["", "{}", '{"stop_reason": 1, "test": [], "history": 3}', "[[["])
def test_a_damaged_report_takes_nothing_but_its_figures_away(
    gpunet: RunCommand, kept: Path, text: str
) -> None:
    (kept / "report.json").write_text(text, "utf-8")
    (run,) = json.loads(gpunet("runs", kept, "--json").out)
    assert (run["epochs"], run["test_accuracy"], run["stop_reason"]) == (3, None, "epochs")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_in_the_place_of_a_report_holds_nobody_up(gpunet: RunCommand, kept: Path) -> None:
    (kept / "report.json").unlink()
    os.mkfifo(kept / "report.json")
    (run,) = json.loads(gpunet("runs", kept, "--json").out)
    assert (run["epochs"], run["test_accuracy"]) == (3, None)


def test_a_damaged_run_is_told_and_left_out(gpunet: RunCommand, kept: Path) -> None:
    (kept / "metrics.jsonl").write_bytes(b"nothing\n")
    ran = gpunet("runs", kept, "--json")
    assert (ran.code, ran.out) == (0, "[]\n")
    assert ran.err.startswith("note: kept/metrics.jsonl is no log of a run: in line 1, it is no")


def test_where_there_are_no_runs_it_says_how_to_start_one(gpunet: RunCommand) -> None:
    ran = gpunet("runs")
    assert (ran.code, ran.err) == (0, "")
    assert "no run is kept in runs; start one with `gpunet train`" in ran.out


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such names")
def test_a_name_of_odd_bytes_is_no_obstacle(gpunet: RunCommand, halves: Path) -> None:
    data = Path(os.fsdecode(b"\xff.npz"))
    data.symlink_to(halves)
    kept, model, plot = (os.fsdecode(b"\xfe" + end) for end in (b"", b".safetensors", b".png"))
    arguments = ("--data", data, *FAST, "--epochs", 1, "--output", model, "--plot", plot)
    assert gpunet("train", *arguments, "--run-dir", kept).code == 0
    assert "\\udcff" in Path(kept, "log").read_text("utf-8")
    for command in (["evaluate", model, "--device", "cpu"], ["show", model], ["runs", kept]):
        assert (gpunet(*command)[0], gpunet(*command)[2]) == (0, "")
    assert Path(plot).stat().st_size > 0


def test_a_name_with_a_nul_is_refused(gpunet: RunCommand, halves: Path) -> None:
    Path("run.toml").write_text('name = "a\\u0000b"\n')
    ran = gpunet("train", "--config", "run.toml", "--data", halves, *FAST)
    assert ran.code == 2
    assert "--name 'a\\x00b' can name no run" in ran.failure


def test_the_table_of_runs_tells_what_their_files_hold(gpunet: RunCommand, kept: Path) -> None:
    report = json.loads((kept / "report.json").read_text("utf-8"))
    report["test"]["accuracy"] = 0.125
    (kept / "report.json").write_text(json.dumps(report), "utf-8")
    (run,) = json.loads(gpunet("runs", kept, "--json").out)
    assert run["test_accuracy"] == 0.125
    assert "12.50 %" in gpunet("runs", kept).out


def test_a_run_is_kept_as_often_as_it_is_told_from_its_start(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs = []
    monkeypatch.setattr(
        RunFolder, "write_checkpoint", lambda *given: epochs.append(len(given[2].history))
    )
    options = ("--epochs", 7, "--patience", 0, "--checkpoint-every", 3, "--name", "one", "-q")
    assert gpunet("train", "--data", halves, *FAST, *options).code == 0
    assert epochs == [3, 6, 7]


def test_a_run_without_a_validation_accuracy_comes_last(
    gpunet: RunCommand, kept: Path, halves: Path
) -> None:
    arguments = ("--data", halves, *FAST, "--epochs", 1, "--validation", 0, "-q")
    assert gpunet("train", *arguments, "--run-dir", "all/bare").code == 0
    kept.rename("all/kept")
    content = json.loads(gpunet("runs", "all", "--sort", "best", "--json").out)
    assert [(one["name"], one["val_accuracy"] is None) for one in content] == [
        ("kept", False),
        ("bare", True),
    ]


def test_the_list_of_runs_tells_the_epochs_done_and_those_planned(
    gpunet: RunCommand, halves: Path
) -> None:
    options = ("--data", halves, *FAST, "--epochs", "5", "--target-accuracy", "0")
    assert gpunet("train", *options, "--name", "short", "--quiet").code == 0
    (line,) = [one for one in gpunet("runs").out.splitlines() if "short" in one]
    assert "1/5" in line.split()


def test_a_folder_without_runs_is_named(gpunet: RunCommand) -> None:
    Path("elsewhere").mkdir()
    assert "no run is kept in elsewhere; start one" in gpunet("runs", "elsewhere").out


def test_a_run_that_is_cut_off_within_its_first_epoch_is_listed_and_resumed(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = ("train", "--data", halves, "--device", "cpu", "--epochs", 2, "--batch-size", 8)
    options = (*common, "--validation", 20, "--window", 16, "--plain")
    assert gpunet(*options, "--run-dir", "straight").code == 0
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)
    write = RunFolder.write_checkpoint

    def cut_off(folder: RunFolder, model: Model, state: RunState) -> None:
        write(folder, model, state)
        if state.begun is not None and state.begun.samples == 48:
            raise RuntimeError("cut off")

    with monkeypatch.context() as context:
        context.setattr(RunFolder, "write_checkpoint", cut_off)
        with pytest.raises(RuntimeError, match="cut off"):
            gpunet(*options, "--run-dir", "cut")
    assert not RunFolder(Path("cut")).best.exists()
    assert "0/2" in gpunet("runs", "cut").out
    ran = gpunet("train", "--resume", "cut", "--device", "cpu", "--plain")
    assert "resumed within epoch 1, after 6 of 13 steps" in ran.out
    resumed, straight = (
        load_state(Path(name) / "last.safetensors")[1] for name in ("cut", "straight")
    )
    assert resumed.parameters.tobytes() == straight.parameters.tobytes()
