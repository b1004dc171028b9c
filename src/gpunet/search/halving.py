"""Successive halving among trials that are trained side by side: who goes on after which epoch.

Owns that rule, as one of Optuna's pruners. Optuna's own decides on each trial by those that were
asked about before it, so that of a whole batch at the same epoch the first one always goes on; here
all that have reported that epoch are compared, whatever their order.
"""

from __future__ import annotations

import math

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

__all__ = ["Halving"]

REDUCTION = 3
"""The best third goes on, after epochs 1, 3, 9, 27 (Jamieson and Talwalkar, "Non-stochastic Best
Arm Identification and Hyperparameter Optimization", 2016)."""


class Halving(optuna.pruners.BasePruner):
    """Lets the best third of all trials so far go on, after epochs whose numbers grow threefold."""

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether the trial is to end with its latest epoch."""
        epoch = trial.last_step
        if epoch is None or not _is_power(epoch):
            return False
        sign = -1 if study.direction == StudyDirection.MAXIMIZE else 1
        figures = sorted(
            sign * one.intermediate_values[epoch]
            for one in study.get_trials(deepcopy=False)
            if epoch in one.intermediate_values
        )
        index = math.ceil(len(figures) / REDUCTION) - 1
        return sign * trial.intermediate_values[epoch] > figures[index]


def _is_power(number: int) -> bool:
    """Whether it is a power of the reduction, 1 among them."""
    while number > 1 and number % REDUCTION == 0:
        number //= REDUCTION
    return number == 1
