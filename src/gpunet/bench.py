"""Measures the adapters of this machine against numpy, kernel by kernel and step by step.

Each time is the median of several timings, taken in turns. ``cli/bench`` prints the table; the
scripts in ``benchmarks`` compare gpunet with other programs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from timeit import Timer
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.engine.interface import Engine
from gpunet.engine.planning.layered import training_plan
from gpunet.engine.planning.tiles import Traits
from gpunet.engine.planning.workload import Workload
from gpunet.engine.population import NetworkSettings
from gpunet.engine.reference import kernels
from gpunet.engine.reference.numpy_engine import NumpyEngine, numpy_conditions
from gpunet.engine.reference.optimizers import Factors, optimize
from gpunet.engine.step_schedule import step_schedule
from gpunet.engine.timing import Rounds, begin_random_epoch, random_samples, repetitions
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.roofline import measure_roofline
from gpunet.engine.wgpu.wgpu_engine import PassTime, WgpuEngine
from gpunet.parameters import initial_parameters, layer_blocks, layer_views

__all__ = ["CASES", "OPERATIONS", "Case", "Measurement", "run"]

TIMINGS = 5
"""Timings of each case; their median counts."""

SECONDS_A_TIMING = 0.05
"""Seconds that a timing lasts, about; it repeats its work until then."""

PASSES = {
    "matmul": "forward",
    "forward": "forward",
    "cross-entropy": "softmax_cross_entropy",
    "Adam update": "update",
}
"""Each operation with the beginning of its passes' labels."""

OPERATIONS = len(PASSES) + 1
"""Operations measured for each case and device: those of passes, and the whole step."""


@dataclass(frozen=True, slots=True)
class Case:
    """A network and a batch size to measure."""

    network: NetworkSpec
    batch_size: int

    def __str__(self) -> str:
        return f"{self.network}, batch {self.batch_size}"


