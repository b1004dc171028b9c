"""A dataset in memory: samples, labels, classes, and where it came from.

This module checks all samples, whatever their source: types, shapes, that every value is a number
and every label a class. A dataset's arrays are never written to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config.choices import Kind, Missing
from gpunet.datasets.blocks import row_blocks
from gpunet.datasets.spool import converted, taken
from gpunet.datasets.table_columns import Columns
from gpunet.errors import DataError

__all__ = [
    "TOO_LARGE",
    "Dataset",
    "Samples",
    "refuse_unknown_values",
]

TOO_LARGE = "which is too large: float32 ends at 3.4e38; write it in a larger unit"
"""Part of a message about a value that float32 cannot hold."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Samples with their labels and weights.

    Args:
        features: (n, I), either uint8 (0..255, which stand for 0..1), or float32 or float64;
            float64 only until they are standardized, because engines take float32. They may be a
            memory map of a file, ``np.memmap``.
        labels: (n,) int32 classes from 0 to C - 1; or (n, T) float32 or float64, either measured
            targets or 0 or 1 for each of T labels.
        weights: (n,) float32 weight of each sample in the loss and the metrics; ``None`` for equal
            weights.

    Raises:
        DataError: an array has the wrong type or shape. ``Dataset`` checks the values.
    """

    features: NDArray[np.uint8] | NDArray[np.float32] | NDArray[np.float64]
    labels: NDArray[Any]
    weights: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        kind, shape = self.features.dtype, self.features.shape
        if kind not in (np.uint8, np.float32, np.float64) or len(shape) != 2:
            raise DataError(
                f"the features are {kind} of shape {shape}, wanted uint8 or floats of shape "
                "(samples, features); convert and reshape them first"
            )
        labels, weights = self.labels, self.weights
        measured = labels.dtype in (np.float32, np.float64) and labels.ndim == 2
        if not (measured or labels.dtype == np.int32) or (
            (labels.shape[:1] if measured else labels.shape) != shape[:1]
        ):
            raise DataError(
                f"the labels are {labels.dtype} of shape {labels.shape}, wanted int32 of shape "
                f"{shape[:1]}, one for each sample, or floats of shape ({shape[0]}, targets); "
                "convert and reshape them first"
            )
        if weights is not None and (weights.dtype != np.float32 or weights.shape != shape[:1]):
            raise DataError(
                f"the weights are {weights.dtype} of shape {weights.shape}, wanted float32 of "
                f"shape {shape[:1]}, one for each sample; convert and reshape them first"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: slice | NDArray[np.integer]) -> Samples:
        return Samples(self.features[rows], self.labels[rows], self._weights(rows))

    @property
    def row_bytes(self) -> int:
        """Bytes of a sample on a device, where bytes and floats are padded to groups of four."""
        width = -(-int(self.features.shape[1]) // 4) * 4
        return width if self.features.dtype == np.uint8 else 4 * width

    def take(self, rows: slice | NDArray[np.integer]) -> Samples:
        """Select samples; if they are many and mapped, the result lies in a cache file."""
        return Samples(taken(self.features, rows), self.labels[rows], self._weights(rows))

    def single(self) -> Samples:
        """The samples as engines take them: float64 rounded to float32."""
        if self.features.dtype != np.float64:
            return self
        return replace(self, features=converted(self.features, np.float32))

    def _weights(self, rows: slice | NDArray[np.integer]) -> NDArray[np.float32] | None:
        return None if self.weights is None else self.weights[rows]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training and a test set, and a validation set if the data come with one.

    Args:
        name: the user's name for it, or the file's stem.
        train: the training samples; without ``validation``, including those to be held out later.
        test: the test samples.
        classes: names of the C classes; empty for measured targets and labels.
        image_shape: height and width if samples are gray images, else ``None``.
        source: where it came from, in words for the user.
        notice: what the user should know about how it was read, or ``None``.
        validation: validation samples that the data came with, at least one, or ``None``.
        columns: the columns of the table that it comes from; ``None`` if it is not a table.
        targets: names of the T measured targets, or of the T labels of 0 or 1; empty for classes.
        kind: what is to be predicted: a class, labels, or measured targets.

    Raises:
        DataError: a feature is infinite, or NaN and not filled by ``columns``; a label is not a
            class; a target is not a finite number; a weight is negative; or parts do not fit
            together.
    """

    name: str
    train: Samples
    test: Samples
    classes: tuple[str, ...]
    image_shape: tuple[int, int] | None
    source: str
    notice: str | None = None
    validation: Samples | None = None
    columns: Columns | None = None
    targets: tuple[str, ...] = ()
    kind: Kind = "classes"

    def __post_init__(self) -> None:
        for name, samples in self.parts.items():
            part = "training" if name == "train" else name
            whose = f"of the {part} samples of {self.name!r}"
            if samples.features.shape[1] != self.inputs:
                raise DataError(
                    f"the {part} samples of {self.name!r} have {samples.features.shape[1]:,} "
                    f"features but the training samples {self.inputs:,}; make both alike"
                )
            _require_labels(samples.labels, self, whose)
            if samples.weights is not None:
                _require_weights(samples.weights, whose)
            _require_finite(samples.features, whose, self._may_be_missing)

    @property
    def inputs(self) -> int:
        """Number of features per sample, I."""
        return int(self.train.features.shape[1])

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the classes, or of the targets."""
        return self.classes or self.targets

    @property
    def outputs(self) -> int:
        """Number of classes C, or of targets T."""
        return len(self.output_names)

    @property
    def parts(self) -> dict[str, Samples]:
        """The sets of samples by name: train, test, and validation if there is one."""
        parts = {"train": self.train, "test": self.test}
        return parts if self.validation is None else {**parts, "validation": self.validation}

    @property
    def _may_be_missing(self) -> NDArray[np.bool_] | None:
        """Which features (I,) may be NaN because they are filled before the first layer."""
        if self.columns is None or not self.columns.fills:
            return None
        return np.logical_not(self.columns.flags(self.inputs))

    @staticmethod
    def from_arrays(
        X: Any,  # noqa: N803 - as scikit-learn calls it
        y: Any,
        X_test: Any = None,  # noqa: N803
        y_test: Any = None,
        *,
        name: str = "arrays",
        missing: Missing = "mean",
        ignore: Sequence[str] = (),
        sample_weight: Any = None,
        kind: Kind | None = None,
    ) -> Dataset:
        """Make a dataset of arrays, data frames or lists, as ``gpunet.train`` does with ``(X, y)``.

        Args:
            X: (n, I) or (n, height, width) numbers of any type; the input is not changed. Numbers
                may be missing (NaN, None), and columns may hold words, each of which becomes a
                feature.
            y: (n,) or (n, 1) class labels: whole numbers, texts or booleans; or measured targets,
                (n,) or (n, T); or any number of labels a sample, (n, T) of 0 and 1.
            X_test: (m, I) or (m, height, width) test samples; without it there are none.
            y_test: (m,) labels of the test samples.
            name: name of the data in messages and reports.
            missing: treatment of missing cells: ``"mean"``, ``"median"``, ``"drop"`` or
                ``"refuse"``.
            ignore: columns to leave out, by title or by number counted from 1.
            sample_weight: (n,) weight of each row in the loss and the metrics, at least 0.
            kind: content of y: ``"classes"``, ``"labels"`` or ``"measured"``; by default guessed
                from the values. Fractions are measured, and so are more than ten whole numbers that
                hardly recur. Rows of 0 and 1 are classes if each has a single 1, else labels.

        Raises:
            DataError: a feature or a label is invalid, or arrays do not fit together.

        Example:
            >>> import gpunet
            >>> data = gpunet.Dataset.from_arrays([[0.0, 1.0], [1.0, 0.0]], ["right", "left"])
            >>> data.classes
            ('left', 'right')
            >>> gpunet.Dataset.from_arrays([[0.0, 1.0], [1.0, 0.0]], [0.5, 2.5]).kind
            'measured'
        """
        from gpunet.datasets.readers.arrays import from_arrays
        from gpunet.datasets.tables.options import TableOptions

        options = TableOptions(missing=missing, ignore=tuple(ignore), kind=kind)
        return from_arrays(X, y, X_test, y_test, name, options, sample_weight)

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of all samples and labels, in hexadecimal."""
        digest = hashlib.sha256()
        for samples in self.parts.values():
            digest.update(f"{samples.features.dtype.str} {samples.features.shape}".encode())
            for rows in row_blocks(samples.features):
                digest.update(np.ascontiguousarray(samples.features[rows]).data)
            digest.update(np.ascontiguousarray(samples.labels).data)
            if samples.weights is not None:
                digest.update(np.ascontiguousarray(samples.weights).data)
        return digest.hexdigest()


