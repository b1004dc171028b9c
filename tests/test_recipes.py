"""The recipes that come along."""

from __future__ import annotations

import pytest

from gpunet.config import TrainConfig
from gpunet.config.recipes import open_recipe, recipe_names
from gpunet.errors import UsageError


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_can_be_trained_and_says_whose_it_is(name: str) -> None:
    recipe = open_recipe(name)
    assert isinstance(recipe.file.train_config(), TrainConfig)
    assert recipe.file.settings["data"] == "mnist"
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
    }


def test_a_name_that_is_no_recipe_is_answered_with_the_closest_one() -> None:
    with pytest.raises(UsageError, match="there is no recipe 'nielson'; did you mean 'nielsen'"):
        open_recipe("nielson")
    with pytest.raises(UsageError, match="there is no recipe"):
        open_recipe("../recipes/nielsen")
