import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from gpunet.terminal.draw.axes import linear_axis, logarithmic_axis, nice_ticks
from gpunet.terminal.draw.charts import LineChart, Mark, Series, dots_of, line_chart
from gpunet.terminal.draw.style import Ink

MakeConsole = Callable[..., Console]


def series(values: Sequence[float], name: str = "train", dotted: bool = False) -> Series:
    x = np.arange(1, len(values) + 1, dtype=float)
    return Series(name, x, np.array(values, dtype=float), Ink.TRAIN, dotted)


def chart(*lines: Sequence[float], height: int = 8, logarithmic: bool = False) -> LineChart:
    end = float(max([2, *(len(line) for line in lines)]))
    drawn = [series(line, f"s{index}", dotted=index > 0) for index, line in enumerate(lines)]
    return LineChart("loss", drawn, height, (1.0, end), logarithmic=logarithmic)


def written(console: Console, drawn: LineChart, width: int) -> list[str]:
    block = line_chart(console, drawn, width)
    return ["".join(segment.text for segment in line) for line in block.lines]


@pytest.fixture
def console(make_text_console: MakeConsole) -> Console:
    return make_text_console(colors="truecolor")


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    dots = dots_of(series([0, 1]), (1, 2), (0, 1), 4, 4)
    assert np.array_equal(np.eye(4, dtype=bool)[::-1], dots)


def test_a_steep_line_has_no_holes() -> None:
    dots = dots_of(series([0, 1]), (1, 2), (0, 1), 20, 3)
    assert dots.any(axis=1).all()


def test_a_gap_in_the_series_is_a_gap_in_the_line() -> None:
    dots = dots_of(series([0.5, math.nan, 0.5]), (1, 3), (0, 1), 3, 9)
    assert np.flatnonzero(dots.any(axis=0)).tolist() == [0, 8]


def test_a_value_beyond_the_range_is_drawn_at_the_edge() -> None:
    dots = dots_of(series([math.inf, math.inf]), (1, 2), (0, 1), 4, 4)
    assert dots[0].all()
    assert not dots[1:].any()


def test_braille_dots_show_a_straight_line(console: Console) -> None:
    rows = written(console, chart([0, 1], height=4), 11)
    assert [row[-11:] for row in rows[1:3]] == ["1┤   ⢀⣀⡠⠤⠔⠒", "0┤⠒⠊⠉⠁     "]


def test_the_legend_tells_the_latest_values(console: Console) -> None:
    assert written(console, chart([1, 0.25], [1, 0.5]), 40)[0].rstrip() == "loss ━ s0 0.25 ╍ s1 0.5"


def test_a_narrow_legend_leaves_the_names_out(console: Console) -> None:
    assert written(console, chart([1, 0.25], [1, 0.5]), 20)[0].rstrip() == "loss ━ 0.25 ╍ 0.5"


def test_the_axes_are_labeled_with_round_numbers(console: Console) -> None:
    rows = written(console, chart([0.1 * n for n in range(11)], height=13), 60)
    labels = [row.split("┤")[0].strip() for row in rows if "┤" in row]
    assert labels == ["1.0", "0.8", "0.6", "0.4", "0.2", "0.0"]
    assert rows[-1].split() == ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]


def test_an_axis_is_logarithmic_if_asked_for_and_says_so(console: Console) -> None:
    rows = written(console, chart([1, 0.1, 0.01], height=14, logarithmic=True), 40)
    labels = [row.split("┤")[0].strip() for row in rows if "┤" in row]
    assert rows[0].startswith("loss, log ")
    assert {"1", "0.1", "0.01"} <= set(labels)


def test_a_loss_of_zero_does_not_hinder_logarithms(console: Console) -> None:
    rows = written(console, chart([1, 0.1, 0.0], logarithmic=True), 40)
    assert rows[0].startswith("loss, log ")


def test_the_axis_stays_within_its_bounds(console: Console) -> None:
    drawn = LineChart("accuracy %", [series([99.7, 99.9])], 8, (1, 2), (0.0, 100.0))
    labels = [row.split("┤")[0] for row in written(console, drawn, 40) if "┤" in row]
    assert max(float(label) for label in labels) <= 100