def refuse_unknown_values(
    features: NDArray[Any],
    name_of: Callable[[int, int], str],
    may_be_missing: NDArray[np.bool_] | None = None,
) -> None:
    """Check that every feature is a finite number in float32.

    Args:
        features: (n, I) of any numeric type.
        name_of: gives the name of row i, column j, both counted from 0, for messages.
        may_be_missing: (I,) which features may be NaN; by default none.

    Raises:
        DataError: a value is NaN or infinite; the message names it.
    """
    if features.dtype.kind != "f":
        return
    for rows in row_blocks(features):
        block = features[rows]
        with np.errstate(over="ignore"):
            bad = ~np.isfinite(block.astype(np.float32, copy=False))  # (rows, I)
        if may_be_missing is not None and bad.any():
            bad &= ~(np.isnan(block) & may_be_missing)
        if bad.any():
            row, column = (int(index) for index in np.argwhere(bad)[0])
            value = float(block[row, column])
            seen = f"{name_of(rows.start + row, column)} is {value}"
            if np.isfinite(value):
                raise DataError(f"{seen}, {TOO_LARGE}")
            raise DataError(
                f"{seen}, wanted a finite number; fill in or leave out what is not known"
            )


def _require_finite(
    features: NDArray[Any], whose: str, may_be_missing: NDArray[np.bool_] | None
) -> None:
    refuse_unknown_values(
        features,
        lambda row, column: f"feature {column + 1:,} in row {row + 1:,} {whose}",
        may_be_missing,
    )


