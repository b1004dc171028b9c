"""``gpunet recipes``: list the built-in settings files, or print one."""

from __future__ import annotations

from typing import Annotated

import typer

from gpunet.config.recipes import Recipe, open_recipe, recipe_names

__all__ = ["recipes"]

MNIST = (784, 10)
"""Features and classes of MNIST, the data of all recipes except those for any table."""


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
    from rich.text import Text

    from gpunet.terminal.draw.style import Ink
    from gpunet.terminal.live.console import make_console, print_words

    console = make_console()
    listed = [open_recipe(one) for one in recipe_names()]
    wide = max(len(recipe.name) for recipe in listed)
    for recipe in listed:
        head = Text.assemble((recipe.name.ljust(wide), Ink.STRONG), f"  {_network(recipe)}")
        console.print(head, soft_wrap=True)
        print_words(console, f"  {recipe.description}")
        print_words(console, f"  {recipe.source}", Ink.MUTED)


def _network(recipe: Recipe) -> str:
    """The network that a recipe trains, and the test accuracy that its source claims."""
    config = recipe.file.train_config()
    claim = "no accuracy claimed"
    if recipe.accuracy is not None:
        claim = f"{100 * recipe.accuracy:.2f} % claimed"
    if recipe.file.settings.get("data") != "mnist":
        return f"hidden layers {'-'.join(map(str, config.hidden))} for any table, {claim}"
    return f"{config.network(*MNIST)}, {claim}"
