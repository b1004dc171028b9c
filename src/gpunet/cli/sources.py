"""What a command works with: the data, the device, a model's answers on test samples."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from gpunet.cli.devices import reason
from gpunet.cli.messages import note
from gpunet.cli.waiting import WaitingBar
from gpunet.config import TrainConfig
from gpunet.datasets.catalog import AUTO, is_name, open_dataset
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.pixels import is_bright
from gpunet.datasets.readers.path import find_test_table
from gpunet.datasets.readers.table import read_rows
from gpunet.engine.factory import Device, create_engine, select_device, settle
from gpunet.errors import DataError
from gpunet.model import Model
from gpunet.training.batches import steps_per_epoch
from gpunet.training.evaluation import Evaluation, evaluate

__all__ = [
    "choose_device",
    "evaluate_model",
    "found_again",
    "open_data",
    "open_training_data",
    "reference",
    "settle_device",
    "tell_device",
]


def choose_device(selector: str, console: Console, *, shaders: bool = False) -> Device:
    """What ``--device`` names, for work that is too short for a trial of devices.

    The console is told which one it is, why, and where help is.

    Args:
        selector: as ``factory.select_device`` takes it.
        console: is told.
        shaders: whether ``auto`` takes a software adapter before numpy.

    Raises:
        UsageError: there is no such device.
        DeviceError: it cannot be used.
    """
    choice = select_device(selector, shaders=shaders)
    tell_device(choice, console)
    return choice


def settle_device(
    choice: Device, config: TrainConfig, population: int, dataset: Dataset, console: Console
) -> Device:
    """The device of a training, where need be after a trial; the console is told of it.

    Args:
        choice: what ``--device`` names.
        config: of the training.
        population: networks trained side by side.
        dataset: the data.
        console: is told.
    """
    network = config.network(dataset.inputs, len(dataset.classes))
    steps = config.effective_epochs * steps_per_epoch(len(dataset.train), config.batch_size)
    with console.status("trying which device is the faster one", spinner="line"):
        settled = settle(choice, network, (config,) * population, steps)
    tell_device(settled, console)
    return settled


def tell_device(choice: Device, console: Console) -> None:
    """Say which device is taken, why, and where help is."""
    console.print(f"device: {reason(choice)}", soft_wrap=True)
    if choice.advice:
        console.print(
            "        `gpunet devices` says what keeps a GPU from being used", soft_wrap=True
        )


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
    if dataset.notice and console.quiet:  # what the figures are of must be known all the same
        note(dataset.notice)
    elif dataset.notice:
        console.print(f"        {dataset.notice}", soft_wrap=True)
    return dataset


def open_training_data(name: str, console: Console, label: str | None = None) -> Dataset:
    """What ``--data`` names for a training; the console is told if images are inverted for it.

    Raises:
        GpunetError: as ``open_data`` does.
    """
    dataset = open_data(name, console, label)
    if is_bright(dataset):
        console.print(
            "        the images are dark on light, so the network is given them inverted; "
            "they are shown as they are",
            soft_wrap=True,
        )
    return dataset


def reference(name: str, dataset: Dataset) -> str:
    """What opens the same data from any folder, and without falling back on others.

    It is a dataset's name or an absolute path.
    """
    if name == AUTO:
        return dataset.name
    return name if is_name(name) else str(Path(name).expanduser().absolute())


def found_again(name: str, reference: str | None) -> str:
    """What ``--data`` takes to open the data that a file speaks of.

    Args:
        name: of the data, as the file has it.
        reference: where they are, as the file has it, which may be anybody's.

    Raises:
        DataError: they are not there.
    """
    if reference is not None:
        if is_name(reference) or (Path(reference).is_absolute() and Path(reference).exists()):
            return reference
        where = f"are not at {reference}"
    else:
        where = "are at a place that it does not tell"
    raise DataError(f"the data {name!r} that it was trained on {where}; give their path as --data")


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
    configs = (model.config,) * len(model.parameters)
    with create_engine(choice, model.network, configs) as engine:
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
        place = found_again(model.origin.name, model.origin.reference)
        dataset = open_data(place, console, model.config.label)
        if dataset.fingerprint() != model.origin.fingerprint:
            note(f"{dataset.name} is no longer what the model was trained on")
    prepared = model.prepare_test(dataset)
    return Samples(dataset.test.features, prepared.labels), prepared
