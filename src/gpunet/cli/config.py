"""``gpunet config``: all settings of a training as TOML that ``--config`` reads back."""

from __future__ import annotations

import inspect
from typing import Any

import typer

from gpunet.cli.setting_options import with_settings
from gpunet.cli.train import train
from gpunet.config import TrainConfig
from gpunet.config.settings_file import RUN_SETTINGS, settings_text

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
    others = {name: context.params.get(name) for name in RUN_SETTINGS}
    typer.echo(settings_text(others, config), nl=False)


config = with_settings(_config)
config.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [one for name, one in inspect.signature(train).parameters.items() if name not in UNWRITTEN]
)