def _require_labels(labels: NDArray[Any], dataset: Dataset, whose: str) -> None:
    if dataset.kind == "classes":
        _require_classes(labels, len(dataset.classes), whose)
        return
    if labels.ndim != 2 or labels.shape[1] != len(dataset.targets):
        raise DataError(
            f"the targets {whose} are of shape {labels.shape}, wanted {len(dataset.targets):,} for "
            f"each sample: {', '.join(dataset.targets[:12])}; make both alike"
        )
    refuse_unknown_values(
        labels, lambda row, column: f"{dataset.targets[column]!r} in row {row + 1:,} {whose}"
    )
    if dataset.kind == "labels" and (wrong := np.argwhere((labels != 0) & (labels != 1))).size:
        row, column = map(int, wrong[0])
        raise DataError(
            f"the label {dataset.targets[column]!r} in row {row + 1:,} {whose} is "
            f"{labels[row, column]:g}, wanted 0 or 1; fix the label"
        )


def _require_weights(weights: NDArray[np.float32], whose: str) -> None:
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"the weight in row {row + 1:,} {whose} is {weights[row]}, wanted a finite number of "
            "at least 0; fix the weight"
        )
    if len(weights) and not weights.any():
        raise DataError(f"all weights {whose} are 0, so that none counts; give some a weight")


def _require_classes(labels: NDArray[np.int32], classes: int, whose: str) -> None:
    if labels.ndim != 1:
        raise DataError(
            f"the labels {whose} are of shape {labels.shape}, wanted one class for each sample"
        )
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"the label in row {row + 1:,} {whose} is {labels[row]:,}, wanted 0 to "
            f"{classes - 1:,}, for there are {classes:,} classes; fix the label"
        )
