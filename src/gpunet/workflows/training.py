"""Training, from data and settings to a tested model: what the command line and scripts call.

Owns the order of things and the model that comes out; the loop itself belongs to ``training``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gpunet.artifacts.curves import Curves
from gpunet.artifacts.plots import plot_curves
from gpunet.artifacts.report import report
from gpunet.artifacts.svg import curves_svg
from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.framing import find_framing
from gpunet.datasets.pixels import levels_of
from gpunet.engine.factory import Device
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.wgpu.tile_cache import TileCache
from gpunet.errors import ModelError
from gpunet.model import Model, Origin, Scores
from gpunet.training.events import Callback, Control, StopReason
from gpunet.training.result import TrainingResult
from gpunet.training.splits import settled
from gpunet.training.state import RunState
from gpunet.training.trainer import train
from gpunet.workflows.devices import training_engine
from gpunet.workflows.messages import Messages

__all__ = ["Run", "settle_epochs", "train_model", "untrained_model"]


class Run:
    """What a training has come to.

    Args:
        config: the settings in effect.
        dataset: the data.
        reference: what opens the data again, ``None`` if nothing does.
        device: what did the work.
        result: what the loop left.

    Example:
        >>> import gpunet
        >>> run = gpunet.train("strokes:300+100", epochs=1, device="cpu", verbose=False)
        >>> len(run.history)
        1
        >>> run.stop_reason
        'epochs'
    """

    def __init__(
        self,
        config: TrainConfig,
        dataset: Dataset,
        reference: str | None,
        device: DeviceInfo,
        result: TrainingResult,
    ) -> None:
        self.config = config
        """The settings, a ``TrainConfig``."""
        self.device = device
        """What did the work: ``name``, ``kind``, ``backend`` and ``driver``."""
        self.dataset, self.reference, self.result = dataset, reference, result

    @cached_property
    def model(self) -> Model:
        """The trained network or ensemble, with the weights of the best epoch.

        Raises:
            ModelError: no epoch had a finite loss, so there is nothing to use.
        """
        if not self.result.best_epoch:
            raise ModelError(
                f"no epoch of the training had a finite loss ({self.stop_reason}), so there is no "
                "model; train with a smaller learning rate, or for longer"
            )
        result = self.result
        return replace(
            untrained_model(self.config, self.dataset, self.reference),
            parameters=result.parameters[result.learnt],
            scaling=result.scaling,
            inverted=result.inverted,
            best_epoch=result.best_epoch,
            test=self.test,
        )

    @property
    def history(self) -> list[dict[str, Any]]:
        """One record per epoch, as ``pandas.DataFrame`` takes them."""
        return [dataclasses.asdict(record) for record in self.result.history]

    @property
    def stop_reason(self) -> StopReason:
        """Why no further epoch followed."""
        return self.result.stop_reason

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights the model has, counted from 1; 0 if there is none."""
        return self.result.best_epoch

    @cached_property
    def test(self) -> Scores:
        """Loss and accuracy on the test samples; both ``None`` if there are none."""
        return self.result.joint_scores(self.config.loss, self.dataset.test.labels)

    @property
    def curves(self) -> Curves:
        """The losses and accuracies by epoch."""
        return Curves.of(self.result.history, self.result.best_epoch)

    def plot(self, path: str | Path) -> None:
        """Draw the curves into a .png, .svg or .pdf file.

        Raises:
            MissingExtraError: Matplotlib is not installed.
            OutputError: the file cannot be written.
        """
        network = self.config.network(self.dataset.inputs, len(self.dataset.classes))
        title = f"{self.dataset.name}, {network}, {self.config.optimizer}"
        plot_curves(self.curves, title, Path(path))

    def report(self) -> dict[str, Any]:
        """Settings, history and results as ``gpunet train --report`` writes them."""
        return report(self.config, self.device, self.dataset, self.result)

    def __repr__(self) -> str:
        network = self.config.network(self.dataset.inputs, len(self.dataset.classes))
        scores = {"test accuracy": self.test.accuracy, "test loss": self.test.loss}
        told = [f"{name} {value:.4g}" for name, value in scores.items() if value is not None]
        best = f"best epoch {self.best_epoch} of {len(self.result.history)} ({self.stop_reason})"
        return f"<gpunet.Run {network} on {self.dataset.name}: {', '.join([*told, best])}>"

    def _repr_html_(self) -> str:
        from html import escape

        text = escape(repr(self)[1:-1].removeprefix("gpunet.Run "))
        curves = curves_svg(self.curves) if self.result.history else ""
        return f"<div><p>{text}; {escape(str(self.device))}</p>{curves}</div>"


def settle_epochs(config: TrainConfig, dataset: Dataset, messages: Messages) -> TrainConfig:
    """The settings with the epochs that follow from the data."""
    decided = settled(config, dataset)
    if config.epochs is None and decided.epochs != config.effective_epochs:
        messages.say(
            f"epochs: {decided.epochs} by default, as one has few steps; at least "
            f"{decided.effective_patience} without a gain end the training"
        )
    return decided


def train_model(
    config: TrainConfig,
    dataset: Dataset,
    choice: Device,
    *,
    reference: str | None = None,
    tiles: TileCache | None = None,
    callbacks: Sequence[Callback] = (),
    control: Control | None = None,
    resume: RunState | None = None,
    checkpoint: Callable[[RunState], None] | None = None,
    checkpoint_every: int = 1,
) -> Run:
    """Train on a device that was decided on, and test the best weights.

    Args:
        config: the settings, with the epochs settled.
        dataset: the data.
        choice: the device.
        reference: what opens the data again, ``None`` if nothing does.
        tiles: those that were measured on the adapter, if they are to be taken.
        callbacks: told how it goes.
        control: how a user asks to stop or to pause.
        resume: where an earlier run stands.
        checkpoint: is given the run's state after every ``checkpoint_every`` epochs.
        checkpoint_every: epochs.

    Raises:
        GpunetError: whatever a user can cause or fix.
    """
    with training_engine(choice, config, dataset, tiles) as engine:
        result = train(
            engine,
            dataset,
            config,
            callbacks=callbacks,
            control=control,
            resume=resume,
            checkpoint=checkpoint,
            checkpoint_every=checkpoint_every,
        )
    return Run(config, dataset, reference, choice.info, result)


def untrained_model(config: TrainConfig, dataset: Dataset, reference: str | None) -> Model:
    """All of the model that is known before it is trained; its weights are zero."""
    network = config.network(dataset.inputs, len(dataset.classes))
    return Model(
        network=network,
        parameters=np.zeros((config.ensemble, network.parameter_count), dtype=np.float32),
        config=config,
        classes=dataset.classes,
        image_shape=dataset.image_shape,
        scaling=None,
        origin=Origin.of(dataset, reference),
        best_epoch=0,
        test=Scores(None, None),
        levels=levels_of(dataset),
        framing=find_framing(dataset, config.framing),
        columns=dataset.columns,
    )
