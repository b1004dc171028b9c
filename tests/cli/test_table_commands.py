"""Tables from end to end: training on a CSV file, measuring and answering other ones."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from PIL import Image
from tests.datasets.tables.writing import write_frame

from gpunet.artifacts import model_file
from gpunet.datasets.catalog import open_dataset
from gpunet.datasets.tables import text_rows

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

FAST = ("--device", "cpu", "--epochs", "60", "--quiet")


def flowers(count: int = 90, seed: int = 0) -> list[dict[str, object]]:
    """Rows whose kind follows from a and b, and with a size that follows from nothing."""
    draws = np.random.default_rng(seed)
    kinds = [
        ("Hordeum vulgare distichon", "Triticum aestivum spelta", "rye")[i % 3]
        for i in range(count)
    ]
    return [
        {
            "a": f"{3 * (kind == 'rye') + draws.random():.3f}",
            "size": draws.integers(3),
            "b": f"{3 * kind.startswith('T') + draws.random():.3f}",
            "kind of plant": kind,
        }
        for kind in kinds
    ]


def write(name: str, rows: list[dict[str, object]], titles: list[str]) -> Path:
    with Path(name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, titles, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return Path(name)


TITLES = ["a", "size", "b", "kind of plant"]


@pytest.fixture
def model(gpunet: RunCommand, tmp_path: Path) -> Path:
    """A model of the flowers."""
    write("flowers.csv", flowers(), TITLES)
    assert gpunet("train", "--data", "flowers.csv", *FAST, "--output", "model").code == 0
    return tmp_path / "model"


def answered(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_predict_answers_every_row_as_csv(gpunet: RunCommand, model: Path) -> None:
    new = flowers(30, seed=1)
    write("new.csv", new, ["b", "size", "a"])
    ran = gpunet("predict", model, "new.csv")
    assert ran.code == 0
    assert all(line.startswith("note: ") for line in ran.err.splitlines())
    answers = answered(ran.out)
    assert [str(row) for row in range(1, 31)] == [answer["row"] for answer in answers]
    right = [
        row["kind of plant"] == one["prediction"] for row, one in zip(new, answers, strict=True)
    ]
    assert np.mean(right) == 1
    classes = model_file.load(model).classes
    assert list(answers[0]) == ["row", "prediction", *classes]
    for answer in answers:
        shares = {name: float(answer[name]) for name in classes}
        assert pytest.approx(sum(shares.values()), abs=1e-5) == 1
        assert max(shares, key=shares.__getitem__) == answer["prediction"]


def test_the_label_of_rows_is_left_out_and_their_numbers_kept(
    gpunet: RunCommand, model: Path
) -> None:
    new = [{"Id": 100 + row, **cells, "more": "x"} for row, cells in enumerate(flowers(9, seed=1))]
    write("bare.csv", new, ["a", "size", "b"])
    write("whole.csv", new, ["Id", "kind of plant", "more", *TITLES[:3]])
    bare, whole = (
        answered(gpunet("predict", model, name).out) for name in ("bare.csv", "whole.csv")
    )
    assert [str(100 + row) for row in range(9)] == [answer["Id"] for answer in whole]
    for one, other in zip(bare, whole, strict=True):
        assert list(one.values())[1:] == list(other.values())[1:]


def test_json_holds_every_probability_of_a_row(gpunet: RunCommand, model: Path) -> None:
    write("new.csv", flowers(5, seed=1), TITLES[:3])
    answers = json.loads(gpunet("predict", model, "new.csv", "--json").out)
    assert [answer["row"] for answer in answers] == [1, 2, 3, 4, 5]
    for answer in answers:
        shares = answer["probabilities"]
        assert pytest.approx(sum(shares.values()), abs=1e-5) == 1
        assert max(shares, key=shares.get) == answer["prediction"]
    assert set(model_file.load(model).classes) == set(answers[0]["probabilities"])


def test_rows_can_come_from_the_standard_input(gpunet: RunCommand, model: Path) -> None:
    write("new.csv", flowers(5, seed=1), TITLES[:3])
    expected = gpunet("predict", model, "new.csv").out
    command = [sys.executable, "-m", "gpunet", "predict", str(model), "-"]
    with Path("new.csv").open("rb") as rows:
        done = subprocess.run(command, stdin=rows, capture_output=True, text=True, check=False)
    assert (0, "", expected) == (done.returncode, done.stderr, done.stdout)


def test_a_model_behind_the_data_is_told_to_stand_first(gpunet: RunCommand, model: Path) -> None:
    write("new.csv", [{"a": 1}], ["a"])
    ran = gpunet("predict", "new.csv", str(model))
    assert (ran.code, "which stands before the data; name it first" in ran.err) == (2, True)


@pytest.mark.parametrize(
    "command", ["train", "tune", "find-lr", "profile", "explain", "tune-kernels"]
)
def test_data_are_named_by_a_word_or_an_option(command: str, gpunet: RunCommand) -> None:
    twice = gpunet(command, "houses.csv", "--data", "new.csv")
    assert (twice.code, "both name the data; give one of them" in twice.err) == (2, True)
    missing = gpunet(command, "nowhere.csv")
    assert (missing.code, "'nowhere.csv' is neither a dataset" in missing.err) == (2, True)


def test_rows_that_lack_a_column_are_refused_with_its_name(gpunet: RunCommand, model: Path) -> None:
    write("new.csv", flowers(5), ["a", "b"])
    ran = gpunet("predict", model, "new.csv")
    assert (ran.code, ran.out) == (1, "")
    assert "new.csv lacks 1 of 3 columns that were trained on, 'size'" in ran.failure


def test_an_image_is_no_row_and_a_row_no_image(
    gpunet: RunCommand, model: Path, trained: Path
) -> None:
    Image.new("L", (8, 8)).save("image.png")
    write("new.csv", flowers(5), TITLES[:3])
    ran = gpunet("predict", model, "image.png")
    assert (ran.code, ran.out) == (1, "")
    assert "whose samples are no images, but image.png is no table of rows" in ran.failure
    ran = gpunet("predict", trained, "new.csv")
    assert (ran.code, ran.out) == (1, "")
    assert "new.csv has 3 columns, wanted 64 features" in ran.failure
    assert gpunet("predict", trained, "image.png", "new.csv").code == 2
    assert gpunet("predict", model, "new.csv", "new.csv").code == 2


def test_rows_of_grey_levels_are_answered_by_a_model_of_images(
    gpunet: RunCommand, trained: Path, halves: Path
) -> None:
    arrays = np.load(halves)
    rows = arrays["x_test"].reshape(40, -1)
    np.savetxt("pixels.csv", rows, "%d", ",")
    answers = answered(gpunet("predict", trained, "pixels.csv").out)
    assert arrays["y_test"].tolist() == [int(answer["prediction"]) for answer in answers]


def test_evaluate_measures_all_rows_of_a_file_and_few_will_do(
    gpunet: RunCommand, model: Path
) -> None:
    new = [row for row in flowers(60, seed=1) if row["kind of plant"] == "rye"]
    for count in (20, 1):
        write("rye.csv", new[:count], ["kind of plant", "b", "size", "a"])
        ran = gpunet("evaluate", model, "--data", "rye.csv", "--device", "cpu", "--json")
        assert ran.code == 0
        assert all(line.startswith("note: ") for line in ran.err.splitlines())
        content = json.loads(ran.out)
        assert (count, 1.0) == (content["samples"], content["accuracy"])
    told = gpunet("evaluate", model, "--data", "rye.csv", "--device", "cpu").out
    assert "all 1 rows of rye.csv" in told


def test_evaluate_without_data_measures_the_test_rows_as_training_did(
    gpunet: RunCommand, model: Path
) -> None:
    ran = gpunet("evaluate", model, "--device", "cpu", "--json")
    assert ran.code == 0
    assert all(line.startswith("note: ") for line in ran.err.splitlines())
    content, test = json.loads(ran.out), model_file.load(model).test
    assert (15, test.accuracy) == (content["samples"], content["accuracy"])
    assert test.loss == pytest.approx(content["loss"], rel=1e-6)


def test_a_label_that_the_model_does_not_know_is_refused(gpunet: RunCommand, model: Path) -> None:
    strange = flowers(3)
    strange[1]["kind of plant"] = "maize"
    write("strange.csv", strange, TITLES)
    ran = gpunet("evaluate", model, "--data", "strange.csv", "--device", "cpu")
    assert ran.code == 1
    assert "line 3 of strange.csv is 'maize', which no training sample has" in ran.failure


def test_the_test_table_of_a_folder_is_measured(gpunet: RunCommand, model: Path) -> None:
    Path("pair").mkdir()
    write("pair/train.csv", flowers(), TITLES)
    write("pair/test.csv", flowers(12, seed=1), TITLES[::-1])
    ran = gpunet("evaluate", model, "--data", "pair", "--device", "cpu", "--json")
    assert tuple(json.loads(ran.out)[key] for key in ("samples", "accuracy")) == (12, 1.0)


def test_the_label_that_is_named_is_kept_by_the_model_and_the_run(gpunet: RunCommand) -> None:
    write("flowers.csv", flowers(), TITLES)
    options = ("--data", "flowers.csv", "--device", "cpu", "--quiet")
    ran = gpunet("train", *options, "--label", "size", "--epochs", "2")
    assert ran.code == 0
    assert "column 4 ('kind of plant') becomes one feature per word" in ran.err
    numbers = ["a", "size", "b"]
    write("flowers.csv", flowers(), numbers)
    ran = gpunet("train", *options, "--label", "size", "--epochs", "2", "--run-dir", "run")
    assert ran.code == 0
    assert all(line.startswith("note: ") for line in ran.err.splitlines())
    kept = model_file.load(Path("run/best.safetensors"))
    assert (kept.config.label, kept.columns and kept.columns.label) == ("size", "size")
    assert kept.classes == ("0", "1", "2")
    ran = gpunet("evaluate", "run/best.safetensors", "--device", "cpu", "--json")
    assert (ran.code, json.loads(ran.out)["samples"]) == (0, 15)
    resumed = gpunet("train", "--resume", "run", "--epochs", "4", "--device", "cpu", "--quiet")
    assert resumed.code == 0
    assert all(line.startswith("note: ") for line in resumed.err.splitlines())
    other = gpunet("train", "--resume", "run", "--epochs", "5", "--label", "a", "--device", "cpu")
    assert other.code == 2
    assert "--label is a but the run in run was begun with size" in other.failure


@pytest.mark.parametrize("value", ["4", '"4"', '"last"', '"kind of plant"'])
def test_a_settings_file_can_name_the_label(gpunet: RunCommand, value: str) -> None:
    write("flowers.csv", flowers(), TITLES)
    Path("run.toml").write_text(f'data = "flowers.csv"\nlabel = {value}\nepochs = 1\n', "utf-8")
    ran = gpunet("train", "--config", "run.toml", "--device", "cpu", "--quiet", "--output", "m")
    assert ran.code == 0
    assert all(line.startswith("note: ") for line in ran.err.splitlines())
    assert value.strip('"') == model_file.load(Path("m")).config.label


def test_a_search_keeps_to_the_label_that_is_named(gpunet: RunCommand) -> None:
    write("flowers.csv", flowers(), ["a", "size", "b"])
    options = ("--data", "flowers.csv", "--device", "cpu", "--trials", "2", "--epochs", "1")
    ran = gpunet("tune", *options, "--label", "size", "--output", "m", "--quiet")
    assert ran.code == 0
    assert all(line.startswith("note: ") for line in ran.err.splitlines())
    model = model_file.load(Path("m"))
    assert (model.config.label, model.columns and model.columns.features) == ("size", ("a", "b"))


@pytest.mark.parametrize("command", [("train",), ("datasets", "preview"), ("tune",)])
def test_a_label_that_names_no_column_is_a_usage_error(
    gpunet: RunCommand, command: tuple[str, ...]
) -> None:
    write("flowers.csv", flowers(), TITLES)
    data = ("flowers.csv",) if "preview" in command else ("--data", "flowers.csv")
    device = () if "preview" in command else ("--device", "cpu")
    ran = gpunet(*command, *data, *device, "--label", "petal")
    assert ran.code == 2
    assert "--label 'petal' names no column of flowers.csv" in ran.failure
    assert "('a', 'size', 'b', 'kind of plant')" in ran.failure


def test_a_label_is_refused_for_data_without_columns(gpunet: RunCommand, halves: Path) -> None:
    for data in (halves, "strokes:20+10"):
        ran = gpunet("train", "--data", data, "--label", "2", "--device", "cpu", "--quiet")
        assert ran.code == 2
        assert "--label '2' names a column of a table" in ran.failure


def test_times_that_differ_by_seconds_are_told_apart(gpunet: RunCommand) -> None:
    draws = np.random.default_rng(0)
    rows: list[dict[str, object]] = [
        {"label": row % 2, "time": f"{1_700_000_000 + 10 * (row % 2) + draws.random():.3f}"}
        for row in range(240)
    ]
    write("times.csv", rows, ["label", "time"])
    assert gpunet("train", "--data", "times.csv", *FAST, "--output", "m").code == 0
    model = model_file.load(Path("m"))
    assert model.test.accuracy == 1.0
    write("later.csv", rows[:50], ["time", "label"])
    ran = gpunet("evaluate", "m", "--data", "later.csv", "--device", "cpu", "--json")
    assert json.loads(ran.out)["accuracy"] == 1.0
    answers = answered(gpunet("predict", "m", "later.csv").out)
    assert [str(row["label"]) for row in rows[:50]] == [one["prediction"] for one in answers]


def test_small_numbers_beside_large_ones_are_learnt(gpunet: RunCommand) -> None:
    draws = np.random.default_rng(0)
    rows: list[dict[str, object]] = []
    for _ in range(600):
        smoker, pain = draws.integers(2), draws.integers(4)
        rows.append(
            {
                "label": int(smoker == 1 or pain == 3),
                "age": draws.integers(20, 90),
                "pressure": draws.integers(90, 200),
                "smoker": smoker,
                "pain": pain,
            }
        )
    write("patients.csv", rows, ["label", "age", "pressure", "smoker", "pain"])
    assert np.float32 == open_dataset("patients.csv").train.features.dtype
    assert gpunet("train", "--data", "patients.csv", *FAST, "--output", "m").code == 0
    accuracy = model_file.load(Path("m")).test.accuracy
    assert accuracy is not None
    assert accuracy > 0.97


def test_every_row_has_its_own_answer_however_few_are_answered_at_once(
    gpunet: RunCommand, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("new.csv", flowers(11, seed=1), TITLES[:3])
    whole = gpunet("predict", model, "new.csv").out
    monkeypatch.setattr(text_rows, "BLOCK", 100)
    parted = gpunet("predict", model, "new.csv").out
    for one, other in zip(answered(whole), answered(parted), strict=True):
        assert (one["row"], one["prediction"]) == (other["row"], other["prediction"])
    assert len(answered(whole)) == 11


def test_an_ensemble_answers_rows_with_the_mean_of_its_networks(
    gpunet: RunCommand, model: Path
) -> None:
    options = ("--ensemble", "2", "--epochs", "1", "--force", "--output", model)
    assert gpunet("train", "--data", "flowers.csv", *FAST, *options).code == 0
    loaded = model_file.load(model)
    answers = []
    for parts in (slice(None), slice(0, 1), slice(1, 2)):
        own = loaded.parameters[parts]
        config = dataclasses.replace(loaded.config, ensemble=len(own))
        model_file.save(dataclasses.replace(loaded, parameters=own, config=config), model)
        ran = gpunet("predict", model, "flowers.csv", "--json")
        answers.append([list(one["probabilities"].values()) for one in json.loads(ran.out)])
    assert not np.allclose(answers[1], answers[2], atol=1e-3)
    assert np.allclose(answers[0], np.mean(answers[1:], axis=0), atol=1e-6)


@pytest.mark.parametrize("name", ["new.parquet", "new.jsonl", "new.feather", "new.xlsx"])
def test_a_table_of_any_kind_is_trained_on_measured_and_answered(
    gpunet: RunCommand, model: Path, name: str
) -> None:
    expected = gpunet("predict", model, "flowers.csv").out
    frame = pl.read_csv("flowers.csv")
    write_frame(Path(name), frame)
    assert gpunet("predict", model, name).out == expected
    assert "accuracy  100.00 %" in gpunet("evaluate", model, "--data", name).out
    ran = gpunet("train", "--data", name, *FAST, "--output", "same")
    assert ran.code == 0
    parameters = [model_file.load(Path(one)).parameters.tolist() for one in (model, "same")]
    assert parameters[0] == parameters[1]


@pytest.mark.parametrize(("name", "library"), [("a.parquet", "polars"), ("a.xlsx", "fastexcel")])
def test_without_the_extra_one_sentence_says_what_to_install(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch, name: str, library: str
) -> None:
    write_frame(Path(name))
    monkeypatch.setitem(sys.modules, library, None)
    ran = gpunet("train", "--data", name, *FAST)
    assert ran.code == 1
    assert f"reading {name} needs {library}, which is not installed; run `" in ran.failure
    assert f"{sys.executable} -m pip install " in ran.failure
    assert library in ran.failure.partition("pip install")[2]


def test_a_table_that_lacks_cells_and_holds_words_is_trained_on_and_answered(
    gpunet: RunCommand,
) -> None:
    rows = [[f"name {at}", ("red", "blue")[at % 2], "" if at % 7 == 0 else at] for at in range(60)]
    kinds = [("warm", "cold")[at % 2] for at in range(60)]
    titles = ["name", "color", "size", "day", "kind"]
    days = [f"2020-01-{1 + at % 28:02d}" for at in range(60)]
    whole = [[*row, day, kind] for row, day, kind in zip(rows, days, kinds, strict=True)]
    write("things.csv", [dict(zip(titles, row, strict=True)) for row in whole], titles)
    refused = gpunet("train", "--data", "things.csv", *FAST)
    assert refused.code == 1
    assert "or leave the column out with --ignore day" in refused.failure
    options = ("--data", "things.csv", "--ignore", "day", "--missing", "median", *FAST)
    ran = gpunet("train", *options, "--run-dir", "run", "--output", "m")
    assert ran.code == 0
    assert "column 2 ('color') becomes one feature per word" in ran.err
    assert "what is missing in column 3 ('size') is filled with the median" in ran.err
    evaluated = gpunet("evaluate", "m", "--device", "cpu", "--json")
    assert json.loads(evaluated.out)["accuracy"] == 1
    again = gpunet("evaluate", "run/best.safetensors", "--data", "things.csv", "--json")
    assert json.loads(again.out)["accuracy"] == 1
    write("new.csv", [{"size": 3, "color": "red"}, {"color": "pink"}], ["size", "color"])
    answered = gpunet("predict", "m", "new.csv")
    assert (answered.code, answered.out.splitlines()[1].split(",")[1]) == (0, "warm")
    assert "note: 1 word was not trained on and left blank, the first being 'pink'" in answered.err


def test_a_run_on_a_table_that_lacks_cells_is_resumed_to_the_same_bits(gpunet: RunCommand) -> None:
    rows: list[dict[str, object]] = [
        {"a": "" if at % 5 == 0 else at, "b": ("x", "y", "z")[at % 3], "label": at % 2}
        for at in range(60)
    ]
    write("rows.csv", rows, ["a", "b", "label"])
    fast = ("--device", "cpu", "--quiet", "--schedule", "constant")
    options = ("--data", "rows.csv", "--missing", "median", *fast)
    assert gpunet("train", *options, "--epochs", "4", "--run-dir", "straight").code == 0
    assert gpunet("train", *options, "--epochs", "2", "--run-dir", "run").code == 0
    assert gpunet("train", "--resume", "run", "--epochs", "4", "--device", "cpu").code == 0
    straight, resumed = (
        model_file.load(Path(f"{run}/last.safetensors")) for run in ("straight", "run")
    )
    assert straight.parameters.tobytes() == resumed.parameters.tobytes()
    assert straight.scaling is not None
    assert resumed.scaling is not None
    assert straight.scaling.filling.tolist() == resumed.scaling.filling.tolist()


def houses(count: int = 120, seed: int = 0) -> list[dict[str, object]]:
    """Rows whose price follows from their size and their city."""
    draws = np.random.default_rng(seed)
    sizes, cities = draws.integers(40, 200, count), draws.integers(0, 2, count)
    return [
        {
            "size": size,
            "city": ("Oslo", "Rome")[city],
            "price": 1000 * size + 50_000 * city + draws.integers(1000),
        }
        for size, city in zip(sizes.tolist(), cities.tolist(), strict=True)
    ]


def test_houses_are_priced_from_end_to_end(gpunet: RunCommand) -> None:
    write("houses.csv", houses(), ["size", "city", "price"])
    ran = gpunet("train", "--data", "houses.csv", *FAST[:-1], "--plain", "--output", "model")
    assert ran.code == 0
    assert "the target is column 3 ('price'), measured, " in (ran.out + ran.err)
    assert "R2" in (ran.out + ran.err)
    write("new.csv", houses(40, seed=1), ["price", "city", "size"])
    measured = gpunet("evaluate", "model", "--data", "new.csv", "--json")
    assert measured.code == 0
    assert json.loads(measured.out)["r2"] > 0.9
    write("bare.csv", houses(40, seed=1), ["city", "size"])
    answers = answered(gpunet("predict", "model", "bare.csv").out)
    errors = [
        float(answer["price"]) / float(str(row["price"])) - 1
        for answer, row in zip(answers, houses(40, seed=1), strict=True)
    ]
    assert float(np.mean(np.abs(errors))) < 0.2
    again = gpunet("train", "houses.csv", *FAST[:-1], "--plain", "--output", "again")
    assert Path("again").read_bytes() == Path("model").read_bytes()
    assert again.code == 0
    refused = gpunet("evaluate", "model", "--data", "bare.csv")
    assert "has no column 'price' for the label" in refused.err


def test_the_label_the_loss_and_the_weights_are_named_by_options(gpunet: RunCommand) -> None:
    write("houses.csv", houses(), ["size", "city", "price"])
    several = gpunet("train", "--data", "houses.csv", "--label", "size,price", *FAST)
    assert several.code == 0
    assert (
        "the targets are column 1 ('size'), column 3 ('price'), measured"
        in several.out + several.err
    )
    named = ("train", "--data", "houses.csv", "--loss", "huber", "--weight", "size", *FAST)
    assert gpunet(*named).code == 0
    for refused, says in (
        (
            ("--label", "city", "--loss", "squared-error"),
            "is 'Rome', wanted a number for a measured",
        ),
        (("--label", "size,price", "--loss", "quadratic"), "give --loss squared-error for several"),
        (("--weight", "city"), "is 'Rome', wanted a number for a weight"),
        (("--label", "price", "--weight", "price"), "is the label and cannot hold the weights"),
    ):
        ran = gpunet("train", "--data", "houses.csv", *refused, *FAST)
        assert ran.code in (1, 2)
        assert says in " ".join((ran.out + ran.err).split())
