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
from gpunet.config.settings import DATA
from gpunet.config.texts import written

__all__ = ["option", "with_fixed_settings", "with_settings"]

FIXED = ("label", "epochs", "batch_size", "optimizer", "seed", "monitor")
"""Settings of training that an option takes out of a search."""


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

    return _with_parameters(run, parameters)


def with_fixed_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take the settings of training that a search may be told.

    Args:
        command: gets those that are given as ``fixed``, by their names, in whose place their
            options stand in the help; takes keyword arguments only.
    """
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        parameters += _FIXED if name == "fixed" else [parameter]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        fixed = {name: given.pop(name) for name in FIXED}
        command(fixed={name: one for name, one in fixed.items() if one is not None}, **given)

    return _with_parameters(run, parameters)


def _with_parameters(
    run: Callable[..., None], parameters: list[inspect.Parameter]
) -> Callable[..., None]:
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


def _open_parameter(name: str, row: Setting) -> inspect.Parameter:
    """The option of a setting that is left open unless it is given."""
    told = row.told_default or (row.default is not None and str(row.default))
    info = typer.Option(help=row.help, metavar=row.metavar, rich_help_panel=DATA, show_default=told)
    return _keyword(name, Annotated[row.kind | None, info], None)


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


_SOURCES = [_keyword("config_file", ConfigFile, None), _keyword("recipe", RecipeName, None)]
_OPTIONS = [_parameter(name, row) for name, row in SETTINGS.items()]
_FIXED = [_open_parameter(name, SETTINGS[name]) for name in FIXED]
