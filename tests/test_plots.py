import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from gpunet.artifacts import plots
from gpunet.artifacts.curves import Comparison, Curves
from gpunet.artifacts.plots import (
    Picture,
    plot_comparison,
    plot_curves,
    plot_pictures,
    require_plots,
)
from gpunet.artifacts.svg import curves_svg
from gpunet.errors import MissingExtraError, OutputError, UsageError


def curves(epochs: int = 3, validation: bool = True, loss: float = 1.0) -> Curves:
    falling = loss / np.arange(1, epochs + 1)  # (E,)
    nothing = np.full(epochs, np.nan)
    return Curves(
        epochs=np.arange(1, epochs + 1),
        train_loss=falling,
        val_loss=falling + 0.1 if validation else nothing,
        train_accuracy=1 - falling / 2,
        val_accuracy=1 - falling / 2 if validation else nothing,
        train_r2=nothing,
        val_r2=nothing,
        best_epoch=epochs,
    )


def measured_curves(targets: int = 1, epochs: int = 5) -> Curves:
    """A run whose first epoch is far worse than the mean, and what it predicts of 30 samples."""
    r2 = 1 - 9 / np.arange(1, epochs + 1) ** 2
    draws = np.random.default_rng(0)
    true = draws.normal(150, 70, (30, targets))
    names = ("progression", "$dose", *map(str, range(targets)))[:targets]
    return replace(
        curves(epochs),
        train_accuracy=np.full(epochs, np.nan),
        val_accuracy=np.full(epochs, np.nan),
        train_r2=r2,
        val_r2=r2 - 0.1,
        comparison=Comparison(names, true, true + draws.normal(0, 30, true.shape)),
    )


def images(count: int) -> list[Picture]:
    draws = np.random.default_rng(0)
    return [
        Picture(draws.integers(0, 256, (8, 8)).astype(np.uint8), f"number {place}", place % 2 == 0)
        for place in range(count)
    ]


