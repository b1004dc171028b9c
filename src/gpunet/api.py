"""What ``import gpunet`` offers: the workflows, with what people see while they run."""

from __future__ import annotations

import contextlib
import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gpunet.artifacts import model_file
from gpunet.artifacts.kept_runs import RUNS, find_model, find_run
from gpunet.artifacts.run_summary import RunSummary, summaries_in
from gpunet.config import SETTINGS, Theme, TrainConfig
from gpunet.config.choices import Kind, Missing
from gpunet.config.recipes import open_recipe
from gpunet.config.setting import Range, Setting
from gpunet.datasets.catalog import require_named
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.kept import kept_datasets, remove_kept
from gpunet.datasets.tables.options import TableOptions
from gpunet.engine.factory import list_adapters
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.reference.numpy_engine import numpy_device
from gpunet.errors import StudyError, UsageError
from gpunet.files.output import write_atomically
from gpunet.model import Model
from gpunet.search.events import Work
from gpunet.terminal.live.messages import ConsoleMessages, Warnings
from gpunet.terminal.record.replay import (
    Shown,
    read_run,
    recorded,
    require_shown,
    require_size,
)
from gpunet.training.events import Callback
from gpunet.workflows import devices as workflow_devices
from gpunet.workflows.data import dataset_of, open_data
from gpunet.workflows.run_folders import new_run, resumed_run
from gpunet.workflows.training import Run, train_model

if TYPE_CHECKING:
    from gpunet.engine.adapter_check import AdapterCheck
    from gpunet.search.result import Search
    from gpunet.search.space import Space
    from gpunet.search.storage import StudyStorage
    from gpunet.search.study import SearchStudy
    from gpunet.search.study_spec import StudySpec

__all__ = [
    "check_device",
    "devices",
    "kept_datasets",
    "load",
    "load_dataset",
    "remove_kept",
    "replay",
    "resume",
    "run_search",
    "runs",
    "train",
    "tune",
]

COUNT = Range(1, 1 << 31)
"""What an argument that counts something may be."""

Sampler = Literal["tpe", "random", "grid"]
Pruner = Literal["halving", "median", "none"]


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
            or (n, T) fractions for measured targets, or (n, T) 0 and 1 for any number of labels.
            Part of the training samples is held out for validation, see ``validation``.
        device: ``"auto"``, ``"cpu"`` (numpy), ``"gpu"``, or a part of a name of ``devices()``.
        verbose: show a dashboard in a terminal, a table in a notebook, lines elsewhere.
        callbacks: called as the training goes on; a callback can stop the run.
        run_dir: keep the run in this new folder: its model, checkpoint, settings, metrics, log,
            report and curves.
        name: keep the run in the folder ``runs/NAME``.
        kept: keep the run in ``runs``, named by a number, the data and the layers.
        checkpoint_every: epochs between two checkpoints; by default 1, or more where writing them
            would take over a twentieth of the time.
        autotune: take the fastest tiles of matrix products, and measure them before a long run;
            the results are the same either way.
        config: settings to start from, by default those of ``TrainConfig()``.
        recipe: the name of a bundled recipe whose settings to start from, such as ``"tabular"``;
            ``gpunet recipes`` lists them.
        sample_weight: (n,) what each row of X counts in the loss and the metrics, at least 0.
        **settings: all settings of ``TrainConfig``, such as ``hidden=(128,)``, ``dropout=0.1``.

    Returns:
        The run: ``model``, ``history``, ``test``, ``stop_reason``, ``device``, ``config``,
        ``folder``.

    Raises:
        UsageError: a setting cannot be.
        DataError: the data are not what they should be.
        DeviceError: the device cannot be used.

    Example:
        >>> import gpunet
        >>> run = gpunet.train("strokes:300+100", hidden=(32,), epochs=2, verbose=False)
        >>> [record["epoch"] for record in run.history]
        [1, 2]
    """
    checkpoint_every = _checked("checkpoint_every", checkpoint_every, int | None, COUNT)
    kept = kept or run_dir is not None or name is not None
    folder = None if run_dir is None else Path(run_dir)
    return train_model(
        data,
        _start(config, recipe).with_settings(settings),
        device,
        _messages(verbose),
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
    """Resume a run that was kept, bit for bit as if it had never been interrupted.

    Args:
        folder: of the run, or its name or number in ``runs``; the newest one if it is ``None``.
        data: the run's data; by default they are opened from where they were.
        device: by default the one that the run was trained on, if it is here.
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
    checkpoint_every = _checked("checkpoint_every", checkpoint_every, int | None, COUNT)
    config = TrainConfig().with_settings(changes)
    recorder, config = resumed_run(folder, checkpoint_every, config, set(changes))
    return train_model(
        recorder.reference if data is None else data,
        config,
        device,
        _messages(verbose),
        recorder=recorder,
        callbacks=callbacks or (),
        autotune=autotune,
    )


