"""``gpunet showcase``: single test samples with what a model says of them, and its weights."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from gpunet.cli import options
from gpunet.errors import ModelError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console

    from gpunet.artifacts.plots import Picture
    from gpunet.datasets.dataset import Samples
    from gpunet.model import Model
    from gpunet.terminal.draw.graphics import Painter
    from gpunet.terminal.live.messages import ConsoleMessages

__all__ = ["showcase"]


def showcase(
    model: options.ModelFile,
    count: Annotated[
        int, typer.Option("--count", "-n", min=1, help="Samples or units to show.")
    ] = 10,
    wrong: Annotated[
        bool, typer.Option("--wrong", help="Only samples that are taken for another class.")
    ] = False,
    top_losses: Annotated[
        bool,
        typer.Option(
            "--top-losses", help="The samples with the largest losses, the largest first."
        ),
    ] = False,
    index: Annotated[
        str | None, typer.Option(help="Show these rows of the test set, e.g. 3,17, counted from 0.")
    ] = None,
    weights: Annotated[
        bool, typer.Option("--weights", help="The weights of the first layer's units, as pictures.")
    ] = False,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Random seed for choosing the samples.")
    ] = 0,
    data: options.ModelData = None,
    device: options.Device = "auto",
    plot: options.Plot = None,
    force: options.Force = False,
    graphics: options.Graphics = "auto",
) -> None:
    """Show test samples with a model's predictions, or what its units look for."""
    from gpunet.artifacts.model_file import load
    from gpunet.artifacts.plots import plot_pictures, require_plots
    from gpunet.cli.saving import save_plot
    from gpunet.terminal.draw.graphics import choose_painter
    from gpunet.terminal.live.messages import ConsoleMessages

    choice = _Choice(wrong, top_losses, None if index is None else _parse_index(index))
    _require_one_wish(choice, weights, data)
    if plot is not None:
        require_plots(plot)
    messages = ConsoleMessages()
    console = messages.console
    painter = choose_painter(graphics, console)
    loaded = load(model)
    if weights:
        pictures = _show_weights(model, loaded, count, console, painter)
    else:
        shown = _show_samples(loaded, choice, count, seed, data, device, messages, painter)
        pictures = [] if plot is None else _pictures(loaded, *shown)
    if plot is not None and pictures:
        save_plot(console, partial(plot_pictures, pictures, signed=weights), plot, force=force)


class _Choice(NamedTuple):
    """Which samples are to be shown: those of some kind, or the rows that are named."""

    wrong: bool
    top_losses: bool
    rows: tuple[int, ...] | None


def _require_one_wish(choice: _Choice, weights: bool, data: str | None) -> None:
    selections = {
        "--wrong": choice.wrong,
        "--top-losses": choice.top_losses,
        "--index": choice.rows is not None,
        "--data": data is not None,
    }
    others = [name for name, given in selections.items() if given]
    if weights and others:
        raise UsageError(
            f"--weights shows units and {others[0]} is about samples; leave one of them out"
        )
    if choice.rows is not None and (choice.wrong or choice.top_losses):
        raise UsageError(
            f"--index names the samples and {others[0]} chooses them; leave one of them out"
        )


def _show_weights(
    path: Path, model: Model, count: int, console: Console, painter: Painter | None
) -> list[Picture]:
    """Print what the first layer's units look for; the same as pictures for a file."""
    from gpunet.artifacts.plots import Picture
    from gpunet.terminal.draw.weights import strongest_units, unit_pictures

    if model.image_shape is None:
        raise ModelError(
            f"{path} was trained on {model.origin.name!r}, whose samples are no images, so its "
            f"weights make no pictures; `gpunet show {path}` tells their sizes"
        )
    unit_pictures(console, model, count, painter)
    return [Picture(values, name) for name, values in strongest_units(model, count)]


