"""Downloads: published datasets, fetched from the first mirror whose file matches."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

from gpunet.datasets.progress import Progress
from gpunet.datasets.readers.files import read_at_most
from gpunet.datasets.readers.packed import GZIP_MAGIC, unpacked
from gpunet.errors import DataError, DownloadError, spelled
from gpunet.files.cache import keep
from gpunet.files.whole_file import remove_leftovers

__all__ = [
    "Limits",
    "Obtained",
    "Published",
    "PublishedFile",
    "is_cached",
    "obtain",
]

log = logging.getLogger(__name__)


CHUNK = 1 << 10
"""Bytes taken from the network at once. Who sends fewer within ``Limits.silence`` is silent."""

PACKED_SURPLUS = 1 << 16
"""Bytes by which a gzip may at most be larger than its content."""

TOO_MUCH = "sent more than the published file"
OTHER = "sent something else than the published file"


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One file of a published dataset."""

    name: str  # without ``.gz``, under which all mirrors have it
    size: int  # bytes, unpacked
    sha256: str  # of the unpacked content, in hexadecimal

    def is_content(self, content: bytearray) -> bool:
        """Whether this is the published content."""
        return len(content) == self.size and hashlib.sha256(content).hexdigest() == self.sha256


@dataclass(frozen=True, slots=True)
class Published:
    """A published dataset."""

    name: str  # as the user names it
    # Addresses of folders that hold the files with ``.gz`` added, best first.
    mirrors: tuple[str, ...]
    files: tuple[PublishedFile, ...]  # images and labels of the training set, then of the test set
    description: str = ""  # what it shows
    license: str = ""  # under which it is published
    classes: tuple[str, ...] = ()  # the classes' names, in the order of their numbers

    @property
    def size(self) -> int:
        """Bytes of all files, unpacked."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient a download is, in seconds."""

    # Until a mirror has sent its first byte, looking up its name included.
    first_answer: float = 2.5
    silence: float = 10.0  # between two pieces of a file, of 1 KiB each
    pause: float = 0.5  # before a mirror that broke off is tried again
    attempts: int = 2  # how often a mirror is tried that answers but breaks off


@dataclass(frozen=True, slots=True, eq=False)
class Obtained:
    """A published dataset's files, verified."""

    contents: tuple[bytearray, ...]  # unpacked, in the order of the published files
    notice: str | None  # why they could not be kept, or ``None``


