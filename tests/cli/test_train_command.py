"""``gpunet train`` from the command line to the files it leaves."""

from __future__ import annotations

import errno
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from rich.console import Console
from rich.text import Text
from tests.cli.conftest import summary_rows

from gpunet.artifacts import model_file
from gpunet.cli import saving, training_end
from gpunet.config import TrainConfig
from gpunet.datasets import catalog
from gpunet.datasets.catalog import open_dataset
from gpunet.engine.reference.numpy_engine import NumpyEngine, numpy_device
from gpunet.errors import DeviceLostError, DownloadError, OutputError
from gpunet.files import output
from gpunet.terminal.draw import formats, graphics
from gpunet.terminal.draw.device_name import device_in_words
from gpunet.terminal.draw.style import theme
from gpunet.terminal.live import messages as live_messages
from gpunet.training.evaluation import sample_rows
from gpunet.training.events import Control
from gpunet.training.outcome import accuracy_margin
from gpunet.workflows import messages, training

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

FAST = (
    *("--device", "cpu", "--hidden", "4", "--batch-size", "8", "--lr", "0.02", "--epochs", "3"),
    *("--output", "model.safetensors"),
)


def test_a_run_says_what_it_does_and_leaves_a_model_and_a_report(
    gpunet: RunCommand, halves: Path
) -> None:
    ran = gpunet("train", "--data", halves, *FAST, "--report", "run.json")
    assert (ran.code, ran.err) == (0, "")
    assert "device: numpy on the processor, as asked for" in ran.out
    assert sum(line.startswith("epoch ") for line in ran.out.splitlines()) == 3
    assert "rows: label, columns: prediction" in ran.out
    assert ran.out.count("✓") + ran.out.count("✗") == 10
    model = model_file.load(Path("model.safetensors"))
    report = json.loads(Path("run.json").read_text("utf-8"))
    assert model.best_epoch == report["best_epoch"]
    assert model.test.accuracy == report["test"]["accuracy"]
    assert model.origin.fingerprint == report["dataset"]["fingerprint"]
    assert str(halves) == model.origin.reference
    assert len(report["history"]) == 3


@pytest.mark.parametrize(
    ("wanted", "told", "known"),
    [("5000", "120 samples to train, 30 to validate, ", 3), ("0", "120 samples to train, 40", 0)],
)
def test_a_validation_set_that_the_data_bring_is_validated_with(
    gpunet: RunCommand, halves: Path, wanted: str, told: str, known: int
) -> None:
    arrays = dict(np.load(halves))
    held = {"x_val": arrays["x_test"][:30], "y_val": arrays["y_test"][:30]}
    np.savez("parts.npz", **arrays, **held)
    words = ("--validation", wanted, "--report", "run.json")
    ran = gpunet("train", "--data", "parts.npz", *FAST, *words)
    assert (ran.code, ran.err) == (0, "")
    assert "the 30 samples of x_val are the validation set, in place of --validation" in ran.out
    assert told in ran.out
    history = json.loads(Path("run.json").read_text("utf-8"))["history"]
    assert known == sum(epoch["val_loss"] is not None for epoch in history)


def test_an_ensemble_is_saved_in_one_file_and_answers_together(
    gpunet: RunCommand, halves: Path
) -> None:
    ran = gpunet("train", "--data", halves, *FAST, "--ensemble", "3", "--report", "run.json")
    assert (ran.code, ran.err) == (0, "")
    assert "together" in ran.out
    model = model_file.load(Path("model.safetensors"))
    assert len(model.parameters) == 3
    report = json.loads(Path("run.json").read_text("utf-8"))
    assert [one["seed"] for one in report["networks"]] == [0, 1, 2]
    assert model.test.accuracy == report["test"]["accuracy"]
    content = json.loads(gpunet("evaluate", "model.safetensors", "--json").out)
    assert report["test"]["accuracy"] == content["accuracy"]
    assert [one["test"]["accuracy"] for one in report["networks"]] == [
        one["accuracy"] for one in content["networks"]
    ]
    assert "together" in gpunet("evaluate", "model.safetensors").out


def test_a_network_of_an_ensemble_is_the_one_of_its_seed(gpunet: RunCommand, halves: Path) -> None:
    gpunet("train", "--data", halves, *FAST, "--ensemble", "2", "--seed", "5")
    together = model_file.load(Path("model.safetensors")).parameters
    for place, seed in enumerate(("5", "6")):
        gpunet("train", "--data", halves, *FAST, "--seed", seed, "--force")
        alone = model_file.load(Path("model.safetensors")).parameters
        assert alone[0].tobytes() == together[place].tobytes()


def test_an_ensemble_goes_on_where_it_was_stopped(gpunet: RunCommand, halves: Path) -> None:
    options = ("train", "--data", halves, *FAST, "--schedule", "constant", "--ensemble", "2")
    gpunet(*options, "--epochs", "4", "--output", "straight.safetensors")
    gpunet(*options, "--epochs", "2", "--run-dir", "run")
    ran = gpunet("train", "--data", halves, "--device", "cpu", "--resume", "run", "--epochs", "4")
    assert (ran.code, ran.err) == (0, "")
    straight = model_file.load(Path("straight.safetensors"))
    resumed = model_file.load(Path("run/best.safetensors"))
    assert straight.parameters.tobytes() == resumed.parameters.tobytes()
    assert "run" in gpunet("runs", "run").out


