"""One frame of the dashboard: what stands where, for every size of the terminal.

Owns the layout and the words; a frame is a pure function of a ``View``, a size and the time.
When frames are drawn, and how the terminal is taken and given back, belongs to
``live.dashboard``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block, beside, stack, text_block
from gpunet.terminal.draw.charts import LineChart, Series, line_chart
from gpunet.terminal.draw.device_name import short_name
from gpunet.terminal.draw.style import Ink, glyphs
from gpunet.terminal.views.ending import ending, monitored_metric
from gpunet.terminal.views.frame import NARROW, StopHints, bar_line, footer, framed, spread
from gpunet.terminal.views.gallery import gallery
from gpunet.terminal.views.score import ACCURACY, Score, score_of
from gpunet.training.events import Control, EpochRecord, Progress, RunInfo, StopReason

__all__ = ["View", "closing_view", "dashboard_frame"]

HINTS = StopHints(
    ctrl_c="stop now and save",
    stopping="stopping now, then saving",
    ctrl_c_again="abort without saving",
    ctrl_c_waiting="stop now and save",
)

SIDE_BY_SIDE = 110
"""Columns from which the epochs and the gallery stand side by side."""

SPACIOUS = 32
"""Rows from which blank lines part the screen."""

STATEMENT = 38
"""Columns kept free right of the bars, so that they do not change their length."""

SETTLED = 0.1
"""Share of an epoch from which the mean over its steps so far is steady enough to be drawn."""

LOWEST_R2 = -1.0
"""What is worse is drawn at the edge, so that a bad beginning leaves room for the rest."""

COMPLETE = 24
"""Rows from which there is room for everything: charts, epochs and gallery."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """All that a frame shows; replaced as a whole when something is news.

    Args:
        run: ``None`` until training starts.
        progress: the latest, ``None`` until the first.
        heard_at: the clock when the progress came, in seconds.
        records: of all finished epochs.
        trace: reports from within the first epoch, each with its loss so far.
        best_epoch: 0 until the first epoch has ended.
        patience_left: ``None`` if there is no early stopping.
        gallery: (g, C) what the network answers to the gallery's samples, ``None`` until the first
            epoch.
        reason: why training stopped, ``None`` while it runs.
    """

    run: RunInfo | None = None
    progress: Progress | None = None
    heard_at: float = 0.0
    records: tuple[EpochRecord, ...] = ()
    trace: tuple[Progress, ...] = ()
    best_epoch: int = 0
    patience_left: int | None = None
    gallery: NDArray[np.float32] | None = None
    reason: StopReason | None = None

    @property
    def best(self) -> EpochRecord | None:
        """The best epoch, once there is one."""
        return next((one for one in self.records if one.epoch == self.best_epoch), None)

    def elapsed(self, now: float) -> float:
        """Seconds since the run's start; the clock goes on between two reports."""
        if self.progress is None:
            return 0.0
        return self.progress.elapsed + (0.0 if self.reason else max(0.0, now - self.heard_at))

    def remaining(self, now: float) -> float | None:
        """Seconds until the last epoch is done; it stands still in a pause, as the clock does."""
        if self.progress is None or self.progress.remaining is None or self.reason:
            return None
        return max(0.0, self.progress.remaining - max(0.0, now - self.heard_at))


@dataclass(frozen=True, slots=True)
class _Rows:
    """How many rows each part of the screen gets; 0 leaves it out."""

    header: int
    charts: int
    table: int
    gallery: int
    side_by_side: bool = False
    gap: int = 0


