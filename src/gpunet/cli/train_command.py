"""The command line that trains a network with given settings."""

from __future__ import annotations

import shlex
from typing import Any

from gpunet.cli.setting_options import option
from gpunet.config import SETTINGS, TrainConfig
from gpunet.config.texts import written

__all__ = ["train_command"]


def train_command(config: TrainConfig, data: str, device: str = "auto") -> str:
    """`gpunet train` with all settings that are no defaults, ready for a shell.

    Args:
        config: how to train.
        data: what ``--data`` takes.
        device: what ``--device`` takes.
    """
    words = ["gpunet", "train", "--data", data]
    words += [] if device == "auto" else ["--device", device]
    for name, row in SETTINGS.items():
        value = getattr(config, name)
        if value != row.default:
            words += _option(name, value)
    return shlex.join(words)


def _option(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [option(name if value else f"no_{name}")]
    return [option(name), written(value)]
