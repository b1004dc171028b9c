"""The engine that runs a plan on an adapter: epochs, evaluations, and reading results back.

``planning`` defines the passes, the shaders compute them, and ``reference`` specifies the results.
``device_networks`` keeps networks and samples, ``device`` the pipelines.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import KernelTime, Split
from gpunet.engine.metrics import Metrics
from gpunet.engine.planning.layered import evaluation_plan
from gpunet.engine.planning.layout import padded
from gpunet.engine.planning.memory import (
    WGPU_EVALUATION_ROWS,
)
from gpunet.engine.planning.passes import Pass, Plan, recut
from gpunet.engine.planning.program import (
    Program,
    evaluation_buffers,
    training_buffers,
)
from gpunet.engine.planning.records import (
    NETWORK,
    in_batches,
    level,
    weights_by_step,
)
from gpunet.engine.planning.select import PlanName, select_plan
from gpunet.engine.planning.tiles import tile_rule
from gpunet.engine.planning.workload import Workload
from gpunet.engine.step_schedule import step_schedule
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.compiled import Compiled, bind, compile_plan
from gpunet.engine.wgpu.device import OpenDevice
from gpunet.engine.wgpu.device_networks import DeviceNetworks
from gpunet.engine.wgpu.native import Dispatch, record_dispatches
from gpunet.engine.wgpu.tile_cache import TileCache

__all__ = ["PassTime", "WgpuEngine"]

SUBMIT_SECONDS = 0.1
"""Target length of an evaluation's submission; Windows ends a submission after 2 s."""

STEPS_A_SUBMISSION = 64
"""Most steps recorded in one command buffer; several overlap recording and running. The host takes
7 % of an epoch of 784-16-16-10 on Mesa's driver, against 10 % with 1024 steps."""

STEPS_A_DISPATCH = 256
"""Most steps per dispatch of the persistent plan, some 50 ms on a software adapter."""


@dataclass(frozen=True, slots=True)
class PassTime:
    """The time of one dispatch by the wall clock, and by the device's own if it has one."""

    done: Pass
    wall_seconds: float
    device_seconds: float | None

    @property
    def seconds(self) -> float:
        """Seconds by the device's clock if it has one, else by the host's."""
        return self.wall_seconds if self.device_seconds is None else self.device_seconds


