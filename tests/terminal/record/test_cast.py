import json
import re
from collections.abc import Callable

from gpunet.terminal.draw.style import PANEL
from gpunet.terminal.record.cast import cast
from gpunet.terminal.record.cells import Cell, Look, cells_of
from gpunet.terminal.record.recording import Recording

CODE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])")

DARK = PANEL["dark"][0]


def played(lines: list[str], until: float) -> list[list[Cell]]:
    """What a terminal shows that gets the output up to then."""
    header = json.loads(lines[0])
    plain = Look(DARK, None, False, False)
    screen = [[Cell(" ", plain)] * header["width"] for _ in range(header["height"])]
    row = column = 0
    look = plain
    for seconds, kind, text in map(json.loads, lines[1:]):
        assert kind == "o"
        if seconds > until:
            break
        for place, part in enumerate(re.split(r"(\x1b\[[?\d;]*[A-Za-z])", text)):
            if place % 2 == 0:
                for character in part:
                    screen[row][column] = Cell(character, look)
                    column += 1
                continue
            code = CODE.fullmatch(part)
            assert code is not None
            if code[2] == "H":
                row, column = (int(number) - 1 for number in code[1].split(";"))
            elif code[2] == "m":
                look = _look(code[1])
            else:
                assert part in ("\x1b[?25l", "\x1b[2J")
    return screen


def _look(codes: str) -> Look:
    color = re.search(r"(?:^|;)38;2;(\d+);(\d+);(\d+)", codes)
    ground = re.search(r"(?:^|;)48;2;(\d+);(\d+);(\d+)", codes)
    flags = re.sub(r"[34]8;2;\d+;\d+;\d+", "", codes).split(";")
    return Look(
        tuple(map(int, color.groups())) if color else DARK,  # type: ignore[arg-type]
        tuple(map(int, ground.groups())) if ground else None,  # type: ignore[arg-type]
        "1" in flags,
        "4" in flags,
    )


def test_a_player_shows_every_frame_cell_by_cell(film: Recording) -> None:
    lines = cast(film).splitlines()
    for (seconds, _), block in zip(film.frames, film.blocks("dark"), strict=True):
        assert played(lines, seconds) == cells_of(block, "dark")


def test_later_frames_hold_what_has_changed_alone(film: Recording) -> None:
    sizes = [len(json.loads(line)[2]) for line in cast(film).splitlines()[1:]]
    assert max(sizes[1:]) < 0.7 * sizes[0]  # most of it are pictures that came to other places
    assert len(sizes) == 5  # the third and the fourth frame are one, and the last line is the end


def test_the_header_and_the_end_are_as_players_read_them(film: Recording) -> None:
    header, *_, end = map(json.loads, cast(film, "light").splitlines())
    assert (header["version"], header["width"], header["height"]) == (2, 100, 30)
    assert header["theme"]["bg"] == "#ffffff"
    assert end == [3.0, "o", ""]


def test_a_cast_without_colors_names_none(film: Recording) -> None:
    assert "38;2;" not in cast(film, "mono")


def test_a_wide_character_moves_the_cursor_by_two(make_film: Callable[..., Recording]) -> None:
    text = cast(make_film("字a b", "字a c"))
    assert "字a b" in text
    assert json.loads(text.splitlines()[2]) == [0.5, "o", "\x1b[1;5H\x1b[0mc"]
