"""The parts of a dataset: the names that they go by, and how they become one dataset."""

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
from gpunet.datasets.readers.features import as_grey_levels, guess_image_shape
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
"""What each part is called; capitals count as small letters."""


TEST_SHARE = 6
"""One part of so many of a file that is not split yet is for testing, as MNIST has it (nearly)."""


def part_of(name: str) -> Part | None:
    """The part that a name stands for, or ``None``."""
    return next((part for part in NAMES if name.lower() in NAMES[part]), None)


def by_part(entries: Iterable[tuple[str, Path]], root: Path, kind: str) -> dict[Part, Path]:
    """The files or folders of ``root`` that are parts, of entries with what their names say.

    Raises:
        DataError: two are the same part; the message calls them by their kind.
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
    """The notice of a validation set that the data came with, such as 20 images in val/."""
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
    """The dataset of the parts that there are, ``train`` the first of them.

    Args:
        features: (n, I) of each part, all of one type.
        targets: what is to be predicted of each part's n samples, all of one kind.
        shape: of a sample as it was read; with one axis it may be an image all the same.
        name: of the dataset.
        source: where it came from, in words.
        notice: what the user should know already.
        unsplit: why the last sixth of the training samples is for testing where there is no test
            part, as a notice begins; empty if there are no test samples then.
        validation: what a notice calls the validation part.
        columns: of the table that the samples stood in.
        weights: (n,) what the samples of a part count, where they do not count alike.

    Raises:
        DataError: a label can be no class, or a part has one that the training samples lack.
    """
    encoded = columns is not None and columns.encodings
    image_shape = None if encoded else _image_shape(shape, features["train"])
    levels = as_grey_levels(tuple(features.values()), image_shape)
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
    """The samples to train on, the last sixth to test with or none, and which rows those are."""
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
    """What is to be predicted, as numbers of each part: (n,) int32, or (n, T) float64."""

    numbers: list[NDArray[Any]]
    classes: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    kind: Kind = "classes"
    notice: str | None = None


def _numbered(parts: Sequence[Targets]) -> _Numbered:
    """What is to be predicted of the training samples, and of those of other parts."""
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
    """Several notices as one, of those that there are."""
    return "; ".join(filter(None, notices)) or None


def _image_shape(shape: tuple[int, ...], features: NDArray[Any]) -> tuple[int, int] | None:
    """Height and width if samples of this shape are gray images, else ``None``."""
    if len(shape) == 1:
        return guess_image_shape(features)
    match shape:
        case (height, width) | (height, width, 1) | (1, height, width):
            return height, width
    return None
