"""``gpunet showcase``: single test samples with what a model says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gpunet.cli import options
from gpunet.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["showcase"]


def showcase(
    model: options.ModelFile,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Samples to show.")] = 10,
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
        str | None,
        typer.Option(
            help="Show these rows of the test set, e.g. 3,17, counted from 0.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of the draw.")] = 0,
    data: options.ModelData = None,
    device: options.Device = "auto",
) -> None:
    """Show test samples with a model's predictions."""
    from gpunet.cli.sources import evaluate_model
    from gpunet.terminal.console import make_console
    from gpunet.terminal.showcase import showcase as print_showcase
    from gpunet.training.checkpoint import load
    from gpunet.training.evaluation import pick, pick_top_losses
    from gpunet.training.metrics import cross_entropies

    wanted = None if index is None else _parse_index(index)
    if wanted is not None and (wrong or top_losses):
        raise UsageError(
            f"--index names the samples and {'--wrong' if wrong else '--top-losses'} chooses "
            "them; leave one of them out"
        )
    loaded = load(model)
    console = make_console()
    samples, evaluation = evaluate_model(loaded, data, device, console)
    probabilities = evaluation.probabilities
    labels = samples.labels
    if wanted is not None:
        rows = _require_rows(wanted, len(samples))
    elif top_losses:
        rows = pick_top_losses(probabilities, labels, count, wrong=wrong)
    else:
        rows = pick(probabilities, labels, count, seed, wrong=wrong)
    console.print()
    if not len(rows):
        console.print("no test sample is taken for another class")
        return
    losses = cross_entropies(probabilities, labels) if top_losses else None  # (n,)
    classes, shape = loaded.classes, loaded.image_shape
    print_showcase(console, samples, probabilities, classes, shape, rows, losses)


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
