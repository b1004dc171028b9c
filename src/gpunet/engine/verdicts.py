"""What the checks of adapters have found, kept in the user's cache folder.

Apart from the check itself (``adapter_check``), so that choosing a device needs none of its code.
"""

from __future__ import annotations

from collections.abc import Sequence

from gpunet.engine.interface import DeviceInfo
from gpunet.engine.measurements import Measurements

__all__ = ["FILE", "KEY", "keep_faults", "known_faults"]

FILE, KEY = "checks.json", "faults"
"""Where the faults are kept; once it is removed, all adapters are checked again."""


def known_faults(info: DeviceInfo) -> list[str] | None:
    """What is wrong with an adapter's kernels; ``None`` if it has not been checked."""
    faults = Measurements(info, FILE).get(KEY)
    return list(map(str, faults)) if isinstance(faults, list) else None


def keep_faults(info: DeviceInfo, faults: Sequence[str]) -> None:
    """Remember what is wrong with an adapter's kernels, in the file if that can be written."""
    Measurements(info, FILE).keep(KEY, list(faults))
