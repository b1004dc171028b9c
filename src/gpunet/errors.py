"""The error tree: every failure that a user can cause or fix.

::

    GpunetError            exit code 1
    ├── UsageError         exit code 2: a request is invalid
    │   └── SettingError   a setting has an invalid value; also a ValueError
    ├── DataError          a dataset's file or an image is missing or invalid; a ValueError
    │   └── DownloadError  a dataset could not be downloaded
    ├── ModelError         a model file cannot be read or does not fit the data; a ValueError
    ├── DeviceError        an adapter is missing or too small for the task
    │   └── DeviceLostError an adapter failed at work; it may work after it is opened again
    ├── OutputError        a result cannot be written
    ├── StudyError         a hyperparameter search cannot be stored, or its file is invalid
    └── MissingExtraError  an optional library is not installed

A message is one sentence that names the thing, what was wanted, what was seen and the next
move. The command line prints it and exits with ``exit_code``; anything else that is raised
is a bug. All errors can be pickled. Messages name a setting by ``spelled``, so that people read
the spelling that they write: ``learning_rate`` in Python, an option on the command line.
"""

import contextlib
import json
import shlex
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar

__all__ = [
    "DataError",
    "DeviceError",
    "DeviceLostError",
    "DownloadError",
    "GpunetError",
    "MissingExtraError",
    "ModelError",
    "OutputError",
    "SettingError",
    "StudyError",
    "UsageError",
    "pip_install",
    "reason_of",
    "spelled",
    "spelling",
]


def reason_of(error: OSError) -> str:
    """The system's reason for an error, to follow a colon in a message."""
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]


def _in_python(name: str, value: str) -> str:
    if not value:
        return name
    quoted = not value.isupper() and not value[0].isdigit()  # neither PLACEHOLDER nor 1e-05
    return f"{name}={json.dumps(value) if quoted else value}"


_SPELLING: ContextVar[Callable[[str, str], str]] = ContextVar("_SPELLING", default=_in_python)


def spelled(name: str, value: str = "") -> str:
    """A setting, with a value if given, as the user writes it: ``learning_rate`` in Python."""
    return _SPELLING.get()(name, value)


@contextlib.contextmanager
def spelling(spell: Callable[[str, str], str]) -> Iterator[None]:
    """Make messages spell settings differently, such as for the command line.

    Args:
        spell: returns the spelling of a setting's name, with a value unless that is empty.
    """
    token = _SPELLING.set(spell)
    try:
        yield
    finally:
        _SPELLING.reset(token)


class GpunetError(Exception):
    """The root of all errors that a user can cause or fix."""

    exit_code = 1


class UsageError(GpunetError):
    """A request is invalid."""

    exit_code = 2


class SettingError(UsageError, ValueError):
    """A setting has an invalid value.

    Args:
        setting: the setting's name in Python.
        value: the invalid value.
        wanted: valid values, in words.
        advice: what to do, unless ``wanted`` already says it.
        says: what is wrong, in place of "is VALUE, wanted WANTED".
    """

    def __init__(
        self, setting: str, value: object, wanted: str = "", advice: str = "", says: str = ""
    ) -> None:
        super().__init__(setting, value, wanted, advice, says)
        self.setting, self.value, self.wanted, self.advice, self._says = self.args
        self.location = ""

    def at(self, location: str) -> "SettingError":
        """A copy of the error for a value in a file.

        Args:
            location: the file and the line, as messages name them.
        """
        located = SettingError(*self.args)
        located.location = location
        return located

    def __str__(self) -> str:
        name = f"{self.location}: {self.setting}" if self.location else spelled(self.setting)
        advice = f"; {self.advice}" if self.advice else ""
        return f"{name} {self._says or f'is {self._shown()}, wanted {self.wanted}'}{advice}"

    def _shown(self) -> str:
        value = self.value
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            value = int(value)  # as people write it
        in_toml = self.location and isinstance(value, bool | str)
        return f"{json.dumps(value, ensure_ascii=False) if in_toml else repr(value):.40}"


class DataError(GpunetError, ValueError):
    """A dataset's file or an image is missing or invalid."""


class DownloadError(DataError):
    """A dataset could not be downloaded, or the download differs from what was published."""


class ModelError(GpunetError, ValueError):
    """A model file cannot be read, or does not fit the data."""


class DeviceError(GpunetError):
    """An adapter is missing, or too small for the task."""


class DeviceLostError(DeviceError):
    """An adapter failed at work: it is lost, out of memory, or reports an error.

    It may work again once it is opened again.
    """


class OutputError(GpunetError):
    """A result cannot be written."""


class StudyError(GpunetError):
    """A hyperparameter search cannot be stored, or its file is invalid."""


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
    """The command that installs packages for the Python interpreter that runs this."""
    return shlex.join([sys.executable or "python", "-m", "pip", "install", *packages])


def _requirements(extra: str) -> list[str]:
    """The packages of an extra; none if gpunet was not installed by pip.

    The command names the packages, since gpunet is on no package index, and installing it from its
    folder would replace an editable install.
    """
    from importlib import metadata

    try:
        listed = metadata.requires("gpunet") or []
    except metadata.PackageNotFoundError:
        return []
    quoted = (f"'{extra}'", f'"{extra}"')
    marked = (line.partition(";") for line in listed if not line.startswith("gpunet"))
    return [name.strip() for name, _, marker in marked if marker.strip().endswith(quoted)]
