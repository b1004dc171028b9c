"""NPZ archives with the four arrays of Keras' datasets: x_train, y_train, x_test, y_test.

The arrays are read here and not by ``numpy.load``, so that no array is allocated before it is
certain that the archive can hold it. Pickled objects are never loaded.
"""

from __future__ import annotations

import lzma
import math
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Dataset, Samples, refuse_unknown_values
from gpunet.datasets.readers.features import (
    as_features,
    guess_image_shape,
    is_square,
)
from gpunet.datasets.readers.files import DEFLATE_RATIO, open_file, require_memory, shown
from gpunet.datasets.readers.labels import TEXT, RawLabels, number_classes
from gpunet.errors import DataError

__all__ = ["KEYS", "read_npz"]

KEYS = ("x_train", "y_train", "x_test", "y_test")

KINDS = {"x": "biuf", "y": "biufUS"}  # numpy's letters for the types that each array may have


def read_npz(path: Path) -> Dataset:
    """Read an archive of the four arrays.

    ``x_train`` and ``x_test`` hold numbers, one sample per row, of any further shape: (n, 28, 28)
    and (n, 28, 28, 1) are grey images, others are flattened. Bytes stay bytes, and so do other
    numbers of images that all are grey levels (whole, 0 to 255, some above 127); the rest
    becomes floats.
    ``y_train`` and ``y_test`` hold whole numbers or words, (n,) or (n, 1).

    Raises:
        DataError: an array is missing, damaged, pickled, of a wrong type or shape, or holds what
            is no number.
    """
    arrays = _read_arrays(path)
    for split in ("train", "test"):
        _require_pair(str(path), split, arrays[f"x_{split}"], arrays[f"y_{split}"])
    train_shape, test_shape = arrays["x_train"].shape[1:], arrays["x_test"].shape[1:]
    if train_shape != test_shape:
        raise DataError(
            f"x_test of {path} holds samples of shape {test_shape} but x_train of "
            f"{train_shape}; write both alike"
        )
    flat = [_flattened(str(path), key, arrays[key]) for key in ("x_train", "x_test")]  # (n, I)
    are_bytes = all(array.dtype == np.uint8 for array in flat)
    grey = len(train_shape) > 1 or is_square(flat[0].shape[1])
    features = tuple(flat) if are_bytes else as_features(tuple(flat), grey=grey)
    numbered = number_classes(*(_raw_labels(str(path), key, arrays[key]) for key in KEYS[1::2]))
    return Dataset(
        name=path.stem,
        train=Samples(features[0], numbered.train),
        test=Samples(features[1], numbered.test),
        classes=numbered.names,
        image_shape=_image_shape(train_shape, features[0]),
        source=str(path),
        notice=numbered.notice,
    )


def _read_arrays(path: Path) -> Mapping[str, NDArray[Any]]:
    with open_file(path) as file, _archive(path, file) as archive:
        members = {name.removesuffix(".npy"): name for name in archive.namelist()}
        missing = [key for key in KEYS if key not in members]
        if missing:
            seen = ", ".join(shown(name) for name in sorted(members)[:8]) or "nothing"
            raise DataError(
                f"{path} lacks {', '.join(missing)}; it holds {seen}, wanted the arrays "
                f"{', '.join(KEYS)}"
            )
        size = path.stat().st_size
        return {key: _read_array(path, archive, members[key], key, size) for key in KEYS}


