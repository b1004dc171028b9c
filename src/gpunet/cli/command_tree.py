"""Adds to all commands what they share: common options, help, and names for values.

It walks over all commands, so that a new command gets everything automatically.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any

import typer
import typer.core
import typer.main

from gpunet.cli import options
from gpunet.cli.help import HELP, brief, long_help, short_help, split_examples
from gpunet.cli.setting_options import as_given
from gpunet.cli.sources import blamed, give_variable
from gpunet.errors import SettingError, spelling

__all__ = ["completed", "walk"]


def completed(group: Any) -> typer.core.TyperGroup:
    """The tree of commands with everything added that they share."""
    shared, helps = _parameters_of(_shared), _parameters_of(_helps)
    for path, command in walk("gpunet", group):
        if not hasattr(command, "commands"):
            command.params += shared
        command.params += helps
        command.invoke = partial(_blaming_its_source, command.invoke)
        command.add_help_option = False
        command.help, command.epilog = split_examples(command.help or "")
        command.short_help = brief(command.help)
        context = typer.Context(command, info_name=path)
        for parameter in command.params:
            _shorten_kind(parameter, context)
            if getattr(parameter, "is_flag", False) and parameter.default is None:
                parameter.default = False  # otherwise Typer loads its library for parsing values
            if parameter.param_type_name == "option" and not hasattr(command, "commands"):
                give_variable(parameter)
    tree: typer.core.TyperGroup = group
    return tree


def walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield a command and all its subcommands, each with the words that name it."""
    yield path, command
    for name, one in getattr(command, "commands", {}).items():
        yield from walk(f"{path} {name}", one)


def _blaming_its_source(invoke: Callable[[Any], Any], context: Any) -> Any:
    """Run a command; an error about a value names the variable or file that the value is from."""
    try:
        with spelling(partial(as_given, context)):
            return invoke(context)
    except SettingError as error:
        raise blamed(context, error) from error


def _shorten_kind(parameter: Any, context: typer.Context) -> None:
    """Name an option's value by one word, and list its choices in its help."""
    if getattr(parameter, "is_flag", False) or getattr(parameter, "count", False):
        parameter.metavar = ""  # otherwise the help says that a flag takes a <bool>
    elif parameter.metavar is None:
        kind = parameter.display_type_rich(ctx=context).strip("<>").removesuffix(" range")
        *others, last = kind.split("|")
        if others:
            parameter.help += f" One of {', '.join(others)} and {last}."
        parameter.metavar = "NAME" if others else kind.replace("str", "text").upper()


def _shared(
    *,
    no_user_config: options.NoUserConfig = False,
    verbose: options.Verbose = 0,
    log_file: options.LogFile = None,
    theme: options.Theme = "auto",
) -> None:
    """A command with only the options that all commands share."""


def _helps(
    *,
    brief: Annotated[
        bool,
        typer.Option(
            "-h",
            help="Show the options that matter the most.",
            rich_help_panel=HELP,
            callback=short_help,
            is_eager=True,
            expose_value=False,
            envvar=options.NO_VARIABLE,
        ),
    ] = False,
    full: Annotated[
        bool,
        typer.Option(
            "--help",
            help="Show all options.",
            rich_help_panel=HELP,
            callback=long_help,
            is_eager=True,
            expose_value=False,
            envvar=options.NO_VARIABLE,
        ),
    ] = False,
) -> None:
    """A group with only the options for help."""


def _parameters_of(function: Any) -> list[Any]:
    """The parameters that Typer makes from a function."""
    command = typer.Typer(add_completion=False)
    command.command()(function)
    return typer.main.get_command(command).params