class WgpuEngine(DeviceNetworks):
    """A population of networks trained on an adapter.

    Args:
        adapter: the adapter that does the work.
        plan: the plan to use; ``auto`` lets ``select_plan`` choose.
        tiles: the tiles measured on this adapter; without them ``choose_tile`` chooses.
        persistent_rows: the largest batch for which the persistent plan is chosen by default;
            ``None`` for any batch that it supports.

    Raises:
        DeviceError: the adapter cannot be opened, or the networks do not fit on it.
    """

    def __init__(
        self,
        network: NetworkSpec,
        configs: TrainConfig | Sequence[TrainConfig],
        adapter: Adapter,
        plan: PlanName = "auto",
        tiles: TileCache | None = None,
        persistent_rows: int | None = None,
    ) -> None:
        self._wanted, self._tiles, self._persistent_rows = plan, tiles, persistent_rows
        super().__init__(network, configs, adapter)

    def _take(self, device: OpenDevice) -> None:
        """Set up the engine on a device, without data or programs."""
        super()._take(device)
        self._traits = replace(device.traits, persistent_rows=self._persistent_rows)
        self._training: Compiled | None = None
        self._evaluations: dict[Split, Compiled] = {}
        self._bound: Mapping[str, Any] = {}  # the buffers of the training program
        self._count = self._asked = 0  # samples and steps of this epoch
        self._longest = 0  # most samples per epoch in the training's buffers
        self._weights_seen: NDArray[np.float64] | None = None  # after each step
        self._one_order = False  # whether all networks see the samples in the same order
        self._busy: list[Callable[[], float | None]] = []  # wait for its latest submissions
        self._worked = 0.0  # seconds of the submissions before those

    def _load(self, split: Split, samples: Samples) -> None:
        """Copy a split to the device; its programs stay valid if its buffers are kept."""
        fits = self._data.fits(split, samples, self._weights(split, samples))
        if split == "train" and not fits:
            self._training = None
        if not fits or split in self.rows:  # own rows may be more than before
            self._evaluations.pop(split, None)
        super()._load(split, samples)

    def begin_epoch(
        self, order: NDArray[np.uint32], learning_rates: NDArray[np.float64], first_step: int
    ) -> None:
        """Start an epoch over the training split."""
        count = order.shape[1]
        if self._training is None or self._longest < count:
            self._longest = max(count, self._data["train"].room)
            self._training = self._compile_training(self._longest)
        counts = list(map(len, self.rows.get("train", ()))) or [count] * self.population
        self._networks["samples"], self._count = counts, count
        running = self._held[: self._running]
        self._one_order = order.strides[0] == 0  # all rows are the same memory
        own = order[:1] if self._one_order else order[running]
        weights = self._loaded["train"].weights
        self._weights_seen = None
        if weights is not None:
            drawn = order[:1] if self._one_order else order
            self._weights_seen = weights_by_step(
                weights, drawn, counts[: len(drawn)], self.batch_size
            )
        self._buffers.write("order", in_batches(own, self.batch_size))
        schedule = step_schedule(self.settings, learning_rates, first_step, self.optimizer)
        self._buffers.write("schedule", schedule[running])
        records = self._networks[self._held]
        records["first_step"] = first_step
        self._buffers.write("networks", records)
        self._asked = 0
        self._busy, self._worked = [], 0.0
        self._write_batch(0, 0)

    def train(self, steps: int) -> None:
        """Record and submit the epoch's next steps."""
        assert self._training is not None, "begin_epoch comes first"
        self._asked += steps
        if self._training.plan.many_steps:
            at_once = self.steps_a_dispatch(self._training.plan)
            self._write_batch(self._asked, at_once)
            self._submit(self._training, -(-steps // at_once))
            return
        for first in range(0, steps, STEPS_A_SUBMISSION):
            self._submit(self._training, min(STEPS_A_SUBMISSION, steps - first))

    def metrics(self) -> Metrics:
        """The epoch's metrics so far; waits for the device."""
        metrics, weight = self._metrics("networks"), self._weights_seen
        if weight is not None:
            steps = -(-metrics.seen // self.batch_size)
            weight = np.take_along_axis(weight, np.maximum(steps - 1, 0)[:, None], axis=1)[:, 0]
        return self._weighed(metrics, weight)

    def evaluate(self, split: Split) -> Metrics:
        """Loss and hits over a whole split, without dropout."""
        own = self.rows.get(split)
        program, batches = self._evaluation(split, own)
        state = f"{split} networks"

        def run(count: int) -> None:
            self._submit(program, count)
            self._buffers.read(state, NETWORK)

        _paced(batches, run)
        weights = self._loaded[split].weights
        if weights is not None:
            parts = [weights] if own is None else [weights[rows] for rows in own]
            weights = np.array([one.sum(dtype=np.float64) for one in parts])
        return self._weighed(self._metrics(state), weights)

    def predict(self, split: Split) -> NDArray[np.float32]:
        """The answers (P, n, C) for every sample of a split; NaN for inactive networks."""
        program, batches = self._evaluation(split, None)
        count, rows = self._data[split].count, program.plan.rows
        answers = np.full((self.population, count, self.network.outputs), np.nan, np.float32)
        if not self._running:
            return answers
        shape = (self._running, rows, padded(self.network.outputs))
        found = []
        for _ in range(batches):
            self._submit(program, 1)
            found.append(self._read_answers(split, program.plan).reshape(shape))
        whole = np.concatenate(found, axis=1)[:, :count, : self.network.outputs]
        answers[self._held[: self._running]] = whole
        return answers

    def training_plan(self) -> Plan:
        """The passes of a training step; the training split must be loaded."""
        return self._recut(select_plan(self._workload("train", self.batch_size), self._wanted))

    def compile(self, one: Pass) -> None:
        """Compile a pass, for any engine on the same device."""
        with self._open.guarded():
            self._open.pipeline(one.label, one.pieces, one.constants, one.variables)

    def training_program(self, samples: int) -> Program:
        """The training plan and its buffers for an epoch of ``samples`` samples."""
        plan, work = self.training_plan(), self._workload("train", self.batch_size)
        return Program(plan, training_buffers(work, samples, plan.values))

    @property
    def tile_rule(self) -> str:
        """A short description of how tiles are chosen for matmuls that were not measured."""
        return tile_rule(self._traits)

    def steps_a_dispatch(self, plan: Plan) -> int:
        """Most steps that a dispatch of this plan takes."""
        if not plan.many_steps:
            return 1
        limit = self._open.iterations
        possible = STEPS_A_DISPATCH if limit is None else limit // plan.iterations
        return max(1, min(STEPS_A_DISPATCH, possible))

    def busy_seconds(self) -> float | None:
        """Seconds that the adapter has worked on this epoch's steps; ``None`` without a clock."""
        if not self._open.adapter.timestamps:
            return None
        self._worked += math.fsum(seconds() or 0.0 for seconds in self._busy)
        self._busy = []
        return self._worked

    def time_kernels(self, steps: int) -> tuple[KernelTime, ...]:
        """Time every pass by the adapter's clock, or by the wall clock if it has none."""
        return tuple(
            KernelTime(one.done.label, one.seconds, one.done.operations, one.done.traffic)
            for one in self.time_passes(steps)
        )

    def time_passes(self, repeats: int) -> tuple[PassTime, ...]:
        """Time every pass of the training step by itself, ``repeats`` times in a row.

        An epoch of more than ``repeats`` steps must have begun; it cannot be trained further
        afterwards, as the passes run out of order. If a dispatch takes many steps, it takes
        ``repeats`` steps.
        """
        assert self._training is not None, "begin_epoch comes first"
        return tuple(
            self._time_pass(one, dispatch, repeats)
            for one, dispatch in zip(
                self._training.plan.passes, self._training.dispatches, strict=True
            )
        )

    def time_pass(self, one: Pass, repeats: int) -> PassTime:
        """Time a pass of a layered training step, cut by any tile, as ``time_passes`` does."""
        with self._open.guarded():
            dispatch = bind(self._open, one, self._bound)
        return self._time_pass(one, dispatch, repeats)

    def _write_batch(self, until: int, at_once: int) -> None:
        """Write ``struct Batch`` of shaders/network.wgsl."""
        steps = -(-self._count // self.batch_size)
        stride = 0 if self._one_order else steps * padded(self.batch_size)
        words = [steps, stride, until, at_once]
        self._buffers.write("batch", np.array(words, dtype=np.uint32))

    def _compile_training(self, samples: int) -> Compiled:
        data, program = self._data["train"], self.training_program(samples)
        buffers = self._make(program.buffers)
        self._bound = {**buffers, "samples": data.samples, "labels": data.labels}
        return self._compile(program.plan, self._bound)

    def _evaluation(
        self, split: Split, own: Sequence[NDArray[np.uint32]] | None
    ) -> tuple[Compiled, int]:
        """The program that scores a split, set to its start, and its number of batches.

        Each network scores its ``own`` rows if these are given, else all rows of the split.
        """
        if split not in self._evaluations:
            self._evaluations[split] = self._compile_evaluation(split)
        program, count = self._evaluations[split], self._data[split].count
        rows, networks = np.arange(count, dtype=np.uint32)[None], self._networks[self._held]
        networks["samples"] = count
        if own is not None:
            held = [own[int(network)] for network in self._held]
            rows, networks["samples"] = level(held), list(map(len, held))
        order = in_batches(rows, program.plan.rows)
        stride = 0 if own is None else order[0].size
        self._buffers.write(f"{split} order", order)
        self._buffers.write(f"{split} networks", networks)
        self._buffers.write(f"{split} batch", np.array([0, stride, 0, 0], dtype=np.uint32))
        return program, order.shape[1]

    def _compile_evaluation(self, split: Split) -> Compiled:
        data = self._data[split]
        rows = min(WGPU_EVALUATION_ROWS, data.room)
        plan = self._recut(evaluation_plan(self._workload(split, rows)))
        longest = max(map(len, self.rows.get(split, ())), default=0)
        own = self._make(evaluation_buffers(self.population, plan, data.room, longest), split)
        shared = {name: self._buffers[name] for name in ("parameters", "dropout_rates")}
        buffers = {**own, **shared, "samples": data.samples, "labels": data.labels}
        return self._compile(plan, buffers)

    def _recut(self, plan: Plan) -> Plan:
        """The plan with the tiles that were measured."""
        return plan if self._tiles is None else recut(plan, self._tiles.tile)

    def _compile(self, plan: Plan, buffers: Mapping[str, Any]) -> Compiled:
        return compile_plan(self._open, plan, buffers, self.network)

    def _submit(self, program: Compiled, steps: int) -> None:
        record = partial(
            record_dispatches, dispatches=program.dispatches, times=steps, networks=self._running
        )
        with self._open.guarded():
            busy = self._open.submit(record, "steps", timed=self.clocked)
        if self.clocked:
            self._busy.append(busy)

    def _time_pass(self, one: Pass, dispatch: Dispatch, repeats: int) -> PassTime:
        plan = self._training.plan  # type: ignore[union-attr]
        records, times = self._networks[self._held], repeats
        if plan.many_steps:
            at_once = self.steps_a_dispatch(plan)
            self._write_batch(repeats, at_once)
            times = -(-repeats // at_once)
        else:
            records["finished"] = 1  # as after the head, which precedes most passes
        self._buffers.write("networks", records)
        began = time.perf_counter()
        with self._open.guarded():
            device_seconds = self._open.run_timed(
                lambda compute: record_dispatches(compute, (dispatch,), times, self._running),
                one.label,
            )
        wall = time.perf_counter() - began
        return PassTime(
            one, wall / repeats, None if device_seconds is None else device_seconds / repeats
        )

    def _read_answers(self, split: Split, plan: Plan) -> NDArray[np.float32]:
        """The active networks' answers (P * rows * padded C,) for the latest scored batch."""
        size = 4 * plan.rows * padded(self.network.outputs)
        self._buffers.ensure("probabilities", size * self._running)
        starts = [4 * (p * plan.values + plan.probabilities_at) for p in range(self._running)]
        copies = [(f"{split} values", at, "probabilities", p * size) for p, at in enumerate(starts)]
        self._buffers.copy(size, copies)
        return self._buffers.read("probabilities", np.dtype(np.float32))

    def _metrics(self, name: str) -> Metrics:
        """The sums in a buffer of ``NETWORK``; ``squared`` also takes the weights of hits."""
        records = self._by_network(self._buffers.read(name, NETWORK))
        return Metrics(
            loss=records["loss"].astype(np.float64),
            correct=records["correct"].astype(np.int64),
            seen=records["seen"].astype(np.int64),
            squared=records["score"].astype(np.float64),
        )

    def _weighed(self, metrics: Metrics, weight: NDArray[Any] | None) -> Metrics:
        """Metrics with the samples' total ``weight`` (P,), if the samples have weights."""
        if weight is None:
            return metrics
        weight = np.where(metrics.seen > 0, weight, 0.0)
        if self.network.kind == "measured":
            return replace(metrics, weight=weight)
        none = np.zeros(self.population)
        return replace(metrics, correct=metrics.squared, squared=none, weight=weight)

    def _workload(self, split: Split, rows: int) -> Workload:
        """The workload for batches of ``rows`` rows of a split."""
        data = self._data[split]
        return Workload.of(self, rows, self._traits, data.features, data.weights)


def _paced(total: int, run: Callable[[int], None]) -> None:
    """Do ``total`` pieces of work, in portions that take about ``SUBMIT_SECONDS`` each."""
    done, count = 0, 1
    while done < total:
        count = min(count, total - done)
        began = time.perf_counter()
        run(count)
        seconds = max(time.perf_counter() - began, 1e-6)
        done += count
        count = max(1, min(2 * count, int(count * SUBMIT_SECONDS / seconds)))
