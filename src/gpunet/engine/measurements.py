"""What was measured on an adapter, kept from run to run in the user's cache folder.

Owns the files' form. What is measured, and what a measurement must be to be believed, belongs to
``tile_cache``, ``device_trial``, ``plan_trial`` and ``verdicts``; where the folder lies to
``files.cache``. The files are a
convenience: one that is damaged or foreign counts as empty, and where none can be written, the next
run measures again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from gpunet import __version__
from gpunet.engine.interface import DeviceInfo
from gpunet.files.cache import store

__all__ = ["Measurements", "versions"]

LARGEST = 1 << 20
"""Bytes of a file of some ten thousand measurements; a larger one is not read but replaced."""


class Measurements:
    """What a file holds of an adapter, whose name tells all that its measurements depend on."""

    def __init__(self, path: Path, adapter: str) -> None:
        self._path = path
        self._adapter = adapter
        self._own = _adapters(path).get(adapter, {})

    @classmethod
    def of(cls, info: DeviceInfo, path: Path, more: str = "") -> Self:
        """What a file holds of an adapter with its driver; ``more`` names what else counts."""
        return cls(path, f"{info}, {info.driver}{more}")

    def get(self, key: str) -> Any:
        """What was kept under this key, of whatever kind a file may hold; ``None`` if nothing."""
        return self._own.get(key)

    def keep(self, key: str, value: Any) -> None:
        """Remember a value that JSON can hold, in the file as well if that can be written."""
        self._own[key] = value
        known = _adapters(self._path)
        self._write({**known, self._adapter: {**known.get(self._adapter, {}), **self._own}})

    def forget(self) -> None:
        """Forget all that was measured on this adapter."""
        self._own = {}
        self._write({**_adapters(self._path), self._adapter: {}})

    def _write(self, adapters: Mapping[str, Mapping[str, Any]]) -> None:
        """Whoever else writes at the same time, the file stays whole; the last one wins."""
        text = json.dumps({**versions(), "adapters": adapters}, indent=1)
        with suppress(OSError):
            store(self._path, lambda file: file.write(text.encode()))


def _adapters(path: Path) -> dict[str, dict[str, Any]]:
    """The file's values by adapter and key, if these versions wrote it."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return {}
        content: Any = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    adapters = content.pop("adapters", None)
    if content != versions() or not isinstance(adapters, dict):
        return {}
    return {adapter: values for adapter, values in adapters.items() if isinstance(values, dict)}


def versions() -> dict[str, str]:
    """Versions of what makes the shaders: gpunet, and wgpu, which translates them for drivers."""
    import wgpu

    return {"gpunet": __version__, "wgpu": wgpu.__version__}
