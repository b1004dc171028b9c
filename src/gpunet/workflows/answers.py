"""A model's answers: on labeled samples, and to new images and rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.catalog import is_name
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.framing import prepare_digit
from gpunet.datasets.images import open_image, prepare_image
from gpunet.datasets.readers.arrays import as_numbers, raw_labels, titles_of
from gpunet.datasets.readers.labels import number_known
from gpunet.datasets.readers.model_rows import read_rows
from gpunet.datasets.readers.options import TableOptions
from gpunet.datasets.readers.path import find_test_table
from gpunet.datasets.readers.table import is_table_name
from gpunet.engine.factory import Device, create_engine, select_device
from gpunet.engine.interface import Engine
from gpunet.errors import DataError, ModelError
from gpunet.model import Model
from gpunet.training.evaluation import Evaluation, evaluate, predict
from gpunet.workflows.data import found_again, open_data
from gpunet.workflows.messages import Messages

__all__ = ["evaluate_model", "features_of", "probabilities_of"]

AT_ONCE = 1 << 14
"""Rows answered together, so that the answers take little memory."""


def evaluate_model(
    model: Model, data: Any, choice: Device, messages: Messages
) -> tuple[Samples, Evaluation]:
    """A model's answers on the test samples of some data, those it was trained on by default.

    Of a single table that is named, and of arrays, all rows are test samples.

    Args:
        model: any.
        data: a name, a path, ``(X, y)``, a ``Dataset``, or ``None`` for the model's own.
        choice: the device.
        messages: receive what the data are.

    Returns:
        The samples as they are drawn, with the model's labels, and the evaluation.

    Raises:
        GpunetError: the data or the device cannot be had, or do not fit the model.
    """
    samples, prepared = _labeled_samples(model, data, messages)
    with _engine(model, choice) as engine:
        return samples, evaluate(engine, model, prepared)


def probabilities_of(model: Model, features: NDArray[Any]) -> NDArray[np.float32]:
    """The probabilities (n, C) of every class for features (n, I), from the numpy engine.

    A few images are answered faster there than on any GPU, and rows as fast as they are read.

    Raises:
        DataError: there are no samples, or one holds what is no number.
        ModelError: they do not fit the model.
    """
    samples = model.prepare(Samples(features, np.zeros(len(features), np.int32)))
    with _engine(model, select_device("cpu")) as engine:
        blocks = range(0, max(1, len(samples)), AT_ONCE)
        parts = [predict(engine, model, samples[first : first + AT_ONCE]) for first in blocks]
    return np.concatenate(parts)


def _engine(model: Model, choice: Device) -> Engine:
    configs = (model.config,) * len(model.parameters)
    return create_engine(choice, model.network, configs, trains=False)


def features_of(model: Model, data: Any) -> NDArray[Any]:
    """The features (n, I) of new samples, as a model prepares them.

    Args:
        model: any.
        data: numbers (n, I) or (n, height, width) in an array or a data frame, image files, or the
            path of a table.

    Raises:
        DataError: it is not what it should be.
        ModelError: it does not fit the model.
    """
    if isinstance(data, str | Path) and is_table_name(str(data)):
        return read_rows(Path(data), model.table_columns, model.network.inputs).features
    if isinstance(data, str | Path):
        return _images(model, [data])
    if isinstance(data, Sequence) and data and isinstance(data[0], str | Path):
        return _images(model, data)
    return _rows(model, data)


def _rows(model: Model, data: Any) -> NDArray[Any]:
    """Features (n, I) of the type that the model was trained on."""
    known, titles = model.table_columns.features, titles_of(data)
    if known is not None and titles is not None and titles != known:
        missing = [name for name in known if name not in titles]
        if missing:
            raise ModelError(
                f"the column {missing[0]!r} is missing, which the model was trained on; add it"
            )
        data = data[list(known)]
    array = as_numbers(data, "X")
    if array.ndim < 2:
        raise DataError(
            f"X is of shape {array.shape}, wanted (samples, features); for one sample write X[None]"
        )
    flat = array.reshape(len(array), math.prod(array.shape[1:]))
    if flat.dtype == np.uint8:
        return flat
    whole = model.table_columns.grey and bool((flat == np.rint(flat)).all())
    if whole and flat.size and flat.min() >= 0 and 1 < flat.max() <= 255:
        return flat.astype(np.uint8)
    return flat if flat.dtype in (np.float32, np.float64) else flat.astype(np.float64)


def _images(model: Model, names: Sequence[str | Path]) -> NDArray[np.uint8]:
    """Image files (n, I), each framed as the training images were.

    Raises:
        ModelError: the model does not take images.
        DataError: a file cannot be read, or shows several digits.
    """
    shape = model.image_shape
    if shape is None:
        raise ModelError(
            f"the model was trained on {model.origin.name!r}, whose samples are no images, but "
            f"{names[0]} is no table of rows; give an array of rows, or a CSV file"
        )
    images = []
    for name in names:
        if model.framing is None:
            images.append(prepare_image(open_image(Path(name)), shape))
        else:
            images.append(prepare_digit(Path(name), model.framing, shape))
    return np.stack(images)


def _labeled_samples(model: Model, data: Any, messages: Messages) -> tuple[Samples, Samples]:
    """Labeled samples as they are drawn, and as the network takes them."""
    if isinstance(data, tuple | list):
        if len(data) != 2:
            raise DataError(f"the data are {len(data)} arrays, wanted (X, y)")
        features, labels = data
        rows = features_of(model, features)
        numbers = number_known(raw_labels(labels, "y"), model.classes)
        if len(numbers) != len(rows):
            raise DataError(f"y holds {len(numbers):,} labels but X {len(rows):,} rows")
        prepared = model.prepare(Samples(rows, numbers))
        return prepared, prepared
    if isinstance(data, Dataset):
        prepared = model.prepare_test(data)
        return Samples(data.test.features, prepared.labels), prepared
    name = None if data is None else str(data)
    table = None if name is None or is_name(name) else find_test_table(Path(name))
    if table is None:
        return _test_samples(model, name, messages)
    samples = _all_rows(model, table, messages)
    return samples, model.prepare(samples)


def _all_rows(model: Model, table: Path, messages: Messages) -> Samples:
    """All rows of a table, with the model's features and the numbers of its classes."""
    rows = read_rows(table, model.table_columns, model.network.inputs, model.classes)
    messages.say(f"data:   all {len(rows.features):,} rows of {table}")
    assert rows.labels is not None
    return Samples(rows.features, rows.labels)


def _test_samples(model: Model, data: str | None, messages: Messages) -> tuple[Samples, Samples]:
    """The test samples of data with a split of its own, as they are drawn and as prepared."""
    if data is not None:
        dataset = open_data(data, messages)
    else:
        place = found_again(model.origin.name, model.origin.reference)
        dataset = open_data(place, messages, TableOptions.of(model.config))
        if dataset.fingerprint != model.origin.fingerprint:
            messages.note(f"{dataset.name} is no longer what the model was trained on")
    prepared = model.prepare_test(dataset)
    return Samples(dataset.test.features, prepared.labels), prepared
