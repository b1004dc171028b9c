"""The panels that train: what their buttons do to the networks in use, and what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from tests.export.conftest import OpenModules
from tests.export.panels import open_panels, texts
from tests.export.told_pages import dataset

import gpunet
from gpunet.datasets.dataset import Dataset

SECONDS = 90
"""A busy machine with two cores takes 20."""

PANELS = {"train": "createTrain", "population": "createPopulation"}

NO_GPU = "Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined })"

SHOW_PATTERN = """label => {
  const inputs = app.networks.shape.layers[0].inputs;
  const features = Float32Array.from({ length: inputs }, (_, at) => at % 4 === label ? 0.8 : 0);
  app.show({ features, picture: null, label: null, from: "drawing", blank: false });
}"""

ANSWER = "() => Array.from(app.answerTo(app.sample).outputs)"

WEIGHTS = "() => Array.from(app.networks.parameters)"

ROWS = "#train tbody tr"


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset(320, inputs=64, classes=4)


@pytest.fixture(scope="module")
def exported(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with all samples, and a network that has seen them for an epoch."""
    path = tmp_path_factory.mktemp("train") / "page.html"
    trained(data).export(path, data=data, samples=1000)
    return path


def trained(data: Dataset, **settings: Any) -> gpunet.Model:
    usual = {"hidden": (16,), "epochs": 1, "batch_size": 16, "device": "cpu", "verbose": False}
    return gpunet.train(data, **{**usual, **settings}).model


def opened(open_modules: OpenModules, path: Path) -> Page:
    page = open_panels(open_modules, path.read_text("utf-8"), PANELS)
    page.set_default_timeout(1000 * SECONDS)
    page.evaluate("() => app.open()")
    return page


def button(page: Page, panel: str, name: str) -> Locator:
    return page.locator(f"#{panel}").get_by_role("button", name=name, exact=True)


def choose(page: Page, panel: str, field: str, choice: str) -> None:
    page.locator(f"#{panel}").get_by_label(field).select_option(choice)


def wait_for_epochs(page: Page, count: int) -> None:
    page.wait_for_function(f"() => document.querySelectorAll('{ROWS}').length >= {count}")


def wait_for_pause(page: Page, panel: str) -> None:
    expect(button(page, panel, "Train")).to_be_visible(timeout=1000 * SECONDS)


def accuracies(page: Page) -> list[float]:
    """Of the test after each epoch, the first epoch first."""
    told = texts(page, f"{ROWS} td:last-child")
    return [float(text.removesuffix(" %")) / 100 for text in reversed(told)]


def test_training_from_scratch_learns_and_what_it_learned_is_in_use(
    open_modules: OpenModules, exported: Path
) -> None:
    page = opened(open_modules, exported)
    saved = page.evaluate(WEIGHTS)
    choose(page, "train", "Starting weights", "random")
    assert page.evaluate(WEIGHTS) == saved
    button(page, "train", "Train").click()
    wait_for_epochs(page, 6)
    button(page, "train", "Pause").click()
    wait_for_pause(page, "train")
    assert max(accuracies(page)) > 0.9
    assert page.evaluate("() => app.networks.trained.epochs") >= 6
    assert page.evaluate(WEIGHTS) != saved


def test_a_paused_training_stands_still_goes_on_and_is_reset(
    open_modules: OpenModules, exported: Path
) -> None:
    page = opened(open_modules, exported)
    saved = page.evaluate(WEIGHTS)
    button(page, "train", "One epoch").click()
    wait_for_epochs(page, 1)
    wait_for_pause(page, "train")
    where = page.locator("#train .trainer-where")
    assert where.inner_text() == "epoch 1, step 20 of 20"
    weights = page.evaluate(WEIGHTS)
    page.wait_for_timeout(500)
    assert page.evaluate(WEIGHTS) == weights
    button(page, "train", "One epoch").click()
    wait_for_epochs(page, 2)
    wait_for_pause(page, "train")
    assert where.inner_text() == "epoch 2, step 20 of 20"
    button(page, "train", "Reset").click()
    assert where.inner_text() == "not trained yet"
    assert texts(page, ROWS) == []
    assert page.evaluate(WEIGHTS) == saved


def test_the_slider_changes_the_rate_of_a_training_that_runs(
    open_modules: OpenModules, exported: Path
) -> None:
    page = opened(open_modules, exported)
    choose(page, "train", "Starting weights", "random")
    slider = page.locator("#train input[type=range]")
    slider.press("Home")
    slowest = float(page.locator(".rate-number").inner_text())
    button(page, "train", "Train").click()
    wait_for_epochs(page, 3)
    slow = accuracies(page)
    slider.fill("0")
    assert float(page.locator(".rate-number").inner_text()) == pytest.approx(1000 * slowest)
    wait_for_epochs(page, len(slow) + 8)
    button(page, "train", "Pause").click()
    assert slow[2] < 0.6  # a thousandth of the rate learns next to nothing in three epochs
    assert max(accuracies(page)) > 0.9


def test_the_curves_are_read_with_the_keyboard(open_modules: OpenModules, exported: Path) -> None:
    page = opened(open_modules, exported)
    for epoch in (1, 2):
        button(page, "train", "One epoch").click()
        wait_for_epochs(page, epoch)
        wait_for_pause(page, "train")
    chart = page.get_by_role("slider", name="Accuracy by epoch")
    chart.press("Home")
    first, said = accuracies(page)[0], chart.get_attribute("aria-valuetext") or ""
    assert (chart.get_attribute("aria-valuenow"), said.split(":")[0]) == ("1", "epoch 1")
    assert said.endswith(f"test {100 * first:.1f} %")
    chart.press("ArrowRight")
    assert chart.get_attribute("aria-valuenow") == "2"


