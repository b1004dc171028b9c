"""One frame of the dashboard, laid out for every size of the terminal.

Owns the layout and the words; a frame is a pure function of a ``View``, a size and the time.
When frames are drawn, and how the terminal is taken and given back, belongs to
``live.dashboard``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from gpunet.config import TrainConfig
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block, beside, stack, text_block
from gpunet.terminal.draw.device_name import short_name
from gpunet.terminal.draw.style import Ink, glyphs
from gpunet.terminal.views.board import draw_screen
from gpunet.terminal.views.cached import cached
from gpunet.terminal.views.curves import curves
from gpunet.terminal.views.epochs_table import WHOLE_TABLE, epochs_table
from gpunet.terminal.views.frame import NARROW, StopHints, bar_line, footer, framed, spread
from gpunet.terminal.views.gallery import gallery
from gpunet.terminal.views.kept_epoch import KeptEpoch, kept_epoch
from gpunet.terminal.views.keys import keys_screen
from gpunet.terminal.views.network import network_screen
from gpunet.terminal.views.system_strip import system_strip
from gpunet.terminal.views.view import Screen, View, key_hints
from gpunet.training.events import Control, EpochRecord, Progress, RunInfo

__all__ = ["body_rows", "closing_view", "dashboard_frame", "share_done"]

HINTS = StopHints(
    stopping="stopping now, then saving",
    ctrl_c_again="abort without saving",
    ctrl_c_waiting="stop now and save",
)

SIDE_BY_SIDE = 130
"""Fewest columns for the epochs and the gallery side by side."""

SPACIOUS = 32
"""Fewest rows for the strip of memory and processors between the head and the rest."""

STATEMENT = 38
"""Columns reserved right of the bars, so that the bars keep their length."""

COMPLETE = 18
"""Fewest rows below the head for everything: charts, epochs and gallery."""

ROOMY = 25
"""Fewest rows below the head for a blank line between the charts and the rest."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of each part of the curves' screen; 0 leaves a part out."""

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
    last: Text | None = None,
) -> Block:
    """A frame of exactly ``size`` (columns, rows) at ``now``, by the clock of ``View.heard_at``.

    ``keys`` says whether single keys are read, and ``control`` what they asked for. ``last``
    replaces the run's own last line.
    """
    width, height = size
    last = last or _last_line(view, control, keys, width)
    if view.run is None:
        waiting = text_block(console, [Text("preparing the device", Ink.MUTED)], width)
        return framed(console, [waiting], last, size)
    header, gap, rows = _shared_out(height)
    parts = [
        cached(_head, console, view.run, width, header),
        text_block(console, _bars(console, view, view.run, width, now), width),
        text_block(console, [_scores_line(console, view, view.run, width)], width),
        text_block(console, [_strip(console, view, width)][:gap], width),
        SCREENS.get(view.screen, _curves_screen)(console, view, view.run, width, rows),
    ]
    return framed(console, parts, last, size)


def _strip(console: Console, view: View, width: int) -> Text:
    """What the run uses of the machine, while it runs and once that is known."""
    if view.progress is None or view.reason is not None:
        return Text()
    return system_strip(console, view.progress, width)


def share_done(view: View) -> float:
    """The share of the work that is done, in epochs or, with a time limit, in time."""
    if view.reason in ("epochs", "time limit reached"):
        return 1.0
    run, progress = view.run, view.progress
    if run is None or progress is None:
        return 0.0
    if run.config.max_time is not None and progress.remaining is not None:
        return progress.elapsed / ((progress.elapsed + progress.remaining) or 1.0)
    epochs = progress.epoch - 1 + progress.share
    return min(1.0, epochs / run.config.effective_epochs)


def body_rows(height: int) -> int:
    """Rows of a screen's body, which ends above the last line, in a terminal of ``height`` rows."""
    return _shared_out(height)[2]


def _shared_out(height: int) -> tuple[int, int, int]:
    """Rows of the head, of the gap below the line of scores, and of the body."""
    header = 2 if height >= 20 else 1 if height >= 8 else 0
    gap = 1 if height >= SPACIOUS else 0
    return header, gap, max(0, height - header - 4 - gap)  # bars, scores, the last line


def _curves_screen(console: Console, view: View, run: RunInfo, width: int, rows: int) -> Block:
    """The curves, the epochs and the gallery."""
    share = _arrange(width, rows)
    charts = curves(console, [view], width, share.charts)
    gap = Block(width, []).shaped(width, share.gap)
    left = WHOLE_TABLE if share.side_by_side else width
    right = width - left - 2 if share.side_by_side else width
    epochs = cached(epochs_table, console, run, view.records, view.best_epoch, left, share.table)
    samples = cached(gallery, console, run, view.gallery, right, share.gallery)
    if share.side_by_side:
        return stack([charts, gap, beside([epochs, samples], gap=2)], width)
    return stack([charts, gap, epochs, samples], width)


