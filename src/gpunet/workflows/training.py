"""Training, from data and settings to a tested model, for the command line and scripts.

The training loop itself is in ``training``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gpunet.artifacts.curves import Curves
from gpunet.artifacts.plots import plot_curves
from gpunet.artifacts.report import comparison, report
from gpunet.artifacts.svg import curves_svg
from gpunet.config import TrainConfig
from gpunet.datasets.catalog import require_named
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.framing import find_framing
from gpunet.datasets.origin import Origin
from gpunet.datasets.pixels import levels_of
from gpunet.datasets.tables.options import TableOptions
from gpunet.engine.interface import DeviceInfo
from gpunet.errors import ModelError, UsageError, spelled
from gpunet.model import Model, Scores
from gpunet.training.events import Callback, StopReason
from gpunet.training.result import TrainingResult
from gpunet.training.settings_for_data import network_for, settled
from gpunet.training.trainer import train
from gpunet.workflows.data import dataset_of
from gpunet.workflows.devices import (
    compile_shaders,
    device_as_before,
    measured_tiles,
    settle_device,
    training_engine,
)
from gpunet.workflows.messages import Messages
from gpunet.workflows.run_folders import Recorder

__all__ = ["Run", "settle_epochs", "train_model", "untrained_model"]


class Run:
    """The result of a training.

    Args:
        config: the settings in effect.
        dataset: the data.
        reference: the name or path that opens the data again, or ``None``.
        device: the device that trained.
        result: the result of the training loop.

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
        """The device that trained: ``name``, ``kind``, ``backend`` and ``driver``."""
        self.dataset, self.reference, self.result = dataset, reference, result
        self.folder: Path | None = None
        """The folder of the run, if it was kept."""

    @cached_property
    def model(self) -> Model:
        """The trained network or ensemble, with the weights of the best epoch.

        Raises:
            ModelError: no epoch had a finite loss, so there is no model.
        """
        if not self.result.best_epoch:
            raise ModelError(
                f"no epoch of the training had a finite loss ({self.stop_reason}), so there is no "
                "model; train with a smaller learning rate, or for longer"
            )
        result = self.result
        return replace(
            untrained_model(self.config, self.dataset, self.reference),
            parameters=result.parameters[result.learned],
            scaling=result.scaling,
            inverted=result.inverted,
            target_scaling=result.target_scaling,
            best_epoch=result.best_epoch,
            test=self.test,
        )

    @property
    def history(self) -> list[dict[str, Any]]:
        """One record per epoch, for example for ``pandas.DataFrame``."""
        return [record.to_dict() for record in self.result.history]

    @property
    def stop_reason(self) -> StopReason:
        """Why no further epoch followed."""
        return self.result.stop_reason

    @property
    def epochs_in_words(self) -> str:
        """The kept epoch, the number of epochs, and why training stopped unless all were done."""
        name = "best" if self.config.keep == "best" else "kept"
        reason = "" if self.stop_reason == "epochs" else f" ({self.stop_reason})"
        return f"{name} epoch {self.best_epoch} of {len(self.result.history)}{reason}"

    @property
    def failed(self) -> bool:
        """Whether training diverged without a model, or the device failed for good."""
        if self.best_epoch:
            return bool(self.result.device_failures)
        return self.stop_reason == "diverged"

    @property
    def best_epoch(self) -> int:
        """The epoch of the model's weights, counted from 1; 0 if there is none."""
        return self.result.best_epoch

    @cached_property
    def test(self) -> Scores:
        """Loss and accuracy on the test samples, or R2, RMSE and MAE of measured targets.

        All are ``None`` if there are no test samples.
        """
        loss = network_for(self.config, self.dataset).loss
        return self.result.joint_scores(loss, self.dataset.test)

    @property
    def own_scores(self) -> tuple[Scores, ...]:
        """(P,) the scores of each network of an ensemble alone on the test samples."""
        loss = network_for(self.config, self.dataset).loss
        return self.result.own_scores(loss, self.dataset.test)

    @property
    def curves(self) -> Curves:
        """Losses and accuracies by epoch, or losses, R2 and predictions for measured targets."""
        compared = comparison(self.dataset, self.result)
        return Curves.of(self.result.history, self.result.best_epoch, compared)

    def plot(self, path: str | Path) -> None:
        """Draw the curves, and predicted against true targets, into a .png, .svg or .pdf file.

        Raises:
            MissingExtraError: Matplotlib is not installed.
            OutputError: the file cannot be written.
        """
        network = network_for(self.config, self.dataset)
        title = f"{self.dataset.name}, {network}, {self.config.optimizer}"
        plot_curves(self.curves, title, Path(path))

    def report(self) -> dict[str, Any]:
        """Settings, history and results as ``gpunet train --report`` writes them."""
        return report(self.config, self.device, self.dataset, self.result)

    def __repr__(self) -> str:
        network = network_for(self.config, self.dataset)
        test = self.test
        scores = {
            "test accuracy": test.accuracy,
            "test R2": test.r2,
            "test RMSE": test.rmse,
            "test MAE": test.mae,
            "test loss": test.loss,
        }
        if (kept := self.result.kept) is not None and not self.result.tested:
            scores = {
                "val accuracy": kept.val_accuracy,
                "val R2": kept.val_r2,
                "val loss": kept.val_loss,
            }
        parts = [f"{name} {value:.4g}" for name, value in scores.items() if value is not None]
        told = ", ".join([*parts, self.epochs_in_words])
        return f"<gpunet.Run {network} on {self.dataset.name}: {told}>"

    def _repr_html_(self) -> str:
        from html import escape

        text = escape(repr(self)[1:-1].removeprefix("gpunet.Run "))
        curves = curves_svg(self.curves) if self.result.history else ""
        return f"<div><p>{text}; {escape(str(self.device))}</p>{curves}</div>"


