"""What ``import gpunet`` offers: the workflows, with what people see while they run."""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gpunet.artifacts import model_file
from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.factory import Device, list_adapters, select_device
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.reference.numpy_engine import numpy_device
from gpunet.errors import StudyError
from gpunet.model import Model
from gpunet.search.events import Work
from gpunet.terminal.live.console import make_console
from gpunet.terminal.live.dashboard import training_display
from gpunet.terminal.live.messages import ConsoleMessages
from gpunet.terminal.live.notebook import NotebookTable, in_notebook
from gpunet.terminal.live.plain import log_printer
from gpunet.training.events import Callback, Control
from gpunet.workflows.data import dataset_of, open_data
from gpunet.workflows.devices import device_as_before, measured_tiles, settle_device
from gpunet.workflows.messages import Messages
from gpunet.workflows.run_folders import Recorder, RunLocation, new_run, resumed_run
from gpunet.workflows.training import Run, settle_epochs, train_model, untrained_model

if TYPE_CHECKING:
    from gpunet.search.events import SearchObserver
    from gpunet.search.result import Search
    from gpunet.search.space import Space
    from gpunet.search.study_spec import StudySpec

__all__ = ["devices", "load", "load_dataset", "resume", "train", "tune"]


def train(
    data: Any = "auto",
    *,
    device: str = "auto",
    verbose: bool = True,
    callbacks: Sequence[Callback] = (),
    run_dir: str | Path | None = None,
    checkpoint_every: int = 1,
    config: TrainConfig | None = None,
    **settings: Any,
) -> Run:
    """Train a network, or an ensemble of them, and test the best weights.

    Args:
        data: a dataset's name (``"mnist"``, ``"strokes"``), a path, ``(X, y)``,
            ``(X, y, X_test, y_test)`` or a ``Dataset``. X are numbers (n, I) or (n, height, width)
            in an array or a data frame, y (n,) whole numbers, texts or booleans. Part of the
            training samples is held out for validation, see ``validation``.
        device: ``"auto"``, ``"cpu"`` (numpy), ``"gpu"``, or a part of a name of ``devices()``.
        verbose: show a dashboard in a terminal, a table in a notebook, lines elsewhere.
        callbacks: told how it goes; a callback can stop the run.
        run_dir: a new folder for checkpoints, the best model, the report and a log.
        checkpoint_every: epochs between two checkpoints.
        config: settings to start from, by default those of ``TrainConfig()``.
        **settings: all settings of ``TrainConfig``, such as ``hidden=(128,)``, ``dropout=0.1``.

    Returns:
        The run: ``model``, ``history``, ``test``, ``stop_reason``, ``device``, ``config``.

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
    config = _settings(config or TrainConfig(), settings)
    location = None if run_dir is None else new_run(Path(run_dir), checkpoint_every)
    return _carry_out(select_device(device), data, config, location, verbose, callbacks)


def resume(
    folder: str | Path,
    data: Any = None,
    *,
    device: str = "auto",
    verbose: bool = True,
    callbacks: Sequence[Callback] = (),
    checkpoint_every: int = 1,
    **changes: Any,
) -> Run:
    """Go on with the run in a folder, bit for bit as if it had never been interrupted.

    Args:
        folder: the ``run_dir`` of an earlier ``train``.
        data: the run's data; by default they are opened from where they were.
        device: by default the one that the run was trained on, if it is here.
        verbose: as in ``train``.
        callbacks: as in ``train``.
        checkpoint_every: epochs between two checkpoints.
        **changes: ``epochs`` may be raised, ``max_time`` changed.

    Raises:
        ModelError: there is no run in the folder, or it is damaged.
        UsageError: a setting cannot be changed, or the run has come to its end.
        DataError: the data are not those of the run.

    Example:
        >>> import gpunet, tempfile
        >>> folder = tempfile.mkdtemp() + "/run"
        >>> begun = gpunet.train("strokes:300+100", epochs=1, run_dir=folder, verbose=False)
        >>> len(gpunet.resume(folder, epochs=2, verbose=False).history)
        2
    """
    config = _settings(TrainConfig(), changes)
    location, config = resumed_run(Path(folder), checkpoint_every, config, set(changes))
    assert location.state is not None
    choice = device_as_before(device, location.state.device, _messages(verbose))
    source = location.reference if data is None else data
    return _carry_out(choice, source, config, location, verbose, callbacks)


def tune(
    data: Any = "auto",
    space: Mapping[str, Any] | None = None,
    *,
    trials: int = 64,
    population: int = 16,
    timeout: float | None = None,
    sampler: Literal["tpe", "random", "grid"] = "tpe",
    pruner: Literal["halving", "median", "none"] = "halving",
    study: str | None = None,
    storage: str | None = None,
    device: str = "auto",
    verbose: bool = True,
    **settings: Any,
) -> Search:
    """Search for good settings, many networks side by side, and test the best one once.

    Needs Optuna, which the extra ``tune`` brings.

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
            is gone on with by ``gpunet tune --resume NAME``.
        storage: the URL of a database that several workers share.
        device: as ``train`` takes it.
        verbose: show a leaderboard in a terminal, lines elsewhere.
        **settings: settings of training that are not searched, such as ``epochs=20``.

    Returns:
        The search: ``best`` values, ``config``, ``model``, ``trials``.

    Raises:
        MissingExtraError: Optuna is not installed.
        StudyError: there is a study of that name, or no trial has come to an end.
        UsageError: a setting, or the space, cannot be.

    Example:
        >>> import gpunet
        >>> found = gpunet.tune("strokes:300+100", {"hidden": [(8,), (16,)]}, trials=2, epochs=1,
        ...     sampler="grid", verbose=False)
        >>> sorted(found.best)
        ['hidden']
    """
    from gpunet.search.storage import require_optuna

    require_optuna()
    from gpunet.search.session import new_spec

    _settings(TrainConfig(), settings)
    spec = new_spec(settings, _space(space), "the space", sampler=sampler, pruner=pruner)
    name = study or f"{datetime.now():%Y-%m-%d-%H%M%S-%f}"
    work = Work(trials, population, timeout)
    return _search(spec, data, select_device(device), name, storage, work, verbose)


def _search(
    spec: StudySpec,
    data: Any,
    choice: Device,
    name: str,
    storage: str | None,
    work: Work,
    verbose: bool,
) -> Search:
    """Search with what is to be seen of it, and test the best network."""
    from gpunet.search.session import best_of, search, settle_spec
    from gpunet.search.storage import StudyStorage
    from gpunet.search.study import SearchStudy

    messages, control = _messages(verbose), Control()
    dataset, reference = dataset_of(data, messages, spec.config.label)
    spec, choice = settle_spec(spec, dataset, reference, choice, work, messages)
    study = SearchStudy.begin(StudyStorage(storage, name), name, spec, join=storage is not None)
    with contextlib.closing(study):
        work = replace(work, trials=study.total(work.trials))
        with _leaderboard(verbose, control) as observer:
            progress = search(study, choice, dataset, work, control, observer)
        found = best_of(study, progress, choice, dataset)
    if found is None:
        raise StudyError(
            "no trial has come to an end with a finite figure; try smaller learning rates, or a "
            "longer timeout"
        )
    if found.failure is not None:
        messages.note(f"the best network is untested: {found.failure}")
    return found


def _space(space: Mapping[str, Any] | None) -> Space | None:
    """The space that a script describes; ``None`` for the default one.

    Raises:
        UsageError: it names no setting, or a value that cannot be.
    """
    from gpunet.search.space import Space

    if not space:
        return None
    tables = {name: _table(values) for name, values in space.items()}
    return Space.from_dict(tables, "the space")


def _table(values: Any) -> dict[str, Any]:
    """A searched setting as a file of a space has it."""
    if isinstance(values, Mapping):
        return dict(values)
    return {"choices": [list(one) if isinstance(one, tuple) else one for one in values]}


def load(path: str | Path) -> Model:
    """Load a model that ``Model.save`` or the command line wrote.

    Raises:
        ModelError: there is no such file, or it is no model.

    Example:
        >>> import gpunet, tempfile
        >>> run = gpunet.train("strokes:300+100", epochs=1, verbose=False)
        >>> path = run.model.save(tempfile.mkdtemp() + "/model.safetensors")
        >>> gpunet.load(path).classes[:3]
        ('0', '1', '2')
    """
    return model_file.load(Path(path))


def load_dataset(name: str | Path, *, label: str | None = None, verbose: bool = True) -> Dataset:
    """Open a dataset by its name or its path; one that is not cached is downloaded.

    Args:
        name: such as ``"mnist"``, or a path of IDX, CSV or NPZ files or folders of images.
        label: the column of a table that is the label: its title, its number counted from 1, or
            ``"last"``.
        verbose: say what it is.

    Raises:
        DataError: there is no such dataset, or it does not hold what it should.

    Example:
        >>> import gpunet
        >>> data = gpunet.load_dataset("strokes:300+100", verbose=False)
        >>> data.train.features.shape, len(data.test)
        ((300, 784), 100)
    """
    return open_data(str(name), _messages(verbose), label)


def devices() -> tuple[DeviceInfo, ...]:
    """The devices of this machine: the adapters that can run the shaders, and numpy.

    Example:
        >>> import gpunet
        >>> gpunet.devices()[-1].backend
        'numpy'
    """
    return (*(adapter.info for adapter in list_adapters() if adapter.usable), numpy_device())


class _Notes(Messages):
    """Says nothing but what users must know, as Python warns of it."""

    def note(self, message: object) -> None:
        """Warn."""
        warnings.warn(str(message), stacklevel=2)

    def dataset(self, dataset: Dataset) -> None:
        """Warn of what is special about the data."""
        if dataset.notice:
            self.note(dataset.notice)


def _messages(verbose: bool) -> Messages:
    return ConsoleMessages(make_console(patient=True)) if verbose else _Notes()


def _settings(config: TrainConfig, settings: dict[str, Any]) -> TrainConfig:
    """The configuration with some settings changed.

    Raises:
        UsageError: there is no such setting, or it cannot have that value.
    """
    return TrainConfig.from_dict({**config.to_dict(), **settings})


def _carry_out(
    choice: Device,
    data: Any,
    config: TrainConfig,
    location: RunLocation | None,
    verbose: bool,
    callbacks: Sequence[Callback],
) -> Run:
    """Train with what is to be seen of it."""
    messages = _messages(verbose)
    dataset, reference = dataset_of(data, messages, config.label)
    config = settle_epochs(config, dataset, messages)
    recorder = None
    if location is not None:
        location.require_same(dataset)
        recorder = Recorder(location, untrained_model(config, dataset, reference), messages)
    choice = settle_device(choice, config, config.ensemble, dataset, messages)
    tiles, _, _ = measured_tiles(choice, config, dataset, messages)
    control = Control()
    with _screen(verbose, control) as screens:
        log = [] if location is None else [log_printer(location.folder.log)]
        run = train_model(
            config,
            dataset,
            choice,
            reference=reference,
            tiles=tiles,
            callbacks=(*screens, *log, *callbacks),
            control=control,
            resume=location.state if location else None,
            checkpoint=recorder.write_checkpoint if recorder else None,
            checkpoint_every=location.every if location else 1,
        )
    if recorder is not None:
        recorder.finish(run.model if run.best_epoch else None, run.report(), run.plot)
    if run.stop_reason == "diverged":
        messages.note(
            f"training diverged in epoch {len(run.history)}; try a smaller learning rate, such as "
            f"{config.effective_learning_rate / 10:g}"
        )
    return run


@contextlib.contextmanager
def _leaderboard(verbose: bool, control: Control) -> Iterator[SearchObserver]:
    """What shows a search: a leaderboard, lines, or nothing."""
    from gpunet.search.events import SearchObserver
    from gpunet.terminal.live.leaderboard import search_display

    if not verbose:
        yield SearchObserver()
        return
    with search_display(make_console(patient=True), control) as display:
        yield display


@contextlib.contextmanager
def _screen(verbose: bool, control: Control) -> Iterator[list[Callback]]:
    """What shows a training: a dashboard, a table in a notebook, lines, or nothing."""
    if not verbose:
        yield []
        return
    if in_notebook():
        yield [NotebookTable()]
        return
    with training_display(make_console(patient=True), control) as display:
        yield [display]


def _signature(function: Any) -> inspect.Signature:
    """A function's signature with all settings of training in the place of ``**settings``."""
    own = list(inspect.signature(function).parameters.values())[:-1]
    settings = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=field.type
        )
        for field in fields(TrainConfig)
    ]
    return inspect.signature(function).replace(parameters=[*own, *settings])


train.__signature__ = _signature(train)  # type: ignore[attr-defined]
