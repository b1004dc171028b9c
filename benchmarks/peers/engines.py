"""The engines whose steps scripts time themselves."""

from __future__ import annotations

from gpunet.config import TrainConfig
from gpunet.engine.factory import Device, create_engine
from gpunet.engine.interface import Engine
from gpunet.engine.planning.select import PlanName
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine
from peers.task import CLASSES

__all__ = ["engine_on"]


def engine_on(device: Device, inputs: int, config: TrainConfig, plan: PlanName = "auto") -> Engine:
    """The engine of a network of ten classes, which the settings describe.

    Args:
        device: that does the work.
        inputs: features of a sample.
        config: the settings.
        plan: of a step on an adapter; ``auto`` for what a training takes.

    Raises:
        DeviceError: the device cannot be opened, or the networks do not fit it.
    """
    network = config.network(inputs, CLASSES)
    if plan == "auto" or device.adapter is None:
        return create_engine(device, network, config)
    return WgpuEngine(network, config, device.adapter, plan)
