import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpunet import __version__
from gpunet.artifacts.report import report, write_report
from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.metrics import Metrics
from gpunet.errors import OutputError
from gpunet.training.events import EpochRecord
from gpunet.training.result import NetworkResult, TrainingResult

CONFIG = TrainConfig(hidden=(3,), learning_rate=None)
DEVICE = DeviceInfo("Little", "software adapter", "Vulkan", "driver 1.0")
SAMPLES = Samples(np.zeros((4, 2), np.uint8), np.array([0, 1, 0, 1], np.int32))
DATASET = Dataset("points", SAMPLES, SAMPLES, ("no", "yes"), None, "a test")
DOCUMENT = Path(__file__).parents[2] / "docs" / "report.md"


def a_result(train_loss: float = 0.5, seen: int = 4, steps: int = 10) -> TrainingResult:
    history = (EpochRecord(1, train_loss, 0.75, None, None, 0.002, 2.0, 1000.0),)
    return TrainingResult(
        parameters=np.zeros((1, 17), np.float32),
        networks=(NetworkResult(history, "epochs", 1),),
        history=history,
        stop_reason="epochs",
        best_epoch=1,
        steps=steps,
        seconds=2.5,
        scaling=None,
        counts={"train": 3, "validation": 1, "test": 4},
        device_failures=("broken",),
        overcome=("lost",),
        test=Metrics(np.array([1.0]), np.array([3]), np.array([seen]), np.zeros(1)),
        test_outputs=np.zeros((1, 4, 2), np.float32),
    )


def written(path: Path, result: TrainingResult) -> dict[str, Any]:
    """The report as a strict parser reads it."""
    write_report(report(CONFIG, DEVICE, DATASET, result), path)

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    content: dict[str, Any] = json.loads(path.read_text("utf-8"), parse_constant=refuse)
    return content


def test_the_report_holds_what_was_done_and_what_it_gave(tmp_path: Path) -> None:
    expected = {
        "gpunet": __version__,
        "config": {
            **CONFIG.to_dict(),
            "loss": "cross-entropy",
            "learning_rate": 0.005,
            "beta2": 0.999,
            "weight_decay": 0.0,
            "epochs": 600,
            "patience": 200,
            "lr_decay_every": 80,
        },
        "initializations": ["he", "glorot"],
        "device": {
            "name": "Little",
            "kind": "software adapter",
            "backend": "Vulkan",
            "driver": "driver 1.0",
        },
        "dataset": {
            "name": "points",
            "counts": {"train": 3, "validation": 1, "test": 4},
            "fingerprint": DATASET.fingerprint,
            "window": None,
        },
        "history": [
            {
                "epoch": 1,
                "train_loss": 0.5,
                "train_accuracy": 0.75,
                "val_loss": None,
                "val_accuracy": None,
                "learning_rate": 0.002,
                "seconds": 2.0,
                "samples_per_second": 1000.0,
            }
        ],
        "stop_reason": "epochs",
        "best_epoch": 1,
        "validation": {"loss": None, "accuracy": None},
        "test": {"loss": 0.25, "accuracy": 0.75},
        "networks": [
            {
                "seed": 0,
                "stop_reason": "epochs",
                "best_epoch": 1,
                "test": {"loss": 0.25, "accuracy": 0.75},
            }
        ],
        "device_failures": ["lost", "broken"],
        "seconds": {"total": 2.5, "per_step": 0.25},
    }
    assert expected == written(tmp_path / "run.json", a_result())


def test_the_configuration_in_a_report_can_be_trained_with_again(tmp_path: Path) -> None:
    content = written(tmp_path / "run.json", a_result())
    again = TrainConfig.from_dict(content["config"])
    assert CONFIG.effective_learning_rate == again.learning_rate
    assert CONFIG.hidden == again.hidden


def test_figures_that_are_no_numbers_become_null(tmp_path: Path) -> None:
    content = written(tmp_path / "run.json", a_result(train_loss=float("nan"), seen=0, steps=0))
    assert content["history"][0]["train_loss"] is None
    assert content["test"] == {"loss": None, "accuracy": None}
    assert content["seconds"]["per_step"] is None


def test_a_report_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        write_report({}, tmp_path / "missing" / "run.json")


def test_every_key_of_the_report_is_documented() -> None:
    content = report(CONFIG, DEVICE, DATASET, a_result())
    keys = [*content, *content["config"], *content["device"], *content["dataset"]["counts"]]
    keys += [f"dataset.{name}" for name in content["dataset"] if name != "counts"]
    keys += [f"{group}.{name}" for group in ("test", "seconds") for name in content[group]]
    keys += list(content["history"][0])
    documented = set(re.findall(r"`([a-z0-9_.]+)`", DOCUMENT.read_text("utf-8")))
    groups = {"dataset", "test", "seconds"}
    assert set() == set(keys) - documented - groups
