from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gpunet.datasets.readers.path import find_test_table, read_path
from gpunet.errors import DataError

TABLE = "0,1,200\n1,2,0\n" * 6


def write_npz(path: Path) -> None:
    images, labels = np.full((4, 2), 200, np.uint8), np.array([0, 1, 0, 1])
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)


def write_idx(folder: Path) -> None:
    for split in ("train", "t10k"):
        images = struct.pack(">IIII", 2051, 2, 1, 2) + bytes(4)
        (folder / f"{split}-images-idx3-ubyte").write_bytes(images)
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, 2) + b"\0\1")


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_path(path)
    return str(caught.value)


def test_a_csv_file_is_a_table(tmp_path: Path) -> None:
    (tmp_path / "data.CSV").write_text(TABLE)
    assert len(read_path(tmp_path / "data.CSV").train) == 10


def test_an_npz_file_is_an_archive(tmp_path: Path) -> None:
    write_npz(tmp_path / "data.npz")
    assert len(read_path(tmp_path / "data.npz").train) == 4


def test_idx_files_are_found_in_a_folder_and_by_one_of_them(tmp_path: Path) -> None:
    write_idx(tmp_path)
    assert read_path(tmp_path).image_shape == (1, 2)
    assert read_path(tmp_path / "t10k-labels-idx1-ubyte").image_shape == (1, 2)


