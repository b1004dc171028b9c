"""``gpunet showcase``: single test samples with what a model says of them, and its weights."""

from __future__ import annotations

from collections.abc import Sequence
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
    from gpunet.model import Model
    from gpunet.terminal.draw.graphics import Painter

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
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of the draw.")] = 0,
    data: options.ModelData = None,
    device: options.Device = "auto",
    plot: options.Plot = None,
    force: options.Force = False,
    graphics: options.Graphics = "auto",
) -> None:
    """Show test samples with a model's predictions, or what its units look for."""
    from gpunet.artifacts.model_file import load
    from gpunet.terminal.draw.graphics import choose_painter
    from gpunet.terminal.live.console import make_console

    choice = _Choice(wrong, top_losses, None if index is None else _parse_index(index))
    _require_one_wish(choice, weights, data)
    if plot is not None:
        from gpunet.artifacts.plots import require_plots

        require_plots(plot)
    console = make_console()
    canvas = _Canvas(console, choose_painter(graphics, console), plot, force)
    loaded = load(model)
    if weights:
        _show_weights(model, loaded, count, canvas)
    else:
        _show_samples(loaded, choice, count, seed, data, device, canvas)


class _Choice(NamedTuple):
    """Which samples are to be shown: those of some kind, or the rows that are named."""

    wrong: bool
    top_losses: bool
    rows: tuple[int, ...] | None


class _Canvas(NamedTuple):
    """Where pictures are drawn: on the screen, in pixels if there is a painter, and in a file."""

    console: Console
    painter: Painter | None
    plot: Path | None
    force: bool

    def draw(self, pictures: Sequence[Picture], *, signed: bool = False) -> None:
        """Draw them into the file, if there is to be one."""
        from gpunet.artifacts.plots import plot_pictures
        from gpunet.cli.saving import save_plot

        if self.plot is not None:
            drawing = partial(plot_pictures, pictures, signed=signed)
            save_plot(self.console, drawing, self.plot, force=self.force)


def _require_one_wish(choice: _Choice, weights: bool, data: str | None) -> None:
    wishes = {
        "--wrong": choice.wrong,
        "--top-losses": choice.top_losses,
        "--index": choice.rows is not None,
        "--data": data is not None,
    }
    others = [name for name, given in wishes.items() if given]
    if weights and others:
        raise UsageError(
            f"--weights shows units and {others[0]} is about samples; leave one of them out"
        )
    if choice.rows is not None and (choice.wrong or choice.top_losses):
        raise UsageError(
            f"--index names the samples and {others[0]} chooses them; leave one of them out"
        )


def _show_weights(path: Path, model: Model, count: int, canvas: _Canvas) -> None:
    from gpunet.cli import pictures
    from gpunet.terminal.draw.weights import unit_pictures

    if model.image_shape is None:
        raise ModelError(
            f"{path} was trained on {model.origin.name!r}, whose samples are no images, so its "
            f"weights make no pictures; `gpunet show {path}` tells their sizes"
        )
    unit_pictures(canvas.console, model, count, canvas.painter)
    if canvas.plot is not None:
        drawn = pictures.unit_pictures(model, model.image_shape, count)
        canvas.draw(drawn, signed=True)


def _show_samples(
    model: Model,
    choice: _Choice,
    count: int,
    seed: int,
    data: str | None,
    device: str,
    canvas: _Canvas,
) -> None:
    from gpunet.cli.pictures import require_images, verdict_pictures
    from gpunet.terminal.draw.style import Ink
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.terminal.views.showcase import showcase as samples_shown
    from gpunet.training.evaluation import sample_rows
    from gpunet.training.metrics import cross_entropies
    from gpunet.workflows.answers import evaluate_model
    from gpunet.workflows.devices import choose_device

    console, painter = canvas.console, canvas.painter
    messages = ConsoleMessages(console)
    samples, evaluation = evaluate_model(model, data, choose_device(device, messages), messages)
    probabilities, labels = evaluation.probabilities, samples.labels
    if choice.rows is not None:
        rows = _require_rows(choice.rows, len(samples))
    else:
        wanted = {"wrong": choice.wrong, "top_losses": choice.top_losses}
        rows = sample_rows(probabilities, labels, count, seed, **wanted)
    console.print()
    if not len(rows):
        console.print("no test sample is taken for another class")
        return
    losses = cross_entropies(probabilities, labels) if choice.top_losses else None  # (n,)
    classes, shape = model.classes, model.image_shape
    console.print(
        samples_shown(console, samples, probabilities, classes, shape, rows, losses, painter)
    )
    console.print(_count(choice, probabilities.argmax(axis=1) == labels, rows), style=Ink.STRONG)
    if canvas.plot is not None:
        shape = require_images(model.origin.name, shape)
        told = None if losses is None else losses[rows]
        drawn = verdict_pictures(samples[rows], probabilities[rows], classes, shape, told)
        canvas.draw(drawn)


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
