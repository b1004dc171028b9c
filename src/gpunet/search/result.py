"""What a search leaves: the best trial, its network, and all others; it needs no Optuna."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from gpunet import __version__
from gpunet.config import TrainConfig
from gpunet.engine.factory import Device
from gpunet.errors import DeviceError
from gpunet.model import Model
from gpunet.search.standing import Entry, Standing

if TYPE_CHECKING:
    from gpunet.search.study import SearchStudy

__all__ = ["Search"]


class Search:
    """What a search has come to.

    Args:
        study: that was searched.
        standing: where it stands.
        choice: the device.
        entry: the best trial.
        config: its settings.
        model: its network, tested; ``None`` if it lies with another worker.
        failure: why it could not be tested, if so.

    Example:
        >>> import gpunet
        >>> found = gpunet.tune("strokes:300+100", {"hidden": [(8,), (16,)]}, trials=2, epochs=1,
        ...     sampler="grid", verbose=False)
        >>> len(found.trials)
        2
    """

    def __init__(
        self,
        study: SearchStudy,
        standing: Standing,
        choice: Device,
        entry: Entry,
        config: TrainConfig,
        model: Model | None,
        failure: DeviceError | None = None,
    ) -> None:
        self.study, self.standing, self.choice = study, standing, choice
        self.entry, self.config, self.model, self.failure = entry, config, model, failure

    @property
    def best(self) -> dict[str, Any]:
        """The best trial's values of the searched settings."""
        return dict(self.entry.values)

    @property
    def trials(self) -> list[dict[str, Any]]:
        """One record per trial, as ``pandas.DataFrame`` takes them."""
        return [dataclasses.asdict(entry) for entry in self.standing.entries]

    def report(self) -> dict[str, Any]:
        """All trials and the result as ``gpunet tune --report`` writes them."""
        test = self.model.test if self.model else None
        terms = self.study.terms
        return {
            "gpunet": __version__,
            "study": self.study.name,
            "monitor": terms.config.monitor,
            "sampler": terms.sampler,
            "pruner": terms.pruner,
            "fingerprint": terms.fingerprint,
            "device": dataclasses.asdict(self.choice.info),
            "space": terms.space.to_dict(),
            "importances": self.study.importances(),
            "best": {
                "trial": self.entry.number,
                "config": self.config.values_in_effect(),
                "test": None if test is None else dataclasses.asdict(test),
            },
            "trials": self.trials,
        }

    def __repr__(self) -> str:
        figure = f"{self.study.terms.config.monitor} {self.entry.figure:.4g}"
        return f"<gpunet.Search {len(self.standing.entries)} trials, best {figure}: {self.best}>"
