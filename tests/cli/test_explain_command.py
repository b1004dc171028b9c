"""``gpunet explain``: the passes of a step, and their shaders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gpunet.engine.wgpu import plan_trial
from gpunet.engine.wgpu.adapters import Adapter

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand


def test_the_passes_of_a_step_are_printed_and_nothing_is_trained(
    gpunet: RunCommand, halves: Path, adapter: Adapter
) -> None:
    options = ("--hidden", "4", "--batch-size", "32", "--max-norm", "2", "--dropout", "0.1")
    ran = gpunet("explain", "--data", halves, "--device", adapter.index, *options)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert "plan:   layered: the persistent plan has no max-norm" in lines
    labels = ["forward 1", "forward 2", "softmax_cross_entropy", "input_gradient 2"]
    labels += ["update 1", "update 2", "max_norm 1", "max_norm 2"]
    for label in labels:
        assert sum(line.startswith(label) for line in lines) == 2, label  # figures, then files
    first = next(line for line in lines if line.startswith("forward 1"))
    assert "32x4x64" in first
    # Samples in bytes, 65 x 4 parameters read, 32 x 4 values and as many slopes written.
    bytes_moved = 32 * 64 + 4 * (65 * 4 + 2 * 32 * 4)
    assert f"{bytes_moved / 1024:.2f} KiB" in first
    assert first.endswith("16.4 k")
    assert max(map(len, lines[5:])) <= 80
    assert not list(Path().iterdir())


def test_the_persistent_plan_is_printed_with_what_its_workgroup_holds(
    gpunet: RunCommand, halves: Path, adapter: Adapter
) -> None:
    options = ("--hidden", "4", "--batch-size", "4", "--optimizer", "sgd")
    ran = gpunet("explain", "--data", halves, "--device", adapter.index, *options)
    assert (ran.code, ran.err) == (0, "")
    assert "plan:   persistent: " in ran.out
    for fact in ("steps a dispatch", "workgroup memory", "registers", "rows at once"):
        assert fact in ran.out


def test_the_plan_is_the_one_that_a_training_takes_beyond_the_adapters_border(
    gpunet: RunCommand, halves: Path, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_trial, "persistent_rows", lambda _: 2)
    options = ("--hidden", "4", "--batch-size", "4")
    ran = gpunet("explain", "--data", halves, "--device", adapter.index, *options)
    assert "faster one here for more than 2 samples a batch" in ran.out


def test_a_shader_is_printed_alone_and_finished(
    gpunet: RunCommand, halves: Path, adapter: Adapter
) -> None:
    common = ("explain", "--data", halves, "--device", adapter.index)
    for label, rows in (("forward 1", 64), ("persistent", 4)):
        ran = gpunet(*common, "--batch-size", rows, "--shader", label)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith(f"// {label}: ")
        assert "@compute @workgroup_size(" in ran.out
        assert "{{" not in ran.out
        assert "//%" not in ran.out


def test_a_pass_that_is_not_there_is_refused_with_those_that_are(
    gpunet: RunCommand, halves: Path, adapter: Adapter
) -> None:
    ran = gpunet(
        "explain",
        "--data",
        halves,
        "--device",
        adapter.index,
        "--shader",
        "forward 9",
    )
    assert ran.code == 2
    assert "'forward 9' names no pass; this plan has: forward 1, forward 2" in ran.failure


def test_numpy_has_neither_passes_nor_shaders(gpunet: RunCommand, halves: Path) -> None:
    common = ("explain", "--data", halves, "--device", "cpu")
    ran = gpunet(*common)
    assert (ran.code, ran.err) == (0, "")
    assert "numpy has no passes" in ran.out
    assert re.search(r"^load:   all \d+ training samples at once, [\d.]+ KiB$", ran.out, re.M)
    assert gpunet(*common, "--shader", "forward 1").code == 2


@pytest.mark.parametrize("device", ["cpu", "adapter"])
def test_windows_are_told_with_what_an_epoch_moves(
    gpunet: RunCommand, halves: Path, adapter: Adapter, device: str
) -> None:
    index = adapter.index if device == "adapter" else device
    options = ("--batch-size", 8, "--window", 20)
    ran = gpunet("explain", "--data", halves, "--device", index, *options)
    line = next(line for line in ran.out.splitlines() if line.startswith("load:   "))
    assert re.search(r"\d windows of 16 training samples, [\d.]+ .*two at a time; an epoch", line)


def test_a_shader_is_headed_by_its_workgroups_and_all_that_is_overridden(
    gpunet: RunCommand, halves: Path, adapter: Adapter
) -> None:
    common = ("explain", "--data", halves, "--device", adapter.index)
    out = gpunet(*common, "--batch-size", 64, "--shader", "forward 1").out
    first, _, rest = out.partition("\n")
    assert re.fullmatch(r"// forward 1: \d+ x \d+ x 1 workgroups of \d+ threads", first)
    told = set(re.findall(r"(\w+) = ", rest.partition("// ----")[0].replace("\n// ", " ")))
    needed = set(re.findall(r"^override (\w+): \w+;", out, re.MULTILINE))
    assert len(needed) > 1
    assert needed <= told
