"""What a user may ask for: the network, how it is trained and shown, checked once, here.

The rest of the package trusts these values. How they are spelled on the command line belongs
to ``cli``; where the weights lie in memory belongs to ``parameters``.
"""

from __future__ import annotations

import dataclasses
import math
import operator
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from numbers import Real
from typing import Any, Literal, get_args

from gpunet.errors import UsageError

__all__ = [
    "ACTIVATIONS",
    "DEFAULT_LEARNING_RATE",
    "INITIALISATIONS",
    "LARGEST_NUMBER",
    "LOSSES",
    "MAXIMUM_EPOCHS",
    "OPTIMIZERS",
    "SCHEDULES",
    "Activation",
    "FramingStyle",
    "Graphics",
    "Initialisation",
    "Layer",
    "Loss",
    "Monitor",
    "NetworkSpec",
    "Optimizer",
    "Schedule",
    "Theme",
    "TrainConfig",
    "parse_class_weights",
    "parse_dropout",
    "parse_duration",
    "parse_hidden",
]

Activation = Literal[
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "gelu_tanh",
    "silu",
    "sigmoid",
    "tanh",
    "scaled_tanh",
    "softplus",
    "identity",
]
Optimizer = Literal["adam", "adamw", "nadam", "sgd", "rmsprop", "lion"]
Loss = Literal["cross-entropy", "quadratic"]
Initialisation = Literal["auto", "he", "glorot", "uniform"]
Schedule = Literal[
    "cosine",
    "constant",
    "linear",
    "step",
    "exponential",
    "inverse-time",
    "one-cycle",
    "plateau",
]
Monitor = Literal["val_loss", "val_accuracy"]
FramingStyle = Literal["auto", "mnist", "as-is"]
Graphics = Literal["auto", "kitty", "sixel", "blocks"]
Theme = Literal["auto", "dark", "light", "mono"]

ACTIVATIONS: tuple[str, ...] = get_args(Activation)
OPTIMIZERS: tuple[str, ...] = get_args(Optimizer)
INITIALISATIONS: tuple[str, ...] = get_args(Initialisation)
LOSSES: tuple[str, ...] = get_args(Loss)
SCHEDULES: tuple[str, ...] = get_args(Schedule)
MONITORS: tuple[str, ...] = get_args(Monitor)
FRAMINGS: tuple[str, ...] = get_args(FramingStyle)

MAXIMUM_LAYERS = 64
"""As many as the table of layers holds that the update kernel keeps in one uniform buffer."""

MAXIMUM_UNITS = 1 << 20
"""Units per layer; the dropout generator keys a unit with 20 bits beyond its group of four."""

MAXIMUM_EPOCHS = 1 << 31

LARGEST_NUMBER = 3.4028234663852886e38
"""The largest float32, which is what the engines compute with."""

DEFAULT_LEARNING_RATE: Mapping[str, float] = {
    "adam": 0.005,
    "adamw": 0.005,
    "nadam": 0.005,
    "sgd": 0.2,
    "rmsprop": 0.002,
    "lion": 0.0005,
}
DEFAULT_BETA2: Mapping[str, float] = {"rmsprop": 0.99, "lion": 0.99}
DEFAULT_WEIGHT_DECAY: Mapping[str, float] = {"adamw": 0.01}

DEFAULT_EPOCHS = 15
DEFAULT_PATIENCE = 5
DEFAULT_LR_DECAY_EVERY = 2
"""Those three are for data of many samples; ``TrainConfig.settled`` stretches them for few."""

LEAST_STEPS = 2000
"""Steps that a training takes by default, however few samples there are."""

MOST_DEFAULT_EPOCHS = 600
"""Epochs that no default goes beyond, however few steps one has."""

DEFAULT_BATCH_SIZE = 64


