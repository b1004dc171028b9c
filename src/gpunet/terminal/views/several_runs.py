"""One frame of several runs: their curves in shared charts, and a line for each run.

A frame is a pure function of the runs' views. ``live.watcher`` decides when frames are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block, text_block
from gpunet.terminal.draw.columns import Columns
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views.curves import curves, run_signs, signed
from gpunet.terminal.views.ending import why_stopped
from gpunet.terminal.views.frame import framed
from gpunet.terminal.views.score import ACCURACY, R2, Score, score_of
from gpunet.terminal.views.view import View

__all__ = ["SeenRun", "several_runs_frame"]

CHARTS = 8
"""Fewest rows of the charts; with less room, only the lines are shown."""


@dataclass(frozen=True, slots=True, eq=False)
class SeenRun:
    """A run shown among several.

    Args:
        name: name of its folder.
        view: its state.
        now: its clock, in seconds.
        halted: why it seems to have stopped, in words; empty if all is well.
    """

    name: str
    view: View
    now: float
    halted: str = ""


def several_runs_frame(
    console: Console, runs: Sequence[SeenRun], size: tuple[int, int], last: Text
) -> Block:
    """A frame of several runs in exactly ``size`` (columns, rows); its last line is ``last``."""
    width, height = size
    begun = [run.view for run in runs if run.view.run is not None]
    lines = _lines(console, runs, width)
    rows = height - 1 - lines.height
    parts = [lines]
    if rows > CHARTS:
        key = text_block(console, [Text("dotted: validation", Ink.MUTED)], width)
        parts += [key, curves(console, begun, width, rows - 1)]
    return framed(console, parts, last, size)


def _lines(console: Console, runs: Sequence[SeenRun], width: int) -> Block:
    """A line per run below the column titles; a narrow table leaves out the last columns."""
    signs, figures = run_signs(), [_figures(run) for run in runs]
    table = Columns(["<run", *figures[0]])
    for run, cells in zip(runs, figures, strict=True):
        name = signed(run.name, next(signs)) if run.view.run else Text(run.name)
        table.add(name, *cells.values())
    return table.block(console, width)


def _figures(run: SeenRun) -> dict[str, Text]:
    """The cells of a run's line by column title, the most important first."""
    view, info = run.view, run.view.run
    latest = view.records[-1] if view.records else None
    score = ACCURACY if info is None else score_of(info.network.kind)
    epochs = info.config.effective_epochs if info else 0
    best = view.best
    texts = {
        "epoch": f"{view.progress.epoch if view.progress else 0}/{epochs}",
        "val loss": formats.loss(latest.val_loss if latest else None),
        "val score": f"{score.written(latest.val_score if latest else None)}{_unit(score)}",
        "best epoch": str(best.epoch) if best else "-",
        "<state": "",
        "time": formats.duration(view.elapsed(run.now)),
        "loss": formats.loss(latest.train_loss if latest else None),
        "<network": str(info.network) if info else "-",
    }
    if info is None:
        return {name: Text("-", Ink.MUTED) for name in texts} | {"<state": Text("preparing")}
    return {name: Text(text) for name, text in texts.items()} | {"<state": _state(run)}


def _unit(score: Score) -> str:
    """The unit after a score: `` R2``, or nothing for an accuracy, which has a percent sign."""
    return " R2" if score is R2 else ""


def _state(run: SeenRun) -> Text:
    view = run.view
    if view.reason:
        return Text(why_stopped(view.reason, view.records[-1].epoch if view.records else 0))
    if run.halted:
        return Text(run.halted.partition(";")[0], Ink.WARNING)
    return Text(view.progress.phase if view.progress else "preparing", Ink.MUTED)
