"""The C types of wgpu's binding, told to cffi at once instead of one by one.

wgpu asks cffi for its types by their C names. For each name that is new to it, cffi runs a parser
written in Python over all that wgpu's header declares. One declaration that holds them all is
parsed once: until Mesa's adapter is open it takes 0.8 s instead of 2.3 s, medians of five runs each
in turns on two cores (wgpu 0.32). cffi keeps what it has parsed in an attribute that is not public;
where that or a name is missing, all works as without this.
"""

from __future__ import annotations

from contextlib import suppress

__all__ = ["TYPES", "declare_types"]

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
"""Those that listing, opening and using an adapter take, spelt as wgpu spells them."""


def declare_types() -> None:
    """Let cffi know ``TYPES``."""
    from wgpu.backends.wgpu_native import ffi

    with suppress(Exception):
        declared = ffi.typeof(f"void(*)({', '.join(map(_parameter, TYPES))})").args
        for name, kind in zip(TYPES, declared, strict=True):
            own = kind.item if name.endswith("[]") else kind
            ffi._parsed_types[name] = own, name.startswith("void(")


def _parameter(name: str) -> str:
    """A type that a parameter can have: of arrays and functions only pointers can be passed."""
    if name.endswith("[]"):
        return f"{name.removesuffix('[]')}(*)[]"
    return name.replace("void(", "void(*)(")