def test_every_option_reaches_the_configuration(gpunet: RunCommand, halves: Path) -> None:
    options = {
        "--activation": "leaky_relu",
        "--leaky-slope": 0.2,
        "--init": "uniform",
        "--optimizer": "sgd",
        "--schedule": "exponential",
        "--warmup": 0.5,
        "--lr-decay": 0.9,
        "--lr-decay-every": 3,
        "--lr-final": 1e-5,
        "--restart-every": 4,
        "--restart-lr": 0.001,
        "--lr-power": 0.25,
        "--lr-stop": 1e-6,
        "--momentum": 0.5,
        "--beta1": 0.8,
        "--beta2": 0.99,
        "--epsilon": 1e-7,
        "--loss": "quadratic",
        "--label-smoothing": 0.1,
        "--class-weights": "balanced",
        "--weight-decay": 0.001,
        "--clip-value": 5.0,
        "--clip-norm": 4.0,
        "--l1": 1e-7,
        "--l2": 1e-6,
        "--l1-biases": 2e-7,
        "--l2-biases": 2e-6,
        "--max-norm": 8.0,
        "--dropout": 0.1,
        "--input-dropout": 0.05,
        "--patience": 2,
        "--min-delta": 0.001,
        "--monitor": "val_accuracy",
        "--improvement": "at-once",
        "--keep": "last",
        "--start-from-epoch": 2,
        "--stability": 0.01,
        "--target-accuracy": 1,
        "--max-time": "1h30m",
        "--validation": 0.25,
        "--ensemble": 2,
        "--seed": 7,
        "--framing": "as-is",
        "--missing": "median",
        "--scaling": "robust",
        "--bias-rate": 0.5,
    }
    flat = [part for pair in options.items() for part in pair]
    ran = gpunet(
        "train",
        "--data",
        halves,
        *FAST,
        *flat,
        "--shuffle-split",
        "--no-standardize",
        "--no-scale-targets",
        "--rate-by-inputs",
        "--no-shuffle",
        "--nesterov",
        "--layer-norm",
        "-q",
    )
    assert ran.code == 0
    expected = {
        "hidden": [4],
        "activation": "leaky_relu",
        "leaky_slope": 0.2,
        "initialization": "uniform",
        "optimizer": "sgd",
        "learning_rate": 0.02,
        "schedule": "exponential",
        "warmup": 0.5,
        "lr_decay": 0.9,
        "lr_decay_every": 3,
        "lr_final": 1e-5,
        "lr_power": 0.25,
        "lr_stop": 1e-6,
        "restart_every": 4,
        "restart_lr": 0.001,
        "momentum": 0.5,
        "beta1": 0.8,
        "beta2": 0.99,
        "epsilon": 1e-7,
        "loss": "quadratic",
        "label_smoothing": 0.1,
        "class_weights": "balanced",
        "nesterov": True,
        "layer_norm": True,
        "weight_decay": 0.001,
        "clip_value": 5.0,
        "clip_norm": 4.0,
        "l1": 1e-7,
        "l2": 1e-6,
        "l1_biases": 2e-7,
        "l2_biases": 2e-6,
        "max_norm": 8.0,
        "batch_size": 8,
        "epochs": 3,
        "dropout": 0.1,
        "input_dropout": 0.05,
        "patience": 2,
        "min_delta": 0.001,
        "monitor": "val_accuracy",
        "improvement": "at-once",
        "keep": "last",
        "start_from_epoch": 2,
        "stability": 0.01,
        "target_accuracy": 1.0,
        "max_time": 5400.0,
        "validation": 0.25,
        "shuffle_split": True,
        "standardize": False,
        "scale_targets": False,
        "scaling": "robust",
        "rate_by_inputs": True,
        "bias_rate": 0.5,
        "weight": None,
        "framing": "as-is",
        "label": None,
        "missing": "median",
        "ignore": None,
        "shuffle": False,
        "window": 0,
        "ensemble": 2,
        "seed": 7,
    }
    assert expected == model_file.load(Path("model.safetensors")).config.to_dict()


def test_quiet_prints_the_result_in_one_line(gpunet: RunCommand, halves: Path) -> None:
    ran = gpunet("train", "--data", halves, *FAST, "--quiet")
    assert (ran.code, ran.err, ran.out.count("\n")) == (0, "", 1)
    assert ran.out.startswith("test accuracy ")
    assert ran.out.endswith("saved as model.safetensors\n")


