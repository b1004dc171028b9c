"""Further questions of the campaign to an adapter, besides the project's own commands.

    python -m hardware.probes NAME --device INDEX

facts        features, limits, libraries
cooperative  cooperative matrices: granted, compiled, right
dispatch     what a dispatch costs the adapter and the host
transfer     latency and rate of reading and writing a buffer
checks       what wgpu's checks within shaders cost the project's products
cublas       PyTorch's product of the same size on CUDA, for comparison

The last line that is printed is the verdict.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.factory import select_device
from gpunet.engine.timing import begin_random_epoch, random_samples
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.device import OpenDevice, open_device, reopen_device
from gpunet.engine.wgpu.tile_cache import TileCache
from gpunet.engine.wgpu.tile_trials import measure_tiles
from gpunet.workflows.devices import trial_engine

__all__ = ["PROBES", "main", "shader_checks"]

FEATURES = (
    *("subgroup", "shader-f16", "cooperative-matrix", "immediates", "timestamp-query"),
    *("timestamp-query-inside-encoders", "timestamp-query-inside-passes"),
)

LIBRARIES = (
    *("wgpu", "numpy", "torch", "triton", "jax", "jaxlib", "jax-cuda13-plugin", "scikit-learn"),
    *("rich", "typer", "safetensors", "threadpoolctl", "pytest", "pytest-xdist", "tinygrad"),
)

COOPERATIVE = """enable wgpu_cooperative_matrix;
{enable}
@group(0) @binding(0) var<storage, read> left: array<{factor}>;
@group(0) @binding(1) var<storage, read> right: array<{factor}>;
@group(0) @binding(2) var<storage, read_write> sums: array<{sum}>;

