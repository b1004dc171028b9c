"""The table of settings: every setting of training, defined once.

A field of ``TrainConfig`` is a row: its type, its default, and with ``setting`` everything else
about it. From the rows come the options of ``gpunet train`` and their help, the keys of TOML
files, the checks, this class's docstring, what ``gpunet show`` prints, and what a search may vary.
"""

# ruff: noqa: RUF009 - setting makes a dataclass's field

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gpunet.config.choices import (
    ACTIVATIONS,
    DEFAULT_LOSSES,
    OPTIMIZER_FACTS,
    USES,
    FeatureScaling,
    FramingStyle,
    Improvement,
    Initialization,
    Keep,
    Kind,
    Loss,
    Missing,
    Monitor,
    Optimizer,
    Schedule,
)
from gpunet.config.network import UNITS, NetworkSpec, require_activations
from gpunet.config.setting import Range, Setting, setting, suggestion
from gpunet.config.texts import (
    parse_activation,
    parse_class_weights,
    parse_dropout,
    parse_duration,
    parse_hidden,
    parse_names,
    written,
)
from gpunet.errors import SettingError, UsageError, spelled

__all__ = [
    "DATA",
    "FOLLOWING",
    "MAXIMUM_EPOCHS",
    "NETWORK",
    "OPTIMIZER",
    "SCHEDULE",
    "SETTINGS",
    "SHARED",
    "TrainConfig",
    "canonical",
    "panels",
]

DATA = "Data"
NETWORK = "Network"
OPTIMIZER = "Optimizer"
SCHEDULE = "Learning rate schedule"
REGULARIZATION = "Regularization"
STOPPING = "Stopping"

MAXIMUM_EPOCHS = 1 << 31

DEFAULT_EPOCHS = 15
DEFAULT_PATIENCE = 5
DEFAULT_LR_DECAY_EVERY = 2
"""This default and the two above are for many samples; ``settled`` stretches them for few."""

LEAST_STEPS = 2000
"""Steps that a training takes by default, however few samples there are."""

MOST_DEFAULT_EPOCHS = 600
"""Epochs that no default goes beyond, however few steps one has."""

DEFAULT_BATCH_SIZE = 64

SAME_SAMPLES = "trials are compared on the same samples"

POSITIVE = Range(0, above=True)
FRACTION = Range(0, 1, below=True)
NOT_NEGATIVE = Range()
EPOCHS = Range(1, MAXIMUM_EPOCHS)