@contextmanager
def _archive(path: Path, file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """The archive, whose damages become DataErrors."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        struct.error,
        EOFError,
        NotImplementedError,  # a way of compressing that zipfile does not know
        OverflowError,
        RuntimeError,  # encrypted
        ValueError,
    ) as error:
        raise DataError(
            f"{path} is no NPZ archive, or it is damaged ({error}); write it again with numpy.savez"
        ) from error


def _read_array(
    path: Path, archive: zipfile.ZipFile, member: str, key: str, archive_size: int
) -> NDArray[Any]:
    """One array, allocated once the archive's size bears out what its header promises."""
    entry = archive.getinfo(member)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(
            f"{key} of {path} is packed in a way that numpy does not write; write the "
            "archive again with numpy.savez_compressed"
        )
    with archive.open(entry) as content:
        shape, fortran_order, dtype = _header(str(path), key, cast(BinaryIO, content))
        start = content.tell()
        size = math.prod(shape) * dtype.itemsize
        if start + size != entry.file_size or entry.file_size > archive_size * DEFLATE_RATIO:
            raise DataError(
                f"{key} of {path} promises {size:,} bytes in its header, more or less than "
                "the archive holds; it is damaged, write it again with numpy.savez"
            )
        require_memory(f"{key} of {path}", size)
        values = np.frombuffer(content.read(), dtype)
    native = values.astype(dtype.newbyteorder("="), copy=False)
    return native.reshape(shape, order="F" if fortran_order else "C")


def _header(name: str, key: str, content: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran's order, and type of an array.

    Raises:
        DataError: it is no array of numbers (or words, for labels).
    """
    shape, fortran_order, dtype = _parsed_header(content)
    if dtype.hasobject:
        raise DataError(
            f"{key} of {name} holds pickled objects, which could run foreign code and are never "
            "loaded; write it again as an array of numbers"
        )
    if dtype.kind not in KINDS[key[0]] or dtype.itemsize == 0:
        wanted = "numbers" if key[0] == "x" else "whole numbers or words"
        raise DataError(f"{key} of {name} is of type {dtype}, wanted {wanted}; convert it first")
    return shape, fortran_order, dtype


def _parsed_header(content: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """A header as numpy reads it.

    Raises:
        ValueError: it is damaged. Numpy's parser raises nearly anything then.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of headers that look like Python 2's
            if np.lib.format.read_magic(content) == (1, 0):
                return np.lib.format.read_array_header_1_0(content)
            return np.lib.format.read_array_header_2_0(content)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile):
        raise
    except Exception as error:
        raise ValueError("the header of an array cannot be read") from error


def _require_pair(name: str, split: str, images: NDArray[Any], labels: NDArray[Any]) -> None:
    wanted = "x" if images.ndim < 2 else "y"
    if images.ndim < 2 or labels.ndim not in (1, 2) or labels.shape[1:] not in ((), (1,)):
        shape = images.shape if wanted == "x" else labels.shape
        form = "(samples, features) or (samples, height, width)" if wanted == "x" else "(samples,)"
        raise DataError(
            f"{wanted}_{split} of {name} is of shape {shape}, wanted {form}; reshape it "
            "(labels are class numbers, not one-hot rows)"
        )
    if len(images) != len(labels):
        raise DataError(
            f"y_{split} of {name} holds {len(labels):,} rows but x_{split} {len(images):,}; "
            "write the archive again with arrays that belong together"
        )
    if images.size == 0:
        raise DataError(f"x_{split} of {name} holds no samples; write the archive again")


def _flattened(name: str, key: str, array: NDArray[Any]) -> NDArray[Any]:
    """The samples (n, I), all finite numbers."""
    flat = array.reshape(len(array), -1)
    if flat.dtype.kind == "b":
        flat = flat.astype(np.float32)
    refuse_unknown_values(
        flat, lambda row, column: f"row {row + 1:,}, value {column + 1:,} of {key} of {name}"
    )
    return flat


def _raw_labels(name: str, key: str, array: NDArray[Any]) -> RawLabels:
    values = array.reshape(-1)  # (n,)
    if values.dtype.kind == "S":
        values = np.strings.decode(values, "utf-8", "replace")
    if values.dtype.kind == "b":
        values = values.astype(np.int64)
    if values.dtype.kind == "U":
        try:
            values = values.astype(TEXT)
        except TypeError as error:  # what is no character, or half of one
            raise DataError(
                f"{key} of {name} holds damaged text; write the archive again"
            ) from error
    return RawLabels(f"{key} of {name}", values, range(1, len(values) + 1))


def _image_shape(shape: tuple[int, ...], features: NDArray[Any]) -> tuple[int, int] | None:
    """Height and width if samples of this shape are grey images, else ``None``."""
    if len(shape) == 1:
        return guess_image_shape(features)
    if len(shape) == 2 or (len(shape) == 3 and shape[2] == 1):
        return shape[0], shape[1]
    return None
