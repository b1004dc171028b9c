"""Datasets that took long to read, kept as they were read, so that they are at hand at once.

A kept dataset serves as long as the files that it was read from, what was asked of the readers, and
the readers themselves are the same. All of them take no more than ``room()`` bytes of the disk; the
one that was not opened for longest makes way for others.
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
"""The environment variable that bounds what all kept datasets take, such as ``50G``; 0 for none."""

MOST_ROOM = 20 << 30
SHARE_OF_DISK = 10
"""The bound without it: so many bytes, or one part of so many of the disk if that is less."""

LEAST_SIZE = 8 << 20
LEAST_SECONDS = 1.0
"""Bytes of a dataset, and time that reading it took, from which on it is kept."""

MOST_FILES = 2_000_000
DEEPEST = 8
"""Files in a folder, and folders in one another, up to which it is known whether any changed."""

END = ".dataset"


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """A dataset that is kept.

    Args:
        path: of the data that it was read from.
        size: bytes that it takes in the cache folder.
        opened: when it was opened last, in seconds since 1970.
        file: that it is kept in.
    """

    path: Path
    size: int
    opened: float
    file: Path


def read_once(paths: Sequence[Path], asked: object, read: Callable[[], Dataset]) -> Dataset:
    """A dataset as it was kept; else as it is read now, and kept if that took long.

    Args:
        paths: the files, or the folder, that it is read from, the first as the user named it.
        asked: what else the reader was asked for; its ``repr`` tells.
        read: reads it.

    Raises:
        GpunetError: as ``read``.
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
    kept = _found(file, facts) if notice is None else None  # so that spooled rows make way
    notice = notice or f"what was read is kept in {file.parent} for the next time"
    said = "; ".join(filter(None, (dataset.notice, notice)))
    return dataclasses.replace(kept or dataset, notice=said)


def kept_datasets() -> tuple[Kept, ...]:
    """The datasets that are kept, the one that was opened last at the end.

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
    """Remove kept datasets; what they were read from stays.

    Args:
        data: the path that they were read from, or its last part; ``None`` for all.

    Returns:
        Those that were removed.

    Raises:
        DataError: none of these data is kept.

    Example:
        >>> import gpunet
        >>> gpunet.remove_kept("no-such-file.csv")
        Traceback (most recent call last):
        gpunet.errors.DataError: nothing of 'no-such-file.csv' is kept; see `gpunet datasets list`
    """
    kept = kept_datasets()
    if data is None:
        _remove(_folder().glob(f"*{END}"))  # also those that are damaged
        return kept
    wanted = Path(data).absolute()
    kept = tuple(one for one in kept if one.path == wanted or one.path.name == str(data))
    if not kept:
        raise DataError(f"nothing of {str(data)!r} is kept; see `gpunet datasets list`")
    _remove(one.file for one in kept)
    return kept


def room() -> int:
    """Bytes that all kept datasets together may take.

    Raises:
        UsageError: the environment names something else.
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
    """Where a dataset is kept; other questions to the readers have another file.

    Settings are spelled in notices, in Python not as on the command line.
    """
    words = [*(str(path.absolute()) for path in paths), repr(asked), spelled("label")]
    digest = hashlib.sha256("\0".join(words).encode(errors="surrogateescape"))
    return _folder() / f"{digest.hexdigest()[:32]}{END}"


def _found(file: Path, facts: Facts) -> Dataset | None:
    """The dataset in a file, unless it is damaged, or what it was read from has changed."""
    try:
        dataset = read_dataset(file, facts)
        os.utime(file)
    except (OSError, ValueError, MemoryError):  # ValueErrors: DataError, UnsoundError
        return None
    return dataset


def _is_worth_keeping(dataset: Dataset) -> bool:
    """Whether a dataset is large, and its samples do not lie ready in files of the user's."""
    if _size_of(dataset) < LEAST_SIZE:
        return False
    parts = (samples for samples in dataset.parts.values() if len(samples))
    files = (getattr(samples.features, "filename", None) for samples in parts)
    cache = cache_folder().absolute()  # where a spool's file has a name on Windows
    return any(file is None or Path(file).is_relative_to(cache) for file in files)


def _size_of(dataset: Dataset) -> int:
    return sum(array.nbytes for one in dataset.parts.values() for array in arrays_of(one))


def _keep(file: Path, dataset: Dataset, facts: Facts, limit: int) -> str | None:
    """Keep a dataset; a notice if that is not possible."""
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
        with suppress(OSError):  # Windows removes none that is mapped
            file.unlink()


def _stamp(paths: Sequence[Path]) -> str | None:
    """A text that is another one once a file, or a reader, has changed.

    It is ``None`` if that cannot be told.
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
    """The files, and those in the folders, with these folders themselves."""
    for path in paths:
        yield path.absolute()
        start = len(path.parts)
        seen: set[tuple[int, int]] = set()  # folders, which links may lead to again and again
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
    """The code that reads datasets, as a digest."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.digest()
