"""The sentences of failures and notes, whole: what is wrong, and the next move."""

from __future__ import annotations

import io
import json
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from gpunet.artifacts import model_file
from gpunet.cli import training_end
from gpunet.datasets import images
from gpunet.engine import device_trial
from gpunet.engine.reference.numpy_engine import numpy_device
from gpunet.errors import OutputError
from gpunet.files import output
from gpunet.files.cache import cache_folder
from gpunet.search import session
from gpunet.training import member
from gpunet.training.events import Control
from gpunet.training.schedules import epoch_learning_rates
from gpunet.workflows import messages, training

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

FAST = (
    *("--device", "cpu", "--hidden", "4", "--batch-size", "8", "--lr", "0.02", "--epochs", "3"),
    *("--output", "model.safetensors"),
)


POINTS = "no images, so there is nothing to draw; leave out --plot"


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        (
            "train --output one --report ./one",
            2,
            "--output and --report both name one; give them different names",
        ),
        (
            "train --output one.png --plot one.png",
            2,
            "--output and --plot both name one.png; give them different names",
        ),
        (
            "train --report one.png --plot one.png",
            2,
            "--report and --plot both name one.png; give them different names",
        ),
        (
            "tune --output one --report one",
            2,
            "--output and --report both name one; give them different names",
        ),
        (
            "tune --resume one --study two",
            2,
            "--resume and --study both name a study; leave out --study",
        ),
        (
            "train --run-dir a --name b",
            2,
            "--run-dir a and --name b both say where the run is kept; give one of them",
        ),
        (
            "train --name a/b",
            2,
            "--name 'a/b' can name no run; give a word such as wide-2, or a path by --run-dir",
        ),
        (
            "train --name=",
            2,
            "--name '' can name no run; give a word such as wide-2, or a path by --run-dir",
        ),
        (
            "train --name .",
            2,
            "--name '.' can name no run; give a word such as wide-2, or a path by --run-dir",
        ),
        (
            "train --config run.toml --recipe nielsen",
            2,
            "--config and --recipe both give settings; print the recipe with "
            "`gpunet recipes NAME`, copy it, and give the copy as --config",
        ),
        ("plot r.json -o r.json", 2, "--output r.json would replace the report; give another name"),
        (
            "explain --device cpu --shader x",
            2,
            f"{numpy_device().name} has no shaders; --shader needs an adapter",
        ),
        (
            "showcase MODEL --weights --wrong",
            2,
            "--weights shows units and --wrong is about samples; leave one of them out",
        ),
        (
            "showcase MODEL --weights --index 3",
            2,
            "--weights shows units and --index is about samples; leave one of them out",
        ),
        (
            "showcase MODEL --weights --data d",
            2,
            "--weights shows units and --data is about samples; leave one of them out",
        ),
        (
            "showcase MODEL --index 3 --wrong",
            2,
            "--index names the samples and --wrong chooses them; leave one of them out",
        ),
        (
            "showcase MODEL --index 3 --top-losses",
            2,
            "--index names the samples and --top-losses chooses them; leave one of them out",
        ),
        (
            "showcase MODEL --index 3,-1",
            2,
            "--index 3,-1: '-1' is no row; write for example --index 3,17",
        ),
        (
            "showcase MODEL --index 3,\N{ARABIC-INDIC DIGIT THREE}",
            2,
            "--index 3,\N{ARABIC-INDIC DIGIT THREE}: '\N{ARABIC-INDIC DIGIT THREE}' is no row; "
            "write for example --index 3,17",
        ),
        (
            "showcase MODEL --device cpu --index 3,40",
            2,
            "--index 40 is beyond the 40 test samples; give rows below 40",
        ),
        (
            "predict MODEL rows.csv other.csv",
            2,
            "rows.csv is a table, which is answered alone; give one at a time",
        ),
        (
            "predict MODEL image.png rows.csv",
            2,
            "rows.csv is a table, which is answered alone; give one at a time",
        ),
        ("datasets preview points.csv --plot p.png", 1, f"the samples of 'points' are {POINTS}"),
        (
            "train --resume kept --name other",
            2,
            "--resume and --name cannot go together; leave out --name",
        ),
        (
            "find-lr --device nothing",
            2,
            "--device nothing names no adapter of this machine",
        ),
    ],
)
def test_a_mistake_is_told_in_a_sentence_with_the_next_move(
    gpunet: RunCommand, trained: Path, command: str, code: int, told: str
) -> None:
    Path("run.toml").write_text("epochs = 3\n")
    Path("points.csv").write_text("0,1,2\n1,3,4\n" * 20, "utf-8")
    ran = gpunet(*(str(trained) if word == "MODEL" else word for word in command.split()))
    *_, last = ran.err.splitlines()
    assert (ran.code, last.partition("; known are")[0]) == (code, f"error: {told}")
    assert sorted(path.name for path in Path().iterdir()) == ["points.csv", "run.toml"]


