"""A process that trains one peer and times it, asked line by line.

It is started as ``python -m peers.worker MODULE:CLASS DEVICE TASK``, reads a command and its
arguments from every line of the standard input, and answers each with a line of JSON. Whatever a
library prints goes to the standard error. ``contender`` is the other end.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from peers.interface import Order, Peer, PeerError
from peers.task import Task, accuracy

ROUND = 16
"""Steps of a turn are a multiple of this where there are more, for loops that are unrolled."""

TRIAL_STEPS = 4

Answer = Callable[[dict[str, Any]], None]


def main() -> None:
    """Answer until the input ends, or until something fails."""
    with answering() as answer:
        _serve(sys.argv[1:], answer)


@contextmanager
def answering() -> Iterator[Answer]:
    """What writes a line of JSON for the other end, which is told, too, if something fails."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def answer(content: dict[str, Any]) -> None:
        answers.write(json.dumps(content) + "\n")

    try:
        yield answer
    except Exception as error:  # the other end reports any error of a library
        kind = "" if isinstance(error, PeerError) else f"{type(error).__name__}: "
        answer({"error": f"{kind}{error}".partition("\n")[0]})
        raise


def _serve(arguments: list[str], answer: Answer) -> None:
    kind, device, path = arguments
    module, name = kind.split(":")
    task = Task.load(Path(path))
    worker = Worker(getattr(importlib.import_module(module), name)(task, device), task)
    answer({"version": worker.peer.version, "adapter": worker.peer.adapter})
    for line in sys.stdin:
        command, *values = json.loads(line)
        known: dict[str, Callable[..., dict[str, Any]]] = {
            "choose": worker.choose,
            "losses": worker.losses,
            "turn": worker.turn,
            "begin": worker.begin,
            "train": worker.train,
            "accuracy": worker.accuracy,
            "memory": worker.memory,
        }
        answer(known[command](*values))
    worker.peer.close()


class Worker:
    """A peer, with the orders that it is given and the clock."""

    def __init__(self, peer: Peer, task: Task) -> None:
        self.peer = peer
        self.task = task
        self._setting = peer.settings[0]
        self._steps = 0
        self._draws = np.random.default_rng(2)

    def choose(self, seconds: float) -> dict[str, Any]:
        """Take the fastest of the peer's settings, warmed up for turns of about so long."""
        trials = {one: self._trial(one, seconds) for one in self.peer.settings}
        self._setting = min(trials, key=trials.__getitem__)
        self._steps = self._fitting(seconds / trials[self._setting])
        self.begin(self._setting, self._steps)
        self._timed()
        return {"setting": self._setting, "steps": self._steps}

    def losses(self, calls: int, steps: int) -> dict[str, Any]:
        """The mean losses of some calls in a row, from the task's weights, in the same order."""
        self._draws = np.random.default_rng(3)
        self.peer.begin(self._setting, steps)
        losses = [self.peer.train(self._order(steps)) for _ in range(calls)]
        self.peer.begin(self._setting, self._steps)
        self._timed()
        return {"losses": losses}

    def turn(self) -> dict[str, Any]:
        """Seconds of wall clock and of the processors for a step, over a turn."""
        wall, processors = self._timed()
        return {"wall": wall, "processors": processors}

    def begin(self, setting: str, steps: int, seed: int = 2) -> dict[str, Any]:
        """Start again, for calls of so many steps, or of an epoch if none are named."""
        self._draws = np.random.default_rng(seed)
        self._setting, self._steps = setting, steps or self.task.steps_per_epoch
        self.peer.begin(setting, self._steps)
        return {}

    def train(self) -> dict[str, Any]:
        """One call of as many steps as were announced."""
        return {"loss": self.peer.train(self._order(self._steps))}

    def accuracy(self, path: str) -> dict[str, Any]:
        """The share of right answers on the samples of a file."""
        with np.load(path) as file:
            return {"accuracy": accuracy(self.peer.layers(), file["features"], file["labels"])}

    def memory(self) -> dict[str, Any]:
        """The process's largest size in main memory, in bytes."""
        return {"bytes": peak_memory()}

    def _trial(self, setting: str, seconds: float) -> float:
        """Seconds of a step: the best of three calls, made longer until one lasts long enough."""
        steps = self._fitting(TRIAL_STEPS)
        while True:
            self.begin(setting, steps)
            self._timed()  # compiles
            once = self._timed()[0]
            if once * steps > seconds / 4 or steps >= self.task.steps_per_epoch:
                again = 2 if once * steps < seconds else 0
                return min([once, *(self._timed()[0] for _ in range(again))])
            steps = self._fitting(max(4 * steps, seconds / 2 / once))

    def _fitting(self, steps: float) -> int:
        """A number of steps that fits into an epoch."""
        whole = max(1, min(self.task.steps_per_epoch, int(steps)))
        return whole - whole % ROUND if whole > ROUND else whole

    def _timed(self) -> tuple[float, float]:
        """One call: seconds a step by the wall's clock, and by the processors'."""
        order = self._order(self._steps)
        wall, processors = time.perf_counter(), time.process_time()
        self.peer.train(order)
        wall, processors = time.perf_counter() - wall, time.process_time() - processors
        return wall / self._steps, processors / self._steps

    def _order(self, steps: int) -> Order:
        rows = self._draws.permutation(len(self.task.labels))[: steps * self.task.batch]
        return rows.reshape(steps, self.task.batch)


def peak_memory() -> int:
    """Linux counts in ``ru_maxrss`` the process that started this one, too, but not in VmHWM."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return 1024 * int(lines["VmHWM"].split()[0])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