@compute @workgroup_size(32)
fn main() {{
    let a = coopLoad<coop_mat{size}x{size}<{factor}, A>>(&left[0], {size}u);
    let b = coopLoad<coop_mat{size}x{size}<{factor}, B>>(&right[0], {size}u);
    let c = coopLoad<coop_mat{size}x{size}<{sum}, C>>(&sums[0], {size}u);
    coopStore(coopMultiplyAdd(a, b, c), &sums[0], {size}u);
}}
"""

FORMS = ((16, "f16", "f32"), (16, "f16", "f16"), (8, "f32", "f32"), (8, "f16", "f32"))
"""Size of the matrices, type of the factors, type of the sums."""

TYPES: Mapping[str, type[np.floating[Any]]] = {"f16": np.float16, "f32": np.float32}

WAITING = """@group(0) @binding(0) var<storage, read_write> kept: array<u32>;
@compute @workgroup_size(1) fn main() { kept[0] += 1u; }
"""
FREE = "@compute @workgroup_size(1) fn main() {}\n"

DISPATCHES = 1000
"""Of a compute pass."""

CHECKS: Mapping[str, int | None] = {"checked": None, "no bounds": 0x1E, "trusted": 0}
"""Which checks wgpu compiles into shaders: all, the bound of loops alone, none."""


@contextmanager
def shader_checks(flags: int | None) -> Iterator[None]:
    """Have wgpu compile shaders with these checks alone: 1 for loops, 0x1E for bounds.

    ``None`` is all of them. wgpu has no public way; a pipeline that exists stays as it is.
    """
    from wgpu.backends.wgpu_native import _api as api

    original = api.libf.wgpuDeviceCreateShaderModule
    if flags is not None:
        trusted = api.libf.wgpuDeviceCreateShaderModuleTrusted
        api.libf.wgpuDeviceCreateShaderModule = lambda device, descriptor: trusted(
            device, descriptor, flags
        )
    try:
        yield
    finally:
        api.libf.wgpuDeviceCreateShaderModule = original


def facts(adapter: Adapter, small: bool) -> str:
    """Features, limits, libraries."""
    from wgpu.backends import wgpu_native

    handle = adapter.handle
    told = ", ".join(f"{name} {'yes' if name in handle.features else 'NO'}" for name in FEATURES)
    print("\n".join(f"{key}: {value}" for key, value in sorted(handle.info.items())))
    print(f"{os.cpu_count()} processors\n\nfeatures: {', '.join(sorted(handle.features))}")
    print(
        "\nlimits",
        *(f"  {key} {value:,}" for key, value in sorted(handle.limits.items())),
        sep="\n",
    )
    print("\nlibraries", f"  wgpu-native {wgpu_native.__version__}", sep="\n")
    for library in LIBRARIES:
        try:
            print(f"  {library} {version(library)}")
        except PackageNotFoundError:
            print(f"  {library} is missing")
    return f"{adapter.info.name}, driver {adapter.info.driver}: {told}"


def cooperative(adapter: Adapter, small: bool) -> str:
    """Whether cooperative matrices are granted, compile, and multiply right."""
    handle = adapter.handle
    f16 = [name for name in ("shader-f16",) if name in handle.features]
    told = [f"listed {'yes' if 'cooperative-matrix' in handle.features else 'no'}"]
    try:
        device = handle.request_device_sync(required_features=["cooperative-matrix", *f16])
    except Exception as error:  # any error of the driver is the finding
        print(error)
        return "; ".join([*told, f"not granted ({_telling_line(error)})"])
    told.append("granted")
    for size, factor, total in FORMS:
        form = f"{factor} x {factor} -> {total}, {size} x {size}"
        try:
            told.append(f"{form}: {_cooperative_product(device, size, factor, total)}")
        except Exception as error:
            print(f"{form}:\n{error}")
            told.append(f"{form}: {_telling_line(error)}")
        print(told[-1], flush=True)
    return "; ".join(told)


def _cooperative_product(device: Any, size: int, factor: str, total: str) -> str:
    """Multiply random matrices; which product it is, and how far off."""
    draws = np.random.default_rng(0)
    left, right = (draws.uniform(-1, 1, (size, size)).astype(TYPES[factor]) for _ in range(2))
    enable = "enable f16;" if factor == "f16" else ""
    code = COOPERATIVE.format(size=size, factor=factor, sum=total, enable=enable)
    record, buffers = _bound(device, code, [left, right, np.zeros((size, size), TYPES[total])])
    _submit(device, lambda compute: record(compute, 1))
    answer = device.queue.read_buffer(buffers[2])
    found = np.frombuffer(answer, TYPES[total]).reshape(size, size)
    a, b = left.astype(np.float64), right.astype(np.float64)
    wanted = {"left by right": a @ b, "right by left (stored by columns)": b @ a}
    off = {words: float(np.abs(found - one).max()) for words, one in wanted.items()}
    best = min(off, key=off.__getitem__)
    return f"{best}, off by at most {off[best]:.2g} of {np.abs(a @ b).max():.2g}"


def _bound(
    device: Any, code: str, arrays: Sequence[NDArray[Any]]
) -> tuple[Callable[[Any, int], None], list[Any]]:
    """Compile a shader that binds these arrays, the last one to be written.

    Returns what records so many dispatches of one workgroup into a compute pass, and the buffers.
    """
    import wgpu

    usage = wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.COPY_SRC | wgpu.BufferUsage.COPY_DST
    buffers = [device.create_buffer_with_data(data=one, usage=usage) for one in arrays]
    kinds = ["read-only-storage"] * (len(arrays) - 1) + ["storage"] * bool(arrays)
    layout = device.create_bind_group_layout(
        entries=[
            {"binding": at, "visibility": wgpu.ShaderStage.COMPUTE, "buffer": {"type": kind}}
            for at, kind in enumerate(kinds)
        ]
    )
    pipeline = device.create_compute_pipeline(
        layout=device.create_pipeline_layout(bind_group_layouts=[layout]),
        compute={"module": device.create_shader_module(code=code), "entry_point": "main"},
    )
    entries = [{"binding": at, "resource": {"buffer": one}} for at, one in enumerate(buffers)]
    group = device.create_bind_group(layout=layout, entries=entries)

    def record(compute: Any, dispatches: int) -> None:
        for _ in range(dispatches):
            compute.set_pipeline(pipeline)
            compute.set_bind_group(0, group)
            compute.dispatch_workgroups(1)

    return record, buffers


def _submit(device: Any, record: Callable[[Any], None]) -> None:
    encoder = device.create_command_encoder()
    compute = encoder.begin_compute_pass()
    record(compute)
    compute.end()
    device.queue.submit([encoder.finish()])


def dispatch(adapter: Adapter, small: bool) -> str:
    """The time of a dispatch by the adapter's clock and by the host's."""
    device, passes, told = open_device(adapter), 5 if small else 21, []
    kept = [np.zeros(4, np.uint32)]
    waiting, _ = _bound(device.handle, WAITING, kept)
    free, _ = _bound(device.handle, FREE, [])
    for words, record in (("the one before", waiting), ("nothing", free)):
        taken = [_timed_pass(device, record) for _ in range(passes + 1)][1:]
        by_clock, by_wall, recording = (
            1e6 * median(seconds) / DISPATCHES for seconds in zip(*taken, strict=True)
        )
        told.append(
            f"a dispatch that waits for {words} {by_clock:.2f} us by the adapter's clock, "
            f"{by_wall:.2f} by the wall's with {recording:.2f} of recording"
        )
        print(told[-1], f"(medians of {passes} passes of {DISPATCHES})", flush=True)
    single = _typical(lambda: _submit(device.handle, lambda compute: waiting(compute, 1)), 200)
    return "; ".join([*told, f"a submission of one {1e6 * single:.0f} us of the host"])


def _timed_pass(
    device: OpenDevice, record: Callable[[Any, int], None]
) -> tuple[float, float, float]:
    """Seconds of a pass by the adapter's clock, by the host's, and of recording it."""
    recording = 0.0

    def noted(compute: Any) -> None:
        nonlocal recording
        recording = _seconds(lambda: record(compute, DISPATCHES))

    began = time.perf_counter()
    by_clock = device.run_timed(noted, "dispatches") or float("nan")
    return by_clock, time.perf_counter() - began, recording


def transfer(adapter: Adapter, small: bool) -> str:
    """Latency and rate of reading and writing a buffer."""
    import wgpu

    device = open_device(adapter).handle
    usage = wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.COPY_SRC | wgpu.BufferUsage.COPY_DST
    told = []
    for size, times in ((16, 200), (1 << 20, 50), (1 << 24 if small else 1 << 27, 5)):
        buffer = device.create_buffer(size=size, usage=usage)
        data = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)

        def write(buffer: Any = buffer, data: NDArray[np.uint8] = data) -> None:
            device.queue.write_buffer(buffer, 0, data)
            device.queue.read_buffer(buffer, 0, 16)  # waits

        read = _typical(partial(device.queue.read_buffer, buffer), times)
        written = _typical(write, times)
        told.append(
            f"{size:,} bytes read in {1e6 * read:.0f} us ({size / read / 1e9:.2f} GB/s), written "
            f"and waited for in {1e6 * written:.0f} ({size / written / 1e9:.2f} GB/s)"
        )
        print(told[-1], flush=True)
    return "; ".join(told)


def checks(adapter: Adapter, small: bool) -> str:
    """The cost of wgpu's checks within shaders for large products, with every tile."""
    size = 128 if small else 1024
    rates: dict[str, dict[tuple[str, str], float]] = {}
    for mode, flags in CHECKS.items():
        with shader_checks(flags):
            rates[mode] = dict(_tile_rates(adapter, size, 1 if small else None))
        for (label, tile), rate in rates[mode].items():
            print(f"{mode:10} {label:17} {tile:20} {rate:9,.0f}", flush=True)
    checked, told = rates["checked"], []
    for label in dict.fromkeys(label for label, _ in checked):
        best = max((key for key in checked if key[0] == label), key=checked.__getitem__)
        each = ", ".join(f"{mode} {rates[mode][best]:,.0f}" for mode in CHECKS)
        told.append(f"{label} {best[1]} {each}")
    return f"GFLOP/s at {size} with the fastest tile: {'; '.join(told)}"


