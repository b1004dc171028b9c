"""``gpunet showcase``: single test samples with a model's predictions, and its weights."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from gpunet.cli import options
from gpunet.errors import ModelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console

    from gpunet.artifacts.plots import Picture
    from gpunet.datasets.dataset import Samples
    from gpunet.model import Model
    from gpunet.terminal.draw.graphics import Painter
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.training.evaluation import Evaluation

__all__ = ["showcase"]

Wrong = Annotated[
    bool,
    typer.Option("--wrong", help="Only samples that are misclassified, or given a wrong label."),
]
Web = Annotated[
    bool,
    typer.Option(
        "--web",
        help="Open the model as a page in the browser, where one draws and trains, too; "
        "`gpunet export` keeps such a page.",
    ),
]


def showcase(
    model: options.ModelFile = None,
    count: Annotated[
        int, typer.Option("--count", "-n", min=1, help="Samples or units to show.")
    ] = 10,
    wrong: Wrong = False,
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
    web: Web = False,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Random seed for choosing the samples.")
    ] = 0,
    data: options.ModelData = None,
    device: options.Device = "auto",
    plot: options.Plot = None,
    force: options.Force = False,
    graphics: options.Graphics = "auto",
) -> None:
    """Show test samples with a model's predictions, or what its units look for.

    Examples:
        gpunet showcase
        gpunet showcase --wrong -n 20
        gpunet showcase model.safetensors --weights
    """
    from gpunet.artifacts.model_file import load
    from gpunet.artifacts.plots import require_plots
    from gpunet.cli.saving import save_plot
    from gpunet.terminal.draw.graphics import choose_painter
    from gpunet.terminal.live.messages import ConsoleMessages

    choice = _Choice(wrong, top_losses, None if index is None else _parse_index(index))
    _require_one_wish(choice, weights, data)
    if web:
        _require_alone(choice, weights, plot)
        _open_page(options.chosen_model(model), data)
        return
    if plot is not None:
        require_plots(plot)
    path = options.chosen_model(model)
    messages = ConsoleMessages()
    console = messages.console
    painter = choose_painter(graphics, console)
    loaded = load(path)
    _require_classes(choice, loaded)
    if weights:
        drawing = _drawn(_show_weights(path, loaded, count, console, painter), signed=True)
    else:
        samples, found = _samples(loaded, data, device, messages)
        rows = _chosen(choice, found, len(samples), count, seed)
        _show_samples(loaded, choice, samples, found, rows, console, painter)
        drawing = None if plot is None else _drawing(loaded, samples, found, rows, choice)
    if plot is not None and drawing is not None:
        save_plot(console, drawing, plot, force=force)


class _Choice(NamedTuple):
    """Which samples to show: wrong ones, the largest losses, named rows, or else random ones."""

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


def _require_classes(choice: _Choice, model: Model) -> None:
    """Raise a UsageError for ``--wrong`` with measured targets, which are never misclassified."""
    if choice.wrong and model.network.kind == "measured":
        raise UsageError(
            f"--wrong shows what is misclassified, but the model predicts measured "
            f"targets ({', '.join(model.targets[:8])}); give --top-losses for the worst predictions"
        )


def _require_alone(choice: _Choice, weights: bool, plot: Path | None) -> None:
    """Raise a UsageError if ``--web`` is given with an option that only works in the terminal."""
    others = {
        "--weights": weights,
        "--wrong": choice.wrong,
        "--top-losses": choice.top_losses,
        "--index": choice.rows is not None,
        "--plot": plot is not None,
    }
    if wished := [name for name, given in others.items() if given]:
        raise UsageError(
            f"--web opens a page and {wished[0]} is about the terminal; leave one of them out"
        )


def _open_page(path: Path, data: str | None) -> None:
    """Export a model as a page into a temporary folder, and open it in the user's browser."""
    import tempfile
    import webbrowser

    from gpunet.artifacts.model_file import load
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.workflows.exporting import PageOptions, export_page

    messages = ConsoleMessages()
    page = Path(tempfile.mkdtemp(prefix="gpunet-")) / f"{path.stem}.html"
    export_page(load(path), page, data, PageOptions(), messages)
    opened = webbrowser.open(page.as_uri())
    messages.say(f"page:   {page}{'' if opened else '; no browser was found here, open it in one'}")


def _show_weights(
    path: Path, model: Model, count: int, console: Console, painter: Painter | None
) -> list[Picture]:
    """Print the weights of the first layer's units, and return them as pictures for a file."""
    from gpunet.artifacts.plots import Picture
    from gpunet.terminal.draw.weights import strongest_units, unit_pictures

    if model.image_shape is None:
        raise ModelError(
            f"{path} was trained on {model.origin.name!r}, whose samples are no images, so its "
            f"weights make no pictures; `gpunet show {path}` tells their sizes"
        )
    unit_pictures(console, model, count, painter)
    return [Picture(values, name) for name, values in strongest_units(model, count)]


