"""A model's predictions for labeled samples, and for new images and rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from gpunet.artifacts.answer_file import Answers, format_of, write_answers
from gpunet.config import AnswerFormat
from gpunet.datasets.catalog import is_name
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.readers.arrays import as_numbers, raw_labels
from gpunet.datasets.readers.labels import number_known
from gpunet.datasets.readers.path import find_test_table
from gpunet.datasets.readers.targets import raw_targets
from gpunet.datasets.tables.frames import titles_of
from gpunet.datasets.tables.model_rows import read_rows
from gpunet.engine.factory import Device, create_engine, select_device
from gpunet.engine.interface import Engine
from gpunet.errors import DataError, SettingError
from gpunet.model import Model
from gpunet.training.evaluation import Evaluation, evaluate, predict
from gpunet.workflows.data import data_of_model
from gpunet.workflows.messages import Messages
from gpunet.workflows.new_samples import Reading, features_of, new_samples

__all__ = [
    "answer_into",
    "answering_engine",
    "answers_of",
    "answers_to",
    "evaluate_model",
    "unlabeled",
]


def evaluate_model(
    model: Model, data: Any, choice: Device, messages: Messages
) -> tuple[Samples, Evaluation]:
    """Evaluate a model on the test samples of data as in ``Model.evaluate``.

    All rows of a single table or of arrays are test samples.

    Returns:
        The samples as read, with the model's labels, and the evaluation.

    Raises:
        GpunetError: the data or the device are not available, or do not fit the model.
    """
    samples = _labeled_samples(model, data, messages)
    words = f"answering {len(samples):,} samples"
    with messages.stage(words, "answers"), _engine(model, choice) as engine:
        return samples, evaluate(engine, model, samples)


def answers_to(
    model: Model, data: Any, reading: Reading, count: Callable[[int], None] | None = None
) -> Iterator[Answers]:
    """A model's predictions for new samples, block by block, from the numpy engine.

    For a few images numpy is faster than any GPU, and rows are predicted as fast as they are read.

    The data are as in ``new_samples``. ``count`` is called with the number of samples so far.

    Raises:
        DataError: there are no samples, or one holds something that is not a number.
        ModelError: they do not fit the model.
        UsageError: as in ``new_samples``.
    """
    done = 0
    with answering_engine(model) as engine:
        for block in new_samples(model, data, reading):
            samples = unlabeled(model, block.features)
            values = predict(engine, model, model.prepare(samples, done))
            done += len(samples)
            if count is not None:
                count(done)
            yield Answers(block.title, block.names, block.boxes, block.features, values)


def answering_engine(model: Model) -> Engine:
    """The numpy engine that predicts new samples with a model."""
    return _engine(model, select_device("cpu"))


def unlabeled(model: Model, features: NDArray[Any]) -> Samples:
    """New samples with these features (n, I); their labels do not matter."""
    count = len(features)
    if model.network.kind == "classes":
        return Samples(features, np.zeros(count, np.int32))
    return Samples(features, np.zeros((count, model.network.outputs), np.float32))


def answers_of(model: Model, data: Any) -> NDArray[np.float32] | NDArray[np.float64]:
    """Predictions for new samples, one digit per image, as in ``Answers.values``."""
    blocks = answers_to(model, data, Reading(one_digit=True))
    return np.concatenate([block.values for block in blocks])


def answer_into(
    path: Path,
    model: Model,
    data: Any,
    kind: AnswerFormat | None = None,
    reading: Reading | None = None,
    count: Callable[[int], None] | None = None,
) -> int:
    """Write predictions for new samples into a file, whole or not at all; the number of samples.

    The file is compressed if its name ends in .gz. Its format is ``kind``, or else follows from its
    name. The other arguments are as in ``answers_to``.

    Raises:
        OutputError: the file cannot be written.
        GpunetError: as in ``answers_to``.
    """
    kind = kind or format_of(path)
    if kind not in get_args(AnswerFormat):
        raise SettingError("format", kind, f"one of {', '.join(get_args(AnswerFormat))}")
    reading = reading or Reading()
    if kind == "submission":  # which has one prediction per name
        reading = replace(reading, one_digit=True)
    done = 0

    def some() -> Iterator[Answers]:
        nonlocal done
        for block in answers_to(model, data, reading, count):
            done += len(block.names)
            yield block
        if not done:
            raise DataError("no image could be read, so there are no answers to write")

    write_answers(path, model, some(), kind)
    return done


def _engine(model: Model, choice: Device) -> Engine:
    configs = (model.config,) * len(model.parameters)
    return create_engine(choice, model.network, configs, trains=False)


def _labeled_samples(model: Model, data: Any, messages: Messages) -> Samples:
    """Samples as read, with the numbers of the model's classes."""
    if isinstance(data, tuple | list):
        if len(data) != 2:
            raise DataError(f"the data are {len(data)} arrays, wanted (X, y)")
        features, labels = data
        rows = features_of(model, features, messages.note)  # (n, I)
        known = _labels_of(model, labels)
        if len(known) != len(rows):
            raise DataError(f"y holds {len(known):,} labels but X {len(rows):,} rows")
        return Samples(rows, known)
    if isinstance(data, Dataset):
        return model.test_samples(data)
    if not isinstance(data, str | Path | None):
        raise DataError(
            f"the data are {type(data).__name__}, wanted a name, a path, (X, y) or a gpunet.Dataset"
        )
    name = None if data is None else str(data)
    table = None if name is None or is_name(name) else find_test_table(Path(name))
    if table is None:
        return model.test_samples(data_of_model(model, name, messages))
    return _all_rows(model, table, messages)


def _labels_of(model: Model, labels: Any) -> NDArray[Any]:
    """The numbers (n,) of the model's classes, or float64 values (n, T) of its targets."""
    if model.network.kind == "classes":
        return number_known(raw_labels(labels, "y"), model.classes)
    titles = titles_of(labels)
    if titles is not None and sorted(titles) == sorted(model.targets):
        labels = labels[list(model.targets)]
    values = as_numbers(labels, "y")
    targets = len(model.targets)
    if values.ndim == 1 and targets == 1:
        values = values[:, None]
    if values.ndim != 2 or values.shape[1] != targets:
        raise DataError(
            f"y is of shape {values.shape}, wanted (samples, {targets}), for "
            f"{', '.join(model.targets[:12])}; reshape it"
        )
    return raw_targets("y", values, model.targets, model.network.kind).values


def _all_rows(model: Model, table: Path, messages: Messages) -> Samples:
    """All rows of a table, with the model's features and the numbers of its classes."""
    kind = model.network.kind
    rows = read_rows(table, model.table_columns, model.network.inputs, model.classes, kind)
    messages.say(f"data:   all {len(rows.features):,} rows of {table}")
    if rows.notice is not None:
        messages.note(rows.notice)
    assert rows.labels is not None
    return Samples(rows.features, rows.labels)
