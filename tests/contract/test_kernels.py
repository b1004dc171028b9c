"""Every kernel against its numpy twin, one pass at a time, on random networks.

Each twin is given what the kernel was given: the device's own values, read just before the pass.
So a deviation shows in the pass that makes it, and does not add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.config import ACTIVATIONS, NetworkSpec
from gpunet.datasets.dataset import Samples
from gpunet.engine import numpy_kernels as kernels
from gpunet.engine import plan
from gpunet.engine.device import Adapter, open_device
from gpunet.engine.interface import NetworkSettings, step_schedule
from gpunet.engine.wgpu_engine import WgpuEngine, _Program
from gpunet.parameters import initial_parameters, layer_views
from gpunet.training.batches import epoch_order

Array = NDArray[np.float32]

TOLERANCE = 1e-5
"""Relative to the largest value of an array: sums of up to some hundred float32 terms in another
order, and exp, tanh and division that may be off by a few units in the last place."""


@dataclass
class Trial:
    """A random training step, about to begin."""

    network: NetworkSpec
    settings: tuple[NetworkSettings, ...]
    optimizer: Any
    batch_size: int
    samples: Samples

    @classmethod
    def draw(cls, seed: int) -> Trial:
        draws = np.random.default_rng(seed)
        inputs, classes = int(draws.integers(1, 70)), int(draws.integers(2, 24))
        hidden = tuple(int(units) for units in draws.integers(1, 40, draws.integers(0, 4)))
        activation = ",".join(
            ACTIVATIONS[(seed * 3 + i) % len(ACTIVATIONS)] for i in range(len(hidden))
        )
        batch_size = int(draws.integers(1, 40))
        count = batch_size + int(draws.integers(1, batch_size + 1))
        settings = tuple(
            NetworkSettings(
                seed=int(draws.integers(0, 2**32)),
                dropout=float(draws.choice([0, 0.3])),
                input_dropout=float(draws.choice([0, 0.2])),
                momentum=float(draws.choice([0, 0.9])),
            )
            for _ in range(int(draws.integers(1, 4)))
        )
        floats = bool(seed % 2)
        features: Any = draws.integers(0, 256, (count, inputs), dtype=np.uint8)
        if floats:
            features = draws.normal(size=(count, inputs)).astype(np.float32)
        labels = draws.integers(0, classes, count).astype(np.int32)
        return cls(
            NetworkSpec(inputs, hidden, classes, activation or "relu"),
            settings,
            ("adam", "sgd")[seed // 2 % 2],
            batch_size,
            Samples(features, labels),
        )


class Device:
    """An engine whose passes are run one by one."""

    def __init__(self, trial: Trial, adapter: Adapter) -> None:
        self.trial = trial
        self.engine = WgpuEngine(
            trial.network, trial.settings, trial.optimizer, trial.batch_size, adapter
        )
        seeds = [one.seed for one in trial.settings]
        self.order = epoch_order(seeds, 1, len(trial.samples))
        self.schedule = step_schedule(trial.settings, np.full((len(seeds), 2), 0.05), 0)
        self.engine.load("train", trial.samples)
        self.engine.set_parameters(initial_parameters(trial.network, "uniform", seeds))
        self.engine.begin_epoch(self.order, self.schedule, 0)
        assert self.engine._training is not None
        self.program = self.engine._training

    def run(self, position: int) -> None:
        dispatch = self.program.dispatches[position]
        self.engine._submit(_Program(self.program.plan, (dispatch,)), 1)

    def values(self, at: float, rows: int, units: int) -> Array:
        """A region (P, rows, units) of the activations and slopes."""
        whole = self.engine._buffers.read("values", np.dtype(np.float32))
        whole = whole.reshape(self.engine.population, -1)
        region = whole[:, int(at) : int(at) + rows * units]
        return region.reshape(self.engine.population, rows, units)


def assert_close(expected: Array, actual: Array, what: str) -> None:
    largest = max(float(np.abs(expected).max(initial=0)), 1e-30)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE * largest, err_msg=what)


@pytest.mark.parametrize("seed", range(8))
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
    trial.samples = Samples(trial.samples.features, trial.samples.labels % 3)
    device = Device(trial, adapter)
    _check_forward(trial, device, 0, 0, device.order[:, : trial.batch_size], step=0)
    device.engine.close()


@pytest.mark.parametrize("tile", [plan.HARDWARE, plan.LARGE, plan.EIGHT_LANES])
@pytest.mark.parametrize("seed", [20, 21])
def test_every_tile_multiplies_odd_shapes_alike(
    adapter: Adapter, tile: plan.Tile, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if tile is plan.EIGHT_LANES and open_device(adapter).lanes != 8:
        pytest.skip("this adapter's subgroups are not of eight lanes")
    monkeypatch.setattr(plan, "choose_tile", lambda *_: tile)
    trial = Trial.draw(seed)
    device = Device(trial, adapter)
    assert {tile.shader} == {
        one.pieces[0] for one in device.program.plan.passes if "softmax" not in one.label
    }
    for step in range(2):
        _check_step(trial, device, step)
    device.engine.close()


def _check_step(trial: Trial, device: Device, step: int) -> None:
    network, rows = trial.network, trial.batch_size
    order = device.order[:, step * rows : (step + 1) * rows]
    count = order.shape[1]
    for position, one in enumerate(device.program.plan.passes):
        kernel, _, place = one.label.partition(" ")
        before = device.engine.parameters(), device.engine.moments()
        constants = one.constants
        if kernel == "forward":
            _check_forward(trial, device, position, int(place) - 1, order, step)
        elif kernel == "softmax_cross_entropy":
            logits = device.values(constants["LOGITS_AT"], rows, network.classes)[:, :count]
            sums = device.engine.metrics()
            device.run(position)
            _check_head(trial, device, position, logits, order, sums.loss)
        elif kernel == "input_gradient":
            _check_input_gradient(trial, device, position, int(place) - 1)
        else:
            assert "update" == kernel
            _check_update(trial, device, position, int(place) - 1, order, step, before)


def _layer_inputs(
    trial: Trial, device: Device, place: int, order: NDArray[np.uint32], step: int, at: float
) -> Array:
    """What a layer was given: the samples with their dropout, or the outputs below."""
    if place > 0:
        units = trial.network.layers[place].inputs
        return device.values(at, trial.batch_size, units)[:, : order.shape[1]]
    inputs = kernels.read_samples(trial.samples.features, order)
    return inputs * _mask(trial, 0, inputs.shape, step, "input_dropout")


def _mask(trial: Trial, place: int, shape: tuple[int, ...], step: int, rate: str) -> Array:
    seeds = np.array([one.seed for one in trial.settings], dtype=np.uint32)
    rates = np.array([getattr(one, rate) for one in trial.settings], dtype=np.float32)
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
    sums = kernels.forward(inputs, *block)
    outputs, slopes = kernels.activate(sums, layer.activation, trial.network.leaky_slope)
    if place < len(trial.network.layers) - 1:
        mask = _mask(trial, place + 1, outputs.shape, step, "dropout")
        outputs, slopes = outputs * mask, slopes * mask
        actual = device.values(constants["SLOPES_AT"], trial.batch_size, layer.outputs)
        # Where a sum is within rounding of zero, the slope of ReLU may fall on either side.
        clear = np.abs(sums) > 1e-5
        assert_close(slopes * clear, actual[:, :count] * clear, f"slopes {place + 1}")
    actual = device.values(constants["OUTPUTS_AT"], trial.batch_size, layer.outputs)
    assert_close(outputs, actual[:, :count], f"forward {place + 1}")


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
    losses, _, probabilities = kernels.softmax_cross_entropy(logits, labels)
    deltas = np.zeros(
        (len(trial.settings), trial.batch_size, trial.network.classes), dtype=np.float32
    )
    deltas[:, : order.shape[1]] = kernels.softmax_gradient(probabilities, labels)
    actual = device.values(at, trial.batch_size, trial.network.classes)
    assert_close(deltas, actual, "softmax_cross_entropy")
    taken = (device.engine.metrics().loss - loss_before).astype(np.float32)
    assert_close(losses.sum(axis=1), taken, "loss")


def _check_input_gradient(trial: Trial, device: Device, position: int, place: int) -> None:
    constants, rows = device.program.plan.passes[position].constants, trial.batch_size
    layer = trial.network.layers[place]
    deltas = device.values(constants["DELTAS_AT"], rows, layer.outputs)
    slopes = device.values(constants["SLOPES_AT"], rows, layer.inputs)
    weights = layer_views(device.engine.parameters(), trial.network)[place][0]
    device.run(position)
    expected = kernels.input_gradient(deltas, weights, slopes)
    actual = device.values(constants["SLOPES_AT"], rows, layer.inputs)
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
    constants, count = device.program.plan.passes[position].constants, order.shape[1]
    layer = trial.network.layers[place]
    inputs_at = constants.get("INPUTS_AT", 0)
    inputs = _layer_inputs(trial, device, place, order, step, inputs_at)
    deltas = device.values(constants["DELTAS_AT"], trial.batch_size, layer.outputs)[:, :count]
    device.run(position)
    gradient = kernels.weight_gradient(inputs, deltas).reshape(len(trial.settings), -1)
    start = int(constants["WEIGHTS_AT"])
    block = np.s_[..., start : start + gradient.shape[1]]
    parameters, moments = before[0][block].copy(), before[1][block].copy()
    _apply(trial, parameters, gradient, moments, device.schedule[:, step])
    assert_close(moments, device.engine.moments()[block], f"moments {place + 1}")
    # Adam divides by the root of the second moment: where the gradient is nearly zero, rounding
    # decides the step's sign. Such parameters are left to the moments' comparison.
    clear = np.abs(gradient) > 1e-5 * np.abs(gradient).max(initial=0)
    actual = device.engine.parameters()
    assert_close(parameters * clear, actual[block] * clear, f"update {place + 1}")
    others = np.delete(actual, np.arange(start, start + gradient.shape[1]), axis=1)
    untouched = np.delete(before[0], np.arange(start, start + gradient.shape[1]), axis=1)
    np.testing.assert_array_equal(others, untouched)


def _apply(
    trial: Trial, parameters: Array, gradient: Array, moments: Array, schedule: Array
) -> None:
    def column(name: str) -> Array:
        return np.array([[getattr(one, name)] for one in trial.settings], dtype=np.float32)

    if trial.optimizer == "adam":
        betas = (column("beta1"), column("beta2"))
        first, second = moments
        kernels.adam(parameters, gradient, first, second, schedule, betas, column("epsilon"))
    elif len(moments):
        kernels.sgd_momentum(parameters, gradient, moments[0], schedule, column("momentum"))
    else:
        kernels.sgd(parameters, gradient, schedule)
