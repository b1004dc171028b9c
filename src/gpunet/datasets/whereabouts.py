"""How a shareable file refers to data: by name, or by a path relative to its own folder.

So the file reveals little about the machine that wrote it, and somebody else's file cannot make
gpunet open data far away from it. In memory, paths are absolute.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

__all__ = ["located", "portable"]

MOST_CLIMBS = 3
"""Most folders up from a file to its data: from ``runs/NAME`` to data beside the working folder."""


def portable(reference: str | None, folder: Path) -> str | None:
    """The reference to data for a file in a folder.

    A dataset's name is kept, a path becomes relative to the folder. The relative path does not
    reveal the common parent folders; a path to data farther away is left out.

    Args:
        reference: a dataset's name, an absolute path, or ``None`` if unknown.
        folder: folder of the file.
    """
    if reference is None or not Path(reference).is_absolute():
        return reference
    start, end = (os.path.normpath(path) for path in (folder.absolute(), reference))
    try:
        relative = os.path.relpath(end, start)
        common = Path(os.path.commonpath([start, end]))
    except ValueError:  # different drives on Windows
        return None
    seen = Path(relative).as_posix()
    seen = seen if "/" in seen else f"./{seen}"  # unlike any name of a dataset
    near = Path(relative).parts.count(os.pardir) == 0 or _is_own(common)
    return seen if near and located(seen, folder) is not None else None


def located(reference: str | None, folder: Path) -> str | None:
    """The dataset's name or absolute path for a reference in a file.

    Args:
        reference: reference in the file, which is not trusted.
        folder: folder of the file.

    Returns:
        ``None`` if the file has no reference, or refers to a place far away.
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
    """Whether a folder belongs to a user, unlike one of the system such as ``/home``."""
    return len(folder.parts) > 2 or folder in (Path.home(), Path.cwd())
