"""Runs that were kept, in a list or side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.text import Text

from gpunet.artifacts.run_summary import RunSummary
from gpunet.config import SETTINGS
from gpunet.config.texts import written
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.columns import Columns
from gpunet.terminal.draw.style import Ink, sparkline
from gpunet.terminal.views.curves import run_signs, signed

__all__ = ["best_first", "legend", "runs_compared", "runs_table", "summary_rows"]

COURSE = 10
"""Cells of the course of the loss."""

ROOMY, YEAR = 110, len("2026-")
"""Cells of a console from which the year is told, and the letters that it takes."""

WIDTHS = {
    "<run": 0,
    "<trained": 72,
    "<optimizer": 110,
    "lr": 110,
    "epochs": 50,
    "val loss": 125,
    "<loss": 80,
    "time": 100,
    "size": 80,
    "<ended": 140,
}
"""The columns that are no scores, and the cells of a console from which they are shown."""


USUAL_NAME, BOTH = 14, 18
"""Cells of a name that those widths leave room for, and those that scores of a second kind take."""


def best_first(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Runs of classes and labels before those of measured targets, and the best of each first."""
    scores = {id(run): -math.inf if run.val_score is None else run.val_score for run in runs}
    return sorted(runs, key=lambda run: (run.measured, -scores[id(run)]))


def runs_table(console: Console, runs: Sequence[RunSummary]) -> RenderableType:
    """A line for each run; a wider console shows more of it."""
    classes = not all(run.measured for run in runs)
    measured = any(run.measured for run in runs)
    longest = max((cell_len(run.name) for run in runs), default=0)
    room = console.width - max(0, longest - USUAL_NAME) - BOTH * (classes and measured)
    shown = [name for name, width in WIDTHS.items() if room >= width or not width]
    scores = ["val acc", "test acc"] * classes + ["val R2", "test R2"] * measured
    place = shown.index("epochs") + 1 if "epochs" in shown else 1
    names = [*shown[:place], *scores, *shown[place:]]
    table = Columns(names)
    for run in runs:
        cells = _cells(console, run)
        table.add(*(cells[name] for name in names))
    return table


def _cells(console: Console, run: RunSummary) -> dict[str, str | Text]:
    state = "running" if run.running else run.stop_reason or "-"
    return {
        "<run": Text(run.name, Ink.LABEL if run.running else ""),
        "<trained": _day(run.trained)[0 if console.width >= ROOMY else YEAR :],
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
        ("stopped", "running" if run.running else run.stop_reason or "unknown"),
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


def legend(names: Sequence[str], width: int) -> Text:
    """The names of runs with the signs and in the colors of their curves."""
    keys = [signed(name, sign) for name, sign in zip(names, run_signs(), strict=False)]
    line = Text("   ").join([*keys, Text("dotted: validation", Ink.MUTED)])
    return line if line.cell_len <= width else Text("\n").join(line.split("   "))


def _setting(run: RunSummary, name: str) -> str:
    """A setting as the command line writes it."""
    value = run.config.in_effect(name)
    return f"{value:g}" if isinstance(value, float) else written(value)


def _is_set(run: RunSummary, name: str) -> bool:
    return bool(getattr(run.config, name) != SETTINGS[name].default)
