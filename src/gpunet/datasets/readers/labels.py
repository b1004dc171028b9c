"""Labels as a dataset holds them: the numbers of the classes, and the classes' names.

Owns the check that labels can be classes at all. Where the labels stand in a file belongs to
the file's reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.readers.features import is_number
from gpunet.datasets.readers.files import shown
from gpunet.errors import DataError

__all__ = ["TEXT", "Classes", "RawLabels", "number_classes"]

TEXT = np.dtypes.StringDType()
"""Texts that take as much memory as they are long; one long label makes no other longer."""

FEW_CLASSES = 256
"""Up to so many classes are believed; beyond, each needs some samples on average."""

SAMPLES_PER_CLASS = 4

LARGEST_LABEL = 1_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class RawLabels:
    """Labels as a file has them.

    Args:
        name: of the file or the array.
        values: (n,) numbers of any type, or ``TEXT``.
        rows: (n,) what a message calls each label's row.
        unit: what such a row is called.
    """

    name: str
    values: NDArray[Any]
    rows: NDArray[np.integer] | range
    unit: str = "row"

    def place(self, row: int) -> str:
        """What a message calls the label of row ``row``, counted from 0."""
        return f"the label in {self.unit} {self.rows[row]:,} of {self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """What the labels say.

    Args:
        names: the classes' names, C of them.
        train: (n,) int32, each from 0 to C - 1.
        test: (m,) int32, each from 0 to C - 1.
        notice: what the user should know about the classes, or ``None``.
    """

    names: tuple[str, ...]
    train: NDArray[np.int32]
    test: NDArray[np.int32]
    notice: str | None


def number_classes(train: RawLabels, test: RawLabels) -> Classes:
    """Number the classes that the training set has, from 0 on, in the order of their values.

    Labels are whole numbers from 0 on, or words, which are ordered alphabetically. Whole numbers
    that leave out a few (1 to 26, or only 3 and 8) are numbered anew and keep their names; one
    far above the number of classes is a damaged label.

    Raises:
        DataError: a label that can be no class, fewer than two classes, more classes than the
            samples can tell apart, or a test label that the training set does not have.
    """
    if TEXT in (train.values.dtype, test.values.dtype):
        train_values, test_values = _words_or_numbers(train, test)
    else:
        train_values, test_values = _whole_numbers(train), _whole_numbers(test)
    known, train_labels = np.unique(train_values, return_inverse=True)
    _require_plausible(train, known, train_labels)
    return Classes(
        names=tuple(str(value) for value in known),
        train=train_labels.astype(np.int32),
        test=_known_labels(test, test_values, known),
        notice=_gap_notice(known),
    )


def _words_or_numbers(train: RawLabels, test: RawLabels) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both sets' labels as whole numbers if all of them are, else as words."""
    numeric = [_are_numbers(labels) for labels in (train, test)]
    first = numeric[0] if len(numeric[0]) else numeric[1]
    for labels, flags in zip((train, test), numeric, strict=True):
        odd = np.flatnonzero(flags != first[:1])
        if len(odd):
            kinds = ("a number", "a word") if first[0] else ("a word", "a number")
            raise DataError(
                f"{labels.place(int(odd[0]))} is {shown(str(labels.values[odd[0]]))}, wanted "
                f"{kinds[0]} and not {kinds[1]}, as the first label is; write all labels alike"
            )
    if first[:1].any():
        return _whole_numbers(train), _whole_numbers(test)
    return _words(train), _words(test)


def _are_numbers(labels: RawLabels) -> NDArray[np.bool_]:
    """(n,) whether each label is the text of a number, NaN among them."""
    known, inverse = np.unique(labels.values.astype(TEXT), return_inverse=True)
    flags = np.array([is_number(str(text)) for text in known], np.bool_)
    return flags[inverse]


def _words(labels: RawLabels) -> NDArray[Any]:
    words = np.strings.strip(labels.values.astype(TEXT))
    empty = np.flatnonzero(words == "")
    if len(empty):
        raise DataError(f"{labels.place(int(empty[0]))} is empty, wanted a class; fill it in")
    return words


def _whole_numbers(labels: RawLabels) -> NDArray[np.int64]:
    """The labels (n,) as int64.

    Raises:
        DataError: one is negative, no whole number or too large.
    """
    numbers = labels.values
    if numbers.dtype == TEXT:
        numbers = numbers.astype(np.float64)
    if numbers.dtype.kind == "f":
        wrong = ~(numbers == np.rint(numbers)) | np.isinf(numbers)  # true for NaN as well
        _refuse(labels, wrong, "a whole number; labels name classes and are not measured values")
    _refuse(labels, numbers < 0, "0 or more; number the classes from 0 on")
    _refuse(labels, numbers > LARGEST_LABEL, f"at most {LARGEST_LABEL:,}; number the classes")
    return numbers.astype(np.int64)


def _refuse(labels: RawLabels, wrong: NDArray[np.bool_], wanted: str) -> None:
    rows = np.flatnonzero(wrong)
    if len(rows):
        raise DataError(
            f"{labels.place(int(rows[0]))} is {labels.values[rows[0]]}, wanted {wanted}"
        )


def _require_plausible(
    labels: RawLabels, known: NDArray[Any], numbered: NDArray[np.integer]
) -> None:
    if len(known) < 2:
        raise DataError(
            f"{labels.name} holds only the class {shown(str(known[0]))}, wanted two or more; "
            "add samples of another class"
        )
    if len(known) > max(FEW_CLASSES, len(numbered) // SAMPLES_PER_CLASS):
        raise DataError(
            f"{labels.name} holds {len(known):,} different labels in {len(numbered):,} samples, "
            "wanted classes that recur; check that the labels are where they belong"
        )
    highest = len(known) - 1
    if known.dtype.kind in "iu" and known[highest] >= 4 * len(known) + 8:
        row = int(np.flatnonzero(numbered == highest)[0])
        raise DataError(
            f"{labels.place(row)} is {known[highest]:,}, out of range for {len(known):,} "
            "different labels; number the classes from 0 on, or mend the label"
        )


def _known_labels(
    labels: RawLabels, values: NDArray[Any], known: NDArray[Any]
) -> NDArray[np.int32]:
    """The classes' numbers (m,) of the test labels."""
    position = np.minimum(np.searchsorted(known, values), len(known) - 1)
    unknown = np.flatnonzero(known[position] != values)
    if len(unknown):
        raise DataError(
            f"{labels.place(int(unknown[0]))} is {shown(str(values[unknown[0]]))}, which no "
            f"training sample has; the training set's {len(known):,} classes go from "
            f"{shown(str(known[0]))} to {shown(str(known[-1]))}, so mend the label"
        )
    return position.astype(np.int32)


def _gap_notice(known: NDArray[Any]) -> str | None:
    """A notice if whole numbers between the lowest label and the highest never occur."""
    if known.dtype.kind not in "iu" or known[-1] - known[0] == len(known) - 1:
        return None
    return (
        f"the labels leave out numbers between {known[0]} and {known[-1]}; "
        f"the {len(known)} that occur are the classes"
    )
