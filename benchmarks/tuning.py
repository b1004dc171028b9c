"""Trials per second of a search for hyperparameters, and the accuracy that it finds.

``gpunet tune`` on numpy and on every adapter against Optuna around a training loop in PyTorch and
around scikit-learn's ``MLPClassifier``: the same sampler (TPE) over the same space, the same number
of trials and epochs, no pruning, networks of the same shape on the same samples of MNIST. The clock
starts with a process and ends with it. Contenders take turns, a new seed in every round. MNIST
stays outside of the repository; the folder of its IDX files, packed or not, is given:

    pip install -e '.[benchmarks]'
    python benchmarks/tuning.py --mnist FOLDER

The table is printed, and with ``--output FOLDER`` written there with all figures as JSON.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
import optuna
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from gpunet.datasets.readers.path import read_path
from gpunet.engine.factory import list_adapters
from output import Output, parser_of, run_script
from peers.machine import machine, results

HIDDEN, BATCH, TRAINED, VALIDATED = 64, 64, 10_000, 2_000

SPACE = """
[learning_rate]
low = 0.0003
high = 0.03
log = true

[l2]
low = 1e-7
high = 1e-3
log = true

[beta1]
low = 0.8
high = 0.99
"""

Fit = Callable[[float, float, float, int, int], float]
"""A training with a rate, an L2 penalty, beta1, epochs and a seed; its accuracy on the held-out."""


@dataclass(eq=False)
class Result:
    """The results of one contender.

    Args:
        name: of it and what it runs on.
        seconds: of each round's process.
        processors: seconds of the processors for each.
        accuracies: on the held-out samples, the best of each round.
        left_out: why it has no figures, else an empty string.
    """

    name: str
    seconds: list[float] = field(default_factory=list)
    processors: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    left_out: str = ""


def main() -> None:
    """Measure all contenders, round by round, and print the table; or run as one of them."""
    options = _options()
    if options.peer:
        _search(options)
        return
    output = Output(options.output, results("tuning"), ".md", ".json")
    with tempfile.TemporaryDirectory() as folder:
        _write_samples(options.mnist, Path(folder))
        load = os.getloadavg()[1]
        measured = _measured(Path(folder), options)
    output.show(".md", _lines(measured, options, load))
    rows = [dataclasses.asdict(one) for one in measured]
    output.write_json({"machine": machine(), "load": load, "trials": options.trials, "rows": rows})


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--mnist", type=Path, help="folder of MNIST's IDX files")
    parser.add_argument("--trials", type=int, default=32, help="of each search")
    parser.add_argument("--population", type=int, default=16, help="of gpunet's")
    parser.add_argument("--epochs", type=int, default=3, help="of a trial")
    parser.add_argument("--rounds", type=int, default=3, help="searches of each contender")
    parser.add_argument("--limit", type=float, default=300, help="seconds for a search")
    parser.add_argument("--peer", choices=["pytorch", "scikit-learn"], help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.peer and options.mnist is None:
        parser.error("--mnist FOLDER is wanted")
    return options


def _write_samples(mnist: Path, folder: Path) -> None:
    """The first samples, the last of which are held out, and the space, for every process."""
    train = read_path(mnist).train[: TRAINED + VALIDATED]
    images, labels = train.features.reshape(-1, 28, 28).astype(np.uint8), train.labels
    path, few = folder / "samples.npz", slice(1)  # no contender looks at the test set
    np.savez(path, x_train=images, y_train=labels, x_test=images[few], y_test=labels[few])
    (folder / "space.toml").write_text(SPACE)
    settings = f"hidden = [{HIDDEN}]\nbatch_size = {BATCH}\nvalidation = {VALIDATED}\n"
    settings += 'patience = 0\nschedule = "constant"\nmonitor = "val_accuracy"\n'
    (folder / "fixed.toml").write_text(settings)


def _measured(folder: Path, options: argparse.Namespace) -> list[Result]:
    adapters = [adapter for adapter in list_adapters() if adapter.usable]
    commands = {"gpunet tune, numpy": _tune("cpu", options)}
    for one in adapters:
        commands[f"gpunet tune, {one.info.name}"] = _tune(str(one.index), options)
    size = ["--trials", str(options.trials), "--epochs", str(options.epochs)]
    for peer, name in (("pytorch", "PyTorch"), ("scikit-learn", "scikit-learn")):
        commands[f"Optuna with {name}"] = [str(Path(__file__).resolve()), "--peer", peer, *size]
    measured = {name: Result(name) for name in commands}
    for seed in range(options.rounds):
        for name, command in commands.items():
            if not measured[name].left_out:
                print(name, file=sys.stderr, flush=True)
                _take_turn(measured[name], command, seed, folder, options.limit)
    return list(measured.values())


def _tune(device: str, options: argparse.Namespace) -> list[str]:
    command = ["-m", "gpunet", "tune", "--data", "samples.npz", "--config", "fixed.toml"]
    command += ["--space", "space.toml", "--device", device, "--pruner", "none", "--quiet"]
    command += ["--trials", str(options.trials), "--population", str(options.population)]
    return [*command, "--epochs", str(options.epochs), "--report", "report.json"]


def _take_turn(
    result: Result, command: Sequence[str], seed: int, folder: Path, limit: float
) -> None:
    began, before = time.perf_counter(), _processor_seconds()
    try:
        subprocess.run(
            [sys.executable, *command, "--seed", str(seed)],
            check=True,
            capture_output=True,
            text=True,
            timeout=limit,
            cwd=folder,
        )
    except subprocess.CalledProcessError as error:
        result.left_out = error.stderr.strip().splitlines()[-1]
    except subprocess.TimeoutExpired:
        result.left_out = f"more than {limit:g} s"
    else:
        result.seconds.append(time.perf_counter() - began)
        result.processors.append(_processor_seconds() - before)
        report = json.loads((folder / "report.json").read_text())
        figures = [one["figure"] for one in report["trials"] if one["figure"] is not None]
        result.accuracies.append(max(figures))


def _processor_seconds() -> float:
    """Of all processes that this one has started and seen ending."""
    times = os.times()
    return times.children_user + times.children_system


def _search(options: argparse.Namespace) -> None:
    """A peer's search; it writes what it found as ``gpunet tune --report`` does."""
    samples = np.load("samples.npz")
    features = samples["x_train"].reshape(-1, 784).astype(np.float32) / np.float32(255)
    labels = samples["y_train"].astype(np.int64)
    make = _pytorch if options.peer == "pytorch" else _scikit_learn
    fit = make(features, labels)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=options.seed)
    )

    def accuracy(trial: optuna.Trial) -> float:
        rate = trial.suggest_float("learning_rate", 3e-4, 0.03, log=True)
        l2 = trial.suggest_float("l2", 1e-7, 1e-3, log=True)
        beta1 = trial.suggest_float("beta1", 0.8, 0.99)
        return fit(rate, l2, beta1, options.epochs, options.seed)

    with threadpool_limits(1):
        study.optimize(accuracy, n_trials=options.trials)
    told = {"trials": [{"figure": trial.value} for trial in study.trials]}
    Path("report.json").write_text(json.dumps(told))


