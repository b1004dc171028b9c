"""The estimators' parameters, and their translation into settings of training.

A parameter is a dataclass field with a default, valid values, and the setting that it stands for,
whose bounds and help it shares.
"""

# ruff: noqa: RUF009 - parameter() returns a dataclass field

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any

from sklearn.base import BaseEstimator, is_regressor

from gpunet.config import (
    MAXIMUM_EPOCHS,
    OPTIMIZERS,
    SCHEDULES,
    SETTINGS,
    Setting,
)
from gpunet.config.recipes import open_recipe
from gpunet.config.setting import Range
from gpunet.errors import SettingError

__all__ = ["ADAPTIVE_DECAY", "LBFGS", "OWN_SCHEDULES", "Parameters", "parameter"]

LBFGS = "lbfgs"

ALIASES: Mapping[str, str] = {"logistic": "sigmoid"}
"""Activations whose names in scikit-learn and gpunet differ."""

OWN_SCHEDULES: Mapping[str, str] = {"invscaling": "inverse-power", "adaptive": "plateau"}
"""Schedules whose names in scikit-learn and gpunet differ; they only apply to ``sgd``."""

OTHERS: Mapping[str, str] = {
    "solver": "optimizer",
    "learning_rate": "schedule",
    "batch_size": "batch_size",
    "early_stopping": "patience",
    "n_iter_no_change": "patience",
}
"""Settings that get a value computed from a parameter."""

ADAPTIVE_DECAY, ADAPTIVE_STOP = 0.2, 1e-6
"""Factor by which ``adaptive`` reduces the rate, and the rate at which it stops instead."""

WHOLE = Range(1, MAXIMUM_EPOCHS)
NOT_NEGATIVE = Range()
UNCHECKED = Setting(panel="", help="")


def parameter(default: Any, help: str = "", *, setting: str = "", **facts: Any) -> Any:
    """A parameter of an estimator, as a dataclass field.

    Args:
        default: default value.
        help: description; by default the setting's help.
        setting: setting of training that gets the parameter's value.
        facts: valid values, as in ``Setting``, if they differ from the setting's.
    """
    row = replace(SETTINGS[setting] if setting else UNCHECKED, default=default, **facts)
    return field(
        default=default,
        metadata={"row": replace(row, help=help or row.help), "setting": setting},
    )


