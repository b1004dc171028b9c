"""``gpunet config``: all settings of a training as TOML that ``--config`` reads back."""

from __future__ import annotations

import inspect
from typing import Any

import typer

from gpunet.cli.setting_options import with_settings
from gpunet.cli.train import train
from gpunet.config import FOLLOWING, TrainConfig
from gpunet.config.settings_file import MEASURED, RUN_SETTINGS, write_settings

__all__ = ["config"]


UNWRITTEN = {"named", "resume"}
"""Parameters of `gpunet train` that no file of settings holds."""


def _config(*, context: typer.Context, config: TrainConfig, **_: Any) -> None:
    """Print the settings that `gpunet train` would train with, as TOML for its --config.

    Defaults that follow from the optimizer or other settings stand in comments.

    Examples:
        gpunet config > run.toml   # to edit, and to train with by --config
        gpunet config --recipe nielsen
        gpunet config --optimizer sgd --lr 0.1
    """
    following = {
        name: config.in_effect(name) for name in FOLLOWING if getattr(config, name) is None
    }
    others = {name: context.params.get(name) for name in RUN_SETTINGS}
    remarks = "".join(f"# {line}\n" for line in write_settings(following).splitlines())
    if config.epochs is None:
        remarks += "# (for few samples more epochs, and patience and lr_decay_every likewise)\n"
    text = write_settings(others) + write_settings(config.to_dict()) + remarks
    if config.measured:
        text += f"\n[{MEASURED}]\n{write_settings(config.measured)}"
    typer.echo(text, nl=False)


config = with_settings(_config)
config.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [one for name, one in inspect.signature(train).parameters.items() if name not in UNWRITTEN]
)
