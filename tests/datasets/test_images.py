from __future__ import annotations

import io
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gpunet.datasets import strokes
from gpunet.datasets.framing import prepare_digit
from gpunet.datasets.images import (
    contrast_image,
    gray_image,
    image_size,
    is_colored,
    prepare_image,
)
from gpunet.errors import DataError

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def seven(
    size: tuple[int, int] = (120, 160),
    ink: tuple[int, ...] = BLACK,
    paper: tuple[int, ...] = WHITE,
    mode: str = "RGB",
) -> Image.Image:
    """A seven of two thick strokes; size is width and height."""
    image = Image.new(mode, size, paper)
    width, height = size
    points = [(0.3, 0.2), (0.7, 0.2), (0.45, 0.8)]
    line = [(x * width, y * height) for x, y in points]
    ImageDraw.Draw(image).line(line, fill=ink, width=max(1, width // 12), joint="curve")
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """The mean of the absolute difference, in gray levels."""
    return float(np.abs(first.astype(float) - second).mean())


def center_of_mass(digit: NDArray[np.uint8]) -> tuple[float, float]:
    rows, columns = np.mgrid[0:28, 0:28]
    field = digit.reshape(28, 28).astype(float)
    return float((rows * field).sum() / field.sum()), float((columns * field).sum() / field.sum())


EXPECTED = prepare_digit(seven())


def test_a_digit_is_bright_on_black_in_a_box_of_20_pixels_around_its_center_of_mass() -> None:
    assert EXPECTED.shape == (784,)
    assert np.uint8 == EXPECTED.dtype
    assert EXPECTED.max() == 255
    rows = np.flatnonzero(EXPECTED.reshape(28, 28).any(axis=1))
    columns = np.flatnonzero(EXPECTED.reshape(28, 28).any(axis=0))
    assert rows[-1] - rows[0] + 1 == 20
    assert columns[-1] - columns[0] + 1 < 20
    assert pytest.approx(center_of_mass(EXPECTED), abs=0.5) == (14, 14)


def test_edges_are_anti_aliased() -> None:
    assert len(set(EXPECTED.tolist()) - {0, 255}) > 5


@pytest.mark.parametrize(
    "image",
    [
        seven(ink=WHITE, paper=BLACK),
        seven().convert("L"),
        seven().convert("1"),
        seven().convert("P"),
        seven().convert("RGBA"),
        seven().convert("CMYK"),
        seven().convert("LA"),
        seven(paper=(0, 0, 0, 0), ink=(0, 0, 0, 255), mode="RGBA"),
        seven(paper=(0, 0, 0, 0), ink=(255, 255, 255, 255), mode="RGBA"),
        seven(paper=(255, 255, 255, 0), ink=(0, 0, 0, 255), mode="RGBA"),
        Image.fromarray(np.asarray(seven().convert("L")).astype(np.uint16) * 257),
        Image.fromarray(np.asarray(seven().convert("L")).astype(np.int32) * 257),
        Image.fromarray(np.asarray(seven().convert("L")).astype(np.float32) / 255),
        seven(ink=(60, 60, 60), paper=(200, 200, 200)),
        seven(ink=(20, 40, 160), paper=(240, 235, 220)),
    ],
    ids=lambda image: image.mode,
)
def test_mode_polarity_and_contrast_do_not_matter(image: Image.Image) -> None:
    assert difference(EXPECTED, prepare_digit(image)) < 1.0


@pytest.mark.parametrize("size", [(60, 80), (240, 320), (1200, 1600), (3000, 4000)])
def test_the_size_hardly_matters(size: tuple[int, int]) -> None:
    assert difference(EXPECTED, prepare_digit(seven(size))) < 5.0


def test_where_the_digit_lies_does_not_matter() -> None:
    field = Image.new("RGB", (400, 300), WHITE)
    field.paste(seven(), (270, 10))
    assert difference(EXPECTED, prepare_digit(field)) == 0


COLORS = [
    ((200, 60, 60), (20, 130, 110)),
    ((255, 0, 0), (0, 130, 0)),
    ((97, 0, 0), (0, 0, 255)),
]
"""Inks and papers of one brightness."""


@pytest.mark.parametrize("mode", ["RGB", "P", "RGBA"])
@pytest.mark.parametrize(("ink", "paper"), COLORS)
def test_ink_that_differs_from_paper_by_color_alone_is_read(
    ink: tuple[int, ...], paper: tuple[int, ...], mode: str
) -> None:
    colored = seven(ink=ink, paper=paper)
    assert np.ptp(np.asarray(gray_image(colored))) < 16
    converted = colored.convert(mode, palette=Image.Palette.ADAPTIVE)
    assert difference(EXPECTED, prepare_digit(converted)) < 1.0


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_levels_of_fewer_bits_than_16_are_read(bits: int) -> None:
    levels = np.asarray(seven().convert("L")).astype(np.int64) * ((1 << bits) - 1) // 255
    deep = Image.fromarray(levels.astype(np.uint16))
    assert difference(EXPECTED, prepare_digit(encoded(deep))) < 1.0


def test_a_colored_photograph_that_differs_in_brightness_is_seen_in_grey() -> None:
    image = seven(ink=(20, 40, 160), paper=(240, 235, 220))
    assert np.array_equal(np.asarray(gray_image(image)), np.asarray(contrast_image(image)))


def test_noise_of_the_paper_is_no_ink() -> None:
    clean = np.asarray(seven((240, 320)).convert("L"), float) * 0.6 + 60
    noise = np.random.default_rng(5).normal(0, 5, clean.shape)
    noisy = Image.fromarray(np.clip(clean + noise, 0, 255).astype(np.uint8))
    assert difference(prepare_digit(seven((240, 320))), prepare_digit(noisy)) < 8.0


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "TIFF", "PPM"])
def test_files_and_their_contents_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "seven"
    path.write_bytes(encoded(seven(), kind))
    assert difference(EXPECTED, prepare_digit(path)) < 1.0
    assert prepare_digit(path).tolist() == prepare_digit(path.read_bytes()).tolist()


