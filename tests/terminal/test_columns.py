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


def test_names_are_cut_before_numbers(make_text_console: MakeConsole) -> None:
    lines = printed(make_text_console(12), table())
    assert lines[-2:] == ["a lo…      7", "b      1,234"]


def test_a_cut_is_marked_in_ascii_where_there_is_nothing_else(
    make_text_console: MakeConsole,
) -> None:
    lines = printed(make_text_console(12, ascii_only=True), table())
    assert lines[-2:] == ["a lo~      7", "b      1,234"]


def test_a_style_marks_a_whole_row(make_text_console: MakeConsole) -> None:
    columns = Columns(["<a", "b"])
    columns.add("x", "y", style="green")
    assert printed(make_text_console(colors="truecolor"), columns)[-1].count("\x1b[32m") == 2


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (40, ["a long name  another  12,345,678", "b            c                 9"]),
        (32, ["a long name  another  12,345,678", "b            c                 9"]),
        (31, ["a long na…  another  12,345,678", "b           c                 9"]),
        (26, ["a lon…  anoth…  12,345,678", "b       c                9"]),
        (25, ["a lo…  anoth…  12,345,678", "b      c                9"]),
        (24, ["a lo…  anot…  12,345,678", "b      c               9"]),
        (22, ["a l…  ano…  12,345,678", "b     c              9"]),
        (21, ["a l…  ano…  12,345,6…", "b     c             9"]),
        (16, ["a l…  ano…  12,…", "b     c        9"]),
    ],
)
def test_the_widest_column_is_cut_first_down_to_four_cells_and_numbers_last(
    make_text_console: MakeConsole, width: int, lines: list[str]
) -> None:
    columns = Columns(["<first", "<two", "number"])
    columns.add("a long name", "another", "12,345,678")
    columns.add("b", "c", "9")
    shown = printed(make_text_console(width), columns)
    assert shown[2:] == lines
    assert shown[1] == "─" * max(map(len, lines))


def test_no_column_is_left_less_than_four_cells_though_the_table_is_then_cut(
    make_text_console: MakeConsole,
) -> None:
    columns = Columns(["<abcdef", "ghijkl"])
    columns.add("1", "2")
    assert printed(make_text_console(8), columns) == ["abc…  g…", "───────…", "1      …"]


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
