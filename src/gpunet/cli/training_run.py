"""One run of ``gpunet train``: from the data to what is printed and saved at the end."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import typer
from rich.console import Console

from gpunet.bench import step_seconds
from gpunet.cli.messages import complain, note
from gpunet.cli.run_keeping import Keeping, Recorder
from gpunet.cli.sources import choose_device, open_data, reference
from gpunet.cli.tile_choice import choose_tiles
from gpunet.config import Graphics, TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.device import Adapter
from gpunet.engine.factory import Choice, create_engine
from gpunet.engine.interface import NetworkSettings
from gpunet.engine.roofline import measure_roofline
from gpunet.engine.tile_cache import TileCache
from gpunet.errors import OutputError
from gpunet.plots import plot_curves
from gpunet.terminal import figures
from gpunet.terminal.console import PatientStream, make_console, wants_dashboard
from gpunet.terminal.dashboard import Dashboard
from gpunet.terminal.ending import why_stopped
from gpunet.terminal.graphics import Painter, choose_painter
from gpunet.terminal.plain import PlainPrinter
from gpunet.terminal.profile_table import profile_table
from gpunet.terminal.showcase import showcase
from gpunet.terminal.tables import committee_table, confusion_table, summary_table
from gpunet.training import checkpoint
from gpunet.training.batches import steps_per_epoch
from gpunet.training.checkpoint import Figures, Model, Origin
from gpunet.training.curves import Curves
from gpunet.training.evaluation import pick
from gpunet.training.events import Control
from gpunet.training.metrics import confusion_matrix
from gpunet.training.profile import Profile, measure_profile
from gpunet.training.report import report, write_report
from gpunet.training.result import TrainingResult
from gpunet.training.splits import split
from gpunet.training.trainer import train

__all__ = ["Wishes", "carry_out"]

CLEARLY_FASTER = 1.5
"""How many times as fast numpy must be in a short trial for a user to be told."""

LONG_TRAINING = 60.0
"""Seconds; where less is allowed, nothing is spent on measuring tiles."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks for.

    Args:
        config: how to train.
        data: a dataset's name or a path.
        device: as ``--device`` says.
        output: the model file.
        report: the JSON report, if any.
        plot: the picture of the run's curves, if any.
        showcase: test samples to show.
        graphics: how they are drawn, as ``--graphics`` says.
        plain: no dashboard.
        quiet: nothing but the result.
        profile: measure where the time goes, too.
        autotune: take the fastest tiles, and measure them first where that pays.
        keeping: where the run is kept while it is trained, if anywhere.
    """

    config: TrainConfig
    data: str
    device: str
    output: Path
    report: Path | None
    plot: Path | None
    showcase: int
    graphics: Graphics
    plain: bool
    quiet: bool
    profile: bool = False
    autotune: bool = True
    keeping: Keeping | None = None


def carry_out(wishes: Wishes) -> None:
    """Train, save, and show what came of it.

    Raises:
        GpunetError: whatever a user can cause or mend.
    """
    console = make_console(plain=wishes.plain, quiet=wishes.quiet, patient=True)
    painter = choose_painter(wishes.graphics, console)
    choice = choose_device(wishes.device, console)
    dataset = open_data(wishes.data, console, wishes.config.label)
    recorder = _recorder(wishes, dataset, console)
    if choice.adapter is not None and choice.adapter.software:
        _compare_with_numpy(choice.adapter, dataset, wishes.config, console)
    tiles = _tiles(wishes, choice, dataset, console)
    profile = _profile(wishes.config, choice, dataset, console, tiles) if wishes.profile else None
    control = Control()
    result = _train(wishes, choice, dataset, console, recorder, profile, tiles, control)
    saved = _save_results(wishes, choice, dataset, result)
    if recorder is not None:
        model = _model(wishes, dataset, result) if result.best_epoch else None
        told = report(wishes.config, choice.info, dataset, result)
        recorder.finish(model, told, partial(_plot, wishes, dataset, result))
    if control.signal is not None:
        raise typer.Exit(128 + control.signal)
    _show(wishes, dataset, result, saved, console, painter, profile)
    _require_output(console)
    if not saved.complete or (recorder is not None and not recorder.complete):
        raise typer.Exit(1)


def _require_output(console: Console) -> None:
    """Raise what has silenced the console, now that all is done and saved.

    Raises:
        OSError: the output could not be written.
    """
    if isinstance(console.file, PatientStream) and console.file.failure is not None:
        raise console.file.failure


def _tiles(wishes: Wishes, choice: Choice, dataset: Dataset, console: Console) -> TileCache | None:
    """The tiles that were measured, at present if the training is long enough for that to pay."""
    if choice.adapter is None or not wishes.autotune:
        return None
    config, tiles = wishes.config, TileCache.of(choice.adapter)
    if config.max_time is not None and config.max_time < LONG_TRAINING:
        return tiles
    steps = config.epochs * steps_per_epoch(len(dataset.train), config.batch_size)
    began = time.perf_counter()
    measured = choose_tiles(config, choice.adapter, dataset, tiles, console, steps)
    if measured:
        taken = figures.seconds(time.perf_counter() - began)
        console.print(
            f"tiles:  the fastest for {len(measured)} products, measured in {taken} and kept for "
            "later runs",
            soft_wrap=True,
        )
    return tiles


def _profile(
    config: TrainConfig,
    choice: Choice,
    dataset: Dataset,
    console: Console,
    tiles: TileCache | None,
) -> Profile:
    """Where the time of such a training goes, measured on an engine of its own."""
    network = config.network(dataset.inputs, len(dataset.classes))
    settings = _settings(config)
    training = split(dataset, config).training
    with (
        console.status("timing every kernel", spinner="line"),
        create_engine(
            choice, network, settings, config.optimizer, config.batch_size, tiles
        ) as engine,
    ):
        return measure_profile(engine, measure_roofline(choice.adapter), training, config)


def _recorder(wishes: Wishes, dataset: Dataset, console: Console) -> Recorder | None:
    """What keeps the run while it is trained, if it is to be kept."""
    if wishes.keeping is None:
        return None
    wishes.keeping.require_same(dataset)
    console.print(f"run:    {wishes.keeping.folder.path}", soft_wrap=True)
    return Recorder(wishes.keeping, _template(wishes, dataset))


def _train(
    wishes: Wishes,
    choice: Choice,
    dataset: Dataset,
    console: Console,
    recorder: Recorder | None,
    profile: Profile | None,
    tiles: TileCache | None,
    control: Control,
) -> TrainingResult:
    """Train before the user's eyes; the screen is gone when this returns."""
    config = wishes.config
    network = config.network(dataset.inputs, len(dataset.classes))
    settings = _settings(config)
    screen: Dashboard | PlainPrinter = PlainPrinter(console, control)
    if wants_dashboard(console, wishes.plain):
        screen = Dashboard(console, control, profile=profile)
    with (
        create_engine(
            choice, network, settings, config.optimizer, config.batch_size, tiles
        ) as engine,
        screen,
    ):
        result = train(
            engine,
            dataset,
            config,
            observers=(screen,) if recorder is None else (screen, recorder.log),
            control=control,
            resume=wishes.keeping.state if wishes.keeping else None,
            keep=None if recorder is None else recorder.keep,
            keep_every=wishes.keeping.every if wishes.keeping else 1,
        )
    if isinstance(screen, Dashboard):
        console.print(screen.closing_view())
    return result


