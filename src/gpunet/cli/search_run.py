"""One run of ``gpunet tune``: from the study to the best network, tested and saved."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from gpunet import __version__
from gpunet.artifacts import model_file
from gpunet.artifacts.report import write_report
from gpunet.cli.messages import complain, note
from gpunet.cli.saving import told, write
from gpunet.cli.sources import found_again, open_training_data, reference, settle_device
from gpunet.cli.train_command import train_command
from gpunet.config import Optimizer, TrainConfig
from gpunet.config.settings_file import SettingsFile
from gpunet.datasets.catalog import AUTO
from gpunet.datasets.dataset import Dataset
from gpunet.engine.factory import Device, create_engine, largest_population, select_device
from gpunet.engine.interface import RULES, Rule
from gpunet.errors import DeviceError, UsageError
from gpunet.model import Model
from gpunet.search.space import Space, default_space, grid, read_space
from gpunet.search.standing import Entry, Standing
from gpunet.search.storage import Place
from gpunet.search.study import SearchStudy
from gpunet.search.terms import Terms
from gpunet.search.tuner import SearchInfo, Tuner, best_model_path
from gpunet.terminal.draw import figures
from gpunet.terminal.live.console import PatientStream, make_console, wants_dashboard
from gpunet.terminal.live.search_screen import LiveLeaderboard, PlainSearch
from gpunet.terminal.views.leaderboard import (
    counted,
    failure_lines,
    importance_block,
    monitored,
    trial_table,
)
from gpunet.terminal.views.tables import summary_table
from gpunet.training.evaluation import evaluate
from gpunet.training.events import Control
from gpunet.training.splits import settled

__all__ = ["Wishes", "carry_out"]

TRIALS = 64

SHOWN = 10
"""Trials that are listed at the end."""

LONGER = 3
"""Times as many epochs as a trial's, in the command that trains the best one longer."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks for; ``None`` where it leaves it open.

    Args:
        file: settings that are not searched.
        typed: settings of training that stand on the command line.
        space: the file that says what is searched.
        data: a dataset's name or a path.
        device: as ``--device`` says.
        trials: of the study in all.
        population: networks side by side, at most.
        timeout: seconds.
        sampler: how trials are chosen.
        pruner: which end early.
        study: its name.
        resumed: whether the study must be there already.
        storage: the URL of where it is kept.
        heartbeat: seconds between two signs of life.
        output: the model file.
        report: the JSON report.
        force: replace files that are there.
        plain: no screen.
        quiet: nothing but the result.
    """

    file: SettingsFile | None
    typed: Mapping[str, Any]
    space: Path | None
    data: str | None
    device: str | None
    trials: int | None
    population: int
    timeout: float | None
    sampler: str | None
    pruner: str | None
    study: str
    resumed: bool
    storage: str | None
    heartbeat: int
    output: Path
    report: Path | None
    force: bool
    plain: bool
    quiet: bool

    def setting(self, name: str, default: str) -> str:
        """A run's setting: as typed, else as the file has it, else the default."""
        own = getattr(self, name)
        return own or (self.file.settings.get(name) if self.file else None) or default


@dataclass(frozen=True, slots=True)
class _Found:
    """What a search has come to: the best trial and its network as far as it lies here.

    Args:
        entry: of the trial.
        config: it was trained with.
        model: its network, if it lies here.
        complete: whether the device did not fail at the test.
        told_model: where the model file is, in words.
        told_report: where the report is, if there is one.
    """

    entry: Entry
    config: TrainConfig
    model: Model | None
    complete: bool = True
    told_model: str = ""
    told_report: str | None = None


