"""The table of a run's epochs.

Owns its columns, and which of them a narrow table leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block, stack, text_block
from gpunet.terminal.draw.style import Ink, glyphs
from gpunet.terminal.views.cached import cached
from gpunet.terminal.views.kept_epoch import kept_epoch
from gpunet.terminal.views.records import record_of
from gpunet.terminal.views.score import ACCURACY, Score, score_of
from gpunet.training.events import EpochRecord, RunInfo

__all__ = ["WHOLE_TABLE", "Column", "epoch_columns", "epochs_table"]

ROWS = 128
"""Rows that are cached; more than a screen has."""

NOTE = 2
"""Cells of the star beside the kept epoch."""


def epochs_table(
    console: Console,
    run: RunInfo,
    records: Sequence[EpochRecord],
    best_epoch: int,
    width: int,
    rows: int,
) -> Block:
    """The latest epochs below a head line; the kept epoch is always shown, with a star.

    If there is room, a note says which metric chose it, and which epoch is better by another.
    """
    if rows < 2:
        return Block(width, [])
    shown = list(records[-(rows - 1) :])
    best = record_of(records, best_epoch)
    if best is not None and best not in shown:
        shown[0] = best
    told = kept_epoch(run.config, records, best_epoch)
    head = Text("".join(one.head for one in epoch_columns(run, width)), Ink.MUTED)
    lines = [text_block(console, [head], width)]
    row = cached(_row_maker, console, run, width)
    for record in shown:
        note = ""
        if record is best:
            note = f" kept {told.what.removeprefix(f'epoch {told.epoch} ')}" if told else ""
        elif told and record.epoch == told.better_epoch:
            note = f"   {' '.join(told.better.split()[:3])}"
        lines.append(row(record, record is best, note))
    return stack(lines, width).shaped(width, rows)


def _row_maker(
    console: Console, run: RunInfo, width: int
) -> Callable[[EpochRecord, bool, str], Block]:
    """A cached function that draws an epoch's row, since most rows stay as epochs are added."""
    columns, star = epoch_columns(run, width), f" {glyphs(console.options.ascii_only).best}"

    @lru_cache(maxsize=ROWS)
    def row(record: EpochRecord, best: bool, note: str) -> Block:
        line = Text("".join(one.cell(record) for one in columns))
        if best:
            line.append(star)
            line.stylize(Ink.BEST)
        if line.cell_len + len(note) <= width:
            line.append(note, Ink.BEST if best else Ink.MUTED)
        return text_block(console, [line], width)

    return row


class Column(NamedTuple):
    """A column of the table of epochs; the largest rank is left out first."""

    rank: int
    name: str
    cells: int
    written: Callable[[EpochRecord], str]

    @property
    def head(self) -> str:
        """Its name, above the figures."""
        return self.name.rjust(self.cells)

    def cell(self, record: EpochRecord) -> str:
        """An epoch's value in this column."""
        return self.written(record).rjust(self.cells)


def _all_columns(score: Score, highest_rate: float, speed: str = "samples/s") -> tuple[Column, ...]:
    return (
        Column(0, "epoch", 6, lambda r: str(r.epoch)),
        Column(3, "loss", 9, lambda r: formats.loss(r.train_loss)),
        Column(4, score.short, 9, lambda r: score.written(r.train_score)),
        Column(1, "val loss", 9, lambda r: formats.loss(r.val_loss)),
        Column(2, f"val {score.short}", 9, lambda r: score.written(r.val_score)),
        Column(5, "time", 8, lambda r: formats.seconds(r.seconds)),
        Column(6, "lr", 8, lambda r: formats.learning_rate(r.learning_rate, highest_rate)),
        Column(7, speed, 10, lambda r: formats.amount(r.samples_per_second)),
    )


WHOLE_TABLE = sum(one.cells for one in _all_columns(ACCURACY, 0.0)) + NOTE
"""Cells of the table with all its columns."""


def epoch_columns(run: RunInfo, width: int = WHOLE_TABLE) -> list[Column]:
    """As many columns as fit; those of the validation only if the run has one."""
    speed = "in all/s" if run.config.ensemble > 1 else "samples/s"
    highest = run.config.effective_learning_rate
    columns = _all_columns(score_of(run.network.kind), highest, speed)
    room, fitting = width - NOTE, []
    for column in sorted(columns):
        if run.validation_count or not column.name.startswith("val "):
            room -= column.cells
            if room < 0:
                break
            fitting.append(column)
    return sorted(fitting, key=columns.index)
