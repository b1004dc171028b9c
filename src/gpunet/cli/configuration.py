"""Settings that do not come from the command line: ``--config`` and ``--recipe``.

Owns who wins: what is typed, then the file, then the defaults. What a file may hold belongs to
``settings_file``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from gpunet.cli import options
from gpunet.config.recipes import open_recipe, recipe_names
from gpunet.config.settings_file import SettingsFile, read_settings
from gpunet.config.texts import written
from gpunet.errors import SettingError, UsageError

__all__ = ["ConfigFile", "RecipeName", "blaming_the_file"]

FILE = "gpunet.config.settings_file"
"""Where a context keeps the file, for messages about its settings."""

PANEL = options.DATA


@contextlib.contextmanager
def blaming_the_file(context: typer.Context) -> Iterator[None]:
    """Name the file, and the line, in an error about a setting that comes from there."""
    try:
        yield
    except SettingError as error:
        file: SettingsFile | None = context.meta.get(FILE)
        if file is None or not _from_file(context, error.setting):
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
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return value if isinstance(value, bool) else written(value)


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
        help="Take settings from a bundled recipe; `gpunet recipes` lists them.",
        rich_help_panel=PANEL,
        show_default=False,
        is_eager=True,
        callback=_take_recipe,
        autocompletion=recipe_names,
    ),
]
