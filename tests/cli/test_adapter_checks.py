"""An adapter is checked before its first training, and one that fails is not used."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.cli.test_devices_command import LARGE

from gpunet.engine import adapter_check
from gpunet.engine.adapter_check import AdapterCheck, KernelCheck
from gpunet.engine.verdicts import keep_faults, known_faults
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.workflows import devices

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

WRONG = KernelCheck("head quadratic equal", 0.5, 1e-4, same_bits=True)
UNSTEADY = KernelCheck("gradient_norm", 0.0, 1e-4, same_bits=False)
RIGHT = KernelCheck("max_norm", 1e-7, 1e-4, same_bits=True)
LOST = KernelCheck("apply_update step adam", np.inf, 1e-4, same_bits=False, failure="it is lost")


@pytest.fixture(autouse=True)
def _unchecked_adapters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "known_faults", known_faults)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of a made-up card whenever it is checked, of which one kernel is wrong."""
    done: list[str] = []

    def check(adapter: Adapter, tell: Callable[[int, int], object]) -> AdapterCheck:
        done.append(adapter.info.name)
        tell(3, 12)
        made = AdapterCheck(adapter.info, (RIGHT, WRONG, UNSTEADY, LOST), 1.5)
        keep_faults(adapter.info, made.faults)
        return made

    monkeypatch.setattr(adapter_check, "check_adapter", check)
    monkeypatch.setattr(devices, "list_adapters", lambda: (LARGE,))
    monkeypatch.setattr("gpunet.engine.wgpu.adapters.list_adapters", lambda: (LARGE,))
    return done


def train(halves: Path, folder: Path, device: str) -> list[object]:
    options = ["--epochs", "1", "--hidden", "4", "--batch-size", "8", "--device", device]
    return ["train", "--data", halves, *options, "--output", folder / "model.safetensors"]


def test_an_adapter_is_checked_once(
    gpunet: RunCommand,
    adapter: Adapter,
    halves: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases = adapter_check.checked_cases
    monkeypatch.setattr(adapter_check, "checked_cases", lambda traits: islice(cases(traits), 1))
    command = train(halves, tmp_path, str(adapter.index))
    first = gpunet(*command, "--force")
    assert first.code == 0
    assert first.err.startswith(f"note: checking {adapter.info.name} once: ")
    assert first.err.count("\n") == 1
    again = gpunet(*command, "--force")
    assert (again.code, again.err) == (0, "")
    gpunet("devices", "--forget")
    quiet = gpunet(*command, "--force", "--quiet")
    assert (quiet.code, quiet.err) == (0, "")


def test_auto_passes_over_an_adapter_that_fails(
    gpunet: RunCommand, halves: Path, tmp_path: Path, checks: list[str]
) -> None:
    ran = gpunet(*train(halves, tmp_path, "auto"), "--force")
    assert ran.code == 0
    checking, passed_over = ran.err.splitlines()
    assert checking == "note: checking Large One once: 1.5 s"
    assert passed_over.startswith(
        "note: Large One cannot be trusted: 3 of 4 kernels in 1.5 s failed; numpy on "
    )
    device = "device: numpy on the processor, since Large One failed the check"
    assert device in ran.out.splitlines()
    again = gpunet(*train(halves, tmp_path, "auto"), "--force")
    assert (again.code, again.err) == (0, "")
    assert device in again.out.splitlines()
    assert checks == ["Large One"]


def test_an_adapter_that_was_asked_for_and_fails_is_refused(
    gpunet: RunCommand, halves: Path, tmp_path: Path, checks: list[str]
) -> None:
    reason = "its check failed: head quadratic equal differs from numpy, and 2 more"
    for known in (False, True):
        ran = gpunet(*train(halves, tmp_path, "large"))
        assert ran.code == 1
        assert ran.err.splitlines()[known - 1 :] == [
            f"error: Large One cannot run the shaders ({reason}); choose another one of "
            "`gpunet devices`, or --device cpu"
        ]
    assert checks == ["Large One"]
    assert f"cannot be used: {reason}" in gpunet("devices").out


def test_a_check_shows_every_kernel_and_lines_for_a_report(
    gpunet: RunCommand, checks: list[str]
) -> None:
    for _ in range(2):  # known or not
        ran = gpunet("devices", "--check", "--device", "large")
        assert (ran.code, ran.err) == (1, "")
    table, _, report = ran.out.partition("for a report:")
    assert [" ".join(line.split()) for line in table.splitlines()[2:6]] == [
        "max_norm 1e-07 1e-04 yes right",
        "head quadratic equal 5e-01 1e-04 yes differs from numpy",
        "gradient_norm 0e+00 1e-04 no not reproducible",
        "apply_update step adam inf 1e-04 no did not run",
    ]
    assert "Large One cannot be trusted: 3 of 4 kernels in 1.5 s failed" in table
    lines = report.strip().splitlines()
    assert lines[:2] == ["adapter: Large One (discrete GPU, Vulkan)", "driver:  driver 5"]
    assert lines[-3:] == [
        "- head quadratic equal: differs from numpy (off by 5.0e-01, 1e-04 allowed)",
        "- gradient_norm: not reproducible (off by 0.0e+00, 1e-04 allowed)",
        "- apply_update step adam: did not run (it is lost)",
    ]


def test_json_tells_the_same_of_a_check(gpunet: RunCommand, checks: list[str]) -> None:
    ran = gpunet("devices", "--check", "--json", "--forget")
    assert (ran.code, ran.err) == (1, "")
    content = json.loads(ran.out)
    assert content["passed"] is False
    assert content["device"]["name"] == "Large One"
    assert content["versions"].keys() == {"gpunet", "wgpu"}
    told = [(one["kernel"], one["passed"], one["difference"]) for one in content["kernels"]]
    assert told == [
        ("max_norm", True, 1e-7),
        ("head quadratic equal", False, 0.5),
        ("gradient_norm", False, 0.0),
        ("apply_update step adam", False, None),
    ]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--device", "0"], "--device names the adapter for --check; give both, or neither"),
        (["--check", "--device", "cpu"], "--device cpu is numpy here, with which adapters are"),
        (["--check", "--device", "small"], "--device small names no adapter of this machine"),
    ],
)
def test_what_cannot_be_checked_is_a_wrong_use(
    gpunet: RunCommand, checks: list[str], options: list[str], told: str
) -> None:
    ran = gpunet("devices", *options)
    assert ran.code == 2
    assert ran.failure.startswith(told)
    assert checks == []