def test_a_model_of_rows_asks_for_rows(gpunet: RunCommand) -> None:
    Path("points.csv").write_text("0,1,2\n1,3,4\n" * 20, "utf-8")
    assert gpunet("train", "--data", "points.csv", *FAST, "-q", "--output", "m").code == 0
    ran = gpunet("predict", "m", "rows.csv", "image.png")
    assert (ran.code, ran.failure) == (
        1,
        "the model was trained on 'points', whose samples are no images, but image.png is no table "
        "of rows; give an array of rows, or a table such as rows.csv",
    )
    ran = gpunet("showcase", "m", "--weights")
    assert (ran.code, ran.failure) == (
        1,
        "m was trained on 'points', whose samples are no images, so its weights make no pictures; "
        "`gpunet show m` tells their sizes",
    )
    ran = gpunet("showcase", "m", "--device", "cpu", "--plot", "p.png")
    assert (ran.code, ran.err) == (1, f"error: the samples of 'points' are {POINTS}\n")
    assert not Path("p.png").exists()


def test_trials_of_devices_are_forgotten_with_a_word_or_the_file_is_named(
    gpunet: RunCommand,
) -> None:
    told = "forgotten; the next trainings check and try the devices again\n"
    assert gpunet("devices", "--forget") == (0, told, "")
    path = cache_folder() / device_trial.FILE
    path.mkdir(parents=True)
    ran = gpunet("devices", "--forget")
    assert (ran.code, ran.out) == (1, "")
    assert ran.failure.startswith(f"{path} cannot be removed: ")
    assert ran.failure.endswith("; remove it by hand")
    assert " cannot be removed: is a directory; " in ran.failure


