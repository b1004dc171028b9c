"""A dataset from arrays or data frames, in memory or from an archive."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config.choices import Kind, Missing
from gpunet.datasets.blocks import row_blocks
from gpunet.datasets.dataset import Dataset, refuse_unknown_values
from gpunet.datasets.readers.array_targets import (
    are_one_hot,
    kind_of_array,
    raw_classes,
    target_names,
    targets_of,
    told_kind,
)
from gpunet.datasets.readers.color_arrays import are_colored, turned_to_gray
from gpunet.datasets.readers.features import as_features, is_square
from gpunet.datasets.readers.files import shown
from gpunet.datasets.readers.labels import RawLabels
from gpunet.datasets.readers.parts import NAMES, Part, assembled, joined
from gpunet.datasets.readers.targets import without_targets
from gpunet.datasets.spool import converted
from gpunet.datasets.table_columns import Columns
from gpunet.datasets.tables.frames import FrameRows, dataset_of_frames, is_gap, titles_of
from gpunet.datasets.tables.options import TableOptions
from gpunet.datasets.tables.titles import shared_title
from gpunet.errors import DataError

__all__ = ["as_numbers", "dataset_of_arrays", "from_arrays", "raw_labels"]

PYTHON_NAMES = {"x_train": "X", "y_train": "y", "x_test": "X_test", "y_test": "y_test"}


def from_arrays(
    x: Any,
    y: Any,
    x_test: Any,
    y_test: Any,
    name: str,
    options: TableOptions,
    sample_weight: Any = None,
) -> Dataset:
    """Make a dataset of arrays, as ``Dataset.from_arrays`` documents."""
    titles = titles_of(x)
    parts: dict[Part, tuple[Any, Any]] = {"train": (x, y)}
    if x_test is not None or y_test is not None:
        _require_alike(titles, y, x_test, y_test)
        parts["test"] = (x_test, y_test)
    labeled = {part: _labeled(labels, options.missing) for part, (_, labels) in parts.items()}
    known, kept = labeled["train"]
    kind = options.kind or kind_of_array(known)
    named = target_names(y, known, kind)
    plain = {
        part: _plain(features, PYTHON_NAMES[f"x_{part}"]) for part, (features, _) in parts.items()
    }
    lost = sum(int((~kept).sum()) for _, kept in labeled.values())
    notice = joined(
        without_targets(lost, kind) if lost else None,
        told_kind(known, kind) if options.kind is None else None,
        shared_title(getattr(x, "columns", ())),
    )
    weights = None if sample_weight is None else _weights(sample_weight, len(kept))[kept]
    if options.ignore or any(features is None for features in plain.values()):
        tables = {
            part: FrameRows(
                PYTHON_NAMES[f"x_{part}"],
                features,
                targets_of(labeled[part][0], PYTHON_NAMES[f"y_{part}"], kind, named),
                labeled[part][1],
                weights if part == "train" else None,
            )
            for part, (features, _) in parts.items()
        }
        return dataset_of_frames(tables, name, options, notice)
    arrays = {}
    for part, (labels, kept) in labeled.items():
        features = plain[part]
        assert features is not None
        whole = kept.all() or len(kept) != len(features)
        arrays[f"x_{part}"] = features if whole else features[kept]
        arrays[f"y_{part}"] = labels
    return dataset_of_arrays(
        arrays,
        name=name,
        source=f"{name} in memory",
        called=PYTHON_NAMES.__getitem__,
        titles=titles,
        notice=notice,
        missing=options.missing,
        is_file=False,
        kind=kind,
        targets=named,
        weights=weights,
    )


def _require_alike(titles: tuple[str, ...] | None, y: Any, x_test: Any, y_test: Any) -> None:
    """Check that X_test and y_test are both given, with the same titles as X and y."""
    if x_test is None or y_test is None:
        lacking = "X_test" if x_test is None else "y_test"
        raise DataError(f"{lacking} is missing; give both X_test and y_test, or neither")
    if titles_of(x_test) not in (None, titles):
        raise DataError(
            "the columns of X_test are called otherwise than those of X, or stand in another "
            "order; make both alike"
        )
    if titles_of(y) is not None and titles_of(y_test) not in (None, titles_of(y)):
        raise DataError(
            "the columns of y_test are called otherwise than those of y, or stand in another "
            "order; make both alike"
        )


def _weights(values: Any, count: int) -> NDArray[np.float32]:
    """The weights of ``count`` samples."""
    array = as_numbers(values, "sample_weight")
    if array.shape != (count,):
        raise DataError(
            f"sample_weight is of shape {array.shape}, wanted ({count},), a weight for each row of "
            "y; reshape it"
        )
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def _plain(features: Any, name: str) -> NDArray[Any] | None:
    """Features as an array of numbers; ``None`` if they hold other things, or some are missing."""
    columns = (features[title].to_numpy() for title in titles_of(features) or ())
    if any(column.dtype.kind in "mM" for column in columns):
        return None
    try:
        array = as_numbers(features, name)
    except DataError:
        if len(np.shape(features)) != 2:
            raise
        return None
    if array.ndim != 2 or array.dtype.kind != "f":
        return array
    return None if any(np.isnan(array[rows]).any() for rows in row_blocks(array)) else array


def dataset_of_arrays(
    arrays: Mapping[str, NDArray[Any]],
    *,
    name: str,
    source: str,
    called: Callable[[str], str],
    titles: tuple[str, ...] | None = None,
    notice: str | None = None,
    is_file: bool = True,
    missing: Missing = "refuse",
    kind: Kind | None = None,
    targets: tuple[str, ...] = (),
    weights: NDArray[np.float32] | None = None,
) -> Dataset:
    """Make a dataset of the arrays ``x_train`` and ``y_train``, and those of other parts.

    Args:
        arrays: features (n, ...); and labels (n,) or (n, 1), one-hot rows (n, C), or targets (n,
            T); by the names of ``parts``.
        name: name of the dataset.
        source: where it came from, in words.
        called: gives the name of an array in messages.
        titles: (I,) titles of the columns, if they have any.
        notice: what the user should already know.
        is_file: whether the arrays come from files. Then color images are converted to gray, as
            those in folders are, and without ``x_test`` the last sixth of the training samples is
            used for testing; otherwise there would be no test samples.
        missing: what a model does about rows that lack a number; these arrays lack none.
        kind: what is to be predicted; ``None`` to guess it from the values of ``y_train``.
        targets: (T,) names of the targets, if they have any.
        weights: (n,) weights of the training samples.

    Raises:
        DataError: an array has a wrong type or shape, or holds something that is not a number.
    """
    parts = [part for part in NAMES if f"x_{part}" in arrays]
    kind = kind or kind_of_array(arrays["y_train"])
    targets = targets or target_names(None, arrays["y_train"], kind)
    for part in parts:
        _require_pair(part, arrays[f"x_{part}"], arrays[f"y_{part}"], called, kind)
    shape = _shape_of_all(arrays, parts, called)
    flat = tuple(_flattened(arrays[f"x_{part}"], called(f"x_{part}")) for part in parts)
    if not all(array.dtype == np.uint8 for array in flat):
        flat = as_features(flat, grey=len(shape) > 1 or is_square(flat[0].shape[1]))
    if is_file and are_colored(shape):
        flat, shape = turned_to_gray(flat, shape)
        notice = joined(notice, "the images are colored and are turned to gray")
    if kind == "classes" and any(are_one_hot(arrays[f"y_{part}"]) for part in parts):
        notice = joined(notice, "the one-hot rows of labels are read as class numbers")
    columns = None
    if titles is not None:
        grey = flat[0].dtype == np.uint8
        columns = Columns(titles, None, len(titles), index=False, grey=grey, missing=missing)
    return assembled(
        dict(zip(parts, flat, strict=True)),
        {
            part: targets_of(arrays[f"y_{part}"], called(f"y_{part}"), kind, targets)
            for part in parts
        },
        shape,
        name=name,
        source=source,
        notice=notice,
        unsplit="there is no x_test" if is_file else "",
        validation=called("x_val").partition(" of ")[0] if "val" in parts else "",
        columns=columns,
        weights={"train": weights},
    )


def _shape_of_all(
    arrays: Mapping[str, NDArray[Any]], parts: Sequence[str], called: Callable[[str], str]
) -> tuple[int, ...]:
    """The shape of a sample, which must be the same in all parts."""
    shape = arrays["x_train"].shape[1:]
    for part in parts:
        if (other := arrays[f"x_{part}"].shape[1:]) != shape:
            raise DataError(
                f"{called(f'x_{part}')} holds samples of shape {other} but {called('x_train')} of "
                f"{shape}; write both alike"
            )
    return shape


def as_numbers(features: Any, name: str) -> NDArray[Any]:
    """Convert features of any kind to an array of numbers; an array of numbers is returned as is.

    Raises:
        DataError: a value is not a number.
    """
    array = _array(features)
    if array.dtype.kind in "biuf":
        return array.astype(np.float64) if array.dtype.itemsize > 8 else array
    if array.dtype.kind == "c":
        raise DataError(f"{name} holds complex numbers, wanted real ones")
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        pass
    if not array.ndim:
        raise DataError(f"{name} is a {type(features).__name__}, wanted numbers (samples, ...)")
    for row, column in np.ndindex(array.reshape(len(array), -1).shape):
        value = array.reshape(len(array), -1)[row, column]
        try:
            float(value)
        except (TypeError, ValueError):
            raise DataError(
                f"row {row + 1:,}, column {column + 1:,} of {name} is {shown(str(value))}, wanted "
                "a number; leave such columns out or encode them as numbers"
            ) from None
    raise DataError(f"{name} is of type {array.dtype}, wanted numbers")


def _array(values: Any) -> NDArray[Any]:
    """Convert values to an array; refuse a sparse matrix, and take the numbers of a data frame."""
    if hasattr(values, "tocsr"):
        raise DataError("a sparse matrix cannot be trained on; convert it with .toarray()")
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    try:
        return values if isinstance(values, np.memmap) else np.asarray(values)
    except (TypeError, ValueError) as error:
        raise DataError(f"the values make no array: {error}; give rows of one length") from error


def raw_labels(values: Any, name: str) -> RawLabels:
    """Labels (n,) of any kind, ready to be numbered as classes.

    Raises:
        DataError: a label is missing, or they are not an array.
    """
    return raw_classes(_labels(values), name)


def _labeled(values: Any, missing: Missing) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The labels (m, ...) that are not missing, and which rows (n,) have one."""
    array = _array(values)
    kept = np.ones(len(array) if array.ndim else 0, np.bool_)
    if array.ndim and array.size:
        rows = array.reshape(len(array), -1)
        if array.dtype.kind in "OTU":
            gaps = [any(is_gap(item) or item == "" for item in row) for row in rows.tolist()]
            kept = ~np.array(gaps, np.bool_)
        elif array.dtype.kind == "f":
            kept = np.logical_not(np.isnan(rows).any(axis=1))
    if kept.all() or not kept.any() or missing == "refuse":
        return _labels(array), np.ones_like(kept)
    return _labels(array[kept]), kept