def obtain(
    published: Published,
    folder: Path,
    *,
    force: bool = False,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> Obtained:
    """The files from the folder, and those that it lacks from the network.

    What was fetched is kept in the folder, unpacked, if it can be written to. A file there,
    plain or gzipped, that is not the published one is downloaded again.

    Args:
        published: what to obtain.
        folder: where the files are kept.
        force: fetch all files, also those that are there.
        progress: called with the bytes of all files so far, unpacked.
        limits: how patient to be; by default as ``Limits`` says.

    Raises:
        DownloadError: a file is neither there nor to be had.
    """
    remove_leftovers(folder)
    fetch = _Fetch(published, folder, progress, limits or Limits(), list(published.mirrors))
    contents: list[bytearray] = []
    notice = None
    for file in published.files:
        content = None if force else _kept(file, folder)
        if content is None:
            content = fetch.file(file)
            notice = _keep(folder / file.name, content) or notice
        contents.append(content)
        fetch.done += file.size
    return Obtained(tuple(contents), notice)


def is_cached(published: Published, folder: Path) -> bool:
    """Whether all files seem to be in the folder; their content is not looked at."""
    return all(any(_found(file, folder)) for file in published.files)


def _found(file: PublishedFile, folder: Path) -> Iterator[Path]:
    """Where a file lies that a user may have put there, under either of its two known names."""
    names = (file.name, file.name.replace("-idx", ".idx"))
    paths = (folder / f"{name}{suffix}" for suffix in ("", ".gz") for name in names)
    return (path for path in paths if path.is_file())


def _kept(file: PublishedFile, folder: Path) -> bytearray | None:
    """The content of a file that the folder holds; ``None`` if it does not, or another one."""
    for path in _found(file, folder):
        with suppress(DataError), unpacked(path) as (opened, _):
            content = read_at_most(opened, file.size + 1)
            if file.is_content(content):
                return content
    return None


def _keep(path: Path, content: bytearray) -> str | None:
    return keep(path, lambda file: file.write(content), "the download is not kept")


class _MirrorError(Exception):
    """Why a mirror is of no use, as a message says it after the mirror's name."""


class _PassingError(_MirrorError):
    """The mirror answered but broke off, or has trouble of its own; trying again may help."""


@dataclass(slots=True)
class _Fetch:
    """Fetches files one after the other; a mirror that failed is not asked again."""

    published: Published
    folder: Path
    progress: Progress | None
    limits: Limits
    mirrors: list[str]  # those that have not failed
    done: int = 0  # bytes of the files before this one, unpacked

    def file(self, file: PublishedFile) -> bytearray:
        """One file's content, verified.

        Raises:
            DownloadError: no mirror has it.
        """
        reasons = []
        if any(_found(file, self.folder)):
            reasons.append("the one in the cache is another or damaged")
        for mirror in tuple(self.mirrors):
            try:
                return self._from_mirror(mirror, file)
            except _MirrorError as failure:
                reasons.append(f"{urlsplit(mirror).netloc} {failure}")
                self.mirrors.remove(mirror)
        names = ", ".join(f"{file.name}.gz" for file in self.published.files)
        raise DownloadError(
            f"{file.name} of {self.published.name} could not be downloaded "
            f"({'; '.join(reasons)}); connect to the internet and try again, put the four files "
            f"{names} into {self.folder}, or give your own copy with `{spelled('data', 'PATH')}`"
        )

    def _from_mirror(self, mirror: str, file: PublishedFile) -> bytearray:
        url = f"{mirror}{file.name}.gz"
        for _ in range(self.limits.attempts - 1):
            try:
                return self._unpacked(url, file)
            except _PassingError:
                time.sleep(self.limits.pause)
        return self._unpacked(url, file)

    def _unpacked(self, url: str, file: PublishedFile) -> bytearray:
        """The file's content, unpacked as it comes and never beyond its published size."""
        content = bytearray()
        unpacker = None
        for chunk in _chunks(url, self.limits, file.size + PACKED_SURPLUS):
            if not content and unpacker is None and chunk.startswith(GZIP_MAGIC):
                unpacker = zlib.decompressobj(wbits=31)
            content += _inflated(unpacker, chunk, file.size + 1 - len(content))
            if len(content) > file.size:
                raise _MirrorError(TOO_MUCH)
            if self.progress is not None:
                name = f"{self.published.name}: {file.name}"
                self.progress(name, self.done + len(content), self.published.size, "bytes")
        if unpacker is not None and not unpacker.eof:
            raise _PassingError("broke off")
        if not file.is_content(content):
            raise _MirrorError(OTHER)
        return content


def _inflated(unpacker: zlib._Decompress | None, chunk: bytes, room: int) -> bytes:
    """The content of a chunk, at most ``room`` bytes of it."""
    if unpacker is None:
        return chunk
    try:
        return unpacker.decompress(chunk, max(1, room))
    except zlib.error as error:
        raise _MirrorError(OTHER) from error


def _chunks(url: str, limits: Limits, most: int) -> Iterator[bytes]:
    """The pieces of a file as they come from the network, of ``most`` bytes in all.

    The network is spoken to on a thread of its own, which is left behind when it keeps silent:
    looking up a name and trying one address after the other obey no time limit otherwise.

    Raises:
        _PassingError: not everything came, or the server says that it is in trouble.
        _MirrorError: nothing came, or more.
    """
    import requests  # noqa: F401 (here, so that importing takes nothing of the time limits)

    pieces: SimpleQueue[bytes | Exception | None] = SimpleQueue()
    is_over = threading.Event()
    work = (url, limits, most, pieces.put, is_over.is_set)
    threading.Thread(target=_load, args=work, daemon=True).start()
    has_answered = False
    try:
        while True:
            piece = pieces.get(timeout=limits.silence if has_answered else limits.first_answer)
            if piece is None:
                return
            if isinstance(piece, Exception):
                raise _failure(piece, has_answered=has_answered) from piece
            has_answered = True
            yield piece
    except Empty:
        if has_answered:
            raise _PassingError("fell silent") from None
        raise _MirrorError("does not answer") from None
    finally:
        is_over.set()


def _load(
    url: str,
    limits: Limits,
    most: int,
    put: Callable[[bytes | Exception | None], None],
    is_over: Callable[[], bool],
) -> None:
    """Pass on the pieces of a file; the first one is empty, ``None`` or an error the last one."""
    import requests

    patience = (limits.first_answer, limits.silence)
    as_it_is = {"Accept-Encoding": "identity"}  # the packed file
    log.info("fetching %s", url)
    try:
        with requests.get(url, stream=True, timeout=patience, headers=as_it_is) as response:
            response.raise_for_status()
            put(b"")
            received = 0
            for chunk in response.iter_content(CHUNK):
                received += len(chunk)
                if received > most:
                    raise _MirrorError(TOO_MUCH)
                if is_over():
                    return
                put(chunk)
        put(None)
    except Exception as error:  # whatever it is, the waiting thread must hear of it
        log.info("%s failed: %s", url, error)
        put(error)


def _failure(error: Exception, *, has_answered: bool) -> _MirrorError:
    """What an error of the network says of the mirror."""
    import requests

    if isinstance(error, _MirrorError):
        return error
    if isinstance(error, requests.HTTPError):
        status = error.response.status_code
        kind = _PassingError if status >= 500 else _MirrorError
        return kind(f"answered with status {status}")
    if has_answered:
        return _PassingError("broke off")
    if isinstance(error, requests.Timeout):
        return _MirrorError("does not answer")
    if isinstance(error, requests.exceptions.ProxyError):
        return _MirrorError("is not reached through the proxy that the environment names")
    if isinstance(error, requests.exceptions.SSLError):
        return _MirrorError("has a certificate that is not trusted")
    return _MirrorError("is not reached")
