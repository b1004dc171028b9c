"""One run of ``gpunet train``: from the data to what is printed and saved at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from gpunet.artifacts import model_file
from gpunet.artifacts.report import write_report
from gpunet.cli.saving import in_place, save, told
from gpunet.config import Graphics, TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.factory import Device
from gpunet.engine.wgpu.tile_cache import TileCache
from gpunet.terminal.draw import figures
from gpunet.terminal.draw.graphics import Painter, choose_painter
from gpunet.terminal.draw.style import WARNING
from gpunet.terminal.live.closing import Part, print_parts
from gpunet.terminal.live.console import PatientStream, make_console
from gpunet.terminal.live.dashboard import Dashboard, training_display
from gpunet.terminal.live.messages import ConsoleMessages
from gpunet.terminal.live.notes import complain, note
from gpunet.terminal.live.plain import log_printer
from gpunet.terminal.views.ending import monitored_metric, why_stopped
from gpunet.terminal.views.showcase import showcase
from gpunet.terminal.views.tables import confusion_table, ensemble_table, summary_table
from gpunet.training.evaluation import sample_rows
from gpunet.training.events import Control
from gpunet.training.metrics import confusion_matrix
from gpunet.training.outcome import no_better_than_guessing, still_falling
from gpunet.training.result import TrainingResult
from gpunet.training.splits import settled
from gpunet.workflows.data import open_training_data, reference
from gpunet.workflows.devices import device_as_before, measured_tiles, settle_device
from gpunet.workflows.messages import Messages
from gpunet.workflows.run_folders import Recorder, RunLocation
from gpunet.workflows.training import Run, settle_epochs, train_model, untrained_model

__all__ = ["Wishes", "carry_out"]

SAMPLES = 10
"""Test samples that are shown unless told otherwise."""


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
        showcase: test samples to show; ``None`` for as many as usual, where there is room.
        graphics: how they are drawn, as ``--graphics`` says.
        plain: no dashboard.
        quiet: nothing but the result.
        autotune: take the fastest tiles, and measure them first where that pays.
        location: where the run is kept while it is trained, if anywhere.
        force: replace files that are there.
    """

    config: TrainConfig
    data: str
    device: str
    output: Path
    report: Path | None
    plot: Path | None
    showcase: int | None
    graphics: Graphics
    plain: bool
    quiet: bool
    autotune: bool = True
    location: RunLocation | None = None
    force: bool = False


def carry_out(wishes: Wishes) -> None:
    """Train, save, and show what came of it.

    Raises:
        GpunetError: whatever a user can cause or fix.
    """
    console = make_console(plain=wishes.plain, quiet=wishes.quiet, patient=True)
    messages = ConsoleMessages(console)
    painter = choose_painter(wishes.graphics, console)
    begun = wishes.location.state if wishes.location else None
    choice = device_as_before(wishes.device, begun.device if begun else "", messages)
    dataset = open_training_data(wishes.data, messages, wishes.config.label)
    wishes = replace(wishes, config=settle_epochs(wishes.config, dataset, messages))
    recorder = _recorder(wishes, dataset, messages)
    choice = settle_device(choice, wishes.config, wishes.config.ensemble, dataset, messages)
    tiles = _tiles(wishes, choice, dataset, messages)
    control = Control()
    run, curves = _train(wishes, choice, dataset, console, recorder, tiles, control)
    saved = _save_results(wishes, run)
    if recorder is not None:
        model = run.model if run.best_epoch else None
        recorder.finish(model, run.report(), run.plot)
    if control.signal is not None:
        raise typer.Exit(128 + control.signal)
    if wishes.quiet:
        if (failure := _no_better_than_guessing(run)) is not None:
            note(failure)
        typer.echo(_result_line(wishes, run, saved))
    else:
        parts = _parts(wishes, run, saved, console, painter)
        print_parts(console, [*curves, *parts])
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


