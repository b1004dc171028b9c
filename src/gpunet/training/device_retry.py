"""A device that is lost is opened again, and the work that it failed at repeated once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from gpunet.engine.interface import Engine
from gpunet.errors import DeviceLostError

__all__ = ["DeviceRetry"]

log = logging.getLogger(__name__)

Outcome = TypeVar("Outcome")


class DeviceRetry:
    """Does an engine's work, and does it again where the device is lost."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.failures: list[str] = []
        """What went wrong and was not overcome."""
        self.overcome: list[str] = []
        """What went wrong, but not once the device was opened again."""

    def __call__(self, work: Callable[[], Outcome], again: Callable[[], Outcome]) -> Outcome:
        """The outcome of some work, or of doing it again on the device that was opened again.

        Raises:
            DeviceError: it fails for good, as the last of ``failures`` says.
        """
        try:
            return work()
        except DeviceLostError as error:
            self.failures.append(str(error))
            log.warning("the device is opened again, and the work repeated: %s", error)
        self._engine.reopen()
        done = again()
        self.overcome.append(self.failures.pop())
        return done
