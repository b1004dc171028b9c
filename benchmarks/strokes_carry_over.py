"""How far training on ``strokes`` carries over to MNIST, whose digits people wrote.

Trains networks on drawn digits alone, as ``gpunet train --data strokes`` would, and states how
many of MNIST's images they read, digit by digit. MNIST stays outside of the repository; the
folder of its IDX files, packed or not, is given:

    python benchmarks/strokes_carry_over.py --mnist FOLDER
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import gpunet
from gpunet.config import TrainConfig, parse_hidden
from gpunet.datasets import strokes
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.readers.path import read_path
from gpunet.engine.factory import select_device
from output import Output, parser_of, run_script

DIGITS = tuple("0123456789")


def main() -> None:
    """Train the networks and print how well they read, as Markdown."""
    options = _options()
    Output(options.output, "strokes-carry-over", ".md").show(".md", _report(options))


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--mnist", type=Path, required=True, help="folder of MNIST's IDX files")
    parser.add_argument("--split", choices=("test", "train"), default="test")
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--data-seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=3, help="networks trained of each kind")
    parser.add_argument("--hidden", nargs="+", default=["128", "16,16"], help="of each kind")
    parser.add_argument("--device", default="cpu", help="as `gpunet train --device`")
    return parser.parse_args()


def _report(options: argparse.Namespace) -> Iterator[str]:
    mnist = read_path(options.mnist)
    choice = select_device(options.device)
    device = "cpu" if choice.adapter is None else str(choice.adapter.index)
    began = time.process_time()
    drawn = _drawn(options.samples, options.data_seed)
    seconds = time.process_time() - began
    tests = {"strokes": drawn.test, "MNIST": getattr(mnist, options.split)}

    yield "# How far training on `strokes` carries over to MNIST"
    yield ""
    yield (
        f"gpunet {gpunet.__version__}, numpy {np.__version__}, {choice.info}. Every network is "
        f"trained with the default settings on {len(drawn.train):,} drawn digits alone, of which "
        f"{TrainConfig().validation:,.0f} are held out, from {options.seeds} seeds, and reads "
        f"{len(tests['strokes']):,} other drawn digits and the {len(tests['MNIST']):,} images of "
        f"MNIST's {options.split} set. Drawing both sets took {seconds:.1f} s of one core."
    )
    yield ""
    yield "Right answers in percent: mean of the seeds (lowest to highest)."
    yield ""
    columns = {}
    for hidden in options.hidden:
        for test, right in _trained(hidden, options.seeds, device, drawn, tests).items():
            columns[f"784-{hidden.replace(',', '-')}-10 on {test}"] = _column(right, tests[test])
    yield f"| digit | {' | '.join(columns)} |"
    yield f"| --- |{' --- |' * len(columns)}"
    for row, digit in enumerate(("all", *DIGITS)):
        yield f"| {digit} | {' | '.join(column[row] for column in columns.values())} |"


def _drawn(count: int, seed: int) -> Dataset:
    """What ``--data strokes`` is, but for the count and the seed."""
    training, test = (
        Samples(images, labels.astype(np.int32))
        for images, labels in (strokes.generate(count, seed), strokes.generate(4000, seed + 1))
    )
    return Dataset("strokes", training, test, DIGITS, (28, 28), f"drawn from seed {seed}")


def _trained(
    hidden: str, seeds: int, device: str, drawn: Dataset, tests: dict[str, Samples]
) -> dict[str, NDArray[np.bool_]]:
    """For each test set what each of the trained networks got right, (seeds, n)."""
    right: dict[str, list[NDArray[np.bool_]]] = {name: [] for name in tests}
    for seed in range(seeds):
        config = TrainConfig(hidden=parse_hidden(hidden), seed=seed)
        run = gpunet.train(drawn, config=config, device=device, verbose=False)
        print(
            f"{run.model.network}, seed {seed}: {run.result.seconds:.1f} s, "
            f"best epoch {run.best_epoch}",
            file=sys.stderr,
        )
        for name, samples in tests.items():
            guesses = run.model.predict_proba(samples.features).argmax(axis=1)
            right[name].append(guesses == samples.labels)
    return {name: np.array(rows) for name, rows in right.items()}


def _column(right: NDArray[np.bool_], samples: Samples) -> list[str]:
    """The shares of all samples and of each digit, as cells."""
    shares = [right.mean(axis=1)]
    shares += [right[:, samples.labels == digit].mean(axis=1) for digit in range(len(DIGITS))]
    return [
        f"{100 * share.mean():.2f} ({100 * share.min():.2f} to {100 * share.max():.2f})"
        for share in shares
    ]


if __name__ == "__main__":
    run_script(main)
