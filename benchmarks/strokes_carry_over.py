"""How far training on ``strokes`` carries over to MNIST, whose digits people wrote.

Trains networks on drawn digits alone and states how many of MNIST's images they read, digit by
digit. MNIST stays outside of the repository; its IDX files, packed or not, are given by folder:

    python benchmarks/strokes_carry_over.py --mnist FOLDER
"""

import argparse
import gzip
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets import strokes

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Network = Callable[[Floats], Floats]

NETWORKS = ((784, 128, 10), (784, 16, 16, 10))
BATCH = 64
RATE = 1e-3


def main() -> None:
    """Train the networks and print how well they read."""
    options = _options()
    began = time.process_time()
    images, labels = strokes.generate(options.samples, options.data_seed)
    print(f"{options.samples} samples drawn in {time.process_time() - began:.1f} s of one core")
    tests = {
        "strokes": strokes.generate(4000, options.data_seed + 1),
        f"MNIST {options.split}": mnist(options.mnist, options.split),
    }
    for sizes in NETWORKS:
        networks = [
            train(_scaled(images), labels, sizes, seed, options.epochs)
            for seed in range(options.seeds)
        ]
        for name, (test_images, test_labels) in tests.items():
            _report(sizes, name, networks, _scaled(test_images), test_labels)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--mnist", type=Path, required=True, help="folder of MNIST's IDX files")
    parser.add_argument("--split", choices=("t10k", "train"), default="t10k")
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--data-seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=3, help="networks trained of each kind")
    parser.add_argument("--epochs", type=int, default=10)
    return parser.parse_args()


def _report(
    sizes: tuple[int, ...], name: str, networks: list[Network], images: Floats, labels: Bytes
) -> None:
    """Print the share of images read, by network and by digit in the mean of the networks."""
    right = np.array([network(images).argmax(axis=1) == labels for network in networks])
    every = " ".join(f"{100 * share:.2f}" for share in right.mean(axis=1))
    digits = " ".join(f"{d}:{100 * right[:, labels == d].mean():.1f}" for d in range(10))
    print(f"{'-'.join(map(str, sizes))} on {name}: {every} %")
    print(f"  digits {digits}")


def mnist(folder: Path, split: str) -> tuple[Bytes, Bytes]:
    """Read MNIST's images (count, 784) and labels (count,).

    Raises FileNotFoundError if the folder does not hold them.
    """
    images = _idx(folder, f"{split}-images-idx3-ubyte", 16)
    return images.reshape(-1, 784), _idx(folder, f"{split}-labels-idx1-ubyte", 8)


def _idx(folder: Path, name: str, header: int) -> Bytes:
    plain = folder / name
    packed = folder / f"{name}.gz"
    content = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
    return np.frombuffer(content, np.uint8, offset=header)


def _scaled(images: Bytes) -> Floats:
    return images.astype(np.float32) / np.float32(255)


def train(images: Floats, labels: Bytes, sizes: tuple[int, ...], seed: int, epochs: int) -> Network:
    """Train a ReLU network with Adam; it gives logits (count, 10) for images (count, 784)."""
    random = np.random.default_rng(seed)
    weights = [
        (random.standard_normal(shape) * np.sqrt(2 / shape[0])).astype(np.float32)
        for shape in pairwise(sizes)
    ]
    parameters = weights + [np.zeros(size, np.float32) for size in sizes[1:]]
    means = [np.zeros_like(parameter) for parameter in parameters]
    squares = [np.zeros_like(parameter) for parameter in parameters]
    steps = epochs * (len(images) // BATCH)
    orders = (random.permutation(len(images)) for _ in range(epochs))
    rows = (
        order[first : first + BATCH]
        for order in orders
        for first in range(0, len(images) - BATCH + 1, BATCH)
    )
    for step, batch in enumerate(rows, start=1):
        gradients = _gradients(parameters, images[batch], labels[batch])
        # The last third is slow, so that the result depends less on where training stops.
        rate = RATE * (1.0 if step < 2 * steps / 3 else 0.25)
        rate *= float(np.sqrt(1 - 0.999**step)) / (1 - 0.9**step)
        for parameter, mean, square, gradient in zip(
            parameters, means, squares, gradients, strict=True
        ):
            mean += np.float32(0.1) * (gradient - mean)
            square += np.float32(0.001) * (gradient**2 - square)
            parameter -= np.float32(rate) * mean / (np.sqrt(square) + np.float32(1e-8))
    return lambda images: _activations(parameters, images)[-1]


def _gradients(parameters: list[Floats], images: Floats, labels: Bytes) -> list[Floats]:
    """Of the mean cross entropy, in the order of the parameters."""
    activations = _activations(parameters, images)
    depth = len(parameters) // 2
    raised = np.exp(activations[-1] - activations[-1].max(axis=1, keepdims=True))
    error = raised / raised.sum(axis=1, keepdims=True)
    error[np.arange(len(labels)), labels] -= 1
    error /= len(labels)
    gradients = list(parameters)
    for layer in reversed(range(depth)):
        gradients[layer] = activations[layer].T @ error
        gradients[depth + layer] = error.sum(axis=0)
        if layer:
            error = (error @ parameters[layer].T) * (activations[layer] > 0)
    return gradients


def _activations(parameters: list[Floats], images: Floats) -> list[Floats]:
    """Return the input and what each layer makes of it; all weights come before all biases."""
    depth = len(parameters) // 2
    activations = [images]
    for layer in range(depth):
        total = activations[-1] @ parameters[layer] + parameters[depth + layer]
        activations.append(np.maximum(total, 0) if layer < depth - 1 else total)
    return activations


if __name__ == "__main__":
    main()
