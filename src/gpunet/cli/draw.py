"""``gpunet draw``: draw in the terminal, and see a model's predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gpunet.cli import options
from gpunet.cli.exits import leave_if_signaled
from gpunet.errors import UsageError

__all__ = ["draw"]


Keep = Annotated[
    Path,
    typer.Option(
        metavar="FOLDER",
        help="Folder in which the key w saves drawings, each in a folder named like its class, "
        "for `gpunet train FOLDER`.",
        rich_help_panel=options.OUTPUT,
    ),
]


def draw(model: options.ModelFile = None, keep: Keep = Path("drawn")) -> None:
    """Draw in the terminal, and see what the model predicts.

    Draw with the mouse or the arrow keys. The drawing is read as `gpunet predict` reads an image:
    if the model's training images are framed like MNIST's, a digit may have any size, and several
    digits are read from left to right.

    Examples:
        gpunet draw
        gpunet draw model.safetensors
        gpunet draw 3 --keep mistakes
    """
    from gpunet.artifacts.model_file import load
    from gpunet.terminal.live.console import SMALLEST_SCREEN, make_console, wants_dashboard
    from gpunet.terminal.live.draw_screen import DrawScreen
    from gpunet.terminal.views.showcase import prediction
    from gpunet.training.events import Control
    from gpunet.workflows.drawing import require_images

    console = make_console()
    if not wants_dashboard(console, plain=False):
        columns, rows = SMALLEST_SCREEN
        raise UsageError(
            f"drawing takes a terminal of {columns} columns and {rows} rows at least that a person "
            "sits at; images in files are answered by `gpunet predict`"
        )
    loaded = load(options.chosen_model(model))
    require_images(loaded)
    control = Control()
    with DrawScreen(console, control, loaded, keep) as screen:
        screen.wait()
    leave_if_signaled(control)
    reply = screen.drawn.reply
    if reply.answers is not None:
        for image, values in zip(reply.answers.pictures, reply.answers.values, strict=True):
            prediction(console, image, values, reply.names, reply.kind)
