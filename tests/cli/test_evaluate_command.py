"""``gpunet evaluate`` and ``gpunet showcase``: a model on labeled samples."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.cli.conftest import summary_rows

from gpunet.artifacts import model_file
from gpunet.terminal.draw import formats

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand


def test_evaluate_repeats_what_training_found(gpunet: RunCommand, trained: Path) -> None:
    ran = gpunet("evaluate", trained, "--device", "cpu", "--json")
    assert (ran.code, ran.err) == (0, "")
    content = json.loads(ran.out)
    test = model_file.load(trained).test
    assert test.loss == pytest.approx(content["loss"])
    assert test.accuracy == content["accuracy"]
    assert 40 == content["samples"] == np.sum(content["confusion_matrix"])
    assert [entry["name"] for entry in content["classes"]] == ["0", "1"]
    assert {"name", "precision", "recall", "f1", "support"} == set(content["classes"][0])


def test_evaluate_prints_the_figures_of_every_class(gpunet: RunCommand, trained: Path) -> None:
    ran = gpunet("evaluate", trained, "--device", "cpu")
    assert (ran.code, ran.err) == (0, "")
    for words in ("accuracy", "loss", "precision", "recall", "F1", "columns: prediction"):
        assert words in ran.out


def test_other_data_than_those_trained_on_can_be_named(
    gpunet: RunCommand, trained: Path, halves: Path, tmp_path: Path
) -> None:
    arrays = dict(np.load(halves))
    arrays["y_test"] = 1 - arrays["y_test"]
    np.savez(tmp_path / "swapped.npz", **arrays)
    straight = json.loads(gpunet("evaluate", trained, "--device", "cpu", "--json").out)
    swapped = gpunet(
        "evaluate", trained, "--device", "cpu", "--json", "--data", tmp_path / "swapped.npz"
    )
    assert swapped.err == ""
    assert pytest.approx(straight["accuracy"] + json.loads(swapped.out)["accuracy"]) == 1


def test_a_change_of_the_data_since_training_is_noted(
    gpunet: RunCommand, halves: Path, tmp_path: Path
) -> None:
    shutil.copy(halves, tmp_path / "data.npz")
    model = tmp_path / "model"
    options = ("--device", "cpu", "--hidden", "none", "--epochs", "1", "--output", model, "-q")
    assert gpunet("train", "--data", tmp_path / "data.npz", *options).code == 0
    arrays = dict(np.load(halves))
    arrays["x_test"] = arrays["x_test"][::-1]
    np.savez(tmp_path / "data.npz", **arrays)
    ran = gpunet("evaluate", model, "--device", "cpu", "--json")
    assert (ran.code, ran.err) == (0, "note: data is no longer what the model was trained on\n")


@pytest.mark.parametrize(
    "reference", [None, "secret", "/etc/hostname", "./../../../../etc/hostname"]
)
def test_a_strangers_model_opens_no_file_of_its_choice(
    gpunet: RunCommand, trained: Path, monkeypatch: pytest.MonkeyPatch, reference: str | None
) -> None:
    model = model_file.load(trained)
    strange = dataclasses.replace(model.origin, reference=reference)
    monkeypatch.setattr(model_file, "portable", lambda told, folder: told)
    path = trained.with_name("strange.safetensors")
    model_file.save(dataclasses.replace(model, origin=strange), path)
    trained.with_name("secret").write_text("1,2\n")
    monkeypatch.chdir(trained.parent)
    ran = gpunet("evaluate", path, "--device", "cpu")
    assert ran.code == 1
    assert "the data 'halves' " in ran.failure
    assert "give them as --data" in ran.failure


def test_data_with_other_features_are_refused(
    gpunet: RunCommand, trained: Path, tmp_path: Path
) -> None:
    (tmp_path / "points.csv").write_text("0,1,2\n1,3,4\n" * 10, "utf-8")
    ran = gpunet("evaluate", trained, "--device", "cpu", "--data", tmp_path / "points.csv")
    assert ran.code == 1
    assert "points.csv has 3 columns, wanted 64 features, or 65 columns" in ran.failure


@pytest.mark.parametrize("command", ["evaluate", "showcase", "show"])
def test_an_empty_word_is_no_model(gpunet: RunCommand, command: str) -> None:
    ran = gpunet(command, "")
    assert (ran.code, ran.out) == (2, "")
    assert ran.failure.startswith("the model '' cannot be read: there is no such file")


@pytest.mark.parametrize("command", ["evaluate", "showcase"])
def test_a_file_that_is_no_model_is_refused(
    gpunet: RunCommand, tmp_path: Path, command: str
) -> None:
    (tmp_path / "model").write_bytes(b"no model")
    ran = gpunet(command, tmp_path / "model")
    assert (ran.code, ran.out) == (1, "")
    assert "is no sound model file: it does not follow the safetensors format; " in ran.failure


def test_showcase_shows_as_many_samples_as_asked_for(gpunet: RunCommand, trained: Path) -> None:
    ran = gpunet("showcase", trained, "--device", "cpu", "--count", "7")
    assert (ran.code, ran.err) == (0, "")
    assert "of 7 shown are right" in ran.out


def test_showcase_shows_the_rows_that_are_named(gpunet: RunCommand, trained: Path) -> None:
    assert "of 2 shown" in gpunet("showcase", trained, "--device", "cpu", "--index", "3,17").out


def test_showcase_shows_only_mistakes_if_asked_for(
    gpunet: RunCommand, trained: Path, halves: Path, tmp_path: Path
) -> None:
    arrays = dict(np.load(halves))
    arrays["y_test"][:3] = 1 - arrays["y_test"][:3]
    np.savez(tmp_path / "three.npz", **arrays)
    assert model_file.load(trained).test.accuracy == 1.0
    ran = gpunet(
        "showcase", trained, "--device", "cpu", "--data", tmp_path / "three.npz", "--wrong"
    )
    assert ran.out.splitlines()[-1] == "3 of 3 misclassified samples"


def test_evaluate_lists_what_is_confused_most(
    gpunet: RunCommand, trained: Path, halves: Path, tmp_path: Path
) -> None:
    arrays = dict(np.load(halves))
    ones = np.flatnonzero(arrays["y_test"])[:3]
    arrays["y_test"][ones] = 0
    np.savez(tmp_path / "three.npz", **arrays)
    options = ("--device", "cpu", "--data", tmp_path / "three.npz")
    content = json.loads(gpunet("evaluate", trained, *options, "--json").out)
    assert content["confused_pairs"] == [{"label": "0", "prediction": "1", "count": 3}]
    told = [line.split() for line in gpunet("evaluate", trained, *options).out.splitlines()]
    assert ["0", "1", "3", "13.04", "%"] in told


def test_showcase_shows_the_largest_losses_first(
    gpunet: RunCommand, trained: Path, halves: Path, tmp_path: Path
) -> None:
    arrays = dict(np.load(halves))
    arrays["y_test"][7] = 1 - arrays["y_test"][7]
    np.savez(tmp_path / "one.npz", **arrays)
    options = ("--device", "cpu", "--data", tmp_path / "one.npz", "--top-losses")
    ran = gpunet("showcase", trained, *options, "--count", "2")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("loss ") == 2
    assert ran.out.splitlines()[-1] == "the largest 2 of 40 losses"
    ran = gpunet("showcase", trained, *options, "--wrong")
    assert ran.out.splitlines()[-1] == "1 of 1 misclassified samples"


@pytest.mark.parametrize("choice", ["--wrong", "--top-losses"])
def test_named_rows_are_not_chosen_once_more(
    gpunet: RunCommand, trained: Path, choice: str
) -> None:
    ran = gpunet("showcase", trained, "--device", "cpu", "--index", "3", choice)
    assert ran.code == 2
    assert f"{choice} chooses" in ran.failure


def test_showcase_draws_the_weights_of_units(gpunet: RunCommand, trained: Path) -> None:
    ran = gpunet("showcase", trained, "--weights", "--count", "3")
    assert (ran.code, ran.err) == (0, "")
    assert "3 of 4 units" in ran.out


def test_weights_and_samples_are_not_asked_for_at_once(gpunet: RunCommand, trained: Path) -> None:
    ran = gpunet("showcase", trained, "--weights", "--top-losses")
    assert ran.code == 2
    assert "--top-losses is about samples" in ran.failure


def test_weights_of_a_model_of_measurements_make_no_pictures(
    gpunet: RunCommand, tmp_path: Path
) -> None:
    (tmp_path / "points.csv").write_text("0,1,2\n1,3,4\n" * 20, "utf-8")
    options = ("--data", tmp_path / "points.csv", "--device", "cpu", "--epochs", "1", "-q")
    model = tmp_path / "model"
    assert gpunet("train", *options, "--validation", "4", "--output", model).code == 0
    ran = gpunet("showcase", model, "--weights")
    assert ran.code == 1
    assert "no images" in ran.failure


def test_showcase_says_so_if_there_is_no_mistake(gpunet: RunCommand, trained: Path) -> None:
    ran = gpunet("showcase", trained, "--device", "cpu", "--wrong")
    assert (ran.code, ran.err) == (0, "")
    assert "no test sample is misclassified" in ran.out


@pytest.mark.parametrize(
    ("index", "message"),
    [("3,x", "'x' is no row"), ("40", "beyond the 40 test samples"), ("", "''")],
)
def test_rows_that_cannot_be_are_refused(
    gpunet: RunCommand, trained: Path, index: str, message: str
) -> None:
    ran = gpunet("showcase", trained, "--device", "cpu", "--index", index)
    assert ran.code == 2
    assert message in ran.failure


def test_evaluate_tells_recall_precision_and_support_of_each_class_apart(
    gpunet: RunCommand, trained: Path, halves: Path, tmp_path: Path
) -> None:
    arrays = dict(np.load(halves))
    ones = np.flatnonzero(arrays["y_test"])[:5]
    arrays["y_test"][ones] = 0
    np.savez(tmp_path / "five.npz", **arrays)
    options = ("--device", "cpu", "--data", tmp_path / "five.npz")
    zero, one = json.loads(gpunet("evaluate", trained, *options, "--json").out)["classes"]
    assert (zero["precision"], zero["recall"], zero["support"]) == (1.0, 0.8, 25)
    assert (one["precision"], one["recall"], one["support"]) == (0.75, 1.0, 15)
    assert zero["f1"] == pytest.approx(2 * 0.8 / 1.8)
    rows = [
        " ".join(line.split()) for line in gpunet("evaluate", trained, *options).out.split("\n")
    ]
    assert "0 100.00 % 80.00 % 88.89 % 25" in rows
    assert "1 75.00 % 100.00 % 85.71 % 15" in rows


def test_showcase_counts_what_is_right_among_the_rows_that_are_shown(
    gpunet: RunCommand, trained: Path, halves: Path, tmp_path: Path
) -> None:
    arrays = dict(np.load(halves))
    arrays["y_test"][[3, 5]] = 1 - arrays["y_test"][[3, 5]]
    np.savez(tmp_path / "two.npz", **arrays)
    command = ("showcase", trained, "--device", "cpu", "--data", tmp_path / "two.npz")
    ran = gpunet(*command, "--index", "3,39,0")
    assert ran.out.splitlines()[-1] == "2 of 3 shown are right"
    ran = gpunet(*command, "--wrong", "--count", "1")
    assert ran.out.splitlines()[-1] == "1 of 2 misclassified samples"
    draws = [gpunet(*command, "--count", "10", "--seed", seed).out for seed in (0, 0, 1)]
    assert draws[0] == draws[1]
    assert draws[0] != draws[2]


def test_json_lists_the_most_frequent_confusions_and_the_matrix_all(
    gpunet: RunCommand, tmp_path: Path
) -> None:
    model = tmp_path / "model.safetensors"
    data = ("--data", "strokes:100+100", "--device", "cpu")
    assert gpunet("train", *data, "--epochs", "1", "--output", model, "--quiet").code == 0
    content = json.loads(gpunet("evaluate", model, *data, "--json").out)
    matrix = np.array(content["confusion_matrix"])
    np.fill_diagonal(matrix, 0)
    counts = sorted(matrix[matrix > 0].tolist(), reverse=True)
    assert len(counts) > 20
    assert [pair["count"] for pair in content["confused_pairs"]] == counts[:20]


def test_what_evaluate_prints_is_what_its_json_holds(
    gpunet: RunCommand, trained: Path, uneven: Path
) -> None:
    options = ("evaluate", trained, "--device", "cpu", "--data", uneven)
    content, out = json.loads(gpunet(*options, "--json").out), gpunet(*options).out
    rows = summary_rows(out)
    assert (rows["accuracy"], rows["loss"], rows["samples"]) == (
        *(f"{formats.percent(content['accuracy'])} ± 8.64", formats.loss(content["loss"]), "40"),
    )
    lines = [line.split() for line in out.splitlines()]
    for one in content["classes"]:
        told = " ".join(formats.percent(one[name]) for name in ("precision", "recall", "f1"))
        assert [one["name"], *told.split(), str(one["support"])] in lines
    assert content["confusion_matrix"] == [[20, 3], [0, 17]]
    place = lines.index(["0", "20", "3"])
    assert lines[place + 1] == ["1", "\N{EN DASH}", "17"]
