"""Tiles that were measured to be the fastest, kept from run to run in the user's cache folder.

How they are measured is said by ``tile_trials``, what may be chosen by ``tiles``, and where the
folder lies by ``datasets.cache``. The file is a convenience: one that is damaged or foreign counts
as empty, and where none can be written, the next run measures again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from gpunet import __version__
from gpunet.datasets.cache import cache_folder, store
from gpunet.engine.device import Adapter, open_device
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.shader_source import assemble
from gpunet.engine.tiles import TILES, Product, Tile, Traits, candidates

__all__ = ["TileCache"]

FILE = "tiles.json"

LARGEST = 1 << 20
"""Bytes; some ten thousand products. A larger file is not read but replaced."""


class TileCache:
    """What was measured on one adapter with its present driver.

    Args:
        info: of the adapter.
        traits: of the adapter; a tile that they do not allow is never given.
        path: of the file.
    """

    def __init__(self, info: DeviceInfo, traits: Traits, path: Path) -> None:
        self.traits = traits
        self._path = path
        self._adapter = f"{info}, {info.driver}"
        self._possible = {tile.name: tile for tile in candidates(traits)}
        self._names = _adapters(path).get(self._adapter, {})  # of tiles, by the products' keys

    @classmethod
    def of(cls, adapter: Adapter) -> TileCache:
        """The user's own.

        Raises:
            DeviceError: the adapter cannot be opened.
        """
        return cls(adapter.info, open_device(adapter).traits, cache_folder() / FILE)

    def tile(self, product: Product) -> Tile | None:
        """The fastest for this product; ``None`` if that was not measured."""
        tile = self._possible.get(self._names.get(_key(product), ""))
        return tile if tile is not None and tile.fits(product) else None

    def keep(self, product: Product, tile: Tile) -> None:
        """Remember the fastest, in the file as well if that can be written."""
        self._names[_key(product)] = tile.name
        known = _adapters(self._path)
        self._write({**known, self._adapter: {**known.get(self._adapter, {}), **self._names}})

    def forget(self) -> None:
        """Forget all that was measured on this adapter."""
        self._names = {}
        self._write({**_adapters(self._path), self._adapter: {}})

    def _write(self, adapters: Mapping[str, Mapping[str, str]]) -> None:
        """Whoever else writes at the same time, the file stays whole; the last one wins."""
        text = json.dumps({**_versions(), "adapters": adapters}, indent=1)
        with suppress(OSError):
            store(self._path, lambda file: file.write(text.encode()))


def _adapters(path: Path) -> dict[str, dict[str, str]]:
    """The file's names of tiles by adapter and product, if these versions wrote it."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return {}
        content: Any = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    adapters = content.pop("adapters", None)
    if content != _versions() or not isinstance(adapters, dict):
        return {}
    return {
        adapter: {key: name for key, name in names.items() if isinstance(name, str)}
        for adapter, names in adapters.items()
        if isinstance(names, dict)
    }


def _versions() -> dict[str, str]:
    """Of what makes the shaders: gpunet, and wgpu, which translates them for the driver."""
    import wgpu

    return {"gpunet": __version__, "wgpu": wgpu.__version__}


def _key(product: Product) -> str:
    """A product as the file knows it; with another shader it is another product.

    Activation, optimizer and the like do not count: they cost every tile the same.
    """
    return f"{product}, {_digest(product.kernel)}"


@cache
def _digest(kernel: str) -> str:
    """Of the kernel's files and all tiles'."""
    texts = (assemble((tile.shader, kernel)).text for tile in TILES)
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:16]
