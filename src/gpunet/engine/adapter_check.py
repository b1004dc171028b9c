"""Checks that an adapter computes correctly: every kernel is compared with numpy, and run twice.

A few small networks together use every shader that training on the adapter can use. ``twins``
computes what each pass is compared with. ``verdicts`` keeps the results, so that an adapter is
checked only once with each version of its driver and of gpunet.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from gpunet import rng
from gpunet.config import ACTIVATIONS, LOSS_FACTS, LOSSES, Loss, NetworkSpec, TrainConfig
from gpunet.engine.interface import DeviceInfo, Engine
from gpunet.engine.measurements import versions
from gpunet.engine.planning.passes import recut
from gpunet.engine.planning.records import NETWORK
from gpunet.engine.planning.select import PlanName
from gpunet.engine.planning.tiles import Tile, Traits, candidates
from gpunet.engine.population import Rule
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.engine.timing import random_samples
from gpunet.engine.twins import PassEngine, difference, try_pass
from gpunet.engine.verdicts import keep_faults
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.device import open_device, reopen_device
from gpunet.errors import DeviceError
from gpunet.parameters import initial_parameters

__all__ = [
    "AdapterCheck",
    "Case",
    "KernelCheck",
    "check_adapter",
    "checked_cases",
]

PASS_TOLERANCE = 1e-4
"""Largest error allowed of a pass, relative to the largest value: ten times what WGSL allows tanh,
the least accurate function in the kernels. All measured adapters stay below a tenth of it."""

TRAINING_TOLERANCE = 1e-3
"""Largest error allowed after a few steps, relative to the largest value; rounding adds up."""

STEPS = 3
"""Steps of the compared training; the last batch is smaller."""


@dataclass(frozen=True, slots=True)
class KernelCheck:
    """How a kernel compares with numpy.

    Args:
        kernel: its name: the shader files that it is made of, or the training that ran it.
        difference: the largest difference, as a share of the largest value; infinite for NaN.
        allowed: the largest difference allowed.
        same_bits: whether two runs gave the same bits.
        failure: why it did not run; empty if it did.
    """

    kernel: str
    difference: float
    allowed: float
    same_bits: bool
    failure: str = ""

    @property
    def passed(self) -> bool:
        """Whether the kernel can be trusted."""
        return self.same_bits and self.difference <= self.allowed

    @property
    def verdict(self) -> str:
        """``right``, or what is wrong in a few words."""
        if self.failure:
            return "did not run"
        wrong = ["differs from numpy"] * (self.difference > self.allowed)
        return ", ".join(wrong + ["not reproducible"] * (not self.same_bits)) or "right"


@dataclass(frozen=True, slots=True)
class AdapterCheck:
    """The result of checking an adapter.

    Args:
        device: the adapter.
        kernels: the result of each kernel.
        seconds: the time that the check took.
    """

    device: DeviceInfo
    kernels: tuple[KernelCheck, ...]
    seconds: float

    @property
    def failed(self) -> tuple[KernelCheck, ...]:
        """The kernels that are wrong."""
        return tuple(one for one in self.kernels if not one.passed)

    @property
    def faults(self) -> list[str]:
        """What is wrong, one line for each failed kernel."""
        return [f"{one.kernel} {one.verdict}" for one in self.failed]

    @property
    def summary(self) -> str:
        """The verdict in a sentence."""
        checked = f"{len(self.kernels)} kernels in {self.seconds:.1f} s"
        if not self.failed:
            return f"{self.device.name} computes as numpy does: {checked}, all right"
        return f"{self.device.name} cannot be trusted: {len(self.failed)} of {checked} failed"

    def to_dict(self) -> dict[str, Any]:
        """The results for JSON; a difference that is not finite becomes ``None``."""
        content = asdict(self)
        for one, entry in zip(self.kernels, content["kernels"], strict=True):
            entry |= {"passed": one.passed, "verdict": one.verdict}
            entry["difference"] = one.difference if np.isfinite(one.difference) else None
        own = {"passed": not self.failed, "summary": self.summary, "system": platform.platform()}
        return {**own, "versions": versions(), **content}

    @property
    def report(self) -> str:
        """Lines to paste into a bug report."""
        packages = ", ".join(f"{name} {version}" for name, version in versions().items())
        lines = [
            f"adapter: {self.device}",
            f"driver:  {self.device.driver}",
            f"with:    {packages}, numpy {np.__version__}, Python {platform.python_version()}",
            f"system:  {platform.platform()}",
            f"check:   {self.summary}",
        ]
        for one in self.failed:
            deviation = f"off by {one.difference:.1e}, {one.allowed:.0e} allowed"
            lines.append(f"- {one.kernel}: {one.verdict} ({one.failure or deviation})")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Case:
    """Two networks that are trained side by side for a few steps.

    Args:
        network: the shape of both.
        configs: the settings of each.
        floats: whether features are floats.
        weighted: whether samples have weights.
        plan: the plan that runs them.
        tile: the tile of all matmuls; ``None`` for the plan's choice.
        trained: whether to compare a whole training in addition to the single passes.
    """

    network: NetworkSpec
    configs: tuple[TrainConfig, ...]
    floats: bool = False
    weighted: bool = False
    plan: PlanName = "layered"
    tile: Tile | None = None
    trained: bool = False

    def begin(self, engine: Engine) -> None:
        """Set an engine to the start of an epoch whose last batch is smaller."""
        seeds, count = engine.seeds, STEPS * engine.batch_size - 2
        samples = random_samples(self.network, count, floats=self.floats, weighted=self.weighted)
        engine.load("train", samples)
        engine.set_parameters(initial_parameters(self.network, "uniform", seeds))
        order = np.stack([rng.permutation(seed, 1, count) for seed in seeds])
        engine.begin_epoch(order, np.full((len(seeds), STEPS), 0.01), 0)

    def train(self, engine: Engine) -> list[NDArray[Any]]:
        """Train for an epoch and return all results."""
        self.begin(engine)
        start = engine.parameters()
        engine.train(STEPS)
        made = [engine.parameters() - start, engine.moments(), engine.metrics().mean_loss]
        if self.plan == "layered":  # its evaluation serves both plans
            made += [engine.evaluate("train").mean_loss, engine.predict("train")]
        return made


def checked_cases(traits: Traits) -> Iterator[Case]:
    """Cases that together use every shader that an adapter with these traits can use."""
    rules: tuple[Rule, ...] = get_args(Rule)
    for number in range(max(len(rules), -(-len(ACTIVATIONS) // 2), len(LOSSES))):
        pair = [ACTIVATIONS[(2 * number + layer) % len(ACTIVATIONS)] for layer in (0, 1)]
        loss: Any = LOSSES[number % len(LOSSES)]
        network = NetworkSpec(13, (9, 6), 5, ",".join(pair), loss=loss)
        odd = bool(number % 2)
        weights = "balanced" if odd and network.kind == "classes" else "none"
        configs = _configs(rules[number % len(rules)], busy=not odd, class_weights=weights)
        yield Case(network, configs, floats=odd, weighted=odd, trained=number == 0)
    normed = NetworkSpec(13, (9,), 5, "tanh", layer_norm=True)
    yield Case(normed, _configs("adam", clip_norm=0.05, max_norm=0.5), trained=True)
    yield Case(normed, _configs("sgd", busy=True))
    inputs = 13 if traits.software else 700  # a GPU spreads 700 over as many threads as it allows
    small = NetworkSpec(inputs, (9,), 5, "relu")
    yield Case(small, _configs("adam", busy=True, batch_size=3), plan="persistent", trained=True)
    small = replace(small, activation="gelu", loss="quadratic")
    configs = _configs("sgd_nesterov", batch_size=3, class_weights="balanced")
    yield Case(small, configs, floats=True, plan="persistent", trained=True)
    others: tuple[tuple[Loss, Rule], ...] = (
        ("binary-cross-entropy", "sgd"),
        ("squared-error", "sgd_momentum"),
    )
    for loss, rule in others:
        small = replace(small, loss=loss, activation="tanh")
        configs = _configs(rule, batch_size=3, dropout=0.3)
        yield Case(small, configs, weighted=True, plan="persistent", trained=True)
    network = NetworkSpec(70, (45,), 12, "tanh")
    for number, tile in enumerate(candidates(traits)):
        yield Case(network, _configs("adam"), tile=tile, trained=number == 0)
    if not traits.software:  # only a GPU splits the depth of a matmul
        yield Case(NetworkSpec(13, (256,), 5, "tanh"), _configs("adam"), trained=True)


def _configs(rule: Rule, *, busy: bool = False, **settings: Any) -> tuple[TrainConfig, ...]:
    """Settings of two networks; busy ones turn on every setting that a layer's kernels use."""
    # With a large epsilon, values that are zero except for rounding stay small.
    shared: dict[str, Any] = {"batch_size": 7, "epsilon": 1e-3, **settings}
    shared |= {"optimizer": rule} if "_" not in rule else {"optimizer": "sgd", "momentum": 0.9}
    if busy:
        shared |= {"dropout": 0.3, "input_dropout": 0.2, "label_smoothing": 0.1}
        shared |= {"l1": 1e-3, "l2": 1e-2, "l2_biases": 1e-2, "weight_decay": 0.1}
        shared |= {"clip_value": 0.05}
    nesterov = rule == "sgd_nesterov"
    return tuple(TrainConfig(seed=seed, nesterov=nesterov, **shared) for seed in (1, 2))


