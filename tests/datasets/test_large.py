"""Data that are read as if they were large are what they are if they are small."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gpunet.datasets.dataset import Dataset
from gpunet.datasets.readers.path import read_path
from gpunet.datasets.source import Source
from gpunet.datasets.tables.options import TableOptions
from gpunet.errors import DataError

DRAWS = np.random.default_rng(2)
ROWS = 240


def bytes_of_images(count: int = ROWS) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    return DRAWS.integers(0, 256, (count, 9, 8), np.uint8)


def table(folder: Path, lines: list[str], pack: Callable[[bytes], bytes] = bytes) -> Path:
    path = folder / ("data.csv" if pack is bytes else "data.csv.gz")
    path.write_bytes(pack("".join(f"{line}\n" for line in lines).encode()))
    return path


def numbers(folder: Path) -> Path:
    return table(folder, [f"{row % 3},{row / 7},{row * row}" for row in range(ROWS)])


def packed_numbers(folder: Path) -> Path:
    return table(folder, [f"{row % 3},{row / 7},-{row}.5" for row in range(ROWS)], gzip.compress)


def late_fractions(folder: Path) -> Path:
    """Whole numbers up to 255, but for the last row."""
    rows = [f"{row % 3},{row},{row * 7 % 256}" for row in range(ROWS)]
    return table(folder, [*rows, "1,0.5,9"])


def words_and_gaps(folder: Path) -> Path:
    rows = [
        f"{'ab'[row % 2]},{'' if row % 9 == 4 else row / 3},{'xyz'[row % 3]}" for row in range(ROWS)
    ]
    return table(folder, ["label,number,word", *rows])


def pixels_sorted_by_class(folder: Path) -> Path:
    images = bytes_of_images().reshape(ROWS, -1)[:, :64].tolist()
    return table(
        folder, [",".join(map(str, [row // 80, *image])) for row, image in enumerate(images)]
    )


def idx(folder: Path, pack: Callable[[bytes], bytes] = bytes) -> Path:
    for split, count in (("train", ROWS), ("t10k", 30)):
        end = "" if pack is bytes else ".gz"
        images = struct.pack(">IIII", 2051, count, 9, 8) + bytes_of_images(count).tobytes()
        labels = struct.pack(">II", 2049, count) + bytes(row % 3 for row in range(count))
        (folder / f"{split}-images-idx3-ubyte{end}").write_bytes(pack(images))
        (folder / f"{split}-labels-idx1-ubyte{end}").write_bytes(pack(labels))
    return folder


def packed_idx(folder: Path) -> Path:
    return idx(folder, gzip.compress)


def archive_sorted_by_class(folder: Path) -> Path:
    np.savez(folder / "data.npz", X=bytes_of_images(), y=np.arange(ROWS) // 80)
    return folder / "data.npz"


def shares_of_255(folder: Path) -> Path:
    np.savez(folder / "data.npz", X=bytes_of_images() / 255, y=np.arange(ROWS) % 3)
    return folder / "data.npz"


def truths(folder: Path) -> Path:
    np.savez(folder / "data.npz", X=bytes_of_images() > 99, y=np.arange(ROWS) % 3)
    return folder / "data.npz"


def colors(folder: Path) -> Path:
    images = DRAWS.integers(0, 256, (ROWS, 8, 8, 3), np.uint8)
    np.savez(folder / "data.npz", X=images, y=np.arange(ROWS) % 3)
    return folder / "data.npz"


def labels_in_a_column(folder: Path) -> Path:
    np.save(folder / "rows.npy", np.c_[DRAWS.normal(size=(ROWS, 4)), np.arange(ROWS) % 3])
    return folder / "rows.npy"


def images(folder: Path) -> Path:
    for row, image in enumerate(bytes_of_images(60)):
        (folder / "ab"[row % 2]).mkdir(exist_ok=True)
        Image.fromarray(image).save(folder / "ab"[row % 2] / f"{row}.png")
    return folder


READERS = [
    *(numbers, packed_numbers, late_fractions, words_and_gaps, pixels_sorted_by_class, idx),
    *(packed_idx, archive_sorted_by_class, shares_of_255, truths, colors, labels_in_a_column),
    images,
]


@pytest.mark.parametrize("missing", ["mean", "drop"])
@pytest.mark.parametrize("write", READERS)
def test_large_data_are_read_as_small_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], Path], missing: Any
) -> None:
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    path = write(tmp_path / "data")
    options = replace(TableOptions(), missing=missing)
    small = read_path(path, options=options)
    monkeypatch.setattr("gpunet.datasets.mapped.LARGE", 900)
    monkeypatch.setattr("gpunet.datasets.tables.text_rows.BLOCK", 500)
    large = read_path(path, options=options)
    assert isinstance(large.train.features, np.memmap)
    assert not isinstance(small.train.features, np.memmap)
    assert large.fingerprint == small.fingerprint
    assert (large.classes, large.image_shape) == (small.classes, small.image_shape)
    assert (large.notice, large.columns) == (small.notice, small.columns)


def test_a_mapped_array_in_python_stays_where_it_is(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", DRAWS.normal(size=(ROWS, 3)).astype(np.float32))
    features = np.load(tmp_path / "X.npy", mmap_mode="r")
    data = Dataset.from_arrays(features, np.arange(ROWS) % 2)
    assert isinstance(data.train.features, np.memmap)
    assert np.shares_memory(data.train.features, features)


def test_a_file_that_gets_shorter_while_it_is_trained_on_ends_in_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpunet.datasets.mapped.LARGE", 900)
    path = idx(tmp_path) / "train-images-idx3-ubyte"
    source = Source(read_path(tmp_path).train)
    assert len(source[np.array([3, 200])]) == 2
    with path.open("r+b") as file:
        file.truncate(5000)
    with pytest.raises(DataError, match="train-images-idx3-ubyte has become shorter while it was"):
        source[np.array([3, 200])]
