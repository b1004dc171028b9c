"""NPZ archives with the arrays of a dataset, such as x_train, y_train, x_test and y_test.

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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Dataset
from gpunet.datasets.readers.array_names import left_out, named_arrays, require_arrays
from gpunet.datasets.readers.arrays import dataset_of_arrays
from gpunet.datasets.readers.files import DEFLATE_RATIO, open_file, require_memory
from gpunet.errors import DataError

__all__ = ["read_npz"]

KINDS = {"x": "biuf", "y": "biufUS"}  # numpy's letters for the types that each array may have


def read_npz(path: Path) -> Dataset:
    """Read an archive of ``x_train`` and ``y_train``, and perhaps those of test and val.

    ``x_train`` holds numbers, one sample per row, of any further shape: (n, 28, 28), (n, 28, 28, 1)
    and (n, 1, 28, 28) are grey images, (n, 28, 28, 3) and (n, 3, 28, 28) are turned to grey, others
    are flattened. Bytes stay bytes, and so do other numbers of images that all are grey levels
    (whole, 0 to 255, some above 127, or those divided by 255); the rest becomes floats.
    ``y_train`` holds whole numbers or words, (n,) or (n, 1), or one-hot rows (n, C). ``x_val`` and
    ``y_val`` are the validation set; where ``x_test`` is not there, the last sixth of the training
    samples is for testing. ``array_names`` knows what else the arrays may be called.

    Raises:
        DataError: an array is missing, damaged, pickled, of a wrong type or shape, or holds what
            is no number.
    """
    with open_file(path) as file, _archive(path, file) as archive:
        members = {name.removesuffix(".npy"): name for name in archive.namelist()}
        names = named_arrays(members)
        require_arrays(names, members, path)
        size = path.stat().st_size
        arrays = {
            key: _read_array(path, archive, members[name], key, size) for key, name in names.items()
        }
    return dataset_of_arrays(
        arrays,
        name=path.stem,
        source=str(path),
        called=lambda key: f"{names[key]} of {path}",
        notice=left_out(members, names),
    )


@contextmanager
def _archive(path: Path, file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """The archive, whose damages become DataErrors."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except DataError:
        raise
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
    """Shape, whether in Fortran's order, and type of an array."""
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
    """A header as numpy reads it; ValueError for whatever its parser raises of a damaged one."""
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