def check_adapter(
    adapter: Adapter, tell: Callable[[int, int], object] = lambda done, total: None
) -> AdapterCheck:
    """Check every kernel on an adapter, and remember which are wrong.

    Args:
        adapter: to be checked.
        tell: is called with how many cases are done, and how many there are.

    Raises:
        DeviceError: the adapter cannot be opened.
    """
    began = time.perf_counter()
    found: dict[str, KernelCheck] = {}
    for one in _checks(adapter, found.keys(), tell):
        found[one.kernel] = one
    check = AdapterCheck(adapter.info, tuple(found.values()), time.perf_counter() - began)
    keep_faults(adapter.info, check.faults)
    return check


def _checks(
    adapter: Adapter, known: Collection[str], tell: Callable[[int, int], object]
) -> Iterator[KernelCheck]:
    """Check each kernel that is not yet in ``known``; stop if the device fails."""
    values = None
    cases = list(checked_cases(open_device(adapter).traits))
    for done, case in enumerate(cases):
        tell(done, len(cases))
        try:
            with PassEngine(case.network, case.configs, adapter, case.plan) as engine:
                if case.trained:
                    yield _check_training(case, engine)
                if case.plan == "persistent":
                    continue
                start = _start(case, engine)
                values = start["values"] if case.trained else values
                yield from _check_passes(case, engine, {**start, "values": values}, known)
        except DeviceError as error:  # the device is lost, so nothing else would run on it
            name = f"{case.plan} steps of {case.network}"
            yield KernelCheck(name, np.inf, PASS_TOLERANCE, False, str(error))
            with suppress(DeviceError):
                reopen_device(adapter)
            return