_RATES = ", ".join(f"{facts.learning_rate:g} for {name}" for name, facts in OPTIMIZER_FACTS.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """How one network is trained. Every field has the default of the command line.

    Numbers may be numpy's, and lists stand for tuples; the fields hold Python's own types.

    Raises:
        UsageError: a value that cannot be, or values that do not go together.
    """

    validation: float = setting(
        5000,
        DATA,
        "Samples held out to validate: a count, or a fraction below 1; a validation set that the "
        "data bring goes before, unless this is 0.",
        bounds=Range(0),
        fixed=SAME_SAMPLES,
        shared=True,
    )
    shuffle_split: bool = setting(
        False,
        DATA,
        "Hold out a random part instead of the last one.",
        fixed=SAME_SAMPLES,
        shared=True,
    )
    standardize: bool = setting(
        True,
        DATA,
        "Standardize features other than pixels: mean 0, standard deviation 1. Pixels are bytes, "
        "and floats from 0 to 1 in images; in images of other floats all share one mean.",
        fixed=SAME_SAMPLES,
        shared=True,
    )
    scale_targets: bool = setting(
        True,
        DATA,
        "Bring measured targets to mean 0 and deviation 1 for training, counts to mean 1; answers "
        "are in the targets' own units either way.",
        fixed=SAME_SAMPLES,
        shared=True,
    )
    scaling: FeatureScaling = setting(
        "standard",
        DATA,
        "How features are standardized: standard, or robust against outliers: median 0, quartiles "
        "1 apart, clipped smoothly to below 3; features that encode a category, too.",
        fixed=SAME_SAMPLES,
        shared=True,
        off="standard",
        needs="standardize",
    )
    framing: FramingStyle = setting(
        "auto",
        DATA,
        "How predict places a drawing in an image: like MNIST's digits (cropped, fitted into a "
        "box, centered by mass) or as it is; auto finds out from the training images.",
        fixed="it is about predict and changes no training",
    )
    label: str | None = setting(
        None,
        DATA,
        "The column of a table that is to be predicted, classes or measured: its title, its number "
        "counted from 1, or last; several with commas between them. By default it is found by the "
        "titles and the values.",
        metavar="COLUMN[,...]",
        fixed=SAME_SAMPLES,
    )
    missing: Missing = setting(
        "mean",
        DATA,
        "What is done about missing cells of a table: numbers are filled with the mean or the "
        "median of the training samples, with a feature that tells where; drop leaves out their "
        "rows, refuse refuses the table.",
        fixed=SAME_SAMPLES,
        shared=True,
        off="mean",
    )
    ignore: tuple[str, ...] | None = setting(
        None,
        DATA,
        "Columns of a table that are left out, by their titles or their numbers counted from 1.",
        metavar="COLUMN,...",
        parse=parse_names,
        fixed=SAME_SAMPLES,
        shared=True,
    )
    weight: str | None = setting(
        None,
        DATA,
        "The column of a table that says what each row counts in the loss and the metrics, named "
        "as the label is; at least 0.",
        metavar="COLUMN",
        fixed=SAME_SAMPLES,
        shared=True,
    )
    shuffle: bool = setting(
        True,
        DATA,
        "Draw a new order of the samples for every epoch.",
        fixed=SAME_SAMPLES,
        shared=True,
        off=True,
    )
    window: int = setting(
        0,
        DATA,
        "Samples that the device holds at a time, in whole batches; every epoch draws anew which "
        "meet. 0 for all, or for 64 MiB of them where they do not fit.",
        bounds=Range(0),
        fixed=SAME_SAMPLES,
        shared=True,
    )
    hidden: tuple[int, ...] = setting(
        (16, 16),
        NETWORK,
        "Units of each hidden layer, or none for softmax regression.",
        metavar="UNITS",
        bounds=UNITS,
        parse=parse_hidden,
        shared=True,
    )
    activation: str | tuple[str, ...] = setting(
        "relu",
        NETWORK,
        "Activation of the hidden layers: one name for all, or one for each. Known are "
        f"{', '.join(ACTIVATIONS)}.",
        metavar="NAME",
        names=ACTIVATIONS,
        parse=parse_activation,
        as_text=True,
        shared=True,
    )
    leaky_slope: float = setting(
        0.01, NETWORK, "Slope of leaky ReLU below zero.", bounds=Range(0.0, 1.0), shared=True
    )
    layer_norm: bool = setting(
        False,
        NETWORK,
        "Normalize every hidden layer's preactivations, with a learned scale and shift for each "
        "unit.",
        shared=True,
    )
    initialization: Initialization = setting(
        "auto",
        NETWORK,
        "How weights are drawn; auto takes He for the ReLU family, Glorot for sigmoid and tanh; "
        "scikit-learn draws the biases, too; normal draws weights of the variance 1 over their "
        "inputs, biases of the variance 1, and leaves the last layer zero.",
        aliases=("init",),
        formerly=("initialisation",),
    )
    seed: int = setting(
        0,
        NETWORK,
        "Random seed for initialization, shuffling, dropout and the validation split.",
        bounds=Range(0, (1 << 32) - 1),
        off=None,
    )
    ensemble: int = setting(
        1,
        NETWORK,
        "Train so many networks side by side, with consecutive seeds; the saved model averages "
        "their probabilities.",
        bounds=Range(1, 65535),
        fixed="a trial is one network",
    )
    loss: Loss | None = setting(
        None,
        NETWORK,
        "What is minimized: cross-entropy or quadratic for classes, squared-error, huber or "
        "poisson for measured targets, binary-cross-entropy for any number of labels a sample.",
        follows=lambda config: DEFAULT_LOSSES["classes"],
        default_in_words="cross-entropy, or squared-error for measured targets",
        shared=True,
    )
    optimizer: Optimizer = setting("adam", OPTIMIZER, "The update rule.", shared=True)
    learning_rate: float | None = setting(
        None,
        OPTIMIZER,
        f"Step size at the start; by default {_RATES}.",
        aliases=("lr",),
        bounds=POSITIVE,
        follows=lambda config: OPTIMIZER_FACTS[config.optimizer].learning_rate,
    )
    rate_by_inputs: bool = setting(
        False,
        OPTIMIZER,
        "Divide the learning rate of every layer's weights by the root of its inputs; with adam "
        "that is the NTK parametrization.",
        shared=True,
    )
    bias_rate: float = setting(
        1.0,
        OPTIMIZER,
        "Learning rate of the biases as a share of the others'.",
        bounds=NOT_NEGATIVE,
        off=1.0,
    )
    schedule: Schedule = setting("cosine", SCHEDULE, "How the learning rate changes.")
    warmup: float = setting(
        0.0,
        SCHEDULE,
        "Epochs over which the learning rate rises from near zero; may be a fraction.",
        bounds=Range(0),
    )
    lr_decay: float = setting(
        0.5,
        SCHEDULE,
        "Factor of the learning rate per decay (step, exponential, inverse-time, plateau), in "
        "(0, 1].",
        bounds=Range(0, 1, above=True),
    )
    lr_decay_every: int | None = setting(
        None,
        SCHEDULE,
        "Epochs per decay; for plateau, epochs without an improvement.",
        bounds=EPOCHS,
        follows=lambda config: DEFAULT_LR_DECAY_EVERY,
        default_in_words=f"{DEFAULT_LR_DECAY_EVERY}, more for few samples",
    )
    lr_final: float = setting(
        0.0,
        SCHEDULE,
        "Where cosine, coslog4, linear and one-cycle end, and below which no other schedule falls.",
        bounds=Range(0),
    )
    lr_power: float = setting(
        0.5,
        SCHEDULE,
        "Exponent of inverse-power, which divides the rate by that power of the samples seen.",
        bounds=NOT_NEGATIVE,
    )
    lr_stop: float = setting(
        0.0,
        SCHEDULE,
        "Stop where plateau would reduce a rate that is not above this; 0 never does.",
        bounds=NOT_NEGATIVE,
    )
    restart_every: int = setting(
        0,
        SCHEDULE,
        "Start the schedule again every so many epochs; 0 never does.",
        bounds=Range(0, MAXIMUM_EPOCHS),
    )
    restart_lr: float | None = setting(
        None,
        SCHEDULE,
        "Learning rate after a restart, if not the one at the start.",
        bounds=POSITIVE,
        follows=lambda config: config.effective_learning_rate,
        needs="restart_every",
    )
    momentum: float = setting(0.0, OPTIMIZER, "Momentum of sgd, in [0, 1).", bounds=FRACTION)
    nesterov: bool = setting(False, OPTIMIZER, "Nesterov's variant of sgd's momentum.")
    beta1: float = setting(
        0.9,
        OPTIMIZER,
        "Decay rate of the first moment, in [0, 1).",
        bounds=FRACTION,
    )
    beta2: float | None = setting(
        None,
        OPTIMIZER,
        "Decay rate of the second moment, in [0, 1); by default 0.999, or 0.99 for rmsprop and "
        "lion.",
        bounds=FRACTION,
        follows=lambda config: OPTIMIZER_FACTS[config.optimizer].beta2,
    )
    epsilon: float = setting(
        1e-8, OPTIMIZER, "Added to the root of the second moment.", bounds=POSITIVE
    )
    weight_decay: float | None = setting(
        None,
        OPTIMIZER,
        "Decoupled weight decay: every step shrinks all parameters by this share times the "
        "learning rate; by default 0.01 for adamw, else 0.",
        bounds=NOT_NEGATIVE,
        follows=lambda config: OPTIMIZER_FACTS[config.optimizer].weight_decay,
    )
    clip_value: float = setting(
        0.0, OPTIMIZER, "Bound on each part of the gradient; 0 for none.", bounds=NOT_NEGATIVE
    )
    clip_norm: float = setting(
        0.0,
        OPTIMIZER,
        "Bound on the length of the whole gradient; 0 for none.",
        bounds=NOT_NEGATIVE,
    )
    batch_size: int = setting(
        DEFAULT_BATCH_SIZE,
        OPTIMIZER,
        "Samples per step; an epoch's last batch may be smaller.",
        bounds=Range(1, 1 << 24),
        shared=True,
    )
    dropout: float | tuple[float, ...] = setting(
        0.0,
        REGULARIZATION,
        "Probability of dropping a hidden unit: one for all hidden layers, or one for each.",
        metavar="RATE,...",
        bounds=FRACTION,
        parse=parse_dropout,
    )
    input_dropout: float = setting(
        0.0, REGULARIZATION, "Probability of dropping an input feature.", bounds=FRACTION
    )
    l1: float = setting(
        0.0, REGULARIZATION, "L1 penalty on the weights: times the sum of |w|.", bounds=NOT_NEGATIVE
    )
    l2: float = setting(
        0.0,
        REGULARIZATION,
        "L2 penalty on the weights: times half the sum of w squared.",
        bounds=NOT_NEGATIVE,
    )
    l1_biases: float = setting(
        0.0, REGULARIZATION, "L1 penalty on the biases.", bounds=NOT_NEGATIVE
    )
    l2_biases: float = setting(
        0.0, REGULARIZATION, "L2 penalty on the biases.", bounds=NOT_NEGATIVE
    )
    max_norm: float = setting(
        0.0,
        REGULARIZATION,
        "Bound on the length of a unit's incoming weights; 0 for none.",
        bounds=NOT_NEGATIVE,
    )
    class_weights: str | tuple[float, ...] = setting(
        "none",
        REGULARIZATION,
        "What a sample counts in training: none, balanced (the average over the classes' share of "
        "the training samples), or a weight per class like 1,5,0.5.",
        bounds=NOT_NEGATIVE,
        parse=parse_class_weights,
        as_text=True,
        shared=True,
        off="none",
    )
    label_smoothing: float = setting(
        0.0,
        REGULARIZATION,
        "Share of each label that is spread over all classes in training, in [0, 1).",
        bounds=FRACTION,
    )
    epochs: int | None = setting(
        None,
        STOPPING,
        "Passes over the data, at most.",
        bounds=EPOCHS,
        follows=lambda config: DEFAULT_EPOCHS,
        default_in_words=f"{DEFAULT_EPOCHS}, more for few samples",
    )
    patience: int | None = setting(
        None,
        STOPPING,
        "Stop after so many epochs without an improvement of what is monitored; 0 never does.",
        bounds=Range(0, MAXIMUM_EPOCHS),
        follows=lambda config: DEFAULT_PATIENCE,
        default_in_words=f"{DEFAULT_PATIENCE}, more for few samples",
    )
    min_delta: float = setting(
        0.0,
        STOPPING,
        "What counts as an improvement, in the unit of what is monitored.",
        bounds=NOT_NEGATIVE,
    )
    monitor: Monitor = setting(
        "val_loss",
        STOPPING,
        "What decides which epoch is the best and when to stop, val_r2 where targets are measured; "
        "where no samples are held out it is the training set's.",
        fixed="trials are compared by one metric",
    )
    improvement: Improvement = setting(
        "added-up",
        STOPPING,
        "Whether small improvements add up until they come to min_delta, or one epoch has to be "
        "better than the best by it at once.",
        off="added-up",
    )
    keep: Keep = setting(
        "best",
        STOPPING,
        "Which epoch's weights are kept: those of the best, of the latest of equally good ones, or "
        "of the last.",
        fixed="trials are compared by their best epochs",
        off="best",
    )
    start_from_epoch: int = setting(
        1,
        STOPPING,
        "The first epoch, counted from 1, that can use up the patience.",
        bounds=EPOCHS,
        off=1,
    )
    stability: float = setting(
        0.0,
        STOPPING,
        "Stop once the mean improvement per epoch over the last epochs, as many as the patience, "
        "is below this; 0 never does.",
        bounds=NOT_NEGATIVE,
    )
    target_accuracy: float | None = setting(
        None,
        STOPPING,
        "Stop after the epoch whose validation accuracy reaches this fraction.",
        bounds=Range(0.0, 1.0),
    )
    max_time: float | None = setting(
        None,
        STOPPING,
        "Stop after so many seconds of work, or 10m, or 1h30m; pauses do not count.",
        metavar="TIME",
        bounds=POSITIVE,
        parse=parse_duration,
        fixed="the time is the whole search's, which has a limit of its own",
        shared=True,
    )

    measured: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False, repr=False)
    """Settings that take the place of these where the data have measured targets."""

    def __post_init__(self) -> None:
        for name, row in SETTINGS.items():
            object.__setattr__(self, name, row.check(getattr(self, name)))
        self._require_network()
        self._require_schedule()
        if self.nesterov and (self.optimizer != "sgd" or self.momentum == 0):
            self._refuse(
                "nesterov",
                "looks ahead by SGD's momentum",
                f"give {spelled('optimizer', 'sgd')} and {spelled('momentum')}, for example 0.9, "
                f"or take {spelled('optimizer', 'nadam')}",
            )
        if self.stability and not self.effective_patience:
            self._refuse(
                "stability",
                f"looks at the improvement over the last {spelled('patience')} epochs, which is 0",
                f"give it a {spelled('patience')} above 0",
            )
        if self.validation > 1 and not float(self.validation).is_integer():
            self._refuse(
                "validation", f"is {self.validation}", "give a fraction below 1 or a whole count"
            )
        if self.label is not None and not self.label.strip():
            self._refuse(
                "label", "is empty", "give a column's title, its number counted from 1, or last"
            )
        if 0 < self.window < self.batch_size:
            self._refuse(
                "window",
                f"is {self.window:,}, less than a batch of {self.batch_size:,} samples",
                "give more, or 0",
            )
        Range(0, (1 << 32) - self.ensemble).require("seed", self.seed)
        self.of_kind("measured")

    def _refuse(self, name: str, says: str, advice: str) -> None:
        raise SettingError(name, getattr(self, name), advice=advice, says=says)

    def _require_network(self) -> None:
        layers = len(self.hidden)
        require_activations(self.activation, layers)
        if isinstance(self.dropout, tuple) and len(self.dropout) != layers:
            self._refuse(
                "dropout",
                f"names {len(self.dropout)} rates for {layers} hidden layers",
                "give one for all of them or one for each",
            )

    def _require_schedule(self) -> None:
        Range(0, self.effective_epochs).require("warmup", self.warmup)
        if self.restart_lr is not None and not self.restart_every:
            self._refuse(
                "restart_lr",
                "says where restarts begin but there are none",
                f"add {spelled('restart_every', 'EPOCHS')}",
            )
        lowest = min(self.effective_learning_rate, self.effective_restart_lr)
        if self.lr_final > lowest:
            wanted = f"at most the learning rate at a start, {lowest:g}"
            raise SettingError("lr_final", self.lr_final, wanted)
        if self.schedule == "one-cycle" and self.warmup:
            self._refuse(
                "schedule",
                "one-cycle rises by itself over its first 30 % of steps",
                f"leave out {spelled('warmup')}",
            )
        if self.schedule == "plateau" and self.restart_every:
            self._refuse(
                "schedule",
                "plateau follows the monitored metric, which restarts would disturb",
                f"leave out {spelled('restart_every')}",
            )

    @property
    def effective_restart_lr(self) -> float:
        """The learning rate after a restart."""
        return float(self.in_effect("restart_lr"))

    @property
    def effective_learning_rate(self) -> float:
        """The learning rate asked for, else the optimizer's default."""
        return float(self.in_effect("learning_rate"))

    @property
    def effective_epochs(self) -> int:
        """The epochs asked for, else those for data of many samples."""
        return int(self.in_effect("epochs"))

    @property
    def effective_patience(self) -> int:
        """The patience asked for, else the one for data of many samples."""
        return int(self.in_effect("patience"))

    @property
    def effective_lr_decay_every(self) -> int:
        """The epochs asked for between two decays, else those for data of many samples."""
        return int(self.in_effect("lr_decay_every"))

    def of_kind(self, kind: Kind) -> "TrainConfig":
        """These settings for data of a kind, which is known only once they are read.

        Raises:
            UsageError: those for measured targets cannot be.
        """
        own = self.measured if kind == "measured" else {}
        return TrainConfig.from_dict({**self.to_dict(), **own}) if self.measured else self

    def with_settings(self, settings: Mapping[str, Any]) -> "TrainConfig":
        """These settings but for some, whatever the data.

        Args:
            settings: by their names, also those of earlier versions.

        Raises:
            UsageError: a name that is no setting, or a value that cannot be.
        """
        config = TrainConfig.from_dict({**self.to_dict(), **settings})
        names = {_FORMER_NAMES.get(name, name) for name in settings}
        measured = {name: one for name, one in self.measured.items() if name not in names}
        return dataclasses.replace(config, measured=measured)

    def settled(self, samples: int) -> "TrainConfig":
        """These settings with the epochs that were left open, now that the data are known.

        Few samples make few steps in an epoch, so the default grows until it comes to
        ``LEAST_STEPS``, at most to ``MOST_DEFAULT_EPOCHS``. An epoch counts as in batches of at
        most 64 samples here, so that larger batches do not let it grow. The patience grows
        by the same factor, as does the time between two decays if the epochs were open.

        Args:
            samples: to train on.
        """
        if None not in (self.epochs, self.patience, self.lr_decay_every):
            return self
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
        """A setting by its name, or what follows from the others where it is ``None``."""
        value, follows = getattr(self, name), SETTINGS[name].follows
        return follows(self) if value is None and follows is not None else value

    def has_effect(self, name: str) -> bool:
        """Whether a setting is on, and used by what else is chosen."""
        row, value = SETTINGS[name], self.in_effect(name)
        if value == row.off or not (value or row.off is None):
            return False
        if row.needs and not getattr(self, row.needs):
            return False
        for chooser, uses in USES.items():
            chosen = self.in_effect(chooser)
            chosen = (chosen,) if isinstance(chosen, str) else chosen
            takers = {choice for choice, names in uses.items() if name in names}
            if takers and takers.isdisjoint(chosen):
                return False
        return True

    def network(self, inputs: int, outputs: int) -> NetworkSpec:
        """The network for samples of so many features, and classes or targets."""
        return NetworkSpec(
            inputs,
            self.hidden,
            outputs,
            self.activation,
            self.leaky_slope,
            self.in_effect("loss"),
            self.layer_norm,
        )

    def networks(self) -> "tuple[TrainConfig, ...]":
        """The settings of each network of the ensemble."""
        if self.ensemble == 1:
            return (self,)
        return tuple(
            dataclasses.replace(self, seed=self.seed + index, ensemble=1)
            for index in range(self.ensemble)
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
        values = {name: getattr(self, name) for name in SETTINGS}
        return {name: _stored(SETTINGS[name], value) for name, value in values.items()}

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> "TrainConfig":
        """The settings that ``to_dict`` gave, also with the names of earlier versions.

        Raises:
            UsageError: a name that is no setting, or a value that cannot be.
        """
        values = {_FORMER_NAMES.get(name, name): value for name, value in settings.items()}
        for name in values:
            if name not in SETTINGS:
                raise UsageError(f"{name!r} is no setting of training{suggestion(name, SETTINGS)}")
        return cls(**values)


def _rows() -> dict[str, Setting]:
    return {
        one.name: dataclasses.replace(one.metadata["row"], name=one.name, kind=one.type)
        for one in dataclasses.fields(TrainConfig)
        if one.metadata
    }


SETTINGS: Mapping[str, Setting] = _rows()
"""All settings of training, by their names."""

FOLLOWING = tuple(name for name, row in SETTINGS.items() if row.follows is not None)
"""The settings that may be ``None`` and then follow from others."""

SHARED = tuple(name for name, row in SETTINGS.items() if row.shared)
"""The settings that all networks of a population have in common."""

_FORMER_NAMES = {former: name for name, row in SETTINGS.items() for former in row.formerly}
_ALIASES = {alias: name for name, row in SETTINGS.items() for alias in row.aliases} | _FORMER_NAMES

TrainConfig.__doc__ = f"""{TrainConfig.__doc__ or ""}
    Args:
""" + "\n".join(f"        {name}: {row.help}" for name, row in SETTINGS.items())


def canonical(key: str) -> str:
    """The name of the setting that a key of a file means, such as ``learning-rate`` or ``lr``."""
    name = key.replace("-", "_")
    return _ALIASES.get(name, name)


def panels() -> dict[str, list[str]]:
    """The names of the settings that belong together, by the heading above them."""
    found: dict[str, list[str]] = {}
    for name, row in SETTINGS.items():
        found.setdefault(row.panel, []).append(name)
    return found


def _stored(row: Setting, value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    return written(value) if row.as_text else list(value)
