"""``-v`` and ``--log-file``: what is decided on the way, and how long it takes.

The lines are those of Python's logger ``gpunet``, which every room tells of its decisions.
"""

from __future__ import annotations

import contextlib
import logging
import platform
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gpunet import __version__
from gpunet.errors import OutputError, reason_of

__all__ = ["LogFile", "Verbose", "logged"]

LOGGER = logging.getLogger("gpunet")

log = logging.getLogger(__name__)

_added: list[logging.Handler] = []


@contextlib.contextmanager
def logged() -> Iterator[None]:
    """Log what ends a command line, and stop to log after it."""
    try:
        yield
    except BaseException as error:
        log.debug("the command failed", exc_info=error)
        raise
    finally:
        for handler in _added:
            LOGGER.removeHandler(handler)
            handler.close()
        _added.clear()
        LOGGER.setLevel(logging.NOTSET)


class _StandardError(logging.Handler):
    """Writes to the standard error, whatever that is by then: a live screen holds it back."""

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


def _tell(context: typer.Context, count: int) -> None:
    if count and not context.resilient_parsing:
        _add(_StandardError(logging.INFO if count == 1 else logging.DEBUG))


def _write(context: typer.Context, path: Path | None) -> None:
    """Write the log into a file, all that there is to tell.

    Raises:
        OutputError: it cannot be written.
    """
    if path is None or context.resilient_parsing:
        return
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"the log {path} cannot be written: {reason_of(error)}; give another --log-file"
        ) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    _add(handler)


def _add(handler: logging.Handler) -> None:
    """Have a handler receive what is logged until the command line ends."""
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG)
    _added.append(handler)
    versions = __version__, platform.python_version(), platform.platform()
    log.info("gpunet %s, Python %s, %s", *versions)
    log.info("arguments: %s", shlex.join(sys.argv[1:]))


Verbose = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        help="Tell on the standard error what is decided and how long it takes; -vv tells more.",
        rich_help_panel="Output",
        callback=_tell,
        is_eager=True,
        expose_value=False,
        show_default=False,
    ),
]
LogFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Append what -vv tells to this file, with dates, as for a report of a mistake.",
        rich_help_panel="Output",
        callback=_write,
        is_eager=True,
        expose_value=False,
    ),
]
