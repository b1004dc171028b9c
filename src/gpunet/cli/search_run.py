"""One run of ``gpunet tune``: from the study to the best network, tested and saved."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from gpunet.artifacts import model_file
from gpunet.artifacts.report import write_report
from gpunet.cli.saving import told, write
from gpunet.cli.train_command import train_command
from gpunet.config import TrainConfig
from gpunet.config.settings_file import SettingsFile
from gpunet.datasets.catalog import AUTO
from gpunet.datasets.dataset import Dataset
from gpunet.engine.factory import Device, select_device
from gpunet.errors import SettingError
from gpunet.search.events import SearchInfo, Work
from gpunet.search.result import Search
from gpunet.search.session import TRIALS, best_of, new_spec, search, settle_spec
from gpunet.search.space import read_space
from gpunet.search.storage import StudyStorage
from gpunet.search.study import SearchStudy
from gpunet.search.study_progress import StudyProgress
from gpunet.search.study_spec import StudySpec
from gpunet.terminal.draw import figures
from gpunet.terminal.live.console import PatientStream, make_console
from gpunet.terminal.live.leaderboard import search_display
from gpunet.terminal.live.messages import ConsoleMessages
from gpunet.terminal.live.notes import complain, note
from gpunet.terminal.views.leaderboard import (
    counted,
    failure_lines,
    importance_block,
    monitored,
    trial_table,
)
from gpunet.terminal.views.tables import summary_table
from gpunet.training.events import Control
from gpunet.workflows.data import found_again, open_training_data, reference

__all__ = ["Wishes", "carry_out"]

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


def carry_out(wishes: Wishes) -> None:
    """Search, test the best network once, save it, and show what came of it.

    Raises:
        GpunetError: whatever a user can cause or fix.
    """
    console = make_console(plain=wishes.plain, quiet=wishes.quiet, patient=True)
    storage = StudyStorage(wishes.storage, wishes.study, wishes.heartbeat)
    study = SearchStudy.resume(storage, wishes.study) if wishes.resumed else None
    wanted = _wanted(wishes, study)  # mistakes in files are told before anything is fetched
    choice = select_device(wishes.setting("device", "auto"))
    name = wishes.setting("data", "") or (
        found_again(study.name, study.spec.data) if study else AUTO
    )
    messages = ConsoleMessages(console)
    dataset = open_training_data(name, messages, wanted.config.label)
    work = Work(wishes.trials or TRIALS, wishes.population, wishes.timeout)
    wanted, choice = settle_spec(wanted, dataset, reference(name, dataset), choice, work, messages)
    if study is None:
        study = SearchStudy.begin(storage, wishes.study, wanted, join=wishes.storage is not None)
    else:
        study.spec.require_same(wanted, f"the study {study.name}")
    with contextlib.closing(study):
        _carry_out(wishes, study, choice, dataset, console)


def _carry_out(
    wishes: Wishes, study: SearchStudy, choice: Device, dataset: Dataset, console: Console
) -> None:
    trials, control = study.total(wishes.trials or TRIALS), Control()
    progress = _search(wishes, study, choice, dataset, trials, console, control)
    found = best_of(study, progress, choice, dataset)
    if found is None:
        _tell_of_nothing(progress, console)
        raise typer.Exit(1)
    if found.failure is not None:
        complain(
            f"{found.failure}; the best network is saved, but untested; `gpunet evaluate` can "
            "test it later"
        )
    model_path, report_path = wishes.output, wishes.report
    if found.model is not None:
        model_path = write(partial(model_file.save, found.model), model_path, force=wishes.force)
    if report_path is not None:
        content = partial(write_report, found.report())
        report_path = write(content, report_path, force=wishes.force)
    saved = _Saved(
        told(model_path, wishes.output),
        None if report_path is None else told(report_path, wishes.report),
    )
    if control.signal is not None:
        raise typer.Exit(128 + control.signal)
    _show(wishes, found, saved, console, dataset)
    if found.failure is not None:
        raise typer.Exit(1)


def _wanted(wishes: Wishes, study: SearchStudy | None) -> StudySpec:
    """The study's specification as the command line asks for them.

    Raises:
        UsageError: a setting, or the space, cannot be.
    """
    file = wishes.file
    given = {**(file.training if file else {}), **wishes.typed}
    space = None if wishes.space is None else read_space(wishes.space)
    try:
        TrainConfig.from_dict(given)
    except SettingError as error:
        if file is None or error.setting in wishes.typed:
            raise
        raise file.blamed(error) from error
    return new_spec(
        given,
        space,
        "the default space" if wishes.space is None else str(wishes.space),
        old=study.spec if study else None,
        sampler=wishes.sampler,
        pruner=wishes.pruner,
        trials=wishes.trials,
    )


def _search(
    wishes: Wishes,
    study: SearchStudy,
    choice: Device,
    dataset: Dataset,
    trials: int,
    console: Console,
    control: Control,
) -> StudyProgress:
    """Search before the user's eyes; the screen is gone when this returns."""
    work = Work(trials, wishes.population, wishes.timeout)
    try:
        with search_display(console, control, plain=wishes.plain) as display:
            return search(study, choice, dataset, work, control, display)
    except KeyboardInterrupt:
        note(f"go on with `{_resuming(study)}`")
        raise