@dataclass(frozen=True, slots=True)
class Layer:
    """One fully connected layer: ``outputs = activation(inputs @ weights + biases)``."""

    inputs: int
    outputs: int
    activation: Activation


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """The shape of a multilayer perceptron that tells classes apart.

    Args:
        inputs: features of a sample, I.
        hidden: units of each hidden layer; empty for softmax regression.
        classes: classes to tell apart, C >= 2.
        activation: of the hidden layers: one name for all of them, or one for each, separated
            by commas.
        leaky_slope: slope of leaky ReLU below zero.
        loss: what is minimised. ``cross-entropy`` follows a softmax over the classes;
            ``quadratic``, half the squared distance to the one-hot label, follows a sigmoid of
            each class.
        layer_norm: whether every hidden layer's sums are normalised before the activation.

    Raises:
        UsageError: a size or a name that cannot be.
    """

    inputs: int
    hidden: tuple[int, ...]
    classes: int
    activation: str = "relu"
    leaky_slope: float = 0.01
    loss: Loss = "cross-entropy"
    layer_norm: bool = False

    def __post_init__(self) -> None:
        for units in self.hidden:
            _require_between("--hidden", units, 1, MAXIMUM_UNITS)
        if len(self.hidden) >= MAXIMUM_LAYERS:
            raise UsageError(
                f"--hidden names {len(self.hidden)} layers, at most {MAXIMUM_LAYERS - 1} are "
                "possible; leave some out"
            )
        _require_between("features per sample", self.inputs, 1, 4 * MAXIMUM_UNITS)
        _require_between("classes", self.classes, 2, MAXIMUM_UNITS)
        _require_activations(self.activation, len(self.hidden))
        _require_between("--leaky-slope", self.leaky_slope, 0.0, 1.0)
        _require_one_of("--loss", self.loss, LOSSES)

    @property
    def activations(self) -> tuple[Activation, ...]:
        """The activation of each hidden layer."""
        names = self.activation.split(",")
        each = names * len(self.hidden) if len(names) == 1 else names
        return tuple(name.strip() for name in each)  # type: ignore[misc]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers from the input to the logits; the last one is linear."""
        sizes = (self.inputs, *self.hidden, self.classes)
        activations: tuple[Activation, ...] = (*self.activations, "identity")
        return tuple(
            Layer(inputs, outputs, activation)
            for (inputs, outputs), activation in zip(pairwise(sizes), activations, strict=True)
        )

    @property
    def parameter_count(self) -> int:
        """Weights and biases of one network, and the gains and offsets of its norms, N."""
        blocks = sum((layer.inputs + 1) * layer.outputs for layer in self.layers)
        return blocks + (2 * sum(self.hidden) if self.layer_norm else 0)

    def __str__(self) -> str:
        return "-".join(str(size) for size in (self.inputs, *self.hidden, self.classes))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """How one network is trained. Every field has the default of the command line.

    Numbers may be numpy's, and lists stand for tuples; the fields hold Python's own types.

    Args:
        hidden: units of each hidden layer.
        activation: of the hidden layers: one name for all, or one for each, like ``relu,tanh`` or
            a list of names.
        leaky_slope: slope of leaky ReLU below zero.
        layer_norm: normalise every hidden layer's sums before the activation, with a learned gain
            and offset for each unit.
        initialisation: ``auto`` takes He for the ReLU family, Glorot for sigmoid and tanh.
        loss: ``cross-entropy`` or ``quadratic``.
        label_smoothing: share of the label that is spread over all classes in training, in [0, 1).
        class_weights: what a sample counts in training: ``none``, ``balanced`` (the average over
            the classes' share of the training samples), or a weight per class, like ``1,5,0.5``.
        optimizer: ``adam``, ``adamw``, ``nadam``, ``rmsprop``, ``lion``, or ``sgd``, which takes
            ``momentum`` and ``nesterov``.
        learning_rate: step size at the start; ``None`` takes the optimizer's own default.
        schedule: of the learning rate; ``training.schedules`` gives the formulas.
        warmup: epochs over which the learning rate rises from near zero; may be a fraction.
        lr_decay: what is left of the learning rate after every ``lr_decay_every`` epochs
            (step, exponential, inverse-time) or after a reduction (plateau), in (0, 1].
        lr_decay_every: epochs; for ``plateau`` those without an improvement of the monitored
            figure until a reduction; ``None`` takes 2, and more for few samples, see ``settled``.
        lr_final: where cosine, linear and one-cycle end, and below which no other falls.
        restart_every: epochs after which the schedule starts again; 0 never restarts.
        restart_lr: learning rate after a restart; ``None`` takes the one at the start.
        momentum: of SGD, in [0, 1).
        nesterov: look ahead by the momentum (SGD only).
        beta1: decay of the first moment (Adam's kin, Lion), in [0, 1).
        beta2: decay of the second moment (Adam's kin, RMSprop) or of Lion's momentum, in [0, 1);
            ``None`` takes 0.999, or 0.99 for RMSprop and Lion.
        epsilon: added to the root of the second moment.
        weight_decay: decoupled: every step shrinks the parameters by this share times the
            learning rate; ``None`` takes 0.01 for AdamW and 0 for the others.
        l1: of the weights' sizes, added to what is minimised.
        l2: of half the weights' squares, likewise.
        l1_biases: the same for the biases.
        l2_biases: the same for the biases.
        max_norm: the incoming weights of a unit are shortened to this length; 0 for no bound.
        clip_value: bound on the size of each part of the gradient; 0 for none.
        clip_norm: bound on the length of the whole gradient; 0 for none.
        batch_size: samples per step; an epoch's last batch may be smaller.
        epochs: at most so many passes over the training set; ``None`` takes 15, and more for few
            samples, see ``settled``.
        dropout: probability of dropping a hidden unit, in [0, 1): one for all hidden layers, or
            one for each.
        input_dropout: probability of dropping an input feature, in [0, 1).
        patience: epochs without an improvement of the monitored figure until training stops;
            0 never stops early; ``None`` takes a third of the epochs that are the default.
        min_delta: what counts as an improvement, in the monitored figure's own unit.
        monitor: the figure that decides which epoch is the best and when to stop; where no
            samples are held out it is the training set's.
        start_from_epoch: the first epoch, counted from 1, that can use up the patience.
        stability: stop once the mean gain per epoch over the last ``patience`` epochs is below
            this; 0 does not look at it.
        target_accuracy: stop after the epoch whose accuracy on the held-out samples is at least
            this fraction; ``None`` for no target.
        max_time: stop after so many seconds, within an epoch if need be; ``None`` for no limit.
        validation: held out of the training set: a fraction below 1, else a count; 0 for none.
            Data that bring a validation set are validated with that, unless this is 0.
        shuffle_split: hold out a random part instead of the last one.
        standardize: subtract the training set's mean per feature and divide by its standard
            deviation. Pixels are left alone: bytes, which are divided by 255, and images of
            floats from 0 to 1; images of other floats get one mean and one deviation.
        framing: how ``predict`` places a drawing in an image: as ``mnist`` does (cropped to the
            ink, fitted into a box, its centre of mass in the middle) or ``as-is``; ``auto`` finds
            out from the training images.
        label: the column of a table that is the label: its title, its number counted from 1, or
            ``last``; ``None`` finds it by the titles and the values.
        seed: of initialisation, shuffling, dropout and the split; 0 to 2**32 - 1.
        ensemble: networks trained side by side with the seeds from ``seed`` on; their mean answers.

    Raises:
        UsageError: a value that cannot be; the message names the option.
    """

    hidden: tuple[int, ...] = (16, 16)
    activation: str = "relu"
    leaky_slope: float = 0.01
    layer_norm: bool = False
    initialisation: Initialisation = "auto"
    loss: Loss = "cross-entropy"
    label_smoothing: float = 0.0
    class_weights: str = "none"
    optimizer: Optimizer = "adam"
    learning_rate: float | None = None
    schedule: Schedule = "cosine"
    warmup: float = 0.0
    lr_decay: float = 0.5
    lr_decay_every: int | None = None
    lr_final: float = 0.0
    restart_every: int = 0
    restart_lr: float | None = None
    momentum: float = 0.0
    nesterov: bool = False
    beta1: float = 0.9
    beta2: float | None = None
    epsilon: float = 1e-8
    weight_decay: float | None = None
    l1: float = 0.0
    l2: float = 0.0
    l1_biases: float = 0.0
    l2_biases: float = 0.0
    max_norm: float = 0.0
    clip_value: float = 0.0
    clip_norm: float = 0.0
    batch_size: int = DEFAULT_BATCH_SIZE
    epochs: int | None = None
    dropout: float | tuple[float, ...] = 0.0
    input_dropout: float = 0.0
    patience: int | None = None
    min_delta: float = 0.0
    monitor: Monitor = "val_loss"
    start_from_epoch: int = 1
    stability: float = 0.0
    target_accuracy: float | None = None
    max_time: float | None = None
    validation: float = 5000
    shuffle_split: bool = False
    standardize: bool = True
    framing: FramingStyle = "auto"
    label: str | None = None
    seed: int = 0
    ensemble: int = 1

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = _plain(field.name, str(field.type), getattr(self, field.name))
            object.__setattr__(self, field.name, value)
        for units in self.hidden:
            _require_between("--hidden", units, 1, MAXIMUM_UNITS)
        _require_activations(self.activation, len(self.hidden))
        _require_one_of("--loss", self.loss, LOSSES)
        _require_below_one("--label-smoothing", self.label_smoothing)
        parse_class_weights(self.class_weights)
        _require_one_of("--optimizer", self.optimizer, OPTIMIZERS)
        _require_one_of("--schedule", self.schedule, SCHEDULES)
        _require_one_of("--init", self.initialisation, INITIALISATIONS)
        _require_between("--leaky-slope", self.leaky_slope, 0.0, 1.0)
        if self.learning_rate is not None:
            _require_positive("--learning-rate", self.learning_rate)
        self._require_schedule()
        _require_below_one("--momentum", self.momentum)
        _require_below_one("--beta1", self.beta1)
        if self.nesterov and (self.optimizer != "sgd" or self.momentum == 0):
            raise UsageError(
                "--nesterov looks ahead by SGD's momentum; give --optimizer sgd and --momentum, "
                "for example 0.9, or take --optimizer nadam"
            )
        if self.beta2 is not None:
            _require_below_one("--beta2", self.beta2)
        if self.weight_decay is not None:
            _require_between("--weight-decay", self.weight_decay, 0.0, LARGEST_NUMBER)
        for name in ("l1", "l2", "l1_biases", "l2_biases", "max_norm", "clip_value", "clip_norm"):
            option = f"--{name.replace('_', '-')}"
            _require_between(option, getattr(self, name), 0.0, LARGEST_NUMBER)
        _require_positive("--epsilon", self.epsilon)
        _require_between("--batch-size", self.batch_size, 1, 1 << 24)
        _require_between("--epochs", self.effective_epochs, 1, MAXIMUM_EPOCHS)
        _require_dropout(self.dropout, len(self.hidden))
        _require_below_one("--input-dropout", self.input_dropout)
        self._require_stopping()
        _require_between("--validation", self.validation, 0, LARGEST_NUMBER)
        if self.validation > 1 and not float(self.validation).is_integer():
            raise UsageError(
                f"--validation is {self.validation}; give a fraction below 1 or a whole count"
            )
        _require_one_of("--framing", self.framing, FRAMINGS)
        if self.label is not None and not self.label.strip():
            raise UsageError(
                "--label is empty; give a column's title, its number counted from 1, or last"
            )
        _require_between("--ensemble", self.ensemble, 1, 65535)
        _require_between("--seed", self.seed, 0, (1 << 32) - self.ensemble)

    def _require_stopping(self) -> None:
        _require_between("--patience", self.effective_patience, 0, MAXIMUM_EPOCHS)
        _require_between("--min-delta", self.min_delta, 0.0, LARGEST_NUMBER)
        _require_one_of("--monitor", self.monitor, MONITORS)
        _require_between("--start-from-epoch", self.start_from_epoch, 1, MAXIMUM_EPOCHS)
        _require_between("--stability", self.stability, 0.0, LARGEST_NUMBER)
        if self.stability and not self.effective_patience:
            raise UsageError(
                "--stability looks at the gains over the last --patience epochs, which is 0; "
                "give it a --patience above 0"
            )
        if self.target_accuracy is not None:
            _require_between("--target-accuracy", self.target_accuracy, 0.0, 1.0)
        if self.max_time is not None:
            _require_positive("--max-time", self.max_time)

    def _require_schedule(self) -> None:
        _require_between("--warmup", self.warmup, 0, self.effective_epochs)
        _require_positive("--lr-decay", self.lr_decay)
        _require_between("--lr-decay", self.lr_decay, 0, 1)
        _require_between("--lr-decay-every", self.effective_lr_decay_every, 1, MAXIMUM_EPOCHS)
        _require_between("--restart-every", self.restart_every, 0, MAXIMUM_EPOCHS)
        if self.restart_lr is not None:
            _require_positive("--restart-lr", self.restart_lr)
            if not self.restart_every:
                raise UsageError(
                    "--restart-lr says where restarts begin but there are none; add "
                    "--restart-every EPOCHS"
                )
        _require_between("--lr-final", self.lr_final, 0, LARGEST_NUMBER)
        lowest = min(self.effective_learning_rate, self.effective_restart_lr)
        if self.lr_final > lowest:
            raise UsageError(
                f"--lr-final is {self.lr_final:g}, wanted at most the learning rate at a start, "
                f"{lowest:g}"
            )
        if self.schedule == "one-cycle" and self.warmup:
            raise UsageError(
                "--schedule one-cycle rises by itself over its first 30 % of steps; leave out "
                "--warmup"
            )
        if self.schedule == "plateau" and self.restart_every:
            raise UsageError(
                "--schedule plateau follows the monitored figure, which restarts would disturb; "
                "leave out --restart-every"
            )

    @property
    def effective_restart_lr(self) -> float:
        """The learning rate after a restart."""
        return self.effective_learning_rate if self.restart_lr is None else self.restart_lr

    @property
    def effective_learning_rate(self) -> float:
        """The learning rate asked for, else the optimizer's default."""
        if self.learning_rate is not None:
            return self.learning_rate
        return DEFAULT_LEARNING_RATE[self.optimizer]

    @property
    def effective_beta2(self) -> float:
        """The second decay asked for, else the optimizer's default."""
        return DEFAULT_BETA2.get(self.optimizer, 0.999) if self.beta2 is None else self.beta2

    @property
    def effective_weight_decay(self) -> float:
        """The weight decay asked for, else the optimizer's default."""
        if self.weight_decay is None:
            return DEFAULT_WEIGHT_DECAY.get(self.optimizer, 0.0)
        return self.weight_decay

    @property
    def effective_epochs(self) -> int:
        """The epochs asked for, else those for data of many samples."""
        return DEFAULT_EPOCHS if self.epochs is None else self.epochs

    @property
    def effective_patience(self) -> int:
        """The patience asked for, else the one for data of many samples."""
        return DEFAULT_PATIENCE if self.patience is None else self.patience

    @property
    def effective_lr_decay_every(self) -> int:
        """The epochs asked for between two decays, else those for data of many samples."""
        return DEFAULT_LR_DECAY_EVERY if self.lr_decay_every is None else self.lr_decay_every

    def settled(self, samples: int) -> TrainConfig:
        """These settings with the epochs that were left open, now that the data are known.

        The default of 15 epochs grows where they would be fewer than 2000 steps, up to 600
        epochs; a step counts at most 64 samples here, so that larger batches do not let it grow.
        The patience grows likewise, as does the time between two decays if the epochs were open.

        Args:
            samples: to train on.
        """
        steps = -(-samples // min(self.batch_size, DEFAULT_BATCH_SIZE))
        epochs = min(max(DEFAULT_EPOCHS, -(-LEAST_STEPS // max(1, steps))), MOST_DEFAULT_EPOCHS)

        def stretched(count: int) -> int:
            return round(count * epochs / DEFAULT_EPOCHS)

        decay_every = stretched(DEFAULT_LR_DECAY_EVERY) if self.epochs is None else None
        return dataclasses.replace(
            self,
            epochs=epochs if self.epochs is None else self.epochs,
            patience=stretched(DEFAULT_PATIENCE) if self.patience is None else self.patience,
            lr_decay_every=self.lr_decay_every or decay_every or DEFAULT_LR_DECAY_EVERY,
        )

    def in_effect(self, name: str) -> Any:
        """A setting by its name, or what stands for it where it is ``None``."""
        return getattr(self, f"effective_{name}", getattr(self, name))

    def network(self, inputs: int, classes: int) -> NetworkSpec:
        """The network for samples of so many features and classes."""
        return NetworkSpec(
            inputs,
            self.hidden,
            classes,
            self.activation,
            self.leaky_slope,
            self.loss,
            self.layer_norm,
        )

    def networks(self) -> tuple[TrainConfig, ...]:
        """The settings of each network of the ensemble."""
        return tuple(
            dataclasses.replace(self, seed=self.seed + place, ensemble=1)
            for place in range(self.ensemble)
        )

    def values_in_effect(self) -> dict[str, Any]:
        """All settings as JSON holds them, with the defaults that follow from others.

        A rate after restarts is only among them where there are restarts.
        """
        following = {name: self.in_effect(name) for name in FOLLOWING}
        if not self.restart_every:
            del following["restart_lr"]
        return {**self.to_dict(), **following}

    def to_dict(self) -> dict[str, Any]:
        """All settings as JSON holds them."""
        values = dataclasses.asdict(self)
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> TrainConfig:
        """The settings that ``to_dict`` gave.

        Raises:
            UsageError: a name that is no setting, or a value that cannot be.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        for name in settings:
            if name not in names:
                raise UsageError(f"{name!r} is no setting of training{_suggestion(name, names)}")
        values = dict(settings)
        for name, value in values.items():
            if isinstance(value, list):
                values[name] = tuple(value)
        try:
            return cls(**values)
        except TypeError as error:
            raise UsageError(f"a setting of training has a wrong type: {error}") from error


FOLLOWING = tuple(
    name.removeprefix("effective_") for name in vars(TrainConfig) if name.startswith("effective_")
)
"""The settings that may be ``None`` and then follow from others."""


def parse_hidden(text: str) -> tuple[int, ...]:
    """The hidden layers that ``16,16`` names; an empty text or ``none`` names none.

    Raises:
        UsageError: something between the commas is not a whole number above zero.
    """
    if text.strip().lower() in {"", "none"}:
        return ()
    sizes = []
    for position, part in enumerate(text.split(","), start=1):
        digits = part.strip()
        is_number = digits.isascii() and digits.isdigit() and len(digits) < 20
        if not is_number or int(digits) == 0:
            raise UsageError(
                f"--hidden {text}: part {position} is {part.strip()!r}, wanted a whole number of "
                "units; write for example --hidden 16,16"
            )
        sizes.append(int(part))
    return tuple(sizes)


def parse_duration(text: str, option: str = "--max-time") -> float:
    """The seconds that ``90``, ``90s``, ``10m``, ``1.5h`` or ``1h30m`` name.

    Raises:
        UsageError: it is no such time, or none at all.
    """
    number = r"(\d+(?:\.\d+)?)"
    parts = re.fullmatch(f"(?:{number}h)?(?:{number}m)?(?:{number}s?)?", text.strip(), re.ASCII)
    seconds = 0.0
    for unit, part in zip((3600, 60, 1), parts.groups() if parts else (), strict=False):
        seconds += unit * float(part or 0)
    if not 0 < seconds < math.inf:
        raise UsageError(
            f"{option} {text}: wanted a time above zero; write for example 90s, 10m or 1h30m"
        )
    return seconds


def parse_dropout(text: str) -> float | tuple[float, ...]:
    """The rate that ``0.2`` names, or those that ``0.2,0.5`` names, one for each hidden layer.

    Raises:
        UsageError: something between the commas is not a number.
    """
    rates = []
    for part in text.split(","):
        try:
            rates.append(float(part))
        except ValueError:
            raise UsageError(
                f"--dropout {text}: {part.strip()!r} is no number; give a rate from 0 to below 1 "
                "for all hidden layers, or one for each, separated by commas"
            ) from None
    return rates[0] if len(rates) == 1 else tuple(rates)


def parse_class_weights(text: str) -> tuple[float, ...] | Literal["none", "balanced"]:
    """The weights that ``1,5,0.5`` names, or one of the words ``none`` and ``balanced``.

    Raises:
        UsageError: something between the commas is not a number of at least zero.
    """
    word = text.strip().lower()
    if word == "none":
        return "none"
    if word == "balanced":
        return "balanced"
    weights = []
    for part in text.split(","):
        try:
            weights.append(float(part))
        except ValueError:
            weights.append(math.nan)
        if not 0 <= weights[-1] <= LARGEST_NUMBER:
            raise UsageError(
                f"--class-weights {text}: {part.strip()!r} is no weight, wanted a number of at "
                "least 0 for each class, or balanced, or none"
            )
    return tuple(weights)


def _plain(name: str, kind: str, value: Any) -> Any:
    """A setting in Python's own types, as its field's annotation names them.

    Raises:
        UsageError: it is of another type.
    """
    option = "--init" if name == "initialisation" else f"--{name.replace('_', '-')}"
    if value is None and kind.endswith("None"):
        return None
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        if getattr(value, "ndim", 1) == 0:  # a scalar in an array's clothes
            raise UsageError(f"{option} is {value!r:.40}, wanted a number, not an array")
        return _plain_list(option, name, kind, list(value))
    match kind.removesuffix(" | None"):
        case "int":
            return _whole(option, value)
        case "float" | "float | tuple[float, ...]":
            return _real(option, value)
        case "bool":
            if type(value).__name__ in ("bool", "bool_"):
                return bool(value)
            raise UsageError(f"{option} is {value!r:.40}, wanted true or false")
        case "tuple[int, ...]":
            raise UsageError(
                f"{option} is {value!r:.40}, wanted a list of whole numbers such as (16, 16)"
            )
    if not isinstance(value, str):
        raise UsageError(f"{option} is {value!r:.40}, wanted a text")
    return value


def _plain_list(option: str, name: str, kind: str, values: list[Any]) -> Any:
    """Several values, one for each layer or class, if the setting may have several."""
    if "tuple[int" in kind:
        return tuple(_whole(option, value) for value in values)
    if "tuple[float" in kind:
        return tuple(_real(option, value) for value in values)
    if name == "activation" and values and all(isinstance(value, str) for value in values):
        return ",".join(values)
    if name == "class_weights" and values:
        return ",".join(repr(_real(option, value)) for value in values)
    raise UsageError(f"{option} is {values!r:.40}, wanted a single value")


def _whole(option: str, value: Any) -> int:
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise UsageError(f"{option} is {value!r:.40}, wanted a whole number") from None


def _real(option: str, value: Any) -> float:
    """The number as a float, so that 5000 and 5000.0 are one setting."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise UsageError(f"{option} is {value!r:.40}, wanted a number")
    return float(value)


def _require_dropout(dropout: float | tuple[float, ...], layers: int) -> None:
    rates = dropout if isinstance(dropout, tuple) else (dropout,)
    for rate in rates:
        _require_below_one("--dropout", rate)
    if isinstance(dropout, tuple) and len(rates) != layers:
        raise UsageError(
            f"--dropout names {len(rates)} rates for {layers} hidden layers; give one for all of "
            "them or one for each"
        )


def _require_activations(text: str, layers: int) -> None:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        _require_one_of("--activation", name, ACTIVATIONS)
    if len(names) not in (1, layers):
        raise UsageError(
            f"--activation {text} names {len(names)} activations for {layers} hidden layers; give "
            "one for all of them or one for each"
        )


def _require_one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(
            f"{option} {value!r} is unknown{_suggestion(value, choices)}; "
            f"choose one of {', '.join(choices)}"
        )


def _require_between(option: str, value: float, lowest: float, highest: float) -> None:
    if not (isinstance(value, int | float) and lowest <= value <= highest):
        bounds = (
            f"from {lowest:,} to {highest:,}" if highest < LARGEST_NUMBER else f"{lowest} or more"
        )
        raise UsageError(f"{option} is {value}, wanted {bounds}")


def _require_positive(option: str, value: float) -> None:
    if not (isinstance(value, int | float) and 0 < value <= LARGEST_NUMBER):
        raise UsageError(f"{option} is {value}, wanted a number above 0")


def _require_below_one(option: str, value: float) -> None:
    if not (isinstance(value, int | float) and 0 <= value < 1):
        raise UsageError(f"{option} is {value}, wanted a number from 0 to below 1")


def _suggestion(word: str, known: tuple[str, ...] | list[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
