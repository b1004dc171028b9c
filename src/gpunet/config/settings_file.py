"""Settings in TOML: a file that says how to train, read with every mistake told, and written.

Owns the keys and types that such a file may hold. What the values mean and which are possible
belongs to ``config``; which of file and command line wins to ``cli.configuration``.
"""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from gpunet.config import Graphics, TrainConfig, parse_dropout, parse_duration, parse_hidden
from gpunet.errors import UsageError

__all__ = [
    "RUN_SETTINGS",
    "SettingsFile",
    "canonical",
    "parse_toml",
    "read_settings",
    "require_types",
    "write_settings",
]

RUN_SETTINGS: Mapping[str, Any] = {
    "data": str,
    "device": str,
    "autotune": bool,
    "output": str,
    "report": str,
    "plot": str,
    "force": bool,
    "showcase": int,
    "graphics": Graphics,
    "plain": bool,
    "quiet": bool,
    "run_dir": str,
    "name": str,
    "checkpoint_every": int,
}
"""What a file may hold besides the fields of TrainConfig: the other options of `gpunet train`."""

TABLE = "recipe"
"""The one table of a file. It tells people where the settings come from."""

LARGEST = 1 << 20
"""Bytes; a file of settings that a person wrote is far smaller."""

_ALIASES = {"lr": "learning_rate", "init": "initialisation"}
_TEXTS = {"hidden": parse_hidden, "dropout": parse_dropout, "max_time": parse_duration}
_JOINED = ("activation", "class_weights")
_NUMBERED = ("label",)
"""Texts that may be whole numbers, too."""

_WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text in quotes",
}


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """What a file of settings holds.

    Args:
        path: of the file.
        text: the file as it is.
        settings: by the names of TrainConfig's fields and of RUN_SETTINGS; lists for tuples.
        about: the table ``[recipe]``; empty if there is none.
    """

    path: Path
    text: str
    settings: Mapping[str, Any]
    about: Mapping[str, Any]

    def place(self, name: str) -> str:
        """The file and, where it can be told, the line of a setting."""
        for number, line in enumerate(self.text.splitlines(), start=1):
            key = re.match(r"""\s*["']?([\w-]+)["']?\s*=""", line)
            if key and canonical(key[1]) == canonical(name):
                return f"{self.path}, line {number}"
        return str(self.path)

    def train_config(self) -> TrainConfig:
        """The settings of training, with the defaults of those that the file leaves out.

        Raises:
            UsageError: a value that cannot be, or values that do not go together.
        """
        own = {name: self.settings[name] for name in _hints() if name in self.settings}
        try:
            return TrainConfig.from_dict(own)
        except UsageError as error:
            raise self.blamed(error) from error

    def blamed(self, error: UsageError) -> UsageError:
        """The same error with the place of the setting that it names first."""
        option = re.match(r"--([\w-]+)", str(error))
        place = self.place(option[1]) if option else str(self.path)
        return UsageError(f"{place}: {error}")


