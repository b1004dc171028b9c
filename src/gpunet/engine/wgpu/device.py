"""An open adapter: compiles pipelines, submits work, and probes what only a trial shows."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from gpunet.engine.planning.shader_source import ShaderSource, assemble, numbered
from gpunet.engine.planning.tiles import Traits
from gpunet.engine.wgpu.adapters import DEFAULT_LIMITS, SIZE_LIMITS, Adapter
from gpunet.engine.wgpu.native import Dispatch, record_dispatches, tick_seconds
from gpunet.errors import DeviceError, DeviceLostError, spelled

__all__ = ["OpenDevice", "Pipeline", "open_device", "reopen_device"]

THREAD_LIMITS = ("max-compute-invocations-per-workgroup", "max-compute-workgroup-size-x")

MOST_THREADS, MOST_THREADS_OF_WIDE_WAVES = 512, 256
"""Most threads of a workgroup. With half as many, each keeps twice as much in registers. But where
every subgroup has 64 lanes, as on AMD's GPUs before RDNA, more than 256 threads have half the
registers each (``benchmarks/results/amd-compiler.md``)."""

PROBED_ITERATIONS = 70_000
"""More than the 65,535 after which Mesa's software driver stops a shader."""


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """A compiled shader: wgpu's pipeline, its bind group layout, and its source."""

    handle: Any = field(repr=False)
    layout: Any = field(repr=False)
    source: ShaderSource


@dataclass(frozen=True, slots=True, eq=False)
class OpenDevice:
    """An adapter that is ready to work.

    Args:
        adapter: the adapter that was opened.
        handle: wgpu's device.
        buffer_bytes: size of the largest buffer that it can bind.
        traits: what a plan needs to know about it.
        iterations: loop iterations after which a software adapter stops an invocation; ``None``
            if it does not.
    """

    adapter: Adapter
    handle: Any = field(repr=False)
    buffer_bytes: int
    traits: Traits
    iterations: int | None = None
    _pipelines: dict[tuple[Any, ...], Pipeline] = field(default_factory=dict, repr=False)

    def pipeline(
        self,
        label: str,
        pieces: tuple[str, ...],
        constants: Mapping[str, float],
        variables: tuple[tuple[str, object], ...] = (),
    ) -> Pipeline:
        """The pipeline of these shader files, override constants and variables, compiled once.

        Constants that the shader does not declare are left out.
        """
        source = assemble(pieces, variables)
        used = {name: value for name, value in constants.items() if name in source.overrides}
        key = (pieces, variables, *sorted(used.items()))
        if key not in self._pipelines:
            self._pipelines[key] = self._compile(label, source, used)
        return self._pipelines[key]

    def dispatch(
        self,
        label: str,
        pieces: tuple[str, ...],
        constants: Mapping[str, float],
        buffers: Mapping[str, Any],
        workgroups: tuple[int, int, int],
        variables: tuple[tuple[str, object], ...] = (),
    ) -> Dispatch:
        """A shader's pipeline, bound to the buffers of its variables' names, and its workgroups."""
        pipeline = self.pipeline(label, pieces, constants, variables)
        group = self.handle.create_bind_group(
            label=label,
            layout=pipeline.layout,
            entries=[
                {"binding": binding.number, "resource": {"buffer": buffers[binding.name]}}
                for binding in pipeline.source.bindings
            ],
        )
        return pipeline.handle, group, workgroups

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Turn wgpu's errors into a ``DeviceLostError`` of one sentence."""
        import wgpu

        try:
            yield
        except wgpu.GPUOutOfMemoryError as error:
            raise DeviceLostError(
                f"{self.adapter.info.name} is out of memory; use a smaller {spelled('window')}, "
                f"fewer units or networks, or {spelled('device', 'cpu')}"
            ) from error
        except (wgpu.GPUError, RuntimeError) as error:
            raise DeviceLostError(
                f"{self.adapter.info.name} failed ({_cause(error)}); try again, or use "
                f"{spelled('device', 'cpu')}"
            ) from error

    def run_timed(self, record: Callable[[Any], None], label: str) -> float | None:
        """Run one compute pass, filled by ``record``, and wait for it.

        Returns the seconds that it took by the device's own clock; ``None`` if it has none.
        """
        return self.submit(record, label, timed=True)()

    def submit(
        self, record: Callable[[Any], None], label: str, *, timed: bool = False
    ) -> Callable[[], float | None]:
        """Start one compute pass, filled by ``record``.

        If it is ``timed``, the returned function waits for the pass and returns its seconds as
        ``run_timed`` does.
        """
        import wgpu

        answer = stamps = None
        if timed:
            usage = wgpu.BufferUsage.QUERY_RESOLVE | wgpu.BufferUsage.COPY_SRC
            usage |= wgpu.BufferUsage.COPY_DST
            answer = self.handle.create_buffer(label=label, size=16, usage=usage)
        if timed and self.adapter.timestamps:
            stamps = self.handle.create_query_set(label=label, type="timestamp", count=2)
        encoder = self.handle.create_command_encoder(label=label)
        compute = encoder.begin_compute_pass(
            label=label,
            timestamp_writes=stamps
            and {
                "query_set": stamps,
                "beginning_of_pass_write_index": 0,
                "end_of_pass_write_index": 1,
            },
        )
        record(compute)
        compute.end()
        if stamps is not None:
            encoder.resolve_query_set(stamps, 0, 2, answer, 0)
        self.handle.queue.submit([encoder.finish()])

        def seconds() -> float | None:
            began, ended = struct.unpack("2Q", self.handle.queue.read_buffer(answer))
            return (ended - began) * tick_seconds(self.handle.queue) if stamps else None

        return seconds

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


