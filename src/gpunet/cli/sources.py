"""Where an option's value comes from: what is typed, the environment, files, the defaults.

What is typed wins over the environment, that over ``--config`` and ``--recipe``, those over the
user's ``config.toml``, and that over the defaults. Of the two files this owns the user's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer

from gpunet.config import SETTINGS
from gpunet.config.setting import suggestion
from gpunet.config.settings_file import SettingsFile, read_settings
from gpunet.config.texts import written
from gpunet.errors import SettingError, UsageError

__all__ = [
    "FILE",
    "PREFIX",
    "as_typed",
    "blamed",
    "give_variable",
    "is_given",
    "misspelled_variables",
    "origin",
    "settings_files",
    "take_user_settings",
    "user_path",
    "variable",
]

PREFIX = "GPUNET_"
"""What the environment variables begin with."""

VARIABLE = "GPUNET_CONFIG"
"""The environment variable that names another file in the place of the user's."""

OTHERS = (VARIABLE, "GPUNET_CACHE", "GPUNET_CACHE_LIMIT")
"""Environment variables that stand for no option."""

FILE, USER_FILE = "gpunet.config.settings_file", "gpunet.config.user_file"
"""Keys under which a command's context keeps its settings files, for messages about them."""

EVERYWHERE = frozenset(
    {"autotune", "bell", "device", "graphics", "log_file", "plain", "quiet", "theme", "verbose"}
)
"""Options that the user's file gives to every command; all others to those that train."""


def variable(name: str) -> str:
    """The environment variable of an option: ``GPUNET_BATCH_SIZE`` of ``batch_size``."""
    return f"{PREFIX}{name.lstrip('-').replace('-', '_').upper()}"


def give_variable(option: Any) -> None:
    """Let an option come from the environment, unless it has said otherwise by an empty name."""
    if option.envvar is None:
        names = [one for one in option.opts if one.startswith("--")]
        option.envvar = variable(names[0]) if names else ""


def misspelled_variables(options: Iterable[Any]) -> Iterator[str]:
    """A warning about each unknown environment variable that seems to be meant for an option.

    Args:
        options: the options of all commands.
    """
    ours = sorted(name for name in os.environ if name.startswith(PREFIX))
    known = {*OTHERS, *(str(one.envvar) for one in options if one.envvar)} if ours else set()
    for name in ours:
        if name not in known and (meant := suggestion(name, known)):
            yield f"the environment variable {name} is unknown{meant}"


def user_path() -> Path:
    """The user's settings file, which need not exist: ``GPUNET_CONFIG``, else the default path."""
    from platformdirs import user_config_path

    from gpunet.files.home import expanded

    named = os.environ.get(VARIABLE, "").strip()
    if named:
        return expanded(named)
    return user_config_path("gpunet", appauthor=False, roaming=True) / "config.toml"


def take_user_settings(context: typer.Context, unwanted: bool) -> None:
    """Use the user's settings file for the defaults of a command's options.

    Raises:
        UsageError: the file cannot be read, or is invalid.
    """
    if unwanted or context.resilient_parsing:
        return
    path = user_path()
    if not path.exists():
        if os.environ.get(VARIABLE, "").strip():
            raise UsageError(f"{VARIABLE} names {path}, which does not exist; unset it")
        return
    context.meta[USER_FILE] = file = read_settings(path)
    taken = [one.name for one in context.command.params if one.envvar]
    if not {*SETTINGS} <= {*taken}:
        taken = [name for name in taken if name in EVERYWHERE]
    give = {name: as_typed(value) for name, value in file.settings.items() if name in taken}
    context.default_map = {**give, **(context.default_map or {})}


def settings_files(context: typer.Context) -> list[SettingsFile]:
    """The files with settings for a command; the last one wins."""
    return [context.meta[key] for key in (USER_FILE, FILE) if key in context.meta]


def is_given(context: typer.Context, name: str) -> bool:
    """Whether a parameter is typed or in the environment, and so wins over all files."""
    return _source(context, name) in {"COMMANDLINE", "ENVIRONMENT"}


def origin(context: typer.Context, name: str) -> str:
    """The source of a parameter's value in words; empty for its default."""
    source = _source(context, name)
    if source == "COMMANDLINE":
        return "typed"
    if source == "ENVIRONMENT":
        return _variable_of(context, name)
    files = [file for file in settings_files(context) if name in file.settings]
    return files[-1].location(name) if source == "DEFAULT_MAP" and files else ""


def blamed(context: typer.Context, error: SettingError) -> SettingError:
    """An error about a setting, with the setting's source unless it was typed."""
    place = origin(context, error.setting)
    return error if error.location or place in {"", "typed"} else error.at(place)


def as_typed(value: Any) -> Any:
    """A setting as it would be typed on the command line; flags stay unchanged."""
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return value if isinstance(value, bool) else written(value)


def _source(context: typer.Context, name: str) -> str:
    source = context.get_parameter_source(name)
    return source.name if source else ""


def _variable_of(context: typer.Context, name: str) -> str:
    return next(str(one.envvar) for one in context.command.params if one.name == name)
