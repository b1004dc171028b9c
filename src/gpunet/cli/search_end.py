"""What ``gpunet tune`` saves and prints when a search has ended."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import typer
from rich.console import Console, Group, RenderableType

from gpunet.artifacts import model_file
from gpunet.artifacts.report import write_report
from gpunet.cli.exits import leave_if_signaled
from gpunet.cli.saving import Results
from gpunet.cli.setting_options import settings_command
from gpunet.config.choices import Kind
from gpunet.search.events import SearchInfo
from gpunet.search.result import Search
from gpunet.search.storage import StudyStorage
from gpunet.terminal.draw.device_name import device_in_words
from gpunet.terminal.live.console import require_heard
from gpunet.terminal.live.messages import ConsoleMessages
from gpunet.terminal.live.notes import note
from gpunet.terminal.views.end_card import EndCard
from gpunet.terminal.views.ending import Part, command, print_parts, whole
from gpunet.terminal.views.leaderboard import (
    counted,
    failure_lines,
    importance_block,
    monitored,
    trial_table,
)
from gpunet.terminal.views.score import measured_in_words, scores_in_words
from gpunet.training.settings_for_data import left_open

__all__ = ["finish", "telling_how_to_resume"]

SHOWN = 10
"""Number of trials listed at the end."""

EVALUATED: Mapping[Kind, str] = {
    "classes": "every class, and what is confused",
    "labels": "every label by itself",
    "measured": "every target by itself",
}
"""What ``gpunet evaluate`` tells of the best network."""

LONGER = 3
"""The command that trains the best trial longer has so many times its epochs."""


@contextlib.contextmanager
def telling_how_to_resume(storage: StudyStorage, *, resumed: bool) -> Iterator[None]:
    """Say how to resume a study when its search is aborted; a new one may not have been begun."""
    try:
        yield
    except KeyboardInterrupt:
        if resumed or (storage.exists and storage.folder.exists()):
            note(f"resume with `{_resuming(storage)}`")
        raise


def finish(
    found: Search,
    messages: ConsoleMessages,
    device: str,
    output: Path,
    report: Path | None,
    *,
    force: bool,
) -> None:
    """Save and print the result of a search, and end with its exit code.

    Args:
        found: the best trial and all others.
        messages: what has shown it; on a quiet console one line is printed.
        device: as ``--device`` said.
        output: the model file.
        report: the JSON report.
        force: replace files that are there.
    """
    results = Results(force=force)
    if found.model is not None:
        results.save("model", partial(model_file.save, found.model), output)
    results.save("report", partial(write_report, found.report()), report)
    leave_if_signaled(messages.control)
    console = messages.console
    info = SearchInfo.of(found.study, found.choice, found.dataset, found.progress)
    if console.quiet:
        typer.echo(_result_line(info, found, results))
    else:
        with messages.stage("finding which settings mattered"):
            importances = found.study.importances()
        _show(console, info, found, importances, results, device)
    require_heard(console)
    if found.failure is not None or not results.complete:
        raise typer.Exit(1)


def _resuming(storage: StudyStorage) -> str:
    storage_option = ["--storage", str(storage)] if storage.has_url else []
    return shlex.join(["gpunet", "tune", "--resume", storage.folder.name, *storage_option])


def _show(
    console: Console,
    info: SearchInfo,
    found: Search,
    importances: Mapping[str, float],
    results: Results,
    device: str,
) -> None:
    """Print the leaderboard, what mattered, the command that trains longer, and the card."""
    study, progress = found.study, found.progress
    parts = [Part(trial_table(console, info, progress, progress.trials[:SHOWN]), 1)]
    if importances:
        parts.append(Part(importance_block(console, importances), 2))
    if failures := failure_lines(progress):
        parts.append(Part(whole("\n".join(failures))))
    parts.append(Part(_longer(console, found, device)))
    moves = []
    if "model" in results.paths:
        evaluate = shlex.join(["gpunet", "evaluate", str(results.paths["model"])])
        moves.append((evaluate, EVALUATED[found.dataset.kind]))
    if progress.done < progress.total:
        moves.append((_resuming(study.storage), "goes on with the search"))
    rows = _rows(console, info, found, results)
    print_parts(console, [*parts, Part(EndCard(f"study {study.name}", rows, moves))])


def _longer(console: Console, found: Search, device: str) -> RenderableType:
    """The command that trains the best trial longer, with a remark."""
    longer = replace(found.config, epochs=LONGER * found.config.effective_epochs)
    if found.choice.rival is not None:  # the trial of one network alone may come out otherwise
        device = "cpu" if found.choice.adapter is None else "gpu"
    longer = left_open(longer, found.dataset)
    line = settings_command("train", longer, found.study.spec.data or "PATH", device)
    parts = ["to train it longer:", command(console, line)]
    if found.best_trial.state == "complete":
        parts.append(
            f"(with --epochs {found.config.effective_epochs} it gives the same network, bit for "
            "bit, on the same device)"
        )
    return Group(*parts)


def _result_line(info: SearchInfo, found: Search, results: Results) -> str:
    figure = monitored(info, found.best_trial.figure)
    beginning = f"best {info.monitor} {figure} in trial {found.best_trial.number}"
    if found.model is None:
        return f"{beginning}, whose model lies with its worker, {found.best_trial.worker}"
    test = found.model.test
    model = results.written.get("model")
    where = f"saved as {model}" if model else "not saved"
    name, value = scores_in_words(test, found.dataset.kind)[0]
    return f"{beginning}, test {name} {value}, {where}"


def _rows(
    console: Console, info: SearchInfo, found: Search, results: Results
) -> list[tuple[str, str]]:
    """The results of the search, the most important first."""
    study, best, dataset = found.study, found.best_trial, found.dataset
    rows = [("best trial", f"{best.number}, {info.monitor} {monitored(info, best.figure)}")]
    if found.model is None:
        rows.append(("model", f"with the worker that trained it, {best.worker}"))
    else:
        given = found.model.test, dataset.kind, None, dataset.test, console.options.ascii_only
        scores = measured_in_words(*given)
        rows += [
            *((f"test {name}", value) for name, value in scores),
            ("best epoch", f"{found.model.best_epoch} of {found.config.effective_epochs}"),
            ("model", results.written.get("model", "not saved")),
        ]
    rows += [(name, path) for name, path in results.written.items() if name == "report"]
    return [
        *rows,
        ("trials", f"{counted(found.progress)}, of {found.progress.total}"),
        ("study", f"{study.name} in {study.storage}"),
        ("device", device_in_words(found.choice.info)),
    ]