def _tiles(
    wishes: Wishes, choice: Device, dataset: Dataset, messages: Messages
) -> TileCache | None:
    """The tiles that were measured, at present if the training is long enough for that to pay."""
    if not wishes.autotune:
        return None
    tiles, measured, seconds = measured_tiles(choice, wishes.config, dataset, messages)
    if measured:
        messages.say(
            f"tiles:  the fastest for {len(measured)} products, measured in "
            f"{figures.seconds(seconds)} and kept for later runs"
        )
    return tiles


def _recorder(wishes: Wishes, dataset: Dataset, messages: Messages) -> Recorder | None:
    """What keeps the run while it is trained, if it is to be kept."""
    if wishes.location is None:
        return None
    wishes.location.require_same(dataset)
    messages.say(f"run:    {wishes.location.folder.path}")
    template = untrained_model(wishes.config, dataset, reference(wishes.data, dataset))
    return Recorder(wishes.location, template, messages)


def _train(
    wishes: Wishes,
    choice: Device,
    dataset: Dataset,
    console: Console,
    recorder: Recorder | None,
    tiles: TileCache | None,
    control: Control,
) -> tuple[Run, list[Part]]:
    """Train before the user's eyes; the screen is gone when this returns, its curves are left."""
    location = wishes.location
    log = [] if location is None else [log_printer(location.folder.log)]
    with training_display(console, control, plain=wishes.plain) as display:
        run = train_model(
            wishes.config,
            dataset,
            choice,
            reference=reference(wishes.data, dataset),
            tiles=tiles,
            callbacks=(display, *log),
            control=control,
            resume=location.state if location else None,
            checkpoint=None if recorder is None else recorder.write_checkpoint,
            checkpoint_every=location.every if location else 1,
        )
    return run, [Part(display.closing_view(), 3)] if isinstance(display, Dashboard) else []


@dataclass(frozen=True, slots=True)
class _Saved:
    """Where the results are: ``None`` where nothing was to be saved or could be."""

    model: Path | None
    report: Path | None
    plot: Path | None
    complete: bool


def _save_results(wishes: Wishes, run: Run) -> _Saved:
    """Save the model, report and plot; what cannot be written does not keep back the rest."""
    result, complete = run.result, True
    model_path = report_path = plot_path = None
    _tell_if_it_failed(run.config, result)
    if result.best_epoch == 0:
        complete = result.stop_reason != "diverged"
    else:
        content = partial(model_file.save, run.model)
        model_path = save(content, wishes.output, force=wishes.force)
        complete = in_place(model_path, wishes.output) and not result.device_failures
    if wishes.report is not None:
        content = partial(write_report, run.report())
        report_path = save(content, wishes.report, force=wishes.force)
        complete = complete and in_place(report_path, wishes.report)
    if wishes.plot is not None and result.history:
        plot_path = save(run.plot, wishes.plot, force=wishes.force)
        complete = complete and in_place(plot_path, wishes.plot)
    return _Saved(model_path, report_path, plot_path, complete)


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


def _no_better_than_guessing(run: Run) -> str | None:
    """What to say, and the next move, if nothing was learnt."""
    config, labels, classes = run.config, run.dataset.test.labels, run.dataset.classes
    guessing = no_better_than_guessing(config, run.result, labels, len(classes))
    if guessing is None:
        return None
    return (
        f"the network is no better than guessing: its test accuracy is "
        f"{figures.percent(run.test.accuracy)} where always answering "
        f"{classes[guessing.commonest]!r} gives {figures.percent(guessing.share)}, its "
        f"loss {figures.loss(run.test.loss)} where equal shares give {figures.loss(guessing.loss)};"
        f" try --lr {config.effective_learning_rate / 10:g}, or look for a rate by gpunet find-lr"
    )


def _advice(wishes: Wishes, run: Run) -> Text | None:
    """What to do if nothing was learnt, or if longer training would do more."""
    if (failure := _no_better_than_guessing(run)) is not None:
        return Text(failure, WARNING)
    if not still_falling(run.config, run.result):
        return None
    epochs = max(2 * len(run.result.history), _default_epochs(run.config, run.dataset))
    resume = f"--resume {wishes.location.folder.path} " if wishes.location else ""
    return Text(
        f"advice: the loss was still falling in the last epochs; train longer by {resume}"
        f"--epochs {epochs}"
    )


