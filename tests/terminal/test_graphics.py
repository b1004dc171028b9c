from __future__ import annotations

import base64
import io
import os
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from rich.text import Text

from gpunet.datasets.dataset import Samples
from gpunet.errors import MissingExtraError
from gpunet.terminal.draw import graphics
from gpunet.terminal.draw.block import text_block
from gpunet.terminal.draw.digits import greys
from gpunet.terminal.draw.graphics import Painter, Protocol, choose_painter
from gpunet.terminal.draw.weights import signed_colors
from gpunet.terminal.views.showcase import preview

MakeConsole = Callable[..., Console]
MakeTerminal = Callable[..., Console]

PROTOCOLS: tuple[Protocol, ...] = ("kitty", "sixel")
CELL = (8, 16)
A_PERCENT = 0.5 / 100 * 255 + 0.5
"""Sixel rounds colors to whole percents; bytes are whole, too."""

PAINTED = re.compile(r"\x1b7\x1b\[(\d+)A((?:\x1b_G.*?\x1b\\)+|\x1bP.*?\x1b\\)\x1b8", re.DOTALL)
"""An image with the rows that it lies above."""

TOKEN = re.compile(rf"{PAINTED.pattern}|\x1b\[[\d;]*m|.|\n", re.DOTALL)


def noise(height: int, width: int, colors: int = 200) -> np.ndarray:
    """(height, width, 3) of so many colors at most."""
    draws = np.random.default_rng(0)
    palette = draws.integers(0, 256, (colors, 3)).astype(np.uint8)
    return palette[draws.integers(0, colors, (height, width))]


def painted(console: Console, painter: Painter, pixels: np.ndarray, columns: int = 5) -> str:
    """What a console gets for an image of three rows above a caption."""
    caption = text_block(console, [Text("below")], columns)
    console.print(painter.above(caption, pixels, 3))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def decoded(written: str) -> np.ndarray:
    """The pixels (height, width, 3) of an image in either protocol."""
    return _kitty_decoded(written) if written.startswith("\x1b_G") else _sixel_decoded(written)


def _kitty_decoded(written: str) -> np.ndarray:
    payload = "".join(re.findall(r";([^;\x1b]*)\x1b\\", written))
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(payload))).convert("RGB"))


def _sixel_decoded(written: str) -> np.ndarray:
    """Painted pixel for pixel, as chapter 14 of the VT330/VT340 programmer's manual has it."""
    size = re.match(r'\x1bP[\d;]*q"1;1;(\d+);(\d+)', written)
    assert size is not None
    width, height = int(size[1]), int(size[2])
    pixels = np.full((height, width, 3), -1)
    colors: dict[str, np.ndarray] = {}
    x = y = 0
    color = ""
    for token in re.finditer(
        r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|(?:!(\d+))?([?-~])|([$-])",
        written[size.end() : -len("\x1b\\")],
    ):
        number, red, green, blue, repeat, bits, turn = token.groups()
        if number is not None:
            color = number
            if red is not None:
                colors[number] = np.array([int(red), int(green), int(blue)]) / 100 * 255
        elif turn:
            x, y = 0, y + 6 * (turn == "-")
        else:
            run = slice(x, x + int(repeat or 1))
            rows = [y + bit for bit in range(6) if (ord(bits) - 63) >> bit & 1]
            assert max(rows, default=0) < height
            pixels[rows, run] = np.rint(colors[color])
            x = run.stop
    assert pixels.min() >= 0, "a pixel was left out"
    return pixels


def shown(text: str) -> tuple[list[str], list[tuple[int, int]]]:
    """The lines that a terminal shows, and at which row and column images are painted."""
    lines, images = [""], []
    for token in TOKEN.finditer(text):
        if token[0] == "\n":
            lines.append("")
        elif token[1]:
            images.append((len(lines) - 1 - int(token[1]), len(lines[-1])))
        elif not token[0].startswith("\x1b"):
            lines[-1] += token[0]
    return lines, images


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("size", [(48, 40), (47, 33), (7, 1)])
def test_the_terminal_gets_every_pixel(
    make_text_console: MakeConsole, protocol: Protocol, size: tuple[int, int]
) -> None:
    pixels = noise(*size)
    text = painted(make_text_console(), Painter(protocol, CELL), pixels)
    ((rows, written),) = PAINTED.findall(text)
    assert rows == "3"
    tolerance = A_PERCENT if protocol == "sixel" else 0
    np.testing.assert_allclose(decoded(written), pixels, rtol=0, atol=tolerance)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("colors", [None, "truecolor"])
