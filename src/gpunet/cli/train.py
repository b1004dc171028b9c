"""``gpunet train``: its options, and the folder in which a run is kept."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gpunet.cli import options
from gpunet.cli.setting_options import with_settings
from gpunet.config import SETTINGS, TrainConfig
from gpunet.errors import UsageError

if TYPE_CHECKING:
    from gpunet.workflows.run_folders import Recorder

__all__ = ["named_run", "train"]

SOURCES = {
    "run_dir": "--run-dir",
    "name": "--name",
    "config_file": "--config",
    "recipe": "--recipe",
}
"""Options that a resumed run does not take, as it has what they name, by parameters."""

RUNS = Path("runs")
"""The folder of runs that are kept by their name, or by the date if they have none."""


@with_settings
def train(
    *,
    context: typer.Context,
    named: options.DataArgument = None,
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
    bell: options.Bell = False,
) -> None:
    """Train a network, save its best weights, and show what it learned.

    Ctrl-C stops the training and saves; twice, it aborts.

    Examples:
        gpunet train                          # digits; 16,16 units, 15 epochs
        gpunet train mnist --hidden 128 --dropout 0.1 -e 30
        gpunet train sales.csv --label price --name prices
    """
    options.require_outputs(output, report, plot)
    from gpunet.cli.saving import Results
    from gpunet.cli.training_end import finish, save_results
    from gpunet.terminal.draw.graphics import choose_painter
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.workflows.run_folders import resumed_run
    from gpunet.workflows.training import train_model

    given = _given(context)
    if named is not None and "data" in given:
        raise UsageError(f"{named} and --data {data} both name the data; give one of them")
    data = named or data
    if resume is None:
        recorder = named_run(run_dir, name, checkpoint_every, config, datetime.now())
    else:
        for name, other in SOURCES.items():
            if name in given:
                raise UsageError(f"--resume and {other} cannot go together; leave out {other}")
        recorder, config = resumed_run(resume, checkpoint_every, config, given & SETTINGS.keys())
        data = data if given & {"named", "data"} else recorder.reference
    messages = ConsoleMessages(plain=plain, quiet=quiet, patient=True, bell=bell)
    painter = choose_painter(graphics, messages.console)
    run = train_model(data, config, device, messages, recorder=recorder, autotune=autotune)
    results = Results(force=force)
    save_results(results, run, output, report, plot)
    finish(run, messages, results, recorder, painter, showcase)


def named_run(
    folder: Path | None, name: str | None, every: int | None, config: TrainConfig, now: datetime
) -> Recorder | None:
    """What keeps a run as ``--run-dir``, ``--name`` and ``--checkpoint-every`` want it, if at all.

    Raises:
        UsageError: they contradict one another, or there is a run already.
        OutputError: the folder cannot be written to.
    """
    from gpunet.workflows.run_folders import new_run

    if folder is None and name is None and every is None:
        return None
    if folder is not None and name is not None:
        raise UsageError(
            f"--run-dir {folder} and --name {name} both say where the run is kept; give one of them"
        )
    if name is not None and (Path(name).name != name or name in {"", ".", ".."} or "\0" in name):
        raise UsageError(
            f"--name {name!r} is no plain name; give --run-dir for a path, or a name without "
            "slashes"
        )
    if folder is None:
        folder = RUNS / (name or _unused_name(config, now))
    return new_run(folder, every or 1)


def _unused_name(config: TrainConfig, now: datetime) -> str:
    """The date, the time and the hidden layers: ``2030-05-17_14-03-59_16-16``."""
    hidden = "-".join(map(str, config.hidden[:8])) or "no-hidden"
    stem = name = f"{now:%Y-%m-%d_%H-%M-%S}_{hidden}"
    number = 1
    while (RUNS / name).exists():
        number += 1
        name = f"{stem}_{number}"
    return name


def _given(context: typer.Context) -> set[str]:
    """The names of the parameters that the command line names."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source and source.name == "COMMANDLINE"}