def open_device(adapter: Adapter) -> OpenDevice:
    """Open an adapter, or return it if this process has already opened it.

    Raises:
        DeviceError: the driver refuses.
    """
    if adapter.index not in _OPEN or _OPEN[adapter.index].adapter is not adapter:
        _OPEN[adapter.index] = _open(adapter)
    return _OPEN[adapter.index]


def reopen_device(adapter: Adapter) -> OpenDevice:
    """Open an adapter again, after its open device has failed."""
    _OPEN.pop(adapter.index, None)
    return open_device(adapter)


_OPEN: dict[int, OpenDevice] = {}


def _open(adapter: Adapter) -> OpenDevice:
    threads = min(_most_threads(adapter), *(adapter.limits[name] for name in THREAD_LIMITS))
    sizes = {name: adapter.limits[name] for name in SIZE_LIMITS}
    limits = {**DEFAULT_LIMITS, **sizes, **dict.fromkeys(THREAD_LIMITS, threads)}
    try:
        handle = adapter.handle.request_device_sync(
            label="gpunet",
            required_features=[
                name for name in ("timestamp-query", "subgroup") if name in adapter.handle.features
            ],
            required_limits=limits,
        )
    except Exception as error:
        raise DeviceError(
            f"{adapter.info.name} could not be opened ({_first_line(error)}); try another one of "
            f"`gpunet devices`, or {spelled('device', 'cpu')}"
        ) from error
    largest = min(limits[name] for name in SIZE_LIMITS)
    device = OpenDevice(adapter, handle, largest, Traits(adapter.software, threads=threads))
    return _tried(device) if adapter.software else device


def _most_threads(adapter: Adapter) -> int:
    """Most threads of a workgroup that the plan should use on this adapter."""
    smallest = [lanes for name, lanes in adapter.handle.info.items() if "group_min_size" in name]
    return MOST_THREADS_OF_WIDE_WAVES if smallest == [64] else MOST_THREADS


def _tried(device: OpenDevice) -> OpenDevice:
    """A software adapter's device with the limits and traits that only a trial shows."""
    lanes = _probe_lanes(device) if "subgroup" in device.handle.features else None
    traits = replace(device.traits, lanes=lanes)
    return replace(device, iterations=_probe_iterations(device), traits=traits)


def _probe_iterations(device: OpenDevice) -> int | None:
    """The loop iterations after which the device stops; ``None`` if it passes the probe."""
    reached, count = _run_probe(device, "probe_iterations", {"WANTED": PROBED_ITERATIONS})[0], 0
    state = 0
    while state != reached or count == 0:
        if count == PROBED_ITERATIONS:
            return 0
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        count += 1
    return None if count == PROBED_ITERATIONS else count


def _probe_lanes(device: OpenDevice) -> int | None:
    """The lanes of a subgroup; ``None`` if a workgroup's invocations are not its lanes in order."""
    size, *lanes = _run_probe(device, "probe_subgroup", {})
    return size if lanes == [thread % size for thread in range(len(lanes))] else None


def _run_probe(device: OpenDevice, name: str, constants: Mapping[str, float]) -> list[int]:
    """The nine words that a probe shader writes."""
    import wgpu

    answer = device.handle.create_buffer(
        label=name, size=36, usage=wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.COPY_SRC
    )
    dispatch = device.dispatch(name, (name,), constants, {"answer": answer}, (1, 1, 1))
    device.submit(lambda compute: record_dispatches(compute, [dispatch], 1, 1), name)
    return list(struct.unpack("9I", device.handle.queue.read_buffer(answer)))


def _cause(error: Exception) -> str:
    """The last line of wgpu's message, which names the root cause."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