def test_jpegs_are_read_and_turned_upright() -> None:
    upright = encoded(seven(), "JPEG", quality=95)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right to see it upright
    turned = encoded(seven().transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95, exif=exif)
    assert difference(EXPECTED, prepare_digit(upright)) < 3.0
    assert difference(EXPECTED, prepare_digit(turned)) < 3.0


def test_a_digit_that_is_prepared_already_stays_nearly_the_same() -> None:
    images, _ = strokes.generate(50, 3)
    for image in images:
        again = prepare_digit(Image.fromarray(image.reshape(28, 28)))
        assert difference(image, again) < 3.0


def test_digits_blown_up_and_inverted_come_back() -> None:
    images, _ = strokes.generate(50, 4)
    back = []
    for image in images:
        large = Image.fromarray(255 - image.reshape(28, 28)).resize((200, 200), 0)
        field = Image.new("L", (200, 300), 255)
        field.paste(large, (0, 60))
        back.append(difference(image, prepare_digit(field)))
    assert np.median(back) < 3.0


@pytest.mark.parametrize("size", [(1, 200), (1, 1)])
def test_a_line_is_stretched_to_the_box_and_a_point_fills_it(size: tuple[int, int]) -> None:
    field = Image.new("L", (300, 300), 0)
    field.paste(255, (40, 40, 40 + size[0], 40 + size[1]))
    digit = prepare_digit(field).reshape(28, 28)
    expected = (20 if size[1] >= size[0] else 1, 20 if size[0] >= size[1] else 1)
    assert expected == (int(digit.any(axis=1).sum()), int(digit.any(axis=0).sum()))


def test_an_image_of_several_digits_is_refused_where_one_is_wanted() -> None:
    both = Image.new("L", (400, 200), 255)
    for left in (0, 200):
        both.paste(seven(), (left, 0))
    with pytest.raises(DataError, match="shows 2 digits, wanted one; `gpunet predict` reads"):
        prepare_digit(both)


@pytest.mark.parametrize(
    "image",
    [
        Image.new("L", (50, 50), 255),
        Image.new("L", (50, 50), 0),
        Image.new("RGBA", (50, 50), (0, 0, 0, 0)),
        Image.new("L", (1, 1), 7),
        seven(ink=(250, 250, 250)),
    ],
)
def test_a_blank_image_is_refused(image: Image.Image) -> None:
    with pytest.raises(DataError, match="is blank: no ink stands out"):
        prepare_digit(image)


def test_an_image_is_made_grey_and_brought_to_the_shape() -> None:
    image = Image.new("RGB", (30, 20), WHITE)
    image.paste(BLACK, (0, 0, 15, 20))
    prepared = prepare_image(image, (2, 4))
    assert prepared.tolist() == [0, 0, 255, 255] * 2
    assert np.uint8 == prepared.dtype


