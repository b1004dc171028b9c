"""Reads datasets in NPY files: arrays known by their names, or one with a column of labels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config.choices import Kind
from gpunet.datasets.blocks import row_blocks
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.readers.array_names import (
    WANTED,
    is_features_name,
    named_arrays,
    prefix_of,
    require_arrays,
)
from gpunet.datasets.readers.array_targets import kind_of_array
from gpunet.datasets.readers.arrays import dataset_of_arrays
from gpunet.datasets.readers.files import reading
from gpunet.datasets.readers.npy import FEATURES, LABELS, read_npy
from gpunet.datasets.spool import spooled
from gpunet.datasets.tables.named_columns import named_labels
from gpunet.datasets.tables.sheet import Head
from gpunet.errors import DataError, SettingError, spelled

__all__ = ["read_npy_files", "whole_npy_files"]

END = ".npy"  # at the end of the files' names

ROWS_PER_CLASS = 2  # rows per class that a column of labels has on average, at least


def whole_npy_files(files: Iterable[Path]) -> list[Path]:
    """One NPY file for each dataset in a folder, by their names; all files if no name tells."""
    files = [file for file in files if file.suffix.lower() == END]
    prefixes = {prefix for file in files if (prefix := prefix_of(file.stem)) is not None}
    named = [_named(files, prefix) for prefix in sorted(prefixes)]
    sets = [found["x_train"] for found in named if {"x_train", "y_train"} <= found.keys()]
    return sets or files


def read_npy_files(path: Path, label: str | None, kind: Kind | None = None) -> Dataset:
    """Read the dataset that an NPY file belongs to.

    ``X.npy`` belongs to ``y.npy`` next to it, and so on: files have the same names as arrays in an
    NPZ archive, perhaps with a common prefix. A file of another name, or ``data.npy`` alone, holds
    rows of numbers (n, K) with a column for the label: the last or the first, whichever can be a
    label.

    Args:
        path: path of one of the files.
        label: column of the label, ``last`` or counted from 1; ``None`` to choose it.
        kind: what is to be predicted; ``None`` to guess it from the values.

    Raises:
        DataError: a file is missing or unreadable, or the label's column is unclear.
        UsageError: ``label`` is not a column, or there are no columns.
    """
    with reading(path.parent):
        path.stat()
        beside = sorted(file for file in path.parent.iterdir() if file.suffix.lower() == END)
    prefix = prefix_of(path.stem)
    found = {} if prefix is None else _named(beside, prefix)
    has_labels = any(key.startswith("y") for key in found)
    if not has_labels and not is_features_name(path.stem[len(prefix or "") :]):
        return _read_rows(path, label, kind)
    if label is not None:
        says = f"{path} has no column of labels, which stand in a file of their own"
        raise SettingError("label", label, "none", "leave it out", says)
    require_arrays(found, (file.stem for file in beside), path.parent)
    arrays = {
        key: read_npy(file, FEATURES if key.startswith("x") else LABELS)
        for key, file in found.items()
    }
    return dataset_of_arrays(
        arrays,
        name=path.resolve().parent.name,
        source=f"{', '.join(file.name for file in found.values())} in {path.parent}",
        called=lambda key: f"{found[key].name} of {path.parent}",
        kind=kind,
    )


def _named(files: Iterable[Path], prefix: str) -> dict[str, Path]:
    """The files of one dataset by the keys of ``named_arrays``."""
    stems = {file.stem[len(prefix) :]: file for file in files if prefix_of(file.stem) == prefix}
    return {key: stems[stem] for key, stem in named_arrays(stems).items()}


def _read_rows(path: Path, label: str | None, kind: Kind | None) -> Dataset:
    """Read rows of numbers with columns for the label or the targets."""
    array = read_npy(path, FEATURES)
    if array.ndim != 2 or array.shape[1] < 2 or not array.size:
        raise DataError(
            f"{path} is of shape {array.shape}, and no labels lie beside it; wanted {WANTED}, each "
            "in an NPY file, or one with rows of numbers, of which the last one is the label"
        )
    columns = _label_columns(path, array, label, kind)
    size = array.nbytes - len(columns) * (array.nbytes // array.shape[1])
    if len(columns) == array.shape[1]:
        raise DataError(f"{path} has no column beside those of {spelled('label')}, wanted features")
    features = (np.delete(array[rows], columns, axis=1) for rows in row_blocks(array))
    known = np.array(array[:, columns])
    kind = kind or kind_of_array(known)
    what = "label" if kind != "measured" else "target"
    named = [f"column {column + 1:,}" for column in columns]
    told = f"the {what} is {named[0]}" if len(named) == 1 else f"the {what}s are {', '.join(named)}"
    return dataset_of_arrays(
        {"x_train": spooled(str(path), features, size), "y_train": known},
        name=path.stem,
        source=str(path),
        called=lambda key: f"{', '.join(named)} of {path}" if key[0] == "y" else str(path),
        notice=f"{told}, measured" if kind == "measured" else told,
        kind=kind,
    )


def _label_columns(
    path: Path, array: NDArray[Any], label: str | None, kind: Kind | None
) -> list[int]:
    """The columns of the label or of the targets, counted from 0."""
    columns = array.shape[1]
    named = named_labels(Head(str(path), columns, None), label)
    if named:
        return list(named)
    if kind == "measured":
        return [columns - 1]
    likely = [column for column in (columns - 1, 0) if _may_be_classes(array[:, column])]
    if len(likely) == 1:
        return likely
    seen = "the first and the last one hold" if likely else "neither the first nor the last holds"
    raise DataError(
        f"{path} does not tell which column is the label: {seen} a few whole numbers that recur; "
        f"name it with {spelled('label')} (`last`, or a number from 1 on), or give the labels in a "
        "file y.npy beside it"
    )


def _may_be_classes(values: NDArray[Any]) -> bool:
    """Whether values are whole numbers that recur and are not all equal."""
    different = np.unique(values)
    recur = 2 <= len(different) <= len(values) / ROWS_PER_CLASS
    return recur and bool((different == np.rint(different)).all())