def _start(case: Case, engine: PassEngine) -> dict[str, Any]:
    """The buffers' contents before the passes of a case; these are then compiled one by one."""
    engine.lazy = True
    case.begin(engine)
    moments = np.random.default_rng(4).uniform(0, 0.01, engine.moments().shape)
    engine.set_moments(moments.astype(np.float32))
    return dict(engine.contents())


def _check_training(case: Case, engine: PassEngine) -> KernelCheck:
    """Compare a whole training; this is the only check of the persistent plan's single pass."""
    plan = "persistent" if case.plan == "persistent" else "layered"
    name = f"{plan} training of {case.network} with {engine.rule}"
    try:
        made, again = (case.train(engine) for _ in range(2))
    except DeviceError as error:
        return KernelCheck(name, np.inf, TRAINING_TOLERANCE, False, str(error))
    expected = case.train(NumpyEngine(case.network, case.configs))
    same = all(
        np.array_equal(one.view(np.uint8), other.view(np.uint8))
        for one, other in zip(made, again, strict=True)
    )
    return KernelCheck(name, max(map(difference, expected, made)), TRAINING_TOLERANCE, same)


def _check_passes(
    case: Case, engine: PassEngine, start: dict[str, Any], known: Collection[str]
) -> Iterator[KernelCheck]:
    """Compare each pass of the last step whose shader files are not yet in ``known``."""
    plan, finished = engine.training_plan(), STEPS - 1
    if case.tile is not None:
        plan = recut(plan, lambda _: case.tile)
    networks = start["networks"].view(NETWORK)
    networks["gradient_scale"] = 0.5
    if "gradients" in start:
        start["gradients"] = start["parameters"]
    for one in plan.passes:
        name = " ".join(piece.rpartition("/")[2] for piece in one.pieces)
        networks["finished"] = finished
        finished += one.label in {facts.kernel for facts in LOSS_FACTS.values()}
        if name in known:
            continue
        engine.fill(start)
        try:
            share, same_bits = try_pass(engine, one, STEPS - 1)
        except DeviceError as error:
            yield KernelCheck(name, np.inf, PASS_TOLERANCE, False, str(error))
        else:
            yield KernelCheck(name, share, PASS_TOLERANCE, same_bits)
