"""What was measured on an adapter, kept from run to run in the user's cache folder.

What is measured, and what a measurement must be to be believed, belongs to ``tile_cache``,
``device_trial``, ``plan_trial`` and ``verdicts``. The files are a convenience: one that is damaged
or foreign counts as empty, and where none can be written, the next run measures again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from gpunet import __version__
from gpunet.engine.interface import DeviceInfo
from gpunet.files.cache import cache_folder, store

__all__ = ["Measurements", "versions"]

LARGEST = 1 << 20
"""Bytes of a file of some ten thousand measurements; a larger one is not read but replaced."""


class Measurements:
    """What a file of the cache folder holds of an adapter with its present driver.

    ``more`` names what else the measurements depend on. An absolute path names any other file.
    """

    def __init__(self, info: DeviceInfo, file: str | Path, more: str = "") -> None:
        self._path = cache_folder() / file
        self._adapter = f"{info}, {info.driver}{more}"
        self._own = _adapters(self._path).get(self._adapter, {})

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


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """What a file holds: the versions that wrote it, and values by adapter and key."""

    gpunet: str
    wgpu: str
    adapters: dict[str, dict[str, Any]]


def _adapters(path: Path) -> dict[str, dict[str, Any]]:
    """The file's values by adapter and key, if these versions wrote it."""
    with suppress(OSError, ValueError, RecursionError):
        if path.is_file() and path.stat().st_size <= LARGEST:
            file = msgspec.json.decode(path.read_bytes(), type=_File)
            if versions() == {"gpunet": file.gpunet, "wgpu": file.wgpu}:
                return file.adapters
    return {}


def versions() -> dict[str, str]:
    """Versions of what makes the shaders: gpunet, and wgpu, which translates them for drivers."""
    import wgpu

    return {"gpunet": __version__, "wgpu": wgpu.__version__}
