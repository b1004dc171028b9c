"""What Optuna is told: distributions, seeds, and who ends early."""

from __future__ import annotations

from collections.abc import Callable

import optuna
import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from gpunet.search import sampling
from gpunet.search.sampling import Halving
from gpunet.search.space import Space
from gpunet.search.storage import StudyStorage
from gpunet.search.study import SearchStudy
from gpunet.search.study_spec import StudySpec
from gpunet.search.tuner import Tuner

MakeSpec = Callable[..., StudySpec]
MakeTuner = Callable[..., Tuner]


@pytest.mark.parametrize(
    ("name", "range_", "known"),
    [
        ("learning_rate", {"low": 1e-4, "high": 0.1}, FloatDistribution(1e-4, 0.1)),
        (
            "learning_rate",
            {"low": 1e-4, "high": 0.1, "log": True},
            FloatDistribution(1e-4, 0.1, log=True),
        ),
        ("dropout", {"low": 0.0, "high": 0.5, "step": 0.2}, FloatDistribution(0.0, 0.4, step=0.2)),
        ("batch_size", {"low": 16, "high": 128, "step": 16}, IntDistribution(16, 128, step=16)),
        ("batch_size", {"low": 16, "high": 128, "log": True}, IntDistribution(16, 128, log=True)),
        ("hidden", {"choices": ["16", "8,8"]}, CategoricalDistribution(("16", "8,8"))),
    ],
)
def test_a_range_is_searched_as_the_space_has_it(
    name: str, range_: dict[str, object], known: BaseDistribution
) -> None:
    (parameter,) = Space.from_dict({name: range_}, "a test").parameters
    assert sampling.distributions(Space((parameter,))) == {parameter.name: known}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    trials = [study.ask() for _ in range(20)]
    for trial in trials:
        sampling.suggest(trial, parameter.name, known)
    drawn = [trial.params[parameter.name] for trial in trials]
    assert all(known._contains(known.to_internal_repr(value)) for value in drawn)
    assert len(set(drawn)) > 1


def test_workers_and_resumed_searches_draw_by_seeds_of_their_own(make_spec: MakeSpec) -> None:
    spec = make_spec(seed=7)
    assert sampling.seed(spec, 0, 0) == 7
    seeds = [sampling.seed(spec, known, process) for known in (0, 4, 8) for process in (0, 11, 12)]
    assert len(set(seeds)) == 9
    assert seeds == [
        sampling.seed(spec, known, process) for known in (0, 4, 8) for process in (0, 11, 12)
    ]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_resumed_search_tries_other_values_than_before(
    make_spec: MakeSpec, make_tuner: MakeTuner, sampler: str
) -> None:
    storage = StudyStorage(None, "one", 1)
    space = {"learning_rate": {"low": 1e-3, "high": 0.1}}
    study = SearchStudy.begin(storage, "one", make_spec(space, sampler, epochs=1), join=False)
    make_tuner(study, trials=4).run()
    progress = make_tuner(SearchStudy.resume(storage, "one"), trials=8).run()
    rates = [trial.values["learning_rate"] for trial in progress.trials]
    assert len(set(rates)) == len(rates) == 8


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("halving", Halving),
        ("median", optuna.pruners.MedianPruner),
        ("none", optuna.pruners.NopPruner),
    ],
)
def test_a_pruner_is_the_one_of_that_name(
    make_spec: MakeSpec, name: str, kind: type[optuna.pruners.BasePruner]
) -> None:
    assert type(sampling.pruner(make_spec(pruner=name))) is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [("tpe", optuna.samplers.TPESampler), ("random", optuna.samplers.RandomSampler)],
)
def test_a_sampler_is_the_one_of_that_name(
    make_spec: MakeSpec, name: str, kind: type[optuna.samplers.BaseSampler]
) -> None:
    assert type(sampling.sampler(make_spec(sampler=name), 1)) is kind
