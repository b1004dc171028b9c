import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from rich.color import Color
from tests.browsers import FLAGS, find_browser

from gpunet.terminal.draw.style import PALETTE, PANEL, Ink
from gpunet.terminal.record.cells import cells_of
from gpunet.terminal.record.recording import Recording
from gpunet.terminal.record.shapes import shape_of
from gpunet.terminal.record.svg import BASELINE, HEIGHT, MARGIN, SCALE, WIDTH, svg

SEEN = """seconds => {
    for (const one of document.getAnimations()) { one.pause(); one.currentTime = 1000 * seconds }
    const seen = [...document.querySelectorAll("text, path.o")]
        .filter(one => getComputedStyle(one).visibility == "visible")
    return seen.map(one => one.tagName == "text"
        ? [+one.getAttribute("x"), +one.getAttribute("y"), one.textContent]
        : [0, 0, one.getAttribute("d")])
}"""
"""What is seen at a time: letters and where they stand, and the paths of dots."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_browser()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def open_svg(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    pages = []

    def open_page(recording: Recording, theme: str = "auto", **settings: str) -> Page:
        columns, rows = recording.size
        width, height = columns * WIDTH + 2 * MARGIN, rows * HEIGHT + 2 * MARGIN
        path = tmp_path / "picture.svg"
        path.write_text(svg(recording, theme), encoding="utf-8")  # type: ignore[arg-type]
        size = {"width": int(width * SCALE), "height": int(height * SCALE)}
        pages.append(browser.new_page(viewport=size, **settings))  # type: ignore[arg-type]
        pages[-1].goto(path.as_uri())
        return pages[-1]

    yield open_page
    for page in pages:
        page.close()


def screenshot(page: Page) -> np.ndarray:
    """(height, width, 3)."""
    return np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))


def text_of(seen: list[tuple[int, int, str]], size: tuple[int, int]) -> list[str]:
    """The letters in their cells."""
    screen = [[" "] * size[0] for _ in range(size[1])]
    for x, y, text in seen:
        row, column = (y - BASELINE) // HEIGHT, x // WIDTH
        if not text.startswith("M"):
            screen[row][column : column + len(text)] = text
    return ["".join(row) for row in screen]


def test_at_every_time_it_shows_the_frame_of_then(
    film: Recording, open_svg: Callable[..., Page]
) -> None:
    page = open_svg(film)
    blocks = film.blocks("dark")
    for seconds, index in [(0.001, 0), (0.499, 0), (0.501, 1), (1.3, 2), (1.9, 3), (2.001, 4)]:
        seen = page.evaluate(SEEN, seconds)
        cells = cells_of(blocks[index], "dark")
        letters = ["".join(" " if shape_of(one.text) else one.text for one in row) for row in cells]
        assert text_of(seen, film.size) == letters
        dots = [shape.dots for row in cells for one in row if (shape := shape_of(one.text))]
        assert sum(text.count("h0") for _, _, text in seen) == sum(map(len, dots))


def test_it_begins_again_at_its_end(film: Recording, open_svg: Callable[..., Page]) -> None:
    page = open_svg(film)
    first, again = page.evaluate(SEEN, 0.7), page.evaluate(SEEN, 3.7)
    assert Counter(map(tuple, again)) == Counter(map(tuple, first))


def test_where_nothing_is_to_move_the_last_frame_stands(
    film: Recording, open_svg: Callable[..., Page]
) -> None:
    still = open_svg(film, reduced_motion="reduce")
    moving = open_svg(film)
    assert still.evaluate("document.getAnimations().length") == 0
    assert text_of(still.evaluate(SEEN, 0), film.size) == text_of(
        moving.evaluate(SEEN, 2.5), film.size
    )


@pytest.mark.parametrize(
    ("theme", "reader", "column"),
    [("auto", "dark", 0), ("auto", "light", 1), ("dark", "light", 0), ("light", "dark", 1)],
)
def test_its_colors_are_those_of_the_theme(
    film: Recording, open_svg: Callable[..., Page], theme: str, reader: str, column: int
) -> None:
    page = open_svg(film, theme, color_scheme=reader)
    page.evaluate(SEEN, 2.5)
    picture = screenshot(page)
    bar = Color.parse(PALETTE[Ink.TRAIN][column]).get_truecolor()
    seen = Counter(map(tuple, picture.reshape(-1, 3)))
    assert seen.most_common(1)[0][0] == PANEL["light" if column else "dark"][1]
    assert seen[tuple(bar)] > 100


@pytest.mark.parametrize(
    ("text", "inked"),
    [("██", [[1, 1], [1, 1]]), ("▀▄", [[1, 0], [0, 1]]), ("▌▐", [[1, 0, 0, 1], [1, 0, 0, 1]])],
)
def test_blocks_join_whatever_fonts_there_are(
    make_film: Callable[..., Recording],
    open_svg: Callable[..., Page],
    text: str,
    inked: list[list[int]],
) -> None:
    picture = screenshot(open_svg(make_film(text), "dark")).astype(int).sum(axis=2)
    edge = round(MARGIN * SCALE)
    inside = picture[edge : edge + 18, edge : edge + 18] > 3 * 200
    parts = [np.array_split(half, len(inked[0]), axis=1) for half in np.array_split(inside, 2)]
    assert [[part[1:-1, 1:-1].all() for part in row] for row in parts] == [
        [bool(one) for one in row] for row in inked
    ]


def test_every_run_of_letters_is_as_wide_as_its_cells(
    make_film: Callable[..., Recording], open_svg: Callable[..., Page]
) -> None:
    page = open_svg(make_film("字 iiiiiiii MMMMMMMM"))
    boxes = page.evaluate(
        "[...document.querySelectorAll('text')].map(t => [t.getBBox().x, t.getBBox().width])"
    )
    assert boxes[:2] == [[3 * WIDTH, 8 * WIDTH], [12 * WIDTH, 8 * WIDTH]]
    assert boxes[2][0] == 0  # the wide one


def test_it_stands_alone_and_does_nothing(film: Recording) -> None:
    text = svg(film)
    assert re.findall(r"<script|href|url\(|@import|@font-face|\bon\w+=", text) == []
    assert "<title>a &lt;run&gt; &amp; its end</title>" in text
    assert svg(film) == text


def test_it_holds_what_changes_and_not_every_frame(film: Recording) -> None:
    still = Recording("", film.size, [(0.0, film.frames[-1][1])], 1.0)
    double = Recording("", film.size, [(0.0, film.frames[-1][1]), (1.0, film.frames[-1][1])], 2.0)
    assert len(svg(double)) <= len(svg(still)) + 10


@pytest.mark.parametrize("reader", ["dark", "light"])
def test_a_ground_in_the_color_of_the_other_panel_is_drawn(
    make_film: Callable[..., Recording], open_svg: Callable[..., Page], reader: str
) -> None:
    dark = "#{:02x}{:02x}{:02x}".format(*PANEL["dark"][1])
    picture = screenshot(open_svg(make_film("  ", style=f"on {dark}"), color_scheme=reader))
    height, width, _ = picture.shape
    assert tuple(picture[height // 2, width // 2]) == PANEL["dark"][1]
