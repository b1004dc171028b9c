from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from gpunet.config import TrainConfig
from gpunet.datasets.origin import Origin
from gpunet.model import Model, Scores
from gpunet.parameters import initial_parameters, layer_views
from gpunet.terminal.draw.style import SIGNED, Ink
from gpunet.terminal.draw.weights import (
    signed_colors,
    signed_picture,
    strongest_units,
    unit_pictures,
)

MakeConsole = Callable[..., Console]


def a_model(hidden: tuple[int, ...] = (6,)) -> Model:
    config = TrainConfig(hidden=hidden)
    network = config.network(inputs=64, outputs=3)
    return Model(
        network=network,
        parameters=initial_parameters(network, "auto", [1]),
        config=config,
        classes=("cat", "dog", "owl"),
        image_shape=(8, 8),
        scaling=None,
        origin=Origin("shapes", "shapes", "", ""),
        best_epoch=1,
        test=Scores(None, None),
    )


def halves() -> np.ndarray:
    """(8, 8): below zero on the left, above it on the right, zero between."""
    values = np.zeros((8, 8), np.float32)
    values[:, :3], values[:, 5:] = -2, 2
    return values


def printed(console: Console) -> str:
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_the_units_with_the_largest_incoming_weights_come_first() -> None:
    weights = np.array([[3, 0, 1, -9], [4, 1, 1, 0]], np.float32)  # norms 5, 1, 1.4, 9
    config = TrainConfig(hidden=(4,))
    network = config.network(inputs=2, outputs=3)
    parameters = np.zeros((1, network.parameter_count), np.float32)
    model = replace(a_model(), network=network, parameters=parameters, image_shape=(1, 2))
    layer_views(parameters, network)[0][0][0] = weights
    found = strongest_units(model, 3)
    assert [name for name, _ in found] == ["unit 3", "unit 0", "unit 2"]
    assert found[1][1].tolist() == [[3, 4]]


def test_signs_are_told_apart_without_color(make_text_console: MakeConsole) -> None:
    console = make_text_console()
    console.print(signed_picture(console, halves(), 8, 4))
    assert printed(console).splitlines() == ["===  ###"] * 4


def test_weaker_weights_have_weaker_characters(make_text_console: MakeConsole) -> None:
    console = make_text_console()
    values = np.array([[-0.9, -0.4, 0.1, 0.4, 0.9, 1.0]] * 2, np.float32)
    console.print(signed_picture(console, values, 6, 1))
    assert printed(console) == "=- +##\n"


def test_negative_is_blue_and_positive_is_red(make_text_console: MakeConsole) -> None:
    console = make_text_console(colors="truecolor")
    (line, *_) = signed_picture(console, halves(), 8, 4).lines
    colors = [segment.style.color.triplet for segment in line]  # type: ignore[union-attr]
    assert colors[0].blue > colors[0].red  # type: ignore[union-attr]
    assert colors[1].blue == colors[1].red  # type: ignore[union-attr]
    assert colors[2].red > colors[2].blue  # type: ignore[union-attr]


def test_a_unit_without_weights_is_blank(make_text_console: MakeConsole) -> None:
    console = make_text_console()
    console.print(signed_picture(console, np.zeros((8, 8), np.float32), 8, 2))
    assert printed(console).strip() == ""


def test_units_are_named_by_number_with_their_norm(make_text_console: MakeConsole) -> None:
    console, model = make_text_console(), a_model()
    weights = layer_views(model.parameters, model.network)[0][0][0]
    weights[:, 4] = 0.5
    unit_pictures(console, model, 1)
    lines = printed(console).splitlines()
    assert lines[7:9] == ["unit 4", "norm 4.0000"]
    assert any("1 of 6 units" in line for line in lines)


def test_units_of_a_softmax_regression_are_its_classes(make_text_console: MakeConsole) -> None:
    console = make_text_console()
    unit_pictures(console, a_model(hidden=()), 10)
    assert {"cat", "dog", "owl"} <= set(printed(console).split())
    assert "3 of 3 units" in printed(console)


@pytest.mark.parametrize("width", [20, 80, 140])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_pictures_of_weights_stay_within_the_width(
    make_text_console: MakeConsole, width: int, ascii_only: bool
) -> None:
    console = make_text_console(width, ascii_only=ascii_only)
    unit_pictures(console, a_model(), 6)
    lines = printed(console).splitlines()
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).isascii() or not ascii_only