CASES = (
    Case(NetworkSpec(784, (16, 16), 10), 64),
    Case(NetworkSpec(784, (128,), 10), 128),
    Case(NetworkSpec(784, (512, 512), 10), 128),
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One operation on one device.

    Args:
        case: the network and batch size.
        operation: the operation, the same on all devices.
        device: the adapter's name, or ``numpy``.
        wall_seconds: time of one operation, by the processor's clock.
        device_seconds: time of one operation, by the adapter's clock; ``None`` if it has none.
        amount: floating-point operations, or bytes moved.
        unit: the unit of ``amount`` per 1e-9 seconds.
        roofline: the shortest possible time on this device as a fraction of the time taken;
            ``None`` if it was not requested.
    """

    case: str
    operation: str
    device: str
    wall_seconds: float
    device_seconds: float | None
    amount: int
    unit: Literal["GFLOP/s", "GB/s"]
    roofline: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds of one operation, by the adapter's clock if it has one."""
        return self.device_seconds or self.wall_seconds

    @property
    def rate(self) -> float:
        """The amount per second in the unit."""
        return self.amount / self.seconds * 1e-9


def run(
    adapters: Sequence[Adapter],
    cases: Sequence[Case] = CASES,
    *,
    timings: int = TIMINGS,
    roofline: bool = False,
) -> Iterator[Measurement]:
    """Measure every case on numpy and on each adapter, and give the results one by one.

    Each is the median of ``timings`` timings; ``roofline`` compares it with the device's peak
    performance.
    """
    for case in cases:
        for adapter in (None, *adapters):
            measured = (
                _on_numpy(case, timings) if adapter is None else _on_adapter(case, adapter, timings)
            )
            for one in measured:
                yield _against_roofline(one, case, adapter) if roofline else one


def _against_roofline(one: Measurement, case: Case, adapter: Adapter | None) -> Measurement:
    """A kernel's measurement with its share of the roofline."""
    alone = one.operation == "matmul"
    work = Workload(
        _product_alone(case).network if alone else case.network,
        case.batch_size,
        Traits(software=False),
        features="floats" if alone else "bytes",
    )
    prefix, limits = PASSES.get(one.operation, ""), measure_roofline(adapter)
    least = sum(
        limits.seconds(done.operations, done.traffic)
        for done in training_plan(work).passes
        if done.label.startswith(prefix)
    )
    return replace(one, roofline=least / one.seconds)


def _on_numpy(case: Case, timings: int) -> Iterator[Measurement]:
    for operation, work in _numpy_operations(case).items():
        amount, unit = _amount(case, operation)
        with numpy_conditions():
            seconds = _median_seconds(work, timings)
        yield Measurement(str(case), operation, "numpy", seconds, None, amount, unit)
    engine = NumpyEngine(case.network, TrainConfig(batch_size=case.batch_size))
    yield _training_step(case, engine, "numpy", timings)


def _on_adapter(case: Case, adapter: Adapter, timings: int) -> Iterator[Measurement]:
    yield _product(case, adapter, timings)
    config = TrainConfig(batch_size=case.batch_size)
    with WgpuEngine(case.network, config, adapter, "layered") as engine:
        step = _training_step(case, engine, adapter.info.name, timings)
        taken = _timed_passes(engine, timings, step.wall_seconds)
        for operation in ("forward", "cross-entropy", "Adam update"):
            yield _measured(case, operation, adapter, taken)
        yield step


def _product(case: Case, adapter: Adapter, timings: int) -> Measurement:
    """The first layer's matmul, on floats and without an activation."""
    alone = _product_alone(case)
    config = TrainConfig(optimizer="sgd", batch_size=case.batch_size)
    with WgpuEngine(alone.network, config, adapter, "layered") as engine:
        begin_random_epoch(engine, 2, floats=True)
        engine.time_passes(1)  # compiles
        began = time.perf_counter()
        engine.time_passes(1)
        taken = _timed_passes(engine, timings, time.perf_counter() - began, floats=True)
    return _measured(case, "matmul", adapter, taken)


def _product_alone(case: Case) -> Case:
    """A case whose network has only the first layer."""
    layer = case.network.layers[0]
    return Case(NetworkSpec(layer.inputs, (), max(2, layer.outputs)), case.batch_size)


def _timed_passes(
    engine: WgpuEngine, timings: int, expected: float, *, floats: bool = False
) -> list[tuple[PassTime, ...]]:
    """Several timings of every pass; each repeats the pass until it lasts long enough."""
    repeats = repetitions(expected, SECONDS_A_TIMING)
    taken = []
    for _ in range(timings):
        begin_random_epoch(engine, repeats + 2, floats=floats)
        taken.append(engine.time_passes(repeats))
    return taken


def _measured(
    case: Case, operation: str, adapter: Adapter, taken: list[tuple[PassTime, ...]]
) -> Measurement:
    """The median times of the operation's passes, summed up."""
    prefix = PASSES[operation]
    chosen = [[one for one in passes if one.done.label.startswith(prefix)] for passes in taken]
    wall = median(sum(one.wall_seconds for one in passes) for passes in chosen)
    device = None
    if adapter.timestamps:
        device = median(sum(one.device_seconds or 0.0 for one in passes) for passes in chosen)
    amount, unit = _amount(case, operation)
    return Measurement(str(case), operation, adapter.info.name, wall, device, amount, unit)


def _training_step(case: Case, engine: Engine, device: str, timings: int) -> Measurement:
    """A whole training step, by the wall clock."""
    rounds = Rounds.of(engine, SECONDS_A_TIMING)
    for _ in range(timings):
        rounds.take()
    amount, unit = _amount(case, "training step")
    return Measurement(str(case), "training step", device, rounds.step, None, amount, unit)


def _numpy_operations(case: Case) -> dict[str, Callable[[], object]]:
    """Numpy's functions for each operation, on the same shapes."""
    network, rows = case.network, case.batch_size
    parameters = initial_parameters(network, "auto", [0])
    layers = layer_views(parameters, network)
    samples = random_samples(network, rows)
    order = np.arange(rows, dtype=np.uint32)[None]  # (1, B)
    labels = samples.labels[order]

    def forward() -> list[NDArray[np.float32]]:
        values = [kernels.read_samples(samples.features, order)]  # (1, B, I)
        for layer, block in zip(network.layers, layers, strict=True):
            preactivations = kernels.forward(values[-1], *block)  # (1, B, O)
            values.append(
                kernels.activate(preactivations, layer.activation, network.leaky_slope)[0]
            )
        return values

    values, unsmoothed = forward(), np.zeros(1, np.float32)
    return {
        "matmul": lambda: kernels.forward(values[0], *layers[0]),
        "forward": forward,
        "cross-entropy": lambda: kernels.head(network, values[-1], labels, unsmoothed),
        "Adam update": _numpy_update(network, parameters, values),
    }


def _numpy_update(
    network: NetworkSpec, parameters: NDArray[np.float32], values: list[NDArray[np.float32]]
) -> Callable[[], None]:
    """Weight gradients and Adam, with each layer's outputs standing in for its deltas."""
    gradient = np.zeros_like(parameters)
    moments = np.zeros((2, *parameters.shape), dtype=np.float32)
    own = (NetworkSettings(seed=0),)
    factors = Factors.of(own, step_schedule(own, np.full((1, 1), 1e-3), 0, "adam")[:, 0])
    blocks = layer_blocks(gradient, network)

    def update() -> None:
        for (below, deltas), block in zip(pairwise(values), blocks, strict=True):
            kernels.weight_gradient(below, deltas, out=block)
        optimize("adam", parameters, gradient, moments, factors)

    return update


def _median_seconds(work: Callable[[], object], timings: int) -> float:
    timer = Timer(work)
    timer.timeit(1)  # warms up
    repeats = repetitions(timer.timeit(1), SECONDS_A_TIMING)
    return median(timer.repeat(timings, repeats)) / repeats


def _amount(case: Case, operation: str) -> tuple[int, Literal["GFLOP/s", "GB/s"]]:
    """The work of an operation: a multiplication and an addition per weight and sample."""
    layers, rows = case.network.layers, case.batch_size
    weights = sum((layer.inputs + 1) * layer.outputs for layer in layers)
    first = (layers[0].inputs + 1) * layers[0].outputs
    products = {
        "matmul": first,
        "forward": weights,
        "Adam update": weights,
        "training step": 3 * weights - first,  # the input needs no gradient
    }
    if operation in products:
        return 2 * rows * products[operation], "GFLOP/s"
    return 2 * 4 * rows * case.network.outputs, "GB/s"  # logits read, deltas written
