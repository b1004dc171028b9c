"""Lists the machine's adapters and what they can do.

``factory`` chooses one of them, and ``device`` opens it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from gpunet.engine.interface import DeviceInfo
from gpunet.engine.wgpu.native import declare_types
from gpunet.errors import DeviceError, spelled

__all__ = [
    "DEFAULT_LIMITS",
    "SIZE_LIMITS",
    "Adapter",
    "list_adapters",
]

DEFAULT_LIMITS: Mapping[str, int] = {
    "max-bind-groups": 4,
    "max-bindings-per-bind-group": 1000,
    "max-buffer-size": 256 << 20,
    "max-compute-invocations-per-workgroup": 256,
    "max-compute-workgroup-size-x": 256,
    "max-compute-workgroup-size-y": 256,
    "max-compute-workgroup-size-z": 64,
    "max-compute-workgroup-storage-size": 16384,
    "max-compute-workgroups-per-dimension": 65535,
    "max-storage-buffer-binding-size": 128 << 20,
    "max-storage-buffers-per-shader-stage": 8,
    "max-uniform-buffer-binding-size": 65536,
    "max-uniform-buffers-per-shader-stage": 12,
}
"""What every WebGPU implementation grants (W3C, "WebGPU", section 3.6.2, limits).

The engine asks for no more, so that its shaders run everywhere. Only for the sizes of buffers,
which no shader depends on, and for the threads of a workgroup, among which the persistent plan
splits a network, it uses the adapter's own limits.
"""

SIZE_LIMITS = ("max-buffer-size", "max-storage-buffer-binding-size")

_KINDS = {
    "DiscreteGPU": "discrete GPU",
    "IntegratedGPU": "integrated GPU",
    "CPU": "software adapter",
}


@dataclass(frozen=True, slots=True, eq=False)
class Adapter:
    """One adapter of the machine.

    Args:
        index: its number, which ``select_device`` accepts.
        info: its description for users.
        limits: the adapter's own values for the limits in ``DEFAULT_LIMITS``; 0 if unknown.
        timestamps: whether it can time its own passes.
        usable: whether the shaders can run on it.
        why: why it is not usable; empty if it is.
        handle: wgpu's object.
    """

    index: int
    info: DeviceInfo
    limits: dict[str, int]
    timestamps: bool
    usable: bool
    why: str
    handle: Any = field(repr=False)

    @property
    def software(self) -> bool:
        """Whether it is a software adapter, whose work the processor does."""
        return self.info.kind == "software adapter"


def list_adapters() -> tuple[Adapter, ...]:
    """All adapters except OpenGL's, whose compute shaders are too limited; none without a driver.

    Raises:
        DeviceError: this process was forked from one that listed adapters; drivers would hang.
    """
    process, adapters = _listed()
    if process != os.getpid():
        raise DeviceError(
            "adapters cannot be used in a process that was forked from one that has used them; "
            "have worker processes spawned, as joblib's loky and Dask do, or use "
            f"{spelled('device', 'cpu')}"
        )
    return adapters


@cache
def _listed() -> tuple[int, tuple[Adapter, ...]]:
    """The id of the process that listed the adapters, and the adapters."""
    import wgpu
    from wgpu.backends.wgpu_native import extras

    declare_types()
    # Without this, wgpu opens OpenGL too, which takes a second and complains on a server.
    if not os.environ.get("WGPU_BACKEND"):
        extras.set_instance_extras(backends=["Vulkan", "Metal", "DX12"])
    with _runtime_folder():
        found = [
            handle
            for handle in wgpu.gpu.enumerate_adapters_sync()
            if handle.info["backend_type"] in {"Vulkan", "Metal", "D3D12"}
        ]
    return os.getpid(), tuple(_describe(index, handle) for index, handle in enumerate(found))


@contextmanager
def _runtime_folder() -> Iterator[None]:
    """Keep Wayland's library, which Vulkan drivers load, from complaining without a screen."""
    known = os.environ.get("XDG_RUNTIME_DIR")
    if known:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="gpunet-") as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        try:
            yield
        finally:
            del os.environ["XDG_RUNTIME_DIR"]
            if known is not None:
                os.environ["XDG_RUNTIME_DIR"] = known


def _describe(index: int, handle: Any) -> Adapter:
    raw = handle.info
    info = DeviceInfo(
        name=raw["device"] or raw["vendor"] or "unnamed adapter",
        kind=_KINDS.get(raw["adapter_type"], "virtual GPU"),  # type: ignore[arg-type]
        backend=raw["backend_type"],
        driver=raw["description"] or "unknown driver",
    )
    limits = {name: int(handle.limits.get(name, 0)) for name in DEFAULT_LIMITS}
    lacking = [
        f"{name} is {limits[name]:,}, wanted {wanted:,}"
        for name, wanted in DEFAULT_LIMITS.items()
        if limits[name] < wanted
    ]
    return Adapter(
        index=index,
        info=info,
        limits=limits,
        timestamps="timestamp-query" in handle.features,
        usable=not lacking,
        why="; ".join(lacking),
        handle=handle,
    )
