"""Settings of training as options: their spelling, and the commands that take them.

Includes ``--config`` and ``--recipe``; ``sources`` decides which source wins, and ``settings_file``
reads the files.
"""

from __future__ import annotations

import functools
import inspect
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from types import NoneType
from typing import Annotated, Any

import typer

from gpunet.cli.sources import FILE, PREFIX, as_typed, is_given, origin, settings_files
from gpunet.config import SETTINGS, Setting, TrainConfig
from gpunet.config.recipes import open_recipe, recipe_names
from gpunet.config.settings import DATA
from gpunet.config.settings_file import SettingsFile, read_settings
from gpunet.config.texts import written
from gpunet.errors import UsageError

__all__ = [
    "SHORT",
    "as_given",
    "option",
    "settings_command",
    "with_fixed_settings",
    "with_settings",
]

FIXED = (
    *("label", "missing", "ignore", "weight"),
    *("loss", "epochs", "batch_size", "optimizer", "seed", "monitor"),
)
"""Settings of training that an option can fix in a search."""

SHORT = {"epochs": ["-e"], "batch_size": ["-b"]}
"""Settings that are typed so often that they have a short option."""


def option(name: str, value: str = "") -> str:
    """A setting as an option, with a value unless that is empty: ``--optimizer sgd``."""
    return f"--{name.replace('_', '-')}{value and f' {value}'}"


def as_given(context: typer.Context, name: str, value: str = "") -> str:
    """A setting and its value as the user wrote it: an option, a variable, or a line of a file."""
    place = origin(context, name) if value and value == context.params.get(name) else ""
    if place in {"", "typed"}:
        return option(name, value)
    return f"{place}={value}" if place.startswith(PREFIX) else f"{place}: {name} {value!r}"


def settings_command(command: str, config: TrainConfig, data: str, device: str = "auto") -> str:
    """`gpunet COMMAND` with all settings that are not defaults, ready for a shell.

    Args:
        command: such as ``train``.
        config: how to train.
        data: the value of ``--data``.
        device: the value of ``--device``.
    """
    words = ["gpunet", command, "--data", data]
    words += [] if device == "auto" else ["--device", device]
    for name, row in SETTINGS.items():
        value = getattr(config, name)
        if isinstance(value, bool) and value != row.default:
            words.append(option(name if value else f"no_{name}"))
        elif value != row.default:
            words += [option(name), written(value)]
    return shlex.join(words)


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take all settings of training, from options, a file or a recipe.

    Args:
        command: gets them as ``config``, in whose place its options stand in the help; takes
            keyword arguments only, the ``context`` if it wants that.
    """
    own = inspect.signature(command).parameters

    def run(**given: Any) -> None:
        texts = {name: given.pop(name) for name in SETTINGS}
        config = TrainConfig(
            **{name: _parsed(name, text) for name, text in texts.items()},
            measured=_measured(given["context"]),
        )
        command(config=config, **{name: given[name] for name in given if name in own})

    return _with_parameters(run, command, {"context": [], "config": _OPTIONS}, _SOURCES)


def with_fixed_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take the settings of training that may be fixed in a search.

    Args:
        command: gets those that are given as ``fixed``, by their names, in whose place their
            options stand in the help; takes keyword arguments only.
    """

    def run(**given: Any) -> None:
        fixed = {name: given.pop(name) for name in FIXED}
        fixed = {name: _parsed(name, one) for name, one in fixed.items() if one is not None}
        command(fixed=fixed, **given)

    return _with_parameters(run, command, {"fixed": _FIXED})


def _with_parameters(
    run: Callable[..., None],
    command: Callable[..., None],
    replacements: dict[str, list[inspect.Parameter]],
    first: Sequence[inspect.Parameter] = (),
) -> Callable[..., None]:
    """A command with some of its parameters replaced by others.

    Args:
        run: the function.
        command: the command.
        replacements: the parameters that stand in for one of the command, by its name.
        first: what stands before all of them.
    """
    functools.update_wrapper(run, command)
    parameters = inspect.signature(command, eval_str=True).parameters.values()
    options = [one for old in parameters for one in replacements.get(old.name, [old])]
    run.__signature__ = inspect.Signature([*first, *options])  # type: ignore[attr-defined]
    run.__annotations__ = {}
    return run


