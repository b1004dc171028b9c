"""Compares each pass of a layered training step with its numpy twin.

A twin starts from the same values as the pass, read from the device just before. So an error shows
in the pass that makes it, and errors do not add up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config import LOSS_FACTS
from gpunet.datasets.dataset import Samples
from gpunet.engine.planning.layout import padded
from gpunet.engine.planning.passes import Pass, Plan
from gpunet.engine.planning.records import NETWORK
from gpunet.engine.reference import kernels
from gpunet.engine.reference.optimizers import Factors, optimize
from gpunet.engine.step_schedule import step_schedule
from gpunet.engine.wgpu.compiled import Compiled, bind
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine
from gpunet.parameters import (
    layer_offsets,
    layer_views,
    norm_offsets,
    norm_views,
    rate_shares,
    spread,
)

__all__ = ["PassEngine", "difference", "try_pass"]

Array = NDArray[np.float32]
Contents = Mapping[str, NDArray[np.uint32]]
"""The contents of buffers, by name."""

Pairs = Iterator[tuple[NDArray[Any], NDArray[Any]]]
"""Numpy's results, each with the device's."""

WRITTEN = ("parameters", "moments", "gradients", "networks", "values")
"""The buffers that passes write."""

UNDECIDED = 1e-5
"""Sums this close to zero, and gradients below this share of the largest, are not compared in what
depends on their sign: rounding decides on which side of a kink they fall, and which step a rule
takes that takes a sign or divides by the root of a moment."""


def difference(expected: NDArray[Any], actual: NDArray[Any]) -> float:
    """The largest difference as a share of the largest value expected; infinite for NaN."""
    one, other = np.asarray(expected, np.float64), np.asarray(actual, np.float64)
    largest = float(np.abs(one - other).max(initial=0))
    share = largest / max(float(np.abs(one).max(initial=0)), 1e-30)
    return share if np.isfinite(share) else np.inf


class PassEngine(WgpuEngine):
    """An engine that runs its passes one by one."""

    lazy = False
    """Whether each pass is compiled just before it runs, and none beforehand."""

    def begin_epoch(
        self, order: NDArray[np.uint32], learning_rates: NDArray[np.float64], first_step: int
    ) -> None:
        """Start an epoch over the training split."""
        super().begin_epoch(order, learning_rates, first_step)
        self.order = order
        self.schedule = step_schedule(self.settings, learning_rates, first_step, self.optimizer)

    @property
    def samples(self) -> Samples:
        """The training split."""
        return self._loaded["train"]

    def _compile(self, plan: Plan, buffers: Mapping[str, Any]) -> Compiled:
        return Compiled(plan, ()) if self.lazy else super()._compile(plan, buffers)

    def contents(self) -> Contents:
        """A copy of all buffers that passes write."""
        words = np.dtype(np.uint32)
        return {name: self._buffers.read(name, words) for name in WRITTEN if name in self._bound}

    def fill(self, contents: Contents) -> None:
        """Write these contents into the buffers."""
        for name, words in contents.items():
            self._buffers.write(name, words)

    def run(self, one: Pass, start: Contents) -> Contents:
        """Run a pass that starts from these contents; the contents afterwards."""
        assert self._training is not None, "begin_epoch comes first"
        self.fill(start)
        with self._open.guarded():
            dispatch = bind(self._open, one, self._bound)
        self._submit(Compiled(self._training.plan, (dispatch,)), 1)
        return self.contents()

    def unpacked(self, contents: Contents, name: str) -> Array:
        """Parameters or gradients (P, N), or moments (M, P, N)."""
        packed = contents[name].view(np.float32)
        moments = packed.size // (self.population * self._layout.size)
        shape = (moments, self.population, self._layout.size)
        found = self._layout.unpack(packed[: np.prod(shape)].reshape(shape))
        return found if name == "moments" else found[0]


def try_pass(engine: PassEngine, one: Pass, step: int) -> tuple[float, bool]:
    """Run a pass twice from the device's current contents, and compare it with its twin.

    ``step`` is the step of the epoch that the pass belongs to, counted from 0. Returns the largest
    difference from the twin, and whether both runs gave the same bits. The device then holds the
    pass's results.
    """
    before = engine.contents()
    made, again = (engine.run(one, before) for _ in range(2))
    kernel = one.label.partition(" ")[0]
    largest = max(
        difference(*pair) for pair in TWINS[kernel](_Done(engine, one, step, before, made))
    )
    return largest, all(np.array_equal(made[name], again[name]) for name in made)


class _Done:
    """A pass that was run, with the device's contents before and after."""

    def __init__(
        self, engine: PassEngine, one: Pass, step: int, before: Contents, after: Contents
    ) -> None:
        self.engine, self.one, self.step, self.network = engine, one, step, engine.network
        self.before, self.after = before, after
        self.index = int(one.label.partition(" ")[2] or 0) - 1  # of the layer
        self.layer = self.network.layers[self.index]
        rows = engine.batch_size
        self.order = engine.order[:, step * rows : (step + 1) * rows]  # (P, b), b at most B
        self.count = self.order.shape[1]
        self.parameters = engine.unpacked(before, "parameters")  # (P, N)
        self.result = engine.unpacked(after, "parameters")

    def matrix(self, contents: Contents, constant: str, units: int) -> Array:
        """The matrix (P, B, units) in `values` that begins at the offset of this constant."""
        at, rows = int(self.one.constants.get(constant, 0)), self.engine.batch_size
        whole = contents["values"].view(np.float32).reshape(self.engine.population, -1)
        region = whole[:, at : at + rows * padded(units)]
        return region.reshape(len(whole), rows, -1)[:, :, :units]

    def logits(self, contents: Contents, constant: str) -> Array:
        """The logits (P, b, C), summed over the parts in which the pass computes them."""
        rows, classes = padded(self.engine.batch_size), self.network.outputs
        at, parts = int(self.one.constants[constant]), int(self.one.constants["PARTS"])
        whole = contents["values"].view(np.float32).reshape(self.engine.population, -1)
        split = whole[:, at : at + parts * rows * padded(classes)]
        logits: Array = split.reshape(len(whole), parts, rows, -1).sum(axis=1)
        return logits[:, : self.count, :classes]

    def column(self, name: str) -> Array:
        """A setting of each network (P, 1)."""
        return np.array([[getattr(one, name)] for one in self.engine.settings], dtype=np.float32)

    def mask(self, layer: int, shape: tuple[int, ...], rates: Array) -> Array:
        """The dropout mask (P, b, units)."""
        seeds = np.array(self.engine.seeds, dtype=np.uint32)
        return kernels.dropout_mask(seeds, self.step, layer, shape[1], shape[2], rates)

    def inputs(self) -> Array:
        """(P, b, I) the layer's inputs: samples with dropout, or outputs of the layer before."""
        if self.index > 0:
            return self.matrix(self.before, "INPUTS_AT", self.layer.inputs)[:, : self.count]
        inputs = kernels.read_samples(self.engine.samples.features, self.order)
        return inputs * self.mask(0, inputs.shape, self.column("input_dropout")[:, 0])

    def spread(self, weights: str, biases: str) -> Array:
        """Two settings as one array (P, N): the first at every weight, the second at every bias."""
        return spread(self.network, self.column(weights), self.column(biases))


