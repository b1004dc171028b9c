"""Adapters: which ones the machine has, what they can do, and how one is opened.

Which of them is taken is decided in ``factory``; what runs on them is ``wgpu_engine``'s.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from gpunet.engine.interface import DeviceInfo
from gpunet.engine.shader_source import ShaderSource, assemble, numbered
from gpunet.errors import DeviceError

__all__ = [
    "DEFAULT_LIMITS",
    "Adapter",
    "OpenDevice",
    "Pipeline",
    "list_adapters",
    "open_device",
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
which no shader depends on, it takes what the adapter has.
"""

SIZE_LIMITS = ("max-buffer-size", "max-storage-buffer-binding-size")

PROBED_ITERATIONS = 70_000
"""More than the 65,535 after which Mesa's software driver stops a shader."""

_KINDS = {
    "DiscreteGPU": "discrete GPU",
    "IntegratedGPU": "integrated GPU",
    "CPU": "software adapter",
}


@dataclass(frozen=True, slots=True, eq=False)
class Adapter:
    """One adapter of the machine.

    Args:
        index: as ``--device`` takes it.
        info: as users are told.
        limits: those of ``DEFAULT_LIMITS`` that the adapter has, with its own values.
        timestamps: whether it can time its own passes.
        usable: whether the shaders can run on it.
        why: why not, else an empty string.
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
        """Whether the processor does the work."""
        return self.info.kind == "software adapter"


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """A compiled shader: wgpu's pipeline, the layout of its bind group, and what it binds."""

    handle: Any = field(repr=False)
    layout: Any = field(repr=False)
    source: ShaderSource


@dataclass(frozen=True, slots=True, eq=False)
class OpenDevice:
    """An adapter that is ready to work.

    Args:
        adapter: it was opened from.
        handle: wgpu's device.
        buffer_bytes: the largest buffer that it binds.
        iterations: loop iterations after which it stops an invocation; ``None`` if none is known.
    """

    adapter: Adapter
    handle: Any = field(repr=False)
    buffer_bytes: int
    iterations: int | None
    _pipelines: dict[tuple[Any, ...], Pipeline] = field(default_factory=dict, repr=False)

    def pipeline(
        self, label: str, pieces: tuple[str, ...], constants: Mapping[str, float]
    ) -> Pipeline:
        """The pipeline of these shader files and override constants, compiled once.

        Constants that the shader does not declare are left out.
        """
        source = assemble(pieces)
        used = {name: value for name, value in constants.items() if name in source.overrides}
        key = (pieces, *sorted(used.items()))
        if key not in self._pipelines:
            self._pipelines[key] = self._compile(label, source, used)
        return self._pipelines[key]

    def _compile(self, label: str, source: ShaderSource, constants: dict[str, float]) -> Pipeline:
        import wgpu

        layout = self.handle.create_bind_group_layout(
            label=label,
            entries=[
                {
                    "binding": binding.number,
                    "visibility": wgpu.ShaderStage.COMPUTE,
                    "buffer": {"type": binding.access},
                }
                for binding in source.bindings
            ],
        )
        try:
            pipeline = self.handle.create_compute_pipeline(
                label=label,
                layout=self.handle.create_pipeline_layout(bind_group_layouts=[layout]),
                compute={
                    "module": self.handle.create_shader_module(label=label, code=source.text),
                    "entry_point": "main",
                    "constants": constants,
                },
            )
        except wgpu.GPUValidationError as error:
            error.add_note(numbered(source.text))
            raise
        return Pipeline(pipeline, layout, source)


@cache
def list_adapters() -> tuple[Adapter, ...]:
    """All adapters but OpenGL's, whose compute shaders are too limited; none without a driver."""
    import wgpu
    from wgpu.backends.wgpu_native import extras

    # Without this, wgpu opens OpenGL too, which takes a second and complains on a server.
    if not os.environ.get("WGPU_BACKEND"):
        extras.set_instance_extras(backends=["Vulkan", "Metal", "DX12"])
    found = [
        handle
        for handle in wgpu.gpu.enumerate_adapters_sync()
        if handle.info["backend_type"] in {"Vulkan", "Metal", "D3D12"}
    ]
    return tuple(_describe(index, handle) for index, handle in enumerate(found))


def open_device(adapter: Adapter) -> OpenDevice:
    """Open an adapter; once a process.

    Raises:
        DeviceError: the driver refuses.
    """
    if adapter.index not in _OPEN or _OPEN[adapter.index].adapter is not adapter:
        _OPEN[adapter.index] = _open(adapter)
    return _OPEN[adapter.index]


_OPEN: dict[int, OpenDevice] = {}


def _open(adapter: Adapter) -> OpenDevice:
    limits = {**DEFAULT_LIMITS, **{name: adapter.limits[name] for name in SIZE_LIMITS}}
    try:
        handle = adapter.handle.request_device_sync(
            label="gpunet",
            required_features=["timestamp-query"] if adapter.timestamps else [],
            required_limits=limits,
        )
    except Exception as error:
        raise DeviceError(
            f"{adapter.info.name} could not be opened ({_first_line(error)}); try another one of "
            "`gpunet devices`, or --device cpu"
        ) from error
    largest = min(limits[name] for name in SIZE_LIMITS)
    iterations = _probe_iterations(handle) if adapter.software else None
    return OpenDevice(adapter, handle, largest, iterations)


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


def _probe_iterations(device: Any) -> int | None:
    """The loop iterations after which the device stops; ``None`` if it passes the probe."""
    import wgpu

    source = assemble(("count_iterations",))
    pipeline = device.create_compute_pipeline(
        label="count_iterations",
        layout="auto",
        compute={
            "module": device.create_shader_module(label=source.label, code=source.text),
            "entry_point": "main",
        },
    )
    counted = device.create_buffer(
        label="counted", size=4, usage=wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.COPY_SRC
    )
    wanted = device.create_buffer_with_data(
        label="wanted",
        data=struct.pack("4I", PROBED_ITERATIONS, 0, 0, 0),
        usage=wgpu.BufferUsage.UNIFORM,
    )
    group = device.create_bind_group(
        layout=pipeline.get_bind_group_layout(0),
        entries=[
            {"binding": 0, "resource": {"buffer": counted}},
            {"binding": 9, "resource": {"buffer": wanted}},
        ],
    )
    encoder = device.create_command_encoder(label="count_iterations")
    compute = encoder.begin_compute_pass(label="count_iterations")
    compute.set_pipeline(pipeline)
    compute.set_bind_group(0, group)
    compute.dispatch_workgroups(1)
    compute.end()
    device.queue.submit([encoder.finish()])
    (reached,) = struct.unpack("I", device.queue.read_buffer(counted))
    return None if reached == PROBED_ITERATIONS else int(reached)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
