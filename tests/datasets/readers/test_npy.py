from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.datasets.readers.npy import FEATURES, LABELS, read_npy
from gpunet.datasets.readers.npz import read_npz
from gpunet.errors import DataError

DRAWS = np.random.default_rng(1)


@pytest.fixture(autouse=True)
def _few_bytes_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("gpunet.datasets.mapped.LARGE", 1000)


def refusal(path: Path, kinds: str = FEATURES) -> str:
    with pytest.raises(DataError) as caught:
        read_npy(path, kinds)
    return str(caught.value).replace(str(path), path.name)


def archive(path: Path, features: NDArray[Any], *, packed: bool = False) -> Path:
    """An NPZ of these features, whose test set is their last quarter."""
    labels, last = np.arange(len(features)) % 2, -len(features) // 4
    save = np.savez_compressed if packed else np.savez
    save(path, x_train=features, y_train=labels, x_test=features[last:], y_test=labels[last:])
    return path


@pytest.mark.parametrize("kind", ["u1", "<f4", "<f8", ">f4", "<i8"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("rows", [3, 400])
def test_an_array_is_read_as_numpy_reads_it(
    tmp_path: Path, kind: str, order: Any, rows: int
) -> None:
    path = tmp_path / "x.npy"
    np.save(path, DRAWS.integers(0, 200, (rows, 7)).astype(kind, order))
    array = read_npy(path, FEATURES)
    assert array.tolist() == np.load(path).tolist()
    assert array.dtype == np.load(path).dtype.newbyteorder("=")
    assert isinstance(array, np.memmap) == (rows == 400)


def test_labels_are_held_in_memory(tmp_path: Path) -> None:
    labels = np.array(["a", "b"] * 200)
    np.save(tmp_path / "y.npy", labels)
    read = read_npy(tmp_path / "y.npy", LABELS)
    assert read.tolist() == labels.tolist()
    assert not isinstance(read, np.memmap)


@pytest.mark.parametrize("rows", [3, 400])
@pytest.mark.parametrize("cut", [-1, -20, 1])
def test_a_file_that_is_too_short_or_too_long_is_refused(
    tmp_path: Path, rows: int, cut: int
) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.zeros((rows, 7)))
    content = path.read_bytes()
    path.write_bytes(content[:cut] if cut < 0 else content + bytes(cut))
    assert refusal(path).startswith(
        f"x.npy promises {rows * 56:,} bytes in its header and holds {rows * 56 + cut:,}"
    )


def test_what_is_no_array_of_numbers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(b"no array")
    assert "x.npy is no NPY file, or it is damaged" in refusal(path)
    np.save(path, np.array(["word"]))
    assert "is of type <U4, wanted numbers" in refusal(path)
    np.save(path, np.array([{}]), allow_pickle=True)
    assert "pickled objects, which could run foreign code" in refusal(path, LABELS)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["u1", "<f4", "<f8", ">f8", "<i8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_archive_holds_the_same_samples_as_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, order: Any, packed: bool
) -> None:
    for values in (DRAWS.integers(0, 256, (600, 64)), DRAWS.normal(size=(600, 64)) * 100):
        features = np.array(values.astype(kind), order=order)
        path = archive(tmp_path / "data.npz", features, packed=packed)
        large = read_npz(path)
        with monkeypatch.context() as patched:
            patched.setattr("gpunet.datasets.mapped.LARGE", 1 << 30)
            small = read_npz(path)
        assert isinstance(large.train.features, np.memmap)
        assert not isinstance(small.train.features, np.memmap)
        assert large.fingerprint == small.fingerprint


def test_stored_bytes_are_mapped_where_they_lie(tmp_path: Path) -> None:
    features = DRAWS.integers(0, 256, (600, 8, 8), np.uint8)
    path = archive(tmp_path / "data.npz", features)
    train = read_npz(path).train.features
    assert isinstance(train, np.memmap)
    assert str(train.filename) == str(path)
    assert train.tolist() == features.reshape(600, -1).tolist()


def test_a_member_that_would_lie_beyond_the_archive_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "data.npz", np.zeros((600, 64)))
    size = 128 + 600 * 64 * 8
    content = path.read_bytes()
    assert content.count(b"(600, 64), }") == 1
    content = content.replace(b"(600, 64), }", b"(9600, 64),}")
    place = content.rindex(b"x_train.npy") - 26  # of its sizes in the list of members
    assert content[place : place + 8] == struct.pack("<II", size, size)
    sizes = struct.pack("<II", *[128 + 9600 * 64 * 8] * 2)
    path.write_bytes(content[:place] + sizes + content[place + 8 :])
    with pytest.raises(DataError, match=r"mmap length is greater|Overlapped entries"):
        read_npz(path)
    path.write_bytes(content[:26] + b"\xff\xff\xff\xff" + content[30:])  # where an array begins
    with pytest.raises(DataError, match="is no NPZ archive, or it is damaged"):
        read_npz(path)


def test_a_header_that_promises_to_be_long_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    path.write_bytes(b"\x93NUMPY\x02\x00" + struct.pack("<I", 1 << 30) + b" " * 100)
    tracemalloc.start()
    with pytest.raises(DataError, match="the header of an array cannot be read"):
        read_npy(path, FEATURES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20
