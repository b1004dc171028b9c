from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpunet
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.table_columns import Columns, Encoding
from gpunet.errors import DataError

COUNT = 24
LABELS = ["p", "q"] * (COUNT // 2)
FLOATS: list[float | None] = [row / 8 for row in range(COUNT)]
WORDS: list[str | None] = ["x", "y", "z"] * (COUNT // 3)
TABLE: dict[str, list[Any]] = {
    "a": [*FLOATS[:-1], None],
    "w": [*WORDS[:-1], None],
    "flag": [row % 3 == 0 for row in range(COUNT)],
    "name": [f"name {row}" for row in range(COUNT)],
}
FAST: dict[str, Any] = {"epochs": 2, "validation": 0, "device": "cpu", "verbose": False}

Frame = Callable[[dict[str, list[Any]]], Any]


@pytest.fixture(params=["pandas", "polars"])
def frame(request: pytest.FixtureRequest) -> Frame:
    made: Frame = pytest.importorskip(request.param).DataFrame
    return made


def columns_of(dataset: Dataset) -> Columns:
    assert dataset.columns is not None
    return dataset.columns


def test_a_frame_is_encoded_as_its_table_would_be(frame: Frame) -> None:
    dataset = Dataset.from_arrays(frame(TABLE), LABELS)
    assert columns_of(dataset).features == ("a", "w", "flag")
    assert columns_of(dataset).encodings == (Encoding(0), Encoding(1, ("", "x", "y", "z")))
    expected = [[0, 0, 0, 1, 0, 0, 1], [1 / 8, 0, 0, 0, 1, 0, 0]]
    assert dataset.train.features[:2].tolist() == expected
    np.testing.assert_array_equal(dataset.train.features[-1], [np.nan, 1, 1, 0, 0, 0, 0])
    assert "column 4 ('name') is left out (hardly a word recurs)" in (dataset.notice or "")


def test_pandas_own_types_are_read() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "i": pandas.array([*range(COUNT - 1), None], dtype="Int64"),
            "c": pandas.Categorical([*WORDS[:-1], None]),
            "s": pandas.array([*WORDS[:-1], None], dtype="string"),
            "b": pandas.array([*[True, False] * (COUNT // 2 - 1), True, None], dtype="boolean"),
        }
    )
    dataset = Dataset.from_arrays(frame, LABELS)
    words = Encoding(1, ("", "x", "y", "z"))
    others = (Encoding(2, words.levels), Encoding(3))
    assert columns_of(dataset).encodings == (Encoding(0), words, *others)
    assert np.isnan(dataset.train.features).sum() == 2


@pytest.mark.filterwarnings("ignore:.*one feature per word")
def test_a_model_answers_frames_files_and_rows_alike(frame: Frame, tmp_path: Path) -> None:
    table = frame(TABLE)
    with pytest.warns(UserWarning, match="become one feature per word|becomes one feature"):
        model = gpunet.train((table, LABELS), **FAST).model
    answers = model.predict_proba(table)
    path = tmp_path / "rows.csv"
    if hasattr(table, "to_csv"):
        table.to_csv(path, index=False)
    else:
        table.write_csv(path)
    assert model.predict_proba(path).tolist() == answers.tolist()
    mixed = np.array(list(zip(*TABLE.values(), strict=True)), dtype=object)
    assert model.predict_proba(mixed).tolist() == answers.tolist()
    other = {
        "date": [datetime.date(2020, 1, 1)] * COUNT,
        **TABLE,
        "w": ["pink", *WORDS[1:-1], None],
    }
    with pytest.warns(UserWarning, match="1 word was not trained on and left blank.*'pink'"):
        changed = model.predict_proba(frame(other))
    assert changed[1:].tolist() == answers[1:].tolist()
    loaded = gpunet.load(model.save(tmp_path / "m.safetensors"))
    assert loaded.columns == model.columns
    assert loaded.predict_proba(table).tolist() == answers.tolist()


@pytest.mark.parametrize("missing", ["mean", "median"])
def test_missing_numbers_of_an_array_are_filled_by_the_training_samples(missing: Any) -> None:
    features = np.array([[1.0, 5], [2, 5], [6, 5], [np.nan, 6]] * 6)
    with pytest.warns(UserWarning, match="column 1 is filled"):
        model = gpunet.train((features, [0, 0, 1, 1] * 6), missing=missing, **FAST).model
    filled = [[3.0 if missing == "mean" else 2, 1, 5]]
    scaling = model.scaling
    assert scaling is not None
    given = scaling.apply(
        gpunet.datasets.dataset.Samples(np.array([[np.nan, 1, 5]]), np.zeros(1, np.int32))
    )
    expected = (np.array(filled) - scaling.mean) / scaling.deviation
    np.testing.assert_allclose(given.features, expected, rtol=1e-6)
    with pytest.warns(UserWarning, match="1 missing number is filled, though no row"):
        model.predict([[1.0, np.nan]])


def test_rows_that_lack_numbers_or_labels_are_left_out_or_refused() -> None:
    features = np.array([[1.0, 2], [np.nan, 3], [4, 5], [6, 7]])
    dataset = Dataset.from_arrays(features, [0, 0, 1, 1], missing="drop")
    assert dataset.train.features.tolist() == [[1, 2], [4, 5], [6, 7]]
    assert dataset.notice == "1 row lacks a cell and is left out"
    with pytest.raises(DataError, match="row 2, column 1 of X is missing, wanted a number"):
        Dataset.from_arrays(features, [0, 0, 1, 1], missing="refuse")
    unlabeled = Dataset.from_arrays(features[[0, 2, 3]], [0, None, 1])
    assert unlabeled.train.features.tolist() == [[1, 2], [6, 7]]
    assert unlabeled.notice == "1 row without a label left out"
    with pytest.raises(DataError, match="the label in row 2 is missing"):
        Dataset.from_arrays(features[[0, 2, 3]], [0, None, 1], missing="refuse")


def test_dates_are_refused_and_can_be_left_out(frame: Frame) -> None:
    days = [datetime.date(2020, 1, 1 + row) for row in range(COUNT)]
    table = frame({"a": FLOATS, "day": days})
    with pytest.raises(DataError, match=r"row 1, column 2 \('day'\) of X is '2020-01-01"):
        Dataset.from_arrays(table, LABELS)
    dataset = Dataset.from_arrays(table, LABELS, ignore=("day",))
    assert columns_of(dataset).features == ("a",)


def test_test_rows_are_encoded_as_the_training_rows() -> None:
    rows = np.array([["a", 1.0], ["b", 2.0]] * 4, dtype=object)
    test = np.array([["c", None], ["b", 5]], dtype=object)
    dataset = Dataset.from_arrays(rows, [0, 1] * 4, test, [1, 0])
    np.testing.assert_array_equal(dataset.test.features, [[0, 0, np.nan], [0, 1, 5]])
    assert "'c' in row 1, column 1 of X_test" in (dataset.notice or "")


def test_arrays_that_lack_nothing_are_taken_as_they_are() -> None:
    assert Dataset.from_arrays([[1.0, 2], [3, 4]], [0, 1]).columns is None


@pytest.mark.parametrize("cell", [[1.0, 2.0], {"a": 1}])
def test_columns_of_lists_are_refused(frame: Frame, cell: object) -> None:
    given = frame({"a": FLOATS, "px": [cell] * COUNT})
    with pytest.raises(DataError, match=r"column 2 \('px'\) of X holds lists, wanted numbers"):
        Dataset.from_arrays(given, LABELS)


def test_columns_of_arrays_are_refused() -> None:
    polars = pytest.importorskip("polars")
    given = polars.DataFrame(
        {"a": FLOATS, "px": polars.Series([[1.0, 2.0]] * COUNT, dtype=polars.Array(float, 2))}
    )
    with pytest.raises(DataError, match=r"column 2 \('px'\) of X holds lists, wanted numbers"):
        Dataset.from_arrays(given, LABELS)


@pytest.mark.filterwarnings("ignore:.*feature per word")
def test_a_frame_with_its_labels_trains_as_its_features_and_labels_do(frame: Frame) -> None:
    whole = frame({"y": LABELS, **TABLE})
    run = gpunet.train(whole, label="y", **FAST)
    apart = gpunet.train((frame(TABLE), LABELS), **FAST)
    assert run.model.columns == apart.model.columns
    assert run.model.predict(whole).tolist() == apart.model.predict(frame(TABLE)).tolist()
    several = gpunet.train(whole, label="a,flag", loss="squared-error", **FAST)
    assert several.model.targets == ("a", "flag")


def test_a_frame_whose_label_is_not_named_is_refused(frame: Frame) -> None:
    whole = frame({"y": LABELS, "a": FLOATS})
    with pytest.raises(gpunet.UsageError) as raised:
        gpunet.train(whole, **FAST)
    assert str(raised.value) == (
        "label is None, wanted the title of a column, one of 'y', 'a'; or give (X, y) in place of "
        "the data frame"
    )
    with pytest.raises(gpunet.UsageError, match="label 'z' names no column of the data frame"):
        gpunet.train(whole, label="z", **FAST)


@pytest.mark.filterwarnings("ignore:.*one feature per word")
def test_a_single_row_of_words_is_told_to_be_one(frame: Frame) -> None:
    model = gpunet.train((frame(TABLE), LABELS), **FAST).model
    with pytest.raises(DataError, match=r"shape \(3,\), wanted .* give \[X\]"):
        model.predict([0.5, "x", True])
    assert len(model.predict([[0.5, "x", True, ""]])) == 1


def test_it_is_told_that_columns_of_one_title_are_matched_by_position() -> None:
    pandas = pytest.importorskip("pandas")
    for values in (np.arange(40.0), np.array(["x", "y"] * 20)):  # a frame of numbers, one of words
        frame = pandas.DataFrame(values.reshape(20, 2), columns=["a", "a"])
        notice = Dataset.from_arrays(frame, [0, 1] * 10).notice
        assert (notice or "").startswith("2 columns are titled 'a', so those of new rows")