def test_in_pixels_negative_is_blue_and_one_outlier_in_a_hundred_pales_nothing(
    make_text_console: MakeConsole,
) -> None:
    console, scale = make_text_console(background="light"), SIGNED["light"]
    values = np.ones((10, 20), np.float32)
    values[:, 1::2], values[0, 0] = -1, 1000
    colors = signed_colors(console, values, 10, 20)
    assert colors[5, 0].tolist() == list(scale.above)
    assert colors[5, 1].tolist() == list(scale.below)
    values[0, :] = 4  # a tenth of them is no outlier
    assert signed_colors(console, values, 10, 20)[5, 0].tolist() != list(scale.above)


@pytest.mark.parametrize(
    ("value", "mark", "style"),
    [
        *[(0.0, " ", ""), (0.24, " ", ""), (-0.24, " ", "")],
        *[
            (0.25, "+", Ink.WRONG),
            (-0.25, "-", Ink.TRAIN),
            (0.59, "+", Ink.WRONG),
            (-0.59, "-", Ink.TRAIN),
        ],
        *[
            (0.6, "#", Ink.WRONG),
            (-0.6, "=", Ink.TRAIN),
            (1.0, "#", Ink.WRONG),
            (-1.0, "=", Ink.TRAIN),
        ],
    ],
)
def test_a_weight_is_drawn_by_its_sign_and_its_share_of_the_largest(
    make_text_console: MakeConsole, value: float, mark: str, style: str
) -> None:
    console = make_text_console(ascii_only=True, colors="truecolor")
    values = np.ones((2, 8), np.float32)
    values[:, 0] = value
    first = signed_picture(console, values * 3, 8, 1).lines[0][0]
    assert first.text[0] == mark
    assert first.style == console.get_style(style)


@pytest.mark.parametrize(
    ("colors", "background", "shown"),
    [
        *[
            ("truecolor", "dark", "5f9bff 3e5c8e 1c1c1c 8e3e34 ff5f4b"),
            ("truecolor", "light", "3b4cc0 949dd7 eeeeee d1798a b40426"),
        ],
        *[
            ("256", "dark", "5fafff 0000af 1c1c1c 870000 ff8787"),
            ("256", "light", "0000af 8787d7 eeeeee d78787 870000"),
        ],
    ],
)
def test_the_colors_of_weights_go_from_one_end_over_zero_to_the_other(
    make_text_console: MakeConsole, colors: str, background: str, shown: str
) -> None:
    console = make_text_console(colors=colors, background=background)
    values = np.array([[-1, -0.5, 0, 0.5, 1], [1, 0.5, 0, -0.5, -1]], np.float32)
    (line,) = signed_picture(console, values, 5, 1).lines
    assert [part.text for part in line] == ["▀", "▀", " ", "▀", "▀"]
    tops = [part.style.color.get_truecolor().hex for part in line]  # type: ignore[union-attr]
    bottoms = [part.style.bgcolor.get_truecolor().hex for part in line]  # type: ignore[union-attr]
    assert tops == [f"#{color}" for color in shown.split()]
    assert bottoms == tops[::-1]


def test_in_pixels_a_weight_is_mixed_of_zeros_color_and_its_ends(
    make_text_console: MakeConsole,
) -> None:
    values = np.array([[-2, -1, 0, 1, 2]], np.float32)
    steps = (-127, -64, 0, 64, 127)  # the nearest ones, of which there are 127 on either side
    for background, scale in SIGNED.items():
        console = make_text_console(background=background)
        colors = signed_colors(console, values, 1, 5)[0].tolist()
        assert colors == [list(scale.color(step / 127).get_truecolor()) for step in steps]


def test_a_picture_of_nothing_but_one_weight_is_scaled_by_it(
    make_text_console: MakeConsole,
) -> None:
    values = np.zeros((2, 300), np.float32)
    values[:, 7] = -1e-9
    (line,) = signed_picture(make_text_console(ascii_only=True), values, 300, 1).lines
    assert "".join(part.text for part in line) == " " * 7 + "=" + " " * 292
