"""What a command works with: the data, the device, a model's answers on test samples."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from gpunet.cli.devices import reason
from gpunet.cli.messages import note
from gpunet.cli.waiting import WaitingBar
from gpunet.datasets.catalog import AUTO, is_name, open_dataset
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.readers.path import find_test_table
from gpunet.datasets.readers.table import read_rows
from gpunet.engine.factory import Choice, choose, create_engine
from gpunet.engine.interface import NetworkSettings
from gpunet.training.checkpoint import Model
from gpunet.training.evaluation import Evaluation, evaluate

__all__ = ["choose_device", "evaluate_model", "open_data", "reference"]


def choose_device(selector: str, console: Console) -> Choice:
    """What ``--device`` names; the console is told which one it is, why, and where help is.

    Raises:
        DeviceError: there is no such device, or it cannot be used.
    """
    choice = choose(selector)
    console.print(f"device: {reason(choice)}", soft_wrap=True)
    if choice.advice:
        console.print("        `gpunet devices` says how to get a faster one", soft_wrap=True)
    return choice


def open_data(name: str, console: Console, label: str | None = None) -> Dataset:
    """What ``--data`` names, fetched if need be; the console is told what it is.

    Args:
        name: of the data, or a path.
        console: told what they are.
        label: the column of a table that is the label; ``None`` to choose.

    Raises:
        DataError: it is missing or not what it should be.
        UsageError: ``label`` is no column.
    """
    with WaitingBar(console) as bar:
        dataset = open_dataset(name, progress=bar, label=label)
    console.print(f"data:   {dataset.source}", soft_wrap=True)
    if dataset.notice:
        console.print(f"        {dataset.notice}", soft_wrap=True)
    return dataset


def reference(name: str, dataset: Dataset) -> str:
    """What opens the same data from any folder, and without falling back on others."""
    if name == AUTO:
        return dataset.name
    if is_name(name):
        return name
    return str(Path(name).resolve())


def evaluate_model(
    model: Model, data: str | None, device: str, console: Console
) -> tuple[Samples, Evaluation]:
    """A model's answers on the test samples of some data, those it was trained on by default.

    Of a single table that is named, all rows are test samples.

    Returns the samples as they are drawn, with the model's labels, and the evaluation.

    Raises:
        GpunetError: the data or the device cannot be had, or do not fit the model.
    """
    choice = choose_device(device, console)
    table = None if data is None or is_name(data) else find_test_table(Path(data))
    if table is not None:
        samples = _all_rows(model, table, console)
        prepared = model.prepare(samples)
    else:
        samples, prepared = _test_samples(model, data, console)
    settings = (NetworkSettings.of(model.config),) * len(model.parameters)
    config = model.config
    with create_engine(
        choice, model.network, settings, config.optimizer, config.batch_size
    ) as engine:
        return samples, evaluate(engine, model, prepared)


def _all_rows(model: Model, table: Path, console: Console) -> Samples:
    """All rows of a table, with the model's features and the numbers of its classes."""
    rows = read_rows(table, model.table_columns, model.network.inputs, model.classes)
    console.print(f"data:   all {len(rows.features):,} rows of {table}", soft_wrap=True)
    assert rows.labels is not None
    return Samples(rows.features, rows.labels)


def _test_samples(model: Model, data: str | None, console: Console) -> tuple[Samples, Samples]:
    """The test samples of data with a split of its own, as they are drawn and as prepared."""
    if data is not None:
        dataset = open_data(data, console)
    else:
        dataset = open_data(model.origin.reference, console, model.config.label)
        if dataset.fingerprint() != model.origin.fingerprint:
            note(f"{dataset.name} is no longer what the model was trained on")
    prepared = model.prepare_test(dataset)
    return Samples(dataset.test.features, prepared.labels), prepared
