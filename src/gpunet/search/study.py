"""A study: trials asked from Optuna, claimed by workers, reported and finished.

This module decides which worker trains which trial: it counts the trials of all workers, sends
heartbeats, and retries the trials of lost workers. ``storage`` keeps a study, ``study_opening``
creates and finds it there, ``sampling`` chooses values, ``tuner`` trains.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage, RDBStorage, fail_stale_trials
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from gpunet.errors import StudyError, spelled
from gpunet.search import sampling
from gpunet.search.space import Value, grid
from gpunet.search.storage import StudyStorage, quiet
from gpunet.search.study_opening import created_study, found_study, patience, spec_of
from gpunet.search.study_progress import GIVEN_BACK, REASON, RETRY_OF, WORKER, StudyProgress
from gpunet.search.study_spec import StudySpec
from gpunet.search.worker import WORKER_NAME, is_process, on_this_host, process_of, this_worker

__all__ = ["SearchStudy"]

SESSION = "session"
"""Attribute of a trial that tells apart two processes with the same number."""

RETRIES = "retries"
"""Attribute of a trial that counts its earlier tries."""

SHAPE_CHOICE = "opens"
"""Attribute of a batch's first trial: whether its shape was ``rare`` or ``chosen``."""

ATTRIBUTE_TYPES: Mapping[str, type] = {
    **dict.fromkeys((WORKER, SESSION, SHAPE_CHOICE, REASON), str),
    **dict.fromkeys((RETRY_OF, RETRIES), int),
    GIVEN_BACK: bool,
}
"""Types of a trial's attributes."""

EXPLORING_BATCHES = 3
"""First batches, whose shapes the sampler does not choose."""

SHAPES_DRAWN = 100
"""Shapes to draw, of which the one with the fewest trials is taken."""

MAX_RETRIES = 3
"""Most retries of a trial whose worker was lost; the trial itself may be the cause."""

MIN_TRIALS_FOR_IMPORTANCE = 20
"""Fewest trials for computing importances: their best tenth is two trials."""


