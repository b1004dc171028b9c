from collections.abc import Callable

from rich.console import Console

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
