"""Results as strict JSON; a training run's report has the schema in ``docs/report.md``."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

from gpunet import __version__
from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.interface import DeviceInfo
from gpunet.files.output import write_atomically
from gpunet.parameters import initializations
from gpunet.training.result import TrainingResult
from gpunet.training.splits import network_for, settled

__all__ = ["report", "strict_json", "write_report"]


def report(
    config: TrainConfig, device: DeviceInfo, dataset: Dataset, result: TrainingResult
) -> dict[str, Any]:
    """What a run was and what it gave, as JSON holds it."""
    test = result.joint_scores(config.in_effect("loss"), dataset.test.labels)
    network = network_for(config, dataset)
    return {
        "gpunet": __version__,
        "config": settled(config, dataset).values_in_effect(),
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
        "test": {"loss": test.loss, "accuracy": test.accuracy},
        "networks": [
            {
                "seed": own.seed,
                "stop_reason": network.stop_reason,
                "best_epoch": network.best_epoch,
                "test": {"loss": scores.loss, "accuracy": scores.accuracy},
            }
            for own, network, scores in zip(
                config.networks(), result.networks, result.own_scores, strict=True
            )
        ],
        "device_failures": [*result.overcome, *result.device_failures],
        "seconds": {
            "total": result.seconds,
            "per_step": result.seconds / result.steps if result.steps else None,
        },
    }


def write_report(content: dict[str, Any], path: Path) -> None:
    """Write a report as strict JSON.

    Raises:
        OutputError: the file cannot be written; an older one is then untouched.
    """
    text = strict_json(content, ensure_ascii=False)
    write_atomically(path, f"{text}\n".encode("utf-8", errors="backslashreplace"))


def strict_json(content: Any, *, ensure_ascii: bool = True) -> str:
    """Records, dictionaries and lists as indented JSON; what is no number becomes null."""
    return json.dumps(_finite(content), indent=2, ensure_ascii=ensure_ascii, allow_nan=False)


def _finite(value: Any) -> Any:
    """JSON content with ``None`` in the place of NaN and infinity."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    match value:
        case dict():
            return {name: _finite(entry) for name, entry in value.items()}
        case list() | tuple():
            return [_finite(entry) for entry in value]
        case float() if not math.isfinite(value):
            return None
    return value
