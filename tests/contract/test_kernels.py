"""Every kernel against its numpy twin, one pass at a time, on random networks.

Each twin is given what the kernel was given: the device's own values, read just before the pass.
So a deviation shows in the pass that makes it, and does not add up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.config import (
    ACTIVATIONS,
    LOSS_FACTS,
    LOSSES,
    OPTIMIZERS,
    NetworkSpec,
    TrainConfig,
)
from gpunet.datasets.dataset import Samples
from gpunet.engine.planning import layered as plan
from gpunet.engine.planning import tiles, values
from gpunet.engine.planning.passes import Plan, recut
from gpunet.engine.timing import random_labels
from gpunet.engine.twins import PassEngine, try_pass
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.device import open_device
from gpunet.parameters import initial_parameters
from gpunet.training.batches import epoch_order

Array = NDArray[np.float32]

TOLERANCE = 1e-5
"""Relative to the largest value of an array: sums of up to some hundred float32 terms in another
order, and exp, tanh and division that may be off by a few units in the last place."""


@dataclass
class Trial:
    """A random training step, about to begin."""

    network: NetworkSpec
    configs: tuple[TrainConfig, ...]
    samples: Samples

    @classmethod
    def draw(cls, seed: int) -> Trial:
        draws = np.random.default_rng(seed)
        inputs, outputs = int(draws.integers(1, 70)), int(draws.integers(2, 24))
        hidden = tuple(int(units) for units in draws.integers(1, 40, draws.integers(0, 4)))
        loss: Any = LOSSES[seed % len(LOSSES)]
        is_class = LOSS_FACTS[loss].kind == "classes"
        norm = bool(seed % 5 in {1, 3})
        activation = ",".join(
            ACTIVATIONS[(seed * 3 + i) % len(ACTIVATIONS)] for i in range(len(hidden))
        )
        batch_size = int(draws.integers(1, 40))
        count = batch_size + int(draws.integers(1, batch_size + 1))
        optimizer: Any = OPTIMIZERS[seed % len(OPTIMIZERS)]
        by_class: Any = tuple(map(float, draws.uniform(0, 3, outputs)))
        by_class = by_class if is_class and seed % 4 < 2 else "none"
        configs = tuple(
            TrainConfig(
                hidden=hidden,
                optimizer=optimizer,
                batch_size=batch_size,
                seed=int(draws.integers(0, 2**32)),
                dropout=tuple(float(rate) for rate in draws.choice([0, 0.3, 0.5], len(hidden))),
                input_dropout=float(draws.choice([0, 0.2])),
                momentum=float(draws.choice([0, 0.9])),
                beta2=0.99,
                weight_decay=float(draws.choice([0, 0.1])),
                l1=float(draws.choice([0, 0.01])),
                l2=float(draws.choice([0, 0.01])),
                l2_biases=float(draws.choice([0, 0.02])),
                label_smoothing=float(draws.choice([0, 0.1])),
                clip_value=float(draws.choice([0, 0.01])),
                clip_norm=float(draws.choice([0, 0.05])),
                max_norm=float(draws.choice([0, 0.5])),
                class_weights=by_class,
            )
            for _ in range(int(draws.integers(1, 4)))
        )
        floats = bool(seed % 2)
        features: Any = draws.integers(0, 256, (count, inputs), dtype=np.uint8)
        if floats:
            features = draws.normal(size=(count, inputs)).astype(np.float32)
        weights = draws.uniform(0, 3, count).astype(np.float32) if seed % 5 < 2 else None
        network = NetworkSpec(
            inputs, hidden, outputs, activation or "relu", loss=loss, layer_norm=norm
        )
        labels = random_labels(draws, network, count)
        return cls(network, configs, Samples(features, labels, weights))


def open_engine(trial: Trial, adapter: Adapter) -> PassEngine:
    """An engine at the start of an epoch."""
    engine = PassEngine(trial.network, trial.configs, adapter, "layered")
    engine.load("train", trial.samples)
    engine.set_parameters(initial_parameters(trial.network, "uniform", engine.seeds))
    order = epoch_order(engine.seeds, 1, len(trial.samples))
    engine.begin_epoch(order, np.full((len(order), 2), 0.05), 0)
    return engine


def assert_right(engine: PassEngine, plan: Plan) -> None:
    for step in range(2):  # the second batch is the smaller one
        for one in plan.passes:
            share, same_bits = try_pass(engine, one, step)
            assert share <= TOLERANCE, f"{one.label} in step {step}"
            assert same_bits, f"{one.label} in step {step}"


@pytest.mark.parametrize("seed", range(8))
def test_every_pass_of_two_steps_is_its_twins(adapter: Adapter, seed: int) -> None:
    with open_engine(Trial.draw(seed), adapter) as engine:
        assert_right(engine, engine.training_plan())


@pytest.mark.parametrize("tile", tiles.TILES, ids=lambda tile: tile.name)
@pytest.mark.parametrize("seed", [20, 21])
def test_every_tile_multiplies_odd_shapes_alike(
    adapter: Adapter, tile: tiles.Tile, seed: int
) -> None:
    _require_lanes(adapter, tile)
    with open_engine(Trial.draw(seed), adapter) as engine:
        engine.lazy = True
        plan = recut(engine.training_plan(), lambda _: tile)
        pieces = [one.pieces[0] for one in plan.passes]
        assert {tile.shader} == {piece for piece in pieces if piece.startswith("tile/")}
        assert_right(engine, plan)


@pytest.mark.parametrize("tile", tiles.TILES[1:], ids=lambda tile: tile.name)
def test_the_choice_of_a_tile_does_not_change_a_bit_of_a_training(
    adapter: Adapter, tile: tiles.Tile, monkeypatch: pytest.MonkeyPatch
) -> None:
    _require_lanes(adapter, tile)
    ends = []
    for taken in (tiles.TILES[0], tile):
        monkeypatch.setattr(plan, "choose_tile", lambda *_, taken=taken: taken)
        with open_engine(Trial.draw(22), adapter) as engine:
            engine.train(2)
            ends.append((engine.parameters(), engine.moments()))
    for expected, actual in zip(*ends, strict=True):
        np.testing.assert_array_equal(expected.view(np.uint32), actual.view(np.uint32))


@pytest.mark.parametrize("tile", tiles.TILES, ids=lambda tile: tile.name)
@pytest.mark.parametrize("seed", [40, 42])  # without hidden layers, and with two
def test_every_tile_multiplies_parts_of_the_depth_that_the_head_adds(
    adapter: Adapter, tile: tiles.Tile, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _require_lanes(adapter, tile)
    monkeypatch.setattr(values, "depth_parts", lambda *_: 5)
    with open_engine(Trial.draw(seed), adapter) as engine:
        engine.lazy = True
        split = recut(engine.training_plan(), lambda _: tile)
        products = [one.product for one in split.passes if one.product]
        assert [product.parts for product in products if product.parts > 1] == [5]
        assert_right(engine, split)


def test_a_split_depth_gives_a_network_in_a_population_the_bits_that_it_gets_alone(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "depth_parts", _as_on_hardware)
    trial = Trial.draw(24)
    trial.network = NetworkSpec(
        trial.network.inputs, (256,), trial.network.outputs, loss=trial.network.loss
    )
    rows = trial.configs[0].batch_size
    trial.configs = tuple(TrainConfig(batch_size=rows, seed=seed) for seed in (1, 2))

    def trained(configs: tuple[TrainConfig, ...]) -> tuple[Array, Array]:
        with open_engine(replace(trial, configs=configs), adapter) as engine:
            products = [one.product for one in engine.training_plan().passes if one.product]
            assert [product.parts for product in products] == [1, 4, 1, 1, 1]
            engine.train(2)
            engine.load("validation", trial.samples)
            return engine.parameters(), engine.predict("validation")

    together = trained(trial.configs)
    for p, config in enumerate(trial.configs):
        for expected, actual in zip(trained((config,)), together, strict=True):
            np.testing.assert_array_equal(actual[p].view(np.uint32), expected[0].view(np.uint32))


def _as_on_hardware(rows: int, columns: int, depth: int, _: tiles.Traits) -> int:
    return tiles.depth_parts(rows, columns, depth, tiles.Traits(software=False))


def _require_lanes(adapter: Adapter, tile: tiles.Tile) -> None:
    if "subgroup" in tile.shader and open_device(adapter).traits.lanes != 8:
        pytest.skip("this adapter's subgroups are not of eight lanes")