def _labels(values: Any) -> NDArray[Any]:
    """Convert labels to an array of numbers or texts."""
    array = _array(values)
    if array.dtype.kind not in "biufOTUS":
        raise DataError(
            f"the labels are of type {array.dtype}, wanted numbers or texts; convert them"
        )
    if array.dtype.kind not in "OT":
        return array
    items = array.reshape(-1).tolist()
    missing = next((row for row, item in enumerate(items, 1) if is_gap(item)), 0)
    if missing:
        raise DataError(f"the label in row {missing:,} is missing; fill it in or leave the row out")
    if all(isinstance(item, bool | np.bool_) for item in items):
        return np.asarray(items, dtype=np.bool_).reshape(array.shape)
    if all(isinstance(item, int) for item in items):
        return np.asarray(items).reshape(array.shape)
    if all(isinstance(item, Real | Decimal) for item in items):
        return np.asarray(items, dtype=np.float64).reshape(array.shape)
    return np.asarray([str(item) for item in items], dtype=np.str_).reshape(array.shape)


def _require_pair(
    part: str,
    features: NDArray[Any],
    labels: NDArray[Any],
    called: Callable[[str], str],
    kind: Kind,
) -> None:
    wanted = "x" if features.ndim < 2 else "y"
    x, y = called(f"x_{part}"), called(f"y_{part}")
    are_labels = labels.shape[1:] in ((), (1,)) or (
        are_one_hot(labels) if kind == "classes" else labels.size > 0
    )
    if features.ndim < 2 or labels.ndim not in (1, 2) or not are_labels:
        shape = features.shape if wanted == "x" else labels.shape
        form = "(samples, features) or (samples, height, width)" if wanted == "x" else "(samples,)"
        if wanted == "y" and kind != "classes":
            form = "(samples,) or (samples, targets)"
        advice = "" if wanted == "x" else " (labels are class numbers, or rows of a 1 and zeros)"
        raise DataError(
            f"{x if wanted == 'x' else y} is of shape {shape}, wanted {form}; reshape it"
            f"{advice if kind == 'classes' else ''}"
        )
    if len(features) != len(labels):
        raise DataError(
            f"{y} holds {len(labels):,} rows but {x} {len(features):,}; give arrays that belong "
            "together"
        )
    if features.size == 0:
        raise DataError(f"{x} holds no samples; give at least one")


def _flattened(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Flatten the samples to (n, I), and check that all numbers are finite."""
    flat = array.reshape(len(array), -1)
    if flat.dtype.kind == "b":
        flat = converted(flat, np.float32)
    refuse_unknown_values(
        flat, lambda row, column: f"row {row + 1:,}, value {column + 1:,} of {name}"
    )
    return flat
