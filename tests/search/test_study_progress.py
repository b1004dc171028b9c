"""Where a search stands: which trial is the best, and what is counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from gpunet.search.study_progress import GIVEN_BACK, REASON, RETRY_OF, StudyProgress


def trials_with(
    *curves: Sequence[float], state: TrialState = TrialState.PRUNED, **notes: Any
) -> list[FrozenTrial]:
    """A study's trials, one for each curve of figures."""
    study = optuna.create_study()
    for curve in curves:
        study.add_trial(
            create_trial(
                state=state,
                intermediate_values=dict(enumerate(curve, start=1)),
                value=curve[-1] if state == TrialState.COMPLETE else None,
                user_attrs=notes,
            )
        )
    return study.trials


def numbers(progress: StudyProgress) -> list[int]:
    return [trial.number for trial in progress.trials]


def test_a_trial_ranks_by_its_best_epoch_and_not_by_its_latest() -> None:
    trials = trials_with([0.5, 0.2, 0.9], [0.4, 0.3, 0.3])
    losses, accuracies = (StudyProgress.of(trials, 2, maximize) for maximize in (False, True))
    assert numbers(losses) == [0, 1]
    assert [trial.figure for trial in losses.trials] == [0.2, 0.3]
    assert numbers(accuracies) == [0, 1]
    assert [trial.figure for trial in accuracies.trials] == [0.9, 0.4]


def test_figures_that_are_not_finite_make_no_trial_the_best() -> None:
    progress = StudyProgress.of(trials_with([-math.inf, 0.5], [0.4], [math.nan]), 3, False)
    assert numbers(progress) == [1, 0, 2]
    assert [trial.figure for trial in progress.trials] == [0.4, 0.5, None]
    assert progress.trials[2].state == "failed"


def test_of_two_equal_trials_the_earlier_one_is_the_best() -> None:
    assert numbers(StudyProgress.of(trials_with([0.5], [0.3], [0.3]), 3, False)) == [1, 2, 0]


def test_a_running_trial_is_not_the_best_unless_it_is_about_to_end() -> None:
    trials = trials_with([0.1], state=TrialState.RUNNING)
    progress = StudyProgress.of(trials, 1, False)
    assert progress.best is None
    assert progress.best_with([0]) == progress.trials[0]
    assert progress.done == 0


def test_a_lost_trial_that_was_repeated_is_left_out() -> None:
    study = optuna.create_study()
    study.add_trial(create_trial(state=TrialState.FAIL))
    study.add_trial(create_trial(state=TrialState.PRUNED, user_attrs={RETRY_OF: 0}))
    assert numbers(StudyProgress.of(study.trials, 1, False)) == [1]


def test_a_trial_asked_beyond_the_total_is_left_out() -> None:
    trials = trials_with([0.3], state=TrialState.FAIL, **{GIVEN_BACK: True})
    assert StudyProgress.of(trials, 4, False) == StudyProgress((), 4, False)


@pytest.mark.parametrize(
    ("notes", "reason"), [({REASON: "diverged in epoch 2"}, "diverged in epoch 2"), ({}, "lost")]
)
def test_a_failed_trial_says_why(notes: dict[str, str], reason: str) -> None:
    (trial,) = StudyProgress.of(trials_with([0.3], state=TrialState.FAIL, **notes), 1, False).trials
    assert reason in trial.reason
    assert trial.ended


def test_the_total_grows_with_the_trials_that_there_are() -> None:
    trials = trials_with([0.3], [0.2], [0.1], state=TrialState.COMPLETE)
    assert [StudyProgress.of(trials, total, False).total for total in (2, 5)] == [3, 5]
    assert StudyProgress.of(trials, 5, False).count("complete") == 3