@pytest.mark.parametrize("path", [[1, 1], [1, 4], [1, 60], [60, 1]])
def test_a_dotted_line_has_half_the_dots_of_a_solid_one_however_steep_it_is(
    path: list[float],
) -> None:
    ranges = (1.0, 2.0), (0.0, 61.0)
    solid, dotted = (
        dots_of(series(path, dotted=dotted), *ranges, 62, 22) for dotted in (False, True)
    )
    assert not (dotted & ~solid).any()
    assert 0.5 * solid.sum() == pytest.approx(dotted.sum(), abs=1)


def test_a_single_point_of_a_dotted_line_is_a_dot_wherever_it_lies() -> None:
    for x in (1.0, 2.0):
        one = Series("val", np.array([x]), np.array([0.5]), Ink.VALIDATION, dotted=True)
        assert dots_of(one, (1, 2), (0, 1), 4, 4).sum() == 1


def plotted(console: Console, drawn: LineChart) -> tuple[str, set[str]]:
    """The longest row of dots or marks of a plot, and the names of its styles."""
    styles = {console.get_style(name): name for name in (Ink.TRAIN, Ink.VALIDATION)}
    rows = [
        [segment for segment in line if segment.style in styles]
        for line in line_chart(console, drawn, 40).lines[1:]
    ]
    longest = max(rows, key=lambda row: sum(len(segment.text) for segment in row))
    text = "".join(segment.text for segment in longest)
    return text, {styles[segment.style] for segment in longest if segment.style}


@pytest.mark.parametrize(
    "settings",
    [{"colors": "truecolor"}, {"colors": "truecolor", "no_color": True}, {"ascii_only": True}],
)
def test_of_two_lines_in_the_same_cells_neither_hides_the_other(
    make_text_console: MakeConsole, settings: dict[str, object]
) -> None:
    same = [series([1, 1, 1]), series([1, 1, 1], "val", dotted=True)]
    same[1] = replace(same[1], style=Ink.VALIDATION)
    text, styles = plotted(make_text_console(**settings), LineChart("loss", same, 6, (1.0, 3.0)))
    assert {Ink.TRAIN, Ink.VALIDATION} == styles
    first, second = text[:-2:2], text[1:-2:2]  # without the last point, which is always there
    assert (len(set(first)), len(set(second))) == (1, 1)
    assert first[0] != second[0]


def test_a_cell_has_the_dots_of_all_lines_that_pass_through_it(console: Console) -> None:
    lines = [
        Series("", np.array([0.0, 1.0]), np.array([level, level]), Ink.TRAIN)
        for level in (-1.0, 0.0, 0.13, 1.0)  # a dot is an eighth
    ]
    rows = written(console, LineChart("", lines, 7, (0.0, 1.0)), 20)
    assert rows[3].split("┤")[1] in {pair * 15 for pair in "⣤⠶⠛"}


def test_what_is_drawn_behind_is_seen_where_nothing_else_is(console: Console) -> None:
    x = np.array([0.0, 1.0])
    rough = Series("", x, np.array([0.0, 1.0]), Ink.MUTED, behind=True)
    level = Series("train", x, np.array([0.0, 0.0]), Ink.TRAIN)
    drawn = LineChart("loss", [rough, level], 7, (0.0, 1.0))
    lowest = line_chart(console, drawn, 30).lines[5]
    assert {part.style for part in lowest[2:]} == {console.get_style(Ink.TRAIN)}
    others = [part for line in line_chart(console, drawn, 30).lines[1:5] for part in line[2:]]
    assert console.get_style(Ink.MUTED) in {part.style for part in others}
    assert written(console, drawn, 30)[0].rstrip() == "loss ━ train 0"


def test_without_dots_what_is_behind_has_a_mark_of_its_own(make_text_console: MakeConsole) -> None:
    x = np.array([0.0, 1.0])
    rough = Series("", x, np.array([0.0, 1.0]), Ink.MUTED, behind=True)
    drawn = LineChart("loss", [rough, Series("train", x, x * 0, Ink.TRAIN)], 7, (0.0, 1.0))
    rows = written(make_text_console(ascii_only=True), drawn, 30)
    assert rows[0].rstrip() == "loss + train 0"
    assert {cell for row in rows[1:5] for cell in row[5:]} == {".", " "}


