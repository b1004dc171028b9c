"""``gpunet recipes``: the settings that come along, and one of them as a file."""

from __future__ import annotations

from typing import Annotated

import typer

from gpunet.config.recipes import Recipe, open_recipe, recipe_names

__all__ = ["recipes"]

MNIST = (784, 10)
"""Features and classes of the data that every recipe is for."""


def recipes(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="Print this recipe's file, to copy and change.",
            autocompletion=recipe_names,
        ),
    ] = None,
) -> None:
    """List the recipes for `gpunet train --recipe`, or print one."""
    if name is not None:
        typer.echo(open_recipe(name).file.text.rstrip("\n"))
        return
    from gpunet.terminal.live.console import make_console

    console = make_console()
    for recipe in map(open_recipe, recipe_names()):
        console.print(recipe.name, style="bold")
        for line in _lines(recipe):
            console.print(f"  {line}", soft_wrap=True, markup=False, highlight=False)


def _lines(recipe: Recipe) -> tuple[str, ...]:
    config = recipe.file.train_config()
    claim = "no accuracy claimed" if recipe.accuracy is None else f"{recipe.accuracy:.2%} claimed"
    return (
        f"{config.network(*MNIST)}, {claim}",
        recipe.description,
        recipe.source,
    )
