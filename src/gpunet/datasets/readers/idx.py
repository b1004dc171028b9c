"""The IDX format of MNIST: four files, images and labels of the training and the test set.

The format is that of Yann LeCun's page on MNIST: big-endian, a magic number (2051 for images,
2049 for labels), the lengths of the axes, then one byte per value.
"""

from __future__ import annotations

import math
import re
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.readers.files import (
    read_at_most,
    reading,
    require_memory,
    shown,
    unpacked,
)
from gpunet.datasets.readers.labels import RawLabels, number_classes
from gpunet.errors import DataError

__all__ = ["Content", "IdxFiles", "dataset_from", "find_idx_files", "is_idx_name", "read_idx"]

IMAGES_MAGIC = 2051
LABELS_MAGIC = 2049

NAME = re.compile(
    r"(?P<prefix>.*?)(?P<split>train|t10k|test)[-_.](?P<kind>images|labels)[-.]idx[13][-.]ubyte"
    r"(\.gz)?",
    re.IGNORECASE,
)


class IdxFiles(NamedTuple):
    """The paths of the four files."""

    train_images: Path
    train_labels: Path
    test_images: Path
    test_labels: Path


class Content(NamedTuple):
    """The content of one file and the name that messages give it."""

    name: str
    data: bytes | bytearray


def is_idx_name(name: str) -> bool:
    """Whether a file's name is one of those that the four files go by."""
    return NAME.fullmatch(name) is not None


def read_idx(path: Path) -> Dataset:
    """Read the four IDX files, plain or gzipped, of a folder.

    Args:
        path: the folder, or any one of its four files.

    Raises:
        DataError: a file is missing, unreadable, or does not hold what its name and header say.
    """
    files = find_idx_files(path)
    contents = [
        _read(files.train_images, IMAGES_MAGIC),
        _read(files.train_labels, LABELS_MAGIC),
        _read(files.test_images, IMAGES_MAGIC),
        _read(files.test_labels, LABELS_MAGIC),
    ]
    folder = path if path.is_dir() else path.parent
    return dataset_from(contents, name=folder.resolve().name, source=f"IDX files in {folder}")


def dataset_from(
    contents: list[Content], *, name: str, source: str, classes: tuple[str, ...] | None = None
) -> Dataset:
    """The dataset that four files' contents hold.

    Args:
        contents: in the order of ``IdxFiles``.
        name: of the dataset.
        source: where it came from.
        classes: names of the classes in the order of their numbers, if they are known.

    Raises:
        DataError: a file does not hold what its header says, or two do not belong together.
    """
    train_images, train_labels = _images(contents[0]), _labels(contents[1])
    test_images, test_labels = _images(contents[2]), _labels(contents[3])
    _require_pair(contents[0].name, train_images, contents[1].name, train_labels)
    _require_pair(contents[2].name, test_images, contents[3].name, test_labels)
    if train_images.shape[1:] != test_images.shape[1:]:
        height, width = train_images.shape[1:]
        raise DataError(
            f"{contents[2].name} holds images of {test_images.shape[1]} x {test_images.shape[2]} "
            f"pixels but {contents[0].name} of {height} x {width}; fetch the four files again"
        )
    numbered = number_classes(
        RawLabels(contents[1].name, train_labels, range(1, len(train_labels) + 1)),
        RawLabels(contents[3].name, test_labels, range(1, len(test_labels) + 1)),
    )
    return Dataset(
        name=name,
        train=Samples(train_images.reshape(len(train_images), -1), numbered.train),
        test=Samples(test_images.reshape(len(test_images), -1), numbered.test),
        classes=numbered.names if classes is None else classes,
        image_shape=(train_images.shape[1], train_images.shape[2]),
        source=source,
        notice=numbered.notice,
    )


def find_idx_files(path: Path) -> IdxFiles:
    """The four files of a folder, or those that belong to one of them.

    A plain file goes before a gzipped one of the same name, and any file before a folder.

    Raises:
        DataError: one is missing, or several datasets share the folder.
    """
    folder = path if path.is_dir() else path.parent
    found: dict[tuple[str, str, str], Path] = {}
    with reading(folder):
        entries = sorted(folder.iterdir(), key=lambda entry: (entry.is_dir(), entry))
    for file in entries:
        if match := NAME.fullmatch(file.name):
            split = "train" if match["split"].lower() == "train" else "test"
            found.setdefault((match["prefix"], split, match["kind"].lower()), file)
    prefixes = sorted({prefix for prefix, _, _ in found})
    own = NAME.fullmatch(path.name)
    if own and not path.is_dir():
        prefixes = [own["prefix"]]
    if len(prefixes) > 1:
        raise DataError(
            f"{folder} holds IDX files of {len(prefixes)} datasets, their names beginning with "
            f"{', '.join(shown(prefix) for prefix in prefixes[:5])}; give one of the files"
        )
    prefix = prefixes[0] if prefixes else ""
    return IdxFiles(
        *(
            _require_found(folder, found, prefix, split, kind)
            for split in ("train", "test")
            for kind in ("images", "labels")
        )
    )


