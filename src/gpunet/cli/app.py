"""The command ``gpunet``: its subcommands, and how a failure is reported.

Every command has a file of its own beside this one. Nothing heavy is imported until a command
runs, so that help and completion answer at once.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
import typer.core

from gpunet import __version__
from gpunet.cli import (
    bench,
    config,
    datasets,
    devices,
    draw,
    evaluate,
    explain,
    export,
    find_lr,
    plot,
    predict,
    profile,
    recipes,
    replay,
    runs,
    show,
    showcase,
    topics,
    train,
    tune,
    tune_kernels,
    watch,
)
from gpunet.cli.command_tree import completed, walk
from gpunet.cli.exits import INTERRUPTED, MISTYPED
from gpunet.cli.help import print_help
from gpunet.cli.setting_options import option
from gpunet.cli.sources import misspelled_variables
from gpunet.cli.usage_errors import in_own_words
from gpunet.errors import DataError, GpunetError, ModelError, StudyError, reason_of, spelling
from gpunet.terminal.live.notes import complain, note

__all__ = ["app", "command_line", "main", "run"]

COMPLETING = "_GPUNET_COMPLETE"
"""The variable that a shell sets to ask for completions."""

app = typer.Typer(
    name="gpunet",
)
app.command("train", cls=train.TrainCommand)(train.train)
app.command("tune")(tune.tune)
app.command("config")(config.config)
app.command("find-lr")(find_lr.find_lr)
app.command("recipes")(recipes.recipes)
app.command("watch")(watch.watch)
app.command("replay")(replay.replay)
app.command("evaluate")(evaluate.evaluate)
app.command("predict")(predict.predict)
app.command("draw")(draw.draw)
app.command("export")(export.export)
app.command("plot")(plot.plot)
app.command("show")(show.show)
app.command("showcase")(showcase.showcase)
app.command("devices")(devices.devices)
app.command("bench")(bench.bench)
app.command("explain")(explain.explain)
app.command("profile")(profile.profile)
app.command("tune-kernels")(tune_kernels.tune_kernels)
app.command("help", context_settings={"ignore_unknown_options": True})(topics.help_on)
app.add_typer(runs.app, name="runs")
app.add_typer(datasets.app, name="datasets")


def main() -> None:
    """Run the command line and leave with its exit code."""
    code = run()
    gc.freeze()  # or Python looks for cycles among all objects before it ends, for 0.1 s and more
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the process's own by default.

    Returns the exit code: 0 for success, 1 after a failure, 2 if the command line is invalid, 130
    if the user interrupted. A failure is one line on the standard error.
    """
    _open_closed_streams()
    try:
        Path.cwd()
    except FileNotFoundError:
        return _tell("the current folder is no longer there; change to another one", 1)
    with spelling(option):
        return _run(arguments)


def _run(arguments: Sequence[str] | None) -> int:
    code = 0
    try:
        tree = command_line()
        _tell_misspelled_variables(tree)
        code = tree.main(
            args=None if arguments is None else list(arguments),
            prog_name="gpunet",
            standalone_mode=False,
        )
        sys.stdout.flush()
    except GpunetError as error:
        return _tell(str(error), MISTYPED if _names_nothing(error) else error.exit_code)
    except typer.TyperException as error:
        return _tell(in_own_words(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except MemoryError:
        return _tell("the memory is exhausted; try fewer samples, a smaller --hidden or batch", 1)
    except BrokenPipeError:
        return _forget_output()
    except OSError as error:
        if error.filename is not None:
            raise
        _forget_output()
        if not code:  # else the command ended with its terminal, which takes no output any more
            return _tell(f"the output cannot be written: {reason_of(error)}", 1)
    return int(code or 0)


def _open_closed_streams() -> None:
    """Open empty standard streams in place of those that the parent process closed."""
    for name, mode in {"stdin": "r", "stdout": "w", "stderr": "w"}.items():
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def _tell_misspelled_variables(tree: typer.core.TyperGroup) -> None:
    """Warn of misspelled variables, which would otherwise be ignored."""
    if COMPLETING not in os.environ:
        options = (one for _, command in walk("gpunet", tree) for one in command.params)
        for told in misspelled_variables(options):
            note(told)


def command_line() -> typer.core.TyperGroup:
    """All commands, with their common options."""
    return completed(typer.main.get_command(app))  # with the options for shells' completion


def _names_nothing(error: GpunetError) -> bool:
    """Whether the error is that something to read does not exist."""
    unread = isinstance(error, DataError | ModelError | StudyError)
    return unread and isinstance(error.__cause__, FileNotFoundError)


def _tell(message: str, code: int) -> int:
    complain(message)
    return code


def _forget_output() -> int:
    """Discard the output, which nobody reads any more; else Python would write it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gpunet {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _gpunet(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", help="Show the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Train neural networks on any GPU, from any vendor, and see them learn.

    Examples:
        gpunet train                        # handwritten digits, in under a minute
        gpunet train sales.csv --epochs 50  # a table of your own
        gpunet predict new.csv              # by the network trained last
    """
    if context.invoked_subcommand is None:
        print_help(context)
