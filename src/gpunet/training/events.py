"""What callbacks learn of a training run, and how they may ask it to stop or pause.

Of an ensemble they get the mean over the networks that run.

The trainer knows callbacks, not screens: the dashboard, the plain printer and a user's own code
all derive from ``Callback``. All accuracies are fractions, all losses means over samples, all times
seconds.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.scaling import Scaling
from gpunet.engine.interface import DeviceInfo
from gpunet.training.clock import WorkingClock

if TYPE_CHECKING:
    from gpunet.training.state import RunState

__all__ = [
    "Callback",
    "Control",
    "EpochEnd",
    "EpochRecord",
    "Insight",
    "LayerInsight",
    "Mistakes",
    "Phase",
    "Progress",
    "RunInfo",
    "StopReason",
]

StopReason = Literal[
    "epochs",
    "early stopping",
    "gains too small",
    "target accuracy reached",
    "time limit reached",
    "stopped by user",
    "diverged",
    "pruned",
    "device failed",
]

Phase = Literal["training", "validating", "paused"]


@dataclass(frozen=True, slots=True, eq=False)
class RunInfo:
    """What is known when training starts.

    Args:
        dataset: the data.
        gallery: a few validation samples (training samples if there are none) whose predictions
            come with every epoch.
        train_count: samples that are trained on.
        validation_count: samples held out; 0 if none.
        test_count: samples that the best weights are tested on at the end; 0 if none.
        steps_per_epoch: the last, smaller batch counted.
        windows: parts in which an epoch's samples come to the device.
        history: the epochs that were done before this run was resumed.
        best_epoch: the best of those; 0 if there are none.
        begun_steps: of the next epoch that were done then, too.
        scaling: what the features were scaled by, or ``None``.
        target_scaling: what brings the gallery's targets and the answers to them back to their own
            units, or ``None``.
    """

    device: DeviceInfo
    network: NetworkSpec
    config: TrainConfig
    dataset: Dataset
    gallery: Samples
    train_count: int
    validation_count: int
    steps_per_epoch: int
    test_count: int = 0
    windows: int = 1
    history: tuple[EpochRecord, ...] = ()
    best_epoch: int = 0
    begun_steps: int = 0
    scaling: Scaling | None = None
    target_scaling: Scaling | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is within an epoch; callbacks get it a few times a second at most.

    Args:
        epoch: counted from 1.
        step: steps of this epoch that are done.
        steps: steps of this epoch in all.
        train_loss: mean over the epoch so far; ``None`` until the first step is done.
        train_score: accuracy, or R2 of measured targets, over the same batches.
        samples_per_second: training throughput of this epoch so far.
        phase: ``training``, or ``validating`` once all steps are done, or ``paused``.
        elapsed: worked since the run's start, what was spent before it was resumed included.
        remaining: estimate until the last epoch is done, validation included; ``None`` at first.
        recent_loss: mean over the steps since the report before; ``None`` if there were none.
        recent_score: accuracy, or R2 of measured targets, over the same steps.
        learning_rate: of the latest step; ``None`` until there is one.
        host_memory: bytes of the machine's memory that the process holds. This and what follows is
            of the last second, and ``None`` where nobody tells.
        device_memory: bytes of all buffers on the device.
        processors: the processors' time that the process takes, by the clock's.
        step_seconds: of a training step, by the clock.
        device_share: share of that in which the device worked, by its own clock.
    """

    epoch: int
    step: int
    steps: int
    train_loss: float | None
    train_score: float | None
    samples_per_second: float
    phase: Phase
    elapsed: float
    remaining: float | None
    recent_loss: float | None = None
    recent_score: float | None = None
    learning_rate: float | None = None
    host_memory: int | None = None
    device_memory: int | None = None
    processors: float | None = None
    step_seconds: float | None = None
    device_share: float | None = None

    @property
    def share(self) -> float:
        """Share of the epoch's steps that is done."""
        return self.step / max(1, self.steps)


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One finished epoch, as the report's ``history`` holds it.

    Args:
        epoch: counted from 1.
        train_loss: mean over the epoch's training batches, with dropout as it was.
        train_accuracy: mean over the same batches; ``None`` where targets are measured.
        val_loss: on the held-out samples; ``None`` if none are held out.
        val_accuracy: on the held-out samples; ``None`` if none are held out, or where targets are
            measured.
        learning_rate: of the epoch's last step.
        seconds: of the whole epoch, validation included and pauses left out.
        samples_per_second: training samples per second of the training part alone.
        train_r2: of measured targets, the share of their variance that was explained over the same
            batches (the coefficient of determination); ``None`` for classes. It is that of several
            targets together, in the scale that they are trained in.
        val_r2: likewise on the held-out samples; the mean over several targets.
    """

    epoch: int
    train_loss: float
    train_accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    learning_rate: float
    seconds: float
    samples_per_second: float
    train_r2: float | None = None
    val_r2: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The record by its names, accuracies of classes or R2 of measured targets."""
        other = ("train_r2", "val_r2")
        if self.train_accuracy is None:
            other = ("train_accuracy", "val_accuracy")
        return {name: value for name, value in _fields(self).items() if name not in other}

    @property
    def train_score(self) -> float | None:
        """Training accuracy, or R2 where targets are measured."""
        return self.train_r2 if self.train_accuracy is None else self.train_accuracy

    @property
    def val_score(self) -> float | None:
        """Validation accuracy, or R2 where targets are measured; ``None`` without validation."""
        return self.val_r2 if self.val_accuracy is None else self.val_accuracy

    @property
    def monitored_loss(self) -> float:
        """Validation loss, or training loss if no samples are held out."""
        return self.train_loss if self.val_loss is None else self.val_loss

    @property
    def monitored_score(self) -> float:
        """Validation accuracy or R2, or that of training if no samples are held out."""
        score = self.train_score if self.val_score is None else self.val_score
        return math.nan if score is None else score


