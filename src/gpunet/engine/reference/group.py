"""A group of networks that numpy computes at once: the specification of a training step.

It calls the functions of ``kernels`` in the order in which the layered plan lists a GPU's passes.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config import NetworkSpec
from gpunet.datasets.dataset import Samples
from gpunet.engine.population import NetworkSettings, Population
from gpunet.engine.reference import kernels
from gpunet.engine.reference.optimizers import Factors, blocks, optimize
from gpunet.parameters import layer_blocks, layer_views, norm_views, rate_shares, spread

__all__ = ["Group", "Scores"]

BLOCK_ROWS = (64, 8)
"""Rows that an evaluation may multiply per BLAS call; the first number is the faster one."""

NUMPY_EVALUATION_ROWS = 1024
"""Rows evaluated at a time: enough that numpy's calls cost little, few enough to stay in the
cache."""

MASKS_TOGETHER = 65_536
"""Elements of dropout masks that are drawn at a time."""


class Group:
    """A group of P networks out of an engine's population.

    Args:
        engine: the population, which has the settings.
        networks: (P,) indices of the networks in the population.
        parameters: (P, N) parameters of the networks, updated in place.
        moments: (M, P, N) the optimizer's moments, updated in place.
    """

    def __init__(
        self,
        engine: Population,
        networks: NDArray[np.intp],
        parameters: NDArray[np.float32],
        moments: NDArray[np.float32],
    ) -> None:
        self._engine, self._network = weakref.proxy(engine), engine.network  # no reference cycle
        self._rule, self._activations = engine.rule, engine.network.activations
        self.networks, self.parameters, self.moments = networks, parameters, moments
        settings = tuple(engine.settings[network] for network in networks)
        self._gradient = np.zeros_like(parameters)
        self._layers = layer_views(parameters, self._network)
        self._norms = norm_views(parameters, self._network)
        self._gradients = layer_blocks(self._gradient, self._network)
        self._normalized: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
        self._columns = _Columns(settings, self._network, rate_by_inputs=engine.rate_by_inputs)
        self._dropout = self._masks(settings)
        self._factors = Factors.of(settings, np.zeros((len(settings), 4), dtype=np.float32))
        self.scores = Scores(len(settings), 0)

    def begin_epoch(
        self,
        order: NDArray[np.uint32],
        schedule: NDArray[np.float32],
        first_step: int,
        loss_weights: NDArray[np.float32] | None,
    ) -> None:
        """Start an epoch with the order (P, n) and the schedule (P, S, 4) of these networks.

        ``loss_weights`` has a weight in the loss for every sample of the training split.
        """
        alike = (order == order[0]).all()  # then samples are read once for all networks
        self._order = order[:1] if alike else order
        self._schedule, self._loss_weights = schedule, loss_weights
        self._first_step, self._step = first_step, 0
        self.scores = Scores(*order.shape)

    def evaluate(self, samples: Samples, own: NDArray[np.uint32] | None = None) -> Scores:
        """The losses of samples and which are answered correctly, without dropout.

        Covers all samples, or only each network's ``own`` rows (P, n).
        """
        scores = Scores(len(self.networks), len(samples) if own is None else own.shape[1])
        for rows, logits in self._logits(samples, own):
            losses, _, hits = kernels.head(
                self._network, logits, samples.labels[rows], self._columns.unsmoothed
            )
            weights = None if samples.weights is None else samples.weights[rows]
            if weights is not None:
                losses = losses * weights
            scores.add(losses, hits, weights)
        return scores

    def predict(self, samples: Samples) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield slices of the samples' rows with their answers (P, n, C)."""
        for rows, logits in self._logits(samples):
            targets = np.zeros_like(logits)
            yield rows, kernels.loss(self._network.loss)(logits, targets)[2]

    def train_step(self, samples: Samples) -> None:
        """Take the epoch's next step."""
        first = self._step * self._engine.batch_size
        rows = self._order[:, first : first + self._engine.batch_size]  # (P, B) or (1, B)
        labels = samples.labels.take(rows, axis=0)  # (P, B), or (P, B, T) for several targets
        inputs, derivatives = self._forward(samples, rows)
        losses, deltas, hits = kernels.head(
            self._network, inputs.pop(), labels, self._columns.label_smoothing
        )
        if self._loss_weights is not None:
            weights = self._loss_weights.take(rows)
            losses, deltas = losses * weights, deltas * weights[:, :, None]
        own = None if samples.weights is None else samples.weights.take(rows)
        self.scores.add(losses, hits, own)
        self._backward(inputs, derivatives, deltas / rows.shape[1])
        self._update()
        self._step += 1

    def loss_and_gradient(
        self, samples: Samples
    ) -> tuple[NDArray[np.float64], NDArray[np.floating[Any]]]:
        """The mean loss (P,) of all samples and its gradient (P, N), in the parameters' type.

        Dropout must be off; penalties do not count.
        """
        gradient, total = np.zeros_like(self.parameters), np.zeros(len(self.networks))
        smoothing = self._columns.label_smoothing.astype(self.parameters.dtype)
        for first in range(0, len(samples), NUMPY_EVALUATION_ROWS):
            row = np.arange(first, min(first + NUMPY_EVALUATION_ROWS, len(samples)))
            rows = row.astype(np.uint32)[None]
            inputs, derivatives = self._forward(samples, rows)
            labels = samples.labels.take(rows, axis=0)
            losses: NDArray[Any]
            deltas: NDArray[Any]
            losses, deltas, _ = kernels.head(self._network, inputs.pop(), labels, smoothing)
            if samples.weights is not None:
                weights = samples.weights.take(rows)
                losses, deltas = losses * weights, deltas * weights[:, :, None]
            total += losses.sum(axis=1, dtype=np.float64)
            deltas /= deltas.dtype.type(len(samples))
            self._backward(inputs, derivatives, deltas)
            gradient += self._gradient
        return total / len(samples), gradient

    def activations(
        self, samples: Samples
    ) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]], NDArray[np.float32]]:
        """All hidden layers' outputs and derivatives (P, n, U), and the logits (P, n, C).

        Covers all samples; dropout must be off.
        """
        rows = np.arange(len(samples), dtype=np.uint32)[None]
        inputs, derivatives = self._forward(samples, rows)
        return inputs[1:-1], derivatives, inputs[-1]

    def _forward(
        self, samples: Samples, rows: NDArray[np.uint32]
    ) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
        """Every layer's inputs followed by the logits, and every hidden layer's derivatives.

        If all networks share the same rows (1, B), the first layer's inputs are (1, B, I).
        """
        values = kernels.read_samples(samples.features, rows)
        if self._dropout[0] is not None:
            values = values * self._dropout[0].at(self._first_step + self._step, len(rows[0]))
        inputs, derivatives = [values], []
        self._normalized = []
        for index, activation in enumerate(self._activations, start=1):
            preactivations = kernels.forward(values, *self._layers[index - 1])
            if self._norms:
                preactivations, *known = kernels.layer_norm(preactivations, *self._norms[index - 1])
                self._normalized.append((known[0], known[1]))
            values, derivative = kernels.activate(
                preactivations, activation, self._network.leaky_slope
            )
            masks = self._dropout[index]
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
        for index in reversed(range(len(self._layers))):
            kernels.weight_gradient(inputs[index], deltas, out=self._gradients[index])
            if index > 0:
                weights = self._layers[index][0]
                deltas = kernels.input_gradient(deltas, weights, derivatives[index - 1])
                deltas = self._through_norm(index - 1, deltas)

    def _through_norm(self, index: int, deltas: NDArray[np.float32]) -> NDArray[np.float32]:
        """The deltas below a hidden layer's norm; also fills in the norm's own gradient."""
        if not self._norms:
            return deltas
        normalized, inverse = self._normalized[index]
        scales, shifts = norm_views(self._gradient, self._network)[index]
        scales[...], shifts[...] = kernels.layer_norm_update(deltas, normalized)
        return kernels.layer_norm_gradient(deltas, normalized, inverse, self._norms[index][0])

    def _update(self) -> None:
        columns, factors = self._columns, self._factors.at(self._schedule[:, self._step])
        self._regularize()
        if columns.clip_norm is not None:
            self._gradient *= kernels.gradient_norm(self._gradient, columns.clip_norm)
        if columns.weight_decay is not None:
            rates = factors.rate if columns.rates is None else factors.rate * columns.rates
            self.parameters *= 1 - rates * columns.weight_decay
        optimize(self._rule, self.parameters, self._gradient, self.moments, factors, columns.rates)
        if columns.max_norm is not None:
            for weights, _ in self._layers:
                kernels.max_norm(weights, columns.max_norm[:, :, None])

    def _regularize(self) -> None:
        if self._columns.penalties is None:
            return
        l1, l2 = self._columns.penalties
        for part in blocks(self.parameters):
            kernels.regularize(
                self._gradient[part],
                self.parameters[part],
                None if l1 is None else l1[part],
                l2[part],
                self._columns.clip_value,
                out=self._gradient[part],
            )

    def _logits(
        self, samples: Samples, own: NDArray[np.uint32] | None = None
    ) -> Iterator[tuple[Any, NDArray[np.float32]]]:
        """Yield some rows of the samples at a time with their logits (P, n, C), without dropout.

        Covers all samples, or only each network's ``own`` rows (P, m).
        """
        count = len(samples) if own is None else own.shape[1]
        for start in range(0, count, NUMPY_EVALUATION_ROWS):
            part = slice(start, min(start + NUMPY_EVALUATION_ROWS, count))
            rows = part if own is None else own[:, part]
            values = kernels.as_fractions(_in_blocks(samples.features[rows]))
            for index, activation in enumerate(self._activations):
                values = self._forward_blocks(index, values)
                if self._norms:
                    norm = (one[:, None] for one in self._norms[index])
                    values, _, _ = kernels.layer_norm(values, *norm)
                values, _ = kernels.activate(values, activation, self._network.leaky_slope)
            logits = self._forward_blocks(-1, values)
            whole = logits.reshape(len(logits), -1, logits.shape[3])
            yield rows, whole[:, : part.stop - start]

    def _forward_blocks(self, index: int, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """A layer's preactivations for inputs in blocks (P, blocks, rows, I)."""
        weights, biases = self._layers[index]
        return kernels.forward(values, weights[:, None], biases[:, None])

    def _masks(self, settings: tuple[NetworkSettings, ...]) -> list[_Masks | None]:
        """Dropout masks of the input and every hidden layer; ``None`` where nothing is dropped."""
        inputs = np.array([one.input_dropout for one in settings], dtype=np.float32)
        hidden = self._engine.dropout_rates()[self.networks]
        rates = np.column_stack((inputs, hidden)).T  # (1 + H, R)
        units = (self._network.inputs, *self._network.hidden)
        return [
            _Masks(self._columns.seeds, layer, self._engine.batch_size, units[layer], own)
            if own.any()
            else None
            for layer, own in enumerate(rates)
        ]


@cache
def _block_rows() -> int:
    """The fixed number of rows that an evaluation multiplies per BLAS call.

    Rounding depends on the shapes of the matrices, and on whether a row is in an incomplete last
    tile. With a fixed number, a row's answer has the same bits whatever rows are beside it.
    Without its AVX-512 routines OpenBLAS rounds some of 64 rows differently, which this tests for.
    It rounds 8 rows alike, but those matmuls take 1.5 times as long.
    """
    most, least = BLOCK_ROWS
    rows, weights = np.random.default_rng(0).normal(size=(2, most, most)).astype(np.float32)
    alike = all(
        np.array_equal(np.roll(rows @ weights[:, :count], shift, 0), moved @ weights[:, :count])
        for shift in (1, 6, 33)
        for moved in [np.roll(rows, shift, 0)]
        for count in (10, 17, most)
    )
    return most if alike else least


def _in_blocks(rows: NDArray[Any]) -> NDArray[Any]:
    """Rows (n, I) or (P, n, I) in blocks (1 or P, blocks, rows, I), padded with the last row."""
    count = _block_rows()
    missing = -rows.shape[-2] % count
    if missing:
        last = np.repeat(rows[..., -1:, :], missing, axis=-2)
        rows = np.concatenate((rows, last), axis=-2)
    return rows.reshape(-1, rows.shape[-2] // count, count, rows.shape[-1])


class _Masks:
    """The dropout masks of the input or of one hidden layer, drawn for several steps at a time.

    Drawing one small mask costs almost as much as drawing a hundred.
    """

    def __init__(
        self,
        seeds: NDArray[np.uint32],
        layer: int,
        rows: int,
        units: int,
        rates: NDArray[np.float32],
    ) -> None:
        self._shape = layer, rows, units
        self._seeds, self._rates = seeds, rates
        self._steps = max(1, MASKS_TOGETHER // (len(seeds) * rows * units))
        self._first = 0
        self._drawn = np.empty((0, len(seeds), rows, units), dtype=np.float32)

    def at(self, step: int, rows: int) -> NDArray[np.float32]:
        """The mask (P, rows, units) of a step; ``rows`` may be fewer in an epoch's last batch."""
        if not self._first <= step < self._first + len(self._drawn):
            steps = np.arange(step, step + self._steps, dtype=np.uint32)[:, None, None, None]
            self._drawn = kernels.dropout_mask(self._seeds, steps, *self._shape, self._rates)
            self._first = step
        return self._drawn[step - self._first, :, :rows]


class _Columns:
    """The settings of all networks as columns (P, 1); seeds and smoothing are (P,).

    An optional setting that no network uses is ``None``.
    """

    def __init__(
        self,
        settings: tuple[NetworkSettings, ...],
        network: NetworkSpec,
        *,
        rate_by_inputs: bool,
    ) -> None:
        def column(name: str) -> NDArray[np.float32]:
            return np.array([getattr(one, name) for one in settings], dtype=np.float32)[:, None]

        def used(name: str) -> NDArray[np.float32] | None:
            values = column(name)
            return values if values.any() else None

        self.seeds = np.array([one.seed for one in settings], dtype=np.uint32)
        self.label_smoothing = column("label_smoothing")[:, 0]
        self.unsmoothed = np.zeros_like(self.label_smoothing)
        self.weight_decay, self.max_norm = used("weight_decay"), used("max_norm")
        self.clip_value, self.clip_norm = column("clip_value"), used("clip_norm")
        self.rates = rate_shares(network, column("bias_rate"), by_inputs=rate_by_inputs)
        self.penalties: tuple[NDArray[np.float32] | None, NDArray[np.float32]] | None = None
        if any(one.l1 or one.l2 or one.l1_biases or one.l2_biases for one in settings) or (
            self.clip_value.any()
        ):
            l1 = spread(network, column("l1"), column("l1_biases"))
            l2 = spread(network, column("l2"), column("l2_biases"))
            self.penalties = (l1 if l1.any() else None, l2)


class Scores:
    """The losses of the samples seen so far, and which of them were answered correctly.

    For measured targets a hit is the squared error. Sample weights multiply the hits.
    """

    def __init__(self, networks: int, samples: int) -> None:
        self._losses = np.empty((networks, samples), dtype=np.float32)
        self._hits = np.empty((networks, samples), dtype=np.bool_)
        self.seen = 0
        self.weight = np.zeros(networks)
        """Total weight (P,) of the samples seen, if they have weights."""

    def add(
        self, losses: NDArray[np.float32], hits: NDArray[Any], weights: NDArray[np.float32] | None
    ) -> None:
        """Add a batch: losses and hits (P, B), and the samples' weights (B,) or (P, B), if any."""
        if weights is not None:
            hits = hits * weights
            self.weight += weights.sum(axis=-1, dtype=np.float64)
        if self._hits.dtype != hits.dtype:
            self._hits = self._hits.astype(hits.dtype)
        rows = slice(self.seen, self.seen + losses.shape[1])
        self._losses[:, rows], self._hits[:, rows] = losses, hits
        self.seen = rows.stop

    def loss(self) -> NDArray[np.float64]:
        """The sum (P,) of the losses."""
        total: NDArray[np.float64] = self._losses[:, : self.seen].sum(axis=1, dtype=np.float64)
        return total

    def hits(self) -> NDArray[np.int64] | NDArray[np.float64]:
        """The sum (P,) of the hits."""
        kind = np.int64 if self._hits.dtype == np.bool_ else np.float64
        return np.asarray(self._hits[:, : self.seen].sum(axis=1, dtype=kind))
