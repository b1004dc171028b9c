"""If a device is lost, opens it again and repeats the failed work once."""

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
    """Runs an engine's work, and runs it once more if the device is lost."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.failures: list[str] = []
        """Errors that the second try did not overcome."""
        self.overcome: list[str] = []
        """Errors that opening the device again overcame."""

    def __call__(self, work: Callable[[], Outcome], again: Callable[[], Outcome]) -> Outcome:
        """Run ``work``; if the device is lost, open it again and run ``again``.

        Raises:
            DeviceError: the work fails for good; the last of ``failures`` says why.
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
