"""A search's trials, the best first: a frame of its screen, and its output at the end.

Owns the layout and the words; a frame is a pure function of a ``Board``, a size and the time.
``live.leaderboard`` decides when frames are drawn, ``search.study_progress`` what a trial is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rich.console import Console, RenderableType
from rich.text import Text

from gpunet.search.events import SearchInfo
from gpunet.search.space import Value
from gpunet.search.study_progress import StudyProgress, TrialSummary
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block, text_block
from gpunet.terminal.draw.charts import line_chart
from gpunet.terminal.draw.columns import GAP, Columns
from gpunet.terminal.draw.device_name import short_name
from gpunet.terminal.draw.style import Ink, bar, glyphs, sparkline
from gpunet.terminal.views.frame import StopHints, bar_line, footer, framed, spread
from gpunet.terminal.views.score import MONITORED
from gpunet.terminal.views.search_history import history_chart
from gpunet.training.events import Control, Progress

__all__ = [
    "Board",
    "counted",
    "failure_lines",
    "importance_block",
    "leaderboard_frame",
    "monitored",
    "trial_table",
]

HINTS = StopHints(
    stopping="stopping now; trials that are done are kept",
    ctrl_c_again="leave at once",
    ctrl_c_waiting="stop now",
)

HEAD, STATEMENT, NARROW_STATEMENT = 14, 42, 18
"""Cells reserved left of the bars, right of them, and right of them on a narrow screen, so that
the bars keep their length."""

WORDY = 70
"""Fewest columns for whole words right of the bars."""

WIDE = 110
"""Fewest columns for the batch's mean loss beside the best trial."""

SURE = 1.0
"""Fewest seconds of training before the remaining time is estimated."""

CURVE, WIDE_CURVE = 12, 30
"""Fewest and most cells of a trial's curve."""

STATE = len("running")
"""Fewest cells of a trial's state, so that the columns stay in place."""

ROOMY, TALL = 20, 36
"""Fewest rows of a screen for a blank line above the last line, and for the chart of the trials."""

HEADS: Mapping[str, str] = {
    "learning_rate": "lr",
    "label_smoothing": "smoothing",
    "weight_decay": "decay",
    "batch_size": "batch",
    "initialization": "init",
    "input_dropout": "inputs",
}
"""Short names of settings, as column titles."""

STYLES: Mapping[str, str] = {"running": Ink.TRAIN, "failed": Ink.WRONG, "pruned": Ink.MUTED}

FAILURES = 5
"""Most kinds of failures listed at the end."""


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """All that a frame shows; immutable, and replaced at every event.

    Args:
        search: the search; ``None`` until it starts.
        progress: its latest progress.
        began: the clock at the first steps, in seconds, and how many trials were done then.
        network: the network that the batch trains; empty before the first batch.
        batch: numbers of the batch's trials.
        batch_progress: progress within the batch; ``None`` until its first steps are done.
        others: number of trials of other workers that the search is waiting for.
        shaders: how many of the batch's shaders are compiled, and how many there are; ``None`` if
            there are none.
    """

    search: SearchInfo | None = None
    progress: StudyProgress | None = None
    began: tuple[float, float] | None = None
    network: str = ""
    batch: tuple[int, ...] = ()
    batch_progress: Progress | None = None
    others: int = 0
    shaders: tuple[int, int] | None = None

    def begun(self, now: float) -> Board:
        """The board, measuring the pace from ``now`` unless it already does."""
        return self if self.began else replace(self, began=(now, self._trained()))

    def rate(self, now: float) -> float:
        """Trials per second since the first steps, of all workers, including parts of trials."""
        began, before = self.began or (now, 0.0)
        return 0.0 if now - began < SURE else max(0.0, self._trained() - before) / (now - began)

    def _trained(self) -> float:
        """Trials trained so far, including parts of trials and of the current epoch."""
        assert self.search is not None
        assert self.progress is not None
        epochs, steps = self.search.epochs, self.batch_progress
        begun = 0.0
        if steps is not None:
            under_way = sum(len(one.curve) < steps.epoch for one in self.running())
            begun = under_way * steps.share / epochs
        return _trained(self.progress, epochs) + begun

    def running(self) -> list[TrialSummary]:
        """The trials of the batch that have not ended."""
        trials = self.progress.trials if self.progress else ()
        return [one for one in trials if one.state == "running" and one.number in self.batch]

    def remaining(self, now: float) -> float | None:
        """Seconds until all trials have ended, at the pace so far."""
        rate = self.rate(now)
        if self.progress is None or rate <= 0:
            return None
        return max(0.0, self.progress.total - self._trained()) / rate


