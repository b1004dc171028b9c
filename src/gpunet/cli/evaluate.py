"""``gpunet evaluate``: how a model does on labeled samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpunet.cli import options

if TYPE_CHECKING:
    from gpunet.model import Model
    from gpunet.training.evaluation import Evaluation

__all__ = ["evaluate"]

LISTED_PAIRS = 20
"""Confused pairs in the JSON text; the matrix beside them holds all."""


def evaluate(
    model: options.ModelFile,
    data: options.ModelData = None,
    device: options.Device = "auto",
    as_json: options.AsJson = False,
) -> None:
    """Measure a model on test samples: loss, accuracy, every class, and what is confused."""
    from gpunet.artifacts.model_file import load
    from gpunet.artifacts.report import strict_json
    from gpunet.terminal.draw import formats
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.terminal.views.tables import (
        class_table,
        confusion_table,
        ensemble_table,
        summary_table,
    )
    from gpunet.workflows.answers import evaluate_model
    from gpunet.workflows.devices import choose_device

    loaded = load(model)
    messages = ConsoleMessages(quiet=as_json)
    choice = choose_device(device, messages)
    _, evaluation = evaluate_model(loaded, data, choice, messages)
    if as_json:
        print(strict_json(_content(loaded, evaluation)))
        return
    scores = evaluation.scores
    rows = [
        ("accuracy", formats.percent(evaluation.overall.accuracy)),
        ("loss", formats.loss(evaluation.overall.loss)),
        ("samples", formats.count(int(scores.support.sum()))),
    ]
    several = len(evaluation.networks) > 1
    for part in (
        *([ensemble_table(evaluation.overall, evaluation.networks)] if several else []),
        summary_table(rows),
        class_table(scores, loaded.classes),
        confusion_table(messages.console, evaluation.matrix, loaded.classes, pairs=True),
    ):
        messages.console.print()
        messages.console.print(part)


def _content(model: Model, evaluation: Evaluation) -> dict[str, Any]:
    from gpunet.training.metrics import confused_pairs

    scores = evaluation.scores
    return {
        "loss": evaluation.overall.loss,
        "accuracy": evaluation.overall.accuracy,
        "samples": int(scores.support.sum()),
        "networks": evaluation.networks,
        "classes": [
            {"name": name, "precision": precision, "recall": recall, "f1": f1, "support": support}
            for name, precision, recall, f1, support in zip(
                model.classes,
                scores.precision.tolist(),
                scores.recall.tolist(),
                scores.f1.tolist(),
                scores.support.tolist(),
                strict=True,
            )
        ],
        "confusion_matrix": evaluation.matrix.tolist(),
        "confused_pairs": [
            {
                "label": model.classes[pair.label],
                "prediction": model.classes[pair.prediction],
                "count": pair.count,
            }
            for pair in confused_pairs(evaluation.matrix, LISTED_PAIRS)
        ],
    }
