"""Downloads published datasets from the first mirror with a matching file."""

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
"""Bytes read at once; a mirror that sends fewer within ``Limits.silence`` counts as silent."""

PACKED_SURPLUS = 1 << 16
"""Most bytes by which a gzip file may be larger than its content."""

TOO_MUCH = "sent more than the published file"
OTHER = "sent something else than the published file"


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One file of a published dataset."""

    name: str  # without ``.gz``; the same on all mirrors
    size: int  # bytes, unpacked
    sha256: str  # SHA-256 of the unpacked content, in hexadecimal

    def is_content(self, content: bytearray) -> bool:
        """Whether this is the published content."""
        return len(content) == self.size and hashlib.sha256(content).hexdigest() == self.sha256


@dataclass(frozen=True, slots=True)
class Published:
    """A published dataset."""

    name: str  # the user's name for it
    # URLs of folders that hold the files with ``.gz`` added, best first.
    mirrors: tuple[str, ...]
    files: tuple[PublishedFile, ...]  # images and labels of the training set, then of the test set
    description: str = ""  # what its samples show
    license: str = ""  # license of the data
    classes: tuple[str, ...] = ()  # the classes' names, in the order of their numbers

    @property
    def size(self) -> int:
        """Bytes of all files, unpacked."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient a download is, in seconds."""

    # until a mirror sends its first byte, including the name lookup
    first_answer: float = 2.5
    silence: float = 10.0  # between two pieces of a file, of 1 KiB each
    pause: float = 0.5  # before retrying a mirror that broke off
    attempts: int = 2  # number of tries of a mirror that answers but breaks off


@dataclass(frozen=True, slots=True, eq=False)
class Obtained:
    """The verified files of a published dataset."""

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
    """Read a dataset's files from a folder, and download those that it lacks.

    Downloads are kept unpacked in the folder if it can be written to. A file there, plain or
    gzipped, that differs from the published one is downloaded again.

    Args:
        published: what to obtain.
        folder: where the files are kept.
        force: download all files, even those that are there.
        progress: called with the unpacked bytes of all files so far.
        limits: time limits; by default those of ``Limits``.

    Raises:
        DownloadError: a file is neither there nor on any mirror.
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
    """Whether all files exist in the folder; their content is not checked."""
    return all(any(_found(file, folder)) for file in published.files)


def _found(file: PublishedFile, folder: Path) -> Iterator[Path]:
    """The path of a file in the folder, under either of its two known names."""
    names = (file.name, file.name.replace("-idx", ".idx"))
    paths = (folder / f"{name}{suffix}" for suffix in ("", ".gz") for name in names)
    return (path for path in paths if path.is_file())


def _kept(file: PublishedFile, folder: Path) -> bytearray | None:
    """The content of a file in the folder; ``None`` if it is missing or differs."""
    for path in _found(file, folder):
        with suppress(DataError), unpacked(path) as (opened, _):
            content = read_at_most(opened, file.size + 1)
            if file.is_content(content):
                return content
    return None


def _keep(path: Path, content: bytearray) -> str | None:
    return keep(path, lambda file: file.write(content), "the download is not kept")


class _MirrorError(Exception):
    """A mirror is of no use; the message follows the mirror's name."""


class _PassingError(_MirrorError):
    """The mirror broke off or reported a server error; trying again may help."""


@dataclass(slots=True)
class _Fetch:
    """Downloads files one after the other; a mirror that failed is not tried again."""

    published: Published
    folder: Path
    progress: Progress | None
    limits: Limits
    mirrors: list[str]  # mirrors that have not failed
    done: int = 0  # bytes of the files before this one, unpacked

    def file(self, file: PublishedFile) -> bytearray:
        """Download one file and verify its content.

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
        """The file's content, unpacked as it arrives and never beyond its published size."""
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
    """Inflate a chunk, to at most ``room`` bytes."""
    if unpacker is None:
        return chunk
    try:
        return unpacker.decompress(chunk, max(1, room))
    except zlib.error as error:
        raise _MirrorError(OTHER) from error


def _chunks(url: str, limits: Limits, most: int) -> Iterator[bytes]:
    """Yield the pieces of a file as they arrive, ``most`` bytes in all.

    A separate thread reads from the network and is abandoned when it stays silent, because name
    lookup and trying several addresses obey no time limit.

    Raises:
        _PassingError: the file is incomplete, or the server reports an error of its own.
        _MirrorError: nothing came, or more than the published file.
    """
    import requests  # noqa: F401 (imported here so that it does not count against the time limits)

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
    """Put the pieces of a file into the queue: first an empty one, last ``None`` or an error."""
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
    except Exception as error:  # any error must reach the waiting thread
        log.info("%s failed: %s", url, error)
        put(error)


def _failure(error: Exception, *, has_answered: bool) -> _MirrorError:
    """The mirror's failure that a network error stands for."""
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