def _default_epochs(config: TrainConfig, dataset: Dataset) -> int:
    return settled(replace(config, epochs=None, warmup=0.0), dataset).effective_epochs


def _left_by_the_device(result: TrainingResult) -> str:
    """What there is though the device failed for good."""
    left = f"the weights of epoch {result.best_epoch} are saved"
    if result.stop_reason == "device failed":
        left = f"training ended after epoch {len(result.history)}, and {left}"
    if result.counts["test"] and not result.tested:
        left += ", but untested; `gpunet evaluate` can test them later"
    return left


def _parts(
    wishes: Wishes,
    run: Run,
    saved: _Saved,
    console: Console,
    painter: Painter | None,
) -> Iterator[Part]:
    """The mistakes, some samples and, at the end, the summary.

    The weights that no epoch improved are random, so nothing is shown of what they do.
    """
    if run.best_epoch and run.result.tested:
        yield from _test_parts(wishes, run, console, painter)
    if (advice := _advice(wishes, run)) is not None:
        yield Part(advice)
    yield Part(summary_table(_summary(wishes, run, saved)))


def _test_parts(
    wishes: Wishes, run: Run, console: Console, painter: Painter | None
) -> Iterator[Part]:
    """What the best weights make of the test set."""
    dataset, result = run.dataset, run.result
    probabilities, labels = result.answers, dataset.test.labels
    asked_for = wishes.showcase is not None
    count = wishes.showcase if wishes.showcase is not None else SAMPLES
    if count:
        rows = sample_rows(probabilities, labels, count, wishes.config.seed)
        classes, shape = dataset.classes, dataset.image_shape
        shown = showcase(
            console, dataset.test, probabilities, classes, shape, rows, painter=painter
        )
        yield Part(shown, 0 if asked_for else 4)
    matrix = confusion_matrix(probabilities, labels)
    yield Part(confusion_table(console, matrix, dataset.classes), 2)
    if wishes.config.ensemble > 1:
        yield Part(ensemble_table(run.test, [result.own_scores[p] for p in result.learnt]), 1)


def _result_line(wishes: Wishes, run: Run, saved: _Saved) -> str:
    result, test = run.result, run.test
    where = f"saved as {told(saved.model, wishes.output)}" if saved.model else "not saved"
    if result.best_epoch == 0:
        return f"no epoch succeeded ({result.stop_reason}), {where}"
    return (
        f"test accuracy {figures.percent(test.accuracy)}, loss {figures.loss(test.loss)}, "
        f"best epoch {result.best_epoch} of {len(result.history)} ({result.stop_reason}), "
        f"{figures.seconds(result.seconds)}, {where}"
    )


def _summary(wishes: Wishes, run: Run, saved: _Saved) -> Sequence[tuple[str, str]]:
    """What matters most comes last, where the eye is when all is printed."""
    result, test = run.result, run.test
    time_taken = figures.seconds(result.seconds)
    if result.steps:
        time_taken += f", {figures.seconds(result.seconds / result.steps)} per step"
    files = [("report", saved.report, wishes.report), ("plot", saved.plot, wishes.plot)]
    rows = [
        ("stopped", why_stopped(result.stop_reason, len(result.history))),
        ("training time", time_taken),
        *((name, told(path, wanted)) for name, path, wanted in files if path),
    ]
    if result.best_epoch:
        accuracy, loss = figures.percent(test.accuracy), figures.loss(test.loss)
        rows += [
            ("test accuracy", f"{accuracy}, loss {loss}"),
            ("best epoch", _best_epoch(wishes.config, result)),
        ]
    return [*rows, ("model", told(saved.model, wishes.output) if saved.model else "not saved")]


def _best_epoch(config: TrainConfig, result: TrainingResult) -> str:
    """Which epoch's weights are kept, and what has decided that."""
    place = f"{result.best_epoch} of {len(result.history)}"
    name, value = monitored_metric(config.monitor, result.history[result.best_epoch - 1])
    if config.ensemble > 1:
        return f"{place} for the last of the networks, each by its {name}"
    return f"{place}, by its {name}, {value}"
