"""Reads the IDX format of MNIST: four files, images and labels of the training and test set.

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
from gpunet.datasets.mapped import is_large, map_array
from gpunet.datasets.readers.files import (
    read_at_most,
    read_bytes,
    reading,
    shown,
)
from gpunet.datasets.readers.labels import RawLabels, number_classes
from gpunet.datasets.readers.packed import unpacked
from gpunet.errors import DataError

__all__ = ["Content", "dataset_from", "idx_files", "is_idx_name", "read_idx"]


class Kind(NamedTuple):
    """A kind of IDX file: its content, magic number, and number of axes."""

    name: str
    magic: int
    axes: int

    @property
    def header(self) -> int:
        """Bytes of the header, before the values."""
        return 4 + 4 * self.axes


KINDS = (Kind("images", 2051, 3), Kind("labels", 2049, 1))

NAME = re.compile(
    r"(?P<prefix>.*?)(?P<split>train|t10k|test)[-_.](?P<kind>images|labels)[-.]idx[13][-.]ubyte"
    r"(\.gz)?",
    re.IGNORECASE,
)


class Content(NamedTuple):
    """The content of one file, (bytes,) if it is an array, and its name in messages."""

    name: str
    data: bytes | bytearray | NDArray[np.uint8]


def is_idx_name(name: str) -> bool:
    """Whether a file's name is a usual name of one of the four files."""
    return NAME.fullmatch(name) is not None


def read_idx(path: Path) -> Dataset:
    """Read the four IDX files of a folder, plain or gzipped.

    Args:
        path: the folder, or any one of its four files.

    Raises:
        DataError: a file is missing or unreadable, or its content contradicts its name or header.
    """
    contents = [_read(file, kind) for file, kind in zip(idx_files(path), 2 * KINDS, strict=True)]
    folder = path if path.is_dir() else path.parent
    return dataset_from(contents, name=folder.resolve().name, source=f"IDX files in {folder}")


def dataset_from(
    contents: list[Content], *, name: str, source: str, classes: tuple[str, ...] | None = None
) -> Dataset:
    """Make a dataset of the contents of four files.

    Args:
        contents: images and labels of the training set, then of the test set.
        name: name of the dataset.
        source: where it came from.
        classes: names of the classes in the order of their numbers, if they are known.

    Raises:
        DataError: a file contradicts its header, or two files do not belong together.
    """
    train_images, train_labels, test_images, test_labels = (
        _values(content, kind) for content, kind in zip(contents, 2 * KINDS, strict=True)
    )
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
        train=Samples(train_images.reshape(len(train_images), -1), numbered.numbers[0]),
        test=Samples(test_images.reshape(len(test_images), -1), numbered.numbers[1]),
        classes=numbered.names if classes is None else classes,
        image_shape=(train_images.shape[1], train_images.shape[2]),
        source=source,
        notice=numbered.notice,
    )


def idx_files(path: Path) -> list[Path]:
    """Find the four files in a folder, or those that belong to one of them.

    A plain file takes precedence over a gzipped one of the same name, and any file over a folder.

    Raises:
        DataError: a file is missing, or there are several sets of files.
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
    return [
        _require_found(folder, found, prefix, split, kind)
        for split in ("train", "test")
        for kind in KINDS
    ]


def _require_found(
    folder: Path, found: dict[tuple[str, str, str], Path], prefix: str, split: str, kind: Kind
) -> Path:
    if path := found.get((prefix, split, kind.name)):
        return path
    stem = "train" if split == "train" else "t10k"
    raise DataError(
        f"{folder} lacks {prefix}{stem}-{kind.name}-idx{kind.axes}-ubyte (or .gz), one of the four "
        "IDX files that belong together; put it there"
    )


def _read(path: Path, kind: Kind) -> Content:
    """Read a file's unpacked content, no further than its header promises.

    One byte more is read if there is one, to notice a file that is too long. A large file that is
    not packed is mapped.
    """
    with unpacked(path) as (file, largest):
        header = read_at_most(file, kind.header)
        size = kind.header + math.prod(_shape(Content(str(path), header), kind))
        if size > largest:
            raise DataError(
                f"{path} promises {size:,} bytes in its header but holds at most "
                f"{largest:,}; it is cut short or damaged, fetch it again"
            )
        if largest == path.stat().st_size and is_large(largest):
            return Content(str(path), map_array(file, np.uint8, (largest,)))
        return Content(str(path), read_bytes(file, size + 1, str(path), header))


def _values(content: Content, kind: Kind) -> NDArray[np.uint8]:
    """The images (n, height, width) or the labels (n,)."""
    shape, size = _shape(content, kind), len(content.data)
    promised = kind.header + math.prod(shape)
    if size < promised:
        raise DataError(
            f"{content.name} is cut short: it holds {size:,} bytes, its header "
            f"promises {promised:,}; fetch it again"
        )
    if size > promised:
        raise DataError(
            f"{content.name} holds more than the {promised:,} bytes that its header promises; "
            "it is damaged, fetch it again"
        )
    values = content.data
    if not isinstance(values, np.ndarray):
        values = np.frombuffer(values, np.uint8)
    return values[kind.header :].reshape(shape)


def _shape(content: Content, kind: Kind) -> tuple[int, ...]:
    """The lengths of the axes that a file's header promises."""
    start = bytes(content.data[: kind.header])
    seen = struct.unpack_from(">I", start)[0] if len(start) >= 4 else None
    if seen is not None and seen != kind.magic:
        holds = next((f"holds {one.name}" for one in KINDS if one.magic == seen), "")
        raise DataError(
            f"{content.name} {holds or 'is no IDX file of bytes'} (magic number {seen}), wanted "
            f"{kind.name} (magic number {kind.magic}); check that the file has the right name, or "
            "fetch it again"
        )
    if len(start) < kind.header:
        raise DataError(
            f"{content.name} ends after {len(start)} bytes, within the {kind.header} bytes "
            "of its header; fetch it again"
        )
    lengths: tuple[int, ...] = struct.unpack_from(f">{kind.axes}I", start, 4)
    if 0 in lengths:
        raise DataError(f"{content.name} holds no {kind.name}; fetch it again")
    return lengths


def _require_pair(
    images_name: str, images: NDArray[np.uint8], labels_name: str, labels: NDArray[np.uint8]
) -> None:
    if len(images) != len(labels):
        raise DataError(
            f"{labels_name} holds {len(labels):,} rows but {images_name} {len(images):,}; "
            "the two do not belong together, fetch the pair again"
        )
