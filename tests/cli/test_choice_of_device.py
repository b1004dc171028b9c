"""Which device a command takes on ``auto``, where there is but a software adapter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gpunet.artifacts.run_folder import RunFolder
from gpunet.engine import factory
from gpunet.engine.device_trial import Trial
from gpunet.engine.wgpu.drivers import Machine

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

    from gpunet.engine.wgpu.adapters import Adapter

NUMPY_WINS, ADAPTER_WINS = Trial(3e-4, 1.85e-3), Trial(3e-3, 1e-3)
OPTIONS = ["--hidden", "4", "--batch-size", "8", "--lr", "0.02", "--plain", "--showcase", "0"]


@pytest.fixture
def software(adapter: Adapter, monkeypatch: pytest.MonkeyPatch) -> Adapter:
    """The only adapter of the machine; every training is long enough for a trial."""
    if not adapter.software:
        pytest.skip("only a software adapter is tried against numpy")
    monkeypatch.setattr(factory, "list_adapters", lambda: (adapter,))
    monkeypatch.setattr(factory, "look", lambda: Machine(manager="apt-get"))
    monkeypatch.setattr(factory, "SHORT", 0.0)
    return adapter


@pytest.fixture
def races(monkeypatch: pytest.MonkeyPatch) -> list[Trial]:
    """What the races to come find; the engines are real, the clock is not."""
    found = [NUMPY_WINS]
    monkeypatch.setattr(factory, "race", lambda *_: found[0])
    return found


def device_line(out: str) -> str:
    return next(line for line in out.splitlines() if line.startswith("device:"))


def train(gpunet: RunCommand, data: Path, folder: Path, *options: object) -> str:
    output = ["--output", folder / "model.safetensors", "--report", folder / "report.json"]
    ran = gpunet("train", "--data", data, "--epochs", "1", *OPTIONS, *output, *options)
    assert (ran.code, ran.err) == (0, "")
    assert "advice" not in ran.out
    return ran.out


def backend(folder: Path) -> str:
    return str(json.loads((folder / "report.json").read_text())["device"]["backend"])


@pytest.mark.usefixtures("software")
def test_numpy_trains_where_it_is_faster_and_both_times_are_told_once_and_again(
    gpunet: RunCommand, halves: Path, tmp_path: Path, races: list[Trial]
) -> None:
    out = train(gpunet, halves, tmp_path)
    assert device_line(out).startswith("device: numpy, 0.30 ms a step; the software adapter ")
    assert device_line(out).endswith(" takes 1.85 ms")
    assert backend(tmp_path) == "numpy"
    first = (tmp_path / "model.safetensors").read_bytes()
    races[0] = ADAPTER_WINS
    again = train(gpunet, halves, tmp_path)
    assert device_line(again).endswith(" takes 1.85 ms (measured before)")
    assert (tmp_path / "model.safetensors").read_bytes() == first
    gpunet("devices", "--forget")
    assert "1.00 ms a step; numpy takes 3.00 ms" in device_line(train(gpunet, halves, tmp_path))


def test_the_adapter_trains_where_it_is_faster(
    gpunet: RunCommand, halves: Path, tmp_path: Path, races: list[Trial], software: Adapter
) -> None:
    races[0] = ADAPTER_WINS
    out = train(gpunet, halves, tmp_path)
    assert "1.00 ms a step; numpy takes 3.00 ms" in device_line(out)
    assert backend(tmp_path) == software.info.backend


@pytest.mark.usefixtures("software")
def test_a_trial_of_the_real_engines_is_told(
    gpunet: RunCommand, halves: Path, tmp_path: Path
) -> None:
    out = train(gpunet, halves, tmp_path)
    assert "a step; " in device_line(out)


@pytest.mark.usefixtures("software", "races")
def test_commands_for_which_no_trial_pays_take_numpy_and_those_about_shaders_the_adapter(
    gpunet: RunCommand, halves: Path, trained: Path
) -> None:
    for command in (["evaluate", trained], ["find-lr", "--data", halves, *OPTIONS[:-2]]):
        out = gpunet(*command).out
        assert device_line(out) == (
            "device: numpy on the processor, since no hardware GPU was found"
        )
    explained = gpunet("explain", "--data", halves, *OPTIONS[:-2])
    assert "plan:   " in explained.out
    assert "software adapter" in device_line(explained.out)
    profiled = gpunet("profile", "--data", halves, "--epochs", "1", *OPTIONS[:-2])
    assert profiled.code == 0
    assert device_line(profiled.out).startswith("device: numpy, 0.30 ms")


def test_a_resumed_run_keeps_its_device_or_says_that_it_does_not(
    gpunet: RunCommand, halves: Path, tmp_path: Path, software: Adapter, races: list[Trial]
) -> None:
    run = tmp_path / "run"
    train(gpunet, halves, tmp_path, "--device", "gpu", "--run-dir", run)
    assert RunFolder(run).load()[1].device == str(software.info)
    resume = ["train", "--resume", run, "--plain", "--showcase", "0", "--output", run / "model"]
    ran = gpunet(*resume, "--epochs", "2")
    assert (ran.code, ran.err) == (0, "")
    assert device_line(ran.out).endswith(", as before")
    assert "software adapter" in device_line(ran.out)
    ran = gpunet(*resume, "--epochs", "3", "--device", "cpu")
    assert ran.code == 0
    assert ran.err == (
        f"note: the run was begun on {software.info}; on another device its last digits will "
        "differ\n"
    )
    assert RunFolder(run).load()[1].device.startswith("numpy")


@pytest.mark.usefixtures("software")
def test_a_search_is_tried_with_its_population_and_names_the_device_that_it_took(
    gpunet: RunCommand, halves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    populations = []

    def race(numpy: object, adapter: object) -> Trial:
        populations.append((numpy.population, adapter.population))  # type: ignore[attr-defined]
        return NUMPY_WINS

    monkeypatch.setattr(factory, "race", race)
    monkeypatch.chdir(tmp_path)
    search = ["--trials", "4", "--population", "4", "--epochs", "1", "--plain"]
    ran = gpunet("tune", "--data", halves, *search)
    assert (ran.code, ran.err) == (0, "")
    assert populations == [(4, 4)]
    assert device_line(ran.out).startswith("device: numpy, 0.30 ms a step; ")
    assert "gpunet train --data" in ran.out
    assert "--device cpu" in ran.out


@pytest.mark.parametrize("command", [["train"], ["find-lr"], ["tune"], ["bench"]])
def test_a_wrong_device_is_a_usage_error(
    gpunet: RunCommand, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = gpunet(*command, "--device", "rtx 9090")
    assert ran.code == 2
    assert "--device rtx 9090 names no adapter of this machine" in ran.failure


@pytest.mark.parametrize(
    "command",
    ["train", "find-lr", "explain", "profile", "tune-kernels", "evaluate MODEL", "showcase MODEL"],
)
def test_no_device_is_opened_for_data_that_are_not_there(
    gpunet: RunCommand, trained: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def opened() -> None:
        raise AssertionError("adapters are looked for")

    monkeypatch.setattr("gpunet.engine.wgpu.adapters.list_adapters", opened)
    ran = gpunet(*command.replace("MODEL", str(trained)).split(), "--data", "nowhere.csv")
    assert (ran.code, ran.out) == (2, "")
    assert ran.failure.startswith("'nowhere.csv' is neither a dataset")
