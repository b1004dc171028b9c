"""The shape of a network, checked on construction."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import cast

from gpunet.config.choices import ACTIVATIONS, LOSS_FACTS, LOSSES, Activation, Kind, Loss
from gpunet.config.setting import Range, require_one_of
from gpunet.config.texts import parse_activation, written
from gpunet.errors import SettingError, UsageError

__all__ = ["MAXIMUM_UNITS", "UNITS", "Layer", "NetworkSpec", "require_activations"]

MAXIMUM_LAYERS = 64
"""Most layers that fit into the update kernel's uniform buffer."""

MAXIMUM_UNITS = 1 << 20
"""Most units per layer; dropout's random generator has 20 bits for the group of four units."""

UNITS = Range(1, MAXIMUM_UNITS)


@dataclass(frozen=True, slots=True)
class Layer:
    """One fully connected layer: ``outputs = activation(inputs @ weights + biases)``."""

    inputs: int
    outputs: int
    activation: Activation


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """The shape of a multilayer perceptron.

    Args:
        inputs: features per sample, I.
        hidden: units of each hidden layer; empty for softmax regression.
        outputs: number of classes, C >= 2; or of labels or measured targets, T >= 1, depending on
            the loss.
        activation: one name for all hidden layers, or one for each.
        leaky_slope: slope of leaky ReLU below zero.
        loss: the loss function. For classes, ``cross-entropy`` follows a softmax, and
            ``quadratic``, half the squared distance to the one-hot label, a sigmoid of each class.
            For labels, ``binary-cross-entropy`` follows a sigmoid of each label. For measured
            targets, ``squared-error`` is half the squared distance, ``huber`` is the same up to a
            distance of 1 and linear beyond, and ``poisson`` follows an exponential function.
        layer_norm: whether every hidden layer's preactivations are normalized.

    Raises:
        UsageError: a size or a name is invalid.
    """

    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    activation: str | tuple[str, ...] = "relu"
    leaky_slope: float = 0.01
    loss: Loss = "cross-entropy"
    layer_norm: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.activation, str):
            object.__setattr__(self, "activation", parse_activation(self.activation))
        for units in self.hidden:
            UNITS.require("hidden", units)
        if len(self.hidden) >= MAXIMUM_LAYERS:
            raise SettingError(
                "hidden",
                self.hidden,
                f"at most {MAXIMUM_LAYERS - 1} layers",
                "leave some out",
                f"names {len(self.hidden)} layers, at most {MAXIMUM_LAYERS - 1} are possible",
            )
        self._require_size("features per sample", self.inputs, Range(1, 4 * MAXIMUM_UNITS))
        require_one_of("loss", self.loss, LOSSES)
        if self.kind == "classes":
            self._require_size("classes", self.outputs, Range(2, MAXIMUM_UNITS))
        else:
            self._require_size("targets", self.outputs, Range(1, MAXIMUM_UNITS))
        require_activations(self.activation, len(self.hidden))
        Range(0.0, 1.0).require("leaky_slope", self.leaky_slope)

    @staticmethod
    def _require_size(what: str, size: int, wanted: Range) -> None:
        if not wanted.lowest <= size <= wanted.highest:
            raise UsageError(f"{what} is {size}, wanted {wanted}")

    @property
    def kind(self) -> Kind:
        """The kind of predictions: classes, labels or measured targets."""
        return LOSS_FACTS[self.loss].kind

    @property
    def activations(self) -> tuple[Activation, ...]:
        """The activation of each hidden layer."""
        each = (self.activation,) if isinstance(self.activation, str) else self.activation
        return cast("tuple[Activation, ...]", each * len(self.hidden) if len(each) == 1 else each)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers from the input to the logits; the last one is linear."""
        sizes = (self.inputs, *self.hidden, self.outputs)
        activations: tuple[Activation, ...] = (*self.activations, "identity")
        return tuple(
            Layer(inputs, outputs, activation)
            for (inputs, outputs), activation in zip(pairwise(sizes), activations, strict=True)
        )

    @property
    def parameter_count(self) -> int:
        """Weights and biases of one network, and the scales and shifts of its norms, N."""
        blocks = sum((layer.inputs + 1) * layer.outputs for layer in self.layers)
        return blocks + (2 * sum(self.hidden) if self.layer_norm else 0)

    def __str__(self) -> str:
        return "-".join(str(size) for size in (self.inputs, *self.hidden, self.outputs))


def require_activations(activation: str | tuple[str, ...], layers: int) -> None:
    """Raise a SettingError unless there is one known name for all layers, or one for each."""
    names = (activation,) if isinstance(activation, str) else activation
    for name in names:
        require_one_of("activation", name, ACTIVATIONS)
    if len(names) not in (1, layers):
        raise SettingError(
            "activation",
            activation,
            f"one name for all of {layers} hidden layers or one for each",
            "give one for all of them or one for each",
            f"{written(activation)} names {len(names)} activations for {layers} hidden layers",
        )
