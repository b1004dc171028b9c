"""``gpunet config``: all settings of a training as TOML that ``--config`` reads back."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

import typer

from gpunet.cli import options
from gpunet.cli.setting_options import with_settings
from gpunet.cli.sources import origin, user_path
from gpunet.cli.train import train
from gpunet.config import FOLLOWING, TrainConfig
from gpunet.config.settings_file import MEASURED, RUN_SETTINGS, write_settings

__all__ = ["config"]


UNWRITTEN = {"named", "resume"}
"""Parameters of `gpunet train` that no file of settings holds."""


def _tell_path(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        typer.echo(user_path())
        raise typer.Exit


PathOnly = Annotated[
    bool,
    typer.Option(
        "--path",
        envvar=options.NO_VARIABLE,
        help="Tell only where the user's own file of settings is looked for.",
        callback=_tell_path,
        is_eager=True,
    ),
]


def _config(
    *, context: typer.Context, config: TrainConfig, path: PathOnly = False, **_: Any
) -> None:
    """Print the settings that `gpunet train` would train with, as TOML for its --config.

    Beside what is no default stands where it comes from: typed, an environment variable, or a line
    of a file. Defaults that follow from the optimizer or other settings stand in comments.

    Examples:
        gpunet config > run.toml   # to edit, and to train with by --config
        gpunet config --recipe nielsen
        gpunet config --path       # of a file for settings of your own
    """
    following = {
        name: config.in_effect(name) for name in FOLLOWING if getattr(config, name) is None
    }
    others = {name: context.params.get(name) for name in RUN_SETTINGS}
    remarks = "".join(f"# {line}\n" for line in write_settings(following).splitlines())
    if config.epochs is None:
        remarks += "# (for few samples more epochs, and patience and lr_decay_every likewise)\n"
    settings = {**others, **config.to_dict()}
    text = "".join(_line(context, name, value) for name, value in settings.items()) + remarks
    if config.measured:
        text += f"\n[{MEASURED}]\n{write_settings(config.measured)}"
    typer.echo(text, nl=False)


def _line(context: typer.Context, name: str, value: Any) -> str:
    """A setting in TOML, with where it comes from."""
    line, place = write_settings({name: value}), origin(context, name)
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
