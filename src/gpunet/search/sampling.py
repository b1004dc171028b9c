"""A study's specification in Optuna's terms: distributions, samplers and pruners."""

from __future__ import annotations

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
from gpunet.search.space import Parameter, Space
from gpunet.search.study_spec import StudySpec

__all__ = ["distributions", "pruner", "sampler", "seed", "suggest"]


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """The parameters of a space as Optuna knows them, by their names."""
    return {one.name: _distribution(one) for one in space.parameters}


def _distribution(parameter: Parameter) -> BaseDistribution:
    low, high = parameter.low, parameter.high
    if low is None or high is None:
        return CategoricalDistribution(parameter.choices)
    if parameter.points is not None:
        high = float(parameter.points[-1])  # the last that the step reaches
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
    median = spec.pruner == "median"
    return optuna.pruners.MedianPruner() if median else optuna.pruners.NopPruner()
