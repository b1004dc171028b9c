"""``gpunet runs``: the runs that were kept, listed, side by side, drawn and removed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
import typer.core

from gpunet.cli import completion, options
from gpunet.cli.help import paged
from gpunet.config.setting import suggestion
from gpunet.errors import ModelError, UsageError
from gpunet.files.output import is_there

if TYPE_CHECKING:
    from gpunet.artifacts.run_folder import RunFolder

__all__ = ["app"]


class _Runs(typer.core.TyperGroup):
    """A group whose command ``list`` need not be typed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words behind ``gpunet runs``."""
        word, known = args[0] if args else "", {*self.commands, "-h", "--help"}
        is_mistyped = suggestion(word, self.commands) and not (
            is_there(word) or is_there(Path("runs", word))
        )
        if word not in known and not is_mistyped:
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_Runs)

Names = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN...",
        help="The name, the number or the folder of a run, or newest; any number of them.",
        autocompletion=completion.runs,
    ),
]
Sort = Annotated[
    Literal["newest", "best"],
    typer.Option(
        help="The runs trained last first, or those of the best validation accuracy or R2.",
        rich_help_panel=options.OUTPUT,
    ),
]
Yes = Annotated[
    bool,
    typer.Option("--yes", "-y", envvar=options.NO_VARIABLE, help="Remove them without asking."),
]


@app.callback()
def _runs() -> None:
    """List, compare, draw and remove the runs that were kept; `gpunet runs` alone lists them.

    Examples:
        gpunet runs list
        gpunet runs show 2 3
        gpunet runs delete 1
    """


@app.command("list")
def list_runs(
    folder: Annotated[
        Path,
        typer.Argument(metavar="[DIR]", help="A folder with runs, or one run.", show_default=False),
    ] = Path("runs"),
    sort: Sort = "newest",
    as_json: options.AsJson = False,
) -> None:
    """List the runs in a folder.

    Examples:
        gpunet runs list
        gpunet runs list --sort best
        gpunet runs list elsewhere/runs --json
    """
    from gpunet.artifacts.kept_runs import RUNS, find_run
    from gpunet.artifacts.report import strict_json
    from gpunet.artifacts.run_summary import summaries_in
    from gpunet.terminal.draw.formats import size
    from gpunet.terminal.live.notes import note
    from gpunet.terminal.views.runs_table import best_first, runs_table

    if folder != RUNS and not is_there(folder):
        folder = find_run(folder).path
    summaries = summaries_in(folder, note)
    if sort == "best":
        summaries = best_first(summaries)
    if as_json:
        print(strict_json([one.to_dict() for one in summaries]))
        return
    if not summaries:
        typer.echo(f"no run is kept in {folder}; start one with `gpunet train`")
        return
    count = f"{len(summaries)} {'run' if len(summaries) == 1 else 'runs'}"
    taken = size(sum(one.bytes for one in summaries))
    more = f"\n{count}, {taken}; `gpunet runs show RUN` tells more of one"
    paged(lambda console: [runs_table(console, summaries), more], ask=True)


@app.command("show")
def show_runs(names: Names, as_json: options.AsJson = False) -> None:
    """Show a run, or several side by side: the settings that differ, and what they came to.

    Examples:
        gpunet runs show newest
        gpunet runs show 2 3
        gpunet runs show 2 --json
    """
    from gpunet.artifacts.report import strict_json
    from gpunet.artifacts.run_summary import summarize
    from gpunet.terminal.live.console import make_console
    from gpunet.terminal.views.runs_table import runs_compared, summary_rows
    from gpunet.terminal.views.tables import summary_table

    runs = _found(names)
    summaries = [summarize(run) for run in runs]
    if as_json:
        print(strict_json([{**one.to_dict(), "config": one.config.to_dict()} for one in summaries]))
        return
    console = make_console()
    if len(summaries) > 1:
        console.print(runs_compared(summaries))
        return
    run, rows = summaries[0], summary_rows(summaries[0])
    if runs[0].metrics.exists():
        console.print(_curves(console, runs, len(rows) + 1))
        console.print()
    console.print(summary_table(rows))
    if run.stop_reason is None and not run.running:
        console.print(f"\n`gpunet train --resume {run.name}` goes on with it")


@app.command("plot")
def plot_runs(names: Names, plot: options.Plot = None, force: options.Force = False) -> None:
    """Draw the curves of runs in one chart, and into a file.

    Examples:
        gpunet runs plot newest
        gpunet runs plot 2 3
        gpunet runs plot 2 3 --plot both.svg
    """
    from functools import partial

    from gpunet.artifacts import plots
    from gpunet.artifacts.run_summary import summarize
    from gpunet.cli.saving import save_plot
    from gpunet.terminal.live.console import make_console
    from gpunet.terminal.views.runs_table import legend

    runs = _found(names)
    if plot is not None:
        plots.require_plots(plot)
    console = make_console()
    console.print(_curves(console, runs, len(runs)))
    if len(runs) > 1:
        console.print(legend([run.path.name for run in runs], console.width))
    if plot is not None:
        histories = {run.path.name: summarize(run).history for run in runs}
        save_plot(console, partial(plots.plot_runs, histories), plot, force=force)


@app.command("delete")
def delete_runs(names: Names, yes: Yes = False) -> None:
    """Remove runs and their folders, after asking; other files that lie there stay.

    Examples:
        gpunet runs delete 1
        gpunet runs delete 1 2 3-mnist-16-16
        gpunet runs delete 1 --yes
    """
    import sys

    from gpunet.terminal.draw.formats import size
    from gpunet.terminal.live.console import make_console
    from gpunet.terminal.live.notes import note

    runs = _found(names)
    for run in runs:
        run.require_removable()
    listed = ", ".join(f"{run.path} ({size(run.bytes)})" for run in runs)
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError(f"{listed} would be removed; give --yes, as nobody can be asked")
        typer.confirm(f"remove {listed}?", abort=True)
    for run in runs:
        run.delete()
        if run.path.exists():
            note(f"the folder {run.path} stays, for other files are in it")
    make_console().print(f"removed {listed}", soft_wrap=True, markup=False)


def _found(names: list[str]) -> list[RunFolder]:
    """The named runs, each once.

    Raises:
        ModelError: there is no run of that name.
    """
    from gpunet.artifacts.kept_runs import find_run

    found = {run.path.resolve(): run for run in map(find_run, names)}
    return list(found.values())


def _curves(console: Any, runs: list[RunFolder], below: int) -> Any:
    """The curves of runs from their logs, as high as possible with ``below`` lines below."""
    from gpunet.artifacts.metrics_reader import read_events
    from gpunet.terminal.views.curves import curves
    from gpunet.terminal.views.view import View

    views = []
    for run in runs:
        if not run.metrics.exists():
            raise ModelError(f"{run.path} has no {run.metrics.name} to draw; train it again")
        view = View()
        for clock, event in read_events(run.metrics):
            view = view.heard(event, clock)
        views.append(view)
    return curves(console, views, console.width, min(18, max(6, console.height - 2 - below)))
