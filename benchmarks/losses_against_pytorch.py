"""Compares gpunet's losses with PyTorch's, step by step.

Trains the same networks from the same weights on the same batches with every engine of this
machine, with PyTorch in float32, and with PyTorch in float64 as the reference. Prints, as
Markdown, how far each one's losses are from the reference's, and exits with 1 if gpunet's are
further than ``TOLERANCE`` and ``DRIFT`` allow:

    pip install -e '.[benchmarks]'
    python benchmarks/losses_against_pytorch.py
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gpunet
from gpunet.config import Activation, NetworkSpec, Optimizer, TrainConfig
from gpunet.datasets import strokes
from gpunet.datasets.dataset import Samples
from gpunet.datasets.readers.path import read_path
from gpunet.engine.factory import Device, list_adapters, select_device
from gpunet.errors import MissingExtraError
from gpunet.parameters import initial_parameters, layer_views
from gpunet.training.batches import steps_per_epoch
from output import run_script
from peers.engines import engine_on
from peers.task import CLASSES

Losses = NDArray[np.float64]
Order = NDArray[np.uint32]

BATCH = 64
ROUND = 500
"""Samples of an epoch: seven batches of 64 and one of 52. Short, so that the engine's sum of the
epoch's losses, from whose growth each step's loss is told, keeps its digits."""

EARLY = 50
"""Steps in which rounding has not had the time to grow."""

TOLERANCE = 1e-5
"""Largest deviation of a loss in the first ``EARLY`` steps, relative to the reference's loss. Sums
of some hundred float32 products are off by about 1e-6 of their size, and WGSL allows ``exp`` and
``tanh`` a few units in the last place more; a formula that is not the same is off by far more."""

DRIFT = 10
"""How many times as far as PyTorch's own float32 losses gpunet's may be from float64 later on."""

SMOOTH = ("sigmoid", "tanh")
"""Activations whose later steps are judged. A sum so close to zero that rounding gives it the other
sign turns a ReLU on or off, and from that step on two trainings part, PyTorch's two as well; at
which step is chance."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An optimizer with its settings, as gpunet and as PyTorch call them."""

    name: str
    optimizer: Optimizer
    peer: str
    learning_rate: float
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    beta2: float = 0.999

    @property
    def config(self) -> TrainConfig:
        """The engine's settings."""
        return TrainConfig(
            optimizer=self.optimizer,
            batch_size=BATCH,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=self.weight_decay,
            beta2=self.beta2,
        )

    @property
    def peer_settings(self) -> dict[str, Any]:
        """PyTorch's."""
        own = self.config
        settings: dict[str, Any] = {"lr": self.learning_rate}
        if self.optimizer == "sgd":
            return {**settings, "momentum": own.momentum, "nesterov": own.nesterov}
        settings["eps"] = own.epsilon
        if self.optimizer == "rmsprop":
            return {**settings, "alpha": own.beta2}
        return {**settings, "betas": (own.beta1, own.beta2), "weight_decay": own.weight_decay}


RULES = (
    Rule("Adam", "adam", "Adam", 0.005),
    Rule("SGD", "sgd", "SGD", 0.1),
    Rule("SGD, momentum 0.9", "sgd", "SGD", 0.02, momentum=0.9),
)
OTHER_RULES = (
    Rule("SGD, Nesterov 0.9", "sgd", "SGD", 0.02, momentum=0.9, nesterov=True),
    Rule("AdamW", "adamw", "AdamW", 0.005, weight_decay=0.01),
    Rule("Nadam", "nadam", "NAdam", 0.005),
    Rule("RMSprop", "rmsprop", "RMSprop", 0.002, beta2=0.99),
)
HIDDEN = ((16, 16), (128,))
ACTIVATIONS: tuple[Activation, ...] = ("relu", "leaky_relu", "sigmoid", "tanh")
KINDS: tuple[tuple[Activation, Rule], ...] = (
    *product(ACTIVATIONS, RULES),
    *product(ACTIVATIONS[-1:], OTHER_RULES),
)


