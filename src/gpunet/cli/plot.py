"""``gpunet plot``: the curves of a run, from its report."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gpunet.cli import options
from gpunet.errors import UsageError

__all__ = ["plot"]


def plot(
    report: Annotated[
        Path, typer.Argument(metavar="REPORT", help="A file that `gpunet train --report` wrote.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            envvar=options.NO_VARIABLE,
            help="The picture: a name that ends in .png, .svg or .pdf.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = Path("curves.png"),
    force: options.Force = False,
) -> None:
    """Draw a run's loss and accuracy, or R2 and predictions, over its epochs.

    Examples:
        gpunet plot report.json
        gpunet plot report.json -o curves.svg
        gpunet plot report.json -o curves.pdf --force
    """
    from gpunet.artifacts.curves import read_curves
    from gpunet.artifacts.plots import plot_curves, require_plots
    from gpunet.cli.saving import save_plot
    from gpunet.terminal.live.console import make_console

    if report.resolve() == output.resolve():
        raise UsageError(f"--output {output} would replace the report; give another name")
    require_plots(output)
    drawing = partial(plot_curves, read_curves(report), report.stem)
    save_plot(make_console(), drawing, output, force=force)
