"""The parts of a dataset: their names, and how they are joined into one dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpunet.config.choices import Kind
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.hold_out import split_last
from gpunet.datasets.readers.features import as_gray_levels, guess_image_shape
from gpunet.datasets.readers.labels import RawLabels, number_classes
from gpunet.datasets.readers.targets import RawTargets, Targets
from gpunet.datasets.table_columns import Columns
from gpunet.errors import DataError, spelled

__all__ = [
    "NAMES",
    "TEST_SHARE",
    "Part",
    "assembled",
    "by_part",
    "given_validation",
    "joined",
    "part_of",
]

Part = Literal["train", "val", "test"]

NAMES: dict[Part, tuple[str, ...]] = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
"""Names of each part; case does not matter."""


TEST_SHARE = 6
"""One in this many samples of an unsplit file is for testing, about as in MNIST (one in seven)."""


def part_of(name: str) -> Part | None:
    """The part with this name, or ``None``."""
    return next((part for part in NAMES if name.lower() in NAMES[part]), None)


def by_part(entries: Iterable[tuple[str, Path]], root: Path, kind: str) -> dict[Part, Path]:
    """The files or folders of ``root`` that are parts, from paths with their parts.

    Raises:
        DataError: two are the same part; ``kind`` is the word for them in the message.
    """
    parts: dict[Part, Path] = {}
    for name, path in entries:
        if (part := part_of(name)) is None:
            continue
        if part in parts:
            raise DataError(
                f"{root} holds both {parts[part].name} and {path.name}, wanted one {kind} of that "
                "part; join the two, or take one out"
            )
        parts[part] = path
    return parts


def given_validation(count: int, what: str, where: str) -> str:
    """A notice about a validation set that the data came with, such as 20 images in val/."""
    return (
        f"the {count:,} {what} {where} are the validation set, in place of {spelled('validation')}"
    )


def assembled(
    features: Mapping[Part, NDArray[Any]],
    targets: Mapping[Part, Targets],
    shape: tuple[int, ...],
    *,
    name: str,
    source: str,
    notice: str | None = None,
    unsplit: str = "",
    validation: str = "",
    columns: Columns | None = None,
    weights: Mapping[Part, NDArray[np.float32] | None] = MappingProxyType({}),
) -> Dataset:
    """Make a dataset of its parts, ``train`` first.

    Args:
        features: (n, I) features of each part, all of one type.
        targets: labels or targets of each part's n samples, all of one kind.
        shape: shape of a sample as it was read; even with one axis it may be an image.
        name: name of the dataset.
        source: where it came from, in words.
        notice: what the user should already know.
        unsplit: without a test part, why the last sixth of the training samples is for testing, as
            the start of a notice; empty to have no test samples.
        validation: name of the validation part in notices.
        columns: columns of the table that holds the samples.
        weights: (n,) weights of the samples of a part, unless they are equal.

    Raises:
        DataError: a label cannot be a class, or a part has a class that the training samples lack.
    """
    encoded = columns is not None and columns.encodings
    image_shape = None if encoded else _image_shape(shape, features["train"])
    levels = as_gray_levels(tuple(features.values()), image_shape)
    known = _numbered([targets[part] for part in features])
    samples = {
        part: Samples(array, numbers, weights.get(part))
        for part, array, numbers in zip(features, levels, known.numbers, strict=True)
    }
    split = given = None
    if "test" not in samples:
        samples["train"], samples["test"], rows = _split(samples["train"], known, bool(unsplit))
        split = f"{unsplit}: the {rows} are for testing" if unsplit else None
    if "val" in samples:
        given = given_validation(len(samples["val"]), "samples", f"of {validation}")
    return Dataset(
        name=name,
        train=samples["train"],
        test=samples["test"],
        classes=known.classes,
        image_shape=image_shape,
        source=source,
        notice=joined(notice, split, given, known.notice),
        validation=samples.get("val"),
        columns=columns,
        targets=known.titles,
        kind=known.kind,
    )


def _split(samples: Samples, known: _Numbered, tests: bool) -> tuple[Samples, Samples, str]:
    """Split off the last sixth of the samples for testing, if wanted; describe those rows."""
    total = len(samples)
    count = max(1, total // TEST_SHARE) if tests else 0
    train, test, by_class = split_last(samples, count)
    if not by_class:
        return train, test, f"last {count:,} of {total:,} rows"
    each = "class"
    if not known.classes:
        alone = len(known.titles) == 1
        each = "tenth of the target's values" if alone else f"tenth by {known.titles[0]!r}"
    return train, test, f"last rows of every {each}, {count:,} of {total:,} in all,"


class _Numbered(NamedTuple):
    """The labels or targets of each part as numbers: (n,) int32, or (n, T) float64."""

    numbers: list[NDArray[Any]]
    classes: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    kind: Kind = "classes"
    notice: str | None = None


def _numbered(parts: Sequence[Targets]) -> _Numbered:
    """Turn the labels or targets of all parts into numbers."""
    labels = [one for one in parts if isinstance(one, RawLabels)]
    if labels:
        classes = number_classes(*labels)
        return _Numbered([*classes.numbers], classes.names, notice=classes.notice)
    first, *others = (one for one in parts if isinstance(one, RawTargets))
    values = [one.values for one in (first, *others)]
    constant = np.flatnonzero((first.values == first.values[:1]).all(axis=0))
    notice = None
    if len(constant):
        column = int(constant[0])
        notice = f"{first.titles[column]} is {first.values[0, column]:g} in every row"
    return _Numbered(values, titles=first.titles, kind=first.kind, notice=notice)


def joined(*notices: str | None) -> str | None:
    """Join notices, leaving out ``None``."""
    return "; ".join(filter(None, notices)) or None


def _image_shape(shape: tuple[int, ...], features: NDArray[Any]) -> tuple[int, int] | None:
    """Height and width if samples of this shape are gray images, else ``None``."""
    if len(shape) == 1:
        return guess_image_shape(features)
    match shape:
        case (height, width) | (height, width, 1) | (1, height, width):
            return height, width
    return None
