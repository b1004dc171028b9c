import ast
import re
from itertools import combinations, starmap
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.errors import StyleSyntaxError
from rich.style import Style
from rich.terminal_theme import TerminalTheme

import gpunet
from gpunet.terminal.draw import style
from gpunet.terminal.draw.style import Background, theme
from gpunet.terminal.views.board import PAPER
from gpunet.terminal.views.curves import INKS

PALETTES = {
    "VS Code dark": "1e1e1e d4d4d4 cd3131 0dbc79 e5e510 2472c8 bc3fbc 11a8cd "
    "f14c4c 23d18b f5f543 3b8eea d670d6 29b8db",
    "VS Code light": "ffffff 333333 cd3131 00bc00 949800 0451a5 bc05bc 0598bc "
    "cd3131 14ce14 b5ba00 0451a5 bc05bc 0598bc",
    "xterm black": "000000 e5e5e5 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd "
    "ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff",
    "xterm white": "ffffff 000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd "
    "ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff",
    "Tango dark": "2e3436 d3d7cf cc0000 4e9a06 c4a000 3465a4 75507b 06989a "
    "ef2929 8ae234 fce94f 729fcf ad7fa8 34e2e2",
    "Tango light": "eeeeec 2e3436 cc0000 4e9a06 c4a000 3465a4 75507b 06989a "
    "ef2929 8ae234 fce94f 729fcf ad7fa8 34e2e2",
    "Solarized dark": "002b36 839496 dc322f 859900 b58900 268bd2 d33682 2aa198 "
    "cb4b16 586e75 657b83 839496 6c71c4 93a1a1",
    "Solarized light": "fdf6e3 657b83 dc322f 859900 b58900 268bd2 d33682 2aa198 "
    "cb4b16 586e75 657b83 839496 6c71c4 93a1a1",
    "macOS Basic": "ffffff 000000 990000 00a600 999900 0000b2 b200b2 00a6b2 "
    "e50000 00d900 e5e500 0000ff e500e5 00e5e5",
    "GNOME": "171421 d0cfcc c01c28 26a269 a2734c 12488b a347ba 2aa1b3 "
    "f66151 33d17a e9ad0c 2a7bde c061cb 33c7de",
    "Dracula": "282a36 f8f8f2 ff5555 50fa7b f1fa8c bd93f9 ff79c6 8be9fd "
    "ff6e6e 69ff94 ffffa5 d6acff ff92df a4ffff",
    "Gruvbox dark": "282828 ebdbb2 cc241d 98971a d79921 458588 b16286 689d6a "
    "fb4934 b8bb26 fabd2f 83a598 d3869b 8ec07c",
    "Gruvbox light": "fbf1c7 3c3836 cc241d 98971a d79921 458588 b16286 689d6a "
    "9d0006 79740e b57614 076678 8f3f71 427b58",
}
"""Background, foreground, then red, green, yellow, blue, magenta and cyan, and the bright ones."""

NAMES = [
    *(
        style.Ink.TRAIN,
        style.Ink.VALIDATION,
        style.Ink.BEST,
        style.Ink.WARNING,
        style.Ink.LABEL,
        style.Ink.MUTED,
    ),
    *(*style.RIGHT_SHARE, *style.WRONG_SHARE, "bar.complete", "status.spinner"),
]

LINES = (style.Ink.LINE, "bar.back")

ROOMS = [
    path
    for room in ("terminal", "cli")
    for path in sorted(Path(gpunet.__file__).parent.joinpath(room).rglob("*.py"))
    if path.name != "style.py"
]