def tune(
    data: Any = "auto",
    space: Mapping[str, Any] | None = None,
    *,
    trials: int = 64,
    population: int = 16,
    timeout: float | None = None,
    sampler: Sampler = "tpe",
    pruner: Pruner = "halving",
    study: str | None = None,
    storage: str | None = None,
    device: str = "auto",
    verbose: bool = True,
    **settings: Any,
) -> Search:
    """Search for good settings, many networks side by side, and test the best one once.

    Args:
        data: as ``train`` takes it.
        space: what is searched, by the names of the settings: a list of choices, or a range such as
            ``{"low": 1e-4, "high": 0.1, "log": True}``; by default layers, rates and penalties.
        trials: settings that are tried in all; of a grid always all points.
        population: networks of one shape that are trained side by side, at most.
        timeout: seconds after which the search stops.
        sampler: how trials are chosen.
        pruner: which trials end early.
        study: its name, by default date and time; its best model lies in ``tune/NAME``, where it
            is resumed by ``gpunet tune --resume NAME``.
        storage: the URL of a database that several workers share.
        device: as ``train`` takes it.
        verbose: show a leaderboard in a terminal, lines elsewhere.
        **settings: settings of training that are not searched, such as ``epochs=20``.

    Returns:
        The search: ``best`` values, ``config``, ``model``, ``trials``.

    Raises:
        MissingExtraError: Optuna is not installed, which the extra ``tune`` brings.
        StudyError: there is a study of that name, or no trial has come to an end.
        UsageError: a setting, or the space, cannot be.

    Example:
        >>> import gpunet
        >>> found = gpunet.tune("strokes:300+100", {"hidden": [(8,), (16,)]}, trials=2, epochs=1,
        ...     sampler="grid", verbose=False)
        >>> sorted(found.best)
        ['hidden']
    """
    from gpunet.search import require_optuna

    require_optuna()
    from gpunet.search.session import new_spec
    from gpunet.search.storage import StudyStorage

    work = _work(trials, population, timeout)
    sampler, pruner = _checked("sampler", sampler, Sampler), _checked("pruner", pruner, Pruner)
    TrainConfig().with_settings(settings)
    spec = new_spec(settings, _space(space), "the space", sampler=sampler, pruner=pruner)
    kept = StudyStorage(storage, study or f"{datetime.now():%Y-%m-%d-%H%M%S-%f}")
    return run_search(data, spec, device, kept, work, _messages(verbose))


def _work(trials: int, population: int, timeout: float | None) -> Work:
    """How much is searched, once the numbers can be."""
    return Work(
        _checked("trials", trials, int, COUNT),
        _checked("population", population, int, COUNT),
        _checked("timeout", timeout, float | None, Range(0, math.inf, above=True)),
    )


def run_search(
    data: Any,
    spec: StudySpec,
    device: str,
    storage: StudyStorage,
    work: Work,
    messages: ConsoleMessages | Warnings,
    study: SearchStudy | None = None,
) -> Search:
    """Search and test the best network: what ``tune`` and the command line share.

    Args:
        data: as ``tune`` takes it.
        spec: what is searched, and how.
        device: as ``train`` takes it.
        storage: where the study is kept.
        work: how much is searched.
        messages: receive notes on the progress.
        study: that is resumed; ``None`` for a new one, or for one in a database to join.

    Raises:
        StudyError: no trial has come to an end, or the study is not what is asked for.
    """
    from gpunet.search.session import best_of, settle_spec
    from gpunet.search.study import SearchStudy
    from gpunet.search.tuner import Tuner
    from gpunet.terminal.views.leaderboard import failure_lines

    require_named(data)
    choice = workflow_devices.find_device(device, messages)
    dataset, reference = dataset_of(data, messages, TableOptions.of(spec.config))
    spec, choice = settle_spec(spec, dataset, reference, choice, work, messages)
    if study is None:
        study = SearchStudy.begin(storage, storage.folder.name, spec, join=storage.has_url)
    else:
        study.spec.require_same(spec, f"the study {study.name}")
    with contextlib.closing(study):
        work = replace(work, trials=study.total(work.trials))
        with messages.search() as observer:
            tuner = Tuner(study, choice, dataset, work, messages.control, observer)
            progress = tuner.run()
        found = best_of(study, progress, choice, dataset)
    if found is None:
        for line in failure_lines(progress):
            messages.say(line)
        raise StudyError(
            "no trial has come to an end with a finite metric, so there is no model; try lower "
            "learning rates"
            if progress.done
            else "the search was stopped before a trial was done, so there is no model"
        )
    if found.failure is not None:
        messages.complain(
            f"{found.failure}; the best network is kept, but untested; `gpunet evaluate` can test "
            "it later"
        )
    return found


def _space(space: Mapping[str, Any] | None) -> Space | None:
    """The space that a script describes; ``None`` for the default one.

    Raises:
        UsageError: it names no setting, or a value that cannot be.
    """
    from gpunet.search.space import Space

    if not space:
        return None
    tables = {  # as a file of a space has them
        name: dict(values) if isinstance(values, Mapping) else {"choices": _listed(values)}
        for name, values in space.items()
    }
    return Space.from_dict(tables, "the space")


