"""Which tile is chosen for which times, and for which products times are worth taking."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.planning.layered import training_plan
from gpunet.engine.planning.passes import Pass, Plan
from gpunet.engine.planning.tiles import EIGHT_LANES_16, EIGHT_LANES_32, LARGE, SMALL, Tile, Traits
from gpunet.engine.planning.workload import Workload
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.device import open_device
from gpunet.engine.wgpu.tile_cache import TileCache
from gpunet.engine.wgpu.tile_trials import measure_tiles, worth_measuring
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine

TRAITS = Traits(software=True, lanes=8)
SAMPLES = Samples(np.zeros((4, 784), np.uint8), np.zeros(4, np.int32))


@pytest.fixture
def tiles(tmp_path: Path) -> TileCache:
    info = DeviceInfo("adapter", "software adapter", "Vulkan", "driver")
    return TileCache(info, TRAITS, tmp_path / "tiles.json")


def layered(*hidden: int, rows: int = 64) -> Plan:
    return training_plan(Workload(NetworkSpec(784, hidden, 10), rows, TRAITS))


@dataclass
class Stopwatch:
    """Stands for an engine on which every tile takes as long as it is told."""

    seconds: Mapping[Tile, float]
    population: int = 1
    batch_size: int = 2
    timed: list[Tile] = field(default_factory=list)

    def load(self, *_: object) -> None:
        pass

    def begin_epoch(self, *_: object) -> None:
        pass

    def time_pass(self, one: Pass, repeats: int) -> Any:
        tile = next(
            tile
            for tile in self.seconds
            if (tile.shader, tile.row_threads) == (one.pieces[0], one.constants["ROW_THREADS"])
        )
        self.timed.append(tile)
        return SimpleNamespace(seconds=self.seconds[tile])


TIMES = {EIGHT_LANES_32: 1.0, EIGHT_LANES_16: 1.0, LARGE: 1.0, SMALL: 1.0}


@pytest.mark.parametrize(
    ("faster", "expected"),
    [
        ({}, EIGHT_LANES_32),
        ({LARGE: 0.95}, EIGHT_LANES_32),
        ({LARGE: 0.8}, LARGE),
        ({LARGE: 0.8, SMALL: 0.7}, SMALL),
    ],
)
def test_a_tile_must_be_clearly_faster_than_the_tables_to_be_taken(
    tiles: TileCache, faster: Mapping[Tile, float], expected: Tile
) -> None:
    one = layered(64).passes[0]
    engine: Any = Stopwatch({**TIMES, **faster})
    (measured,) = measure_tiles(engine, SAMPLES, [one, one], tiles)
    assert measured.table == EIGHT_LANES_32
    assert expected == measured.chosen
    assert {**TIMES, **faster} == measured.seconds
    assert one.product is not None
    assert expected == tiles.tile(one.product)


def test_a_hopeless_tile_is_soon_given_up(tiles: TileCache) -> None:
    engine: Any = Stopwatch({**TIMES, SMALL: 3.0})
    list(measure_tiles(engine, SAMPLES, layered(64).passes[:1], tiles))
    assert engine.timed.count(SMALL) < engine.timed.count(LARGE)
    assert engine.timed.count(EIGHT_LANES_32) == engine.timed.count(LARGE)


def labels(passes: list[Pass]) -> list[str]:
    return [one.label for one in passes]


def test_products_are_measured_if_they_are_large_and_the_training_is_long(
    tiles: TileCache,
) -> None:
    plan = layered(128, 16)
    assert worth_measuring(plan, tiles, 100) == []
    long = labels(worth_measuring(plan, tiles, 100_000))
    assert long == ["forward 1", "update 1"]  # the others are too small
    epochs = 15 * 430
    long = labels(worth_measuring(layered(512, 512, rows=128), tiles, epochs))
    assert long == ["forward 1", "forward 2", "input_gradient 2", "update 1", "update 2"]


def test_what_is_known_is_not_measured_again(tiles: TileCache) -> None:
    plan = layered(64)
    product = plan.passes[0].product
    assert product is not None
    tiles.keep(product, LARGE)
    assert labels(worth_measuring(plan, tiles, math.inf)) == ["update 1"]


def test_an_adapter_measures_and_trains_with_what_it_has_measured(
    adapter: Adapter, tmp_path: Path, random_samples: Callable[..., Samples]
) -> None:
    samples, network = random_samples(32, 100, 3), NetworkSpec(100, (64,), 3)
    tiles = TileCache(adapter.info, open_device(adapter).traits, tmp_path / "tiles.json")
    config = TrainConfig(optimizer="sgd", batch_size=32)
    with WgpuEngine(network, config, adapter, "layered") as engine:
        engine.load("train", samples)
        passes = worth_measuring(engine.training_plan(), tiles, math.inf)
        assert labels(passes) == ["forward 1", "update 1"]
        measured = list(measure_tiles(engine, samples, passes, tiles))
    assert all(seconds > 0 for one in measured for seconds in one.seconds.values())
    for one in measured:
        assert one.chosen == one.table or one.seconds[one.chosen] < one.seconds[one.table]
        tiles.keep(one.product, SMALL if adapter.software else LARGE)
    with WgpuEngine(network, config, adapter, "layered", tiles) as engine:
        engine.load("train", samples)
        taken = {one.label: one.pieces[0] for one in engine.training_plan().passes}
    expected = (SMALL if adapter.software else LARGE).shader
    assert {expected} == {taken["forward 1"], taken["update 1"]}
