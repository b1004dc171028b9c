"""``gpunet train``: its options. What they ask for is carried out by ``training_run``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

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
    run_dir: options.RunDir = None,
    name: options.Name = None,
    checkpoint_every: options.CheckpointEvery = None,
    resume: options.Resume = None,
    device: options.Device = "auto",
    autotune: options.Autotune = True,
    output: options.Output = Path("model.safetensors"),
    report: options.Report = None,
    plot: options.Plot = None,
    force: options.Force = False,
    showcase: options.Showcase = None,
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
        location = named_run(run_dir, name, checkpoint_every, config, datetime.now())
    else:
        _require_alone("--resume", {"--run-dir": run_dir, "--name": name, **_sources(context)})
        given = _given(context)
        location, config = resumed_run(resume, checkpoint_every, config, given & SETTINGS.keys())
        data = data if "data" in given else location.reference
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
            location=location,
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
