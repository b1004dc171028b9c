"""``gpunet datasets``: which data there are, fetching them, looking at them."""

from __future__ import annotations

from typing import Annotated

import typer

from gpunet.cli import options

__all__ = ["app"]

app = typer.Typer(help="List, download and look at datasets.", no_args_is_help=True)