SCREENS: Mapping[Screen, Callable[[Console, View, RunInfo, int, int], Block]] = {
    "curves": _curves_screen,
    "draw": draw_screen,
    "keys": keys_screen,
    "network": network_screen,
}
"""For each screen, the function that draws its body in a given number of columns and rows."""


def closing_view(console: Console, view: View, width: int = 0, rows: int = 0) -> Block:
    """The run's head and curves, which stay on the terminal after the dashboard closes.

    By default as wide as the terminal, and low enough to leave room for the rest of the ending.
    """
    width = width or console.width
    if view.run is None:
        return Block(width, [])
    header = text_block(console, _header(console, view.run, width), width)
    high = max(rows - header.height, 0) or (10 if console.height >= SPACIOUS else 7)
    return stack([header, curves(console, [view], width, high)], width)


def _arrange(width: int, rows: int) -> _Rows:
    """Share out the rows; as the terminal shrinks, the gallery is left out first."""
    if rows < COMPLETE:
        table = 4 if rows >= 10 else 0
        charts = rows - table
        return _Rows(charts, table, 0) if charts >= 5 else _Rows(0, rows, 0)
    gap = 1 if rows >= ROOMY else 0
    rest = rows - gap
    if width >= SIDE_BY_SIDE:
        charts = min(max(7, rest * 9 // 20), 18)
        return _Rows(charts, rest - charts, rest - charts, True, gap)
    spare = rest - 18
    gallery = 17 if spare >= 16 else 7 + min(3, spare // 2)
    charts = 7 + (spare + 7 - gallery) // 2
    return _Rows(charts, rest - charts - gallery, gallery, gap=gap)


def _head(console: Console, run: RunInfo, width: int, rows: int) -> Block:
    return text_block(console, _header(console, run, width)[:rows], width)


def _header(console: Console, run: RunInfo, width: int) -> list[Text]:
    dot = f" {glyphs(console.options.ascii_only).separator} "
    network, device, config = run.network, run.device, run.config
    name = run.dataset.name
    held_out = f", {formats.count(run.validation_count)} val" if run.validation_count else ""
    test = formats.count(run.test_count)
    counts = f"{formats.count(run.train_count)} train{held_out}, {test} test"
    windows = f", {formats.count(run.windows)} windows" if run.windows > 1 else ""
    parameters = formats.count(network.parameter_count)
    settings = f"{config.optimizer}, batch {config.batch_size}"
    shape, each = str(network), f"{parameters} parameters"
    if config.ensemble > 1:
        shape, each = f"ensemble of {config.ensemble}, {network}", f"{each} each"
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
    done = share_done(view)
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
    """The line of scores: as many as fit, the most important first."""
    last = view.records[-1] if view.records else None
    progress = view.progress
    parts: list[tuple[str, str, str]] = []  # a name, a value and its style
    best = cached(_kept_epoch, console, run.config, view.records, view.best_epoch)
    if best is not None:
        parts.append(("kept", best.what, Ink.BEST))
        parts.append(("its", best.other, ""))
    if view.patience_left is not None:
        style = Ink.WARNING if view.patience_left <= 1 else ""
        left = f"{view.patience_left}/{run.config.effective_patience}"
        parts.append(("patience", left, style))
    highest = run.config.effective_learning_rate
    rate = last.learning_rate if last else highest
    if progress is not None and progress.learning_rate is not None:
        rate = progress.learning_rate
    if not view.reason:
        parts.append(("lr", formats.learning_rate(rate, highest), ""))
    if best is not None:
        parts.append(("", best.better, ""))
    speed = progress.samples_per_second if progress else 0.0
    if speed <= 0 and last:
        speed = last.samples_per_second
    parts.append(("in all" if run.config.ensemble > 1 else "", formats.rate(speed), ""))
    if last:
        parts.append(("", f"{formats.seconds(last.seconds)} per epoch", ""))
    separator = f" {glyphs(console.options.ascii_only).separator} "
    text = Text()
    for name, value, style in parts:
        part = Text.assemble((f"{name} " if name else "", Ink.MUTED), (value, style))
        gap = separator if text else ""
        if value and text.cell_len + len(gap) + part.cell_len > width:
            break
        if value:
            text.append(gap, Ink.MUTED).append_text(part)
    return text


def _kept_epoch(
    console: Console, config: TrainConfig, records: Sequence[EpochRecord], best_epoch: int
) -> KeptEpoch | None:
    return kept_epoch(config, records, best_epoch)


def _last_line(view: View, control: Control, keys: bool, width: int) -> Text:
    """How the run has ended; while it runs, the keys or what they asked for."""
    if view.ending:
        return Text(view.ending, Ink.STRONG)
    return footer(control, HINTS, keys=keys, width=width, more=key_hints(view.screen))
