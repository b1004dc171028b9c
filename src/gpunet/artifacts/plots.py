"""Plots in files: a run's curves, predicted against true values, samples with captions, weights.

Matplotlib draws them, without a window; it is optional and imported only when it is used.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gpunet.artifacts.curves import Comparison, Curves
from gpunet.errors import MissingExtraError, UsageError, spelled
from gpunet.files.output import require_writable, write_atomically
from gpunet.training.events import EpochRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "Picture",
    "plot_comparison",
    "plot_curves",
    "plot_pictures",
    "plot_runs",
    "require_plots",
]

FORMATS = ("png", "svg", "pdf")

DOTS_PER_INCH = 150

TRAIN, VALIDATION, RIGHT, WRONG = "#0072B2", "#D55E00", "#00734F", "#B2182B"
"""Blue and vermilion can be told apart by color-blind eyes (Okabe & Ito, 2008); green and red
only repeat what the captions say."""

PICTURES_IN_A_ROW = 5

MOST_PICTURES = 200
"""Most pictures in a plot; each takes a few hundredths of a second."""

PICTURE_INCHES, LINE_INCHES = 1.7, 0.14
"""Inches of a picture's side and of a line of its caption."""

LONGEST_LINE = 24
"""Most characters in a line of a caption; longer lines would reach into the next picture."""

PANELS_IN_A_ROW, PANEL_INCHES = 3, (4.5, 3.8)
"""Charts side by side, and the width and height of each in inches."""

MOST_TARGETS = 7
"""How many of the first targets are drawn; with both curves they fill three rows."""

LOWEST_R2 = -1.0
"""The lowest R2 on the axis; worse values are drawn at the edge, to leave room for the rest."""

LOGARITHMIC_FROM = 20.0
"""The axis of losses is logarithmic if the largest is so many times the smallest."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One image and the lines below it.

    Args:
        image: (height, width) gray values, or values of both signs.
        caption: lines of text.
        right: whether the prediction is right; ``None`` if there is no prediction.
    """

    image: NDArray[np.uint8] | NDArray[np.float32]
    caption: str
    right: bool | None = None


def require_plots(path: Path) -> None:
    """Check, before hours of work, that a plot can be drawn and written.

    Raises:
        UsageError: the file's name does not end in a format that can be written, or Matplotlib's
            own settings are invalid.
        MissingExtraError: Matplotlib is not installed.
        OutputError: the file cannot be written.
    """
    _format(path)
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("drawing a plot", "Matplotlib", "plots") from error
    except ValueError as error:
        raise UsageError(
            f"Matplotlib refuses its own settings ({error!s:.60}...); unset MPLBACKEND and look "
            "into its matplotlibrc"
        ) from error
    require_writable(path)


def plot_curves(curves: Curves, title: str, path: Path) -> None:
    """Draw loss and accuracy over the epochs, with the best epoch marked.

    For measured targets draw R2, and predictions for test samples against the true values.

    Args:
        curves: of at least one epoch.
        title: the heading.
        path: the file, whose ending gives the format.

    Raises:
        GpunetError: as in ``require_plots``.
    """
    require_plots(path)
    with _own_style():
        _write(_figure_of_curves(curves, title), path)


def plot_runs(histories: Mapping[str, Sequence[EpochRecord]], path: Path) -> None:
    """Draw the loss and the accuracy, or R2, of several runs over their epochs.

    These are validation metrics, or training metrics if no samples were held out.

    Args:
        histories: each run's history by its name.
        path: the file, whose ending gives the format.

    Raises:
        GpunetError: as in ``require_plots``.
    """
    require_plots(path)
    with _own_style():
        figure, charts = _charts("", 2)
        names = {"monitored_loss": "loss", "monitored_score": "accuracy or R2"}
        for axes, (figure_of, name) in zip(charts, names.items(), strict=True):
            for run, history in histories.items():
                values = [getattr(one, figure_of) for one in history]
                axes.plot([one.epoch for one in history], values, label=_literal(_cut(run)))
            axes.set(xlabel="epoch", ylabel=name)
            axes.grid(alpha=0.25)
            axes.spines[["top", "right"]].set_visible(False)
        charts[0].legend(frameon=False)
        _write(figure, path)


def plot_comparison(comparison: Comparison, title: str, path: Path) -> None:
    """Draw predicted against true values, with a chart for each of the first targets.

    Args:
        comparison: of at least one sample.
        title: the heading.
        path: the file, whose ending gives the format.

    Raises:
        GpunetError: as in ``require_plots``.
    """
    require_plots(path)
    with _own_style():
        figure, charts = _charts(title, min(MOST_TARGETS, len(comparison.names)))
        for index, axes in enumerate(charts):
            _draw_scatter(axes, comparison, index)
        _write(figure, path)


def plot_pictures(pictures: Sequence[Picture], path: Path, *, signed: bool = False) -> None:
    """Draw images side by side, each above its caption.

    Args:
        pictures: at least one.
        path: the file, whose ending gives the format.
        signed: whether values have both signs; blue is below zero and red above.

    Raises:
        GpunetError: as in ``require_plots``; or there are too many pictures for one file.
    """
    require_plots(path)
    if len(pictures) > MOST_PICTURES:
        raise UsageError(
            f"{path} would hold {len(pictures):,} pictures and a plot has room for "
            f"{MOST_PICTURES}; ask for fewer with {spelled('count')}"
        )
    with _own_style():
        _write(_figure_of_pictures(pictures, signed), path)


@contextmanager
def _own_style() -> Iterator[None]:
    """Use Matplotlib's defaults, whatever the user's matplotlibrc says."""
    from matplotlib.style import context

    # SVG names its parts by a hash; a fixed salt gives the same names every time.
    with context(["default", {"svg.hashsalt": "gpunet"}]):
        yield


