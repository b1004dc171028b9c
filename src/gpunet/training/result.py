"""What a training run leaves: the best weights, what each network went through, the test."""

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
    """How the training of one network of a population went.

    Args:
        history: one record per epoch.
        stop_reason: why no further epoch followed.
        best_epoch: counted from 1; 0 if no epoch had a finite loss, and the network's parameters
            are the initial ones.
    """

    history: tuple[EpochRecord, ...]
    stop_reason: StopReason
    best_epoch: int


@dataclass(frozen=True, slots=True, eq=False)
class TrainingResult:
    """What a training run leaves.

    Args:
        parameters: (P, N) of each network's best epoch.
        networks: (P,) what the training of each was.
        history: one record per epoch, the mean over the networks that ran in it.
        stop_reason: why no further epoch followed, for the network that ran longest.
        best_epoch: the latest of the networks' best ones; 0 if there is none.
        steps: taken in all.
        seconds: from the first step to the last validation, without pauses.
        scaling: of float features; the test set was scaled so as well.
        counts: samples used for ``train``, ``validation`` and ``test``.
        device_failures: what went wrong on the device and ended the training, or kept from the
            test; the last of them is what could not be fixed.
        overcome: what went wrong on the device, but not once it was opened again.
        test: sums over the test set.
        test_outputs: (P, n, C) the probabilities for the test set; or measured targets (P, n, T)
            as the network answers them.
        inverted: whether images were inverted, those of the test set as well.
        window: samples that the device held at a time; ``None`` for all of them.
        target_scaling: of measured targets, or ``None``.
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
        """The networks that had an epoch with a finite loss; all if none had."""
        everyone = range(len(self.networks))
        return [p for p in everyone if self.networks[p].best_epoch] or list(everyone)

    @property
    def kept(self) -> EpochRecord | None:
        """The epoch whose weights are kept; of several networks the mean over that of each.

        ``None`` if there is none.
        """
        kept = [one.history[one.best_epoch - 1] for one in self.networks if one.best_epoch]
        if not kept:
            return None
        return replace(mean_history([[one] for one in kept])[0], epoch=self.best_epoch)

    @property
    def tested(self) -> bool:
        """Whether there are test samples that the best weights were tried on."""
        return bool(self.test_outputs.shape[1])

    @property
    def answers(self) -> NDArray[np.float32] | NDArray[np.float64]:
        """What those that learned answer to the test samples on average.

        (n, C) or (n, T) probabilities, or (n, T) measured targets in their own units.
        """
        mean: NDArray[np.float32] = self.test_outputs[self.learned].mean(axis=0)
        return mean if self.target_scaling is None else self.target_scaling.to_targets(mean)

    def own_scores(self, loss: Loss, test: Samples) -> tuple[Scores, ...]:
        """(P,) the scores of each network's own answers to these test samples."""
        return own_scores(loss, self.test, self.test_outputs, test, self.target_scaling)

    def joint_scores(self, loss: Loss, test: Samples) -> Scores:
        """The scores of the joint answers, of those that learned, to these test samples."""
        if not self.tested:
            return Scores(None, None)
        learned = self.learned
        outputs = self.test_outputs[learned]
        return joint_scores(loss, self.test.of(learned), outputs, test, self.target_scaling)