def _settings(config: TrainConfig) -> tuple[NetworkSettings, ...]:
    return tuple(map(NetworkSettings.of, config.networks()))


def _compare_with_numpy(
    adapter: Adapter, dataset: Dataset, config: TrainConfig, console: Console
) -> None:
    """Say so if numpy would be clearly faster than a software adapter."""
    trial = partial(
        step_seconds,
        network=config.network(dataset.inputs, len(dataset.classes)),
        settings=_settings(config),
        optimizer=config.optimizer,
        batch_size=config.batch_size,
    )
    with console.status("compiling the shaders", spinner="line"):
        on_adapter = trial(adapter)
    on_numpy = trial(None)
    if on_adapter > CLEARLY_FASTER * on_numpy:
        console.print(
            f"advice: --device cpu would be {on_adapter / on_numpy:.0f} times as fast "
            f"({figures.seconds(on_numpy)} a step, not {figures.seconds(on_adapter)})",
            soft_wrap=True,
        )


@dataclass(frozen=True, slots=True)
class _Saved:
    """Where the results are: ``None`` where nothing was to be saved or could be."""

    model: Path | None
    report: Path | None
    plot: Path | None
    complete: bool


def _save_results(
    wishes: Wishes, choice: Choice, dataset: Dataset, result: TrainingResult
) -> _Saved:
    """Save the model, report and plot; what cannot be written does not keep back the rest."""
    config, complete = wishes.config, True
    model_path = report_path = plot_path = None
    _tell_if_it_failed(config, result)
    if result.best_epoch == 0:
        complete = result.stop_reason != "diverged"
    else:
        model = _model(wishes, dataset, result)
        model_path = _save(lambda path: checkpoint.save(model, path), wishes.output)
        complete = model_path == wishes.output and not result.device_failures
    if wishes.report is not None:
        content = report(config, choice.info, dataset, result)
        report_path = _save(lambda path: write_report(content, path), wishes.report)
        complete = complete and report_path == wishes.report
    if wishes.plot is not None and result.history:
        plot_path = _save(partial(_plot, wishes, dataset, result), wishes.plot)
        complete = complete and plot_path == wishes.plot
    return _Saved(model_path, report_path, plot_path, complete)