def test_an_image_of_the_right_shape_stays_as_it_is() -> None:
    levels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert list(range(12)) == prepare_image(Image.fromarray(levels), (3, 4)).tolist()
    assert list(range(12)) == prepare_image(encoded(Image.fromarray(levels)), (3, 4)).tolist()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"no image", "is no image of a known format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no image of a known format"),
        (b"\x89PNG\r\n\x1a\n", "cut short or damaged|is no image"),
        (encoded(seven())[:-100], "is cut short or damaged"),
        (encoded(seven(), "JPEG")[:400], "cut short or damaged|is no image"),
        (encoded(seven(), "GIF")[:200], "cut short or damaged|is no image"),
    ],
)
def test_what_is_no_whole_image_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(content)
    for source in (content, path):
        with pytest.raises(DataError, match=expected):
            prepare_digit(source)
        with pytest.raises(DataError, match=expected):
            prepare_image(source, (2, 2))


@pytest.mark.parametrize("limit", [100, 10_000])  # of the error and of the warning
def test_an_image_bomb_is_refused(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    content = encoded(seven((120, 160)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(DataError, match="is too large"):
        prepare_digit(content)


def test_a_missing_image_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.png does not exist"):
        prepare_digit(tmp_path / "none.png")
    with pytest.raises(DataError, match="is not a regular file"):
        prepare_image(tmp_path, (2, 2))


def test_an_image_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "seven.png").write_bytes(encoded(seven()))
    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(DataError, match="may not be read by you"):
        prepare_digit(tmp_path / "seven.png")


def test_a_file_larger_than_any_image_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpunet.datasets.images.LARGEST_FILE", 100)
    (tmp_path / "image.png").write_bytes(bytes(1000))
    for image in (tmp_path / "image.png", bytes(101)):
        with pytest.raises(DataError, match="is larger than 0 MiB"):
            prepare_digit(image)


def test_an_image_without_pixels_is_refused() -> None:
    with pytest.raises(DataError, match="has no pixels"):
        prepare_digit(Image.new("L", (0, 3)))


@pytest.mark.parametrize(("mode", "level"), [("RGBA", (9, 9, 9, 0)), ("F", 0.25), ("I", 40000)])
def test_a_large_image_takes_a_few_bytes_for_each_pixel(mode: str, level: Any) -> None:
    large = Image.new(mode, (4000, 2500), level)
    tracemalloc.start()
    prepare_image(large, (28, 28))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.5 * 4000 * 2500  # beside what Pillow itself holds


def test_deep_levels_are_scaled_alike_in_every_row() -> None:
    levels = np.linspace(0, 40000, 200 * 3).reshape(200, 3)
    grey = gray_image(Image.fromarray(levels.astype(np.int32)))
    assert np.rint(levels.astype(np.int32) * (255 / 65535)).tolist() == np.asarray(grey).tolist()


@pytest.mark.parametrize(
    ("mode", "color", "colored"),
    [
        ("RGB", (200, 30, 30), True),
        ("RGB", (200, 200, 200), False),
        ("RGB", (250, 245, 230), False),
        ("RGBA", (200, 30, 30, 255), True),
        ("RGBA", (200, 30, 30, 0), False),
        ("CMYK", (0, 200, 200, 0), True),
        ("L", 90, False),
        ("I;16", 9000, False),
        ("F", 0.5, False),
    ],
)
def test_an_image_is_colored_if_its_channels_differ_where_it_can_be_seen(
    mode: str, color: Any, colored: bool
) -> None:
    assert colored is is_colored(Image.new(mode, (300, 200), color))


def test_a_thin_line_of_color_makes_an_image_colored() -> None:
    image = Image.new("RGB", (300, 200), "white")
    image.paste((200, 30, 30), (0, 50, 300, 53))
    assert is_colored(image)


def test_lightness_is_the_grey_of_an_image_in_lab() -> None:
    assert gray_image(Image.new("LAB", (3, 2), (90, 40, 200))).getpixel((0, 0)) == 90


def test_the_size_of_an_image_is_told_by_its_header_alone(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    Image.effect_noise((60, 40), 50).save(path)
    path.write_bytes(path.read_bytes()[:100])
    assert image_size(path) == (60, 40)
    path.write_bytes(b"no image")
    with pytest.raises(DataError, match=r"image\.png is no image of a known format"):
        image_size(path)
