"""Measurements of adapters, kept between runs in the user's cache folder.

``tile_cache``, ``device_trial``, ``plan_trial`` and ``verdicts`` decide what is measured and which
values are valid. The files are a convenience: a damaged or foreign file counts as empty, and if no
file can be written, the next run measures again.
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
"""Enough bytes for some ten thousand measurements; a larger file is replaced without reading it."""


class Measurements:
    """The measurements of one adapter with its current driver, in a file of the cache folder.

    ``more`` names whatever else they depend on. An absolute path names a file anywhere else.
    """

    def __init__(self, info: DeviceInfo, file: str | Path, more: str = "") -> None:
        self._path = cache_folder() / file
        self._adapter = f"{info}, {info.driver}{more}"
        self._own = _adapters(self._path).get(self._adapter, {})

    def get(self, key: str) -> Any:
        """The value kept under this key, of any type that JSON has; ``None`` if there is none."""
        return self._own.get(key)

    def keep(self, key: str, value: Any) -> None:
        """Remember a value that JSON can hold, also in the file if it can be written."""
        self._own[key] = value
        known = _adapters(self._path)
        self._write({**known, self._adapter: {**known.get(self._adapter, {}), **self._own}})

    def forget(self) -> None:
        """Forget all measurements of this adapter."""
        self._own = {}
        self._write({**_adapters(self._path), self._adapter: {}})

    def _write(self, adapters: Mapping[str, Mapping[str, Any]]) -> None:
        """Write the file as a whole; if several processes write at once, the last one wins."""
        text = json.dumps({**versions(), "adapters": adapters}, indent=1)
        with suppress(OSError):
            store(self._path, lambda file: file.write(text.encode()))


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """A file's content: the versions that wrote it, and values by adapter and key."""

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
    """Versions of what shaders depend on: gpunet, and wgpu, which translates them for drivers."""
    import wgpu

    return {"gpunet": __version__, "wgpu": wgpu.__version__}
