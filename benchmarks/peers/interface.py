"""The interface of a peer: one network that one library trains on one device.

The order of calls: create it, ``begin``, then ``train`` any number of times. ``worker`` measures
the time.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from peers.task import Layers, Task

Order = NDArray[np.int64]
"""The rows of the task's samples for some steps, (S, B)."""


class PeerError(Exception):
    """A peer cannot do the task on this machine; the message says why, in a sentence."""


class Peer(ABC):
    """A library with the task's samples on a device.

    Args:
        task: what to train.
        device: one that the catalog lists for it.

    Raises:
        PeerError: the library cannot use the device.
    """

    settings: tuple[str, ...] = ("",)
    """Settings that are worth a trial on this machine, in words; the first is the usual one."""

    def __init__(self, task: Task, device: str) -> None:
        self.task = task
        self.device = device

    @property
    @abstractmethod
    def version(self) -> str:
        """The library's version."""

    @property
    def adapter(self) -> str:
        """The device, where the library chose it and not the catalog."""
        return ""

    @abstractmethod
    def begin(self, setting: str, steps: int) -> None:
        """Start again from the task's weights; every call of ``train`` will have so many steps."""

    @abstractmethod
    def train(self, order: Order) -> float:
        """Take the steps of an order, wait for the device, and tell their mean loss."""

    @abstractmethod
    def layers(self) -> Layers:
        """A copy of the weights as they are now."""

    def close(self) -> None:  # noqa: B027 - most libraries tidy up by themselves
        """Give the device back."""


def thread_counts() -> dict[str, int]:
    """The numbers of threads that are worth a trial: all processors, and one."""
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else os.cpu_count() or 1
    several = {f"{processors} threads": processors} if processors > 1 else {}
    return {**several, "1 thread": 1}
