"""What ``gpunet train`` saves and prints when a training has ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console, Group, RenderableType
from rich.text import Text

from gpunet.artifacts import model_file
from gpunet.artifacts.report import write_report
from gpunet.cli.saving import Results
from gpunet.datasets.dataset import Dataset
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.graphics import Painter
from gpunet.terminal.draw.scatter import scatters
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.live.console import require_heard
from gpunet.terminal.live.messages import ConsoleMessages
from gpunet.terminal.live.notes import note
from gpunet.terminal.views.ending import Part, monitored_metric, print_parts, why_stopped
from gpunet.terminal.views.score import scores_in_words
from gpunet.terminal.views.showcase import showcase
from gpunet.terminal.views.tables import (
    class_table,
    confusion_table,
    ensemble_table,
    summary_table,
    target_table,
)
from gpunet.training.evaluation import sample_rows
from gpunet.training.metrics import confusion_matrix, label_scores, target_scores
from gpunet.training.outcome import (
    no_better_than_guessing,
    no_better_than_the_mean,
    still_falling,
)
from gpunet.training.splits import settled
from gpunet.workflows.run_folders import Recorder
from gpunet.workflows.training import Run

__all__ = ["finish", "save_results"]

SAMPLES = 10
"""Test samples that are shown by default."""


def save_results(
    results: Results, run: Run, output: Path | None, report: Path | None, plot: Path | None
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
    scores = ", ".join(map(" ".join, scores_in_words(run.test, run.dataset.kind)))
    return (
        f"test {scores}, "
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
    config, dataset, test = run.config, run.dataset, run.test
    move = f"try --lr {config.effective_learning_rate / 10:g}, or look for a rate by gpunet find-lr"
    if no_better_than_the_mean(run.result, test):
        return (
            f"the network is no better than the mean: its test R2 is {formats.r2(test.r2)} where "
            f"always answering the mean of the targets gives 0; {move}"
        )
    guessing = no_better_than_guessing(config, run.result, test, dataset)
    if guessing is None:
        return None
    names = dataset.classes or dataset.targets
    answer = ", ".join(names[at] for at in guessing.answer) or "none"
    return (
        f"the network is no better than guessing: its test accuracy is "
        f"{formats.percent(test.accuracy)} where always answering "
        f"{answer!r} gives {formats.percent(guessing.share)}, its "
        f"loss {formats.loss(test.loss)} where equal shares give {formats.loss(guessing.loss)};"
        f" {move}"
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
    dataset, result, test = run.dataset, run.result, run.dataset.test
    answers, names, kind = result.answers, dataset.classes or dataset.targets, dataset.kind
    count = SAMPLES if samples is None else samples
    if count:
        rows = sample_rows(len(test), count, run.config.seed)
        given = console, test, answers, names, dataset.image_shape, rows
        yield Part(showcase(*given, painter=painter, kind=kind), 4 if samples is None else 0)
    yield Part(_whole_test(console, dataset, answers), 2)
    if run.config.ensemble > 1:
        own = [run.own_scores[p] for p in result.learned]
        yield Part(ensemble_table(run.test, own, kind), 1)


def _whole_test(
    console: Console, dataset: Dataset, answers: NDArray[np.floating[Any]]
) -> RenderableType:
    """What is confused in the test set; of measured targets the predictions by the true values."""
    test, names = dataset.test, dataset.classes or dataset.targets
    if dataset.kind == "classes":
        return confusion_table(console, confusion_matrix(answers, test.labels), names)
    if dataset.kind == "labels":
        return class_table(label_scores(answers, test.labels), names, "label")
    drawn = scatters(console, names, test.labels, answers, console.width)
    if len(names) == 1:
        return drawn
    scores = target_scores(test.labels, answers, test.weights)
    return Group(drawn, Text(), target_table(scores, names))


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
        (name, value), *others = scores_in_words(test, run.dataset.kind)
        scores = ", ".join([value, *map(" ".join, others)])
        rows += [(f"test {name}", scores), ("best epoch", _best_epoch(run))]
    return [*rows, ("model", written.get("model", "not saved"))]


def _best_epoch(run: Run) -> str:
    """Which epoch's weights are kept, and what has decided that."""
    best = f"{run.best_epoch} of {len(run.history)}"
    name, value = monitored_metric(run.config.monitor, run.result.history[run.best_epoch - 1])
    if run.config.ensemble > 1:
        return f"{best} for the last of the networks, each by its {name}"
    return f"{best}, by its {name}, {value}"
