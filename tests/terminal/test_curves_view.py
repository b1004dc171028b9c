"""The curves of runs, as they follow a run and the keys."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console
from tests.terminal.conftest import course_of

from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views.curves import curves
from gpunet.terminal.views.view import View
from gpunet.training.events import EpochRecord, Progress, RunInfo

MakeConsole = Callable[..., Console]
MakeRun = Callable[..., RunInfo]

SIZE = (80, 12)


def told(epochs: int, run: RunInfo, of: int = 300) -> View:
    """A run after so many epochs."""
    records = tuple(
        EpochRecord(n, 2 / n, 0.9 - 0.4 / n, 2.1 / n, 0.85 - 0.4 / n, 0.002 / n, 3.0, 100.0)
        for n in range(1, epochs + 1)
    )
    run = replace(run, config=replace(run.config, epochs=of))
    return View(run=run, records=records, course=course_of(records), best_epoch=min(epochs, 1))


def drawn(
    console: Console, views: View | Sequence[View], size: tuple[int, int] = SIZE
) -> list[str]:
    block = curves(console, [views] if isinstance(views, View) else views, *size)
    return ["".join(segment.text for segment in line).rstrip() for line in block.lines]


@pytest.mark.parametrize(
    ("epochs", "labels"),
    [
        (1, "0.0 0.5 1.0"),
        (2, "0.0 0.5 1.0 1.5 2.0"),
        (3, "0 1 2 3 4 5"),
        (11, "0 5 10 15 20"),
        (21, "0 10 20 30 40 50"),
        (60, "0 20 40 60 80 100"),
        (150, "0 50 100 150 200"),
        (230, "0 50 100 150 200 250 300"),
    ],
)
def test_the_axis_of_the_epochs_grows_in_a_few_large_steps_up_to_the_last_one(
    make_text_console: MakeConsole, make_run: MakeRun, epochs: int, labels: str
) -> None:
    rows = drawn(make_text_console(), told(epochs, make_run()))
    assert rows[-2][:39].split() == labels.split()
    ended = drawn(make_text_console(), replace(told(4, make_run()), reason="early stopping"))
    assert ended[-2][:39].split() == ["0", "1", "2", "3", "4"]


def test_the_axis_of_a_loss_is_logarithmic_once_the_key_is_pressed_and_never_by_itself(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    view, console = told(200, make_run()), make_text_console()
    heads = [
        drawn(console, one)[0].split("━")[0].strip()
        for one in (view, view.pressed("l"), view.pressed("l").pressed("L"))
    ]
    assert heads == ["loss", "loss, log", "loss"]
    assert "accuracy % ━" in drawn(console, view.pressed("l"))[0]


def test_smoothing_shows_what_is_behind_it_and_goes_off(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    console, view = make_text_console(colors="truecolor"), told(0, make_run())
    for step in range(1, 200):
        loss = 1.0 + (step % 2)
        one = Progress(1, step, 200, loss, 0.5, 1.0, "training", 1.0, 1.0, loss, 0.5, 0.01)
        view = view.progressed(one, 0.0)
    muted = console.get_style(Ink.MUTED)

    def figures(view: View) -> tuple[int, str]:
        block = curves(console, [view], 50, 14)
        behind = sum(
            any(ord(cell) > 0x2800 for cell in part.text) and part.style == muted
            for line in block.lines[:-1]  # the last one is the learning rate's
            for part in line
        )
        return behind, block.lines[0][2].text

    weak, strong, off = view, view.pressed("s"), view.pressed("s").pressed("s")
    assert [figures(one)[0] > 0 for one in (weak, strong, off)] == [True, True, False]
    latest = drawn(make_text_console(), strong, (50, 14))[0].split()[3]
    assert float(latest) == pytest.approx(1.5, abs=0.06)
    assert drawn(make_text_console(), off, (50, 14))[0].split()[3] in ("1.0000", "2.0000", "1.5000")


def test_the_arrows_show_a_part_of_the_run_and_all_of_it_again(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    view, console = told(100, make_run()), make_text_console()
    half = view.pressed("right")
    rows = drawn(console, half)
    assert rows[0].startswith("loss, last half ━")
    assert rows[-2][:39].split()[0] in ("50", "40")
    tenth = half.pressed("right").pressed("right")
    assert drawn(console, tenth)[0].startswith("loss, last 1/10")
    assert float(drawn(console, tenth)[-2][:39].split()[0]) >= 87
    assert drawn(console, half.pressed("left")) == drawn(console, view)
    assert drawn(console, view.pressed("left")) == drawn(console, view)


def test_a_star_stands_at_the_kept_epoch_of_both_charts(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    view = replace(told(10, make_run()), best_epoch=5)
    rows = drawn(make_text_console(120), view, (120, 12))
    assert rows[0].count("★ epoch 5") == 2
    (left,) = {row[:59].index("★") for row in rows[1:-2] if "★" in row[:59]}
    (right,) = {row[61:].index("★") for row in rows[1:-2] if "★" in row[61:]}
    assert abs(left - 31) <= 1
    assert abs(right - 31) <= 1


def test_the_strip_of_the_learning_rate_is_there_where_there_is_room(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    view = told(30, make_run())
    assert drawn(make_text_console(), view, (80, 11))[-1].split()[0] == "lr"
    assert "lr" not in "".join(drawn(make_text_console(), view, (80, 10)))


def test_several_runs_are_drawn_in_one_chart_each_in_a_color_of_its_own(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    console = make_text_console(160, colors="truecolor")
    views = [told(10, make_run()), told(4, make_run(validation=0))]
    rows = drawn(console, views, (160, 12))
    assert rows[0].startswith("loss ━ 1 0.2000 ━ 2 0.5000   ")
    ends = {
        sign: {row[:79].index(sign) for row in rows[1:-1] if sign in row[5:79]} for sign in "12"
    }
    assert {sign: len(places) for sign, places in ends.items()} == {"1": 1, "2": 1}
    assert min(ends["2"]) < min(ends["1"])
    block = curves(console, views, 160, 12)
    styles = {part.style for line in block.lines[1:] for part in line}
    assert {console.get_style(Ink.TRAIN), console.get_style(Ink.VALIDATION)} <= styles


def test_runs_of_two_kinds_have_a_chart_for_each_kind_of_score(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    digits, run = told(10, make_run()), make_run()
    config = replace(run.config, loss="squared-error")
    measured = told(10, replace(run, config=config, network=config.network(4, 1)))
    rows = drawn(make_text_console(160), [digits, measured, digits], (160, 12))
    assert rows[0].split("  ")[0] == "loss ━ 1 0.2000 ━ 2 0.2000 ━ 3 0.2000"
    assert "accuracy % ━ 1 86.00 ━ 3 86.00  " in rows[0]
    assert rows[0].endswith("R2 ━ 2 0.8600")
    assert {row[106:].count("2") for row in rows[2:-2]} == {0, 1}
    heads = [
        drawn(make_text_console(width), [digits, measured], (width, 12))[0] for width in (79, 78)
    ]
    assert [("accuracy" in head, "R2" in head) for head in heads] == [(True, True), (False, False)]


def test_many_runs_have_a_sign_each_and_none_is_hidden(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    views = [told(10, make_run()) for _ in range(11)]
    rows = drawn(make_text_console(160), views, (160, 12))
    assert [row[:79].count("ba987654321") for row in rows].count(1) == 1


@pytest.mark.parametrize("size", [(1, 1), (20, 3), (55, 5), (80, 40), (300, 12), (40, 0)])
@pytest.mark.parametrize("epochs", [0, 1, 45])
@pytest.mark.parametrize("keys", ["", "l", "ss", "l>>>>>"])
def test_curves_are_exactly_as_large_as_asked_for(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    size: tuple[int, int],
    epochs: int,
    keys: str,
) -> None:
    view = told(epochs, make_run())
    for key in keys:
        view = view.pressed("right" if key == ">" else key)
    for one in (view, replace(view, reason="stopped by user")):
        block = curves(make_text_console(*size), [one], *size)
        assert [size[0]] * size[1] == [
            cell_len("".join(part.text for part in line)) for line in block.lines
        ]


def test_a_very_long_run_is_drawn_from_its_beginning_to_its_end(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    view = told(5000, make_run(), of=10_000)
    rows = drawn(make_text_console(), view.pressed("l"))
    assert rows[-2][:39].split()[0] == "0"
    assert "train 4.1e-04 ╍ val 4.2e-04" in rows[0]
