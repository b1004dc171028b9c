"""Completes the settings of a training once its data are known, and checks that they fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gpunet.config import DEFAULT_LOSSES, LOSS_FACTS, NetworkSpec, TrainConfig
from gpunet.config.choices import MAXIMIZED, Kind
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.hold_out import held_count
from gpunet.errors import SettingError, spelled

__all__ = ["left_open", "network_for", "settled"]

KINDS: Mapping[Kind, str] = {
    "classes": "classes",
    "labels": "labels of 0 or 1",
    "measured": "measured targets",
}


def settled(config: TrainConfig, dataset: Dataset) -> TrainConfig:
    """The settings with everything decided that depends on the data, see ``TrainConfig.settled``.

    Raises:
        SettingError: the loss does not fit the data.
    """
    config = config.of_kind(dataset.kind)
    samples = len(dataset.train)
    held = held_count(samples, config.validation) if dataset.validation is None else 0
    loss = config.loss or DEFAULT_LOSSES[dataset.kind]
    if LOSS_FACTS[loss].kind != dataset.kind:
        fitting = [name for name, facts in LOSS_FACTS.items() if facts.kind == dataset.kind]
        raise SettingError(
            "loss",
            loss,
            advice=f"leave it out, or take {' or '.join(fitting)}",
            says=f"is {loss}, which is for {KINDS[LOSS_FACTS[loss].kind]}, but {dataset.name!r} "
            f"has {KINDS[dataset.kind]}",
        )
    _require_fitting(config, dataset)
    if config.loss is None:
        config = replace(config, loss=loss)
    return config.settled(samples - held)


def left_open(config: TrainConfig, dataset: Dataset) -> TrainConfig:
    """The settings without those that ``settled`` would set to the same, for a short command."""
    decided = settled(config, dataset)
    opened: dict[str, Any] = {}
    for name in ("loss", "epochs", "patience", "lr_decay_every"):
        more: dict[str, Any] = {**opened, name: None}
        unused = name == "lr_decay_every" and not config.has_effect(name)
        if unused or settled(replace(config, **more), dataset) == decided:
            opened = more
    return replace(config, **opened)


def _require_fitting(config: TrainConfig, dataset: Dataset) -> None:
    """Check that no setting needs scores or labels that these data do not have."""
    measured = dataset.kind == "measured"
    score = "val_r2" if measured else "val_accuracy"
    has = f"but {dataset.name!r} has {KINDS[dataset.kind]}"
    if config.monitor in MAXIMIZED and config.monitor != score:
        says = f"is {config.monitor}, {has}, wanted val_loss or {score}"
        raise SettingError("monitor", config.monitor, f"val_loss or {score}", says=says)
    if measured and config.target_accuracy is not None:
        says = f"stops a run by its accuracy, {has}, which have none"
        advice = f"leave it out, or stop by {spelled('patience')}"
        raise SettingError("target_accuracy", config.target_accuracy, "none", advice, says)
    if measured and config.label_smoothing:
        says = f"smooths classes and labels, {has}"
        raise SettingError("label_smoothing", config.label_smoothing, "0", "leave it out", says)


def network_for(config: TrainConfig, dataset: Dataset) -> NetworkSpec:
    """The network that these settings train on a dataset."""
    return settled(config, dataset).network(dataset.inputs, dataset.outputs)
