"""The accuracy of the recipes on MNIST beside the claims of their sources.

Trains every recipe as ``gpunet train --recipe NAME`` would and prints what came of it; with
``--output FOLDER`` the table is written there, and all figures as JSON. MNIST stays outside of the
repository; the folder of its IDX files, packed or not, is given:

    python benchmarks/recipes.py --mnist FOLDER
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gpunet
from gpunet.config import TrainConfig
from gpunet.config.recipes import Recipe, open_recipe, recipe_names
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.readers.path import read_path
from gpunet.terminal.live.console import make_console
from gpunet.terminal.live.plain import PlainPrinter
from output import Output, parser_of, run_script


@dataclass(frozen=True, slots=True)
class Row:
    """One recipe on one device.

    Args:
        recipe: its name.
        network: the sizes of its layers.
        claimed: accuracy on MNIST's test set as a fraction, ``None`` if there is no claim.
        accuracy: as measured on all of MNIST's test set.
        best_epoch: the epoch whose weights were tested.
        epochs: how many were trained, the last one perhaps in part.
        planned: how many the recipe would train.
        stopped: why no further epoch followed.
        seconds: of training and validation.
        device: that did it.
        version: of gpunet.
    """

    recipe: str
    network: str
    claimed: float | None
    accuracy: float
    best_epoch: int
    epochs: int
    planned: int
    stopped: str
    seconds: float
    device: str
    version: str

    @property
    def met(self) -> str:
        """Whether the claim is met, as a word."""
        if self.claimed is None:
            return "-"
        if self.accuracy >= self.claimed:
            return "yes"
        return "no" if self.stopped != "time limit reached" else "no, out of time"

    @property
    def markdown(self) -> str:
        """The row of the table."""
        claim = ("-", "-")
        if self.claimed is not None:
            claim = (f"{self.claimed:.2%}", f"{1 - self.claimed:.2%}")
        measured = (f"{self.accuracy:.2%}", f"{1 - self.accuracy:.2%}")
        cells = (
            self.recipe,
            self.network,
            claim[0],
            measured[0],
            claim[1],
            measured[1],
            self.met,
            f"{self.best_epoch} of {self.epochs}",
            str(self.planned),
            f"{self.seconds:.0f}",
            self.device,
        )
        return f"| {' | '.join(cells)} |"


HEADING = (
    "recipe",
    "network",
    "claimed",
    "measured",
    "error claimed",
    "error measured",
    "met",
    "best epoch",
    "epochs planned",
    "seconds",
    "device",
)


def main() -> None:
    """Train the recipes and print the table."""
    options = _options()
    output = Output(options.output, "recipes", ".md", ".json")
    mnist = read_path(options.mnist)
    rows: list[Row] = []
    for name in options.only or _for_mnist():
        rows.append(_measured(open_recipe(name), mnist, options.device, options.max_time))
        print(rows[-1].markdown, flush=True)
        output.write_json([dataclasses.asdict(one) for one in rows])
        output.write(".md", _table(rows))


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--mnist", type=Path, required=True, help="folder of MNIST's IDX files")
    parser.add_argument("--device", default="cpu", help="as `gpunet train --device`")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these recipes only")
    parser.add_argument("--max-time", type=float, help="seconds for each recipe, at most")
    return parser.parse_args()


def _for_mnist() -> list[str]:
    return [name for name in recipe_names() if "data" in open_recipe(name).file.settings]


def _measured(recipe: Recipe, mnist: Dataset, device: str, max_time: float | None) -> Row:
    """Train a recipe on MNIST and test its best epoch."""
    config: TrainConfig = recipe.file.train_config()
    if max_time is not None:
        config = dataclasses.replace(config, max_time=max_time)
    printer = PlainPrinter(make_console(plain=True, stream=sys.stderr))
    run = gpunet.train(mnist, config=config, device=device, verbose=False, callbacks=(printer,))
    result = run.result
    return Row(
        recipe=recipe.name,
        network=str(config.network(mnist.inputs, len(mnist.classes))),
        claimed=recipe.accuracy,
        accuracy=round(float(result.test.accuracy[0]), 6),
        best_epoch=result.best_epoch,
        epochs=len(result.history),
        planned=run.config.effective_epochs,
        stopped=result.stop_reason,
        seconds=round(result.seconds, 1),
        device=str(run.device),
        version=gpunet.__version__,
    )


def _table(rows: Sequence[Row]) -> str:
    return "\n".join(
        (
            "# What the recipes reach on MNIST",
            "",
            "Accuracy and error on all 10,000 test images, of the weights of the best epoch as the "
            "held-out samples judge it, or the training samples where none are held out. Seconds "
            "are those of training and validation, beside whatever else the machine was doing.",
            "",
            f"| {' | '.join(HEADING)} |",
            f"|{' --- |' * len(HEADING)}",
            *(row.markdown for row in rows),
            "",
        )
    )


if __name__ == "__main__":
    run_script(main)
