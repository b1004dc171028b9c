"""Measures gpunet on a machine with a GPU within a given time, the most valuable first.

    python -m benchmarks.hardware --minutes 8

Every step has a time limit and gives a verdict of one line; none stops the others. A new folder,
named after the adapter unless ``--output FOLDER`` names another, gets three files: ``campaign.txt``
with the verdicts, ``campaign.log`` with all that was printed, and ``campaign.tar.gz``, the file to
send, with both and the figures that the steps wrote. All three are kept up to date from step to
step, so that an end from outside costs the running step alone. What a step runs are the
project's own commands, scripts and tests; what is asked of the adapter beside belongs to
``probes``.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, BinaryIO

import numpy as np
from safetensors.numpy import load_file

from gpunet.errors import DeviceError, GpunetError, UsageError
from output import Output, parser_of
from peers.machine import file_name

__all__ = ["Campaign", "Run", "Step", "main"]

ROOT = Path(__file__).resolve().parents[2]

PATHS = (str(ROOT / "src"), str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH", ""))
"""Where what a step runs finds this checkout's modules."""

MINUTES = 8.5

SUFFIXES = (".txt", ".log", ".tar.gz")

PYTORCH_SECONDS = 75
"""A comparison with all forms of PyTorch, whose compiler is slow, needs at least so long."""

LATER = 0.4
"""Fraction of the time that the first comparisons leave to what comes after them."""


NETWORK = "--optimizer adam --hidden {hidden} --batch-size {batch} --data {data}"
TRAIN = f"train {NETWORK} --output {{folder}}/{{model}}.safetensors"
AGAINST = "against_others.py --device cuda {adapter} --peer"
CONTRACT = " ".join(
    f"tests/contract/test_{name}.py" for name in ("random_networks", "engine", "kernels")
)


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
        return _last(r"\S.*", self.call(command))

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
        return _text_from(self.log, size)

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


def facts(run: Run) -> str:
    """The machine, its adapter and its libraries."""
    if shutil.which("nvidia-smi"):
        run.call(["nvidia-smi"])
        fields = "clocks.max.sm,clocks.max.mem,power.limit,pcie.link.gen.max"
        run.call(["nvidia-smi", f"--query-gpu={fields}", "--format=csv"])
    return run.probe("facts")


def training(run: Run) -> str:
    """The first trainings, on the adapter and in numpy: accuracy and time."""
    told = []
    for hidden, batch in (("16,16", 64), ("128", 128)):
        for name, device in (("adapter", run.device), ("numpy", "cpu")):
            report = run.folder / f"{hidden}-{name}.json"
            options = f"--plain --device {device} --epochs {run.scale.epochs} --report {{report}}"
            run.gpunet(f"{TRAIN} {options}", hidden=hidden, batch=batch, model="m", report=report)
            told.append(_trained(report))
    return "; ".join(told)


def _trained(report: Path) -> str:
    content = json.loads(report.read_text("utf-8"))
    seconds, failures = content["seconds"], content["device_failures"]
    return (
        f"{report.stem} {content['test']['accuracy']:.2%} in {seconds['total']:.2f} s, "
        f"{1e3 * seconds['per_step']:.3g} ms a step"
        + (f", {len(failures)} FAILURES of the device" if failures else "")
    )


def bits(run: Run) -> str:
    """The same seed twice, in processes side by side, and once more with measured tiles."""
    told = []
    for hidden, batch in run.scale.seeds:
        names = {"first": "no-autotune", "again": "no-autotune", "tuned": "autotune"}
        models = {name: run.folder / f"{hidden}-{name}.safetensors" for name in names}
        command = f"-m gpunet {TRAIN} --device {run.device} --epochs 1 --dropout 0.1 --quiet --"
        run.call(
            *(
                run.words(command + option, hidden=hidden, batch=batch, model=models[name].stem)
                for name, option in names.items()
            )
        )
        told += [same_bits(models["first"], models[name]) for name in ("again", "tuned")]
    run.failed |= any("OTHER" in one for one in told)
    return "; ".join(told)


def same_bits(first: Path, other: Path) -> str:
    """Whether two model files hold the same numbers, bit by bit, and how far off they are."""
    ours, theirs = load_file(first), load_file(other)
    if all(ours[name].tobytes() == theirs[name].tobytes() for name in ours):
        return f"{other.stem} the same bits"
    worst = max(float(np.abs(ours[name] - theirs[name]).max()) for name in ours)
    return f"{other.stem} OTHER BITS, off by at most {worst:.2g}"


def contract(run: Run) -> str:
    """Every kernel and the engine beside numpy, as far as time goes.

    Meanwhile the compiled peers fill their caches; they need not come to an end.
    """
    shapes = " ".join(run.scale.shapes)
    warming = f"{AGAINST} compiled JAX --shape {shapes} --rounds 1 --seconds 0.05 --limit 60"
    parallel = "-p xdist -n 10 --dist worksteal" if find_spec("xdist") else ""
    tests = run.words(
        f"-m pytest -v {CONTRACT} {parallel} -p no:cacheprovider -W default --durations 10 "
        f"-p pytest_timeout --session-timeout {max(1, int(run.left) - 25)} -k {{wanted}}",
        wanted=run.scale.tests,
    )
    with run.beside(run.words(f"benchmarks/{warming}")):
        text = run.call(
            tests,
            judged=False,  # it ends with a failure where time is over
            PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
            GPUNET_REQUIRE_ADAPTER="1",
            OPENBLAS_NUM_THREADS="1",
        )
    run.failed |= re.search(" (FAILED|ERROR)|^(FAILED|ERROR) ", text, re.MULTILINE) is not None
    return _last(r"=+ (\d+ (?:passed|failed|error).* in .*?) =+", text)


