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

from gpunet.config import ACTIVATIONS, LOSSES, OPTIMIZERS, NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import LOSS_KERNELS, NetworkSettings, step_schedule
from gpunet.engine.planning import layered as plan
from gpunet.engine.planning import tiles
from gpunet.engine.planning.layout import padded
from gpunet.engine.planning.records import NETWORK
from gpunet.engine.reference import kernels
from gpunet.engine.reference.optimizers import Factors, optimize
from gpunet.engine.wgpu.adapters import Adapter, OpenDevice, open_device
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine, _Compiled
from gpunet.parameters import (
    initial_parameters,
    layer_offsets,
    layer_views,
    norm_offsets,
    norm_views,
)
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
    class_weights: Array | None

    @property
    def settings(self) -> tuple[NetworkSettings, ...]:
        return tuple(map(NetworkSettings.of, self.configs))

    @property
    def batch_size(self) -> int:
        return self.configs[0].batch_size

    @classmethod
    def draw(cls, seed: int) -> Trial:
        draws = np.random.default_rng(seed)
        inputs, classes = int(draws.integers(1, 70)), int(draws.integers(2, 24))
        hidden = tuple(int(units) for units in draws.integers(1, 40, draws.integers(0, 4)))
        loss: Any = LOSSES[seed % 3 // 2]
        norm = bool(seed % 5 in {1, 3})
        activation = ",".join(
            ACTIVATIONS[(seed * 3 + i) % len(ACTIVATIONS)] for i in range(len(hidden))
        )
        batch_size = int(draws.integers(1, 40))
        count = batch_size + int(draws.integers(1, batch_size + 1))
        optimizer: Any = OPTIMIZERS[seed % len(OPTIMIZERS)]
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
            )
            for _ in range(int(draws.integers(1, 4)))
        )
        floats = bool(seed % 2)
        features: Any = draws.integers(0, 256, (count, inputs), dtype=np.uint8)
        if floats:
            features = draws.normal(size=(count, inputs)).astype(np.float32)
        labels = draws.integers(0, classes, count).astype(np.int32)
        return cls(
            NetworkSpec(inputs, hidden, classes, activation or "relu", loss=loss, layer_norm=norm),
            configs,
            Samples(features, labels),
            draws.uniform(0, 3, classes).astype(np.float32) if seed % 4 == 1 else None,
        )


class Device:
    """An engine whose passes are run one by one."""

    def __init__(self, trial: Trial, adapter: Adapter) -> None:
        self.trial = trial
        self.engine = WgpuEngine(trial.network, trial.configs, adapter, "layered")
        seeds = self.engine.seeds
        self.order = epoch_order(seeds, 1, len(trial.samples))
        rates = np.full((len(seeds), 2), 0.05)
        self.schedule = step_schedule(self.engine.settings, rates, 0, self.engine.optimizer)
        self.engine.load("train", trial.samples)
        self.engine.class_weights = trial.class_weights
        self.engine.set_parameters(initial_parameters(trial.network, "uniform", seeds))
        self.engine.begin_epoch(self.order, rates, 0)
        assert self.engine._training is not None
        self.program = self.engine._training

    def run(self, position: int) -> None:
        dispatch = self.program.dispatches[position]
        self.engine._submit(_Compiled(self.program.plan, (dispatch,)), 1)

    def gradients(self) -> Array:
        """The kept gradients (P, N)."""
        kept = self.engine._buffers.read("gradients", np.dtype(np.float32))
        return self.engine._layout.unpack(kept.reshape(self.engine.population, -1))

    def values(self, at: float, rows: int, units: int) -> Array:
        """A region (P, rows, units) of the activations and derivatives."""
        whole = self.engine._buffers.read("values", np.dtype(np.float32))
        whole = whole.reshape(self.engine.population, -1)
        region = whole[:, int(at) : int(at) + rows * padded(units)]
        return region.reshape(self.engine.population, rows, -1)[:, :, :units]

    def logits(self, at: float, parts: float) -> Array:
        """The last layer's sums (P, B, C), added from their parts as the head does."""
        rows, classes = padded(self.trial.batch_size), self.trial.network.classes
        split = self.values(at, int(parts) * rows, classes)
        split = split.reshape(len(split), int(parts), rows, classes)
        logits: Array = split.sum(axis=1)[:, : self.trial.batch_size]
        return logits


def assert_close(expected: Array, actual: Array, what: str) -> None:
    largest = max(float(np.abs(expected).max(initial=0)), 1e-30)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE * largest, err_msg=what)


