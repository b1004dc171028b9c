"""What a workflow says and shows while it works; its caller decides where that appears."""

from __future__ import annotations

import logging
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gpunet.training.events import Callback, Control

if TYPE_CHECKING:
    from gpunet.datasets.dataset import Dataset
    from gpunet.engine.adapter_check import AdapterCheck
    from gpunet.engine.factory import Device

__all__ = ["Messages", "Update", "warn"]

log = logging.getLogger(__name__)


def warn(message: object) -> None:
    """Warn the user at the line of their code that called gpunet."""
    frame, level = sys._getframe(), 1
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] == "gpunet":
        frame, level = frame.f_back, level + 1
    warnings.warn(str(message), stacklevel=level)


class Update(Protocol):
    """Reports the progress of work, also as the ``Progress`` of a reader in ``datasets``."""

    def __call__(self, what: str, done: int = 0, total: int = 0, unit: str = "") -> None:
        """Report the current work, how much is done, and how much there is in all.

        ``total`` is 0 if it is not known; ``unit`` is ``bytes`` if bytes are counted.
        """


class Messages:
    """Receives what a workflow says and shows; this class drops it all."""

    @cached_property
    def control(self) -> Control:
        """The user's requests to stop or pause while work is shown."""
        return Control()

    def say(self, line: str) -> None:
        """Print one line about the work."""

    def note(self, message: object) -> None:
        """Print something that users should know even if they asked for silence."""

    def complain(self, message: object) -> None:
        """Print what went wrong."""
        self.note(message)

    def dataset(self, dataset: Dataset) -> None:
        """Show which data are used."""

    def device(self, choice: Device) -> None:
        """Show which device is used, and why."""

    def checked(self, check: AdapterCheck) -> None:
        """Show that an adapter was checked before its first training, and how long it took."""

    def tiles(self, count: int, seconds: float) -> None:
        """Show for how many matmuls the fastest tiles were found, and how long it took."""

    def training(self) -> AbstractContextManager[Callback]:
        """The callback that shows a training while the context is open."""
        return nullcontext(Callback())

    def log(self, path: Path) -> Callback:
        """A callback that writes to the log in a run's folder."""
        return Callback()

    @contextmanager
    def stage(self, what: str, name: str = "") -> Iterator[Update]:
        """Show the current work and its progress while the context is open.

        Args:
            what: the work in words, such as ``reading digits.csv``.
            name: a word for it once it is done, such as ``data``; empty for none.
        """
        began = time.perf_counter()
        with self.show_stage(what, name) as update:
            yield update
        log.info("%s took %.3f s", what, time.perf_counter() - began)

    def show_stage(self, what: str, name: str) -> AbstractContextManager[Update]:
        """Show the stage that ``stage`` has begun."""
        return nullcontext(_nothing)


def _nothing(what: str, done: int = 0, total: int = 0, unit: str = "") -> None:
    """An ``Update`` that shows nothing."""