def _listed(values: Any) -> Any:
    """Choices as a file of a space has them; what is no list stays, and is refused there."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        return values
    return [list(one) if isinstance(one, tuple) else one for one in values]


def runs(folder: str | Path = RUNS) -> list[RunSummary]:
    """The runs that are kept in a folder at a glance, those trained last first.

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
    """Write the dashboard of a run as a picture that moves; an older file is replaced.

    Args:
        run: its folder, its name or its number in ``runs``; ``None`` is the newest one.
        path: of the file, whose name ends in ``.svg``, ``.gif``, or ``.cast`` for asciinema.
        seconds: that the whole run takes in it, 0.5 to 600.
        size: columns and rows of the screen.
        screen: what is shown of the run, its ``"curves"`` or the ``"network"`` itself.
        theme: the colors, ``"dark"``, ``"light"`` or ``"mono"``; with ``"auto"`` an SVG follows
            the reader's system, and the others are dark.

    Raises:
        ModelError: there is no such run.
        DataError: its log is damaged, or there is none.
        UsageError: an argument cannot be.
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
    _checked("theme", theme, Theme)
    seconds = _checked("seconds", seconds, float, Range(0.5, 600))
    screen = _checked("screen", screen, Shown)
    require_size(size)
    told = read_run(find_run(run).metrics)
    require_shown(told, screen)
    recording = recorded(told, size, seconds, screen=screen)
    write_atomically(wanted, FORMATS[kind](recording, theme))


def load(path: str | Path | int | None = None) -> Model:
    """Load a model that ``Model.save`` or the command line wrote.

    Args:
        path: of the file, or the folder, name or number of a run; the newest run's model by
            default.

    Raises:
        ModelError: there is no such file, or it is no model.

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
    """Open a dataset by its name or its path; one that is not cached is downloaded.

    Args:
        name: such as ``"mnist"``, or a path of a table, of IDX, NPZ or NPY files, or of images.
        label: the column of a table that is to be predicted: its title, its number counted from 1,
            or ``"last"``; several with commas between them.
        missing: what is done about missing cells of a table, as ``train`` takes it.
        ignore: columns of a table that are left out, named as the label is.
        weight: the column of a table that says what each row counts, named as the label is.
        kind: what is to be predicted, ``"classes"``, ``"labels"`` of 0 or 1, or ``"measured"``; by
            default the values tell.
        verbose: say what it is.

    Raises:
        DataError: there is no such dataset, or it does not hold what it should.

    Example:
        >>> import gpunet
        >>> data = gpunet.load_dataset("strokes:300+100", verbose=False)
        >>> data.train.features.shape, len(data.test)
        ((300, 784), 100)
    """
    config = TrainConfig(label=label, missing=missing, ignore=tuple(ignore), weight=weight)
    options = replace(TableOptions.of(config), kind=kind)
    return open_data(str(name), _messages(verbose), options)


def devices() -> tuple[DeviceInfo, ...]:
    """The devices of this machine: the adapters that can run the shaders, and numpy.

    Example:
        >>> import gpunet
        >>> gpunet.devices()[-1].backend
        'numpy'
    """
    return (*(adapter.info for adapter in list_adapters() if adapter.usable), numpy_device())


def check_device(device: str = "gpu") -> AdapterCheck:
    """Compare every kernel of an adapter with numpy, and run it twice for equal bits.

    An adapter is checked by itself before its first training. This checks it again.

    Args:
        device: ``"gpu"`` for the best adapter, or a part of a name of ``devices()``.

    Returns:
        The deviation of every kernel, and a ``report`` to paste into a report of a fault.

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


def _messages(verbose: bool) -> ConsoleMessages | Warnings:
    return ConsoleMessages(patient=True) if verbose else Warnings()


def _checked(name: str, value: Any, kind: Any, bounds: Range | None = None) -> Any:
    """An argument of a type and within bounds, checked as settings of training are."""
    return Setting(name=name, kind=kind, bounds=bounds, panel="", help="").check(value)


def _start(config: TrainConfig | None, recipe: str | None) -> TrainConfig:
    """The settings to start from.

    Raises:
        UsageError: there is no such recipe, or two things give settings.
    """
    if recipe is None:
        return config or TrainConfig()
    if config is not None:
        raise UsageError("config and recipe both give settings; leave one of them out")
    return open_recipe(recipe).file.train_config()


def _signature(function: Any) -> inspect.Signature:
    """A function's signature with all settings of training in the place of ``**settings``."""
    own = list(inspect.signature(function).parameters.values())[:-1]
    settings = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=row.default, annotation=row.kind
        )
        for name, row in SETTINGS.items()
    ]
    return inspect.signature(function).replace(parameters=[*own, *settings])


train.__signature__ = _signature(train)  # type: ignore[attr-defined]
