"""The data of a workflow: opened by whatever names them, and found again from a file."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from gpunet.config.choices import Missing
from gpunet.datasets.catalog import AUTO, is_name, open_dataset
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.pixels import is_bright
from gpunet.datasets.tables.frames import parted
from gpunet.datasets.tables.options import USUAL, TableOptions
from gpunet.errors import DataError, SettingError, UsageError, spelled
from gpunet.files.home import expanded
from gpunet.model import Model
from gpunet.workflows.messages import Messages

__all__ = [
    "data_of_model",
    "dataset_of",
    "found_again",
    "open_data",
    "open_training_data",
    "reference",
]

log = logging.getLogger(__name__)


def open_data(name: str, messages: Messages, options: TableOptions = USUAL) -> Dataset:
    """The data of a name or at a path, fetched if need be.

    Raises:
        DataError: it is missing or not what it should be.
        UsageError: the options name no column.
    """
    with messages.stage(f"opening {name}", "data") as progress:
        dataset = open_dataset(name, progress=progress, options=options)
    log.info(
        "data %s: %d training and %d test samples of %d features, %d outputs (%s), fingerprint %s",
        *(dataset.name, len(dataset.train), len(dataset.test), dataset.inputs, dataset.outputs),
        *(dataset.kind, dataset.fingerprint),
    )
    messages.dataset(dataset)
    return dataset


def open_training_data(name: str, messages: Messages, options: TableOptions = USUAL) -> Dataset:
    """A dataset to train on, as ``open_data`` opens it; says if its images will be inverted."""
    dataset = open_data(name, messages, options)
    if is_bright(dataset):
        messages.say(
            "        the images are dark on light, so the network is given them inverted; "
            "they are shown as they are"
        )
    return dataset


def dataset_of(
    data: Any, messages: Messages, options: TableOptions = USUAL, sample_weight: Any = None
) -> tuple[Dataset, str | None]:
    """The dataset that a script names or brings, and what opens it again, if anything does.

    Data are a name, a path, ``(X, y)``, ``(X, y, X_test, y_test)``, a data frame with its labels or
    a ``Dataset``; what each row of X counts is ``sample_weight`` (n,).

    Raises:
        DataError: it is missing or not what it should be.
        UsageError: there are weights beside other things than arrays, or a column of weights is
            named where there is none.
    """
    if hasattr(data, "columns") and not isinstance(data, Dataset):
        data = parted(data, options.label)
    arrays = isinstance(data, tuple | list) and len(data) in (2, 4)
    if sample_weight is not None and not arrays:
        raise UsageError(
            "sample_weight goes with arrays, (X, y); name a table's column with "
            f"{spelled('weight')}, or give the weights to Dataset.from_arrays"
        )
    if isinstance(data, str | Path):
        dataset = open_training_data(str(data), messages, options)
        return dataset, reference(str(data), dataset)
    if options.weight and (arrays or (isinstance(data, Dataset) and data.train.weights is None)):
        says = f"{options.weight!r} names a column of a table, but the data are none"
        raise SettingError("weight", options.weight, advice="give sample_weight", says=says)
    if isinstance(data, Dataset):
        return _with_missing(data, options.missing), None
    if arrays:
        dataset = Dataset.from_arrays(
            *data,
            missing=options.missing,
            ignore=options.ignore,
            sample_weight=sample_weight,
            kind=options.kind,
        )
        columns = dataset.columns
        encoded = columns is not None and (columns.encodings or columns.ignored)
        if encoded or dataset.kind != "classes" or len(dataset.train) < len(data[1]):
            messages.dataset(dataset)
        return dataset, None
    raise DataError(
        f"the data are {type(data).__name__}, wanted a name, a path, (X, y), "
        "(X, y, X_test, y_test), a data frame or a gpunet.Dataset"
    )


def _with_missing(dataset: Dataset, missing: Missing) -> Dataset:
    """A dataset whose missing numbers are dealt with as is asked for now.

    Raises:
        DataError: it lacks some, and they can no longer be left out, or are refused.
    """
    columns = dataset.columns
    if columns is None or missing in ("mean", columns.missing):
        return dataset
    wanted: Missing = "refuse" if missing == "drop" else missing
    return replace(dataset, columns=replace(columns, missing=wanted))


def reference(name: str, dataset: Dataset) -> str:
    """What opens the same data from any folder, and without falling back on others.

    It is a dataset's name or an absolute path.
    """
    if name == AUTO:
        return dataset.name
    return name if is_name(name) else str(expanded(name).absolute())


def found_again(name: str, reference: str | None) -> str:
    """What opens the data that a file speaks of.

    The reference is as the file has it, which may be anybody's.

    Raises:
        DataError: they are not there.
    """
    if reference is None:
        raise DataError(
            f"the model does not tell where the data {name!r} are that it was trained on; give "
            f"them as {spelled('data')}"
        )
    if is_name(reference) or (Path(reference).is_absolute() and Path(reference).exists()):
        return reference
    raise DataError(
        f"the data {name!r} that the model was trained on are not at {reference}; give them as "
        f"{spelled('data')}"
    )


def data_of_model(model: Model, data: str | None, messages: Messages) -> Dataset:
    """Data with a split of its own: of a name or at a path, by default the model's own.

    Raises:
        DataError: they are missing or not what they should be.
    """
    if data is not None:
        return open_data(data, messages, TableOptions(kind=model.network.kind))
    place = found_again(model.origin.name, model.origin.reference)
    dataset = open_data(place, messages, TableOptions.of(model.config))
    if dataset.fingerprint != model.origin.fingerprint:
        messages.note(f"{dataset.name} is no longer what the model was trained on")
    return dataset
