"""The page's engine gives the numbers of gpunet's own: weights, orders, losses, scores, answers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page
from tests.conftest import ADAPTERS, require
from tests.export.conftest import OpenModules

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.interface import Engine, networks_of
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine
from gpunet.export.page import page_html
from gpunet.export.page_data import page_data
from gpunet.model import Model, Origin, Scores
from gpunet.parameters import initial_parameters
from gpunet.training.batches import epoch_order

STEPS = 50

READ = """async html => {
    globalThis.told = await readPage(new DOMParser().parseFromString(html, "text/html"));
    globalThis.gpu = await openGpu();
    globalThis.numbers = (array) => Array.from(array);
}"""

Told = Callable[..., Page]


@pytest.fixture(scope="module")
def swiftshader() -> Adapter:
    """The adapter that the browser of the tests has, too."""
    return require(next((one for one in ADAPTERS if "SwiftShader" in one.info.name), None))


def dataset(count: int, inputs: int = 784, classes: int = 10) -> Dataset:
    """Bytes, mostly black, around one pattern for each class, so that something is learned."""
    draws, tests = np.random.default_rng(count), count // 3
    patterns = 160 * (draws.random((classes, inputs)) < 0.1)
    labels = draws.integers(0, classes, count + tests).astype(np.int32)
    noise = draws.integers(0, 96, (count + tests, inputs)) * (draws.random(inputs) < 0.2)
    features = (patterns[labels] + noise).astype(np.uint8)
    parts = (Samples(features[:count], labels[:count]), Samples(features[count:], labels[count:]))
    names = tuple(map(str, range(classes)))
    side = round(inputs**0.5)
    return Dataset("patterns", *parts, names, (side, side), "drawn at random")


def untrained(network: NetworkSpec, config: TrainConfig, data: Dataset) -> Model:
    """A model with the weights that its training would start from."""
    seeds = [one.seed for one in networks_of(config)]
    parameters = initial_parameters(network, config.initialization, seeds)
    origin = Origin(data.name, None, "", data.source)
    shared = (data.classes, data.image_shape, None, origin, 0, Scores(None, None))
    return Model(network, parameters, config, *shared, targets=data.targets)


@pytest.fixture
def told(open_modules: OpenModules) -> Told:
    """Opens the modules of the engine, which were told of a model and its data."""

    def tell(model: Model, data: Dataset | None) -> Page:
        samples = len(data.train) + len(data.test) if data else 0
        known = page_data(model, data, samples=samples)
        names = ("data", "gpu", "engine", "samples", "training", "parameters", "rng", "schedule")
        page = open_modules(*names)
        page.evaluate(READ, page_html(known, title="", description="", icon="", preview=""))
        return page

    return tell


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
    const test = await engine.evaluate("test");
    const answers = numbers(await engine.predict("test"));
    return { losses, test, answers, parameters: numbers(await engine.parameters()) };
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
