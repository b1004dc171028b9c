"""The command line that trains a network with given settings."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

from gpunet.config import TrainConfig

__all__ = ["train_command"]

OPTIONS = {"initialisation": "init"}
"""Fields whose options have other names."""


def train_command(config: TrainConfig, data: str, device: str = "auto") -> str:
    """`gpunet train` with all settings that are no defaults, ready for a shell.

    Args:
        config: how to train.
        data: what ``--data`` takes.
        device: what ``--device`` takes.
    """
    words = ["gpunet", "train", "--data", data]
    words += [] if device == "auto" else ["--device", device]
    default = TrainConfig()
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if value != getattr(default, field.name):
            words += _option(field.name, value)
    return shlex.join(words)


def _option(name: str, value: Any) -> list[str]:
    option = OPTIONS.get(name, name).replace("_", "-")
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    if isinstance(value, tuple):
        return [f"--{option}", ",".join(map(str, value)) or "none"]
    return [f"--{option}", str(value)]
