"""Measures gpunet on a machine with a GPU within a given time, the most important things first.

    python -m benchmarks.hardware --minutes 8

Every step has a time limit and gives a verdict of one line; none stops the others. A new folder,
named after the adapter unless ``--output FOLDER`` names another, gets three files: ``campaign.txt``
with the verdicts, ``campaign.log`` with all that was printed, and ``campaign.tar.gz``, the file to
send, with both and the figures that the steps wrote. All three are kept up to date from step to
step, so that a kill costs only the running step. A step runs the project's own commands, scripts
and tests; ``probes`` asks further questions of the adapter.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
from dataclasses import replace
from pathlib import Path

import numpy as np

from gpunet.errors import DeviceError, GpunetError, UsageError
from hardware.run import FULL, SMALL, Run, last_match, text_from
from hardware.steps import Step, steps
from output import Output, parser_of
from peers.machine import file_name

__all__ = ["Campaign", "main"]

MINUTES = 8.5

SUFFIXES = (".txt", ".log", ".tar.gz")


class Campaign:
    """Runs step after step, as far as time permits.

    Args:
        output: where the verdicts and the figures go.
        run: what the runs of all steps have in common.
        seconds: for all steps.
    """

    def __init__(self, output: Output, run: Run, seconds: float) -> None:
        self._output, self._run, self._seconds = output, run, seconds
        self._began = time.monotonic()
        self._verdicts: list[str] = []
        self.failed = False

    def take(self, step: Step) -> None:
        """Run a step, or skip it if time is short, and write the results so far."""
        began = time.monotonic()
        left = self._seconds * (1 - step.later) - (began - self._began)
        limit = min(step.seconds, left)
        if limit < step.least:
            end, verdict = "no time", ""
        else:
            end, verdict = self._taken(step, began + limit)
        self.failed |= end == "failed"
        taken = time.monotonic() - began
        line = f"{step.name:<16} {end:<8} {taken:4.0f} s  {verdict:.350}".rstrip()
        print(line, flush=True)
        self._verdicts.append(f"{line}\n")
        self._output.write(".txt", "".join(self._verdicts))
        self._output.write(".tar.gz", _packed(self._run.folder, self._output.folder))

    def _taken(self, step: Step, ends: float) -> tuple[str, str]:
        """Run a step; return how it ended, and its verdict."""
        run = replace(self._run, folder=self._run.folder / step.name, ends=ends)
        run.folder.mkdir()
        run.note(f"\n######## {step.name}\n")
        size = run.log.stat().st_size
        try:
            verdict = step.work(run)
            return "failed" if run.failed else "done", verdict
        except subprocess.TimeoutExpired:
            return "too long", last_match(r"\S.*", text_from(run.log, size))
        except Exception as error:  # one step's failure must not end the others
            told = last_match(r"error: (.*)", text_from(run.log, size))
            run.note(traceback.format_exc())
            return "failed", f"{type(error).__name__}: {error}" if told == "-" else told


def _packed(figures: Path, reports: Path | None) -> bytes:
    """The figures but for the models, the verdicts and what was printed, in one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in sorted(figures.rglob("*")):
            if path.is_file() and path.suffix != ".safetensors":
                archive.add(path, path.relative_to(figures))
        for name in ("campaign.txt", "campaign.log"):
            if reports is not None and (reports / name).exists():
                archive.add(reports / name, name)
    return packed.getvalue()


def main() -> int:
    """Measure what time allows; 1 if a step failed or there is no GPU."""
    options = _options()
    try:
        known = [step.name for step in steps(FULL, mnist=True)]
        if unknown := [name for name in options.steps if name not in known]:
            raise UsageError(f"{unknown[0]} is no step; choose among {', '.join(known)}")
        if options.output is not None:  # is told before the adapter is asked
            Output(options.output, "campaign", *SUFFIXES)
        adapter = _adapter(options.small)
        folder = options.output or Path(f"campaign-{file_name(adapter[1])}")
        output = Output(folder, "campaign", *SUFFIXES)
    except (GpunetError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return getattr(error, "exit_code", 1)
    scale = SMALL if options.small else FULL
    log = (folder / "campaign.log").absolute()
    log.touch()
    with tempfile.TemporaryDirectory(prefix="gpunet-") as name:
        work = Path(name)
        _keep_caches(work / "cache")
        figures = work / "figures"
        figures.mkdir()
        data = options.mnist and options.mnist.absolute()
        data = str(data or (_noise(work) if options.small else "strokes"))
        run = Run(figures, log, 0.0, *adapter, scale, data)
        campaign = Campaign(output, run, 60 * options.minutes)
        for step in steps(scale, mnist=options.mnist is not None):
            if not options.steps or step.name in options.steps:
                campaign.take(step)
    print(f"All of it lies in {folder / 'campaign.tar.gz'}, the file to send.")
    return 1 if campaign.failed else 0


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help=f"for all steps; default: {MINUTES}"
    )
    parser.add_argument(
        "--mnist", type=Path, help="folder of MNIST's IDX files; without it, drawn digits are taken"
    )
    parser.add_argument("steps", nargs="*", metavar="STEP", help="these alone; default: all")
    parser.add_argument(
        "--small", action="store_true", help="the least of everything, on any adapter: a rehearsal"
    )
    return parser.parse_args()


def _adapter(small: bool) -> tuple[str, str]:
    """The GPU that is measured, or any adapter for a rehearsal: its index and its name.

    Raises:
        DeviceError: there is none.
    """
    command = [sys.executable, "-m", "gpunet", "devices", "--json"]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    usable = [one for one in found["adapters"] if one["usable"]]
    best = found["auto"]["index"]
    for one in usable:
        if one["index"] == best or (small and best is None):
            return str(one["index"]), one["name"].partition(" (")[0]
    raise DeviceError(
        "there is no GPU that gpunet can use, so that nothing was measured; `gpunet devices` says "
        "how to get one, and --small rehearses on a software adapter"
    )


def _noise(folder: Path) -> Path:
    """A few images of noise, to train on where only the way counts."""
    path, draws = folder / "noise.npz", np.random.default_rng(0)
    images, labels = draws.integers(0, 256, (2000, 28, 28), dtype=np.uint8), np.arange(2000) % 10
    arrays = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
    np.savez(path, **arrays, x_val=images, y_val=labels)  # type: ignore[arg-type]
    return path


def _keep_caches(folder: Path) -> None:
    """Keep what libraries compile, so that a peer's later process starts sooner, and nothing else.

    gpunet's measurements of tiles start again, too.
    """
    folder.mkdir()
    os.environ |= {
        "GPUNET_CACHE": str(folder / "gpunet"),
        "JAX_COMPILATION_CACHE_DIR": str(folder / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        "PYTHONUNBUFFERED": "1",
    }
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
