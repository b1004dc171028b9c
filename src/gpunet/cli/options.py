"""Shared by several commands: options, their panels in the help, and checks of output paths."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gpunet.cli.completion import data_names, device_names, models, resumable_runs, runs
from gpunet.cli.help import SHARED
from gpunet.cli.sources import origin, take_user_settings
from gpunet.config import SETTINGS
from gpunet.config import Graphics as _Graphics
from gpunet.config import Theme as _Theme
from gpunet.config.settings import DATA
from gpunet.errors import UsageError

__all__ = [
    "DATA",
    "DEVICE",
    "NO_VARIABLE",
    "OUTPUT",
    "RUN",
    "AsJson",
    "Autotune",
    "CheckpointEvery",
    "Data",
    "DataArgument",
    "Device",
    "Force",
    "Graphics",
    "Ignore",
    "Label",
    "LogFile",
    "ModelData",
    "ModelFile",
    "Name",
    "NoKeep",
    "NoUserConfig",
    "Output",
    "Plain",
    "Plot",
    "Quiet",
    "Report",
    "Resume",
    "RunArgument",
    "RunArguments",
    "RunDir",
    "Showcase",
    "Theme",
    "Verbose",
    "chosen_model",
    "data_named_by",
    "require_outputs",
]

NO_VARIABLE = ""
"""The variable of options that can only be typed, since they concern a single call."""

RUN = "Keeping the run"
DEVICE = "Device"
OUTPUT = "Output"


Data = Annotated[
    str,
    typer.Option(
        "--data",
        "-d",
        autocompletion=data_names,
        help="mnist, fashion-mnist, strokes (built in), or a path: a table (CSV, Parquet, Excel, "
        "ARFF and others) of classes or measured targets, IDX, NPZ or NPY files, or a folder of "
        "images; auto takes MNIST if it can be had, else strokes.",
        rich_help_panel=DATA,
    ),
]
DataArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[DATA]",
        help="The data, in place of --data.",
        show_default=False,
        autocompletion=data_names,
    ),
]
Autotune = Annotated[
    bool,
    typer.Option(
        help="Use the matmul tiles that were measured to be the fastest on this device; a long run "
        "measures them first. The results are the same either way.",
        rich_help_panel=DEVICE,
    ),
]
Device = Annotated[
    str,
    typer.Option(
        autocompletion=device_names,
        help="[bold]auto[/] takes a hardware GPU, else the faster of numpy and a software "
        "adapter; [bold]gpu[/] the best adapter, [bold]cpu[/] numpy; else an index or a part of a "
        "name from `gpunet devices`, or cuda, rocm, mps, metal, vulkan or dx12.",
        rich_help_panel=DEVICE,
    ),
]
ModelFile = Annotated[
    str | None,
    typer.Argument(
        metavar="[MODEL]",
        help="A model file, or the name, the number or the folder of a run; by default the model "
        "of the newest run.",
        show_default=False,
        autocompletion=models,
    ),
]
RunArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]",
        help="The name, the number or the folder of a run; by default the newest one.",
        show_default=False,
        autocompletion=runs,
    ),
]
RunArguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN]...",
        help="The names, the numbers or the folders of runs; by default the newest one.",
        show_default=False,
        autocompletion=runs,
    ),
]
ModelData = Annotated[
    str | None,
    typer.Option(
        "--data",
        "-d",
        autocompletion=data_names,
        envvar=NO_VARIABLE,
        help="A dataset's name or a path; by default the data that the model was trained on.",
        rich_help_panel=DATA,
    ),
]
Label = Annotated[
    str | None,
    typer.Option(
        metavar=SETTINGS["label"].metavar, help=SETTINGS["label"].help, rich_help_panel=DATA
    ),
]
Ignore = Annotated[
    str | None,
    typer.Option(
        metavar=SETTINGS["ignore"].metavar, help=SETTINGS["ignore"].help, rich_help_panel=DATA
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Draw a picture into this file, too: .png, .svg or .pdf.",
        rich_help_panel=OUTPUT,
    ),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Replace existing files, instead of choosing another name such as "
        "model-2.safetensors.",
        rich_help_panel=OUTPUT,
    ),
]
Graphics = Annotated[
    _Graphics,
    typer.Option(
        help="How pictures are drawn: in pixels, if a terminal knows one of the two protocols, or "
        "in half blocks. [bold]auto[/] takes pixels in terminals known for them.",
        rich_help_panel=OUTPUT,
    ),
]
Plain = Annotated[
    bool,
    typer.Option("--plain", help="Print lines instead of a live screen.", rich_help_panel=OUTPUT),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Print the result only, in one line.", rich_help_panel=OUTPUT
    ),
]
Bell = Annotated[
    bool,
    typer.Option("--bell", help="Ring the terminal's bell at the end.", rich_help_panel=OUTPUT),
]
RunDir = Annotated[
    Path | None,
    typer.Option(help="Keep the run in this new folder.", rich_help_panel=RUN),
]
Name = Annotated[
    str | None,
    typer.Option(
        help="Keep the run in runs/NAME; by default it is named by a number, the data and the "
        "layers.",
        rich_help_panel=RUN,
    ),
]
NoKeep = Annotated[
    bool,
    typer.Option(
        "--no-keep",
        help="Do not keep the run, with its model, checkpoint, settings, metrics, log and curves; "
        "write only the model, to --output.",
        rich_help_panel=RUN,
    ),
]
CheckpointEvery = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Epochs between two checkpoints; by default 1, or more if writing them would take "
        "over a twentieth of the time.",
        rich_help_panel=RUN,
    ),
]
Resume = Annotated[
    str | None,
    typer.Option(
        envvar=NO_VARIABLE,
        autocompletion=resumable_runs,
        metavar="[RUN]",
        help="Resume a run by its name, number or folder, or the newest one, with its data and "
        "settings; --epochs may be raised and --max-time changed.",
        rich_help_panel=RUN,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the model into this file, too; with --no-keep by default model.safetensors.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(help="Write settings, history and results as JSON, too.", rich_help_panel=OUTPUT),
]
Showcase = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Test samples to show with their predictions; 0 for none, 10 by default where "
        "the screen has room.",
        rich_help_panel=OUTPUT,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON instead of tables.", rich_help_panel=OUTPUT)
]


def _wish_for_theme(theme: _Theme) -> None:
    from gpunet.terminal.live.console import prefer_theme

    prefer_theme(theme)


Theme = Annotated[
    _Theme,
    typer.Option(
        help="Colors for a dark or a light terminal, or none; [bold]auto[/] asks the terminal.",
        rich_help_panel=SHARED,
        callback=_wish_for_theme,
        is_eager=True,
        expose_value=False,
    ),
]


NoUserConfig = Annotated[
    bool,
    typer.Option(
        "--no-user-config",
        help="Ignore the user's config.toml, whose path `gpunet config --path` prints.",
        rich_help_panel=SHARED,
        callback=take_user_settings,
        is_eager=True,
        expose_value=False,
    ),
]


def chosen_model(model: str | None) -> Path:
    """The model file of an argument; without one, that of the newest run, with a note.

    Raises:
        ModelError: there is no such model.
    """
    from gpunet.artifacts.kept_runs import NEWEST, find_model
    from gpunet.terminal.live.notes import note

    found = find_model(model)
    if model in (None, NEWEST):
        note(f"{found}, the model of the newest run")
    return found


def _tell_decisions(context: typer.Context, count: int) -> None:
    if count and not context.resilient_parsing:
        from gpunet.cli.logs import listening, standard_error

        context.find_root().with_resource(listening(standard_error(count)))


def _log_into(context: typer.Context, path: Path | None) -> None:
    if path is not None and not context.resilient_parsing:
        from gpunet.cli.logs import listening, log_file

        context.find_root().with_resource(listening(log_file(path)))


Verbose = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        help="Log decisions and how long they take on the standard error; -vv logs more.",
        rich_help_panel=SHARED,
        callback=_tell_decisions,
        is_eager=True,
        expose_value=False,
        show_default=False,
    ),
]
LogFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Append the lines of -vv to this file, with dates, as for a bug report.",
        rich_help_panel=SHARED,
        callback=_log_into,
        is_eager=True,
        expose_value=False,
    ),
]


def data_named_by(context: typer.Context, word: str | None, data: str) -> str:
    """The data that a command's argument names, else those of ``--data``.

    Raises:
        UsageError: both are given.
    """
    if word is not None and origin(context, "data") == "typed":
        raise UsageError(f"{word} and --data {data} both name the data; give one of them")
    return data if word is None else word


def require_outputs(output: Path | None, report: Path | None, plot: Path | None = None) -> None:
    """Check that the results can be written, before an hour of training.

    Raises:
        OutputError: a file cannot be written.
        UsageError: two results have the same path.
    """
    from gpunet.files.output import require_writable

    for path in (output, report):
        if path is not None:
            require_writable(path)
    if plot is not None:
        from gpunet.artifacts.plots import require_plots

        require_plots(plot)
    named: dict[Path, str] = {}
    for option, path in {"--output": output, "--report": report, "--plot": plot}.items():
        if path is None:
            continue
        other = named.setdefault(path.resolve(), option)
        if other != option:
            raise UsageError(f"{other} and {option} both name {path}; give them different names")
