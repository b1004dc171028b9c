"""``gpunet tune``: its options. What they ask for is carried out by ``search_run``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from gpunet.cli import options
from gpunet.config import Monitor, Optimizer, TrainConfig, parse_duration
from gpunet.errors import UsageError

__all__ = ["tune"]

SEARCH = "Search"
STUDY = "Study"
DEFAULT = TrainConfig()


DECIDED = ("label", "epochs", "batch_size", "optimizer", "seed", "monitor")
"""Settings of training that an option takes out of the search."""

PASSED_ON = (
    *("space", "data", "device", "trials", "population", "sampler", "pruner", "storage"),
    *("heartbeat", "output", "report", "force", "plain", "quiet"),
)
"""Options that are handed on as they are."""

Data = Annotated[
    str | None,
    typer.Option(
        help="A dataset's name or a path, as `gpunet train` takes it.",
        rich_help_panel=options.DATA,
        show_default="auto",
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE.toml",
        help="Settings that are not searched, as `gpunet train --config` takes them.",
        rich_help_panel=options.DATA,
        show_default=False,
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        help="Of a trial, at most.",
        rich_help_panel=options.DATA,
        show_default=f"{DEFAULT.effective_epochs}, more for few samples",
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        help="Samples per step.",
        rich_help_panel=options.DATA,
        show_default=str(DEFAULT.batch_size),
    ),
]
OptimizerName = Annotated[
    Optimizer | None,
    typer.Option(
        help="The update rule.", rich_help_panel=options.DATA, show_default=DEFAULT.optimizer
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        help="Of the sampler, and of every trial.",
        rich_help_panel=options.DATA,
        show_default=str(DEFAULT.seed),
    ),
]
MonitoredFigure = Annotated[
    Monitor | None,
    typer.Option(
        help="The figure that trials are compared by.",
        rich_help_panel=SEARCH,
        show_default=DEFAULT.monitor,
    ),
]
Space = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.toml",
        help="What is searched: a table for each setting, with low, high and perhaps log or "
        "step, or with choices.",
        rich_help_panel=SEARCH,
        show_default="layers, activation, learning rate, schedule, regularization",
    ),
]
Trials = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Trials of the study in all, over all workers; of a grid always all points.",
        rich_help_panel=SEARCH,
        show_default="64",
    ),
]
Population = Annotated[
    int,
    typer.Option(
        min=1,
        help="Networks of one shape that are trained side by side, at most.",
        rich_help_panel=SEARCH,
    ),
]
Timeout = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Stop after so many seconds, or 10m, or 1h30m.",
        rich_help_panel=SEARCH,
        show_default=False,
    ),
]
Sampler = Annotated[
    Literal["tpe", "random", "grid"] | None,
    typer.Option(help="How trials are chosen.", rich_help_panel=SEARCH, show_default="tpe"),
]
Pruner = Annotated[
    Literal["halving", "median", "none"] | None,
    typer.Option(
        help="Which trials end early: all but the best third at epochs 1, 3, 9, 27 ..., those "
        "worse than the median of the trials before, or none.",
        rich_help_panel=SEARCH,
        show_default="halving",
    ),
]
Study = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What the study is called; its best model lies in tune/NAME. In a --storage it is "
        "joined if it is there.",
        rich_help_panel=STUDY,
        show_default="date and time",
    ),
]
Storage = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Where studies are kept: sqlite:///FILE, postgresql://..., mysql://... or "
        "grpc://HOST:PORT. Any number of workers may join.",
        rich_help_panel=STUDY,
        show_default="a journal in tune/NAME",
    ),
]
Resume = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Go on with a study, with its data and settings.",
        rich_help_panel=STUDY,
        show_default=False,
    ),
]
Heartbeat = Annotated[
    int,
    typer.Option(
        min=1,
        help="Seconds between two signs of life in a database; a worker that misses three is "
        "taken for dead, and its trials are tried again.",
        rich_help_panel=STUDY,
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        help="As `gpunet train` takes it.",
        rich_help_panel=options.DEVICE,
        show_default="auto",
    ),
]
Output = Annotated[
    Path,
    typer.Option(help="The best network's model file.", rich_help_panel=options.OUTPUT),
]
Report = Annotated[
    Path | None,
    typer.Option(
        help="Write all trials and the result as JSON, too.",
        rich_help_panel=options.OUTPUT,
        show_default=False,
    ),
]


def tune(
    context: typer.Context,
    data: Data = None,
    label: options.Label = None,
    config_file: ConfigFile = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    optimizer: OptimizerName = None,
    seed: Seed = None,
    monitor: MonitoredFigure = None,
    space: Space = None,
    trials: Trials = None,
    population: Population = 16,
    timeout: Timeout = None,
    sampler: Sampler = None,
    pruner: Pruner = None,
    study: Study = None,
    storage: Storage = None,
    resume: Resume = None,
    heartbeat: Heartbeat = 10,
    device: Device = None,
    output: Output = Path("model.safetensors"),
    report: Report = None,
    force: options.Force = False,
    plain: options.Plain = False,
    quiet: options.Quiet = False,
) -> None:
    """Search for good settings, many networks side by side, and save the best one.

    q or Ctrl-C stops and keeps what is done; `--resume` goes on.
    """
    if resume is not None and study is not None:
        raise UsageError("--resume and --study both name a study; leave out --study")
    from gpunet.search.storage import require_optuna

    require_optuna()
    from gpunet.cli.search_run import Wishes, carry_out
    from gpunet.config.settings_file import read_settings

    options.require_places(output, report)
    file = None if config_file is None else read_settings(config_file)
    given = context.params
    carry_out(
        Wishes(
            file=file,
            typed={name: given[name] for name in DECIDED if given[name] is not None},
            timeout=None if timeout is None else parse_duration(timeout, "--timeout"),
            study=resume or study or f"{datetime.now():%Y-%m-%d-%H%M%S}",
            resumed=resume is not None,
            **{name: given[name] for name in PASSED_ON},
        )
    )
