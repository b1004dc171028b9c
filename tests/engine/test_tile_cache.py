"""The tiles that were measured, kept in a file that nobody need trust."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gpunet.engine import measurements
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.planning.tiles import EIGHT_LANES_32, LARGE, SMALL, Product, Traits
from gpunet.engine.wgpu import tile_cache
from gpunet.engine.wgpu.tile_cache import TileCache

PRODUCT = Product("forward_sample", 64, 64, 784, 1)
ADAPTER = DeviceInfo("adapter", "software adapter", "Vulkan", "driver 1")
OTHER = DeviceInfo("adapter", "software adapter", "Vulkan", "driver 2")
EIGHT_LANES = Traits(software=True, lanes=8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "tiles.json"


def test_what_was_kept_is_known_to_the_next_run(path: Path) -> None:
    TileCache(ADAPTER, EIGHT_LANES, path).keep(PRODUCT, LARGE)
    assert TileCache(ADAPTER, EIGHT_LANES, path).tile(PRODUCT) == LARGE
    wider = Product("forward_sample", 64, 128, 784, 1)
    assert TileCache(ADAPTER, EIGHT_LANES, path).tile(wider) is None


def test_another_driver_or_shader_is_measured_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    TileCache(ADAPTER, EIGHT_LANES, path).keep(PRODUCT, LARGE)
    assert TileCache(OTHER, EIGHT_LANES, path).tile(PRODUCT) is None
    monkeypatch.setattr(tile_cache, "_digest", lambda _: "changed")
    assert TileCache(ADAPTER, EIGHT_LANES, path).tile(PRODUCT) is None


def test_adapters_forget_each_for_itself(path: Path) -> None:
    for adapter in (ADAPTER, OTHER):
        TileCache(adapter, EIGHT_LANES, path).keep(PRODUCT, LARGE)
    forgetful = TileCache(ADAPTER, EIGHT_LANES, path)
    forgetful.forget()
    assert forgetful.tile(PRODUCT) is None
    assert TileCache(ADAPTER, EIGHT_LANES, path).tile(PRODUCT) is None
    assert TileCache(OTHER, EIGHT_LANES, path).tile(PRODUCT) == LARGE


def test_a_tile_that_the_adapter_or_the_product_does_not_allow_is_not_given(path: Path) -> None:
    TileCache(ADAPTER, EIGHT_LANES, path).keep(PRODUCT, EIGHT_LANES_32)
    assert TileCache(ADAPTER, Traits(software=True), path).tile(PRODUCT) is None
    tall = Product("update_sample", 2_000_000, 10, 64, 1)
    tiles = TileCache(ADAPTER, EIGHT_LANES, path)
    tiles.keep(tall, SMALL)
    assert tiles.tile(tall) is None


def _replace(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


def _edit(change: Callable[[dict[str, object]], object]) -> Callable[[Path], object]:
    def edit(path: Path) -> None:
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return edit


def _rename_tiles(content: dict[str, object]) -> None:
    for names in content["adapters"].values():  # type: ignore[attr-defined]
        names.update(dict.fromkeys(names, "no such tile"))


@pytest.mark.parametrize(
    "damage",
    [
        _replace(""),
        _replace("[" * 100_000),
        _replace('{"gpunet": 1, "adapters": []}'),
        _replace("[1, 2]"),
        lambda path: path.write_bytes(b"\xff\xfe\x00"),
        lambda path: path.write_bytes(path.read_bytes() + b" " * measurements.LARGEST),
        _edit(lambda content: content.update(gpunet="0.0.0")),
        _edit(lambda content: content.update(adapters=[1])),
        _edit(lambda content: content.update(adapters={"adapter": 1})),
        _edit(_rename_tiles),
    ],
)
def test_a_damaged_or_foreign_file_counts_as_empty_and_is_replaced(
    path: Path, damage: Callable[[Path], object]
) -> None:
    TileCache(ADAPTER, EIGHT_LANES, path).keep(PRODUCT, LARGE)
    damage(path)
    tiles = TileCache(ADAPTER, EIGHT_LANES, path)
    assert tiles.tile(PRODUCT) is None
    tiles.keep(PRODUCT, SMALL)
    assert TileCache(ADAPTER, EIGHT_LANES, path).tile(PRODUCT) == SMALL


def test_where_nothing_can_be_written_it_is_known_to_this_run_alone(tmp_path: Path) -> None:
    obstacle = tmp_path / "file"
    obstacle.touch()
    path = obstacle / "tiles.json"
    tiles = TileCache(ADAPTER, EIGHT_LANES, path)
    tiles.keep(PRODUCT, LARGE)
    assert tiles.tile(PRODUCT) == LARGE
    assert TileCache(ADAPTER, EIGHT_LANES, path).tile(PRODUCT) is None


def test_runs_that_write_at_the_same_time_leave_a_whole_file(path: Path) -> None:
    def keep(rows: int) -> None:
        product = Product("forward_sample", rows, 64, 784, 1)
        TileCache(ADAPTER, EIGHT_LANES, path).keep(product, LARGE)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(keep, range(1, 33)))
    kept = json.loads(path.read_text())["adapters"]
    assert {LARGE.name} == {name for names in kept.values() for name in names.values()}
    assert [path] == list(path.parent.iterdir())
