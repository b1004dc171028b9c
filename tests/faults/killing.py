"""Trains, searches and downloads, and is killed at random moments; what is left must be sound.

The suite does so a few times. As a script it goes on as long as one likes, on any device:

    python tests/faults/killing.py --kills 500 --device cpu

A training is begun, killed, resumed and killed again until it comes to its end; then its last
weights must be, bit by bit, those of a run that nobody disturbed. A search must have each of its
trials once, and a download the published files. Then the next one follows, until so many kills are
done of each kind.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import hashlib
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

import gpunet.cli.search_end
import gpunet.cli.training_end  # noqa: F401 - so that no child has to
from gpunet.artifacts.checkpoint import load_state
from gpunet.artifacts.model_file import load
from gpunet.cli.app import run
from gpunet.datasets.download import Published, PublishedFile, obtain
from gpunet.files.whole_file import PREFIX
from gpunet.search.storage import LOCK_SECONDS, StudyStorage
from gpunet.search.study import SearchStudy
from gpunet.search.tuner import best_model_path
from gpunet.training.state import RunState

OPTIONS = (
    *("--hidden", "6", "--epochs", "12", "--batch-size", "8", "--patience", "0"),
    *("--dropout", "0.1", "--plain", "--showcase", "0"),
)


@dataclass(slots=True)
class Findings:
    """What became of the victims.

    Args:
        kills: that hit a living process.
        early: of them, those before there was anything to resume.
        finished: victims that came to their end.
        wrong: what was not as it must be.
    """

    kills: int = 0
    early: int = 0
    finished: int = 0
    wrong: list[str] = field(default_factory=list)

    def look_for_leftovers(self, folder: Path) -> None:
        """Temporary files are wrong once nobody is at work."""
        left = [*folder.rglob(f"{PREFIX}*"), *folder.rglob("*.lock")]
        if left:
            self.wrong.append(f"left behind: {sorted(path.name for path in left)}")


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


def kill_trainings(folder: Path, kills: int, device: str, seed: int) -> Findings:
    """Kill trainings in a folder at random moments, so many times at least.

    Args:
        folder: an empty one.
        kills: wanted.
        device: as ``--device`` takes it.
        seed: of the moments.
    """
    draws, found = random.Random(seed), Findings()
    data = dataset(folder / "data.npz")
    new = ("train", "--data", str(data), "--device", device, *OPTIONS)
    longest = _undisturbed(
        _command((*new, *_output(folder), "--run-dir", str(folder / "straight")))
    )
    expected = load_state(folder / "straight" / "last.safetensors")[1]
    number = 0
    while found.kills < kills:
        number += 1
        victim = folder / f"victim {number}"
        _drive(victim, (*new, "--run-dir", str(victim)), device, draws, longest, found)
        _compare(victim, expected, found)
        found.look_for_leftovers(folder)
    return found


def kill_searches(folder: Path, kills: int, device: str, seed: int) -> Findings:
    """The same with searches of eight trials, four side by side, every other one of a grid."""
    draws, found = random.Random(seed), Findings()
    data = dataset(folder / "data.npz")
    os.chdir(folder)  # studies lie in the folder that one works in
    common = ("--device", device, "--plain", *_output(folder))
    asked = ("--trials", "8", "--population", "4", "--epochs", "2", "--batch-size", "8")
    new: tuple[str, ...] = ("tune", "--data", str(data), *asked, *common)
    space = folder / "space.toml"
    space.write_text("""hidden.choices = ["3", "4"]\ndropout.choices = [0.0, 0.1, 0.2, 0.3]\n""")
    grid = ("--sampler", "grid", "--space", str(space))
    longest = _undisturbed(_command((*new, "--study", "straight")))
    number = 0
    while found.kills < kills:
        number += 1
        study = f"victim-{number}"
        journal = folder / "tune" / study / "journal.log"
        while True:
            begun = journal.exists() and b'"gpunet"' in journal.read_bytes()
            command: tuple[str, ...] = (*new, "--study", study, *(() if number % 2 else grid))
            if begun:
                command = ("tune", "--resume", study, "--trials", "8", *common)
            # A lock is taken from a dead worker after a while only, so now and then wait longer.
            patience = LOCK_SECONDS if draws.random() < 0.25 else 0
            ended = _run(_command(command), patience + draws.uniform(0, longest))
            if ended is not None:
                break
            found.kills += 1
            found.early += not begun
        if ended:
            found.wrong.append(f"the search {study} ended with exit code {ended}")
            continue
        found.finished += 1
        progress = SearchStudy.resume(StudyStorage(None, study), study).progress(8)
        numbers = [trial.number for trial in progress.trials if trial.ended]
        if len(numbers) != 8 or progress.best is None:
            found.wrong.append(f"the search {study} has the trials {sorted(numbers)}")
        elif len({str(trial.values) for trial in progress.trials}) != 8:
            found.wrong.append(f"the search {study} has two trials of the same values")
        elif (model := best_model_path(journal.parent, progress.best.number)).exists():
            # A trial that was pruned in a batch whose worker was killed has no file; the command
            # that the search prints trains its network again.
            load(model)
        found.look_for_leftovers(folder)
    return found


def kill_downloads(folder: Path, kills: int, seed: int) -> Findings:
    """The same with downloads from a server on the loopback device."""
    draws, found = random.Random(seed), Findings()
    contents = [random.Random(size).randbytes(size) for size in (3 << 20, 1 << 10)]
    with _server(contents) as address:
        files = tuple(
            PublishedFile(str(number), len(content), hashlib.sha256(content).hexdigest())
            for number, content in enumerate(contents)
        )
        published = Published("noise", (address,), files)

        def download(cache: Path) -> int:
            obtained = obtain(published, cache)
            return int([bytes(one) for one in obtained.contents] != contents)

        longest = _undisturbed(partial(download, folder / "straight"))
        while found.kills < kills:
            cache = folder / f"cache {found.finished}"
            while (ended := _run(partial(download, cache), draws.uniform(0, longest))) is None:
                found.kills += 1
                found.early += not cache.exists()
            found.finished += 1
            again = download(cache)
            if ended or again or len(list(cache.iterdir())) != len(contents):
                found.wrong.append(f"{cache} holds {sorted(map(str, cache.iterdir()))}")
    return found


@contextmanager
def _server(contents: Sequence[bytes]) -> Iterator[str]:
    """Serves the contents, gzipped, under their numbers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            packed = gzip.compress(contents[int(Path(self.path).stem)], 1)
            self.send_response(200)
            self.send_header("Content-Length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):  # the other side was killed
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


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
        ended = _run(_command((*command, *_output(victim.parent))), draws.uniform(0, longest))
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


def _output(folder: Path) -> tuple[str, ...]:
    return "--force", "--output", str(folder / "model.safetensors")


def _command(arguments: tuple[str, ...]) -> Callable[[], int]:
    return partial(run, arguments)


def _undisturbed(work: Callable[[], int]) -> float:
    """How long work in a process of its own takes, in seconds."""
    began = time.monotonic()
    code = _run(work, None)
    assert code == 0, f"the work ends with exit code {code} even if nobody disturbs it"
    return time.monotonic() - began


def _run(work: Callable[[], int], kill_after: float | None) -> int | None:
    """The exit code of a process of its own; ``None`` if it was killed after so many seconds."""
    gc.collect()
    gc.freeze()  # no child collects a device of before, whose release waits for threads it lacks
    child = os.fork()
    if child == 0:
        _become(work)
    gc.unfreeze()
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


def _become(work: Callable[[], int]) -> None:
    """Turn this process into one that does some work in silence, and end it."""
    code = 70
    try:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        code = work()
    finally:
        os._exit(code)


def main() -> int:
    """Kill as often as was asked for, and tell what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=300, help="of each kind")
    parser.add_argument("--device", default="cpu", help="as gpunet's own option")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    kinds: dict[str, Callable[[Path], Findings]] = {
        "trainings": lambda folder: kill_trainings(
            folder, options.kills, options.device, options.seed
        ),
        "searches": lambda folder: kill_searches(
            folder, options.kills, options.device, options.seed
        ),
        "downloads": lambda folder: kill_downloads(folder, options.kills, options.seed),
    }
    wrong = 0
    for name, kill in kinds.items():
        with tempfile.TemporaryDirectory() as folder:
            found = kill(Path(folder))
        wrong += len(found.wrong)
        print(
            f"{name}: {found.kills} kills, {found.early} of them before there was anything to go "
            f"on with; {found.finished} came to their end; wrong: {len(found.wrong)}",
            flush=True,
        )
        for one in found.wrong:
            print(f"  {one}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
