"""``gpunet export``: a model as a page for browsers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gpunet.cli import options
from gpunet.config.choices import PageWeights

__all__ = ["export"]


def export(
    model: options.ModelFile,
    output: Annotated[
        Path, typer.Argument(metavar="PAGE", help="The file to write, such as digits.html.")
    ],
    samples: Annotated[
        int,
        typer.Option(
            min=0, help="Samples that the page carries to train and to test with; 0 for none."
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
    """Write a model as one HTML file that answers, shows and trains it in a browser.

    It opens by a double click and asks for nothing from elsewhere.

    Examples:
        gpunet export model.safetensors digits.html
        gpunet export model.safetensors digits.html --weights f16
        gpunet export model.safetensors digits.html --samples 500
    """
    from gpunet.artifacts.model_file import load
    from gpunet.cli.saving import written_to
    from gpunet.terminal.draw import formats
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.workflows.exporting import PageOptions, export_page, require_page_name

    wanted = PageOptions(samples, weights, license)
    require_page_name(output)
    loaded, messages, sizes = load(model), ConsoleMessages(), []

    def write(path: Path) -> None:
        sizes.append(export_page(loaded, path, data, wanted, messages))

    place = written_to(write, output, force=force)
    messages.say(f"page:   {place} ({formats.size(sizes[-1])}); open it in a browser")
