"""The engine that runs on the processor with numpy: the specification of all others.

It strings together the functions of ``numpy_kernels`` in the order in which ``plan`` lists the
passes of a GPU.

BLAS is held to one thread. Its threads wait for each other at every product, so that a step takes
many times as long where another program uses a core of theirs, and they sum in another order than
one thread does. On an idle machine large networks would gain less by them than they lose beside
one busy program.
"""

from __future__ import annotations

import platform
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import (
    MOMENTS,
    DeviceInfo,
    Engine,
    KernelTime,
    Metrics,
    NetworkSettings,
    Split,
    step_schedule,
)
from gpunet.engine.planning.memory import require_host_memory
from gpunet.engine.reference import kernels
from gpunet.engine.reference.optimizers import Factors, blocks, optimize
from gpunet.engine.reference.profile import count_kernels, time_calls
from gpunet.parameters import layer_blocks, layer_views, norm_views

__all__ = ["NumpyEngine", "numpy_conditions", "numpy_device"]

NUMPY_EVALUATION_ROWS = 1000
"""Rows evaluated at a time: enough for BLAS to be efficient, few enough to stay in the cache."""


MASKS_TOGETHER = 65_536
"""Units whose dropout is drawn at a time."""


class NumpyEngine(Engine):
    """A population of networks trained with numpy on the processor."""

    def __init__(self, network: NetworkSpec, configs: TrainConfig | Sequence[TrainConfig]) -> None:
        super().__init__(network, configs)
        require_host_memory(self.population, network, self.rule, self.batch_size)
        shape = (self.population, network.parameter_count)
        self._all_parameters = np.zeros(shape, dtype=np.float32)
        self._all_moments = np.zeros((MOMENTS[self.rule], *shape), dtype=np.float32)
        self._activations = network.activations
        self._normalized: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
        self._splits: dict[Split, Samples] = {}
        self._first_step = 0
        self._step = 0
        self._run(np.arange(self.population))
        self._order = np.zeros((self.population, 0), dtype=np.uint32)
        self._schedule = np.zeros((self.population, 0, 4), dtype=np.float32)

    @property
    def device(self) -> DeviceInfo:
        """The processor."""
        return numpy_device()

    def load(self, split: Split, samples: Samples) -> None:
        """Keep the samples; nothing is copied."""
        self._splits[split] = samples

    def set_parameters(self, parameters: NDArray[np.float32]) -> None:
        """Set all weights and biases (P, N) and forget the optimizer's moments."""
        self._all_parameters[...] = parameters
        self._all_moments[...] = 0
        self._run(np.arange(self.population))

    def parameters(self) -> NDArray[np.float32]:
        """A copy of all weights and biases (P, N)."""
        self._all_parameters[self._running] = self._parameters
        return self._all_parameters.copy()

    def set_moments(self, moments: NDArray[np.float32]) -> None:
        """Set the optimizer's moments (M, P, N)."""
        self._all_moments[...] = moments
        self._moments[...] = moments[:, self._running]

    def moments(self) -> NDArray[np.float32]:
        """A copy of the optimizer's moments (M, P, N)."""
        self._all_moments[:, self._running] = self._moments
        return self._all_moments.copy()

    def deactivate(self, networks: Collection[int]) -> None:
        """Exclude these networks from the following epochs."""
        self._all_parameters, self._all_moments = self.parameters(), self.moments()
        self._run(self._running[~np.isin(self._running, list(networks))])

    def begin_epoch(
        self, order: NDArray[np.uint32], learning_rates: NDArray[np.float64], first_step: int
    ) -> None:
        """Start an epoch over the training split."""
        schedule = step_schedule(self.settings, learning_rates, first_step, self.optimizer)
        self._order, self._schedule = order[self._running], schedule[self._running]
        self._first_step, self._step = first_step, 0
        self._scores = _Scores(len(self._running), order.shape[1])

    def train(self, steps: int) -> None:
        """Take the epoch's next steps."""
        if not len(self._running):
            return
        with numpy_conditions():
            for _ in range(steps):
                self._train_step()

    def metrics(self) -> Metrics:
        """The epoch's metrics so far."""
        return self._scores.metrics(self._running, self.population)

    def evaluate(self, split: Split) -> Metrics:
        """Loss and hits over a whole split, without dropout."""
        samples = self._splits[split]
        scores = _Scores(len(self._running), len(samples))
        for rows, logits in self._logits(samples):
            labels = np.broadcast_to(samples.labels[rows], logits.shape[:2])
            losses, _, _ = self._score(logits, labels, self._columns.unsmoothed)
            scores.add(losses, logits.argmax(axis=2) == labels)
        return scores.metrics(self._running, self.population)

    def predict(self, split: Split) -> NDArray[np.float32]:
        """(P, n, C) the probabilities of every class for every sample of a split."""
        samples = self._splits[split]
        shape = (self.population, len(samples), self.network.classes)
        probabilities = np.full(shape, np.nan, dtype=np.float32)
        for rows, logits in self._logits(samples):
            labels = np.zeros(logits.shape[:2], dtype=np.int32)
            _, _, found = self._score(logits, labels, self._columns.unsmoothed)
            probabilities[self._running, rows] = found
        return probabilities

    def time_kernels(self, steps: int) -> tuple[KernelTime, ...]:
        """Time the kernels' functions by Python's profiler, all layers together."""
        counts = count_kernels(self.network, self.rule, self.batch_size, self._splits["train"])
        return time_calls(__file__, lambda: self.train(steps), steps, counts)

    def _run(self, networks: NDArray[np.intp]) -> None:
        """Lay out what the networks that are active compute with, R of them."""
        self._running = networks
        settings = tuple(self.settings[place] for place in networks)
        self._parameters = self._all_parameters[networks]  # (R, N)
        self._moments = self._all_moments[:, networks]  # (M, R, N)
        self._gradient = np.zeros_like(self._parameters)
        self._layers = layer_views(self._parameters, self.network)
        self._norms = norm_views(self._parameters, self.network)
        self._gradients = layer_blocks(self._gradient, self.network)
        self._columns = _Columns(settings, self.network)
        self._dropout = self._masks()
        self._factors = Factors.of(settings, np.zeros((len(settings), 4), dtype=np.float32))
        self._scores = _Scores(len(settings), 0)

    def _train_step(self) -> None:
        first = self._step * self.batch_size
        rows = self._order[:, first : first + self.batch_size]  # (P, B)
        samples = self._splits["train"]
        labels = samples.labels.take(rows)  # (P, B)
        inputs, derivatives = self._forward(samples, rows)
        logits = inputs.pop()
        losses, deltas, _ = self._score(logits, labels, self._columns.label_smoothing)
        if self.class_weights is not None:
            weights = self.class_weights[labels]  # (P, B)
            losses, deltas = losses * weights, deltas * weights[:, :, None]
        self._scores.add(losses, logits.argmax(axis=2) == labels)
        self._backward(inputs, derivatives, deltas / rows.shape[1])
        self._update()
        self._step += 1

    def _score(
        self,
        logits: NDArray[np.float32],
        labels: NDArray[np.int32],
        smoothing: NDArray[np.float32],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Losses (P, B), their gradients and the probabilities (P, B, C) by the network's loss."""
        targets = kernels.smoothed_targets(labels, self.network.classes, smoothing)
        return kernels.loss(self.network.loss)(logits, targets)

    def _forward(
        self, samples: Samples, rows: NDArray[np.uint32]
    ) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
        """Every layer's inputs and at last the logits; every hidden layer's derivatives."""
        values = kernels.read_samples(samples.features, rows)  # (P, B, I)
        if self._dropout[0] is not None:
            values *= self._dropout[0].at(self._first_step + self._step, len(rows[0]))
        inputs, derivatives = [values], []
        self._normalized = []
        for place, activation in enumerate(self._activations, start=1):
            preactivations = kernels.forward(values, *self._layers[place - 1])
            if self._norms:
                preactivations, *known = kernels.layer_norm(preactivations, *self._norms[place - 1])
                self._normalized.append((known[0], known[1]))
            values, derivative = kernels.activate(
                preactivations, activation, self.network.leaky_slope
            )
            masks = self._dropout[place]
            if masks is not None:
                mask = masks.at(self._first_step + self._step, len(rows[0]))
                values, derivative = values * mask, derivative * mask
            derivatives.append(derivative)
            inputs.append(values)
        inputs.append(kernels.forward(values, *self._layers[-1]))
        return inputs, derivatives

    def _backward(
        self,
        inputs: list[NDArray[np.float32]],
        derivatives: list[NDArray[np.float32]],
        deltas: NDArray[np.float32],
    ) -> None:
        """Fill the gradient, from the last layer to the first."""
        for place in reversed(range(len(self._layers))):
            kernels.weight_gradient(inputs[place], deltas, out=self._gradients[place])
            if place > 0:
                weights = self._layers[place][0]
                deltas = kernels.input_gradient(deltas, weights, derivatives[place - 1])
                deltas = self._through_norm(place - 1, deltas)

    def _through_norm(self, place: int, deltas: NDArray[np.float32]) -> NDArray[np.float32]:
        """The deltas below a hidden layer's norm, whose own gradient is filled in."""
        if not self._norms:
            return deltas
        normalized, inverse = self._normalized[place]
        scales, shifts = norm_views(self._gradient, self.network)[place]
        scales[...], shifts[...] = kernels.layer_norm_update(deltas, normalized)
        return kernels.layer_norm_gradient(deltas, normalized, inverse, self._norms[place][0])

    def _update(self) -> None:
        columns, factors = self._columns, self._factors.at(self._schedule[:, self._step])
        self._regularize()
        if columns.clip_norm is not None:
            self._gradient *= kernels.gradient_norm(self._gradient, columns.clip_norm)
        if columns.weight_decay is not None:
            self._parameters *= 1 - factors.rate * columns.weight_decay
        optimize(self.rule, self._parameters, self._gradient, self._moments, factors)
        if columns.max_norm is not None:
            for weights, _ in self._layers:
                kernels.max_norm(weights, columns.max_norm[:, :, None])

    def _regularize(self) -> None:
        if self._columns.penalties is None:
            return
        l1, l2 = self._columns.penalties
        for part in blocks(self._parameters):
            self._gradient[part] = kernels.regularize(
                self._gradient[part],
                self._parameters[part],
                l1[part],
                l2[part],
                self._columns.clip_value,
            )

    def _logits(self, samples: Samples) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Some rows of the samples at a time, and their logits (P, n, C) without dropout."""
        with numpy_conditions():
            for start in range(0, len(samples), NUMPY_EVALUATION_ROWS):
                rows = slice(start, start + NUMPY_EVALUATION_ROWS)
                values = kernels.as_fractions(samples.features[rows])[None]  # (1, n, I)
                for place, activation in enumerate(self._activations):
                    values = kernels.forward(values, *self._layers[place])
                    if self._norms:
                        values, _, _ = kernels.layer_norm(values, *self._norms[place])
                    values, _ = kernels.activate(values, activation, self.network.leaky_slope)
                yield rows, kernels.forward(values, *self._layers[-1])

    def _masks(self) -> list[_Masks | None]:
        """Those of the input and of every hidden layer; ``None`` where nothing is dropped."""
        inputs = np.array([one.input_dropout for one in self.settings], dtype=np.float32)
        rates = np.column_stack((inputs, self.dropout_rates()))[self._running].T  # (1 + H, R)
        units = (self.network.inputs, *self.network.hidden)
        return [
            _Masks(self._columns.seeds, place, self.batch_size, units[place], own)
            if own.any()
            else None
            for place, own in enumerate(rates)
        ]


class _Masks:
    """The dropout masks of one place, drawn for some steps at a time.

    Drawing a small mask costs hardly less than drawing a hundred.
    """

    def __init__(
        self,
        seeds: NDArray[np.uint32],
        place: int,
        rows: int,
        units: int,
        rates: NDArray[np.float32],
    ) -> None:
        self._shape = place, rows, units
        self._seeds, self._rates = seeds, rates
        self._steps = max(1, MASKS_TOGETHER // (len(seeds) * rows * units))
        self._first = 0
        self._drawn = np.empty((0, len(seeds), rows, units), dtype=np.float32)

    def at(self, step: int, rows: int) -> NDArray[np.float32]:
        """The mask (P, rows, units) of a step; ``rows`` is less in an epoch's last batch."""
        if not self._first <= step < self._first + len(self._drawn):
            steps = np.arange(step, step + self._steps, dtype=np.uint32)[:, None, None, None]
            self._drawn = kernels.dropout_mask(self._seeds, steps, *self._shape, self._rates)
            self._first = step
        return self._drawn[step - self._first, :, :rows]


class _Columns:
    """The settings of all networks as columns: (P, 1), seeds and smoothing (P,).

    What no network uses is ``None``.
    """

    def __init__(self, settings: tuple[NetworkSettings, ...], network: NetworkSpec) -> None:
        def column(name: str) -> NDArray[np.float32]:
            return np.array([getattr(one, name) for one in settings], dtype=np.float32)[:, None]

        def used(name: str) -> NDArray[np.float32] | None:
            figures = column(name)
            return figures if figures.any() else None

        self.seeds = np.array([one.seed for one in settings], dtype=np.uint32)
        self.label_smoothing = column("label_smoothing")[:, 0]
        self.unsmoothed = np.zeros_like(self.label_smoothing)
        self.weight_decay, self.max_norm = used("weight_decay"), used("max_norm")
        self.clip_value, self.clip_norm = column("clip_value"), used("clip_norm")
        self.penalties: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        if any(one.l1 or one.l2 or one.l1_biases or one.l2_biases for one in settings) or (
            self.clip_value.any()
        ):
            self.penalties = (
                _spread(column("l1"), column("l1_biases"), network),
                _spread(column("l2"), column("l2_biases"), network),
            )


def _spread(
    weights: NDArray[np.float32], biases: NDArray[np.float32], network: NetworkSpec
) -> NDArray[np.float32]:
    """A figure (P, N) for every parameter, from those of weights and of biases (P, 1).

    Scales and shifts have none.
    """
    figures = np.zeros((len(weights), network.parameter_count), dtype=np.float32)
    for own_weights, own_biases in layer_views(figures, network):
        own_weights[...], own_biases[...] = weights[:, :, None], biases
    return figures


class _Scores:
    """What the samples seen so far cost, and which of them were told right."""

    def __init__(self, population: int, samples: int) -> None:
        self.losses = np.empty((population, samples), dtype=np.float32)
        self.hits = np.empty((population, samples), dtype=np.bool_)
        self.seen = 0

    def add(self, losses: NDArray[np.float32], hits: NDArray[np.bool_]) -> None:
        """Add a batch: losses and hits (P, B)."""
        rows = slice(self.seen, self.seen + losses.shape[1])
        self.losses[:, rows], self.hits[:, rows] = losses, hits
        self.seen = rows.stop

    def metrics(self, networks: NDArray[np.intp], population: int) -> Metrics:
        """The metrics, as those of these networks of a population."""
        loss = np.zeros(population, dtype=np.float64)
        correct, seen = np.zeros((2, population), dtype=np.int64)
        loss[networks] = self.losses[:, : self.seen].sum(axis=1, dtype=np.float64)
        correct[networks] = self.hits[:, : self.seen].sum(axis=1, dtype=np.int64)
        seen[networks] = self.seen
        return Metrics(loss, correct, seen)


@contextmanager
def numpy_conditions() -> Iterator[None]:
    """The conditions under which numpy works: no warnings, and one thread of BLAS.

    A diverging run overflows; it is noticed by its loss, not by a warning per step.
    """
    with np.errstate(over="ignore", invalid="ignore"), _blas().limit(limits=1):
        yield


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


def numpy_device() -> DeviceInfo:
    """The processor, as users are told of it."""
    processor = platform.machine() or "unknown processor"
    return DeviceInfo(f"numpy on {processor}", "CPU", "numpy", f"numpy {np.__version__}")
