"""A process that trains one network on the rows of a file, and is asked for turns line by line.

It is started as ``python -m peers.feed MODULE:CLASS DEVICE WORK``, where the work is JSON: the
folder and the number of rows of a ``RowsFile``, and how to bring the rows to the network. What a
way of feeding offers is ``Feed``; ``contender`` is the other end.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from peers.rows_file import RowsFile
from peers.worker import answering

HIDDEN, BATCH = (128,), 128
"""The network is 784-128-10, with ReLU, softmax cross-entropy and Adam."""


class Feed(ABC):
    """A library that trains the network on the rows, each once an epoch in another order."""

    @property
    @abstractmethod
    def version(self) -> str:
        """The library's version."""

    @property
    def adapter(self) -> str:
        """The device, where the library chose it and not the catalog."""
        return ""

    @abstractmethod
    def begin(self) -> None:
        """Begin an epoch: all that comes before its first step."""

    @abstractmethod
    def train(self, seconds: float) -> tuple[int, float]:
        """Go on with the epoch for about so long, and wait for the device.

        Returns:
            How many samples it took, none once the epoch has ended, and their mean loss.
        """


def main() -> None:
    """Answer until the input ends, or until something fails."""
    kind, device, work = sys.argv[1:]
    with answering() as answer:
        module, name = kind.split(":")
        given = json.loads(work)
        rows = RowsFile(Path(given.pop("folder")), given.pop("rows"))
        feed: Feed = getattr(importlib.import_module(module), name)(rows, device, **given)
        answer({"version": feed.version, "adapter": feed.adapter})
        for line in sys.stdin:
            command, *values = json.loads(line)
            answer(_begin(feed) if command == "begin" else _turn(feed, *values))


def _begin(feed: Feed) -> dict[str, Any]:
    """Seconds that come before the first step of an epoch."""
    began = time.perf_counter()
    feed.begin()
    return {"wall": time.perf_counter() - began}


def _turn(feed: Feed, seconds: float) -> dict[str, Any]:
    """Train for about so long, and begin as many epochs as that takes."""
    samples, loss, epochs = 0, 0.0, 0
    began = time.perf_counter()
    while (left := seconds - (time.perf_counter() - began)) > 0 or not samples:
        count, mean = feed.train(left)
        samples, loss = samples + count, loss + count * mean
        if not count:
            feed.begin()
            epochs += 1
    wall = time.perf_counter() - began
    return {"wall": wall, "samples": samples, "epochs": epochs, "loss": loss / samples}


if __name__ == "__main__":
    main()
