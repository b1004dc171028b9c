"""The table of settings: every setting of training, defined once.

A field of ``Settings`` is a row: its type, its default, its help, and everything else that
``Setting`` describes. The rows define the options of ``gpunet train``, the keys of TOML files, the
checks, what ``gpunet show`` prints, and what a search may vary. ``train_config`` has everything
that concerns several settings together.
"""

# ruff: noqa: RUF009 - setting makes a dataclass's field

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from gpunet.config.choices import (
    ACTIVATIONS,
    DEFAULT_LOSSES,
    OPTIMIZER_FACTS,
    FeatureScaling,
    FramingStyle,
    Improvement,
    Initialization,
    Keep,
    Loss,
    Missing,
    Monitor,
    Optimizer,
    Schedule,
)
from gpunet.config.network import UNITS
from gpunet.config.setting import Range, Setting, setting
from gpunet.config.texts import (
    parse_activation,
    parse_class_weights,
    parse_dropout,
    parse_duration,
    parse_hidden,
    parse_names,
)

__all__ = [
    "DATA",
    "DEFAULT_BATCH_SIZE",
    "DEFAULT_EPOCHS",
    "DEFAULT_LR_DECAY_EVERY",
    "DEFAULT_PATIENCE",
    "FOLLOWING",
    "MAXIMUM_EPOCHS",
    "SCHEDULE",
    "SETTINGS",
    "SHARED",
    "Settings",
    "canonical",
    "panels",
]

DATA = "Data"
SCHEDULE = "Learning rate schedule"

MAXIMUM_EPOCHS = 1 << 31

DEFAULT_EPOCHS = 15
DEFAULT_PATIENCE = 5
DEFAULT_LR_DECAY_EVERY = 2
"""This default and the two above are for many samples; ``TrainConfig.settled`` raises them for few
samples."""

DEFAULT_BATCH_SIZE = 64

POSITIVE = Range(0, above=True)
FRACTION = Range(0, 1, below=True)
NOT_NEGATIVE = Range()
EPOCHS = Range(1, MAXIMUM_EPOCHS)

_RATES = ", ".join(f"{facts.learning_rate:g} for {name}" for name, facts in OPTIMIZER_FACTS.items())

_SAME_SAMPLES = "trials are compared on the same samples"

