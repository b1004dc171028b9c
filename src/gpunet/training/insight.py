"""Looks into the networks while they train, as often as the allowed time permits.

There are no looks unless a screen or a callback asks for them, and a look changes no bit of the
training. ``Looks`` decides when to look, ``Probe`` what to compute; the numpy reference computes it
on the host, whatever device trains.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gpunet.engine.interface import Engine
from gpunet.engine.population import MOMENTS, Population
from gpunet.engine.reference import kernels
from gpunet.engine.reference.group import Group
from gpunet.engine.reference.numpy_engine import numpy_conditions
from gpunet.parameters import layer_views
from gpunet.training.events import Insight, LayerInsight, Mistakes
from gpunet.training.metrics import (
    are_right,
    confusion_matrix,
    label_scores,
    probability_of,
    sample_losses,
)
from gpunet.training.run_samples import RunSamples

__all__ = ["SHOWN_SHARE", "Looks", "Probe"]

LOOK_SECONDS = 1.0
"""Seconds between two looks within an epoch: often enough to see weights form."""

SHOWN_SHARE = 0.03
"""The share of a run's time that looks may take while a screen shows them."""

OPERATIONS = 500_000_000
"""Multiplications for the predictions of a look: some 20 ms on one processor core."""

LEAST, MOST = 200, 2000
"""The fewest and most validation samples of a look; ``OPERATIONS`` decides in between."""

BATCH = 128
"""Training samples from which a look computes the gradient."""

GALLERY = 40
"""Samples of the gallery whose activations a look shows."""

UNITS_SHOWN, UNITS_ACTIVE = 64, 256
"""Units of the first layer whose weights are shown, and units of each layer whose activations are
shown; most terminals have room for fewer."""

MOST_CLASSES, MISTAKES, COURSE = 64, 12, 32
"""The largest confusion matrix, the number of mistakes, and the fewest looks in their courses."""

FLAT = 0.01
"""Units with a smaller derivative pass back almost no gradient: ReLU below zero, tanh beyond 0.995,
a sigmoid beyond 0.99."""


