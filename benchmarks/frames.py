"""The cost of a training's live screen, and how evenly it draws, on terminals of several sizes.

A training on numpy draws on a pseudo terminal, alone and beside programs that use all of a core:

    python benchmarks/frames.py

The processor's share is that of the thread that draws. A gap is the time between two frames as the
terminal gets them. After that the terminal is resized again and again; it is clean once every cell
of a frame of the new size has come. With ``--output FOLDER`` the table and all figures go into new
files there.
"""

from __future__ import annotations

import argparse
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise, product
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from output import Output, parser_of, run_script
from peers.machine import machine, results
from peers.processes import beside

SIZES = ("80x24", "140x40", "200x60")

TRAINING = ("train", "--data", "strokes:20000+2000", "--device", "cpu", "--hidden", "128")
LONG = ("--epochs", "1000000", "--patience", "0", "--showcase", "0")

FRAME, SHOWN = b"\x1b[?2026h", b"\x1b[?2026l"

WARM_UP = 2.0
"""Seconds of drawing before anything counts."""

PATIENCE = 30.0
"""Seconds to wait for what must come."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Results of drawing a training on one terminal, beside other programs.

    Args:
        size: columns and rows.
        programs_beside: that use all of a core each.
        processor: share of a core that the drawing thread took.
        gaps: seconds between two frames.
        bytes: of all those frames.
        resized: seconds from a resize until the terminal was clean.
    """

    size: str
    programs_beside: int
    processor: float
    gaps: list[float]
    bytes: int
    resized: list[float]


