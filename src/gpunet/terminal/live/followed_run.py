"""A run followed through its log while another process trains it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from gpunet.artifacts.metrics_reader import Event, MetricsReader
from gpunet.artifacts.run_folder import RunFolder
from gpunet.terminal.views.view import View

__all__ = ["FollowedRun"]

SILENCE = 30.0
"""Seconds without an event after which a run counts as halted; a running process reports every ten
seconds, unless a single step takes longer."""

State = Literal["running", "ended", "silent"]


class FollowedRun:
    """A run as known from its log, and whether it is still running.

    Args:
        folder: the run's folder.
        name: the run's name as shown.
        clock: returns seconds, on the same clock as ``View.heard_at``.
    """

    def __init__(self, folder: RunFolder, name: str, clock: Callable[[], float]) -> None:
        self.folder = folder
        self.name = name
        self.view = View()
        self._reader = MetricsReader(folder.metrics)
        self._clock = clock
        self._heard_at = clock() - self._age  # when the latest event was written

    def look(self) -> list[Event]:
        """Read the events since the last look and update the view with them.

        Raises:
            DataError: the log is missing, or is not a run's log.
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
        """Seconds since the run last wrote something."""
        return max(0.0, time.time() - self.folder.written)

    @property
    def silence(self) -> float:
        """Seconds since the latest event."""
        return max(0.0, self._clock() - self._heard_at)

    @property
    def state(self) -> State:
        """Whether the run goes on, has ended, or has gone silent, as far as its folder shows."""
        if self.view.reason:
            return "ended"
        if self.silence < SILENCE or self.folder.is_running:
            return "running"
        return "silent"

    @property
    def now(self) -> float:
        """The time on the run's clock, which stops once the run has ended or gone silent."""
        return self._clock() if self.state == "running" else self._heard_at

    @property
    def halted(self) -> str:
        """A message that the run has gone silent; empty otherwise."""
        if self.state != "silent":
            return ""
        return f"no news for {_in_words(self.silence)}; its process seems to have ended"


def _in_words(seconds: float) -> str:
    """A duration in its largest unit: ``45 s``, ``12 min``, ``3 h``, ``5 days``."""
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} s"
