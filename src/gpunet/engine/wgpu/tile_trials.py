"""Measuring which tile is the fastest for a product of matrices on an adapter.

``tiles`` says what may be chosen, and ``tile_cache`` keeps what was found. A product gives the same
numbers with any tile, so a training's results do not depend on what else the machine did while this
measured.

The caller says how long the training will be, before it begins: an engine learns only from
epoch to epoch that there is another one, and users shall see what they are waiting for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from gpunet.datasets.dataset import Samples
from gpunet.engine.planning.passes import Pass, Plan, cut
from gpunet.engine.planning.tiles import LARGE_PRODUCT, Product, Tile, candidates, choose_tile
from gpunet.engine.timing import repetitions
from gpunet.engine.wgpu.tile_cache import TileCache
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine

__all__ = ["Measured", "measure_tiles", "worth_measuring"]

WORTHWHILE = {True: 1e11, False: 1e10}
"""Multiplications that a training must spend in a product, on software adapters and on hardware.

The tiles of one product take about 1 s to compile and to time on Mesa's software driver, which does
1e11 multiplications in 4 to 8 s; SwiftShader takes as long to measure and 40 to 80 s to multiply.
Hardware compiles and multiplies faster, by how much is a guess."""

CLEARLY_FASTER = 0.9
"""Share of the time of the tile in the table; timings scatter by nearly as much."""

HOPELESS = 1.5
"""Times the best first timing, from which on a tile is not timed again."""

TIMINGS = 5
"""Timings of each tile, of which the median counts; the tiles take turns."""

SECONDS_A_TIMING = 0.02


@dataclass(frozen=True, slots=True)
class Measured:
    """A product with the times of its tiles.

    Args:
        label: of the pass.
        product: that it computes.
        seconds: of the product, for each tile; of a hopeless one the first impression.
        table: the tile that is taken without measuring.
        chosen: the fastest, if it is clearly faster than that one.
    """

    label: str
    product: Product
    seconds: Mapping[Tile, float]
    table: Tile
    chosen: Tile


def worth_measuring(plan: Plan, tiles: TileCache, steps: float) -> list[Pass]:
    """The passes of a training step for whose products measuring pays and was not done yet.

    With infinitely many steps it is all products whose tiles matter.
    """
    least = WORTHWHILE[tiles.traits.software]
    return [
        one
        for one in plan.passes
        if one.product is not None
        and one.product.multiplications >= LARGE_PRODUCT * one.product.networks
        and one.product.multiplications * steps >= least
        and tiles.tile(one.product) is None
    ]


def measure_tiles(
    engine: WgpuEngine, samples: Samples, passes: Sequence[Pass], tiles: TileCache
) -> Iterator[Measured]:
    """Time the tiles of these passes and keep the fastest; products that are alike only once.

    Two batches of samples are enough. The engine is of no further use afterwards.
    """
    _begin(engine, samples)
    for one in passes:
        assert one.product is not None, "worth_measuring gives products"
        if tiles.tile(one.product) is None:
            measured = _measure(engine, one, one.product, tiles)
            tiles.keep(one.product, measured.chosen)
            yield measured


def _begin(engine: WgpuEngine, samples: Samples) -> None:
    """Begin an epoch of two steps; products keep to the second one, however often repeated."""
    engine.load("train", samples)
    order = np.arange(2 * engine.batch_size, dtype=np.uint32) % len(samples)
    rates = np.zeros((engine.population, 2))
    engine.begin_epoch(np.tile(order, (engine.population, 1)), rates, 0)


def _measure(engine: WgpuEngine, one: Pass, product: Product, tiles: TileCache) -> Measured:
    table = choose_tile(product, tiles.traits)
    others = [tile for tile in candidates(tiles.traits) if tile != table and tile.fits(product)]
    passes = {tile: cut(one, tile) for tile in (table, *others)}
    first = {tile: _first_impression(engine, one) for tile, one in passes.items()}
    best = min(first.values())
    repeats = repetitions(best, SECONDS_A_TIMING)
    rivals = [tile for tile in passes if tile == table or first[tile] < HOPELESS * best]
    taken: dict[Tile, list[float]] = {tile: [] for tile in rivals}
    for _ in range(TIMINGS if len(rivals) > 1 else 0):
        for tile, timings in taken.items():
            timings.append(engine.time_pass(passes[tile], repeats).seconds)
    seconds = {**first, **{tile: median(timings) for tile, timings in taken.items() if timings}}
    fastest = min(seconds, key=seconds.__getitem__)
    clearly = seconds[fastest] < CLEARLY_FASTER * seconds[table]
    return Measured(one.label, product, seconds, table, fastest if clearly else table)


def _first_impression(engine: WgpuEngine, one: Pass) -> float:
    """Seconds of the better of two, after one that compiles."""
    engine.time_pass(one, 1)
    return min(engine.time_pass(one, 1).seconds for _ in range(2))
