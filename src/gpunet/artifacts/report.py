"""Results as strict JSON; a training run's report has the schema in ``docs/report.md``."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from gpunet import __version__
from gpunet.artifacts.curves import Comparison
from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.interface import DeviceInfo
from gpunet.files.output import write_atomically
from gpunet.parameters import initializations
from gpunet.training.events import EpochRecord
from gpunet.training.result import TrainingResult
from gpunet.training.settings_for_data import network_for, settled

__all__ = ["comparison", "finite", "report", "strict_json", "write_report"]

COMPARED = 1000
"""Most test samples whose measured targets and predictions are in a report."""


def report(
    config: TrainConfig, device: DeviceInfo, dataset: Dataset, result: TrainingResult
) -> dict[str, Any]:
    """The report of a run for JSON: settings, history and results."""
    decided = settled(config, dataset)
    network = network_for(config, dataset)
    test = result.joint_scores(network.loss, dataset.test)
    own_scores = result.own_scores(network.loss, dataset.test)
    compared = comparison(dataset, result)
    return {
        "gpunet": __version__,
        "config": decided.values_in_effect(),
        "initializations": list(initializations(network, config.initialization)),
        "device": dataclasses.asdict(device),
        "dataset": {
            "name": dataset.name,
            "counts": dict(result.counts),
            "fingerprint": dataset.fingerprint,
            "window": result.window,
        },
        "history": [record.to_dict() for record in result.history],
        "stop_reason": result.stop_reason,
        "best_epoch": result.best_epoch,
        "validation": _validation(result.kept),
        "test": test.to_dict(network.kind),
        **({} if compared is None else {"comparison": compared.to_dict()}),
        "networks": [
            {
                "seed": own.seed,
                "stop_reason": one.stop_reason,
                "best_epoch": one.best_epoch,
                "test": scores.to_dict(network.kind),
            }
            for own, one, scores in zip(config.networks(), result.networks, own_scores, strict=True)
        ],
        "device_failures": [*result.overcome, *result.device_failures],
        "seconds": {
            "total": result.seconds,
            "per_step": result.seconds / result.steps if result.steps else None,
        },
    }


def _validation(kept: EpochRecord | None) -> dict[str, float | None]:
    """The scores of the kept weights on the held-out samples."""
    if kept is None:
        return {"loss": None}
    known = kept.to_dict()
    return {
        name: known[f"val_{name}"] for name in ("loss", "accuracy", "r2") if f"val_{name}" in known
    }


def comparison(dataset: Dataset, result: TrainingResult) -> Comparison | None:
    """Measured targets and predictions of some test samples, at equal distances.

    ``None`` if there are none.
    """
    count = len(dataset.test)
    if dataset.kind != "measured" or not result.tested:
        return None
    rows = np.unique(np.linspace(0, count - 1, min(COMPARED, count)).astype(np.int64))
    true = dataset.test.labels[rows].astype(np.float64)
    return Comparison(dataset.targets, true, result.answers[rows].astype(np.float64))


def write_report(content: dict[str, Any], path: Path) -> None:
    """Write a report as strict JSON.

    Raises:
        OutputError: the file cannot be written; an existing file is then untouched.
    """
    text = strict_json(content, ensure_ascii=False)
    write_atomically(path, f"{text}\n".encode("utf-8", errors="backslashreplace"))


def strict_json(content: Any, *, ensure_ascii: bool = True) -> str:
    """Records, dictionaries and lists as indented JSON; NaN and infinity become null."""
    return json.dumps(finite(content), indent=2, ensure_ascii=ensure_ascii, allow_nan=False)


def finite(value: Any) -> Any:
    """JSON content with ``None`` in place of NaN and infinity."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    match value:
        case dict():
            return {name: finite(entry) for name, entry in value.items()}
        case list() | tuple():
            return [finite(entry) for entry in value]
        case float() if not math.isfinite(value):
            return None
    return value
