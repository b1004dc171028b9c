"""Searches: every trial trained once, the best network kept, whatever happens meanwhile."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import optuna
import pytest
from tests.engines import numpy_engine

from gpunet.artifacts import model_file
from gpunet.datasets.dataset import Dataset
from gpunet.errors import StudyError
from gpunet.search.storage import StudyStorage
from gpunet.search.study import SearchStudy
from gpunet.search.study_progress import StudyProgress
from gpunet.search.study_spec import StudySpec
from gpunet.search.tuner import Tuner, best_model_path
from gpunet.training.events import Control
from gpunet.training.trainer import train

MakeSpec = Callable[..., StudySpec]
MakeTuner = Callable[..., Tuner]


def begin(spec: StudySpec, name: str = "one", url: str | None = None) -> SearchStudy:
    return SearchStudy.begin(StudyStorage(url, name, 1), name, spec, join=url is not None)


def resume(name: str = "one", url: str | None = None) -> SearchStudy:
    return SearchStudy.resume(StudyStorage(url, name, 1), name)


def test_a_search_trains_every_trial_and_those_of_a_batch_share_a_shape(
    make_spec: MakeSpec, make_tuner: MakeTuner, observer: Any
) -> None:
    progress = make_tuner(begin(make_spec()), observer=observer).run()
    assert 6 == progress.count("complete") == len(progress.trials)
    assert [len(numbers) for _, numbers in observer.batches] == [4, 2]
    for network, numbers in observer.batches:
        units = {trial.values["hidden"] for trial in progress.trials if trial.number in numbers}
        assert {network.split("-")[1]} == units
    assert all(len(trial.curve) == 3 for trial in progress.trials)
    figures = [trial.figure or 0.0 for trial in progress.trials]
    assert figures == sorted(figures)


def test_the_best_network_is_kept_and_is_what_its_settings_give_alone(
    make_spec: MakeSpec, make_tuner: MakeTuner, blobs: Dataset
) -> None:
    study = begin(make_spec(pruner="halving"))
    best = make_tuner(study, trials=12).run().best
    assert best is not None
    (path,) = study.storage.folder.glob("*.safetensors")
    assert best_model_path(study.storage.folder, best.number) == path
    model = model_file.load(path)
    config = study.spec.space.config(study.spec.config, best.values)
    assert config == model.config
    alone = train(numpy_engine(config, 6, 3), blobs, config)
    assert alone.parameters.tobytes() == model.parameters.tobytes()
    assert best.curve == pytest.approx([record.val_loss for record in alone.history], abs=0)


def test_the_kept_network_is_the_best_trials_and_not_the_first_of_its_batch(
    make_spec: MakeSpec, make_tuner: MakeTuner, blobs: Dataset
) -> None:
    space = {"learning_rate": {"choices": [1e-6, 0.02, 1e-5]}}
    study = begin(make_spec(space, sampler="grid"))
    best = make_tuner(study, population=3).run().best
    assert best is not None
    assert best.values == {"learning_rate": 0.02}
    model = model_file.load(best_model_path(study.storage.folder, best.number))
    assert model.config.learning_rate == 0.02
    assert model.best_epoch == 1 + best.curve.index(min(best.curve))
    alone = train(numpy_engine(model.config, 6, 3), blobs, model.config)
    assert model.parameters.tobytes() == alone.parameters.tobytes()


def test_a_later_batch_replaces_the_kept_network_only_by_a_better_one(
    make_spec: MakeSpec, make_tuner: MakeTuner
) -> None:
    space = {"learning_rate": {"choices": [1e-6, 0.02, 1e-5]}}
    study = begin(make_spec(space, sampler="grid"))
    best = make_tuner(study, population=1).run().best
    assert best is not None
    assert [best_model_path(study.storage.folder, best.number)] == list(
        study.storage.folder.glob("*.safetensors")
    )
    assert best.values == {"learning_rate": 0.02}


def test_the_same_seed_searches_the_same(make_spec: MakeSpec, make_tuner: MakeTuner) -> None:
    first = make_tuner(begin(make_spec(seed=7), "one")).run()
    second = make_tuner(begin(make_spec(seed=7), "two")).run()
    other = make_tuner(begin(make_spec(seed=8), "three")).run()
    assert [one.values for one in first.trials] == [one.values for one in second.trials]
    assert [one.values for one in first.trials] != [one.values for one in other.trials]


def test_the_shapes_of_batches_do_not_stay_those_of_the_first(
    make_spec: MakeSpec, make_tuner: MakeTuner, observer: Any
) -> None:
    space = {
        "hidden": {"choices": ["3", "4", "5", "6", "7", "8"]},
        "dropout": {"low": 0.0, "high": 0.3},
    }
    spec = make_spec(space, epochs=1)
    make_tuner(begin(spec), trials=28, population=4, observer=observer).run()
    shapes = [network for network, _ in observer.batches]
    assert len(set(shapes[:3])) == 3
    assert len({*shapes[:3], *shapes[4:7:2]}) >= 5


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_an_accuracy_is_to_be_large(
    make_spec: MakeSpec, make_tuner: MakeTuner, sampler: str
) -> None:
    spec = make_spec(sampler=sampler, monitor="val_accuracy")
    progress = make_tuner(begin(spec)).run()
    figures = [trial.figure or 0.0 for trial in progress.trials]
    assert figures == sorted(figures, reverse=True)
    assert 0 < figures[0] <= 1


def test_halving_ends_trials_early(make_spec: MakeSpec, make_tuner: MakeTuner) -> None:
    progress = make_tuner(begin(make_spec(pruner="halving")), trials=12, population=6).run()
    pruned = [trial for trial in progress.trials if trial.state == "pruned"]
    assert 3 <= len(pruned) < 12
    assert {1} == {len(trial.curve) for trial in pruned}
    assert {"pruned"} == {trial.reason for trial in pruned}
    whole = [trial for trial in progress.trials if trial.state == "complete"]
    assert max(trial.curve[0] for trial in whole) <= min(trial.curve[0] for trial in pruned)


def test_the_sampler_learns_from_the_best_epochs_figure(
    make_spec: MakeSpec, make_tuner: MakeTuner
) -> None:
    space = {"learning_rate": {"choices": [0.3, 0.6, 1.0]}}
    study = begin(make_spec(space, sampler="grid", epochs=8, schedule="constant"))
    make_tuner(study).run()
    trials = study._study.trials
    curves = [list(trial.intermediate_values.values()) for trial in trials]
    assert [trial.value for trial in trials] == [min(curve) for curve in curves]
    assert any(curve[-1] > min(curve) for curve in curves)


def test_a_grid_is_gone_through_point_by_point(
    make_spec: MakeSpec, make_tuner: MakeTuner, observer: Any
) -> None:
    space = {
        "dropout": {"low": 0.0, "high": 0.2, "step": 0.1},
        "hidden": {"choices": ["4", "6"]},
    }
    study = begin(make_spec(space, sampler="grid"))
    progress = make_tuner(study, population=3, observer=observer).run()
    points = {(trial.values["hidden"], trial.values["dropout"]) for trial in progress.trials}
    assert 6 == len(points) == len(progress.trials)
    assert [network for network, _ in observer.batches] == ["6-4-3", "6-6-3"]


def test_a_point_of_a_grid_that_was_lost_is_tried_again_by_the_next(
    make_spec: MakeSpec, make_tuner: MakeTuner, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = {"hidden": {"choices": ["3", "4"]}, "dropout": {"choices": [0.0, 0.1]}}
    lost = begin(make_spec(space, sampler="grid"))
    assert len(lost.claim(1, 4)) == 1
    with monkeypatch.context() as dying:  # before it knows the values
        dying.setattr("gpunet.search.sampling.suggest", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            lost.claim(1, 4)
    progress = make_tuner(resume()).run()
    points = {(trial.values["hidden"], trial.values["dropout"]) for trial in progress.trials}
    assert 4 == len(points) == progress.count("complete") == len(progress.trials)


def test_values_that_do_not_go_together_fail_with_the_reason(
    make_spec: MakeSpec, make_tuner: MakeTuner
) -> None:
    space = {"lr_final": {"choices": [0.0, 0.5]}, "learning_rate": {"low": 0.01, "high": 0.1}}
    progress = make_tuner(begin(make_spec(space)), trials=8).run()
    failed = [trial for trial in progress.trials if trial.state == "failed"]
    assert failed
    assert len(failed) + progress.count("complete") == 8
    assert all(trial.values["lr_final"] == 0.5 for trial in failed)
    assert all("lr_final is 0.5" in trial.reason for trial in failed)


def test_a_network_that_diverges_fails_with_the_epoch(
    make_spec: MakeSpec, make_tuner: MakeTuner
) -> None:
    space = {"learning_rate": {"choices": [0.01, 1e38]}}
    spec = make_spec(space, sampler="grid")
    progress = make_tuner(begin(spec)).run()
    reasons = [one.reason for one in progress.trials if one.values["learning_rate"] == 1e38]
    assert reasons == ["diverged in epoch 1"]


def test_a_trial_that_was_pruned_is_finished_once(
    make_spec: MakeSpec, make_tuner: MakeTuner
) -> None:
    study = begin(make_spec(pruner="halving"))
    assert make_tuner(study).run().count("pruned") > 0
    journal = (study.storage.folder / "journal.log").read_text()
    assert journal.count('"reason"') == 6


def test_a_stop_keeps_what_the_running_trials_have_reached(
    make_spec: MakeSpec, make_tuner: MakeTuner, observer: Any
) -> None:
    control = Control()
    observer.when_stood = lambda progress: control.stop_after_epoch.set()
    study = begin(make_spec())
    progress = make_tuner(study, control=control, observer=observer).run()
    assert 4 == progress.count("pruned") == len(progress.trials)
    assert {"stopped by user"} == {trial.reason for trial in progress.trials}
    assert progress.best is not None
    assert best_model_path(study.storage.folder, progress.best.number).exists()
    later = make_tuner(resume()).run()
    assert later.count("complete") == 2
    assert later.done == 6


def test_trials_that_were_not_begun_are_tried_again(
    make_spec: MakeSpec, make_tuner: MakeTuner
) -> None:
    study = begin(make_spec())
    abandoned = study.claim(4, 6)
    study.release(abandoned)
    progress = make_tuner(resume()).run()
    assert 6 == progress.count("complete") == len(progress.trials)
    values = [one.params for one in abandoned]
    tried = [dict(trial.values) for trial in progress.trials]
    assert all(one in tried for one in values)


def test_new_trials_join_the_shape_of_those_that_are_tried_again(
    make_spec: MakeSpec, make_tuner: MakeTuner, observer: Any
) -> None:
    space = {"hidden": {"choices": ["3", "4", "5", "6", "7", "8"]}, "dropout": {"choices": [0.0]}}
    study = begin(make_spec(space))
    study.release(study.claim(2, 6))
    make_tuner(study, observer=observer).run()
    assert [len(numbers) for _, numbers in observer.batches] == [4, 2]


def test_a_failure_lets_the_batch_be_tried_again(
    make_spec: MakeSpec, make_tuner: MakeTuner, observer: Any
) -> None:

    def fail(progress: StudyProgress) -> None:
        raise KeyboardInterrupt

    observer.when_stood = fail
    with pytest.raises(KeyboardInterrupt):
        make_tuner(begin(make_spec()), observer=observer).run()
    progress = make_tuner(resume()).run()
    assert 6 == progress.count("complete") == len(progress.trials)


KILLED = """
import os, sys
from gpunet.search.storage import StudyStorage
from gpunet.search.study import SearchStudy
url = sys.argv[1] or None
study = SearchStudy.resume(StudyStorage(url, "one", 1), "one")
print(len(study.claim(4, 6)), flush=True)
os._exit(1)
"""


@pytest.mark.parametrize("url", ["", "sqlite:///studies.db"])
def test_the_trials_of_a_process_that_is_gone_are_tried_again(
    make_spec: MakeSpec, make_tuner: MakeTuner, url: str
) -> None:
    begin(make_spec(), url=url or None)
    done = subprocess.run([sys.executable, "-c", KILLED, url], capture_output=True, text=True)
    assert done.stdout == "4\n", done.stderr
    progress = make_tuner(resume(url=url or None)).run()
    assert 6 == progress.count("complete") == len(progress.trials)


CLAIMING = """
import sys
from gpunet.search.storage import StudyStorage
from gpunet.search.study import SearchStudy
study = SearchStudy.resume(StudyStorage(sys.argv[1], "one", 1), "one")
print(*(one.number for one in study.claim(5, 7)), flush=True)
sys.stdin.read()
"""


def test_workers_that_ask_at_once_never_ask_too_many(make_spec: MakeSpec) -> None:
    url = "sqlite:///studies.db"
    study = begin(make_spec(), url=url)
    command = [sys.executable, "-c", CLAIMING, url]
    pipe = subprocess.PIPE
    workers = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(3)]
    lines = [worker.stdout.readline() for worker in workers if worker.stdout]
    claimed = [int(number) for line in lines for number in line.split()]
    assert 7 == len(set(claimed)) == len(claimed)
    assert len(study.progress(7).trials) == 7
    for worker in workers:
        worker.communicate()


def test_a_study_that_is_there_is_not_begun_again(make_spec: MakeSpec) -> None:
    begin(make_spec())
    with pytest.raises(StudyError, match=r"there is a study one .* resume=\"one\""):
        begin(make_spec())


def test_a_study_that_is_not_there_is_not_resumed() -> None:
    with pytest.raises(StudyError, match="there is no study two"):
        resume("two")
    assert not Path("tune").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"epochs": 4}, "has epochs 3 but 4 was asked for"),
        ({"pruner": "median"}, "has pruner none but median"),
        ({"space": {"hidden": {"choices": ["4"]}}}, "has hidden"),
    ],
)
def test_other_settings_do_not_join_a_study(
    make_spec: MakeSpec, changes: dict[str, Any], told: str
) -> None:
    url = "sqlite:///studies.db"
    begin(make_spec(), url=url)
    with pytest.raises(StudyError, match=told):
        begin(make_spec(**changes), url=url)


def test_a_study_of_somebody_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpunet.search.study_opening.CREATION_TIMEOUT", 0)
    optuna.create_study(storage="sqlite:///studies.db", study_name="one").ask()
    with pytest.raises(StudyError, match="was not made by gpunet"):
        resume(url="sqlite:///studies.db")


def test_a_worker_whose_trial_was_given_to_another_lets_go_of_it(
    make_spec: MakeSpec,
) -> None:
    study = begin(make_spec())
    (mine,) = study.claim(1, 6)
    other = optuna.load_study(storage=study._backend, study_name="one")
    other.tell(mine.number, state=optuna.trial.TrialState.FAIL)
    study.report(mine, 1, 0.5)
    assert study.should_prune(mine)
    study.complete(mine, 0.5, "epochs")
    assert study.progress(6).trials[0].state == "failed"


def test_no_trial_is_tried_without_end(make_spec: MakeSpec) -> None:
    study = begin(make_spec())
    for _ in range(10):
        claimed = study.claim(1, 1)
        if not claimed:
            break
        study.release(claimed)
    assert len(study._study.trials) == 4
    assert [trial.state for trial in study.progress(1).trials] == ["failed"]


def test_what_mattered_is_told_once_there_are_enough_trials(
    make_spec: MakeSpec, make_tuner: MakeTuner
) -> None:
    study = begin(make_spec(pruner="halving"))
    make_tuner(study, trials=19, population=19).run()
    assert study.importances() == {}
    make_tuner(study, trials=24, population=5).run()
    shares = study.importances()
    assert {"hidden", "learning_rate", "dropout"} == set(shares)
    assert pytest.approx(sum(shares.values())) == 1


def test_what_alone_decides_a_trials_figure_mattered_most(make_spec: MakeSpec) -> None:
    study = begin(make_spec(sampler="random"))
    for trial in study.claim(40, 40):
        study.report(trial, 1, float(trial.params["dropout"]))
        study.complete(trial, float(trial.params["dropout"]), "epochs")
    shares = study.importances()
    assert max(shares, key=lambda name: shares[name]) == "dropout"
    assert shares["dropout"] > 0.9


def test_figures_that_are_not_finite_are_not_reported(make_spec: MakeSpec) -> None:
    study = begin(make_spec())
    (trial,) = study.claim(1, 1)
    for epoch, figure in enumerate((0.5, float("nan"), float("inf"), 0.4), start=1):
        study.report(trial, epoch, figure)
    assert study.progress(1).trials[0].curve == (0.5, 0.4)
