"""Kept runs, in a list or side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Console, RenderableType
from rich.text import Text

from gpunet.artifacts.run_summary import RunSummary
from gpunet.config import SETTINGS
from gpunet.config.texts import written
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.columns import Columns
from gpunet.terminal.draw.style import Ink, sparkline
from gpunet.terminal.views.curves import run_signs, signed
from gpunet.terminal.views.ending import why_stopped
from gpunet.training.events import StopReason

__all__ = ["best_first", "legend", "runs_compared", "runs_table", "summary_rows"]

COURSE = 10
"""Cells of the loss curve."""


def best_first(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Runs on classes and labels, then runs on measured targets, the best of each group first."""
    scores = {id(run): -math.inf if run.val_score is None else run.val_score for run in runs}
    return sorted(runs, key=lambda run: (run.measured, -scores[id(run)]))


def runs_table(console: Console, runs: Sequence[RunSummary]) -> RenderableType:
    """A table with a line per run; the most important columns come first."""
    scores = []
    if not all(run.measured for run in runs):
        scores += ["val acc", "test acc"]
    if any(run.measured for run in runs):
        scores += ["val R2", "test R2"]
    names = [
        *("<run", *scores, "<state", "epochs", "trained", "<loss", "time", "size"),
        *("<optimizer", "lr", "<data", "<network", "val loss"),
    ]
    table = Columns(names)
    for run in runs:
        cells = _cells(console, run)
        table.add(*(cells[name] for name in names))
    return table


def _cells(console: Console, run: RunSummary) -> dict[str, str | Text]:
    return {
        "<run": Text(run.name, Ink.LABEL if run.running else ""),
        "trained": _day(run.trained),
        "<data": run.data,
        "<network": run.network,
        "<optimizer": run.optimizer,
        "lr": f"{run.learning_rate:g}",
        "epochs": f"{run.epochs}/{run.planned}",
        "val acc": formats.percent(run.val_accuracy),
        "test acc": formats.percent(run.test_accuracy),
        "val R2": formats.r2(run.val_r2),
        "test R2": formats.r2(run.test_r2),
        "val loss": formats.loss(run.val_loss),
        "<loss": _course(console, run),
        "time": formats.seconds(run.seconds),
        "size": formats.size(run.bytes),
        "<state": _state(run),
    }


STATES: Mapping[StopReason, str] = {
    "epochs": "all epochs",
    "early stopping": "early stop",
    "gains too small": "small gains",
    "target accuracy reached": "target met",
    "time limit reached": "time limit",
    "stopped by user": "by user",
    "diverged": "diverged",
    "pruned": "pruned",
    "device failed": "failed",
}
"""How a run ended, in at most 11 characters for a column of the list."""


def _state(run: RunSummary) -> Text:
    """The state of a run in few words: running, unfinished, or how it ended."""
    if run.running:
        return Text("running", Ink.LABEL)
    if run.stop_reason is None:
        return Text("unfinished", Ink.WARNING)
    return Text(STATES[run.stop_reason], Ink.MUTED)


def _course(console: Console, run: RunSummary) -> Text:
    """The curve of the monitored loss, on its own scale."""
    losses = [one.monitored_loss for one in run.history if math.isfinite(one.monitored_loss)]
    if not losses:
        return Text()
    bounds = min(losses), max(losses)
    return sparkline(losses, bounds, COURSE, Ink.MUTED, console.options.ascii_only)


def _day(when: datetime) -> str:
    return f"{when.astimezone():%Y-%m-%d %H:%M}"


def _end(run: RunSummary) -> str:
    if run.running:
        return "running"
    if run.stop_reason is None:
        return "killed or crashed"
    return why_stopped(run.stop_reason, run.epochs)


def summary_rows(run: RunSummary) -> list[tuple[str, str]]:
    """A run as names and values: what it is, its settings other than the defaults, its results."""
    best = f"{run.best_epoch or 'none'} of {run.epochs}"
    if run.config.keeps_own:
        best += ", the latest of the networks'"
    score, write = ("R2", formats.r2) if run.measured else ("accuracy", formats.percent)
    val, test = (run.val_r2, run.test_r2) if run.measured else (run.val_accuracy, run.test_accuracy)
    return [
        ("run", str(run.folder)),
        ("trained", _day(run.trained)),
        ("data", run.data),
        ("network", run.network),
        *((name, _setting(run, name)) for name in SETTINGS if _is_set(run, name)),
        ("ended", _end(run)),
        ("kept epoch", best),
        ("val loss", formats.loss(run.val_loss)),
        (f"val {score}", write(val)),
        (f"test {score}", write(test)),
        ("training time", formats.seconds(run.seconds)),
        ("size", formats.size(run.bytes)),
    ]


def runs_compared(runs: Sequence[RunSummary]) -> RenderableType:
    """A table of the settings in which runs differ, and of their results; a column per run."""
    table = Columns(["<", *(f"<{run.name}" for run in runs)])
    for name in SETTINGS:
        values = [_setting(run, name) for run in runs]
        if len(set(values)) > 1 and len({run.config.in_effect(name) for run in runs}) > 1:
            table.add(name, *values)
    rows = [dict(summary_rows(run)) for run in runs]
    told = ("data", "network", "kept epoch", "ended", "val loss", "val accuracy", "val R2")
    for name in (*told, "test accuracy", "test R2", "training time", "trained", "size"):
        values = [row.get(name, "-") for row in rows]
        if any(name in row for row in rows) and (len(set(values)) > 1 or "loss" in name):
            table.add(Text(name, Ink.MUTED), *values)
    return table


def legend(names: Sequence[str], width: int) -> Text:
    """The names of runs with the signs and colors of their curves."""
    keys = [signed(name, sign) for name, sign in zip(names, run_signs(), strict=False)]
    line = Text("   ").join([*keys, Text("dotted: validation", Ink.MUTED)])
    return line if line.cell_len <= width else Text("\n").join(line.split("   "))


def _setting(run: RunSummary, name: str) -> str:
    """A setting as on the command line; a dash if it has no effect."""
    value = run.config.in_effect(name) if run.config.has_effect(name) else None
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else written(value)


def _is_set(run: RunSummary, name: str) -> bool:
    value = getattr(run.config, name)
    return bool(value != SETTINGS[name].default) and run.config.has_effect(name)
