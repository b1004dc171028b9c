"""The folder of a run as the command line names it: ``--run-dir``, ``--name``, or the date."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from gpunet.config import TrainConfig
from gpunet.errors import UsageError
from gpunet.workflows.run_folders import RunLocation, new_run

__all__ = ["named_run"]

RUNS = Path("runs")
"""Where runs are kept that are given a name or none."""


def named_run(
    folder: Path | None, name: str | None, every: int | None, config: TrainConfig, now: datetime
) -> RunLocation | None:
    """Where ``--run-dir``, ``--name`` and ``--checkpoint-every`` want a run to be kept, if at all.

    Raises:
        UsageError: they contradict one another, or there is a run already.
        OutputError: the folder cannot be written to.
    """
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
