"""The check of an adapter: it passes here, and names a kernel that is wrong."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpunet.config import NetworkSpec
from gpunet.engine import adapter_check, twins
from gpunet.engine.adapter_check import Case, check_adapter, checked_cases
from gpunet.engine.planning import shader_source
from gpunet.engine.planning.passes import Pass
from gpunet.engine.planning.persistent import persistent_plan
from gpunet.engine.planning.tiles import TILES, Traits, candidates
from gpunet.engine.planning.workload import Workload
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.engine.twins import PassEngine, difference
from gpunet.engine.verdicts import known_faults
from gpunet.engine.wgpu import compiled, device
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.compiled import bind
from gpunet.engine.wgpu.device import OpenDevice, open_device
from gpunet.files.resources import shader_file

KINDS = (Traits(software=False), Traits(software=True), Traits(software=True, lanes=8))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path))


def files_of(pieces: Collection[str]) -> set[str]:
    """The shader files that are joined for these."""
    return set(
        re.findall(r"^// ---- (.+)\.wgsl$", shader_source.assemble(tuple(pieces)).text, re.M)
    )


def test_every_kernel_is_right_and_no_shader_is_forgotten(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: set[str] = set()

    def noting(device: OpenDevice, one: Pass, buffers: Any) -> Any:
        used.update(files_of(one.pieces))
        return bind(device, one, buffers)

    for module in (twins, compiled):
        monkeypatch.setattr(module, "bind", noting)
    check = check_adapter(adapter)
    assert check.failed == ()
    # Those known keep far from what is allowed, which is for those that are not.
    assert [one.kernel for one in check.kernels if one.difference > one.allowed / 30] == []
    assert len({one.kernel for one in check.kernels}) == len(check.kernels)
    assert known_faults(adapter.info) == []
    folder = shader_file()
    files = {str(file.relative_to(folder).with_suffix("")) for file in folder.rglob("*.wgsl")}
    elsewhere = {one.shader for one in TILES} - {one.shader for one in _tiles(adapter)}
    missing = {one for one in files - used if not one.startswith("probe_")}
    assert missing <= elsewhere | {"tile/shared", "tile/eight_lanes"}


def _tiles(adapter: Adapter) -> Collection[Any]:
    return candidates(open_device(adapter).traits)


def test_every_tile_is_checked_on_the_adapters_that_can_use_it() -> None:
    checked = {case.tile for traits in KINDS for case in checked_cases(traits)}
    assert set(TILES) <= checked


@pytest.mark.parametrize("threads", [256, 512])
def test_a_gpus_persistent_workgroup_is_checked_at_nearly_its_full_size(threads: int) -> None:
    cases = checked_cases(Traits(software=False, threads=threads))
    small = [case for case in cases if case.plan == "persistent"]
    works = [Workload(one.network, 3, Traits(software=False, threads=threads)) for one in small]
    plans = [persistent_plan(work) for work in works]
    assert len(plans) == 4
    assert all(plan and threads / 2 < plan.passes[0].threads <= threads for plan in plans)


@pytest.mark.parametrize(
    "number", [i for i, case in enumerate(checked_cases(KINDS[0])) if case.trained]
)
def test_rounding_does_not_decide_a_training_that_is_compared(number: int) -> None:
    case = list(checked_cases(KINDS[0]))[number]
    expected = case.train(NumpyEngine(case.network, case.configs))
    for seed in range(5):
        made = case.train(_Inexact(case.network, case.configs, seed))
        shares = list(map(difference, expected, made))
        assert max(shares) < adapter_check.TRAINING_TOLERANCE / 3


class _Inexact(NumpyEngine):
    """numpy with weights that are changed by ten times what a step's rounding changes."""

    def __init__(self, network: NetworkSpec, configs: Any, seed: int) -> None:
        super().__init__(network, configs)
        self._draws = np.random.default_rng(seed)

    def set_parameters(self, parameters: Any) -> None:
        changes = 1 + 1e-5 * self._draws.uniform(-1, 1, parameters.shape)
        super().set_parameters((parameters * changes).astype(np.float32))


