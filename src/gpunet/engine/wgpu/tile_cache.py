"""Tiles that were measured to be the fastest, kept from run to run in the user's cache folder.

``tile_trials`` measures them, ``tiles`` says what may be chosen, and ``measurements`` keeps the
file.
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
    """What was measured on one adapter with its present driver.

    A tile that the adapter's traits do not allow is never given.
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
        """The fastest for this product; ``None`` if that was not measured."""
        name = self._names.get(_key(product))
        tile = self._possible.get(name) if isinstance(name, str) else None
        return tile if tile is not None and tile.fits(product) else None

    def keep(self, product: Product, tile: Tile) -> None:
        """Remember the fastest, in the file as well if that can be written."""
        self._names.keep(_key(product), tile.name)

    def forget(self) -> None:
        """Forget all that was measured on this adapter."""
        self._names.forget()


def _key(product: Product) -> str:
    """A product as the file knows it; with another shader it is another product.

    Activation, optimizer and the like do not count: they cost every tile the same.
    """
    return f"{product}, {_digest(product.kernel)}"


@cache
def _digest(kernel: str) -> str:
    """Digest of the kernel's files and of all tiles' files."""
    texts = (assemble((tile.shader, kernel)).text for tile in TILES)
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:16]
