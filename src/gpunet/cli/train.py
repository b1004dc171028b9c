"""``gpunet train``: its options, and the folder in which a run is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer
import typer.core

from gpunet.cli import options
from gpunet.cli.setting_options import with_settings
from gpunet.config import SETTINGS, TrainConfig
from gpunet.errors import OutputError, UsageError

__all__ = ["TrainCommand", "train"]

PLACES = {
    "run_dir": "--run-dir",
    "name": "--name",
    "checkpoint_every": "--checkpoint-every",
}
"""Options of runs that are kept, by their parameters."""

SOURCES = {
    "run_dir": "--run-dir",
    "name": "--name",
    "config_file": "--config",
    "recipe": "--recipe",
    "no_keep": "--no-keep",
}
"""Options that a resumed run does not take, as it has what they name, by parameters."""

MODEL = Path("model.safetensors")
"""Where the model of a run is written that is not kept."""


@with_settings
def train(
    *,
    context: typer.Context,
    named: options.DataArgument = None,
    data: options.Data = "auto",
    config: TrainConfig,
    run_dir: options.RunDir = None,
    name: options.Name = None,
    no_keep: options.NoKeep = False,
    checkpoint_every: options.CheckpointEvery = None,
    resume: options.Resume = None,
    device: options.Device = "auto",
    autotune: options.Autotune = True,
    output: options.Output = None,
    report: options.Report = None,
    plot: options.Plot = None,
    force: options.Force = False,
    showcase: options.Showcase = None,
    graphics: options.Graphics = "auto",
    plain: options.Plain = False,
    quiet: options.Quiet = False,
    bell: options.Bell = False,
) -> None:
    """Train a network, save its best weights, and show what it learned.

    Ctrl-C stops the training and saves; twice, it aborts.

    Examples:
        gpunet train                          # digits; 16,16 units, 15 epochs
        gpunet train mnist --hidden 128 --dropout 0.1 -e 30
        gpunet train sales.csv --label price --name prices
    """
    if output is None and no_keep:
        output = MODEL
    options.require_outputs(output, report, plot)
    from gpunet.cli.saving import Results
    from gpunet.cli.training_end import finish, save_results
    from gpunet.terminal.draw.graphics import choose_painter
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.workflows.run_folders import new_run, resumed_run
    from gpunet.workflows.training import train_model

    given = _given(context)
    data = options.data_named_by(context, named, data)
    recorder = None
    if resume is not None:
        _require_alone("--resume", given, SOURCES)
        recorder, config = resumed_run(resume, checkpoint_every, config, given & SETTINGS.keys())
        data = data if given & {"named", "data"} else recorder.reference
    elif no_keep:
        _require_alone("--no-keep", given, PLACES)
    else:
        try:
            recorder = new_run(run_dir, name, checkpoint_every)
        except OutputError as error:
            raise OutputError(f"{error}, or keep none by --no-keep --output FILE") from error
    messages = ConsoleMessages(plain=plain, quiet=quiet, patient=True, bell=bell)
    painter = choose_painter(graphics, messages.console)
    run = train_model(data, config, device, messages, recorder=recorder, autotune=autotune)
    results = Results(force=force)
    if output is None and recorder is not None and recorder.model is not None:
        results.written["model"] = str(recorder.model)
        results.paths["model"] = recorder.model
    else:
        output = output or MODEL
    save_results(results, run, output, report, plot)
    finish(run, messages, results, recorder, painter, showcase)


def _require_alone(option: str, given: Collection[str], others: Mapping[str, str]) -> None:
    """Check that options which an option does not go with are not typed."""
    for name, other in others.items():
        if name in given:
            raise UsageError(f"{option} and {other} cannot go together; leave out {other}")


def _given(context: typer.Context) -> set[str]:
    """The names of the parameters that the command line names."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source and source.name == "COMMANDLINE"}


class TrainCommand(typer.core.TyperCommand):
    """``gpunet train``, whose ``--resume`` may stand without a run."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words behind the command."""
        words = []
        for word, following in pairwise([*args, "--"]):
            words.append(word)
            if word == "--resume" and following.startswith("-"):
                words.append("newest")
        return super().parse_args(ctx, words)
