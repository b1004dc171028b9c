"""Small files that promise much, read with little memory; and archives that would rather act."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gpunet.datasets.readers.npz import read_npz
from gpunet.datasets.readers.path import read_path
from gpunet.errors import DataError

READER = Path(__file__).with_name("within_memory.py")
MIB = 256  # that a reader may take for any of these files

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux bounds a process's address space in this way"
)


def outcome(path: Path) -> str:
    """What came of reading a file in a process with little memory."""
    done = subprocess.run(
        [sys.executable, READER, str(MIB), str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.rstrip("\n")


def npy(shape: tuple[int, ...], kind: str, content: bytes) -> bytes:
    header = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + content


def archive(path: Path, **members: bytes) -> Path:
    """An NPZ whose arrays are sound but for those that are given."""
    arrays = {
        "x_train": np.arange(12.0).reshape(6, 2),
        "y_train": np.array([0, 1] * 3),
        "x_test": np.ones((2, 2)),
        "y_test": np.array([0, 1]),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as opened:
        for name, array in arrays.items():
            file = io.BytesIO()
            np.save(file, array)
            opened.writestr(f"{name}.npy", members.pop(name, file.getvalue()))
        for name, content in members.items():
            opened.writestr(name, content)
    return path


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png(width: int, height: int, content: bytes) -> bytes:
    """A gray image of 8 bits per pixel."""
    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = (b"IHDR", size), (b"IDAT", zlib.compress(content, 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def idx_folder(folder: Path, pack: Callable[[bytes], bytes], images: bytes) -> Path:
    end = "" if pack is bytes else ".gz"
    labels = struct.pack(">II", 2049, 6) + bytes([0, 1] * 3)
    for split in ("train", "t10k"):
        (folder / f"{split}-labels-idx1-ubyte{end}").write_bytes(pack(labels))
        (folder / f"{split}-images-idx3-ubyte{end}").write_bytes(pack(images))
    return folder / f"train-images-idx3-ubyte{end}"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_idx_header_of_a_billion_rows_allocates_nothing(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    path = idx_folder(tmp_path, pack, struct.pack(">IIII", 2051, 10**9, 1, 1) + bytes(50))
    assert "promises 1,000,000,016 bytes in its header" in outcome(path)


def test_a_gzip_is_unpacked_no_further_than_its_header_says(tmp_path: Path) -> None:
    images = struct.pack(">IIII", 2051, 6, 1, 2) + bytes(MIB << 20)
    path = idx_folder(tmp_path, lambda content: gzip.compress(content, 1), images)
    assert "holds more than the 28 bytes that its header promises" in outcome(path)


@pytest.mark.parametrize("shape", [(10**9, 2), (6, 10**9), (10**9, 10**9)])
def test_an_array_of_a_billion_rows_in_a_small_archive_is_refused(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    path = archive(tmp_path / "data.npz", x_train=npy(shape, "<f8", bytes(96)))
    assert "more or less than the archive holds" in outcome(path)


def test_an_array_that_unpacks_to_more_than_the_memory_is_refused(tmp_path: Path) -> None:
    bomb = npy((6, 1 << 23), "<f8", bytes(6 << 26))
    path = archive(tmp_path / "data.npz", x_train=bomb)
    assert path.stat().st_size < 1 << 21
    assert "does not fit into memory" in outcome(path)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -2)}",
        "{[1]: 2}",
        "{1: 2, 'a': 3}",
        "'''",
        "(((",
        "{'descr': '<f8', 'shape': (6L, 2)}",
        "-" * 9000,
    ],
)
def test_a_header_that_is_no_header_is_refused(tmp_path: Path, header: str) -> None:
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
    path = archive(tmp_path / "data.npz", x_train=content)
    with pytest.raises(
        DataError, match=r"header of an array (cannot be read|has a negative length)"
    ):
        read_npz(path)


class Planted:
    """Something that makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.mkdir, (self.folder,)


def test_pickled_objects_are_never_run(tmp_path: Path) -> None:
    planted = pickle.dumps(Planted(tmp_path / "owned"))
    path = archive(tmp_path / "data.npz", y_train=npy((6,), "|O", planted))
    with pytest.raises(DataError, match="pickled objects, which could run foreign code"):
        read_npz(path)
    assert not (tmp_path / "owned").exists()
    pickle.loads(planted)
    assert (tmp_path / "owned").exists()


def test_nothing_of_an_archive_is_written_anywhere(tmp_path: Path) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    members = {"../slip.txt": b"slipped", "/slip.txt": b"slipped"}
    assert len(read_npz(archive(inside / "data.npz", **members)).train) == 6
    assert [inside / "data.npz"] == [path for path in tmp_path.rglob("*") if path.is_file()]


def test_one_long_label_makes_no_other_longer(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a" * 200 + ",1.5\n" + "b,2\n" * 500_000)
    assert outcome(path) == "read"


def test_a_line_of_a_hundred_megabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"1" * 100_000_000)
    assert "has a line of more than 64 MiB" in outcome(path)


def test_a_line_of_millions_of_features_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"1," * 20_000_000)
    assert "has 20,000,000 features in its first line, at most 4,194,304" in outcome(path)


def test_fifty_thousand_columns_of_words_take_seconds(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes((b"a," * 50_000 + b"0\n" + b"b," * 50_000 + b"1\n") * 3)
    began = time.process_time()
    assert read_path(path).inputs == 100_000 - 1
    assert time.process_time() - began < 20


def test_an_image_of_a_billion_pixels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(png(1 << 15, 1 << 15, bytes(1 << 20)))
    assert "is too large, at most 89 million pixels are read" in outcome(path)


def test_a_part_of_an_image_that_promises_gigabytes_takes_no_more_than_the_file(
    tmp_path: Path,
) -> None:
    content = bytearray(png(8, 8, bytes(72)))
    start = content.index(b"IDAT")
    content[start - 4 : start] = struct.pack(">I", 0x7FFFFFFF)
    path = tmp_path / "image.png"
    path.write_bytes(content)
    assert outcome(path) == "read"


@pytest.mark.parametrize(
    ("size", "says"),
    [
        (60 << 20, "is no log of a run: line 1 is longer than 4 MiB"),
        ((4 << 20) - 100, "is no log of a run: in line 1, it lacks 'format'"),
    ],
)
def test_a_line_of_a_log_takes_little_memory_whatever_it_holds(
    tmp_path: Path, size: int, says: str
) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(
        b'{"event":"begin","clock":0,"config":{"a":[[]%s]}}\n' % (b",[]" * (size // 3))
    )
    assert says in outcome(path)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [10**9], "data_offsets": [0, 4 * 10**9]},
        {"dtype": "F32", "shape": [10**9, 10**9, 10**9], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [0, 1 << 62], "data_offsets": [0, 0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]},
        {"dtype": "F64", "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
        {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]},
    ],
)
def test_a_model_whose_header_lies_is_refused(tmp_path: Path, entry: dict[str, object]) -> None:
    header = json.dumps({"layers.0.biases": entry}).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    assert "model.safetensors is no sound model file" in outcome(path)


def test_tensors_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    header = json.dumps({"a": entry, "b": entry}).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    assert "does not follow the safetensors format" in outcome(path)


def test_a_header_longer_than_its_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 99_000_000) + b"{}")
    assert "does not follow the safetensors format" in outcome(path)