def settle_epochs(config: TrainConfig, dataset: Dataset, messages: Messages) -> TrainConfig:
    """The settings with the number of epochs that follows from the data."""
    decided = settled(config, dataset)
    if config.epochs is None and decided.epochs != config.effective_epochs:
        messages.say(
            f"epochs: {decided.epochs} by default, as one has few steps; at least "
            f"{decided.effective_patience} without an improvement end the training"
        )
    return decided


def train_model(
    data: Any,
    config: TrainConfig,
    device: str,
    messages: Messages,
    *,
    recorder: Recorder | None = None,
    callbacks: Sequence[Callback] = (),
    autotune: bool = True,
    sample_weight: Any = None,
) -> Run:
    """Train a network or an ensemble, and test the best weights.

    Arguments are as in ``gpunet.train``; a recorder keeps the run in a folder, and has the state
    of an earlier run to resume.
    """
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise UsageError(f"callbacks hold {callback!r}, wanted instances of gpunet.Callback")
    begun = recorder.state if recorder else None
    require_named(data)
    choice = device_as_before(device, begun.device if begun else "", messages)
    dataset, reference = dataset_of(data, messages, TableOptions.of(config), sample_weight)
    config = settle_epochs(config, dataset, messages)
    with contextlib.ExitStack() as kept:
        if recorder is not None:
            template = untrained_model(config, dataset, reference)
            told = kept.enter_context(recorder.keeping(dataset, template, device, messages))
            callbacks = (*told, *callbacks)
        choice = settle_device(choice, config, config.ensemble, dataset, messages)
        tiles = measured_tiles(choice, config, dataset, messages) if autotune else None
        compile_shaders(choice, config, dataset, tiles, messages)
        engine = training_engine(choice, config, dataset, tiles)
        with messages.training() as shown, engine as opened:
            result = train(
                opened,
                dataset,
                config,
                callbacks=(shown, *callbacks),
                control=messages.control,
                resume=begun,
            )
        run = Run(config, dataset, reference, choice.info, result)
        if recorder is not None:
            recorder.finish(run)
            run.folder = recorder.folder.path
    _tell_what_failed(run, messages)
    return run


def _tell_what_failed(run: Run, messages: Messages) -> None:
    """If the run or a part of it failed, say what went wrong and what to do."""
    config, result = run.config, run.result
    for failure in result.overcome:
        messages.note(f"{failure}; it was opened again, and the work was repeated")
    kept = f"the weights of epoch {run.best_epoch} are kept"
    if run.stop_reason == "diverged":
        tell = messages.note if run.best_epoch else messages.complain
        rate = spelled("learning_rate", f"{config.effective_learning_rate / 10:g}")
        tell(
            f"training diverged: its loss is no longer finite in epoch {len(run.history)}, so "
            f"{kept if run.best_epoch else 'there is no model'}; try {rate}"
        )
    elif not run.best_epoch:
        messages.note("training stopped before an epoch was done, so there is no model")
    elif lost := config.ensemble - len(result.learned):
        messages.note(
            f"{lost} of the {config.ensemble} networks diverged, so the model has the others alone"
        )
    if result.device_failures and run.best_epoch:
        if run.stop_reason == "device failed":
            kept = f"training ended after epoch {len(run.history)}, and {kept}"
        if result.counts["test"] and not result.tested:
            kept += ", but untested; `gpunet evaluate` can test them later"
        messages.complain(f"{result.device_failures[-1]}; {kept}")


def untrained_model(config: TrainConfig, dataset: Dataset, reference: str | None) -> Model:
    """The model before training, with zero weights."""
    network = network_for(config, dataset)
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
        targets=dataset.targets,
    )
