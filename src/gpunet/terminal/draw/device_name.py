"""Short device names, for lines and columns with little room.

Full names belong to ``engine.device``; ``gpunet devices`` shows them.
"""

from __future__ import annotations

import re

from gpunet.engine.factory import Device
from gpunet.engine.interface import DeviceInfo
from gpunet.terminal.draw import formats

__all__ = ["device_in_words", "device_reason", "short_name"]

ADDITION = re.compile(r"\s+\([^()]*\)$")
"""Parenthesized details that drivers append to a name: chip, compiler, vector width."""


def short_name(name: str) -> str:
    """A name without trailing details: ``llvmpipe`` for ``llvmpipe (LLVM 15.0.6, 256 bits)``."""
    return ADDITION.sub("", name)


def device_in_words(info: DeviceInfo) -> str:
    """A device's short name, kind and backend: ``llvmpipe (software adapter, Vulkan)``."""
    return f"{short_name(info.name)} ({info.kind}, {info.backend})"


def device_reason(choice: Device) -> str:
    """Which device was chosen and why, in one short line."""
    trial, rival = choice.trial, choice.rival
    if trial is None or rival is None:
        return choice.reason.replace(str(choice.info), device_in_words(choice.info))
    numpy, adapter = formats.seconds(trial.numpy), formats.seconds(trial.adapter)
    if trial.adapter_wins:
        words = f"{device_in_words(choice.info)}, {adapter} a step; numpy takes {numpy}"
    else:
        words = f"numpy, {numpy} a step; the software adapter {short_name(rival.info.name)} takes "
        words += f"{adapter}, not clearly less" if trial.adapter < trial.numpy else adapter
    return f"{words} (measured before)" if trial.known else words
