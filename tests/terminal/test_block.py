from collections.abc import Callable

import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Span, Text

from gpunet.terminal.draw.block import Block, beside, cut, grid, stack, text_block

MakeConsole = Callable[..., Console]


def written(block: Block) -> list[str]:
    return ["".join(segment.text for segment in line) for line in block.lines]


@pytest.fixture
def console(make_text_console: MakeConsole) -> Console:
    return make_text_console()


def test_a_block_cuts_long_texts_and_fills_short_ones(console: Console) -> None:
    block = text_block(console, [Text("abcdef"), Text("a")], 4)
    assert written(block) == ["abc…", "a   "]


def test_a_wide_character_is_never_cut_in_two() -> None:
    text = cut(Text("数字数字"), 6, ascii_only=False)
    assert text.plain.startswith("数字")
    assert text.plain.endswith("…")
    assert text.cell_len == 6


def test_a_cut_text_is_marked_in_ascii_too() -> None:
    assert cut(Text("abcdef"), 4, ascii_only=True).plain == "abc~"


def test_a_text_of_several_lines_takes_one() -> None:
    assert cut(Text("a\nb"), 9, ascii_only=False).plain == "a b"


def test_blocks_beside_each_other_are_filled_up_to_the_highest(console: Console) -> None:
    left = text_block(console, [Text("a")], 2)
    right = text_block(console, [Text("b"), Text("c")], 2)
    assert written(beside([left, right], gap=1)) == ["a  b ", "   c "]


def test_stacked_blocks_are_brought_to_one_width(console: Console) -> None:
    upper = text_block(console, [Text("abc")], 3)
    lower = text_block(console, [Text("d")], 1)
    assert written(stack([upper, lower], 2)) == ["ab", "d "]


def test_a_grid_has_as_many_columns_as_fit(console: Console) -> None:
    blocks = [text_block(console, [Text(letter)], 1) for letter in "abc"]
    assert written(grid(blocks, 3, gap=1)) == ["a b", "c  "]


def test_a_grid_narrower_than_a_block_has_one_column(console: Console) -> None:
    blocks = [text_block(console, [Text(letter * 4)], 4) for letter in "ab"]
    assert written(grid(blocks, 2)) == ["aa", "bb"]


def test_a_printed_block_leaves_no_blanks_at_the_end_of_a_line(
    make_text_console: MakeConsole,
) -> None:
    console = make_text_console()
    console.print(text_block(console, [Text("a"), Text()], 10))
    assert console.file.getvalue() == "a\n\n"  # type: ignore[attr-defined]


def test_the_style_of_a_whole_text_is_kept(make_text_console: MakeConsole) -> None:
    console = make_text_console(colors="truecolor")
    console.print(text_block(console, [Text("a", "red")], 1))
    assert console.file.getvalue() == "\x1b[31ma\x1b[0m\n"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "width", "ascii_only", "shown"),
    [
        ("abcd", 4, False, "abcd"),
        ("abcde", 4, False, "abc…"),
        ("abcde", 1, False, "…"),
        ("abcde", 0, False, ""),
        ("abcde", 1, True, "~"),
        ("a\nb\nc", 4, False, "a b…"),
        ("数字数", 5, False, "数字…"),
        ("数字数", 4, False, "数 …"),
    ],
)
def test_a_text_is_cut_at_exactly_so_many_cells(
    text: str, width: int, ascii_only: bool, shown: str
) -> None:
    assert cut(Text(text), width, ascii_only).plain == shown


def test_a_cut_leaves_the_text_itself_and_its_styles() -> None:
    text = Text.assemble(("abc", "red"), "def")
    assert cut(text, 4, ascii_only=False).spans == [Span(0, 3, "red")]
    assert text.plain == "abcdef"


def test_a_block_is_cropped_or_filled_to_a_shape(console: Console) -> None:
    block = text_block(console, [Text("abc"), Text("d")], 3)
    assert written(block.shaped(2, 1)) == ["ab"]
    assert written(block.shaped(5, 3)) == ["abc  ", "d    ", "     "]
    assert (block.shaped(5, 3).width, block.shaped(5, 3).height) == (5, 3)
    assert written(block) == ["abc", "d  "]


def test_blocks_of_nothing_take_no_room(console: Console) -> None:
    assert (beside([], gap=3).width, beside([], gap=3).height) == (0, 0)
    assert (grid([], 9).width, grid([], 9).height) == (9, 0)
    assert (stack([], 9).width, stack([], 9).height) == (9, 0)


def test_blocks_beside_each_other_are_as_wide_as_they_and_their_gaps(console: Console) -> None:
    blocks = [text_block(console, [Text(letter)], 2) for letter in "abc"]
    assert (beside(blocks, gap=3).width, written(beside(blocks, gap=3))) == (12, ["a    b    c "])
    assert (beside(blocks).width, written(beside(blocks))) == (6, ["a b c "])
    assert written(grid(blocks, 8)) == ["a  b  c "]
    assert written(grid(blocks, 7)) == ["a  b   ", "c      "]


def test_a_printed_block_is_cropped_at_the_consoles_width_and_keeps_blanks_with_a_style(
    make_text_console: MakeConsole,
) -> None:
    console = make_text_console(4, colors="truecolor")
    lines = [
        [Segment("ab"), Segment("  ", Style(bgcolor="red")), Segment("  ")],
        [Segment("abcdef")],
        [Segment(" a "), Segment("   ")],
    ]
    console.print(Block(6, lines))
    assert console.file.getvalue() == "ab\x1b[41m  \x1b[0m\nabcd\n a\n"  # type: ignore[attr-defined]
