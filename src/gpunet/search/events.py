"""What a search tells those who watch it; importing it needs no Optuna."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gpunet.datasets.dataset import Dataset
from gpunet.engine.factory import Device
from gpunet.engine.interface import DeviceInfo
from gpunet.search.standing import Standing
from gpunet.training.events import Progress

if TYPE_CHECKING:
    from gpunet.search.study import SearchStudy

__all__ = ["SearchInfo", "SearchObserver", "Work"]


@dataclass(frozen=True, slots=True)
class Work:
    """How much is searched.

    Args:
        trials: wanted in all.
        population: networks of one shape that are trained side by side, at most.
        timeout: seconds after which the search stops; ``None`` for no limit.
    """

    trials: int
    population: int
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class SearchInfo:
    """What is known when a search starts.

    Args:
        study: its name.
        place: where it is kept.
        device: what does the work.
        data: the dataset's name.
        monitor: the figure that trials are compared by.
        parameters: the names of the searched settings.
        epochs: of a trial, at most.
        standing: what was there before.
    """

    study: str
    place: str
    device: DeviceInfo
    data: str
    monitor: str
    parameters: tuple[str, ...]
    epochs: int
    standing: Standing

    @classmethod
    def of(
        cls, study: SearchStudy, choice: Device, dataset: Dataset, standing: Standing
    ) -> SearchInfo:
        """What is known of a study on a device."""
        terms = study.terms
        return cls(
            study=study.name,
            place=str(study.place),
            device=choice.info,
            data=dataset.name,
            monitor=terms.config.monitor,
            parameters=tuple(one.name for one in terms.space.parameters),
            epochs=terms.config.effective_epochs,
            standing=standing,
        )


class SearchObserver:
    """Something that is told how a search goes; this one does nothing with it."""

    def began(self, search: SearchInfo) -> None:
        """The search is about to start."""

    def batch_began(self, standing: Standing, network: str, numbers: Sequence[int]) -> None:
        """Trials of these numbers are about to be trained side by side."""

    def progressed(self, progress: Progress) -> None:
        """Some steps of the batch are done."""

    def stood(self, standing: Standing) -> None:
        """An epoch is done, a trial has ended, or another worker has gone on."""

    def waits(self, standing: Standing, others: int) -> None:
        """Nothing is left to do but for trials that other workers train, so many of them."""
