"""The events of a search that observers receive; importing this needs no Optuna."""

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
    """The extent of a search.

    Args:
        trials: number of trials wanted in all.
        population: most networks of one shape that are trained side by side.
        timeout: seconds after which the search stops; ``None`` for no limit.
    """

    trials: int
    population: int
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class SearchInfo:
    """Facts about a search that is about to start.

    Args:
        study: name of the study.
        storage: where the study is kept.
        device: the device that trains.
        data: name of the dataset.
        monitor: metric by which trials are compared.
        parameters: names of the searched settings.
        epochs: most epochs of a trial.
        progress: state of the study at the start.
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
        """The facts about a study on a device."""
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
    """Observer of a search; the base class does nothing.

    It is also a callback of each batch's training, and so gets that progress too.
    """

    def on_search_begin(self, search: SearchInfo) -> None:
        """The search is about to start."""

    def on_batch_begin(self, progress: StudyProgress, network: str, numbers: Sequence[int]) -> None:
        """The trials with these numbers are about to be trained side by side."""

    def on_compile(self, done: int, count: int) -> None:
        """``done`` of the batch's ``count`` shaders are compiled."""

    def on_update(self, progress: StudyProgress) -> None:
        """An epoch is done, a trial has ended, or another worker has made progress."""

    def on_wait(self, progress: StudyProgress, others: int) -> None:
        """Only trials of other workers are left; their number is given."""
