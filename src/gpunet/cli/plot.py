"""``gpunet plot``: draw the curves of a kept run or of a report into a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gpunet.cli import options
from gpunet.cli.completion import models_and_files
from gpunet.errors import UsageError

__all__ = ["plot"]


def plot(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            help="The name, the number or the folder of a run, by default the newest one; or a "
            "file that `gpunet train --report` wrote.",
            show_default=False,
            autocompletion=models_and_files,
        ),
    ] = None,
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
        gpunet plot
        gpunet plot 2 -o curves.svg
        gpunet plot report.json -o curves.pdf --force
    """
    from gpunet.artifacts.curves import curves_of_run, read_curves
    from gpunet.artifacts.kept_runs import find_run
    from gpunet.artifacts.plots import plot_curves, require_plots
    from gpunet.cli.saving import save_plot
    from gpunet.terminal.live.console import make_console

    if run is not None and Path(run).resolve() == output.resolve():
        raise UsageError(f"--output {output} would replace the report; give another name")
    require_plots(output)
    if run is not None and Path(run).is_file():
        curves, name = read_curves(Path(run)), Path(run).stem
    else:
        folder = find_run(run)
        curves, name = curves_of_run(folder), folder.path.resolve().name
    save_plot(make_console(), partial(plot_curves, curves, name), output, force=force)
