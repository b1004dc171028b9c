"""Reads NPZ archives with the arrays of a dataset, such as x_train, y_train, x_test, y_test.

``npy`` reads the single arrays.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from gpunet.config.choices import Kind
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.mapped import is_large
from gpunet.datasets.readers.array_names import left_out, listed, named_arrays, require_arrays
from gpunet.datasets.readers.arrays import dataset_of_arrays
from gpunet.datasets.readers.files import DEFLATE_RATIO, open_file
from gpunet.datasets.readers.npy import FEATURES, LABELS, Header
from gpunet.errors import DataError

__all__ = ["read_features", "read_npz"]

LOCAL_HEADER = struct.Struct("<26xHH")  # header of a zip archive's member, up to its name


def read_npz(path: Path, kind: Kind | None = None) -> Dataset:
    """Read an archive of ``x_train`` and ``y_train``, and perhaps those of test and val.

    ``x_train`` holds numbers, one sample per row, of any further shape: (n, 28, 28), (n, 28, 28, 1)
    and (n, 1, 28, 28) are gray images, (n, 28, 28, 3) and (n, 3, 28, 28) are converted to gray,
    other shapes are flattened. Bytes stay bytes; other types become bytes if all values of the
    images are gray levels (whole, 0 to 255, some above 127, or such levels divided by 255), else
    floats. ``y_train`` holds whole numbers or words, (n,) or (n, 1), or one-hot rows (n, C); or
    measured targets, (n,) or (n, T), or rows (n, T) of 0 and 1 for any number of labels. ``x_val``
    and ``y_val`` are the validation set; without ``x_test``, the last sixth of the training samples
    is used for testing. ``array_names`` lists other names for the arrays.

    Args:
        path: path of the archive.
        kind: what is to be predicted; ``None`` to guess it from the values.

    Raises:
        DataError: an array is missing, damaged, pickled, of a wrong type or shape, or holds
            something that is not a number.
    """
    with open_file(path) as file, _archive(path, file) as archive:
        members = {name.removesuffix(".npy"): name for name in archive.namelist()}
        names = named_arrays(members)
        require_arrays(names, members, path)
        arrays = {
            key: _read_array(path, file, archive, members[name], key) for key, name in names.items()
        }
    return dataset_of_arrays(
        arrays,
        name=path.stem,
        source=str(path),
        called=lambda key: f"{names[key]} of {path}",
        notice=left_out(members, names),
        kind=kind,
    )


def read_features(path: Path) -> NDArray[Any]:
    """Read the features (n, ...) of new samples: those of a test set, or the only array.

    Raises:
        DataError: there is no such array, or it is damaged, pickled or does not hold numbers.
    """
    with open_file(path) as file, _archive(path, file) as archive:
        members = {name.removesuffix(".npy"): name for name in archive.namelist()}
        names = named_arrays(members)
        known = [names[key] for key in ("x_test", "x_train", "x_val") if key in names]
        if not known and len(members) != 1:
            raise DataError(
                f"{path} holds {listed(members)}, wanted features called x_test, X, images, data "
                "or features, or one array alone"
            )
        chosen = known[0] if known else next(iter(members))
        return _read_array(path, file, archive, members[chosen], "x")


@contextmanager
def _archive(path: Path, file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """Open the archive; damage becomes a DataError."""
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
        NotImplementedError,  # a compression that zipfile does not know
        OverflowError,
        RuntimeError,  # encrypted
        ValueError,
    ) as error:
        raise DataError(
            f"{path} is no NPZ archive, or it is damaged ({error}); write it again with numpy.savez"
        ) from error


def _read_array(
    path: Path, file: BinaryIO, archive: zipfile.ZipFile, member: str, key: str
) -> NDArray[Any]:
    """Read one array, after checking its header against the archive's size."""
    entry = archive.getinfo(member)
    name = f"{member.removesuffix('.npy')} of {path}"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(
            f"{name} is packed in a way that numpy does not write; write the "
            "archive again with numpy.savez_compressed"
        )
    kinds = FEATURES if key[0] == "x" else LABELS
    with archive.open(entry) as content:
        header = Header.read(cast(BinaryIO, content), name, kinds)
        largest = path.stat().st_size * DEFLATE_RATIO
        if header.start + header.size != entry.file_size or entry.file_size > largest:
            raise DataError(
                f"{name} promises {header.size:,} bytes in its header, more or less than "
                "the archive holds; it is damaged, write it again with numpy.savez"
            )
        is_stored = entry.compress_type == zipfile.ZIP_STORED
        if is_stored and is_large(header.size) and kinds == FEATURES:
            return header.mapped(file, _start_of(entry, file))
        array = header.values(cast(BinaryIO, content), name)
        return array if kinds == FEATURES else np.array(array)


def _start_of(entry: zipfile.ZipInfo, file: BinaryIO) -> int:
    """The offset of a stored member's content in the archive, from the member's own header."""
    file.seek(entry.header_offset)
    header = file.read(LOCAL_HEADER.size)
    name, extra = LOCAL_HEADER.unpack(header)  # lengths; zipfile has read them, too
    return entry.header_offset + len(header) + int(name) + int(extra)
