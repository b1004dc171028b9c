"""The data of a workflow: opens them by name, and finds them again from a model's file."""

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
    """Open data by name or path; they are downloaded if need be.

    Raises:
        DataError: the data are missing or invalid.
        UsageError: a column in the options does not exist.
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
    """Open a dataset to train on, like ``open_data``; say so if its images will be inverted."""
    dataset = open_data(name, messages, options)
    if is_bright(dataset):
        messages.say(
            "        the images are dark on light, so the network gets them inverted; "
            "they are shown as they are"
        )
    return dataset


def dataset_of(
    data: Any, messages: Messages, options: TableOptions = USUAL, sample_weight: Any = None
) -> tuple[Dataset, str | None]:
    """The dataset that a script names or passes, and the name that opens it again, if there is one.

    Data are a name, a path, ``(X, y)``, ``(X, y, X_test, y_test)``, a data frame with its labels or
    a ``Dataset``; ``sample_weight`` (n,) is the weight of each row of X.

    Raises:
        DataError: the data are missing or invalid.
        UsageError: ``sample_weight`` comes without arrays, or a column of weights is named but the
            data have no columns.
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
    """A dataset whose missing numbers are treated as requested now.

    Raises:
        DataError: numbers are missing, but can no longer be dropped, or are refused.
    """
    columns = dataset.columns
    if columns is None or missing in ("mean", columns.missing):
        return dataset
    wanted: Missing = "refuse" if missing == "drop" else missing
    return replace(dataset, columns=replace(columns, missing=wanted))


def reference(name: str, dataset: Dataset) -> str:
    """The name or absolute path that opens the same data from any folder, and no others."""
    if name == AUTO:
        return dataset.name
    return name if is_name(name) else str(expanded(name).absolute())


def found_again(name: str, reference: str | None) -> str:
    """The name or path that opens the data of a model's file.

    The reference comes from the file, which is not trusted.

    Raises:
        DataError: the data are not there.
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
    """Open data by name or path, by default the model's own, with the data's own split.

    Raises:
        DataError: the data are missing or invalid.
    """
    if data is not None:
        return open_data(data, messages, TableOptions(kind=model.network.kind))
    place = found_again(model.origin.name, model.origin.reference)
    dataset = open_data(place, messages, TableOptions.of(model.config))
    if dataset.fingerprint != model.origin.fingerprint:
        messages.note(f"{dataset.name} is no longer what the model was trained on")
    return dataset