@pytest.mark.parametrize("no_color", [False, True])
def test_an_image_is_written_whatever_the_console_is(
    make_text_console: MakeConsole,
    protocol: Protocol,
    colors: Literal["truecolor"] | None,
    no_color: bool,
) -> None:
    console = make_text_console(colors=colors, no_color=no_color)
    text = painted(console, Painter(protocol, CELL), noise(48, 40))
    assert text.isascii()
    assert len(PAINTED.findall(text)) == 1
    assert PAINTED.sub("", text).lstrip("\n") == "below\n"


def test_a_long_image_reaches_kitty_in_chunks(make_text_console: MakeConsole) -> None:
    text = painted(make_text_console(), Painter("kitty", CELL), noise(96, 96))
    commands = re.findall(r"\x1b_G(.*?);(.*?)\x1b\\", text)
    controls = [control for control, _ in commands]
    assert len(commands) > 1
    assert controls[0] == "a=T,f=100,c=5,r=3,C=1,q=2,m=1"
    assert ["m=1"] * (len(commands) - 2) + ["m=0"] == controls[1:]
    assert all(len(payload) <= 4096 for _, payload in commands)
    assert all(len(payload) % 4 == 0 for _, payload in commands)


def test_the_last_chunk_for_kitty_is_the_last_though_it_is_full(
    make_text_console: MakeConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    def commands() -> list[tuple[str, str]]:
        text = painted(make_text_console(), Painter("kitty", CELL), noise(96, 96))
        return re.findall(r"\x1b_G(.*?);(.*?)\x1b\\", text)

    payload = "".join(part for _, part in commands())
    monkeypatch.setattr(graphics, "CHUNK", len(payload) // 2)
    assert [control[-3:] for control, _ in commands()] == ["m=1", "m=0"][-len(commands()) :]
    assert [len(part) for _, part in commands()] == [len(payload) // 2] * 2


def test_sixel_defines_every_color_once_and_before_the_first_pixel(
    make_text_console: MakeConsole,
) -> None:
    text = painted(make_text_console(), Painter("sixel", CELL), noise(48, 40, 9))
    ((_, written),) = PAINTED.findall(text)
    head = re.match(r'\x1bP[\d;]*q"1;1;40;48((?:#\d+;2;\d+;\d+;\d+)+)', written)
    assert head is not None
    assert [str(n) for n in range(9)] == sorted(re.findall(r"#(\d+);2", head[1]))
    assert ";2;" not in written[head.end() :]


def test_encoding_sixel_asks_the_terminal_nothing() -> None:
    script = (
        "import sys; from gpunet.terminal.draw.graphics import choose_painter as choose\n"
        "from rich.console import Console; assert choose('sixel', Console())\n"
        "print(*(name for name in sys.modules if name.startswith('textual_image')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "textual_image textual_image._sixel\n"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("width", [14, 30, 80])
def test_images_lie_over_blank_cells_above_their_captions(
    make_text_console: MakeConsole, protocol: Protocol, width: int
) -> None:
    console = make_text_console(width)
    features = np.random.default_rng(0).integers(0, 256, (7, 64)).astype(np.uint8)
    samples = Samples(features, np.arange(7, dtype=np.int32))
    painter = Painter(protocol, CELL)
    preview(console, samples, "abcdefg", (8, 8), range(7), painter)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    lines, images = shown(text)
    columns = (width + 2) // 16
    assert [(9 * (n // columns), 16 * (n % columns)) for n in range(7)] == images
    captions = [lines[row + 7][column : column + 1] for row, column in images]
    assert list("abcdefg") == captions
    above = chain.from_iterable(lines[row : row + 7] for row, _ in images)
    assert {""} == {line.strip() for line in above}
    for (_, written), one in zip(PAINTED.findall(text), features, strict=True):
        expected = greys(one.reshape(8, 8), 7 * 16, 14 * 8)
        np.testing.assert_allclose(decoded(written), expected, rtol=0, atol=A_PERCENT)


def test_an_image_keeps_its_proportions_and_is_enlarged_by_a_whole_factor() -> None:
    image = np.full((28, 28), 255, np.uint8)
    image[0], image[-1], image[:, 0], image[:, -1] = 0, 0, 0, 0
    height, width = Painter("kitty", (9, 19)).size(14, 7)
    assert (height, width) == (133, 126)
    drawn = greys(image, height, width)[..., 0]
    assert np.count_nonzero(drawn == 255) == (26 * 4) ** 2
    assert (26 * 4) ** 2 + np.count_nonzero(drawn == 0) == drawn.size


def test_signed_values_are_blue_and_red_in_at_most_256_colors(
    make_text_console: MakeConsole,
) -> None:
    values = np.linspace(-1, 1, 784, dtype=np.float32).reshape(28, 28)
    colors = signed_colors(make_text_console(), values, 28, 28)
    assert colors[0, 0, 2] > colors[0, 0, 0]
    assert colors[-1, -1, 0] > colors[-1, -1, 2]
    assert 200 < len(np.unique(colors.reshape(-1, 3), axis=0)) <= 256


@pytest.fixture
def make_terminal() -> Iterator[MakeTerminal]:
    """A console on a terminal of 80 by 24 cells, which may tell how many pixels these are."""
    pty, fcntl, termios = (pytest.importorskip(name) for name in ("pty", "fcntl", "termios"))
    opened: list[Any] = []

    def make(cell: tuple[int, int] = CELL, **options: Any) -> Console:
        master, slave = pty.openpty()
        size = struct.pack("4H", 24, 80, 80 * cell[0], 24 * cell[1])
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        opened.append(os.fdopen(slave, "w"))
        opened.append(os.fdopen(master, "rb"))
        return Console(file=opened[-2], legacy_windows=False, **options)

    yield make
    for file in opened:
        file.close()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "sixel"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "sixel"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "mlterm"}, "sixel"),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode", "KITTY_WINDOW_ID": "1"}, None),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, None),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "KITTY_WINDOW_ID": "1"}, None),
        ({"TERM": "xterm-kitty", "TMUX": "/run/tmux,1,0"}, None),
        ({"TERM": "screen", "KITTY_WINDOW_ID": "1"}, None),
        ({"TERM": "foot", "STY": "1.pts"}, None),
        ({"TERM": "foot", "ZELLIJ": "0"}, None),
        ({"TERM": "dumb", "KITTY_WINDOW_ID": "1"}, None),
        ({}, None),
    ],
)
def test_auto_takes_pixels_where_the_environment_names_a_terminal_known_for_them(
    make_terminal: MakeTerminal, environ: dict[str, str], expected: Protocol | None
) -> None:
    painter = choose_painter("auto", make_terminal(_environ=environ), environ)
    assert expected == (painter.protocol if painter else None)
    assert painter is None or painter.cell == CELL


@pytest.mark.parametrize("environ", [{"TERM": "xterm-kitty"}, {"TERM": "foot"}])
def test_auto_takes_none_without_a_terminal_or_without_color(
    make_terminal: MakeTerminal, environ: dict[str, str]
) -> None:
    piped = Console(file=io.StringIO(), force_terminal=True, _environ=environ)
    colorless = make_terminal(_environ={**environ, "NO_COLOR": "1"})
    assert choose_painter("auto", piped, environ) is None
    assert choose_painter("auto", colorless, environ) is None


def test_auto_takes_sixel_only_if_it_can_be_done_well(
    make_terminal: MakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    foot, kitty = {"TERM": "foot"}, {"TERM": "xterm-kitty"}
    assert choose_painter("auto", make_terminal((0, 0), _environ=foot), foot) is None
    monkeypatch.setitem(sys.modules, "textual_image._sixel", None)
    assert choose_painter("auto", make_terminal(_environ=foot), foot) is None
    assert choose_painter("auto", make_terminal(_environ=kitty), kitty) is not None


def test_a_protocol_that_is_named_is_taken_anywhere(make_terminal: MakeTerminal) -> None:
    tmux = {"TERM": "tmux", "TMUX": "1", "NO_COLOR": "1"}
    piped = Console(file=io.StringIO(), _environ=tmux)
    assert Painter("kitty", (10, 20)) == choose_painter("kitty", piped, tmux)
    assert Painter("sixel", (10, 20)) == choose_painter("sixel", piped, tmux)
    assert Painter("sixel", CELL) == choose_painter("sixel", make_terminal(_environ=tmux), tmux)
    assert choose_painter("blocks", make_terminal(), {"TERM": "xterm-kitty"}) is None


def test_without_the_library_sixel_names_the_extra(
    make_text_console: MakeConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "textual_image._sixel", None)
    with pytest.raises(MissingExtraError, match=r"-m pip install 'textual-image"):
        choose_painter("sixel", make_text_console(), {})
    assert choose_painter("kitty", make_text_console(), {}) is not None


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "foot-extra"}, "sixel"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM": "screen.xterm-kitty"}, None),
        ({"TERM": "xterm-kitty", "STY": "1"}, None),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": ""}, None),
    ],
)
def test_every_terminal_that_is_known_has_its_protocol(
    make_terminal: MakeTerminal, environ: dict[str, str], expected: Protocol | None
) -> None:
    painter = choose_painter("auto", make_terminal((9, 18), _environ=environ), environ)
    assert painter == (Painter(expected, (9, 18)) if expected else None)


def test_the_environment_is_the_processs_own_unless_one_is_given(
    make_terminal: MakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {"TERM": "xterm-kitty"})
    console = make_terminal(_environ={"TERM": "xterm-kitty"})
    assert choose_painter("auto", console) == Painter("kitty", CELL)
    assert choose_painter("auto", console, {}) is None


@pytest.mark.parametrize(
    ("pixels", "cell"),
    [
        ((80 * 8, 24 * 16), (8, 16)),
        ((80 * 8 + 79, 24 * 16 + 23), (8, 16)),
        ((0, 0), (10, 20)),
        ((80, 24), (1, 1)),
        ((79, 400), (10, 20)),
        ((800, 23), (10, 20)),
    ],
)
def test_a_cell_is_as_large_as_the_terminal_tells_or_as_the_vt340s(
    make_terminal: MakeTerminal, pixels: tuple[int, int], cell: tuple[int, int]
) -> None:
    fcntl, termios = (pytest.importorskip(name) for name in ("fcntl", "termios"))
    console = make_terminal(_environ={"TERM": "xterm"})
    fcntl.ioctl(console.file, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, *pixels))
    assert choose_painter("kitty", console, {}) == Painter("kitty", cell)
    known = {"TERM": "xterm-kitty"}
    assert choose_painter("auto", make_terminal((0, 0), _environ=known), known) == Painter(
        "kitty", (10, 20)
    )


def test_cells_have_so_many_pixels_from_top_to_bottom_and_from_left_to_right() -> None:
    assert Painter("kitty", (9, 19)).size(14, 7) == (7 * 19, 14 * 9)


def test_a_small_image_is_one_command_and_all_lines_of_its_caption_stay(
    make_text_console: MakeConsole,
) -> None:
    console = make_text_console()
    caption = text_block(console, [Text("one"), Text("two")], 4)
    block = Painter("kitty", (2, 4)).above(caption, noise(8, 8, 2), 2)
    assert (block.width, block.height) == (4, 4)
    console.print(block)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    ((rows, written),) = PAINTED.findall(text)
    assert (rows, written.count("\x1b_G")) == ("2", 1)
    assert written.startswith("\x1b_Ga=T,f=100,c=4,r=2,C=1,q=2,m=0;")
    assert text.splitlines()[:2] == ["", ""]
    assert text.index("\x1b7") < text.index("one")
    assert text.endswith("\x1b8one\ntwo\n")
