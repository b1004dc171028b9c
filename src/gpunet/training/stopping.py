"""Early stopping: which epoch was the best, and whether it is worth going on."""

from __future__ import annotations

import math

__all__ = ["EarlyStopping"]


class EarlyStopping:
    """Watches a loss, epoch by epoch.

    The smallest loss marks the best epoch, however small the gain. The patience starts anew only
    when a loss is below the last such mark by more than ``min_delta`` (Prechelt, "Early Stopping
    - But When?", 1998).

    Args:
        patience: epochs without such a gain until ``exhausted``; 0 is never exhausted.
        min_delta: the gain wanted, in the loss's own unit.
    """

    def __init__(self, patience: int, min_delta: float) -> None:
        self.best_epoch = 0
        self.best_loss = math.inf
        self._patience = patience
        self._min_delta = min_delta
        self._mark = math.inf
        self._waited = 0

    def observe(self, epoch: int, loss: float) -> bool:
        """Take note of an epoch's loss; true if it is the best so far."""
        if loss < self._mark - self._min_delta:
            self._mark = loss
            self._waited = 0
        else:
            self._waited += 1
        if loss < self.best_loss:
            self.best_epoch, self.best_loss = epoch, loss
            return True
        return False

    @property
    def patience_left(self) -> int | None:
        """Epochs without a gain that are still allowed; ``None`` if there is no limit."""
        return max(0, self._patience - self._waited) if self._patience else None

    @property
    def exhausted(self) -> bool:
        """Whether the patience is used up."""
        return self.patience_left == 0
