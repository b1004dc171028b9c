"""What a command works with: the data, the device, a model's answers on test samples."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from gpunet.cli.devices import reason
from gpunet.cli.messages import note
from gpunet.cli.waiting import WaitingBar
from gpunet.datasets.catalog import AUTO, names, open_dataset
from gpunet.datasets.dataset import Dataset, Samples
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
    if name in names() or name.startswith("strokes:"):
        return name
    return str(Path(name).resolve())


def evaluate_model(
    model: Model, data: str | None, device: str, console: Console
) -> tuple[Samples, Evaluation]:
    """A model's answers on the test samples of some data, those it was trained on by default.

    Returns the samples as they are drawn, with the model's labels, and the evaluation.

    Raises:
        GpunetError: the data or the device cannot be had, or do not fit the model.
    """
    choice = choose_device(device, console)
    dataset = open_data(model.origin.reference if data is None else data, console)
    if data is None and dataset.fingerprint() != model.origin.fingerprint:
        note(f"{dataset.name} is no longer what the model was trained on")
    prepared = model.prepare_test(dataset)
    settings = (NetworkSettings.of(model.config),) * len(model.parameters)
    config = model.config
    with create_engine(
        choice, model.network, settings, config.optimizer, config.batch_size
    ) as engine:
        return Samples(dataset.test.features, prepared.labels), evaluate(engine, model, prepared)