@dataclass(slots=True)
class Control:
    """How a user steers a run from another thread or a signal handler; the trainer looks here."""

    stop_after_epoch: threading.Event = field(default_factory=threading.Event)
    """Finish the epoch, keep the best weights, save, evaluate."""
    stop_now: threading.Event = field(default_factory=threading.Event)
    """Stop within the epoch, validate what it reached, keep the best weights, save, evaluate."""
    signal: int | None = None
    """The number of the signal that asked for the stop, if it wants the process to end, too."""
    paused: threading.Event = field(default_factory=threading.Event)
    """Hold after the steps under way until cleared or asked to stop."""
    clock: WorkingClock = field(default_factory=WorkingClock)
    """The clock that the run's times are measured by; it stands still while the run is held."""
    insight_wanted: threading.Event = field(default_factory=threading.Event)
    """Look into the networks, and tell all callbacks what is seen there."""

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for, at once or after the epoch."""
        return self.stop_now.is_set() or self.stop_after_epoch.is_set()


@dataclass(frozen=True, slots=True, eq=False)
class EpochEnd(EpochRecord):
    """What callbacks get at the end of an epoch: its record, and where the run stands.

    Args:
        best_epoch: the epoch whose weights are kept so far, counted from 1.
        patience_left: epochs without improvement until early stopping; ``None`` if off.
        gallery: (g, C) the probabilities for the gallery's samples; or measured targets (g, T) as
            the network answers them.
    """

    best_epoch: int = 0
    patience_left: int | None = None
    gallery: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @classmethod
    def of(
        cls,
        record: EpochRecord,
        best_epoch: int,
        patience_left: int | None,
        gallery: NDArray[np.float32],
    ) -> EpochEnd:
        """The end of the epoch that a record is of."""
        return cls(
            **_fields(record), best_epoch=best_epoch, patience_left=patience_left, gallery=gallery
        )

    @property
    def record(self) -> EpochRecord:
        """The record alone, to keep."""
        return EpochRecord(**_fields(self))


def _fields(record: EpochRecord) -> dict[str, Any]:
    return {entry.name: getattr(record, entry.name) for entry in fields(EpochRecord)}


@dataclass(frozen=True, slots=True)
class LayerInsight:
    """What is seen of a layer of the first network that runs.

    Args:
        idle: hidden units that learn from none of the samples looked at, since their activation is
            flat for all of them: dead ones of ReLU, saturated ones of tanh; ``None`` for the last
            layer.
        weight_norm: the Euclidean norm of the layer's weights, biases left out.
        gradient_norm: of the gradient with respect to them, on a few training samples, always the
            same, without dropout and penalties.
        update: the norm of their latest step by ``weight_norm``; NaN if no step was seen.
    """

    idle: int | None
    weight_norm: float
    gradient_norm: float
    update: float


@dataclass(frozen=True, slots=True, eq=False)
class Mistakes:
    """The worst answers to the samples looked at, those with the largest loss first.

    Args:
        rows: (m,) of the samples in the set that they come from, counted from 0.
        samples: m of them, with features as they were read, and targets as trained on.
        answers: (m, C) or (m, T) of the networks together.
        courses: (m, k) the probability of what is true at each look so far, the latest last; of
            measured targets the loss. Where there are many looks, some are left out.
    """

    rows: NDArray[np.intp]
    samples: Samples
    answers: NDArray[np.float32]
    courses: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Insight:
    """A look into the networks while they are trained.

    Weights, activations and layers are those of the first network that runs; answers are the mean
    over all of them. Validation samples are training samples where there are none held out.

    Args:
        epoch: that is under way, counted from 1.
        step: steps of this epoch that are done.
        parameters: (P, N) all weights and biases of the networks that run, as they are now.
        layers: all of them, the last one's that gives the answers included.
        units: (k,) numbers of the first layer's units that are shown, with large weights.
        weights: (k, I) what comes into these.
        activations: (g, U) of each hidden layer for the gallery's samples, of its first units.
        gallery: (g, C) or (g, T) the answers to them.
        looked_at: validation samples that the following tells of, always the same.
        matrix: (C, C) of them by class (rows) and answer (columns); of many classes or none (0, 0).
        f1: (T,) the F1 of each label; empty if there are none.
        residuals: (n, T) answers less measured targets, in units of the targets' deviation if they
            are standardized; empty if there are none.
        mistakes: the worst of them.
    """

    epoch: int
    step: int
    parameters: NDArray[np.float32]
    layers: tuple[LayerInsight, ...]
    units: NDArray[np.intp]
    weights: NDArray[np.float32]
    activations: tuple[NDArray[np.float32], ...]
    gallery: NDArray[np.float32]
    looked_at: int
    matrix: NDArray[np.int64]
    f1: NDArray[np.float64]
    residuals: NDArray[np.float32]
    mistakes: Mistakes


class Callback:
    """Observer of a training run; derive from it and override what you need.

    Example:
        >>> import gpunet
        >>> class Losses(gpunet.Callback):
        ...     def on_epoch_end(self, record):
        ...         print(record.epoch, record.val_loss)
        ...         return record.val_loss < 0.1  # True stops the run after this epoch
    """

    insight_share: float = 0.0
    """The share of the run's time that looks into the networks may take for it; with 0.03
    ``on_insight`` is called about every second, with 0 only if a screen shows the networks or
    another callback wants to look."""

    def on_train_begin(self, run: RunInfo) -> None:
        """Training is about to start."""

    def on_progress(self, progress: Progress) -> None:
        """Some steps are done; called a few times a second at most."""

    def on_insight(self, insight: Insight) -> None:
        """There is a new look into the networks.

        It comes about once a second and at the end of each epoch, and later if looks would take
        more of the time than the largest ``insight_share``. A screen that shows them takes 3 %.
        """

    def on_epoch_end(self, record: EpochEnd) -> bool | None:
        """An epoch and its validation are done; return True to stop the run here."""

    def on_checkpoint(self, state: RunState) -> None:
        """An epoch is done, and ``state`` is what it takes to go on from here bit for bit.

        Where samples come in windows it is told within an epoch, too, at most once a minute. An
        epoch that was cut short counts in the result, but cannot be gone on from.
        """

    def on_train_end(self, reason: StopReason, best_epoch: int) -> None:
        """No further epoch follows; the best weights are restored."""