def test_a_drawing_that_was_taught_is_answered_as_it_was_told(
    open_modules: OpenModules, exported: Path
) -> None:
    page = opened(open_modules, exported)
    page.evaluate(SHOW_PATTERN, 2)
    before = page.evaluate(ANSWER)
    label = int(np.argmin(before))
    page.evaluate("label => app.emit('teach', { sample: app.sample, label })", label)
    message = page.locator("#train .trainer-message")
    expect(message).to_contain_text(
        "earned", timeout=1000 * SECONDS
    )  # "Learned", "Not learned yet"
    now = page.evaluate(ANSWER)
    was = int(np.argmax(before))
    assert message.inner_text().startswith("Learned after ")
    assert f"now {label} with {100 * now[label]:.0f} %" in message.inner_text()
    assert f"before {was} with {100 * before[was]:.0f} %; test accuracy" in message.inner_text()
    assert int(np.argmax(now)) == label


def test_a_population_has_a_curve_for_each_rate_and_one_of_them_is_taken_over(
    open_modules: OpenModules, exported: Path
) -> None:
    page = opened(open_modules, exported)
    page.evaluate(SHOW_PATTERN, 1)
    choose(page, "population", "Starting weights", "random")
    button(page, "population", "One epoch").click()
    where = page.locator("#population .trainer-where")
    expect(where).to_have_text("epoch 1, step 20 of 20", timeout=1000 * SECONDS)
    wait_for_pause(page, "population")
    assert len(set(texts(page, ".population-rate"))) == 16
    scores = texts(page, ".population-score")
    assert len(scores) == 16
    assert all(score.endswith(" %") for score in scores)
    best = page.locator(".population-tile.best")
    assert float(best.locator(".population-score").inner_text().split()[0]) == max(
        float(score.split()[0]) for score in scores
    )
    before = page.evaluate(ANSWER)
    best.press("Enter")
    message = page.locator("#population .trainer-message")
    assert best.get_attribute("aria-pressed") == "true"
    assert "answers now" in message.inner_text()
    assert page.evaluate("() => app.networks.networks") == 1
    assert page.evaluate(ANSWER) != before
    # The other panel's network takes its place, and tile and message say so.
    button(page, "train", "Back to the saved network").click()
    assert best.get_attribute("aria-pressed") == "false"
    assert "answers now" not in message.inner_text()
    assert page.evaluate(ANSWER) == before


def test_one_training_runs_at_a_time(open_modules: OpenModules, exported: Path) -> None:
    page = opened(open_modules, exported)
    button(page, "train", "Train").click()
    wait_for_epochs(page, 1)
    button(page, "population", "Train").click()
    wait_for_pause(page, "train")
    expect(button(page, "population", "Pause")).to_be_visible()
    button(page, "population", "Pause").click()
    wait_for_pause(page, "population")


def test_the_downloaded_network_has_the_accuracy_that_the_page_tells(
    open_modules: OpenModules, exported: Path, data: Dataset, tmp_path: Path
) -> None:
    page = opened(open_modules, exported)
    choose(page, "train", "Hidden layers", "32")
    assert page.locator("#train").get_by_label("Starting weights").input_value() == "scratch"
    button(page, "train", "One epoch").click()
    wait_for_epochs(page, 1)
    wait_for_pause(page, "train")
    with page.expect_download() as download:
        button(page, "train", "Download the network").click()
    assert download.value.suggested_filename == "64-32-4-trained-in-page.safetensors"
    path = tmp_path / "model.safetensors"
    download.value.save_as(path)
    model = gpunet.load(path)
    assert model.network.hidden == (32,)
    # The table shows a tenth of a percent.
    assert model.evaluate(data).accuracy == pytest.approx(accuracies(page)[0], abs=0.00051)


@pytest.mark.parametrize("panel", PANELS)
def test_without_webgpu_the_panels_say_what_to_do(
    open_modules: OpenModules, exported: Path, page: Page, panel: str
) -> None:
    page.add_init_script(NO_GPU)
    page = opened(open_modules, exported)
    assert page.locator(f"#{panel} p").first.inner_text() == (
        "Training needs WebGPU, which this browser does not offer here: "
        "open the page in Chrome or Edge, or in Safari 26."
    )
    assert not button(page, panel, "Train").is_visible()


@pytest.mark.parametrize("panel", PANELS)
def test_without_samples_the_panels_say_what_to_do(
    open_modules: OpenModules, data: Dataset, tmp_path: Path, panel: str
) -> None:
    trained(data).export(tmp_path / "page.html", data=data, samples=0)
    page = opened(open_modules, tmp_path / "page.html")
    assert page.locator(f"#{panel} p").first.inner_text() == (
        "This page carries no samples to train on: "
        "write it again with `gpunet export --samples 4000`."
    )
    assert not button(page, panel, "Train").is_visible()


def test_of_measured_targets_r2_is_shown(open_modules: OpenModules, tmp_path: Path) -> None:
    draws = np.random.default_rng(3)
    features = draws.normal(size=(400, 6)).astype(np.float32)
    targets = features @ draws.normal(size=6) + 2
    parts = (features[:300], targets[:300], features[300:], targets[300:])
    data = Dataset.from_arrays(*parts, name="plane")
    trained(data).export(tmp_path / "page.html", data=data, samples=1000)
    page = opened(open_modules, tmp_path / "page.html")
    for epoch in range(1, 4):
        button(page, "train", "One epoch").click()
        wait_for_epochs(page, epoch)
        wait_for_pause(page, "train")
    assert page.get_by_role("slider", name="R2 by epoch").is_visible()
    found = [float(text) for text in texts(page, f"{ROWS} td:last-child")]
    assert found[0] > found[-1]
    assert 0.5 < found[0] <= 1
