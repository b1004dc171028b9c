"""Downloads: published datasets, fetched from the first mirror that tells the truth.

Owns mirrors, retries, time limits and the check of what came; ``pooch`` speaks HTTP. Where the
files are kept is the caller's choice; what they mean belongs to ``readers.idx``.
"""

from __future__ import annotations

import hashlib
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, Full, Queue
from urllib.parse import urlsplit

from gpunet.datasets.readers.files import GZIP_MAGIC, read_at_most, unpacked
from gpunet.errors import DataError, DownloadError, spelled
from gpunet.files.cache import store
from gpunet.files.whole_file import remove_leftovers

__all__ = [
    "FASHION_MNIST",
    "MNIST",
    "Limits",
    "Obtained",
    "Progress",
    "Published",
    "PublishedFile",
    "is_cached",
    "obtain",
]

Progress = Callable[[str, int, int], None]
"""Told what is under way, how much of it is done, and how much there is in all."""

CHUNK = 1 << 10
"""Bytes taken from the network at once. Who sends fewer within ``Limits.silence`` is silent."""

QUEUE_LENGTH = 4096  # chunks that may wait to be unpacked

PACKED_SURPLUS = 1 << 16
"""Bytes by which a gzip may at most be larger than its content."""


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One file of a published dataset.

    Args:
        name: without ``.gz``, under which all mirrors have it.
        size: bytes, unpacked.
        sha256: of the unpacked content, in hexadecimal.
    """

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Published:
    """A published dataset.

    Args:
        name: as the user names it.
        mirrors: addresses of folders that hold the files with ``.gz`` added, best first.
        files: the four IDX files, in the order of ``IdxFiles``.
    """

    name: str
    mirrors: tuple[str, ...]
    files: tuple[PublishedFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files, unpacked."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient a download is, in seconds.

    Args:
        first_answer: until a mirror has sent its first byte, looking up its name included.
        silence: between two pieces of a file, of 1 KiB each.
        pause: before a mirror that broke off is tried again.
        attempts: how often a mirror is tried that answers but breaks off.
    """

    first_answer: float = 2.5
    silence: float = 10.0
    pause: float = 0.5
    attempts: int = 2


@dataclass(frozen=True, slots=True, eq=False)
class Obtained:
    """A published dataset's files, verified.

    Args:
        contents: unpacked, in the order of the published files.
        notice: why they could not be kept, or ``None``.
    """

    contents: tuple[bytes | bytearray, ...]
    notice: str | None


