"""Trains, and is killed at random moments, over and over; what it leaves must be sound.

The suite does so a few times. As a script it goes on as long as one likes, on any device:

    python tests/faults/killing.py --kills 500 --device cpu

A run is begun, killed, resumed and killed again until it comes to its end; then its last weights
must be, bit by bit, those of a run that nobody disturbed. A new run follows until so many kills
are done.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import gpunet.cli.training_run  # noqa: F401 - so that no child has to
from gpunet.cli.app import run
from gpunet.training.output import PREFIX
from gpunet.training.run_state import RunState, load_state

OPTIONS = (
    *("--hidden", "6", "--epochs", "12", "--batch-size", "8", "--patience", "0"),
    *("--dropout", "0.1", "--plain", "--showcase", "0"),
)


@dataclass(slots=True)
class Findings:
    """What became of the runs.

    Args:
        kills: that hit a living process.
        early: of them, those before the first checkpoint.
        finished: runs that came to their end.
        wrong: what was not as it must be.
    """

    kills: int
    early: int
    finished: int
    wrong: list[str]


def dataset(path: Path) -> Path:
    """Noise with a hint of its label in it, as a file."""
    draws = np.random.default_rng(0)
    labels = np.arange(160) % 4
    images = draws.integers(0, 120, (160, 6, 6)) + 30 * labels[:, None, None]
    images = images.astype(np.uint8)
    np.savez(
        path, x_train=images[:120], y_train=labels[:120], x_test=images[120:], y_test=labels[120:]
    )
    return path


def kill_at_random(folder: Path, kills: int, device: str, seed: int) -> Findings:
    """Kill runs in a folder at random moments, so many times at least.

    Args:
        folder: an empty one.
        kills: wanted.
        device: as ``--device`` takes it.
        seed: of the moments.
    """
    draws, found = random.Random(seed), Findings(0, 0, 0, [])
    data = dataset(folder / "data.npz")
    new = ("train", "--data", str(data), "--device", device, *OPTIONS)
    began = time.monotonic()
    _run((*new, *_output(folder), "--run-dir", str(folder / "straight")), None)
    longest = time.monotonic() - began
    expected = load_state(folder / "straight" / "last.safetensors")[1]
    number = 0
    while found.kills < kills:
        number += 1
        victim = folder / f"victim {number}"
        _drive(victim, (*new, "--run-dir", str(victim)), device, draws, longest, found)
        _compare(victim, expected, found)
        left = sorted(path.name for path in folder.rglob(f"{PREFIX}*"))
        if left:
            found.wrong.append(f"left behind: {left}")
    return found


def _drive(
    victim: Path,
    new: tuple[str, ...],
    device: str,
    draws: random.Random,
    longest: float,
    found: Findings,
) -> None:
    """Begin a run, and resume it however often it is killed."""
    checkpoint = victim / "last.safetensors"
    command = new
    while True:
        ended = _run((*command, *_output(victim.parent)), draws.uniform(0, longest))
        if ended is not None:
            break
        found.kills += 1
        if checkpoint.exists():
            load_state(checkpoint)  # raises if it is not whole
            command = ("train", "--resume", str(victim), "--device", device, "--plain")
            command += ("--showcase", "0")
        else:
            found.early += 1
    # Killed after its last epoch, a run has nothing left to do, which is a wrong use.
    if ended and (ended != 2 or len(load_state(checkpoint)[1].history) < 12):
        found.wrong.append(f"a run in {victim} ended with exit code {ended}")
    found.finished += 1


def _compare(victim: Path, expected: RunState, found: Findings) -> None:
    actual = load_state(victim / "last.safetensors")[1]
    for name in ("parameters", "moments", "best"):
        if getattr(expected, name).tobytes() != getattr(actual, name).tobytes():
            found.wrong.append(f"{name} of {victim} differ from those of an undisturbed run")


def _output(folder: Path) -> tuple[str, str]:
    return "--output", str(folder / "model.safetensors")


def _run(arguments: tuple[str, ...], kill_after: float | None) -> int | None:
    """The exit code of a process of its own; ``None`` if it was killed after so many seconds."""
    child = os.fork()
    if child == 0:
        _become(arguments)
    if kill_after is not None:
        deadline = time.monotonic() + kill_after
        while time.monotonic() < deadline:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.001)
        os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return None if code == -signal.SIGKILL else code


def _become(arguments: tuple[str, ...]) -> None:
    """Turn this process into one that carries out a command line, and end it."""
    code = 70
    try:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        code = run(arguments)
    finally:
        os._exit(code)


def main() -> int:
    """Kill as often as was asked for, and tell what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--device", default="cpu", help="as gpunet's own option")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = kill_at_random(Path(folder), options.kills, options.device, options.seed)
    print(
        f"{found.kills} kills, {found.early} of them before the first checkpoint; "
        f"{found.finished} runs came to their end; wrong: {len(found.wrong)}"
    )
    for wrong in found.wrong:
        print(f"  {wrong}")
    return int(bool(found.wrong))


if __name__ == "__main__":
    sys.exit(main())
