"""The parent's end of a worker: starts the process of a peer, asks it, and ends it in time."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from peers.catalog import Entry

FOLDER = Path(__file__).parents[1]


class LeftOutError(Exception):
    """A contender cannot go on; the message with the reason goes into the table."""


class Leavable(Protocol):
    """What is left out of a table, with the reason, or an empty string."""

    left_out: str


@contextlib.contextmanager
def leaving_out(course: Leavable) -> Iterator[None]:
    """Leaves a course out whose contender cannot go on."""
    try:
        yield
    except LeftOutError as reason:
        course.left_out = str(reason)


class Contender:
    """A peer on a device, in its own process, so that peers' threads do not disturb each other.

    Args:
        entry: the peer and its device.
        task: the file of the task, or what else the module takes.
        limit: seconds that an answer may take.
        module: that is run.

    Raises:
        LeftOutError: it does not start.
    """

    def __init__(
        self, entry: Entry, task: Path | str, limit: float, module: str = "peers.worker"
    ) -> None:
        self.entry = entry
        self._limit = limit
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by close
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, entry.listing.kind, entry.device, str(task)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env=_environment(entry),
        )
        self._answers = selectors.DefaultSelector()
        self._answers.register(self._stdout, selectors.EVENT_READ)
        answer = self._answer()
        self.version = str(answer["version"])
        self.device = str(answer["adapter"]).partition(" (")[0] or entry.shown

    @property
    def process(self) -> int:
        """The number of its process."""
        return self._process.pid

    def ask(self, command: str, *values: Any) -> dict[str, Any]:
        """The worker's answer to a command.

        Raises:
            LeftOutError: it fails, or takes too long.
        """
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended; the answer tells why
            self._process.stdin.write(json.dumps([command, *values]) + "\n")
            self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._answers.close()
        self._said.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _stdout(self) -> Any:
        assert self._process.stdout is not None
        return self._process.stdout

    def _answer(self) -> dict[str, Any]:
        if not self._answers.select(self._limit):
            self.close()
            raise LeftOutError(f"not ready after {self._limit:.0f} s")
        line = self._stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": self._last_words()}
        if "error" in answer:
            self.close()
            raise LeftOutError(answer["error"])
        return answer

    def _last_words(self) -> str:
        """The last output of a process that ended without an answer."""
        self._said.seek(0)
        lines = self._said.read().strip().splitlines()
        return lines[-1] if lines else f"ended with {self._process.wait()}"


def _environment(entry: Entry) -> dict[str, str]:
    """The environment of the process here, with what the peer needs."""
    paths = os.pathsep.join(filter(None, (str(FOLDER), os.environ.get("PYTHONPATH"))))
    changed = {**os.environ, "PYTHONPATH": paths, **entry.listing.environment}
    return {name: value for name, value in changed.items() if value is not None}
