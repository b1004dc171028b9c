"""A device's name as people say it, for lines and columns with little room.

The whole name belongs to ``engine.device``, and to ``gpunet devices``, which shows it.
"""

from __future__ import annotations

import re

from gpunet.engine.factory import Device
from gpunet.engine.interface import DeviceInfo
from gpunet.terminal.draw import formats

__all__ = ["device_in_words", "device_reason", "short_name"]

ADDITION = re.compile(r"\s+\([^()]*\)$")
"""What drivers put behind a name: the chip, the compiler, the length of vectors."""


def short_name(name: str) -> str:
    """``llvmpipe`` of ``llvmpipe (LLVM 15.0.6, 256 bits)``; another name as it is."""
    return ADDITION.sub("", name)


def device_in_words(info: DeviceInfo) -> str:
    """``llvmpipe (software adapter, Vulkan)``."""
    return f"{short_name(info.name)} ({info.kind}, {info.backend})"


def device_reason(choice: Device) -> str:
    """Which device and why, in a line that fits a terminal."""
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