@dataclass(frozen=True, slots=True)
class Course:
    """A training run that all contenders repeat.

    Args:
        config: the settings of the network and its training.
        rule: the optimizer.
        weights: (1, N) to start with.
        samples: the batches are taken from.
        orders: (epochs, ROUND) rows of the samples.
    """

    config: TrainConfig
    rule: Rule
    weights: NDArray[np.float32]
    samples: Samples
    orders: Order

    @property
    def network(self) -> NetworkSpec:
        """Its shape."""
        return self.config.network(self.samples.features.shape[1], CLASSES)

    @property
    def batches(self) -> Iterator[Order]:
        """The rows of every step, (BATCH,) or fewer."""
        for order in self.orders:
            for start in range(0, ROUND, BATCH):
                yield order[start : start + BATCH]


def main() -> int:
    """Compare and print; the exit status says whether everything is within bounds."""
    options = _options()
    torch = _torch()
    samples = _samples(options.mnist)
    choices = _choices()
    print(_heading(torch, samples, choices, options.steps), flush=True)
    within = [
        _compare(torch, _course(hidden, activation, rule, samples, options.steps), choices)
        for hidden in HIDDEN
        for activation, rule in KINDS
    ]
    print(f"\n{sum(within)} of {len(within)} trainings are within bounds.")
    return 0 if all(within) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--mnist", type=Path, help="folder of MNIST's IDX files, for their digits")
    parser.add_argument("--steps", type=int, default=400, help="of each training, at least")
    return parser.parse_args()


def _torch() -> Any:
    """PyTorch.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("comparing losses", "PyTorch", "benchmarks") from error
    torch.set_num_threads(1)  # more would make the sums' order, and so the digits, the machine's
    return torch


def _samples(mnist: Path | None) -> Samples:
    """MNIST's training digits, else drawn ones.

    Raises:
        DataError: the folder does not hold them.
    """
    if mnist is not None:
        return read_path(mnist).train
    images, labels = strokes.generate(10_000, seed=1)
    return Samples(images, labels.astype(np.int32))


def _choices() -> tuple[Device, ...]:
    """numpy, and every adapter that can be used."""
    usable = [adapter for adapter in list_adapters() if adapter.usable]
    return tuple(
        select_device(name) for name in ("cpu", *(str(adapter.index) for adapter in usable))
    )


def _course(
    hidden: tuple[int, ...], activation: Activation, rule: Rule, samples: Samples, steps: int
) -> Course:
    config = replace(rule.config, hidden=hidden, activation=activation)
    draws = np.random.default_rng(7)
    epochs = steps_per_epoch(steps, steps_per_epoch(ROUND, BATCH))
    rows = [draws.permutation(len(samples))[:ROUND] for _ in range(epochs)]
    network = config.network(samples.features.shape[1], CLASSES)
    weights = initial_parameters(network, "auto", [7])  # (1, N)
    return Course(config, rule, weights, samples, np.array(rows, dtype=np.uint32))


def _heading(torch: Any, samples: Samples, choices: tuple[Device, ...], steps: int) -> str:
    devices = "\n".join(f"- {_device(one)}" for one in choices)
    rates = ", ".join(f"{rule.learning_rate} ({rule.name})" for rule in (*RULES, *OTHER_RULES))
    return f"""# The losses of gpunet and of PyTorch

