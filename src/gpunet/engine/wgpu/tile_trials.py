"""Measures which tile is the fastest for a matmul on an adapter.

``tiles`` has the tiles to choose from, and ``tile_cache`` keeps the results. A matmul gives the
same numbers with any tile, so other work during the measurement cannot change a training's results.

The caller says before the training how long it will be, because an engine does not know the number
of epochs in advance, and so that users see what they are waiting for.
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
"""Fewest multiplications that a training must spend in a matmul to make measuring pay, on software
adapters (``True``) and on hardware.

Mesa's software driver takes about 1 s to compile and time the tiles of one matmul, and 4 to 8 s for
1e11 multiplications; SwiftShader takes as long to measure and 40 to 80 s to multiply. Hardware
compiles and multiplies faster; the value for it is a guess."""

CLEARLY_FASTER = 0.9
"""A tile must take less than this fraction of the default tile's time; timings vary nearly as
much."""

HOPELESS = 1.5
"""A tile whose first timing is this many times the best one is not timed again."""

TIMINGS = 5
"""Timings of each tile; the median counts, and the tiles take turns."""

SECONDS_A_TIMING = 0.02


@dataclass(frozen=True, slots=True)
class Measured:
    """The measured times of a matmul's tiles.

    Args:
        label: the label of the pass.
        product: the matmul that the pass computes.
        seconds: the time with each tile; for a hopeless tile, that of its first timing.
        table: the default tile, used without measuring.
        chosen: the fastest tile if it is clearly faster than the default, else the default.
    """

    label: str
    product: Product
    seconds: Mapping[Tile, float]
    table: Tile
    chosen: Tile


def worth_measuring(plan: Plan, tiles: TileCache, steps: float) -> list[Pass]:
    """The passes of a training step whose matmuls are worth measuring and not yet measured.

    With infinitely many steps these are all matmuls whose tiles matter.
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
    """Time the tiles of these passes and keep the fastest; equal matmuls are timed once.

    Two batches of samples are enough. The engine cannot be used afterwards.
    """
    _begin(engine, samples)
    for one in passes:
        assert one.product is not None, "worth_measuring gives products"
        if tiles.tile(one.product) is None:
            measured = _measure(engine, one, one.product, tiles)
            tiles.keep(one.product, measured.chosen)
            yield measured


def _begin(engine: WgpuEngine, samples: Samples) -> None:
    """Begin an epoch of two steps; repeated matmuls all work on the second one."""
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
    """The shorter of two timings in seconds, after a run that compiles."""
    engine.time_pass(one, 1)
    return min(engine.time_pass(one, 1).seconds for _ in range(2))
