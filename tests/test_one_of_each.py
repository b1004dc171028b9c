"""A new option, optimizer, activation and loss, in a copy of the package that has one of each."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gpunet.engine.measurements import Measurements
from gpunet.engine.verdicts import FILE, KEY
from gpunet.engine.wgpu.adapters import list_adapters

REPOSITORY = Path(__file__).parents[1]

OPTION = """    lr_factor: float = _optimizer(
        1.0, "What the learning rate is multiplied by.", bounds=POSITIVE, off=1
    )
    max_time: """

ACTIVATION = '''def double(x: NDArray[Real]) -> tuple[NDArray[Real], NDArray[Real]]:
    """Twice the preactivations."""
    return 2 * x, np.full_like(x, 2)


ACTIVATIONS: Mapping['''

OPTIMIZER = '''def sign(parameters, gradient, moments, factors):
    """A step of one size in the direction of the gradient."""
    parameters -= factors.rate * np.sign(gradient)


RULES: Mapping['''

LOSS = """squares = quadratic


def loss("""

RATE = 'float(self.in_effect("learning_rate"))'

FACTS = "OPTIMIZER_FACTS: Mapping[Optimizer, OptimizerFacts] = {"

SIGN = "one.parameter - sign(gradient) * rule.rate"


def replace(path: Path, *pairs: tuple[str, str]) -> None:
    """Put something new into a file, at places that must be there once."""
    text = path.read_text("utf-8")
    for old, new in pairs:
        assert text.count(old) == 1, (path, old)
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources with one more option, optimizer and activation."""
    folder = tmp_path_factory.mktemp("extended")
    for part in ("src/gpunet", "shaders", "data"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / part, folder / part, ignore=ignored)
    for one in list_adapters():  # which are checked elsewhere
        Measurements(one.info, folder / "cache" / FILE).keep(KEY, [])
    package, shaders = folder / "src" / "gpunet", folder / "shaders"
    replace(
        package / "config" / "settings.py",
        ("    max_time: ", OPTION),
    )
    replace(
        package / "config" / "train_config.py",
        (
            'float(self.in_effect("learning_rate"))',
            'self.lr_factor * self.in_effect("learning_rate")',
        ),
    )
    replace(
        package / "config" / "choices.py",
        ('    "identity",\n]', '    "identity",\n    "double",\n]'),
        ('"rmsprop", "lion"]', '"rmsprop", "lion", "sign"]'),
        ('"huber", "poisson"\n]', '"huber", "poisson", "squares"\n]'),
        (
            '    "poisson": LossFacts(',
            '    "squares": LossFacts("squares", "sigmoid", "classes"),\n    "poisson": LossFacts(',
        ),
        (
            '    "adam": OptimizerFacts(',
            '    "sign": OptimizerFacts(0.001, ()),\n    "adam": OptimizerFacts(',
        ),
    )
    replace(
        package / "parameters.py",
        ('    "identity": None,\n', '    "identity": None,\n    "double": None,\n'),
    )
    reference = package / "engine" / "reference"
    replace(
        reference / "activations.py",
        ("ACTIVATIONS: Mapping[", ACTIVATION),
        ('    "identity": identity,\n', '    "identity": identity,\n    "double": double,\n'),
    )
    replace(
        reference / "optimizers.py",
        ("RULES: Mapping[", OPTIMIZER),
        ('    "lion": lion,\n', '    "lion": lion,\n    "sign": sign,\n'),
    )
    replace(reference / "kernels.py", ("def loss(", LOSS))
    shutil.copy(shaders / "loss" / "quadratic.wgsl", shaders / "loss" / "squares.wgsl")
    replace(
        package / "engine" / "population.py",
        ('"rmsprop", "lion"]', '"rmsprop", "lion", "sign"]'),
        ('    "lion": 1,\n', '    "lion": 1,\n    "sign": 0,\n'),
    )
    for kind, like, new, pair in (
        ("activation", "identity", "double", ("vec2f(x, 1.0)", "vec2f(2.0 * x, 2.0)")),
        ("optimizer", "sgd", "sign", ("one.parameter - gradient * rule.rate", SIGN)),
    ):
        shutil.copy(shaders / kind / f"{like}.wgsl", shaders / kind / f"{new}.wgsl")
        replace(shaders / kind / f"{new}.wgsl", pair)
    return folder


def run(folder: Path, *words: object, source: Path) -> str:
    """What ``gpunet`` prints that has the sources of some folder."""
    own = {"PYTHONPATH": str(source / "src"), "GPUNET_CACHE": str(source / "cache")}
    environ = {**os.environ, **own, "COLUMNS": "120"}
    command = [sys.executable, "-m", "gpunet", *map(str, words)]
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def data(folder: Path) -> Path:
    draws = np.random.default_rng(0)
    labels = np.arange(160) % 2
    images = (draws.integers(0, 120, (160, 5, 5)) + 100 * labels[:, None, None]).astype(np.uint8)
    train, test = slice(120), slice(120, 160)
    np.savez(
        folder / "data.npz",
        x_train=images[train],
        y_train=labels[train],
        x_test=images[test],
        y_test=labels[test],
    )
    return folder / "data.npz"


@pytest.mark.parametrize("device", ["cpu", *(str(one.index) for one in list_adapters()[:1])])
def test_a_new_optimizer_and_a_new_activation_train_on_every_engine(
    extended: Path, tmp_path: Path, device: str
) -> None:
    common = ("--data", data(tmp_path), "--device", device, "--epochs", 3, "--hidden", 4)
    new = ("--optimizer", "sign", "--activation", "double", "--seed", 1)
    out = run(tmp_path, "train", *common, *new, "--quiet", "--report", "a.json", source=extended)
    assert "test accuracy" in out
    report = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert (report["config"]["optimizer"], report["config"]["activation"]) == ("sign", "double")
    assert report["history"][-1]["train_loss"] < report["history"][0]["train_loss"]


@pytest.mark.parametrize("device", ["cpu", *(str(one.index) for one in list_adapters()[:1])])
def test_a_new_loss_is_taken_for_no_other(extended: Path, tmp_path: Path, device: str) -> None:
    common = ("--data", data(tmp_path), "--device", device, "--epochs", 2, "--hidden", 4, "--quiet")
    histories = {}
    for loss in ("squares", "quadratic", "cross-entropy"):
        run(
            tmp_path,
            "train",
            *common,
            "--loss",
            loss,
            "--report",
            "a.json",
            "--force",
            source=extended,
        )
        report = json.loads((tmp_path / "a.json").read_text("utf-8"))
        histories[loss] = [epoch["train_loss"] for epoch in report["history"]]
    assert histories["squares"] == histories["quadratic"]
    assert histories["squares"] != histories["cross-entropy"]


def test_a_new_option_is_a_row_alone(extended: Path, tmp_path: Path) -> None:
    help_text = run(tmp_path, "train", "--help", source=extended)
    assert "--lr-factor" in help_text
    common = ("--data", data(tmp_path), "--device", "cpu", "--epochs", 2, "--hidden", 4, "--quiet")
    (tmp_path / "half.toml").write_text("lr-factor = 0.5\nlr = 0.02\n")
    run(tmp_path, "train", *common, "--config", "half.toml", "--report", "a.json", source=extended)
    run(tmp_path, "train", *common, "--lr", 0.01, "--report", "b.json", source=extended)
    reports = [json.loads((tmp_path / name).read_text("utf-8")) for name in ("a.json", "b.json")]
    losses = [[epoch["train_loss"] for epoch in report["history"]] for report in reports]
    assert losses[0] == losses[1]
    assert reports[0]["config"]["lr_factor"] == 0.5
    shown = run(tmp_path, "show", "1", source=extended)
    assert re.search(r"lr factor +0\.5", shown)