def main() -> None:
    """Measure all sizes under all loads, and print the table."""
    options = _options()
    if options.drawing is not None:
        sys.exit(_train_and_tell(options.drawing))
    output = Output(options.output, results("frames"), ".md", ".json")
    drawn: list[Drawn] = []
    output.show(".md", _document(_measure(options, drawn)))
    output.write_json([asdict(one) for one in drawn])


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--sizes", nargs="+", default=SIZES, help="columns x rows; default: 3")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each; default: 20")
    parser.add_argument("--programs", type=int, nargs="+", default=(0, 1, 2), help="beside")
    parser.add_argument("--resizes", type=int, default=10, help="of each; default: 10")
    parser.add_argument("--drawing", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _train_and_tell(told: Path) -> int:
    """Train as the command line does; record the processor time of the drawing thread per frame."""
    from gpunet.cli.app import main as gpunet
    from gpunet.terminal.live.live_screen import LiveScreen

    draw_frame, used = LiveScreen._draw_frame, os.open(told, os.O_WRONLY | os.O_APPEND)

    def draw_and_tell(screen: LiveScreen, size: tuple[int, int]) -> float:
        seconds = draw_frame(screen, size)
        os.write(used, f"{time.thread_time()}\n".encode())
        return seconds

    command = ["gpunet", *TRAINING, *LONG]
    with patch.object(LiveScreen, "_draw_frame", draw_and_tell), patch.object(sys, "argv", command):
        gpunet()
    return 0


class _Terminal:
    """A pseudo terminal on which a training draws."""

    def __init__(self, size: str, folder: Path) -> None:
        self._master, slave = os.openpty()
        self._slave = slave
        self.told = folder / "processor"
        self.told.write_text("0\n")
        self.resize(*_columns_and_rows(size))
        fixed = ("COLUMNS", "LINES", "CI")
        environment = {name: value for name, value in os.environ.items() if name not in fixed}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--drawing", str(self.told)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env={**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            start_new_session=True,
        )

    def resize(self, columns: int, rows: int) -> None:
        import fcntl
        import struct
        import termios

        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds: float) -> bytes:
        """Read output as soon as there is some, within this many seconds."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, seconds))
        return os.read(self._master, 1 << 20) if ready else b""

    def read_until(self, wanted: re.Pattern[bytes]) -> None:
        """Read until something has come.

        Raises:
            TimeoutError: it does not come.
        """
        seen, deadline = b"", time.monotonic() + PATIENCE
        while not wanted.search(seen):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{wanted.pattern!r} did not come, but {seen[-2000:]!r}")
            seen += self.read(0.1)

    def processor(self) -> float:
        """Seconds of a processor that the drawing thread has used."""
        return float(self.told.read_text().splitlines()[-1])

    def close(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._master)
        os.close(self._slave)


@contextmanager
def _training(size: str) -> Iterator[_Terminal]:
    with tempfile.TemporaryDirectory() as folder:
        terminal = _Terminal(size, Path(folder))
        try:
            terminal.read_until(re.compile(rb"steps"))
            yield terminal
        finally:
            terminal.close()


def _columns_and_rows(size: str) -> tuple[int, int]:
    columns, rows = map(int, size.split("x"))
    return columns, rows


def _measure(options: argparse.Namespace, drawn: list[Drawn]) -> Iterator[Drawn]:
    for size, programs in product(options.sizes, options.programs):
        with _training(size) as terminal, beside(programs):
            share, gaps, count = _drawn(terminal, options.seconds)
            resized = [_resized(terminal, size, turn) for turn in range(options.resizes)]
        drawn.append(Drawn(size, programs, share, gaps, count, resized))
        yield drawn[-1]


def _drawn(terminal: _Terminal, seconds: float) -> tuple[float, list[float], int]:
    """The share of a core, the gaps and the bytes of some seconds."""
    _frames(terminal, min(seconds, WARM_UP))
    used, began = terminal.processor(), time.monotonic()
    times, count = _frames(terminal, seconds)
    share = (terminal.processor() - used) / (time.monotonic() - began)
    gaps = [after - before for before, after in pairwise(times)]
    return share, gaps, count


def _resized(terminal: _Terminal, size: str, turn: int) -> float:
    """Seconds until the terminal is clean after it has become smaller, or as it was again."""
    _frames(terminal, 0.5)
    columns, rows = _columns_and_rows(size)
    columns, rows = (columns, rows) if turn % 2 else (columns - 10, rows - 2)
    last_row = re.escape(f"\x1b[{rows};1H".encode())
    began = time.monotonic()
    terminal.resize(columns, rows)
    terminal.read_until(re.compile(last_row + rb".*" + re.escape(SHOWN), re.DOTALL))
    return time.monotonic() - began


def _frames(terminal: _Terminal, seconds: float) -> tuple[list[float], int]:
    """When frames came within so many seconds, and how many bytes that was in all."""
    times, count, deadline = [], 0, time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        came = terminal.read(left)
        times += [time.monotonic()] * came.count(FRAME)
        count += len(came)
    return times, count


def _document(measured: Iterator[Drawn]) -> Iterator[str]:
    yield "# Frames of a training's live screen"
    yield ""
    yield (
        f"{machine()}. `gpunet {' '.join(TRAINING)}` on a pseudo terminal; the share of a core "
        "that the drawing thread takes, seconds between two frames, bytes that the terminal gets, "
        "seconds until it is clean after a resize. Made by `benchmarks/frames.py`."
    )
    yield ""
    yield (
        "| terminal | programs beside | frames a second | share of a core | gap: median | worst "
        "| bytes a frame | KB a second | clean after: median | worst |"
    )
    yield f"| --- |{' --- |' * 9}"
    for one in measured:
        yield _row(one)


def _row(one: Drawn) -> str:
    if not one.gaps:
        return f"| {one.size} | {one.programs_beside} |{' - |' * 8}"
    seconds = sum(one.gaps)
    cells: list[Any] = [
        one.size,
        one.programs_beside,
        f"{len(one.gaps) / seconds:.1f}",
        f"{100 * one.processor:.1f} %",
        f"{median(one.gaps):.3f} s",
        f"{max(one.gaps):.3f} s",
        f"{one.bytes / (len(one.gaps) + 1):.0f}",
        f"{one.bytes / seconds / 1000:.1f}",
        f"{median(one.resized):.3f} s",
        f"{max(one.resized):.3f} s",
    ]
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    run_script(main)
