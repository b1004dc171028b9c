"""A study: trials asked from Optuna, claimed by workers, reported and told.

Owns who may train which trial: the count over all workers, signs of life, and that a trial whose
worker is gone is tried again. Where it is kept belongs to ``storage``, how values are chosen to
``sampling``, the training to ``tuner``.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage, fail_stale_trials
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from gpunet.errors import StudyError, spelled
from gpunet.search import sampling
from gpunet.search.space import Parameter, Space, Value, grid
from gpunet.search.storage import StudyStorage, quiet
from gpunet.search.study_progress import GIVEN_BACK, REASON, RETRY_OF, WORKER, StudyProgress
from gpunet.search.study_spec import StudySpec
from gpunet.search.worker import WORKER_NAME, is_process, on_this_host, process_of, this_worker

__all__ = ["Candidate", "SearchStudy"]

SPEC_NOTE = "gpunet"
"""The study's note of what is searched, and how."""

MAKING = 5.0
"""Seconds after which what lacks its note in a journal, a study or a trial, was left by a worker
that died. In a database it may be far away, and slow."""

SESSION = "session"
"""The trial's note that tells two processes apart that were given the same number."""

RETRIES = "retries"

OPENS = "opens"
"""The note with a batch's first trial: whether its shape was one that few had, or was chosen."""

NOTES: Mapping[str, type] = {
    **dict.fromkeys((WORKER, SESSION, OPENS, REASON), str),
    **dict.fromkeys((RETRY_OF, RETRIES), int),
    GIVEN_BACK: bool,
}
"""The kinds of what is noted with a trial."""

FIRST_SHAPES, SHAPES_DRAWN = 3, 100
"""Batches whose shapes are not left to the sampler, and the shapes that the rarest is taken of."""

MOST_RETRIES = 3
"""A trial that has brought down its worker so many times is left alone."""

ENOUGH = 20
"""Trials from which something can be said of what mattered: their best tenth are two."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A trial that this worker is to train.

    Args:
        trial: Optuna's.
        values: of the parameters.
    """

    trial: Trial
    values: Mapping[str, Value]

    @property
    def number(self) -> int:
        """In the study, counted from 0."""
        return self.trial.number


