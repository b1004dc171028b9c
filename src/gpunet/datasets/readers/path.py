"""A path's dataset: which reader a file or a folder needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gpunet.datasets.dataset import Dataset
from gpunet.datasets.readers.files import reading, shown
from gpunet.datasets.readers.idx import is_idx_name, read_idx
from gpunet.datasets.readers.image_folder import is_image_folder, read_image_folder
from gpunet.datasets.readers.npz import read_npz
from gpunet.datasets.readers.table import find_tables, is_table_name, read_table, read_tables
from gpunet.errors import DataError, UsageError

__all__ = ["KINDS", "find_test_table", "read_path", "refuse_label"]

KINDS = (
    "IDX files (train-images-idx3-ubyte and so on, or .gz), a CSV file (.csv, .tsv, .txt or .data, "
    "or .gz) or a folder with train.csv and test.csv, an NPZ file with x_train, y_train, x_test "
    "and y_test, or a folder of images per class"
)
"""What can be read, in words for the user."""


SINGLE = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".npz")
"""How the one file that is a folder's dataset may end; .txt and .data are often about others."""


def read_path(
    path: Path,
    progress: Callable[[str, int, int], None] | None = None,
    label: str | None = None,
) -> Dataset:
    """Read the dataset at a path.

    Args:
        path: an IDX, CSV or NPZ file, or a folder of IDX files, CSV files or images.
        progress: called with a text, what is done, and what there is to do, if it takes long.
        label: which column of a CSV file is the label; ``None`` to choose.

    Raises:
        DataError: there is no such path, its kind is unknown, or it does not hold what it should.
        UsageError: ``label`` is no column, or there are no columns.
    """
    path = path.expanduser()
    with reading(path):
        path.stat()
        if path.is_dir():
            return _read_folder(path, progress, label)
    if is_table_name(path.name) and not is_idx_name(path.name):
        return read_table(path, label)
    refuse_label(label, str(path))
    if is_idx_name(path.name):
        return read_idx(path)
    if path.suffix.lower() == ".npz":
        return read_npz(path)
    raise DataError(f"{path} is of no known kind; wanted {KINDS}")


def find_test_table(path: Path) -> Path | None:
    """The table at a path whose rows a model is measured on: a file, or a folder's test table."""
    path = path.expanduser()
    if not path.is_dir():
        is_table = is_table_name(path.name) and not is_idx_name(path.name) and path.is_file()
        return path if is_table else None
    with reading(path):
        files = [entry for entry in sorted(path.iterdir()) if not entry.is_dir()]
    if any(is_idx_name(file.name) for file in files):
        return None
    if tables := find_tables(path):
        return tables[1]
    single = [file for file in files if file.name.lower().endswith(SINGLE)]
    return single[0] if len(single) == 1 and is_table_name(single[0].name) else None


def refuse_label(label: str | None, name: str) -> None:
    """Check that no column is named where there are none.

    Raises:
        UsageError: one is.
    """
    if label is not None:
        raise UsageError(
            f"--label {shown(label)} names a column of a table, but {name} is none; leave it out"
        )


def _read_folder(
    folder: Path, progress: Callable[[str, int, int], None] | None, label: str | None
) -> Dataset:
    files = [entry for entry in sorted(folder.iterdir()) if not entry.is_dir()]
    if any(is_idx_name(file.name) for file in files):
        refuse_label(label, str(folder))
        return read_idx(folder)
    if tables := find_tables(folder):
        return read_tables(*tables, label)
    single = [file for file in files if file.name.lower().endswith(SINGLE)]
    if len(single) == 1:
        return read_path(single[0], progress, label)
    if len(single) > 1:
        raise DataError(
            f"{folder} holds {len(single)} files that could be the dataset, among them "
            f"{single[0].name} and {single[1].name}; give one of them, or name a pair train.csv "
            "and test.csv"
        )
    refuse_label(label, str(folder))
    if is_image_folder(folder):
        return read_image_folder(folder, progress)
    raise DataError(f"{folder} holds no dataset; wanted {KINDS}")
