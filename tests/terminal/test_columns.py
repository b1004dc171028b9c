from collections.abc import Callable

import pytest
from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw.columns import Columns

MakeConsole = Callable[..., Console]


def printed(console: Console, table: Columns) -> list[str]:
    console.print(table)
    lines: list[str] = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    return lines


def table() -> Columns:
    columns = Columns(["<name", "count"])
    columns.add("a long name", "7")
    columns.add("b", "1,234")
    return columns


def test_names_are_aligned_left_and_numbers_right(make_text_console: MakeConsole) -> None:
    assert printed(make_text_console(), table()) == [
        "name         count",
        "──────────────────",
        "a long name      7",
        "b            1,234",
    ]


def long_name() -> Columns:
    columns = Columns(["<name", "count"])
    columns.add("a name of a class", "7")
    columns.add("b", "1,234")
    return columns


def test_names_are_cut_before_numbers(make_text_console: MakeConsole) -> None:
    lines = printed(make_text_console(20), long_name())
    assert lines[-2:] == ["a name of a …      7", "b              1,234"]


def test_a_cut_is_marked_in_ascii_where_there_is_nothing_else(
    make_text_console: MakeConsole,
) -> None:
    lines = printed(make_text_console(20, ascii_only=True), long_name())
    assert lines[-2:] == ["a name of a ~      7", "b              1,234"]


def test_a_style_marks_a_whole_row(make_text_console: MakeConsole) -> None:
    columns = Columns(["<a", "b"])
    columns.add("x", "y", style="green")
    assert printed(make_text_console(colors="truecolor"), columns)[-1].count("\x1b[32m") == 2


FOUR = [
    "the name of a class  12,345,678  another  5",
    "b                             9  c        6",
]
CUT = ["the name …  12,345,678  another  5", "b                    9  c        6"]
THREE = ["the name of…  12,345,678  another", "b                      9  c"]
ONE = ["the name of a class", "b"]


@pytest.mark.parametrize(
    ("width", "lines", "told"),
    [
        (43, FOUR, []),
        (34, CUT, []),
        (33, THREE, ["+1 column, on a wider terminal"]),
        (21, ONE, ["+3 columns, on a wid…"]),
    ],
)
def test_the_last_columns_are_left_out_and_counted_rather_than_a_number_cut(
    make_text_console: MakeConsole, width: int, lines: list[str], told: list[str]
) -> None:
    columns = Columns(["<first", "number", "<two", "3"])
    columns.add("the name of a class", "12,345,678", "another", "5")
    columns.add("b", "9", "c", "6")
    _, rule, *shown = printed(make_text_console(width), columns)
    assert shown == [*lines, *told]
    assert rule == "─" * max(map(len, lines))


def test_the_first_column_is_shown_however_narrow_it_is(make_text_console: MakeConsole) -> None:
    columns = Columns(["<abcdef", "ghijkl"])
    columns.add("1", "2")
    assert printed(make_text_console(4), columns) == ["abc…", "────", "1", "+1 …"]


def test_a_row_may_be_shorter_than_the_head_and_a_cell_has_a_style_of_its_own(
    make_text_console: MakeConsole,
) -> None:
    columns = Columns(["<a", "b", "c"])
    columns.add("x", Text("y", "red"), style="bold")
    columns.add("z", "1", "2")
    assert printed(make_text_console(), columns)[2:] == ["x  y", "z  1  2"]
    console = make_text_console(colors="truecolor")
    console.print(columns)
    row = console.file.getvalue().splitlines()[2]  # type: ignore[attr-defined]
    assert row == "\x1b[1mx\x1b[0m  \x1b[31my\x1b[0m"
