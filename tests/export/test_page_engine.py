"""The page's engine gives the numbers of gpunet's own: weights, orders, losses, scores, answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.conftest import ADAPTERS, require
from tests.export.told_pages import Told, dataset, untrained

from gpunet.config import Loss, NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.interface import Engine
from gpunet.engine.population import networks_of
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine
from gpunet.training.batches import epoch_order

STEPS = 50


@pytest.fixture(scope="module")
def swiftshader() -> Adapter:
    """The adapter that the browser of the tests has, too."""
    return require(next((one for one in ADAPTERS if "SwiftShader" in one.info.name), None))


NETWORKS = {
    "16-16 with dropout": (
        NetworkSpec(784, (16, 16), 10),
        TrainConfig(hidden=(16, 16), optimizer="sgd", dropout=0.2, batch_size=4, seed=3),
    ),
    "128 with Adam": (
        NetworkSpec(784, (128,), 10),
        TrainConfig(hidden=(128,), optimizer="adam", batch_size=32, seed=4),
    ),
    "32 with layer norm": (
        NetworkSpec(784, (32,), 10, layer_norm=True),
        TrainConfig(hidden=(32,), layer_norm=True, optimizer="nadam", batch_size=10, seed=5),
    ),
    "a population of 4": (
        NetworkSpec(784, (32,), 10, activation="gelu"),
        TrainConfig(hidden=(32,), activation="gelu", ensemble=4, batch_size=8, seed=6),
    ),
}


def losses_of(engine: Engine, data: Dataset, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean loss (S, P) so far, after every step of the first epoch."""
    engine.load("train", data.train)
    engine.set_parameters(engine.initial_parameters())
    engine.begin_epoch(epoch_order(engine.seeds, 1, len(data.train)), rates, 0)
    losses = []
    for _ in range(STEPS):
        engine.train(1)
        losses.append(engine.metrics().mean_loss)
    return np.array(losses)


TRAIN = """async ([optimizer, rates, seed, steps]) => {
    const { shape } = told.data.model;
    const seeds = rates.map((_, network) => seed + network);
    const engine = new PageEngine(told, gpu, { shape, seeds, optimizer });
    engine.load("train", deviceSamples(told, "train", told.data.taught));
    engine.load("test", deviceSamples(told, "test"));
    engine.setParameters(initialParameters(shape, seeds));
    await engine.prepareTraining();
    const orders = seeds.map((seed) => permutation(seed, 1, told.data.data.train));
    engine.beginEpoch(orders, rates, 0);
    const losses = [];
    for (let step = 0; step < steps; step++) {
        engine.train(1);
        losses.push((await engine.metrics()).losses);
    }
    const [train, test] = [await engine.metrics(), await engine.evaluate("test")];
    const answers = numbers(await engine.predict("test"));
    return { losses, train, test, answers, parameters: numbers(await engine.parameters()) };
}"""


@pytest.mark.parametrize("name", NETWORKS)
def test_fifty_steps_in_the_page_give_the_losses_of_the_wgpu_engine(
    name: str, told: Told, swiftshader: Adapter
) -> None:
    network, config = NETWORKS[name]
    data = dataset(STEPS * config.batch_size)
    seeds = [one.seed for one in networks_of(config)]
    shares = (1 + np.arange(len(seeds))) / len(seeds)
    rates = np.outer(shares, np.full(STEPS, config.in_effect("learning_rate")))
    page = told(untrained(network, config, data), data)
    asked = [config.optimizer, rates.tolist(), config.seed, STEPS]
    seen = page.evaluate(TRAIN, asked)
    with WgpuEngine(network, config, swiftshader) as engine:
        losses = losses_of(engine, data, rates)
        engine.load("test", data.test)
        test, answers = engine.evaluate("test"), engine.predict("test")
        parameters = engine.parameters()
    np.testing.assert_allclose(seen["losses"], losses, rtol=0, atol=1e-6)
    assert (losses[-1] < losses[0]).all()
    np.testing.assert_allclose(seen["parameters"], parameters.ravel(), rtol=0, atol=1e-5)
    np.testing.assert_allclose(seen["test"]["losses"], test.mean_loss, rtol=0, atol=1e-6)
    np.testing.assert_allclose(seen["test"]["accuracies"], test.accuracy, rtol=0, atol=1e-12)
    np.testing.assert_allclose(seen["answers"], answers.ravel(), rtol=0, atol=2e-6)


