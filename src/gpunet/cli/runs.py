"""``gpunet runs``: the runs that were kept, side by side."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpunet.cli import options

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gpunet.artifacts.run_summary import RunSummary

__all__ = ["runs"]

SPACIOUS = 110
"""Columns of a terminal from which the table shows everything."""


def runs(
    folder: Annotated[
        Path,
        typer.Argument(metavar="[DIR]", help="A folder with runs, or one run.", show_default=False),
    ] = Path("runs"),
    as_json: options.AsJson = False,
) -> None:
    """Compare the runs in a folder, the best validation accuracy, or R2, first.

    Examples:
        gpunet runs
        gpunet runs runs/deep
        gpunet runs --json
    """
    summaries = _summaries(folder)
    if as_json:
        from gpunet.artifacts.report import strict_json

        print(strict_json([one.to_dict() for one in summaries]))
        return
    from gpunet.terminal.live.console import make_console

    console = make_console()
    if not summaries:
        console.print(f"no run is kept in {folder}; start one with `gpunet train --name NAME`")
        return
    console.print(_table(summaries, spacious=console.width >= SPACIOUS))


def _summaries(folder: Path) -> list[RunSummary]:
    """The sound runs; a damaged one is named and left out.

    Raises:
        ModelError: the folder cannot be read.
    """
    from gpunet.artifacts.kept_runs import runs_in
    from gpunet.artifacts.run_summary import summarize
    from gpunet.errors import GpunetError
    from gpunet.terminal.live.notes import note

    summaries = []
    for run in runs_in(folder):
        try:
            summaries.append(summarize(run))
        except GpunetError as error:
            note(error)
    return sorted(summaries, key=_rank)


def _rank(run: RunSummary) -> tuple[bool, float]:
    """Runs of classes and labels before those of measured targets, and the best of each first."""
    score = run.val_r2 if run.measured else run.val_accuracy
    return run.measured, math.inf if score is None else -score


def _table(summaries: list[RunSummary], spacious: bool) -> RenderableType:
    from gpunet.terminal.draw import formats
    from gpunet.terminal.draw.columns import Columns

    names = ["<run", "<network", "epochs"]
    classes = not all(one.measured for one in summaries)
    measured = any(one.measured for one in summaries)
    names += ["val acc", "test acc"] * classes + ["val R2", "test R2"] * measured + ["time"]
    table = Columns([*names, *(["val loss", "<optimizer", "<ended"] if spacious else [])])
    for one in summaries:
        accuracies = [formats.percent(one.val_accuracy), formats.percent(one.test_accuracy)]
        cells = [
            one.name,
            one.network,
            f"{one.epochs}/{one.planned}",
            *accuracies * classes,
            *[formats.r2(one.val_r2), formats.r2(one.test_r2)] * measured,
            formats.seconds(one.seconds),
        ]
        if spacious:
            cells += [formats.loss(one.val_loss), one.optimizer, one.stop_reason or "-"]
        table.add(*cells)
    return table
