"""What a search is by default, and the sentences that it tells."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.search.conftest import Noting

import gpunet
from gpunet.config import TrainConfig
from gpunet.config.settings_file import LARGEST
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.factory import Device, select_device
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.errors import DeviceLostError, GpunetError
from gpunet.search import session
from gpunet.search.events import SearchInfo, SearchObserver, Work
from gpunet.search.space import Parameter, Space, default_space, grid, read_space
from gpunet.search.storage import StudyStorage, study_folder
from gpunet.search.study import SearchStudy
from gpunet.search.study_spec import StudySpec
from gpunet.search.tuner import Tuner
from gpunet.training.events import Control
from gpunet.workflows.messages import Messages

MakeSpec = Callable[..., StudySpec]


def failure_of(work: Callable[[], object]) -> str:
    """The sentence of what a piece of work fails with."""
    with pytest.raises(GpunetError) as raised:
        work()
    return str(raised.value)


def test_the_shaders_of_a_batch_are_counted_while_they_are_compiled(
    adapter: Adapter, blobs: Dataset, make_spec: MakeSpec, observer: Noting
) -> None:
    spec = make_spec({"learning_rate": {"low": 1e-3, "high": 0.1}}, epochs=1)
    study = SearchStudy.begin(StudyStorage(None, "shaders", 10), "shaders", spec, join=False)
    choice = Device(adapter, adapter.info, "as asked for")
    with contextlib.closing(study):
        Tuner(study, choice, blobs, Work(2, 2), Control(), observer).run()
    count = len(observer.compiled)
    assert count > 0
    assert observer.compiled == [(done, count) for done in range(count)]


def test_the_default_space_is_the_one_that_is_documented() -> None:
    common = {
        "hidden": {"choices": ["16,16", "64", "64,64", "128"]},
        "activation": {"choices": ["relu", "leaky_relu", "tanh"]},
        "schedule": {"choices": ["cosine", "linear", "constant"]},
        "dropout": {"low": 0.0, "high": 0.5},
        "l2": {"low": 1e-7, "high": 1e-3, "log": True},
        "label_smoothing": {"low": 0.0, "high": 0.2},
    }
    for optimizer, rate, own in (
        ("adam", 0.005, {"beta1": {"low": 0.8, "high": 0.99}}),
        ("sgd", 0.2, {"momentum": {"low": 0.0, "high": 0.95}}),
        ("rmsprop", TrainConfig(optimizer="rmsprop").effective_learning_rate, {}),
    ):
        space = default_space(TrainConfig(optimizer=optimizer))  # type: ignore[arg-type]
        rates = {"low": pytest.approx(rate / 20), "high": pytest.approx(10 * rate), "log": True}
        assert space.to_dict() == {**common, **own, "learning_rate": rates}
    wide = default_space(TrainConfig(learning_rate=0.1)).to_dict()["learning_rate"]
    assert (wide["low"], wide["high"]) == (pytest.approx(0.005), pytest.approx(1.0))


@pytest.mark.parametrize(
    ("parameter", "points"),
    [
        (Parameter("dropout", 0.0, 0.3, step=0.1), (0.0, 0.1, 0.2, 0.3)),
        (Parameter("dropout", 0.0, 0.35, step=0.1), (0.0, 0.1, 0.2, 0.3)),
        (Parameter("batch_size", 4, 7), (4, 5, 6, 7)),
        (Parameter("batch_size", 4, 9, step=2), (4, 6, 8)),
        (Parameter("batch_size", 4, 64, log=True), None),
        (Parameter("l2", 0.1, 0.2), None),
        (Parameter("hidden", choices=("4", "8")), ("4", "8")),
    ],
)
def test_the_points_of_a_range_reach_its_end(parameter: Parameter, points: Any) -> None:
    numbers = points is not None and not parameter.choices
    assert parameter.points == (pytest.approx(points) if numbers else points)


@pytest.mark.parametrize(
    ("parameter", "kind"),
    [
        (Parameter("batch_size", 4, 64, log=True), int),
        (Parameter("l2", 1e-6, 1e-2, log=True), float),
        (Parameter("l2", 0.25, 0.5), float),
        (Parameter("batch_size", 4, 6), int),
    ],
)
def test_values_are_drawn_from_the_whole_of_a_range(parameter: Parameter, kind: type) -> None:
    draws = np.random.default_rng(0)
    found = [parameter.draw(draws) for _ in range(400)]
    low, high = parameter.low, parameter.high
    assert low is not None
    assert high is not None
    assert {type(one) for one in found} == {kind}
    numbers = [float(one) for one in found]
    assert low <= min(numbers) <= max(numbers) <= high
    middle = np.sqrt(low * high) if parameter.log else (low + high) / 2
    assert 0.3 < np.mean(np.array(numbers) < middle) < 0.6
    assert len(set(found)) > 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "space.toml names no setting to search; write for example [learning_rate]"),
        (
            "[l2]\nlow = 0.1\nhigh = 0.2\nlogg = true",
            "space.toml, [l2] logg: is unknown; known are low, high, log, step, choices",
        ),
        ("[l2]\nlow = 0.1", "space.toml, [l2] names no range: give low and high, or choices"),
        (
            "[schedule]\nlow = 0\nhigh = 1",
            "space.toml, [schedule] is no number; give choices instead of low and high",
        ),
        ("[l2]\nlow = true\nhigh = 1", "space.toml, [l2] low: is True, wanted a number"),
        (
            "[l2]\nlow = 0.2\nhigh = 0.1",
            "space.toml, [l2] low: is 0.2, which is above high, 0.1; swap them",
        ),
        (
            "[l2]\nlow = 0.1\nhigh = 0.2\nlog = 1.5",
            "space.toml, [l2] log: is 1.5, wanted true or false",
        ),
        (
            "[l2]\nlow = 0.1\nhigh = 0.2\nstep = 0.0",
            "space.toml, [l2] step: is 0.0, wanted a number above 0",
        ),
        (
            "[l2]\nlow = 0.1\nhigh = 0.2\nlog = true\nstep = 0.1",
            "space.toml, [l2] step: does not go with log; leave one out",
        ),
        (
            "[l2]\nchoices = [0.1, 0.1]",
            "space.toml, [l2] choices: a value appears twice; leave one out",
        ),
        (
            "[l2]\nchoices = 0.1",
            "space.toml, [l2] choices: is 0.1, wanted a list of values",
        ),
        (
            "[l2]\nlow = 0.0\nhigh = 1.0\nstep = 1e-9",
            "space.toml, [l2] step: makes more than 1,048,576 values; give a larger step, or log",
        ),
        (
            "[lr]\nlow = 1\nhigh = 2\n[learning_rate]\nlow = 1\nhigh = 2",
            "space.toml names learning_rate twice; leave one out",
        ),
        (
            "epochs = 3",
            "space.toml: epochs is 3, wanted a table such as [epochs] with choices or with low and "
            "high; a fixed value belongs in config",
        ),
    ],
)
def test_a_mistake_in_a_space_is_told_whole(text: str, told: str) -> None:
    Path("space.toml").write_text(text)
    assert failure_of(lambda: read_space(Path("space.toml"))) == told


def test_a_range_of_one_value_or_a_few_is_one() -> None:
    Path("space.toml").write_text("[l2]\nlow = 0.1\nhigh = 0.1\n[epochs]\nlow = 3\nhigh = 4\n")
    first, second = read_space(Path("space.toml")).parameters
    assert (first.low, first.high, second.points) == (0.1, 0.1, (3, 4))


def test_a_space_that_is_too_large_or_no_text_is_refused() -> None:
    path = Path("space.toml")
    path.write_bytes(b"#" * (LARGEST + 1))
    told = (
        "space.toml is larger than 1 MiB, wanted a TOML file with a table for each searched setting"
    )
    assert failure_of(lambda: read_space(path)) == told
    path.write_bytes(b"#" * (LARGEST - 20) + b"\n[l2]\nchoices=[0]\n")
    assert len(read_space(path).parameters) == 1
    path.write_bytes(b"\xff\xfe")
    assert failure_of(lambda: read_space(path)) == (
        "space.toml is no UTF-8 text from byte 0 on; save it as UTF-8"
    )
    path.unlink()
    assert failure_of(lambda: read_space(path)) == (
        "space.toml does not exist, wanted a TOML file with a table for each searched setting"
    )
    path.mkdir()
    assert failure_of(lambda: read_space(path)) == (
        "space.toml is no ordinary file, wanted a TOML file with a table for each searched setting"
    )


def test_a_grid_that_cannot_be_is_told_whole() -> None:
    def space(**tables: Any) -> Space:
        return Space.from_dict(tables, "a test")

    endless = space(l2={"low": 0.1, "high": 0.2})
    assert failure_of(lambda: grid(endless)) == (
        'sampler="grid" needs choices or steps, but l2 is a continuous range; give it choices or a '
        'step in a space="FILE.toml"'
    )
    many = {"low": 1, "high": 2000}
    large = space(epochs=many, patience=many)
    assert failure_of(lambda: grid(large)) == (
        "the grid has 4,000,000 points; leave out some values or settings"
    )


def test_the_terms_of_a_search_say_what_they_lack() -> None:
    everything = {name: getattr(TrainConfig(), name) for name in ("hidden", "activation", "l2")}
    names = ("learning_rate", "schedule", "dropout", "label_smoothing", "beta1")
    everything |= {name: TrainConfig().in_effect(name) for name in names}
    assert failure_of(lambda: session.new_spec(everything, None, "the default space")) == (
        "config fixes all settings that would be searched; give a space of your own"
    )
    assert failure_of(lambda: session.new_spec({"ensemble": 2}, None, "a test")) == (
        "ensemble cannot be searched because a trial is one network; leave it out"
    )
    space = Space.from_dict({"hidden": {"choices": ["4", "6", "8"]}}, "a test")
    told = (
        'sampler="grid" has 3 points but trials is 2; leave out trials, or some values of the space'
    )
    given: dict[str, Any] = {"sampler": "grid"}
    assert failure_of(lambda: session.new_spec({}, space, "t", **given, trials=2)) == told
    for trials in (3, 4, None):
        spec = session.new_spec({}, space, "t", **given, trials=trials)
        assert (spec.sampler, spec.pruner) == ("grid", "halving")
    usual = session.new_spec({"epochs": 4}, None, "t")
    assert (usual.sampler, usual.pruner, usual.config.epochs) == ("tpe", "halving", 4)
    assert usual.space == default_space(TrainConfig(epochs=4), ["epochs"])
    wrong = Space.from_dict({"lr_final": {"choices": [0.5]}}, "a test")
    assert failure_of(lambda: session.new_spec({}, wrong, "the file")).startswith(
        "the file, [lr_final]: lr_final is 0.5"
    )


def test_what_is_gone_on_with_keeps_its_terms_unless_others_are_given(
    make_spec: MakeSpec,
) -> None:
    old = make_spec(sampler="random", pruner="median", seed=7)
    kept = session.new_spec({"epochs": 9}, None, "t", old=old)
    assert kept == StudySpec(replace(old.config, epochs=9), old.space, "", "", "random", "median")
    changed = session.new_spec({}, None, "t", old=old, sampler="tpe", pruner="none")
    assert (changed.sampler, changed.pruner, changed.config.seed) == ("tpe", "none", 7)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"epochs": 4}, "the study one has epochs 3 but 4 was asked for"),
        ({"pruner": "median"}, "the study one has pruner none but median was asked for"),
        ({"sampler": "random"}, "the study one has sampler tpe but random was asked for"),
        (
            {"space": {"hidden": {"choices": ["4"]}}},
            "the study one has hidden {'choices': ['4', '6']} but {'choices': ['4']} was asked for",
        ),
    ],
)
def test_a_study_of_other_terms_tells_the_first_difference(
    make_spec: MakeSpec, changes: dict[str, Any], told: str
) -> None:
    wanted = make_spec(**changes)
    end = "; leave that out or start another study"
    assert failure_of(lambda: make_spec().require_same(wanted, "the study one")) == told + end


def test_other_data_and_searched_settings_are_differences(make_spec: MakeSpec) -> None:
    spec = make_spec({"hidden": {"choices": ["4"]}})
    other = replace(spec, fingerprint="else", data="elsewhere")
    assert failure_of(lambda: spec.require_same(other, "it")) == (
        "it has data blobs but other data (elsewhere) was asked for; leave that out or start "
        "another study"
    )
    more = make_spec({"hidden": {"choices": ["4"]}, "l2": {"choices": [0.5]}})
    assert "it has l2 fixed but {'choices': [0.5]} was asked for" in failure_of(
        lambda: spec.require_same(more, "it")
    )
    assert "it has l2 {'choices': [0.5]} but fixed was asked for" in failure_of(
        lambda: more.require_same(spec, "it")
    )
    spec.require_same(replace(spec, data="moved"), "it")


@pytest.mark.parametrize("content", [{}, {"config": {}, "space": {}}, {"config": 1}])
def test_what_is_no_study_s_terms_is_told(content: dict[str, Any]) -> None:
    assert failure_of(lambda: StudySpec.from_dict(content, "the study one", Path())) == (
        "the study one was not made by gpunet; choose another study"
    )


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a\0b", "a\nb"])
def test_a_study_is_named_like_a_folder(name: str) -> None:
    assert failure_of(lambda: study_folder(name)) == (
        f"study {name!r} is no name for a folder; leave out slashes and dots"
    )
    assert study_folder("a.b") == Path("tune/a.b")


def test_a_place_is_told_without_secrets_and_waits_for_three_signs_of_life() -> None:
    assert str(StudyStorage(None, "one")) == "tune/one/journal.log"
    url = "postgresql://me:hush@host:5/base?password=hush"
    assert str(StudyStorage(url, "one")) == "postgresql://host:5/base"
    storage = StudyStorage(None, "one")
    assert (storage.heartbeat, storage.patience) == (10, 30)
    assert StudyStorage(None, "one", 7).patience == 21
    assert (storage.has_url, StudyStorage(url, "one").has_url) == (False, True)
    assert (storage.exists, StudyStorage(url, "one").exists) == (False, True)
    assert failure_of(lambda: StudyStorage("here", "one")) == (
        "storage is no URL; write for example sqlite:///studies.db, "
        "postgresql://user@host/database or grpc://host:13000"
    )
    assert str(storage.damaged_error()) == (
        "the journal tune/one/journal.log is damaged; start again with another study"
    )
    assert str(StudyStorage("sqlite:///s.db", "one").damaged_error()) == (
        "the study in sqlite:///s.db is damaged; start again with another study"
    )


def test_a_failure_of_a_place_is_cut_and_hides_its_password() -> None:
    storage = StudyStorage("postgresql://me:hush%21@host/base", "one")

    def fail() -> None:
        with storage.translate_errors():
            raise OSError("hush%21 or hush! is wrong " + "x" * 400)

    told = failure_of(fail)
    assert told.startswith("the storage postgresql://host/base fails: *** or *** is wrong xxx")
    assert told.endswith("xxx; see that it runs and lets you in")
    assert len(told) == len("the storage postgresql://host/base fails: ") + 300 + len(
        "; see that it runs and lets you in"
    )


def test_a_study_that_is_there_or_is_not_says_how_to_go_on(make_spec: MakeSpec) -> None:
    storage = StudyStorage(None, "one")
    assert failure_of(lambda: SearchStudy.resume(storage, "one")) == (
        "there is no study one in tune/one/journal.log; start it with study"
    )
    SearchStudy.begin(storage, "one", make_spec(), join=False)
    assert failure_of(lambda: SearchStudy.begin(storage, "one", make_spec(), join=False)) == (
        'there is a study one in tune/one/journal.log; resume it by resume="one", or choose '
        "another study"
    )


def test_devices_are_tried_for_all_batches_of_the_largest_network(
    make_spec: MakeSpec, blobs: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[tuple[TrainConfig, int]] = []

    def noting(choice: Device, config: TrainConfig, population: int, *_: object) -> Device:
        tried.append((config, population))
        return choice

    monkeypatch.setattr(session, "settle_device", noting)
    choice = select_device("cpu")
    for trials, epochs in ((7, 9), (6, 6), (1, 3)):
        work = Work(trials, 3)
        spec, _ = session.settle_spec(make_spec(), blobs, "there", choice, work, Messages())
        assert (spec.data, spec.fingerprint) == ("there", blobs.fingerprint)
        config, population = tried.pop()
        assert (config.epochs, config.hidden, population) == (epochs, (6,), 3)


@pytest.mark.parametrize(
    ("optimizer", "rule"),
    [("adamw", "adam"), ("sgd", "sgd_momentum"), ("adam", "adam"), ("lion", "lion")],
)
def test_memory_is_asked_for_the_rule_that_takes_the_most(
    make_spec: MakeSpec,
    blobs: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    optimizer: str,
    rule: str,
) -> None:
    asked: list[tuple[Any, ...]] = []

    def most(*given: Any) -> int:
        asked.append(given)
        return 3

    monkeypatch.setattr(session, "largest_population", most)
    spec, choice = make_spec(optimizer=optimizer), select_device("cpu")
    for population in (3, 2):
        work = Work(6, population)
        session.settle_spec(spec, blobs, None, choice, work, Messages())
    assert {(given[2], given[3]) for given in asked} == {(rule, 16)}
    assert {str(given[1]) for given in asked} == {"6-4-3", "6-6-3"}
    told = failure_of(
        lambda: session.settle_spec(spec, blobs, None, choice, Work(6, 4), Messages())
    )
    assert told == (
        f"of the networks 6-4-3 with a batch of 16 at most 3 fit {choice.info.name}, not 4 side by "
        "side; give population=3"
    )


def found_by(spec: StudySpec, dataset: Dataset, timeout: float | None = None) -> Any:
    choice = select_device("cpu")
    study = SearchStudy.begin(StudyStorage(None, "one"), "one", spec, join=False)
    work, control = Work(2, 2, timeout), Control()
    progress = Tuner(study, choice, dataset, work, control, SearchObserver()).run()
    return session.best_of(study, progress, choice, dataset)


def test_a_search_is_told_as_its_report_holds_it(make_spec: MakeSpec, blobs: Dataset) -> None:
    found = found_by(make_spec({"hidden": {"choices": ["4"]}}), blobs)
    assert repr(found) == (
        f"<gpunet.Search 2 trials, best val_loss {found.best_trial.figure:.4g}: {{'hidden': (4,)}}>"
    )
    report = found.report()
    assert list(report) == [
        *("gpunet", "study", "monitor", "sampler", "pruner", "fingerprint", "device", "space"),
        *("importances", "best", "trials"),
    ]
    assert report["gpunet"] == gpunet.__version__
    assert report["fingerprint"] == blobs.fingerprint
    assert report["space"] == {"hidden": {"choices": ["4"]}}
    assert report["best"]["test"] == {
        "loss": found.model.test.loss,
        "accuracy": found.model.test.accuracy,
    }
    assert (found.best, found.failure) == ({"hidden": (4,)}, None)
    assert [one["number"] for one in found.trials] == [one.number for one in found.progress.trials]
    assert found.config.hidden == (4,)
    info = SearchInfo.of(found.study, found.choice, blobs, found.progress)
    assert (info.study, info.storage, info.data) == ("one", "tune/one/journal.log", "blobs")
    assert (info.monitor, info.parameters, info.epochs) == ("val_loss", ("hidden",), 3)


def test_a_search_without_test_samples_is_not_tested(make_spec: MakeSpec, blobs: Dataset) -> None:
    none = Samples(blobs.test.features[:0], blobs.test.labels[:0])
    bare = replace(blobs, test=none)
    spec = replace(make_spec(), fingerprint=bare.fingerprint)
    found = found_by(spec, bare)
    assert found.failure is None
    assert found.model.test.accuracy is None


def test_a_device_that_is_lost_at_the_test_leaves_the_network_and_the_reason(
    make_spec: MakeSpec, blobs: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise DeviceLostError("the device is lost")

    monkeypatch.setattr(session, "evaluate_model", lost)
    found = found_by(make_spec(), blobs)
    assert str(found.failure) == "the device is lost"
    assert found.report()["best"]["test"] == {"loss": None, "accuracy": None}


def test_a_time_limit_ends_a_search_with_its_reason(make_spec: MakeSpec, blobs: Dataset) -> None:
    found = found_by(make_spec(epochs=1_000_000), blobs, timeout=0.6)
    assert {one["reason"] for one in found.trials} == {"time limit reached"}


def defaults_of(function: Any) -> dict[str, Any]:
    own = inspect.signature(function).parameters.values()
    empty = inspect.Parameter.empty
    return {
        one.name: one.default
        for one in own
        if one.default is not empty and one.name not in TrainConfig().to_dict()
    }


def test_the_defaults_of_what_scripts_call() -> None:
    shared = {"device": "auto", "verbose": True}
    assert defaults_of(gpunet.train) == {
        **shared,
        "data": "auto",
        "sample_weight": None,
        "recipe": None,
        "callbacks": (),
        "run_dir": None,
        "name": None,
        "kept": False,
        "autotune": True,
        "checkpoint_every": None,
        "config": None,
    }
    assert defaults_of(gpunet.resume) == {
        **shared,
        "folder": None,
        "data": None,
        "callbacks": (),
        "autotune": True,
        "checkpoint_every": None,
    }
    assert defaults_of(gpunet.tune) == {
        **shared,
        "data": "auto",
        "space": None,
        "trials": session.TRIALS,
        "population": 16,
        "timeout": None,
        "sampler": "tpe",
        "pruner": "halving",
        "study": None,
        "storage": None,
    }
    assert defaults_of(gpunet.load_dataset) == {"verbose": True, "kind": None}
