"""Turns labels into class numbers and class names.

Texts are compared as Python strings: numpy up to 2.4 reads foreign memory when it compares two
arrays of ``TEXT``, for example in ``searchsorted``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.readers.features import is_number
from gpunet.datasets.readers.files import shown
from gpunet.errors import DataError, spelled

__all__ = [
    "FEW",
    "FEW_CLASSES",
    "SAMPLES_PER_CLASS",
    "TEXT",
    "Classes",
    "RawLabels",
    "distinct",
    "number_classes",
    "number_known",
]

TEXT = np.dtypes.StringDType()
"""Texts of variable length, so that one long label does not make the others longer."""

FEW_CLASSES = 256
"""Number of classes that is always plausible; with more, each needs some samples on average."""

FEW = 10
"""Number of different whole numbers that are classes however rarely each occurs."""

SAMPLES_PER_CLASS = 4

LONGEST_LABEL = 200  # characters
LISTED = 12  # most classes in a message
ROWS = 65536  # labels processed together, so that temporaries stay small

WHOLE = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)

Key = int | str
"""The meaning of a label: a whole number, or a word."""


@dataclass(frozen=True, eq=False)
class RawLabels:
    """Labels as they are in a file or an array."""

    name: str  # name of the file or the array
    values: NDArray[Any]  # (n,) numbers of any type, or ``TEXT``
    rows: NDArray[np.integer] | range  # (n,) number of each label's row in messages
    unit: str = "row"  # the word for a row in messages
    levels: tuple[str, ...] = ()  # the classes in order, if the file lists them

    def where(self, rows: NDArray[np.bool_]) -> RawLabels:
        """The labels of some rows."""
        return replace(self, values=self.values[rows], rows=np.asarray(self.rows)[rows])

    @cached_property
    def parted(self) -> tuple[list[Any], list[int], NDArray[np.int64]]:
        """The unique values, the first row of each, and the index of each row's value.

        Raises:
            DataError: a value is too long.
        """
        parted = distinct(self.values)
        for value, row in zip(*parted[:2], strict=True):
            if isinstance(value, str) and len(value) > LONGEST_LABEL:
                raise DataError(
                    f"{self._describe_row(row)} is {len(value):,} characters long, at most "
                    f"{LONGEST_LABEL} are possible; shorten it"
                )
        return parted

    def describe(self, value: Any) -> str:
        """The name of a value's first label in messages."""
        values, firsts, _ = self.parted
        return self._describe_row(firsts[values.index(value)])

    def refused(self, value: Any, wanted: str) -> DataError:
        """The error for a value that is not a class."""
        return DataError(f"{self.describe(value)} is {_quoted(value)}, wanted {wanted}")

    def _describe_row(self, row: int) -> str:
        return f"the label in {self.unit} {self.rows[row]:,} of {self.name}"


class Classes(NamedTuple):
    """The names of the classes, the class number of each label (n,) int32, and perhaps a notice."""

    names: tuple[str, ...]
    numbers: list[NDArray[np.int32]]
    notice: str | None


def number_classes(train: RawLabels, *others: RawLabels) -> Classes:
    """Number the classes of the training set from 0 on, in the order of their values.

    Labels are whole numbers, or words in alphabetical order unless the file gives an order. Whole
    numbers with gaps (1 to 26, or -1 and 1, or 3 and 8) are renumbered and keep their names.

    Raises:
        DataError: a label cannot be a class, there are fewer than two classes or implausibly many,
            or another set has a class that the training set lacks.
    """
    sets = (train, *others)
    numeric = _are_numeric(*sets)
    keys = [_keys(labels, numeric) for labels in sets]
    known = _in_order(set(keys[0]), train.levels)
    _require_plausible(train, known)
    numbers = {key: number for number, key in enumerate(known)}
    return Classes(
        names=tuple(map(str, known)),
        numbers=[_numbered(*pair, numbers) for pair in zip(sets, keys, strict=True)],
        notice=_gap_notice(sorted(known)),
    )


def _in_order(known: set[Key], levels: Sequence[str]) -> list[Key]:
    """The classes in the order of the file's levels, or else of their values."""
    places = {level: place for place, level in enumerate(levels)}
    if all(str(key) in places for key in known):
        return sorted(known, key=lambda key: places[str(key)])
    return sorted(known)


def number_known(labels: RawLabels, classes: Sequence[str]) -> NDArray[np.int32]:
    """The class numbers (n,) of labels whose classes are known by name.

    Raises:
        DataError: a label is not one of the classes.
    """
    numeric = all(len(name) <= LONGEST_LABEL and WHOLE.fullmatch(name) for name in classes)
    numbers: dict[Key, int] = {
        int(name) if numeric else name: number for number, name in enumerate(classes)
    }
    keys = [_known_key(value, numeric) for value in labels.parted[0]]
    return _numbered(labels, keys, numbers)


