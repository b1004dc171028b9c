"""Recipes: settings files that come with gpunet, with their source and the accuracy to reach.

The files lie in ``data/recipes``.
"""

from __future__ import annotations

from dataclasses import dataclass

from gpunet.config.setting import suggestion
from gpunet.config.settings_file import SettingsFile, read_settings
from gpunet.errors import UsageError
from gpunet.files.resources import data_file

__all__ = ["Recipe", "open_recipe", "recipe_names"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Published settings and their published accuracy."""

    name: str  # the file's stem
    description: str  # of the network and its training, in one line
    source: str  # who published it
    # The accuracy on MNIST's test set that the source claims, if it does.
    accuracy: float | None
    file: SettingsFile  # the settings


def recipe_names() -> list[str]:
    """The names of all recipes in alphabetical order."""
    return sorted(path.stem for path in data_file("recipes").glob("*.toml"))


def open_recipe(name: str) -> Recipe:
    """The recipe with this name.

    Raises:
        UsageError: there is none.
    """
    names = recipe_names()
    if name not in names:
        raise UsageError(
            f"there is no recipe {name!r}, wanted one of {', '.join(names)}"
            f"{suggestion(name, names)}"
        )
    file = read_settings(data_file("recipes", f"{name}.toml"))
    about = file.about
    return Recipe(name, about["description"], about["source"], about.get("accuracy"), file)
