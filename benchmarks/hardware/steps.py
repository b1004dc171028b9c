"""The steps of a campaign: each runs some commands and makes a verdict of what they print."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from hardware.run import Run, Scale, last_match

__all__ = ["Step", "same_bits", "steps"]

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
    return last_match(r"=+ (\d+ (?:passed|failed|error).* in .*?) =+", text)


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
    return last_match(r"^wall clock +(\S+ \S+)", text)


def plans(run: Run) -> str:
    """The persistent plan beside the layered one, and what a dispatch costs."""
    text = run.script("plans.py --device {device} --rounds 2 --output {folder}")
    networks = re.findall(r"^\| \d", text, re.MULTILINE)
    return f"{last_match('^A dispatch.*', text)} {len(networks)} networks"


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
    return last_match(r"\S.*", run.script(f"losses_against_pytorch.py --steps 100 {mnist}"))


def _compared(rows: Sequence[Any], figure: str, unit: str) -> str:
    """What a comparison found, peer by peer."""
    told = []
    for row in rows:
        amount = row["left_out"] or f"{median(row[figure]):.3g} {unit}"
        told.append(f"{row['peer']} on {row['device']} {amount}")
    return "; ".join(told)
