"""Recipes: files of settings that come along, each with its source and the accuracy to meet.

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
    """Settings that somebody published, and what came of them."""

    name: str  # the file's stem
    description: str  # of the network and its training, in one line
    source: str  # whose it is
    # The fraction of MNIST's test set that the source claims; ``None`` if it gives none, or is not
    # about MNIST.
    accuracy: float | None
    file: SettingsFile  # the settings


def recipe_names() -> list[str]:
    """The names of all recipes, in the order of the alphabet."""
    return sorted(path.stem for path in data_file("recipes").glob("*.toml"))


def open_recipe(name: str) -> Recipe:
    """The recipe of a name.

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
