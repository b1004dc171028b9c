"""Training, from settings and data to the best weights; the loop itself is in ``loop``."""

from __future__ import annotations

from collections.abc import Sequence

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.interface import Engine
from gpunet.training.events import Callback, Control
from gpunet.training.loop import Loop, Prune
from gpunet.training.own_rows import OwnRows
from gpunet.training.requirements import require_shared, require_unfinished
from gpunet.training.result import TrainingResult
from gpunet.training.settings_for_data import settled
from gpunet.training.state import RunState, Start

__all__ = ["train", "train_population"]


def train(
    engine: Engine,
    dataset: Dataset,
    config: TrainConfig,
    *,
    callbacks: Sequence[Callback] = (),
    control: Control | None = None,
    resume: RunState | None = None,
    start: Start | None = None,
) -> TrainingResult:
    """Train one network, or an ensemble of them, and evaluate the best weights on the test set.

    Args:
        engine: made for the networks that ``config`` describes.
        dataset: the data; validation samples are held out from its training samples.
        config: how to train.
        callbacks: called in this order during training.
        control: how a user asks to stop or pause.
        resume: the state of an earlier run with the same data and settings. The result is then bit
            for bit what the earlier run would have given.
        start: weights to continue from, if the run does not resume an earlier one.

    Raises:
        UsageError: the validation set would leave nothing to train on, the run to resume has
            ended, or the engine was made for other settings.
        ModelError: the state to resume does not fit the data and the settings.
        DeviceError: the data do not fit the device, or the device is lost.
    """
    config = settled(config, dataset)
    loop = Loop(engine, dataset, config.networks(), callbacks, control, begun=resume, start=start)
    if resume is not None:
        require_unfinished(config, resume.histories)
    loop.begin()
    loop.train(config)
    return loop.finish(test=True)


def train_population(
    engine: Engine,
    dataset: Dataset,
    configs: Sequence[TrainConfig],
    *,
    own: OwnRows | None = None,
    prune: Prune | None = None,
    callbacks: Sequence[Callback] = (),
    control: Control | None = None,
) -> TrainingResult:
    """Train networks of one shape side by side; the test set is not used.

    Args:
        engine: made for these networks.
        dataset: the data; validation samples are held out from its training samples.
        configs: how to train each network; they share the settings in ``SHARED``, and the first
            one's seed decides which samples are held out.
        own: each network's own rows of ``dataset``; then nothing more is held out or scaled.
        prune: called with all networks after every epoch; returns those that should end.
        callbacks: get means over the running networks, and the first one's settings.
        control: how a user asks to stop or pause.

    Raises:
        UsageError: the networks differ in a shared setting, the validation set would leave nothing
            to train on, or the engine was made for other settings.
        DeviceError: the data do not fit the device, or the device is lost.
    """
    require_shared(configs)
    configs = [settled(config, dataset) for config in configs]
    loop = Loop(engine, dataset, configs, callbacks, control, own=own, prune=prune)
    loop.begin()
    loop.train(configs[0])
    return loop.finish(test=False)
