from collections.abc import Callable

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from gpunet.datasets.dataset import Samples
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views.showcase import prediction, preview, showcase

MakeConsole = Callable[..., Console]

DIGITS = tuple("0123456789")
MANY = tuple(f"a class with a long name, number {n}" for n in range(100))


def pictures(count: int, classes: int = 10) -> Samples:
    rng = np.random.default_rng(0)
    features = rng.integers(0, 256, (count, 64)).astype(np.uint8)
    return Samples(features, (np.arange(count) % classes).astype(np.int32))


def certain(predictions: list[int], classes: int = 10) -> np.ndarray:
    """(n, C): 0.9 for the predictions."""
    table = np.full((len(predictions), classes), 0.1 / (classes - 1), np.float32)
    table[np.arange(len(predictions)), predictions] = 0.9
    return table


def output(console: Console) -> str:
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_right_and_wrong_are_marked_and_the_truth_is_told(make_text_console: MakeConsole) -> None:
    console = make_text_console()
    console.print(showcase(console, pictures(3), certain([0, 7, 2]), DIGITS, (8, 8), [0, 1, 2]))
    text = output(console)
    assert text.count("✓") == 2
    assert "✗ 7 90.0 %" in text
    assert "is 1" in text


def test_only_the_rows_asked_for_are_shown(make_text_console: MakeConsole) -> None:
    console = make_text_console()
    console.print(
        showcase(console, pictures(9), certain(list(range(9))), DIGITS, (8, 8), np.array([4, 8]))
    )
    assert "✓ 4 90.0 %" in output(console)
    assert "✓ 8 90.0 %" in output(console)
    assert output(console).count("✓") == 2


@pytest.mark.parametrize("shape", [(8, 8), None])
def test_the_losses_of_the_rows_shown_are_told_if_given(
    make_text_console: MakeConsole, shape: tuple[int, int] | None
) -> None:
    console = make_text_console()
    losses = np.array([0.5, 12.5, 3.25])
    console.print(showcase(console, pictures(3), certain([0, 7, 2]), DIGITS, shape, [2, 1], losses))
    text = output(console)
    assert "loss" in text
    assert text.index("3.2500") < text.index("12.500")
    assert "0.5000" not in text


def test_samples_that_are_no_images_are_a_table(make_text_console: MakeConsole) -> None:
    console = make_text_console()
    console.print(showcase(console, pictures(2), certain([0, 5]), DIGITS, None, [0, 1]))
    last = output(console).splitlines()[-1]
    assert last.split() == ["1", "1", "5", "90.0", "%", "✗"]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("shape", [(8, 8), None])
def test_everything_stays_within_the_width(
    make_text_console: MakeConsole, width: int, ascii_only: bool, shape: tuple[int, int] | None
) -> None:
    console = make_text_console(width, ascii_only=ascii_only)
    samples = pictures(7, 100)
    told = certain([9, 1, 2, 3, 4, 5, 6], 100)
    console.print(showcase(console, samples, told, MANY, shape, range(7), np.linspace(0, 1e9, 7)))
    preview(console, samples, MANY, shape, range(7))
    image = samples.features[0].reshape(8, 8) if shape else None
    prediction(console, image, told[0], MANY)
    assert all(cell_len(line) <= width for line in output(console).splitlines())
    assert output(console).isascii() or not ascii_only


def test_a_wider_console_has_more_pictures_in_a_row(make_text_console: MakeConsole) -> None:
    heights = []
    for width in (40, 80, 200):
        console = make_text_console(width)
        preview(console, pictures(10), DIGITS, (8, 8), range(10))
        heights.append(len(output(console).splitlines()))
    assert heights == sorted(heights, reverse=True)
    assert heights[0] > heights[1] > heights[2]


def test_a_prediction_emphasizes_the_most_probable_class(make_text_console: MakeConsole) -> None:
    console = make_text_console()
    prediction(console, pictures(1).features[0].reshape(8, 8), certain([3])[0], DIGITS)
    (line,) = [line for line in output(console).splitlines() if "→" in line]
    assert line.endswith("90.0 %")
    assert line.split("→")[1].split()[0] == "3"


def test_of_many_classes_the_most_probable_are_listed_first(make_text_console: MakeConsole) -> None:
    console = make_text_console(120)
    probabilities = np.linspace(0, 1, 100, dtype=np.float32)
    prediction(console, None, probabilities / probabilities.sum(), MANY)
    lines = output(console).splitlines()
    assert len(lines) == 10
    assert "number 99" in lines[0]
    assert "number 90" in lines[9]


def test_probabilities_that_are_no_numbers_are_told_as_such(make_text_console: MakeConsole) -> None:
    console = make_text_console()
    prediction(console, None, np.full(10, np.nan, np.float32), DIGITS)
    assert "the network has diverged" in output(console)


def test_a_preview_names_the_classes(make_text_console: MakeConsole) -> None:
    console = make_text_console()
    preview(console, pictures(3), ("cat", "dog", "owl"), (8, 8), range(3))
    assert output(console).split("\n")[-3].split() == ["cat", "dog", "owl"]


def test_a_preview_of_measurements_lists_them(make_text_console: MakeConsole) -> None:
    console = make_text_console()
    samples = Samples(np.array([[1.5, -2.25]], np.float32), np.array([1], np.int32))
    preview(console, samples, ("cat", "dog"), None, [0])
    assert output(console).split() == ["0", "dog", "1.5", "-2.25"]


def test_a_prediction_is_not_drawn_as_if_it_were_right(make_text_console: MakeConsole) -> None:
    console = make_text_console(colors="truecolor")
    prediction(console, np.zeros((8, 8), np.uint8), certain([3])[0], DIGITS)
    right = console.get_style(Ink.RIGHT).color
    assert right is not None
    assert ";".join(map(str, right.get_truecolor())) not in output(console)


@pytest.mark.parametrize("places", [[0], [1, 2], [0, 1, 2]])
def test_a_prediction_with_any_probability_that_is_no_number_says_so(
    make_text_console: MakeConsole, places: list[int]
) -> None:
    probabilities = np.array([0.5, 0.3, 0.2], np.float32)
    whole, broken = make_text_console(), make_text_console()
    prediction(whole, None, probabilities, ("a", "b", "c"))
    probabilities[places] = np.nan
    prediction(broken, None, probabilities, ("a", "b", "c"))
    told = "some probabilities are no numbers: the network has diverged"
    assert told not in whole.file.getvalue()  # type: ignore[attr-defined]
    assert told in broken.file.getvalue()  # type: ignore[attr-defined]