def _figure_of_curves(curves: Curves, title: str) -> Figure:
    comparison = curves.comparison
    targets = 0 if comparison is None else min(MOST_TARGETS, len(comparison.names))
    figure, (loss, score, *scatters) = _charts(title, 2 + targets)
    _draw_lines(loss, curves, curves.train_loss, curves.val_loss)
    loss.set(xlabel="epoch", ylabel="loss per sample")
    if _spans_much(curves.train_loss, curves.val_loss):
        loss.set_yscale("log")
    if curves.measured:
        shown = (np.maximum(r2, LOWEST_R2) for r2 in (curves.train_r2, curves.val_r2))
        _draw_lines(score, curves, *shown)
        score.set(xlabel="epoch", ylabel="R2")
    else:
        _draw_lines(score, curves, 100 * curves.train_accuracy, 100 * curves.val_accuracy)
        score.set(xlabel="epoch", ylabel="accuracy in %")
    loss.legend(frameon=False)
    for index, axes in enumerate(scatters):
        assert comparison is not None
        _draw_scatter(axes, comparison, index)
    return figure


def _charts(title: str, count: int) -> tuple[Figure, list[Axes]]:
    """An empty figure with ``count`` charts, as many side by side as there is room for."""
    from matplotlib.figure import Figure

    columns = min(PANELS_IN_A_ROW, count)
    rows = -(-count // columns)
    width, height = PANEL_INCHES
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    figure.suptitle(_literal(title))
    charts = list(figure.subplots(rows, columns, squeeze=False).flat)
    for unused in charts[count:]:
        unused.set_axis_off()
    return figure, charts[:count]


def _figure_of_pictures(pictures: Sequence[Picture], signed: bool) -> Figure:
    from matplotlib.figure import Figure

    columns = min(PICTURES_IN_A_ROW, len(pictures))
    rows = -(-len(pictures) // columns)
    lines = max(picture.caption.count("\n") for picture in pictures) + 1
    height = PICTURE_INCHES + LINE_INCHES * (lines + 1)
    figure = Figure(figsize=(PICTURE_INCHES * columns, height * rows), layout="constrained")
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.set_axis_off()
    for axes, picture in zip(figure.axes, pictures, strict=False):
        _draw_picture(axes, picture, signed)
    return figure


def _draw_lines(
    axes: Axes, curves: Curves, train: NDArray[np.float64], validation: NDArray[np.float64]
) -> None:
    """Draw both curves; the second is dashed, to tell them apart without color."""
    from matplotlib.ticker import MaxNLocator

    axes.plot(curves.epochs, train, color=TRAIN, marker="o", markersize=3, label="training")
    if np.isfinite(validation).any():
        axes.plot(
            curves.epochs,
            validation,
            color=VALIDATION,
            linestyle="--",
            marker="s",
            markersize=3,
            label="validation",
        )
    if curves.best_epoch:
        axes.axvline(
            curves.best_epoch, color="grey", linewidth=1, label=f"best epoch, {curves.best_epoch}"
        )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_scatter(axes: Axes, comparison: Comparison, index: int) -> None:
    """Draw a dot for each sample, and the diagonal on which a prediction has no error."""
    true, predicted = comparison.targets[:, index], comparison.predictions[:, index]
    known = np.isfinite(true)
    ends = (true[known].min(), true[known].max()) if known.any() else (0.0, 1.0)
    axes.plot(ends, ends, color="grey", linewidth=1, linestyle="--")
    axes.scatter(true, predicted, s=10, color=TRAIN, alpha=0.6, linewidths=0)
    name = _literal(_cut(comparison.names[index]))
    axes.set(xlabel=f"{name}, true", ylabel=f"{name}, predicted")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _spans_much(*series: NDArray[np.float64]) -> bool:
    values = np.concatenate(series)
    positive = values[np.isfinite(values) & (values > 0)]
    return bool(len(positive) and positive.max() >= LOGARITHMIC_FROM * positive.min())


def _draw_picture(axes: Axes, picture: Picture, signed: bool) -> None:
    image = picture.image
    if signed:
        largest = float(np.abs(image).max()) or 1.0
        axes.imshow(image, cmap="RdBu_r", vmin=-largest, vmax=largest)
    elif image.dtype == np.uint8:
        axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    else:
        axes.imshow(image, cmap="gray")
    color = {None: "black", True: RIGHT, False: WRONG}[picture.right]
    lines = [_literal(_cut(line)) for line in picture.caption.split("\n")]
    axes.set_title("\n".join(lines), y=-0.04, pad=0, va="top", fontsize=8, color=color)


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"


def _literal(text: str) -> str:
    """Escape dollars, which would start a formula, and replace what fonts cannot draw."""
    printable = "".join(mark if mark.isprintable() else "\ufffd" for mark in text)
    return printable.replace("$", r"\$")


def _write(figure: Figure, path: Path) -> None:
    """Write a figure without the current time, so that the same values give the same file."""
    kind = _format(path)
    undated = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    content = io.BytesIO()
    with warnings.catch_warnings():
        # A character that the font lacks is drawn as a box.
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        figure.savefig(content, format=kind, dpi=DOTS_PER_INCH, metadata=undated[kind])
    write_atomically(path, content.getvalue())


def _format(path: Path) -> str:
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise UsageError(
            f"{path} names no format that a plot can be written in; let it end in "
            f"{', '.join(f'.{name}' for name in FORMATS[:-1])} or .{FORMATS[-1]}"
        )
    return kind
