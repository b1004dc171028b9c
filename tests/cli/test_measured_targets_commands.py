"""What the command line shows and writes of measured targets, and of several labels a sample."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import gpunet as package
from gpunet.terminal.draw import formats

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

FAST = ("--device", "cpu", "--hidden", "8", "--epochs", "40", "--seed", "1")


def write_houses(targets: int = 1, rows: int = 300) -> None:
    """Houses whose prices depend on two measures; further targets are whole numbers of them."""
    draws = np.random.default_rng(0)
    size, age = draws.uniform(40, 200, rows), draws.uniform(0, 90, rows)
    price = 2000 * size - 500 * age + draws.normal(0, 9000, rows)
    columns = [size, age, *(price / (at + 1) for at in range(targets))]
    titles = ["size", "age", "price", "rent", "tax"][: len(columns)]
    with Path("houses.csv").open("w", newline="") as file:
        csv.writer(file).writerows([titles, *np.round(np.stack(columns, axis=1), 2).tolist()])


def write_tags(rows: int = 300) -> None:
    """Rows of two numbers, and two labels that are each there if one of them is above zero."""
    features = np.random.default_rng(0).normal(size=(rows, 2))
    labels = (features > 0).astype(int)
    with Path("tags.csv").open("w", newline="") as file:
        lines = [[*row, *own] for row, own in zip(features.round(3), labels, strict=True)]
        csv.writer(file).writerows([["a", "b", "red", "green"], *lines])


@pytest.fixture
def model(gpunet: RunCommand) -> package.Model:
    write_houses()
    options = ("--label", "price", *FAST, "--output", "m")
    assert gpunet("train", "--data", "houses.csv", *options, "--report", "r.json").code == 0
    return package.load("m")


def test_a_training_tells_r2_and_the_errors_and_draws_the_predictions(gpunet: RunCommand) -> None:
    write_houses()
    ran = gpunet("train", "--data", "houses.csv", "--label", "price", *FAST, "--report", "r.json")
    report = json.loads(Path("r.json").read_text())
    assert (ran.code, "acc" in ran.out) == (0, False)
    first = next(line for line in ran.out.splitlines() if line.startswith("epoch  1/40"))
    assert [f"{report['history'][0][name]:.4f}" for name in ("train_r2", "val_r2")] == [
        first.split()[3],
        first.split()[5],
    ]
    assert f"test R2        {report['test']['r2']:.4f}, RMSE " in ran.out
    assert "price • predicted by true value ╍ no error" in ran.out
    assert "sample" in ran.out


def test_a_report_has_r2_and_no_accuracies_and_the_predictions(model: package.Model) -> None:
    report = json.loads(Path("r.json").read_text())
    assert list(report["test"]) == ["loss", "r2", "rmse", "mae"]
    assert not any("accuracy" in name for name in report["history"][0])
    assert report["networks"][0]["test"] == report["test"]
    compared = report["comparison"]
    assert compared["names"] == ["price"]
    assert (
        len(compared["targets"])
        == len(compared["predictions"])
        == report["dataset"]["counts"]["test"]
    )
    errors = np.array(compared["targets"]) - compared["predictions"]
    assert report["test"]["mae"] == pytest.approx(np.abs(errors).mean())


def test_a_quiet_training_tells_r2_in_one_line(gpunet: RunCommand) -> None:
    write_houses(2)
    ran = gpunet("train", "--data", "houses.csv", "--label", "price,rent", *FAST, "-q", "--no-keep")
    test = package.load("model.safetensors").test
    assert ran.out.startswith(f"test R2 {test.r2:.4f}, RMSE ")


def test_a_run_that_learned_nothing_is_compared_with_the_mean(gpunet: RunCommand) -> None:
    write_houses()
    options = ("--device", "cpu", "--epochs", "1", "--lr", "1e-6", "-q")
    ran = gpunet("train", "--data", "houses.csv", "--label", "price", *options)
    assert "the network is no better than the mean: its test R2 is -" in ran.err
    assert "gives 0; try --lr 1e-07, or find a rate by `gpunet find-lr`" in ran.err


def test_an_evaluation_tells_every_target_and_the_worst_predictions(gpunet: RunCommand) -> None:
    write_houses(2)
    options = ("--label", "price,rent", *FAST, "--ensemble", "2", "--output", "m", "-q")
    assert gpunet("train", "--data", "houses.csv", *options).code == 0
    told = gpunet("evaluate", "m", "--device", "cpu").out
    content = json.loads(gpunet("evaluate", "m", "--device", "cpu", "--json").out)
    assert [one["name"] for one in content["targets"]] == ["price", "rent"]
    assert content["r2"] == pytest.approx(np.mean([one["r2"] for one in content["targets"]]))
    assert content["rmse"] == pytest.approx(np.mean([one["rmse"] for one in content["targets"]]))
    assert "accuracy" not in content
    losses = [one["loss"] for one in content["worst"]]
    assert sorted(losses, reverse=True) == losses
    assert len(losses) == 10
    test = package.load("m").test
    assert f"RMSE {formats.measured(test.rmse)} ± " in " ".join(told.split())
    assert len(told.partition(" ± ")[2].split()[0]) <= len(formats.measured(test.rmse))
    for line in ("network ", "together ", "target ", "price ", "rent ", "mean ", "sample "):
        assert any(one.startswith(line) for one in told.splitlines()), line


def test_samples_are_shown_with_their_values(gpunet: RunCommand, model: package.Model) -> None:
    told = gpunet("showcase", "m", "--top-losses", "-n", "3", "--device", "cpu").out
    assert "the largest 3 of 50 losses" in told
    worst = json.loads(gpunet("evaluate", "m", "--device", "cpu", "--json").out)["worst"]
    *shown, blank, _ = told.splitlines()
    rows = [line.split()[0] for line in shown[-3:]]
    assert blank == ""
    assert rows == [str(one["row"]) for one in worst[:3]]


def test_the_wrong_ones_of_measured_targets_are_refused_before_data_are_read(
    gpunet: RunCommand, model: package.Model
) -> None:
    Path("houses.csv").unlink()
    refused = gpunet("showcase", "m", "--wrong", "--device", "cpu")
    assert (refused.code, refused.out) == (2, "")
    assert "predicts measured targets (price); give --top-losses" in refused.failure


def test_a_plot_shows_the_predictions(gpunet: RunCommand, model: package.Model) -> None:
    pytest.importorskip("matplotlib")
    assert gpunet("plot", "r.json", "--output", "run.svg").code == 0
    assert gpunet("showcase", "m", "--plot", "all.svg", "--device", "cpu").code == 0
    for path in ("run.svg", "all.svg"):
        assert "<!-- price, predicted -->" in Path(path).read_text("utf-8")


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl", "submission"])
def test_answers_are_values_and_no_probabilities(
    gpunet: RunCommand, model: package.Model, kind: str
) -> None:
    Path("new.csv").write_text("size,age\n100,10\n150,3\n")
    expected = model.predict([[100.0, 10.0], [150.0, 3.0]])
    text = gpunet("predict", "m", "new.csv", "--format", kind).out
    if kind in ("json", "jsonl"):
        found = json.loads(text if kind == "json" else f"[{','.join(text.splitlines())}]")
        assert [list(one) for one in found] == [["row", "prediction"]] * 2
        assert [one["prediction"] for one in found] == expected.tolist()
        return
    first, *rows = csv.reader(io.StringIO(text))
    assert first == ["id" if kind == "submission" else "row", "price"]
    assert [float(row[1]) for row in rows] == pytest.approx(expected.tolist(), rel=1e-8)


def test_several_targets_have_a_column_each(gpunet: RunCommand) -> None:
    write_houses(2)
    options = ("--label", "price,rent", *FAST, "--output", "m", "-q")
    assert gpunet("train", "--data", "houses.csv", *options).code == 0
    Path("new.csv").write_text("size,age\n100,10\n")
    assert gpunet("predict", "m", "new.csv").out.splitlines()[0] == "row,price,rent"
    (found,) = json.loads(gpunet("predict", "m", "new.csv", "--json").out)
    assert list(found["prediction"]) == ["price", "rent"]
    assert (
        list(found["prediction"].values()) == package.load("m").predict([[100.0, 10.0]])[0].tolist()
    )


def test_probabilities_are_refused_in_one_sentence(model: package.Model) -> None:
    with pytest.raises(package.ModelError) as refusal:
        model.predict_proba([[100.0, 10.0]])
    told = "the model predicts measured targets (price), which have no probabilities; call predict"
    assert str(refusal.value) == told


def test_a_card_and_a_list_of_runs_tell_r2(gpunet: RunCommand) -> None:
    write_houses()
    options = ("--data", "houses.csv", "--label", "price", *FAST, "-q", "--name", "one")
    assert gpunet("train", *options).code == 0
    card = gpunet("show", "one").out
    assert all(name in card for name in ("R2 ", "RMSE ", "MAE ", "targets "))
    assert "accuracy" not in card
    assert "val R2  test R2" in gpunet("runs").out
    (run,) = json.loads(gpunet("runs", "--json").out)
    assert {"val_r2", "test_r2"} <= run.keys()
    assert not {"val_accuracy", "test_accuracy", "measured"} & run.keys()
    best = json.loads(
        gpunet("evaluate", "runs/one/best.safetensors", "--device", "cpu", "--json").out
    )
    assert best["r2"] == pytest.approx(run["test_r2"])


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("--monitor", "val_accuracy"), "wanted val_loss or val_r2"),
        (("--target-accuracy", "0.9"), "which have none; leave it out, or stop by --patience"),
        (("--label-smoothing", "0.1"), "has measured targets; leave it out"),
    ],
)
def test_what_is_about_classes_is_refused(
    gpunet: RunCommand, option: tuple[str, str], told: str
) -> None:
    write_houses()
    ran = gpunet("train", "--data", "houses.csv", "--label", "price", *FAST, *option, "-q")
    assert ran.code == 2
    refusal = ran.err.splitlines()[-1]
    assert refusal.startswith(f"error: {option[0]} ")
    assert told in refusal


def test_r2_can_decide_which_epoch_is_kept(gpunet: RunCommand) -> None:
    write_houses()
    options = ("--monitor", "val_r2", "--report", "r.json")
    ran = gpunet("train", "--data", "houses.csv", "--label", "price", *FAST, *options)
    report = json.loads(Path("r.json").read_text())
    best = report["history"][report["best_epoch"] - 1]["val_r2"]
    assert best == max(record["val_r2"] for record in report["history"])
    assert f"by its val R2, {best:.4f}" in ran.out


def test_a_search_keeps_how_targets_were_scaled(gpunet: RunCommand) -> None:
    pytest.importorskip("optuna")
    write_houses()
    options = ("--epochs", "2", "--trials", "2", "--device", "cpu", "--study", "one")
    ran = gpunet("tune", "--data", "houses.csv", "--label", "price", *options)
    assert ran.code == 0
    assert "label-smoothing is left out, as targets are measured" in ran.out
    model = package.load("model.safetensors")
    assert model.target_scaling is not None
    assert model.target_scaling.mean[0] > 10_000
    assert ["test", "R2", f"{model.test.r2:.4f}"] in [line.split() for line in ran.out.splitlines()]


def test_labels_are_shown_by_their_names(gpunet: RunCommand) -> None:
    write_tags()
    options = ("--label", "red,green", *FAST, "--epochs", "200", "--output", "m")
    ran = gpunet("train", "--data", "tags.csv", *options)
    assert ran.code == 0
    assert any(line.split()[1:3] == ["green", "green"] for line in ran.out.splitlines())
    assert any(line.startswith("label  precision") for line in ran.out.splitlines())
    content = json.loads(gpunet("evaluate", "m", "--device", "cpu", "--json").out)
    assert [one["name"] for one in content["labels"]] == ["red", "green"]
    assert content["accuracy"] > 0.8
    Path("new.csv").write_text("a,b\n2,-2\n-2,-2\n")
    first, *rows = gpunet("predict", "m", "new.csv").out.splitlines()
    assert first == "row,red,green,red probability,green probability"
    assert [row.split(",")[1:3] for row in rows] == [["1", "0"], ["0", "0"]]
    lines = gpunet("predict", "m", "new.csv", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["prediction"] for line in lines] == [["red"], []]
    submitted = gpunet("predict", "m", "new.csv", "--format", "submission").out
    assert submitted == "id,red,green\n1,1,0\n2,0,0\n"
    wrong = gpunet("showcase", "m", "--wrong", "--device", "cpu")
    assert wrong.code == 0


def test_a_run_without_r2_comes_after_one_whose_r2_is_below_0(gpunet: RunCommand) -> None:
    draws = np.random.default_rng(0)
    noise = draws.normal(size=(60, 3)), draws.normal(size=60)
    told: dict[str, Any] = {"epochs": 2, "device": "cpu", "verbose": False, "learning_rate": 0.1}
    package.train(noise, run_dir="runs/a", validation=0, **told)
    package.train(noise, run_dir="runs/b", validation=20, **told)
    runs = json.loads(gpunet("runs", "--json").out)
    assert [(one["name"], one["val_r2"] is None) for one in runs] == [("b", False), ("a", True)]
    assert runs[0]["val_r2"] < 0


def test_json_of_a_prediction_beyond_all_numbers_is_strict(
    gpunet: RunCommand, model: package.Model
) -> None:
    replace(model, parameters=model.parameters * np.float32(1e6)).save("far")
    Path("rows.csv").write_text("size,age\n50,20\n1e38,1e38\n")
    ran = gpunet("predict", "far", "rows.csv", "--format", "jsonl", "--output", "a.jsonl")
    assert ran.code == 0
    near, far = (json.loads(line) for line in Path("a.jsonl").read_text().splitlines())
    assert (near["prediction"] is None, far["prediction"]) == (False, None)


def test_samples_with_labels_have_a_wrong_label_not_another_class(gpunet: RunCommand) -> None:
    write_tags(60)
    options = ("--label", "red,green", *FAST[:4], "--epochs", "1", "--output", "m", "-q")
    assert gpunet("train", "tags.csv", *options).code == 0
    told = gpunet("showcase", "m", "--wrong", "--device", "cpu").out
    assert "with a wrong label" in told
    assert "another class" not in told
