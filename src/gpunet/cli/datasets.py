"""``gpunet datasets``: lists, downloads and shows datasets."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from gpunet.cli import options
from gpunet.cli.completion import data_names, published_names
from gpunet.cli.help import print_help

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gpunet.artifacts.plots import Picture
    from gpunet.datasets.dataset import Dataset

__all__ = ["app"]

app = typer.Typer(invoke_without_command=True)

MIB = 1 << 20

Name = Annotated[
    str,
    typer.Argument(metavar="[NAME]", help="A dataset's name or a path.", autocompletion=data_names),
]


@app.callback()
def _datasets(context: typer.Context) -> None:
    """List, download, look at and remove datasets.

    Examples:
        gpunet datasets list
        gpunet datasets download mnist
        gpunet datasets preview mnist --count 20
    """
    if context.invoked_subcommand is None:
        print_help(context)


@app.command("list")
def list_datasets() -> None:
    """List the named datasets, and the cached copies of files.

    Examples:
        gpunet datasets list
        gpunet train mnist
        gpunet train fashion-mnist
    """
    from datetime import datetime

    from gpunet.datasets.catalog import entries
    from gpunet.datasets.kept import VARIABLE, kept_datasets, room
    from gpunet.terminal.draw.formats import size
    from gpunet.terminal.live.console import make_console, print_words

    console = make_console()
    for entry in entries():
        state = "in the cache" if entry.is_cached else "not yet drawn"
        if entry.is_downloaded and not entry.is_cached:
            state = f"not downloaded: gpunet datasets download {entry.name}"
        console.print(entry.name, style="bold")
        for line in (
            entry.description,
            f"{entry.train_count:,} samples to train, {entry.test_count:,} to test, "
            f"{entry.size / MIB:.0f} MiB, {entry.license}",
            state,
        ):
            print_words(console, f"  {line}")
    kept = kept_datasets()
    for one in kept:
        opened = f"{datetime.fromtimestamp(one.opened):%Y-%m-%d %H:%M}"
        console.print(str(one.path), style="bold", soft_wrap=True, markup=False)
        console.print(f"  kept as it was read, {size(one.size)}, last opened {opened}")
    if kept:
        total = size(sum(one.size for one in kept))
        most = f"{size(room())} ({VARIABLE})"
        print_words(console, f"{total} of at most {most} are kept in {kept[0].file.parent}")


@app.command("remove")
def remove_dataset(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="The file or folder that was read."),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", envvar=options.NO_VARIABLE, help="Remove all cached copies."),
    ] = False,
) -> None:
    """Remove cached copies of files; your own files stay.

    Examples:
        gpunet datasets list
        gpunet datasets remove sales.csv
        gpunet datasets remove --all
    """
    from gpunet.datasets.kept import remove_kept
    from gpunet.errors import UsageError
    from gpunet.terminal.draw.formats import size
    from gpunet.terminal.live.console import make_console

    if everything == (name is not None):
        raise UsageError("give either the NAME of what is to be removed or --all")
    removed = remove_kept(name)
    console = make_console()
    for one in removed:
        console.print(f"removed {size(one.size)} of {one.path}", soft_wrap=True, markup=False)
    if not removed:
        console.print("nothing is kept")


@app.command("download")
def download_dataset(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="mnist or fashion-mnist.", autocompletion=published_names
        ),
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Download it even if it is already there.")
    ] = False,
) -> None:
    """Download a dataset into the cache; a cached dataset is only checked.

    Examples:
        gpunet datasets download mnist
        gpunet datasets download fashion-mnist
        gpunet datasets download mnist --force
    """
    from gpunet.datasets.catalog import download
    from gpunet.terminal.live.console import make_console
    from gpunet.terminal.live.messages import ConsoleMessages

    console = make_console()
    with ConsoleMessages(console).stage(f"looking for {name}") as bar:
        folder = download(name, force=force, progress=bar)
    console.print(f"{name} is in {folder}", soft_wrap=True)


@app.command("preview")
def preview_dataset(
    name: Name = ("auto"),
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Samples to show.")] = 10,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Random seed for choosing the samples.")
    ] = 0,
    label: options.Label = None,
    ignore: options.Ignore = None,
    plot: options.Plot = None,
    force: options.Force = False,
    graphics: options.Graphics = "auto",
) -> None:
    """Show some training samples of a dataset.

    Examples:
        gpunet datasets preview mnist
        gpunet datasets preview strokes -n 30 --seed 1
        gpunet datasets preview sales.csv --label price
    """
    import numpy as np

    from gpunet.artifacts.plots import plot_pictures, require_plots
    from gpunet.cli.saving import save_plot
    from gpunet.config.texts import parse_names
    from gpunet.datasets.tables.options import TableOptions
    from gpunet.rng import permutation
    from gpunet.terminal.draw.graphics import choose_painter
    from gpunet.terminal.live.console import make_console
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.terminal.views.score import CALLED
    from gpunet.terminal.views.showcase import preview
    from gpunet.workflows.data import open_data

    if plot is not None:
        require_plots(plot)
    console = make_console()
    painter = choose_painter(graphics, console)
    dataset = open_data(
        name, ConsoleMessages(console), TableOptions(label, ignore=parse_names(ignore or ""))
    )
    rows = np.sort(permutation(seed, 0, len(dataset.train))[:count])
    held = dataset.validation
    validating = "" if held is None else f"{len(held):,} to validate, "
    known = CALLED[dataset.kind] if dataset.outputs > 1 else CALLED[dataset.kind][:-1]
    console.print(
        f"{len(dataset.train):,} samples to train, {validating}{len(dataset.test):,} to test, "
        f"{dataset.inputs:,} features, {dataset.outputs:,} {known}",
        soft_wrap=True,
    )
    console.print()
    names, kind = dataset.output_names, dataset.kind
    preview(console, dataset.train, names, dataset.image_shape, rows, painter, kind)
    if plot is not None:
        pictures = partial(plot_pictures, _pictures(dataset, rows))
        save_plot(console, pictures, plot, force=force)


def _pictures(dataset: Dataset, rows: NDArray[np.integer]) -> list[Picture]:
    """Training images, each with its class."""
    from gpunet.artifacts.plots import Picture
    from gpunet.cli.saving import require_images
    from gpunet.terminal.views.verdict import in_words

    shape = require_images(dataset.name, dataset.image_shape)
    drawn, names = dataset.train[rows], dataset.output_names
    truths = in_words(drawn.labels, names, dataset.kind)
    return [
        Picture(features.reshape(shape), truth)
        for features, truth in zip(drawn.features, truths, strict=True)
    ]
