"""The options ``-v`` and ``--log-file``: they log decisions, and how long things take.

The lines are those of Python's logger ``gpunet``, which all of gpunet uses.
"""

from __future__ import annotations

import logging
import platform
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gpunet import __version__
from gpunet.errors import OutputError, reason_of

__all__ = ["listening", "log_file", "standard_error"]

LOGGER = logging.getLogger("gpunet")


@contextmanager
def listening(handler: logging.Handler) -> Iterator[None]:
    """Send log lines to a handler, with the program's version first and its failure last."""
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG)
    versions = __version__, platform.python_version(), platform.platform()
    _tell(handler, logging.INFO, "gpunet %s, Python %s, %s", *versions)
    _tell(handler, logging.INFO, "arguments: %s", shlex.join(sys.argv[1:]))
    try:
        yield
    except Exception as error:
        cause = type(error), error, error.__traceback__
        _tell(handler, logging.DEBUG, "the command failed", cause=cause)
        raise
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(logging.NOTSET)
        handler.close()


def standard_error(verbosity: int) -> logging.Handler:
    """A handler that writes to the standard error: decisions at 1, everything at 2."""
    return _StandardError(logging.INFO if verbosity == 1 else logging.DEBUG)


def log_file(path: Path) -> logging.Handler:
    """A handler that appends everything to a file, with dates.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"the log {path} cannot be written: {reason_of(error)}; give another --log-file"
        ) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler


class _StandardError(logging.Handler):
    """Writes to the current standard error, which a live screen may hold back."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self._began = time.time()

    def emit(self, record: logging.LogRecord) -> None:
        name = record.name.removeprefix("gpunet.")
        try:
            seconds = record.created - self._began
            print(f"{seconds:9.3f} s  {name}: {self.format(record)}", file=sys.stderr)
        except OSError:  # nobody reads it
            pass


def _tell(
    handler: logging.Handler, level: int, message: str, *values: object, cause: Any = None
) -> None:
    """Send a line to one handler only."""
    if level >= handler.level:
        record = logging.LogRecord(__name__, level, __file__, 0, message, values, cause)
        handler.handle(record)