def drawn(path: Path) -> np.ndarray:
    """(height, width, 3) uint8."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize(
    ("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("PDF", b"%PDF")]
)
def test_the_end_of_the_name_says_the_format(tmp_path: Path, suffix: str, start: bytes) -> None:
    path = tmp_path / f"curves.{suffix}"
    plot_curves(curves(), "a run", path)
    assert path.read_bytes().startswith(start)
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_curves_give_the_same_file(tmp_path: Path, suffix: str) -> None:
    one, two = tmp_path / f"one.{suffix}", tmp_path / f"two.{suffix}"
    for path in (one, two):
        plot_curves(curves(), "a run", path)
    assert one.read_bytes() == two.read_bytes()


def test_both_curves_and_the_best_epoch_are_in_the_legend(tmp_path: Path) -> None:
    plot_curves(curves(), "a run", tmp_path / "both.svg")
    plot_curves(curves(validation=False), "a run", tmp_path / "alone.svg")
    both, alone = ((tmp_path / f"{name}.svg").read_text("utf-8") for name in ("both", "alone"))
    for words in ("training", "best epoch, 3", "loss per sample", "accuracy in %"):
        assert f"<!-- {words} -->" in both
        assert f"<!-- {words} -->" in alone
    assert "<!-- validation -->" in both
    assert "<!-- validation -->" not in alone


@pytest.mark.parametrize("targets", [1, 2, 9])
def test_of_measured_targets_r2_and_a_scatter_for_each_of_the_first_are_drawn(
    tmp_path: Path, targets: int
) -> None:
    plot_curves(measured_curves(targets), "a run", tmp_path / "run.svg")
    text = (tmp_path / "run.svg").read_text("utf-8")
    assert "<!-- R2 -->" in text
    assert "accuracy" not in text
    assert "<!-- progression, true -->" in text
    assert text.count(", predicted -->") == min(targets, plots.MOST_TARGETS)


def test_predictions_are_drawn_without_curves_too(tmp_path: Path) -> None:
    comparison = measured_curves(2).comparison
    assert comparison is not None
    plot_comparison(comparison, "a model", tmp_path / "scatter.svg")
    text = (tmp_path / "scatter.svg").read_text("utf-8")
    assert "<!-- epoch -->" not in text
    assert text.count(", predicted -->") == 2


def test_predictions_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    nothing = np.full((3, 1), np.nan)
    plot_comparison(Comparison(("y",), nothing, nothing), "a run", tmp_path / "none.png")
    assert drawn(tmp_path / "none.png").ndim == 3


def test_a_notebook_shows_r2_and_the_predictions_of_measured_targets() -> None:
    text = curves_svg(measured_curves())
    assert 'aria-label="loss and R2 by epoch"' in text
    assert text.count("<circle ") == 30
    assert "nan" not in text
    assert "<circle " not in curves_svg(curves())


def test_losses_that_span_much_are_drawn_logarithmically(tmp_path: Path) -> None:
    plot_curves(curves(60, validation=False), "a run", tmp_path / "much.svg")
    plot_curves(curves(3, validation=False), "a run", tmp_path / "little.svg")
    assert "10^{-1}" in (tmp_path / "much.svg").read_text("utf-8")
    assert "10^{-1}" not in (tmp_path / "little.svg").read_text("utf-8")


@pytest.mark.parametrize("loss", [np.nan, 0.0, 1e30])
def test_a_run_that_went_wrong_is_drawn_all_the_same(tmp_path: Path, loss: float) -> None:
    plot_curves(curves(1, loss=loss), "$ x_1 \\", tmp_path / "run.png")
    assert drawn(tmp_path / "run.png").ndim == 3


def test_pictures_are_drawn_with_their_captions(tmp_path: Path) -> None:
    plot_pictures(images(7), tmp_path / "seven.svg")
    text = (tmp_path / "seven.svg").read_text("utf-8")
    assert text.count("<image ") == 7
    assert [text.count(f"<!-- number {place} -->") for place in range(7)] == [1] * 7


def test_a_caption_that_is_too_long_is_cut(tmp_path: Path) -> None:
    plot_pictures([Picture(np.zeros((2, 2), np.uint8), "x" * 99)], tmp_path / "one.svg")
    text = (tmp_path / "one.svg").read_text("utf-8")
    assert f"<!-- {'x' * (plots.LONGEST_LINE - 1)}… -->" in text


def test_letters_that_the_font_lacks_are_no_failure(tmp_path: Path) -> None:
    plot_pictures([Picture(np.zeros((2, 2), np.uint8), "\U00013000")], tmp_path / "one.png")
    assert (tmp_path / "one.png").exists()


def test_signed_values_are_blue_below_zero_and_red_above(tmp_path: Path) -> None:
    values = np.array([[-3, 3]], np.float32).repeat(2, axis=0)
    plot_pictures([Picture(values, "")], tmp_path / "signed.png", signed=True)
    pixels = drawn(tmp_path / "signed.png").astype(int)
    row = pixels[len(pixels) // 2]
    left, right = row[len(row) // 4], row[3 * len(row) // 4]
    assert left[2] > left[0] + 50
    assert right[0] > right[2] + 50


def test_settings_of_the_user_do_not_change_a_plot(tmp_path: Path) -> None:
    plot_curves(curves(), "a run", tmp_path / "plain.png")
    with matplotlib.rc_context({"lines.linewidth": 9, "text.usetex": True}):
        plot_curves(curves(), "a run", tmp_path / "changed.png")
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "changed.png").read_bytes()


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"let it end in .png, .svg or .pdf"):
        require_plots(tmp_path / "curves.gif")


def test_settings_that_the_library_refuses_are_told_in_a_sentence(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path; from gpunet.artifacts.plots import *; "
        "require_plots(Path('a.png'))"
    )
    environment = {**os.environ, "MPLBACKEND": "nonsense"}
    ran = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert "gpunet.errors.UsageError: Matplotlib refuses its own settings" in ran.stderr


def test_too_many_pictures_for_a_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"201 pictures .* room for 200; ask for fewer"):
        plot_pictures(images(201), tmp_path / "many.png")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        plot_pictures(images(1), tmp_path / "missing" / "one.png")


def test_without_the_library_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"-m pip install 'matplotlib>="):
        require_plots(tmp_path / "curves.png")
