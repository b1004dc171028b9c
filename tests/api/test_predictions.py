"""New samples of all kinds for a model in Python, and files of its answers."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gpunet

SMALL: dict[str, Any] = {"hidden": (8,), "epochs": 20, "device": "cpu", "verbose": False}


def points(count: int, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    features = np.random.default_rng(seed).normal(size=(count, 3))
    return features, ["up" if row.sum() > 0 else "down" for row in features]


@pytest.fixture(scope="module")
def model() -> gpunet.Model:
    return gpunet.train(points(300), **SMALL).model


def written(features: np.ndarray) -> Path:
    path = Path("rows.csv")
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(features.tolist())
    return path


def test_rows_of_all_kinds_get_the_same_answers(model: gpunet.Model) -> None:
    features, _ = points(40, 1)
    expected = model.predict_proba(features)
    np.save("rows.npy", features)
    np.savez("rows.npz", X=features)
    path = written(features)
    for data in (
        *(path, str(path), "rows.npy", Path("rows.npz"), features.tolist()),
        iter([features[:10], features[10:]]),
        io.BytesIO(path.read_bytes()),
    ):
        found = model.predict_proba(data)
        assert np.abs(found - expected).max() < 1e-6  # BLAS sums fewer rows in another order


def test_a_row_that_is_no_number_is_told_by_its_number_among_all(model: gpunet.Model) -> None:
    features, _ = points(20_000, 1)
    features[17_000, 1] = np.nan
    with pytest.raises(gpunet.DataError, match="feature 2 of sample 17,001 is nan"):
        model.predict(features)
    with pytest.raises(gpunet.DataError, match="feature 2 of sample 17,001 is nan"):
        model.predict(iter([features[:9000], features[9000:]]))


def test_whole_grey_levels_are_told_by_all_rows_not_by_those_of_a_block() -> None:
    draws = np.random.default_rng(0)
    images = draws.integers(0, 256, (300, 8, 8))
    model = gpunet.train((images.astype(np.uint8), images[:, 0, 0] > 127), **SMALL).model
    many = np.zeros((20_000, 8, 8))
    many[:, 0, 0] = 1  # a level of 255, though the first block alone would look like fractions
    many[-1, 0, 0] = 255
    expected = model.predict_proba(many.astype(np.uint8))
    assert np.abs(model.predict_proba(many) - expected).max() < 1e-6


def test_a_file_of_answers_holds_what_arrays_give(model: gpunet.Model) -> None:
    features, _ = points(30, 1)
    path = written(features)
    assert model.predict_file(path, "a.csv") == 30
    assert model.predict_file(features, "b.jsonl") == 30
    expected = model.predict_proba(features)
    with Path("a.csv").open() as file:
        head, *rows = csv.reader(file)
    assert head == ["row", "prediction", "down", "up"]
    assert [row[1] for row in rows] == model.predict(features).tolist()
    found = np.array([row[2:] for row in rows], float)
    assert np.abs(found - expected).max() < 1e-6
    objects = [json.loads(line) for line in Path("b.jsonl").read_text().splitlines()]
    assert [one["row"] for one in objects] == list(range(1, 31))
    shares = np.array([list(one["probabilities"].values()) for one in objects])
    assert np.abs(shares - expected).max() < 1e-6


def test_a_frame_names_its_rows_by_a_column() -> None:
    pandas = pytest.importorskip("pandas")
    features, labels = points(200)
    frame = pandas.DataFrame(features, columns=["a", "b", "c"])
    for data in (frame, features):
        model = gpunet.train((data, labels), **SMALL).model
        new = frame.assign(key=[f"k{row}" for row in range(200)])[["key", "a", "b", "c"]]
        assert model.predict_file(new, "a.csv", id="key", format="submission", force=True) == 200
        lines = Path("a.csv").read_text().splitlines()
        assert lines[0] == "key,label"
        told = [line.split(",") for line in lines[1:]]
        assert told == [[f"k{row}", name] for row, name in enumerate(model.predict(features))]
    with pytest.raises(gpunet.UsageError, match="id 'nothing' is not one of 'key', 'a', 'b', 'c'"):
        model.predict_file(new, "b.csv", id="nothing")
    with pytest.raises(gpunet.UsageError, match="id 'a' names a column of a table, but the data"):
        model.predict_file(features, "b.csv", id="a")
    assert not Path("b.csv").exists()


def test_a_file_of_answers_replaces_nothing_unless_forced(model: gpunet.Model) -> None:
    Path("a.csv").write_text("mine")
    with pytest.raises(gpunet.OutputError, match="is there already"):
        model.predict_file([[0.0, 1.0, 2.0]], "a.csv")
    with pytest.raises(gpunet.UsageError, match="format is 'xml', wanted one of csv"):
        model.predict_file([[0.0, 1.0, 2.0]], "b.csv", format="xml")  # type: ignore[arg-type]
    with pytest.raises(gpunet.ModelError, match="have 2 features"):
        model.predict_file([[0.0, 1.0]], "a.csv", force=True)
    assert Path("a.csv").read_text() == "mine"
    assert model.predict_file([[0.0, 1.0, 2.0]], "a.csv", force=True) == 1
    assert sorted(path.name for path in Path().iterdir()) == ["a.csv"]


def test_a_folder_of_images_is_answered_in_the_order_of_its_paths() -> None:
    draws = np.random.default_rng(0)
    images = draws.integers(0, 100, (200, 8, 8)).astype(np.uint8)
    labels = np.arange(200) % 2
    images[labels == 1, :4] += 120
    images[labels == 0, 4:] += 120
    model = gpunet.train((images, labels), **SMALL).model
    Path("new/deeper").mkdir(parents=True)
    places = ("new/1.png", "new/0.png", "new/deeper/0.png")
    for place, image in zip(places, images, strict=False):
        Image.fromarray(image).save(place)
    assert model.predict("new").tolist() == [1, 0, 0]
    assert model.predict(list(places)).tolist() == [0, 1, 0]
    assert model.evaluate((list(places), [0, 1, 1])).accuracy == pytest.approx(2 / 3)
    assert model.evaluate(("new", [1, 0, 0])).accuracy == 1
    assert model.predict_file("new", "a.csv", format="submission") == 3
    assert Path("a.csv").read_text().split() == [
        *("id,label", "0.png,1", "1.png,0", "deeper/0.png,0")
    ]
    Path("new/2.png").write_bytes(b"no image")
    with pytest.raises(gpunet.DataError, match=r"new/2\.png"):
        model.predict_file("new", "b.csv")
    assert not Path("b.csv").exists()


def test_names_of_any_characters_are_read_back_as_they_are() -> None:
    classes = ['say "no"', "a,b", "two\nlines", " spaces ", "50 %", "ünïcode"]
    features = np.repeat(np.arange(6.0)[:, None], 3, axis=1)
    labels = [classes[row] for row in range(6)] * 20
    model = gpunet.train((np.tile(features, (20, 1)), labels), **SMALL).model
    with Path("rows.csv").open("w", newline="", encoding="utf-8") as file:
        names = [name.replace("\n", " ") for name in classes]  # a line of a table is a row
        rows = ([name, *row] for name, row in zip(names, features.tolist(), strict=True))
        csv.writer(file).writerows([["what, who", "a", "b", "c"], *rows])
    model.predict_file("rows.csv", "a.csv", id="1")
    with Path("a.csv").open(newline="", encoding="utf-8") as file:
        head, *told = csv.reader(file)
    assert head == ["what, who", "prediction", *model.classes]
    assert [row[0] for row in told] == [name.strip() for name in names]
    assert [row[1] for row in told] == model.predict(features).tolist()
