"""The public functions of ``gpunet``: the workflows, with their progress on the screen."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpunet.artifacts import model_file
from gpunet.artifacts.kept_runs import RUNS, find_model, find_run
from gpunet.artifacts.run_summary import RunSummary, summaries_in
from gpunet.config import SETTINGS, Theme, TrainConfig
from gpunet.config.choices import Kind, Missing
from gpunet.config.recipes import open_recipe
from gpunet.config.setting import COUNT, Range, checked
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.kept import kept_datasets, remove_kept
from gpunet.datasets.tables.options import TableOptions
from gpunet.engine.factory import list_adapters
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.reference.numpy_engine import numpy_device
from gpunet.errors import UsageError
from gpunet.files.output import write_atomically
from gpunet.model import Model
from gpunet.terminal.live.messages import Warnings, messages_for
from gpunet.terminal.record.replay import (
    Shown,
    read_run,
    recorded,
    require_shown,
    require_size,
)
from gpunet.training.events import Callback
from gpunet.workflows import devices as workflow_devices
from gpunet.workflows.data import open_data
from gpunet.workflows.run_folders import new_run, resumed_run
from gpunet.workflows.training import Run, train_model

if TYPE_CHECKING:
    from gpunet.engine.adapter_check import AdapterCheck

__all__ = [
    "check_device",
    "devices",
    "kept_datasets",
    "load",
    "load_dataset",
    "remove_kept",
    "replay",
    "resume",
    "runs",
    "train",
]


def train(
    data: Any = "auto",
    *,
    device: str = "auto",
    verbose: bool = True,
    callbacks: Sequence[Callback] | None = (),
    run_dir: str | Path | None = None,
    name: str | None = None,
    kept: bool = False,
    checkpoint_every: int | None = None,
    autotune: bool = True,
    config: TrainConfig | None = None,
    recipe: str | None = None,
    sample_weight: Any = None,
    **settings: Any,
) -> Run:
    """Train a network, or an ensemble of them, and test the best weights.

    Args:
        data: a dataset's name (``"mnist"``, ``"strokes"``), a path, ``(X, y)``,
            ``(X, y, X_test, y_test)``, a data frame that holds the labels in the column
            ``label="its title"``, or a ``Dataset``. X are numbers (n, I) or (n, height, width)
            in an array or a data frame, y (n,) whole numbers, texts or booleans for classes, (n,)
            or (n, T) floats for measured targets, or (n, T) 0 and 1 for any number of labels.
            Part of the training samples is held out for validation, see ``validation``.
        device: ``"auto"``, ``"cpu"`` (numpy), ``"gpu"``, or a part of a name of ``devices()``.
        verbose: show a dashboard in a terminal, a table in a notebook, lines elsewhere.
        callbacks: called during training; a callback can stop the run.
        run_dir: keep the run in this new folder: its model, checkpoint, settings, metrics, log,
            report and curves.
        name: keep the run in the folder ``runs/NAME``.
        kept: keep the run in ``runs``, named by a number, the data and the layers.
        checkpoint_every: epochs between two checkpoints; by default 1, or more if writing them
            would take over a twentieth of the time.
        autotune: use the fastest matmul tiles, which are measured before a long run; the results
            are the same either way.
        config: settings to start from, by default those of ``TrainConfig()``.
        recipe: the bundled recipe to start from, such as ``"tabular"``; ``gpunet recipes`` lists
            them.
        sample_weight: (n,) the weight of each row of X in the loss and the metrics, at least 0.
        **settings: all settings of ``TrainConfig``, such as ``hidden=(128,)``, ``dropout=0.1``.

    Returns:
        The run: ``model``, ``history``, ``test``, ``stop_reason``, ``device``, ``config``,
        ``folder``.

    Raises:
        UsageError: a setting is invalid.
        DataError: the data are missing or invalid.
        DeviceError: the device cannot be used.

    Example:
        >>> import gpunet
        >>> run = gpunet.train("strokes:300+100", hidden=(32,), epochs=2, verbose=False)
        >>> [record["epoch"] for record in run.history]
        [1, 2]
    """
    checkpoint_every = checked("checkpoint_every", checkpoint_every, int | None, COUNT)
    kept = kept or run_dir is not None or name is not None
    folder = None if run_dir is None else Path(run_dir)
    return train_model(
        data,
        _start(config, recipe).with_settings(settings),
        device,
        messages_for(verbose=verbose),
        recorder=new_run(folder, name, checkpoint_every) if kept else None,
        callbacks=callbacks or (),
        autotune=autotune,
        sample_weight=sample_weight,
    )


def resume(
    folder: str | Path | int | None = None,
    data: Any = None,
    *,
    device: str = "auto",
    verbose: bool = True,
    callbacks: Sequence[Callback] | None = (),
    checkpoint_every: int | None = None,
    autotune: bool = True,
    **changes: Any,
) -> Run:
    """Resume a kept run, bit for bit as if it had never been interrupted.

    Args:
        folder: the run's folder, or its name or number in ``runs``; by default the newest run.
        data: the run's data; by default they are opened from their old place.
        device: by default the device that the run was trained on, if it is here.
        verbose: as in ``train``.
        callbacks: as in ``train``.
        checkpoint_every: as in ``train``.
        autotune: as in ``train``.
        **changes: ``epochs`` may be raised, ``max_time`` changed.

    Raises:
        ModelError: there is no run in the folder, or it is damaged.
        UsageError: a setting cannot be changed, or the run has ended.
        DataError: the data are not those of the run.

    Example:
        >>> import gpunet, tempfile
        >>> folder = tempfile.mkdtemp() + "/run"
        >>> begun = gpunet.train("strokes:300+100", epochs=1, run_dir=folder, verbose=False)
        >>> len(gpunet.resume(folder, epochs=2, verbose=False).history)
        2
    """
    checkpoint_every = checked("checkpoint_every", checkpoint_every, int | None, COUNT)
    config = TrainConfig().with_settings(changes)
    recorder, config = resumed_run(folder, checkpoint_every, config, set(changes))
    return train_model(
        recorder.reference if data is None else data,
        config,
        device,
        messages_for(verbose=verbose),
        recorder=recorder,
        callbacks=callbacks or (),
        autotune=autotune,
    )


def runs(folder: str | Path = RUNS) -> list[RunSummary]:
    """Summaries of the runs in a folder, those trained last first.

    A run whose files are damaged is left out with a warning.

    Raises:
        ModelError: the folder cannot be read.

    Example:
        >>> import gpunet, tempfile
        >>> folder = tempfile.mkdtemp()
        >>> run = gpunet.train("strokes:300+100", epochs=1, verbose=False, run_dir=folder + "/one")
        >>> [(one.name, one.epochs) for one in gpunet.runs(folder)]
        [('one', 1)]
    """
    return summaries_in(Path(folder), Warnings().note)


def replay(
    run: str | Path | int | None,
    path: str | Path,
    *,
    seconds: float = 10.0,
    size: tuple[int, int] = (100, 30),
    screen: Shown = "curves",
    theme: Theme = "auto",
) -> None:
    """Write the dashboard of a run as an animation; an older file is replaced.

    Args:
        run: its folder, or its name or number in ``runs``; ``None`` for the newest run.
        path: the file, whose name ends in ``.svg``, ``.gif``, or ``.cast`` for asciinema.
        seconds: length of the animation, 0.5 to 600.
        size: columns and rows of the screen.
        screen: the screen to show, the run's ``"curves"`` or the ``"network"`` itself.
        theme: the colors, ``"dark"``, ``"light"`` or ``"mono"``; with ``"auto"`` an SVG follows
            the reader's system, and other formats are dark.

    Raises:
        ModelError: there is no such run.
        DataError: its log is damaged or missing.
        UsageError: an argument is invalid.
        OutputError: the file cannot be written.

    Example:
        >>> import gpunet, tempfile
        >>> folder = tempfile.mkdtemp()
        >>> run = gpunet.train("strokes:300+100", epochs=1, run_dir=f"{folder}/a", verbose=False)
        >>> gpunet.replay(f"{folder}/a", f"{folder}/a.svg", seconds=1)
    """
    from gpunet.terminal.record.files import FORMATS

    wanted = Path(path)
    kind = wanted.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise UsageError(f"{path} ends in none of {', '.join(f'.{name}' for name in FORMATS)}")
    checked("theme", theme, Theme)
    seconds = checked("seconds", seconds, float, Range(0.5, 600))
    screen = checked("screen", screen, Shown)
    require_size(size)
    told = read_run(find_run(run).metrics)
    require_shown(told, screen)
    recording = recorded(told, size, seconds, screen=screen)
    write_atomically(wanted, FORMATS[kind](recording, theme))


def load(path: str | Path | int | None = None) -> Model:
    """Load a model that ``Model.save`` or the command line wrote.

    Args:
        path: the file, or the folder, name or number of a run; by default the newest run's model.

    Raises:
        ModelError: there is no such file, or it is not a model.

    Example:
        >>> import gpunet, tempfile
        >>> run = gpunet.train("strokes:300+100", epochs=1, verbose=False)
        >>> path = run.model.save(tempfile.mkdtemp() + "/model.safetensors")
        >>> gpunet.load(path).classes[:3]
        ('0', '1', '2')
    """
    return model_file.load(find_model(path))


def load_dataset(
    name: str | Path,
    *,
    label: str | None = None,
    missing: Missing = "mean",
    ignore: Sequence[str] = (),
    weight: str | None = None,
    kind: Kind | None = None,
    verbose: bool = True,
) -> Dataset:
    """Open a dataset by name or path; it is downloaded unless it is cached.

    Args:
        name: such as ``"mnist"``, or the path of a table, of IDX, NPZ or NPY files, or of images.
        label: the column of a table to predict: its title, its number counted from 1, or
            ``"last"``; several with commas between them.
        missing: what to do about missing cells of a table, as in ``train``.
        ignore: columns of a table to leave out, named like ``label``.
        weight: the column of a table with the weight of each row, named like ``label``.
        kind: what to predict, ``"classes"``, ``"labels"`` of 0 or 1, or ``"measured"``; by default
            it is inferred from the values.
        verbose: print a line about the data.

    Raises:
        DataError: there is no such dataset, or it is invalid.

    Example:
        >>> import gpunet
        >>> data = gpunet.load_dataset("strokes:300+100", verbose=False)
        >>> data.train.features.shape, len(data.test)
        ((300, 784), 100)
    """
    config = TrainConfig(label=label, missing=missing, ignore=tuple(ignore), weight=weight)
    options = replace(TableOptions.of(config), kind=kind)
    return open_data(str(name), messages_for(verbose=verbose), options)


def devices() -> tuple[DeviceInfo, ...]:
    """The devices of this machine: the adapters that can run the shaders, and numpy.

    Example:
        >>> import gpunet
        >>> gpunet.devices()[-1].backend
        'numpy'
    """
    return (*(adapter.info for adapter in list_adapters() if adapter.usable), numpy_device())


def check_device(device: str = "gpu") -> AdapterCheck:
    """Compare every kernel of an adapter with numpy, and check that two runs give equal bits.

    Every adapter is checked automatically before its first training. This checks it again.

    Args:
        device: ``"gpu"`` for the best adapter, or a part of a name of ``devices()``.

    Returns:
        The result for every kernel, with a ``report`` to paste into a bug report.

    Raises:
        UsageError: there is no such adapter.
        DeviceError: it cannot be opened.

    Example:
        >>> import gpunet
        >>> check = gpunet.check_device()
        >>> [one.kernel for one in check.failed]
        []
    """
    return workflow_devices.check_device(device, Warnings())


def _start(config: TrainConfig | None, recipe: str | None) -> TrainConfig:
    """The settings to start from.

    Raises:
        UsageError: there is no such recipe, or both arguments are given.
    """
    if recipe is None:
        return config or TrainConfig()
    if config is not None:
        raise UsageError("config and recipe both give settings; leave one of them out")
    return open_recipe(recipe).file.train_config()


def _signature(function: Any) -> inspect.Signature:
    """A function's signature with all settings of training in place of ``**settings``."""
    own = list(inspect.signature(function).parameters.values())[:-1]
    settings = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=row.default, annotation=row.kind
        )
        for name, row in SETTINGS.items()
    ]
    return inspect.signature(function).replace(parameters=[*own, *settings])


train.__signature__ = _signature(train)  # type: ignore[attr-defined]