def _tile_rates(
    adapter: Adapter, size: int, most: int | None
) -> Iterator[tuple[tuple[str, str], float]]:
    """GFLOP/s of the products of matrices of this size in a training step, by kernel and tile.

    Args:
        adapter: is opened again, so that everything is compiled again.
        size: rows, columns and depth.
        most: kernels that are measured; all for ``None``.
    """
    traits = reopen_device(adapter).traits
    config = TrainConfig(hidden=(size, size), batch_size=size)
    samples = random_samples(config.network(64, 10), 2 * size)
    dataset = Dataset("noise", samples, samples, tuple("0123456789"), None, "drawn here")
    with (
        tempfile.TemporaryDirectory() as folder,
        trial_engine(config, adapter, dataset) as engine,
    ):
        begin_random_epoch(engine, 2)
        engine.train(1)  # so that nothing is multiplied by zeros
        products = [
            one
            for one in engine.training_plan().passes
            if one.product and min(one.product.rows, one.product.columns, one.product.depth) >= size
        ]
        none_known = TileCache(adapter.info, traits, Path(folder) / "tiles.json")
        for measured in measure_tiles(engine, samples, products[:most], none_known):
            for tile, seconds in measured.seconds.items():
                yield (measured.label, tile.name), 2 * size**3 / seconds / 1e9


