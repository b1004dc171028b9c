"""Keeps datasets that took long to read, so that they open at once the next time.

A kept dataset is valid as long as its files, the options of the readers, and the readers' code are
unchanged. All kept datasets together take at most ``room()`` bytes on disk; the least recently
opened is removed first.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from gpunet.datasets.dataset import Dataset
from gpunet.datasets.kept_file import Facts, arrays_of, read_dataset, read_facts, write_dataset
from gpunet.datasets.spool import refusal_of_room
from gpunet.errors import DataError, SettingError, spelled
from gpunet.files.cache import cache_folder, disk, keep
from gpunet.files.typed_json import UnsoundError

__all__ = ["VARIABLE", "Kept", "kept_datasets", "read_once", "remove_kept", "room"]

log = logging.getLogger(__name__)

VARIABLE = "GPUNET_CACHE_LIMIT"
"""The environment variable with the size limit of all kept datasets, like ``50G``; 0 for none."""

MOST_ROOM = 20 << 30
SHARE_OF_DISK = 10
"""The default limit: this many bytes, or one in this many of the disk's if that is less."""

LEAST_SIZE = 8 << 20
LEAST_SECONDS = 1.0
"""Smallest size in bytes, and shortest reading time, of a dataset that is kept."""

MOST_FILES = 2_000_000
DEEPEST = 8
"""Most files in a folder, and deepest nesting, for which changes are tracked."""

END = ".dataset"


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """A kept dataset.

    Args:
        path: path of the data that it was read from.
        size: bytes in the cache folder.
        opened: time when it was last opened, in seconds since 1970.
        file: file that holds it.
    """

    path: Path
    size: int
    opened: float
    file: Path


def read_once(paths: Sequence[Path], asked: object, read: Callable[[], Dataset]) -> Dataset:
    """Open a kept dataset; otherwise read it now, and keep it if that took long.

    Args:
        paths: the files or the folder that it is read from, the first as the user named it.
        asked: further options of the reader; they are compared by their ``repr``.
        read: reads the dataset.

    Raises:
        GpunetError: any error of ``read``.
    """
    limit = room()
    stamp = _stamp(paths) if limit else None
    if stamp is None:
        return read()
    file = _file_of(paths, asked)
    facts = Facts(str(paths[0].absolute()), str(paths[0]), stamp)
    if (kept := _found(file, facts)) is not None:
        log.info("%s is taken as it was kept in %s", paths[0], file)
        return kept
    began = time.monotonic()
    dataset = read()
    if time.monotonic() - began < LEAST_SECONDS or not _is_worth_keeping(dataset):
        return dataset
    notice = _keep(file, dataset, facts, limit)
    kept = _found(file, facts) if notice is None else None  # so that the spooled rows are freed
    notice = notice or f"what was read is kept in {file.parent} for the next time"
    said = "; ".join(filter(None, (dataset.notice, notice)))
    return dataclasses.replace(kept or dataset, notice=said)


def kept_datasets() -> tuple[Kept, ...]:
    """List the kept datasets, the most recently opened last.

    Example:
        >>> import gpunet
        >>> sum(kept.size for kept in gpunet.kept_datasets()) >= 0
        True
    """
    found = []
    for file in _folder().glob(f"*{END}"):
        with suppress(OSError, UnsoundError):
            status = file.stat()
            path = Path(read_facts(file).path)
            found.append(Kept(path, status.st_size, status.st_mtime, file))
    return tuple(sorted(found, key=lambda kept: kept.opened))


def remove_kept(data: str | Path | None = None) -> tuple[Kept, ...]:
    """Remove kept datasets; the files that they were read from stay.

    Args:
        data: path that they were read from, or its last part; ``None`` for all.

    Returns:
        The removed ones.

    Raises:
        DataError: nothing is kept of these data.

    Example:
        >>> import gpunet
        >>> gpunet.remove_kept("no-such-file.csv")
        Traceback (most recent call last):
        gpunet.errors.DataError: nothing of 'no-such-file.csv' is kept; see `gpunet datasets list`
    """
    kept = kept_datasets()
    if data is None:
        _remove(_folder().glob(f"*{END}"))  # including damaged ones
        return kept
    wanted = Path(data).absolute()
    kept = tuple(one for one in kept if one.path == wanted or one.path.name == str(data))
    if not kept:
        raise DataError(f"nothing of {str(data)!r} is kept; see `gpunet datasets list`")
    _remove(one.file for one in kept)
    return kept