def carry_out(wishes: Wishes) -> None:
    """Search, test the best network once, save it, and show what came of it.

    Raises:
        GpunetError: whatever a user can cause or mend.
    """
    console = make_console(plain=wishes.plain, quiet=wishes.quiet, patient=True)
    place = Place(wishes.storage, wishes.study, wishes.heartbeat)
    study = SearchStudy.resume(place, wishes.study) if wishes.resumed else None
    wanted = _wanted(wishes, study)  # mistakes in files are told before anything is fetched
    choice = select_device(wishes.setting("device", "auto"))
    name = wishes.setting("data", "") or (
        found_again(study.name, study.terms.data) if study else AUTO
    )
    dataset = open_training_data(name, console, wanted.config.label)
    wanted = replace(wanted, config=settled(wanted.config, dataset))
    epochs = wanted.config.effective_epochs * _batches(wishes)
    trained = replace(_heaviest(wanted, dataset), epochs=epochs)
    choice = settle_device(choice, trained, wishes.population, dataset, console)
    _require_memory(wanted, wishes.population, choice, dataset)
    wanted = replace(
        wanted,
        data=reference(name, dataset),
        fingerprint=dataset.fingerprint(),
    )
    if study is None:
        study = SearchStudy.begin(place, wishes.study, wanted, join=wishes.storage is not None)
    else:
        study.terms.require_same(wanted, f"the study {study.name}")
    with contextlib.closing(study):
        _carry_out(wishes, study, choice, dataset, console)


def _carry_out(
    wishes: Wishes, study: SearchStudy, choice: Device, dataset: Dataset, console: Console
) -> None:
    trials, control = study.total(wishes.trials or TRIALS), Control()
    standing = _search(wishes, study, choice, dataset, trials, console, control)
    found = _found(study, standing)
    if found is None:
        _tell_of_nothing(standing, console)
        raise typer.Exit(1)
    found = _tested(found, choice, dataset)
    model_path, report_path = wishes.output, wishes.report
    if found.model is not None:
        model_path = write(partial(model_file.save, found.model), model_path, force=wishes.force)
    if report_path is not None:
        content = _report(study, standing, found, choice)
        report_path = write(partial(write_report, content), report_path, force=wishes.force)
    found = replace(
        found,
        told_model=told(model_path, wishes.output),
        told_report=None if report_path is None else told(report_path, wishes.report),
    )
    if control.signal is not None:
        raise typer.Exit(128 + control.signal)
    _show(wishes, study, standing, found, console, choice, dataset)
    if not found.complete:
        raise typer.Exit(1)


def _wanted(wishes: Wishes, study: SearchStudy | None) -> Terms:
    """The study's terms as the command line asks for them; its data are told later.

    Raises:
        UsageError: a setting, or the space, cannot be.
    """
    given = {**(_training_settings(wishes.file) if wishes.file else {}), **wishes.typed}
    old = study.terms if study else None
    base = old.config.to_dict() if old else {}
    try:
        fixed = TrainConfig.from_dict({**base, **given})
    except UsageError as error:
        raise wishes.file.blamed(error) if wishes.file else error from error
    if fixed.ensemble > 1:
        raise UsageError("--ensemble cannot be searched, for a trial is one network; leave it out")
    sampler = wishes.sampler or (old.sampler if old else "tpe")
    pruner = wishes.pruner or (old.pruner if old else "halving")
    space = _space(wishes, fixed, given, old)
    if sampler == "grid":
        _require_whole_grid(len(grid(space)), wishes.trials)
    return Terms(fixed, space, "", "", sampler, pruner)


def _training_settings(file: SettingsFile) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(TrainConfig)}
    return {name: value for name, value in file.settings.items() if name in names}


def _space(
    wishes: Wishes, fixed: TrainConfig, given: Mapping[str, Any], old: Terms | None
) -> Space:
    if wishes.space is not None:
        space, source = read_space(wishes.space), str(wishes.space)
    elif old is not None:
        return old.space
    else:
        space, source = default_space(fixed, list(given)), "the default space"
    if not space.parameters:
        raise UsageError("--config fixes all that would be searched; give a --space FILE.toml")
    space.require_possible(fixed, source)
    return space


