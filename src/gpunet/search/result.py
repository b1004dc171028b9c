"""The result of a search: the best trial, its network, and all other trials; needs no Optuna."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gpunet import __version__
from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.factory import Device
from gpunet.errors import DeviceError
from gpunet.model import Model
from gpunet.search.study_progress import StudyProgress, TrialSummary

if TYPE_CHECKING:
    from gpunet.search.study import SearchStudy

__all__ = ["Search"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Search:
    """The result of a search.

    Args:
        study: the study.
        progress: all trials and how far they are.
        dataset: the data that it trained on.
        choice: the device that trained.
        best_trial: the best trial.
        config: settings of the best trial.
        model: network of the best trial, tested; ``None`` if another worker has its file.
        failure: why it could not be tested; ``None`` if it was.

    Example:
        >>> import gpunet
        >>> found = gpunet.tune("strokes:300+100", {"hidden": [(8,), (16,)]}, trials=2, epochs=1,
        ...     sampler="grid", verbose=False)
        >>> len(found.trials)
        2
    """

    study: SearchStudy
    progress: StudyProgress
    dataset: Dataset
    choice: Device
    best_trial: TrialSummary
    config: TrainConfig
    model: Model | None
    failure: DeviceError | None = None

    @property
    def best(self) -> dict[str, Any]:
        """Values of the searched settings in the best trial, as ``gpunet.train`` takes them."""
        return {name: getattr(self.config, name) for name in self.best_trial.values}

    @property
    def trials(self) -> list[dict[str, Any]]:
        """One record per trial, as ``pandas.DataFrame`` takes them."""
        return [dataclasses.asdict(trial) for trial in self.progress.trials]

    def report(self) -> dict[str, Any]:
        """All trials and the result as ``gpunet tune --report`` writes them."""
        test = self.model.test if self.model else None
        spec = self.study.spec
        return {
            "gpunet": __version__,
            "study": self.study.name,
            "monitor": spec.config.monitor,
            "sampler": spec.sampler,
            "pruner": spec.pruner,
            "fingerprint": spec.fingerprint,
            "device": dataclasses.asdict(self.choice.info),
            "space": spec.space.to_dict(),
            "importances": self.study.importances(),
            "best": {
                "trial": self.best_trial.number,
                "config": self.config.values_in_effect(),
                "test": None if test is None else test.to_dict(self.dataset.kind),
            },
            "trials": self.trials,
        }

    def __repr__(self) -> str:
        figure = f"{self.study.spec.config.monitor} {self.best_trial.figure:.4g}"
        return f"<gpunet.Search {len(self.progress.trials)} trials, best {figure}: {self.best}>"
