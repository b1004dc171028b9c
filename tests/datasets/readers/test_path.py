from __future__ import annotations

import gzip
import struct
from pathlib import Path

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
    assert 10 == len(read_path(tmp_path / "data.CSV").train)


def test_an_npz_file_is_an_archive(tmp_path: Path) -> None:
    write_npz(tmp_path / "data.npz")
    assert 4 == len(read_path(tmp_path / "data.npz").train)


def test_idx_files_are_found_in_a_folder_and_by_one_of_them(tmp_path: Path) -> None:
    write_idx(tmp_path)
    assert (1, 2) == read_path(tmp_path).image_shape
    assert (1, 2) == read_path(tmp_path / "t10k-labels-idx1-ubyte").image_shape


def test_a_folder_with_a_pair_of_tables_is_read_as_a_pair(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(TABLE)
    (tmp_path / "test.csv").write_text(TABLE)
    (tmp_path / "more.csv").write_text("no table")
    dataset = read_path(tmp_path)
    assert (12, 12) == (len(dataset.train), len(dataset.test))


def test_a_folder_with_one_file_stands_for_it(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("about the data")
    (tmp_path / "iris.csv").write_text(TABLE)
    assert "iris" == read_path(tmp_path).name


@pytest.mark.parametrize("name", ["iris.tsv", "iris.csv.gz"])
def test_tables_of_other_endings_are_found_in_a_folder(tmp_path: Path, name: str) -> None:
    content = TABLE.encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    (tmp_path / "readme.txt").write_text("about the data")
    assert "iris" == read_path(tmp_path).name
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


def test_a_folder_with_several_files_is_ambiguous(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TABLE)
    write_npz(tmp_path / "b.npz")
    assert "2 files that could be the dataset, among them a.csv and b.npz" in refusal(tmp_path)


def test_a_folder_of_images_is_read_class_by_class(tmp_path: Path) -> None:
    for row in range(4):
        (tmp_path / str(row % 2)).mkdir(exist_ok=True)
        Image.new("L", (2, 2)).save(tmp_path / str(row % 2) / f"{row}.png")
    assert (2, 2) == read_path(tmp_path).image_shape


def test_a_home_folder_may_be_written_as_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write_npz(tmp_path / "data.npz")
    assert "data" == read_path(Path("~/data.npz")).name


def test_a_missing_path_is_refused(tmp_path: Path) -> None:
    assert "none.csv does not exist" in refusal(tmp_path / "none.csv")


def test_an_empty_folder_is_refused_with_what_could_be_there(tmp_path: Path) -> None:
    message = refusal(tmp_path)
    assert "holds no dataset; wanted IDX files" in message


def test_an_unknown_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.parquet").write_bytes(b"PAR1")
    assert "data.parquet is of no known kind; wanted IDX files" in refusal(
        tmp_path / "data.parquet"
    )


def test_a_folder_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    assert "may not be read by you" in refusal(tmp_path)
