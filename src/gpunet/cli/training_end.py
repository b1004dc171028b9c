"""What ``gpunet train`` saves and prints when a training has ended."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
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
from gpunet.artifacts.kept_runs import RUNS
from gpunet.artifacts.report import write_report
from gpunet.cli.exits import leave_if_signaled
from gpunet.cli.saving import Results
from gpunet.cli.setting_options import settings_command
from gpunet.config import SETTINGS
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.whereabouts import portable
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.device_name import device_in_words
from gpunet.terminal.draw.graphics import Painter
from gpunet.terminal.draw.scatter import scatters
from gpunet.terminal.live.console import require_heard
from gpunet.terminal.live.messages import ConsoleMessages
from gpunet.terminal.live.notes import note
from gpunet.terminal.views.end_card import EndCard
from gpunet.terminal.views.ending import (
    Part,
    monitored_metric,
    print_parts,
    why_stopped,
    with_curves,
)
from gpunet.terminal.views.kept_epoch import kept_epoch
from gpunet.terminal.views.score import measured_in_words, scores_in_words
from gpunet.terminal.views.showcase import showcase
from gpunet.terminal.views.tables import (
    class_table,
    confusion_table,
    ensemble_table,
    target_table,
)
from gpunet.training.evaluation import sample_rows
from gpunet.training.events import EpochRecord
from gpunet.training.metrics import confusion_matrix, label_scores, target_scores
from gpunet.training.outcome import (
    no_better_than_guessing,
    no_better_than_the_mean,
    still_falling,
)
from gpunet.training.settings_for_data import left_open, network_for, settled
from gpunet.workflows.run_folders import Recorder
from gpunet.workflows.training import Run

__all__ = ["end_card", "finish", "save_results"]

SAMPLES = 10
"""Number of test samples shown by default."""

UNUSED = ("learning_rate", "schedule", "warmup", "lr_decay_every", "epochs", "patience")
"""Settings that ``gpunet find-lr`` ignores."""

MOVES = 3
"""Most suggested commands."""


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
    """Print the result of a training, and end with its exit code.

    Args:
        run: the run that has ended.
        messages: what showed it; on a quiet console one line is printed.
        results: the files of the run.
        recorder: what kept the run in a folder, if it was kept.
        painter: paints samples in pixels.
        samples: of the test set to show; ``None`` for as many as usual, where there is room.
    """
    leave_if_signaled(messages.control)
    console = messages.console
    if console.quiet:
        if (failure := _no_better_than_guessing(run)) is not None:
            note(f"{failure}; try {_lower_rate(run)}, or find a rate by `gpunet find-lr`")
        typer.echo(_result_line(run, results))
    else:
        parts = list(_parts(console, run, results, recorder, painter, samples))
        if messages.dashboard is not None:
            parts = with_curves(console, messages.dashboard.closing_view, parts)
        print_parts(console, parts)
    require_heard(console)
    if run.failed or not results.complete or (recorder is not None and not recorder.complete):
        raise typer.Exit(1)


def _result_line(run: Run, results: Results) -> str:
    model = results.written.get("model")
    where = f"saved as {model}" if model else "not saved"
    if not run.best_epoch:
        return f"no epoch succeeded ({run.stop_reason}), {where}"
    scores = ", ".join(map(" ".join, scores_in_words(run.test, run.dataset.kind)))
    return f"test {scores}, {run.epochs_in_words}, {formats.seconds(run.result.seconds)}, {where}"


def _parts(
    console: Console,
    run: Run,
    results: Results,
    recorder: Recorder | None,
    painter: Painter | None,
    samples: int | None,
) -> Iterator[Part]:
    """Some samples, the mistakes and, at the end, the card.

    If no epoch improved the weights, they are random, so no predictions are shown.
    """
    if run.best_epoch and run.result.tested:
        yield from _test_parts(console, run, samples, painter)
    yield Part(end_card(console, run, results, recorder))


def end_card(console: Console, run: Run, results: Results, recorder: Recorder | None) -> EndCard:
    """The results of a training, its files, and suggested commands."""
    guessing = _no_better_than_guessing(run) or ""
    return EndCard(
        title=f"{run.dataset.name}, {network_for(run.config, run.dataset)}",
        rows=_rows(console, run, results),
        moves=_moves(run, results, recorder, guessing=bool(guessing)),
        warning=guessing,
    )


def _no_better_than_guessing(run: Run) -> str | None:
    """What to say if nothing was learned."""
    config, dataset, test = run.config, run.dataset, run.test
    if no_better_than_the_mean(run.result, test):
        return (
            f"the network is no better than the mean: its test R2 is {formats.r2(test.r2)} where "
            "always answering the mean of the targets gives 0"
        )
    guessing = no_better_than_guessing(config, run.result, test, dataset)
    if guessing is None:
        return None
    names = dataset.output_names
    answer = ", ".join(names[at] for at in guessing.answer) or "none"
    return (
        f"the network is no better than guessing: its test accuracy is "
        f"{formats.percent(test.accuracy)} where always answering "
        f"{answer!r} gives {formats.percent(guessing.share)}, its "
        f"loss {formats.loss(test.loss)} where equal shares give {formats.loss(guessing.loss)}"
    )


def _lower_rate(run: Run) -> str:
    """The learning rate to try if nothing was learned."""
    return f"--lr {run.config.effective_learning_rate / 10:g}"


def _test_parts(
    console: Console, run: Run, samples: int | None, painter: Painter | None
) -> Iterator[Part]:
    """Predictions of the best weights for the test set."""
    dataset, result, test = run.dataset, run.result, run.dataset.test
    answers, names, kind = result.answers, dataset.output_names, dataset.kind
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
    test, names = dataset.test, dataset.output_names
    if dataset.kind == "classes":
        return confusion_table(console, confusion_matrix(answers, test.labels), names)
    if dataset.kind == "labels":
        return class_table(label_scores(answers, test.labels), names, "label")
    drawn = scatters(console, names, test.labels, answers, console.width)
    if len(names) == 1:
        return drawn
    scores = target_scores(test.labels, answers, test.weights)
    return Group(drawn, Text(), target_table(scores, names))


def _rows(console: Console, run: Run, results: Results) -> list[tuple[str, str]]:
    """The results of the training, the most important first."""
    result, written = run.result, results.written
    rows = []
    if (kept := result.kept) is not None:
        rows += [_score(console, run, kept), _kept_epoch(run, kept)]
    time_taken = formats.seconds(result.seconds)
    if result.steps:
        step = formats.seconds(result.seconds / result.steps)
        time_taken += f", {step} per step, validation included"
    return [
        *rows,
        ("model", written.get("model", "not saved")),
        *((name, written[name]) for name in ("report", "plot") if name in written),
        ("training time", time_taken),
        ("ended", why_stopped(result.stop_reason, len(result.history))),
        ("device", device_in_words(run.device)),
    ]


def _score(console: Console, run: Run, kept: EpochRecord) -> tuple[str, str]:
    """The test score, or the validation score if there are no test samples."""
    kind, test = run.dataset.kind, run.dataset.test
    if not run.result.tested:
        name, value = monitored_metric(run.config.monitor, kept)
        return name, f"{value}, untested"
    (name, value), *others = measured_in_words(
        run.test, kind, run.result.answers, test, console.options.ascii_only
    )
    scores = ", ".join([value, *map(" ".join, others)])
    return f"test {name}", f"{scores}, {formats.count(len(test))} samples"


def _kept_epoch(run: Run, kept: EpochRecord) -> tuple[str, str]:
    """The epoch whose weights are kept, and the metric that decided."""
    best = f"{run.best_epoch} of {len(run.history)}"
    name, value = monitored_metric(run.config.monitor, kept)
    if run.config.keep == "last":
        return "kept epoch", f"{best}, the last, as asked for; its {name} is {value}"
    if run.config.ensemble > 1:
        return "best epoch", f"up to {best}, by each network's {name}, {value} on average"
    told = kept_epoch(run.config, run.result.history, run.best_epoch)
    others = [told.other, told.better] if told else []
    return "best epoch", ", ".join([f"{best}, by its {name}, {value}", *filter(None, others)])


def _moves(
    run: Run, results: Results, recorder: Recorder | None, *, guessing: bool
) -> list[tuple[str, str]]:
    """Suggested commands, each with its purpose."""
    config, reference = run.config, run.reference or run.dataset.name
    if guessing or not run.best_epoch:
        unused: dict[str, Any] = {name: SETTINGS[name].default for name in UNUSED}
        asked = replace(left_open(config, run.dataset), **unused)
        find = settings_command("find-lr", asked, reference)
        return [(find, f"or train with {_lower_rate(run)}")]
    moves = []
    if still_falling(run.result):
        moves.append((_longer(run, recorder, reference), "its loss still fell"))
    path, image = results.paths.get("model"), run.dataset.image_shape is not None
    if path is None:
        return moves
    newest = recorder is not None and path == recorder.model and path.parent.parent == RUNS
    model = [] if newest else [str(path)]
    data = _data(run, path.parent)
    if run.result.tested:
        option = "--top-losses" if run.dataset.kind == "measured" else "--wrong"
        moves.append((_command("showcase", *model, *data, option), "what it gets wrong"))
    given, what = ("IMAGE", "an image of yours") if image else ("ROWS.csv", "rows of yours")
    moves.append((_command("predict", *model, given), what))
    moves.append((_command("export", *model, "page.html", *data), "a page for browsers"))
    return moves[:MOVES]


def _longer(run: Run, recorder: Recorder | None, reference: str) -> str:
    """The command that resumes a training for more epochs, or trains anew with as many."""
    config = run.config
    usual = settled(replace(config, epochs=None, warmup=0.0), run.dataset).effective_epochs
    epochs = max(2 * len(run.history), usual)
    if recorder is None or not recorder.complete:
        longer = left_open(replace(config, epochs=epochs), run.dataset)
        return settings_command("train", longer, reference)
    folder = recorder.folder.path
    name = folder.name if folder.parent == RUNS else str(folder)
    data = _data(run, folder)
    return _command("train", "--resume", name, *data, "--epochs", str(epochs))


def _data(run: Run, folder: Path) -> list[str]:
    """The option that names the data, unless a model in that folder knows them."""
    reference = run.reference
    if reference is None or portable(reference, folder) is not None:
        return []
    return ["--data", reference]


def _command(*words: str) -> str:
    return shlex.join(["gpunet", *words])
