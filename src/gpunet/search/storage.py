"""Where a study is kept: a journal file, a database, or a server in front of a database.

This module handles the addresses, hides passwords, and reports failures. ``study`` decides what is
kept.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import optuna
from optuna import storages
from optuna.storages import journal as journals
from optuna.storages.journal import JournalFileOpenLock, JournalFileSymlinkLock
from optuna.trial import FrozenTrial

from gpunet.errors import (
    GpunetError,
    MissingExtraError,
    StudyError,
    UsageError,
    pip_install,
    spelled,
)

__all__ = [
    "HEARTBEAT",
    "LOCK_SECONDS",
    "Retry",
    "StudyStorage",
    "quiet",
    "study_folder",
]

HEARTBEAT = 10
"""Seconds between two heartbeats of a worker."""

MISSED_HEARTBEATS = 3
"""Heartbeats that a worker may miss before it counts as dead."""

SQLITE_TIMEOUT = 60
"""Seconds that a worker waits for SQLite, which allows one writer at a time."""

LOCK_SECONDS = 5
"""Seconds after which a lock on the journal counts as abandoned by a killed worker. Writing a
line takes milliseconds."""

OPENING_TRIES, OPENING_PAUSE = 20, 0.25
"""Retries, and seconds between them, while other workers create a database's tables."""

STUDIES = Path("tune")
"""The folder that holds the folders of all studies."""

Retry = Callable[[optuna.Study, FrozenTrial], None]
"""Retries a trial whose worker was lost."""


def study_folder(name: str) -> Path:
    """The folder of a study's models, and of its journal if it has one.

    Raises:
        UsageError: the name cannot be a folder's.
    """
    if name in {"", ".", ".."} or any(char in name for char in "/\\\0") or not name.isprintable():
        raise UsageError(
            f"{spelled('study')} {name!r} is no name for a folder; leave out slashes and dots"
        )
    return STUDIES / name


class StudyStorage:
    """The place where studies are kept.

    ``patience`` is the seconds that a worker may stay without a heartbeat.

    Args:
        url: address of the storage; ``None`` for a journal file in the study's folder.
        study: name of the study.
        heartbeat: seconds between two heartbeats, if the storage keeps them.

    Raises:
        UsageError: the address is of an unknown kind.
    """

    def __init__(self, url: str | None, study: str, heartbeat: int = HEARTBEAT) -> None:
        self.folder = study_folder(study)
        self.heartbeat = heartbeat
        self.patience = MISSED_HEARTBEATS * heartbeat
        self._url = url
        self._secrets = _secrets(url)
        if url is not None and "://" not in url:
            raise UsageError(
                f"{spelled('storage')} is no URL; write for example sqlite:///studies.db, "
                "postgresql://user@host/database or grpc://host:13000"
            )

    def __str__(self) -> str:
        if self._url is None:
            return str(self._journal)
        parts = urlsplit(self._url)
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host}{parts.path}"

    @property
    def has_url(self) -> bool:
        """Whether the user must name the storage to find it again."""
        return self._url is not None

    @property
    def exists(self) -> bool:
        """Whether the study may exist; only a journal can be checked without opening it."""
        return self._url is not None or self._journal.exists()

    @property
    def _journal(self) -> Path:
        return self.folder / "journal.log"

    def open(self, retry: Retry) -> storages.BaseStorage:
        """Open Optuna's storage; call this within ``translate_errors``.

        Args:
            retry: called with every trial whose worker stopped sending heartbeats.
        """
        if self._url is None:
            return self._open_journal()
        parts = urlsplit(self._url)
        if parts.scheme == "grpc":
            return storages.GrpcStorageProxy(
                host=parts.hostname or "localhost", port=parts.port or 13000
            )
        options: dict[str, Any] = {"pool_pre_ping": True}
        if parts.scheme.startswith("sqlite"):
            options["connect_args"] = {"timeout": SQLITE_TIMEOUT}
        return _when_made(
            lambda: storages.RDBStorage(
                _with_driver(str(self._url)),
                engine_kwargs=options,
                heartbeat_interval=self.heartbeat,
                grace_period=self.patience,
                heartbeat_stale_trial_callback=retry,
            )
        )

    def _open_journal(self) -> storages.BaseStorage:
        # With a relative path, Optuna does not notice that a lock's owner was killed.
        path = str(self._journal.resolve())
        windows = sys.platform == "win32"  # where only administrators may make links
        lock = JournalFileOpenLock if windows else JournalFileSymlinkLock
        try:
            held = lock(path, LOCK_SECONDS)
            backend = journals.JournalFileBackend(path, held)
            _drop_unfinished_line(Path(path), held)
            return storages.JournalStorage(backend)
        except OSError:
            raise
        except Exception as error:  # Optuna does not check the lines, and may raise anything
            raise self.damaged_error() from error

    @contextlib.contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Report a failure of the storage in one sentence without secrets.

        Raises:
            StudyError: the storage cannot be reached, or fails.
            MissingExtraError: the driver is not installed.
        """
        try:
            yield
        except GpunetError:
            raise
        except ImportError as error:
            raise self._missing(error) from error
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise self.damaged_error() from error
        except Exception as error:
            if not _is_of_a_storage(error):
                raise
            root = _root(error)
            details = getattr(root, "details", None)  # details of a failed remote call
            text = str(details() if callable(details) else root)
            message = " ".join(text.split()) or type(root).__name__
            for secret in self._secrets:
                message = message.replace(secret, "***")
            raise StudyError(
                f"the storage {self} fails: {message[:300]}; see that it runs and lets you in"
            ) from None

    def damaged_error(self) -> StudyError:
        """The error for a storage with content that no worker writes."""
        kind = "journal" if self._url is None else "study in"
        return StudyError(
            f"the {kind} {self} is damaged; start again with another {spelled('study')}"
        )

    def _missing(self, error: ImportError) -> GpunetError:
        if str(self).startswith("postgresql"):
            return MissingExtraError("a study in PostgreSQL", "psycopg", "postgresql")
        library = getattr(error, "name", None) or "its driver"
        package = {"grpc": "grpcio protobuf", "google": "protobuf", "MySQLdb": "mysqlclient"}
        return StudyError(
            f"the storage {self} needs {library}, which is not installed; run "
            f"`{pip_install(*package.get(library, library).split())}`"
        )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence Optuna's log and its warnings about experimental features."""
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        warnings.filterwarnings("ignore", message="Heartbeat of storage is supposed to be used")
        yield


