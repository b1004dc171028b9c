"""The device of a workflow: selects it, by a trial if need be, and measures its tiles."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.factory import (
    Device,
    create_engine,
    next_best,
    select_device,
    select_device_again,
    settle,
)
from gpunet.engine.interface import Engine
from gpunet.engine.population import networks_of
from gpunet.engine.verdicts import known_faults
from gpunet.engine.wgpu.adapters import Adapter, list_adapters
from gpunet.engine.wgpu.tile_cache import TileCache
from gpunet.errors import UsageError, spelled
from gpunet.training.batches import steps_per_epoch
from gpunet.training.settings_for_data import network_for
from gpunet.workflows.messages import Messages

if TYPE_CHECKING:
    from gpunet.engine.adapter_check import AdapterCheck
    from gpunet.engine.wgpu.tile_trials import Measured
    from gpunet.engine.wgpu.wgpu_engine import WgpuEngine

__all__ = [
    "check_device",
    "checked_device",
    "choose_device",
    "choose_tiles",
    "compile_shaders",
    "compiling",
    "device_as_before",
    "find_device",
    "measured_tiles",
    "settle_device",
    "training_engine",
    "trial_engine",
]

log = logging.getLogger(__name__)

LONG_TRAINING = 60.0
"""A training with a time limit below these seconds measures no tiles."""


def choose_device(selector: str, messages: Messages, *, shaders: bool = False) -> Device:
    """Select a device by name, for work that is too short for a trial of devices.

    With ``shaders``, ``auto`` prefers a software adapter to numpy.

    Raises:
        UsageError: there is no such device.
        DeviceError: it cannot be used.
    """
    choice = find_device(selector, messages, shaders=shaders)
    log.info("device: %s", choice.reason)
    messages.device(choice)
    return choice


def find_device(selector: str, messages: Messages, *, shaders: bool = False) -> Device:
    """Select a device as ``select_device`` does, shown as a stage; a trial may still settle it."""
    with messages.stage("looking for devices", "device"):
        return select_device(selector, shaders=shaders)


def device_as_before(selector: str, before: str, messages: Messages) -> Device:
    """The device of a resumed run; for ``auto`` the one that it had before, if it is here.

    ``before`` is the ``str`` of its ``DeviceInfo``; empty if it is not known.

    Raises:
        UsageError: there is no such device.
        DeviceError: it cannot be used.
    """
    if before and selector == "auto":
        with messages.stage("looking for devices", "device"):
            again = select_device_again(before)
        if again is not None:
            return again
    choice = find_device(selector, messages)
    if before and before != str(choice.info):
        messages.note(
            f"the run was begun on {before}; on another device its last digits will differ"
        )
    return choice


def settle_device(
    choice: Device, config: TrainConfig, population: int, dataset: Dataset, messages: Messages
) -> Device:
    """The device of a training, after a trial if need be.

    Raises:
        DeviceError: the adapter that the user chose has failed its check.
    """
    network = network_for(config, dataset)
    steps = config.effective_epochs * steps_per_epoch(len(dataset.train), config.batch_size)
    with messages.stage("trying which device is faster", "trial"):
        settled = settle(choice, network, (config,) * population, steps)
    checked = checked_device(settled, messages)
    if checked is not settled:
        return settle_device(checked, config, population, dataset, messages)
    log.info("device: %s", settled.reason)
    messages.device(settled)
    return settled


def checked_device(choice: Device, messages: Messages) -> Device:
    """Check an adapter before its first training; the device that can be trusted.

    It is the chosen device, or the one that ``auto`` takes instead.

    Raises:
        DeviceError: the adapter that the user chose has failed its check.
    """
    if choice.adapter is None or known_faults(choice.adapter.info) is not None:
        return choice
    what = f"checking {choice.adapter.info.name} once"
    check = _check_shown(choice.adapter, messages, what, "check")
    messages.checked(check)
    if not check.failed:
        return choice
    other = next_best(choice, check.faults)
    messages.note(f"{check.summary}; {other.info} is used instead")
    return checked_device(other, messages)


def check_device(selector: str, messages: Messages) -> AdapterCheck:
    """Check an adapter, even if it was checked before.

    Raises:
        UsageError: there is no such adapter.
        DeviceError: it cannot be opened.
    """
    adapter = select_device(selector, list_adapters(), shaders=True).adapter
    if adapter is None:
        raise UsageError(
            f"{spelled('device', selector)} is numpy here, with which adapters are compared; name "
            "an adapter of `gpunet devices`"
        )
    return _check_shown(adapter, messages, f"checking {adapter.info.name}")


def _check_shown(adapter: Adapter, messages: Messages, what: str, name: str = "") -> AdapterCheck:
    """Check an adapter, and tell how far that is."""
    from gpunet.engine.adapter_check import check_adapter

    with messages.stage(what, name) as tell:
        return check_adapter(adapter, partial(tell, what))


def measured_tiles(
    choice: Device, config: TrainConfig, dataset: Dataset, messages: Messages
) -> TileCache | None:
    """The fastest tiles of a device, measured now if the training is long enough to profit."""
    if choice.adapter is None:
        return None
    tiles = TileCache.of(choice.adapter)
    if config.max_time is not None and config.max_time < LONG_TRAINING:
        return tiles
    steps = config.effective_epochs * steps_per_epoch(len(dataset.train), config.batch_size)
    began = time.perf_counter()
    measured = choose_tiles(config, choice.adapter, dataset, tiles, messages, steps)
    if measured:
        messages.tiles(len(measured), time.perf_counter() - began)
    return tiles


def choose_tiles(
    config: TrainConfig,
    adapter: Adapter,
    dataset: Dataset,
    tiles: TileCache,
    messages: Messages,
    steps: float,
) -> list[Measured]:
    """Measure the tiles of those matmuls for which it pays in a training of ``steps`` steps."""
    from gpunet.engine.wgpu.tile_trials import measure_tiles, worth_measuring

    with trial_engine(config, adapter, dataset) as engine:
        passes = worth_measuring(engine.training_plan(), tiles, steps)
        if not passes:
            return []
        with messages.stage("choosing tiles", "tiles") as update:
            measured = []
            samples = dataset.train[: 2 * config.batch_size].single()
            for one in measure_tiles(engine, samples, passes, tiles):
                measured.append(one)
                update("choosing tiles of products", len(measured), len(passes))
    return measured


def compile_shaders(
    choice: Device,
    config: TrainConfig,
    dataset: Dataset,
    tiles: TileCache | None,
    messages: Messages,
) -> None:
    """Compile the shaders of a training step before its screen opens, and show each one."""
    if choice.adapter is None:
        return
    with messages.stage("compiling shaders", "shaders") as tell:
        for done, count in compiling(choice.adapter, config, dataset, tiles):
            tell("compiling shaders", done, count)


def compiling(
    adapter: Adapter,
    configs: TrainConfig | Sequence[TrainConfig],
    dataset: Dataset,
    tiles: TileCache | None,
) -> Iterator[tuple[int, int]]:
    """Compile the shaders of a training step; before each, give the number done and of all."""
    with trial_engine(configs, adapter, dataset, tiles) as engine:
        passes = engine.training_plan().passes
        for done, one in enumerate(passes):
            yield done, len(passes)
            engine.compile(one)


@contextmanager
def trial_engine(
    configs: TrainConfig | Sequence[TrainConfig],
    adapter: Adapter,
    dataset: Dataset,
    tiles: TileCache | None = None,
) -> Iterator[WgpuEngine]:
    """An engine with the plan of a training, loaded with only the first batch of the data.

    Args:
        configs: how each network is trained; a single one stands for all of its ensemble.
        adapter: the adapter that would train them.
        dataset: the data.
        tiles: the tiles to use, as measured on the adapter.

    Raises:
        GpunetError: the settings do not fit the data, or the network does not fit the adapter.
    """
    from gpunet.engine.wgpu.plan_trial import plan_border
    from gpunet.engine.wgpu.wgpu_engine import WgpuEngine

    configs = networks_of(configs)
    network, border = network_for(configs[0], dataset), plan_border(adapter, configs[0])
    with WgpuEngine(network, configs, adapter, tiles=tiles, persistent_rows=border) as engine:
        engine.load("train", dataset.train[: configs[0].batch_size].single())
        yield engine


def training_engine(
    choice: Device, config: TrainConfig, dataset: Dataset, tiles: TileCache | None = None
) -> Engine:
    """Create the engine that trains a configuration's networks on these data.

    Raises:
        DeviceError: the device cannot be opened, or the networks do not fit it.
    """
    network = network_for(config, dataset)
    return create_engine(choice, network, config, tiles)
