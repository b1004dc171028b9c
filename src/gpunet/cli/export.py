"""``gpunet export``: a model as a page for browsers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gpunet.cli import options
from gpunet.cli.completion import models_and_files
from gpunet.config.choices import PageWeights
from gpunet.errors import UsageError

__all__ = ["export"]


def export(
    page: Annotated[
        list[str],
        typer.Argument(
            metavar="[MODEL] PAGE",
            autocompletion=models_and_files,
            help="A model file or a run, by default the newest one; and the file to write, such as "
            "digits.html.",
        ),
    ],
    samples: Annotated[
        int,
        typer.Option(
            min=0, help="Most samples in the page, to train and to test with; 0 for none."
        ),
    ] = 4000,
    weights: Annotated[
        PageWeights,
        typer.Option(help="Weights as they were trained, f32, or rounded to half the bytes, f16."),
    ] = "f32",
    license: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="The license of the samples, which the page shows."),
    ] = None,
    data: options.ModelData = None,
    force: options.Force = False,
) -> None:
    """Write a model as one HTML page that predicts with, shows and trains it in a browser.

    The page opens with a double click and loads nothing from elsewhere.

    Examples:
        gpunet export digits.html
        gpunet export 2 digits.html --weights f16
        gpunet export model.safetensors digits.html --samples 500
    """
    from gpunet.artifacts.model_file import load
    from gpunet.cli.saving import written_to
    from gpunet.terminal.draw import formats
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.workflows.exporting import PageOptions, export_page, require_page_name

    wanted = PageOptions(samples, weights, license)
    if len(page) > 2:
        raise UsageError(f"{page[2]} is one too many, wanted a model and the page to write")
    output = Path(page[-1])
    require_page_name(output)
    model = options.chosen_model(page[0] if len(page) > 1 else None)
    loaded, messages, sizes = load(model), ConsoleMessages(), []

    def write(path: Path) -> None:
        sizes.append(export_page(loaded, path, data, wanted, messages))

    place = written_to(write, output, force=force)
    messages.say(f"page:   {place} ({formats.size(sizes[-1])}); open it in a browser")