def dashboard_frame(
    console: Console,
    view: View,
    control: Control,
    size: tuple[int, int],
    now: float,
    keys: bool,
) -> Block:
    """A frame of exactly ``size`` (columns, rows), at ``now`` in seconds as ``View.heard_at``.

    ``keys`` says whether single keys are read, ``control`` what was asked for with them.
    """
    width, height = size
    last = _last_line(view, control, keys, width)
    if view.run is None:
        waiting = text_block(console, [Text("preparing the device", Ink.MUTED)], width)
        return framed(console, [waiting], last, size)
    rows = _arrange(width, height)
    gap = Block(width, []).shaped(width, rows.gap)
    parts = [
        text_block(console, _header(console, view.run, width)[: rows.header], width),
        text_block(console, _bars(console, view, view.run, width, now), width),
        text_block(console, [_scores_line(console, view, view.run, width)], width),
        gap,
        _charts(console, view, view.run, width, rows.charts),
        gap,
    ]
    if rows.side_by_side:
        left = min(62, width // 2)
        epochs = text_block(console, _epochs(console, view, left, rows.table), left)
        samples = gallery(console, view.run, view.gallery, width - left - 2, rows.gallery)
        parts.append(beside([epochs, samples], gap=2))
    else:
        parts.append(text_block(console, _epochs(console, view, width, rows.table), width))
        parts.append(gallery(console, view.run, view.gallery, width, rows.gallery))
    return framed(console, parts, last, size)


def closing_view(console: Console, view: View) -> Block:
    """What stays on the terminal when the screen is gone: the run's head and its curves."""
    width = console.width
    if view.run is None:
        return Block(width, [])
    header = text_block(console, _header(console, view.run, width), width)
    return stack([header, _charts(console, view, view.run, width, 10)], width)


def _arrange(width: int, height: int) -> _Rows:
    """Share the rows out: the charts and the epochs stay longest as the terminal shrinks."""
    header = 2 if height >= 20 else 1 if height >= 8 else 0
    rest = height - header - 4  # two bars, the line of scores, the footer
    if height < COMPLETE:
        table = 4 if rest >= 10 else 0
        charts = rest - table
        return _Rows(header, charts, table, 0) if charts >= 5 else _Rows(header, 0, rest, 0)
    gap = 1 if height >= SPACIOUS else 0
    rest -= 2 * gap
    if width >= SIDE_BY_SIDE:
        charts = min(max(7, rest * 9 // 20), 18)
        return _Rows(header, charts, rest - charts, rest - charts, True, gap)
    spare = rest - 18
    gallery = 17 if spare >= 16 else 7 + min(3, spare // 2)
    charts = 7 + (spare + 7 - gallery) // 2
    return _Rows(header, charts, rest - charts - gallery, gallery, gap=gap)


def _header(console: Console, run: RunInfo, width: int) -> list[Text]:
    dot = f" {glyphs(console.options.ascii_only).separator} "
    network, device, config = run.network, run.device, run.config
    name = run.dataset.name
    held_out = f", {formats.count(run.validation_count)} val" if run.validation_count else ""
    test = formats.count(len(run.dataset.test))
    counts = f"{formats.count(run.train_count)} train{held_out}, {test} test"
    windows = f", {formats.count(run.windows)} windows" if run.windows > 1 else ""
    parameters = formats.count(network.parameter_count)
    settings = f"{config.optimizer}, batch {config.batch_size}"
    shape, each = str(network), f"{parameters} parameters"
    if config.ensemble > 1:
        shape, each = f"mean of {config.ensemble} networks {network}", f"{each} each"
    first = spread(
        console,
        width,
        [f"{shape}{dot}{each}{dot}{settings}", f"{shape}{dot}{each}", shape],
        [device.name, short_name(device.name)],
        Ink.STRONG,
    )
    kinds = [f"{device.kind}, {device.backend}", device.kind]
    texts = [f"{name}: {counts}{windows}", f"{name}: {counts}", name]
    return [first, spread(console, width, texts, kinds)]


def _bars(console: Console, view: View, run: RunInfo, width: int, now: float) -> list[Text]:
    """The progress of the epoch and of the whole run."""
    epochs, steps = run.config.effective_epochs, run.steps_per_epoch
    nothing = Progress(1, 0, steps, None, None, 0.0, "training", 0.0, None)
    progress = view.progress or nothing
    phase = "finished" if view.reason else progress.phase
    share = progress.share
    done = 1.0 if view.reason == "epochs" else min(1.0, (progress.epoch - 1 + share) / epochs)
    may_end_sooner = view.patience_left is not None or (
        not view.records and run.config.effective_patience > 0 and run.validation_count > 0
    )
    bound = "at most" if may_end_sooner else "about"
    left = formats.duration(view.remaining(now), nothing="--:--")
    head = f"epoch {progress.epoch:>{len(str(epochs))}}/{epochs} "
    step = f"{progress.step:>{len(str(progress.steps))}}/{progress.steps}"
    tails = (
        f" {100 * share:3.0f} %  {step} steps  {phase:<10}",
        f" {100 * done:3.0f} %  {formats.duration(view.elapsed(now))} gone, {bound} {left} left",
    )
    if view.reason:
        tails = tails[0], f" {100 * done:3.0f} %  {formats.duration(view.elapsed(now))} in all"
    if width < NARROW:
        tails = f" {100 * share:3.0f} %  {phase:<10}", f" {100 * done:3.0f} %  {left} left"
    room = max(STATEMENT if width >= NARROW else 0, *map(len, tails))
    return [
        bar_line(console, head, share, tails[0], width, room, Ink.TRAIN),
        bar_line(console, "run".ljust(len(head)), done, tails[1], width, room, Ink.LABEL),
    ]


def _scores_line(console: Console, view: View, run: RunInfo, width: int) -> Text:
    """The line of scores, the most important first; what does not fit at the end is left out."""
    marks = glyphs(console.options.ascii_only)
    last = view.records[-1] if view.records else None
    text = Text()

    def add(name: str, value: str, style: str = "") -> None:
        gap = f" {marks.separator} " if text else ""
        name = f"{name} " if name else ""
        if len(text) + len(gap + name + value) <= width:
            text.append(gap + name, Ink.MUTED).append(value, style)

    if (best := view.best) is not None:
        name, value = monitored_metric(run.config.monitor, best)
        add(f"best {name}", f"{value} in epoch {best.epoch}", Ink.BEST)
    if view.patience_left is not None:
        style = Ink.WARNING if view.patience_left <= 1 else ""
        add("patience", f"{view.patience_left}/{run.config.effective_patience}", style)
    rate = last.learning_rate if last else run.config.effective_learning_rate
    add("lr", formats.learning_rate(rate))
    speed = view.progress.samples_per_second if view.progress else 0.0
    if speed <= 0 and last:
        speed = last.samples_per_second
    add("", formats.rate(speed))
    if last:
        add("", f"{formats.seconds(last.seconds)} per epoch")
    return text


def _charts(console: Console, view: View, run: RunInfo, width: int, height: int) -> Block:
    """Loss and accuracy, or R2, side by side; the loss alone where it is narrow."""
    if height < 1:
        return Block(width, [])
    x_range = _epoch_range(view, run.config.effective_epochs)
    loss = LineChart(
        "loss",
        _curves(view, lambda r: r.train_loss, lambda r: r.val_loss),
        height,
        x_range,
        (0.0, math.inf),
        logarithmic_from=4.0,
        number_format=formats.loss,
    )
    if width < 56:
        return line_chart(console, loss, width)
    measured = run.network.kind == "measured"
    scale = 1 if measured else 100
    score = LineChart(
        "R2" if measured else "accuracy %",
        _curves(
            view, lambda r: _scaled(r.train_score, scale), lambda r: _scaled(r.val_score, scale)
        ),
        height,
        x_range,
        (LOWEST_R2, 1.0) if measured else (0.0, 100.0),
        number_format=formats.r2 if measured else "{:.2f}".format,
    )
    half = (width - 2) // 2
    charts = [line_chart(console, loss, half), line_chart(console, score, width - 2 - half)]
    return beside(charts, gap=2)


def _scaled(score: float | None, scale: int) -> float | None:
    return None if score is None else scale * score


def _curves(
    view: View,
    train: Callable[[EpochRecord | Progress], float | None],
    validation: Callable[[EpochRecord], float | None],
) -> list[Series]:
    """The train and the validation curve, at whole epochs.

    The running epoch's mean so far is a dot of its own: it is a mean over fewer and later steps
    than those before it, so that a line to it would tell of a fall that there was not.
    """
    points = [(float(record.epoch), train(record)) for record in view.records]
    if len(view.records) < 2:
        points = [(report.share, train(report)) for report in view.trace] + points
    running = view.progress
    if running and view.records and running.epoch > view.records[-1].epoch and not view.reason:
        share, so_far = running.share, train(running)
        if so_far is not None and share >= SETTLED:
            points += [(points[-1][0], None), (running.epoch - 1 + share, so_far)]
    curves = [_series("train", points, Ink.TRAIN)]
    held_out = [(r.epoch, v) for r in view.records if (v := validation(r)) is not None]
    if held_out or (view.run is not None and view.run.validation_count):
        curves.append(_series("val", held_out, Ink.VALIDATION, dotted=True))
    return curves


def _series(
    name: str, points: Sequence[tuple[float, float | None]], style: str, dotted: bool = False
) -> Series:
    x, y = np.array(points, float).reshape(-1, 2).T  # (points,) each; None becomes NaN
    return Series(name, x, y, style, dotted)


def _epoch_range(view: View, epochs: int) -> tuple[float, float]:
    """The horizontal axis; its end moves in a few large steps, not with every epoch."""
    if len(view.records) < 2:
        return 0.0, float(min(epochs, 1 + len(view.records)))
    epoch = max([view.progress.epoch if view.progress else 1, *(r.epoch for r in view.records)])
    stage = 10
    while stage < epoch:
        stage = stage * (5 if str(stage)[0] == "2" else 4) // 2  # 10, 20, 50, 100, ...
    return float(view.records[0].epoch), float(max(min(epochs, stage), epoch))


def _epochs(console: Console, view: View, width: int, rows: int) -> list[Text]:
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


def _all_columns(score: Score) -> tuple[_Column, ...]:
    return (
        _Column(0, "epoch", 6, lambda r: str(r.epoch)),
        _Column(3, "loss", 9, lambda r: formats.loss(r.train_loss)),
        _Column(4, score.short, 10, lambda r: score.written(r.train_score)),
        _Column(1, "val loss", 10, lambda r: formats.loss(r.val_loss)),
        _Column(2, f"val {score.short}", 10, lambda r: score.written(r.val_score)),
        _Column(5, "time", 9, lambda r: formats.seconds(r.seconds)),
        _Column(6, "lr", 9, lambda r: formats.learning_rate(r.learning_rate)),
        _Column(7, "speed", 19, lambda r: formats.rate(r.samples_per_second)),
    )


def _fitting_columns(view: View, width: int) -> list[_Column]:
    held_out = view.run is not None and view.run.validation_count > 0
    columns = _all_columns(ACCURACY if view.run is None else score_of(view.run.network.kind))
    room, fitting = width - 3, []
    for column in sorted(columns):
        if held_out or not column.name.startswith("val "):
            room -= column.cells
            if room < 0:
                break
            fitting.append(column)
    return sorted(fitting, key=columns.index)


def _last_line(view: View, control: Control, keys: bool, width: int) -> Text:
    """How the run has ended, else the keys or what was asked for with them."""
    if view.reason:
        last_epoch = view.records[-1].epoch if view.records else 0
        return Text(ending(view.reason, view.best_epoch, last_epoch), Ink.STRONG)
    return footer(control, HINTS, keys=keys, width=width)
