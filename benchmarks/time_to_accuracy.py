"""Time and memory from the start of a process to a network that reads MNIST.

gpunet on numpy and on every adapter, PyTorch, JAX and scikit-learn train 784-128-10 from the same
weights on the same batches of 128 samples with Adam, each in a process that is started again for
every figure: one until the first step is done, and one until an epoch ends with the accuracy
wanted on MNIST's test set. The clock starts with the process. Every round shuffles otherwise. MNIST
stays outside of the repository; the folder of its IDX files, packed or not, is given:

    pip install -e '.[benchmarks]'
    python benchmarks/time_to_accuracy.py --mnist FOLDER

The table is printed, and with ``--output FOLDER`` written there with all figures as JSON. The files
have been read before, and the libraries' own caches of compiled programs are as earlier runs left
them.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from gpunet.datasets.readers.path import read_path
from output import Output, parser_of, run_script
from peers.catalog import OWN, PYTORCH, Entry, entries, missing
from peers.contender import Contender, LeftOutError
from peers.machine import machine, results
from peers.task import Task, first_layers

HIDDEN, BATCH = (128,), 128

MOST_EPOCHS = 30

PEERS = (PYTORCH, "JAX", "scikit-learn", OWN)

TRIAL_SECONDS = 0.2
"""Of the turns by which a peer's fastest setting is found beforehand."""


@dataclass(eq=False)
class Result:
    """The results of one peer on one device.

    Args:
        peer: the library.
        device: it runs on.
        version: of the library.
        setting: the fastest of its settings.
        first_step: seconds from the start of a process until its first step is done.
        wanted: seconds from the start of another until the accuracy is reached.
        epochs: they took.
        memory: largest size of those processes in main memory, in bytes.
        left_out: why it has no figures, else an empty string.
    """

    peer: str
    device: str
    version: str = ""
    setting: str = ""
    first_step: list[float] = field(default_factory=list)
    wanted: list[float] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    left_out: str = ""

    @property
    def markdown(self) -> str:
        """The row of the table."""
        cells = [f"{self.peer} {self.version}".strip(), self.device, self.setting or "-"]
        if self.left_out:
            return f"| {' | '.join([*cells[:2], self.left_out, *['-'] * 5])} |"
        cells += [
            f"{median(self.first_step):.2f}",
            f"{median(self.wanted):.2f}",
            f"{min(self.wanted):.2f} to {max(self.wanted):.2f}",
            ", ".join(map(str, self.epochs)),
            f"{median(self.memory) / 1e6:.0f}",
        ]
        return f"| {' | '.join(cells)} |"


HEADING = (
    "peer",
    "device",
    "setting",
    "s to the first step",
    "s to the accuracy",
    "lowest to highest",
    "epochs",
    "MB",
)


def main() -> None:
    """Measure all contenders, round by round, and print the table."""
    options = _options()
    for sentence in missing(PEERS):
        print(sentence, file=sys.stderr)
    output = Output(options.output, results("time-to-accuracy"), ".md", ".json")
    with tempfile.TemporaryDirectory() as folder:
        _write_samples(options.mnist, Path(folder))
        measured = list(_measured(Path(folder), options))
    output.show(".md", _lines(measured, options.accuracy))
    output.write_json({"machine": machine(), "rows": [dataclasses.asdict(one) for one in measured]})


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--mnist", type=Path, required=True, help="folder of MNIST's IDX files")
    parser.add_argument("--accuracy", type=float, default=0.975, help="wanted, as a fraction")
    parser.add_argument("--peer", nargs="+", metavar="NAME", help="a part of a peer's name")
    parser.add_argument("--device", nargs="+", metavar="NAME", help="cpu, cuda, webgpu, an adapter")
    parser.add_argument("--rounds", type=int, default=3, help="processes of each kind")
    parser.add_argument("--limit", type=float, default=60, help="seconds for any answer")
    return parser.parse_args()


def _write_samples(mnist: Path, folder: Path) -> None:
    """Put the task and the test set where every process reads them in the same way."""
    dataset = read_path(mnist)
    train, test = dataset.train, dataset.test
    features = train.features.astype(np.uint8, copy=False)
    Task(BATCH, first_layers(HIDDEN), features, train.labels).save(folder / "task.npz")
    np.savez(folder / "test.npz", features=test.features, labels=test.labels)


def _measured(folder: Path, options: argparse.Namespace) -> list[Result]:
    pairs = [
        (entry, _chosen(entry, folder, options.limit))
        for entry in entries(options.peer, options.device)
        if entry.listing.name in PEERS
    ]
    for round_ in range(options.rounds):
        for entry, result in pairs:
            if not result.left_out:
                print(entry.name, file=sys.stderr, flush=True)
                try:
                    _start_up(entry, result, folder, options.limit)
                    _race(entry, result, folder, options, round_)
                except LeftOutError as reason:
                    result.left_out = str(reason)
    return [result for _, result in pairs]


def _chosen(entry: Entry, folder: Path, limit: float) -> Result:
    """A contender's fastest setting, found in a process of which nothing is timed."""
    result = Result(entry.listing.name, entry.shown)
    try:
        with Contender(entry, folder / "task.npz", limit) as contender:
            result.version, result.device = contender.version, contender.device
            result.setting = contender.ask("choose", TRIAL_SECONDS)["setting"]
    except LeftOutError as reason:
        result.left_out = str(reason)
    return result


def _start_up(entry: Entry, result: Result, folder: Path, limit: float) -> None:
    began = time.perf_counter()
    with Contender(entry, folder / "task.npz", limit) as contender:
        contender.ask("begin", result.setting, 1)
        contender.ask("train")
        result.first_step.append(time.perf_counter() - began)


def _race(
    entry: Entry, result: Result, folder: Path, options: argparse.Namespace, seed: int
) -> None:
    """Train until the accuracy is reached."""
    began = time.perf_counter()
    with Contender(entry, folder / "task.npz", options.limit) as contender:
        contender.ask("begin", result.setting, 0, seed)
        for epoch in range(1, MOST_EPOCHS + 1):
            contender.ask("train")
            accuracy = contender.ask("accuracy", str(folder / "test.npz"))["accuracy"]
            if accuracy >= options.accuracy:
                result.wanted.append(time.perf_counter() - began)
                result.epochs.append(epoch)
                result.memory.append(contender.ask("memory")["bytes"])
                return
    raise LeftOutError(f"{accuracy:.2%} after {MOST_EPOCHS} epochs")


def _lines(measured: Sequence[Result], wanted: float) -> Iterator[str]:
    yield f"# From the start of a process to {100 * wanted:.1f} % on MNIST\n\n{machine()}.\n"
    yield (
        f"784-{'-'.join(map(str, HIDDEN))}-10, ReLU, Adam, batches of {BATCH}, from the same "
        "weights on the same batches, shuffled otherwise in every round; after every epoch the "
        "same numpy code counts the right answers among the 10,000 test images. Seconds of wall "
        "clock since the process was started, loading of libraries and samples and compiling "
        "included, medians over the rounds. Epochs: of each round. MB: largest size of the process "
        "in main memory.\n"
    )
    yield f"| {' | '.join(HEADING)} |"
    yield f"|{' --- |' * len(HEADING)}"
    for one in sorted(measured, key=lambda one: median(one.wanted or (np.inf,))):
        yield one.markdown


if __name__ == "__main__":
    run_script(main)
