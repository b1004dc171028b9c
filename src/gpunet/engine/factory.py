"""Selects the compute device, an adapter or numpy, and creates its engine."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.config.choices import DEVICES
from gpunet.config.setting import suggestion
from gpunet.engine.device_trial import Trial, TrialCache, race, work_key
from gpunet.engine.interface import DeviceInfo, Engine
from gpunet.engine.planning.memory import buffer_bytes, host_memory, most_networks, numpy_bytes
from gpunet.engine.planning.tiles import Traits
from gpunet.engine.population import Rule, networks_of
from gpunet.engine.reference.numpy_engine import NumpyEngine, numpy_device
from gpunet.engine.verdicts import known_faults
from gpunet.engine.wgpu import adapters as wgpu_adapters
from gpunet.engine.wgpu.adapters import SIZE_LIMITS, Adapter
from gpunet.engine.wgpu.drivers import advice, look
from gpunet.engine.workers import dealt
from gpunet.errors import DeviceError, SettingError, UsageError, spelled

if TYPE_CHECKING:
    from gpunet.engine.wgpu.tile_cache import TileCache

__all__ = [
    "KINDS",
    "Device",
    "create_engine",
    "largest_population",
    "list_adapters",
    "next_best",
    "select_device",
    "select_device_again",
    "settle",
]

log = logging.getLogger(__name__)

PREFERENCE = ("discrete GPU", "integrated GPU", "virtual GPU", "software adapter")

FAILED = "its check failed: "
"""Start of the message that says why an adapter that failed its check cannot be used."""

SHORT = 2.0
"""If numpy trains for fewer seconds than this, no trial is made, since it would take as long."""

STEP, MULTIPLICATION = 2e-4, 1.5e-10
"""Rough seconds that numpy needs per step, and per weight and sample. They are the same on every
machine, so that whether a trial is made does not depend on the machine."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a device name such as ``cuda`` stands for: any adapter of a kind.

    Args:
        wanted: the kind, in words.
        makers: a GPU's name or driver must contain one of these; empty for any GPU.
        backend: the required backend; ``None`` for any.
        stack: software that people expect to need for it, but do not.
    """

    wanted: str
    makers: tuple[str, ...] = ()
    backend: str | None = None
    stack: str | None = None

    def fits(self, info: DeviceInfo) -> bool:
        """Whether an adapter is of this kind."""
        known = f"{info.name} {info.driver}".lower()
        made = info.kind != "software adapter" and any(word in known for word in self.makers)
        return (made or not self.makers) and self.backend in (None, info.backend)


KINDS: Mapping[str, Kind] = {
    "gpu": Kind("a GPU"),
    "cuda": Kind("an NVIDIA GPU", makers=("nvidia", "geforce"), stack="CUDA"),
    "rocm": Kind("an AMD GPU", makers=("amd", "radeon"), stack="ROCm"),
    "mps": Kind("a Metal GPU", backend="Metal"),
    "metal": Kind("a Metal adapter", backend="Metal"),
    "vulkan": Kind("a Vulkan adapter", backend="Vulkan"),
    "dx12": Kind("a Direct3D 12 adapter", backend="D3D12"),
}
"""Names of devices besides ``auto``, ``cpu``, indices and names of adapters."""


@dataclass(frozen=True, slots=True, eq=False)
class Device:
    """A compute device: a wgpu adapter, or numpy on the CPU.

    Args:
        adapter: the wgpu adapter; ``None`` for the numpy engine.
        info: its name, kind, backend and driver.
        reason: which device was chosen and why, in one line.
        advice: how the user could get a better one, or ``None``.
        rival: a software adapter that may be faster than numpy for some trainings; ``settle``
            finds out.
        trial: the trial that decided between the two, if there was one.
        among: the adapters that ``auto`` could choose from; empty if the user chose.
    """

    adapter: Adapter | None
    info: DeviceInfo
    reason: str
    advice: str | None = None
    rival: Adapter | None = None
    trial: Trial | None = None
    among: tuple[Adapter, ...] = ()


def list_adapters() -> tuple[Adapter, ...]:
    """The adapters of this machine; those that failed their check count as not usable."""
    found = wgpu_adapters.list_adapters()
    for one in found:
        log.debug("adapter %d: %s, limits %s", one.index, one.info, dict(one.limits))
    return tuple(
        _failed(one, faults) if (faults := known_faults(one.info)) else one for one in found
    )


def select_device(
    selector: str | Sequence[str],
    adapters: Sequence[Adapter] | None = None,
    *,
    shaders: bool = False,
) -> Device:
    """Select a device by name.

    If several adapters are alike, or several names are given, each worker process of a pool takes
    its own, see ``workers.dealt``.

    Args:
        selector: ``auto`` (a hardware GPU, else numpy, until ``settle`` has tried a software
            adapter), ``cpu`` (numpy), ``gpu`` (the best adapter, even a software one), another of
            ``KINDS``, an adapter's index, or a part of its name or driver, in any case; or several
            of these.
        adapters: to choose from; those of this machine by default.
        shaders: whether the work needs shaders, so that ``auto`` prefers a software adapter to
            numpy.

    Raises:
        UsageError: there is no such adapter, or several have that name.
        DeviceError: it cannot be used.
    """
    if not isinstance(selector, str):
        if not selector:
            raise SettingError("device", selector, "a device's name or several")
        selector = dealt(selector)
    wanted = selector.strip().lower()
    if wanted == "cpu":
        return Device(None, numpy_device(), "numpy on the processor, as asked for")
    adapters = list_adapters() if adapters is None else adapters
    if wanted == "auto":
        choice = _automatic(adapters, shaders)
        if wrong := [one.info.name for one in adapters if one.why.startswith(FAILED)]:
            taken = choice.reason.partition(", since ")[0]
            choice = replace(choice, reason=f"{taken}, since {', '.join(wrong)} failed the check")
        return replace(choice, among=tuple(adapters))
    if wanted in KINDS:
        return _best_of_kind(wanted, adapters)
    adapter = _named(wanted, selector, adapters)
    return Device(adapter, adapter.info, f"{adapter.info}, as asked for")


def select_device_again(name: str, adapters: Sequence[Adapter] | None = None) -> Device | None:
    """The device that ``auto`` took before, by the ``str`` of its ``DeviceInfo``, if it is here."""
    if name == str(numpy_device()):
        return Device(None, numpy_device(), "numpy on the processor, as before")
    adapters = tuple(list_adapters() if adapters is None else adapters)
    for adapter in adapters:
        if name == str(adapter.info) and adapter.usable:
            return Device(adapter, adapter.info, f"{adapter.info}, as before", among=adapters)
    return None


def next_best(device: Device, faults: Sequence[str]) -> Device:
    """The device that ``auto`` takes instead of an adapter that failed its check.

    Raises:
        DeviceError: the user chose this adapter, so that ``auto`` cannot take another.
    """
    assert device.adapter is not None
    failed = _failed(device.adapter, faults)
    if not device.among:
        _require_usable(failed)
    others = [failed if one is device.adapter else one for one in device.among]
    return select_device("auto", others)


def settle(
    device: Device,
    network: NetworkSpec,
    configs: TrainConfig | Sequence[TrainConfig],
    steps: int,
) -> Device:
    """Decide between numpy and a software adapter by a trial, if ``device`` has a rival."""
    if device.rival is None:
        return device
    configs = networks_of(configs)
    weights = len(configs) * network.parameter_count
    if steps * (STEP + MULTIPLICATION * weights * configs[0].batch_size) < SHORT:
        short = "numpy on the processor; so short a training is not worth a trial of the adapter"
        return replace(device, reason=short)
    trials = TrialCache(device.rival.info)
    work = work_key(network, configs)
    trial = trials.trial(work)
    if trial is None:
        rival = Device(device.rival, device.rival.info, "")
        try:
            with (
                create_engine(device, network, configs) as numpy,
                create_engine(rival, network, configs) as adapter,
            ):
                trial = race(numpy, adapter)
        except DeviceError as error:
            return replace(device, reason=f"numpy on the processor, since {error}")
        trials.keep(work, trial)
    taken = device.rival if trial.adapter_wins else None
    return replace(device, adapter=taken, info=taken.info if taken else device.info, trial=trial)


def create_engine(
    device: Device,
    network: NetworkSpec,
    configs: TrainConfig | Sequence[TrainConfig],
    tiles: TileCache | None = None,
    *,
    trains: bool = True,
) -> Engine:
    """Create the engine that trains these networks on a device.

    A single configuration stands for all networks of its ensemble. ``tiles`` are the tiles to use,
    as measured on the adapter. ``trains`` says whether the engine will train, which makes a trial
    of the plans worthwhile.

    Raises:
        DeviceError: the adapter cannot be opened, or the networks do not fit it.
    """
    configs = networks_of(configs)
    if device.adapter is None:
        return NumpyEngine(network, configs)
    from gpunet.engine.wgpu.plan_trial import plan_border
    from gpunet.engine.wgpu.wgpu_engine import WgpuEngine

    border = plan_border(device.adapter, configs[0]) if trains else None
    return WgpuEngine(network, configs, device.adapter, tiles=tiles, persistent_rows=border)


def largest_population(
    device: Device, network: NetworkSpec, rule: Rule, batch_size: int
) -> int | None:
    """The largest number of these networks that may fit on a device; ``None`` if unknown.

    Fewer may fit, since a device does not tell how much of its memory is free. Only the samples of
    one step have to be on the device at once.
    """
    if device.adapter is not None:
        limit = min(device.adapter.limits[name] for name in SIZE_LIMITS)
        traits = Traits(device.adapter.software)
        return most_networks(buffer_bytes(network, rule, batch_size, batch_size, traits), limit)
    memory = host_memory()
    return None if memory is None else most_networks(numpy_bytes(network, rule, batch_size), memory)


def _automatic(adapters: Sequence[Adapter], shaders: bool) -> Device:
    best = _best(adapters)
    if best is None:
        reason = "numpy on the processor, since no Vulkan, Metal or Direct3D 12 adapter was found"
        return Device(None, numpy_device(), reason, _advice(adapters))
    if not best.software:
        others = len(adapters) - 1
        reason = f"{best.info}, the {'fastest kind of' if others else 'only'} adapter here"
        return Device(best, best.info, reason)
    why = "since no hardware GPU was found"
    if shaders:
        return Device(best, best.info, f"{best.info}, {why}", _advice(adapters))
    reason = f"numpy on the processor, {why}"
    return Device(None, numpy_device(), reason, _advice(adapters), rival=best)


def _failed(adapter: Adapter, faults: Sequence[str]) -> Adapter:
    """The adapter, marked as not usable because its kernels have these faults."""
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    return replace(adapter, usable=False, why=f"{FAILED}{faults[0]}{more}")


def _best(adapters: Sequence[Adapter]) -> Adapter | None:
    """The best adapter; among several with the same name and driver, this process's own."""
    usable = [adapter for adapter in adapters if adapter.usable]
    best = min(usable, key=lambda one: PREFERENCE.index(one.info.kind), default=None)
    return best and dealt([one for one in usable if one.info == best.info])


