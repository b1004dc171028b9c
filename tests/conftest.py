"""The engines under test: numpy, and every Vulkan, Metal or Direct3D 12 adapter of the machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tests.own_tree  # noqa: F401 (first, as nothing but this tree is to be tested)

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import Engine
from gpunet.engine.population import networks_of
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.engine.wgpu.adapters import Adapter, list_adapters
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine

SWIFTSHADER = Path("/usr/lib/chromium/vk_swiftshader_icd.json")
"""A second software implementation of Vulkan, which comes with Debian's Chromium."""

if SWIFTSHADER.exists() and not os.environ.get("VK_ADD_DRIVER_FILES"):
    os.environ["VK_ADD_DRIVER_FILES"] = str(SWIFTSHADER)
os.environ["GPUNET_NO_USER_CONFIG"] = "1"  # what the tester prefers is none of the tests' business
MakeEngine = Callable[..., Engine]

ADAPTERS = list_adapters()


NO_ADAPTER = "no-adapter"

PROMISED = os.environ.get("GPUNET_REQUIRE_ADAPTER") == "1"

LEFT_OUT = pytest.StashKey[int]()


def pytest_configure() -> None:
    """Heed the signals that a suite started in the background, or by ``nohup``, ignores.

    What the tests start inherits that, too.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in {"SIGTERM", "SIGHUP", "SIGTSTP"} & {one.name for one in signal.Signals}:
        signal.signal(signal.Signals[name], signal.SIG_DFL)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs an adapter where there is none and none was promised."""
    if PROMISED:
        return
    lacking = {one for one in items if NO_ADAPTER in one.nodeid.partition("[")[2]}
    config.stash[LEFT_OUT] = len(lacking)
    config.hook.pytest_deselected(items=list(lacking))
    items[:] = [one for one in items if one not in lacking]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say in one line what was left out."""
    if left_out := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(
            f"left out {left_out} tests that need an adapter, for this machine has none; "
            "`gpunet devices` says how to get one"
        )


def adapter_parameters() -> list[object]:
    """Every adapter; where there is none, one test that fails or is left out as was promised."""
    if ADAPTERS:
        return [pytest.param(adapter, id=adapter.info.name.split()[0]) for adapter in ADAPTERS]
    return [pytest.param(None, id=NO_ADAPTER)]


def require(adapter: Adapter | None) -> Adapter:
    """The adapter; there is none only where one was promised, which is a failure."""
    if adapter is None:
        pytest.fail(
            "this machine was promised a Vulkan adapter, but wgpu finds none; see `gpunet devices`"
        )
    return adapter


@pytest.fixture(autouse=True)
def _checked_adapters(monkeypatch: pytest.MonkeyPatch) -> None:
    """No training checks its adapter first, which ``test_adapter_check.py`` does once."""
    monkeypatch.setattr("gpunet.workflows.devices.known_faults", lambda _: [])


@pytest.fixture(params=adapter_parameters())
def adapter(request: pytest.FixtureRequest) -> Adapter:
    """Each adapter of the machine in turn."""
    return require(request.param)


def engine_parameters() -> list[object]:
    """The numpy engine, and each adapter with either plan."""
    if not ADAPTERS:
        return ["numpy", pytest.param((None, "layered"), id=NO_ADAPTER)]
    return ["numpy"] + [
        pytest.param((adapter, plan), id=f"{adapter.info.name.split()[0]}-{plan}")
        for adapter in ADAPTERS
        for plan in ("layered", "persistent")
    ]


@pytest.fixture(params=engine_parameters())
def make_engine(request: pytest.FixtureRequest) -> Iterator[MakeEngine]:
    """Makes engines of each kind in turn; they are closed after the test."""
    made: list[Engine] = []

    def make(
        network: NetworkSpec,
        configs: TrainConfig | Sequence[TrainConfig] = TrainConfig(seed=1),  # noqa: B008 - frozen
        **shared: Any,
    ) -> Engine:
        configs = tuple(replace(one, **shared) for one in networks_of(configs))
        if request.param == "numpy":
            made.append(NumpyEngine(network, configs))
        else:
            adapter, plan = request.param
            made.append(WgpuEngine(network, configs, require(adapter), plan))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def random_samples() -> Callable[..., Samples]:
    """Draws samples: bytes unless floats are wanted, and labels."""

    def draw(count: int, inputs: int, classes: int, *, floats: bool = False) -> Samples:
        draws = np.random.default_rng([count, inputs, classes])
        labels = draws.integers(0, classes, count).astype(np.int32)
        if floats:
            return Samples(draws.normal(size=(count, inputs)).astype(np.float32), labels)
        return Samples(draws.integers(0, 256, (count, inputs), dtype=np.uint8), labels)

    return draw


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write out what is no text in what a test has printed, which no other process would take."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report
