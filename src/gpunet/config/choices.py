"""The names that settings choose from, and the facts about each: one row for each name.

An optimizer is a name in ``Optimizer`` and a row in ``OPTIMIZER_FACTS``, a function in
``engine.reference.optimizers`` and a shader; an activation is a name here, a function in
``engine.reference.activations`` and a shader; a loss is a name in ``Loss`` and a row in
``LOSS_FACTS``, a function in ``engine.reference.kernels`` and a shader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

__all__ = [
    "ACTIVATIONS",
    "DEFAULT_LOSSES",
    "DEVICES",
    "LOSSES",
    "LOSS_FACTS",
    "MAXIMIZED",
    "OPTIMIZERS",
    "OPTIMIZER_FACTS",
    "SCHEDULES",
    "USES",
    "Activation",
    "AnswerFormat",
    "FeatureScaling",
    "FramingStyle",
    "Graphics",
    "Improvement",
    "Initialization",
    "Keep",
    "Kind",
    "Loss",
    "LossFacts",
    "Missing",
    "Monitor",
    "Optimizer",
    "OptimizerFacts",
    "PageWeights",
    "Schedule",
    "Theme",
]

Activation = Literal[
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "gelu_tanh",
    "silu",
    "mish",
    "sigmoid",
    "tanh",
    "scaled_tanh",
    "softplus",
    "identity",
]
Optimizer = Literal["adam", "adamw", "nadam", "sgd", "rmsprop", "lion"]
Loss = Literal[
    "cross-entropy", "quadratic", "binary-cross-entropy", "squared-error", "huber", "poisson"
]
Kind = Literal["classes", "labels", "measured"]
Initialization = Literal["auto", "he", "glorot", "uniform", "scikit-learn", "normal"]
Schedule = Literal[
    "cosine",
    "coslog4",
    "constant",
    "linear",
    "step",
    "exponential",
    "inverse-time",
    "inverse-power",
    "one-cycle",
    "plateau",
]
Monitor = Literal["val_loss", "val_accuracy", "val_r2", "train_loss"]
Improvement = Literal["added-up", "at-once"]
Keep = Literal["best", "latest-best", "last"]
FeatureScaling = Literal["standard", "robust"]
FramingStyle = Literal["auto", "mnist", "as-is"]
Missing = Literal["mean", "median", "drop", "refuse"]
AnswerFormat = Literal["csv", "json", "jsonl", "submission"]
PageWeights = Literal["f32", "f16"]
Graphics = Literal["auto", "kitty", "sixel", "blocks"]
Theme = Literal["auto", "dark", "light", "mono"]

DEVICES = ("auto", "cpu", "gpu", "cuda", "rocm", "mps", "metal", "vulkan", "dx12")
"""Names for devices; adapters also have an index and a name of their own."""

ACTIVATIONS: tuple[str, ...] = get_args(Activation)
OPTIMIZERS: tuple[str, ...] = get_args(Optimizer)
LOSSES: tuple[str, ...] = get_args(Loss)
SCHEDULES: tuple[str, ...] = get_args(Schedule)
MAXIMIZED: tuple[Monitor, ...] = ("val_accuracy", "val_r2")
"""Monitored metrics for which larger is better."""


@dataclass(frozen=True, slots=True)
class LossFacts:
    """The facts about a loss.

    Args:
        kernel: the function in ``engine.reference.kernels`` and the file in ``shaders/loss``.
        output: the function that turns the last layer's logits into predictions.
        kind: the kind of labels: one class per sample, any number of labels (each 0 or 1), or
            measured targets.
    """

    kernel: str
    output: Literal["softmax", "sigmoid", "identity", "exp"]
    kind: Kind


LOSS_FACTS: Mapping[Loss, LossFacts] = {
    "cross-entropy": LossFacts("softmax_cross_entropy", "softmax", "classes"),
    "quadratic": LossFacts("quadratic", "sigmoid", "classes"),
    "binary-cross-entropy": LossFacts("binary_cross_entropy", "sigmoid", "labels"),
    "squared-error": LossFacts("squared_error", "identity", "measured"),
    "huber": LossFacts("huber", "identity", "measured"),
    "poisson": LossFacts("poisson", "exp", "measured"),
}

DEFAULT_LOSSES: Mapping[Kind, Loss] = {
    "classes": "cross-entropy",
    "labels": "binary-cross-entropy",
    "measured": "squared-error",
}
"""The default loss for each kind of labels."""


@dataclass(frozen=True, slots=True)
class OptimizerFacts:
    """The facts about an optimizer that the settings need."""

    learning_rate: float  # the default
    # Names of the settings that it uses, among those that not every optimizer uses.
    uses: tuple[str, ...]
    beta2: float = 0.999  # the default
    weight_decay: float = 0.0  # the default


OPTIMIZER_FACTS: Mapping[Optimizer, OptimizerFacts] = {
    "adam": OptimizerFacts(0.005, ("beta1", "beta2", "epsilon")),
    "adamw": OptimizerFacts(0.005, ("beta1", "beta2", "epsilon"), weight_decay=0.01),
    "nadam": OptimizerFacts(0.005, ("beta1", "beta2", "epsilon")),
    "sgd": OptimizerFacts(0.2, ("momentum", "nesterov")),
    "rmsprop": OptimizerFacts(0.002, ("beta2", "epsilon"), beta2=0.99),
    "lion": OptimizerFacts(0.0005, ("beta1", "beta2"), beta2=0.99),
}

_DECAY = ("lr_decay", "lr_decay_every", "lr_final")

USES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "optimizer": {name: facts.uses for name, facts in OPTIMIZER_FACTS.items()},
    "activation": {"leaky_relu": ("leaky_slope",)},
    "loss": {
        name: ("scale_targets",) if facts.kind == "measured" else ("label_smoothing",)
        for name, facts in LOSS_FACTS.items()
    },
    "schedule": {
        **dict.fromkeys(("step", "exponential", "inverse-time"), _DECAY),
        **dict.fromkeys(("cosine", "coslog4", "linear", "one-cycle"), ("lr_final",)),
        "plateau": (*_DECAY, "lr_stop"),
        "inverse-power": ("lr_power", "lr_final"),
    },
}
"""Settings that only some choices use, by the setting that chooses and then by the choice."""