def _measured(context: typer.Context) -> dict[str, Any]:
    """The files' settings for measured targets, except those that the user gave elsewhere."""
    found: dict[str, Any] = {}
    for file in settings_files(context):
        others = {name: one for name, one in found.items() if name not in file.settings}
        found = {**others, **file.measured}
    return {name: value for name, value in found.items() if not is_given(context, name)}


def _parsed(name: str, value: Any) -> Any:
    parse = SETTINGS[name].parse
    return value if parse is None or value is None else parse(value)


def _parameter(name: str, row: Setting) -> inspect.Parameter:
    """The option of a setting, as Typer reads it."""
    choices = list(row.choices)
    spellings = [*SHORT.get(name, []), *(option(one) for one in (name, *row.aliases))]
    if row.kind is bool:
        spellings = [f"{option(name)}/{option(f'no_{name}')}"]
    info = typer.Option(
        *spellings,
        help=row.help,
        metavar=row.metavar,
        rich_help_panel=row.panel,
        show_default=row.default_in_words or row.default is not None,
        autocompletion=(lambda: choices) if row.parse and choices else None,
    )
    kind, default = row.kind, row.default
    if row.parse is not None:
        kind = str | None if NoneType in row.kinds else str
        default = None if default is None else written(default)
    return _keyword(name, Annotated[kind, info], default)


def _open_parameter(name: str, row: Setting) -> inspect.Parameter:
    """The option of a setting that stays open unless it is given."""
    default = row.default_in_words or (row.default is not None and str(row.default))
    info = typer.Option(
        *SHORT.get(name, []),
        option(name),
        help=row.help,
        metavar=row.metavar,
        rich_help_panel=DATA,
        show_default=default,
    )
    kind = str if row.parse is not None else row.kind
    return _keyword(name, Annotated[kind | None, info], None)


def _keyword(
    name: str, annotation: Any, default: Any = inspect.Parameter.empty
) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


def _take_config(context: typer.Context, path: Path | None) -> Path | None:
    if path is not None and not context.resilient_parsing:
        _take(context, read_settings(path))
    return path


def _take_recipe(context: typer.Context, name: str | None) -> str | None:
    typed_file = FILE in context.meta and origin(context, "recipe") != "typed"
    if name is not None and not context.resilient_parsing and not typed_file:
        _take(context, open_recipe(name).file)
    return name


def _take(context: typer.Context, file: SettingsFile) -> None:
    """Use the file's settings as defaults of all options that are not given."""
    if FILE in context.meta:
        raise UsageError(
            "--config and --recipe both give settings; print the recipe with "
            "`gpunet recipes NAME`, copy it, and give the copy as --config"
        )
    context.meta[FILE] = file
    settings = {name: as_typed(value) for name, value in file.settings.items()}
    context.default_map = {**(context.default_map or {}), **settings}


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="",  # GPUNET_CONFIG names the user's own file
        metavar="FILE.toml",
        help="Take settings from a TOML file; options that are typed win over it.",
        rich_help_panel=DATA,
        is_eager=True,
        callback=_take_config,
    ),
]
RecipeName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Take settings from a bundled recipe; `gpunet recipes` lists them.",
        rich_help_panel=DATA,
        is_eager=True,
        callback=_take_recipe,
        autocompletion=recipe_names,
    ),
]

_SOURCES = [
    _keyword("context", typer.Context),
    _keyword("config_file", ConfigFile, None),
    _keyword("recipe", RecipeName, None),
]
_OPTIONS = [_parameter(name, row) for name, row in SETTINGS.items()]
_FIXED = [_open_parameter(name, SETTINGS[name]) for name in FIXED]