class SearchStudy:
    """A study as one worker sees it.

    Args:
        study: Optuna's study.
        backend: Optuna's storage.
        storage: address of the storage.
        spec: specification on which all workers agree.
        created: whether this worker created the study.

    Raises:
        StudyError: a trial has content that no worker writes.
    """

    def __init__(
        self,
        study: optuna.Study,
        backend: BaseStorage,
        storage: StudyStorage,
        spec: StudySpec,
        created: bool,
    ) -> None:
        self.name, self.storage, self.spec = study.study_name, storage, spec
        self._study, self._backend = study, backend
        self._session = secrets.token_hex(8)
        self._mine: dict[int, Trial] = {}
        self._distributions = sampling.distributions(spec.space)
        trials = study.get_trials(deepcopy=False)
        if not all(_is_sound(trial, self._distributions) for trial in trials):
            raise storage.damaged_error()
        shared = isinstance(backend, RDBStorage) and not created
        seed = sampling.seed(spec, len(trials), os.getpid() if shared else 0)
        self._sampler = sampling.sampler(spec, seed)
        self._draws = np.random.default_rng(seed)
        self._points = grid(spec.space) if spec.sampler == "grid" else None
        study.pruner = sampling.pruner(spec)

    @classmethod
    def begin(cls, storage: StudyStorage, name: str, spec: StudySpec, *, join: bool) -> SearchStudy:
        """Create a study, or open an existing one that may be joined.

        Raises:
            StudyError: a study exists that may not be joined or has another specification, the
                storage fails, or it was so slow that another worker took this one for dead.
        """
        with storage.translate_errors(), quiet():
            storage.folder.mkdir(parents=True, exist_ok=True)
            backend = storage.open(_retry)
            study = found_study(backend, storage, name)
            if study is not None and not join:
                raise StudyError(
                    f"there is a study {name} in {storage}; resume it by "
                    f"{spelled('resume', name)}, or choose another {spelled('study')}"
                )
            created = False
            if study is None:
                study, created = created_study(backend, storage, name, spec)
            known = spec if created else spec_of(study, storage)
            known.require_same(spec, f"the study {name}")
            return cls(study, backend, storage, known, created)

    @classmethod
    def resume(cls, storage: StudyStorage, name: str) -> SearchStudy:
        """Open an existing study.

        Raises:
            StudyError: there is no such study, or the storage fails.
        """
        with storage.translate_errors(), quiet():
            backend = storage.open(_retry) if storage.exists else None
            study = None if backend is None else found_study(backend, storage, name)
            if backend is None or study is None:
                raise StudyError(
                    f"there is no study {name} in {storage}; start it with {spelled('study')}"
                ) from FileNotFoundError(name)
            return cls(study, backend, storage, spec_of(study, storage), created=False)

    def close(self) -> None:
        """Close the connections to the storage."""
        self._backend.remove_session()
        if isinstance(self._backend, RDBStorage):
            self._backend.engine.dispose()

    def progress(self, total: int) -> StudyProgress:
        """Progress of the study, with the trials of all workers."""
        with self.storage.translate_errors():
            trials = self._study.get_trials(deepcopy=False)
        return StudyProgress.of(trials, self.total(total), self.spec.maximize)

    def total(self, wanted: int) -> int:
        """Number of trials in all; for a grid, the number of its points."""
        return wanted if self._points is None else len(self._points)

    def claim(self, size: int, wanted: int) -> list[Trial]:
        """Up to ``size`` trials for this worker; none once the study has its ``wanted`` trials.

        New trials share the values that a population must have in common.
        """
        with self.storage.translate_errors(), quiet():
            self._recover()
            total = self.total(wanted)
            trials = self._study.get_trials(deepcopy=False)
            waiting = sum(trial.state == TrialState.WAITING for trial in trials)
            new = max(0, total - sum(map(_original, trials)))
            group = self._rare_group(trials)
            claimed: list[Trial] = []
            while len(claimed) < min(size, waiting + new):
                trial = self._ask(total, group)
                if trial is None:
                    break
                claimed.append(trial)
                if len(claimed) == 1:
                    if RETRY_OF not in trial.user_attrs:
                        with self._own(trial):
                            trial.set_user_attr(SHAPE_CHOICE, "rare" if group else "chosen")
                    group = {name: trial.params[name] for name in self.spec.space.shared}
            return claimed

    def _rare_group(self, trials: Sequence[FrozenTrial]) -> dict[str, Value]:
        """The shared values of the next population, unless the sampler should choose them.

        A batch tries a single shape, and a sampler that has seen good trials of only one shape
        stays with it. So the first batches, and every second one after them, take a shape that few
        trials had.
        """
        shared = [one for one in self.spec.space.parameters if one.shared]
        opened = Counter(trial.user_attrs.get(SHAPE_CHOICE) for trial in trials)
        if not shared or self.spec.sampler != "tpe":
            return {}
        if opened["rare"] - EXPLORING_BATCHES >= opened["chosen"]:
            return {}
        known = Counter(tuple(trial.params.get(one.name) for one in shared) for trial in trials)
        drawn = [tuple(one.draw(self._draws) for one in shared) for _ in range(SHAPES_DRAWN)]
        rarest = min(drawn, key=lambda group: known[group])
        return dict(zip((one.name for one in shared), rarest, strict=True))

    def _ask(self, total: int, group: Mapping[str, Value]) -> Trial | None:
        """A new trial of this worker with these values; ``None`` if the study has enough trials.

        Trial numbers only grow: of several workers that ask at once, those get a trial whose number
        is among the first ``total``.
        """
        while True:
            with suppress(optuna.exceptions.UpdateFinishedTrialError):
                return self._ask_once(total, group)
            # This worker was suspended meanwhile, and others took it for dead.

    def _ask_once(self, total: int, group: Mapping[str, Value]) -> Trial | None:
        fixed = optuna.samplers.PartialFixedSampler(dict(group), self._sampler)
        self._study.sampler = fixed if group else self._sampler
        trial = self._study.ask()
        self._mine[trial.number] = trial
        self._beat(trial)
        trial.set_user_attr(WORKER, this_worker())
        trial.set_user_attr(SESSION, self._session)
        position = _position(trial, self._study.get_trials(deepcopy=False))
        if position >= total and RETRY_OF not in trial.user_attrs:
            trial.set_user_attr(GIVEN_BACK, True)
            self._end(trial, TrialState.FAIL)
            return None
        if self._points is not None:
            point = self._points[position]
            self._study.sampler = optuna.samplers.PartialFixedSampler(point, self._sampler)
        for name, distribution in self._distributions.items():
            sampling.suggest(trial, name, distribution)
        return trial

    def report(self, trial: Trial, epoch: int, metric: float) -> None:
        """Report the monitored metric after an epoch."""
        if np.isfinite(metric):
            with self._own(trial):
                trial.report(metric, epoch)

    def should_prune(self, trial: Trial) -> bool:
        """Whether the trial should end now: others are better, or another worker has taken it."""
        pruned = False
        with self._own(trial):
            pruned = trial.should_prune()
        return pruned or trial.number not in self._mine

    def complete(self, trial: Trial, metric: float, reason: str) -> None:
        """Record that the trial has finished by itself."""
        self._finish(trial, TrialState.COMPLETE, reason, metric)

    def prune(self, trial: Trial, reason: str) -> None:
        """Record that the trial was stopped early; its last reported metric is its result.

        A trial without a metric counts as worse than all others. It is not marked as failed,
        because Optuna's samplers do not learn from failed trials.
        """
        self._finish(trial, TrialState.PRUNED, reason)

    def release(self, trials: Sequence[Trial]) -> None:
        """Give up those of these trials that are not finished; any worker may try them again."""
        for trial in trials:
            if trial.number in self._mine:
                self._finish(trial, TrialState.FAIL, "not trained")
                with self.storage.translate_errors(), suppress(KeyError):
                    _retry(self._study, self._study.trials[trial.number])

    def _finish(
        self, trial: Trial, state: TrialState, reason: str, metric: float | None = None
    ) -> None:
        if trial.number in self._mine:
            with self._own(trial):
                trial.set_user_attr(REASON, reason)
                self._end(trial, state, metric)

    def _end(self, trial: Trial, state: TrialState, metric: float | None = None) -> None:
        self._study.tell(trial, metric, state, skip_if_finished=True)
        self._mine.pop(trial.number, None)

    @contextmanager
    def _own(self, trial: Trial) -> Iterator[None]:
        """Forget a trial that others took for lost: it has ended here and is theirs now."""
        with self.storage.translate_errors():
            try:
                yield
            except optuna.exceptions.UpdateFinishedTrialError:
                self._mine.pop(trial.number, None)

    def others_at_work(self) -> int:
        """Number of trials that other workers are training, if their end can be noticed."""
        with self.storage.translate_errors():
            trials = self._study.get_trials(deepcopy=False, states=[TrialState.RUNNING])
        beats = isinstance(self._backend, RDBStorage)
        workers = [trial.user_attrs.get(WORKER) for trial in trials]
        return sum(beats or worker is None or on_this_host(worker) for worker in workers)

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Send heartbeats for this worker's trials while the context is open."""
        closing = threading.Event()
        thread = threading.Thread(target=self._beat_until, args=[closing], daemon=True)
        thread.start()
        try:
            yield
        finally:
            closing.set()
            thread.join()

    def _beat_until(self, closing: threading.Event) -> None:
        while not closing.wait(self.storage.heartbeat):
            for trial in list(self._mine.values()):
                with suppress(Exception):  # the worker itself will notice that the storage fails
                    self._beat(trial)

    def _beat(self, trial: Trial) -> None:
        if isinstance(self._backend, RDBStorage):
            self._backend.record_heartbeat(trial._trial_id)

    def _recover(self) -> None:
        """Retry the trials whose worker is gone."""
        fail_stale_trials(self._study)
        for trial in self._study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
            if trial.number not in self._mine and self._is_orphan(trial):
                try:
                    self._study.tell(trial.number, state=TrialState.FAIL)
                except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
                    continue  # another worker was faster and has retried it
                _retry(self._study, trial)

    def _is_orphan(self, trial: FrozenTrial) -> bool:
        worker = trial.user_attrs.get(WORKER)
        if worker is None:  # its worker was killed within ``_ask_once``
            most = timedelta(seconds=patience(self._backend, self.storage))
            begun = trial.datetime_start
            return begun is not None and datetime.now() - begun > most
        if worker == this_worker():
            return bool(trial.user_attrs.get(SESSION) != self._session)
        return on_this_host(worker) and not is_process(process_of(worker))

    def importances(self) -> dict[str, float]:
        """How much each parameter decides whether a trial is among the best tenth; sums to 1.

        By PED-ANOVA (Watanabe et al. 2023, arXiv 2304.10255). Empty if there are too few trials.
        Trials that were ended early count with the metric that they had reached.
        """
        ended = [one for one in self.progress(0).trials if one.figure is not None and one.ended]
        if len(ended) < MIN_TRIALS_FOR_IMPORTANCE:
            return {}
        with quiet():
            reached = optuna.create_study(direction=self._study.direction)
            reached.add_trials(
                create_trial(
                    params=dict(one.values), distributions=self._distributions, value=one.figure
                )
                for one in ended
            )
            evaluator = optuna.importance.PedAnovaImportanceEvaluator()
            found = optuna.importance.get_param_importances(reached, evaluator=evaluator)
        return found if sum(found.values()) > 0 else {}