def _forward(done: _Done) -> Pairs:
    weights, biases = layer_views(done.parameters, done.network)[done.index]
    preactivations = kernels.forward(done.inputs(), weights, biases)
    if done.index == len(done.network.hidden):
        yield preactivations, done.logits(done.after, "OUTPUTS_AT")
    elif done.network.layer_norm:
        made = done.matrix(done.after, "OUTPUTS_AT", done.layer.outputs)
        yield preactivations, made[:, : done.count]
    else:
        yield from _activated(done, preactivations)


def _activated(done: _Done, preactivations: Array) -> Pairs:
    """A hidden layer's outputs and derivatives, from its preactivations."""
    activation, slope = done.layer.activation, done.network.leaky_slope
    outputs, derivatives = kernels.activate(preactivations, activation, slope)
    rates = done.engine.dropout_rates()[:, done.index]
    mask = done.mask(done.index + 1, outputs.shape, rates)
    made = done.matrix(done.after, "OUTPUTS_AT", done.layer.outputs)
    yield outputs * mask, made[:, : done.count]
    clear = np.abs(preactivations) > UNDECIDED
    made = done.matrix(done.after, "DERIVATIVES_AT", done.layer.outputs)
    yield derivatives * mask * clear, made[:, : done.count] * clear


def _layer_norm(done: _Done) -> Pairs:
    units, rows = done.layer.outputs, np.s_[:, : done.count]
    norm = norm_views(done.parameters, done.network)[done.index]
    preactivations = done.matrix(done.before, "OUTPUTS_AT", units)[rows]
    scaled, normalized, inverse = kernels.layer_norm(preactivations, *norm)
    yield normalized, done.matrix(done.after, "NORMALIZED_AT", units)[rows]
    yield inverse, done.matrix(done.after, "INVERSE_AT", 1)[rows]
    yield from _activated(done, scaled)