def _trained(progress: StudyProgress, epochs: int) -> float:
    """Trials trained so far: those that have ended, and the others' shares of finished epochs."""
    shares = (len(one.curve) / epochs for one in progress.trials if not one.ended)
    return progress.done + sum(shares)


def leaderboard_frame(
    console: Console,
    board: Board,
    control: Control,
    size: tuple[int, int],
    now: float,
    keys: bool,
) -> Block:
    """A frame of exactly ``size`` (columns, rows), at ``now`` by the clock of ``Board.began``."""
    width, height = size
    search, progress = board.search, board.progress
    last = footer(control, HINTS, keys=keys, width=width)
    if search is None or progress is None:
        waiting = text_block(console, [Text("preparing the search", Ink.MUTED)], width)
        return framed(console, [waiting], last, size)
    lines = [
        _header(console, search, progress, width),
        *_bars(console, board, search, progress, width, now),
        _best_line(console, board, search, progress, width),
        Text(),
    ]
    parts = [text_block(console, lines, width)]
    chart = height // 3 if height >= TALL else 0
    rows = height - len(lines) - 3 - (height >= ROOMY) - chart  # less head, rule and last line
    if rows > 0:
        table = trial_table(console, search, progress, _shown(progress.trials, rows), width)
        parts.append(table.block(console, width).shaped(width, rows + 2 + bool(chart)))
    if chart:
        parts.append(line_chart(console, history_chart(search, progress, chart - 1), width))
    return framed(console, parts, last, size)


def trial_table(
    console: Console,
    search: SearchInfo,
    progress: StudyProgress,
    trials: Sequence[TrialSummary],
    width: int | None = None,
) -> Columns:
    """A study's trials, with as many settings as fit in ``width``, by default the console's."""
    bounds = _bounds(progress)
    names, spare = _columns_that_fit(search, progress.trials, width or console.width)
    cells = CURVE + max(0, min(WIDE_CURVE - CURVE, spare - GAP - len("epochs")))
    missing = len(search.parameters) - len(names)
    heads = ["trial", f"<{'state':<{STATE}}", search.monitor.replace("_", " "), "<curve"]
    heads += [_head(name, progress.trials) for name in names] + [f"+{missing}"] * (missing > 0)
    heads += ["epochs"] * (spare >= GAP + len("epochs"))
    table = Columns(heads)
    for trial in trials:
        values = [_written(trial.values[name]) if name in trial.values else "" for name in names]
        values += [""] * (missing > 0) + [str(len(trial.curve))]
        curve = [value for value in trial.curve if math.isfinite(value)]
        ended_early = trial.state == "pruned"
        style = Ink.BEST if trial is progress.best else Ink.MUTED if ended_early else ""
        ink = Ink.MUTED if ended_early else Ink.VALIDATION
        table.add(
            str(trial.number),
            Text(_state(trial), STYLES.get(trial.state, style)),
            monitored(search, trial.figure),
            sparkline(curve, bounds, cells, ink, console.options.ascii_only),
            *values[: len(heads) - 4],
            style=style,
        )
    return table