def _require_whole_grid(points: int, trials: int | None) -> None:
    if trials is not None and trials < points:
        raise UsageError(
            f"--sampler grid has {points:,} points but --trials is {trials}; leave out --trials, "
            "or leave out some values of the --space"
        )


def _require_memory(terms: Terms, population: int, choice: Device, dataset: Dataset) -> None:
    """Make sure, for every shape of the space, that so many networks fit the device.

    Raises:
        DeviceError: they do not, as far as can be told.
    """
    for config in terms.space.shapes(terms.config):
        network = config.network(dataset.inputs, len(dataset.classes))
        size, samples = config.batch_size, len(dataset.train)
        most = largest_population(choice, network, _rule(config.optimizer), size, samples)
        if most is not None and most < population:
            move = f"give --population {most}" if most else "leave it out of the --space"
            raise DeviceError(
                f"of the networks {network} with a batch of {size} at most {most} fit "
                f"{choice.info.name}, not {population} side by side; {move}"
            )


def _heaviest(terms: Terms, dataset: Dataset) -> TrainConfig:
    """The largest network of the space, in the smallest batches: it takes most of the time."""

    def weight(config: TrainConfig) -> tuple[int, int]:
        network = config.network(dataset.inputs, len(dataset.classes))
        return network.parameter_count, -config.batch_size

    return max(terms.space.shapes(terms.config), key=weight, default=terms.config)


