"""Which of the trials at one epoch go on."""

from __future__ import annotations

import optuna
import pytest

from gpunet.search.sampling import Halving


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("epoch", [1, 3, 9])
def test_the_best_third_goes_on_in_whatever_order_it_is_asked(sign: int, epoch: int) -> None:
    study = optuna.create_study(direction="minimize" if sign == 1 else "maximize", pruner=Halving())
    trials = [study.ask() for _ in range(7)]
    for place, trial in enumerate(trials):
        trial.report(sign * (place * 3 % 7), epoch)
    survivors = [sign * (p * 3 % 7) for p, trial in enumerate(trials) if not trial.should_prune()]
    assert {0, sign * 1, sign * 2} == set(survivors)


@pytest.mark.parametrize("epoch", [2, 4, 6, 10])
def test_between_its_epochs_nobody_ends(epoch: int) -> None:
    study = optuna.create_study(pruner=Halving())
    trials = [study.ask() for _ in range(6)]
    for place, trial in enumerate(trials):
        trial.report(place, epoch)
    assert not any(trial.should_prune() for trial in trials)


def test_those_who_come_later_are_compared_with_all_before() -> None:
    study = optuna.create_study(pruner=Halving())
    for place in range(6):
        study.ask().report(place, 1)
    good, bad = study.ask(), study.ask()
    good.report(0.5, 1)
    assert not good.should_prune()
    bad.report(3.5, 1)
    assert bad.should_prune()


def test_those_that_have_ended_count_among_those_that_are_compared() -> None:
    study = optuna.create_study(pruner=Halving())
    for figure in (1.0, 2.0):
        early = study.ask()
        early.report(figure, 1)
        study.tell(early, figure)
    late = study.ask()
    late.report(3.0, 1)
    assert late.should_prune()
