"""What callbacks learn about a training run, and how they can ask it to stop or pause.

For an ensemble they get the mean over the networks that are still running.

The trainer knows callbacks, not screens: the dashboard, the plain printer and a user's own code
all derive from ``Callback``. Accuracies are fractions, losses are means over samples, and times are
in seconds.
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
        train_count: number of training samples.
        validation_count: number of held-out samples; 0 if none.
        test_count: number of test samples, used at the end; 0 if none.
        steps_per_epoch: including the last, smaller batch.
        windows: number of parts in which an epoch's samples are loaded onto the device.
        history: the epochs that were done before this run was resumed.
        best_epoch: the best epoch in ``history``; 0 if there is none.
        begun_steps: steps of the next epoch that were also done before.
        scaling: how the features were scaled, or ``None``.
        target_scaling: how measured targets were scaled, to convert the gallery's targets and
            predictions back to their own units, or ``None``.
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
    """How far a run is within an epoch; callbacks get it a few times a second at most.

    Args:
        epoch: counted from 1.
        step: steps done in this epoch.
        steps: all steps of this epoch.
        train_loss: mean over the epoch so far; ``None`` until the first step is done.
        train_score: accuracy, or R2 of measured targets, over the same batches.
        samples_per_second: training throughput of this epoch so far.
        phase: ``training``, ``validating`` once all steps are done, or ``paused``.
        elapsed: working time since the run began, including the time before it was resumed.
        remaining: estimated time until the last epoch is validated; ``None`` at first.
        recent_loss: mean over the steps since the last report; ``None`` if there were none.
        recent_score: accuracy, or R2 of measured targets, over the same steps.
        learning_rate: of the latest step; ``None`` before the first step.
        host_memory: bytes of the machine's memory that the process uses. This and the following
            describe the last second; ``None`` if the value is not available.
        device_memory: bytes of all buffers on the device.
        processors: processors in use: the process's CPU time per second of the clock.
        step_seconds: wall-clock time of a training step.
        device_share: share of that time in which the device worked, by its own clock.
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
        """The share of the epoch's steps that are done."""
        return self.step / max(1, self.steps)


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One finished epoch, as the report's ``history`` holds it.

    Args:
        epoch: counted from 1.
        train_loss: mean over the epoch's training batches, with dropout.
        train_accuracy: mean over the same batches; ``None`` for measured targets.
        val_loss: on the held-out samples; ``None`` if there are none.
        val_accuracy: on the held-out samples; ``None`` if there are none, or for measured targets.
        learning_rate: of the epoch's last step.
        seconds: of the whole epoch, including validation but not pauses.
        samples_per_second: training samples per second, validation excluded.
        train_r2: R2 (coefficient of determination) of measured targets over the same batches;
            ``None`` for classes. Several targets count together, in the scale of training.
        val_r2: R2 on the held-out samples, the mean over the targets.
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
        """The record as a dict, with accuracies for classes or R2 for measured targets."""
        other = ("train_r2", "val_r2")
        if self.train_accuracy is None:
            other = ("train_accuracy", "val_accuracy")
        return {name: value for name, value in _fields(self).items() if name not in other}

    @property
    def train_score(self) -> float | None:
        """Training accuracy, or R2 for measured targets."""
        return self.train_r2 if self.train_accuracy is None else self.train_accuracy

    @property
    def val_score(self) -> float | None:
        """Validation accuracy, or R2 for measured targets; ``None`` without validation."""
        return self.val_r2 if self.val_accuracy is None else self.val_accuracy

    @property
    def monitored_loss(self) -> float:
        """Validation loss, or training loss if no samples are held out."""
        return self.train_loss if self.val_loss is None else self.val_loss

    @property
    def monitored_score(self) -> float:
        """Validation accuracy or R2, or training accuracy or R2 if no samples are held out."""
        score = self.train_score if self.val_score is None else self.val_score
        return math.nan if score is None else score


@dataclass(slots=True)
class Control:
    """How a user controls a run from another thread or a signal handler; the trainer reads it."""

    stop_after_epoch: threading.Event = field(default_factory=threading.Event)
    """Finish the epoch, keep the best weights, save, evaluate."""
    stop_now: threading.Event = field(default_factory=threading.Event)
    """Stop within the epoch, validate, keep the best weights, save, evaluate."""
    signal: int | None = None
    """The number of the signal that asked for the stop, if it should also end the process."""
    paused: threading.Event = field(default_factory=threading.Event)
    """Pause after the current steps, until cleared or asked to stop."""
    clock: WorkingClock = field(default_factory=WorkingClock)
    """The clock that measures the run's times; it stands still during a pause."""
    insight_wanted: threading.Event = field(default_factory=threading.Event)
    """Look into the networks, and pass the result to all callbacks."""

    @property
    def stopping(self) -> bool:
        """Whether a stop was requested, at once or after the epoch."""
        return self.stop_now.is_set() or self.stop_after_epoch.is_set()