def _require_found(
    folder: Path, found: dict[tuple[str, str, str], Path], prefix: str, split: str, kind: str
) -> Path:
    if path := found.get((prefix, split, kind)):
        return path
    stem = "train" if split == "train" else "t10k"
    digits = 3 if kind == "images" else 1
    raise DataError(
        f"{folder} lacks {prefix}{stem}-{kind}-idx{digits}-ubyte (or .gz), one of the four IDX "
        "files that belong together; put it there"
    )


def _read(path: Path, magic: int) -> Content:
    """A file's unpacked content, read no further than its header promises.

    One byte beyond is read, if there is one, so that a file that is too long is told.
    """
    axes = 3 if magic == IMAGES_MAGIC else 1
    with unpacked(path) as (file, largest):
        header = read_at_most(file, 4 + 4 * axes)
        size = _promised_size(Content(str(path), header), magic)
        if size > largest:
            raise DataError(
                f"{path} promises {size:,} bytes in its header but holds at most "
                f"{largest:,}; it is cut short or damaged, fetch it again"
            )
        require_memory(str(path), size)
        return Content(str(path), header + read_at_most(file, size - len(header) + 1))


def _images(content: Content) -> NDArray[np.uint8]:
    """The images (n, height, width)."""
    _require_size(content, _promised_size(content, IMAGES_MAGIC))
    count, height, width = struct.unpack_from(">III", content.data, 4)
    pixels = np.frombuffer(content.data, np.uint8, offset=16)
    return pixels.reshape(count, height, width)


def _labels(content: Content) -> NDArray[np.uint8]:
    """The labels (n,)."""
    _require_size(content, _promised_size(content, LABELS_MAGIC))
    return np.frombuffer(content.data, np.uint8, offset=8)


def _promised_size(content: Content, magic: int) -> int:
    """The file's size in bytes that its header promises.

    Raises:
        DataError: the header is cut short, has another magic number, or an axis without length.
    """
    kind = "images" if magic == IMAGES_MAGIC else "labels"
    axes = 3 if magic == IMAGES_MAGIC else 1
    header = 4 + 4 * axes
    seen = struct.unpack_from(">I", content.data)[0] if len(content.data) >= 4 else None
    if seen is not None and seen != magic:
        raise DataError(
            f"{content.name} {_kind_of(seen)}, wanted {kind} (magic number {magic}); "
            "check that the file has the right name, or fetch it again"
        )
    if len(content.data) < header:
        raise DataError(
            f"{content.name} ends after {len(content.data)} bytes, within the {header} bytes of "
            "its header; fetch it again"
        )
    lengths: tuple[int, ...] = struct.unpack_from(f">{axes}I", content.data, 4)
    if 0 in lengths:
        raise DataError(f"{content.name} holds no {kind}; fetch it again")
    return header + math.prod(lengths)


def _kind_of(magic: int) -> str:
    if magic == IMAGES_MAGIC:
        return f"holds images (magic number {magic})"
    if magic == LABELS_MAGIC:
        return f"holds labels (magic number {magic})"
    return f"is no IDX file of bytes (magic number {magic})"


def _require_size(content: Content, size: int) -> None:
    if len(content.data) < size:
        raise DataError(
            f"{content.name} is cut short: it holds {len(content.data):,} bytes, its header "
            f"promises {size:,}; fetch it again"
        )
    if len(content.data) > size:
        raise DataError(
            f"{content.name} holds more than the {size:,} bytes that its header promises; "
            "it is damaged, fetch it again"
        )


def _require_pair(
    images_name: str, images: NDArray[np.uint8], labels_name: str, labels: NDArray[np.uint8]
) -> None:
    if len(images) != len(labels):
        raise DataError(
            f"{labels_name} holds {len(labels):,} rows but {images_name} {len(images):,}; "
            "the two do not belong together, fetch the pair again"
        )