def test_what_is_there_already_is_kept_and_the_new_files_get_other_names(
    gpunet: RunCommand, halves: Path
) -> None:
    pytest.importorskip("matplotlib")
    names = ("model.safetensors", "run.json", "curves.png")
    for name in names:
        Path(name).write_text("older")
    files = ("--report", "run.json", "--plot", "curves.png")
    ran = gpunet("train", "--data", halves, *FAST, *files, "-q")
    assert ran.code == 0
    assert [Path(name).read_text() for name in names] == ["older"] * 3
    assert "saved as model-2.safetensors, as model.safetensors was there before" in ran.out
    assert model_file.load(Path("model-2.safetensors")).best_epoch >= 1
    assert json.loads(Path("run-2.json").read_text())["best_epoch"] >= 1
    assert Path("curves-2.png").read_bytes().startswith(b"\x89PNG")


def test_force_replaces_what_is_there(gpunet: RunCommand, halves: Path) -> None:
    Path("model.safetensors").write_text("older")
    ran = gpunet("train", "--data", halves, *FAST, "--force", "-q")
    assert (ran.code, ran.err) == (0, "")
    assert model_file.load(Path("model.safetensors")).best_epoch >= 1
    assert not Path("model-2.safetensors").exists()


def test_quiet_does_not_keep_back_that_other_data_took_the_place_of_mnist(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object) -> None:
        raise DownloadError("nobody answers")

    monkeypatch.setattr(catalog, "_open_published", offline)
    monkeypatch.setattr(catalog, "STROKES_TRAIN", 60)
    monkeypatch.setattr(catalog, "STROKES_TEST", 12)
    ran = gpunet("train", *FAST, "-q")
    assert ran.code == 0
    assert ran.out.count("\n") == 1
    assert ran.err.startswith("note: MNIST is not cached")
    assert ran.err.count("\n") == 1


def test_a_network_that_has_learnt_nothing_is_told_with_what_to_try(
    gpunet: RunCommand, halves: Path
) -> None:
    options = ("--optimizer", "sgd", "--lr", "500", "--patience", "0")
    ran = gpunet("train", "--data", halves, *FAST, *options, "-q")
    assert ran.code == 0
    assert "note: the network is no better than guessing: its test accuracy is 50.00 %" in ran.err
    assert "try --lr 50, or find a rate by `gpunet find-lr`" in ran.err


def test_a_run_that_ends_while_its_loss_falls_says_how_to_go_on(
    gpunet: RunCommand, halves: Path
) -> None:
    slowly = ("--lr", "0.0005", "--schedule", "constant", "--run-dir", "own")
    ran = gpunet("train", "--data", halves, *FAST, *slowly)
    assert (ran.code, ran.err) == (0, "")
    moves = ran.out.splitlines()[-3:]
    assert moves[0].split(None, 1) == [
        *("next", "gpunet train --resume own --epochs 154  # its loss still fell"),
    ]
    assert moves[1].strip() == "gpunet showcase model.safetensors --wrong  # what it gets wrong"


def test_what_to_type_next_names_the_data_where_the_model_does_not(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_end, "portable", lambda reference, folder: None)
    ran = gpunet("train", "--data", halves, *FAST)
    assert f"gpunet showcase model.safetensors --data {halves} --wrong" in ran.out
    assert f"gpunet export model.safetensors page.html --data {halves}" in ran.out


def test_small_data_are_trained_for_enough_steps_by_default(gpunet: RunCommand) -> None:
    draws = np.random.default_rng(3)
    centers = draws.normal(0, 2, (4, 3))
    labels = draws.permutation(np.arange(240) % 4)
    rows = centers[labels] + draws.normal(0, 0.6, (240, 3))
    lines = [
        f"{label},{a:.3f},{b:.3f},{c:.3f}" for label, (a, b, c) in zip(labels, rows, strict=True)
    ]
    Path("points.csv").write_text("label,a,b,c\n" + "\n".join(lines) + "\n")
    files = ("--report", "run.json", "--name", "one")
    ran = gpunet("train", "--data", "points.csv", "--device", "cpu", "--plain", *files)
    assert ran.code == 0
    assert "epochs: 600 by default" in ran.out
    report = json.loads(Path("run.json").read_text())
    assert (report["config"]["epochs"], report["config"]["patience"]) == (600, 200)
    assert report["test"]["accuracy"] > 0.9
    assert model_file.load(Path("runs/one/best.safetensors")).config.epochs == 600
    assert "epoch   1/600" in Path("runs/one/log").read_text()


def test_no_showcase_is_shown_if_none_is_wanted(gpunet: RunCommand, halves: Path) -> None:
    assert "✓" not in gpunet("train", "--data", halves, *FAST, "--showcase", 0).out


