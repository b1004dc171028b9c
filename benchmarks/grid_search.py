"""A grid of 48 candidates in five folds: one population against scikit-learn's processes.

``gpunet.PopulationSearchCV`` on numpy and on every adapter against ``GridSearchCV`` around
scikit-learn's own ``MLPClassifier`` in as many processes as may be used: the same grid, folds,
epochs at most and rule to end a training, on the digits that come with scikit-learn. Every
contender is a process of its own; they take turns, round by round:

    pip install -e '.[sklearn]'
    python benchmarks/grid_search.py

The seconds are those of ``fit``, the start of other processes and the refit of the best candidate
included. With ``--beside 1`` another program keeps a core busy meanwhile. The table is printed, and
with ``--output FOLDER`` written there with all figures as JSON.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from gpunet.engine.factory import list_adapters
from output import Output, parser_of, run_script
from peers.machine import machine, results
from peers.processes import PeakMemory, beside

FOLDS = 5

GRID = {
    "hidden_layer_sizes": [(32,), (64,)],
    "activation": ["relu", "tanh"],
    "alpha": [1e-5, 1e-4, 1e-3, 1e-2],
    "learning_rate_init": [0.001, 0.003, 0.01],
}

SCIKIT_LEARN = "scikit-learn"


@dataclass(eq=False)
class Result:
    """The results of one contender, a figure for each round.

    Args:
        name: of it and what it runs on.
        seconds: that the search took.
        processors: seconds of the processors for the whole process.
        memory: the most bytes that all of its processes held at a time.
        best: the best candidate's mean accuracy over the folds.
        mean: the mean accuracy of all candidates.
        left_out: why it has no figures, else an empty string.
    """

    name: str
    seconds: list[float] = field(default_factory=list)
    processors: list[float] = field(default_factory=list)
    memory: list[int | None] = field(default_factory=list)
    best: list[float] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    left_out: str = ""


def main() -> None:
    """Measure all contenders, round by round, and print the table; or run as one of them."""
    options = _options()
    if options.peer:
        print(json.dumps(_search(options.peer, options.seed, options.candidates)))
        return
    output = Output(options.output, results("grid-search"), ".md", ".json")
    load = os.getloadavg()[0]
    with beside(options.beside):
        measured = _measured(options)
    output.show(".md", _lines(measured, options, load))
    rows = [dataclasses.asdict(one) for one in measured]
    output.write_json({"machine": machine(), "load": load, "rows": rows})


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="searches of each; default: 3")
    parser.add_argument("--limit", type=float, default=300, help="seconds for a search")
    parser.add_argument("--beside", type=int, default=0, help="programs that keep a core busy")
    parser.add_argument("--device", nargs="+", help="of gpunet's; default: numpy and all adapters")
    parser.add_argument("--candidates", type=int, default=48, help="the first ones of the grid")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


def _measured(options: argparse.Namespace) -> list[Result]:
    named = {str(one.index): one.info.name for one in list_adapters() if one.usable}
    devices = options.device or ["cpu", *named]
    contenders = {SCIKIT_LEARN: Result("GridSearchCV, scikit-learn's MLPClassifier")}
    for one in devices:
        name = "numpy" if one == "cpu" else named.get(one, one)
        contenders[one] = Result(f"gpunet.PopulationSearchCV, {name}")
    for seed in range(options.rounds):
        for peer, result in contenders.items():
            if not result.left_out:
                print(result.name, file=sys.stderr, flush=True)
                _take_turn(result, peer, seed, options)
    return list(contenders.values())


def _take_turn(result: Result, peer: str, seed: int, options: argparse.Namespace) -> None:
    command = [sys.executable, __file__, "--peer", peer, "--seed", str(seed)]
    command += ["--candidates", str(options.candidates)]
    before = _processor_seconds()
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
        PeakMemory() as peaks,
    ):
        peaks.watch(process.pid)
        try:
            told, errors = process.communicate(timeout=options.limit)
        except subprocess.TimeoutExpired:
            process.kill()
            result.left_out = f"more than {options.limit:g} s"
            return
    if process.returncode:
        result.left_out = (errors.strip().splitlines() or ["it failed"])[-1]
        return
    result.processors.append(_processor_seconds() - before)
    result.memory.append(peaks.of(process.pid))
    for name, figure in json.loads(told.splitlines()[-1]).items():
        getattr(result, name).append(figure)


def _processor_seconds() -> float:
    """Processor seconds of all finished child processes."""
    times = os.times()
    return times.children_user + times.children_system


def _search(peer: str, seed: int, candidates: int) -> dict[str, float]:
    """Search as one of the contenders."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import GridSearchCV, ParameterGrid
    from sklearn.neural_network import MLPClassifier

    import gpunet

    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"  # of scikit-learn's processes
    X, y = load_digits(return_X_y=True)  # noqa: N806
    grid: list[dict[str, Any]] = [
        {name: [value] for name, value in one.items()} for one in ParameterGrid(GRID)
    ][:candidates]
    search: Any
    jobs = os.cpu_count()
    if peer == SCIKIT_LEARN:
        search = GridSearchCV(MLPClassifier(random_state=seed), grid, cv=FOLDS, n_jobs=jobs)
    else:
        network = gpunet.MLPClassifier(random_state=seed, device=peer)
        shared = jobs if peer == "cpu" else None
        search = gpunet.PopulationSearchCV(network, grid, cv=FOLDS, n_jobs=shared)
    began = time.perf_counter()
    search.fit(X / 16, y)
    seconds = time.perf_counter() - began
    means = search.cv_results_["mean_test_score"]
    return {"seconds": seconds, "best": float(means.max()), "mean": float(means.mean())}


def _lines(measured: Sequence[Result], options: argparse.Namespace, load: float) -> Iterator[str]:
    yield f"# A grid of {options.candidates} candidates in {FOLDS} folds"
    yield ""
    yield f"{machine()}."
    yield ""
    yield (
        "64-32-10 and 64-64-10, ReLU and tanh, four penalties and three learning rates, on the "
        "1,797 digits that come with scikit-learn: Adam, batches of 200, at most 200 epochs, fewer "
        "where the loss falls by less than 0.0001 ten times in a row. Seconds of `fit`, the start "
        "of other processes and the refit of the best candidate included; medians over "
        f"{options.rounds} rounds in which all take turns, a seed for each. GridSearchCV, and "
        f"gpunet on numpy, have {os.cpu_count()} processes. A mean of {load:.1f} programs were at "
        f"work on the machine when it began{_beside(options.beside)}. Memory is the most that all "
        "processes of a contender held at a time, pages of files not counted."
    )
    yield ""
    yield (
        "| contender | s | lowest to highest | times as fast | processor s | memory, MiB "
        "| best accuracy | mean accuracy |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    first = measured[0].seconds
    for one in sorted(measured, key=lambda one: median(one.seconds or [float("inf")])):
        if one.left_out or not one.seconds:
            yield f"| {one.name} | {one.left_out} | | | | | | |"
            continue
        ratio = f"{median(first) / median(one.seconds):.1f}" if first else ""
        memory = [size for size in one.memory if size is not None]
        held = f"{median(memory) / (1 << 20):,.0f}" if memory else ""
        yield (
            f"| {one.name} | {median(one.seconds):.1f} | {min(one.seconds):.1f} to "
            f"{max(one.seconds):.1f} | {ratio} | {median(one.processors):.1f} | {held} | "
            f"{median(one.best):.2%} | {median(one.mean):.2%} |"
        )


def _beside(programs: int) -> str:
    return f", beside {programs} that kept a core busy all the time" if programs else ""


if __name__ == "__main__":
    run_script(main)