@pytest.mark.parametrize("seed", range(12))
def test_every_pass_of_two_steps_is_its_twins(adapter: Adapter, seed: int) -> None:
    trial = Trial.draw(seed)
    device = Device(trial, adapter)
    for step in range(2):  # the second batch is the smaller one
        _check_step(trial, device, step)
    device.engine.close()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_is_its_twin(adapter: Adapter, activation: str) -> None:
    trial = Trial.draw(40)
    trial.network = NetworkSpec(trial.network.inputs, (23,), 3, activation)
    trial.configs = (TrainConfig(seed=1, dropout=0.3, batch_size=trial.batch_size),)
    trial.samples = Samples(trial.samples.features, trial.samples.labels % 3)
    device = Device(trial, adapter)
    _check_forward(trial, device, 0, 0, device.order[:, : trial.batch_size], step=0)
    device.engine.close()


@pytest.mark.parametrize("tile", tiles.TILES, ids=lambda tile: tile.name)
@pytest.mark.parametrize("seed", [20, 21])
def test_every_tile_multiplies_odd_shapes_alike(
    adapter: Adapter, tile: tiles.Tile, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _require_lanes(adapter, tile)
    monkeypatch.setattr(plan, "choose_tile", lambda *_: tile)
    trial = Trial.draw(seed)
    device = Device(trial, adapter)
    pieces = [one.pieces[0] for one in device.program.plan.passes]
    assert {tile.shader} == {piece for piece in pieces if piece.startswith("tile/")}
    for step in range(2):
        _check_step(trial, device, step)
    device.engine.close()


@pytest.mark.parametrize("tile", tiles.TILES[1:], ids=lambda tile: tile.name)
def test_the_choice_of_a_tile_does_not_change_a_bit_of_a_training(
    adapter: Adapter, tile: tiles.Tile, monkeypatch: pytest.MonkeyPatch
) -> None:
    _require_lanes(adapter, tile)
    ends = []
    for taken in (tiles.TILES[0], tile):
        monkeypatch.setattr(plan, "choose_tile", lambda *_, taken=taken: taken)
        device = Device(Trial.draw(22), adapter)
        device.engine.train(2)
        ends.append((device.engine.parameters(), device.engine.moments()))
        device.engine.close()
    for expected, actual in zip(*ends, strict=True):
        np.testing.assert_array_equal(expected.view(np.uint32), actual.view(np.uint32))


@pytest.mark.parametrize("tile", tiles.TILES, ids=lambda tile: tile.name)
@pytest.mark.parametrize("seed", [40, 42])  # without hidden layers, and with two
def test_every_tile_multiplies_parts_of_the_depth_that_the_head_adds(
    adapter: Adapter, tile: tiles.Tile, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _require_lanes(adapter, tile)
    monkeypatch.setattr(plan, "choose_tile", lambda *_: tile)
    monkeypatch.setattr(plan, "depth_parts", lambda *_: 5)
    trial = Trial.draw(seed)
    device = Device(trial, adapter)
    products = [one.product for one in device.program.plan.passes if one.product]
    assert [product.parts for product in products if product.parts > 1] == [5]
    for step in range(2):
        _check_step(trial, device, step)
    device.engine.close()


def test_a_split_depth_gives_a_network_in_a_population_the_bits_that_it_gets_alone(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpenDevice, "traits", tiles.Traits(software=False))
    trial = Trial.draw(24)
    trial.network = NetworkSpec(trial.network.inputs, (256,), trial.network.classes)
    trial.configs = tuple(TrainConfig(batch_size=trial.batch_size, seed=seed) for seed in (1, 2))

    def trained(configs: tuple[TrainConfig, ...]) -> tuple[Array, Array]:
        device = Device(replace(trial, configs=configs), adapter)
        products = [one.product for one in device.program.plan.passes if one.product]
        assert [product.parts for product in products] == [1, 4, 1, 1, 1]
        device.engine.train(2)
        device.engine.load("validation", trial.samples)
        ends = device.engine.parameters(), device.engine.predict("validation")
        device.engine.close()
        return ends

    together = trained(trial.configs)
    for p, config in enumerate(trial.configs):
        for expected, actual in zip(trained((config,)), together, strict=True):
            np.testing.assert_array_equal(actual[p].view(np.uint32), expected[0].view(np.uint32))


def _require_lanes(adapter: Adapter, tile: tiles.Tile) -> None:
    if "subgroup" in tile.shader and open_device(adapter).lanes != 8:
        pytest.skip("this adapter's subgroups are not of eight lanes")


def _check_step(trial: Trial, device: Device, step: int) -> None:
    rows = trial.batch_size
    order = device.order[:, step * rows : (step + 1) * rows]
    count = order.shape[1]
    for position, one in enumerate(device.program.plan.passes):
        kernel, _, place = one.label.partition(" ")
        before = device.engine.parameters(), device.engine.moments()
        constants = one.constants
        if kernel == "forward":
            _check_forward(trial, device, position, int(place) - 1, order, step)
        elif kernel in LOSS_KERNELS.values():
            logits = device.logits(constants["LOGITS_AT"], constants["PARTS"])[:, :count]
            metrics = device.engine.metrics()
            device.run(position)
            _check_head(trial, device, position, logits, order, metrics.loss)
        elif kernel == "input_gradient":
            _check_input_gradient(trial, device, position, int(place) - 1)
        elif kernel == "update":
            _check_update(trial, device, position, int(place) - 1, order, step, before)
        elif kernel == "layer_norm":
            _check_layer_norm(trial, device, position, int(place) - 1, count, step)
        elif kernel == "layer_norm_gradient":
            _check_layer_norm_gradient(trial, device, position, int(place) - 1)
        elif kernel == "layer_norm_update":
            _check_layer_norm_update(trial, device, position, int(place) - 1, step, before)
        elif kernel == "gradient_norm":
            _check_gradient_norm(trial, device, position)
        elif kernel == "apply_update":
            _check_apply_update(trial, device, position, step, before)
        else:
            assert kernel == "max_norm"
            _check_max_norm(trial, device, position, int(place) - 1, before[0])


def _layer_inputs(
    trial: Trial, device: Device, place: int, order: NDArray[np.uint32], step: int, at: float
) -> Array:
    """What a layer was given: the samples with their dropout, or the outputs below."""
    if place > 0:
        units = trial.network.layers[place].inputs
        return device.values(at, trial.batch_size, units)[:, : order.shape[1]]
    inputs = kernels.read_samples(trial.samples.features, order)
    rates = _column(trial, "input_dropout")[:, 0]
    return inputs * _mask(trial, 0, inputs.shape, step, rates)


def _mask(trial: Trial, place: int, shape: tuple[int, ...], step: int, rates: Array) -> Array:
    seeds = np.array([one.seed for one in trial.configs], dtype=np.uint32)
    return kernels.dropout_mask(seeds, step, place, shape[1], shape[2], rates)


def _check_forward(
    trial: Trial,
    device: Device,
    position: int,
    place: int,
    order: NDArray[np.uint32],
    step: int,
) -> None:
    constants = device.program.plan.passes[position].constants
    layer, count = trial.network.layers[place], order.shape[1]
    inputs_at = constants.get("INPUTS_AT", 0)
    inputs = _layer_inputs(trial, device, place, order, step, inputs_at)
    device.run(position)
    block = layer_views(device.engine.parameters(), trial.network)[place]
    preactivations = kernels.forward(inputs, *block)
    if place == len(trial.network.hidden):
        actual = device.logits(constants["OUTPUTS_AT"], constants["PARTS"])
        assert_close(preactivations, actual[:, :count], "logits")
    elif trial.network.layer_norm:
        actual = device.values(constants["OUTPUTS_AT"], trial.batch_size, layer.outputs)
        assert_close(preactivations, actual[:, :count], f"forward {place + 1}")
    else:
        _check_outputs(trial, device, position, place, preactivations, step)


def _check_outputs(
    trial: Trial, device: Device, position: int, place: int, preactivations: Array, step: int
) -> None:
    """Whether a hidden layer made of its preactivations what it should."""
    constants = device.program.plan.passes[position].constants
    layer, count = trial.network.layers[place], preactivations.shape[1]
    outputs, derivatives = kernels.activate(
        preactivations, layer.activation, trial.network.leaky_slope
    )
    rates = device.engine.dropout_rates()[:, place]
    mask = _mask(trial, place + 1, outputs.shape, step, rates)
    outputs, derivatives = outputs * mask, derivatives * mask
    actual = device.values(constants["DERIVATIVES_AT"], trial.batch_size, layer.outputs)
    # Where a sum is within rounding of zero, the derivative of ReLU may fall on either side.
    clear = np.abs(preactivations) > 1e-5
    assert_close(derivatives * clear, actual[:, :count] * clear, f"derivatives {place + 1}")
    actual = device.values(constants["OUTPUTS_AT"], trial.batch_size, layer.outputs)
    assert_close(outputs, actual[:, :count], f"outputs {place + 1}")


def _check_layer_norm(
    trial: Trial, device: Device, position: int, place: int, count: int, step: int
) -> None:
    constants, rows = device.program.plan.passes[position].constants, trial.batch_size
    units = trial.network.hidden[place]
    preactivations = device.values(constants["OUTPUTS_AT"], rows, units)[:, :count]
    norm = norm_views(device.engine.parameters(), trial.network)[place]
    device.run(position)
    scaled, normalized, inverse = kernels.layer_norm(preactivations, *norm)
    actual = device.values(constants["NORMALISED_AT"], rows, units)[:, :count]
    assert_close(normalized, actual, f"normalized {place + 1}")
    actual = device.values(constants["INVERSE_AT"], rows, 1)[:, :count]
    assert_close(inverse, actual, f"inverse {place + 1}")
    _check_outputs(trial, device, position, place, scaled, step)


def _check_layer_norm_gradient(trial: Trial, device: Device, position: int, place: int) -> None:
    constants, rows = device.program.plan.passes[position].constants, trial.batch_size
    units = trial.network.hidden[place]
    deltas = device.values(constants["DELTAS_AT"], rows, units)
    normalized = device.values(constants["NORMALISED_AT"], rows, units)
    inverse = device.values(constants["INVERSE_AT"], rows, 1)
    scales = norm_views(device.engine.parameters(), trial.network)[place][0]
    device.run(position)
    np.testing.assert_array_equal(deltas, device.values(constants["KEPT_AT"], rows, units))
    expected = kernels.layer_norm_gradient(deltas, normalized, inverse, scales)
    actual = device.values(constants["DELTAS_AT"], rows, units)
    assert_close(expected, actual, f"layer_norm_gradient {place + 1}")


def _check_layer_norm_update(
    trial: Trial,
    device: Device,
    position: int,
    place: int,
    step: int,
    before: tuple[Array, Array],
) -> None:
    one, units = device.program.plan.passes[position], trial.network.hidden[place]
    normalized = device.values(one.constants["NORMALISED_AT"], trial.batch_size, units)
    deltas = device.values(one.constants["KEPT_AT"], trial.batch_size, units)
    device.run(position)
    gradient = np.zeros_like(before[0])
    start = norm_offsets(trial.network)[place]
    own = np.s_[..., start : start + 2 * units]
    gradient[own] = np.concatenate(kernels.layer_norm_update(deltas, normalized), axis=1)
    nothing = np.zeros_like(gradient)
    bounds = _column(trial, "clip_value")
    gradient = kernels.regularize(gradient, before[0], nothing, nothing, bounds)
    if "store_gradient" in one.pieces:
        assert_close(gradient[own], device.gradients()[own], f"norm's gradient {place + 1}")
    else:
        _check_step_taken(trial, device, gradient, before, step, own)


def _check_head(
    trial: Trial,
    device: Device,
    position: int,
    logits: Array,
    order: NDArray[np.uint32],
    loss_before: NDArray[np.float64],
) -> None:
    at = device.program.plan.passes[position].constants["DELTAS_AT"]
    labels = trial.samples.labels[order]
    smoothing = _column(trial, "label_smoothing")[:, 0]
    targets = kernels.smoothed_targets(labels, trial.network.classes, smoothing)
    score = kernels.loss(trial.network.loss)
    losses, gradients, _ = score(logits, targets)
    if trial.class_weights is not None:
        weights = trial.class_weights[labels]
        losses, gradients = losses * weights, gradients * weights[:, :, None]
    deltas = np.zeros(
        (len(trial.settings), trial.batch_size, trial.network.classes), dtype=np.float32
    )
    deltas[:, : order.shape[1]] = gradients / np.float32(order.shape[1])
    actual = device.values(at, trial.batch_size, trial.network.classes)
    assert_close(deltas, actual, trial.network.loss)
    taken = (device.engine.metrics().loss - loss_before).astype(np.float32)
    assert_close(losses.sum(axis=1), taken, "loss")


def _check_input_gradient(trial: Trial, device: Device, position: int, place: int) -> None:
    constants, rows = device.program.plan.passes[position].constants, trial.batch_size
    layer = trial.network.layers[place]
    deltas = device.values(constants["DELTAS_AT"], rows, layer.outputs)
    derivatives = device.values(constants["DERIVATIVES_AT"], rows, layer.inputs)
    weights = layer_views(device.engine.parameters(), trial.network)[place][0]
    device.run(position)
    expected = kernels.input_gradient(deltas, weights, derivatives)
    actual = device.values(constants["DERIVATIVES_AT"], rows, layer.inputs)
    assert_close(expected, actual, f"input_gradient {place + 1}")


def _check_update(
    trial: Trial,
    device: Device,
    position: int,
    place: int,
    order: NDArray[np.uint32],
    step: int,
    before: tuple[Array, Array],
) -> None:
    """The gradient of one layer, and the step that it makes or the place where it is kept."""
    one, count = device.program.plan.passes[position], order.shape[1]
    layer = trial.network.layers[place]
    inputs = _layer_inputs(trial, device, place, order, step, one.constants.get("INPUTS_AT", 0))
    deltas = device.values(one.constants["DELTAS_AT"], trial.batch_size, layer.outputs)
    device.run(position)
    gradient = np.zeros_like(before[0])
    start = layer_offsets(trial.network)[place]
    own = np.s_[..., start : start + (layer.inputs + 1) * layer.outputs]
    whole = kernels.weight_gradient(inputs, deltas[:, :count])
    gradient[own] = whole.reshape(len(before[0]), -1)
    regularized = kernels.regularize(
        gradient,
        before[0],
        _spread(trial, "l1", "l1_biases"),
        _spread(trial, "l2", "l2_biases"),
        _column(trial, "clip_value"),
    )
    if "store_gradient" in one.pieces:
        np.testing.assert_array_equal(before[0], device.engine.parameters())
        assert_close(regularized[own], device.gradients()[own], f"gradient {place + 1}")
        return
    actual = device.engine.parameters()
    _check_step_taken(trial, device, regularized, before, step, own)
    # The other layers stay as they are.
    actual[own] = before[0][own]
    np.testing.assert_array_equal(before[0], actual)


def _check_gradient_norm(trial: Trial, device: Device, position: int) -> None:
    expected = kernels.gradient_norm(device.gradients(), _column(trial, "clip_norm"))
    device.run(position)
    actual = device.engine._buffers.read("networks", NETWORK)["gradient_scale"]
    assert_close(expected[:, 0], actual, "gradient_norm")


def _check_apply_update(
    trial: Trial, device: Device, position: int, step: int, before: tuple[Array, Array]
) -> None:
    records = device.engine._buffers.read("networks", NETWORK)
    gradient = device.gradients() * records["gradient_scale"][:, None]
    device.run(position)
    _check_step_taken(trial, device, gradient, before, step, np.s_[...])


def _check_step_taken(
    trial: Trial,
    device: Device,
    gradient: Array,
    before: tuple[Array, Array],
    step: int,
    own: Any,
) -> None:
    """Whether the optimizer moved these parameters by this gradient."""
    parameters, moments = before[0].copy(), before[1].copy()
    factors = Factors.of(trial.settings, device.schedule[:, step])
    parameters *= 1 - factors.rate * _column(trial, "weight_decay")
    optimize(device.engine.rule, parameters, gradient, moments, factors)
    assert_close(moments[own], device.engine.moments()[own], "moments")
    # Rules that divide by the root of a moment or take a sign: where the gradient is nearly zero,
    # rounding decides the step. Such parameters are left to the moments' comparison.
    clear = np.abs(gradient) > 1e-5 * np.abs(gradient).max(initial=0)
    if device.engine.rule == "lion":
        beta1 = factors.beta1
        blend = np.abs(beta1 * before[1][0] + (1 - beta1) * gradient)
        clear &= blend > 1e-5 * blend.max(initial=0)
    actual = device.engine.parameters()
    assert_close((parameters * clear)[own], (actual * clear)[own], "step")


def _check_max_norm(trial: Trial, device: Device, position: int, place: int, before: Array) -> None:
    expected = before.copy()
    weights = layer_views(expected, trial.network)[place][0]
    kernels.max_norm(weights, _column(trial, "max_norm")[:, :, None])
    device.run(position)
    assert_close(expected, device.engine.parameters(), f"max_norm {place + 1}")


def _column(trial: Trial, name: str) -> Array:
    return np.array([[getattr(one, name)] for one in trial.settings], dtype=np.float32)


def _spread(trial: Trial, weights: str, biases: str) -> Array:
    """A setting (P, N) for every parameter."""
    figures = np.zeros((len(trial.settings), trial.network.parameter_count), dtype=np.float32)
    for own_weights, own_biases in layer_views(figures, trial.network):
        own_weights[...] = _column(trial, weights)[:, :, None]
        own_biases[...] = _column(trial, biases)
    return figures