# One function for the rows under each heading, with the facts that most of these share.
_data = partial(setting, panel=DATA, fixed=_SAME_SAMPLES, shared=True)
_network = partial(setting, panel="Network")
_optimizer = partial(setting, panel="Optimizer")
_schedule = partial(setting, panel=SCHEDULE)
_regularization = partial(setting, panel="Regularization", bounds=NOT_NEGATIVE)
_stopping = partial(setting, panel="Stopping")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The value of every setting; ``TrainConfig`` checks them and derives others from them."""

    validation: float = _data(
        5000,
        "Samples held out to validate: a count, or a fraction below 1; a validation set that the "
        "data bring goes before, unless this is 0.",
        bounds=Range(0),
    )
    shuffle_split: bool = _data(False, "Hold out a random part instead of the last one.")
    standardize: bool = _data(
        True,
        "Standardize features other than pixels: mean 0, standard deviation 1. Pixels are bytes, "
        "and floats from 0 to 1 in images; in images of other floats all share one mean.",
    )
    scale_targets: bool = _data(
        True,
        "Bring measured targets to mean 0 and deviation 1 for training, counts to mean 1; answers "
        "are in the targets' own units either way.",
    )
    scaling: FeatureScaling = _data(
        "standard",
        "How features are standardized: standard, or robust against outliers: median 0, quartiles "
        "1 apart, clipped smoothly to below 3; features that encode a category, too.",
        off="standard",
        needs="standardize",
    )
    framing: FramingStyle = _data(
        "auto",
        "How predict places a drawing in an image: like MNIST's digits (cropped, fitted into a "
        "box, centered by mass) or as it is; auto finds out from the training images.",
        fixed="it is about predict and changes no training",
        shared=False,
    )
    label: str | None = _data(
        None,
        "The column of a table to predict, classes or measured: its title, its "
        "number counted from 1, or last; several with commas between them. By default it is found "
        "by the titles and the values.",
        metavar="COLUMN[,...]",
        shared=False,
    )
    missing: Missing = _data(
        "mean",
        "How missing cells of a table are handled: numbers are filled with the mean or the "
        "median of the training samples, with a feature that tells where; drop leaves out their "
        "rows, refuse refuses the table.",
        off="mean",
    )
    ignore: tuple[str, ...] | None = _data(
        None,
        "Columns of a table that are left out, by their titles or their numbers counted from 1.",
        metavar="COLUMN,...",
        parse=parse_names,
    )
    weight: str | None = _data(
        None,
        "The column of a table with each row's weight in the loss and the metrics, at least 0; "
        "named as the label is.",
        metavar="COLUMN",
    )
    shuffle: bool = _data(True, "Draw a new order of the samples for every epoch.", off=True)
    window: int = _data(
        0,
        "Samples on the device at a time, in whole batches; every epoch draws anew which of them "
        "are there together. 0 for all, or for 64 MiB of them where they do not fit.",
        bounds=Range(0),
    )
    hidden: tuple[int, ...] = _network(
        (16, 16),
        "Units of each hidden layer, or none for softmax regression.",
        metavar="UNITS",
        bounds=UNITS,
        parse=parse_hidden,
        shared=True,
    )
    activation: str | tuple[str, ...] = _network(
        "relu",
        "Activation of the hidden layers: one name for all, or one for each. Known are "
        f"{', '.join(ACTIVATIONS)}.",
        metavar="NAME",
        names=ACTIVATIONS,
        parse=parse_activation,
        as_text=True,
        shared=True,
    )
    leaky_slope: float = _network(
        0.01, "Slope of leaky ReLU below zero.", bounds=Range(0.0, 1.0), shared=True
    )
    layer_norm: bool = _network(
        False,
        "Normalize every hidden layer's preactivations, with a learned scale and shift for each "
        "unit.",
        shared=True,
    )
    initialization: Initialization = _network(
        "auto",
        "How weights are drawn; auto takes He for the ReLU family, Glorot for sigmoid and tanh; "
        "scikit-learn draws the biases, too; normal draws weights of the variance 1 over their "
        "inputs, biases of the variance 1, and leaves the last layer zero.",
        aliases=("init",),
        formerly=("initialisation",),
    )
    seed: int = _network(
        0,
        "Random seed for initialization, shuffling, dropout and the validation split.",
        bounds=Range(0, (1 << 32) - 1),
        off=None,
    )
    ensemble: int = _network(
        1,
        "Networks trained side by side, with consecutive seeds; the saved model averages "
        "their probabilities.",
        bounds=Range(1, 65535),
        fixed="a trial is one network",
    )
    loss: Loss | None = _network(
        None,
        "Loss to minimize: cross-entropy or quadratic for classes, squared-error, huber or "
        "poisson for measured targets, binary-cross-entropy for any number of labels a sample.",
        follows=lambda config: DEFAULT_LOSSES["classes"],
        default_in_words="cross-entropy, or squared-error for measured targets",
        shared=True,
    )
    optimizer: Optimizer = _optimizer("adam", "The update rule.", shared=True)
    learning_rate: float | None = _optimizer(
        None,
        f"Step size at the start; by default {_RATES}.",
        aliases=("lr",),
        bounds=POSITIVE,
        follows=lambda config: OPTIMIZER_FACTS[config.optimizer].learning_rate,
    )
    rate_by_inputs: bool = _optimizer(
        False,
        "Divide the learning rate of every layer's weights by the root of its inputs; with adam "
        "that is the NTK parametrization.",
        shared=True,
    )
    bias_rate: float = _optimizer(
        1.0, "Learning rate of the biases as a share of the others'.", bounds=NOT_NEGATIVE, off=1.0
    )
    schedule: Schedule = _schedule("cosine", "How the learning rate changes.")
    warmup: float = _schedule(
        0.0,
        "Epochs over which the learning rate rises from near zero; may be a fraction.",
        bounds=Range(0),
    )
    lr_decay: float = _schedule(
        0.5,
        "Factor of the learning rate per decay (step, exponential, inverse-time, plateau), in (0, "
        "1].",
        bounds=Range(0, 1, above=True),
    )
    lr_decay_every: int | None = _schedule(
        None,
        "Epochs per decay; for plateau, epochs without an improvement.",
        bounds=EPOCHS,
        follows=lambda config: DEFAULT_LR_DECAY_EVERY,
        default_in_words=f"{DEFAULT_LR_DECAY_EVERY}, more for few samples",
    )
    lr_final: float = _schedule(
        0.0,
        "Where cosine, coslog4, linear and one-cycle end, and below which no other schedule falls.",
        bounds=Range(0),
    )
    lr_power: float = _schedule(
        0.5,
        "Exponent of inverse-power, which divides the rate by that power of the samples seen.",
        bounds=NOT_NEGATIVE,
    )
    lr_stop: float = _schedule(
        0.0,
        "Stop when plateau would reduce a rate that is not above this; 0 never stops.",
        bounds=NOT_NEGATIVE,
    )
    restart_every: int = _schedule(
        0,
        "Epochs after which the schedule starts again; 0 never restarts it.",
        bounds=Range(0, MAXIMUM_EPOCHS),
    )
    restart_lr: float | None = _schedule(
        None,
        "Learning rate after a restart, if not the one at the start.",
        bounds=POSITIVE,
        follows=lambda config: config.effective_learning_rate,
        needs="restart_every",
    )
    momentum: float = _optimizer(0.0, "Momentum of sgd, in [0, 1).", bounds=FRACTION)
    nesterov: bool = _optimizer(False, "Nesterov's variant of sgd's momentum.")
    beta1: float = _optimizer(
        0.9,
        "Decay rate of the first moment, in [0, 1).",
        bounds=FRACTION,
    )
    beta2: float | None = _optimizer(
        None,
        "Decay rate of the second moment, in [0, 1); by default 0.999, or 0.99 for rmsprop and "
        "lion.",
        bounds=FRACTION,
        follows=lambda config: OPTIMIZER_FACTS[config.optimizer].beta2,
    )
    epsilon: float = _optimizer(1e-8, "Added to the root of the second moment.", bounds=POSITIVE)
    weight_decay: float | None = _optimizer(
        None,
        "Decoupled weight decay: every step shrinks all parameters by this share times the "
        "learning rate; by default 0.01 for adamw, else 0.",
        bounds=NOT_NEGATIVE,
        follows=lambda config: OPTIMIZER_FACTS[config.optimizer].weight_decay,
    )
    clip_value: float = _optimizer(
        0.0, "Bound on each part of the gradient; 0 for none.", bounds=NOT_NEGATIVE
    )
    clip_norm: float = _optimizer(
        0.0, "Bound on the length of the whole gradient; 0 for none.", bounds=NOT_NEGATIVE
    )
    batch_size: int = _optimizer(
        DEFAULT_BATCH_SIZE,
        "Samples per step; an epoch's last batch may be smaller.",
        bounds=Range(1, 1 << 24),
        shared=True,
    )
    dropout: float | tuple[float, ...] = _regularization(
        0.0,
        "Probability of dropping a hidden unit: one for all hidden layers, or one for each.",
        metavar="RATE,...",
        bounds=FRACTION,
        parse=parse_dropout,
    )
    input_dropout: float = _regularization(
        0.0, "Probability of dropping an input feature.", bounds=FRACTION
    )
    l1: float = _regularization(0.0, "L1 penalty on the weights: times the sum of |w|.")
    l2: float = _regularization(0.0, "L2 penalty on the weights: times half the sum of w squared.")
    l1_biases: float = _regularization(0.0, "L1 penalty on the biases.")
    l2_biases: float = _regularization(0.0, "L2 penalty on the biases.")
    max_norm: float = _regularization(
        0.0, "Bound on the length of a unit's incoming weights; 0 for none."
    )
    class_weights: str | tuple[float, ...] = _regularization(
        "none",
        "Weight of a sample in training: none, balanced (the average over the classes' share of "
        "the training samples), or a weight per class like 1,5,0.5.",
        parse=parse_class_weights,
        as_text=True,
        shared=True,
        off="none",
    )
    label_smoothing: float = _regularization(
        0.0,
        "Share of each label that is spread over all classes in training, in [0, 1).",
        bounds=FRACTION,
    )
    epochs: int | None = _stopping(
        None,
        "Most passes over the training data.",
        bounds=EPOCHS,
        follows=lambda config: DEFAULT_EPOCHS,
        default_in_words=f"{DEFAULT_EPOCHS}, more for few samples",
    )
    patience: int | None = _stopping(
        None,
        "Epochs without an improvement of the monitored metric until training stops; 0 for never.",
        bounds=Range(0, MAXIMUM_EPOCHS),
        follows=lambda config: DEFAULT_PATIENCE,
        default_in_words=f"{DEFAULT_PATIENCE}, more for few samples",
    )
    min_delta: float = _stopping(
        0.0,
        "Smallest improvement that counts, in the unit of the monitored metric.",
        bounds=NOT_NEGATIVE,
    )
    monitor: Monitor = _stopping(
        "val_loss",
        "What decides which epoch is the best and when to stop, val_r2 where targets are "
        "measured; where no samples are held out it is the training set's.",
        fixed="trials are compared by one metric",
    )
    improvement: Improvement = _stopping(
        "added-up",
        "Whether small improvements add up until they come to min_delta, or one epoch has to be "
        "better than the best by it at once.",
        off="added-up",
    )
    keep: Keep = _stopping(
        "best",
        "Which epoch's weights are kept: the best, the latest of equally good ones, or the last.",
        fixed="trials are compared by their best epochs",
        off="best",
    )
    start_from_epoch: int = _stopping(
        1, "The first epoch, counted from 1, that can use up the patience.", bounds=EPOCHS, off=1
    )
    stability: float = _stopping(
        0.0,
        "Stop once the mean improvement per epoch over the last epochs, as many as the patience, "
        "is below this; 0 never does.",
        bounds=NOT_NEGATIVE,
    )
    target_accuracy: float | None = _stopping(
        None,
        "Stop after the epoch whose validation accuracy reaches this fraction.",
        bounds=Range(0.0, 1.0),
    )
    max_time: float | None = _stopping(
        None,
        "Time after which training stops, in seconds or as 10m or 1h30m; pauses do not count.",
        metavar="TIME",
        bounds=POSITIVE,
        parse=parse_duration,
        fixed="the time is the whole search's, which has a limit of its own",
        shared=True,
    )


SETTINGS: Mapping[str, Setting] = {
    one.name: dataclasses.replace(one.metadata["row"], name=one.name, kind=one.type)
    for one in dataclasses.fields(Settings)
}
"""All settings of training by name."""

FOLLOWING = tuple(name for name, row in SETTINGS.items() if row.follows is not None)
"""Settings that may be ``None`` and then follow from others."""

SHARED = tuple(name for name, row in SETTINGS.items() if row.shared)
"""Settings that all networks of a population share."""

_ALIASES = {
    alias: name for name, row in SETTINGS.items() for alias in (*row.aliases, *row.formerly)
}


def canonical(key: str) -> str:
    """The name of a setting, from ``learning-rate``, a short name ``lr`` or an old name."""
    name = key.replace("-", "_")
    return _ALIASES.get(name, name)


def panels() -> dict[str, list[str]]:
    """The names of the settings under each heading."""
    found: dict[str, list[str]] = {}
    for name, row in SETTINGS.items():
        found.setdefault(row.panel, []).append(name)
    return found
