"""A run that is followed through its log while another process trains it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from gpunet.artifacts.metrics_reader import Event, MetricsReader
from gpunet.artifacts.run_folder import RunFolder
from gpunet.terminal.views.view import View

__all__ = ["FollowedRun"]

SILENCE = 30.0
"""Seconds without news after which a run is taken for one that has come to a halt; while a process
trains it, there is a report every ten seconds, or a step takes longer."""

State = Literal["running", "ended", "silent"]


class FollowedRun:
    """What is known of a run, and whether it goes on.

    Args:
        folder: of the run.
        name: of the run, as it is shown.
        clock: gives seconds, as those of ``View.heard_at``.
    """

    def __init__(self, folder: RunFolder, name: str, clock: Callable[[], float]) -> None:
        self.folder = folder
        self.name = name
        self.view = View()
        self._reader = MetricsReader(folder.metrics)
        self._clock = clock
        self._heard_at = clock() - self._age  # the clock when the latest event was written

    def look(self) -> list[Event]:
        """The events since the last look; the view has followed them.

        Raises:
            DataError: the log is gone, or is none of a run.
        """
        age = self._age
        events = [event for _, event in self._reader.new_events()]
        if events:
            self._heard_at = self._clock() - age
        for event in events:
            self.view = self.view.heard(event, self._heard_at)
        return events

    @property
    def _age(self) -> float:
        """Seconds since something was written."""
        return max(0.0, time.time() - self.folder.written)

    @property
    def silence(self) -> float:
        """Seconds since the latest event."""
        return max(0.0, self._clock() - self._heard_at)

    @property
    def state(self) -> State:
        """Whether it goes on, as far as can be seen from here."""
        if self.view.reason:
            return "ended"
        if self.silence < SILENCE or self.folder.is_running:
            return "running"
        return "silent"

    @property
    def now(self) -> float:
        """The clock of the run, which stands still once there are no news."""
        return self._clock() if self.state == "running" else self._heard_at

    @property
    def halted(self) -> str:
        """That there are no news, in words; nothing if all is well."""
        if self.state != "silent":
            return ""
        return f"no news for {_in_words(self.silence)}; its process seems to have ended"


def _in_words(seconds: float) -> str:
    """A span of time in its largest unit: ``45 s``, ``12 min``, ``3 h``, ``5 days``."""
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} s"
