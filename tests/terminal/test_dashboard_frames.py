import math
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from tests.terminal.conftest import course_of, report

from gpunet.terminal.draw.block import Block
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views import dashboard
from gpunet.terminal.views.dashboard import (
    _arrange,
    closing_view,
    dashboard_frame,
)
from gpunet.terminal.views.gallery import _picture_size
from gpunet.terminal.views.view import View
from gpunet.training.clock import WorkingClock
from gpunet.training.events import Control, EpochRecord, Progress, RunInfo, StopReason

MakeConsole = Callable[..., Console]
MakeRun = Callable[..., RunInfo]
MakeView = Callable[..., View]

SIZES = [(80, 24), (140, 40), (60, 15), (40, 10), (250, 80), (110, 24), (80, 60), (20, 3), (1, 1)]

FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Ankle boot")


def frame(
    console: Console,
    view: View,
    size: tuple[int, int] = (80, 24),
    control: Control | None = None,
    now: float = 0.0,
    keys: bool = True,
) -> list[str]:
    block = dashboard_frame(console, view, control or Control(), size, now, keys)
    return ["".join(segment.text for segment in line) for line in block.lines]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("epochs", [0, 1, 2, 45])
@pytest.mark.parametrize("colors", ["truecolor", None])
def test_a_frame_fills_the_terminal_exactly(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_view: MakeView,
    size: tuple[int, int],
    epochs: int,
    colors: str | None,
) -> None:
    console = make_text_console(*size, colors=colors)
    rows = frame(console, make_view(make_run(), epochs), size)
    assert [size[0]] * size[1] == [cell_len(row) for row in rows]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "settings",
    [
        {"classes": tuple(f"a very long name of class number {n}" for n in range(100))},
        {"classes": FASHION, "image": False},
        {"image": False, "classes": ("数字" * 20, "b")},
        {"validation": 0},
        {"gallery": 1},
        {"device": "an adapter whose maker could not stop naming it " * 4},
    ],
)
def test_long_names_and_other_data_do_not_break_the_layout(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_view: MakeView,
    size: tuple[int, int],
    settings: dict[str, object],
) -> None:
    console = make_text_console(*size, colors="truecolor")
    rows = frame(console, make_view(make_run(**settings), 3), size)
    assert [size[0]] * size[1] == [cell_len(row) for row in rows]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "losses", [[math.nan] * 3, [2.0, math.inf, math.nan], [1e30, 3e38, 1e-30], [0.0, 0.0, 0.0]]
)
def test_a_diverging_run_does_not_break_the_layout(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_view: MakeView,
    size: tuple[int, int],
    losses: list[float],
) -> None:
    run = make_run()
    nothing = np.full((len(run.gallery), 10), math.nan, np.float32)
    view = replace(make_view(run, 3, losses), gallery=nothing)
    rows = frame(make_text_console(*size), view, size)
    assert [size[0]] * size[1] == [cell_len(row) for row in rows]


@pytest.mark.parametrize("epochs", [0, 12])
@pytest.mark.parametrize("colors", ["truecolor", None])
def test_an_ascii_frame_is_ascii(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_view: MakeView,
    epochs: int,
    colors: str | None,
) -> None:
    console = make_text_console(ascii_only=True, colors=colors)
    assert "".join(frame(console, make_view(make_run(), epochs))).isascii()


@pytest.mark.parametrize(("columns", "told"), [(80, ", 47 windows"), (60, "")])
def test_the_head_tells_in_how_many_windows_the_samples_come_where_there_is_room(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_view: MakeView,
    columns: int,
    told: str,
) -> None:
    run = replace(make_run(), windows=47)
    rows = frame(make_text_console(columns), make_view(run, 5), (columns, 24))
    assert rows[1].rsplit(" test", 1)[0].endswith("digits: 55,000 train, 5,000 val, 24")
    assert rows[1].rsplit(" test", 1)[1].startswith(f"{told} ")


