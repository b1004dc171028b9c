"""Where data are, as a file says it that is passed on: by a name, or seen from its own folder.

It tells little of the machine that it was written on, and a file of somebody else makes gpunet open
nothing that is far from it. In memory a path is absolute.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

__all__ = ["located", "portable"]

MOST_CLIMBS = 3
"""Folders up from a file to its data, as from ``runs/NAME`` to data beside the working folder."""


def portable(reference: str | None, folder: Path) -> str | None:
    """What a file in a folder says of where data are.

    A dataset's name stays, a path is seen from the folder. That path tells nothing of the folders
    above those that the file and the data have in common; the path of data elsewhere is left out.

    Args:
        reference: a dataset's name, an absolute path, or ``None`` where nobody knows.
        folder: of the file.
    """
    if reference is None or not Path(reference).is_absolute():
        return reference
    start, end = (os.path.normpath(path) for path in (folder.absolute(), reference))
    try:
        relative = os.path.relpath(end, start)
        common = Path(os.path.commonpath([start, end]))
    except ValueError:  # two drives of Windows
        return None
    seen = Path(relative).as_posix()
    seen = seen if "/" in seen else f"./{seen}"  # which no name of a dataset looks like
    near = Path(relative).parts.count(os.pardir) == 0 or _is_own(common)
    return seen if near and located(seen, folder) is not None else None


def located(reference: str | None, folder: Path) -> str | None:
    """The dataset's name, or the absolute path, that a file in a folder speaks of.

    Args:
        reference: as the file has it, whoever wrote it.
        folder: of the file.

    Returns:
        ``None`` where the file says nothing, or names a place that is not near it.
    """
    if reference is None or set("\\\0") & set(reference):
        return None
    if "/" not in reference:
        return reference
    parts = PurePosixPath(reference).parts
    climbs = parts.count(os.pardir)
    if reference[0] in "/~" or PureWindowsPath(*parts).anchor or climbs > MOST_CLIMBS:
        return None
    if os.pardir in parts[climbs:]:
        return None
    return os.path.normpath(folder.absolute().joinpath(*parts))


def _is_own(folder: Path) -> bool:
    """Whether a folder is somebody's own, and not one of the machine such as ``/home``."""
    return len(folder.parts) > 2 or folder in (Path.home(), Path.cwd())
