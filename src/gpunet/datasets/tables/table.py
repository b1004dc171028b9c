"""Reads tables: one sample per line, with a label in one column and features in the others.

``text_rows`` reads the text, ``label_column`` chooses the label, ``columns`` decides what the other
columns become, ``model_rows`` reads further tables for a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from gpunet.config.choices import Kind
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.progress import Progress, untold
from gpunet.datasets.readers.features import as_features, is_square
from gpunet.datasets.readers.parts import TEST_SHARE, Part, assembled, joined
from gpunet.datasets.readers.targets import Targets
from gpunet.datasets.spool import taken
from gpunet.datasets.table_columns import Columns
from gpunet.datasets.tables.columns import Learned, learn_columns
from gpunet.datasets.tables.encoder import Encoder, Tally, take_features
from gpunet.datasets.tables.label_column import Roles, choose_roles, pick_for_training
from gpunet.datasets.tables.model_rows import UnlabeledError, read_alike
from gpunet.datasets.tables.options import USUAL, TableOptions
from gpunet.datasets.tables.sheet import Table
from gpunet.datasets.tables.sheets import gather
from gpunet.datasets.tables.table_names import table_stem
from gpunet.datasets.tables.target_columns import target_rows, weights_in
from gpunet.datasets.tables.titles import are_pixel_titles, shared_title
from gpunet.errors import DataError, spelled

__all__ = ["read_table"]

MOST_TITLES = 1 << 16
"""Most columns whose titles are kept; in wider tables, columns are found by position."""

LONGEST_TITLES = 1 << 20  # characters of all titles together


def read_table(
    path: Path,
    options: TableOptions = USUAL,
    tell: Progress = untold,
    *,
    test: Path | None = None,
    val: Path | None = None,
) -> Dataset:
    """Read a training table, and tables for testing and validation if there are any.

    The columns of the other tables are found by the titles of the training table, or without titles
    by position. If there is no test table, or it has no labels, the last sixth of the rows is for
    testing; if those rows lack classes, the last sixth of every class. Labels are whole numbers or
    words. ``columns.learn_columns`` turns columns of numbers and words into features; missing
    numbers are NaN. Features become uint8 if they are the pixels of an image, by their number or
    titles, and all are gray levels (whole, 0 to 255, some above 127), else floats. A square number
    of features that are bytes, from 0 to 1, or spanning -1 to 1, counts as an image, whose pixels
    may be bytes divided by 255.

    Args:
        path: path of the training table.
        options: the user's choices about the columns.
        tell: called with the progress.
        test: path of the test table.
        val: path of the validation table.

    Raises:
        DataError: a file is unreadable, its rows have different lengths, a column cannot be a
            feature, a label cannot be a class, or a file lacks a column.
        UsageError: the options name a column that does not exist.
    """
    others: dict[Part, Path | None] = {"val": val, "test": test}
    parts, columns, notice = _read_parts(path, options, others, tell)
    rows = len(parts["train"].features)
    unsplit = f"{path.name} is one file"
    if test is not None and "test" not in parts:
        unsplit = f"{test.name} has no labels and is left to `gpunet predict`"
        test = None
    if test is None and rows < TEST_SHARE:
        raise DataError(
            f"{path} holds {rows} rows, wanted at least {TEST_SHARE} to split into "
            "training and test samples; give more, or a folder with train.csv and test.csv"
        )
    typed = as_features(tuple(part.features for part in parts.values()), grey=columns.grey)
    dataset = assembled(
        dict(zip(parts, typed, strict=True)),
        {name: part.targets for name, part in parts.items()},
        typed[0].shape[1:],
        name=table_stem(path) if not any(others.values()) else path.resolve().parent.name,
        source=str(path) if test is None else f"{path} and {test.name}",
        notice=notice,
        unsplit=unsplit,
        validation="" if val is None else val.name,
        columns=replace(columns, grey=typed[0].dtype == np.uint8),
        weights={name: part.weights for name, part in parts.items()},
    )
    if dataset.image_shape is None or dataset.columns is None:
        return dataset
    return replace(dataset, columns=replace(dataset.columns, missing="refuse"))


def _read_parts(
    path: Path, options: TableOptions, others: Mapping[Part, Path | None], tell: Progress
) -> tuple[dict[Part, _Part], Columns, str | None]:
    """Read the rows of the training table and the other tables; return a notice, too."""
    training, columns, roles, learned, notice = _read_training(path, options, tell)
    inputs = columns.inputs(len(learned.sources))
    tally = Tally()
    encoder = Encoder(training, columns, learned.sources, inputs, Tally())
    kind, weight = roles.kind, roles.weight
    parts: dict[Part, _Part] = {
        "train": _Part.of(training, encoder, roles.targets, kind, weight, options, tell)
    }
    for part, other in others.items():
        if other is None:
            continue
        try:
            table, found = read_alike(other, columns, inputs, with_label=True)
        except UnlabeledError:
            if part == "test":  # as at Kaggle
                continue
            raise
        encoder = Encoder(table, columns, found.features, inputs, tally)
        parts[part] = _Part.of(table, encoder, found.labels, kind, None, options, tell)
    left_out = (part.notice for part in parts.values())
    if options.missing == "drop":
        tally = replace(tally, filled=0, blank=0)  # the rows are named by number instead
    return parts, columns, joined(notice, *learned.notices, *left_out, tally.notice)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The rows of a table that become samples."""

    features: NDArray[Any]  # (n, I)
    targets: Targets  # n of them
    weights: NDArray[np.float32] | None  # (n,)
    notice: str | None  # (rows,) which rows are left out

    @classmethod
    def of(
        cls,
        table: Table,
        encoder: Encoder,
        places: Sequence[int],
        kind: Kind,
        weight: int | None,
        options: TableOptions,
        tell: Progress,
    ) -> _Part:
        """Read the samples of a table, with the columns ``places`` as labels or targets."""
        targets, kept, notice = target_rows(table, places, kind)
        if notice and options.missing == "refuse":
            _refuse_missing(table, int(np.argmin(kept)), kind)
        weights = None if weight is None else weights_in(table, weight)[kept]
        features, lacking = take_features(table, encoder, tell)
        if notice:
            features, lacking = taken(features, np.flatnonzero(kept)), lacking[kept]
        if options.missing != "drop" or not lacking.any():
            return cls(features, targets, weights, notice)
        whole = ~lacking
        if not whole.any():
            raise DataError(
                f"every row of {table.head.name} lacks a cell, so none is left; give "
                f"{spelled('missing', 'mean')} to fill them"
            )
        does = "lacks a cell and is" if lacking.sum() == 1 else "lack a cell and are"
        dropped = f"{lacking.sum():,} of {len(lacking):,} rows {does} left out"
        features = taken(features, np.flatnonzero(whole))
        weights = None if weights is None else weights[whole]
        return cls(features, targets.where(whole), weights, joined(notice, dropped))


