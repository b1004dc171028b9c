"""``gpunet evaluate``: how well a model predicts labeled samples."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from gpunet.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console, RenderableType

    from gpunet.datasets.dataset import Samples
    from gpunet.engine.factory import Device
    from gpunet.model import Model
    from gpunet.terminal.views.end_card import EndCard
    from gpunet.training.evaluation import Evaluation

__all__ = ["evaluate"]

LISTED_PAIRS = 20
"""Most confused pairs in the JSON text; the matrix has all."""

WORST = 10
"""How many samples with the largest losses are listed for measured targets."""


def evaluate(
    model: options.ModelFile = None,
    data: options.ModelData = None,
    device: options.Device = "auto",
    as_json: options.AsJson = False,
) -> None:
    """Evaluate a model on test samples: loss, accuracy, scores of every class, and confusions.

    For measured targets: R2, RMSE and MAE of each, and the worst predictions.

    Examples:
        gpunet evaluate
        gpunet evaluate model.safetensors --data new.csv
        gpunet evaluate 2 --json
    """
    from gpunet.artifacts.model_file import load
    from gpunet.artifacts.report import strict_json
    from gpunet.datasets.catalog import require_named
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.terminal.views.ending import Part, print_parts
    from gpunet.terminal.views.tables import ensemble_table
    from gpunet.workflows.answers import evaluate_model
    from gpunet.workflows.devices import choose_device

    path = options.chosen_model(model)
    loaded = load(path)
    messages = ConsoleMessages(quiet=as_json)
    require_named(data)
    choice = choose_device(device, messages)
    samples, evaluation = evaluate_model(loaded, data, choice, messages)
    if as_json:
        print(strict_json(_content(loaded, samples, evaluation)))
        return
    console, parts = messages.console, []
    if len(evaluation.networks) > 1:
        kind = loaded.network.kind
        parts.append(Part(ensemble_table(evaluation.overall, evaluation.networks, kind)))
    details = _details(console, loaded, samples, evaluation)
    parts += map(Part, details)
    given = [*([model] if model else []), *(["--data", data] if data else [])]
    card = _card(console, loaded, path, given, choice, samples, evaluation)
    print_parts(console, [*parts, Part(card)])


def _card(
    console: Console,
    model: Model,
    path: Path,
    given: list[str],
    choice: Device,
    samples: Samples,
    found: Evaluation,
) -> EndCard:
    """The scores, and how to see the samples behind them."""
    from gpunet.terminal.draw import formats
    from gpunet.terminal.draw.device_name import device_in_words
    from gpunet.terminal.views.end_card import EndCard
    from gpunet.terminal.views.score import measured_in_words

    kind = model.network.kind
    measured = found.overall, kind, found.answers, samples, console.options.ascii_only
    rows = [
        *measured_in_words(*measured),
        ("samples", formats.count(len(samples))),
        ("model", str(path)),
        ("device", device_in_words(choice.info)),
    ]
    option = "--top-losses" if kind == "measured" else "--wrong"
    moves = [(shlex.join(["gpunet", "showcase", *given, option]), "what it gets wrong")]
    return EndCard(f"{model.origin.name}, {model.network}", rows, moves)


def _details(
    console: Console, model: Model, samples: Samples, found: Evaluation
) -> Iterator[RenderableType]:
    """The scores of every class, label or target."""
    from gpunet.terminal.draw.scatter import scatters
    from gpunet.terminal.views.showcase import showcase
    from gpunet.terminal.views.tables import class_table, confusion_table, target_table

    kind, names = model.network.kind, model.output_names
    if kind == "measured":
        yield target_table(found.targets, names)
        yield scatters(console, names, samples.labels, found.answers, console.width)
        shown = (console, samples, found.answers, names, None, _worst(found), found.losses)
        yield showcase(*shown, kind=kind)
        return
    yield class_table(found.scores, names, "class" if kind == "classes" else "label")
    if kind == "classes":
        yield confusion_table(console, found.matrix, names, pairs=True)


def _worst(found: Evaluation) -> NDArray[np.int64]:
    """The rows of the samples with the largest losses."""
    from gpunet.training.evaluation import sample_rows

    return sample_rows(len(found.losses), WORST, 0, losses=found.losses)


def _content(model: Model, samples: Samples, found: Evaluation) -> dict[str, Any]:
    kind, scores = model.network.kind, found.scores
    content = {
        **found.overall.to_dict(kind),
        "samples": len(samples),
        "networks": [one.to_dict(kind) for one in found.networks],
    }
    if kind == "measured":
        return {**content, **_of_targets(model, samples, found)}
    columns = (scores.precision, scores.recall, scores.f1, scores.support)
    entries = [
        {"name": name, "precision": precision, "recall": recall, "f1": f1, "support": support}
        for name, precision, recall, f1, support in zip(
            model.output_names, *(column.tolist() for column in columns), strict=True
        )
    ]
    if kind == "labels":
        return {**content, "labels": entries}
    return {**content, "classes": entries, **_confusions(model, found)}


def _confusions(model: Model, found: Evaluation) -> dict[str, Any]:
    from gpunet.training.metrics import confused_pairs

    return {
        "confusion_matrix": found.matrix.tolist(),
        "confused_pairs": [
            {
                "label": model.classes[pair.label],
                "prediction": model.classes[pair.prediction],
                "count": pair.count,
            }
            for pair in confused_pairs(found.matrix, LISTED_PAIRS)
        ],
    }


def _of_targets(model: Model, samples: Samples, found: Evaluation) -> dict[str, Any]:
    """The scores of each measured target, and the worst predictions."""
    names, scores = model.targets, found.targets
    columns = (values.tolist() for values in (scores.r2, scores.rmse, scores.mae))
    return {
        "targets": [
            {"name": name, "r2": r2, "rmse": rmse, "mae": mae}
            for name, r2, rmse, mae in zip(names, *columns, strict=True)
        ],
        "worst": [
            {
                "row": row,
                "target": dict(zip(names, samples.labels[row].tolist(), strict=True)),
                "prediction": dict(zip(names, found.answers[row].tolist(), strict=True)),
                "loss": float(found.losses[row]),
            }
            for row in _worst(found).tolist()
        ],
    }