def _is_sound(trial: FrozenTrial, distributions: Mapping[str, BaseDistribution]) -> bool:
    """Whether a trial holds what a worker writes, rather than the content of a damaged file."""
    attributes = trial.user_attrs
    return (
        all(isinstance(one, float) for one in trial.intermediate_values.values())
        and all(isinstance(one, float) for one in trial.values or ())
        and all(isinstance(epoch, int) for epoch in trial.intermediate_values)
        and all(isinstance(attributes.get(name, of()), of) for name, of in ATTRIBUTE_TYPES.items())
        and 0 <= attributes.get(RETRY_OF, 0) < max(1, trial.number)
        and bool(WORKER_NAME.fullmatch(attributes.get(WORKER, ":0")))
        and all(trial.distributions.get(name, one) == one for name, one in distributions.items())
    )


def _original(trial: FrozenTrial) -> bool:
    """Whether a trial counts; retries, and trials beyond the total, do not."""
    return RETRY_OF not in trial.user_attrs and GIVEN_BACK not in trial.user_attrs


def _position(trial: Trial, trials: Sequence[FrozenTrial]) -> int:
    """Number of counted trials before this one, or before the trial that it retries.

    It never changes, and so selects the trial's point of a grid.
    """
    number = trial.number
    notes = trial.user_attrs
    while RETRY_OF in notes:
        number = notes[RETRY_OF]
        notes = trials[number].user_attrs
    return sum(_original(one) and one.number < number for one in trials)


def _retry(study: optuna.Study, lost: FrozenTrial) -> None:
    """Retry a failed trial with the same values."""
    retries = lost.user_attrs.get(RETRIES, 0) + 1
    if retries > MAX_RETRIES or GIVEN_BACK in lost.user_attrs:
        return
    study.add_trial(
        create_trial(
            state=TrialState.WAITING,
            params=lost.params,
            distributions=lost.distributions,
            user_attrs={RETRY_OF: lost.number, RETRIES: retries},
        )
    )