gpunet {gpunet.__version__}, PyTorch {torch.__version__}, numpy {np.__version__}.
At least {steps} steps of {BATCH} samples without dropout, every {-(-ROUND // BATCH)}th of
{ROUND % BATCH} samples, on {len(samples):,} images. Learning rates: {rates}.

{devices}

Largest deviation of a batch's loss from PyTorch's in float64, relative to that: in the first
{EARLY} steps, and in all. Bounds: {TOLERANCE:.0e} in the first {EARLY}; in all,
for {" and ".join(SMOOTH)}, as much or {DRIFT} times
what PyTorch in float32 is off. With ReLUs a sum so close to zero that rounding gives it the other
sign parts two trainings, PyTorch's two as well, at a step of chance; their later steps are not
judged. A number in bold is out of bounds.

| network | activation | optimizer | PyTorch float32 | {" | ".join(_names(choices))} |
| --- | --- | --- |{" --- |" * (1 + len(choices))}"""


def _device(choice: Device) -> str:
    driver = choice.info.driver
    return f"{choice.info}" if "unknown" in driver else f"{choice.info}, {driver}"


def _names(choices: tuple[Device, ...]) -> list[str]:
    return [one.info.name.partition(" (")[0] if one.adapter else "numpy" for one in choices]


def _compare(torch: Any, course: Course, choices: tuple[Device, ...]) -> bool:
    """Print a training's row; whether its deviations are within bounds."""
    reference = _losses_of_pytorch(torch, course, torch.float64)
    peer = _deviations(_losses_of_pytorch(torch, course, torch.float32), reference)
    smooth = course.network.activations[0] in SMOOTH
    bounds = (TOLERANCE, max(TOLERANCE, DRIFT * peer[1]) if smooth else np.inf)
    ours = [_deviations(_losses_of_engine(one, course), reference) for one in choices]
    cells = [_cell(peer, (np.inf, np.inf)), *(_cell(one, bounds) for one in ours)]
    title = (str(course.network), course.network.activations[0], course.rule.name)
    print(f"| {' | '.join((*title, *cells))} |", flush=True)
    return all(one[0] <= bounds[0] and one[1] <= bounds[1] for one in ours)


def _deviations(losses: Losses, reference: Losses) -> tuple[float, float]:
    """The largest relative deviation in the first ``EARLY`` steps, and in all; NaN is infinite."""
    relative = np.nan_to_num(np.abs(losses - reference) / reference, nan=np.inf)
    return float(relative[:EARLY].max()), float(relative.max())


def _cell(deviations: tuple[float, float], bounds: tuple[float, float]) -> str:
    texts = (f"{deviation:.1e}" for deviation in deviations)
    return ", ".join(
        text if deviation <= bound else f"**{text}**"
        for text, deviation, bound in zip(texts, deviations, bounds, strict=True)
    )


def _losses_of_engine(choice: Device, course: Course) -> Losses:
    """Each step's mean loss (steps,), from the growth of the epoch's sums."""
    rule = course.rule
    losses: list[float] = []
    with engine_on(choice, course.network.inputs, course.config) as engine:
        engine.load("train", course.samples)
        engine.set_parameters(course.weights)
        for order in course.orders:
            rates = np.full((1, steps_per_epoch(ROUND, BATCH)), rule.learning_rate)
            engine.begin_epoch(order[None], rates, len(losses))
            loss, seen = 0.0, 0
            for _ in range(rates.shape[1]):
                engine.train(1)
                sums = engine.metrics()
                losses.append((float(sums.loss[0]) - loss) / (int(sums.seen[0]) - seen))
                loss, seen = float(sums.loss[0]), int(sums.seen[0])
    return np.array(losses)


def _losses_of_pytorch(torch: Any, course: Course, kind: Any) -> Losses:
    """Each step's mean loss (steps,), in numbers of this kind."""
    layers = [
        [torch.tensor(part[0], dtype=kind, requires_grad=True) for part in layer]
        for layer in layer_views(course.weights, course.network)
    ]
    parameters = [part for layer in layers for part in layer]
    optimizer = getattr(torch.optim, course.rule.peer)(parameters, **course.rule.peer_settings)
    activate = _activation_of_pytorch(torch, course.network)
    losses = []
    for rows in course.batches:
        batch = course.samples[rows]
        values = torch.tensor(batch.features, dtype=kind) / 255  # (B, I)
        for place, (weights, biases) in enumerate(layers):
            values = values @ weights + biases
            if place < len(layers) - 1:
                values = activate(values)
        labels = torch.tensor(batch.labels, dtype=torch.int64)
        loss = torch.nn.functional.cross_entropy(values, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return np.array(losses)


def _activation_of_pytorch(torch: Any, network: NetworkSpec) -> Any:
    def leaky_relu(values: Any) -> Any:
        return torch.nn.functional.leaky_relu(values, network.leaky_slope)

    known = {"relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}
    return known.get(network.activations[0], leaky_relu)


if __name__ == "__main__":
    run_script(main)
