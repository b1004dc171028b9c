"""Files to repeat a run: its settings, and the machine and versions it ran with.

Both files can be shared. They contain no folder above the working folder, no environment variable,
and only the names of scripts.
"""

from __future__ import annotations

import dataclasses
import platform
import re
import shlex
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gpunet import __version__
from gpunet.artifacts.report import write_report
from gpunet.artifacts.run_folder import RunFolder
from gpunet.config import TrainConfig
from gpunet.config.settings_file import settings_text
from gpunet.datasets.whereabouts import portable
from gpunet.engine.interface import DeviceInfo
from gpunet.files.output import write_atomically
from gpunet.model import Model

__all__ = ["write_environment", "write_settings_of"]

LIBRARIES = ("numpy", "wgpu")


def write_settings_of(config: TrainConfig, model: Model, device: str, folder: RunFolder) -> None:
    """Write the settings of a run for ``gpunet train --config``.

    Args:
        config: the settings in effect.
        model: the model that is trained, which knows where its data are.
        device: the user's choice of device.
        folder: the folder of the run.

    Raises:
        OutputError: the file cannot be written.
    """
    data = portable(model.origin.reference, Path.cwd())
    if data is not None and not data.isprintable():  # which no TOML holds
        data = None
    head = "" if data else f"# the data, {model.origin.name!r:.80}, must be named by --data\n"
    text = settings_text({"data": data, "device": device}, config)
    write_atomically(folder.settings, (head + text).encode(errors="backslashreplace"))


def write_environment(device: DeviceInfo, path: Path) -> None:
    """Write the environment of a run: versions, system, device, and the command line.

    Raises:
        OutputError: the file cannot be written.
    """
    libraries = {name: known for name in LIBRARIES if (known := _version(name))}
    content: dict[str, Any] = {
        "gpunet": __version__,
        "python": platform.python_version(),
        **libraries,
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "device": dataclasses.asdict(device),
        "command": _command_line(sys.argv),
    }
    write_report(content, path)


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _command_line(arguments: list[str]) -> str:
    """The command as typed, without the folders of paths outside the working folder."""
    program = Path(arguments[0] if arguments else "python")
    if program.name == "__main__.py":
        program = program.parent
    if program.stem != "gpunet":  # a script, whose arguments may be anything
        return program.name
    folders = r"(^|=)(?:~|[\\/]|[A-Za-z]:).*[\\/]"
    typed = (re.sub(folders, r"\1.../", argument, flags=re.DOTALL) for argument in arguments[1:])
    return shlex.join(["gpunet", *typed])