def _plot(wishes: Wishes, dataset: Dataset, result: TrainingResult, path: Path) -> None:
    network = wishes.config.network(dataset.inputs, len(dataset.classes))
    curves = Curves.of(result.history, result.best_epoch)
    plot_curves(curves, f"{dataset.name}, {network}, {wishes.config.optimizer}", path)


def _tell_if_it_failed(config: TrainConfig, result: TrainingResult) -> None:
    """Say what went wrong and the next move, if the run or a part of it failed."""
    for failure in result.overcome:
        note(f"{failure}; it was opened anew, and the work done again")
    if result.stop_reason == "diverged":
        saved = (
            f"the weights of epoch {result.best_epoch} are" if result.best_epoch else "no model is"
        )
        tell = note if result.best_epoch else complain
        tell(
            f"training diverged: its loss is no longer finite in epoch {len(result.history)}, so "
            f"{saved} saved; try --learning-rate {config.effective_learning_rate / 10:g}"
        )
    elif result.best_epoch == 0:
        note("training stopped before an epoch was done, so no model is saved")
    elif lost := config.ensemble - len(result.learnt):
        note(f"{lost} of the {config.ensemble} networks diverged, so the others are saved alone")
    if result.device_failures and result.best_epoch:
        complain(f"{result.device_failures[-1]}; {_left_by_the_device(result)}")


def _left_by_the_device(result: TrainingResult) -> str:
    """What there is though the device failed for good."""
    left = f"the weights of epoch {result.best_epoch} are saved"
    if result.stop_reason == "device failed":
        left = f"training ended after epoch {len(result.history)}, and {left}"
    if result.counts["test"] and not result.tested:
        left += ", but untested; `gpunet evaluate` can test them later"
    return left


def _save(write: Callable[[Path], None], path: Path) -> Path | None:
    """Where the file ended up: at ``path``, else in the temporary folder, else nowhere."""
    try:
        write(path)
    except OutputError as error:
        complain(error)
        return _save_elsewhere(write, path.name)
    return path


def _save_elsewhere(write: Callable[[Path], None], name: str) -> Path | None:
    try:
        fallback = Path(tempfile.mkdtemp(prefix="gpunet-")) / name
        write(fallback)
    except (OutputError, OSError) as error:
        complain(f"nor can it be kept in the temporary folder: {error}")
        return None
    note(f"it is saved as {fallback} instead")
    return fallback