def distinct(values: NDArray[Any]) -> tuple[list[Any], list[int], NDArray[np.int64]]:
    """The unique values, the first row of each, and the index (n,) of each row's value."""
    if values.dtype.kind in "biuf":
        known, rows, numbered = np.unique(values, return_index=True, return_inverse=True)
        return known.tolist(), rows.tolist(), numbered
    numbers: dict[Any, int] = {}
    firsts: list[int] = []
    numbered = np.empty(len(values), np.int64)
    for start in range(0, len(values), ROWS):
        for row, value in enumerate(values[start : start + ROWS].tolist(), start):
            number = numbers.setdefault(value, len(numbers))
            if number == len(firsts):
                firsts.append(row)
            numbered[row] = number
    return list(numbers), firsts, numbered


def _are_numeric(*sets: RawLabels) -> bool:
    """Whether the labels are numbers rather than words."""
    flags = [
        [not isinstance(value, str) or is_number(value) for value in one.parted[0]] for one in sets
    ]
    first = next((one[0] for one in flags if one), False)
    for one, numeric in zip(sets, flags, strict=True):
        if (not first) in numeric:
            kinds = ("a number", "a word") if first else ("a word", "a number")
            raise one.refused(
                one.parted[0][numeric.index(not first)],
                f"{kinds[0]} and not {kinds[1]}, as the first label is; write all labels alike",
            )
    return first


def _keys(labels: RawLabels, numeric: bool) -> list[Key]:
    """The meanings of the unique values."""
    keys: list[Key] = []
    for value in labels.parted[0]:
        key = _whole_number(value) if numeric else value.strip()
        if key is None:
            raise labels.refused(
                value,
                "a whole number that names a class; for measured targets give "
                f"{spelled('loss', 'squared-error')}",
            )
        if key == "":
            raise DataError(f"{labels.describe(value)} is empty, wanted a class; fill it in")
        keys.append(key)
    return keys


def _known_key(value: Any, numeric: bool) -> Key:
    """The meaning of a label among known classes; an unknown label is kept as written."""
    text = str(value).strip()
    if not numeric or not is_number(text):
        return text
    number = _whole_number(value)
    return text if number is None else number


def _whole_number(value: Any) -> int | None:
    """The whole number that a number or a text stands for, however large it is."""
    if isinstance(value, int):  # including True and False
        return int(value)
    if isinstance(value, str) and WHOLE.fullmatch(value):
        return int(value)
    number = float(value)
    return int(number) if number.is_integer() else None


def _numbered(labels: RawLabels, keys: list[Key], numbers: dict[Key, int]) -> NDArray[np.int32]:
    """The class numbers (n,) of the labels."""
    for value, key in zip(labels.parted[0], keys, strict=True):
        if key not in numbers:
            listed = ", ".join(shown(str(name)) for name in list(numbers)[:LISTED])
            more = ", ..." if len(numbers) > LISTED else ""
            raise DataError(
                f"{labels.describe(value)} is {shown(str(value))}, which no training sample has; "
                f"the {len(numbers):,} classes are {listed}{more}, so fix the label"
            )
    table = np.array([numbers[key] for key in keys], np.int32)
    return table[labels.parted[2]]


def _quoted(value: Any) -> str:
    """A label in a message: a word in quotes, a number as it is written."""
    return shown(value) if isinstance(value, str) and not is_number(value) else str(value)[:40]


def _require_plausible(labels: RawLabels, known: list[Key]) -> None:
    count = len(labels.values)
    if len(known) < 2:
        raise DataError(
            f"{labels.name} holds only the class {shown(str(known[0]))}, wanted two or more; "
            "add samples of another class"
        )
    if len(known) > max(FEW_CLASSES, count // SAMPLES_PER_CLASS):
        raise DataError(
            f"{labels.name} holds {len(known):,} different labels in {count:,} samples, "
            "wanted classes that recur; check that the labels are where they belong"
        )


def _gap_notice(known: list[Key]) -> str | None:
    """A notice if some whole numbers between the lowest and the highest label never occur."""
    lowest, highest = known[0], known[-1]
    if isinstance(lowest, str) or isinstance(highest, str) or highest - lowest == len(known) - 1:
        return None
    measured = f" ({spelled('loss', 'squared-error')} takes them as measured)"
    return (
        f"the labels leave out numbers between {lowest} and {highest}; "
        f"the {len(known)} that occur are the classes{measured if len(known) > FEW else ''}"
    )
