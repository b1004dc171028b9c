"""What an ensemble gains over its networks, on MNIST.

Trains eight networks side by side, as ``gpunet train --ensemble 8`` does, and compares the mean of
their test accuracies, and the best of them, with that of their joint answer:

    python benchmarks/ensembles.py --data FOLDER

The table is printed, and with ``--output FOLDER`` written there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from statistics import mean

from gpunet.config import TrainConfig
from gpunet.datasets.catalog import open_dataset
from gpunet.datasets.dataset import Dataset
from gpunet.engine.factory import Device, create_engine, select_device
from gpunet.errors import GpunetError
from gpunet.training.result import TrainingResult
from gpunet.training.trainer import train
from output import Output, add_output_option
from peers.machine import machine, results

NETWORKS = 8

SETTINGS = (TrainConfig(), TrainConfig(hidden=(128,)), TrainConfig(hidden=(128,), dropout=0.2))


def main() -> int:
    """Train every ensemble and write the table."""
    options = _options()
    try:
        output = Output(options.output, results("ensembles"), ".md")
        dataset, choice = open_dataset(options.data), select_device(options.device)
        document = "\n".join(_document(dataset, choice, options.runs))
        print(document)
        output.write(".md", f"{document}\n")
    except GpunetError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default="mnist", help="as gpunet's own option")
    parser.add_argument("--device", default="auto", help="likewise")
    parser.add_argument("--runs", type=int, default=2, help="ensembles of each kind")
    add_output_option(parser)
    return parser.parse_args()


def _document(dataset: Dataset, choice: Device, runs: int) -> Iterator[str]:
    yield "# What an ensemble gains"
    yield ""
    yield (
        f"{machine()}, {choice.info.name}. {NETWORKS} networks with seeds of their own; test "
        f"accuracy on {dataset.name} in %, the mean over {runs} ensembles."
    )
    yield ""
    yield "| network | a network alone | the best of them | together | gain over one |"
    yield "| --- | --- | --- | --- | --- |"
    for config in SETTINGS:
        yield _row(dataset, choice, config, runs)


def _row(dataset: Dataset, choice: Device, config: TrainConfig, runs: int) -> str:
    alone, best, together = [], [], []
    for run in range(runs):
        result = _trained(dataset, choice, config, run)
        accuracies = [100 * (one.accuracy or 0) for one in result.own_scores]
        alone.append(mean(accuracies))
        best.append(max(accuracies))
        together.append(100 * (result.joint_scores(config.loss, dataset.test.labels).accuracy or 0))
    name = "-".join(map(str, config.hidden))
    if config.dropout:
        name += f", dropout {config.dropout}"
    return (
        f"| {name} | {mean(alone):.2f} | {mean(best):.2f} | {mean(together):.2f} "
        f"| {mean(together) - mean(alone):+.2f} |"
    )


def _trained(dataset: Dataset, choice: Device, config: TrainConfig, run: int) -> TrainingResult:
    own = replace(config, ensemble=NETWORKS, seed=run * NETWORKS)
    network = own.network(dataset.inputs, len(dataset.classes))
    with create_engine(choice, network, own) as engine:
        return train(engine, dataset, own)


if __name__ == "__main__":
    sys.exit(main())