@pytest.fixture
def change_shader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Puts a copy of the shaders, one of them changed, in the place of the shaders."""
    folder = tmp_path / "shaders"
    shutil.copytree(shader_file(), folder)

    def forget() -> None:
        shader_source.assemble.cache_clear()
        shader_source._read.cache_clear()

    def change(name: str, old: str, new: str) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    monkeypatch.setattr(shader_source, "shader_file", lambda name: folder / name)
    monkeypatch.setattr(device, "_OPEN", {})
    forget()
    yield change
    monkeypatch.undo()
    forget()


def only(monkeypatch: pytest.MonkeyPatch, *numbers: int) -> None:
    """Have some cases alone checked, for compiling takes long."""
    cases = list(checked_cases(KINDS[1]))
    chosen = [cases[number] for number in numbers]
    monkeypatch.setattr(adapter_check, "checked_cases", lambda _: iter(chosen))


@pytest.mark.parametrize(
    ("file", "old", "new", "wrong"),
    [
        ("activation/leaky_relu.wgsl", "x > 0.0", "x < 0.0", {"forward_hidden leaky_relu"}),
        (
            "optimizer/adam.wgsl",
            "sqrt(",
            "2.0 * sqrt(",
            {"update_sample bytes step adam", "update_hidden step adam"},
        ),
        (
            "loss/softmax_cross_entropy.wgsl",
            "exp(",
            "1.01 * exp(",
            {"head softmax_cross_entropy classes"},
        ),
    ],
)
def test_a_changed_operator_is_found_in_the_kernels_that_have_it(
    adapter: Adapter,
    change_shader: Any,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    old: str,
    new: str,
    wrong: set[str],
) -> None:
    only(monkeypatch, 0)
    change_shader(file, old, new)
    check = check_adapter(adapter)
    found = {one.kernel.removeprefix("registers_4x4 ") for one in check.failed}
    assert found == {*wrong, "layered training of 13-9-6-5 with adam"}
    assert all("differs from numpy" in one.verdict for one in check.failed)
    assert len(known_faults(adapter.info) or ()) == len(check.failed)
    assert all(one.kernel in check.report for one in check.failed)


def test_it_is_told_how_many_of_the_cases_are_done(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, 0, 1)
    told: list[tuple[int, int]] = []
    check_adapter(adapter, lambda done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2)]


def test_bits_that_differ_the_second_time_are_found(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, 0)
    run, runs = PassEngine.run, iter(range(1000))

    def unsteady(self: PassEngine, one: Pass, start: twins.Contents) -> twins.Contents:
        made = run(self, one, start)
        if "input_gradient" in one.pieces:
            made["values"][-1] ^= next(runs) % 2
        return made

    monkeypatch.setattr(PassEngine, "run", unsteady)
    (wrong,) = check_adapter(adapter).failed
    assert wrong.kernel == "registers_4x4 input_gradient"
    assert wrong.verdict == "not reproducible"


def test_a_training_whose_bits_differ_the_second_time_is_found(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, -4)
    train, times = Case.train, iter(range(1000))

    def unsteady(self: Case, engine: Any) -> Any:
        made = train(self, engine)
        made[0][0, 0] += 1e-9 * next(times)
        return made

    monkeypatch.setattr(Case, "train", unsteady)
    (wrong,) = check_adapter(adapter).failed
    assert wrong.kernel.startswith("persistent training")
    assert wrong.verdict == "not reproducible"


def test_a_shader_that_does_not_compile_is_found(
    adapter: Adapter, change_shader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, 0)
    change_shader("input_gradient.wgsl", "fn ", "fun ")
    check = check_adapter(adapter)
    assert {one.kernel for one in check.failed} == {
        "registers_4x4 input_gradient",
        "layered training of 13-9-6-5 with adam",
    }
    assert all("did not run" in one.verdict for one in check.failed)
    assert all(one["difference"] is None for one in check.to_dict()["kernels"] if not one["passed"])


def test_a_device_that_is_lost_ends_the_check_which_then_has_failed(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, 0, 1)
    run, runs = PassEngine.run, iter(range(1000))

    def losing(self: PassEngine, one: Pass, start: twins.Contents) -> twins.Contents:
        if next(runs) == 4:
            self._open.handle.destroy()
        return run(self, one, start)

    monkeypatch.setattr(PassEngine, "run", losing)
    check = check_adapter(adapter)
    assert [one.verdict for one in check.failed] == ["did not run", "did not run"]
    assert check.failed[1].kernel == "layered steps of 13-9-6-5"
    assert known_faults(adapter.info) == check.faults
    monkeypatch.setattr(PassEngine, "run", run)
    assert check_adapter(adapter).failed == ()  # on a device that is opened again
