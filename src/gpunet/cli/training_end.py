"""What ``gpunet train`` saves and prints when a training has ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from gpunet.artifacts import model_file
from gpunet.artifacts.report import write_report
from gpunet.cli.saving import Results
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.graphics import Painter
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.live.console import require_heard
from gpunet.terminal.live.messages import ConsoleMessages
from gpunet.terminal.live.notes import note
from gpunet.terminal.views.ending import Part, monitored_metric, print_parts, why_stopped
from gpunet.terminal.views.showcase import showcase
from gpunet.terminal.views.tables import confusion_table, ensemble_table, summary_table
from gpunet.training.evaluation import sample_rows
from gpunet.training.metrics import confusion_matrix
from gpunet.training.outcome import no_better_than_guessing, still_falling
from gpunet.training.splits import settled
from gpunet.workflows.run_folders import Recorder
from gpunet.workflows.training import Run

__all__ = ["finish", "save_results"]

SAMPLES = 10
"""Test samples that are shown by default."""


def save_results(
    results: Results, run: Run, output: Path, report: Path | None, plot: Path | None
) -> None:
    """Save the model, the report and the curves of a run, as far as there are any."""
    if run.best_epoch:
        results.save("model", partial(model_file.save, run.model), output)
    results.save("report", partial(write_report, run.report()), report)
    if run.history:
        results.save("plot", run.plot, plot)


def finish(
    run: Run,
    messages: ConsoleMessages,
    results: Results,
    recorder: Recorder | None,
    painter: Painter | None,
    samples: int | None,
) -> None:
    """Print what a training has come to, and end with its exit code.

    Args:
        run: that has ended.
        messages: what has shown it; on a quiet console one line is printed.
        results: where its files are.
        recorder: what has kept it, if anything.
        painter: paints samples in pixels.
        samples: of the test set to show; ``None`` for as many as usual, where there is room.
    """
    console, signal = messages.console, messages.control.signal
    if signal is not None:
        raise typer.Exit(128 + signal)
    if console.quiet:
        if (failure := _no_better_than_guessing(run)) is not None:
            note(failure)
        typer.echo(_result_line(run, results))
    else:
        curves = messages.dashboard
        parts = [] if curves is None else [Part(curves.closing_view(), 3)]
        print_parts(console, [*parts, *_parts(console, run, results, recorder, painter, samples)])
    require_heard(console)
    if run.failed or not results.complete or (recorder is not None and not recorder.complete):
        raise typer.Exit(1)


def _result_line(run: Run, results: Results) -> str:
    model = results.written.get("model")
    where = f"saved as {model}" if model else "not saved"
    if not run.best_epoch:
        return f"no epoch succeeded ({run.stop_reason}), {where}"
    return (
        f"test accuracy {formats.percent(run.test.accuracy)}, loss {formats.loss(run.test.loss)}, "
        f"best epoch {run.best_epoch} of {len(run.history)} ({run.stop_reason}), "
        f"{formats.seconds(run.result.seconds)}, {where}"
    )


def _parts(
    console: Console,
    run: Run,
    results: Results,
    recorder: Recorder | None,
    painter: Painter | None,
    samples: int | None,
) -> Iterator[Part]:
    """Some samples, the mistakes and, at the end, the summary.

    The weights that no epoch improved are random, so nothing is shown of what they do.
    """
    if run.best_epoch and run.result.tested:
        yield from _test_parts(console, run, samples, painter)
    if (advice := _advice(run, recorder)) is not None:
        yield Part(advice)
    yield Part(summary_table(_summary(run, results)))


def _no_better_than_guessing(run: Run) -> str | None:
    """What to say, and the next move, if nothing was learned."""
    config, labels, classes = run.config, run.dataset.test.labels, run.dataset.classes
    guessing = no_better_than_guessing(config, run.result, labels, len(classes))
    if guessing is None:
        return None
    return (
        f"the network is no better than guessing: its test accuracy is "
        f"{formats.percent(run.test.accuracy)} where always answering "
        f"{classes[guessing.commonest]!r} gives {formats.percent(guessing.share)}, its "
        f"loss {formats.loss(run.test.loss)} where equal shares give {formats.loss(guessing.loss)};"
        f" try --lr {config.effective_learning_rate / 10:g}, or look for a rate by gpunet find-lr"
    )


def _advice(run: Run, recorder: Recorder | None) -> Text | None:
    """What to do if nothing was learned, or if longer training would do more."""
    if (failure := _no_better_than_guessing(run)) is not None:
        return Text(failure, Ink.WARNING)
    if not still_falling(run.config, run.result):
        return None
    usual = settled(replace(run.config, epochs=None, warmup=0.0), run.dataset).effective_epochs
    resume = f"--resume {recorder.folder.path} " if recorder else ""
    return Text(
        f"advice: the loss was still falling in the last epochs; train longer by {resume}"
        f"--epochs {max(2 * len(run.history), usual)}"
    )


def _test_parts(
    console: Console, run: Run, samples: int | None, painter: Painter | None
) -> Iterator[Part]:
    """What the best weights make of the test set."""
    dataset, result = run.dataset, run.result
    probabilities, labels = result.answers, dataset.test.labels
    count = SAMPLES if samples is None else samples
    if count:
        rows = sample_rows(probabilities, labels, count, run.config.seed)
        classes, shape = dataset.classes, dataset.image_shape
        shown = showcase(
            console, dataset.test, probabilities, classes, shape, rows, painter=painter
        )
        yield Part(shown, 4 if samples is None else 0)
    matrix = confusion_matrix(probabilities, labels)
    yield Part(confusion_table(console, matrix, dataset.classes), 2)
    if run.config.ensemble > 1:
        yield Part(ensemble_table(run.test, [result.own_scores[p] for p in result.learned]), 1)


def _summary(run: Run, results: Results) -> Sequence[tuple[str, str]]:
    """The summary's rows; what matters most comes last, where the eye is when all is printed."""
    result, test, written = run.result, run.test, results.written
    time_taken = formats.seconds(result.seconds)
    if result.steps:
        time_taken += f", {formats.seconds(result.seconds / result.steps)} per step"
    rows = [
        ("stopped", why_stopped(result.stop_reason, len(result.history))),
        ("training time", time_taken),
        *((name, written[name]) for name in ("report", "plot") if name in written),
    ]
    if run.best_epoch:
        accuracy, loss = formats.percent(test.accuracy), formats.loss(test.loss)
        rows += [("test accuracy", f"{accuracy}, loss {loss}"), ("best epoch", _best_epoch(run))]
    return [*rows, ("model", written.get("model", "not saved"))]


def _best_epoch(run: Run) -> str:
    """Which epoch's weights are kept, and what has decided that."""
    best = f"{run.best_epoch} of {len(run.history)}"
    name, value = monitored_metric(run.config.monitor, run.result.history[run.best_epoch - 1])
    if run.config.ensemble > 1:
        return f"{best} for the last of the networks, each by its {name}"
    return f"{best}, by its {name}, {value}"
