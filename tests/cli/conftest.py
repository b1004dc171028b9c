"""A small dataset, a model trained on it, and the command line as a function."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from gpunet.cli.app import run
from gpunet.engine.metrics import Metrics
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.errors import DeviceLostError

SIDE = 8


class Ran(NamedTuple):
    """What a command line gave."""

    code: int
    out: str
    err: str

    @property
    def failure(self) -> str:
        """The one sentence of a failure."""
        assert self.err.startswith("error: ")
        assert self.err.count("\n") == 1
        assert "Traceback" not in self.err
        return self.err.removeprefix("error: ").rstrip("\n")


RunCommand = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache and a working folder of its own, 80 columns without color, an idle machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0), raising=False)
    for name in (
        *("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "CLICOLOR_FORCE"),
        *("JPY_PARENT_PID", "GPUNET_THEME"),
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def gpunet(capsys: pytest.CaptureFixture[str]) -> RunCommand:
    """Runs a command line within this process."""

    def run_command(*arguments: object) -> Ran:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run_command


@pytest.fixture
def failing_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that is lost whenever it is to evaluate the test set."""
    evaluate = NumpyEngine.evaluate

    def fail_at_the_test(self: NumpyEngine, split: Any) -> Metrics:
        if split == "test":
            raise DeviceLostError("the device is lost; try again")
        return evaluate(self, split)

    monkeypatch.setattr(NumpyEngine, "evaluate", fail_at_the_test)


def bright_half(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (count, 8, 8), uint8, whose left (0) or right (1) half is bright."""
    draws = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    images = draws.integers(0, 60, (count, SIDE, SIDE))
    for image, label in zip(images, labels, strict=True):
        image[:, 4 * label : 4 * label + 4] += 150
    return images.astype(np.uint8), labels


@pytest.fixture(scope="session")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of 120 training and 40 test images."""
    path = tmp_path_factory.mktemp("data") / "halves.npz"
    x_train, y_train = bright_half(120, 1)
    x_test, y_test = bright_half(40, 2)
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, halves: Path) -> Path:
    """A model that tells the halves apart."""
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    options = [
        "--data",
        halves,
        "--device",
        "cpu",
        "--hidden",
        "4",
        "--epochs",
        "8",
        "--lr",
        "0.02",
    ]
    command = ["train", *options, "--batch-size", "8", "--no-keep", "--output", path, "--quiet"]
    assert run([str(part) for part in command]) == 0
    return path


@pytest.fixture(scope="session")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The halves, but three test images of the right half are labeled as the left one."""
    path = tmp_path_factory.mktemp("data") / "uneven.npz"
    x_train, y_train = bright_half(120, 1)
    x_test, y_test = bright_half(40, 2)
    y_test[np.flatnonzero(y_test)[:3]] = 0
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


def summary_rows(out: str) -> dict[str, str]:
    """The names and values of the summary at the end of an output; each value fits its line."""
    pairs = [re.split(r"  +", line.strip(), maxsplit=1) for line in out.splitlines()]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