class SearchStudy:
    """A study as one worker sees it.

    Args:
        study: Optuna's.
        storage: where it is kept.
        storage: the same, for messages.
        spec: what all workers agree on.
        created: whether this worker has made it.

    Raises:
        StudyError: a trial holds what no worker writes.
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
        trials = study.get_trials(deepcopy=False)
        if not all(_is_sound(trial, spec.space) for trial in trials):
            raise storage.damaged_error()
        known = len(trials)
        shared = isinstance(backend, RDBStorage) and not created
        seed = sampling.seed(spec, known, os.getpid() if shared else 0)
        self._sampler = sampling.sampler(spec, seed)
        self._draws = np.random.default_rng(seed)
        self._points = grid(spec.space) if spec.sampler == "grid" else None
        study.pruner = sampling.pruner(spec)

    @classmethod
    def begin(cls, storage: StudyStorage, name: str, spec: StudySpec, *, join: bool) -> SearchStudy:
        """A new study, or one that there is if it may be joined.

        Raises:
            StudyError: there is one that may not be joined or has another spec, the storage
                fails, or it was so slow that another worker took this one for dead.
        """
        with storage.translate_errors(), quiet():
            storage.folder.mkdir(parents=True, exist_ok=True)
            backend = storage.open(_retry)
            if (found := _found(backend, storage, name)) is not None:
                if not join:
                    raise StudyError(
                        f"there is a study {name} in {storage}; go on with it by "
                        f"{spelled('resume', name)}, or choose another {spelled('study')}"
                    )
                return cls._joined(storage, found, backend, spec)
            directions = optuna.study.StudyDirection
            direction = directions.MAXIMIZE if spec.maximize else directions.MINIMIZE
            try:
                study = optuna.create_study(storage=backend, study_name=name, direction=direction)
            except optuna.exceptions.DuplicatedStudyError:  # another worker was faster
                study = optuna.load_study(storage=backend, study_name=name)
                return cls._joined(storage, study, backend, spec)
            try:
                study.set_user_attr(SPEC_NOTE, spec.to_dict(storage.folder))
            except KeyError:
                raise StudyError(
                    f"{storage} took so long that another worker took this one for dead and "
                    f"removed the study {name}; run the command again"
                ) from None
            return cls(study, backend, storage, spec, created=True)

    @classmethod
    def resume(cls, storage: StudyStorage, name: str) -> SearchStudy:
        """A study that there is.

        Raises:
            StudyError: there is none, or the storage fails.
        """
        with storage.translate_errors(), quiet():
            backend = storage.open(_retry) if storage.exists else None
            study = None if backend is None else _found(backend, storage, name)
            if backend is None or study is None:
                raise StudyError(
                    f"there is no study {name} in {storage}; start it with {spelled('study')}"
                )
            return cls(study, backend, storage, _noted_spec(study, storage), created=False)

    @classmethod
    def _joined(
        cls, storage: StudyStorage, study: optuna.Study, backend: BaseStorage, wanted: StudySpec
    ) -> SearchStudy:
        spec = _noted_spec(study, storage)
        spec.require_same(wanted, f"the study {study.study_name}")
        return cls(study, backend, storage, spec, created=False)

    def close(self) -> None:
        """Let go of the storage's connections."""
        self._backend.remove_session()
        if isinstance(self._backend, RDBStorage):
            self._backend.engine.dispose()

    def progress(self, total: int) -> StudyProgress:
        """Where the study stands, all workers' trials counted."""
        with self.storage.translate_errors():
            trials = self._study.get_trials(deepcopy=False)
        return StudyProgress.of(trials, self.total(total), self.spec.maximize)

    def total(self, wanted: int) -> int:
        """Trials in all; a grid has as many as it has points."""
        return wanted if self._points is None else len(self._points)

    def claim(self, size: int, wanted: int) -> list[Candidate]:
        """At most ``size`` trials for this worker, none if the study has its ``wanted`` trials.

        Those that are new have in common what a population must.
        """
        with self.storage.translate_errors(), quiet():
            self._recover()
            total = self.total(wanted)
            trials = self._study.get_trials(deepcopy=False)
            waiting = sum(trial.state == TrialState.WAITING for trial in trials)
            new = max(0, total - sum(map(_original, trials)))
            group = self._rare_group(trials)
            claimed: list[Candidate] = []
            while len(claimed) < min(size, waiting + new):
                candidate = self._ask(total, group)
                if candidate is None:
                    break
                claimed.append(candidate)
                if len(claimed) > 1:
                    continue
                if RETRY_OF not in candidate.trial.user_attrs:
                    with self._unless_lost(candidate):
                        candidate.trial.set_user_attr(OPENS, "rare" if group else "chosen")
                group = {name: candidate.values[name] for name in self.spec.space.shared}
            return claimed

    def _rare_group(self, trials: Sequence[FrozenTrial]) -> dict[str, Value]:
        """What a population is to have in common, if that is not left to the sampler.

        A whole batch tells of one shape only, and a sampler that has seen good trials of one shape
        alone stays with it. So the first batches, and of the later ones every other, are of a shape
        that few trials had.
        """
        shared = [one for one in self._parameters if one.shared]
        opened = Counter(trial.user_attrs.get(OPENS) for trial in trials)
        if not shared or self.spec.sampler != "tpe":
            return {}
        if opened["rare"] - FIRST_SHAPES >= opened["chosen"]:
            return {}
        known = Counter(tuple(trial.params.get(one.name) for one in shared) for trial in trials)
        drawn = [tuple(one.draw(self._draws) for one in shared) for _ in range(SHAPES_DRAWN)]
        rarest = min(drawn, key=lambda group: known[group])
        return dict(zip((one.name for one in shared), rarest, strict=True))

    def _ask(self, total: int, group: Mapping[str, Value]) -> Candidate | None:
        """A trial of this worker's with these values; ``None`` if the study has enough without it.

        Numbers only grow, so that of several workers that ask at once those get a trial whose
        number is among the first ``total``.
        """
        while True:
            with suppress(optuna.exceptions.UpdateFinishedTrialError):
                return self._ask_once(total, group)
            # This worker was halted in the midst of it, so that others took it for dead.

    def _ask_once(self, total: int, group: Mapping[str, Value]) -> Candidate | None:
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
        return Candidate(
            trial, {one.name: sampling.suggest(trial, one) for one in self._parameters}
        )

    @property
    def _parameters(self) -> Sequence[Parameter]:
        return self.spec.space.parameters

    def report(self, candidate: Candidate, epoch: int, figure: float) -> None:
        """Note the monitored figure of an epoch."""
        if self._is_mine(candidate) and np.isfinite(figure):
            with self.storage.translate_errors(), self._unless_lost(candidate):
                candidate.trial.report(figure, epoch)

    def should_prune(self, candidate: Candidate) -> bool:
        """Whether the trial is to end here, since others are better or another worker has it."""
        if not self._is_mine(candidate):
            return True
        hopeless = False
        with self.storage.translate_errors(), self._unless_lost(candidate):
            hopeless = candidate.trial.should_prune()
        return hopeless or not self._is_mine(candidate)

    def complete(self, candidate: Candidate, figure: float, reason: str) -> None:
        """The trial has come to its own end."""
        self._finish(candidate, TrialState.COMPLETE, reason, figure)

    def prune(self, candidate: Candidate, reason: str) -> None:
        """The trial was ended; its last figure stands.

        One without a figure came to nothing. It is no failure of Optuna's, from which a sampler
        would not learn, but counts as worse than all others.
        """
        self._finish(candidate, TrialState.PRUNED, reason)

    def release(self, candidates: Sequence[Candidate]) -> None:
        """Let these trials, as far as they are not finished, be tried again by whoever goes on."""
        for candidate in candidates:
            if not self._is_mine(candidate):
                continue
            self._finish(candidate, TrialState.FAIL, "not trained")
            with self.storage.translate_errors(), suppress(KeyError):
                _retry(self._study, self._study.trials[candidate.number])

    def _finish(
        self, candidate: Candidate, state: TrialState, reason: str, figure: float | None = None
    ) -> None:
        if self._is_mine(candidate):
            with self.storage.translate_errors(), self._unless_lost(candidate):
                candidate.trial.set_user_attr(REASON, reason)
                self._end(candidate.trial, state, figure)

    def _end(self, trial: Trial, state: TrialState, figure: float | None = None) -> None:
        self._study.tell(trial, figure, state, skip_if_finished=True)
        self._mine.pop(trial.number, None)

    def _is_mine(self, candidate: Candidate) -> bool:
        return candidate.number in self._mine

    @contextmanager
    def _unless_lost(self, candidate: Candidate) -> Iterator[None]:
        """Let go of a trial that others took for lost, and that is theirs now."""
        try:
            yield
        except optuna.exceptions.UpdateFinishedTrialError:
            self._mine.pop(candidate.number, None)

    def others_at_work(self) -> int:
        """Trials that other workers train, as far as their end can be known."""
        with self.storage.translate_errors():
            trials = self._study.get_trials(deepcopy=False, states=[TrialState.RUNNING])
        beats = isinstance(self._backend, RDBStorage)
        return sum(
            beats
            or on_this_host(trial.user_attrs.get(WORKER, ""))
            or WORKER not in trial.user_attrs
            for trial in trials
        )

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Give signs of life for this worker's trials while the context is open."""
        if not isinstance(self._backend, RDBStorage):
            yield
            return
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
            study = self._backend.get_study_id_from_name(self.name)
            number = trial.number
            identity = self._backend.get_trial_id_from_study_id_trial_number(study, number)
            self._backend.record_heartbeat(identity)

    def _recover(self) -> None:
        """Have the trials tried again whose worker is gone."""
        fail_stale_trials(self._study)
        for trial in self._study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
            if trial.number not in self._mine and self._is_orphan(trial):
                try:
                    self._study.tell(trial.number, state=TrialState.FAIL)
                except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
                    continue  # another worker was faster, and has it tried again
                _retry(self._study, trial)

    def _is_orphan(self, trial: FrozenTrial) -> bool:
        if WORKER not in trial.user_attrs:  # killed between two lines of ``_ask``
            patience = timedelta(seconds=_patience(self._backend, self.storage))
            begun = trial.datetime_start
            return begun is not None and datetime.now() - begun > patience
        if not on_this_host(trial.user_attrs.get(WORKER, "")):
            return False
        process = process_of(trial.user_attrs[WORKER])
        if process == os.getpid():
            return bool(trial.user_attrs.get(SESSION) != self._session)
        return not is_process(process)

    def importances(self) -> dict[str, float]:
        """The share of each parameter in who is among the best tenth; empty where too few tell.

        By PED-ANOVA (Watanabe et al. 2023, arXiv 2304.10255). Trials that were ended early count
        with what they had reached.
        """
        ended = [one for one in self.progress(0).trials if one.figure is not None and one.ended]
        if len(ended) < ENOUGH:
            return {}
        distributions = {one.name: sampling.distribution(one) for one in self._parameters}
        with quiet():
            told = optuna.create_study(direction=self._study.direction)
            for trial in ended:
                told.add_trial(
                    create_trial(
                        params=dict(trial.values), distributions=distributions, value=trial.figure
                    )
                )
            evaluator = optuna.importance.PedAnovaImportanceEvaluator()
            found = optuna.importance.get_param_importances(told, evaluator=evaluator)
        return found if sum(found.values()) > 0 else {}