def _samples(
    model: Model, data: str | None, device: str, messages: ConsoleMessages
) -> tuple[Samples, Evaluation]:
    """Test samples, and the model's predictions for all of them."""
    from gpunet.datasets.catalog import require_named
    from gpunet.workflows.answers import evaluate_model
    from gpunet.workflows.devices import choose_device

    require_named(data)
    return evaluate_model(model, data, choose_device(device, messages), messages)


def _chosen(
    choice: _Choice, found: Evaluation, total: int, count: int, seed: int
) -> NDArray[np.int64]:
    """The rows of the samples to show.

    Raises:
        UsageError: a row does not exist.
    """
    from gpunet.training.evaluation import sample_rows

    if choice.rows is not None:
        return _require_rows(choice.rows, total)
    among = ~found.right if choice.wrong and found.right is not None else None
    losses = found.losses if choice.top_losses else None
    return sample_rows(total, count, seed, among=among, losses=losses)


def _show_samples(
    model: Model,
    choice: _Choice,
    samples: Samples,
    found: Evaluation,
    rows: NDArray[np.int64],
    console: Console,
    painter: Painter | None,
) -> None:
    """Print samples with the model's predictions, and how many of all samples they are."""
    from gpunet.terminal.draw.style import Ink
    from gpunet.terminal.views.showcase import showcase as samples_shown

    console.print()
    if not len(rows):
        console.print(f"no test sample is {_mistaken(found)}")
        return
    names, shape = model.output_names, model.image_shape
    losses = found.losses if choice.top_losses else None  # (n,)
    shown = (console, samples, found.answers, names, shape, rows, losses, painter)
    console.print(samples_shown(*shown, model.network.kind))
    if shape is None:  # pictures already end with a blank line
        console.print()
    console.print(_count(choice, found, rows), style=Ink.STRONG)


def _drawing(
    model: Model, samples: Samples, found: Evaluation, rows: NDArray[np.int64], choice: _Choice
) -> Callable[[Path], object] | None:
    """A function that draws the samples' images into a file, or ``None`` without samples.

    For measured targets without images, it draws all predictions against the true values.

    Raises:
        DataError: there are samples, and they are not images.
    """
    from gpunet.artifacts.curves import Comparison
    from gpunet.artifacts.plots import plot_comparison

    if model.image_shape is None and model.network.kind == "measured":
        compared = Comparison(model.targets, samples.labels, found.answers.astype(float))
        return partial(plot_comparison, compared, model.origin.name)
    return _drawn(_pictures(model, samples, found, rows, choice), signed=False)


def _drawn(pictures: list[Picture], *, signed: bool) -> Callable[[Path], object] | None:
    from gpunet.artifacts.plots import plot_pictures

    return partial(plot_pictures, pictures, signed=signed) if pictures else None


def _pictures(
    model: Model, samples: Samples, found: Evaluation, rows: NDArray[np.int64], choice: _Choice
) -> list[Picture]:
    """The samples' images, each above the model's prediction, for a file.

    Raises:
        DataError: there are samples, and they are not images.
    """
    from gpunet.artifacts.plots import Picture
    from gpunet.cli.saving import require_images
    from gpunet.terminal.draw import formats
    from gpunet.terminal.draw.style import UNICODE
    from gpunet.terminal.views.verdict import verdicts

    pictures = []
    names, labels = model.output_names, samples.labels[rows]
    told = verdicts(labels, found.answers[rows], names, model.network.kind)
    for row, verdict in zip(rows.tolist(), told, strict=True):
        said = f"{verdict.mark(UNICODE)} {verdict.prediction}  {verdict.share(1)}"
        lines = [said.strip()]
        if not verdict.right:
            lines.append(f"is {verdict.label}")
        if choice.top_losses:
            lines.append(f"loss {formats.loss(float(found.losses[row]))}")
        shape = require_images(model.origin.name, model.image_shape)
        pictures.append(
            Picture(samples.features[row].reshape(shape), "\n".join(lines), verdict.right)
        )
    return pictures


def _count(choice: _Choice, found: Evaluation, rows: NDArray[np.integer]) -> str:
    """How many samples are shown, out of how many, or how many of them are right.

    ``rows`` are the rows of the samples shown.
    """
    if choice.wrong and found.right is not None:
        shown = f"{len(rows):,} of {int((~found.right).sum()):,}"
        return f"{shown} {'misclassified samples' if found.matrix.size else 'with a wrong label'}"
    if choice.top_losses:
        return f"the largest {len(rows):,} of {len(found.losses):,} losses"
    if found.right is None:
        return f"{len(rows):,} of {len(found.losses):,} samples"
    return f"{int(found.right[rows].sum()):,} of {len(rows):,} shown are right"


def _mistaken(found: Evaluation) -> str:
    """The word for a wrong prediction of a class or of a label."""
    return "misclassified" if found.matrix.size else "given a wrong label"


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
