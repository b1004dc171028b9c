"""The progress of a search: its trials, the best first, and how many are done.

Screens, reports and the search itself use these facts about a study's trials. They are made from
Optuna's trials but do not need Optuna.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gpunet.search.space import Value

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

__all__ = ["GIVEN_BACK", "REASON", "RETRY_OF", "WORKER", "State", "StudyProgress", "TrialSummary"]

State = Literal["running", "waiting", "complete", "pruned", "failed"]

WORKER, RETRY_OF, GIVEN_BACK, REASON = "worker", "retry_of", "given_back", "reason"
"""Attributes of a trial: the worker that trains it, the number of the lost trial that it retries,
whether it is beyond the study's total, and why it ended."""

STATES: Mapping[str, State] = {
    "RUNNING": "running",
    "WAITING": "waiting",
    "COMPLETE": "complete",
    "PRUNED": "pruned",
    "FAIL": "failed",
}


@dataclass(frozen=True, slots=True)
class TrialSummary:
    """One trial.

    Args:
        number: number in the study, counted from 0.
        state: whether it is running or how it ended.
        values: values of the parameters, by name.
        curve: monitored metric after every epoch.
        figure: best metric; ``None`` before the first epoch.
        reason: why it ended; empty while it runs.
        worker: host and process that train it.
    """

    number: int
    state: State
    values: Mapping[str, Value]
    curve: tuple[float, ...]
    figure: float | None
    reason: str
    worker: str

    @property
    def ended(self) -> bool:
        """Whether the trial has ended."""
        return self.state not in ("running", "waiting")


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """The progress of a search.

    Args:
        trials: best first, those without a metric last; a retried trial is left out.
        total: number of trials wanted, or of those that exist if there are more.
        maximize: whether a larger metric is better.
    """

    trials: tuple[TrialSummary, ...]
    total: int
    maximize: bool

    @property
    def best(self) -> TrialSummary | None:
        """The best of the trials that have ended with a metric."""
        return self.best_with(())

    def best_with(self, numbers: Collection[int]) -> TrialSummary | None:
        """The best trial if the trials with these numbers count as ended."""
        for trial in self.trials:
            ended = trial.state in ("complete", "pruned") or trial.number in numbers
            if ended and trial.figure is not None:
                return trial
        return None

    @property
    def done(self) -> int:
        """Number of trials that have ended."""
        return sum(trial.ended for trial in self.trials)

    def count(self, state: State) -> int:
        """Number of trials in a state."""
        return sum(trial.state == state for trial in self.trials)

    @classmethod
    def of(cls, trials: Sequence[FrozenTrial], total: int, maximize: bool) -> StudyProgress:
        """The progress of a study, from Optuna's trials."""
        repeated = {trial.user_attrs.get(RETRY_OF) for trial in trials}
        summaries = [
            _summary(trial, maximize)
            for trial in trials
            if not (trial.state.name == "FAIL" and trial.number in repeated)
            and GIVEN_BACK not in trial.user_attrs
        ]
        sign = -1 if maximize else 1

        def rank(one: TrialSummary) -> tuple[float, int]:
            return math.inf if one.figure is None else sign * one.figure, one.number

        return cls(tuple(sorted(summaries, key=rank)), max(total, len(summaries)), maximize)


def _summary(trial: FrozenTrial, maximize: bool) -> TrialSummary:
    curve = tuple(metric for _, metric in sorted(trial.intermediate_values.items()))
    finite = [metric for metric in curve if math.isfinite(metric)]
    reason = trial.user_attrs.get(REASON, "")
    state = STATES[trial.state.name]
    return TrialSummary(
        number=trial.number,
        state="failed" if state == "pruned" and not finite else state,
        values=dict(trial.params),
        curve=curve,
        figure=(max(finite) if maximize else min(finite)) if finite else None,
        reason=reason or ("its worker was lost" if trial.state.name == "FAIL" else ""),
        worker=trial.user_attrs.get(WORKER, ""),
    )
