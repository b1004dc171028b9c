"""Where a search stands: which trial is the best, and what is counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from gpunet.search.standing import GIVEN_BACK, REASON, RETRY_OF, Standing


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


def numbers(standing: Standing) -> list[int]:
    return [entry.number for entry in standing.entries]


def test_a_trial_ranks_by_its_best_epoch_and_not_by_its_latest() -> None:
    trials = trials_with([0.5, 0.2, 0.9], [0.4, 0.3, 0.3])
    losses, accuracies = (Standing.of(trials, 2, maximize) for maximize in (False, True))
    assert numbers(losses) == [0, 1]
    assert [entry.figure for entry in losses.entries] == [0.2, 0.3]
    assert numbers(accuracies) == [0, 1]
    assert [entry.figure for entry in accuracies.entries] == [0.9, 0.4]


def test_figures_that_are_not_finite_make_no_trial_the_best() -> None:
    standing = Standing.of(trials_with([-math.inf, 0.5], [0.4], [math.nan]), 3, False)
    assert numbers(standing) == [1, 0, 2]
    assert [entry.figure for entry in standing.entries] == [0.4, 0.5, None]
    assert standing.entries[2].state == "failed"


def test_of_two_equal_trials_the_earlier_one_is_the_best() -> None:
    assert numbers(Standing.of(trials_with([0.5], [0.3], [0.3]), 3, False)) == [1, 2, 0]


def test_a_running_trial_is_not_the_best_unless_it_is_about_to_end() -> None:
    trials = trials_with([0.1], state=TrialState.RUNNING)
    standing = Standing.of(trials, 1, False)
    assert standing.best is None
    assert standing.best_with([0]) == standing.entries[0]
    assert standing.done == 0


def test_a_lost_trial_that_was_repeated_is_left_out() -> None:
    study = optuna.create_study()
    study.add_trial(create_trial(state=TrialState.FAIL))
    study.add_trial(create_trial(state=TrialState.PRUNED, user_attrs={RETRY_OF: 0}))
    assert numbers(Standing.of(study.trials, 1, False)) == [1]


def test_a_trial_asked_beyond_the_total_is_left_out() -> None:
    trials = trials_with([0.3], state=TrialState.FAIL, **{GIVEN_BACK: True})
    assert Standing.of(trials, 4, False) == Standing((), 4, False)


@pytest.mark.parametrize(
    ("notes", "reason"), [({REASON: "diverged in epoch 2"}, "diverged in epoch 2"), ({}, "lost")]
)
def test_a_failed_trial_says_why(notes: dict[str, str], reason: str) -> None:
    (entry,) = Standing.of(trials_with([0.3], state=TrialState.FAIL, **notes), 1, False).entries
    assert reason in entry.reason
    assert entry.ended


def test_the_total_grows_with_the_trials_that_there_are() -> None:
    trials = trials_with([0.3], [0.2], [0.1], state=TrialState.COMPLETE)
    assert [Standing.of(trials, total, False).total for total in (2, 5)] == [3, 5]
    assert Standing.of(trials, 5, False).count("complete") == 3