def cublas(adapter: Adapter, small: bool) -> str:
    """PyTorch's product on CUDA; of two passes over the same buffers, the later ones count."""
    try:
        import torch
    except ImportError:
        return "PyTorch is not installed"
    if not torch.cuda.is_available():
        return "PyTorch finds no CUDA device"
    told = []
    for size, repeats in ((1024, 2000), (8192, 10)):
        left, right = (torch.randn(size, size, device="cuda") for _ in range(2))
        for words, allowed in (("float32", False), ("TF32", True)):
            torch.backends.cuda.matmul.allow_tf32 = allowed

            def products(left: Any = left, right: Any = right, repeats: int = repeats) -> None:
                for _ in range(repeats):
                    left @ right
                torch.cuda.synchronize()

            rate = 2 * size**3 * repeats / _typical(products, 3) / 1e9
            told.append(f"{size}, {words}: {rate:,.0f}")
            print(told[-1], flush=True)
    return f"GFLOP/s by PyTorch {'; '.join(told)}"


def _typical(work: Callable[[], object], times: int) -> float:
    """Seconds, the median of so many after one that warms up."""
    work()
    return median(_seconds(work) for _ in range(times))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _telling_line(error: Exception) -> str:
    """The line in which wgpu says what is wrong, else the last one."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() and ":" in line]
    return next(iter([*errors, *lines[-1:]]), repr(error))


PROBES: Mapping[str, Callable[[Adapter, bool], str]] = {
    one.__name__: one for one in (facts, cooperative, dispatch, transfer, checks, cublas)
}


def main() -> int:
    """Take one probe and print its verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("probe", choices=PROBES)
    parser.add_argument("--device", required=True, help="as gpunet's own option")
    parser.add_argument("--small", action="store_true", help="take the least sizes")
    options = parser.parse_args()
    adapter = select_device(options.device).adapter
    if adapter is None:
        print("numpy has nothing to be asked", file=sys.stderr)
        return 2
    print(PROBES[options.probe](adapter, options.small))
    return 0


if __name__ == "__main__":
    sys.exit(main())
