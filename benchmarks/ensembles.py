"""The gain of an ensemble over its networks, on MNIST.

Trains eight networks side by side, as ``gpunet train --ensemble 8`` does, and compares the mean of
their test accuracies, and the best of them, with that of their joint answer:

    python benchmarks/ensembles.py --data FOLDER

The table is printed, and with ``--output FOLDER`` written there.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from statistics import mean

import gpunet
from gpunet.config import TrainConfig
from gpunet.datasets.catalog import open_dataset
from gpunet.datasets.dataset import Dataset
from gpunet.workflows.training import Run
from output import Output, parser_of, run_script
from peers.machine import machine, results

NETWORKS = 8

SETTINGS = (TrainConfig(), TrainConfig(hidden=(128,)), TrainConfig(hidden=(128,), dropout=0.2))


def main() -> None:
    """Train every ensemble and write the table."""
    options = _options()
    output = Output(options.output, results("ensembles"), ".md")
    output.show(".md", _document(open_dataset(options.data), options))


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--data", default="mnist", help="as gpunet's own option")
    parser.add_argument("--device", default="auto", help="likewise")
    parser.add_argument("--runs", type=int, default=2, help="ensembles of each kind")
    return parser.parse_args()


def _document(dataset: Dataset, options: argparse.Namespace) -> Iterator[str]:
    trained = [
        [_trained(dataset, options.device, config, number) for number in range(options.runs)]
        for config in SETTINGS
    ]
    yield "# What an ensemble gains"
    yield ""
    yield (
        f"{machine()}, {trained[0][0].device.name}. {NETWORKS} networks with seeds of their own; "
        f"test accuracy on {dataset.name} in %, the mean over {options.runs} ensembles."
    )
    yield ""
    yield "| network | a network alone | the best of them | together | gain over one |"
    yield "| --- | --- | --- | --- | --- |"
    yield from map(_row, trained)


def _row(runs: list[Run]) -> str:
    """The cells of the ensembles of one kind."""
    alone, best, together = [], [], []
    for run in runs:
        accuracies = [100 * (one.accuracy or 0) for one in run.own_scores]
        alone.append(mean(accuracies))
        best.append(max(accuracies))
        together.append(100 * (run.test.accuracy or 0))
    config = runs[0].config
    name = "-".join(map(str, config.hidden))
    if config.dropout:
        name += f", dropout {config.dropout}"
    return (
        f"| {name} | {mean(alone):.2f} | {mean(best):.2f} | {mean(together):.2f} "
        f"| {mean(together) - mean(alone):+.2f} |"
    )


def _trained(dataset: Dataset, device: str, config: TrainConfig, number: int) -> Run:
    own = replace(config, ensemble=NETWORKS, seed=number * NETWORKS)
    return gpunet.train(dataset, config=own, device=device, verbose=False)


if __name__ == "__main__":
    run_script(main)
