"""Networks and batches as scripts take them from the command line."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass

from gpunet.config import NetworkSpec, TrainConfig
from peers.task import CLASSES

__all__ = ["Shape", "add_shape_option"]


@dataclass(frozen=True, slots=True)
class Shape:
    """A network of ten classes, and the size of its batches."""

    network: NetworkSpec
    batch: int

    def __str__(self) -> str:
        return f"{self.network}, batch {self.batch}"

    @property
    def config(self) -> TrainConfig:
        """The settings of a network alone, the default ones but for its shape."""
        return TrainConfig(hidden=self.network.hidden, batch_size=self.batch)

    @classmethod
    def of(cls, text: str) -> Shape:
        """Read ``784-16-16@4``: 784 inputs, two hidden layers of 16 units, batches of 4.

        Raises:
            argparse.ArgumentTypeError: the text is no shape.
        """
        if re.fullmatch(r"[1-9]\d*(-[1-9]\d*)*@[1-9]\d*", text) is None:
            raise argparse.ArgumentTypeError(
                f"{text} is no shape; write inputs, hidden layers and batch size as 784-16-16@4"
            )
        sizes, batch = text.split("@")
        inputs, *hidden = map(int, sizes.split("-"))
        return cls(NetworkSpec(inputs, tuple(hidden), CLASSES), int(batch))


def add_shape_option(parser: argparse.ArgumentParser, shapes: str) -> None:
    """Let the command line choose others than these."""
    parser.add_argument(
        "--shape",
        type=Shape.of,
        nargs="+",
        default=[Shape.of(text) for text in shapes.split()],
        metavar="SHAPE",
        help=f"inputs-hidden-hidden@batch; default: {shapes}",
    )
