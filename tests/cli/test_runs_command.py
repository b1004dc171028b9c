"""``gpunet runs``: listed, side by side, drawn and removed; and runs in the place of a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import gpunet as package
from gpunet.artifacts.kept_runs import claim
from gpunet.artifacts.run_folder import RunFolder

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

FAST = ("--device", "cpu", "--batch-size", 8, "--epochs", 3, "-q")


@pytest.fixture
def two(gpunet: RunCommand, halves: Path) -> None:
    """Two runs, of which the second is wider and learns faster."""
    for options in (("--hidden", 4, "--lr", 0.005), ("--hidden", 8, "--lr", 0.02)):
        assert gpunet("train", "--data", halves, *FAST, *options).code == 0


@pytest.mark.usefixtures("two")
def test_a_run_is_known_by_its_name_its_number_and_its_folder(gpunet: RunCommand) -> None:
    for name in ("1", "1-halves-4", "runs/1-halves-4"):
        (run,) = json.loads(gpunet("runs", "show", name, "--json").out)
        assert (run["name"], run["network"]) == ("1-halves-4", "64-4-2")
        assert run["config"]["hidden"] == [4]
    (run,) = json.loads(gpunet("runs", "show", "newest", "--json").out)
    assert run["name"] == "2-halves-8"


@pytest.mark.usefixtures("two")
def test_a_long_name_stands_whole_in_the_list(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    name = "layers-of-sixteen-units-and-dropout"
    Path("runs/1-halves-4").rename(Path("runs", name))
    out = gpunet("runs").out
    assert name in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("command", ["show", "plot", "delete"])
def test_an_unknown_run_is_told_with_the_closest_one(gpunet: RunCommand, command: str) -> None:
    ran = gpunet("runs", command, "1", "2-halvs-8")
    assert (ran.code, ran.out) == (2, "")
    assert ran.failure == "there is no run 2-halvs-8; did you mean '2-halves-8'?"
    assert gpunet("runs", "nosuch").code == 2
    assert len(package.runs()) == 2


@pytest.mark.usefixtures("two")
def test_several_runs_stand_side_by_side_where_they_differ(gpunet: RunCommand) -> None:
    shown = gpunet("runs", "show", 1, 2).out
    rows = {line.split("  ")[0]: line.split() for line in shown.splitlines()}
    assert rows["hidden"][1:] == ["4", "8"]
    assert rows["learning_rate"][1:] == ["0.005", "0.02"]
    assert "optimizer" not in rows
    assert "val loss" in rows


@pytest.mark.usefixtures("two")
def test_a_run_is_shown_with_its_curves_and_what_is_set(gpunet: RunCommand) -> None:
    shown = gpunet("runs", "show", 2).out
    rows = [line.split() for line in shown.splitlines()]
    assert ["learning_rate", "0.02"] in rows
    assert ["batch_size", "8"] in rows
    assert "optimizer" not in shown
    assert "loss" in shown.splitlines()[0]


@pytest.mark.usefixtures("two")
def test_curves_of_runs_are_drawn_into_one_chart_and_a_file(gpunet: RunCommand) -> None:
    ran = gpunet("runs", "plot", 1, 2, "--plot", "both.svg")
    assert (ran.code, ran.err) == (0, "")
    assert "1-halves-4" in ran.out
    assert "2-halves-8" in ran.out
    assert Path("both.svg").read_text("utf-8").startswith("<?xml")


@pytest.mark.usefixtures("two")
def test_curves_of_classes_and_of_measured_targets_are_drawn_side_by_side(
    gpunet: RunCommand,
) -> None:
    rows = [f"{at},{at % 7},{at * 1.5 + at % 7}" for at in range(80)]
    Path("line.csv").write_text("\n".join(["x,y,price", *rows]), "utf-8")
    assert gpunet("train", "line.csv", "--label", "price", *FAST, "--hidden", 4).code == 0
    ran = gpunet("runs", "plot", 1, 3, "--plot", "both.svg")
    assert (ran.code, ran.err) == (0, "")
    titles = ran.out.splitlines()[0]
    assert [name for name in ("loss", "accuracy", "R2") if name in titles] == [
        *("loss", "accuracy", "R2")
    ]
    assert ("1-halves-4" in ran.out, "3-line-4" in ran.out) == (True, True)
    assert Path("both.svg").read_text("utf-8").startswith("<?xml")


@pytest.mark.usefixtures("two")
def test_runs_are_removed_once_that_is_confirmed(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = gpunet("runs", "delete", 1)
    assert (ran.code, ran.out) == (2, "")
    assert "give --yes, as nobody can be asked" in ran.failure
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: True)
    assert gpunet("runs", "delete", 1).out.startswith("removed runs/1-halves-4 (")
    assert gpunet("runs", "delete", 2, "--yes").code == 0
    assert package.runs() == []


@pytest.mark.usefixtures("two")
def test_how_a_run_ended_is_told_in_words(gpunet: RunCommand) -> None:
    assert ["ended", "all", "epochs", "done"] in [
        line.split() for line in gpunet("runs", "show", 1).out.splitlines()
    ]
    folder = RunFolder(Path("runs/1-halves-4"))
    *lines, end = folder.metrics.read_bytes().splitlines(keepends=True)
    assert b'"end"' in end
    folder.metrics.write_bytes(b"".join(lines))  # as if its process had been killed
    folder.report.unlink()
    assert ["ended", "killed", "or", "crashed"] in [
        line.split() for line in gpunet("runs", "show", 1).out.splitlines()
    ]


@pytest.mark.usefixtures("two")
def test_a_run_that_is_being_trained_is_not_removed_and_listed_as_running(
    gpunet: RunCommand,
) -> None:
    folder = RunFolder(Path("runs/1-halves-4"))
    folder.hold()
    ran = gpunet("runs", "delete", 2, 1, "--yes")
    assert (ran.code, ran.failure) == (
        2,
        "the run in runs/1-halves-4 is being trained; stop that before",
    )
    assert {one.name: one.running for one in package.runs()} == {
        "1-halves-4": True,
        "2-halves-8": False,
    }
    ran = gpunet("train", "--resume", 1, "--epochs", 5, "--device", "cpu", "-q")
    assert (ran.code, "is being trained by another process" in ran.failure) == (2, True)
    folder.release()
    assert gpunet("runs", "delete", 1, "--yes").code == 0


@pytest.mark.usefixtures("two")
def test_commands_without_a_model_take_that_of_the_newest_run(
    gpunet: RunCommand, halves: Path
) -> None:
    named = gpunet("evaluate", "2", "--device", "cpu", "--json")
    ran = gpunet("evaluate", "--device", "cpu", "--json")
    assert (ran.code, ran.out, named.err) == (0, named.out, "")
    assert ran.err == "note: runs/2-halves-8/best.safetensors, the model of the newest run\n"
    for words in ([], ["1"]):
        told = " ".join(gpunet("evaluate", *words, "--device", "cpu").out.split())
        assert f"gpunet {' '.join(['showcase', *words])} --wrong" in told
    for command in (("show",), ("showcase",), ("export", "page.html"), ("predict", "rows.npy")):
        if command[0] == "predict":
            import numpy as np

            np.save("rows.npy", np.load(halves)["x_test"][:3])
        ran = gpunet(*command)
        assert (ran.code, "the model of the newest run" in ran.err) == (0, True), command
    assert package.load().network.hidden == (8,)
    assert package.load(1).network.hidden == (4,)


@pytest.mark.usefixtures("two")
def test_the_newest_run_goes_on_where_none_is_named(gpunet: RunCommand) -> None:
    assert gpunet("train", "--resume", "--epochs", 5, "--device", "cpu", "-q").code == 0
    assert [(one.name, one.epochs) for one in package.runs()] == [
        ("2-halves-8", 5),
        ("1-halves-4", 3),
    ]


def test_where_no_run_is_kept_a_model_must_be_named(gpunet: RunCommand) -> None:
    ran = gpunet("evaluate")
    assert ran.code == 1
    assert "no run is kept in runs; start one with `gpunet train`" in ran.failure


def test_a_run_that_fails_before_its_first_step_leaves_no_folder(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise package.DeviceError("the device is not there; try another")

    monkeypatch.setattr("gpunet.workflows.training.training_engine", failing)
    assert gpunet("train", "--data", halves, *FAST).code == 1
    assert not Path("runs").exists()


def test_a_run_that_fails_later_is_kept_with_what_it_has_and_says_why(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise package.DataError("something is wrong")

    monkeypatch.setattr("gpunet.workflows.run_folders.Recorder.on_train_end", failing)
    assert gpunet("train", "--data", halves, *FAST).code == 1
    assert "failed: something is wrong" in Path("runs/1-halves-16-16/log").read_text("utf-8")
    (run,) = package.runs()
    assert (run.running, run.stop_reason, run.test_accuracy) == (False, "epochs", None)


@pytest.mark.filterwarnings("ignore:training diverged")
def test_a_run_without_weights_has_no_scores_of_those_that_it_began_with(halves: Path) -> None:
    wild: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 1e30, "epochs": 2}
    package.train(str(halves), device="cpu", verbose=False, name="wild", **wild)
    (run,) = package.runs()
    assert (run.stop_reason, run.best_epoch) == ("diverged", 0)
    assert (run.val_accuracy, run.test_accuracy) == (None, None)


def test_numbers_are_never_given_twice() -> None:
    Path("runs/7-old").mkdir(parents=True)
    Path("runs/2030-05-17_14-03-59_16").mkdir()
    Path("runs/notes.txt").touch()
    assert claim("new") == Path("runs/2031-new")
    assert claim("new") == Path("runs/2032-new")


def test_the_settings_of_a_run_train_it_again(gpunet: RunCommand, halves: Path) -> None:
    Path("own.npz").write_bytes(halves.read_bytes())
    assert gpunet("train", "--data", "own.npz", *FAST, "--hidden", 4).code == 0
    again = ("train", "--config", "runs/1-own-4/settings.toml", "-q")
    assert gpunet(*again).code == 0
    one, other = (package.load(number).parameters for number in (1, 2))
    assert one.tobytes() == other.tobytes()
    known = json.loads(Path("runs/1-own-4/environment.json").read_text("utf-8"))
    assert known["gpunet"] == package.__version__
    assert known["device"]["backend"] == "numpy"
    assert {"python", "numpy", "wgpu", "system", "machine", "command"} <= known.keys()


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("name", [".", "", "runs", "./runs", "x" * 300])
def test_the_folder_of_all_runs_is_no_run(gpunet: RunCommand, name: str) -> None:
    Path("runs/best.safetensors").mkdir()  # as a run may be called
    ran = gpunet("runs", "delete", name, "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert "there is no run" in ran.failure
    assert len(package.runs()) == 2


@pytest.mark.usefixtures("two")
def test_what_others_have_put_into_the_folder_of_a_run_stays(gpunet: RunCommand) -> None:
    Path("runs/1-halves-4/notes.txt").write_text("mine")
    ran = gpunet("runs", "delete", 1, "--yes")
    assert ran.code == 0
    assert ran.err == "note: the folder runs/1-halves-4 stays, for other files are in it\n"
    assert [path.name for path in Path("runs/1-halves-4").iterdir()] == ["notes.txt"]
    assert [one.name for one in package.runs()] == ["2-halves-8"]


@pytest.mark.parametrize("command", ["evaluate", "show", "watch", "replay", "runs", "export"])
def test_a_name_that_is_too_long_for_a_file_names_nothing(
    gpunet: RunCommand, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = gpunet(command, "x" * 300, *(["page.html"] if command == "export" else []))
    assert ran.code == 2
    assert "there is no run xxx" in ran.failure
    ran = gpunet("train", "--data", "strokes:300+100", "-q", "--name", "x" * 300)
    assert (ran.code, "can name no run" in ran.failure) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_run_called_new_or_a_file_called_runs_stops_no_other(
    gpunet: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small = ("train", "--data", "strokes:300+100", "--epochs", 1, "--device", "cpu", "-q")
    assert gpunet(*small, "--name", "new").code == 0
    assert gpunet(*small).code == 0
    Path("elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    Path("runs").write_text("mine")
    ran = gpunet(*small)
    assert (ran.code, ran.out) == (1, "")
    assert ran.failure.endswith(
        "runs is no folder; choose another folder by --run-dir, or keep none by --no-keep "
        "--output FILE"
    )
    assert gpunet(*small, "--no-keep", "--output", "m.safetensors").code == 0


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("reason", "state"), [("early stopping", "early stop"), ("time limit reached", "time limit")]
)
def test_the_list_tells_at_80_columns_in_whole_words_how_a_run_ended(
    gpunet: RunCommand, reason: str, state: str
) -> None:
    report = Path("runs/2-halves-8/report.json")
    report.write_text(report.read_text("utf-8").replace('"epochs",', f'"{reason}",'), "utf-8")
    latest = gpunet("runs").out.splitlines()[2]
    assert f" {state} " in latest


@pytest.mark.usefixtures("two")
def test_a_run_that_was_cut_off_says_so_and_how_to_go_on(gpunet: RunCommand) -> None:
    log = Path("runs/2-halves-8/metrics.jsonl")
    Path("runs/2-halves-8/report.json").unlink()
    log.write_text(log.read_text("utf-8").rpartition('{"event":"end"')[0], "utf-8")
    latest, first = gpunet("runs").out.splitlines()[2:4]
    assert " unfinished " in latest
    assert " all epochs " in first
    shown = gpunet("runs", "show", 2).out
    assert ["ended", "killed", "or", "crashed"] in [line.split() for line in shown.splitlines()]
    assert shown.endswith("\n`gpunet train --resume 2-halves-8` goes on with it\n")
    assert "goes on" not in gpunet("runs", "show", 1).out


def test_the_validation_of_an_ensemble_is_that_of_the_weights_that_it_keeps(
    gpunet: RunCommand,
) -> None:
    options = ("--ensemble", 3, "--lr", 0.05, "--epochs", 8, "--device", "cpu", "--name", "own")
    ran = gpunet("train", "strokes:300+100", *options)
    report = json.loads(Path("runs/own/report.json").read_text("utf-8"))
    assert [one["best_epoch"] for one in report["networks"]] == [8, 5, 8]
    (run,) = package.runs()
    assert run.val_loss == report["validation"]["loss"]
    assert run.val_loss < report["history"][run.best_epoch - 1]["val_loss"]
    assert f"by each network's val loss, {run.val_loss:.4f} on average" in " ".join(ran.out.split())
    del report["validation"]
    Path("runs/own/report.json").write_text(json.dumps(report), "utf-8")
    assert package.runs()[0].val_loss is None


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("columns", "last"),
    [(20, "val acc"), (40, "test acc"), (60, "epochs"), (80, "loss"), (200, "val loss")],
)
def test_a_wider_list_of_runs_tells_more_and_no_name_is_cut(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch, columns: int, last: str
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    head, rule, *rows = gpunet("runs").out.splitlines()[:4]
    assert head.endswith(last)
    assert [row.split()[0] for row in rows] == ["2-halves-8", "1-halves-4"]
    assert len(rule) <= columns


@pytest.mark.usefixtures("two")
def test_what_has_no_effect_is_no_setting_of_a_run(gpunet: RunCommand) -> None:
    assert "lr_decay_every" not in gpunet("runs", "show", 2).out


def test_a_run_that_was_killed_before_it_began_is_told_and_removed(gpunet: RunCommand) -> None:
    folder = RunFolder(claim("halves-4"))
    folder.hold(anew=True)
    assert "1-halves-4 has not begun to train; wait a moment" in gpunet("runs").err
    folder.release()
    ran = gpunet("runs")
    assert "1-halves-4 has not begun to train; `gpunet runs delete 1-halves-4` removes it" in (
        " ".join(ran.err.split())
    )
    assert gpunet("runs", "delete", "1-halves-4", "--yes").code == 0
    assert list(Path("runs").iterdir()) == []


def test_a_run_that_another_process_has_trained_meanwhile_is_not_overwritten() -> None:
    first, second = RunFolder(Path("one")), RunFolder(Path("one"))
    second.require_free()
    first.hold(anew=True)
    with pytest.raises(package.UsageError, match="is being trained by another process"):
        second.hold(anew=True)
    first.metrics.write_bytes(b"{}")
    first.last.touch()
    first.release()
    with pytest.raises(package.UsageError, match="one holds a run already"):
        second.hold(anew=True)
    assert (first.metrics.read_bytes(), first.is_running) == (b"{}", False)


@pytest.mark.usefixtures("two")
def test_a_link_to_a_run_is_not_removed_nor_what_it_leads_to(gpunet: RunCommand) -> None:
    Path("runs/1-halves-4").rename("elsewhere")
    Path("runs/1-linked").symlink_to(Path("../elsewhere"))
    ran = gpunet("runs", "delete", 1, "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert "runs/1-linked is a link to another folder; give that one" in ran.failure
    assert {one.name for one in package.runs()} == {"elsewhere", "2-halves-8"}
    assert len(list(Path("elsewhere").iterdir())) == len(list(Path("runs/2-halves-8").iterdir()))


@pytest.mark.usefixtures("two")
def test_a_folder_with_a_model_and_a_log_of_its_own_is_no_run(gpunet: RunCommand) -> None:
    mine = Path("mine")
    mine.mkdir()
    names = ("best.safetensors", "log", "report.json", "settings.toml")
    for name in names:
        (mine / name).write_bytes(Path("runs/1-halves-4", name).read_bytes())
    ran = gpunet("runs", "delete", "mine", "--yes")
    assert (ran.code, ran.failure.startswith("there is no run mine")) == (2, True)
    assert sorted(path.name for path in mine.iterdir()) == list(names)


@pytest.mark.usefixtures("two")
def test_of_a_run_only_its_own_files_are_removed(gpunet: RunCommand) -> None:
    run, kept = Path("runs/1-halves-4"), Path("kept.json")
    (run / "report.json").rename(kept)
    (run / "report.json").symlink_to(Path("../../kept.json"))
    (run / "curves.svg").unlink()
    (run / "curves.svg").mkdir()
    ran = gpunet("runs", "delete", 1, "--yes")
    assert (ran.code, "stays, for other files are in it" in ran.err) == (0, True)
    assert kept.exists()
    assert [path.name for path in run.iterdir()] == ["curves.svg"]


@pytest.mark.usefixtures("two")
def test_a_report_with_an_end_that_is_none_counts_as_damaged(gpunet: RunCommand) -> None:
    path = Path("runs/1-halves-4/report.json")
    report = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(report | {"stop_reason": "boredom"}), "utf-8")
    ran = gpunet("runs", "show", 1)
    assert (ran.code, "all epochs done" in ran.out) == (0, True)
    assert package.runs()[-1].test_accuracy is None
