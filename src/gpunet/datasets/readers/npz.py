"""NPZ archives with the arrays of Keras' datasets: x_train, y_train, x_test, y_test, also x_val.

``npy`` reads the single arrays.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Dataset
from gpunet.datasets.mapped import is_large
from gpunet.datasets.readers.arrays import dataset_of_arrays
from gpunet.datasets.readers.files import DEFLATE_RATIO, open_file, shown
from gpunet.datasets.readers.npy import FEATURES, LABELS, Header
from gpunet.datasets.readers.parts import part_of
from gpunet.errors import DataError

__all__ = ["KEYS", "read_npz"]

KEYS = ("x_train", "y_train", "x_test", "y_test")

LOCAL_HEADER = struct.Struct("<26xHH")  # of a zip archive's member, before its name


def read_npz(path: Path) -> Dataset:
    """Read an archive of the four arrays, and of ``x_val`` and ``y_val`` where they are there.

    ``x_train`` and ``x_test`` hold numbers, one sample per row, of any further shape: (n, 28, 28),
    (n, 28, 28, 1) and (n, 1, 28, 28) are grey images, others are flattened. Bytes stay bytes, and
    so do other numbers of images that all are grey levels (whole, 0 to 255, some above 127, or
    those divided by 255); the rest becomes floats.
    ``y_train`` and ``y_test`` hold whole numbers or words, (n,) or (n, 1). ``x_val`` and ``y_val``
    are the validation set; where they are there and ``x_test`` is not, the last sixth of the
    training samples is for testing. ``parts`` knows what else the parts may be called; ``X_train``
    is ``x_train``.

    Raises:
        DataError: an array is missing, damaged, pickled, of a wrong type or shape, or holds what
            is no number.
    """
    arrays = _read_arrays(path)
    return dataset_of_arrays(
        arrays, name=path.stem, source=str(path), called=lambda key: f"{key} of {path}"
    )


def _read_arrays(path: Path) -> Mapping[str, NDArray[Any]]:
    """The arrays by their keys: ``x_`` or ``y_`` and a part."""
    with open_file(path) as file, _archive(path, file) as archive:
        members = _members(archive.namelist())
        wanted = KEYS
        if members.keys() & {"x_val", "y_val"}:
            has_test = members.keys() & {"x_test", "y_test"}
            wanted = (*(KEYS if has_test else KEYS[:2]), "x_val", "y_val")
        missing = [key for key in wanted if key not in members]
        if missing:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            seen = ", ".join(shown(name) for name in sorted(names)[:8]) or "nothing"
            raise DataError(
                f"{path} lacks {', '.join(missing)}; it holds {seen}, wanted the arrays "
                f"{', '.join(wanted)}"
            )
        return {key: _read_array(path, file, archive, members[key], key) for key in wanted}


def _members(names: list[str]) -> dict[str, str]:
    """An archive's arrays by their keys, a key that is spelled as in ``KEYS`` first."""
    members: dict[str, str] = {}
    for name in sorted(names, key=lambda name: (name != name.lower(), name)):
        letter, _, rest = name.removesuffix(".npy").lower().partition("_")
        part = part_of(rest)
        if letter in ("x", "y") and part is not None:
            members.setdefault(f"{letter}_{part}", name)
    return members


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
    path: Path, file: BinaryIO, archive: zipfile.ZipFile, member: str, key: str
) -> NDArray[Any]:
    """One array, once the archive's size bears out what its header promises."""
    entry = archive.getinfo(member)
    name = f"{key} of {path}"
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
    """Where a stored member's content starts in the archive, as its own header says there."""
    file.seek(entry.header_offset)
    header = file.read(LOCAL_HEADER.size)
    name, extra = LOCAL_HEADER.unpack(header)  # lengths of what follows; zipfile has seen it, too
    return entry.header_offset + len(header) + int(name) + int(extra)
