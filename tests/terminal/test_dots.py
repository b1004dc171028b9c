import numpy as np
import pytest

from gpunet.terminal.draw.dots import dotted, written_large


def test_a_cell_holds_eight_dots() -> None:
    dots = np.zeros((4, 4), bool)
    dots[0, 0] = dots[3, 3] = True
    assert dotted(dots) == ["⠁⢀"]


@pytest.mark.parametrize("word", ["7", "1 7", "Sneaker", "?"])
@pytest.mark.parametrize("room", [(12, 7), (40, 12), (5, 4)])
def test_a_word_is_as_large_as_its_room(word: str, room: tuple[int, int]) -> None:
    columns, rows = room
    lines = written_large(word, columns, rows)
    widths = {len(line) for line in lines}
    assert len(widths) == 1
    assert 0 < len(lines) <= rows
    assert max(widths) <= columns
    assert len(lines) == rows or max(widths) == columns
    assert len({*"".join(lines)}) > 1


@pytest.mark.parametrize("word", ["", " ", "ö", "\x1b"])
def test_what_the_letters_lack_is_not_written(word: str) -> None:
    assert written_large(word, 20, 6) == ()
