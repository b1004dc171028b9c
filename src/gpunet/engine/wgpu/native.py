"""Direct calls of wgpu's C library, below its Python interface, and the reason for each.

Each needs a name that neither wgpu nor cffi promises to keep. If one is missing, types are parsed
and dispatches recorded in wgpu's own, slower way; the unit of timestamps has no other source.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

__all__ = ["TYPES", "Dispatch", "declare_types", "record_dispatches", "tick_seconds"]

Dispatch = tuple[Any, Any, tuple[int, int, int]]
"""A compute pipeline, its bind group, and the workgroups along x, y and z."""

TYPES = (
    *("WGPUAdapterInfo *", "WGPUBindGroupDescriptor *", "WGPUBindGroupEntry *"),
    *("WGPUBindGroupLayoutDescriptor *", "WGPUBindGroupLayoutEntry *", "WGPUBufferDescriptor *"),
    *("WGPUBufferBindingLayout *", "WGPUBufferMapCallbackInfo *", "WGPUChainedStruct *"),
    *("WGPUChainedStruct * ", "WGPUCommandBufferDescriptor *", "WGPUCommandEncoderDescriptor *"),
    *("WGPUComputePassDescriptor *", "WGPUComputePipelineDescriptor *", "WGPUComputeState *"),
    *("WGPUConstantEntry *", "WGPUDeviceDescriptor *", "WGPUDeviceExtras *"),
    *("WGPUDeviceLostCallbackInfo *", "WGPUInstanceDescriptor *", "WGPUInstanceExtras *"),
    *("WGPULimits *", "WGPUNativeLimits *", "WGPUPipelineLayoutDescriptor *"),
    *("WGPUQueueDescriptor *", "WGPURequestDeviceCallbackInfo *", "WGPUShaderModuleDescriptor *"),
    *("WGPUShaderSourceWGSL *", "WGPUUncapturedErrorCallbackInfo *", "uint8_t *"),
    *("WGPUAdapter[]", "WGPUBindGroupEntry[]", "WGPUBindGroupLayout[]", "WGPUCommandBuffer[]"),
    *("WGPUBindGroupLayoutEntry[]", "WGPUConstantEntry[]", "WGPUFeatureName[]"),
    *("char []", "uint8_t []", "uint32_t []", "intptr_t", "uintptr_t"),
    "void(WGPUDevice const *, WGPUDeviceLostReason, WGPUStringView, void *, void *)",
    "void(WGPUDevice const *, WGPUErrorType, WGPUStringView, void *, void *)",
    "void(WGPUMapAsyncStatus, WGPUStringView, void *, void *)",
    "void(WGPURequestDeviceStatus, WGPUDevice, WGPUStringView, void *, void *)",
)
"""C types used to list, open and use an adapter, spelled as wgpu spells them."""


def declare_types() -> None:
    """Declare ``TYPES`` to cffi all at once instead of one by one.

    wgpu asks cffi for its types by their C names. For each new name, cffi runs a parser written in
    Python over everything in wgpu's header. One declaration of all types is parsed once, so
    opening Mesa's adapter takes 0.8 s instead of 2.3 s: medians of five alternating runs each on
    two cores (wgpu 0.32).
    """
    from wgpu.backends.wgpu_native import ffi

    with suppress(Exception):
        declared = ffi.typeof(f"void(*)({', '.join(map(_parameter, TYPES))})").args
        for name, kind in zip(TYPES, declared, strict=True):
            own = kind.item if name.endswith("[]") else kind
            ffi._parsed_types[name] = own, name.startswith("void(")


def _parameter(name: str) -> str:
    """A type that a parameter can have: arrays and functions are passed as pointers."""
    if name.endswith("[]"):
        return f"{name.removesuffix('[]')}(*)[]"
    return name.replace("void(", "void(*)(")


def record_dispatches(
    compute: Any, dispatches: Sequence[Dispatch], times: int, networks: int
) -> None:
    """Record the dispatches in a compute pass ``times`` times, each for ``networks`` networks.

    wgpu's methods take 4.5 us per dispatch, the C functions that they call 1.3 us: medians of
    alternating runs on one core (wgpu 0.32).
    """
    try:
        from wgpu.backends.wgpu_native import ffi, lib

        set_pipeline = lib.wgpuComputePassEncoderSetPipeline
        set_group = lib.wgpuComputePassEncoderSetBindGroup
        dispatch = lib.wgpuComputePassEncoderDispatchWorkgroups
        commands, no_offsets = compute._internal, ffi.NULL
        handles = [(one._internal, group._internal, *size[:2]) for one, group, size in dispatches]
    except (AttributeError, ImportError):
        for _ in range(times):
            for pipeline, group, (across, down, _population) in dispatches:
                compute.set_pipeline(pipeline)
                compute.set_bind_group(0, group)
                compute.dispatch_workgroups(across, down, networks)
        return
    for _ in range(times):
        for pipeline, group, across, down in handles:
            set_pipeline(commands, pipeline)
            set_group(commands, 0, group, 0, no_offsets)
            dispatch(commands, across, down, networks)


def tick_seconds(queue: Any) -> float:
    """The unit of this queue's timestamps in seconds."""
    from wgpu.backends.wgpu_native import lib

    return float(lib.wgpuQueueGetTimestampPeriod(queue._internal)) * 1e-9