@pytest.mark.parametrize(
    ("rows", "options", "shown"),
    [
        (10, (), []),
        (24, (), ["matrix"]),
        (60, (), ["samples", "matrix"]),
        (12, ("--showcase", "2"), ["samples"]),
    ],
)
def test_the_end_of_a_run_fits_the_screen_and_the_result_is_its_end(
    gpunet: RunCommand,
    halves: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
    options: tuple[object, ...],
    shown: list[str],
) -> None:
    screen = io.StringIO()
    console = Console(file=screen, width=80, height=rows, force_terminal=True, theme=theme("dark"))
    monkeypatch.setattr(live_messages, "make_console", lambda **_: console)
    assert gpunet("train", "--data", halves, *FAST, *options).code == 0
    lines = screen.getvalue().splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("all epochs done"))
    end = [Text.from_ansi(line).plain for line in lines[start + 1 :]]
    card = end[end.index(next(line for line in end if line.startswith("╭"))) :]
    assert len(card) <= 12
    assert (card[0][2:16], card[-1][0]) == (" halves, 64-4-2"[:14], "╰")
    heads = [line.split()[1:3] for line in card[1:4]]
    assert heads == [["test", "accuracy"], ["best", "epoch"], ["model", "model.safetensors"]]
    assert "of 3, by its val loss, 0." in card[2]
    kinds = {"samples": "✓", "matrix": "rows: label, columns: prediction"}
    assert shown == [kind for kind, mark in kinds.items() if mark in "\n".join(end)]
    if not options and rows > len(card):
        assert len(end) <= rows - 1


def test_the_same_seed_gives_the_same_model(gpunet: RunCommand, halves: Path) -> None:
    for name in ("one", "other"):
        assert gpunet("train", "--data", halves, *FAST, "-q", "--output", name).code == 0
    one, other = (model_file.load(Path(name)) for name in ("one", "other"))
    assert one.parameters.tobytes() == other.parameters.tobytes()


@pytest.mark.parametrize("option", ["--output", "--report"])
def test_a_place_that_cannot_be_written_is_refused_before_the_data_are_read(
    gpunet: RunCommand, option: str
) -> None:
    ran = gpunet("train", "--data", "no such data", option, "missing/file")
    assert (ran.code, ran.out) == (1, "")
    assert "there is no folder" in ran.failure


def test_output_and_report_must_differ(gpunet: RunCommand) -> None:
    ran = gpunet("train", "--output", "one", "--report", "./one")
    assert ran.code == 2
    assert "give them different names" in ran.failure


def test_a_missing_adapter_is_told_with_what_there_is(gpunet: RunCommand, halves: Path) -> None:
    ran = gpunet("train", "--data", halves, "--device", "no such adapter")
    assert ran.code == 2
    assert "names no adapter of this machine" in ran.failure


def test_unknown_data_are_told_with_a_suggestion(gpunet: RunCommand) -> None:
    ran = gpunet("train", "--data", "fashion-mnst", "--device", "cpu")
    assert ran.code == 2
    assert "did you mean 'fashion-mnist'" in ran.failure
    assert not Path("model.safetensors").exists()


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("train-images-idx3-ubyte", b"\x00\x00\x08\x03\xff\xff\xff\xff\x00\x00", "train-labels"),
        ("data.csv", b"label,a,b\n0,1,nan\n1,2,3\n", "data.csv"),
        ("data.csv", b"0,1,2\n1,2\n", "line 2 of "),
        ("data.csv", b"", "data.csv"),
        ("data.npz", b"PK\x03\x04 cut off", "data.npz"),
        ("data.bin", bytes(range(256)), "data.bin"),
    ],
)
def test_hostile_data_are_refused_in_one_sentence(
    gpunet: RunCommand, tmp_path: Path, name: str, content: bytes, place: str
) -> None:
    (tmp_path / name).write_bytes(content)
    ran = gpunet("train", "--data", tmp_path / name, *FAST)
    assert ran.code == 1
    assert place in ran.failure
    assert str(tmp_path) in ran.failure
    assert not Path("model.safetensors").exists()


def test_float_data_are_standardized_and_the_model_remembers_how(gpunet: RunCommand) -> None:
    draws = np.random.default_rng(0).normal(100, 5, (60, 3)).astype(np.float32)
    lines = [f"{int(row[0] > 100)}," + ",".join(map(str, row)) for row in draws]
    Path("points.csv").write_text("\n".join(lines), "utf-8")
    ran = gpunet("train", "--data", "points.csv", *FAST)
    assert ran.code == 0
    model = model_file.load(Path("model.safetensors"))
    assert model.scaling is not None
    assert model.scaling.mean == pytest.approx(100, abs=5)
    again = gpunet("evaluate", "model.safetensors", "--json", "--device", "cpu")
    assert model.test.accuracy == json.loads(again.out)["accuracy"]


@pytest.fixture
def dark_on_light(halves: Path, tmp_path: Path) -> Path:
    """The halves with dark and light exchanged."""
    arrays = dict(np.load(halves))
    exchanged = {key: 255 - arrays[key] for key in ("x_train", "x_test")}
    np.savez(tmp_path / "dark.npz", **(arrays | exchanged))
    return tmp_path / "dark.npz"