def _head(done: _Done) -> Pairs:
    network, engine = done.network, done.engine
    logits = done.logits(done.before, "LOGITS_AT")
    samples, order = engine.samples, done.order
    smoothing = done.column("label_smoothing")[:, 0]
    losses, derivatives, scores = kernels.head(network, logits, samples.labels[order], smoothing)
    in_loss = engine.loss_weights(samples)
    if in_loss is not None:
        losses, derivatives = losses * in_loss[order], derivatives * in_loss[order][:, :, None]
    if samples.weights is not None:
        scores = scores * samples.weights[order]
    made = done.matrix(done.after, "DELTAS_AT", network.outputs)
    deltas = np.zeros_like(made)
    deltas[:, : done.count] = derivatives / np.float32(done.count)
    yield deltas, made
    before, after = done.before["networks"].view(NETWORK), done.after["networks"].view(NETWORK)
    yield losses.sum(axis=1), after["loss"] - before["loss"]
    name = "correct" if scores.dtype == np.bool_ else "score"
    yield scores.sum(axis=1), after[name] - before[name]
    yield np.full(len(after), done.count), after["seen"] - before["seen"]


def _input_gradient(done: _Done) -> Pairs:
    deltas = done.matrix(done.before, "DELTAS_AT", done.layer.outputs)
    derivatives = done.matrix(done.before, "DERIVATIVES_AT", done.layer.inputs)
    weights = layer_views(done.parameters, done.network)[done.index][0]
    below = kernels.input_gradient(deltas, weights, derivatives)
    yield below, done.matrix(done.after, "DERIVATIVES_AT", done.layer.inputs)


def _layer_norm_gradient(done: _Done) -> Pairs:
    units = done.layer.outputs
    deltas = done.matrix(done.before, "DELTAS_AT", units)
    normalized = done.matrix(done.before, "NORMALIZED_AT", units)
    inverse = done.matrix(done.before, "INVERSE_AT", 1)
    scales = norm_views(done.parameters, done.network)[done.index][0]
    yield _unchanged(deltas, done.matrix(done.after, "KEPT_AT", units))
    below = kernels.layer_norm_gradient(deltas, normalized, inverse, scales)
    yield below, done.matrix(done.after, "DELTAS_AT", units)


def _update(done: _Done) -> Pairs:
    deltas = done.matrix(done.before, "DELTAS_AT", done.layer.outputs)[:, : done.count]
    whole = kernels.weight_gradient(done.inputs(), deltas)
    penalties = done.spread("l1", "l1_biases"), done.spread("l2", "l2_biases")
    return _updated(done, layer_offsets(done.network)[done.index], whole, *penalties)


def _layer_norm_update(done: _Done) -> Pairs:
    units, nothing = done.layer.outputs, np.zeros_like(done.parameters)
    normalized = done.matrix(done.before, "NORMALIZED_AT", units)
    deltas = done.matrix(done.before, "KEPT_AT", units)
    whole = np.concatenate(kernels.layer_norm_update(deltas, normalized), axis=1)
    return _updated(done, norm_offsets(done.network)[done.index], whole, nothing, nothing)