def test_a_folder_with_a_pair_of_tables_is_read_as_a_pair(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(TABLE)
    (tmp_path / "test.csv").write_text(TABLE)
    (tmp_path / "more.csv").write_text("no table")
    dataset = read_path(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (12, 12)


def test_a_folder_with_one_file_stands_for_it(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("about the data")
    (tmp_path / "iris.csv").write_text(TABLE)
    assert read_path(tmp_path).name == "iris"


@pytest.mark.parametrize("name", ["iris.tsv", "iris.csv.gz"])
def test_tables_of_other_endings_are_found_in_a_folder(tmp_path: Path, name: str) -> None:
    content = TABLE.encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    (tmp_path / "readme.txt").write_text("about the data")
    assert read_path(tmp_path).name == "iris"
    assert tmp_path / name == find_test_table(tmp_path)


def test_the_table_to_measure_with_is_a_file_or_the_test_table_of_a_folder(tmp_path: Path) -> None:
    for name in ("train.csv", "test.csv", "whole.txt"):
        (tmp_path / name).write_text(TABLE)
    assert tmp_path / "test.csv" == find_test_table(tmp_path)
    assert tmp_path / "whole.txt" == find_test_table(tmp_path / "whole.txt")
    write_npz(tmp_path / "data.npz")
    assert None is find_test_table(tmp_path / "data.npz")
    assert None is find_test_table(tmp_path / "none.csv")
    (tmp_path / "images").mkdir()
    assert None is find_test_table(tmp_path / "images")
    write_idx(tmp_path)
    assert None is find_test_table(tmp_path)


def test_the_test_table_is_found_beside_tables_that_are_no_part(tmp_path: Path) -> None:
    for name in ("test.csv", "unlabeled.csv"):
        (tmp_path / name).write_text(TABLE)
    assert find_test_table(tmp_path) == tmp_path / "test.csv"


def test_a_folder_with_several_files_is_ambiguous(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TABLE)
    write_npz(tmp_path / "b.npz")
    assert "2 files that could be the dataset, among them a.csv and b.npz" in refusal(tmp_path)


def test_a_folder_of_images_is_read_class_by_class(tmp_path: Path) -> None:
    for row in range(4):
        (tmp_path / str(row % 2)).mkdir(exist_ok=True)
        Image.new("L", (2, 2)).save(tmp_path / str(row % 2) / f"{row}.png")
    assert read_path(tmp_path).image_shape == (2, 2)


def test_a_home_folder_may_be_written_as_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write_npz(tmp_path / "data.npz")
    assert read_path(Path("~/data.npz")).name == "data"


def test_a_tilde_before_no_users_name_is_a_part_of_the_path() -> None:
    assert "~nobody-of-that-name/data.npz does not exist" in refusal(
        Path("~nobody-of-that-name/data.npz")
    )


def test_a_missing_path_is_refused(tmp_path: Path) -> None:
    assert "none.csv does not exist" in refusal(tmp_path / "none.csv")


def test_an_empty_folder_is_refused_with_what_could_be_there(tmp_path: Path) -> None:
    message = refusal(tmp_path)
    assert "holds no dataset but nothing; wanted IDX files" in message


def test_a_folder_without_data_is_refused_with_what_is_there(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / f"{number}.pickle").write_bytes(b"PAR1")
    (tmp_path / ".hidden").write_bytes(b"")
    message = refusal(tmp_path)
    assert "holds no dataset but '0.pickle', '1.pickle', " in message
    assert "'7.pickle' and 2 more; wanted IDX files" in message


@pytest.mark.parametrize("below", ["raw", "MNIST/raw"])
def test_files_are_found_in_folders_below(tmp_path: Path, below: str) -> None:
    (tmp_path / below).mkdir(parents=True)
    (tmp_path / below).with_name("processed").mkdir()
    write_idx(tmp_path / below)
    dataset = read_path(tmp_path)
    assert dataset.image_shape == (1, 2)
    assert tmp_path.name == dataset.name
    assert f"IDX files in {tmp_path / below}" == dataset.source


def test_a_closed_folder_beside_the_data_is_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_idx(tmp_path)
    (tmp_path / "closed").mkdir()
    opened = Path.iterdir

    def iterdir(folder: Path) -> Iterator[Path]:
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied")
        return opened(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert read_path(tmp_path).image_shape == (1, 2)


def test_data_in_several_folders_below_are_ambiguous(tmp_path: Path) -> None:
    for name in ("MNIST", "FashionMNIST"):
        (tmp_path / name / "raw").mkdir(parents=True)
        write_idx(tmp_path / name / "raw")
    expected = "2 folders with data, among them 'FashionMNIST/raw' and 'MNIST/raw'; give one"
    assert expected in refusal(tmp_path)


def test_a_folder_that_is_called_like_an_idx_file_is_none(tmp_path: Path) -> None:
    write_idx(tmp_path)
    for split in ("train", "t10k"):
        (tmp_path / f"{split}-images-idx3-ubyte").rename(tmp_path / f"{split}-images.idx3-ubyte")
        (tmp_path / f"{split}-images-idx3-ubyte").mkdir()
    assert read_path(tmp_path).image_shape == (1, 2)


@pytest.mark.parametrize("name", ["val.csv", "Valid.csv", "validation.csv"])
def test_a_third_table_is_the_validation_set(tmp_path: Path, name: str) -> None:
    (tmp_path / "train.csv").write_text(TABLE)
    (tmp_path / "test.csv").write_text(TABLE)
    without = read_path(tmp_path)
    (tmp_path / name).write_text("1,2,0\n0,9,8\n")
    dataset = read_path(tmp_path)
    assert dataset.validation is not None
    assert dataset.validation.features.tolist() == [[2, 0], [9, 8]]
    assert dataset.validation.labels.tolist() == [1, 0]
    assert f"the 2 samples of {name} are the validation set, in place of validation" == (
        dataset.notice
    )
    assert without.fingerprint == replace(dataset, validation=None).fingerprint


def test_a_table_is_split_where_only_one_to_validate_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(TABLE)
    (tmp_path / "val.csv").write_text("1,2,0\n")
    dataset = read_path(tmp_path)
    assert dataset.validation is not None
    assert (len(dataset.train), len(dataset.test), len(dataset.validation)) == (10, 2, 1)
    assert dataset.notice is not None
    assert "are for testing; the 1 samples of val.csv are the validation set" in dataset.notice


@pytest.mark.parametrize("names", [("Train.csv", "TEST.csv"), ("training.csv", "testing.csv")])
def test_a_pair_of_tables_is_found_by_its_names(tmp_path: Path, names: tuple[str, str]) -> None:
    for name in names:
        (tmp_path / name).write_text(TABLE)
    assert (len(read_path(tmp_path).train), len(read_path(tmp_path).test)) == (12, 12)


def test_two_tables_of_the_same_part_are_refused(tmp_path: Path) -> None:
    for name in ("train.csv", "test.csv", "val.csv", "valid.csv"):
        (tmp_path / name).write_text(TABLE)
    assert "holds both val.csv and valid.csv, wanted one table of that part" in refusal(tmp_path)


def test_the_third_table_decides_on_the_type_of_all_features(tmp_path: Path) -> None:
    (tmp_path / "mnist_train.csv").write_text(TABLE)
    (tmp_path / "mnist_test.csv").write_text(TABLE)
    (tmp_path / "mnist_val.csv").write_text("1,2,0.5\n")
    dataset = read_path(tmp_path)
    assert dataset.validation is not None
    parts = (dataset.train, dataset.test, dataset.validation)
    assert {np.dtype(np.float32)} == {part.features.dtype for part in parts}
    assert dataset.train.features[0].tolist() == [1, 200]


def test_a_table_of_measurements_may_lie_beside_images(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("label,x,y\n" + TABLE)
    (tmp_path / "figures").mkdir()
    for number in range(10):
        Image.new("L", (2, 2)).save(tmp_path / "figures" / f"{number}.png")
    assert len(read_path(tmp_path / "data.csv").train) == 10
    notice = read_path(tmp_path).notice
    assert notice is not None
    assert notice.endswith("; the folders of images beside its files are left out")


def test_an_unknown_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.pickle").write_bytes(b"PAR1")
    assert "data.pickle is of no known kind; wanted IDX files" in refusal(tmp_path / "data.pickle")


def test_a_folder_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    assert "may not be read by you" in refusal(tmp_path)


def test_a_large_table_is_said_to_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("".join(["size,label\n", *(f"{i}.5,{i % 2}\n" for i in range(40))]))
    told: list[tuple[Any, ...]] = []
    read_path(table, lambda *one: told.append(one))
    assert told == []
    monkeypatch.setattr("gpunet.datasets.readers.path.LARGE", 100)
    read_path(table, lambda *one: told.append(one))
    size = table.stat().st_size
    assert told == [
        ("reading rows.csv", 0, 0),
        ("reading rows.csv", size, size, "bytes"),
        ("looking at the columns of rows.csv", 0, 0),
        ("encoding rows.csv", 40, 40),
    ]


def test_of_a_packed_table_the_rows_are_told_as_nobody_knows_how_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "rows.csv.gz"
    rows = "".join(["size,label\n", *(f"{i}.5,{i % 2}\n" for i in range(40))])
    table.write_bytes(gzip.compress(rows.encode()))
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr("gpunet.datasets.readers.path.LARGE", 10)
    read_path(table, lambda *one: told.append(one))
    assert told[1] == ("reading rows.csv.gz, 40 rows", 0, 0)
