"""A small dataset, a place for studies, and searches without a screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.factory import select_device
from gpunet.search.events import SearchInfo, SearchObserver, Work
from gpunet.search.space import Space
from gpunet.search.study_progress import StudyProgress
from gpunet.search.study_spec import StudySpec
from gpunet.search.tuner import Tuner
from gpunet.training.events import Control, Progress

SPACE = {
    "hidden": {"choices": ["4", "6"]},
    "learning_rate": {"low": 1e-3, "high": 0.1, "log": True},
    "dropout": {"low": 0.0, "high": 0.3},
}


class Noting(SearchObserver):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, tuple[int, ...]]] = []
        self.updates: list[StudyProgress] = []
        self.compiled: list[tuple[int, int]] = []
        self.waited = 0
        self.when_stood: Callable[[StudyProgress], None] = lambda progress: None

    def on_search_begin(self, search: SearchInfo) -> None:
        self.search = search

    def on_batch_begin(self, progress: StudyProgress, network: str, numbers: Sequence[int]) -> None:
        self.batches.append((network, tuple(numbers)))

    def on_compile(self, done: int, count: int) -> None:
        self.compiled.append((done, count))

    def on_progress(self, progress: Progress) -> None:
        self.progress = progress

    def on_update(self, progress: StudyProgress) -> None:
        self.updates.append(progress)
        self.when_stood(progress)

    def on_wait(self, progress: StudyProgress, others: int) -> None:
        self.waited += 1


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def blobs() -> Dataset:
    """Three clouds of points."""
    draws = np.random.default_rng(3)

    def samples(count: int) -> Samples:
        labels = draws.integers(0, 3, count).astype(np.int32)
        points = draws.normal(120, 40, (count, 6)) + 20 * labels[:, None]
        return Samples(np.clip(points, 0, 255).astype(np.uint8), labels)

    return Dataset("blobs", samples(90), samples(30), ("a", "b", "c"), None, "drawn here")


@pytest.fixture
def make_spec(blobs: Dataset) -> Callable[..., StudySpec]:
    """What is searched on the blobs."""

    def make(
        space: dict[str, Any] | None = None,
        sampler: str = "tpe",
        pruner: str = "none",
        **settings: Any,
    ) -> StudySpec:
        defaults = {"epochs": 3, "batch_size": 16, "validation": 20, "patience": 0}
        fixed = TrainConfig(**{**defaults, **settings})
        searched = Space.from_dict(SPACE if space is None else space, "a test")
        return StudySpec(fixed, searched, "blobs", blobs.fingerprint, sampler, pruner)

    return make


@pytest.fixture
def observer() -> Noting:
    """Remembers what it is told of a search."""
    return Noting()


@pytest.fixture
def make_tuner(blobs: Dataset) -> Callable[..., Tuner]:
    """A tuner on numpy."""

    def make(study: Any, **wishes: Any) -> Tuner:
        work = Work(wishes.get("trials", 6), wishes.get("population", 4))
        control, observer = wishes.get("control", Control()), wishes.get("observer", Noting())
        return Tuner(study, select_device("cpu"), blobs, work, control, observer)

    return make