def test_dark_on_light_is_learnt_like_light_on_dark(
    gpunet: RunCommand, halves: Path, dark_on_light: Path
) -> None:
    told = "dark on light, so the network gets them inverted"
    light = gpunet("train", "--data", halves, *FAST, "--output", "light")
    dark = gpunet("train", "--data", dark_on_light, *FAST, "--output", "dark")
    assert (light.code, dark.code) == (0, 0)
    assert told not in light.out
    assert told in " ".join(dark.out.split())
    models = [model_file.load(Path(name)) for name in ("light", "dark")]
    assert [model.inverted for model in models] == [False, True]
    assert models[0].parameters.tobytes() == models[1].parameters.tobytes()
    assert models[0].test == models[1].test


def test_a_run_on_dark_images_is_resumed_and_evaluated_inverted(
    gpunet: RunCommand, dark_on_light: Path
) -> None:
    options = ("--data", dark_on_light, *FAST, "--quiet")
    assert gpunet("train", *options, "--run-dir", "run").code == 0
    epochs = model_file.load(Path("run/last.safetensors")).config.effective_epochs + 2
    ran = gpunet("train", "--resume", "run", "--epochs", epochs, "--device", "cpu", "--quiet")
    assert ran.code == 0
    for name in ("run/last.safetensors", "run/best.safetensors", "model.safetensors"):
        assert model_file.load(Path(name)).inverted
    model = model_file.load(Path("model.safetensors"))
    again = gpunet("evaluate", "model.safetensors", "--json", "--device", "cpu")
    assert model.test.accuracy == json.loads(again.out)["accuracy"]
    assert model.test.loss == json.loads(again.out)["loss"]


def test_floats_from_0_to_1_give_what_their_bytes_give(
    gpunet: RunCommand, halves: Path, tmp_path: Path
) -> None:
    arrays = dict(np.load(halves))
    shares = {key: arrays[key] / np.float32(255) for key in ("x_train", "x_test")}
    np.savez(tmp_path / "shares.npz", **(arrays | shares))
    for name, data in (("bytes", halves), ("floats", tmp_path / "shares.npz")):
        assert gpunet("train", "--data", data, *FAST, "-q", "--output", name).code == 0
    as_bytes, as_floats = (model_file.load(Path(name)) for name in ("bytes", "floats"))
    assert as_bytes.parameters.tobytes() == as_floats.parameters.tobytes()


