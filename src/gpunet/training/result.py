"""The result of a training run: the best weights, each network's history, the test."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gpunet.config import Loss
from gpunet.datasets.dataset import Samples
from gpunet.datasets.scaling import Scaling
from gpunet.engine.metrics import Metrics
from gpunet.model import Scores
from gpunet.training.evaluation import joint_scores, own_scores
from gpunet.training.events import EpochRecord, StopReason
from gpunet.training.member import mean_history

__all__ = ["NetworkResult", "TrainingResult"]


@dataclass(frozen=True, slots=True)
class NetworkResult:
    """The result of one network of a population.

    Args:
        history: one record per epoch.
        stop_reason: why the network stopped.
        best_epoch: counted from 1; 0 if no epoch had a finite loss, so that the network has its
            initial parameters.
    """

    history: tuple[EpochRecord, ...]
    stop_reason: StopReason
    best_epoch: int


@dataclass(frozen=True, slots=True, eq=False)
class TrainingResult:
    """The result of a training run.

    Args:
        parameters: (P, N) weights and biases of each network's best epoch.
        networks: (P,) the result of each network.
        history: one record per epoch, the mean over the networks that ran in it.
        stop_reason: why the network that ran longest stopped.
        best_epoch: the latest of the networks' best epochs; 0 if there is none.
        steps: all steps taken.
        seconds: from the first step to the last validation, without pauses.
        scaling: how float features were scaled, including those of the test set.
        counts: number of samples for ``train``, ``validation`` and ``test``.
        device_failures: device errors that ended the training or prevented the test; the last one
            could not be overcome.
        overcome: device errors that opening the device again overcame.
        test: metrics of the test set.
        test_outputs: (P, n, C) the probabilities for the test set; or measured targets (P, n, T)
            in the scale of training.
        inverted: whether images were inverted, including those of the test set.
        window: samples that the device held at a time; ``None`` for all of them.
        target_scaling: how measured targets were scaled, or ``None``.
    """

    parameters: NDArray[np.float32]
    networks: tuple[NetworkResult, ...]
    history: tuple[EpochRecord, ...]
    stop_reason: StopReason
    best_epoch: int
    steps: int
    seconds: float
    scaling: Scaling | None
    counts: dict[str, int]
    device_failures: tuple[str, ...]
    overcome: tuple[str, ...]
    test: Metrics
    test_outputs: NDArray[np.float32]
    inverted: bool = False
    window: int | None = None
    target_scaling: Scaling | None = None

    @property
    def learned(self) -> list[int]:
        """The networks that had an epoch with a finite loss; all if none did."""
        everyone = range(len(self.networks))
        return [p for p in everyone if self.networks[p].best_epoch] or list(everyone)

    @property
    def kept(self) -> EpochRecord | None:
        """The record of the epoch whose weights are kept; the mean over several networks.

        ``None`` if there is none.
        """
        kept = [one.history[one.best_epoch - 1] for one in self.networks if one.best_epoch]
        if not kept:
            return None
        return replace(mean_history([[one] for one in kept])[0], epoch=self.best_epoch)

    @property
    def tested(self) -> bool:
        """Whether the best weights were tested on any samples."""
        return bool(self.test_outputs.shape[1])

    @property
    def answers(self) -> NDArray[np.float32] | NDArray[np.float64]:
        """The mean predictions of the networks in ``learned`` for the test samples.

        (n, C) or (n, T) probabilities, or (n, T) measured targets in their own units.
        """
        mean: NDArray[np.float32] = self.test_outputs[self.learned].mean(axis=0)
        return mean if self.target_scaling is None else self.target_scaling.to_targets(mean)

    def own_scores(self, loss: Loss, test: Samples) -> tuple[Scores, ...]:
        """(P,) the scores of each network alone on these test samples."""
        return own_scores(loss, self.test, self.test_outputs, test, self.target_scaling)

    def joint_scores(self, loss: Loss, test: Samples) -> Scores:
        """The scores of the mean predictions for these test samples."""
        if not self.tested:
            return Scores(None, None)
        learned = self.learned
        outputs = self.test_outputs[learned]
        return joint_scores(loss, self.test.of(learned), outputs, test, self.target_scaling)
