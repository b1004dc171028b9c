"""How values are chosen: what Optuna is told of parameters, and its samplers and pruners.

Owns the translation of a ``Space`` and of ``StudySpec`` into Optuna's words. Which trial gets the
values belongs to ``study``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from gpunet.search.halving import Halving
from gpunet.search.space import Parameter, Value
from gpunet.search.study_spec import StudySpec

__all__ = ["distribution", "pruner", "sampler", "seed", "suggest"]


def distribution(parameter: Parameter) -> BaseDistribution:
    """A parameter as Optuna knows it."""
    low, high = parameter.low, parameter.high
    if low is None or high is None:
        return CategoricalDistribution(parameter.choices)
    if parameter.points is not None:
        high = float(parameter.points[-1])  # the last that the step reaches
    if parameter.whole:
        return IntDistribution(int(low), int(high), parameter.log, int(parameter.step or 1))
    return FloatDistribution(low, high, parameter.log, parameter.step)


def suggest(trial: Trial, parameter: Parameter) -> Value:
    """A trial's value of a parameter, by the study's sampler unless the trial has one."""
    name, known = parameter.name, distribution(parameter)
    if isinstance(known, CategoricalDistribution):
        value: Any = trial.suggest_categorical(name, known.choices)
        return value  # type: ignore[no-any-return]
    if isinstance(known, IntDistribution):
        low, high = known.low, known.high
        return trial.suggest_int(name, low, high, step=known.step, log=known.log)
    assert isinstance(known, FloatDistribution)
    step, log = known.step, known.log
    return trial.suggest_float(name, known.low, known.high, step=step, log=log)


def seed(spec: StudySpec, known: int, process: int) -> int:
    """A sampler's. It differs between workers, and from those before a study was resumed."""
    if not known and not process:
        return spec.config.seed
    return int(np.random.SeedSequence([spec.config.seed, known, process]).generate_state(1)[0])


def sampler(spec: StudySpec, seed: int) -> optuna.samplers.BaseSampler:
    """What chooses; a grid's points come from elsewhere."""
    if spec.sampler == "tpe":
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    return optuna.samplers.RandomSampler(seed=seed)


def pruner(spec: StudySpec) -> optuna.pruners.BasePruner:
    """What ends trials early."""
    if spec.pruner == "halving":
        return Halving()
    if spec.pruner == "median":
        return optuna.pruners.MedianPruner()
    return optuna.pruners.NopPruner()
