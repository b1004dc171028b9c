"""``gpunet recipes``: the settings that come along, and one of them as a file."""

from __future__ import annotations

from typing import Annotated

import typer

from gpunet.config.recipes import Recipe, open_recipe, recipe_names

__all__ = ["recipes"]

MNIST = (784, 10)
"""Features and classes of the data that all recipes are for but those for tables of any kind."""


def recipes(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="Print this recipe's file, to copy and change.",
            autocompletion=recipe_names,
        ),
    ] = None,
) -> None:
    """List the recipes for `gpunet train --recipe`, or print one.

    Examples:
        gpunet recipes
        gpunet recipes nielsen > mine.toml
        gpunet train --recipe nielsen
    """
    if name is not None:
        typer.echo(open_recipe(name).file.text.rstrip("\n"))
        return
    from gpunet.terminal.live.console import make_console, print_words

    console = make_console()
    for recipe in map(open_recipe, recipe_names()):
        console.print(recipe.name, style="bold")
        for line in _lines(recipe):
            print_words(console, f"  {line}")


def _lines(recipe: Recipe) -> tuple[str, ...]:
    config = recipe.file.train_config()
    claim = "no accuracy claimed" if recipe.accuracy is None else f"{recipe.accuracy:.2%} claimed"
    if recipe.file.settings.get("data") == "mnist":
        network = str(config.network(*MNIST))
    else:
        network = f"hidden layers {'-'.join(map(str, config.hidden))} for any table"
    return (
        f"{network}, {claim}",
        recipe.description,
        recipe.source,
    )
