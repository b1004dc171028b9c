"""The table of settings as options: their spelling, and commands that take all of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import NoneType
from typing import Annotated, Any

import typer

from gpunet.cli.configuration import ConfigFile, RecipeName, blaming_the_file
from gpunet.config import SETTINGS, Setting, TrainConfig
from gpunet.config.texts import written

__all__ = ["option", "with_settings"]


def option(name: str, value: str = "") -> str:
    """A setting as an option, with a value unless that is empty: ``--optimizer sgd``."""
    return f"--{name.replace('_', '-')}{value and f' {value}'}"


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take all settings of training, from options, a file or a recipe.

    Args:
        command: gets them as ``config``, in whose place its options stand in the help; takes
            keyword arguments only, ``context`` among them.
    """
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        if name == "context":
            parameters += [parameter, *_SOURCES]
        else:
            parameters += _OPTIONS if name == "config" else [parameter]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        context = given["context"]
        texts = {name: given.pop(name) for name in SETTINGS}
        with blaming_the_file(context):
            config = TrainConfig(**{name: _parsed(name, text) for name, text in texts.items()})
        own = {name: given[name] for name in given if name not in ("config_file", "recipe")}
        command(config=config, **own)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {}
    return run


def _parsed(name: str, value: Any) -> Any:
    parse = SETTINGS[name].parse
    return value if parse is None or value is None else parse(value)


def _parameter(name: str, row: Setting) -> inspect.Parameter:
    """The option of a setting, as Typer reads it."""
    choices = list(row.choices)
    spellings = [option(one) for one in (name, *row.aliases)]
    if row.kind is bool:
        spellings = [f"{option(name)}/{option(f'no_{name}')}"]
    info = typer.Option(
        *spellings,
        help=row.help,
        metavar=row.metavar,
        rich_help_panel=row.panel,
        show_default=row.told_default or row.default is not None,
        autocompletion=(lambda: choices) if row.parse and choices else None,
    )
    kind, default = row.kind, row.default
    if row.parse is not None:
        kind = str | None if NoneType in row.kinds else str
        default = None if default is None else written(default)
    return _keyword(name, Annotated[kind, info], default)


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


_SOURCES = [_keyword("config_file", ConfigFile, None), _keyword("recipe", RecipeName, None)]
_OPTIONS = [_parameter(name, row) for name, row in SETTINGS.items()]
