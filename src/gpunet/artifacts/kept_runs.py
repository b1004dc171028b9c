"""The runs in ``runs``: finds them by name, number or age, and names new ones.

``run_folder`` knows the files of a single run.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from pathlib import Path

from gpunet.artifacts.run_folder import RunFolder
from gpunet.config.setting import suggestion
from gpunet.errors import ModelError, OutputError, reason_of
from gpunet.files.output import is_there

__all__ = [
    "NEWEST",
    "RUNS",
    "claim",
    "find_model",
    "find_run",
    "is_model",
    "is_run_name",
    "runs_in",
]

RUNS = Path("runs")
"""The default folder of runs, relative to the working folder."""

NEWEST = "newest"
"""The word that names the run trained last."""

SUFFIX = ".safetensors"

LONGEST = 200
"""Most bytes of a run's name; most file systems allow 255."""

MOST_NUMBERS = 9
"""Most digits of a run's number; anything longer is a name."""


def runs_in(folder: Path) -> list[RunFolder]:
    """The runs in a folder, or the folder itself if it is a run; those trained last come first.

    Raises:
        ModelError: the folder cannot be read.
    """
    try:
        found = [folder, *(entry for entry in folder.iterdir() if entry.is_dir())]
        runs = [run for run in map(RunFolder, found) if run.exists]
        return sorted(runs, key=lambda run: (run.written, run.path.name), reverse=True)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ModelError(
            f"{folder} cannot be read: {reason_of(error)}; give the path of a folder with runs"
        ) from error


def find_run(name: str | Path | int | None = None) -> RunFolder:
    """Find a run by its folder, name or number; by default the newest run.

    Raises:
        ModelError: there is no such run.
    """
    if name is None or str(name) == NEWEST:
        return _newest(runs_in(RUNS))
    kept = [RUNS / str(name)] if Path(str(name)).name == str(name) else []
    for folder in (Path(str(name)), *kept):
        if (run := RunFolder(folder)).exists:
            return run
    runs = runs_in(RUNS)
    for run in runs:
        if str(name).isdecimal() and _number(run.path.name) == int(str(name)):
            return run
    advice = suggestion(str(name), [run.path.name for run in runs])
    shown = name if str(name).isprintable() and name != "" else repr(name)
    raise ModelError(
        f"there is no run {shown}{advice or '; `gpunet runs` lists all'}"
    ) from FileNotFoundError(str(name))


def find_model(name: str | Path | int | None = None) -> Path:
    """The model file at a path, or the best model of a run as found by ``find_run``.

    If no run is named, it is the newest run that has a model.

    Raises:
        ModelError: there is no such model.
    """
    if name is None or str(name) == NEWEST:
        return _newest(run for run in runs_in(RUNS) if run.best.exists()).best
    path = Path(str(name))
    if is_there(path) and not path.is_dir():
        return path
    try:
        run = find_run(name)
    except ModelError as error:
        if str(name) and (is_there(path) or path.suffix or path.name != str(name)):
            return path  # which whoever opens it tells more of
        raise ModelError(
            f"the model {str(name) or repr('')} cannot be read: there is no such file, and {error}"
        ) from error.__cause__
    if not run.best.exists():
        raise ModelError(
            f"the run {run.path} has no model, for none of its epochs was kept; take another run, "
            "or train again"
        )
    return run.best


def is_model(name: str) -> bool:
    """Whether a word names a run, or a model file by its content or ending."""
    path = Path(name)
    if is_there(path):
        return _begins_as_a_model(path) if path.is_file() else RunFolder(path).exists
    with contextlib.suppress(ModelError):
        return find_run(name).exists
    return False


def _begins_as_a_model(path: Path) -> bool:
    """Whether a file has a model's ending, or begins like one with a length and an object.

    A file that cannot be read does not count.
    """
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except OSError:
        return False
    return path.suffix == SUFFIX or (head[8:] == b"{" and not any(head[5:8]))


def is_run_name(name: str) -> bool:
    """Whether a run can have this name, also on a command line."""
    plain = Path(name).name == name and name.isprintable() and not name.startswith("-")
    return plain and len(name.encode()) <= LONGEST and name not in ("", ".", "..", NEWEST)


def claim(name: str) -> Path:
    """Create a folder for a new run, ``runs/NUMBER-NAME``, with a number of its own.

    Raises:
        OutputError: the folder cannot be created.
    """
    try:
        RUNS.mkdir(exist_ok=True)
        while True:
            number = 1 + max(_numbers(), default=0)
            folder = RUNS / str(number)
            try:
                folder.mkdir()
            except FileExistsError:  # another process has just made it
                continue
            if _numbers().count(number) == 1:
                return folder.rename(RUNS / f"{number}-{name}")
            folder.rmdir()  # another run had that number and was renamed meanwhile
    except OSError as error:
        raise OutputError(
            f"no folder for the run can be made in {RUNS}: {reason_of(error)}; train in another "
            "folder, or keep no run"
        ) from error


def _newest(runs: Iterable[RunFolder]) -> RunFolder:
    for run in runs:
        return run
    raise ModelError(f"no run is kept in {RUNS}; start one with `gpunet train`, or name another")


def _numbers() -> list[int]:
    """The numbers of all runs."""
    numbers = (_number(entry.name) for entry in RUNS.iterdir())
    return [number for number in numbers if number is not None]


def _number(name: str) -> int | None:
    """The number at the start of a run's name."""
    found = re.fullmatch(rf"([0-9]{{1,{MOST_NUMBERS}}})(-.*)?", name, re.DOTALL)
    return int(found[1]) if found else None