def weighted(data: Dataset) -> Dataset:
    """The same data with a weight for every sample, 1 on average."""
    parts = []
    for part in (data.train, data.test):
        weights = np.random.default_rng(len(part)).uniform(0, 2, len(part))
        parts.append(replace(part, weights=(weights / weights.mean()).astype(np.float32)))
    return replace(data, train=parts[0], test=parts[1])


def measured(data: Dataset) -> Dataset:
    """Floats with two measured targets in place of bytes with classes."""
    parts = []
    for part in (data.train, data.test):
        features = (part.features / 255).astype(np.float32)
        targets = np.stack([np.sin(part.labels), np.cos(part.labels)], axis=1).astype(np.float32)
        parts.append(replace(part, features=features, labels=targets))
    train, test = parts
    return replace(
        data, train=train, test=test, classes=(), targets=("sine", "cosine"), kind="measured"
    )


@pytest.mark.parametrize("known", [(), ("weights",), ("targets",), ("weights", "targets")])
def test_weights_of_samples_and_measured_targets_count_in_the_page_as_in_the_engine(
    known: tuple[str, ...], told: Told, swiftshader: Adapter
) -> None:
    data = dataset(5 * STEPS, 30, 3)
    loss: Loss = "huber" if "targets" in known else "cross-entropy"
    outputs = 2 if "targets" in known else 3
    network = NetworkSpec(30, (12,), outputs, loss=loss)
    config = TrainConfig(hidden=(12,), loss=loss, batch_size=5, seed=1, class_weights="none")
    data = weighted(data) if "weights" in known else data
    data = replace(measured(data) if "targets" in known else data, image_shape=None)
    rates = np.full((1, STEPS), 0.01)
    page = told(untrained(network, config, data), data)
    seen = page.evaluate(TRAIN, [config.optimizer, rates.tolist(), config.seed, STEPS])
    with WgpuEngine(network, config, swiftshader) as engine:
        losses = losses_of(engine, data, rates)
        metrics = engine.metrics()
        engine.load("test", data.test)
        test = engine.evaluate("test")
    np.testing.assert_allclose(seen["losses"], losses, rtol=0, atol=1e-6)
    for mine, own in ((seen["train"], metrics), (seen["test"], test)):
        np.testing.assert_allclose(mine["losses"], own.mean_loss, rtol=0, atol=1e-6)
        if "targets" in known:
            assert mine["accuracies"] is None
        else:
            np.testing.assert_allclose(mine["accuracies"], own.accuracy, rtol=0, atol=1e-6)


LOAD_MORE = """async () => {
    const { shape } = told.data.model;
    const engine = new PageEngine(told, gpu, { shape, seeds: [0] });
    engine.setParameters(told.blocks.get("parameters"));
    const { features, labels } = deviceSamples(told, "test");
    const { inputs } = shape.layers[0];
    const alone = [];
    for (const count of [1, labels.length]) {
        const some = features.slice(0, count * inputs);
        engine.load("test", { features: some, labels: labels.slice(0, count) });
        alone.push(numbers((await engine.predict("test")).slice(0, 10)));
        alone.push((await engine.evaluate("test")).seen);
    }
    return alone;
}"""


def test_a_split_that_grows_is_scored_anew(told: Told) -> None:
    network, config = NETWORKS["128 with Adam"]
    data = dataset(60)
    page = told(untrained(network, config, data), data)
    first, one, again, all_ = page.evaluate(LOAD_MORE)
    assert (one, all_) == ([1], [len(data.test)])
    np.testing.assert_array_equal(first, again)
