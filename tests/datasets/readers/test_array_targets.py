"""Measured targets, labels of 0 or 1, and weights in arrays, data frames and files of arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpunet.config.choices import Kind
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.readers.npy_files import read_npy_files
from gpunet.datasets.readers.npz import read_npz
from gpunet.errors import DataError

COUNT = 48
DRAWS = np.random.default_rng(5)
X = DRAWS.normal(size=(COUNT, 3))
Y = DRAWS.normal(size=COUNT)
TWO = DRAWS.normal(size=(COUNT, 2))
ONE_HOT = np.eye(3)[np.arange(COUNT) % 3]
LABELS = DRAWS.integers(0, 2, (COUNT, 3))


@pytest.mark.parametrize(
    ("y", "kind", "targets"),
    [
        (Y, "measured", ("target",)),
        (Y.astype(np.float16), "measured", ("target",)),
        (Y[:, None], "measured", ("target",)),
        (Y.tolist(), "measured", ("target",)),
        ([float(value) if row else None for row, value in enumerate(Y)], "measured", ("target",)),
        (TWO, "measured", ("target 1", "target 2")),
        (np.arange(COUNT) * 17, "measured", ("target",)),
        (np.arange(COUNT) // 2, "classes", ()),
        ((np.arange(COUNT) % 4).astype(float), "classes", ()),
        (ONE_HOT, "classes", ()),
        (LABELS, "labels", ("label 1", "label 2", "label 3")),
        (LABELS.astype(bool), "labels", ("label 1", "label 2", "label 3")),
        (np.array(["a", "b"] * (COUNT // 2)), "classes", ()),
    ],
)
def test_the_values_tell_what_y_holds(y: Any, kind: Kind, targets: tuple[str, ...]) -> None:
    dataset = Dataset.from_arrays(X, y)
    assert (kind, targets) == (dataset.kind, dataset.targets)
    if kind != "classes":
        expected = np.array(y, float).reshape(COUNT, -1)
        expected = expected[~np.isnan(expected).any(axis=1)]
        assert expected.tolist() == dataset.train.labels.tolist()


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (ONE_HOT, "labels"),
        (ONE_HOT, "measured"),
        (LABELS, "measured"),
        (LABELS[:, 0], "labels"),
        (np.arange(COUNT) % 4, "measured"),
        (np.arange(COUNT) * 17, "classes"),
    ],
)
def test_what_is_asked_for_goes_before_what_the_values_tell(y: Any, kind: Kind) -> None:
    dataset = Dataset.from_arrays(X, y, kind=kind)
    assert kind == dataset.kind
    assert (len(dataset.classes) or np.array(y).reshape(COUNT, -1).shape[1]) == dataset.outputs


@pytest.mark.parametrize(
    ("y", "kind", "says"),
    [
        (np.full(COUNT, np.inf), "measured", "target in row 1 of y is inf, wanted a finite number"),
        (Y * 1e300, "measured", "which is too large: float32 ends at"),
        (Y, "labels", "wanted 0 or 1 for a label"),
        (Y, "classes", "wanted a whole number that names a class"),
        (TWO, "classes", r"y is of shape (48, 2), wanted (samples,)"),
        (["a"] * COUNT, "measured", "y holds a, wanted numbers for measured targets"),
        (np.zeros((COUNT, 0)), "measured", "y is of shape (48, 0), wanted (samples,)"),
        (np.zeros((COUNT, 2, 2)), "measured", "y is of shape (48, 2, 2), wanted (samples,)"),
        (Y[:-1], None, "y holds 47 rows but X 48"),
        (np.full(COUNT, np.nan), "measured", "wanted a finite number"),
    ],
)
def test_targets_that_cannot_be_are_refused(y: Any, kind: Kind | None, says: str) -> None:
    with pytest.raises(DataError) as caught:
        Dataset.from_arrays(X, y, kind=kind)
    assert says in str(caught.value)


def test_rows_without_a_target_are_left_out() -> None:
    y = TWO.copy()
    y[3, 1] = np.nan
    dataset = Dataset.from_arrays(X, y)
    assert np.delete(TWO, 3, axis=0).tolist() == dataset.train.labels.tolist()
    assert dataset.notice == "1 row without a target left out"
    with pytest.raises(DataError, match="target 2 in row 4 of y is nan"):
        Dataset.from_arrays(X, y, missing="refuse")


def test_what_is_not_plain_is_told() -> None:
    whole = Dataset.from_arrays(X, np.arange(COUNT) * 17)
    assert whole.notice == (
        'y holds 48 different whole numbers, which are taken as measured (loss="cross-entropy" '
        "takes them as classes)"
    )
    assert Dataset.from_arrays(X, LABELS).notice == "each row of y is taken for 3 labels of 0 or 1"
    assert Dataset.from_arrays(X, LABELS, kind="labels").notice is None
    assert Dataset.from_arrays(X, Y).notice is None


def test_a_single_row_and_a_constant_target_are_data() -> None:
    assert Dataset.from_arrays(X[:1], Y[:1]).train.labels.shape == (1, 1)
    dataset = Dataset.from_arrays(X, np.full(COUNT, 0.5))
    assert dataset.notice == "target is 0.5 in every row"


def test_test_samples_have_the_kind_of_the_training_samples() -> None:
    dataset = Dataset.from_arrays(X, Y, X[:4], [1, 2, 3, 4])
    assert dataset.test.labels.tolist() == [[1], [2], [3], [4]]
    with pytest.raises(DataError, match="y_test holds 2 targets, wanted 1"):
        Dataset.from_arrays(X, Y, X[:4], TWO[:4])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_and_series_name_their_targets(library: str) -> None:
    frames = pytest.importorskip(library)
    table = frames.DataFrame({"a": Y, "city": ["x", "y"] * (COUNT // 2)})
    dataset = Dataset.from_arrays(
        table, frames.Series(Y, name="price") if library == "pandas" else frames.Series("price", Y)
    )
    assert (dataset.kind, dataset.targets, dataset.inputs) == ("measured", ("price",), 3)
    dataset = Dataset.from_arrays(X, frames.DataFrame({"p": TWO[:, 0], "q": TWO[:, 1]}))
    assert dataset.targets == ("p", "q")


def test_pandas_own_floats_may_lack_some() -> None:
    pandas = pytest.importorskip("pandas")
    y = pandas.array([None, *Y[1:].tolist()], dtype="Float64")
    assert Dataset.from_arrays(X, y).train.labels[:, 0].tolist() == Y[1:].tolist()


@pytest.mark.parametrize("words", [False, True])
def test_weights_go_with_their_rows(words: bool) -> None:
    weights = np.arange(1.0, 1 + COUNT)
    y = [np.nan, *Y[1:]]
    rows: Any = X.astype(object)
    rows[:, 0] = ["x", "y"] * (COUNT // 2) if words else X[:, 0]
    rows[5, 1] = None if words else 0.5
    dataset = Dataset.from_arrays(rows, y, missing="drop", sample_weight=weights)
    assert dataset.train.weights is not None
    assert dataset.train.weights.dtype == np.float32
    expected = np.delete(weights, [0, 5] if words else [0])
    assert expected.tolist() == dataset.train.weights.tolist()
    assert dataset.fingerprint != Dataset.from_arrays(rows, y, missing="drop").fingerprint


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        (np.ones(COUNT - 1), "sample_weight is of shape (47,), wanted (48,)"),
        (np.ones((COUNT, 1)), "sample_weight is of shape (48, 1), wanted (48,)"),
        (np.full(COUNT, -1.0), "weight in row 1 of the training samples of 'arrays' is -1"),
        (np.full(COUNT, np.nan), "is nan, wanted a finite number of at least 0"),
        (np.full(COUNT, 1e300), "is inf, wanted a finite number of at least 0"),
        (np.zeros(COUNT), "all weights"),
        (["a"] * COUNT, "wanted a number"),
        (3.0, "sample_weight"),
    ],
)
def test_weights_that_cannot_be_are_refused(weights: Any, says: str) -> None:
    with pytest.raises(DataError) as caught:
        Dataset.from_arrays(X, Y, sample_weight=weights)
    assert says in str(caught.value)


def test_archives_hold_targets(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", X=X, y=Y)
    np.savez(tmp_path / "two.npz", X=X, y=TWO)
    assert read_npz(tmp_path / "one.npz").kind == "measured"
    assert read_npz(tmp_path / "two.npz").targets == ("target 1", "target 2")
    np.savez(tmp_path / "codes.npz", X=X, y=np.arange(COUNT) % 4)
    assert read_npz(tmp_path / "codes.npz").kind == "classes"
    assert read_npz(tmp_path / "codes.npz", "measured").kind == "measured"


def test_npy_files_hold_targets(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", Y)
    assert read_npy_files(tmp_path / "X.npy", None).kind == "measured"
    (rows := tmp_path / "rows").mkdir()
    np.save(rows / "table.npy", np.column_stack([X, Y]))
    dataset = read_npy_files(rows / "table.npy", "last")
    assert dataset.notice is not None
    assert dataset.notice.startswith("the target is column 4, measured")
    assert read_npy_files(rows / "table.npy", None, "measured").inputs == 3
    several = read_npy_files(rows / "table.npy", "1,last")
    assert (several.inputs, several.targets) == (2, ("target 1", "target 2"))
    with pytest.raises(DataError, match="has no column beside those of label"):
        read_npy_files(rows / "table.npy", "1,2,3,4")