MNIST = Published(
    name="mnist",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    files=(
        PublishedFile(
            "train-images-idx3-ubyte",
            47_040_016,
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        PublishedFile(
            "train-labels-idx1-ubyte",
            60_008,
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        PublishedFile(
            "t10k-images-idx3-ubyte",
            7_840_016,
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        PublishedFile(
            "t10k-labels-idx1-ubyte",
            10_008,
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
)

FASHION_MNIST = Published(
    name="fashion-mnist",
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    files=(
        PublishedFile(
            "train-images-idx3-ubyte",
            47_040_016,
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        PublishedFile(
            "train-labels-idx1-ubyte",
            60_008,
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        PublishedFile(
            "t10k-images-idx3-ubyte",
            7_840_016,
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        PublishedFile(
            "t10k-labels-idx1-ubyte",
            10_008,
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
)


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
    plain or gzipped, that is not the published one is fetched anew.

    Args:
        published: what to obtain.
        folder: where the files are kept.
        force: fetch all files, also those that are there.
        progress: told the bytes of all files so far, unpacked.
        limits: how patient to be; by default as ``Limits`` says.

    Raises:
        DownloadError: a file is neither there nor to be had.
    """
    remove_leftovers(folder)
    fetch = _Fetch(published, folder, progress, limits or Limits())
    contents: list[bytes | bytearray] = []
    notice = None
    for file in published.files:
        content = None if force else _kept(file, folder)
        if content is None:
            content = fetch.file(file)
            notice = _keep(file, content, folder) or notice
        contents.append(content)
        fetch.done += file.size
    return Obtained(tuple(contents), notice)


def is_cached(published: Published, folder: Path) -> bool:
    """Whether all files seem to be in the folder; their content is not looked at."""
    return all(_lies_in(file, folder) for file in published.files)


def _lies_in(file: PublishedFile, folder: Path) -> bool:
    return any(path.is_file() for path in _places(file, folder))


def _places(file: PublishedFile, folder: Path) -> tuple[Path, ...]:
    """Where a file may lie that a user has put there, under either of its two known names."""
    names = (file.name, file.name.replace("-idx", ".idx"))
    return tuple(folder / f"{name}{suffix}" for suffix in ("", ".gz") for name in names)


def _kept(file: PublishedFile, folder: Path) -> bytearray | None:
    """The content of a file that the folder holds; ``None`` if it does not, or another one."""
    for path in _places(file, folder):
        if not path.is_file():
            continue
        try:
            with unpacked(path) as (opened, _):
                content = read_at_most(opened, file.size + 1)
        except DataError:
            continue
        if _is_published(file, content):
            return content
    return None


def _keep(file: PublishedFile, content: bytes | bytearray, folder: Path) -> str | None:
    """Keep a file for the next time; a notice if that is not possible."""
    try:
        store(folder / file.name, lambda opened: opened.write(content))
    except OSError as error:
        return (
            f"the download is not kept, since {folder} cannot be written to "
            f"({error.strerror or error}); name another folder with GPUNET_CACHE"
        )
    return None


def _is_published(file: PublishedFile, content: bytes | bytearray) -> bool:
    return len(content) == file.size and hashlib.sha256(content).hexdigest() == file.sha256


class _BrokenOffError(Exception):
    """A mirror answered but broke off, or has trouble of its own; trying again may help."""


class _UselessError(Exception):
    """A mirror does not answer, or not with the file; trying again does not help."""


@dataclass(slots=True)
class _Fetch:
    """Fetches files one after the other; a mirror that failed is not asked again."""

    published: Published
    folder: Path
    progress: Progress | None
    limits: Limits
    done: int = 0  # bytes of the files before this one, unpacked

    def file(self, file: PublishedFile) -> bytearray:
        """One file's content, verified.

        Raises:
            DownloadError: no mirror has it.
        """
        reasons = []
        if _lies_in(file, self.folder):
            reasons.append("the one in the cache is another or damaged")
        mirrors = self.published.mirrors
        for position, mirror in enumerate(mirrors):
            try:
                content = self._from_mirror(mirror, file)
            except _UselessError as failure:
                reasons.append(f"{urlsplit(mirror).netloc} {failure}")
                continue
            self.published = replace(self.published, mirrors=mirrors[position:])
            return content
        names = ", ".join(f"{file.name}.gz" for file in self.published.files)
        raise DownloadError(
            f"{file.name} of {self.published.name} could not be downloaded "
            f"({'; '.join(reasons)}); connect to the internet and try again, put the four files "
            f"{names} into {self.folder}, or give your own copy with `{spelled('data', 'PATH')}`"
        )

    def _from_mirror(self, mirror: str, file: PublishedFile) -> bytearray:
        for attempt in range(1, self.limits.attempts + 1):
            try:
                return self._unpacked(f"{mirror}{file.name}.gz", file)
            except _BrokenOffError as failure:
                if attempt == self.limits.attempts:
                    raise _UselessError(str(failure)) from failure
                time.sleep(self.limits.pause)
        raise _UselessError("was not asked")

    def _unpacked(self, url: str, file: PublishedFile) -> bytearray:
        """The file's content, unpacked as it comes and never beyond its published size."""
        content = bytearray()
        unpacker = None
        received = 0
        for chunk in _chunks(url, self.limits):
            if not received and chunk.startswith(GZIP_MAGIC):
                unpacker = zlib.decompressobj(wbits=31)
            received += len(chunk)
            content += _inflated(unpacker, chunk, file.size + 1 - len(content))
            if len(content) > file.size or received > file.size + PACKED_SURPLUS:
                raise _UselessError("sent more than the published file")
            if self.progress is not None:
                name = f"{self.published.name}: {file.name}"
                self.progress(name, self.done + len(content), self.published.size)
        if unpacker is not None and not unpacker.eof:
            raise _BrokenOffError("broke off")
        if not _is_published(file, content):
            raise _UselessError("sent something else than the published file")
        return content


def _inflated(unpacker: zlib._Decompress | None, chunk: bytes, room: int) -> bytes:
    """The content of a chunk, at most ``room`` bytes of it."""
    if unpacker is None:
        return chunk
    try:
        return unpacker.decompress(chunk, max(1, room))
    except zlib.error as error:
        raise _UselessError("sent something else than the published file") from error


class _Pipe:
    """Takes what a download writes, on the thread that loads, to the one that waits.

    It looks like a file to ``pooch``. Once it is shut, because nobody waits any more, writing to
    it fails, which ends the download. It also looks like a progress bar, since ``pooch`` tells one
    the file's size as soon as the server has answered, which may be long before the first piece.
    """

    def __init__(self) -> None:
        self.queue: Queue[bytes | Exception | None] = Queue(QUEUE_LENGTH)
        self.is_shut = threading.Event()

    def write(self, chunk: bytes) -> None:
        """Pass on a piece of the file."""
        self.put(chunk)
        if self.is_shut.is_set():
            raise BrokenPipeError

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    @property
    def total(self) -> int:
        """The file's size, which is known beforehand and not asked for."""
        return 0

    @total.setter
    def total(self, size: int) -> None:
        self.put(b"")

    def update(self, size: int) -> None:
        """Do nothing: progress is told where the file is unpacked."""

    def reset(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def put(self, item: bytes | Exception | None) -> None:
        """Pass on a piece, a failure, or ``None`` for the end, as long as somebody waits."""
        while not self.is_shut.is_set():
            with suppress(Full):
                return self.queue.put(item, timeout=0.2)
        return None


def _chunks(url: str, limits: Limits) -> Iterator[bytes]:
    """The pieces of a file as they come from the network, the first one empty.

    The network is spoken to on a thread of its own, which is left behind when it keeps silent:
    looking up a name and trying one address after the other obey no time limit otherwise.

    Raises:
        _UselessError: nothing came.
        _BrokenOffError: not everything came, or the server says that it is in trouble.
    """
    import requests  # noqa: F401 (here, so that importing takes nothing of the time limits)

    pipe = _Pipe()
    threading.Thread(target=_load, args=(url, pipe, limits), daemon=True).start()
    has_answered = False
    try:
        while True:
            try:
                item = pipe.queue.get(
                    timeout=limits.silence if has_answered else limits.first_answer
                )
            except Empty:
                if has_answered:
                    raise _BrokenOffError("fell silent") from None
                raise _UselessError("does not answer") from None
            if item is None:
                return
            if isinstance(item, Exception):
                raise _failure(item, has_answered=has_answered) from item
            has_answered = True
            yield item
    finally:
        pipe.is_shut.set()


def _load(url: str, pipe: _Pipe, limits: Limits) -> None:
    """Load a file into the pipe; its end or what went wrong comes last."""
    import pooch  # type: ignore[import-untyped]

    load = pooch.HTTPDownloader(
        progressbar=pipe,
        chunk_size=CHUNK,
        timeout=(limits.first_answer, limits.silence),
        headers={"Accept-Encoding": "identity"},  # the packed file as it is
    )
    try:
        load(url, pipe, None)
        pipe.put(None)
    except Exception as error:  # whatever it is, the waiting thread must hear of it
        pipe.put(error)


def _failure(error: Exception, *, has_answered: bool) -> Exception:
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        status = error.response.status_code
        answer = f"answered with status {status}"
        return _BrokenOffError(answer) if status >= 500 else _UselessError(answer)
    if has_answered:
        return _BrokenOffError("broke off")
    if isinstance(error, requests.Timeout):
        return _UselessError("does not answer")
    if isinstance(error, requests.exceptions.ProxyError):
        return _UselessError("is not reached through the proxy that the environment names")
    if isinstance(error, requests.exceptions.SSLError):
        return _UselessError("has a certificate that is not trusted")
    return _UselessError("is not reached")
