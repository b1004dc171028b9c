"""The file of a kept dataset: raw arrays, followed by JSON that describes them.

The JSON and its length are at the end, so a file that was cut short is invalid. Large arrays are
mapped; smaller ones are read into memory and compared with their checksums.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from gpunet.config.choices import Kind
from gpunet.datasets.blocks import row_blocks
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.mapped import is_large, map_array
from gpunet.datasets.table_columns import Columns
from gpunet.datasets.tables.sound_columns import require_columns
from gpunet.files.typed_json import UnsoundError, from_json

__all__ = ["Facts", "arrays_of", "read_dataset", "read_facts", "write_dataset"]

MAGIC = b"gpunet\x00\x01"
TRAILER = struct.Struct("<QI8s")  # length and checksum of the JSON, and the format's magic bytes
PAGE = 4096  # bytes; every array starts at a multiple of this


class Facts(msgspec.Struct):
    """The origin of a dataset, as its file tells it."""

    path: str  # absolute path of the data
    given: str  # the same path as the user wrote it
    stamp: str  # stamp of the files and the readers' code


class _Array(msgspec.Struct):
    """The place of an array in the file."""

    kind: Literal["uint8", "float32", "float64", "int32"]
    shape: tuple[int, ...]
    offset: int
    checksum: int

    @classmethod
    def write(cls, array: NDArray[Any], file: BinaryIO) -> _Array:
        """Append an array to a file."""
        file.write(bytes(-file.tell() % PAGE))
        offset, checksum = file.tell(), 0
        for rows in row_blocks(array):
            block = np.ascontiguousarray(array[rows])
            checksum = zlib.crc32(block.data, checksum)
            file.write(block.data)
        return cls(str(array.dtype), array.shape, offset, checksum)  # type: ignore[arg-type]

    def read(self, file: BinaryIO, end: int) -> NDArray[Any]:
        """Read or map the array; ``end`` is where the arrays of the file end."""
        size = math.prod(self.shape) * np.dtype(self.kind).itemsize
        if min(*self.shape, self.offset, size, end - size - self.offset) < 0:
            raise UnsoundError("an array lies beyond its end")
        if is_large(size):
            return map_array(file, self.kind, self.shape, self.offset)
        file.seek(self.offset)
        content = bytearray(file.read(size))
        if zlib.crc32(content) != self.checksum:
            raise UnsoundError("an array has another checksum")
        return np.frombuffer(content, self.kind).reshape(self.shape)


class _About(msgspec.Struct):
    """The fields of a ``Dataset`` other than its samples."""

    name: str
    classes: tuple[str, ...]
    image_shape: tuple[int, int] | None
    source: str
    notice: str | None
    columns: Columns | None
    targets: tuple[str, ...]
    kind: Kind


class _Content(msgspec.Struct):
    """The JSON of a file."""

    facts: Facts
    about: _About
    parts: dict[str, tuple[_Array, ...]]  # features, labels and perhaps weights


def arrays_of(samples: Samples) -> tuple[NDArray[Any], ...]:
    """The features, the labels and, if there are any, the weights."""
    weights = () if samples.weights is None else (samples.weights,)
    return (samples.features, samples.labels, *weights)


def write_dataset(file: BinaryIO, dataset: Dataset, facts: Facts) -> None:
    """Write a dataset to an empty file, without copying it in memory."""
    content = _Content(
        facts=facts,
        about=_About(**{name: getattr(dataset, name) for name in _About.__struct_fields__}),
        parts={
            part: tuple(_Array.write(array, file) for array in arrays_of(samples))
            for part, samples in dataset.parts.items()
        },
    )
    text = json.dumps(msgspec.to_builtins(content)).encode()
    file.write(text)
    file.write(TRAILER.pack(len(text), zlib.crc32(text), MAGIC))


def read_facts(path: Path) -> Facts:
    """Read where the dataset in a file comes from.

    Raises:
        OSError: the file cannot be read.
        UnsoundError: it is damaged or not a kept dataset.
    """
    with _opened(path) as file:
        return _read_content(file)[0].facts


def read_dataset(path: Path, facts: Facts) -> Dataset:
    """Read the dataset in a file.

    Args:
        path: path of the file.
        facts: origin that the dataset must have.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged, not a kept dataset, or has another origin.
    """
    with _opened(path) as file:
        content, end = _read_content(file)
        if content.facts.stamp != facts.stamp:
            raise UnsoundError("it was read from other files, or otherwise")
        samples = {
            part: Samples(*(array.read(file, end) for array in arrays))
            for part, arrays in content.parts.items()
            if 2 <= len(arrays) <= 3
        }
    if not {"train", "test"} <= samples.keys() <= {"train", "test", "validation"}:
        raise UnsoundError("it lacks samples")
    about, features = content.about, samples["train"].features
    if about.image_shape and math.prod(about.image_shape) != features.shape[1]:
        raise UnsoundError("its images are of another shape")
    least, names = (2, about.classes) if about.kind == "classes" else (1, about.targets)
    if len(set(names)) < max(least, len(names)):
        raise UnsoundError("its classes or targets have no names of their own")
    if about.columns is not None:
        are_images, scales = about.image_shape is not None, features.dtype != np.uint8
        require_columns(about.columns, features.shape[1], are_images, scales)
    about.source = _renamed(about.source, content.facts.given, facts.given)
    return Dataset(**{**msgspec.structs.asdict(about), **samples})


def _opened(path: Path) -> BinaryIO:
    """Open a regular file for reading; opening a pipe would block forever."""
    if not path.is_file():
        raise UnsoundError("it is no file")
    return path.open("rb")


def _renamed(source: str, before: str, now: str) -> str:
    """The words for where a dataset comes from, with its path as the user writes it now."""
    if source.endswith(before):
        return source.removesuffix(before) + now
    return now + source.removeprefix(before) if source.startswith(before) else source


def _read_content(file: BinaryIO) -> tuple[_Content, int]:
    """Read the JSON at the end of a file, and the offset at which it begins."""
    end = file.seek(0, 2) - TRAILER.size
    if end < 0:
        raise UnsoundError("it is cut short")
    file.seek(end)
    length, checksum, magic = TRAILER.unpack(file.read(TRAILER.size))
    if magic != MAGIC or length > end:
        raise UnsoundError("it is cut short, or of another kind")
    file.seek(end - length)
    text = file.read(length)
    if zlib.crc32(text) != checksum:
        raise UnsoundError("it is damaged")
    return from_json(text, _Content), end - length