@dataclass(frozen=True, slots=True, eq=False)
class EpochEnd(EpochRecord):
    """What callbacks get at the end of an epoch: its record, and the state of the run.

    Args:
        best_epoch: the epoch whose weights are kept so far, counted from 1.
        patience_left: epochs without improvement until early stopping; ``None`` if off.
        gallery: (g, C) predicted probabilities for the gallery's samples; or measured targets
            (g, T) in the scale of training.
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
        """The end of a record's epoch."""
        return cls(
            **_fields(record), best_epoch=best_epoch, patience_left=patience_left, gallery=gallery
        )

    @property
    def record(self) -> EpochRecord:
        """The record alone."""
        return EpochRecord(**_fields(self))


def _fields(record: EpochRecord) -> dict[str, Any]:
    return {entry.name: getattr(record, entry.name) for entry in fields(EpochRecord)}


@dataclass(frozen=True, slots=True)
class LayerInsight:
    """What a look shows of a layer of the first running network.

    Args:
        idle: how many hidden units learn from none of the samples, because their activation is flat
            for all of them: dead ReLU units, saturated tanh units; ``None`` for the last layer.
        weight_norm: the Euclidean norm of the layer's weights, without biases.
        gradient_norm: the norm of their gradient on a few training samples, always the same ones,
            without dropout and penalties.
        update: the norm of their latest step, divided by ``weight_norm``; NaN if it is not known.
    """

    idle: int | None
    weight_norm: float
    gradient_norm: float
    update: float


@dataclass(frozen=True, slots=True, eq=False)
class Mistakes:
    """The worst predictions of a look, those with the largest losses first.

    Args:
        rows: (m,) the rows of their samples in the validation or training set, counted from 0.
        samples: the m samples, with features as read and targets as trained on.
        answers: (m, C) or (m, T) the networks' mean predictions.
        courses: (m, k) the probability of the true label at each look so far, the latest last; for
            measured targets the loss. If there are many looks, some are left out.
    """

    rows: NDArray[np.intp]
    samples: Samples
    answers: NDArray[np.float32]
    courses: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Insight:
    """A look into the networks while they train.

    Weights, activations and layers are those of the first running network; predictions are the mean
    over all of them. If no samples are held out, validation samples are training samples.

    Args:
        epoch: the current epoch, counted from 1.
        step: steps done in this epoch.
        parameters: (P, N) current weights and biases of the running networks.
        layers: all layers, including the output layer.
        units: (k,) the first layer's units that are shown, those with large weights.
        weights: (k, I) the incoming weights of these units.
        activations: (g, U) of each hidden layer's first units for the gallery's samples.
        gallery: (g, C) or (g, T) the predictions for the gallery's samples.
        looked_at: how many validation samples the following values are about, always the same.
        matrix: (C, C) samples by true class (rows) and predicted class (columns); (0, 0) if there
            are no classes, or too many.
        f1: (T,) the F1 of each label; empty if there are none.
        residuals: (n, T) predictions minus measured targets, in units of the targets' standard
            deviation if they are standardized; empty if there are none.
        mistakes: the worst predictions.
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
    """The share of the run's time that looks into the networks may take. With 0.03, ``on_insight``
    is called about every second; with 0, only if a screen or another callback asks for looks."""

    def on_train_begin(self, run: RunInfo) -> None:
        """Training is about to start."""

    def on_progress(self, progress: Progress) -> None:
        """Some steps are done. Called a few times a second at most."""

    def on_insight(self, insight: Insight) -> None:
        """There is a new look into the networks.

        Called about once a second and at the end of each epoch, but less often if looks would take
        more than the largest ``insight_share``. A screen that shows them asks for 3 %.
        """

    def on_epoch_end(self, record: EpochEnd) -> bool | None:
        """An epoch and its validation are done; return True to stop the run here."""

    def on_checkpoint(self, state: RunState) -> None:
        """An epoch is done; from ``state`` the run can be resumed bit for bit.

        If samples come in windows, also called within an epoch, at most once a minute. An epoch
        that was cut short counts in the result, but a run cannot be resumed from it.
        """

    def on_train_end(self, reason: StopReason, best_epoch: int) -> None:
        """Training has ended; the best weights are restored."""