def room() -> int:
    """Most bytes that all kept datasets together may take.

    Raises:
        UsageError: the environment variable does not hold a size.
    """
    named = os.environ.get(VARIABLE, "").strip()
    if match := re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]?)(?:i?B)?", named, re.IGNORECASE):
        return int(float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " "))
    if named:
        raise SettingError(VARIABLE, named, "a size such as 50G or 500M, or 0 to keep nothing")
    total, _ = disk()
    return min(MOST_ROOM, total // SHARE_OF_DISK)


def _folder() -> Path:
    return cache_folder() / "read"


def _file_of(paths: Sequence[Path], asked: object) -> Path:
    """The file of a kept dataset; it depends on the options of the readers.

    It also depends on whether notices spell settings for Python or for the command line.
    """
    words = [*(str(path.absolute()) for path in paths), repr(asked), spelled("label")]
    digest = hashlib.sha256("\0".join(words).encode(errors="surrogateescape"))
    return _folder() / f"{digest.hexdigest()[:32]}{END}"


def _found(file: Path, facts: Facts) -> Dataset | None:
    """The dataset in a file, unless the file is damaged or its sources have changed."""
    try:
        dataset = read_dataset(file, facts)
        os.utime(file)
    except (OSError, ValueError, MemoryError):  # ValueErrors: DataError, UnsoundError
        return None
    return dataset


def _is_worth_keeping(dataset: Dataset) -> bool:
    """Whether a dataset is large and its samples are not already mapped from the user's files."""
    if _size_of(dataset) < LEAST_SIZE:
        return False
    parts = (samples for samples in dataset.parts.values() if len(samples))
    files = (getattr(samples.features, "filename", None) for samples in parts)
    cache = cache_folder().absolute()  # where a spool's file has a name on Windows
    return any(file is None or Path(file).is_relative_to(cache) for file in files)


def _size_of(dataset: Dataset) -> int:
    return sum(array.nbytes for one in dataset.parts.values() for array in arrays_of(one))


def _keep(file: Path, dataset: Dataset, facts: Facts, limit: int) -> str | None:
    """Keep a dataset; return a notice if that fails."""
    size = _size_of(dataset)
    if size > limit:
        return (
            f"they are read anew each time, for they take {size / (1 << 30):,.1f} GiB and "
            f"{VARIABLE} is {limit / (1 << 30):,.1f} GiB"
        )
    others = [kept for kept in kept_datasets() if kept.file != file]
    _remove(set(_folder().glob(f"*{END}")) - {kept.file for kept in others})  # nobody reads them
    total = size + sum(kept.size for kept in others)
    for kept in others:
        if total > limit:
            _remove([kept.file])
            total -= kept.size
    if refusal := refusal_of_room(size):
        return f"they are read anew each time, for {refusal}"

    def write(opened: Any) -> None:
        write_dataset(opened, dataset, facts)

    return keep(file, write, "what was read is not kept")


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        with suppress(OSError):  # Windows does not remove mapped files
            file.unlink()


def _stamp(paths: Sequence[Path]) -> str | None:
    """A text that changes whenever a file or a reader changes.

    ``None`` if changes cannot be tracked.
    """
    digest = hashlib.sha256(_readers())
    try:
        for count, path in enumerate(_below(paths)):
            if count >= MOST_FILES:
                return None
            status = path.stat()
            words = f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0"
            digest.update(words.encode(errors="surrogateescape"))
    except OSError:
        return None
    return digest.hexdigest()


def _below(paths: Sequence[Path]) -> Iterator[Path]:
    """The files and folders, and everything in the folders."""
    for path in paths:
        yield path.absolute()
        start = len(path.parts)
        seen: set[tuple[int, int]] = set()  # folders; links may lead to them again and again
        for folder, folders, files in os.walk(path, followlinks=True):
            here = Path(folder)
            status = here.stat()
            if (status.st_dev, status.st_ino) in seen:
                folders.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            folders.sort()
            yield from (here.absolute() / name for name in (*sorted(files), *folders))
            if len(here.parts) - start >= DEEPEST:
                folders.clear()


@cache
def _readers() -> bytes:
    """A digest of the code that reads datasets."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.digest()
