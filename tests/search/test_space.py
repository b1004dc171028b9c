"""What may be searched, and how mistakes in it are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gpunet.config import OPTIMIZERS, TrainConfig
from gpunet.errors import UsageError
from gpunet.search.space import Parameter, Space, default_space, grid, read_space

FIXED = TrainConfig()


def written(folder: Path, text: str) -> Path:
    path = folder / "space.toml"
    path.write_text(text)
    return path


def test_a_file_names_ranges_and_choices(tmp_path: Path) -> None:
    space = read_space(
        written(
            tmp_path,
            "[lr]\nlow = 1e-4\nhigh = 0.1\nlog = true\n"
            '[hidden]\nchoices = ["16,16", [128], "none"]\n'
            "[lr-decay-every]\nlow = 1\nhigh = 9\nstep = 2\n",
        )
    )
    assert Parameter("learning_rate", 1e-4, 0.1, log=True) == space.parameters[0]
    assert space.parameters[1].choices == ("16,16", "128", "none")
    assert space.parameters[2].points == (1, 3, 5, 7, 9)
    assert space.shared == ("hidden",)
    config = space.config(FIXED, {"learning_rate": 0.01, "hidden": "none", "lr_decay_every": 3})
    assert (config.learning_rate, config.hidden, config.lr_decay_every) == (0.01, (), 3)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[lerning_rate]\nlow = 1\nhigh = 2", "did you mean 'learning_rate'"),
        ("[dropout]\nlow = 0.5\nhigh = 0.1", "low: is 0.5, which is above high, 0.1"),
        ("[dropout]\nlow = 0.5\nhigh = 1.5", "dropout is 1.5"),
        ("[batch_size]\nlow = 8\nhigh = 64.5", "high: is 64.5, wanted a whole number"),
        ("[l2]\nlow = 0\nhigh = 0.1\nlog = true", "wanted a number above 0 because log is true"),
        ("[l2]\nlow = 0.0\nhigh = nan", "high: is nan, wanted a number"),
        ("[l2]\nstep = 'x'\nhigh = 'y'\nlow = 'z'", "low: is 'z', wanted a number"),
        ("[l2]\nlow = 0.0", "give low and high, or choices"),
        ("[l2]\nlow = 0.1\nhigh = 0.2\nlogg = true", "logg: is unknown"),
        ("[l2]\nlow = 0.1\nhigh = 0.2\nlog = true\nstep = 0.1", "does not go with log"),
        ("[l2]\nlow = 0.1\nhigh = 0.2\nstep = -0.1", "wanted a number above 0"),
        ("[l2]\nlow = 0.1\nhigh = 0.2\nstep = 1e-12", "makes more than 1,048,576 values"),
        ("[patience]\nlow = 0\nhigh = 2000000000", "makes more than 1,048,576 values"),
        ("[l2]\nlow = 0.1\nhigh = 1e39", "high: is 1e+39, wanted a number"),
        ("[schedule]\nlow = 0\nhigh = 1", "give choices instead"),
        ('[schedule]\nchoices = ["cosin"]', "wanted one of cosine"),
        ("[epochs]\nchoices = [1.5]", "wanted a whole number"),
        ("[epochs]\nchoices = []", "wanted a list of values"),
        ("[epochs]\nchoices = [2, 2]", "twice"),
        ("[epochs]\nchoices = [2]\nlow = 1", "has both choices and low"),
        ('[hidden]\nchoices = ["16,x"]', "part 2 is 'x'"),
        ('[hidden]\nchoices = ["0"]', "part 1 is '0'"),
        ("[monitor]\nchoices = [1]", "cannot be searched"),
        ("[l2]\nlow = 0.0\nhigh = 1.0\n[l-2]\nlow = 0.0\nhigh = 1.0", "no setting"),
        ("[lr]\nlow = 1\nhigh = 2\n[learning_rate]\nlow = 1\nhigh = 2", "twice"),
        ("epochs = 3", "a fixed value belongs in config"),
        ("[epochs", "is no valid TOML"),
        ("", "names no setting"),
    ],
)
def test_a_mistake_in_a_file_is_told_in_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as raised:
        read_space(path).require_possible(FIXED, str(path))
    assert str(raised.value).startswith(str(path))
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml does not exist"):
        read_space(tmp_path / "none.toml")


def test_a_value_that_some_other_value_makes_possible_is_allowed(tmp_path: Path) -> None:
    tables = {
        "optimizer": {"choices": ["adam", "sgd"]},
        "momentum": {"low": 0.1, "high": 0.9},
        "nesterov": {"choices": [True, False]},
    }
    space = Space.from_dict(tables, "a space")
    space.require_possible(FIXED, "a space")
    with pytest.raises(UsageError, match="nesterov"):
        space.config(FIXED, {"optimizer": "adam", "momentum": 0.5, "nesterov": True})


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_default_space_is_possible_for_every_optimizer(optimizer: str) -> None:
    fixed = TrainConfig(optimizer=optimizer)  # type: ignore[arg-type]
    space = default_space(fixed)
    space.require_possible(fixed, "the default space")
    draws = np.random.default_rng(1)
    for _ in range(50):
        space.config(fixed, {one.name: one.draw(draws) for one in space.parameters})


def test_what_the_user_has_decided_on_is_not_searched() -> None:
    names = {one.name for one in default_space(FIXED, ["hidden", "l2"]).parameters}
    assert not {"hidden", "l2"} & names
    assert "dropout" in names


def test_a_range_may_say_that_it_has_no_step() -> None:
    tables = {"l2": {"low": 0.0, "high": 0.1, "step": None}}
    assert Space.from_dict(tables, "a space").parameters == (Parameter("l2", 0.0, 0.1),)


def test_a_space_comes_back_from_json() -> None:
    space = default_space(TrainConfig(optimizer="sgd"))
    assert space == Space.from_dict(space.to_dict(), "JSON")


def test_a_grid_has_the_points_of_one_population_beside_one_another() -> None:
    tables = {
        "dropout": {"low": 0.0, "high": 0.5, "step": 0.25},
        "hidden": {"choices": ["4", "8"]},
    }
    points = grid(Space.from_dict(tables, "a space"))
    assert [point["hidden"] for point in points] == ["4"] * 3 + ["8"] * 3
    assert [point["dropout"] for point in points] == [0.0, 0.25, 0.5] * 2


def test_a_continuous_range_is_no_grid() -> None:
    with pytest.raises(UsageError, match="learning_rate is a continuous range"):
        grid(default_space(FIXED, ["beta1"]))


def test_the_shapes_of_a_space_are_those_of_its_populations() -> None:
    tables = {
        "hidden": {"choices": ["4", "8,8"]},
        "batch_size": {"low": 4, "high": 32},
        "dropout": {"low": 0.0, "high": 0.5},
    }
    shapes = Space.from_dict(tables, "a space").shapes(FIXED)
    assert [(one.hidden, one.batch_size) for one in shapes] == [((4,), 32), ((8, 8), 32)]


def test_a_value_of_no_parameter_is_refused() -> None:
    space = Space.from_dict({"l2": {"low": 0.1, "high": 0.2}}, "a test")
    with pytest.raises(UsageError, match="a trial sets 'l1', which is not searched"):
        space.config(TrainConfig(), {"l1": 0.1})