def numbers(text: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(text)
    return red, green, blue


def terminal(palette: str) -> TerminalTheme:
    ground, ink, *colors = (numbers(word) for word in PALETTES[palette].split())
    return TerminalTheme(ground, ink, [ground, *colors[:6], ink], [ink, *colors[6:], ink])


def linear(color: tuple[int, int, int]) -> list[float]:
    """Red, green and blue as light, 0 to 1."""
    shares = [part / 255 for part in color]
    return [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]


def luminance(color: tuple[int, int, int]) -> float:
    """As WCAG 2 defines it."""
    red, green, blue = linear(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def distance(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """How unlike two colors look: from 2.3 on people see a difference, in CIELAB of 1976."""
    return float(np.linalg.norm(lab(one) - lab(other)))


def lab(color: tuple[int, int, int]) -> NDArray[np.float64]:
    x, y, z = np.cbrt(XYZ @ linear(color) / WHITE)  # the straight part near black is left out
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = XYZ.sum(axis=1)


def contrast_of(name: str, palette: str, background: Background, *, sixteen: bool = False) -> float:
    """Of a style with the ground that it is drawn on; what is reversed has the same."""
    shown, drawn = terminal(palette), theme(background, sixteen=sixteen).styles[name]
    assert drawn.color is not None
    assert drawn.bgcolor is None
    assert not drawn.dim, "how much a terminal dims is not known"
    return contrast(drawn.color.get_truecolor(shown), shown.background_color)


def ground(palette: str) -> Background:
    return "light" if luminance(terminal(palette).background_color) > 0.179 else "dark"


@pytest.mark.parametrize("palette", PALETTES)
def test_every_style_can_be_read_on_the_background_that_it_is_chosen_for(palette: str) -> None:
    shown = {name: contrast_of(name, palette, ground(palette)) for name in NAMES}
    assert {name: value for name, value in shown.items() if value < 4.5} == {}


@pytest.mark.parametrize("background", ["dark", "light", "unknown"])
@pytest.mark.parametrize("palette", PALETTES)
def test_lines_can_be_seen_and_recede_behind_text(palette: str, background: Background) -> None:
    for name in LINES:
        assert 3 <= contrast_of(name, palette, background) < 5.4


@pytest.mark.parametrize("palette", PALETTES)
def test_where_the_background_is_unknown_every_style_can_be_seen_on_any(palette: str) -> None:
    shown = {name: contrast_of(name, palette, "unknown") for name in NAMES}
    assert {name: value for name, value in shown.items() if value < 3} == {}


@pytest.mark.parametrize("background", ["dark", "light", "unknown"])
def test_the_pen_is_seen_on_paper_and_on_ink(background: Background) -> None:
    pen = theme(background).styles[style.Ink.PEN].color
    assert pen is not None
    for grey in (style.GREYS[PAPER], style.GREYS[-1]):
        assert contrast(pen.get_truecolor(), grey.get_truecolor()) > 3


@pytest.mark.parametrize("palette", PALETTES)
def test_of_sixteen_colors_those_are_taken_that_most_palettes_let_see(palette: str) -> None:
    shown = {n: contrast_of(n, palette, ground(palette), sixteen=True) for n in NAMES}
    assert {name: value for name, value in shown.items() if value < 2.9} == {}


@pytest.mark.parametrize("sixteen", [True, False])
@pytest.mark.parametrize("background", ["dark", "light", "unknown"])
def test_bright_black_is_never_drawn_as_it_is_some_palettes_background(
    background: Background, sixteen: bool
) -> None:
    styles = theme(background, sixteen=sixteen).styles
    drawn = {styles[name].color for name in NAMES}
    assert not drawn & {Color.parse("bright_black"), Color.parse("black"), Color.parse("white")}


@pytest.mark.parametrize("sixteen", [True, False])
@pytest.mark.parametrize("background", ["dark", "light", "unknown"])
def test_the_colors_of_runs_in_one_picture_differ(background: Background, sixteen: bool) -> None:
    """Of the sixteen colors there are so many that can be seen on a dark background alone."""
    styles = theme(background, sixteen=sixteen).styles
    known = 2 if sixteen and background != "dark" else len(INKS)
    numbers = [styles[ink].color for ink in INKS[:known]]
    assert len(set(numbers)) == known
    if not sixteen:
        triplets = [one.get_truecolor() for one in numbers if one is not None]
        assert min(starmap(distance, combinations(triplets, 2))) > 35


@pytest.mark.parametrize("background", ["dark", "light", "unknown"])
def test_a_color_is_the_same_in_256_colors(background: Background) -> None:
    for name in NAMES:
        color = theme(background).styles[name].color
        if color is not None and not color.is_default:
            fewer = color.downgrade(ColorSystem.EIGHT_BIT)
            assert fewer.get_truecolor() == color.get_truecolor()


@pytest.mark.parametrize("shares", [style.RIGHT_SHARE, style.WRONG_SHARE])
def test_larger_shares_are_emphasized_more_without_color_too(shares: tuple[str, ...]) -> None:
    plain = [theme("unknown").styles[name].without_color for name in shares]
    assert [(bool(one.bold), bool(one.reverse)) for one in plain] == [
        (False, False),
        (True, False),
        (True, True),
    ]


@pytest.mark.parametrize("background", ["dark", "light", "unknown"])
def test_what_stands_in_a_muted_line_is_not_muted_itself_nor_the_other_way_round(
    background: Background,
) -> None:
    styles = theme(background).styles
    receding = [styles[name] for name in (style.Ink.MUTED, style.Ink.LINE)]
    others = [styles[name] for name in (*NAMES, style.Ink.TITLE) if name != style.Ink.MUTED]
    for back in receding:
        assert all((back + one).color == one.color and not (back + one).dim for one in others)
        assert all((one + back).color == back.color for one in others)


@pytest.mark.parametrize("truecolor", [True, False])
@pytest.mark.parametrize("background", style.SIGNED)
def test_signed_colors_go_from_blue_over_what_is_like_the_background_to_red(
    background: str, truecolor: bool
) -> None:
    colors = [one.get_truecolor() for one in style.SIGNED[background].colors(truecolor)]
    middle = len(colors) // 2
    assert len(colors) == 2 * middle + 1
    assert len(set(colors[middle])) == 1
    for below, above in zip(colors[:middle], colors[:middle:-1], strict=True):
        assert (below == colors[middle]) == (above == colors[middle])  # alike to either side
        assert below == colors[middle] or below.blue > max(below.red, below.green)
        assert above == colors[middle] or above.red > max(above.green, above.blue)
    for side in (colors[middle::-1], colors[middle:]):
        away = [contrast(one, colors[middle]) for one in side]
        assert away == sorted(away)
        assert away[-1] > 4.5


@pytest.mark.parametrize("palette", PALETTES)
def test_a_weight_of_zero_is_like_the_background_and_a_large_one_stands_out(palette: str) -> None:
    scale, behind = style.SIGNED[ground(palette)], terminal(palette).background_color
    assert contrast(scale.zero, behind) < 1.5
    assert contrast(scale.below, behind) > 4
    assert contrast(scale.above, behind) > 4


@pytest.mark.parametrize(
    ("background", "like"), [("dark", "dark"), ("light", "light"), ("unknown", "dark")]
)
def test_a_console_takes_the_scale_of_its_background(background: Background, like: str) -> None:
    for sixteen in (False, True):
        console = Console(theme=theme(background, sixteen=sixteen))
        assert style.signed_scale(console) is style.SIGNED[like]


def _is_a_color(text: str) -> bool:
    try:
        parsed = Style.parse(text)
    except StyleSyntaxError:
        return bool(re.fullmatch(r"#[0-9a-fA-F]{6}", text))
    return any(one is not None and not one.is_default for one in (parsed.color, parsed.bgcolor))


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_colors_are_named_in_one_place_alone(path: Path) -> None:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += [node.value] * _is_a_color(node.value)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found += [ast.unparse(node)] * (node.value.id == "Color")
    assert found == []


DRAWN: dict[tuple[Background, bool], str] = {
    ("dark", False): "#5fd7ff #ffaf00 #87d75f #ff8787 #af87ff #ffd75f color(247) color(244)",
    ("light", False): "#005faf #875f00 #005f00 #af0000 #8700af #875f00 #626262 color(244)",
    ("unknown", False): "#0087d7 #d75f00 #5f875f #d75f5f #875fff #d75f00 color(244) color(244)",
    ("dark", True): "cyan yellow green bright_red bright_blue yellow default dim",
    ("light", True): "blue magenta blue red blue magenta default dim",
    ("unknown", True): "bright_blue bright_magenta bright_blue bright_red bright_blue "
    "bright_magenta default dim",
}
"""Of training, validation, right, wrong, label, warning, and of what recedes: text, and lines."""


@pytest.mark.parametrize(("background", "sixteen"), DRAWN)
def test_every_name_has_the_color_of_its_meaning(background: Background, sixteen: bool) -> None:
    words = DRAWN[background, sixteen].split()
    *colors, lines = words
    train, validation, right, wrong, label, warning, muted = (
        f"not dim {color}" for color in colors
    )
    expected = {
        **dict.fromkeys(("bar.complete", "bar.finished", "bar.pulse", "status.spinner"), train),
        style.Ink.TRAIN: train,
        style.Ink.VALIDATION: validation,
        style.Ink.RIGHT: right,
        style.Ink.WRONG: wrong,
        style.Ink.BEST: f"bold {right}",
        style.Ink.WARNING: f"bold {warning}",
        style.Ink.LABEL: label,
        style.RIGHT_SHARE[0]: right,
        style.RIGHT_SHARE[1]: f"bold {right}",
        style.RIGHT_SHARE[2]: f"bold reverse {right}",
        style.WRONG_SHARE[0]: wrong,
        style.WRONG_SHARE[1]: f"bold {wrong}",
        style.WRONG_SHARE[2]: f"bold reverse {wrong}",
    }
    expected |= dict.fromkeys((style.Ink.MUTED, "progress.percentage"), muted)
    expected |= dict.fromkeys(LINES, "dim default" if lines == "dim" else f"not dim {lines}")
    drawn = theme(background, sixteen=sixteen).styles
    assert {name: drawn[name] for name in expected} == {
        name: Style.parse(wanted) for name, wanted in expected.items()
    }


def test_greys_go_from_black_to_white_in_even_steps() -> None:
    levels = [color.get_truecolor() for color in style.GREYS]
    assert levels == [(8 + 10 * step,) * 3 for step in range(24)]


def test_signed_colors_are_mixed_of_zeros_and_those_at_both_ends() -> None:
    scale = style.SIGNED["light"]
    colors = [one.get_truecolor() for one in scale.colors(truecolor=True)]
    assert [colors[0], colors[12], colors[24]] == [scale.below, scale.zero, scale.above]
    assert colors[6] == (148, 157, 215)
    assert [one.number for one in scale.colors(truecolor=False)] == list(scale.numbers)


@pytest.mark.parametrize("background", ["dark", "light"])
def test_among_256_colors_those_of_signed_values_have_no_gap_in_lightness(background: str) -> None:
    colors = style.SIGNED[background].colors(truecolor=False)
    luminances = np.array([luminance(one.get_truecolor()) for one in colors])
    lightness = 116 * np.cbrt(luminances) - 16  # CIELAB's, 0 to 100
    assert np.abs(np.diff(lightness)).max() < 20


def test_a_console_of_ascii_has_marks_of_ascii_alone() -> None:
    assert all(getattr(style.ASCII, name).isascii() for name in style.ASCII.__dataclass_fields__)
    assert style.glyphs(True) is style.ASCII
    assert style.glyphs(False) is style.UNICODE


def test_a_curve_takes_the_last_of_each_part_and_is_drawn_within_its_bounds() -> None:
    curve = style.sparkline([0, 1, 2, 3, 4, 5, 6, 7], (0, 7), 8, "red", ascii_only=False)
    assert (curve.plain, curve.style) == ("▁▂▃▄▅▆▇█", "red")
    assert style.sparkline([-9, 1, 9], (0, 2), 3, "", ascii_only=False).plain == "▁▅█"
    assert style.sparkline(range(10), (0, 9), 4, "", ascii_only=True).plain == "_-=^"
    assert style.sparkline([5.0], (9, 3), 4, "", ascii_only=False).plain == "▁"