def _updated(done: _Done, start: int, own_gradient: Array, l1: Array, l2: Array) -> Pairs:
    """The gradient of a part of the parameters, which is stored or applied by the optimizer."""
    before, others = done.parameters, done.result.copy()
    own_gradient = own_gradient.reshape(len(before), -1)
    own = np.s_[..., start : start + own_gradient.shape[1]]
    gradient = np.zeros_like(before)
    gradient[own] = own_gradient
    gradient = kernels.regularize(gradient, before, l1, l2, done.column("clip_value"))
    if "store_gradient" in done.one.pieces:
        yield gradient[own], done.engine.unpacked(done.after, "gradients")[own]
    else:
        yield from _moved(done, gradient, own)
        others[own] = before[own]
    yield _unchanged(before, others)


def _moved(done: _Done, gradient: Array, own: Any) -> Pairs:
    """The optimizer's step with this gradient, for a part of the parameters."""
    engine, parameters = done.engine, done.parameters.copy()
    moments = engine.unpacked(done.before, "moments")
    factors = Factors.of(engine.settings, engine.schedule[:, done.step])
    clear = np.abs(gradient) > UNDECIDED * np.abs(gradient).max(initial=0)
    if engine.rule == "lion":
        blend = np.abs(factors.beta1 * moments[0] + (1 - factors.beta1) * gradient)
        clear &= blend > UNDECIDED * blend.max(initial=0)
    shares = rate_shares(done.network, done.column("bias_rate"), by_inputs=engine.rate_by_inputs)
    rates = factors.rate if shares is None else factors.rate * shares
    parameters *= 1 - rates * done.column("weight_decay")
    optimize(engine.rule, parameters, gradient, moments, factors, shares)
    yield moments[own], engine.unpacked(done.after, "moments")[own]
    yield (parameters * clear)[own], (done.result * clear)[own]


def _gradient_norm(done: _Done) -> Pairs:
    gradient = done.engine.unpacked(done.before, "gradients")
    scale = kernels.gradient_norm(gradient, done.column("clip_norm"))
    yield scale[:, 0], done.after["networks"].view(NETWORK)["gradient_scale"]


def _apply_update(done: _Done) -> Pairs:
    scale = done.before["networks"].view(NETWORK)["gradient_scale"][:, None]
    gradient = done.engine.unpacked(done.before, "gradients") * scale
    first, end = 0, done.network.parameter_count
    if done.index >= 0:  # a layer's own
        first = layer_offsets(done.network)[done.index]
        end = first + (done.layer.inputs + 1) * done.layer.outputs
    elif done.one.constants["FIRST"]:  # those of all norms
        first = norm_offsets(done.network)[0]
    return _moved(done, gradient, np.s_[..., first:end])


def _max_norm(done: _Done) -> Pairs:
    expected = done.parameters.copy()
    weights = layer_views(expected, done.network)[done.index][0]
    kernels.max_norm(weights, done.column("max_norm")[:, :, None])
    yield expected, done.result


def _unchanged(expected: Array, actual: Array) -> tuple[Array, Array]:
    """A pair whose difference is infinite wherever the two values are not equal."""
    return expected, np.where(expected == actual, actual, np.float32(np.inf))


TWINS: Mapping[str, Callable[[_Done], Pairs]] = {
    "forward": _forward,
    "layer_norm": _layer_norm,
    **dict.fromkeys((facts.kernel for facts in LOSS_FACTS.values()), _head),
    "input_gradient": _input_gradient,
    "layer_norm_gradient": _layer_norm_gradient,
    "update": _update,
    "layer_norm_update": _layer_norm_update,
    "gradient_norm": _gradient_norm,
    "apply_update": _apply_update,
    "max_norm": _max_norm,
}
"""The twin of each kernel of a layered plan, by the first word of the label of its pass."""
