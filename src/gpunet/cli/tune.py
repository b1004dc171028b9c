"""``gpunet tune``: its options, and the search that they and a settings file define."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gpunet.cli import options
from gpunet.cli.completion import data_names, device_names, study_names
from gpunet.cli.setting_options import with_fixed_settings
from gpunet.cli.sources import is_given
from gpunet.config import TrainConfig, parse_duration
from gpunet.config.settings_file import SettingsFile, read_settings
from gpunet.errors import SettingError, UsageError

if TYPE_CHECKING:
    from gpunet.search.study import SearchStudy
    from gpunet.search.study_spec import StudySpec

__all__ = ["tune"]

SEARCH = "Search"
STUDY = "Study"
Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        "-d",
        autocompletion=data_names,
        help="A dataset's name or a path, as `gpunet train` takes it.",
        rich_help_panel=options.DATA,
        show_default="auto",
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar=options.NO_VARIABLE,
        metavar="FILE.toml",
        help="Settings that are not searched, as `gpunet train --config` takes them.",
        rich_help_panel=options.DATA,
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
        metavar="TIME", help="Stop after so many seconds, or 10m, or 1h30m.", rich_help_panel=SEARCH
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
        envvar=options.NO_VARIABLE,
        autocompletion=study_names,
        metavar="NAME",
        help="Resume a study, with its data and settings.",
        rich_help_panel=STUDY,
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
        autocompletion=device_names,
        help="Device, as `gpunet train` takes it.",
        rich_help_panel=options.DEVICE,
        show_default="auto",
    ),
]
Output = Annotated[
    Path,
    typer.Option(
        "--output", "-o", help="The best network's model file.", rich_help_panel=options.OUTPUT
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        help="Write all trials and the result as JSON, too.", rich_help_panel=options.OUTPUT
    ),
]


@with_fixed_settings
def tune(
    *,
    context: typer.Context,
    named: options.DataArgument = None,
    data: Data = None,
    fixed: dict[str, Any],
    config_file: ConfigFile = None,
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
    bell: options.Bell = False,
) -> None:
    """Search for good settings, many networks at once, and save the best.

    q or Ctrl-C stops and keeps what is done; `--resume` goes on.

    Examples:
        gpunet tune mnist --trials 32
        gpunet tune sales.csv --timeout 10m
        gpunet tune mnist --epochs 10 --optimizer sgd
    """
    if resume is not None and study is not None:
        raise UsageError("--resume and --study both name a study; leave out --study")
    from gpunet.search import require_optuna

    require_optuna()
    from gpunet.cli.search_end import finish, telling_how_to_resume
    from gpunet.search.events import Work
    from gpunet.search.session import TRIALS
    from gpunet.search.storage import StudyStorage
    from gpunet.search.study import SearchStudy
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.tuning import run_search

    options.require_outputs(output, report)
    file = None if config_file is None else read_settings(config_file)
    kept = StudyStorage(storage, resume or study or f"{datetime.now():%Y-%m-%d-%H%M%S}", heartbeat)
    begun = None if resume is None else SearchStudy.resume(kept, resume)
    spec = _spec(begun, fixed, file, space, sampler, pruner, trials)
    work = Work(trials or TRIALS, population, _seconds(timeout))
    source = options.data_named_by(context, named, data or "")
    source = source or _of_file(file, "data") or _source(begun)
    of_file = None if is_given(context, "device") else _of_file(file, "device")
    device = of_file or device or "auto"
    messages = ConsoleMessages(plain=plain, quiet=quiet, patient=True, bell=bell)
    with telling_how_to_resume(kept, resumed=begun is not None):
        found = run_search(source, spec, device, kept, work, messages, begun)
    finish(found, messages, device, output, report, force=force)


def _seconds(timeout: str | None) -> float | None:
    return None if timeout is None else parse_duration(timeout, "timeout")


def _of_file(file: SettingsFile | None, name: str) -> Any:
    return file.settings.get(name) if file else None


def _source(begun: SearchStudy | None) -> str:
    """The data of a resumed study, or the default if there is none."""
    from gpunet.datasets.catalog import AUTO
    from gpunet.workflows.data import found_again

    return AUTO if begun is None else found_again(begun.name, begun.spec.data)


def _spec(
    begun: SearchStudy | None,
    fixed: dict[str, Any],
    file: SettingsFile | None,
    space: Path | None,
    sampler: str | None,
    pruner: str | None,
    trials: int | None,
) -> StudySpec:
    """The definition of the search; mistakes in files are found before any download.

    Raises:
        UsageError: a setting or the space is invalid.
    """
    from gpunet.search.session import new_spec
    from gpunet.search.space import read_space

    given = {**(file.training if file else {}), **fixed}
    try:
        TrainConfig.from_dict(given)
    except SettingError as error:
        if file is None or error.setting in fixed:
            raise
        raise file.with_location(error) from error
    return new_spec(
        given,
        None if space is None else read_space(space),
        "the default space" if space is None else str(space),
        old=begun.spec if begun else None,
        sampler=sampler,
        pruner=pruner,
        trials=trials,
    )
