"""The command ``gpunet``: its subcommands, and how a failure is reported.

Every command has a file of its own beside this one. Nothing heavy is imported until a command
runs, so that help and completion answer at once.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
import typer.core

from gpunet import __version__
from gpunet.cli import (
    bench,
    config,
    datasets,
    devices,
    evaluate,
    explain,
    export,
    find_lr,
    options,
    plot,
    predict,
    profile,
    recipes,
    runs,
    show,
    showcase,
    train,
    tune,
    tune_kernels,
)
from gpunet.cli.setting_options import option
from gpunet.errors import GpunetError, reason_of, spelling
from gpunet.terminal.live.notes import complain

__all__ = ["app", "command_line", "main", "run"]

MOVED = {
    "--find-lr": "gpunet find-lr",
    "--explain-plan": "gpunet explain",
    "--show-shader": "gpunet explain --shader PASS",
    "--profile": "gpunet profile",
    "--print-config": "gpunet config",
}
"""Commands that once were options of `gpunet train`, by those options."""

INTERRUPTED = 130
"""128 + SIGINT, as shells report a program that was interrupted."""

HELP = ["-h", "--help"]

app = typer.Typer(
    name="gpunet",
    help="Train neural networks on any GPU, from any vendor, and see them learn.",
    epilog="Start with: gpunet train",
    context_settings={"help_option_names": HELP},
    rich_markup_mode="rich",
)
app.command("train", cls=train.TrainCommand)(train.train)
app.command("tune")(tune.tune)
app.command("config")(config.config)
app.command("find-lr")(find_lr.find_lr)
app.command("recipes")(recipes.recipes)
app.command("runs")(runs.runs)
app.command("evaluate")(evaluate.evaluate)
app.command("predict")(predict.predict)
app.command("export")(export.export)
app.command("plot")(plot.plot)
app.command("show")(show.show)
app.command("showcase")(showcase.showcase)
app.command("devices")(devices.devices)
app.command("bench")(bench.bench)
app.command("explain")(explain.explain)
app.command("profile")(profile.profile)
app.command("tune-kernels")(tune_kernels.tune_kernels)
app.add_typer(datasets.app, name="datasets")


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run())


def run(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line; the process's own by default.

    Returns the exit code: 0 if all went well, 1 after a failure, 2 if the command line cannot be,
    130 if the user interrupted. A failure is one line on the standard error.
    """
    with spelling(option):
        return _run(arguments)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = command_line().main(
            args=None if arguments is None else list(arguments),
            prog_name="gpunet",
            standalone_mode=False,
        )
        sys.stdout.flush()
    except GpunetError as error:
        return _tell(str(error), error.exit_code)
    except typer.TyperException as error:
        moved = MOVED.get(getattr(error, "option_name", ""))
        if moved is not None:
            return _tell(f"this option is a command of its own now: `{moved}`", error.exit_code)
        # Typer passes on a prefix of the library that it parses values with.
        message = error.format_message().replace("Value error, ", "")
        return _tell(f"{message}{_where_help_is(error)}", error.exit_code)
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
        return _tell(f"the output cannot be written: {reason_of(error)}", 1)
    return int(code or 0)


def command_line() -> typer.core.TyperGroup:
    """All commands, with the one option that they share: every command draws."""
    group = typer.main.get_group(app)
    shared = _shared_options()
    groups = [one for one in group.commands.values() if isinstance(one, typer.core.TyperGroup)]
    for command in [group, *(leaf for one in (group, *groups) for leaf in one.commands.values())]:
        if command not in (group, *groups):
            command.params += shared
        # The width of a terminal decides where a paragraph breaks, not that of the source.
        command.help = re.sub(r"(?<!\n)\n(?!\n)", " ", command.help or "")
        context = typer.Context(command, help_option_names=HELP)
        for parameter in command.get_params(context):
            _shorten_kind(parameter, context)
    return group


def _shorten_kind(parameter: Any, context: typer.Context) -> None:
    """Keep the help's column of kinds so narrow that options are spelled out in 80 columns."""
    if getattr(parameter, "is_flag", False):
        parameter.metavar = ""  # else the help says that a flag takes a <bool>
    elif parameter.metavar is None:
        kind = parameter.display_type_rich(ctx=context).strip("<>").removesuffix(" range")
        *others, last = kind.split("|")
        if others:
            parameter.help += f" One of {', '.join(others)} and {last}."
        parameter.metavar = "NAME" if others else kind.replace("str", "text").upper()


def _shared_options() -> list[Any]:
    shared = typer.Typer(add_completion=False)

    @shared.command()
    def _shared(theme: options.Theme = "auto") -> None:
        """A command that has only the options that all commands share."""

    return typer.main.get_command(shared).params


def _tell(message: str, code: int) -> int:
    complain(message)
    return code


def _where_help_is(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return "" if context is None else f" (see {context.command_path} --help)"


def _forget_output() -> int:
    """Nobody reads the output any more; keep the interpreter from writing the rest at its end."""
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
            "--version", help="Show the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Train neural networks on any GPU, from any vendor, and see them learn."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
