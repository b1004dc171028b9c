"""Results of adapter checks, kept in the user's cache folder.

Separate from ``adapter_check``, so that choosing a device does not import the code of the check.
"""

from __future__ import annotations

from collections.abc import Sequence

from gpunet.engine.interface import DeviceInfo
from gpunet.engine.measurements import Measurements

__all__ = ["FILE", "KEY", "keep_faults", "known_faults"]

FILE, KEY = "checks.json", "faults"
"""The file that keeps the faults, and its key; remove the file to check all adapters again."""


def known_faults(info: DeviceInfo) -> list[str] | None:
    """What is wrong with an adapter's kernels; ``None`` if it has not been checked."""
    faults = Measurements(info, FILE).get(KEY)
    return list(map(str, faults)) if isinstance(faults, list) else None


def keep_faults(info: DeviceInfo, faults: Sequence[str]) -> None:
    """Remember what is wrong with an adapter's kernels, also in the file if it can be written."""
    Measurements(info, FILE).keep(KEY, list(faults))
