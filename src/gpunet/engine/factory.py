"""Chooses what does the work: an adapter, or the numpy engine. Nobody else does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from gpunet.config import NetworkSpec, Optimizer
from gpunet.engine.device import SIZE_LIMITS, Adapter, list_adapters
from gpunet.engine.interface import DeviceInfo, Engine, NetworkSettings, Rule
from gpunet.engine.memory import buffer_bytes, host_memory, most_networks, numpy_bytes
from gpunet.engine.numpy_engine import NumpyEngine, numpy_device
from gpunet.engine.numpy_population import NumpyPopulation
from gpunet.engine.tile_cache import TileCache
from gpunet.errors import DeviceError

__all__ = ["Choice", "choose", "create_engine", "largest_population", "list_adapters"]

PREFERENCE = ("discrete GPU", "integrated GPU", "virtual GPU", "software adapter")


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What does the work.

    Args:
        adapter: the one taken; ``None`` for the numpy engine.
        info: as users are told.
        reason: in one line, which one and why.
        advice: what the user could do for a better one, or ``None``.
    """

    adapter: Adapter | None
    info: DeviceInfo
    reason: str
    advice: str | None


def choose(selector: str, adapters: Sequence[Adapter] | None = None) -> Choice:
    """What ``--device`` names.

    Args:
        selector: ``auto`` (a hardware GPU, else a software adapter, else numpy), ``cpu`` (numpy),
            an adapter's index, or a part of its name or driver, in any case.
        adapters: those of the machine, unless given.

    Raises:
        DeviceError: no such adapter, several of that name, or one that cannot be used.
    """
    wanted = selector.strip().lower()
    if wanted == "cpu":
        return Choice(None, numpy_device(), "numpy on the processor, as asked for", None)
    adapters = list_adapters() if adapters is None else adapters
    if wanted == "auto":
        return _automatic(adapters)
    adapter = _named(wanted, selector, adapters)
    return Choice(adapter, adapter.info, f"{adapter.info}, as asked for", None)


def create_engine(
    choice: Choice,
    network: NetworkSpec,
    settings: tuple[NetworkSettings, ...],
    optimizer: Optimizer,
    batch_size: int,
    tiles: TileCache | None = None,
) -> Engine:
    """The engine that trains such networks on the chosen device.

    Args:
        choice: the device.
        network: the shape of all networks.
        settings: one entry per network.
        optimizer: the update rule.
        batch_size: samples per step.
        tiles: those that were measured on the adapter, if they are to be taken.

    Raises:
        DeviceError: the adapter cannot be opened, or the networks do not fit it.
    """
    if choice.adapter is None:
        kind = NumpyEngine if len(settings) == 1 else NumpyPopulation
        return kind(network, settings, optimizer, batch_size)
    from gpunet.engine.wgpu_engine import WgpuEngine

    return WgpuEngine(network, settings, optimizer, batch_size, choice.adapter, tiles=tiles)


def largest_population(
    choice: Choice, network: NetworkSpec, rule: Rule, batch_size: int, samples: int
) -> int | None:
    """How many such networks fit the chosen device, as far as can be told beforehand.

    A device does not tell how much of its memory is free, so even fewer may fit.

    Args:
        choice: of the device.
        network: the shape that all share.
        rule: likewise.
        batch_size: samples of a step.
        samples: that are trained on.
    """
    if choice.adapter is not None:
        limit = min(choice.adapter.limits[name] for name in SIZE_LIMITS)
        return most_networks(buffer_bytes(network, rule, batch_size, samples), limit)
    memory = host_memory()
    return None if memory is None else most_networks(numpy_bytes(network, rule, batch_size), memory)


def _automatic(adapters: Sequence[Adapter]) -> Choice:
    usable = [adapter for adapter in adapters if adapter.usable]
    if not usable:
        reason = "numpy on the processor, since no Vulkan, Metal or Direct3D 12 adapter was found"
        return Choice(None, numpy_device(), reason, _driver_advice())
    best = min(usable, key=lambda adapter: PREFERENCE.index(adapter.info.kind))
    if best.software:
        reason = f"{best.info}, since no hardware GPU was found"
        return Choice(best, best.info, reason, _driver_advice(hardware=True))
    others = len(usable) - 1
    reason = f"{best.info}, the {'fastest kind of' if others else 'only'} adapter here"
    return Choice(best, best.info, reason, None)


def _named(wanted: str, selector: str, adapters: Sequence[Adapter]) -> Adapter:
    if wanted.isdigit():
        matching = [adapter for adapter in adapters if adapter.index == int(wanted)]
    else:
        matching = [
            adapter
            for adapter in adapters
            if wanted and wanted in f"{adapter.info.name} {adapter.info.driver}".lower()
        ]
    known = ", ".join(f"{one.index} ({one.info.name})" for one in adapters) or "none"
    if not matching:
        raise DeviceError(
            f"--device {selector} names no adapter of this machine; known are: {known}; choose "
            "one of them, auto, or cpu for the numpy engine"
        )
    if len(matching) > 1:
        raise DeviceError(
            f"--device {selector} fits several adapters: "
            f"{', '.join(f'{one.index} ({one.info.name})' for one in matching)}; give the index"
        )
    adapter = matching[0]
    if not adapter.usable:
        raise DeviceError(
            f"{adapter.info.name} cannot run the shaders ({adapter.why}); choose another one of "
            "`gpunet devices`, or --device cpu"
        )
    return adapter


def _driver_advice(*, hardware: bool = False) -> str:
    """How to get a driver on this system."""
    if sys.platform == "darwin":
        return "update macOS for Metal"
    if sys.platform == "win32":
        return "update the graphics driver for Direct3D 12 or Vulkan"
    packages = "Debian, Ubuntu: `apt install mesa-vulkan-drivers`; Fedora: `dnf install"
    packages += " mesa-vulkan-drivers`; Arch: `pacman -S vulkan-radeon` or `vulkan-intel`"
    if hardware:
        return f"if this machine has a GPU, install its Vulkan driver ({packages})"
    return f"install a Vulkan driver ({packages})"
