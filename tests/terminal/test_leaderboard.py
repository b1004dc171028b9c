"""The leaderboard of a search, at every size and in every character set."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from gpunet.engine.interface import DeviceInfo
from gpunet.search.events import SearchInfo
from gpunet.search.space import Value
from gpunet.search.study_progress import StudyProgress, TrialSummary
from gpunet.terminal.draw.style import Ink, sparkline
from gpunet.terminal.live.leaderboard import LiveLeaderboard, PlainSearch
from gpunet.terminal.live.messages import ConsoleMessages
from gpunet.terminal.views.leaderboard import (
    Board,
    failure_lines,
    importance_block,
    leaderboard_frame,
    trial_table,
)
from gpunet.terminal.views.search_history import history_chart
from gpunet.training.clock import WorkingClock
from gpunet.training.events import Control, Progress

MakeConsole = Callable[..., Console]
BAR = re.compile("[#-]{2,}")
NAMES = ("hidden", "activation", "learning_rate", "schedule", "dropout", "l2")


def trial(number: int, state: Any, curve: tuple[float, ...] = (), reason: str = "") -> TrialSummary:
    settings: tuple[Value, ...] = ("16,16", "leaky_relu", 0.01, "cosine", 0.25, 1.5e-6)
    values = dict(zip(NAMES, settings, strict=True))
    figure = min(curve) if curve else None
    return TrialSummary(number, state, values, curve, figure, reason, "host:1")


TRIALS = (
    trial(3, "running", (0.5, 0.2)),
    trial(0, "complete", (0.9, 0.4, 0.3)),
    trial(1, "pruned", (1.5,), "pruned"),
    trial(2, "failed", (), "--lr-final is 0.5, wanted at most the learning rate at a start, 0.1"),
    trial(4, "failed", (), "--lr-final is 0.7, wanted at most the learning rate at a start, 2e-2"),
    trial(5, "failed", (), "diverged in epoch 1"),
    trial(6, "running"),
)
FIGURES = ((0, 0.5), (1, 0.25), (2, 0.75))
PROGRESS = StudyProgress(TRIALS, 24, maximize=False)


@pytest.fixture
def search() -> SearchInfo:
    device = DeviceInfo("a graphics card", "discrete GPU", "Vulkan", "1.0")
    empty = StudyProgress((), 24, maximize=False)
    return SearchInfo("mine", "tune/mine", device, "mnist", "val_loss", NAMES, 3, empty)


@pytest.fixture
def board(search: SearchInfo) -> Board:
    progress = Progress(2, 430, 860, 0.4, 0.9, 18_500.0, "training", 12.0, 100.0)
    return Board(search, PROGRESS, (10.0, 0.0), "784-16-16-10", (3, 6), progress)


def shown(console: Console, board: Board, width: int, height: int, now: float = 70.0) -> list[str]:
    block = leaderboard_frame(console, board, Control(), (width, height), now, True)
    assert [width] * height == [sum(part.cell_length for part in line) for line in block.lines]
    return ["".join(part.text for part in line).rstrip() for line in block.lines]


@pytest.mark.parametrize("width", [20, 40, 59, 80, 140, 250])
@pytest.mark.parametrize("height", [1, 4, 10, 24, 40])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_frame_fills_its_screen_exactly(
    make_text_console: MakeConsole, board: Board, width: int, height: int, ascii_only: bool
) -> None:
    console = make_text_console(width, height, ascii_only=ascii_only)
    for one in (Board(), replace(board, batch=()), replace(board, others=3), board):
        lines = shown(console, one, width, height)
        assert not ascii_only or all(line.isascii() for line in lines)


def test_a_frame_tells_how_far_the_search_and_its_batch_are(
    make_text_console: MakeConsole, board: Board
) -> None:
    head, trials, batch, best, *_ = shown(make_text_console(100), board, 100, 24)
    assert head.startswith("mine · mnist · smallest val_loss")
    assert head.endswith("a graphics card")
    # five trials have ended, two of three epochs of a sixth are done and half a one of a seventh,
    # in a minute; 18 1/6 are left
    assert trials.startswith("trials  5/24")
    assert trials.endswith("21 %  5.83 per minute, about 3:06 left")
    assert batch.startswith("epoch 2/3")
    assert batch.endswith("50 %  784-16-16-10, 2 of 2 trials run")
    assert best.startswith(
        "best 0.2000 in trial 3, which runs · 1 done, 1 pruned, 3 failed · trial 5: diverged"
    )


def test_the_best_trials_stand_first_with_their_curves_and_settings(
    make_text_console: MakeConsole, board: Board
) -> None:
    lines = shown(make_text_console(100), board, 100, 24)
    assert lines[5].split()[:5] == ["trial", "state", "val", "loss", "curve"]
    assert "3  running    0.2000  ▄▁" in lines[7]
    assert "0  done       0.3000  █▃▂" in lines[8]
    assert "16,16   leaky_relu  0.01" in lines[8]


def test_trials_that_run_are_shown_also_where_others_would_fill_the_screen(
    make_text_console: MakeConsole, board: Board
) -> None:
    ended = [trial(number, "pruned", (number / 10,), "pruned") for number in range(10, 20)]
    running = [trial(number, "running") for number in range(20, 28)]
    progress = StudyProgress((*ended, *running), 24, maximize=False)
    lines = shown(make_text_console(80), replace(board, progress=progress), 80, 14)
    assert [line.split()[:2] for line in lines[7:-1]] == [
        *[[str(number), "pruned"] for number in range(10, 13)],
        *[[str(number), "running"] for number in range(20, 23)],
    ]


def test_both_bars_stand_below_one_another(make_text_console: MakeConsole, board: Board) -> None:
    many = replace(board, progress=replace(PROGRESS, total=1200))
    for width in (40, 60, 80, 140):
        both = shown(make_text_console(width, ascii_only=True), many, width, 24)[1:3]
        assert len({(found.start(), found.end()) for found in map(BAR.search, both) if found}) == 1


def test_settings_without_room_are_counted(make_text_console: MakeConsole, board: Board) -> None:
    narrow = shown(make_text_console(60), board, 60, 24)
    assert narrow[5].endswith("+5")
    assert "l2" in shown(make_text_console(140), board, 140, 24)[5]


@pytest.mark.parametrize(
    ("wish", "told"),
    [("stop_now", "stopping now"), ("stop_after_epoch", "after this epoch"), ("paused", "paused")],
)
def test_what_was_asked_for_is_told_below(
    make_text_console: MakeConsole, board: Board, wish: str, told: str
) -> None:
    control = Control()
    getattr(control, wish).set()
    block = leaderboard_frame(make_text_console(), board, control, (80, 24), 70.0, True)
    assert told in "".join(part.text for part in block.lines[-1])


def test_reasons_that_differ_in_numbers_alone_are_told_once() -> None:
    assert failure_lines(PROGRESS) == [
        "trial 2 failed: --lr-final is 0.5, wanted at most the learning rate at a start, 0.1 "
        "(and 1 like it)",
        "trial 5 failed: diverged in epoch 1",
    ]


def test_the_closing_table_lists_the_best(
    make_text_console: MakeConsole, search: SearchInfo
) -> None:
    console = make_text_console(80)
    console.print(trial_table(console, search, PROGRESS, TRIALS[:2]))
    console.print(importance_block(console, {"learning_rate": 0.75, "l2": 0.25}))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 2 + 2 + 3
    assert lines[5].endswith("75 %")
    assert max(map(len, lines)) <= 80


def test_a_small_curve_has_a_cell_for_each_value_or_for_each_part() -> None:
    assert sparkline([0.0, 0.5, 1.0], (0.0, 1.0), 5, "", False).plain == "▁▅█"
    assert sparkline([0.0, 0.5, 1.0], (0.0, 1.0), 5, "", True).plain == "_-^"
    assert sparkline([0.0, 0.25, 0.0, 0.5, 0.0, 1.0], (0.0, 1.0), 3, "", False).plain == "▃▅█"
    assert sparkline([2.0, 2.0], (2.0, 2.0), 5, "", False).plain == "▁▁"
    assert sparkline([], (0.0, 1.0), 5, "", False).plain == ""


def tell(screen: Any, search: SearchInfo) -> None:
    screen.on_search_begin(search)
    screen.on_batch_begin(StudyProgress(TRIALS[-1:], 24, False), "784-16-16-10", (6,))
    screen.on_progress(Progress(1, 430, 860, 0.4, 0.9, 18_500.0, "training", 12.0, 100.0))
    screen.on_update(PROGRESS)
    screen.on_update(StudyProgress((*TRIALS[:-1], trial(6, "complete", (0.1,))), 24, False))
    screen.on_wait(PROGRESS, 2)
    screen.on_wait(PROGRESS, 2)


def test_no_line_of_what_is_searched_ends_within_a_word_on_a_terminal(
    make_text_console: MakeConsole, search: SearchInfo
) -> None:
    console = make_text_console(40, colors="truecolor")
    with ConsoleMessages(console, plain=True).search() as screen:
        tell(screen, search)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    first = next(index for index, line in enumerate(lines) if "searched:" in line)
    assert all(len(line) <= 40 for line in lines[first : first + 3])
    assert lines[first + 1].startswith(" " * 8)


def test_lines_tell_a_search_to_a_log(make_text_console: MakeConsole, search: SearchInfo) -> None:
    console = make_text_console(40)
    with ConsoleMessages(console).search() as screen:
        tell(screen, search)
    assert isinstance(console.file, io.StringIO)
    assert [
        "study:  mine in tune/mine",
        "        24 trials of 3 epochs at most, by val_loss",
        f"        searched: {', '.join(NAMES)}",
        "batch   1 network 784-16-16-10",
        f"trial 2 failed: {TRIALS[3].reason}",
        f"trial 4 failed: {TRIALS[4].reason}",
        "trial 5 failed: diverged in epoch 1",
        "epoch 1/3    1 of 1 trials run  best 0.2000 (trial 3)",
        "trials  6/24: 2 done, 1 pruned, 3 failed  best 0.2000 (trial 3)",
        "waiting for 2 trials of other workers",
    ] == console.file.getvalue().splitlines()


def test_the_live_leaderboard_shows_what_it_is_told(
    make_text_console: MakeConsole, search: SearchInfo
) -> None:
    console = make_text_console(colors="truecolor")
    with LiveLeaderboard(console, Control(), keys=io.StringIO()) as screen:
        tell(screen, search)
        block = screen.frame((80, 24), 0.0, False)
    assert "waiting for 2 trials" in "".join(part.text for part in block.lines[2])
    assert isinstance(console.file, io.StringIO)
    assert "\x1b[?1049l" in console.file.getvalue()  # the screen is given back


def test_a_search_for_the_largest_accuracy_that_was_resumed_is_told_as_a_whole(
    make_text_console: MakeConsole, search: SearchInfo
) -> None:
    values: dict[str, Value] = {"hidden": "16,16", "learning_rate": 0.012345, "l2": 0.0}
    trials = (
        TrialSummary(4, "complete", values, (0.5, 0.9, 1.0), 1.0, "", "host:1"),
        TrialSummary(5, "running", values, (0.5, 0.75), 0.75, "", "host:1"),
        TrialSummary(6, "running", values, (), None, "", "another:1"),
        TrialSummary(1, "pruned", values, (0.0,), 0.0, "pruned", "host:1"),
        TrialSummary(2, "pruned", values, (0.5,), 0.5, "stopped by user", "host:1"),
        TrialSummary(3, "pruned", values, (0.5,), 0.5, "diverged in epoch 2", "host:1"),
        TrialSummary(8, "failed", values, (), None, "no memory", "host:1"),
        TrialSummary(9, "failed", values, (), None, "no device", "host:1"),
        TrialSummary(7, "failed", values, (), None, "no time", "host:1"),
    )
    before = StudyProgress((*trials[:1], *trials[3:5]), 12, maximize=True)
    told = replace(search, monitor="val_accuracy", progress=before, parameters=tuple(values))
    progress = StudyProgress(trials, 12, maximize=True)
    steps = Progress(2, 645, 860, 0.4, 0.9, 18_500.0, "training", 12.0, 100.0)
    board = Board(told, progress, (10.0, 3.0), "784-16-16-10", (5,), steps)
    lines = shown(make_text_console(100), board, 100, 24)
    # of seven that have ended three had before, and 2/3 of another one are done, in a minute
    assert lines[1].endswith("58 %  4.67 per minute, about 0:55 left")
    assert lines[0].startswith("mine · mnist · largest val_accuracy")
    assert lines[2].endswith("75 %  784-16-16-10, 1 of 1 trials run")
    assert lines[3] == (
        "best 100.00 % in trial 4 · 1 done, 3 pruned, 3 failed · trial 9: no device"
    )
    assert lines[5].split() == [
        *("trial", "state", "val", "accuracy", "curve", "hidden", "lr", "l2", "epochs"),
    ]
    rest = ["16,16", "0.0123", "0"]
    assert [line.split() for line in lines[7:16]] == [
        ["4", "done", "100.00", "%", "▅▇█", *rest, "3"],
        ["5", "running", "75.00", "%", "▅▆", *rest, "2"],
        ["6", "running", "-", *rest, "0"],
        ["1", "pruned", "0.00", "%", "▁", *rest, "1"],
        ["2", "stopped", "50.00", "%", "▅", *rest, "1"],
        ["3", "diverged", "50.00", "%", "▅", *rest, "1"],
        *[[number, "failed", "-", *rest, "0"] for number in "897"],
    ]


@pytest.mark.parametrize(("state", "ink"), [("running", Ink.TRAIN), ("complete", Ink.BEST)])
def test_the_best_score_is_told_in_the_color_of_its_row(
    make_text_console: MakeConsole, board: Board, state: str, ink: Ink
) -> None:
    console = make_text_console(100, colors="truecolor")
    only = StudyProgress((trial(3, state, (0.25,)),), 24, maximize=False)
    lines = leaderboard_frame(
        console, replace(board, progress=only), Control(), (100, 24), 70.0, True
    ).lines
    inks = {part.text.strip(): part.style for line in lines for part in line}
    row = "running" if state == "running" else "done"
    found = [inks["0.2500 in trial 3"], next(inks[one] for one in inks if one.startswith(row))]
    assert found == [console.get_style(ink)] * 2


def test_the_row_of_the_best_trial_stands_out_and_settings_without_room_are_counted(
    make_text_console: MakeConsole, board: Board
) -> None:
    console = make_text_console(60, colors="truecolor")
    block = leaderboard_frame(console, board, Control(), (60, 24), 70.0, True)
    best = console.get_style(Ink.BEST)
    marked = [line for line in block.lines if any(part.style == best for part in line)]
    assert ["".join(part.text for part in line).split()[0] for line in marked] == ["0"]
    lines = shown(make_text_console(80), board, 80, 24)
    names = lines[5].split()[5:]
    assert names[-1] == f"+{len(NAMES) - len(names) + 1}"


@pytest.mark.parametrize(
    ("worst", "maximize", "drawn"),
    [(100.0, False, "██▇▆▆▅▄▃▃▂▁"), (-100.0, True, "▁█▇▆▆▅▄▃▃▂▁")],
)
def test_only_the_worst_tenth_of_the_figures_may_lie_beyond_the_curves(
    make_text_console: MakeConsole,
    search: SearchInfo,
    worst: float,
    maximize: bool,
    drawn: str,
) -> None:
    curve = (worst, *[1.0 - place / 10 for place in range(10)])
    progress = StudyProgress((trial(0, "complete", curve),), 1, maximize=maximize)
    console = make_text_console(100)
    console.print(trial_table(console, search, progress, progress.trials))
    row = console.file.getvalue().splitlines()[2]  # type: ignore[attr-defined]
    assert row.split()[3] == drawn


def test_what_failed_before_a_search_went_on_is_not_told_to_the_log_again(
    make_text_console: MakeConsole, search: SearchInfo
) -> None:
    console = make_text_console(100)
    done = StudyProgress(
        (trial(2, "complete", (0.25,)), trial(0, "failed", (), "no memory")), 4, False
    )
    both = StudyProgress((*done.trials, trial(3, "failed", (), "no device")), 4, False)
    with ConsoleMessages(console).search() as screen:
        screen.on_search_begin(replace(search, progress=done))
        screen.on_batch_begin(done, "4-3-2", (3, 4))
        screen.on_update(both)
    assert console.file.getvalue().splitlines()[1:] == [  # type: ignore[attr-defined]
        "        4 trials of 3 epochs at most, 2 done, by val_loss",
        f"        searched: {', '.join(NAMES)}",
        "batch   2 networks 4-3-2",
        "trial 3 failed: no device",
        "trials  3/4: 1 done, 0 pruned, 2 failed  best 0.2500 (trial 2)",
    ]


def test_a_batch_that_begins_shows_nothing_of_the_one_before(
    make_text_console: MakeConsole, search: SearchInfo
) -> None:
    screen = LiveLeaderboard(make_text_console(), Control(), keys=io.StringIO())
    tell(screen, search)
    screen.on_batch_begin(PROGRESS, "784-8-10", (6,))
    block = screen.frame((80, 24), 0.0, False)
    line = "".join(part.text for part in block.lines[2])
    assert line.startswith("epoch 1/3")
    assert line.rstrip().endswith("0 %  784-8-10, 1 of 1 trials run")


def test_the_commonest_reason_of_failures_comes_first_and_no_more_than_five_are_told() -> None:
    reasons = ["a", "b", "c", "d", "e", "f", "g 1", "g 2", "g 3"]
    trials = [trial(number, "failed", (), reason) for number, reason in enumerate(reasons)]
    assert failure_lines(StudyProgress(tuple(reversed(trials)), 9, maximize=False)) == [
        "trial 6 failed: g 1 (and 2 like it)",
        *[f"trial {number} failed: {'abcd'[number]}" for number in range(4)],
    ]


def test_settings_are_written_as_people_say_them(
    make_text_console: MakeConsole, search: SearchInfo
) -> None:
    values: dict[str, Value] = {"layer_norm": True, "augment": False, "l2": 1e-7, "batch_size": 64}
    told = replace(search, parameters=tuple(values))
    one = TrialSummary(0, "complete", values, (0.5,), 0.5, "", "host:1")
    console = make_text_console(120)
    console.print(trial_table(console, told, StudyProgress((one,), 1, maximize=False), [one]))
    head, _, row = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert head.split()[5:] == ["layer_norm", "augment", "l2", "batch", "epochs"]
    assert row.split()[-5:] == ["yes", "no", "1e-07", "64", "1"]
    assert head.index("layer_norm") == row.index("yes")  # words are aligned left
    assert head.index("batch") + 5 == row.index("64") + 2  # numbers right


def test_the_importance_of_a_setting_is_as_long_a_bar_as_its_share(
    make_text_console: MakeConsole,
) -> None:
    console = make_text_console(80)
    console.print(importance_block(console, {"learning_rate": 0.75, "l2": 0.25}))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line.split()[0] for line in lines[1:]] == ["learning_rate", "l2"]
    filled = [line.count("━") + line.count("╸") / 2 for line in lines[1:]]
    assert filled == [22.5, 7.5]


def test_a_search_measures_its_pace_from_its_first_steps_not_while_shaders_are_compiled(
    make_text_console: MakeConsole, search: SearchInfo
) -> None:
    clock = Control(clock=WorkingClock(lambda: 1000.0))
    screen = LiveLeaderboard(make_text_console(100), clock, keys=io.StringIO())

    def line(now: float, number: int) -> str:
        block = screen.frame((100, 24), now, False)
        return "".join(part.text for part in block.lines[number]).rstrip()

    screen.on_search_begin(search)
    screen.on_batch_begin(PROGRESS, "4-3-2", [3, 6])
    screen.on_compile(3, 12)
    assert line(1060.0, 1).endswith("21 %  - per minute, about --:-- left")
    assert line(1060.0, 2).startswith("shaders  3/12 ")
    assert line(1060.0, 2).endswith("25 %  compiling 4-3-2")
    half = Progress(1, 430, 860, 0.4, 0.9, 18_500.0, "training", 12.0, 100.0)
    screen.on_progress(replace(half, step=0))
    screen.on_progress(half)  # half of one of three epochs of trial 6
    assert line(1000.5, 1).endswith("21 %  - per minute, about --:-- left")
    assert line(1060.0, 1).endswith("21 %  0.167 per minute, about 1:48:59 left")


def test_a_live_leaderboard_keeps_what_is_not_news(
    make_text_console: MakeConsole, search: SearchInfo
) -> None:
    control = Control(clock=WorkingClock(lambda: 77.0))
    screen = LiveLeaderboard(make_text_console(), control, keys=io.StringIO())
    told = Progress(2, 430, 860, 0.4, 0.9, 18_500.0, "training", 12.0, 100.0)
    empty, some = search.progress, StudyProgress(TRIALS[:2], 24, maximize=False)
    began = 77.0, 1 + 2 / 3
    acts: list[tuple[Callable[[], None], Board]] = [
        (lambda: screen.on_search_begin(search), Board(search, empty)),
        (
            lambda: screen.on_batch_begin(some, "4-3-2", [3, 6]),
            Board(search, some, None, "4-3-2", (3, 6)),
        ),
        (lambda: screen.on_progress(told), Board(search, some, began, "4-3-2", (3, 6), told)),
        (
            lambda: screen.on_update(PROGRESS),
            Board(search, PROGRESS, began, "4-3-2", (3, 6), told),
        ),
        (
            lambda: screen.on_wait(some, 5),
            Board(search, some, began, "4-3-2", (3, 6), told, 5),
        ),
        (
            lambda: screen.on_update(PROGRESS),
            Board(search, PROGRESS, began, "4-3-2", (3, 6), told, 5),
        ),
        (
            lambda: screen.on_batch_begin(some, "9-9", [7]),
            Board(search, some, began, "9-9", (7,)),
        ),
    ]
    for act, board in acts:
        screen._stale = False
        act()
        assert screen._stale
        shown = {name: getattr(screen.view, name) for name in Board.__dataclass_fields__}
        assert shown == {name: getattr(board, name) for name in shown}


@pytest.mark.parametrize(
    ("now", "rate", "left"), [(10.0, 0.0, None), (9.0, 0.0, None), (30.0, 0.2917, 62.3)]
)
def test_the_pace_counts_from_the_beginning_and_is_unknown_before(
    board: Board, now: float, rate: float, left: float | None
) -> None:
    assert board.rate(now) == pytest.approx(rate, abs=1e-3)
    assert board.remaining(now) == (None if left is None else pytest.approx(left, abs=0.1))
    assert Board().rate(now) == 0.0
    assert Board().remaining(now) is None


def test_a_search_with_more_done_than_wanted_has_nothing_left_and_its_pace_never_falls_below_zero(
    board: Board,
) -> None:
    assert replace(board, progress=replace(PROGRESS, total=5)).remaining(70.0) == 0
    assert replace(board, began=(10.0, 9.0)).rate(70.0) == 0


def test_failures_are_told_in_their_order_and_once_each(
    make_text_console: MakeConsole, search: SearchInfo
) -> None:
    console = make_text_console(100)
    late, early = trial(5, "failed", (), "no memory"), trial(2, "failed", (), "no device")
    with ConsoleMessages(console).search() as screen:
        screen.on_search_begin(search)
        screen.on_batch_begin(StudyProgress((late, early), 4, False), "4-3-2", (6,))
        screen.on_update(StudyProgress((trial(6, "running"), late, early), 4, False))
    assert console.file.getvalue().splitlines()[3:] == [  # type: ignore[attr-defined]
        "trial 2 failed: no device",
        "trial 5 failed: no memory",
        "batch   1 network 4-3-2",
        "epoch 0/3    1 of 1 trials run",
    ]


def test_the_worst_trials_do_not_flatten_the_curves_of_the_good_ones(
    make_text_console: MakeConsole, search: SearchInfo
) -> None:
    good = (trial(0, "complete", (0.5, 0.3, 0.1)), trial(1, "complete", (0.5, 0.4, 0.2)))
    bad = (trial(2, "pruned", (90.0, 70.0)), trial(3, "pruned", (900.0,)))
    console = make_text_console(100)
    progress = StudyProgress((*good, *bad), 4, maximize=False)
    console.print(trial_table(console, search, progress, progress.trials))
    rows = console.file.getvalue().splitlines()[2:]  # type: ignore[attr-defined]
    assert [row.split()[3] for row in rows] == ["█▄▁", "█▆▃", "██", "█"]


def test_before_a_trial_has_a_figure_the_loss_of_the_batch_is_told(
    make_text_console: MakeConsole, board: Board
) -> None:
    begun = StudyProgress((trial(3, "running"), trial(6, "running")), 24, maximize=False)
    steps = Progress(1, 430, 860, 0.4, 0.9, 18_500.0, "training", 12.0, 100.0)
    first = replace(board, progress=begun, batch_progress=steps)
    lines = shown(make_text_console(100), first, 100, 24)
    # two trials have half of the first of three epochs: 1/3 of a trial in a minute
    assert lines[1].endswith("0.333 per minute, about 1:11:00 left")
    assert lines[3] == "mean train loss 0.4000 · 0 done, 0 pruned, 0 failed"
    ended = StudyProgress((trial(3, "running", (0.25,)), trial(6, "running")), 24, False)
    lines = shown(make_text_console(100), replace(first, progress=ended), 100, 24)
    assert lines[3].startswith("best 0.2500 in trial 3, which runs · ")
    lines = shown(make_text_console(140), replace(first, progress=ended), 140, 24)
    assert lines[3].startswith("best 0.2500 in trial 3, which runs · mean train loss 0.4000 · ")


def test_a_log_tells_how_far_a_long_epoch_is(
    make_text_console: MakeConsole, search: SearchInfo
) -> None:
    now = [0.0]
    console = make_text_console(40)
    lines = PlainSearch(console, lambda: now[0])
    lines.on_search_begin(search)
    lines.on_batch_begin(PROGRESS, "784-8-10", (3, 6))
    steps = Progress(1, 430, 860, 0.4, 0.9, 18_500.0, "training", 12.0, 100.0)
    for now[0] in (10.0, 29.0, 31.0, 40.0, 60.0, 62.0):
        lines.on_progress(steps)
    told = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line for line in told if line.startswith("epoch")] == [
        "epoch 1/3   50 %  train loss 0.4000, mean of 2 networks"
    ] * 2


def test_the_history_of_a_search_steps_from_best_to_best(search: SearchInfo) -> None:
    rising = [TrialSummary(at, "complete", {}, (), figure, "", "") for at, figure in FIGURES]
    best_first = sorted(rising, key=lambda one: -(one.figure or 0.0))
    progress = StudyProgress((*best_first, trial(3, "running")), 9, maximize=True)
    chart = history_chart(replace(search, monitor="val_accuracy"), progress, 12)
    each, best = chart.series
    assert (each.x.tolist(), each.y.tolist()) == ([0, 1, 2], [0.5, 0.25, 0.75])
    assert (best.x.tolist(), best.y.tolist()) == ([0, 1, 1, 2, 2], [0.5, 0.5, 0.5, 0.5, 0.75])
    assert (chart.title, chart.x_range) == ("val accuracy by trial", (0, 8))


def test_a_log_tells_the_end_of_a_batch_once(
    make_text_console: MakeConsole, search: SearchInfo
) -> None:
    console = make_text_console(100)
    lines = PlainSearch(console)
    lines.on_search_begin(search)
    lines.on_batch_begin(PROGRESS, "4-3-2", (1,))
    lines.on_update(PROGRESS)  # the last of its trials is pruned
    lines.on_update(PROGRESS)  # the batch is done
    assert console.file.getvalue().count("trials  5/24") == 1  # type: ignore[attr-defined]