def test_a_disk_that_is_full_after_training_does_not_lose_the_model(
    gpunet: RunCommand, halves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = output.write_atomically

    def full_disk(path: Path, content: bytes) -> None:
        if path.parent == Path():
            raise OutputError(f"{path} cannot be written: {os.strerror(errno.ENOSPC)}")
        write(path, content)

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(model_file, "write_atomically", full_disk)
    ran = gpunet("train", "--data", halves, *FAST, "--report", "run.json")
    assert ran.code == 1
    complaint, note = ran.err.splitlines()
    assert complaint == "error: model.safetensors cannot be written: No space left on device"
    rescued = next((tmp_path / "temporary").rglob("model.safetensors"))
    assert f"note: it is saved as {rescued} instead" == note
    assert model_file.load(rescued).best_epoch > 0
    assert Path("run.json").exists()
    assert "rows: label, columns: prediction" in ran.out


def test_a_run_that_diverges_at_once_saves_no_model(gpunet: RunCommand, halves: Path) -> None:
    Path("model.safetensors").write_text("an older model", "utf-8")
    ran = gpunet("train", "--data", halves, *FAST, "--optimizer", "sgd", "--lr", "1e38", "-q")
    assert ran.code == 1
    assert (
        "no longer finite in epoch 1, so there is no model; try --learning-rate 1e+37"
        in ran.failure
    )
    assert ran.out == "no epoch succeeded (diverged), not saved\n"
    assert Path("model.safetensors").read_text("utf-8") == "an older model"


def test_nothing_is_told_of_weights_that_no_epoch_improved(
    gpunet: RunCommand, halves: Path
) -> None:
    ran = gpunet("train", "--data", halves, *FAST, "--optimizer", "sgd", "--lr", "1e38")
    assert "diverged: no finite loss in epoch 1; no weights are kept" in ran.out
    assert "test accuracy" not in ran.out
    assert "rows: label" not in ran.out


def test_a_run_that_diverges_later_keeps_its_best_weights_and_says_what_to_try(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rates(config: TrainConfig, epoch: int, steps: int, reductions: int) -> np.ndarray:
        return np.full((1, steps), 0.01 if epoch < 3 else 1e38)

    monkeypatch.setattr("gpunet.training.member.epoch_learning_rates", rates)
    ran = gpunet("train", "--data", halves, *FAST, "--epochs", "5", "--optimizer", "sgd")
    assert ran.code == 0
    assert ran.err == (
        "note: training diverged: its loss is no longer finite in epoch 3, so the weights of epoch "
        "2 are kept; try --learning-rate 0.002\n"
    )
    assert "diverged: no finite loss in epoch 3; the weights of epoch 2" in ran.out
    assert model_file.load(Path("model.safetensors")).best_epoch == 2


@pytest.mark.parametrize(("failing", "code"), [({2}, 0), ({2, 3}, 1)])
def test_a_device_that_fails_costs_no_finished_epoch(
    gpunet: RunCommand,
    halves: Path,
    monkeypatch: pytest.MonkeyPatch,
    failing: set[int],
    code: int,
) -> None:
    epochs = count(1)
    begin_epoch = NumpyEngine.begin_epoch

    def failing_epoch(self: NumpyEngine, *arguments: Any) -> None:
        if next(epochs) in failing:
            raise DeviceLostError("the device is lost; try again")
        begin_epoch(self, *arguments)

    monkeypatch.setattr(NumpyEngine, "begin_epoch", failing_epoch)
    ran = gpunet("train", "--data", halves, *FAST)
    assert code == ran.code
    assert "Traceback" not in ran.err
    ended = "training ended after epoch 1, and the weights of epoch 1"
    told = "the work was repeated" if code == 0 else ended
    assert told in ran.err
    assert ran.err.count("\n") == 1
    assert Path("model.safetensors").exists()


@pytest.mark.usefixtures("failing_test")
@pytest.mark.parametrize("ensemble", ["1", "2"])
def test_a_device_that_fails_at_the_test_leaves_the_weights_and_says_why(
    gpunet: RunCommand, halves: Path, ensemble: str
) -> None:
    ran = gpunet("train", "--data", halves, *FAST, "--ensemble", ensemble, "--report", "run.json")
    best = model_file.load(Path("model.safetensors")).best_epoch
    assert (
        f"error: the device is lost; try again; the weights of epoch {best} are kept, but "
        "untested; `gpunet evaluate` can test them later\n"
    ) == ran.err
    assert ran.code == 1
    told = json.loads(Path("run.json").read_bytes())
    assert told["test"] == {"loss": None, "accuracy": None}
    assert told["device_failures"] == ["the device is lost; try again"] * 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ there")
def test_an_interrupt_stops_the_training_and_saves(halves: Path) -> None:
    options = ["--data", str(halves), *FAST, "--epochs", "1000000", "--patience", "0", "--plain"]
    with subprocess.Popen(
        [sys.executable, "-m", "gpunet", "train", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("epoch "):
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "stopped by user" in out
    assert model_file.load(Path("model.safetensors")).best_epoch > 0


def test_a_stop_before_the_first_step_says_that_nothing_is_saved(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped() -> Control:
        control = Control()
        control.stop_now.set()
        return control

    monkeypatch.setattr(messages, "Control", stopped)
    ran = gpunet("train", "--data", halves, *FAST)
    assert ran.code == 0
    assert ran.err == "note: training stopped before an epoch was done, so there is no model\n"
    assert "stopped by user" in ran.out
    assert not Path("model.safetensors").exists()


def test_an_abort_exits_with_130_and_saves_nothing(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def aborted(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gpunet.workflows.training.train", aborted)
    ran = gpunet("train", "--data", halves, *FAST)
    assert (ran.code, ran.err) == (130, "")
    assert not Path("model.safetensors").exists()


def test_the_figure_that_chose_the_kept_epoch_is_that_epochs(
    gpunet: RunCommand, halves: Path
) -> None:
    options = ("--patience", "0", "--epochs", "6", "--report", "run.json")
    unsteady = ("--lr", "0.5", "--schedule", "constant", *options)
    ran = gpunet("train", "--data", halves, *FAST, *unsteady)
    report = json.loads(Path("run.json").read_text())
    losses = [epoch["val_loss"] for epoch in report["history"]]
    best = report["best_epoch"]
    assert (best < len(losses), losses[best - 1]) == (True, min(losses))
    (line,) = [line for line in ran.out.splitlines() if line.startswith("best epoch")]
    chosen, others = line.split(", val acc ")
    assert (
        chosen.split()[2:] == f"{best} of 6, by its val loss, {formats.loss(min(losses))}".split()
    )
    accuracies = [epoch["val_accuracy"] for epoch in report["history"]]
    assert others.startswith(formats.percent(accuracies[best - 1]))
    assert ("highest" in others) == (max(accuracies) > accuracies[best - 1])


def test_a_model_trained_on_what_was_at_hand_names_that(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object) -> None:
        raise DownloadError("nobody answers")

    monkeypatch.setattr(catalog, "_open_published", offline)
    monkeypatch.setattr(catalog, "STROKES_TRAIN", 60)
    monkeypatch.setattr(catalog, "STROKES_TEST", 12)
    assert gpunet("train", *FAST, "-q").code == 0
    origin = model_file.load(Path("model.safetensors")).origin
    assert (origin.name, origin.reference) == ("strokes", "strokes")


def test_the_samples_that_are_shown_are_drawn_by_the_seed(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[int, int]] = []

    def noting(total: int, count: int, seed: int) -> Any:
        drawn.append((count, seed))
        return sample_rows(total, count, seed)

    monkeypatch.setattr(training_end, "sample_rows", noting)
    ran = gpunet("train", "--data", halves, *FAST, "--showcase", "3", "--seed", "7")
    assert (ran.code, drawn) == (0, [(3, 7)])


def test_the_summary_of_a_run_tells_what_its_report_holds(gpunet: RunCommand, uneven: Path) -> None:
    files = ("--report", "run.json", "--plot", "curves.png", "--showcase", "0")
    ran = gpunet("train", "--data", uneven, *FAST, *files)
    assert (ran.code, ran.err) == (0, "")
    assert f"data:   {open_dataset(str(uneven)).source}" in ran.out.splitlines()
    report = json.loads(Path("run.json").read_text())
    accuracy = report["test"]["accuracy"]
    margin = accuracy_margin(accuracy, open_dataset(str(uneven)).test)
    best, took = report["history"][report["best_epoch"] - 1], report["seconds"]
    expected = {
        "test accuracy": f"{formats.percent(accuracy)} ± {100 * margin:.2f}, "
        f"loss {formats.loss(report['test']['loss'])}, 40 samples",
        "best epoch": f"{report['best_epoch']} of 3, by its val loss, "
        f"{formats.loss(best['val_loss'])}, val acc {formats.percent(best['val_accuracy'])}",
        "model": "model.safetensors",
        "report": "run.json",
        "plot": "curves.png",
        "training time": f"{formats.seconds(took['total'])}, "
        f"{formats.seconds(took['per_step'])} per step, validation included",
        "ended": "all epochs done",
        "device": device_in_words(numpy_device()),
    }
    rows = summary_rows(ran.out)
    assert [(name, rows[name]) for name in rows if name in expected] == list(expected.items())


def test_the_confusions_after_a_training_have_a_row_per_label(
    gpunet: RunCommand, uneven: Path
) -> None:
    ran = gpunet("train", "--data", uneven, *FAST, "--epochs", "8", "--showcase", "0")
    assert model_file.load(Path("model.safetensors")).test.accuracy == 37 / 40
    lines = [line.split() for line in ran.out.splitlines()]
    place = lines.index(["rows:", "label,", "columns:", "prediction"])
    assert lines[place + 1 : place + 4] == [
        ["0", "1"],
        ["0", "20", "3"],
        ["1", "\N{EN DASH}", "17"],
    ]


def test_every_option_that_is_no_setting_reaches_the_run(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    rooms = {training: "train_model", graphics: "choose_painter"}
    rooms |= {training_end: "finish", saving: "Results"}

    def note(name: str) -> Callable[..., Any]:
        return lambda *given, **named: asked[-1].update({name: given, **named})

    def messages_of(**named: Any) -> SimpleNamespace:
        asked[-1].update(named)
        return SimpleNamespace(console=None)

    for room, name in rooms.items():
        monkeypatch.setattr(room, name, note(name))
    monkeypatch.setattr(training_end, "save_results", note("save_results"))
    monkeypatch.setattr(live_messages, "ConsoleMessages", messages_of)
    files = ("--output", "o.safetensors", "--report", "r.json", "--plot", "p.png")
    others = ("--showcase", "3", "--graphics", "blocks", "--run-dir", "kept")
    every = ("--checkpoint-every", "4", "--device", "cpu")
    for options in (
        (*files, *others, *every),
        ("--plain",),
        ("-q",),
        ("--no-autotune",),
        ("--force",),
        ("--no-keep",),
    ):
        asked.append({})
        assert gpunet("train", "--data", halves, *options).code == 0
    first, *flagged, without = asked
    assert (first["train_model"][0], first["train_model"][2]) == (str(halves), "cpu")
    assert first["save_results"][2:] == (Path("o.safetensors"), Path("r.json"), Path("p.png"))
    assert (first["finish"][-1], first["choose_painter"][0]) == (3, "blocks")
    assert (first["recorder"].folder.path, first["recorder"].every) == (Path("kept"), 4)
    usual = {"plain": False, "quiet": False, "autotune": True, "force": False}
    for name, told in zip(usual, flagged, strict=True):
        assert {flag: told[flag] for flag in usual} == {**usual, name: not usual[name]}
        assert (told["train_model"][2], told["recorder"].every, told["finish"][-1]) == (
            "auto",
            None,
            None,
        )
    assert without["recorder"] is None
    assert without["save_results"][2:] == (Path("model.safetensors"), None, None)


@pytest.mark.parametrize("quiet", [(), ("-q",)])
def test_a_signal_that_ends_the_process_is_its_exit_code_and_all_is_saved(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch, quiet: tuple[str, ...]
) -> None:
    monkeypatch.setattr(messages, "Control", lambda: Control(signal=signal.SIGTERM))
    kept = ("--report", "run.json", "--run-dir", "kept")
    ran = gpunet("train", "--data", halves, *FAST, *kept, *quiet)
    assert ran.code == 128 + signal.SIGTERM
    assert "test accuracy" not in ran.out
    best = model_file.load(Path("model.safetensors")).best_epoch
    assert json.loads(Path("run.json").read_text())["best_epoch"] == best
    assert model_file.load(Path("kept/best.safetensors")).best_epoch == best


def test_what_failed_to_learn_is_told_before_the_summary_too(
    gpunet: RunCommand, halves: Path
) -> None:
    options = ("--optimizer", "sgd", "--lr", "500", "--patience", "0", "--showcase", "0")
    ran = gpunet("train", "--data", halves, *FAST, *options)
    assert (ran.code, ran.err) == (0, "")
    words = " ".join(ran.out.split())
    assert "the network is no better than guessing: its test accuracy is 50.00 %" in words
    assert "where always answering '0' gives 50.00 %" in words
    assert "where equal shares give 0.6931" in words
    (move,) = [line for line in ran.out.splitlines() if line.startswith("next ")]
    found = gpunet(*shlex.split(move.partition("  # ")[0])[2:], "--device", "cpu")
    assert (found.code, "suggests: " in found.out) == (0, True)
    assert move.endswith("  # or train with --lr 50")


def test_the_best_epoch_of_an_ensemble_is_that_of_its_last_network(
    gpunet: RunCommand, halves: Path
) -> None:
    options = ("--ensemble", "2", "--showcase", "0")
    ran = gpunet("train", "--data", halves, *FAST, *options, "--report", "run.json")
    best = json.loads(Path("run.json").read_text())["best_epoch"]
    told = summary_rows(ran.out)["best epoch"]
    assert told.startswith(f"up to {best} of 3, by each network's val loss, ")
    assert len(told) <= 61  # what a card has room for in a line of 80 columns


def test_the_line_of_quiet_names_the_last_epoch_if_that_is_to_be_kept(
    gpunet: RunCommand, halves: Path
) -> None:
    ran = gpunet("train", halves, *FAST, "--keep", "last", "--no-keep", "-q")
    assert ", kept epoch 3 of 3, " in ran.out
    assert ran.out.count("\n") == 1


def test_an_empty_word_is_no_data(gpunet: RunCommand) -> None:
    ran = gpunet("train", "", *FAST)
    assert (ran.code, ran.out) == (1, "")
    assert ran.failure.startswith("'' is neither a dataset")


def test_the_line_of_quiet_tells_what_the_report_holds(gpunet: RunCommand, uneven: Path) -> None:
    ran = gpunet("train", "--data", uneven, *FAST, "--quiet", "--report", "run.json")
    report = json.loads(Path("run.json").read_text())
    test = report["test"]
    assert report["stop_reason"] == "epochs"
    assert ran.out == (
        f"test accuracy {formats.percent(test['accuracy'])}, loss {formats.loss(test['loss'])}, "
        f"best epoch {report['best_epoch']} of 3, "
        f"{formats.seconds(report['seconds']['total'])}, saved as model.safetensors\n"
    )


@pytest.mark.parametrize(
    ("writer", "options"),
    [("write_report", ("--report", "run.json")), ("plot_curves", ("--plot", "curves.png"))],
)
@pytest.mark.parametrize("everywhere", [True, False])
def test_a_result_that_cannot_be_written_where_it_is_wanted_is_a_failure_that_keeps_the_rest(
    gpunet: RunCommand,
    halves: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    writer: str,
    options: tuple[str, str],
    everywhere: bool,
) -> None:
    room = training_end if writer == "write_report" else training
    write = getattr(room, writer)

    def full_disk(*given: Any) -> None:
        if everywhere or given[-1].parent == Path():
            raise OutputError(f"{given[-1].name} cannot be written")
        write(*given)

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(room, writer, full_disk)
    ran = gpunet("train", "--data", halves, *FAST, *options, "--showcase", "0")
    name = options[1]
    complaint, other = ran.err.splitlines()
    assert (ran.code, complaint) == (1, f"error: {name} cannot be written")
    if everywhere:
        assert other.startswith("error: nor can it be kept in the temporary folder: ")
        assert options[0][2:] not in summary_rows(ran.out)
    else:
        (rescued,) = (tmp_path / "temporary").rglob(name)
        assert other == f"note: it is saved as {rescued} instead"
    assert model_file.load(Path("model.safetensors")).best_epoch >= 1
    assert summary_rows(ran.out)["model"] == "model.safetensors"


@pytest.mark.parametrize(("failures", "reopened"), [((), False), ((2,), True)])
def test_a_device_that_was_opened_anew_is_noted(
    gpunet: RunCommand,
    halves: Path,
    monkeypatch: pytest.MonkeyPatch,
    failures: tuple[int, ...],
    reopened: bool,
) -> None:
    epochs, begin_epoch = count(1), NumpyEngine.begin_epoch

    def failing_epoch(self: NumpyEngine, *arguments: Any) -> None:
        if next(epochs) in failures:
            raise DeviceLostError("the device is lost; try again")
        begin_epoch(self, *arguments)

    monkeypatch.setattr(NumpyEngine, "begin_epoch", failing_epoch)
    ran = gpunet("train", "--data", halves, *FAST, "-q")
    note = "note: the device is lost; try again; it was opened again, and the work was repeated\n"
    assert (ran.code, ran.err) == (0, note if reopened else "")
    assert " of 3, " in ran.out