def _pytorch(features: NDArray[np.float32], labels: NDArray[np.int64]) -> Fit:
    import torch

    torch.set_num_threads(1)
    x, y = torch.from_numpy(features), torch.from_numpy(labels)

    def fit(rate: float, l2: float, beta1: float, epochs: int, seed: int) -> float:
        torch.manual_seed(seed)
        model = torch.nn.Sequential(
            torch.nn.Linear(784, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 10)
        )
        optimizer = torch.optim.Adam(
            model.parameters(), lr=rate, betas=(beta1, 0.999), weight_decay=l2, foreach=True
        )
        best = 0.0
        for _ in range(epochs):
            for rows in torch.randperm(TRAINED).split(BATCH):
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
                optimizer.step()
            with torch.no_grad():
                hits = model(x[TRAINED:]).argmax(dim=1) == y[TRAINED:]
            best = max(best, float(hits.float().mean()))
        return best

    return fit


def _scikit_learn(features: NDArray[np.float32], labels: NDArray[np.int64]) -> Fit:
    from sklearn.neural_network import MLPClassifier

    def fit(rate: float, l2: float, beta1: float, epochs: int, seed: int) -> float:
        # Its penalty is divided by the samples of a batch.
        model = MLPClassifier(
            (HIDDEN,),
            alpha=l2 * BATCH,
            batch_size=BATCH,
            learning_rate_init=rate,
            beta_1=beta1,
            random_state=seed,
        )
        best = 0.0
        for _ in range(epochs):
            model.partial_fit(features[:TRAINED], labels[:TRAINED], classes=np.arange(10))
            best = max(best, float(model.score(features[TRAINED:], labels[TRAINED:])))
        return best

    return fit


def _lines(measured: Sequence[Result], options: argparse.Namespace, load: float) -> Iterator[str]:
    trials = options.trials
    yield f"# A search of {trials} trials\n\n{machine()}.\n"
    yield (
        f"784-{HIDDEN}-10, ReLU, Adam, batches of {BATCH}, {options.epochs} epochs, the first "
        f"{TRAINED:,} samples of MNIST to train and the next {VALIDATED:,} to validate. TPE "
        "chooses the learning rate, the L2 penalty and beta1; nothing is pruned. Seconds from the "
        "start of the process to its end, by the clock on the wall and of the processors' work, "
        f"which other programs disturb less: a mean of {load:.1f} programs were at work on the "
        f"machine when it began. Medians over {options.rounds} rounds in which all take turns.\n"
    )
    yield (
        f"`gpunet tune` trains {options.population} trials side by side, so that TPE learns from "
        "whole batches only, and keeps a journal; the others train one by one, with one thread, "
        "and keep their trials in memory.\n"
    )
    heads = ("contender", "s", "lowest to highest", "processor s", "trials per second")
    yield f"| {' | '.join(heads)} | best accuracy, each round |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for one in sorted(measured, key=lambda one: median(one.seconds or (np.inf,))):
        if one.left_out:
            yield f"| {one.name} | {one.left_out} | - | - | - | - |"
            continue
        seconds = one.seconds
        cells = [
            one.name,
            f"{median(seconds):.1f}",
            f"{min(seconds):.1f} to {max(seconds):.1f}",
            f"{median(one.processors):.1f}",
            f"{trials / median(seconds):.2f}",
            ", ".join(f"{100 * share:.2f} %" for share in one.accuracies),
        ]
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    run_script(main)
