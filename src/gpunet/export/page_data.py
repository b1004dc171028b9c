"""The data of a page about a model and its samples: content for JSON, and arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet import rng
from gpunet.artifacts.model_file import describe
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.planning.workload import Features
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.export.controls import controls_of
from gpunet.export.programs import Menu, PageSamples
from gpunet.model import Model
from gpunet.training.splits import as_trained_on

__all__ = ["PageData", "page_data"]

DRAWN = 0xFFFF_FFFC
"""Step that keys the random choice of a page's samples; no training reaches it."""

TRAINED_IN_PAGE: Mapping[str, Any] = {
    "schedule": "constant",
    "warmup": 0.0,
    "lr_final": 0.0,
    "restart_every": 0,
    "restart_lr": None,
    "validation": 0,
    "patience": 0,
    "stability": 0.0,
    "keep": "last",
}
"""Settings of a training in a page: a constant rate, all samples, until it is paused."""

TEST_SHARE = 4
"""One of this many samples in a page comes from the test set."""


@dataclass(frozen=True, slots=True, eq=False)
class PageData:
    """The data of a page.

    Args:
        told: content for JSON; ``web/types.js`` describes each entry.
        blocks: arrays by name.
    """

    told: dict[str, Any]
    blocks: dict[str, NDArray[Any]]


def page_data(
    model: Model,
    dataset: Dataset | None,
    *,
    samples: int,
    half: bool = False,
    source: str = "",
    license: str | None = None,
) -> PageData:
    """Gather the data of a page.

    Args:
        model: the model.
        dataset: source of the page's samples; ``None`` for no samples.
        samples: the most samples that the page carries, training and test set together.
        half: whether weights are rounded to float16.
        source: where the samples come from, in words.
        license: license of the samples, in a line.

    Raises:
        ModelError: the data do not fit the model.
    """
    kind = np.float16 if half else np.float32
    blocks: dict[str, NDArray[Any]] = {"parameters": model.parameters.astype(kind)}
    if model.scaling is not None:
        scaling = (model.scaling.mean, model.scaling.deviation, model.scaling.filling)
        blocks["scaling"] = np.stack(scaling).astype(np.float64)
    told: dict[str, Any] = {"model": _model(model), "file": _file(model), "data": None}
    carried = PageSamples(0, 0, _features(model, None))
    if dataset is not None and samples:
        parts = _carried(model, dataset, samples)
        carried = _add_samples(blocks, model, parts)
        told["data"] = {
            "name": dataset.name,
            "source": source,
            "license": license,
            "train": carried.train,
            "test": carried.test,
            "allTest": len(dataset.test),
            "weights": carried.weights,
            "testWeights": carried.test_weights,
        }
    features = None if dataset is None else dataset.train.features
    told["model"]["controls"] = [asdict(one) for one in controls_of(model, features)]
    menu = Menu(model.network, model.config, carried).to_dict()
    told["model"] |= {"shape": menu["shapes"][0], "features": carried.features}
    return PageData({**told, **menu}, blocks)


def _model(model: Model) -> dict[str, Any]:
    scaling = model.target_scaling
    return {
        "networks": len(model.parameters),
        "seed": model.config.seed,
        "classes": model.classes,
        "targets": model.targets,
        "image": model.image_shape,
        "levels": model.levels,
        "inverted": model.inverted,
        "framing": None if model.framing is None else asdict(model.framing),
        "scaled": model.scaling is not None,
        "clips": model.scaling is not None and model.scaling.clips,
        "targetScaling": None
        if scaling is None
        else {"mean": scaling.mean.tolist(), "deviation": scaling.deviation.tolist()},
        "trainedOn": model.origin.name,
        "bestEpoch": model.best_epoch,
        "test": asdict(model.test),
    }


def _file(model: Model) -> dict[str, Any]:
    """Metadata for a model file that is downloaded from the page: names of data, but no paths."""
    reference = model.origin.reference
    if reference is not None and Path(reference).is_absolute():
        reference = None
    return {
        "description": describe(replace(model, origin=replace(model.origin, reference=reference))),
        "trained": TRAINED_IN_PAGE,
        "fills": model.scaling is not None and model.scaling.fill is not None,
    }


def _features(model: Model, samples: Samples | None) -> Features:
    """The type of prepared samples on the device."""
    if samples is not None:
        return "bytes" if samples.features.dtype == np.uint8 else "floats"
    images = model.image_shape is not None and model.scaling is None and model.levels == (0, 1)
    return "bytes" if images else "floats"


def _carried(model: Model, dataset: Dataset, samples: int) -> tuple[Samples, Samples]:
    """Random training and test samples, in their order, labeled with the model's classes."""
    test = model.test_samples(dataset)
    train = model.test_samples(replace(dataset, test=dataset.train))
    wanted = min(len(test), max(1, samples // TEST_SHARE))
    return _drawn(train, min(len(train), samples - wanted)), _drawn(test, wanted)


def _drawn(samples: Samples, count: int) -> Samples:
    order = rng.permutation(0, 0, len(samples), purpose=DRAWN)
    return samples[np.sort(order[:count])]


def _add_samples(
    blocks: dict[str, NDArray[Any]], model: Model, parts: tuple[Samples, Samples]
) -> PageSamples:
    """Add the samples to the blocks; return their type on the device."""
    train, test = (as_trained_on(one, model.target_scaling, _mean_weight(one)) for one in parts)
    with NumpyEngine(model.network, model.config) as engine:
        engine.load("train", model.prepare(train))
        in_loss = engine.loss_weights(train)
    weights = [one for one in (in_loss, train.weights) if one is not None]
    in_scores = [] if test.weights is None else [test.weights] * 2  # for loss and metrics
    for name, part, own in (
        ("train", train, weights),
        ("test", test, in_scores),
    ):
        blocks[f"{name}.features"], blocks[f"{name}.labels"] = part.features, part.labels
        if own:
            blocks[f"{name}.weights"] = np.stack(own, axis=1)  # (n, W)
    features = _features(model, model.prepare(test))
    return PageSamples(len(train), len(test), features, len(weights), len(in_scores))


def _mean_weight(samples: Samples) -> np.float64 | None:
    return None if samples.weights is None else samples.weights.mean(dtype=np.float64)
