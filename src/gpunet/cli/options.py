"""Options that several commands share, and their panels in the help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gpunet.config import Graphics as _Graphics

__all__ = [
    "DATA",
    "DEVICE",
    "NETWORK",
    "OPTIMIZER",
    "OUTPUT",
    "REGULARISATION",
    "RUN",
    "SCHEDULE",
    "STOPPING",
    "AsJson",
    "Device",
    "Graphics",
    "ModelData",
    "ModelFile",
    "Plot",
]

DATA = "Data"
NETWORK = "Network"
OPTIMIZER = "Optimizer"
SCHEDULE = "Learning rate schedule"
REGULARISATION = "Regularisation"
STOPPING = "Stopping"
RUN = "Keeping the run"
DEVICE = "Device"
OUTPUT = "Output"

Device = Annotated[
    str,
    typer.Option(
        "--device",
        help="[bold]auto[/] takes the best adapter, [bold]cpu[/] numpy; else an index or a part "
        "of a name from `gpunet devices`.",
        rich_help_panel=DEVICE,
    ),
]
ModelFile = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A file that `gpunet train` wrote.")
]
ModelData = Annotated[
    str | None,
    typer.Option(
        "--data",
        help="A dataset's name or a path; by default the data that the model was trained on.",
        rich_help_panel=DATA,
        show_default=False,
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="FILE",
        help="Draw a picture into this file, too: .png, .svg or .pdf.",
        rich_help_panel=OUTPUT,
        show_default=False,
    ),
]
Graphics = Annotated[
    _Graphics,
    typer.Option(
        "--graphics",
        help="How pictures are drawn: in pixels, if a terminal knows one of the two protocols, or "
        "in half blocks. [bold]auto[/] takes pixels in terminals known for them.",
        rich_help_panel=OUTPUT,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON instead of tables.", rich_help_panel=OUTPUT)
]