def _found(backend: BaseStorage, storage: StudyStorage, name: str) -> optuna.Study | None:
    """The study; one that its maker left empty when it was killed is removed."""
    if name not in optuna.get_all_study_names(backend):
        return None
    study = optuna.load_study(storage=backend, study_name=name)
    if study.get_trials(deepcopy=False) or _is_noted(study, _patience(backend, storage)):
        return study
    with suppress(KeyError):  # another worker was faster
        backend.delete_study(study._study_id)
    return None


def _patience(backend: BaseStorage, storage: StudyStorage) -> float:
    """Seconds after which a worker that has begun to note something has died."""
    return MAKING if isinstance(backend, JournalStorage) else float(storage.patience)


def _noted_spec(study: optuna.Study, storage: StudyStorage) -> StudySpec:
    """What the study's maker has noted."""
    _is_noted(study, MAKING)
    source = f"the study {study.study_name}"
    return StudySpec.from_dict(study.user_attrs.get(SPEC_NOTE, {}), source, storage.folder)


def _is_noted(study: optuna.Study, patience: float) -> bool:
    """Whether the study has its specification; waited for, should it have been made just now."""
    deadline = time.monotonic() + patience
    while SPEC_NOTE not in study.user_attrs:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _is_sound(trial: FrozenTrial, space: Space) -> bool:
    """Whether a trial holds what a worker writes, and not what a damaged file makes of it."""
    figures = [*trial.intermediate_values.values(), *(trial.values or ())]
    notes = ((trial.user_attrs.get(name, kind()), kind) for name, kind in NOTES.items())
    return (
        all(isinstance(figure, float) for figure in figures)
        and all(isinstance(epoch, int) for epoch in trial.intermediate_values)
        and all(isinstance(note, kind) for note, kind in notes)
        and 0 <= trial.user_attrs.get(RETRY_OF, 0) < max(1, trial.number)
        and bool(WORKER_NAME.fullmatch(trial.user_attrs.get(WORKER, ":0")))
        and all(_is_of(trial, parameter) for parameter in space.parameters)
    )