@pytest.mark.parametrize(("ascii_only", "star"), [(False, "★"), (True, "*")])
def test_a_star_stands_at_its_point_and_in_the_legend(
    make_text_console: MakeConsole, ascii_only: bool, star: str
) -> None:
    console = make_text_console(ascii_only=ascii_only)
    drawn = replace(chart([0, 1, 2, 3, 4], height=7), marks=[Mark("epoch 3", 3.0, 2.0)])
    rows = written(console, drawn, 41)
    assert rows[0].rstrip().endswith(f"{star} epoch 3")
    assert [row.find(star) for row in rows[1:]] == [-1, -1, 21, -1, -1, -1]
    assert star not in written(console, drawn, 20)[0]


def test_a_strip_rises_and_falls_below_the_horizontal_axis(console: Console) -> None:
    rate = Series("lr", np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.0]), Ink.MUTED)
    drawn = replace(chart([0.25, 0.5, 0.25], height=8), strip=rate)
    *_, axis, strip = written(console, drawn, 24)
    assert axis.split() == ["1", "2", "3"]
    name, levels = strip.split()
    assert (name, levels[0], levels[-1]) == ("lr", "⣀", "⣀")
    heights = ["⣀⠤⠒⠉".index(level) for level in levels]
    assert sorted(heights[: len(levels) // 2]) == heights[: len(levels) // 2]
    assert max(heights) == 3
    short = replace(drawn, strip=replace(rate, x=np.array([1.0, 1.5, 2.0])))
    assert (
        len(levels) // 2 <= len(written(console, short, 24)[-1].split()[1]) <= len(levels) // 2 + 1
    )


@settings(deadline=None)
@given(
    lowest=st.floats(-1e6, 1e6),
    span=st.floats(1e-3, 1e6),
    rows=st.integers(2, 60),
)
def test_the_labels_of_a_linear_axis_stand_amid_their_rows_and_equally_far_apart(
    lowest: float, span: float, rows: int
) -> None:
    axis = linear_axis(lowest, lowest + span, rows)
    places = sorted(axis.labels)
    assert len(places) >= 2
    assert len({below - above for above, below in pairwise(places)}) == 1
    bottom, top = axis.range(1)
    assert bottom <= lowest + 1e-5 * axis.row
    assert top >= lowest + span - 1e-5 * axis.row
    assert top - bottom <= (5.1 if rows < 4 else 4.1) * span


@settings(deadline=None)
@given(share=st.floats(0, 1), span=st.floats(1e-7, 1e9), rows=st.integers(3, 60))
def test_what_a_label_says_is_the_value_of_its_row(share: float, span: float, rows: int) -> None:
    axis = linear_axis(share * span, (1 + share) * span, rows)
    thousands = {"k": "e3", "M": "e6", "G": "e9"}
    for place, label in axis.labels.items():
        amid = axis.bottom + (rows - 1 - place) * axis.row
        said = float(label[:-1] + thousands.get(label[-1], label[-1]))
        assert said == pytest.approx(amid, abs=1e-5 * axis.row)


@settings(deadline=None)
@given(lowest=st.floats(1e-6, 1e6), ratio=st.floats(1, 1e9), rows=st.integers(2, 60))
def test_the_labels_of_a_logarithmic_axis_stand_within_half_a_dot_of_their_values(
    lowest: float, ratio: float, rows: int
) -> None:
    axis = logarithmic_axis(lowest, lowest * ratio, rows)
    assert len(axis.labels) >= 2
    bottom, top = axis.range(1)
    assert bottom <= math.log10(lowest) + 1e-9
    assert top >= math.log10(lowest * ratio) - 1e-9
    for row, label in axis.labels.items():
        amid = bottom + (rows - 1 - row) * axis.row
        assert abs(math.log10(float(label)) - amid) <= 0.13 * axis.row


def test_an_axis_keeps_still_while_values_stay_within_it() -> None:
    for axis in (linear_axis, logarithmic_axis):
        assert axis(0.11, 2.3, 11) == axis(0.13, 2.3, 11) == axis(0.15, 2.27, 11)


def test_an_ascii_console_gets_ascii_with_a_mark_per_series(make_text_console: MakeConsole) -> None:
    text = "\n".join(written(make_text_console(ascii_only=True), chart([1, 2], [3, 4]), 40))
    assert text.isascii()
    assert "+ s0" in text
    assert "o s1" in text


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [[]],
        [[0.5]],
        [[0.3, 0.3, 0.3]],
        [[0.0, 0.0]],
        [[math.nan, math.nan]],
        [[math.inf, 1.0, -math.inf]],
        [[1e300, 3e38, -1e308]],
        [[2.3, math.nan, 0.1], [1.0]],
        [[5e-324, 1e-300]],
    ],
)
@pytest.mark.parametrize("logarithmic", [False, True])
@pytest.mark.parametrize(("width", "height"), [(40, 8), (9, 3), (1, 1), (3, 20), (0, 5), (120, 40)])
def test_a_chart_of_anything_is_exactly_as_large_as_asked_for(
    console: Console,
    lines: list[list[float]],
    logarithmic: bool,
    width: int,
    height: int,
) -> None:
    drawn = chart(*lines, height=height, logarithmic=logarithmic)
    assert [width] * height == [len(row) for row in written(console, drawn, width)]