def _refuse_missing(table: Table, row: int, kind: Kind) -> NoReturn:
    """Raise the error for a row without a label or target."""
    what, wanted = ("target", "a number") if kind == "measured" else ("label", "a class")
    raise DataError(
        f"the {what} in {table.head.unit} {int(table.rows[row]):,} of {table.head.name} is empty, "
        f"wanted {wanted}; fill it in, or give {spelled('missing', 'drop')} to leave the row out"
    )


def _read_training(
    path: Path, options: TableOptions, tell: Progress
) -> tuple[Table, Columns, Roles, Learned, str | None]:
    """Read the training table; return the roles and features of its columns and a notice, too."""
    table, words = gather(path, lambda head: pick_for_training(head, options), tell)
    tell(f"looking at the columns of {path.name}", 0, 0)
    head = table.head
    roles = choose_roles(table, options)
    learned = learn_columns(table, roles.features, words, options)
    sources = learned.sources
    if not sources:
        taken_out = ", ".join(map(head.column, roles.targets))
        raise DataError(
            f"{head.name} has no column beside the label, {taken_out}, wanted features in others"
        )
    titles = None if head.titles is None else tuple(head.titles[column] for column in sources)
    labels = () if head.titles is None else tuple(head.titles[at] for at in roles.targets)
    passed = {*roles.targets, *sources}
    columns = Columns(
        features=titles if _can_tell(titles, labels) else None,
        label=labels[0] if labels else None,
        place=roles.targets[0],
        index=roles.index,
        grey=not learned.encodings
        and (is_square(len(sources)) or (titles is not None and are_pixel_titles(titles))),
        ignored=tuple(at for at in range(roles.index, head.columns) if at not in passed),
        encodings=learned.encodings,
        missing=options.missing,
        further=roles.targets[1:],
        further_labels=labels[1:],
    )
    alike = shared_title((*(titles or ()), *labels))
    return table, columns, roles, learned, joined(table.notice, roles.notice, alike)


def _can_tell(titles: tuple[str, ...] | None, labels: tuple[str, ...]) -> bool:
    """Whether the titles of features are unique, and differ from those of labels."""
    return (
        titles is not None
        and len(titles) <= MOST_TITLES
        and sum(map(len, titles)) <= LONGEST_TITLES
        and "" not in titles
        and len({*titles, *labels}) == len(titles) + len(labels)
    )