def peers(run: Run, shape: str) -> str:
    """A training step beside others' on CUDA; with one form of PyTorch if time is short."""
    pytorch = "PyTorch" if run.left >= PYTORCH_SECONDS else "graphs"
    run.script(
        f"{AGAINST} {pytorch} JAX gpunet --shape {shape} {run.scale.turns} --output {{folder}}"
    )
    return _compared(run.figures(), "milliseconds", "ms")


def kernels(run: Run) -> str:
    """Where the time goes, with the rule's tiles and with measured ones; the roofline."""
    told = []
    for hidden in run.scale.networks:
        told.append(f"{hidden} by rule {_profile(run, hidden, '--no-autotune')}")
        run.gpunet(
            "tune-kernels --hidden {hidden} --batch-size 128 --data {data} --device {device}",
            hidden=hidden,
        )
        told.append(f"measured {_profile(run, hidden, '--autotune')}")
    bench = run.gpunet(f"bench --roofline --json {'--quick' * run.scale.quick}")
    (run.folder / "bench.json").write_text(bench)
    return "; ".join(told)


def _profile(run: Run, hidden: str, option: str) -> str:
    """A step's time by the wall clock, from the profile of a network."""
    command = f"profile {NETWORK} --device {run.device} --epochs 1 --plain {option}"
    text = run.gpunet(command, hidden=hidden, batch=128)
    return _last(r"^wall clock: (\S+ \S+)", text)


def plans(run: Run) -> str:
    """The persistent plan beside the layered one, and what a dispatch costs."""
    text = run.script("plans.py --device {device} --rounds 2 --output {folder}")
    networks = re.findall(r"^\| \d", text, re.MULTILINE)
    return f"{_last('^A dispatch.*', text)} {len(networks)} networks"


def populations(run: Run) -> str:
    """What a network costs among up to 1024."""
    text = run.script("populations.py --device {device} --rounds 2 --output {folder}")
    pattern = r"^(\S+), batch .* alone\.\n\n(?:\|.*\n)*\| (\d+) \| [^|]* \| (\S+) \|"
    found = re.findall(pattern, text, re.MULTILINE)
    return "; ".join(f"{name} {most} networks, a share of {share}" for name, most, share in found)


def to_accuracy(run: Run) -> str:
    """From the start of a process to 97.5 % on MNIST, beside others."""
    run.script(
        "time_to_accuracy.py --mnist {data} --device cuda {adapter} numpy "
        "--peer PyTorch JAX gpunet --rounds 1 --output {folder}"
    )
    return _compared(run.figures(), "wanted", "s")


def losses(run: Run) -> str:
    """The losses of single steps beside PyTorch's in float64."""
    mnist = "" if run.data == "strokes" else "--mnist {data}"
    return _last(r"\S.*", run.script(f"losses_against_pytorch.py --steps 100 {mnist}"))


def _compared(rows: Sequence[Any], figure: str, unit: str) -> str:
    """What a comparison found, peer by peer."""
    told = []
    for row in rows:
        amount = row["left_out"] or f"{median(row[figure]):.3g} {unit}"
        told.append(f"{row['peer']} on {row['device']} {amount}")
    return "; ".join(told)


def _last(pattern: str, text: str) -> str:
    """The last place of a text that fits, or its only group; a dash without one."""
    found: list[str] = re.findall(pattern, text, re.MULTILINE)
    return found[-1] if found else "-"


def _text_from(path: Path, start: int) -> str:
    with path.open("rb") as file:
        file.seek(start)
        return file.read().decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the campaign.

    Args:
        name: as the verdicts know it.
        seconds: that it may take.
        work: does it and gives the verdict.
        later: fraction of all time that is left to the steps that follow.
        least: seconds without which it is left out, since it would hardly come to its end.
    """

    name: str
    seconds: float
    work: Callable[[Run], str]
    later: float = 0.0
    least: float = 30.0


def steps(scale: Scale, *, mnist: bool) -> Iterator[Step]:
    """All steps, in order."""
    yield Step("facts", 40, facts, least=0)
    yield Step("training", 100, training)
    yield Step("bits", 60, bits)
    yield Step("contract", 100, contract, least=50)
    for place, shape in enumerate(scale.shapes, 1):
        later = LATER + 0.07 * (len(scale.shapes) - place)
        yield Step(f"peers-{shape}", 110, partial(peers, shape=shape), later)
    yield Step("kernels", 110, kernels, least=55)
    for probe in ("cooperative", "dispatch", "transfer", "cublas", "checks"):
        yield Step(probe, 60, partial(Run.probe, name=probe), least=15)
    if scale.quick:
        return
    yield Step("plans", 90, plans, least=45)
    yield Step("populations", 110, populations, least=55)
    yield Step("peers-2500s", 120, partial(peers, shape="2500s"), least=60)
    if mnist:
        yield Step("accuracy", 60, to_accuracy)
    yield Step("losses", 60, losses)


class Campaign:
    """Takes step after step, as far as time goes.

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
        """Take a step, or leave it out if time is short, and write what is known by then."""
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
        """How a step ended, and its verdict."""
        run = replace(self._run, folder=self._run.folder / step.name, ends=ends)
        run.folder.mkdir()
        run.note(f"\n######## {step.name}\n")
        size = run.log.stat().st_size
        try:
            verdict = step.work(run)
            return "failed" if run.failed else "done", verdict
        except subprocess.TimeoutExpired:
            return "too long", _last(r"\S.*", _text_from(run.log, size))
        except Exception as error:  # one step's fault is no reason to lose the others
            told = _last(r"error: (.*)", _text_from(run.log, size))
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
