"""The recipes that come along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpunet
from gpunet.config import TrainConfig
from gpunet.config.recipes import open_recipe, recipe_names
from gpunet.config.settings_file import read_settings
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.errors import UsageError


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_can_be_trained_and_says_whose_it_is(name: str) -> None:
    recipe = open_recipe(name)
    assert isinstance(recipe.file.train_config(), TrainConfig)
    assert recipe.file.settings.get("data") == (None if name == "tabular" else "mnist")
    assert {"name", "description", "source"} == set(recipe.file.about) - {"accuracy"}
    assert name == recipe.file.about["name"]
    assert recipe.description
    assert recipe.source
    assert recipe.accuracy is None or 0.9 < recipe.accuracy < 1


def test_the_ancestors_and_the_papers_are_there() -> None:
    claimed = {name: open_recipe(name).accuracy for name in recipe_names()}
    assert claimed == {
        "7ustin": 0.9505,
        "dropout": 0.9894,
        "five-parts": None,
        "kromych": 0.9752,
        "nielsen": 0.95,
        "relu-128": 0.975,
        "simard": 0.984,
        "tabular": None,
    }


def test_a_name_that_is_no_recipe_is_answered_with_the_closest_one() -> None:
    with pytest.raises(UsageError, match=r"there is no recipe 'nielson'.*did you mean 'nielsen'"):
        open_recipe("nielson")
    with pytest.raises(UsageError, match="there is no recipe"):
        open_recipe("../recipes/nielsen")


def rows(draws: np.random.Generator) -> Any:
    features = draws.normal(size=(120, 3))
    features[::40] *= 50  # outliers
    return features


def test_the_recipe_for_tables_follows_the_kind_of_the_data() -> None:
    draws = np.random.default_rng(0)
    features = rows(draws)
    sums = features.sum(axis=1)
    short: dict[str, Any] = {"hidden": (8, 8), "epochs": 40, "verbose": False, "device": "cpu"}
    classes = gpunet.train((features, sums > 0), recipe="tabular", **short)
    samples = Samples(features, np.tanh(sums)[:, None].astype(np.float32))
    data = Dataset(
        "sums", samples, samples[:0], (), None, "drawn", targets=("sum",), kind="measured"
    )
    measured = gpunet.train(data, recipe="tabular", **short)
    names = ("activation", "learning_rate", "label_smoothing", "monitor", "loss")
    assert [getattr(classes.config, name) for name in names] == [
        *("selu", 0.04, 0.1, "val_accuracy", "cross-entropy")
    ]
    assert [getattr(measured.config, name) for name in names] == [
        *("mish", 0.07, 0.0, "val_loss", "squared-error")
    ]
    assert max(record["val_accuracy"] for record in classes.history) > 0.8
    assert max(record["val_r2"] for record in measured.history) > 0.5


def test_own_settings_win_over_a_recipe_whatever_the_kind_of_the_data() -> None:
    config = open_recipe("tabular").file.train_config().with_settings({"activation": "relu"})
    assert config.of_kind("measured").activation == "relu"
    assert config.of_kind("measured").learning_rate == 0.07
    assert config.of_kind("classes") == config.of_kind("labels")
    with pytest.raises(UsageError, match="config and recipe both give settings"):
        gpunet.train("strokes:20+10", config=config, recipe="tabular")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("measured = 3", "'measured' is no table; write"),
        ("[measured]\ndata = 'iris'", "'data' is no setting of training"),
        (
            "[measured]\nactivation = 'mosh'",
            "run.toml, line 2: activation is .*did you mean 'mish'",
        ),
        ("[measured]\nlr = 0.1\nlearning-rate = 0.2", "sets learning_rate twice"),
    ],
)
def test_settings_for_measured_targets_are_checked_as_any(
    text: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "run.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_settings(file)


def test_settings_for_measured_targets_that_cannot_be_are_refused_before_the_data_are_read() -> (
    None
):
    with pytest.raises(UsageError, match="'rate' is no setting of training"):
        TrainConfig(measured={"rate": 0.1})
    with pytest.raises(UsageError, match="one-cycle rises by itself"):
        TrainConfig(warmup=1.0, measured={"schedule": "one-cycle"})
