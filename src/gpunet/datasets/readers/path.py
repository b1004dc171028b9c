"""A path's dataset: which reader a file or a folder needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gpunet.datasets.dataset import Dataset
from gpunet.datasets.readers.files import reading
from gpunet.datasets.readers.idx import is_idx_name, read_idx
from gpunet.datasets.readers.image_folder import is_image_folder, read_image_folder
from gpunet.datasets.readers.npz import read_npz
from gpunet.datasets.readers.table import find_tables, read_table, read_tables
from gpunet.errors import DataError

__all__ = ["KINDS", "read_path"]

KINDS = (
    "IDX files (train-images-idx3-ubyte and so on, or .gz), a CSV file or a folder with train.csv "
    "and test.csv, an NPZ file with x_train, y_train, x_test and y_test, or a folder of images "
    "per class"
)
"""What can be read, in words for the user."""


def read_path(path: Path, progress: Callable[[str, int, int], None] | None = None) -> Dataset:
    """Read the dataset at a path.

    Args:
        path: an IDX, CSV or NPZ file, or a folder of IDX files, CSV files or images.
        progress: called with a text, what is done, and what there is to do, if it takes long.

    Raises:
        DataError: there is no such path, its kind is unknown, or it does not hold what it should.
    """
    path = path.expanduser()
    with reading(path):
        path.stat()
        if path.is_dir():
            return _read_folder(path, progress)
    if is_idx_name(path.name):
        return read_idx(path)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return read_table(path)
    if suffix == ".npz":
        return read_npz(path)
    raise DataError(f"{path} is of no known kind; wanted {KINDS}")


def _read_folder(folder: Path, progress: Callable[[str, int, int], None] | None) -> Dataset:
    files = [entry for entry in sorted(folder.iterdir()) if not entry.is_dir()]
    if any(is_idx_name(file.name) for file in files):
        return read_idx(folder)
    if tables := find_tables(folder):
        return read_tables(*tables)
    single = [file for file in files if file.suffix.lower() in (".csv", ".npz")]
    if len(single) == 1:
        return read_path(single[0], progress)
    if len(single) > 1:
        raise DataError(
            f"{folder} holds {len(single)} files that could be the dataset, among them "
            f"{single[0].name} and {single[1].name}; give one of them, or name a pair train.csv "
            "and test.csv"
        )
    if is_image_folder(folder):
        return read_image_folder(folder, progress)
    raise DataError(f"{folder} holds no dataset; wanted {KINDS}")
