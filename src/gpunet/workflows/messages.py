"""What a workflow says while it works; who shows it, and where, is decided by its caller."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpunet.datasets.dataset import Dataset
    from gpunet.datasets.download import Progress
    from gpunet.engine.factory import Device

__all__ = ["Messages", "Update"]

Update = Callable[[str], None]
"""Replaces what is said of work under way."""


class Messages:
    """Receives a workflow's messages; this one drops them all."""

    def say(self, line: str) -> None:
        """Tell one line of what is being done."""

    def note(self, message: object) -> None:
        """Tell what users should know even where they asked for silence."""

    def dataset(self, dataset: Dataset) -> None:
        """Tell which data are used."""

    def device(self, choice: Device) -> None:
        """Tell which device is used, and why."""

    def fetching(self) -> AbstractContextManager[Progress | None]:
        """Tell how far the fetching, drawing or reading of data is, while the context is open."""
        return nullcontext()

    def waiting(self, what: str) -> AbstractContextManager[Update]:
        """Tell what is waited for, for as long as the context is open."""
        return nullcontext(lambda _: None)
