"""A step at work: the commands that it runs until its time is over, and what they print."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["FULL", "SMALL", "Run", "Scale", "last_match", "text_from"]

ROOT = Path(__file__).resolve().parents[2]

PATHS = (str(ROOT / "src"), str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH", ""))
"""Where what a step runs finds this checkout's modules."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured.

    Args:
        epochs: of the first trainings.
        shapes: of the comparisons with other libraries, the most telling first.
        turns: options of these comparisons.
        seeds: hidden layers and batch of the trainings whose bits are compared.
        networks: hidden layers of the profiles.
        tests: a pattern of the tests that are run.
        quick: whether the least sizes are taken elsewhere, and fixed sizes are left out.
    """

    epochs: int
    shapes: tuple[str, ...]
    turns: str
    seeds: tuple[tuple[str, int], ...]
    networks: tuple[str, ...]
    tests: str
    quick: bool


FULL = Scale(
    epochs=15,
    shapes=("128-large", "16-16", "1024s", "512-512", "128"),
    turns="--rounds 5 --seconds 0.2 --limit 60",
    seeds=(("16,16", 4), ("128", 128), ("512,512", 128)),
    networks=("128", "512,512", "1024,1024,1024"),
    tests="test_",
    quick=False,
)
SMALL = Scale(
    epochs=1,
    shapes=("16-16",),
    turns="--rounds 1 --seconds 0.05 --limit 30",
    seeds=(("128", 128),),
    networks=("128",),
    tests="test_engine and layered and same_seed",
    quick=True,
)


@dataclass(slots=True)
class Run:
    """A step at work: it runs commands until its time is over.

    Args:
        folder: where what it writes goes; new, and in one folder with those of the other steps.
        log: the file to which all that commands print is appended.
        ends: when its time is over, as ``time.monotonic`` counts.
        device: index of the adapter, as ``--device`` takes it.
        adapter: its name, as the comparisons take it.
        scale: how much is measured.
        data: what is trained on, as ``--data`` takes it.
        failed: whether a command has failed.
    """

    folder: Path
    log: Path
    ends: float
    device: str
    adapter: str
    scale: Scale
    data: str
    failed: bool = False

    def note(self, text: str) -> None:
        """Append a text to the log."""
        with self.log.open("a", encoding="utf-8") as log:
            log.write(text)

    @property
    def left(self) -> float:
        """Seconds until its time is over."""
        return self.ends - time.monotonic()

    def gpunet(self, command: str, **values: object) -> str:
        """What a command of gpunet prints."""
        return self.call(self.words(f"-m gpunet {command}", **values))

    def script(self, command: str, **values: object) -> str:
        """What a script of benchmarks/ prints."""
        return self.call(self.words(f"benchmarks/{command}", **values))

    def probe(self, name: str) -> str:
        """The verdict of one of the probes, which is its last line."""
        small = " --small" if self.scale.quick else ""
        command = self.words(f"-m hardware.probes {name} --device {{device}}{small}")
        return last_match(r"\S.*", self.call(command))

    def words(self, command: str, **values: object) -> list[str]:
        """Python with these arguments, in whose words ``{name}`` stands for a value.

        Beside those given, the run's own can stand there.
        """
        known = {name: getattr(self, name) for name in ("folder", "device", "adapter", "data")}
        words = [word.format_map({**known, **values}) for word in command.split()]
        return [sys.executable, *words]

    def call(self, *commands: Sequence[str], judged: bool = True, **variables: str) -> str:
        """Run commands side by side, wait for all of them, and give what they print.

        Args:
            commands: each with its arguments.
            judged: whether it counts as the step's failure if one of them fails.
            variables: of their environment, beside what is there.

        Raises:
            subprocess.TimeoutExpired: the step's time is over; the commands were stopped.
        """
        size = self.log.stat().st_size
        with ExitStack() as stack:
            log = stack.enter_context(self.log.open("ab"))
            running = [stack.enter_context(_started(one, log, variables)) for one in commands]
            codes = [one.wait(max(0.0, self.left)) for one in running]
        self.failed |= judged and any(codes)
        return text_from(self.log, size)

    @contextmanager
    def beside(self, command: Sequence[str]) -> Iterator[None]:
        """Run a command beside the block, and stop it where the block ends."""
        with (self.folder / "beside.txt").open("wb") as log, _started(command, log, {}):
            yield

    def figures(self) -> list[Any]:
        """The rows that a script has just written into the step's folder as JSON."""
        return [
            row
            for path in self.folder.glob("*.json")
            for row in json.loads(path.read_text("utf-8"))["rows"]
        ]


@contextmanager
def _started(
    command: Sequence[str], log: BinaryIO, variables: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block, with all that it has started."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(PATHS), **variables},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def last_match(pattern: str, text: str) -> str:
    """The last place of a text that fits, or its only group; a dash without one."""
    found: list[str] = re.findall(pattern, text, re.MULTILINE)
    return found[-1] if found else "-"


def text_from(path: Path, start: int) -> str:
    """A file's text from so many bytes on."""
    with path.open("rb") as file:
        file.seek(start)
        return file.read().decode(errors="replace")