def test_eighty_by_twentyfour_shows_everything(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    rows = frame(make_text_console(), make_view(make_run(), 5))
    text = "\n".join(rows)
    for part in (
        "784-16-16-10 · 13,002 parameters",
        "a graphics card",
        "discrete GPU, Vulkan",
        "digits: 55,000 train, 5,000 val, 24 test",
        "430/860 steps",
        "at most 1:40 left",
        "kept epoch 2 by val loss 1.0100 · its val acc 79.00 %",
        "patience 3/5",
        "2.0e-03",
        "18.5 k",
        "val loss",
        "✗ 1 80 % (0)",
        "q stop after epoch   p pause   Ctrl-C stop now   n network   ? keys   d draw",
    ):
        assert part in text


def test_a_larger_terminal_shows_more_epochs_and_more_samples(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    view = make_view(make_run(), 20)
    small = "\n".join(frame(make_text_console(80, 24), view, (80, 24)))
    large = "\n".join(frame(make_text_console(140, 40), view, (140, 40)))
    assert small.count(" 80 %") < large.count(" 80 %")
    assert small.count("2.9 s") < large.count("2.9 s")


def test_the_best_epoch_is_always_among_those_shown_and_marked(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    rows = frame(make_text_console(), make_view(make_run(), 20))
    (best,) = [row for row in rows[11:] if "★" in row]
    assert best.split()[:2] == ["2", "1.0000"]
    assert any(row.split()[:1] == ["20"] for row in rows)


def test_a_sample_that_is_no_image_is_told_in_words(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    run = make_run(classes=("cat", "dog", "owl"), image=False)
    text = "\n".join(frame(make_text_console(), make_view(run, 1)))
    assert "1: cat → dog ✗ 80 %" in text
    assert "9: dog → dog ✓ 80 %" in text  # eight mistakes come first


def test_the_clock_goes_on_between_two_reports_and_the_remaining_time_falls(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    console, view = make_text_console(), make_view(make_run(), 2)
    assert "0:12 gone, at most 1:40 left" in frame(console, view, now=0.0)[3]
    assert "0:15 gone, at most 1:37 left" in frame(console, view, now=3.0)[3]


def test_the_times_stand_still_in_a_pause_and_at_the_end(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    wall = [0.0]
    clock, console = WorkingClock(lambda: wall[0]), make_text_console()
    view = replace(make_view(make_run(), 2), heard_at=clock())
    with clock.stopped():
        wall[0] = 20.0
        assert "0:12 gone, at most 1:40 left" in frame(console, view, now=clock())[3]
    wall[0] = 23.0
    assert "0:15 gone, at most 1:37 left" in frame(console, view, now=clock())[3]
    ended = replace(view, reason="epochs")
    wall[0] = 90.0
    assert "0:12 in all" in frame(console, ended, now=clock())[3]


def test_the_bar_of_the_run_counts_the_epochs_that_are_done_and_the_share_of_the_running_one(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    run = make_run()
    for epochs, step, share in ((0, 0, 0), (0, 430, 2), (14, 0, 47), (29, 430, 98)):
        told = Progress(epochs + 1, step, 860, 0.4, 0.9, 18_500.0, "training", 12.0, 100.0)
        view = replace(make_view(run, epochs), progress=told)
        assert f" {share} %  0:12 gone" in frame(make_text_console(), view)[3]


def test_the_bar_of_a_run_whose_time_is_limited_counts_its_time(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    run = make_run()
    run = replace(run, config=replace(run.config, max_time=60.0))
    told = Progress(2, 430, 860, 0.4, 0.9, 18_500.0, "training", 15.0, 45.0)
    view = replace(make_view(run, 1), progress=told)
    assert " 25 %  0:15 gone" in frame(make_text_console(), view)[3]
    ended = replace(view, reason="time limit reached")
    assert "100 %  0:15 in all" in frame(make_text_console(), ended)[3]


@pytest.mark.parametrize(("left", "warned"), [(2, False), (1, True), (0, True)])
def test_the_patience_is_a_warning_once_it_is_nearly_used_up(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_view: MakeView,
    left: int,
    warned: bool,
) -> None:
    console = make_text_console(colors="truecolor")
    view = replace(make_view(make_run(), 5), patience_left=left)
    block = dashboard_frame(console, view, Control(), (80, 24), 0.0, keys=True)
    (shown,) = [one for line in block.lines for one in line if one.text == f"{left}/5"]
    assert warned == (shown.style == console.get_style(Ink.WARNING))


def test_the_bars_keep_their_length_while_the_times_change(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    console, view = make_text_console(), make_view(make_run(), 2)
    lengths = {
        sum(frame(console, view, now=now)[2].count(cell) for cell in "━╸─") for now in (0, 80, 999)
    }
    assert len(lengths) == 1


def test_no_early_stopping_is_promised_where_there_is_none(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    view = replace(make_view(make_run(), 2), patience_left=None)
    text = "\n".join(frame(make_text_console(), view))
    assert "about 1:40 left" in text
    assert "patience" not in text


def test_the_footer_tells_what_was_asked_for(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    console, view, control = make_text_console(), make_view(make_run(), 1), Control()
    control.paused.set()
    assert "p resume" in frame(console, view, control=control)[-1]
    control.stop_after_epoch.set()
    assert "stopping after this epoch" in frame(console, view, control=control)[-1]
    control.stop_now.set()
    assert "stopping now, then saving" in frame(console, view, control=control)[-1]


def test_no_keys_are_offered_that_nobody_reads(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    rows = frame(make_text_console(), make_view(make_run(), 1), keys=False)
    assert rows[-1].rstrip() == "Ctrl-C stop now"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("epochs", "all epochs done"),
        ("early stopping", "stopped early"),
        ("stopped by user", "stopped by user"),
        ("diverged", "no finite loss in epoch 3"),
    ],
)
def test_the_end_tells_its_reason(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_view: MakeView,
    reason: StopReason,
    words: str,
) -> None:
    rows = frame(make_text_console(), replace(make_view(make_run(), 3), reason=reason))
    assert words in rows[-1]
    assert "the weights of epoch 2 are kept" in rows[-1]
    assert "left" not in rows[3]


def test_a_frame_before_the_start_says_what_is_waited_for(make_text_console: MakeConsole) -> None:
    assert frame(make_text_console(), View())[0].rstrip() == "preparing the device"


def test_what_stays_on_the_terminal_is_no_wider_than_it(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    console = make_text_console(50, 20)
    console.print(closing_view(console, make_view(make_run(), 3)))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[0].startswith("784-16-16-10")
    assert all(cell_len(line) <= 50 for line in lines)


def told_run(epochs: int, run: RunInfo) -> View:
    """A run of unlike figures in the middle of the epoch after so many, of 300."""
    records = tuple(
        EpochRecord(n, 2 / n, 0.5 + n / 100, 2.1 / n, 0.45 + n / 100, 0.002 / n, 3.0, 100.0 * n)
        for n in range(1, epochs + 1)
    )
    return View(
        run=replace(run, config=replace(run.config, epochs=300)),
        progress=Progress(epochs + 1, 430, 860, 0.4, 0.9, 0.0, "training", 12.0, 100.0),
        records=records,
        course=course_of(
            records, *([] if epochs else [report(86, 2.3, 0.1), report(430, 1.9, 0.25)])
        ),
        best_epoch=min(epochs, 1),
        patience_left=3,
    )


def test_the_charts_and_the_head_of_an_ensemble_stay_on_the_terminal(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    view = told_run(11, make_run())
    assert view.run is not None
    ensemble = replace(view.run, config=replace(view.run.config, ensemble=3))
    console = make_text_console(80, 40)
    console.print(closing_view(console, replace(view, run=ensemble)))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line.rstrip() for line in lines[:3]] == [
        "ensemble of 3, 784-16-16-10 · 13,002 parameters each             a graphics card",
        "digits: 55,000 train, 5,000 val, 24 test                    discrete GPU, Vulkan",
        "loss ━ train 0.1818 ╍ val 0.1909         accuracy % ━ train 61.00 ╍ val 56.00",
    ]
    assert [line[0] for line in lines[3:11] if "┤" in line[:5]] == ["3", "2", "1", "0"]
    assert len(lines) == 12
    low = make_text_console(80, 24)
    low.print(closing_view(low, replace(view, run=ensemble)))
    assert len(low.file.getvalue().splitlines()) == 9  # type: ignore[attr-defined]


def test_the_line_of_figures_is_of_the_last_epoch_and_the_best_of_its_own(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    view = told_run(4, make_run())
    line = frame(make_text_console(120, 24), view, (120, 24))[4]
    assert line.rstrip() == (
        "kept epoch 1 by val loss 2.1000 · its val acc 46.00 % · patience 3/5 · lr 5.0e-04"
        " · highest val acc 49.00 % in epoch 4"
    )
    wide = frame(make_text_console(160, 24), view, (160, 24))[4]
    assert wide.startswith(f"{line.rstrip()} · 400 samples/s · 3.0 s per epoch")
    assert view.progress is not None
    now = replace(view, progress=replace(view.progress, learning_rate=0.00125))
    assert " · lr 1.3e-03 · " in frame(make_text_console(120, 24), now, (120, 24))[4]
    ended = replace(view, reason="epochs")
    assert "lr" not in frame(make_text_console(120, 24), ended, (120, 24))[4]


@pytest.mark.parametrize(("validation", "kind"), [(5000, "validation"), (0, "training")])
def test_it_is_told_whose_samples_are_shown(
    make_text_console: MakeConsole, make_run: MakeRun, validation: int, kind: str
) -> None:
    run = make_run(validation=validation)
    rows = frame(make_text_console(140, 40), told_run(2, run), (140, 40))
    title = f"{kind} samples"
    assert [row[72:].rstrip() for row in rows if "samples, " in row] == []
    assert [row[72:].rstrip() for row in rows if " samples " in row][-1] == title
    answered = replace(told_run(2, run), gallery=np.full((24, 10), 0.1, np.float32))
    rows = frame(make_text_console(140, 40), answered, (140, 40))
    assert [row[72:].rstrip() for row in rows if "samples, " in row] == [
        f"{title}, the worst of the moment first"
    ]


def test_the_samples_are_shown_from_the_worst_of_the_moment_on(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    view = told_run(2, make_run(gallery=6))
    answers = np.zeros((6, 10), np.float32)
    right = np.array([0.9, 0.2, 0.95, 0.4, math.nan, 0.99], np.float32)
    answers[np.arange(6), range(6)] = right
    answers[np.arange(6), 9] = 0.3  # of which the second and the fifth are mistakes
    rows = frame(make_text_console(140, 24), replace(view, gallery=answers), (140, 24))
    (captions,) = [row for row in rows if "✗" in row]
    assert re.findall(r"[✓✗] \d+ \d+ %(?: \(\d\))?", captions) == [
        "✗ 9 30 % (4)",
        "✗ 9 30 % (1)",
        "✓ 3 40 %",
        "✓ 0 90 %",
    ]


def test_the_whole_table_of_epochs_is_told_where_there_is_room(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    rows = frame(make_text_console(100, 24), told_run(3, make_run()), (100, 24))
    start = next(place for place, row in enumerate(rows) if row.startswith(" epoch "))
    assert [" ".join(row.split()) for row in rows[start : start + 4]] == [
        "epoch loss acc val loss val acc time lr samples/s",
        "1 2.0000 51.00 % 2.1000 46.00 % 3.0 s 2.0e-03 100 ★ kept by val loss 2.1000",
        "2 1.0000 52.00 % 1.0500 47.00 % 3.0 s 1.0e-03 200",
        "3 0.6667 53.00 % 0.7000 48.00 % 3.0 s 6.7e-04 300 highest val acc",
    ]
    for width in range(60, 240, 3):  # a larger terminal shows no column less
        names = [
            row.split()
            for row in frame(make_text_console(width, 40), told_run(3, make_run()), (width, 40))
            if row.startswith(" epoch ")
        ]
        assert ("samples/s" in names[0]) == (width >= 70)


@pytest.mark.parametrize(
    ("validation", "width", "columns"),
    [
        (5000, 70, "epoch loss acc val loss val acc time lr samples/s"),
        (5000, 69, "epoch loss acc val loss val acc time lr"),
        (5000, 60, "epoch loss acc val loss val acc time lr"),
        (5000, 59, "epoch loss acc val loss val acc time"),
        (5000, 44, "epoch loss acc val loss val acc"),
        (5000, 43, "epoch loss val loss val acc"),
        (5000, 35, "epoch loss val loss val acc"),
        (5000, 34, "epoch val loss val acc"),
        (0, 52, "epoch loss acc time lr samples/s"),
        (0, 51, "epoch loss acc time lr"),
        (0, 26, "epoch loss acc"),
        (0, 25, "epoch loss"),
    ],
)
def test_as_many_columns_of_the_epochs_are_told_as_there_is_room_for(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_view: MakeView,
    validation: int,
    width: int,
    columns: str,
) -> None:
    size = (width, 30)
    rows = frame(make_text_console(*size), make_view(make_run(validation=validation), 3), size)
    assert columns in [" ".join(row.split()) for row in rows]


def test_long_times_are_told_whole_and_the_bars_keep_one_length(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    long = Progress(2, 430, 860, 0.4, 0.9, 18_500.0, "training", 3 * 86_400.0, 9 * 86_400.0 + 5)
    rows = frame(make_text_console(), View(run=make_run(), progress=long))
    assert rows[2].rstrip().endswith("50 %  430/860 steps  training")
    assert rows[3].rstrip().endswith("5 %  3 d 00:00:00 gone, at most 9 d 00:00:05 left")
    assert len({sum(row.count(cell) for cell in "━╸─") for row in rows[2:4]}) == 1


def test_nothing_is_left_once_a_run_has_ended_and_its_last_epoch_is_named(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    view = replace(make_view(make_run(), 4), reason="diverged")
    assert view.remaining(5.0) is None
    rows = frame(make_text_console(), view)
    assert rows[-1].rstrip() == (
        "diverged: no finite loss in epoch 4; the weights of epoch 2 are kept"
    )


def test_before_the_first_epoch_a_question_mark_stands_below_each_picture(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    waiting = frame(make_text_console(), replace(make_view(make_run(), 0), gallery=None))
    (marks,) = [row for row in waiting if row.count("?") > 1]
    gaps = {len(gap) for gap in marks.rstrip().split("?")[1:-1]}
    assert len(gaps) == 1


@pytest.mark.parametrize("size", [(80, 18), (80, 26), (80, 43), (100, 34), (60, 20)])
def test_every_row_of_the_screen_is_given_to_a_part_of_it(size: tuple[int, int]) -> None:
    rows = _arrange(*size)
    assert rows.charts + rows.table + rows.gallery + rows.gap == size[1]


@pytest.mark.parametrize(
    ("size", "rows"),
    [
        # charts, epochs, gallery, side by side, gap
        ((80, 0), (0, 0, 0, False, 0)),
        ((80, 4), (0, 4, 0, False, 0)),
        ((80, 5), (5, 0, 0, False, 0)),
        ((80, 9), (9, 0, 0, False, 0)),
        ((80, 10), (6, 4, 0, False, 0)),
        ((80, 14), (10, 4, 0, False, 0)),
        ((200, 17), (13, 4, 0, False, 0)),
        ((80, 18), (7, 4, 7, False, 0)),
        ((80, 20), (7, 5, 8, False, 0)),
        ((80, 24), (8, 6, 10, False, 0)),
        ((80, 25), (8, 6, 10, False, 1)),
        ((80, 34), (13, 10, 10, False, 1)),
        ((80, 35), (10, 7, 17, False, 1)),
        ((129, 53), (19, 16, 17, False, 1)),
        ((130, 18), (8, 10, 10, True, 0)),
        ((130, 24), (10, 14, 14, True, 0)),
        ((130, 25), (10, 14, 14, True, 1)),
        ((130, 53), (18, 34, 34, True, 1)),
        ((250, 73), (18, 54, 54, True, 1)),
    ],
)
def test_the_rows_are_shared_out_as_the_terminal_shrinks(
    size: tuple[int, int], rows: tuple[int, int, int, bool, int]
) -> None:
    one = _arrange(*size)
    assert (one.charts, one.table, one.gallery, one.side_by_side, one.gap) == rows


def test_another_screen_takes_the_place_of_the_curves_between_the_scores_and_the_last_line(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_view: MakeView,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def network(console: Console, view: View, run: RunInfo, width: int, rows: int) -> Block:
        return Block(width, [[Segment("x" * width)]] * rows)

    view = make_view(make_run(), 3)
    monkeypatch.setattr(dashboard, "SCREENS", {"network": network})
    for size, body in (((80, 24), slice(5, 23)), ((80, 40), slice(6, 39)), ((40, 10), slice(4, 9))):
        curves = frame(make_text_console(*size), view, size)
        other = frame(make_text_console(*size), replace(view, screen="network"), size)
        assert set(other[body]) == {"x" * size[0]}
        assert curves[: body.start] == other[: body.start]
        assert "n back" in other[-1]


@pytest.mark.parametrize(
    ("rows", "width", "proportion", "size"),
    [
        (16, 80, 1.0, (9, 18)),
        (10, 83, 1.0, (10, 20)),
        (10, 82, 1.0, (9, 18)),
        (7, 40, 1.0, (6, 12)),
        (6, 20, 1.0, (6, 12)),
        (6, 7, 1.0, (6, 7)),
        (2, 80, 1.0, (2, 8)),
        (0, 80, 1.0, (1, 8)),
        (10, 200, 9.0, (10, 48)),
        (10, 200, 0.1, (10, 8)),
        (10, 140, 2.0, (8, 32)),
    ],
)
def test_a_picture_is_as_large_as_four_of_them_let_it_be_and_has_six_rows_at_least(
    rows: int, width: int, proportion: float, size: tuple[int, int]
) -> None:
    assert _picture_size(rows, width, proportion) == size


def test_the_times_of_a_view_are_bounded_and_unknown_before_the_first_report(
    make_run: MakeRun,
) -> None:
    told = Progress(2, 430, 860, 0.4, 0.9, 18_500.0, "training", 12.0, 5.0)
    view = View(run=make_run(), progress=told, heard_at=10.0)
    assert [view.elapsed(now) for now in (9.0, 10.0, 11.5)] == [12.0, 12.0, 13.5]
    assert [view.remaining(now) for now in (9.0, 10.0, 11.5, 99.0)] == [5.0, 5.0, 3.5, 0.0]
    ended = replace(view, reason="epochs")
    assert (ended.elapsed(99.0), ended.remaining(11.0)) == (12.0, None)
    assert replace(view, progress=replace(told, remaining=None)).remaining(11.0) is None
    assert (View().elapsed(99.0), View().remaining(99.0)) == (0.0, None)


@pytest.mark.parametrize(
    ("reason", "share"),
    [("epochs", "100"), ("early stopping", "12"), ("stopped by user", "12"), (None, "12")],
)
def test_a_run_that_ends_before_all_its_epochs_has_no_full_bar(
    make_text_console: MakeConsole, make_run: MakeRun, reason: StopReason | None, share: str
) -> None:
    told = Progress(4, 516, 860, 0.4, 0.9, 18_500.0, "training", 12.0, 5.0)
    view = View(run=make_run(), progress=told, reason=reason, best_epoch=1)
    rows = frame(make_text_console(), view)
    assert f" {share:>3} %  0:12" in rows[3]
    assert ("516/860 steps  finished" in rows[2]) == (reason is not None)


@pytest.mark.parametrize(
    ("patience", "validation", "left", "word"),
    [(5, 5000, None, "at most"), (5, 0, None, "about"), (0, 5000, None, "about")],
)
def test_before_the_first_epoch_the_settings_tell_whether_it_may_end_sooner(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    patience: int,
    validation: int,
    left: int | None,
    word: str,
) -> None:
    run = make_run(validation=validation)
    run = replace(run, config=replace(run.config, patience=patience))
    told = Progress(1, 430, 860, 0.4, 0.9, 18_500.0, "training", 12.0, 100.0)
    rows = frame(make_text_console(), View(run=run, progress=told, patience_left=left))
    assert f"{word} 1:40 left" in rows[3]


def test_the_best_by_accuracy_is_told_as_such(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    run = make_run()
    view = make_view(replace(run, config=replace(run.config, monitor="val_accuracy")), 5)
    assert frame(make_text_console(), view)[4].startswith(
        "kept epoch 2 by val accuracy 79.00 % · its val loss 1.0100 ·"
    )


@pytest.mark.parametrize(("shape", "columns"), [((8, 24), 32), ((24, 8), 8), ((12, 12), 16)])
def test_pictures_are_as_wide_as_their_images(
    make_text_console: MakeConsole, make_run: MakeRun, shape: tuple[int, int], columns: int
) -> None:
    run = make_run(gallery=4)
    height, width = shape
    features = np.zeros((4, height, width), np.uint8)
    features[:, 1:-1, 1:-1] = 255
    samples = replace(run.gallery, features=features.reshape(4, height * width))
    run = replace(run, gallery=samples, dataset=replace(run.dataset, image_shape=shape))
    rows = frame(make_text_console(200, 24), View(run=run), (200, 24))
    (captions,) = [row for row in rows if row.count("?") > 1]
    places = [place for place, mark in enumerate(captions) if mark == "?"]
    assert {after - before for before, after in pairwise(places)} == {columns + 1}