def _drop_unfinished_line(
    journal: Path, lock: JournalFileOpenLock | JournalFileSymlinkLock
) -> None:
    """Cut off an unfinished last line, left by a killed worker or a full disk."""
    lock.acquire()
    try:
        with journal.open("r+b") as file:
            content = file.read()
            if not content.endswith(b"\n"):
                file.truncate(content.rfind(b"\n") + 1)
    finally:
        lock.release()


def _when_made(make: Callable[[], storages.BaseStorage]) -> storages.BaseStorage:
    """A database's storage; retried while other workers are creating its tables."""
    import sqlalchemy.exc

    for _ in range(OPENING_TRIES):
        try:
            return make()
        except sqlalchemy.exc.DBAPIError as error:
            if not any(word in str(error).lower() for word in ("exist", "unique", "duplicate")):
                raise
            time.sleep(OPENING_PAUSE)
    return make()


def _with_driver(url: str) -> str:
    """PostgreSQL's URL with the driver of the extra, unless the URL names a driver."""
    scheme, rest = url.split("://", 1)
    known = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
    return f"{known.get(scheme, scheme)}://{rest}"


def _secrets(url: str | None) -> list[str]:
    """The password of an address, which must not be shown, as written and percent-decoded."""
    if url is None:
        return []
    parts = urlsplit(url)
    found = [parts.password or "", *parse_qs(parts.query).get("password", [])]
    return sorted({one for word in found for one in (word, unquote(word)) if one}, reverse=True)


def _is_of_a_storage(error: Exception) -> bool:
    own = optuna.exceptions.StorageInternalError, optuna.exceptions.DuplicatedStudyError
    by_driver = type(error).__module__.partition(".")[0] in ("grpc", "sqlalchemy")
    return by_driver or isinstance(error, (OSError, *own))


def _root(error: BaseException) -> BaseException:
    """The original error, raised by the driver."""
    original: Any = getattr(error, "orig", None)
    cause = original or error.__cause__
    return _root(cause) if isinstance(cause, BaseException) and cause is not error else error
