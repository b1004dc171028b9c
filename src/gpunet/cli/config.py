"""``gpunet config``: all settings of a training as TOML, for ``--config``."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Annotated, Any

import typer

from gpunet.cli import options
from gpunet.cli.setting_options import with_settings
from gpunet.cli.sources import origin, user_path
from gpunet.cli.train import train
from gpunet.config import TrainConfig
from gpunet.config.settings_file import RUN_SETTINGS, settings_text

__all__ = ["config"]


UNWRITTEN = {"named", "resume"}
"""Parameters of `gpunet train` that settings files do not have."""


def _tell_path(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        typer.echo(user_path())
        raise typer.Exit


PathOnly = Annotated[
    bool,
    typer.Option(
        "--path",
        envvar=options.NO_VARIABLE,
        help="Print only the path of the user's own settings file.",
        callback=_tell_path,
        is_eager=True,
    ),
]


def _config(
    *, context: typer.Context, config: TrainConfig, path: PathOnly = False, **_: Any
) -> None:
    """Print the settings that `gpunet train` would use, as TOML for its --config.

    A setting that is not a default is followed by its source: the command line, an environment
    variable, or a line of a file. Defaults that follow from other settings are in comments.

    Examples:
        gpunet config > run.toml   # to edit, and to train with by --config
        gpunet config --recipe nielsen
        gpunet config --path       # where to write settings of your own
    """
    others = {name: context.params.get(name) for name in RUN_SETTINGS}
    typer.echo(settings_text(others, config, partial(_line, context)), nl=False)


def _line(context: typer.Context, name: str, line: str) -> str:
    """The line of a setting, with its source."""
    place = origin(context, name)
    return f"{line.rstrip()}  # {place}\n" if line and place else line


config = with_settings(_config)
config.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [
        *(
            one
            for name, one in inspect.signature(train).parameters.items()
            if name not in UNWRITTEN
        ),
        inspect.signature(_config, eval_str=True).parameters["path"],
    ]
)