def _show_samples(
    model: Model,
    choice: _Choice,
    count: int,
    seed: int,
    data: str | None,
    device: str,
    messages: ConsoleMessages,
    painter: Painter | None,
) -> tuple[Samples, NDArray[np.float32], NDArray[np.float64] | None]:
    """Print samples with what the model says of them; the same to be drawn.

    Returns n samples, their probabilities (n, C) and, if they were chosen by them, losses (n,).
    """
    from gpunet.terminal.draw.style import Ink
    from gpunet.terminal.views.showcase import showcase as samples_shown
    from gpunet.training.evaluation import sample_rows
    from gpunet.training.metrics import cross_entropies
    from gpunet.workflows.answers import evaluate_model
    from gpunet.workflows.devices import choose_device

    console = messages.console
    samples, evaluation = evaluate_model(model, data, choose_device(device, messages), messages)
    probabilities, labels = evaluation.probabilities, samples.labels
    if choice.rows is not None:
        rows = _require_rows(choice.rows, len(samples))
    else:
        wanted = {"wrong": choice.wrong, "top_losses": choice.top_losses}
        rows = sample_rows(probabilities, labels, count, seed, **wanted)
    losses = cross_entropies(probabilities, labels) if choice.top_losses else None  # (n,)
    console.print()
    if len(rows):
        classes, shape = model.classes, model.image_shape
        shown = (console, samples, probabilities, classes, shape, rows, losses, painter)
        console.print(samples_shown(*shown))
        right = probabilities.argmax(axis=1) == labels  # (n,)
        console.print(_count(choice, right, rows), style=Ink.STRONG)
    else:
        console.print("no test sample is taken for another class")
    return samples[rows], probabilities[rows], None if losses is None else losses[rows]


def _pictures(
    model: Model,
    samples: Samples,
    probabilities: NDArray[np.float32],
    losses: NDArray[np.float64] | None,
) -> list[Picture]:
    """The samples' images above what the model says of each, for a file.

    Raises:
        DataError: there are samples, and they are no images.
    """
    from gpunet.artifacts.plots import Picture
    from gpunet.cli.saving import require_images
    from gpunet.terminal.draw import formats
    from gpunet.terminal.draw.style import UNICODE
    from gpunet.terminal.views.verdict import verdicts

    pictures = []
    for index, verdict in enumerate(verdicts(samples.labels, probabilities)):
        lines = [
            f"{verdict.mark(UNICODE)} {model.classes[verdict.prediction]}  "
            f"{100 * verdict.probability:.1f} %"
        ]
        if not verdict.right:
            lines.append(f"is {model.classes[verdict.label]}")
        if losses is not None:
            lines.append(f"loss {formats.loss(float(losses[index]))}")
        shape = require_images(model.origin.name, model.image_shape)
        image = samples.features[index].reshape(shape)
        pictures.append(Picture(image, "\n".join(lines), verdict.right))
    return pictures


def _count(choice: _Choice, right: NDArray[np.bool_], rows: NDArray[np.integer]) -> str:
    """How many of what there is are shown, and how many of them are right unless that is a choice.

    ``right`` (n,) tells of all samples, ``rows`` which of them are shown.
    """
    if choice.wrong:
        return f"{len(rows):,} of {int((~right).sum()):,} samples taken for another class"
    if choice.top_losses:
        return f"the largest {len(rows):,} of {len(right):,} losses"
    return f"{int(right[rows].sum()):,} of {len(rows):,} shown are right"


def _parse_index(text: str) -> tuple[int, ...]:
    rows = []
    for part in text.split(","):
        if not (part.strip().isascii() and part.strip().isdigit()):
            raise UsageError(
                f"--index {text}: {part.strip()!r} is no row; write for example --index 3,17"
            )
        rows.append(int(part))
    return tuple(rows)


def _require_rows(wanted: tuple[int, ...], count: int) -> NDArray[np.int64]:
    import numpy as np

    for row in wanted:
        if row >= count:
            raise UsageError(
                f"--index {row} is beyond the {count:,} test samples; give rows below {count}"
            )
    return np.array(wanted, dtype=np.int64)
