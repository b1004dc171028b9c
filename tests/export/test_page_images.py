"""The page prepares images and rows of numbers as ``gpunet predict`` does, to the very pixel."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from playwright.sync_api import Page
from tests.datasets.test_ink import BLANK, COVERS, WAYS, Levels, grey, written
from tests.export.conftest import OpenModules

import gpunet
from gpunet.datasets import images, strokes
from gpunet.datasets.dataset import Samples
from gpunet.datasets.framing import MNIST, Framing, prepare_digits
from gpunet.datasets.scaling import Scaling
from gpunet.errors import DataError
from gpunet.model import Model

SHAPE = (28, 28)

PREPARE = """([bytes, width, height, model]) => {
    const letters = atob(bytes);
    const data = new Uint8ClampedArray(letters.length);
    for (let at = 0; at < data.length; at++) data[at] = letters.charCodeAt(at);
    const {pictures, blank, dash} = prepareImage(greyOf({data, width, height}), model);
    const found = pictures.map(({features, box}) => [box, [...features]]);
    return blank ? "blank" : dash ? "a dash" : found;
}"""

Prepared = str | list[list[list[int]]]


def prepared_by_python(image: Image.Image, framing: Framing, shape: tuple[int, int]) -> Prepared:
    try:
        digits = prepare_digits(image, framing, shape)
    except DataError as error:
        return "blank" if "is blank" in str(error) else "a dash"
    return [[list(digit.box), digit.pixels.tolist()] for digit in digits]


def prepared_by_page(
    page: Page, image: Image.Image, framing: Framing | None, shape: tuple[int, int]
) -> Prepared:
    told = framing and {"box": framing.box, "paper": framing.paper, "ink": framing.ink}
    pixels = base64.b64encode(image.convert("RGBA").tobytes()).decode()
    model = {"image": shape, "framing": told}
    prepared: Prepared = page.evaluate(PREPARE, [pixels, image.width, image.height, model])
    return prepared


def others(
    page: Page,
    drawn: dict[str, Image.Image],
    framing: Framing = MNIST,
    shape: tuple[int, int] = SHAPE,
) -> list[str]:
    """The names of images that the page prepares otherwise than Python."""
    return [
        name
        for name, image in drawn.items()
        if prepared_by_page(page, image, framing, shape)
        != prepared_by_python(image, framing, shape)
    ]


@pytest.fixture
def prepare(open_modules: OpenModules) -> Page:
    return open_modules("prepare", "colors")


Line = Iterable[tuple[int, int]]


def lines(*strokes: Line, width: int = 20, ink: Any = 0, paper: Any = 255) -> Image.Image:
    mode = "RGB" if isinstance(paper, tuple) else "L"
    image = Image.new(mode, (600, 600), paper)
    for stroke in strokes:
        ImageDraw.Draw(image).line(list(stroke), fill=ink, width=width, joint="curve")
    return image


def written_digit(digit: int, paper: float = 245, ink: float = 40) -> Image.Image:
    return Image.fromarray(grey(written(COVERS[digit], paper, ink)))


def as_jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue()))


def side_by_side(*digits: int) -> Image.Image:
    row = Image.new("L", (300 * len(digits), 300), 245)
    for place, digit in enumerate(digits):
        row.paste(written_digit(digit), (300 * place, 10))
    return row


def in_colors(digit: int, paper: tuple[int, ...], ink: tuple[int, ...]) -> Image.Image:
    cover = COVERS[digit][..., np.newaxis]
    return Image.fromarray(np.rint((1 - cover) * paper + cover * ink).astype(np.uint8))


def see_through(digit: int, ink: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGBA", (280, 280), (*ink, 0))
    image.putalpha(Image.fromarray(grey(COVERS[digit] * 255)))
    return image


SEVEN = [(150, 100), (450, 100), (250, 520)]

FEW = ("thick", "light on dark", "two strokes", "narrow", "ringing", "several digits")

DRAWINGS = {
    "thin": lines([(300, 100), (250, 500)], width=2),
    "thick": lines(SEVEN, width=90),
    "tiny, in a corner": lines([(5, 5), (9, 20)], width=3),
    "out of the image": lines([(0, 100), (300, 100), (200, 599)], width=30),
    "light on dark": lines(SEVEN, ink=255, paper=0),
    "faint": lines(SEVEN, ink=210, paper=230),
    "on grey": lines(SEVEN, ink=250, paper=128),
    "two strokes": lines([(150, 150), (450, 150)], [(300, 150), (300, 520)], width=25),
    "a dash": lines([(100, 300), (500, 300)]),
    "blank": lines(),
    "a dot": lines([(300, 300), (304, 303)], width=4),
    "scribbled": lines([(30, 20), (560, 580), (40, 500), (590, 50), (300, 570)], width=14),
    "turned": written_digit(5).rotate(37, Image.Resampling.BICUBIC, fillcolor=245),
    "stretched": written_digit(5).resize((500, 340), Image.Resampling.BICUBIC),
    "narrow": written_digit(1).resize((90, 420), Image.Resampling.BICUBIC),
    "ringing": as_jpeg(written_digit(8), 10),
    "several digits": side_by_side(4, 0, 7),
    "larger than is looked at": written_digit(3).resize((1501, 1170)),
    "much larger": side_by_side(*range(10), *range(5)),
} | {f"a written {digit}": written_digit(digit) for digit in range(10)}


def test_drawings_are_prepared_as_predict_does(prepare: Page) -> None:
    assert others(prepare, DRAWINGS) == []


@pytest.mark.parametrize(
    ("framing", "shape"), [(Framing(20, 255, 0), SHAPE), (Framing(45, 10, 240), (64, 64))]
)
def test_drawings_are_framed_for_any_model(
    prepare: Page, framing: Framing, shape: tuple[int, int]
) -> None:
    assert others(prepare, {name: DRAWINGS[name] for name in FEW}, framing, shape) == []


def test_images_that_are_framed_already_keep_their_place(prepare: Page) -> None:
    digits, _ = strokes.generate(12, 9)
    ways: dict[str, Callable[[NDArray[np.uint8]], NDArray[Any]]] = {
        "as trained on": lambda levels: levels,
        "dark on light": lambda levels: 255 - levels,
        "fainter": lambda levels: levels * 0.4 + 30,
        "moved": lambda levels: np.roll(levels, 5, axis=1),
    }
    drawn = {
        f"{number} {way}": Image.fromarray(change(levels).astype(np.uint8))
        for number, levels in enumerate(digits.reshape(-1, *SHAPE))
        for way, change in ways.items()
    }
    assert others(prepare, drawn) == []


@pytest.mark.parametrize("way", WAYS)
def test_scans_and_photographs_are_prepared_as_predict_does(prepare: Page, way: str) -> None:
    change: Callable[[Levels], Levels] = WAYS[way]
    scans = {str(digit): Image.fromarray(grey(change(COVERS[digit]))) for digit in (0, 4, 8)}
    scans["enlarged"] = scans["4"].resize((437, 611), Image.Resampling.BICUBIC)
    assert others(prepare, scans) == []


def test_empty_sheets_are_blank_and_noise_is_what_predict_makes_of_it(prepare: Page) -> None:
    random = np.random.default_rng(7)
    shapes = [(1, 1), (1, 9), (9, 1), (2, 3), (8, 8), (3000, 2), (2, 3000), (300, 200)]
    noise = {
        str(shape): Image.fromarray(random.integers(0, 256, shape, np.uint8)) for shape in shapes
    }
    sheets = {name: Image.fromarray(grey(levels)) for name, levels in BLANK.items()}
    assert others(prepare, noise | sheets) == []


def test_colors_and_transparency_become_the_same_greys(prepare: Page) -> None:
    random = np.random.default_rng(7)
    red_on_green = in_colors(5, (90, 180, 60), (200, 60, 70))
    drawn = {
        "red on green": red_on_green,
        "as bright as the paper": in_colors(5, (0, 128, 20), (128, 0, 20)),
        "in color, large": red_on_green.resize((1100, 900), Image.Resampling.BICUBIC),
        "blue": in_colors(4, (255, 255, 255), (20, 30, 160)),
        "yellow": in_colors(4, (255, 255, 255), (250, 240, 40)),
        "on a colored sheet": lines(SEVEN, ink=(10, 20, 90), paper=(250, 220, 180)),
        "black on nothing": see_through(2, (0, 0, 0)),
        "white on nothing": see_through(2, (255, 255, 255)),
        "red on nothing": see_through(2, (200, 30, 30)),
        "white on nothing, large": see_through(2, (255, 255, 255)).resize((600, 700)),
        "noise": Image.fromarray(random.integers(0, 256, (270, 530, 4), np.uint8)),
    }
    assert others(prepare, drawn) == []


def test_images_are_stretched_for_a_model_of_images_that_are_not_framed(prepare: Page) -> None:
    drawn = {name: image for name, image in DRAWINGS.items() if name != "blank"}
    shown = {
        name: prepared_by_page(prepare, image, None, (17, 31)) for name, image in drawn.items()
    }
    assert shown == {
        name: [[[0, 0, *image.size], images.prepare_image(image, (17, 31)).tolist()]]
        for name, image in drawn.items()
    }


PREPARED = """([values, kind, model, scaling]) => {
    const numbers = values.map((value) => value ?? NaN);
    const features = {uint8: Uint8Array, float32: Float32Array, float64: Float64Array}[kind];
    const blocks = new Map(scaling ? [["scaling", Float64Array.from(scaling)]] : []);
    return [...prepared(features.from(numbers), {data: {model}, blocks})];
}"""

ROWS = np.random.default_rng(2).integers(0, 256, (4, 4))


@pytest.fixture(scope="module")
def model() -> Model:
    samples = np.zeros((8, 4), np.float32), np.arange(8) % 2
    return gpunet.train(samples, hidden=(2,), epochs=1, device="cpu", verbose=False).model


@pytest.mark.parametrize("clips", [None, False, True])
def test_samples_are_prepared_as_a_model_prepares_them(
    prepare: Page, model: Model, clips: bool | None
) -> None:
    around, apart, fill = np.array([90.3, 1.5, 127, 0]), np.array([60, 0.01, 2.5, 1]), np.ones(4)
    scaling = None if clips is None else Scaling(around, apart, fill, clips)
    block = None if clips is None else [*around, *apart, *fill]
    for kind, inverted, levels in product(
        ("uint8", "float32", "float64"), (False, True), ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
    ):
        features = ROWS.astype(kind)
        trained = replace(model, inverted=inverted, levels=levels, scaling=scaling)
        wanted = trained.prepare(Samples(features, np.zeros(4, np.int32))).features
        if wanted.dtype == np.uint8:
            wanted = wanted / 255  # as engines read bytes
        told = {"inverted": inverted, "levels": levels, "clips": clips}
        seen = prepare.evaluate(PREPARED, [features.reshape(-1).tolist(), kind, told, block])
        assert seen == pytest.approx(wanted.reshape(-1).tolist(), rel=1e-6, abs=1e-6)


def test_missing_values_are_filled_in_before_they_are_standardized(prepare: Page) -> None:
    told = {"inverted": False, "levels": (0, 1), "clips": False}
    scaling = [1.0, 2.0, 4.0, 0.5, 3.0, 2.5]  # the means, the deviations, and what fills gaps
    seen = prepare.evaluate(PREPARED, [[None, None, 5.0, 2.0], "float64", told, scaling])
    assert seen == [0.5, 1.0, 1.0, 0.0]
