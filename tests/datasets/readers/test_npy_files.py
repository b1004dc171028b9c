from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.datasets.readers.path import read_path
from gpunet.datasets.tables.options import TableOptions
from gpunet.errors import DataError, SettingError

IMAGES = np.random.default_rng(3).integers(0, 256, (12, 4, 3), dtype=np.uint8)
LABELS = np.array([0, 1, 2] * 4)


def save(folder: Path, **arrays: object) -> None:
    folder.mkdir(exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.asarray(array))


def refusal(path: Path, label: str | None = None) -> str:
    with pytest.raises(DataError) as caught:
        read_path(path, options=TableOptions(label))
    return str(caught.value)


@pytest.mark.parametrize("given", ["", "X.npy", "y.npy"])
def test_two_files_are_one_dataset(tmp_path: Path, given: str) -> None:
    save(tmp_path, X=IMAGES, y=LABELS)
    dataset = read_path(tmp_path / given)
    assert dataset.image_shape == (4, 3)
    assert IMAGES[:10].reshape(10, 12).tolist() == dataset.train.features.tolist()
    assert dataset.train.labels.tolist() == LABELS[:10].tolist()
    assert dataset.name == tmp_path.name
    assert dataset.notice == "there is no x_test: the last 2 of 12 rows are for testing"


@pytest.mark.parametrize("prefix", ["", "mnist_", "fashion-mnist-"])
def test_the_files_of_all_parts_are_found(tmp_path: Path, prefix: str) -> None:
    arrays = {"x_train": IMAGES[:8], "y_train": LABELS[:8], "val_images": IMAGES[8:10]}
    arrays |= {"val_labels": LABELS[8:10], "testX": IMAGES[10:], "testY": LABELS[10:]}
    save(tmp_path, **{prefix + name: array for name, array in arrays.items()}, more=LABELS)
    dataset = read_path(tmp_path)
    assert dataset.validation is not None
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (8, 2, 2)
    assert dataset.notice == (
        f"the 2 samples of {prefix}val_images.npy are the validation set, in place of validation"
    )


def test_two_datasets_in_a_folder_are_ambiguous(tmp_path: Path) -> None:
    save(tmp_path, a_X=IMAGES, a_y=LABELS, b_X=IMAGES[:6], b_y=LABELS[:6])
    assert "2 files that could be the dataset, among them a_X.npy and b_X.npy" in refusal(tmp_path)
    assert len(read_path(tmp_path / "b_y.npy").train) == 5


@pytest.mark.parametrize("name", ["measurements", "data"])
@pytest.mark.parametrize("place", [0, 2])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_file_of_rows_has_the_label_in_a_column(
    tmp_path: Path, name: str, place: int, kind: type
) -> None:
    features: NDArray[Any] = np.linspace(0.1, 2.1, 24).reshape(12, 2).astype(kind)
    save(tmp_path, **{name: np.insert(features, place, LABELS, axis=1)})
    dataset = read_path(tmp_path / f"{name}.npy")
    assert features[:10].astype(np.float32).tolist() == dataset.train.features.tolist()
    assert dataset.classes == ("0", "1", "2")
    assert dataset.train.labels.tolist() == LABELS[:10].tolist()
    assert dataset.notice is not None
    assert dataset.notice.startswith(f"the label is column {place + 1}; there is no x_test")
    assert dataset.fingerprint == read_path(tmp_path).fingerprint


def test_the_label_of_a_file_of_rows_may_be_named(tmp_path: Path) -> None:
    save(tmp_path, rows=np.stack([LABELS, LABELS % 2, LABELS], axis=1))
    path = tmp_path / "rows.npy"
    message = refusal(path)
    assert "which column is the label: the first and the last one hold a few whole" in message
    assert "name it with label (`last`, or a number from 1 on)" in message
    assert read_path(path, options=TableOptions("2")).classes == ("0", "1")
    assert read_path(path, options=TableOptions("last")).train.features[:3].tolist() == [
        [0, 0],
        [1, 1],
        [2, 0],
    ]
    with pytest.raises(SettingError, match="'4' names no column"):
        read_path(path, options=TableOptions("4"))


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"rows": np.random.default_rng(1).normal(size=(9, 3))}, "neither the first nor the last"),
        ({"rows": LABELS}, "rows.npy is of shape (12,), and no labels lie beside it; wanted feat"),
        ({"rows": IMAGES}, "rows.npy is of shape (12, 4, 3), and no labels lie beside it"),
        ({"rows": np.zeros((0, 3))}, "rows.npy is of shape (0, 3)"),
        ({"rows": np.array([[None]])}, "rows.npy holds pickled objects"),
        ({"X": IMAGES}, "lacks y_train; it holds 'X', wanted features called x_train, X"),
        ({"X": IMAGES, "X_test": IMAGES, "y": LABELS}, "lacks y_test; it holds 'X', 'X_test', 'y'"),
        ({"X": IMAGES, "y": LABELS[:5]}, "y.npy of {folder} holds 5 rows but X.npy of {folder} 12"),
    ],
)
def test_files_that_cannot_be_are_refused(
    tmp_path: Path, arrays: dict[str, object], expected: str
) -> None:
    save(tmp_path, **arrays)
    path = tmp_path / f"{next(iter(arrays))}.npy"
    assert expected.format(folder=tmp_path) in refusal(path)


def test_a_label_is_refused_where_it_has_a_file_of_its_own(tmp_path: Path) -> None:
    save(tmp_path, X=IMAGES, y=LABELS)
    with pytest.raises(SettingError, match="has no column of labels, which stand in a file of th"):
        read_path(tmp_path / "X.npy", options=TableOptions("2"))


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"no array at all"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rows.npy").write_bytes(content)
    assert "rows.npy" in refusal(tmp_path / "rows.npy")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "X.npy does not exist" in refusal(tmp_path / "X.npy")


def test_a_header_that_promises_to_be_long_is_refused_before_it_is_read(tmp_path: Path) -> None:
    header = b"\x93NUMPY\x02\x00" + (1 << 30).to_bytes(4, "little")
    (tmp_path / "rows.npy").write_bytes(header + b"{'descr': '<f8'}")
    tracemalloc.start()
    assert "rows.npy is no NPY file, or it is damaged (the header" in refusal(tmp_path / "rows.npy")
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()
