"""The fastest tiles as measured, kept from run to run in the user's cache folder.

``tile_trials`` measures them, ``tiles`` has the tiles to choose from, and ``measurements`` keeps
the file.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from gpunet.engine.interface import DeviceInfo
from gpunet.engine.measurements import Measurements
from gpunet.engine.planning.shader_source import assemble
from gpunet.engine.planning.tiles import TILES, Product, Tile, Traits, candidates
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.device import open_device

__all__ = ["TileCache"]

FILE = "tiles.json"


class TileCache:
    """The fastest tiles measured on one adapter with its present driver.

    A tile that the adapter's traits do not allow is never returned.
    """

    def __init__(self, info: DeviceInfo, traits: Traits, file: str | Path = FILE) -> None:
        self.traits = traits
        self._possible = {tile.name: tile for tile in candidates(traits)}
        self._names = Measurements(info, file)

    @classmethod
    def of(cls, adapter: Adapter) -> TileCache:
        """The cache in the user's folder."""
        return cls(adapter.info, open_device(adapter).traits)

    def tile(self, product: Product) -> Tile | None:
        """The fastest tile for this product; ``None`` if it was not measured."""
        name = self._names.get(_key(product))
        tile = self._possible.get(name) if isinstance(name, str) else None
        return tile if tile is not None and tile.fits(product) else None

    def keep(self, product: Product, tile: Tile) -> None:
        """Remember the fastest tile, also in the file if that can be written."""
        self._names.keep(_key(product), tile.name)

    def forget(self) -> None:
        """Forget everything that was measured on this adapter."""
        self._names.forget()


def _key(product: Product) -> str:
    """The key of a product in the file; it changes if the shader changes.

    Activation, optimizer and the like do not matter: they cost every tile the same.
    """
    return f"{product}, {_digest(product.kernel)}"


@cache
def _digest(kernel: str) -> str:
    """Digest of the kernel's files and of all tiles' files."""
    texts = (assemble((tile.shader, kernel)).text for tile in TILES)
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:16]