class Looks:
    """The looks into the networks of a run.

    ``share`` returns the share of the run's time that looks may take now, 0 for no looks. After a
    slow look the next one comes later.
    """

    def __init__(
        self,
        engine: Engine,
        samples: RunSamples,
        share: Callable[[], float],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._engine, self._samples = engine, samples
        self._share, self._clock = share, clock
        self._before: NDArray[np.float32] | None = None
        self._ended = -np.inf
        self._cost = 0.0
        self._seen: tuple[int, int] | None = None

    def train(self, steps: int, *, ending: bool) -> None:
        """Take the epoch's next steps; ``ending`` says whether they are its last.

        If a look is due afterwards, the weights before the latest step are kept for it.
        """
        self._before = None
        if self._due(ending):
            if steps > 1:
                self._engine.train(steps - 1)
            began = self._clock()
            self._before = self._engine.parameters()
            self._cost = self._clock() - began
            steps = 1
        self._engine.train(steps)

    def look(
        self, epoch: int, step: int, running: Sequence[int], *, paused: bool
    ) -> Insight | None:
        """A look into the running networks, if one is due after this step of an epoch.

        In a pause it is due at once, unless there was already a look after the same step.
        """
        due = self._share() > 0 if paused else self._before is not None
        if not due or self._seen == (epoch, step):
            return None
        own, probe = list(running), self._probe
        began = self._clock()
        before = None if self._before is None else self._before[own[0]]
        insight = probe.look(epoch, step, self._engine.parameters()[own], before)
        self._ended = self._clock()
        self._cost += self._ended - began
        self._seen = epoch, step
        return insight

    @cached_property
    def _probe(self) -> Probe:
        return Probe(self._engine, self._samples)

    def _due(self, ending: bool) -> bool:
        """Whether a look is due now; at the end of an epoch only its cost matters."""
        share = self._share()
        if not share:
            return False
        pause = self._cost / share
        return self._clock() - self._ended >= (pause if ending else max(pause, LOOK_SECONDS))


class Probe:
    """Computes looks into networks, always on the same samples."""

    def __init__(self, engine: Engine, samples: RunSamples) -> None:
        self._network, held_out = engine.network, samples.held_out
        config = replace(engine.configs[0], dropout=0.0, input_dropout=0.0, ensemble=1)
        self._population = Population(self._network, [config] * engine.population)
        count = OPERATIONS // (self._network.parameter_count * engine.population)
        rows = _spread_out(len(held_out), min(max(count, LEAST), MOST))
        self._samples, self._checked = samples, held_out[rows]
        of = held_out.rows  # a slice or an array
        every = range(len(held_out.samples))[of] if isinstance(of, slice) else of
        self._rows = np.array([every[row] for row in rows], np.intp)
        self._gallery = samples.prepared_gallery[:GALLERY]
        training = samples.splits.training
        batch = training[_spread_out(len(training), BATCH)]
        self._batch = replace(batch, weights=engine.loss_weights(batch))
        self._units = np.arange(0)
        self._courses: list[NDArray[np.float32]] = []  # (n,) each
        self._updates = (np.nan,) * len(self._network.layers)

    @numpy_conditions()
    def look(
        self,
        epoch: int,
        step: int,
        parameters: NDArray[np.float32],
        before: NDArray[np.float32] | None,
    ) -> Insight:
        """Look into networks.

        Args:
            epoch: the current epoch, counted from 1.
            step: steps done in this epoch.
            parameters: (P, N) current weights and biases.
            before: (N,) the first network's parameters before its latest step, if known.
        """
        moments = np.zeros((MOMENTS[self._population.rule], *parameters.shape), np.float32)
        group = Group(self._population, np.arange(len(parameters)), parameters, moments)
        active, _, logits = group.activations(self._gallery)
        _, derivatives, checked = group.activations(self._checked)
        answers = self._answers(checked)
        labels, kind = self._checked.labels, self._network.kind
        few = kind == "classes" and self._network.outputs <= MOST_CLASSES
        measured = kind == "measured"
        units, weights = self._shown(parameters)
        return Insight(
            epoch,
            step,
            parameters,
            layers=self._layers(group, derivatives, before),
            units=units,
            weights=weights,
            activations=tuple(one[0, :, :UNITS_ACTIVE].copy() for one in active),
            gallery=self._answers(logits),
            looked_at=len(labels),
            matrix=confusion_matrix(answers, labels) if few else np.zeros((0, 0), np.int64),
            f1=label_scores(answers, labels).f1 if kind == "labels" else np.zeros(0),
            residuals=answers - labels if measured else np.zeros((0, 0), np.float32),
            mistakes=self._mistakes(answers),
        )

    def _answers(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, C) the networks' mean predictions."""
        targets = np.zeros_like(logits)
        answers = kernels.loss(self._network.loss)(logits, targets)[2]
        return np.asarray(answers.mean(axis=0), np.float32)

    def _layers(
        self,
        group: Group,
        derivatives: list[NDArray[np.float32]],
        before: NDArray[np.float32] | None,
    ) -> tuple[LayerInsight, ...]:
        _, gradient = group.loss_and_gradient(self._batch)
        idle = [int((np.abs(one[0]).max(axis=0) < FLAT).sum()) for one in derivatives]
        now = self._weights(group.parameters)
        sizes, slopes = map(_norm, now), map(_norm, self._weights(gradient))
        if before is not None:
            changes = zip(now, self._weights(before[None]), strict=True)
            self._updates = tuple(_norm(new - old) / (_norm(new) or np.nan) for new, old in changes)
        rows = zip([*idle, None], sizes, slopes, self._updates, strict=True)
        return tuple(LayerInsight(*row) for row in rows)

    def _weights(self, parameters: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The weights (I, O) of each layer of the first network."""
        return [weights[0] for weights, _ in layer_views(parameters, self._network)]

    def _shown(
        self, parameters: NDArray[np.float32]
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """The first layer's units (k,) to show and their weights (k, I).

        If not all units are shown, those with large weights are. A unit keeps its place as long as
        it is in the larger half of the candidates for that place, so that pictures do not jump.
        """
        weights = self._weights(parameters)[0]  # (I, O)
        units = weights.shape[1]
        if units <= UNITS_SHOWN:
            self._units = np.arange(units)
        else:
            order = np.argsort(-np.linalg.norm(weights, axis=0), kind="stable")
            large = order[: 2 * UNITS_SHOWN]
            shown = self._units if len(self._units) else order[:UNITS_SHOWN]
            leaving = ~np.isin(shown, large)
            coming = large[~np.isin(large, shown)][: leaving.sum()]
            self._units = shown.copy()
            self._units[leaving] = coming
        return self._units, np.ascontiguousarray(weights[:, self._units].T)

    def _mistakes(self, answers: NDArray[np.float32]) -> Mistakes:
        """The worst of the predictions (n, C) for the samples of a look."""
        labels, kind = self._checked.labels, self._network.kind
        losses = sample_losses(self._network.loss, answers, labels)
        if kind == "measured":
            course, wrong = np.asarray(losses, np.float32), np.arange(len(labels))
        else:
            course = probability_of(labels, answers)
            wrong = np.flatnonzero(~are_right(answers, labels))
        if len(self._courses) >= 2 * COURSE:
            self._courses = self._courses[::2]
        self._courses.append(course)
        worst = wrong[np.argsort(-losses[wrong], kind="stable")[:MISTAKES]]
        return Mistakes(
            rows=self._rows[worst],
            samples=self._samples.as_dark(self._checked[worst]),
            answers=answers[worst],
            courses=np.stack([one[worst] for one in self._courses], axis=1),
        )


def _spread_out(count: int, most: int) -> NDArray[np.intp]:
    """Rows at equal distances, at most ``most`` of them."""
    return np.linspace(0, count - 1, min(count, most)).astype(np.intp)


def _norm(values: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(values.astype(np.float64)))