def _is_of(trial: FrozenTrial, parameter: Parameter) -> bool:
    """Whether a trial's value of a parameter, if it has one, is what that may be."""
    found = trial.distributions.get(parameter.name)
    return found is None or found == sampling.distribution(parameter)


def _original(trial: FrozenTrial) -> bool:
    """Whether a trial counts: one that repeats another, or was asked beyond the total, does not."""
    return RETRY_OF not in trial.user_attrs and GIVEN_BACK not in trial.user_attrs


def _position(trial: Trial, trials: Sequence[FrozenTrial]) -> int:
    """How many trials that count were asked before this one, or before the one that it repeats.

    It never changes, so that it says which point of a grid is the trial's.
    """
    number = trial.number
    notes = trial.user_attrs
    while RETRY_OF in notes:
        number = notes[RETRY_OF]
        notes = trials[number].user_attrs
    return sum(_original(one) and one.number < number for one in trials)


def _retry(study: optuna.Study, lost: FrozenTrial) -> None:
    """Have a failed trial tried again, with the same values."""
    retries = lost.user_attrs.get(RETRIES, 0) + 1
    if retries > MOST_RETRIES or GIVEN_BACK in lost.user_attrs:
        return
    study.add_trial(
        create_trial(
            state=TrialState.WAITING,
            params=lost.params,
            distributions=lost.distributions,
            user_attrs={RETRY_OF: lost.number, RETRIES: retries},
        )
    )
