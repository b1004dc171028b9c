"""``gpunet train``: its options. What they ask for is carried out by ``training_run``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gpunet.cli import options
from gpunet.cli.setting_options import with_settings
from gpunet.config import SETTINGS, TrainConfig
from gpunet.errors import UsageError

__all__ = ["train"]


@with_settings
def train(
    *,
    context: typer.Context,
    data: options.Data = "auto",
    config: TrainConfig,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            help="Keep checkpoints, the best model, the report and a log in this new folder.",
            rich_help_panel=options.RUN,
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="Keep the run in the folder runs/NAME.",
            rich_help_panel=options.RUN,
            show_default=False,
        ),
    ] = None,
    checkpoint_every: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Epochs between two checkpoints, by default 1; without --run-dir or --name the "
            "folder in runs is named by date, time and layers.",
            rich_help_panel=options.RUN,
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN_DIR",
            help="Go on with the run in a folder, with its data and settings; --epochs may be "
            "raised and --max-time changed.",
            rich_help_panel=options.RUN,
            show_default=False,
        ),
    ] = None,
    device: options.Device = "auto",
    autotune: options.Autotune = True,
    output: Annotated[
        Path, typer.Option(help="The model file.", rich_help_panel=options.OUTPUT)
    ] = Path("model.safetensors"),
    report: Annotated[
        Path | None,
        typer.Option(
            help="Write settings, history and results as JSON, too.",
            rich_help_panel=options.OUTPUT,
            show_default=False,
        ),
    ] = None,
    plot: options.Plot = None,
    force: options.Force = False,
    showcase: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Test samples to show with their predictions; 0 for none, 10 by default where "
            "the screen has room.",
            rich_help_panel=options.OUTPUT,
            show_default=False,
        ),
    ] = None,
    graphics: options.Graphics = "auto",
    plain: options.Plain = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a network, save its best weights, and show what it learnt.

    Ctrl-C stops the training and saves; twice, it aborts.
    """
    options.require_places(output, report, plot)
    from gpunet.cli.run_names import named_run
    from gpunet.cli.training_run import Wishes, carry_out
    from gpunet.workflows.run_folders import resumed_run

    if resume is None:
        keeping = named_run(run_dir, name, checkpoint_every, config, datetime.now())
    else:
        _require_alone("--resume", {"--run-dir": run_dir, "--name": name, **_sources(context)})
        given = _given(context)
        keeping, config = resumed_run(resume, checkpoint_every, config, given & SETTINGS.keys())
        data = data if "data" in given else keeping.reference
    carry_out(
        Wishes(
            config=config,
            data=data,
            device=device,
            output=output,
            report=report,
            plot=plot,
            showcase=showcase,
            graphics=graphics,
            plain=plain,
            quiet=quiet,
            autotune=autotune,
            keeping=keeping,
            force=force,
        )
    )


def _sources(context: typer.Context) -> dict[str, object]:
    return {"--config": context.params["config_file"], "--recipe": context.params["recipe"]}


def _given(context: typer.Context) -> set[str]:
    """The names of the parameters that the command line names."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source and source.name == "COMMANDLINE"}


def _require_alone(option: str, others: Mapping[str, object]) -> None:
    for other, value in others.items():
        if value is not None:
            raise UsageError(f"{option} and {other} cannot go together; leave out {other}")
