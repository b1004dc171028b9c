"""What observers learn of a search; importing it needs no Optuna."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gpunet.datasets.dataset import Dataset
from gpunet.engine.factory import Device
from gpunet.engine.interface import DeviceInfo
from gpunet.search.study_progress import StudyProgress
from gpunet.training.events import Callback

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
        storage: where it is kept.
        device: what does the work.
        data: the dataset's name.
        monitor: the metric that trials are compared by.
        parameters: the names of the searched settings.
        epochs: of a trial, at most.
        progress: what was there before.
    """

    study: str
    storage: str
    device: DeviceInfo
    data: str
    monitor: str
    parameters: tuple[str, ...]
    epochs: int
    progress: StudyProgress

    @classmethod
    def of(
        cls, study: SearchStudy, choice: Device, dataset: Dataset, progress: StudyProgress
    ) -> SearchInfo:
        """What is known of a study on a device."""
        spec = study.spec
        return cls(
            study=study.name,
            storage=str(study.storage),
            device=choice.info,
            data=dataset.name,
            monitor=spec.config.monitor,
            parameters=tuple(one.name for one in spec.space.parameters),
            epochs=spec.config.effective_epochs,
            progress=progress,
        )


class SearchObserver(Callback):
    """Observer of a search; this one does nothing.

    As a callback of each batch's training it gets its progress, too.
    """

    def on_search_begin(self, search: SearchInfo) -> None:
        """The search is about to start."""

    def on_batch_begin(self, progress: StudyProgress, network: str, numbers: Sequence[int]) -> None:
        """Trials of these numbers are about to be trained side by side."""

    def on_compile(self, done: int, count: int) -> None:
        """So many of the batch's shaders are compiled, of so many."""

    def on_update(self, progress: StudyProgress) -> None:
        """An epoch is done, a trial has ended, or another worker has gone on."""

    def on_wait(self, progress: StudyProgress, others: int) -> None:
        """Nothing is left to do but for trials that other workers train, so many of them."""
