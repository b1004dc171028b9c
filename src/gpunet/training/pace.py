"""How many steps to request from an engine at a time, from an estimate of a step's time."""

from __future__ import annotations

__all__ = ["Pace"]


class Pace:
    """The number of steps that take about ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self.steps = 1
        self.seconds_per_step: float | None = None
        self._wanted = seconds
        self._warm = False

    def update(self, steps: int, seconds: float) -> None:
        """Record the time of some steps; the first call is ignored, since it compiles shaders."""
        if not self._warm:
            self._warm = True
            return
        latest = max(seconds, 1e-6) / steps
        known = self.seconds_per_step
        self.seconds_per_step = latest if known is None else 0.7 * known + 0.3 * latest
        self.steps = max(1, min(2 * self.steps, round(self._wanted / latest)))