@settings(deadline=None)
@given(
    lowest=st.floats(-1e6, 1e6),
    span=st.floats(1e-3, 1e6),
    intervals=st.integers(1, 20),
)
def test_ticks_are_in_the_range_and_no_more_than_asked_for(
    lowest: float, span: float, intervals: int
) -> None:
    ticks, step = nice_ticks(lowest, lowest + span, intervals)
    assert len(ticks) <= intervals + 1
    assert all(lowest - 1e-6 * step <= tick <= lowest + span + 1e-6 * step for tick in ticks)
    assert step >= span / intervals * (1 - 1e-6)


def test_whole_ticks_are_whole() -> None:
    assert nice_ticks(1, 3, 20, whole=True) == ([1.0, 2.0, 3.0], 1.0)


def test_every_other_dot_of_a_dotted_line_is_left_out_but_its_last_point_stays() -> None:
    level = dots_of(series([0, 0], dotted=True), (1, 2), (0, 1), 2, 6)
    assert np.flatnonzero(level[1]).tolist() == [0, 2, 4, 5]
    steep = dots_of(series([0, 1], dotted=True), (1, 2), (0, 1), 6, 2)
    assert np.flatnonzero(steep.any(axis=1)).tolist() == [0, 2, 4]


def test_no_axis_goes_beyond_its_bounds(make_text_console: MakeConsole) -> None:
    whole = replace(chart([100.0, 100.0], height=7), y_bounds=(0.0, 100.0))
    rows = written(make_text_console(), whole, 40)
    labels = [float(row.split("┤")[0]) for row in rows if "┤" in row]
    assert max(labels) == 100
    none = replace(chart([0.0, 0.0], height=7), y_bounds=(0.0, math.inf))
    rows = written(make_text_console(), none, 40)
    assert min(float(row.split("┤")[0]) for row in rows if "┤" in row) == 0


@pytest.mark.parametrize(
    ("lowest", "highest", "intervals", "ticks"),
    [
        (0, 10, 10, "0 1 2 3 4 5 6 7 8 9 10"),
        (0, 10, 9, "0 2 4 6 8 10"),
        (0, 10, 4, "0 5 10"),
        (0, 10, 1, "0 10"),
        (0.5, 9.5, 5, "2 4 6 8"),
        (-3, 3, 3, "-2 0 2"),
        (0, 0.21, 5, "0 0.05 0.1 0.15 0.2"),
        (2.5, 3.1, 3, "2.6 2.8 3"),
    ],
)
def test_ticks_are_one_two_or_five_times_a_power_of_ten(
    lowest: float, highest: float, intervals: int, ticks: str
) -> None:
    found, step = nice_ticks(lowest, highest, intervals)
    assert " ".join(f"{tick:g}" for tick in found) == ticks
    assert step == pytest.approx(found[1] - found[0])


@pytest.mark.parametrize(
    ("values", "bounds", "height", "labels"),
    [
        ([0.0, 1.0], (-math.inf, math.inf), 9, "1.0 0.5 0.0"),
        ([0.0, 1.0], (-math.inf, math.inf), 8, "1.0 0.8 0.6 0.4 0.2 0.0"),
        ([3.0, 97.0], (0.0, 100.0), 15, "100 75 50 25 0"),
        ([-41.0, 41.0], (-math.inf, math.inf), 15, "60 40 20 0 -20 -40 -60"),
        ([5.0, 5.0], (-math.inf, math.inf), 15, "5.6 5.4 5.2 5.0 4.8 4.6 4.4"),
        ([0.0, 0.0], (-math.inf, math.inf), 15, "0.6 0.4 0.2 0.0 -0.2 -0.4 -0.6"),
        ([0.0, 0.0], (0.0, math.inf), 15, "0.6 0.5 0.4 0.3 0.2 0.1 0.0"),
        ([1e5, 3e5], (-math.inf, math.inf), 15, "300k 250k 200k 150k 100k"),
        (
            [12.0, 12.006],
            (-math.inf, math.inf),
            15,
            "12.006 12.005 12.004 12.003 12.002 12.001 12.000",
        ),
        ([-9.0, 200.0], (0.0, 100.0), 15, "100 75 50 25 0"),
    ],
)
def test_the_vertical_axis_is_labeled_by_round_numbers_within_its_bounds(
    console: Console,
    values: list[float],
    bounds: tuple[float, float],
    height: int,
    labels: str,
) -> None:
    drawn = LineChart("loss", [series(values)], height, (1, 2), bounds)
    rows = written(console, drawn, 40)
    assert [row.split("┤")[0].strip() for row in rows if "┤" in row] == labels.split()