@dataclass(eq=False, repr=False, kw_only=True)
class Parameters(BaseEstimator):  # type: ignore[misc]
    """The parameters that both estimators have."""

    solver: str = parameter(
        "adam",
        f"How the loss is minimized: {', '.join(OPTIMIZERS)}, or {LBFGS}.",
        kind=str,
        names=(*OPTIMIZERS, LBFGS),
    )
    alpha: float = parameter(
        1e-4,
        "L2 penalty on the weights, divided by the batch size.",
        kind=float,
        bounds=NOT_NEGATIVE,
    )
    batch_size: int | str = parameter(
        "auto",
        "Samples per step, at most all; auto for min(200, n).",
        kind=int | str,
        names=("auto",),
        bounds=WHOLE,
    )
    learning_rate: str = parameter(
        "constant",
        "How the learning rate changes: constant; with sgd, invscaling or adaptive; or a schedule "
        f"of gpunet over max_iter epochs: {', '.join(SCHEDULES)}.",
        kind=str,
        names=(*OWN_SCHEDULES, *SCHEDULES),
    )
    learning_rate_init: float = parameter(0.001, setting="learning_rate", kind=float)
    power_t: float = parameter(0.5, "Exponent of invscaling.", setting="lr_power")
    max_iter: int = parameter(
        200, "Epochs, or iterations of lbfgs, at most.", setting="epochs", kind=int
    )
    shuffle: bool = parameter(True, setting="shuffle")
    random_state: Any = parameter(
        None, "Seed of the initial weights, the held-out samples, the order and dropout."
    )
    tol: float = parameter(
        1e-4,
        "Smallest improvement of the training loss, or of the score with early_stopping.",
        kind=float,
        bounds=NOT_NEGATIVE,
    )
    verbose: bool | int = parameter(False, "Print a line for every epoch.")
    warm_start: bool = parameter(
        False, "Start fit with the weights of the previous call.", kind=bool
    )
    momentum: float = parameter(
        0.9, "Momentum of sgd.", kind=float, bounds=SETTINGS["momentum"].bounds
    )
    nesterovs_momentum: bool = parameter(True, "Use Nesterov's momentum with sgd.", kind=bool)
    early_stopping: bool = parameter(
        False,
        "Hold out samples, stop by their score, and keep the best epoch's weights.",
        kind=bool,
    )
    validation_fraction: float = parameter(
        0.1,
        "Share of the samples that early_stopping holds out.",
        kind=float,
        bounds=Range(0, 1, below=True),
    )
    beta_1: float = parameter(0.9, setting="beta1")
    beta_2: float = parameter(0.999, setting="beta2", kind=float)
    epsilon: float = parameter(1e-8, setting="epsilon")
    n_iter_no_change: int | float = parameter(
        10,
        "Epochs without improvement before the training stops; infinity for never.",
        kind=int | float,
        bounds=Range(1, math.inf),
    )
    max_fun: int = parameter(
        15000, "Evaluations of the loss by lbfgs, at most.", kind=int, bounds=WHOLE
    )
    device: str | Sequence[str] = parameter(
        "cpu",
        "Device: cpu (numpy), gpu, auto, part of a device's name, or a list of these for worker "
        "processes to take in turn.",
        kind=str | tuple[str, ...],
    )
    ensemble: int = parameter(
        1,
        "Number of networks trained side by side with consecutive seeds; outputs are averaged.",
        setting="ensemble",
    )
    dropout: float | tuple[float, ...] = parameter(0.0, setting="dropout")
    input_dropout: float = parameter(0.0, setting="input_dropout")
    layer_norm: bool = parameter(False, setting="layer_norm")
    leaky_slope: float = parameter(0.01, setting="leaky_slope")
    initialization: str = parameter("scikit-learn", setting="initialization")
    weight_decay: float | None = parameter(None, setting="weight_decay")
    l1: float = parameter(0.0, setting="l1")
    max_norm: float = parameter(0.0, setting="max_norm")
    clip_value: float = parameter(0.0, setting="clip_value")
    clip_norm: float = parameter(0.0, setting="clip_norm")
    warmup: float = parameter(0.0, setting="warmup")
    lr_decay: float = parameter(0.5, setting="lr_decay")
    lr_decay_every: int | None = parameter(None, setting="lr_decay_every")
    lr_final: float = parameter(0.0, setting="lr_final")
    recipe: str | None = parameter(
        None,
        "Name of a bundled recipe, such as tabular, whose settings replace all parameters that "
        "have their defaults. It standardizes features and measured targets and holds out "
        "samples; the weights are for standardized features.",
        kind=str | None,
    )

    def _checked(self) -> dict[str, Any]:
        """All parameters by name, as Python's own types.

        Raises:
            SettingError: a parameter has the wrong type or an invalid value.
        """
        found: dict[str, Any] = {}
        estimator: Any = type(self)
        for name, row in _rows(estimator).items():
            value = getattr(self, name)
            if name == "hidden_layer_sizes" and not hasattr(value, "__iter__"):
                value = (value,)
            if name == "activation":
                value = _renamed(value)
            if name == "loss" and isinstance(value, tuple | list | int):  # it stands first
                raise SettingError(
                    name, value, "a text", f"did you mean hidden_layer_sizes={value!r}?"
                )
            found[name] = row.check(value) if row.kind is not None else value
        return found

    def _settings(self) -> dict[str, Any]:
        """The settings of training for the parameters, before the data are known.

        Raises:
            SettingError: a parameter is invalid.
        """
        own = self._checked()
        given = {one.name: one.metadata["setting"] for one in fields(self)}
        settings = {setting: own[name] for name, setting in given.items() if setting}
        sgd = own["solver"] == "sgd"
        stops_early = own["early_stopping"] and own["solver"] != LBFGS
        patience = own["n_iter_no_change"] + 1
        patience = 0 if math.isinf(patience) else int(patience)
        settings |= {
            "optimizer": "adam" if own["solver"] == LBFGS else own["solver"],
            "schedule": OWN_SCHEDULES.get(own["learning_rate"], own["learning_rate"]),
            "momentum": own["momentum"] if sgd else 0.0,
            "nesterov": sgd and own["nesterovs_momentum"] and own["momentum"] > 0,
            "min_delta": own["tol"],
            "patience": patience,
            "monitor": "val_accuracy" if stops_early else "train_loss",
            "keep": "best" if stops_early else "last",
            "improvement": "at-once",
            "validation": 0,
            "standardize": False,
            "scale_targets": False,
        }
        if own["learning_rate"] in OWN_SCHEDULES and not sgd:
            settings["schedule"] = "constant"
        elif own["learning_rate"] == "adaptive":
            settings |= {"lr_decay_every": patience or MAXIMUM_EPOCHS, "patience": 0}
            settings |= {"lr_decay": ADAPTIVE_DECAY, "lr_stop": ADAPTIVE_STOP}
        return settings if own["recipe"] is None else {**settings, **self._of_recipe(own)}

    def _of_recipe(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """The recipe's settings, except those for which a parameter differs from its default.

        Raises:
            SettingError: a parameter does not go with a recipe.
            UsageError: there is no such recipe.
        """
        if self.solver == LBFGS or self.warm_start:
            wrong = "solver" if self.solver == LBFGS else "warm_start"
            raise SettingError(wrong, getattr(self, wrong), "its default beside a recipe")
        file = open_recipe(own["recipe"]).file
        measured = file.measured if is_regressor(self) else {}
        settings = {**file.training, **measured, "standardize": True, "scale_targets": True}
        for one in fields(self):
            setting = OTHERS.get(one.name, one.metadata["setting"])
            if own[one.name] != one.metadata["row"].default:
                settings.pop(setting, None)
        if settings.get("optimizer") == "sgd" and own["momentum"] != type(self).momentum:
            settings["momentum"] = own["momentum"]
        return settings


@cache
def _rows(estimator: Any) -> dict[str, Setting]:
    """The parameters of an estimator's class as ``Setting``s, by their names in messages."""
    return {one.name: replace(one.metadata["row"], name=one.name) for one in fields(estimator)}


def _renamed(activation: Any) -> Any:
    """The activation, or those of all layers, with gpunet's names."""
    if isinstance(activation, str):
        return ALIASES.get(activation, activation)
    if hasattr(activation, "__iter__"):
        return tuple(map(_renamed, activation))
    return activation
