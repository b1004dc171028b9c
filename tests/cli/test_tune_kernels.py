"""``gpunet tune-kernels``, and what ``gpunet train`` takes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from gpunet.engine.factory import create_engine
from gpunet.engine.wgpu import tile_trials
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.tile_trials import Measured
from gpunet.workflows import devices

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

LARGE_ENOUGH = ("--hidden", "64", "--batch-size", "64")
"""On 64 features: two products of 64 x 64 x 64 and 65 x 64 x 64 numbers, above the border."""


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


@pytest.mark.parametrize(
    ("options", "taken"), [((), True), (("--max-time", "5"), True), (("--no-autotune",), False)]
)
def test_a_training_takes_the_tiles_that_were_measured_unless_told_otherwise(
    gpunet: RunCommand,
    halves: Path,
    adapter: Adapter,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    taken: bool,
) -> None:
    made = Mock(wraps=create_engine)
    monkeypatch.setattr(devices, "create_engine", made)
    common = ("--data", halves, "--device", adapter.index, "--hidden", "4", "--epochs", 1)
    assert gpunet("train", *common, *options, "-q").code == 0
    assert [call.args[3] is not None for call in made.call_args_list] == [taken]


def test_what_was_measured_before_is_measured_anew(
    gpunet: RunCommand, halves: Path, adapter: Adapter
) -> None:
    common = ("--data", halves, "--device", adapter.index, *LARGE_ENOUGH)
    for _ in range(2):
        ran = gpunet("tune-kernels", *common)
        assert (ran.code, ran.out.count("taken")) == (0, 2)


def test_the_tiles_of_a_product_are_listed_the_fastest_first_with_their_rates(
    gpunet: RunCommand, halves: Path, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Measured] = []
    measure_tiles = tile_trials.measure_tiles

    def made_up(*given: Any) -> Iterator[Measured]:
        for one in measure_tiles(*given):
            seconds = {tile: 1e-3 * place for place, tile in enumerate(one.seconds, 1)}
            shown.append(replace(one, seconds=dict(reversed(seconds.items()))))
            yield shown[-1]

    monkeypatch.setattr(tile_trials, "measure_tiles", made_up)
    common = ("--data", halves, "--device", adapter.index, *LARGE_ENOUGH)
    rows = [line.split() for line in gpunet("tune-kernels", *common).out.splitlines()[5:]]
    times = [float(row[row.index("ms") - 1]) for row in rows]
    assert times == [float(place) for one in shown for place in range(1, len(one.seconds) + 1)]
    assert "524" in rows[0]  # two operations for each of 64 x 64 x 64 products in a millisecond
    names = [
        tile.name for one in shown for tile in sorted(one.seconds, key=one.seconds.__getitem__)
    ]
    told = [" ".join(row) for row in rows]
    assert all(name in line for name, line in zip(names, told, strict=True))
    for one in shown:
        assert sum(one.chosen.name in line and "taken" in line for line in told) >= 1