@pytest.mark.parametrize(
    ("lowest", "highest", "labels"),
    [
        (0.01, 1.0, "1 0.4 0.1 0.04 0.01"),
        (0.3, 3.0, "2 1 0.5 0.2"),
        (1e-7, 1e4, "1e+05 1000 10 0.1 0.001 1e-05 1e-07"),
        (20.0, 90.0, "100 50 20"),
    ],
)
def test_a_logarithmic_axis_is_labeled_by_powers_of_ten_and_their_parts(
    console: Console, lowest: float, highest: float, labels: str
) -> None:
    drawn = LineChart("loss", [series([highest, lowest])], 15, (1, 2), logarithmic=True)
    rows = written(console, drawn, 40)
    assert rows[0].startswith("loss, log")
    assert [row.split("┤")[0].strip() for row in rows if "┤" in row] == labels.split()


@pytest.mark.parametrize(
    ("x_range", "width", "labels"),
    [
        (
            (1.0, 30.0),
            60,
            "         5        10        15        20        25        30",
        ),
        ((1.0, 30.0), 30, "         10       20        30"),
        ((0.0, 1.0), 30, " 0                           1"),
        ((0.0, 0.0), 30, " 0"),
        ((-6.0, 1.0), 30, " -6 -5  -4  -3  -2  -1   0   1"),
        ((1.0, 1000.0), 20, "         500    1000"),
        ((1.0, 2.0), 9, " 1      2"),
    ],
)
def test_the_horizontal_axis_has_its_labels_below_their_columns(
    console: Console, x_range: tuple[float, float], width: int, labels: str
) -> None:
    drawn = LineChart("loss", [series([5.0, 5.0])], 3, x_range)
    last = written(console, drawn, width)[-1]
    assert last.rstrip() == labels


@pytest.mark.parametrize(("width", "shown"), [(12, True), (11, False)])
def test_the_labels_go_where_there_would_be_less_than_eight_columns_beside_them(
    console: Console, width: int, shown: bool
) -> None:
    drawn = LineChart("loss", [series([0.25, 0.75])], 6, (1, 2))
    rows = written(console, drawn, width)
    assert ("0." in "".join(rows[1:])) == shown
    assert {row.index("┤" if "┤" in row else "│") for row in rows[1:-1]} == {3 if shown else 0}


def test_the_axis_says_that_it_is_logarithmic_longer_than_the_names_are_told(
    console: Console,
) -> None:
    drawn = chart([1, 0.25], [1, 0.5], logarithmic=True)
    heads = {width: written(console, drawn, width)[0].rstrip() for width in (28, 27, 23, 22, 9)}
    assert heads == {
        28: "loss, log ━ s0 0.25 ╍ s1 0.5",
        27: "loss, log ━ 0.25 ╍ 0.5",
        23: "loss, log ━ 0.25 ╍ 0.5",
        22: "loss, log ━ 0.25 ╍ 0.5",
        9: "loss",
    }


def test_marks_begin_anew_after_the_fourth_series(make_text_console: MakeConsole) -> None:
    drawn = chart([1.0], [2.0], [3.0], [4.0], [5.0])
    head = written(make_text_console(ascii_only=True), drawn, 60)[0]
    assert head.rstrip() == "loss + s0 1 o s1 2 x s2 3 # s3 4 + s4 5"


def test_an_ascii_line_is_never_dotted(make_text_console: MakeConsole) -> None:
    drawn = LineChart("loss", [series([1, 1], dotted=True)], 5, (1, 2))
    rows = written(make_text_console(ascii_only=True), drawn, 30)
    assert max(row.count("+") for row in rows[1:]) > 20
