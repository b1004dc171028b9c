"""The task of every peer: the network, its initial weights, the optimizer, and the data.

It needs numpy alone, so that no peer's process loads another's library.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEARNING_RATE = 1e-3
BETAS = (0.9, 0.999)
EPSILON = 1e-8
"""Adam's, as PyTorch, Keras and scikit-learn have them unless told otherwise."""

INPUTS, CLASSES = 784, 10

Features = NDArray[np.uint8]
Labels = NDArray[np.int32]
Layers = list[tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Weights (I, O) and biases (O,) of every layer."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A network to train: ReLU between the layers, softmax cross-entropy, Adam, float32.

    Args:
        batch: samples per step, B.
        layers: the first weights, float32.
        features: (n, I) bytes, read as 0 to 1.
        labels: (n,) the samples' classes.
    """

    batch: int
    layers: Layers
    features: Features
    labels: Labels

    @property
    def hidden(self) -> tuple[int, ...]:
        """Units of the hidden layers."""
        return tuple(weights.shape[1] for weights, _ in self.layers[:-1])

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches of an epoch; what is left over waits for the next order."""
        return len(self.labels) // self.batch

    def __str__(self) -> str:
        return f"{INPUTS}-{'-'.join(map(str, self.hidden))}-{CLASSES}, batch {self.batch}"

    def save(self, path: Path) -> None:
        """Write the task where ``load`` can read it."""
        arrays: dict[str, Any] = {}
        for place, (weights, biases) in enumerate(self.layers):
            arrays |= {f"layer{place}.weights": weights, f"layer{place}.biases": biases}
        np.savez(path, batch=self.batch, features=self.features, labels=self.labels, **arrays)

    @classmethod
    def load(cls, path: Path) -> Task:
        """Read what ``save`` wrote."""
        with np.load(path) as file:
            count = sum(name.endswith(".weights") for name in file.files)
            layers = [
                (file[f"layer{place}.weights"], file[f"layer{place}.biases"])
                for place in range(count)
            ]
            return cls(int(file["batch"]), layers, file["features"], file["labels"])


def drawn_task(hidden: tuple[int, ...], batch: int, samples: int) -> Task:
    """A task on random images whose classes a linear map tells, so that there is a loss to lower.

    As in MNIST, about four of five pixels are dark.
    """
    draws = np.random.default_rng(0)
    features = draws.integers(0, 256, (samples, INPUTS), dtype=np.uint8)
    features *= draws.integers(0, 5, features.shape, dtype=np.uint8) == 0
    teacher = draws.standard_normal((INPUTS, CLASSES), dtype=np.float32)
    labels = ((features - features.mean(dtype=np.float32)) @ teacher).argmax(axis=1)
    return Task(batch, first_layers(hidden), features, labels.astype(np.int32))


def first_layers(hidden: tuple[int, ...]) -> Layers:
    """Uniform weights as He's equation 15 wants them for ReLUs (He et al. 2015), zero biases."""
    draws = np.random.default_rng(1)
    sizes = (INPUTS, *hidden, CLASSES)
    return [
        (
            (math.sqrt(6 / inputs) * draws.uniform(-1, 1, (inputs, outputs))).astype(np.float32),
            np.zeros(outputs, dtype=np.float32),
        )
        for inputs, outputs in pairwise(sizes)
    ]


def accuracy(layers: Layers, features: Features, labels: Labels) -> float:
    """The fraction of samples that a network gets right; by numpy, whoever trained it."""
    values = features.astype(np.float32) / np.float32(255)
    for weights, biases in layers[:-1]:
        values = np.maximum(values @ weights + biases, 0)
    weights, biases = layers[-1]
    return float(((values @ weights + biases).argmax(axis=1) == labels).mean())