def _best_of_kind(word: str, adapters: Sequence[Adapter]) -> Device:
    kind = KINDS[word]
    fitting = [adapter for adapter in adapters if kind.fits(adapter.info)]
    best = _best(fitting)
    not_needed = f"; no {kind.stack} is needed" if kind.stack else ""
    if best is not None:
        return Device(best, best.info, f"{best.info}, as asked for{not_needed}")
    if fitting:
        _require_usable(fitting[0])
    move = f" ({advice})" if (advice := _advice(adapters)) else ""
    raise UsageError(
        f"{spelled('device', word)} asks for {kind.wanted}, and Vulkan, Metal and Direct3D 12 "
        f"show none here{not_needed}{move}; known are: {_known(adapters)}; choose one of them, "
        "auto, or cpu"
    )


def _named(wanted: str, selector: str, adapters: Sequence[Adapter]) -> Adapter:
    if wanted.isdigit():
        matching = [adapter for adapter in adapters if adapter.index == int(wanted)]
    else:
        matching = [
            adapter
            for adapter in adapters
            if wanted and wanted in f"{adapter.info.name} {adapter.info.driver}".lower()
        ]
    if not matching:
        advice = f"; choose one of them, or of {', '.join(DEVICES)}"
        raise UsageError(
            f"{spelled('device', selector)} names no adapter of this machine; known are: "
            f"{_known(adapters)}{suggestion(wanted, DEVICES) or advice}"
        )
    if len(matching) > 1:
        raise UsageError(
            f"{spelled('device', selector)} fits several adapters: {_known(matching)}; give the "
            "index"
        )
    return _require_usable(matching[0])


def _require_usable(adapter: Adapter) -> Adapter:
    if not adapter.usable:
        raise DeviceError(
            f"{adapter.info.name} cannot run the shaders ({adapter.why}); choose another one of "
            f"`gpunet devices`, or {spelled('device', 'cpu')}"
        )
    return adapter


def _known(adapters: Sequence[Adapter]) -> str:
    return ", ".join(f"{one.index} ({one.info.name})" for one in adapters) or "none"


def _advice(adapters: Sequence[Adapter]) -> str | None:
    """What to do on a machine without a usable hardware GPU."""
    lame = next((one for one in adapters if not one.software), None)
    if lame is not None:
        return f"update the driver of {lame.info.name}, which cannot run the shaders ({lame.why})"
    return advice(look(), software=any(one.usable for one in adapters))