def test_exhausted_memory_is_told_with_what_takes_less(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted() -> None:
        raise MemoryError

    monkeypatch.setattr("gpunet.engine.factory.list_adapters", exhausted)
    assert gpunet("devices") == (
        1,
        "",
        "error: the memory is exhausted; try fewer samples, a smaller --hidden or batch\n",
    )


def test_a_fault_of_the_program_s_own_files_is_not_taken_for_one_of_the_output(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty() -> None:
        raise FileNotFoundError(2, "No such file", "somewhere")

    monkeypatch.setattr("gpunet.engine.factory.list_adapters", faulty)
    with pytest.raises(FileNotFoundError):
        gpunet("devices")


@pytest.mark.parametrize(("done", "told"), [(True, "lower"), (False, "stopped")])
def test_a_search_without_a_result_says_why_nothing_is_saved(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch, done: bool, told: str
) -> None:
    def stopped() -> Control:
        control = Control()
        control.stop_now.set()
        return control

    if not done:
        monkeypatch.setattr(messages, "Control", stopped)
    Path("space.toml").write_text("[lr]\nchoices = [1e38]\n")
    options = ("--data", halves, "--device", "cpu", "--space", "space.toml", "--trials", 1)
    ran = gpunet("tune", *options, "--report", "r.json")
    sentences = {
        "lower": "no trial has come to an end with a finite metric, so there is no model; try "
        "lower learning rates",
        "stopped": "the search was stopped before a trial was done, so there is no model",
    }
    assert (ran.code, ran.failure) == (1, sentences[told])
    assert not Path("model.safetensors").exists()
    assert not Path("r.json").exists()


def test_what_a_search_finds_there_already_is_kept_or_replaced_as_is_asked_for(
    gpunet: RunCommand, halves: Path
) -> None:
    for name in ("model.safetensors", "r.json"):
        Path(name).write_text("older")
    options = ("--data", halves, "--device", "cpu", "--trials", 1, "--epochs", 1, "--pruner")
    ran = gpunet("tune", *options, "none", "--study", "one", "--report", "r.json")
    rows = " ".join(ran.out.split())
    why = "was there before (--force replaces it)"
    assert f"model-2.safetensors, as model.safetensors {why}" in rows
    assert f"r-2.json, as r.json {why}" in rows
    assert Path("model.safetensors").read_text() == Path("r.json").read_text() == "older"
    assert json.loads(Path("r-2.json").read_text())["study"] == "one"
    again = gpunet("tune", *options, "none", "--study", "two", "--report", "r.json", "--force")
    assert "was there before" not in again.out
    assert model_file.load(Path("model.safetensors")).best_epoch == 1
    assert json.loads(Path("r.json").read_text())["study"] == "two"


def test_what_a_training_finds_there_already_is_told_in_its_summary(
    gpunet: RunCommand, halves: Path
) -> None:
    names = ("model.safetensors", "r.json", "c.png")
    for name in names:
        Path(name).write_text("older")
    command = ("train", "--data", halves, *FAST, "--showcase", 0, "--report", "r.json")
    ran = gpunet(*command, "--plot", "c.png")
    out = " ".join(ran.out.split())
    assert (ran.code, ran.err) == (0, "")
    for name in names:
        stem, _, end = name.partition(".")
        assert f"{stem}-2.{end}, as {name} was there before (--force replaces it)" in out
        assert Path(name).read_text() == "older"
    assert gpunet(*command, "--plot", "c.png", "--force").code == 0
    assert [Path(name).read_bytes() == b"older" for name in names] == [False] * 3
    assert not list(Path().glob("*-3*"))


@pytest.mark.parametrize(
    "command", [("showcase", "MODEL", "--device", "cpu"), ("showcase", "MODEL", "--weights"), ()]
)
def test_a_plot_of_samples_replaces_nothing_unless_it_is_told_to(
    gpunet: RunCommand, trained: Path, halves: Path, command: tuple[str, ...]
) -> None:
    words = [str(trained) if word == "MODEL" else word for word in command]
    words = words or ["datasets", "preview", str(halves)]
    Path("p.png").write_text("older")
    told = gpunet(*words, "--plot", "p.png").out.splitlines()[-1]
    assert told == "plot: p-2.png, as p.png was there before (--force replaces it)"
    assert Path("p.png").read_text() == "older"
    assert gpunet(*words, "--plot", "p.png", "--force").out.splitlines()[-1] == "plot: p.png"
    assert Path("p.png").read_bytes().startswith(b"\x89PNG")
    ran = gpunet(*words, "--plot", "p.gif")
    assert (ran.code, ran.out) == (2, "")
    assert ran.failure.startswith("p.gif names no format")


@pytest.mark.parametrize("quiet", [True, False])
def test_a_model_that_was_rescued_is_told_by_where_it_is(
    gpunet: RunCommand,
    halves: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    quiet: bool,
) -> None:
    write = output.write_atomically

    def full_disk(path: Path, content: bytes) -> None:
        if path.parent == Path():
            raise OutputError(f"{path} cannot be written: no space")
        write(path, content)

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(model_file, "write_atomically", full_disk)
    ran = gpunet("train", "--data", halves, *FAST, *(["-q"] if quiet else []))
    (rescued,) = (tmp_path / "temporary").rglob("model.safetensors")
    assert rescued.parent.name.startswith("gpunet-")
    assert ran.code == 1
    assert ran.err == (
        "error: model.safetensors cannot be written: no space\n"
        f"note: it is saved as {rescued} instead\n"
    )
    words = "".join(ran.out.split())
    assert (f"savedas{rescued}" if quiet else f"model{rescued}trainingtime") in words


def test_a_model_that_could_be_kept_nowhere_is_told_as_not_saved(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(path: Path, content: bytes) -> None:
        raise OutputError(f"{path.name} cannot be written")

    monkeypatch.setattr(model_file, "write_atomically", full_disk)
    ran = gpunet("train", "--data", halves, *FAST, "--no-keep", "-q")
    assert (ran.code, ran.err) == (
        1,
        "error: model.safetensors cannot be written\n"
        "error: nor can it be kept in the temporary folder: model.safetensors cannot be written\n",
    )
    assert ran.out.endswith(", not saved\n")


def test_networks_of_an_ensemble_that_diverged_are_counted(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rates(config: Any, epoch: int, steps: int, reductions: int) -> Any:
        found = epoch_learning_rates(config, epoch, steps, reductions)
        return np.full_like(found, 1e38) if config.seed == 1 else found

    monkeypatch.setattr(member, "epoch_learning_rates", rates)
    options = ("--ensemble", 3, "--optimizer", "sgd", "--report", "r.json", "--showcase", 0)
    ran = gpunet("train", "--data", halves, *FAST, *options)
    assert ran.err == "note: 1 of the 3 networks diverged, so the model has the others alone\n"
    assert ran.code == 0
    assert len(model_file.load(Path("model.safetensors")).parameters) == 2
    place = ran.out.splitlines().index("network   accuracy    loss")
    rows = [line.split()[0] for line in ran.out.splitlines()[place + 2 : place + 5]]
    assert rows == ["0", "1", "together"]


@pytest.mark.parametrize(
    ("epochs", "told", "options"),
    [
        (3, 154, ("--warmup", "2")),
        (78, 156, ()),
        (78, 156, ("--run-dir", "kept")),
    ],
)
def test_the_advice_to_train_longer_names_twice_the_epochs_or_the_default(
    gpunet: RunCommand,
    halves: Path,
    monkeypatch: pytest.MonkeyPatch,
    epochs: int,
    told: int,
    options: tuple[str, ...],
) -> None:
    monkeypatch.setattr(training_end, "still_falling", lambda *_: True)
    more = ("--patience", 0, "--epochs", epochs, "--showcase", 0)
    ran = gpunet("train", "--data", halves, *FAST, *more, *options)
    (move,) = [line for line in ran.out.splitlines() if line.startswith("next ")]
    command, reason = move.removeprefix("next").split("  # ")
    words = shlex.split(command)
    assert (words[:2], reason) == (["gpunet", "train"], "its loss still fell")
    assert words[words.index("--epochs") + 1] == str(told)
    assert ("--resume kept" in command) == ("kept" in options)
    assert gpunet(*words[1:], "--max-time", "1s", "--device", "cpu", "-q").code == 0


def test_tiles_that_were_measured_are_told_with_the_time_that_it_took(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(*given: Any) -> None:
        given[-1].tiles(2, 75.0)

    monkeypatch.setattr(training, "measured_tiles", measured)
    told = gpunet("train", "--data", halves, *FAST, "--showcase", 0).out.splitlines()
    (line,) = [line for line in told if line.startswith("tiles:")]
    assert line == "tiles:  the fastest for 2 products, measured in 1:15 and kept for later runs"


def test_a_run_before_any_epoch_is_told_as_not_saved(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped() -> Control:
        control = Control()
        control.stop_now.set()
        return control

    monkeypatch.setattr(messages, "Control", stopped)
    ran = gpunet("train", "--data", halves, *FAST, "-q", "--plot", "c.png", "--report", "r.json")
    assert ran.out == "no epoch succeeded (stopped by user), not saved\n"
    assert (ran.code, Path("c.png").exists(), Path("r.json").exists()) == (0, False, True)


def test_an_image_from_the_standard_input_is_bounded(
    gpunet: RunCommand, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "PNG")
    content = file.getvalue()
    for most, code in ((len(content), 0), (len(content) - 1, 1)):
        monkeypatch.setattr(images, "LARGEST_FILE", most)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        ran = gpunet("predict", trained, "-")
        assert ran.code == code, ran.err


def test_a_search_takes_64_trials_unless_it_is_told_otherwise(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert session.TRIALS == 64
    monkeypatch.setattr(session, "TRIALS", 3)
    options = ("--data", halves, "--device", "cpu", "--epochs", 1, "--pruner", "none")
    ran = gpunet("tune", *options, "--study", "one", "-q", "--report", "r.json")
    assert (ran.code, len(json.loads(Path("r.json").read_text())["trials"])) == (0, 3)


def test_what_is_typed_wins_over_the_file_of_a_search(gpunet: RunCommand, halves: Path) -> None:
    Path("fixed.toml").write_text('data = "nothing"\ndevice = "nothing"\nepochs = 7\nseed = 3\n')
    typed = ("--data", halves, "--device", "cpu", "--epochs", 1, "--seed", 0, "--trials", 1)
    ran = gpunet("tune", "--config", "fixed.toml", *typed, "--report", "r.json", "-q")
    assert (ran.code, ran.err) == (0, "")
    config = json.loads(Path("r.json").read_text())["best"]["config"]
    assert (config["epochs"], config["seed"]) == (1, 0)
    ran = gpunet("tune", "--config", "fixed.toml", "--device", "cpu")
    assert "nothing" in ran.failure


def test_a_run_that_diverges_at_once_keeps_its_report_and_curves_but_no_model(
    gpunet: RunCommand, halves: Path
) -> None:
    wild = ("--optimizer", "sgd", "--lr", "1e38", "--run-dir", "kept", "--plot", "c.png")
    ran = gpunet("train", "--data", halves, *FAST, *wild, "--report", "r.json", "-q")
    assert (ran.code, ran.failure) == (
        1,
        "training diverged: its loss is no longer finite in epoch 1, so there is no model; try "
        "--learning-rate 1e+37",
    )
    assert ran.out == "no epoch succeeded (diverged), not saved\n"
    for report in ("r.json", "kept/report.json"):
        content = json.loads(Path(report).read_text())
        assert (content["best_epoch"], content["stop_reason"]) == (0, "diverged")
    assert Path("c.png").exists()
    assert not Path("model.safetensors").exists()
    names = {path.name for path in Path("kept").iterdir()}
    assert "best.safetensors" not in names
    assert {"report.json", "curves.svg", "log"} <= names


def test_one_file_by_two_paths_is_one_file(gpunet: RunCommand) -> None:
    Path("sub").mkdir()
    ran = gpunet("train", "--output", "one", "--report", "sub/../one")
    assert (ran.code, ran.failure) == (
        2,
        "--output and --report both name sub/../one; give them different names",
    )
    ran = gpunet("tune", "--output", "one", "--report", Path("one").absolute())
    assert ran.failure.startswith("--output and --report both name /")