def _batches(wishes: Wishes) -> int:
    """How many populations are trained one after the other."""
    return -(-(wishes.trials or TRIALS) // wishes.population)


def _rule(optimizer: Optimizer) -> Rule:
    """The update rule that needs the most memory of those that an optimizer may come to."""
    rule = RULES[optimizer]
    return "sgd_momentum" if rule == "sgd" else rule


def _search(
    wishes: Wishes,
    study: SearchStudy,
    choice: Device,
    dataset: Dataset,
    trials: int,
    console: Console,
    control: Control,
) -> Standing:
    """Search before the user's eyes; the screen is gone when this returns."""
    screen: LiveLeaderboard | PlainSearch = PlainSearch(console, control)
    if wants_dashboard(console, wishes.plain):
        screen = LiveLeaderboard(console, control)
    tuner = Tuner(
        study,
        choice,
        dataset,
        trials=trials,
        population=wishes.population,
        control=control,
        observer=screen,
    )
    try:
        with screen, _time_limit(wishes.timeout, tuner, control):
            return tuner.run()
    except KeyboardInterrupt:
        note(f"go on with `{_resuming(study)}`")
        raise


@contextlib.contextmanager
def _time_limit(seconds: float | None, tuner: Tuner, control: Control) -> Iterator[None]:
    if seconds is None:
        yield
        return

    def stop() -> None:
        tuner.timed_out.set()
        control.stop_now.set()

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _found(study: SearchStudy, standing: Standing) -> _Found | None:
    """The best trial, and its network if it lies in this machine's folder."""
    best = standing.best
    if best is None:
        return None
    config = study.terms.space.config(study.terms.config, best.values)
    path = best_model_path(study.place.folder, best.number)
    return _Found(best, config, model_file.load(path) if path.exists() else None)


def _tested(found: _Found, choice: Device, dataset: Dataset) -> _Found:
    """The same with what the test set gives, which no trial has seen; untested if it cannot be."""
    model = found.model
    if model is None or not len(dataset.test):
        return found
    try:
        with create_engine(choice, model.network, model.config) as engine:
            told = evaluate(engine, model, model.prepare_test(dataset))
    except DeviceError as error:
        complain(
            f"{error}; the best network is saved, but untested; `gpunet evaluate` can test it later"
        )
        return replace(found, complete=False)
    return replace(found, model=replace(model, test=told.figures))


def _tell_of_nothing(standing: Standing, console: Console) -> None:
    for line in failure_lines(standing):
        console.print(line, soft_wrap=True)
    complain(
        "no trial has come to an end with a finite figure, so that nothing is saved; try lower "
        "learning rates"
        if standing.done
        else "the search was stopped before a trial was done, so that nothing is saved"
    )


def _resuming(study: SearchStudy) -> str:
    return shlex.join(["gpunet", "tune", "--resume", study.name, *study.place.option])


def _report(
    study: SearchStudy, standing: Standing, found: _Found, choice: Device
) -> dict[str, Any]:
    test = found.model.test if found.model else None
    terms = study.terms
    return {
        "gpunet": __version__,
        "study": study.name,
        "monitor": terms.config.monitor,
        "sampler": terms.sampler,
        "pruner": terms.pruner,
        "fingerprint": terms.fingerprint,
        "device": dataclasses.asdict(choice.info),
        "space": terms.space.to_dict(),
        "importances": study.importances(),
        "best": {
            "trial": found.entry.number,
            "config": found.config.values_in_effect(),
            "test": None if test is None else dataclasses.asdict(test),
        },
        "trials": [dataclasses.asdict(entry) for entry in standing.entries],
    }


def _show(
    wishes: Wishes,
    study: SearchStudy,
    standing: Standing,
    found: _Found,
    console: Console,
    choice: Device,
    dataset: Dataset,
) -> None:
    """Print the leaderboard, what mattered, the result and the next command."""
    info = SearchInfo.of(study, choice, dataset, standing)
    if wishes.quiet:
        typer.echo(_result_line(wishes, info, found))
        return
    console.print()
    console.print(trial_table(console, info, standing, SHOWN))
    if importances := study.importances():
        console.print()
        console.print(importance_block(console, importances))
    console.print()
    for line in failure_lines(standing):
        console.print(line, soft_wrap=True)
    console.print(summary_table(_summary(wishes, info, standing, found, study)))
    console.print()
    longer = replace(found.config, epochs=LONGER * found.config.effective_epochs)
    device = wishes.setting("device", "auto")
    if choice.rival is not None:  # the trial of one network alone may come out otherwise
        device = "cpu" if choice.adapter is None else "gpu"
    console.print("to train it longer:", soft_wrap=True)
    console.print(train_command(longer, study.terms.data or "PATH", device), soft_wrap=True)
    if found.entry.state == "complete":
        console.print(
            f"(with --epochs {found.config.effective_epochs} it gives the same network, bit for "
            "bit, on the same device)",
            soft_wrap=True,
        )
    if standing.done < standing.total:
        console.print(f"to go on with the search: {_resuming(study)}", soft_wrap=True)
    if isinstance(console.file, PatientStream) and console.file.failure is not None:
        raise console.file.failure


def _result_line(wishes: Wishes, info: SearchInfo, found: _Found) -> str:
    figure = monitored(info, found.entry.figure)
    beginning = f"best {info.monitor} {figure} in trial {found.entry.number}"
    if found.model is None:
        return f"{beginning}, whose model lies with its worker, {found.entry.worker}"
    test = found.model.test
    return (
        f"{beginning}, test accuracy {figures.percent(test.accuracy)}, saved as {found.told_model}"
    )


def _summary(
    wishes: Wishes, info: SearchInfo, standing: Standing, found: _Found, study: SearchStudy
) -> list[tuple[str, str]]:
    rows = [
        ("trials", f"{counted(standing)}, of {standing.total}"),
        (
            "best trial",
            f"{found.entry.number}, {info.monitor} {monitored(info, found.entry.figure)}",
        ),
    ]
    if found.model is None:
        rows.append(("model", f"with the worker that trained it, {found.entry.worker}"))
    else:
        test = found.model.test
        rows += [
            ("test accuracy", figures.percent(test.accuracy)),
            ("test loss", figures.loss(test.loss)),
            ("best epoch", f"{found.model.best_epoch} of {found.config.effective_epochs}"),
            ("model", found.told_model),
        ]
    rows.append(("study", f"{study.name} in {study.place}"))
    return rows + ([("report", found.told_report)] if found.told_report else [])
