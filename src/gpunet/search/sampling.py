"""A study's specification in Optuna's terms: distributions, samplers and pruners."""

from __future__ import annotations

import math

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial

from gpunet.search.space import Parameter, Space
from gpunet.search.study_spec import StudySpec

__all__ = ["Halving", "distributions", "pruner", "sampler", "seed", "suggest"]

REDUCTION = 3
"""One in this many trials goes on (Jamieson and Talwalkar, "Non-stochastic Best Arm
Identification and Hyperparameter Optimization", 2016)."""


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """Optuna's distributions of a space's parameters, by name."""
    return {one.name: _distribution(one) for one in space.parameters}


def _distribution(parameter: Parameter) -> BaseDistribution:
    low, high = parameter.low, parameter.high
    if low is None or high is None:
        return CategoricalDistribution(parameter.choices)
    if parameter.points is not None:
        high = float(parameter.points[-1])  # the last value that the step reaches
    if parameter.whole:
        return IntDistribution(int(low), int(high), parameter.log, int(parameter.step or 1))
    return FloatDistribution(low, high, parameter.log, parameter.step)


def suggest(trial: Trial, name: str, known: BaseDistribution) -> None:
    """Give a trial its value of a parameter, by the study's sampler unless it has one."""
    if isinstance(known, CategoricalDistribution):
        trial.suggest_categorical(name, known.choices)
    elif isinstance(known, IntDistribution):
        trial.suggest_int(name, known.low, known.high, step=known.step, log=known.log)
    elif isinstance(known, FloatDistribution):
        trial.suggest_float(name, known.low, known.high, step=known.step, log=known.log)


def seed(spec: StudySpec, known: int, process: int) -> int:
    """The seed of a sampler: different for every worker and every time a study is resumed."""
    if not known and not process:
        return spec.config.seed
    return int(np.random.SeedSequence([spec.config.seed, known, process]).generate_state(1)[0])


def sampler(spec: StudySpec, seed: int) -> optuna.samplers.BaseSampler:
    """Optuna's sampler for a study; a grid does not use it."""
    if spec.sampler == "tpe":
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    return optuna.samplers.RandomSampler(seed=seed)


def pruner(spec: StudySpec) -> optuna.pruners.BasePruner:
    """Optuna's pruner for a study, which ends trials early."""
    if spec.pruner == "halving":
        return Halving()
    median = spec.pruner == "median"
    return optuna.pruners.MedianPruner() if median else optuna.pruners.NopPruner()


class Halving(optuna.pruners.BasePruner):
    """Successive halving: after epochs 1, 3, 9, 27 the best third of all trials so far goes on.

    Optuna's own pruner compares a trial only with those that were judged before it, so the first
    trial of a batch would always go on. Here a trial is compared with all that have reported the
    same epoch, whatever their order.
    """

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether the trial should end after its latest epoch."""
        epoch = trial.last_step
        if epoch is None or not _is_power(epoch):
            return False
        sign = -1 if study.direction == StudyDirection.MAXIMIZE else 1
        values = sorted(
            sign * one.intermediate_values[epoch]
            for one in study.get_trials(deepcopy=False)
            if epoch in one.intermediate_values
        )
        index = math.ceil(len(values) / REDUCTION) - 1
        return sign * trial.intermediate_values[epoch] > values[index]


def _is_power(number: int) -> bool:
    """Whether a number is a power of the reduction; 1 is."""
    while number > 1 and number % REDUCTION == 0:
        number //= REDUCTION
    return number == 1
