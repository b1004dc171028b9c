"""Reads and writes settings files in TOML."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpunet.config.choices import Graphics, Theme
from gpunet.config.setting import Setting, suggestion
from gpunet.config.settings import FOLLOWING, SETTINGS, canonical
from gpunet.config.train_config import TrainConfig
from gpunet.errors import SettingError, UsageError, reason_of

__all__ = [
    "MEASURED",
    "RUN_SETTINGS",
    "SettingsFile",
    "parse_toml",
    "read_settings",
    "read_text",
    "settings_text",
    "write_settings",
]

_RUN_TYPES: Mapping[str, Any] = {
    **dict.fromkeys(("data", "device", "output", "report", "plot", "run_dir", "name"), str),
    **dict.fromkeys(("autotune", "bell", "force", "no_keep", "plain", "quiet"), bool),
    **dict.fromkeys(("showcase", "checkpoint_every", "verbose"), int),
    "graphics": Graphics,
    "log_file": str,
    "theme": Theme,
}
RUN_SETTINGS: Mapping[str, Setting] = {
    name: Setting(name=name, kind=kind, panel="", help="") for name, kind in _RUN_TYPES.items()
}
"""Keys that a file may have besides the settings of training: other options of `gpunet train`."""

TABLE = "recipe"
"""The table that tells people where the settings come from."""

MEASURED = "measured"
"""The table of settings that replace others if the data have measured targets."""

LARGEST = 1 << 20
"""Largest settings file in bytes; files that people write are far smaller."""


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """The content of a settings file."""

    path: Path  # of the file
    text: str  # the whole text
    # Values by the names of TrainConfig's fields and RUN_SETTINGS; lists for tuples.
    settings: Mapping[str, Any]
    about: Mapping[str, Any]  # the table ``[recipe]``; empty if there is none
    # The table ``[measured]``: settings of training for data that have measured targets.
    measured: Mapping[str, Any] = field(default_factory=dict)

    def location(self, name: str) -> str:
        """The file and, if it can be found, the line of a setting, for messages."""
        for number, line in enumerate(self.text.splitlines(), start=1):
            key = re.match(r"""\s*["']?([\w-]+)["']?\s*=""", line)
            if key and canonical(key[1]) == canonical(name):
                return f"{self.path}, line {number}"
        return str(self.path)

    @property
    def training(self) -> dict[str, Any]:
        """The settings that are fields of ``TrainConfig``."""
        return {name: value for name, value in self.settings.items() if name in SETTINGS}

    def train_config(self) -> TrainConfig:
        """The settings of training, with defaults for those that the file leaves out.

        Raises:
            UsageError: a value is invalid, or values do not go together.
        """
        try:
            config = TrainConfig.from_dict(self.training)
            return dataclasses.replace(config, measured=self.measured)
        except SettingError as error:
            raise self.with_location(error) from error

    def with_location(self, error: SettingError) -> SettingError:
        """The error about a setting, with the setting's file and line added."""
        return error.at(self.location(error.setting))


def read_settings(path: Path) -> SettingsFile:
    """Read a settings file.

    Keys are the fields of TrainConfig or options of `gpunet train`, with dashes or underscores.

    Raises:
        UsageError: the file cannot be read, is not TOML, or has an unknown key or a wrong type.
    """
    text = read_text(path, "a TOML file of settings such as `gpunet config` prints")
    table = parse_toml(text, path)
    about = table.pop(TABLE, {})
    blank = SettingsFile(path, text, {}, about if isinstance(about, dict) else {})
    measured = table.pop(MEASURED, {})
    if not isinstance(measured, dict):
        raise UsageError(f"{path}: {MEASURED!r} is no table; write [{MEASURED}] above its settings")
    settings = _settings(blank, table, [*SETTINGS, *RUN_SETTINGS])
    return dataclasses.replace(
        blank, settings=settings, measured=_settings(blank, measured, [*SETTINGS])
    )


def _settings(
    file: SettingsFile, table: Mapping[str, Any], known: Collection[str]
) -> dict[str, Any]:
    """The settings in a table of a file, by name."""
    settings: dict[str, Any] = {}
    for key, value in table.items():
        name = _known(file, key, known)
        if name in settings:
            raise UsageError(f"{file.path} sets {name} twice, under two spellings; leave one out")
        settings[name] = _checked(file, name, value)
    return settings


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """Parse a TOML text; ``path`` is for messages.

    Raises:
        UsageError: the text is not TOML, or has a whole number beyond TOML's 64 bits.
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


def write_settings(settings: Mapping[str, Any]) -> str:
    """Settings as TOML, for ``read_settings``; settings that are ``None`` are left out.

    Raises:
        UsageError: UTF-8 cannot hold a text.
    """
    return "".join(
        f"{name} = {_literal(name, value)}\n"
        for name, value in settings.items()
        if value is not None
    )


def read_text(path: Path, wanted: str) -> str:
    """Read a text file that a person wrote; ``wanted`` is for messages.

    Raises:
        UsageError: the file cannot be read, is too large, or is not text.
    """
    try:
        if not path.is_file():
            state = "is no ordinary file" if path.exists() else "does not exist"
            raise UsageError(f"{path} {state}, wanted {wanted}")
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path} is larger than 1 MiB, wanted {wanted}")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is no UTF-8 text from byte {error.start} on; save it as UTF-8"
        ) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}") from error


def settings_text(
    others: Mapping[str, Any],
    config: TrainConfig,
    finish: Callable[[str, str], str] = lambda _, line: line,
) -> str:
    """All settings of a training as TOML; those that follow from others are in comments.

    ``others`` are settings of ``RUN_SETTINGS``, which come first. ``finish`` completes the line of
    each setting, given its name.
    """
    following = {
        name: config.in_effect(name) for name in FOLLOWING if getattr(config, name) is None
    }
    remarks = "".join(f"# {line}\n" for line in write_settings(following).splitlines())
    if config.epochs is None:
        remarks += "# (for few samples more epochs, and patience and lr_decay_every likewise)\n"
    settings = {**others, **config.to_dict()}
    lines = {name: write_settings({name: value}) for name, value in settings.items()}
    text = "".join(finish(name, line) for name, line in lines.items()) + remarks
    if config.measured:
        text += f"\n[{MEASURED}]\n{write_settings(config.measured)}"
    return text


def _known(file: SettingsFile, key: str, known: Collection[str]) -> str:
    name = canonical(key)
    if name not in known:
        advice = suggestion(name, known) or "; `gpunet config` prints all of them"
        raise UsageError(f"{file.location(key)}: {key!r} is no setting of training{advice}")
    return name


def _checked(file: SettingsFile, name: str, value: Any) -> Any:
    """Check a value, and parse texts such as ``16,16``."""
    row = SETTINGS.get(name) or RUN_SETTINGS[name]
    if name == "label" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    try:
        return row.check(row.parse(value) if row.parse and isinstance(value, str) else value)
    except SettingError as error:
        raise file.with_location(error) from error


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
    # JSON strings are valid TOML, except for one control character that JSON does not escape.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