def read_settings(path: Path) -> SettingsFile:
    """Read a file of settings.

    Keys are the fields of TrainConfig or the options of `gpunet train`, whose dashes may stay.

    Raises:
        UsageError: it cannot be read, is no TOML, or has a key or a type that cannot be.
    """
    text = _text(path)
    table = parse_toml(text, path)
    about = table.pop(TABLE, {})
    blank = SettingsFile(path, text, {}, about if isinstance(about, dict) else {})
    settings: dict[str, Any] = {}
    for key, value in table.items():
        name = _known(blank, key)
        if name in settings:
            raise UsageError(f"{path} sets {name} twice, under two spellings; leave one out")
        settings[name] = _checked(blank, key, name, value)
    return dataclasses.replace(blank, settings=settings)


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """What a TOML text holds.

    Args:
        text: of the file.
        path: of the file, for messages.

    Raises:
        UsageError: it is no TOML, or holds a whole number beyond the 64 bits of TOML's.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
        raise UsageError(f"{path} is no valid TOML: {reason[:1].lower()}{reason[1:]}") from error
    if _holds_huge_number(table):
        raise UsageError(f"{path} holds a whole number of more than 64 bits; write a smaller one")
    return table


def _holds_huge_number(value: Any) -> bool:
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return any(map(_holds_huge_number, parts))
    return isinstance(value, int) and value.bit_length() > 64


def require_types(settings: Mapping[str, Any]) -> None:
    """Check the types of training settings that come from another file, such as JSON.

    Args:
        settings: by the names of TrainConfig's fields; other names are left to TrainConfig.

    Raises:
        UsageError: one is of a type that it cannot have.
    """
    for name, value in settings.items():
        hint = _hints().get(name, object)
        if not _fits(value, hint):
            raise UsageError(f"{name} is {value!r:.40}, wanted {_wanted(hint, value)}")


def write_settings(settings: Mapping[str, Any]) -> str:
    """TOML that ``read_settings`` reads back; a setting that is ``None`` is left out.

    Raises:
        UsageError: a text that UTF-8 cannot hold.
    """
    return "".join(
        f"{name} = {_literal(name, value)}\n"
        for name, value in settings.items()
        if value is not None
    )


def canonical(key: str) -> str:
    """The name of the setting that a key or an option without its leading dashes means."""
    name = key.replace("-", "_")
    return _ALIASES.get(name, name)


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            state = "is no ordinary file" if path.exists() else "does not exist"
            raise UsageError(
                f"{path} {state}, wanted a TOML file of settings such as "
                "`gpunet train --print-config` prints"
            )
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path} is larger than 1 MiB, which no file of settings is")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is no UTF-8 text from byte {error.start} on; save it as UTF-8"
        ) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"{path} cannot be read: {reason}") from error


def _known(file: SettingsFile, key: str) -> str:
    name = canonical(key)
    known = [*_hints(), *RUN_SETTINGS]
    if name not in known:
        close = get_close_matches(name, known, n=1)
        suggestion = f"; did you mean {close[0]!r}?" if close else "; see `gpunet train --help`"
        raise UsageError(f"{file.place(key)}: {key!r} is no setting of training{suggestion}")
    return name


def _checked(file: SettingsFile, key: str, name: str, value: Any) -> Any:
    """The value as TrainConfig takes it: texts parsed as on the command line, lists joined."""
    if name in _TEXTS and isinstance(value, str):
        try:
            parsed = _TEXTS[name](value)
        except UsageError as error:
            raise UsageError(f"{file.place(key)}: {error}") from error
        return list(parsed) if isinstance(parsed, tuple) else parsed
    if name in _JOINED and isinstance(value, list):
        value = ",".join(map(str, value))
    if name in _NUMBERED and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    hint = _hints().get(name, RUN_SETTINGS.get(name))
    if not _fits(value, hint):
        seen = _literal(key, value) if _is_plain(value) else "a table, a date or a nested list"
        raise UsageError(f"{file.place(key)}: {key} is {seen}, wanted {_wanted(hint, value)}")
    return value


def _is_plain(value: Any) -> bool:
    items = value if isinstance(value, list) else [value]
    return all(isinstance(item, str | int | float) for item in items)


def _fits(value: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if origin is Literal:
        return value in get_args(hint)
    if origin is tuple:
        return isinstance(value, list) and all(_fits(item, get_args(hint)[0]) for item in value)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


def _wanted(hint: Any, value: Any) -> str:
    """What a type is called in a sentence; ``value`` is what was seen instead."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return " or ".join(_wanted(one, value) for one in get_args(hint) if one is not NoneType)
    if origin is Literal:
        choices = get_args(hint)
        close = get_close_matches(str(value), choices, n=1)
        suggestion = f"; did you mean {close[0]!r}?" if close else ""
        return f"one of {', '.join(choices)}{suggestion}"
    if origin is tuple:
        return f"a list with {_WORDS[get_args(hint)[0]]} for each layer"
    return _WORDS[hint]


def _literal(name: str, value: Any) -> str:
    """A value in TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_literal(name, item) for item in value)}]"
    try:
        str(value).encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{name} is {str(value)!r}, which UTF-8 cannot hold; rename it") from error
    # JSON's strings are TOML's, but for the one control character that JSON leaves as it is.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


@cache
def _hints() -> Mapping[str, Any]:
    """The types of TrainConfig's fields; found late, since it takes milliseconds."""
    return get_type_hints(TrainConfig)
