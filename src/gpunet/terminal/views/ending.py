"""How a run ended, in words: why no further epoch followed, which weights are kept, and why those.

Owns the words; the dashboard, the plain lines and the summary share them.
"""

from __future__ import annotations

from gpunet.config import Monitor
from gpunet.terminal.draw import figures
from gpunet.training.events import EpochRecord, StopReason

__all__ = ["ending", "monitored_metric", "why_stopped"]


def ending(reason: StopReason, best_epoch: int, last_epoch: int) -> str:
    """Why a run ended and what is left of it: ``all epochs done; the weights of epoch 7 are kept``.

    ``best_epoch`` is 0 if no epoch had a finite loss, ``last_epoch`` if none was trained.
    """
    kept = f"the weights of epoch {best_epoch} are kept" if best_epoch else "no weights are kept"
    return f"{why_stopped(reason, last_epoch)}; {kept}"


def monitored_metric(monitor: Monitor, record: EpochRecord) -> tuple[str, str]:
    """The figure that decides which epoch is kept, and its value: ``val loss`` and ``0.1012``."""
    samples = "train" if record.val_loss is None else "val"
    if monitor == "val_accuracy":
        return f"{samples} accuracy", figures.percent(record.monitored_accuracy)
    return f"{samples} loss", figures.loss(record.monitored_loss)


def why_stopped(reason: StopReason, last_epoch: int) -> str:
    """Why no epoch followed the last one."""
    if reason == "diverged":
        return f"diverged: no finite loss in epoch {last_epoch}"
    if reason == "stopped by user" and not last_epoch:
        return "stopped by user before an epoch was done"
    return "all epochs done" if reason == "epochs" else reason
