"""``gpunet tune-kernels``, and what ``gpunet train`` takes of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gpunet.engine.wgpu import tile_trials
from gpunet.engine.wgpu.adapters import Adapter

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

LARGE_ENOUGH = ("--hidden", "64", "--batch-size", "64")
"""On 64 features: two products of 64 x 64 x 64 and 65 x 64 x 64 numbers, above the border."""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_tile_is_shown_and_the_plan_tells_what_was_measured(
    gpunet: RunCommand, halves: Path, adapter: Adapter
) -> None:
    common = ("--data", halves, "--device", adapter.index, *LARGE_ENOUGH)
    ran = gpunet("tune-kernels", *common)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert sum("taken" in line for line in lines) == 2
    assert sum("by rule" in line for line in lines) == 2
    assert any(line.startswith("forward 1") for line in lines)
    assert any(line.startswith("64x64x64") for line in lines)
    assert max(map(len, lines[3:])) <= 80

    plan = gpunet("explain", *common).out
    assert "tiles:  2 of 5 measured, the others by rule: " in plan
    assert plan.count("(measured)") == 2
    assert plan.count("(by rule)") == 3
    plan = gpunet("explain", "--no-autotune", *common).out
    assert "tiles:  0 of 5 measured" in plan


def test_products_that_are_too_small_are_not_measured(
    gpunet: RunCommand, halves: Path, adapter: Adapter
) -> None:
    ran = gpunet("tune-kernels", "--data", halves, "--device", adapter.index, "--hidden", "4")
    assert (ran.code, ran.err) == (0, "")
    assert "there is nothing to choose" in ran.out


def test_numpy_has_nothing_to_tune(gpunet: RunCommand) -> None:
    ran = gpunet("tune-kernels", "--device", "cpu")
    assert (ran.code, ran.err) == (0, "")
    assert "numpy has no kernels" in ran.out


@pytest.mark.parametrize(
    ("options", "expected"), [((), 1), (("--no-autotune",), 0), (("--max-time", "5"), 0)]
)
def test_a_long_training_measures_first_and_only_once(
    gpunet: RunCommand,
    halves: Path,
    adapter: Adapter,
    options: tuple[str, ...],
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tile_trials, "WORTHWHILE", {True: 0, False: 0})
    common = ("--data", halves, "--device", adapter.index, *LARGE_ENOUGH, "--epochs", 1)
    for measured in (expected, 0):
        ran = gpunet("train", *common, *options, "--validation", 20, "--plain")
        assert (ran.code, ran.err) == (0, "")
        assert measured == ran.out.count("tiles:  the fastest for 2 products, measured in ")
