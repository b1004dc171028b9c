"""The page of 784-128-10, a whole file in a real browser: its size, and that it answers alone."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect
from tests.export.conftest import OpenPage
from tests.export.told_pages import Told, dataset

import gpunet
from gpunet.config.choices import PageWeights
from gpunet.datasets.dataset import Dataset
from gpunet.model import Model

MNIST_BYTES = 161
"""Into which zlib packs one of MNIST's training images, on average."""

LEVEL = 20
"""What the levels of grey are multiples of, so that it comes to that."""

SIZES = [("f16", 0, 400_000), ("f16", 4000, 1_500_000), ("f32", 4000, 1_500_000)]

TEST_SAMPLES = 200

ROUNDED = 2e-6
"""Probabilities differ by less: everybody adds in another order."""

ANSWERS = """async () => {
  const { forward } = await import("/network.js");
  const { shape } = told.data.model;
  const parameters = told.blocks.get("parameters");
  const samples = deviceSamples(told, "test");
  const engine = new PageEngine(told, gpu, { shape, seeds: [0] });
  engine.load("test", samples);
  engine.setParameters(parameters);
  const bytes = samples.features;
  const rows = Array.from({ length: samples.labels.length }, (_, row) =>
    Float32Array.from(bytes.subarray(784 * row, 784 * (row + 1)), (byte) => byte / 255));
  return {
    javascript: rows.map((row) => numbers(forward(shape, parameters, row).outputs)),
    webgpu: numbers(await engine.predict("test")),
  };
}"""


@pytest.fixture(scope="module")
def digits() -> Dataset:
    """Images that are packed into about as many bytes as MNIST's."""
    data = dataset(3000)
    train, test = (
        replace(part, features=part.features // LEVEL * LEVEL) for part in (data.train, data.test)
    )
    packed = zlib.compress(train.features.tobytes(), 9)
    assert MNIST_BYTES <= len(packed) / len(train) <= 1.1 * MNIST_BYTES
    return replace(data, train=train, test=test)


@pytest.fixture(scope="module")
def model(digits: Dataset) -> Model:
    return gpunet.train(digits, hidden=(128,), epochs=1, verbose=False, device="cpu").model


@pytest.fixture(scope="module")
def exported(
    model: Model, digits: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[PageWeights, int], Path]:
    """A page with so many samples."""
    folder = tmp_path_factory.mktemp("pages")

    @cache
    def export(weights: PageWeights, samples: int) -> Path:
        path = folder / f"{weights}-{samples}.html"
        return model.export(path, digits, samples=samples, weights=weights)

    return export


@pytest.mark.parametrize(("weights", "samples", "most"), SIZES)
def test_a_page_of_digits_is_small(
    exported: Callable[[PageWeights, int], Path], weights: PageWeights, samples: int, most: int
) -> None:
    assert exported(weights, samples).stat().st_size <= most


@pytest.mark.parametrize(("weights", "samples"), [("f16", 0), ("f32", 4000)])
def test_a_page_opens_from_a_file_and_asks_for_nothing(
    open_page: OpenPage,
    exported: Callable[[PageWeights, int], Path],
    weights: PageWeights,
    samples: int,
) -> None:
    page = open_page(exported(weights, samples))
    page.get_by_text("WebGPU runs on").wait_for()
    assert "784-128-10" in page.locator("#title").inner_text()


def test_a_page_opens_without_webgpu_and_says_so(
    open_page: OpenPage, exported: Callable[[PageWeights, int], Path]
) -> None:
    page = open_page(exported("f16", 4000))
    page.add_init_script("delete Navigator.prototype.gpu")
    page.reload()
    page.get_by_text("This browser has no WebGPU").first.wait_for()


def test_200_digits_are_answered_as_by_python_on_webgpu_and_in_javascript(
    told: Told, model: Model, digits: Dataset
) -> None:
    part = replace(digits, train=digits.train[:600], test=digits.test[:TEST_SAMPLES])
    seen = told(model, part).evaluate(ANSWERS)
    expected = model.predict_proba(part.test.features)
    assert expected.shape == (TEST_SAMPLES, 10)
    for answers in (seen["javascript"], seen["webgpu"]):
        actual = np.array(answers).reshape(expected.shape)
        np.testing.assert_allclose(actual, expected, rtol=0, atol=ROUNDED)


def test_a_network_trained_in_the_page_is_downloaded_and_evaluates_to_the_pages_accuracy(
    open_page: OpenPage, model: Model, digits: Dataset, tmp_path: Path
) -> None:
    test = digits.test[:TEST_SAMPLES]
    wrong = np.where(np.arange(TEST_SAMPLES) % 5, test.labels, (test.labels + 1) % 10)
    part = replace(digits, train=digits.train[:600], test=replace(test, labels=wrong))
    page = open_page(model.export(tmp_path / "page.html", part, samples=800))
    summary = page.locator("#summary")
    expect(summary).to_have_text("101,770 parameters, weights of epoch 1")
    page.get_by_role("button", name="One epoch").first.click()
    best = page.locator(".train-best")
    page.wait_for_function("() => document.querySelector('.train-best').textContent.includes('%')")
    shown = re.search(r"([\d.]+)\s*%", best.inner_text())
    page.wait_for_function(
        "() => !Array.from(document.querySelectorAll('button')).find("
        "  (button) => button.textContent === 'One epoch').disabled"
    )
    expect(summary).to_have_text("784-128-10, trained here with adam, epoch 1")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the network").click()
    download.value.save_as(tmp_path / "back.safetensors")

    back = gpunet.load(tmp_path / "back.safetensors")
    found = back.evaluate(part).overall
    assert shown is not None
    assert back.parameters.tobytes() != model.parameters.tobytes()
    assert (back.best_epoch, back.config.schedule) == (1, "constant")
    assert found.accuracy == back.test.accuracy
    assert found.accuracy == pytest.approx(float(shown[1]) / 100, abs=0.005)
    assert found.accuracy == pytest.approx(0.75, abs=0.06)
    assert found.loss == pytest.approx(back.test.loss, rel=1e-4)
