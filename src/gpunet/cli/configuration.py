"""Settings that do not come from the command line: ``--config``, ``--recipe``, ``--print-config``.

Owns who wins: what is typed, then the file, then the defaults. What a file may hold belongs to
``settings_file``.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from gpunet.cli import options
from gpunet.config import TrainConfig
from gpunet.config.recipes import open_recipe, recipe_names
from gpunet.config.settings_file import (
    RUN_SETTINGS,
    SettingsFile,
    canonical,
    read_settings,
    write_settings,
)
from gpunet.errors import UsageError

__all__ = ["ConfigFile", "PrintConfig", "RecipeName", "blaming_the_file", "configuration"]

FILE = "gpunet.config.settings_file"
"""Where a context keeps the file, for messages about its settings."""

PANEL = options.DATA


def configuration(context: typer.Context, config: TrainConfig) -> str:
    """What a run would be trained with, as TOML that ``--config`` reads back.

    Defaults that follow from the optimizer or other settings stand in comments.
    """
    comments = {
        name: getattr(config, f"effective_{name}")
        for name, value in config.to_dict().items()
        if value is None and hasattr(config, f"effective_{name}")
    }
    others = {name: context.params.get(name) for name in RUN_SETTINGS}
    remarks = "".join(f"# {line}\n" for line in write_settings(comments).splitlines())
    if config.epochs is None:
        remarks += "# (for few samples more epochs, and patience and lr_decay_every likewise)\n"
    return write_settings(others) + write_settings(config.to_dict()) + remarks


@contextlib.contextmanager
def blaming_the_file(context: typer.Context) -> Iterator[None]:
    """Name the file, and the line, in an error about a setting that comes from there."""
    try:
        yield
    except UsageError as error:
        file: SettingsFile | None = context.meta.get(FILE)
        option = re.match(r"--([\w-]+)", str(error))
        if file is None or option is None or not _from_file(context, canonical(option[1])):
            raise
        raise file.blamed(error) from error


def _from_file(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "DEFAULT_MAP"


def _take_config(context: typer.Context, path: Path | None) -> Path | None:
    if path is not None and not context.resilient_parsing:
        _take(context, read_settings(path))
    return path


def _take_recipe(context: typer.Context, name: str | None) -> str | None:
    if name is not None and not context.resilient_parsing:
        _take(context, open_recipe(name).file)
    return name


def _take(context: typer.Context, file: SettingsFile) -> None:
    """Let the file's settings be the defaults of all options that are not typed."""
    if FILE in context.meta:
        raise UsageError(
            "--config and --recipe both give settings; print the recipe with "
            "`gpunet recipes NAME`, copy it, and give the copy as --config"
        )
    context.meta[FILE] = file
    context.default_map = {name: _as_typed(value) for name, value in file.settings.items()}


def _as_typed(value: Any) -> Any:
    """A setting as it would stand on the command line; flags stay what they are."""
    if isinstance(value, list):
        return ",".join(map(str, value)) or "none"
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return value if isinstance(value, bool) else str(value)


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE.toml",
        help="Take settings from a TOML file; options that are typed win over it.",
        rich_help_panel=PANEL,
        show_default=False,
        is_eager=True,
        callback=_take_config,
    ),
]
RecipeName = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="NAME",
        help="The same from a recipe that comes along; `gpunet recipes` lists them.",
        rich_help_panel=PANEL,
        show_default=False,
        is_eager=True,
        callback=_take_recipe,
        autocompletion=recipe_names,
    ),
]
PrintConfig = Annotated[
    bool,
    typer.Option(
        "--print-config",
        help="Print all settings as TOML that --config takes, and exit.",
        rich_help_panel=options.OUTPUT,
    ),
]
