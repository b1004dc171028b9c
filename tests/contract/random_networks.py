"""Random networks, trained for some steps on an adapter and with numpy: how far do they part?

The suite trains some of them. As a script it goes on for as many as one likes, and prints the
largest deviation of every feature:

    python tests/contract/random_networks.py --shapes 60 --cases 25

A case is one network of a population: its shape, which is newly drawn every so many cases so that
shaders are compiled once for all of them, its settings, seed, samples and batches of its own.
Compared are how the parameters changed, the moments, the losses of training and evaluation, and
the answers.

Two results in float32 part where rounding decides: a sum that is zero but for rounding falls on
either side of ReLU's kink, and a rule that divides by the root of a moment makes a whole step of
a gradient that is zero but for rounding. So a deviation above the tolerance is a miss unless numpy
parts from itself as far when its weights are changed in their last places.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config import (
    ACTIVATIONS,
    LOSS_FACTS,
    LOSSES,
    OPTIMIZERS,
    NetworkSpec,
    Optimizer,
    TrainConfig,
)
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import Engine
from gpunet.engine.planning.select import PlanName
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.engine.timing import random_labels
from gpunet.engine.wgpu.adapters import Adapter, list_adapters
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine
from gpunet.parameters import initial_parameters
from gpunet.training.batches import epoch_order, steps_per_epoch

TOLERANCE = 2e-5
"""Of a figure's largest value: float32 sums of up to a thousand terms in another order, over some
steps."""

LAST_PLACES = 1e-5
"""By how much numpy's weights are changed to see how far it parts from itself: ten times what the
sums of some hundred terms are rounded by, so that whatever rounding may decide is decided otherwise
now and then."""

NO_LOSS = 1e-2
"""A loss below this is compared as if it were this: what is left of log(sum) - logit, which both
are about 1, is good to some 1e-7."""

RATES = {"sgd": (0.02, 0.1)}
"""Learning rates, where not 0.002 or 0.01: the other rules move every weight by about the rate. A
deep network that explodes by that makes a thousand times of what was rounded off, step by step."""

TRIES = 60
"""Such changes, at most, until a deviation counts as a miss."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the cases share.

    Args:
        network: of all of them.
        optimizer: likewise.
        batch_size: of a step, B.
        count: samples; the last batch is smaller as a rule.
        floats: whether features are floats.
        plan: that the engine is asked for.
        by_class: whether classes weigh differently.
        by_sample: whether samples do.
        switches: settings that a case may use.
    """

    network: NetworkSpec
    optimizer: Optimizer
    batch_size: int
    count: int
    floats: bool
    plan: PlanName
    by_class: bool
    by_sample: bool
    switches: tuple[str, ...]

    @classmethod
    def draw(cls, seed: int, largest: int) -> Shape:
        """A shape with layers of 1 to ``largest`` units."""
        draws = np.random.default_rng(seed)

        def size(least: int, most: int) -> int:
            return int(np.exp(draws.uniform(np.log(least), np.log(most + 1))))

        persistent = seed % 3 == 0
        layers = int(draws.integers(1 if persistent else 0, 4))
        hidden = tuple(size(1, 40 if persistent else largest) for _ in range(layers))
        names = draws.choice(ACTIVATIONS, layers).tolist()
        switches: Any = draws.permutation(list(VALUES))[: draws.integers(0, 5)].tolist()
        if persistent:  # which takes one activation for all layers, and looks at no whole gradient
            names = names[:1]
            switches = [name for name in switches if name not in {"clip_norm", "max_norm"}]
        batch = size(1, 16 if persistent else 64)
        loss: Any = LOSSES[seed // 3 % len(LOSSES)]
        optimizer: Any = OPTIMIZERS[seed % len(OPTIMIZERS)]
        return cls(
            NetworkSpec(
                size(1, largest),
                hidden,
                size(2, 30),
                ",".join(names) or "relu",
                loss=loss,
                layer_norm=bool(draws.random() < 0.2 and not persistent),
            ),
            optimizer,
            batch,
            count=2 * batch + int(draws.integers(1, batch + 1)),
            floats=bool(draws.random() < 0.5),
            plan="persistent" if persistent else "layered",
            by_class=bool(draws.random() < 0.3 and LOSS_FACTS[loss].kind == "classes"),
            by_sample=bool(draws.random() < 0.3),
            switches=tuple(switches),
        )

    @property
    def features(self) -> Iterator[str]:
        """What deviations are told of."""
        for name in sorted(set(self.network.activations)):
            yield f"activation {name}"
        yield f"optimizer {self.optimizer}"
        yield f"loss {self.network.loss}"
        yield f"features as {'floats' if self.floats else 'bytes'}"
        yield "batch of 1" if self.batch_size == 1 else "larger batches"
        if self.network.layer_norm:
            yield "layer norm"
        if self.by_class:
            yield "class weights"
        if self.by_sample:
            yield "weights of samples"
        yield from (f"setting {name}" for name in self.switches)


VALUES: dict[str, tuple[Any, ...]] = {
    "dropout": (0.2, 0.5),
    "input_dropout": (0.1, 0.3),
    "momentum": (0.5, 0.9),
    "weight_decay": (0.01, 0.1),
    "l1": (1e-4, 1e-2),
    "l2": (1e-4, 1e-2),
    "l1_biases": (1e-4, 1e-2),
    "l2_biases": (1e-4, 1e-2),
    "label_smoothing": (0.1, 0.3),
    "clip_value": (0.01, 0.1),
    "clip_norm": (0.1, 1.0),
    "max_norm": (0.5, 2.0),
    "bias_rate": (0.1, 0.5),
    "rate_by_inputs": (True,),
}
"""Settings that a case may use, and their values."""


@dataclass(slots=True)
class Case:
    """A population of one shape with all that it is trained on."""

    shape: Shape
    configs: tuple[TrainConfig, ...]
    samples: Samples
    rate: float

    @classmethod
    def draw(cls, shape: Shape, seed: int, networks: int) -> Case:
        """So many networks."""
        draws, network = np.random.default_rng([seed, shape.count]), shape.network
        weights = draws.uniform(0.2, 3, network.outputs), draws.uniform(0, 3, shape.count)
        by_class: Any = tuple(map(float, weights[0])) if shape.by_class else "none"

        def config() -> TrainConfig:
            chosen = {name: draws.choice(VALUES[name]).item() for name in shape.switches}
            seed = int(draws.integers(0, 2**32))
            # A large epsilon: what is zero but for rounding stays small.
            epsilon = float(draws.choice([1e-3, 1e-2]))
            optimizer: Any = shape.optimizer
            shared = {"optimizer": optimizer, "batch_size": shape.batch_size}
            shared["class_weights"] = by_class
            return TrainConfig(seed=seed, epsilon=epsilon, **shared, **chosen)

        size = (shape.count, network.inputs)
        features: Any = draws.integers(0, 256, size, dtype=np.uint8)
        if shape.floats:
            features = draws.normal(size=size).astype(np.float32)
        labels = random_labels(draws, network, shape.count)
        return cls(
            shape,
            tuple(config() for _ in range(networks)),
            Samples(features, labels, weights[1].astype(np.float32) if shape.by_sample else None),
            rate=float(draws.choice(RATES.get(shape.optimizer, (0.002, 0.01)))),
        )

    def train(self, engine: Engine, changed: int | None = None) -> dict[str, NDArray[Any]]:
        """An epoch with all that is compared; ``changed`` seeds a change of the first weights."""
        shape, seeds = self.shape, [one.seed for one in self.configs]
        weights = initial_parameters(shape.network, "uniform", seeds)
        if changed is not None:
            draws = np.random.default_rng(changed)
            weights *= (1 + LAST_PLACES * draws.uniform(-1, 1, weights.shape)).astype(np.float32)
        engine.load("train", self.samples)
        engine.load("validation", self.samples[: 1 + shape.count // 2])
        engine.set_parameters(weights)
        steps = steps_per_epoch(shape.count, shape.batch_size)
        rates = np.full((len(seeds), steps), self.rate)
        engine.begin_epoch(epoch_order(seeds, 1, shape.count), rates, 0)
        engine.train(steps)
        return {
            "training loss": engine.metrics().mean_loss[:, None],
            "change of the parameters": engine.parameters().astype(np.float64) - weights,
            "moments": engine.moments().swapaxes(0, 1),
            "validation loss": engine.evaluate("validation").mean_loss[:, None],
            "answers": engine.predict("validation"),
        }

    def numpy(self) -> NumpyEngine:
        """The specification."""
        return NumpyEngine(self.shape.network, self.configs)


@dataclass(slots=True)
class Findings:
    """What the cases of an adapter came to.

    Args:
        cases: networks that were trained.
        undecided: of them, those where rounding decided.
        misses: what else parted further than the tolerance.
        largest: deviation by feature and figure, of cases that rounding did not decide.
    """

    cases: int = 0
    undecided: int = 0
    misses: list[str] = field(default_factory=list)
    largest: dict[str, float] = field(default_factory=dict)


def deviations(
    expected: dict[str, NDArray[Any]], actual: dict[str, NDArray[Any]], network: int
) -> dict[str, float]:
    """The largest difference of each figure of a network, as a share of its largest value."""
    found = {}
    for name, figure in expected.items():
        one, other = figure[network].astype(np.float64), actual[name][network].astype(np.float64)
        least = NO_LOSS if name.endswith("loss") else 1e-30
        size = max(float(np.abs(one).max(initial=0)), least)
        difference = float(np.abs(one - other).max(initial=0)) / size
        found[name] = difference if np.isfinite(difference) else np.inf
    return found


def check(case: Case, adapter: Adapter, findings: Findings) -> None:
    """Train a case on an adapter and with numpy, and note how far they part."""
    shape = case.shape
    with WgpuEngine(shape.network, case.configs, adapter, shape.plan) as engine:
        actual = case.train(engine)
        plan = "persistent" if engine.training_plan().many_steps else "layered"
    expected = case.train(case.numpy())
    for network in range(len(case.configs)):
        findings.cases += 1
        found = deviations(expected, actual, network)
        wide = {name: share for name, share in found.items() if share > TOLERANCE}
        if wide and _numpy_parts_as_far(case, expected, wide, network):
            findings.undecided += 1
            continue
        if wide:
            findings.misses.append(f"{shape}, {case.configs[network]}: {wide}")
        for feature in (*shape.features, f"the {plan} plan"):
            largest = findings.largest.get(feature, 0.0)
            findings.largest[feature] = max(largest, *found.values())


def _numpy_parts_as_far(
    case: Case, expected: dict[str, NDArray[Any]], wide: dict[str, float], network: int
) -> bool:
    """Whether a change in the last places makes each of these figures part as far."""
    left = dict(wide)
    alone = replace_settings(case, network)
    for changed in range(TRIES):
        itself = alone.train(alone.numpy(), changed)
        own = {name: figure[network][None] for name, figure in expected.items()}
        parted = deviations(own, itself, 0)
        left = {name: share for name, share in left.items() if parted[name] < share / 2}
        if not left:
            return True
    return False


def replace_settings(case: Case, network: int) -> Case:
    """The case with one of its networks alone."""
    return replace(case, configs=(case.configs[network],))


def run(adapter: Adapter, shapes: range, cases: int, largest: int) -> Findings:
    """Train so many cases of each shape."""
    findings = Findings()
    for number in shapes:
        shape = Shape.draw(number, largest)
        done = 0
        while done < cases:
            networks = min(cases - done, 1 + (number + done) % 4)
            check(Case.draw(shape, done, networks), adapter, findings)
            done += networks
    return findings


def main() -> int:
    """Train as many as was asked for on every adapter, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shapes", type=int, default=60)
    parser.add_argument("--first", type=int, default=0, help="seed of the first shape")
    parser.add_argument("--cases", type=int, default=25, help="of each shape")
    parser.add_argument("--largest", type=int, default=1000, help="units of a layer")
    options = parser.parse_args()
    shapes = range(options.first, options.first + options.shapes)
    found = {}
    for adapter in list_adapters():
        began = time.monotonic()
        one = found[adapter.info.name] = run(adapter, shapes, options.cases, options.largest)
        print(
            f"{adapter.info.name}: {one.cases:,} cases in {time.monotonic() - began:.0f} s, "
            f"{one.undecided} decided by rounding, {len(one.misses)} misses",
            flush=True,
        )
        for miss in one.misses:
            print(f"  {miss}")
    features = sorted({feature for one in found.values() for feature in one.largest})
    print(f"\n| feature | {' | '.join(found)} |\n| --- |{' --- |' * len(found)}")
    for feature in features:
        shares = [f"{one.largest.get(feature, 0):.1e}" for one in found.values()]
        print(f"| {feature} | {' | '.join(shares)} |")
    return int(any(one.misses for one in found.values()))


if __name__ == "__main__":
    sys.exit(main())
