"""The table of a run's epochs.

Owns its columns, and which of them are left out where it is narrow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw import formats
from gpunet.terminal.draw.style import Ink, glyphs
from gpunet.terminal.views.score import ACCURACY, Score, score_of
from gpunet.terminal.views.view import View
from gpunet.training.events import EpochRecord

__all__ = ["epochs_table"]


def epochs_table(console: Console, view: View, width: int, rows: int) -> list[Text]:
    """The latest epochs below a head line; the best one is always among them, and marked."""
    if rows < 2:
        return []
    marks = glyphs(console.options.ascii_only)
    shown = list(view.records[-(rows - 1) :])
    best = view.best
    if best is not None and shown and best not in shown:
        shown[0] = best
    columns = _fitting_columns(view, width)
    lines = [Text("".join(one.name.rjust(one.cells) for one in columns), Ink.MUTED)]
    for record in shown:
        line = Text("".join(one.written(record).rjust(one.cells) for one in columns))
        if record is best:
            line.append(f" {marks.best}")
            line.stylize(Ink.BEST)
        lines.append(line)
    return lines + [Text()] * (rows - len(lines))


class _Column(NamedTuple):
    """A column of the table of epochs; where it is narrow, the largest rank is left out first."""

    rank: int
    name: str
    cells: int
    written: Callable[[EpochRecord], str]


def _all_columns(score: Score, ensemble: bool) -> tuple[_Column, ...]:
    return (
        _Column(0, "epoch", 6, lambda r: str(r.epoch)),
        _Column(3, "loss", 9, lambda r: formats.loss(r.train_loss)),
        _Column(4, score.short, 10, lambda r: score.written(r.train_score)),
        _Column(1, "val loss", 10, lambda r: formats.loss(r.val_loss)),
        _Column(2, f"val {score.short}", 10, lambda r: score.written(r.val_score)),
        _Column(5, "time", 9, lambda r: formats.seconds(r.seconds)),
        _Column(6, "lr", 9, lambda r: formats.learning_rate(r.learning_rate)),
        _Column(
            7,
            "speed in all" if ensemble else "speed",
            19,
            lambda r: formats.rate(r.samples_per_second),
        ),
    )


def _fitting_columns(view: View, width: int) -> list[_Column]:
    held_out = view.run is not None and view.run.validation_count > 0
    run = view.run
    score = ACCURACY if run is None else score_of(run.network.kind)
    columns = _all_columns(score, run is not None and run.config.ensemble > 1)
    room, fitting = width - 3, []
    for column in sorted(columns):
        if held_out or not column.name.startswith("val "):
            room -= column.cells
            if room < 0:
                break
            fitting.append(column)
    return sorted(fitting, key=columns.index)