def _model(wishes: Wishes, dataset: Dataset, result: TrainingResult) -> Model:
    return replace(
        _template(wishes, dataset),
        parameters=result.parameters[result.learnt],
        scaling=result.scaling,
        best_epoch=result.best_epoch,
        test=_test_figures(wishes, dataset, result),
    )


def _template(wishes: Wishes, dataset: Dataset) -> Model:
    """All of the model that is known before it is trained; its weights are zero."""
    network = wishes.config.network(dataset.inputs, len(dataset.classes))
    return Model(
        network=network,
        parameters=np.zeros((wishes.config.ensemble, network.parameter_count), dtype=np.float32),
        config=wishes.config,
        classes=dataset.classes,
        image_shape=dataset.image_shape,
        scaling=None,
        origin=Origin(
            dataset.name, reference(wishes.data, dataset), dataset.fingerprint(), dataset.source
        ),
        best_epoch=0,
        test=Figures(None, None),
        columns=dataset.columns,
    )


def _test_figures(wishes: Wishes, dataset: Dataset, result: TrainingResult) -> Figures:
    return result.figures(wishes.config.loss, dataset.test.labels)


def _show(
    wishes: Wishes,
    dataset: Dataset,
    result: TrainingResult,
    saved: _Saved,
    console: Console,
    painter: Painter | None,
    profile: Profile | None,
) -> None:
    """Print the summary, the mistakes and some samples; or all of it in one line.

    The weights that no epoch improved are random, so nothing is shown of what they do.
    """
    if wishes.quiet:
        typer.echo(_result_line(wishes, dataset, result, saved))
        return
    console.print()
    console.print(summary_table(_summary(wishes, dataset, result, saved)))
    if profile is not None:
        console.print()
        for part in profile_table(profile):
            console.print(part)
    if result.best_epoch == 0 or not result.tested:
        return
    probabilities, labels = result.answers, dataset.test.labels
    if wishes.config.ensemble > 1:
        together = _test_figures(wishes, dataset, result)
        console.print()
        console.print(committee_table(together, [result.own_figures[p] for p in result.learnt]))
    console.print()
    console.print(confusion_table(confusion_matrix(probabilities, labels), dataset.classes))
    if wishes.showcase:
        rows = pick(probabilities, labels, wishes.showcase, wishes.config.seed)
        console.print()
        classes, shape = dataset.classes, dataset.image_shape
        showcase(console, dataset.test, probabilities, classes, shape, rows, painter=painter)


def _result_line(wishes: Wishes, dataset: Dataset, result: TrainingResult, saved: _Saved) -> str:
    where = f"saved as {saved.model}" if saved.model else "not saved"
    if result.best_epoch == 0:
        return f"no epoch succeeded ({result.stop_reason}), {where}"
    test = _test_figures(wishes, dataset, result)
    return (
        f"test accuracy {figures.percent(test.accuracy)}, loss {figures.loss(test.loss)}, "
        f"best epoch {result.best_epoch} of {len(result.history)} ({result.stop_reason}), "
        f"{figures.seconds(result.seconds)}, {where}"
    )


def _summary(
    wishes: Wishes, dataset: Dataset, result: TrainingResult, saved: _Saved
) -> Sequence[tuple[str, str]]:
    per_step = result.seconds / result.steps if result.steps else None
    learnt = []
    if result.best_epoch:
        test = _test_figures(wishes, dataset, result)
        learnt = [
            ("test accuracy", figures.percent(test.accuracy)),
            ("test loss", figures.loss(test.loss)),
            ("best epoch", f"{result.best_epoch} of {len(result.history)}"),
        ]
    rows = [
        *learnt,
        ("stopped", why_stopped(result.stop_reason, len(result.history))),
        ("training time", figures.seconds(result.seconds)),
        ("per step", "-" if per_step is None else figures.seconds(per_step)),
        ("model", str(saved.model or "not saved")),
    ]
    further = [("report", saved.report), ("plot", saved.plot)]
    return rows + [(name, str(path)) for name, path in further if path]
