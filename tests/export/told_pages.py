"""Models and data that pages are told of, for the tests of their engine and their training."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from playwright.sync_api import Page

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.origin import Origin
from gpunet.engine.population import networks_of
from gpunet.export.page import page_html
from gpunet.export.page_data import page_data
from gpunet.model import Model, Scores
from gpunet.parameters import initial_parameters

Told = Callable[[Model, Dataset | None], Page]
"""Opens the page's modules that train, with a model and all samples of its data."""

MODULES = ("data", "gpu", "engine", "samples", "training", "parameters", "rng", "schedule")

READ = """async html => {
    globalThis.told = await readPage(new DOMParser().parseFromString(html, "text/html"));
    globalThis.gpu = await openGpu();
    globalThis.numbers = (array) => Array.from(array);
}"""


def tell(page: Page, model: Model, data: Dataset | None) -> None:
    """Let the modules of a page know a model and its data, as ``told`` and ``gpu``."""
    page.evaluate(READ, page_of(model, data))


@cache
def page_of(model: Model, data: Dataset | None) -> str:
    """The text of a page, made once: to plan its programs takes longer than most tests."""
    known = page_data(model, data, samples=4000)
    return page_html(known, title="", description="", icon="", preview="")


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
