from __future__ import annotations

import gzip
import os
import shutil
import struct
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.datasets.readers import files as files_module
from gpunet.datasets.readers.idx import read_idx
from gpunet.errors import DataError

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"


def images_bytes(images: NDArray[np.uint8], magic: int = 2051) -> bytes:
    return struct.pack(">IIII", magic, *images.shape) + images.tobytes()


def labels_bytes(labels: list[int], magic: int = 2049) -> bytes:
    return struct.pack(">II", magic, len(labels)) + bytes(labels)


def random_images(count: int, height: int = 3, width: int = 2) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, height, width), np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six training and three test images of 3 x 2 pixels in three classes."""
    (tmp_path / TRAIN_IMAGES).write_bytes(images_bytes(random_images(6)))
    (tmp_path / TRAIN_LABELS).write_bytes(labels_bytes([0, 1, 2, 0, 1, 2]))
    (tmp_path / TEST_IMAGES).write_bytes(images_bytes(random_images(3)))
    (tmp_path / TEST_LABELS).write_bytes(labels_bytes([2, 1, 0]))
    return tmp_path


def refusal(path: Path) -> str:
    """The sentence that refuses files; their folder, which it must tell, left out."""
    folder = path if path.is_dir() else path.parent
    with pytest.raises(DataError) as caught:
        read_idx(path)
    assert str(folder) in str(caught.value)
    return str(caught.value).replace(f"{folder}{os.sep}", "")


def test_a_folder_of_four_files_is_a_dataset(folder: Path) -> None:
    dataset = read_idx(folder)
    assert random_images(6).reshape(6, 6).tolist() == dataset.train.features.tolist()
    assert np.uint8 == dataset.train.features.dtype
    assert dataset.train.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert random_images(3).reshape(3, 6).tolist() == dataset.test.features.tolist()
    assert dataset.test.labels.tolist() == [2, 1, 0]
    assert dataset.classes == ("0", "1", "2")
    assert dataset.image_shape == (3, 2)
    assert folder.name == dataset.name
    assert dataset.notice is None


@pytest.mark.parametrize("name", [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS])
def test_any_of_the_four_files_stands_for_all(folder: Path, name: str) -> None:
    assert read_idx(folder).fingerprint == read_idx(folder / name).fingerprint


def test_gzipped_files_are_unpacked(folder: Path) -> None:
    expected = read_idx(folder).fingerprint
    for path in list(folder.iterdir()):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert expected == read_idx(folder).fingerprint
    assert expected == read_idx(folder / f"{TEST_LABELS}.gz").fingerprint


def test_the_spelling_with_a_dot_is_known(folder: Path) -> None:
    expected = read_idx(folder).fingerprint
    for path in list(folder.iterdir()):
        path.rename(folder / path.name.replace("-idx", ".idx"))
    assert expected == read_idx(folder).fingerprint


def test_names_with_a_prefix_belong_together(folder: Path) -> None:
    expected = read_idx(folder).fingerprint
    for path in list(folder.iterdir()):
        shutil.copy(path, folder / f"emnist-{path.name.replace('t10k', 'test')}")
    assert expected == read_idx(folder / f"emnist-{TRAIN_LABELS}").fingerprint
    assert "holds IDX files of 2 datasets" in refusal(folder)


def test_labels_from_one_on_keep_their_numbers_as_names(folder: Path) -> None:
    (folder / TRAIN_LABELS).write_bytes(labels_bytes([1, 2, 3, 1, 2, 3]))
    (folder / TEST_LABELS).write_bytes(labels_bytes([3, 2, 1]))
    dataset = read_idx(folder)
    assert dataset.classes == ("1", "2", "3")
    assert dataset.train.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert dataset.test.labels.tolist() == [2, 1, 0]


@pytest.mark.parametrize("name", [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert f"lacks {name}" in refusal(folder)


@pytest.mark.parametrize("kept", [1, 3, 7, 15, 16, 40])
def test_images_that_are_cut_short_are_refused(folder: Path, kept: int) -> None:
    content = (folder / TRAIN_IMAGES).read_bytes()
    (folder / TRAIN_IMAGES).write_bytes(content[:kept])
    message = refusal(folder)
    assert TRAIN_IMAGES in message
    assert "fetch it again" in message


def test_an_empty_file_is_refused(folder: Path) -> None:
    (folder / TRAIN_LABELS).write_bytes(b"")
    assert "is empty" in refusal(folder)


def test_a_file_that_is_too_long_is_refused(folder: Path) -> None:
    with (folder / TEST_LABELS).open("ab") as file:
        file.write(b"\0")
    assert "holds more than the 11 bytes" in refusal(folder)


def test_images_in_the_place_of_labels_are_told(folder: Path) -> None:
    shutil.copy(folder / TRAIN_IMAGES, folder / TRAIN_LABELS)
    assert "holds images (magic number 2051), wanted labels" in refusal(folder)


def test_labels_in_the_place_of_images_are_told(folder: Path) -> None:
    shutil.copy(folder / TEST_LABELS, folder / TEST_IMAGES)
    assert "holds labels (magic number 2049), wanted images" in refusal(folder)


def test_a_wrong_magic_number_is_refused(folder: Path) -> None:
    (folder / TRAIN_IMAGES).write_bytes(images_bytes(random_images(6), magic=0x89504E47))
    assert "is no IDX file of bytes (magic number 2303741511)" in refusal(folder)


def test_labels_of_the_other_set_are_refused(folder: Path) -> None:
    train, test = (folder / TRAIN_LABELS).read_bytes(), (folder / TEST_LABELS).read_bytes()
    (folder / TRAIN_LABELS).write_bytes(test)
    (folder / TEST_LABELS).write_bytes(train)
    assert f"{TRAIN_LABELS} holds 3 rows but {TRAIN_IMAGES} 6" in refusal(folder)


def test_images_of_two_sizes_are_refused(folder: Path) -> None:
    (folder / TEST_IMAGES).write_bytes(images_bytes(random_images(3, 2, 3)))
    assert "images of 2 x 3 pixels but train-images-idx3-ubyte of 3 x 2" in refusal(folder)


def test_a_label_far_from_the_others_is_told(folder: Path) -> None:
    (folder / TRAIN_LABELS).write_bytes(labels_bytes([0, 1, 2, 0, 200, 2]))
    dataset = read_idx(folder)
    assert dataset.classes == ("0", "1", "2", "200")
    assert dataset.notice is not None
    assert "the labels leave out numbers between 0 and 200" in dataset.notice


def test_a_test_label_that_training_lacks_is_refused(folder: Path) -> None:
    (folder / TEST_LABELS).write_bytes(labels_bytes([2, 1, 3]))
    assert f"row 3 of {TEST_LABELS} is '3', which no training sample has" in refusal(folder)


def test_no_images_at_all_are_refused(folder: Path) -> None:
    (folder / TRAIN_IMAGES).write_bytes(struct.pack(">IIII", 2051, 0, 28, 28))
    assert "holds no images" in refusal(folder)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("count", [10**9, 2**32 - 1])
def test_a_header_that_promises_too_much_is_refused_before_anything_is_allocated(
    folder: Path, count: int, pack: type[bytes]
) -> None:
    content = struct.pack(">IIII", 2051, count, 2**32 - 1, 2**32 - 1) + bytes(100)
    (folder / TRAIN_IMAGES).write_bytes(pack(content))
    assert "promises" in refusal(folder)


def test_a_gzip_bomb_is_unpacked_no_further_than_its_header_promises(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = images_bytes(random_images(6)) + bytes(100 << 20)
    (folder / TRAIN_IMAGES).write_bytes(gzip.compress(bomb, 9))
    read: list[int] = []
    honest = files_module.read_bytes

    def counted(file: Any, size: int, name: str, start: bytearray) -> NDArray[np.uint8]:
        read.append(len(start))
        content = honest(file, size, name, start)
        read.append(len(content))
        return content

    monkeypatch.setattr("gpunet.datasets.readers.idx.read_bytes", counted)
    assert "holds more than the 52 bytes" in refusal(folder)
    assert read[:2] == [16, 53]


def test_a_gzip_of_more_than_disk_and_memory_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(total=1 << 40, free=3 << 30))
    zeros = zlib.compressobj(9, wbits=31)
    header = struct.pack(">IIII", 2051, 1 << 20, 1 << 7, 1 << 7)
    packed = zeros.compress(header) + zeros.compress(bytes(20 << 20)) + zeros.flush()
    (folder / TRAIN_IMAGES).write_bytes(packed * 1000)  # a gzip may be many, one after the other
    message = refusal(folder)
    assert "would take 16.0 GiB of memory, at most 8 GiB are possible, and" in message
    assert "has only 3.0 GiB free, of which 1 GiB stay free; make room there" in message


def test_a_gzip_that_is_cut_short_is_refused(folder: Path) -> None:
    packed = gzip.compress((folder / TRAIN_IMAGES).read_bytes())
    (folder / TRAIN_IMAGES).write_bytes(packed[:-12])
    assert "is cut short or damaged" in refusal(folder)


def test_a_gzip_that_is_damaged_is_refused(folder: Path) -> None:
    packed = bytearray(gzip.compress((folder / TRAIN_IMAGES).read_bytes()))
    packed[12] ^= 0xFF
    (folder / TRAIN_IMAGES).write_bytes(packed)
    assert TRAIN_IMAGES in refusal(folder)


def test_a_file_without_permission_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert "may not be read by you" in refusal(folder)


def test_a_folder_in_the_place_of_a_file_is_refused(folder: Path) -> None:
    (folder / TRAIN_LABELS).unlink()
    (folder / TRAIN_LABELS).mkdir()
    assert "is not a regular file" in refusal(folder)
