"""How a network is trained: the checked settings, and values derived from them."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gpunet.config.choices import USES, Kind
from gpunet.config.network import NetworkSpec, require_activations
from gpunet.config.setting import Range, Setting, suggestion
from gpunet.config.settings import (
    DEFAULT_BATCH_SIZE,
    DEFAULT_EPOCHS,
    DEFAULT_LR_DECAY_EVERY,
    DEFAULT_PATIENCE,
    FOLLOWING,
    SETTINGS,
    Settings,
    canonical,
)
from gpunet.config.texts import written
from gpunet.errors import SettingError, UsageError, spelled

__all__ = ["TrainConfig"]

LEAST_STEPS = 2000
"""Steps that a training takes by default, even if there are few samples."""

MOST_DEFAULT_EPOCHS = 600
"""The largest default number of epochs, however few steps an epoch has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig(Settings):
    """How one network is trained. Every field has the command line's default.

    Arguments may be numpy's numbers, and lists instead of tuples; fields have Python's own types.

    Raises:
        UsageError: a value is invalid, or values do not go together.
    """

    measured: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False, repr=False)
    """Settings that replace these if the data have measured targets."""

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
        """The learning rate, or the optimizer's default if none is given."""
        return float(self.in_effect("learning_rate"))

    @property
    def keeps_own(self) -> bool:
        """Whether there are several networks and each keeps the weights of its own best epoch."""
        return self.ensemble > 1 and self.keep == "best"

    @property
    def effective_epochs(self) -> int:
        """The epochs, or the default for many samples if none are given."""
        return int(self.in_effect("epochs"))

    @property
    def effective_patience(self) -> int:
        """The patience, or the default for many samples if none is given."""
        return int(self.in_effect("patience"))

    @property
    def effective_lr_decay_every(self) -> int:
        """Epochs between two decays, or the default for many samples if none are given."""
        return int(self.in_effect("lr_decay_every"))

    def of_kind(self, kind: Kind) -> "TrainConfig":
        """These settings for data of this kind, which is known only after reading them.

        Raises:
            UsageError: the settings for measured targets are invalid.
        """
        own = self.measured if kind == "measured" else {}
        return TrainConfig.from_dict({**self.to_dict(), **own}) if self.measured else self

    def with_settings(self, settings: Mapping[str, Any]) -> "TrainConfig":
        """A copy with some settings changed, for data of any kind.

        Args:
            settings: new values by name; short and old names work, too.

        Raises:
            UsageError: a name is unknown, or a value is invalid.
        """
        config = TrainConfig.from_dict({**self.to_dict(), **settings})
        names = {canonical(name) for name in settings}
        measured = {name: one for name, one in self.measured.items() if name not in names}
        return dataclasses.replace(config, measured=measured)

    def settled(self, samples: int) -> "TrainConfig":
        """A copy in which epochs, patience and epochs between decays are set for these data.

        An epoch of few samples has few steps, so the default number of epochs is raised until there
        are ``LEAST_STEPS`` steps, up to ``MOST_DEFAULT_EPOCHS``. Steps are counted with batches of
        at most 64 samples, so that larger batches do not raise it. The patience is raised by the
        same factor, and so are the epochs between two decays if ``epochs`` was not given.

        Args:
            samples: the number of training samples.
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
        """A setting's value, or the value that follows from the others if it is ``None``."""
        value, follows = getattr(self, name), SETTINGS[name].follows
        return follows(self) if value is None and follows is not None else value

    def has_effect(self, name: str) -> bool:
        """Whether a setting is on, and the other settings use it."""
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
        """The network for this many features, and classes, labels or targets."""
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
        """All settings for JSON, with the defaults that follow from others.

        ``restart_lr`` is included only if there are restarts.
        """
        following = {name: self.in_effect(name) for name in FOLLOWING}
        if not self.restart_every:
            del following["restart_lr"]
        return {**self.to_dict(), **following}

    def to_dict(self) -> dict[str, Any]:
        """All settings for JSON."""
        values = {name: getattr(self, name) for name in SETTINGS}
        return {name: _stored(SETTINGS[name], value) for name, value in values.items()}

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> "TrainConfig":
        """Settings from a dict as ``to_dict`` makes it; short and old names work, too.

        Raises:
            UsageError: a name is unknown, or a value is invalid.
        """
        values = {canonical(name): value for name, value in settings.items()}
        for name in values:
            if name not in SETTINGS:
                raise UsageError(f"{name!r} is no setting of training{suggestion(name, SETTINGS)}")
        return cls(**values)


TrainConfig.__doc__ = f"""{TrainConfig.__doc__ or ""}
    Args:
""" + "\n".join(f"        {name}: {row.help}" for name, row in SETTINGS.items())


def _stored(row: Setting, value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    return written(value) if row.as_text else list(value)
