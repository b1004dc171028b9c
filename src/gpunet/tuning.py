"""The search for settings, for ``gpunet.tune`` and `gpunet tune`."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from gpunet.config import TrainConfig
from gpunet.config.setting import COUNT, Range, checked
from gpunet.datasets.catalog import require_named
from gpunet.datasets.tables.options import TableOptions
from gpunet.errors import StudyError
from gpunet.search.events import Work
from gpunet.terminal.live.messages import ConsoleMessages, Warnings, messages_for
from gpunet.workflows.data import dataset_of
from gpunet.workflows.devices import find_device

if TYPE_CHECKING:
    from gpunet.search.result import Search
    from gpunet.search.space import Space
    from gpunet.search.storage import StudyStorage
    from gpunet.search.study import SearchStudy
    from gpunet.search.study_spec import StudySpec

__all__ = ["run_search", "tune"]

Sampler = Literal["tpe", "random", "grid"]
Pruner = Literal["halving", "median", "none"]


def tune(
    data: Any = "auto",
    space: Mapping[str, Any] | None = None,
    *,
    trials: int = 64,
    population: int = 16,
    timeout: float | None = None,
    sampler: Sampler = "tpe",
    pruner: Pruner = "halving",
    study: str | None = None,
    storage: str | None = None,
    device: str = "auto",
    verbose: bool = True,
    **settings: Any,
) -> Search:
    """Search for good settings, many networks side by side, and test the best one once.

    Args:
        data: as in ``train``.
        space: the search space by setting: a list of choices, or a range such as
            ``{"low": 1e-4, "high": 0.1, "log": True}``; by default layers, rates and penalties.
        trials: number of trials; for a grid all points are tried.
        population: most networks of one shape that are trained side by side.
        timeout: seconds after which the search stops.
        sampler: how trials are chosen.
        pruner: which trials end early.
        study: the study's name, by default date and time; its best model is in ``tune/NAME``, and
            ``gpunet tune --resume NAME`` resumes it.
        storage: the URL of a database that several workers share.
        device: as in ``train``.
        verbose: show a leaderboard in a terminal, lines elsewhere.
        **settings: settings of training that are not searched, such as ``epochs=20``.

    Returns:
        The search: ``best`` values, ``config``, ``model``, ``trials``.

    Raises:
        MissingExtraError: Optuna is not installed; the extra ``tune`` installs it.
        StudyError: a study of that name exists, or no trial has finished.
        UsageError: a setting or the space is invalid.

    Example:
        >>> import gpunet
        >>> found = gpunet.tune("strokes:300+100", {"hidden": [(8,), (16,)]}, trials=2, epochs=1,
        ...     sampler="grid", verbose=False)
        >>> sorted(found.best)
        ['hidden']
    """
    from gpunet.search import require_optuna

    require_optuna()
    from gpunet.search.session import new_spec
    from gpunet.search.storage import StudyStorage

    work = _work(trials, population, timeout)
    sampler, pruner = checked("sampler", sampler, Sampler), checked("pruner", pruner, Pruner)
    TrainConfig().with_settings(settings)
    spec = new_spec(settings, _space(space), "the space", sampler=sampler, pruner=pruner)
    kept = StudyStorage(storage, study or f"{datetime.now():%Y-%m-%d-%H%M%S-%f}")
    return run_search(data, spec, device, kept, work, messages_for(verbose=verbose))


def _work(trials: int, population: int, timeout: float | None) -> Work:
    """The amount of work of a search, with its numbers checked."""
    return Work(
        checked("trials", trials, int, COUNT),
        checked("population", population, int, COUNT),
        checked("timeout", timeout, float | None, Range(0, math.inf, above=True)),
    )


def run_search(
    data: Any,
    spec: StudySpec,
    device: str,
    storage: StudyStorage,
    work: Work,
    messages: ConsoleMessages | Warnings,
    study: SearchStudy | None = None,
) -> Search:
    """Search, and test the best network, for ``tune`` and the command line.

    ``study`` is a study to resume; without it, start a new one or join one in a database.

    Raises:
        StudyError: no trial has finished, or the study does not match the request.
    """
    from gpunet.search.session import best_of, settle_spec
    from gpunet.search.study import SearchStudy
    from gpunet.search.tuner import Tuner
    from gpunet.terminal.views.leaderboard import failure_lines

    require_named(data)
    choice = find_device(device, messages)
    dataset, reference = dataset_of(data, messages, TableOptions.of(spec.config))
    spec, choice = settle_spec(spec, dataset, reference, choice, work, messages)
    if study is None:
        study = SearchStudy.begin(storage, storage.folder.name, spec, join=storage.has_url)
    else:
        study.spec.require_same(spec, f"the study {study.name}")
    with contextlib.closing(study):
        work = replace(work, trials=study.total(work.trials))
        with messages.search() as observer:
            tuner = Tuner(study, choice, dataset, work, messages.control, observer)
            progress = tuner.run()
        with messages.stage("testing the best network"):
            found = best_of(study, progress, choice, dataset)
    if found is None:
        for line in failure_lines(progress):
            messages.say(line)
        raise StudyError(
            "no trial has come to an end with a finite metric, so there is no model; try lower "
            "learning rates"
            if progress.done
            else "the search was stopped before a trial was done, so there is no model"
        )
    if found.failure is not None:
        messages.complain(
            f"{found.failure}; the best network is kept, but untested; `gpunet evaluate` can test "
            "it later"
        )
    return found


def _space(space: Mapping[str, Any] | None) -> Space | None:
    """The search space of a script; ``None`` for the default space.

    Raises:
        UsageError: it has an unknown setting or an invalid value.
    """
    from gpunet.search.space import Space

    if not space:
        return None
    tables = {  # as in a space file
        name: dict(values) if isinstance(values, Mapping) else {"choices": _listed(values)}
        for name, values in space.items()
    }
    return Space.from_dict(tables, "the space")


def _listed(values: Any) -> Any:
    """Choices as in a space file; anything but a list stays, to be refused there."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        return values
    return [list(one) if isinstance(one, tuple) else one for one in values]
