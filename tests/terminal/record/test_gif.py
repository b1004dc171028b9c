import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageSequence
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from gpunet.terminal.draw.block import Block
from gpunet.terminal.draw.style import PALETTE, PANEL, Ink
from gpunet.terminal.record.gif import HEIGHT, MARGIN, WIDTH, gif
from gpunet.terminal.record.recording import Recording


def pictures(content: bytes) -> list[np.ndarray]:
    """(height, width, 3) of all frames, as a viewer builds them up."""
    image = Image.open(io.BytesIO(content))
    return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


def test_every_frame_is_seen_for_its_time(film: Recording) -> None:
    image = Image.open(io.BytesIO(gif(film)))
    assert image.size == (100 * WIDTH + 2 * MARGIN, 30 * HEIGHT + 2 * MARGIN)
    assert image.info["loop"] == 0
    times = [frame.info["duration"] for frame in ImageSequence.Iterator(image)]
    assert times == [500, 500, 1000, 1000]  # the third and the fourth frame are one


def test_a_frame_that_builds_on_others_looks_as_it_does_alone(film: Recording) -> None:
    moving = pictures(gif(film))
    for index, picture in zip((0, 1, 2, 4), moving, strict=True):
        alone = Recording("", film.size, [(0.0, film.frames[index][1])], 1.0)
        np.testing.assert_array_equal(pictures(gif(alone))[0], picture)


@pytest.mark.parametrize(("theme", "column"), [("auto", 0), ("dark", 0), ("light", 1)])
def test_colors_are_those_of_the_theme(film: Recording, theme: str, column: int) -> None:
    last = pictures(gif(film, theme))[-1]  # type: ignore[arg-type]
    seen = {tuple(color) for color in last.reshape(-1, 3)}
    wanted = Color.parse(PALETTE[Ink.TRAIN][column]).get_truecolor()
    assert tuple(wanted) in seen
    assert tuple(last[0, 0]) == PANEL["light" if column else "dark"][1]


def test_mono_has_shades_of_grey_alone(film: Recording) -> None:
    frame = pictures(gif(film, "mono"))[0].astype(int)
    assert np.ptp(frame, axis=2).max() == 0


def test_letters_are_drawn_within_their_cells(make_film: Callable[..., Recording]) -> None:
    picture = pictures(gif(make_film("iW@ _字e\u0301")))[0].astype(int)
    ink = (picture != PANEL["dark"][1]).any(axis=2)
    cells = [ink[MARGIN:-MARGIN, MARGIN + k * WIDTH :][:, :WIDTH].any() for k in range(5)]
    assert cells == [True, True, True, False, True]
    ink[MARGIN:-MARGIN, MARGIN:-MARGIN] = False
    assert not ink.any()


def test_bold_is_heavier_and_an_underline_is_seen(make_film: Callable[..., Recording]) -> None:
    plain, bold, line = (
        pictures(gif(make_film("mn", style=style)))[0].astype(int).sum()
        for style in ("", "bold", "underline")
    )
    assert plain < bold
    assert plain < line


def test_more_colors_than_a_gif_can_have_become_fewer() -> None:
    colors = [(red, green, 90) for red in range(0, 256, 8) for green in range(0, 256, 8)]
    line = [Segment(" ", Style(bgcolor=Color.from_rgb(*color))) for color in colors]
    block = Block(len(line), [line])
    picture = pictures(gif(Recording("", (len(line), 1), [(0.0, lambda _: block)], 1.0)))[0]
    seen = picture[MARGIN + HEIGHT // 2, MARGIN + WIDTH // 2 :: WIDTH][: len(colors)].astype(int)
    assert np.abs(seen - colors).max() < 64


def test_the_same_recording_gives_the_same_bytes(film: Recording) -> None:
    assert gif(film) == gif(film)