def _shown(trials: Sequence[TrialSummary], rows: int) -> list[TrialSummary]:
    """The trials that fit in the rows: running ones in up to half of them, then the best."""
    running = [one for one in trials if one.state == "running"][: rows // 2]
    kept = {one.number for one in running}
    others = [one.number for one in trials if one.number not in kept]
    kept.update(others[: rows - len(running)])
    return [one for one in trials if one.number in kept]


def _head(name: str, trials: Sequence[TrialSummary]) -> str:
    """The title of a setting's column, as wide as its widest cell; words are left-aligned."""
    values = [one.values[name] for one in trials if name in one.values]
    words = any(isinstance(value, str | bool) for value in values)
    title, cells = HEADS.get(name, name), max(map(len, map(_written, values)), default=0)
    return f"<{title:<{cells}}" if words else f"{title:>{cells}}"


def importance_block(console: Console, importances: Mapping[str, float]) -> RenderableType:
    """How much each setting influenced the trials' results, as bars."""
    width = max(map(len, importances), default=0)
    lines = [Text("importance of each setting", Ink.STRONG)]
    length = max(4, min(30, console.width - width - 12))
    for name, share in importances.items():
        line = Text(f"  {name:<{width}}  ", Ink.MUTED)
        line.append_text(bar(share, length, Ink.LABEL, console.options.ascii_only))
        lines.append(line.append(f" {100 * share:3.0f} %"))
    return text_block(console, lines, console.width)


def failure_lines(progress: StudyProgress) -> list[str]:
    """Why trials failed; reasons that differ only in numbers share a line."""
    kinds: dict[str, list[TrialSummary]] = {}
    failed = [trial for trial in progress.trials if trial.state == "failed"]
    for trial in sorted(failed, key=lambda one: one.number):
        kinds.setdefault(re.sub(r"[\d.,]+(e[+-]?\d+)?", "", trial.reason), []).append(trial)
    lines = []
    for alike in sorted(kinds.values(), key=len, reverse=True)[:FAILURES]:
        first, others = alike[0], len(alike) - 1
        more = f" (and {others} like it)" if others else ""
        lines.append(f"trial {first.number} failed: {first.reason}{more}")
    return lines


def _written(value: Value) -> str:
    """A setting's value in short form."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def monitored(search: SearchInfo, value: float | None) -> str:
    """A value of the monitored metric as people read it."""
    score = MONITORED.get(search.monitor)
    return formats.loss(value) if score is None else score.written(value)


def counted(progress: StudyProgress) -> str:
    """How many trials are done, pruned and failed, in words."""
    count = progress.count
    return f"{count('complete')} done, {count('pruned')} pruned, {count('failed')} failed"


def _header(console: Console, search: SearchInfo, progress: StudyProgress, width: int) -> Text:
    dot = f" {glyphs(console.options.ascii_only).separator} "
    order = "largest" if progress.maximize else "smallest"
    left = f"{search.study}{dot}{search.data}{dot}{order} {search.monitor}"
    return spread(console, width, [left], [short_name(search.device.name)], Ink.STRONG)


@dataclass(frozen=True, slots=True)
class _Bar:
    """A progress bar: ``done`` of ``of`` are finished, a ``share`` of the whole."""

    name: str
    done: int
    of: int
    share: float
    told: str
    ink: Ink

    def head(self) -> str:
        """The text left of the bar."""
        return f"{self.name} {self.done:>{len(str(self.of))}}/{self.of} "

    def tail(self) -> str:
        """The text right of the bar."""
        return f" {100 * self.share:3.0f} %{self.told and '  '}{self.told}"


def _bars(
    console: Console,
    board: Board,
    search: SearchInfo,
    progress: StudyProgress,
    width: int,
    now: float,
) -> list[Text]:
    """The progress of all trials and of the batch, in bars of equal length."""
    bars, lines = [_of_trials(board, progress, width, now)], []
    if board.others:
        lines = [Text(f"waiting for {board.others} trials of other workers", Ink.WARNING)]
    elif board.batch:
        bars.append(_of_batch(board, search, width))
    else:
        lines = [Text("choosing the first trials", Ink.MUTED)]
    left = max(HEAD, *(len(one.head()) for one in bars))
    right = max(
        STATEMENT if width >= WORDY else NARROW_STATEMENT, *(len(one.tail()) for one in bars)
    )
    drawn = [
        bar_line(console, one.head().ljust(left), one.share, one.tail(), width, right, one.ink)
        for one in bars
    ]
    return drawn + lines


def _of_trials(board: Board, progress: StudyProgress, width: int, now: float) -> _Bar:
    total, done, rate = progress.total, progress.done, 60 * board.rate(now)
    left = f"{formats.duration(board.remaining(now), nothing='--:--')} left"
    if width >= WORDY:
        left = f"{f'{rate:.3g}' if rate else '-'} per minute, about {left}"
    return _Bar("trials", done, total, done / max(1, total), left, Ink.LABEL)


def _of_batch(board: Board, search: SearchInfo, width: int) -> _Bar:
    """The epochs of the batch, or its shaders before that."""
    steps, wide = board.batch_progress, width >= WORDY
    if steps is None and board.shaders is not None:
        done, count = board.shaders
        told = f"compiling {board.network}" if wide else ""
        return _Bar("shaders", done, count, done / count, told, Ink.TRAIN)
    epoch, share = (steps.epoch, steps.share) if steps else (1, 0.0)
    told = f"{board.network}, {len(board.running())} of {len(board.batch)} trials run"
    return _Bar("epoch", epoch, search.epochs, share, told if wide else "", Ink.TRAIN)


def _best_line(
    console: Console, board: Board, search: SearchInfo, progress: StudyProgress, width: int
) -> Text:
    """The best trial, or the state before there is one, and how many trials have ended."""
    dot = f" {glyphs(console.options.ascii_only).separator} "
    text, steps = Text(), board.batch_progress
    leader = next((one for one in progress.trials if one.figure is not None), None)
    if leader is not None:
        text.append("best ", Ink.MUTED)
        ink = Ink.BEST if leader.ended else Ink.TRAIN  # as its row below
        text.append(f"{monitored(search, leader.figure)} in trial {leader.number}", ink)
        text.append(f"{'' if leader.ended else ', which runs'}{dot}", Ink.MUTED)
    room = leader is None or width >= WIDE
    if room and board.batch and steps is not None and steps.train_loss is not None:
        mean = "mean train loss " if len(board.batch) > 1 else "train loss "
        text.append(mean, Ink.MUTED).append(formats.loss(steps.train_loss), Ink.TRAIN)
        text.append(dot, Ink.MUTED)
    text.append(counted(progress), Ink.MUTED)
    failed = [trial for trial in progress.trials if trial.state == "failed"]
    if failed:
        last = max(failed, key=lambda trial: trial.number)
        text.append(f"{dot}trial {last.number}: {last.reason}", Ink.WRONG)
    return text


def _state(trial: TrialSummary) -> str:
    """The state of a trial in a word; not every trial that ended early was pruned."""
    if trial.state == "pruned" and trial.reason != "pruned":
        return "diverged" if trial.reason.startswith("diverged") else "stopped"
    return "done" if trial.state == "complete" else trial.state


def _bounds(progress: StudyProgress) -> tuple[float, float]:
    """The values of the curves' lowest and highest cells, from the better half of the trials.

    The worst tenth of these values lies beyond the bounds.
    """
    known = [one for one in progress.trials if one.figure is not None]  # the best first
    good = known[: max(1, (len(known) + 1) // 2)]
    values = sorted(one for trial in good for one in trial.curve if math.isfinite(one))
    if not values:
        return 0.0, 1.0
    tenth = len(values) // 10
    return (values[tenth], values[-1]) if progress.maximize else (values[0], values[-1 - tenth])


def _columns_that_fit(
    search: SearchInfo, trials: Sequence[TrialSummary], width: int
) -> tuple[list[str], int]:
    """The settings that fit, and the number of cells left."""
    states = max([STATE, *(len(_state(trial)) for trial in trials)])
    figures = [monitored(search, trial.figure) for trial in trials]
    room = width - (5 + states + max(map(len, [search.monitor, *figures])) + CURVE + 3 * GAP)
    names: list[str] = []
    for name in search.parameters:
        cells = [_written(trial.values[name]) for trial in trials if name in trial.values]
        needed = GAP + max(map(len, [HEADS.get(name, name), *cells]))
        last = len(names) == len(search.parameters) - 1
        if room - needed < (0 if last else GAP + 3):  # "+12" counts those without room
            return names, 0
        room -= needed
        names.append(name)
    return names, room
