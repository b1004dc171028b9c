"""A device's name as people say it, for lines and columns with little room.

The whole name belongs to ``engine.device``, and to ``gpunet devices``, which shows it.
"""

from __future__ import annotations

import re

from gpunet.engine.interface import DeviceInfo

__all__ = ["device_in_words", "short_name"]

ADDITION = re.compile(r"\s+\([^()]*\)$")
"""What drivers put behind a name: the chip, the compiler, the length of vectors."""


def short_name(name: str) -> str:
    """``llvmpipe`` of ``llvmpipe (LLVM 15.0.6, 256 bits)``; another name as it is."""
    return ADDITION.sub("", name)


def device_in_words(info: DeviceInfo) -> str:
    """``llvmpipe (software adapter, Vulkan)``."""
    return f"{short_name(info.name)} ({info.kind}, {info.backend})"