def _tell_of_nothing(progress: StudyProgress, console: Console) -> None:
    for line in failure_lines(progress):
        console.print(line, soft_wrap=True)
    complain(
        "no trial has come to an end with a finite figure, so that nothing is saved; try lower "
        "learning rates"
        if progress.done
        else "the search was stopped before a trial was done, so that nothing is saved"
    )


def _resuming(study: SearchStudy) -> str:
    storage = ["--storage", str(study.storage)] if study.storage.has_url else []
    return shlex.join(["gpunet", "tune", "--resume", study.name, *storage])


@dataclass(frozen=True, slots=True)
class _Saved:
    """Where the results are, in words; ``None`` where there is none."""

    model: str
    report: str | None


def _show(wishes: Wishes, found: Search, saved: _Saved, console: Console, dataset: Dataset) -> None:
    """Print the leaderboard, what mattered, the result and the next command."""
    study, progress, choice = found.study, found.progress, found.choice
    info = SearchInfo.of(study, choice, dataset, progress)
    if wishes.quiet:
        typer.echo(_result_line(info, found, saved))
        return
    console.print()
    console.print(trial_table(console, info, progress, SHOWN))
    if importances := study.importances():
        console.print()
        console.print(importance_block(console, importances))
    console.print()
    for line in failure_lines(progress):
        console.print(line, soft_wrap=True)
    console.print(summary_table(_summary(info, found, saved)))
    console.print()
    longer = replace(found.config, epochs=LONGER * found.config.effective_epochs)
    device = wishes.setting("device", "auto")
    if choice.rival is not None:  # the trial of one network alone may come out otherwise
        device = "cpu" if choice.adapter is None else "gpu"
    console.print("to train it longer:", soft_wrap=True)
    console.print(train_command(longer, study.spec.data or "PATH", device), soft_wrap=True)
    if found.best_trial.state == "complete":
        console.print(
            f"(with --epochs {found.config.effective_epochs} it gives the same network, bit for "
            "bit, on the same device)",
            soft_wrap=True,
        )
    if progress.done < progress.total:
        console.print(f"to go on with the search: {_resuming(study)}", soft_wrap=True)
    if isinstance(console.file, PatientStream) and console.file.failure is not None:
        raise console.file.failure


def _result_line(info: SearchInfo, found: Search, saved: _Saved) -> str:
    figure = monitored(info, found.best_trial.figure)
    beginning = f"best {info.monitor} {figure} in trial {found.best_trial.number}"
    if found.model is None:
        return f"{beginning}, whose model lies with its worker, {found.best_trial.worker}"
    test = found.model.test
    return f"{beginning}, test accuracy {figures.percent(test.accuracy)}, saved as {saved.model}"


def _summary(info: SearchInfo, found: Search, saved: _Saved) -> list[tuple[str, str]]:
    study, progress = found.study, found.progress
    rows = [
        ("trials", f"{counted(progress)}, of {progress.total}"),
        (
            "best trial",
            f"{found.best_trial.number}, {info.monitor} {monitored(info, found.best_trial.figure)}",
        ),
    ]
    if found.model is None:
        rows.append(("model", f"with the worker that trained it, {found.best_trial.worker}"))
    else:
        test = found.model.test
        rows += [
            ("test accuracy", figures.percent(test.accuracy)),
            ("test loss", figures.loss(test.loss)),
            ("best epoch", f"{found.model.best_epoch} of {found.config.effective_epochs}"),
            ("model", saved.model),
        ]
    rows.append(("study", f"{study.name} in {study.storage}"))
    return rows + ([("report", saved.report)] if saved.report else [])
