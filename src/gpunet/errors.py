"""The error tree: every failure that a user can cause or mend.

::

    GpunetError            exit code 1
    ├── UsageError         exit code 2: an option or a setting has a value that cannot be
    ├── DataError          a dataset's file or an image does not hold what it should
    │   └── DownloadError  a dataset could not be fetched
    ├── ModelError         a model file cannot be read or does not fit the data
    ├── DeviceError        an adapter is missing or too small for the task
    │   └── DeviceLostError an adapter failed at work; it may work once it is opened anew
    ├── OutputError        a result cannot be written where it was asked for
    ├── StudyError         a search for hyperparameters cannot be kept, or is not what it should be
    └── MissingExtraError  an optional library is not installed

A message is one sentence that names the thing, what was wanted, what was seen and the next
move. The command line prints it and exits with ``exit_code``; anything else that is raised
is a bug.
"""

import shlex
import sys

__all__ = [
    "DataError",
    "DeviceError",
    "DeviceLostError",
    "DownloadError",
    "GpunetError",
    "MissingExtraError",
    "ModelError",
    "OutputError",
    "StudyError",
    "UsageError",
    "pip_install",
]


class GpunetError(Exception):
    """The root of all errors that a user can cause or mend."""

    exit_code = 1


class UsageError(GpunetError):
    """An option or a setting has a value that cannot be."""

    exit_code = 2


class DataError(GpunetError):
    """A dataset's file or an image does not hold what it should."""


class DownloadError(DataError):
    """A dataset could not be fetched, or what came is not what was published."""


class ModelError(GpunetError):
    """A model file cannot be read, or does not fit the data it is used on."""


class DeviceError(GpunetError):
    """An adapter is missing, or too small for the task."""


class DeviceLostError(DeviceError):
    """An adapter failed at work: it is lost, out of memory, or reports an error.

    It may work again once it is opened anew.
    """


class OutputError(GpunetError):
    """A result cannot be written where it was asked for."""


class StudyError(GpunetError):
    """A search for hyperparameters cannot be kept, or is not what it should be."""


class MissingExtraError(GpunetError):
    """An optional library is not installed.

    Args:
        purpose: what needs the library, as the start of a sentence.
        library: the library's name as people know it.
        extra: the extra of this package that brings it.
    """

    def __init__(self, purpose: str, library: str, extra: str) -> None:
        super().__init__(purpose, library, extra)  # what pickle makes it from again

    def __str__(self) -> str:
        purpose, library, extra = self.args
        return (
            f"{purpose} needs {library}, which is not installed; "
            f"run `{pip_install(*(_requirements(extra) or [library.lower()]))}`"
        )


def pip_install(*packages: str) -> str:
    """The command that installs packages for the very interpreter that runs this."""
    return shlex.join([sys.executable or "python", "-m", "pip", "install", *packages])


def _requirements(extra: str) -> list[str]:
    """The packages that an extra brings; none where gpunet was not installed by pip.

    They are named themselves, because gpunet is on no index, and installing it from its folder
    would replace an editable install.
    """
    from importlib import metadata

    try:
        listed = metadata.requires("gpunet") or []
    except metadata.PackageNotFoundError:
        return []
    quoted = (f"'{extra}'", f'"{extra}"')
    marked = (line.partition(";") for line in listed if not line.startswith("gpunet"))
    return [name.strip() for name, _, marker in marked if marker.strip().endswith(quoted)]
