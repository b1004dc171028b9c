"""What a workflow says and shows while it works; who sees it, and where, its caller decides."""

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
    """Warn of something that the user should know, at the line of theirs that called gpunet."""
    frame, level = sys._getframe(), 1
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] == "gpunet":
        frame, level = frame.f_back, level + 1
    warnings.warn(str(message), stacklevel=level)


class Update(Protocol):
    """Says how far work under way is; a ``datasets`` reader's ``Progress``, too."""

    def __call__(self, what: str, done: int = 0, total: int = 0, unit: str = "") -> None:
        """Tell what is under way, how much of it is done, and how much there is in all.

        The total is 0 if it is not known, the unit ``bytes`` if such are counted.
        """


class Messages:
    """Receives what a workflow says and shows; this one drops it all."""

    @cached_property
    def control(self) -> Control:
        """Receives what the user asks for while work is shown."""
        return Control()

    def say(self, line: str) -> None:
        """Tell one line of what is being done."""

    def note(self, message: object) -> None:
        """Tell what users should know even where they asked for silence."""

    def complain(self, message: object) -> None:
        """Tell what went wrong."""
        self.note(message)

    def dataset(self, dataset: Dataset) -> None:
        """Tell which data are used."""

    def device(self, choice: Device) -> None:
        """Tell which device is used, and why."""

    def checked(self, check: AdapterCheck) -> None:
        """Tell that an adapter was checked before its first training, and how long that took."""

    def tiles(self, count: int, seconds: float) -> None:
        """Tell for how many products the fastest tiles were found, and how long that took."""

    def training(self) -> AbstractContextManager[Callback]:
        """The callback that shows a training, for as long as the context is open."""
        return nullcontext(Callback())

    def log(self, path: Path) -> Callback:
        """A callback that writes into the log of a run's folder."""
        return Callback()

    @contextmanager
    def stage(self, what: str, name: str = "") -> Iterator[Update]:
        """Tell what is under way, and how far it is, for as long as the context is open.

        Args:
            what: is under way, in words: ``reading digits.csv``.
            name: a word for it once it is done, such as ``data``; empty for none.
        """
        began = time.perf_counter()
        with self.show_stage(what, name) as update:
            yield update
        log.info("%s took %.3f s", what, time.perf_counter() - began)

    def show_stage(self, what: str, name: str) -> AbstractContextManager[Update]:
        """Show a stage, which ``stage`` has begun."""
        return nullcontext(_nothing)


def _nothing(what: str, done: int = 0, total: int = 0, unit: str = "") -> None:
    """An ``Update`` of what nobody sees."""
