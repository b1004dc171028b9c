"""Runs that were kept, in a list or side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from itertools import cycle

from rich.console import Console, RenderableType
from rich.text import Text

from gpunet.artifacts.run_summary import RunSummary
from gpunet.config import SETTINGS
from gpunet.config.texts import written
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.columns import Columns
from gpunet.terminal.draw.style import Ink, glyphs, sparkline
from gpunet.terminal.views.curves import INKS
from gpunet.terminal.views.ending import why_stopped

__all__ = ["best_first", "legend", "runs_compared", "runs_table", "summary_rows"]

COURSE = 10
"""Cells of the course of the loss."""


def best_first(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Runs of classes and labels before those of measured targets, and the best of each first."""
    scores = {id(run): -math.inf if run.val_score is None else run.val_score for run in runs}
    return sorted(runs, key=lambda run: (run.measured, -scores[id(run)]))


def runs_table(console: Console, runs: Sequence[RunSummary]) -> RenderableType:
    """A line for each run; what matters most stands first."""
    scores = []
    if not all(run.measured for run in runs):
        scores += ["val acc", "test acc"]
    if any(run.measured for run in runs):
        scores += ["val R2", "test R2"]
    others = ["epochs", "trained", "<loss", "size", "time", "<optimizer", "lr", "val loss"]
    names = ["<run", *scores, *others, "<ended"]
    table = Columns(names)
    for run in runs:
        cells = _cells(console, run)
        table.add(*(cells[name] for name in names))
    return table


def _cells(console: Console, run: RunSummary) -> dict[str, str | Text]:
    state = "running" if run.running else run.stop_reason or "-"
    return {
        "<run": Text(run.name, Ink.LABEL if run.running else ""),
        "trained": _day(run.trained),
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
        "<ended": state,
    }


def _course(console: Console, run: RunSummary) -> Text:
    """How the loss went that is monitored, on a scale of its own."""
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
    """A run by names and values: what it is, how it is set other than by default, how it went."""
    score = "R2" if run.measured else "accuracy"
    tested = formats.r2(run.test_r2) if run.measured else formats.percent(run.test_accuracy)
    best = "-"
    if run.best_epoch:
        best = f"{run.best_epoch} of {run.epochs}"
    return [
        ("run", str(run.folder)),
        ("trained", f"{_day(run.trained)}, {formats.seconds(run.seconds)}"),
        ("data", run.data),
        ("network", run.network),
        *((name, _setting(run, name)) for name in SETTINGS if _is_set(run, name)),
        ("ended", _end(run)),
        ("best epoch", best),
        ("val loss", formats.loss(run.val_loss)),
        (
            f"val {score}",
            formats.r2(run.val_r2) if run.measured else formats.percent(run.val_accuracy),
        ),
        (f"test {score}", tested),
        ("size", formats.size(run.bytes)),
    ]


def runs_compared(runs: Sequence[RunSummary]) -> RenderableType:
    """The settings in which runs differ, and what they came to, a column for each."""
    table = Columns(["<", *(f"<{run.name}" for run in runs)])
    for name in SETTINGS:
        values = [_setting(run, name) for run in runs]
        if len(set(values)) > 1:
            table.add(name, *values)
    rows = [dict(summary_rows(run)) for run in runs]
    told = ("data", "network", "best epoch", "stopped", "val loss", "val accuracy", "val R2")
    for name in (*told, "test accuracy", "test R2", "trained", "size"):
        values = [row.get(name, "-") for row in rows]
        if any(name in row for row in rows) and (len(set(values)) > 1 or "loss" in name):
            table.add(Text(name, Ink.MUTED), *values)
    return table


def legend(names: Sequence[str], ascii_only: bool) -> Text:
    """The names of runs in the colors of their curves."""
    stroke = glyphs(ascii_only).filled
    keys = [Text(f"{stroke} {name}", ink) for name, ink in zip(names, cycle(INKS), strict=False)]
    return Text("   ").join(keys)


def _setting(run: RunSummary, name: str) -> str:
    """A setting as the command line writes it."""
    value = run.config.in_effect(name)
    return f"{value:g}" if isinstance(value, float) else written(value)


def _is_set(run: RunSummary, name: str) -> bool:
    return bool(getattr(run.config, name) != SETTINGS[name].default)
