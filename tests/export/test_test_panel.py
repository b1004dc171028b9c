"""The test set in a page: the figures, the confusions and the worst mistakes are Python's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page
from tests.export.conftest import OpenModules
from tests.export.panels import open_panels, texts

import gpunet
from gpunet.datasets.dataset import Dataset
from gpunet.training.evaluation import Evaluation
from gpunet.training.metrics import confused_pairs

SETTINGS: dict[str, Any] = {"hidden": (12,), "device": "cpu", "verbose": False}

SHOWN = "() => document.querySelector('dd').textContent !== '\u2013'"
"""Whether the test samples have been answered."""


class Shown:
    """A model, its data, and the test panel of its page."""

    def __init__(self, folder: Path, data: Dataset, samples: int = 4000, **settings: Any) -> None:
        self.data = data
        self.model = gpunet.train(data, **{**SETTINGS, **settings}).model
        path = self.model.export(folder / "page.html", data=data, samples=samples)
        self.html = path.read_text("utf-8")
        self.told: Evaluation = self.model.evaluate(data)

    def open(self, open_modules: OpenModules) -> Page:
        page = open_panels(open_modules, self.html, {"tests": "createTests"}, "rows")
        page.wait_for_function(SHOWN)
        return page

    def worst(self) -> list[int]:
        """The mistakes, the highest loss first."""
        assert self.told.right is not None
        rows = np.flatnonzero(~self.told.right)
        return [int(row) for row in rows[np.argsort(-self.told.losses[rows], kind="stable")]]


def blobs(classes: int, count: int = 600, inputs: int = 16, spread: float = 1.0) -> Dataset:
    """Points around a center for each class, close enough to be confused; images of 4 x 4."""
    draw = np.random.default_rng(7)
    labels = draw.integers(0, classes, count)
    centers = draw.normal(size=(classes, inputs))
    points = centers[labels] + spread * draw.normal(size=(count, inputs))
    grey = np.clip(100 + 40 * points, 0, 255).astype(np.uint8).reshape(count, 4, 4)
    half = count // 2
    return Dataset.from_arrays(grey[:half], labels[:half], grey[half:], labels[half:], name="blobs")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    return Shown(tmp_path_factory.mktemp("pictures"), blobs(5), epochs=8)


def rows_of(page: Page) -> list[int]:
    """The test samples that are listed, in their order, counted from 0."""
    found = page.eval_on_selector_all(
        ".sample, .samples-table button", "all => all.map(one => one.getAttribute('aria-label'))"
    )
    return [int(re.findall(r"Test sample ([\d,]+)", one)[0].replace(",", "")) - 1 for one in found]


def test_the_figures_and_the_matrix_are_those_of_evaluate(
    pictures: Shown, open_modules: OpenModules
) -> None:
    page, told = pictures.open(open_modules), pictures.told
    assert told.accuracy is not None
    assert texts(page, "dd")[0] == f"{100 * told.accuracy:.1f} %"
    assert float(texts(page, "dd")[1]) == pytest.approx(told.loss, rel=1e-3)  # four digits
    counts = [int(text or 0) for text in texts(page, "[role=gridcell]")]
    assert counts == told.matrix.ravel().tolist()
    assert texts(page, "[role=status]") == ["On all 300 test samples."]


def test_the_worst_mistakes_come_first_in_pythons_order(
    pictures: Shown, open_modules: OpenModules
) -> None:
    page, worst = pictures.open(open_modules), pictures.worst()
    assert len(worst) > 24
    assert rows_of(page) == worst[:24]
    page.get_by_role("button", name=re.compile("^Show 24 more")).click()
    assert rows_of(page) == worst[:48]
    told, row = pictures.told, worst[0]
    answer = int(told.answers[row].argmax())
    label = int(pictures.data.test.labels[row])
    (first, *_) = texts(page, ".sample")
    assert first == f"{label} → {answer}{100 * told.answers[row, answer]:.1f} %"


def test_a_cell_shows_its_samples_by_mouse_and_by_keyboard(
    pictures: Shown, open_modules: OpenModules
) -> None:
    page, told = pictures.open(open_modules), pictures.told
    answers, labels = told.answers.argmax(axis=1), pictures.data.test.labels

    def expected(label: int, answer: int) -> list[int]:
        rows = np.flatnonzero((labels == label) & (answers == answer))
        return rows[np.argsort(-told.losses[rows], kind="stable")][:24].tolist()  # type: ignore[no-any-return]

    page.locator("[role=gridcell]").nth(0 * 5 + 1).click()
    assert rows_of(page) == expected(0, 1)
    assert texts(page, "h3") == [f"0 taken for 1: {told.matrix[0, 1]}"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert rows_of(page) == expected(1, 1)
    assert page.locator("[aria-selected=true]").count() == 1
    page.get_by_role("button", name="Show all mistakes").click()
    assert rows_of(page) == pictures.worst()[:24]


def test_a_mistake_that_is_chosen_comes_onto_the_canvas(
    pictures: Shown, open_modules: OpenModules
) -> None:
    page, row = pictures.open(open_modules), pictures.worst()[2]
    page.locator(".sample").nth(2).focus()
    page.keyboard.press("Enter")
    sample = page.evaluate(
        "({...app.sample, features: [...app.sample.features], picture: [...app.sample.picture]})"
    )
    prepared = pictures.model.prepare(pictures.data.test).features[row] / 255
    assert np.abs(np.array(sample["features"]) - prepared).max() < 1e-6
    assert sample["picture"] == pictures.data.test.features[row].tolist()
    assert (sample["label"], sample["from"]) == (int(pictures.data.test.labels[row]), "test")


def test_other_weights_are_tested_too(pictures: Shown, open_modules: OpenModules) -> None:
    page = pictures.open(open_modules)
    page.evaluate("app.replace(app.networks.shape, app.networks.parameters.map(() => 0), 1)")
    share = float((pictures.data.test.labels == 0).mean())  # as all answers are alike
    page.wait_for_function(f"document.querySelector('dd').textContent === '{100 * share:.1f} %'")
    (note,) = texts(page, "[role=status]")
    assert note.startswith("Of the network that was trained here, on all 300 test samples.")
    assert note.endswith("% as it was saved.")


def test_a_page_with_a_part_of_the_samples_says_so(
    tmp_path: Path, open_modules: OpenModules
) -> None:
    shown = Shown(tmp_path, blobs(3), samples=200, epochs=4)
    page = shown.open(open_modules)
    assert shown.told.accuracy is not None
    assert texts(page, "[role=status]") == [
        "On the 50 test samples in this page. On all 300 the model had an accuracy of "
        f"{100 * shown.told.accuracy:.1f} % as it was saved."
    ]


def test_many_classes_are_told_by_the_most_confused_pairs(
    tmp_path: Path, open_modules: OpenModules
) -> None:
    shown = Shown(tmp_path, blobs(30, 1200), epochs=4)
    page = shown.open(open_modules)
    pairs = confused_pairs(shown.told.matrix, 30)
    names = shown.model.classes
    assert texts(page, ".pair") == [
        f"{names[one.label]} taken for {names[one.prediction]}{one.count}" for one in pairs
    ]
    page.locator(".pair").first.click()
    assert len(rows_of(page)) == min(24, pairs[0].count)
    assert texts(page, "h3")[0].endswith(f": {pairs[0].count}")


def measured(tmp_path: Path, **settings: Any) -> Shown:
    draw = np.random.default_rng(3)
    rows = draw.normal(size=(400, 3))
    targets = 1000 + 50 * rows[:, :2] + draw.normal(size=(400, 2)) * 20
    data = Dataset.from_arrays(rows[:300], targets[:300], rows[300:], targets[300:], name="sizes")
    return Shown(tmp_path, data, epochs=20, **settings)


def test_measured_targets_have_their_errors_and_a_scatter(
    tmp_path: Path, open_modules: OpenModules
) -> None:
    shown = measured(tmp_path, ensemble=2)
    page, told = shown.open(open_modules), shown.told
    figures = [float(text) for text in texts(page, "dd")]
    expected = [told.r2, told.rmse, told.mae, told.loss]
    assert figures == pytest.approx(expected, rel=1e-3)  # four digits
    assert rows_of(page) == np.argsort(-told.losses, kind="stable")[:10].tolist()
    point = page.evaluate(
        """() => { // where the worst sample's dot is
          const box = document.querySelector("svg").getBoundingClientRect();
          const path = document.querySelector(".worst").getAttribute("d");
          const [x, y] = path.match(/M([\\d.]+) ([\\d.]+)/).slice(1);
          return [box.left + x * box.width / 400, box.top + y * box.height / 400];
        }"""
    )
    page.dispatch_event("svg", "click", {"clientX": point[0], "clientY": point[1]})
    assert page.evaluate("app.sample.row") == rows_of(page)[0]


def test_labels_are_told_one_by_one(tmp_path: Path, open_modules: OpenModules) -> None:
    draw = np.random.default_rng(3)
    rows = draw.normal(size=(400, 5))
    labels = (rows @ draw.normal(size=(5, 3)) + draw.normal(size=(400, 3)) > 0).astype(np.int64)
    data = Dataset.from_arrays(
        rows[:300], labels[:300], rows[300:], labels[300:], name="tags", kind="labels"
    )
    shown = Shown(tmp_path, data, epochs=10)
    page, told = shown.open(open_modules), shown.told
    assert told.accuracy is not None
    assert texts(page, "dd")[0] == f"{100 * told.accuracy:.1f} %"
    assert float(texts(page, "dd")[1]) == pytest.approx(told.loss, rel=1e-3)
    cells = texts(page, ".samples-table")[0]
    for name, precision, recall, support in zip(
        shown.model.targets,
        told.scores.precision,
        told.scores.recall,
        told.scores.support,
        strict=True,
    ):
        assert f"{100 * precision:.1f} %{100 * recall:.1f} %{support}" in cells
        assert name in cells
    assert rows_of(page) == shown.worst()[:10]


def test_large_networks_are_tested_on_the_gpu(tmp_path: Path, open_modules: OpenModules) -> None:
    shown = Shown(tmp_path, blobs(5, 1200), hidden=(512, 512), epochs=1, ensemble=2)
    page = shown.open(open_modules)
    page.evaluate("async () => Object.assign(globalThis, await import('/testing.js'))")
    found, asked = page.evaluate(
        """async () => {
          await app.open();
          let asked = 0; // by JavaScript after every slice, so often
          const stopped = () => asked++ < 0;
          const outputs = await testOutputs(app.page, app.networks, app.gpu, stopped);
          return [outputs.map((one) => [...one]), asked];
        }"""
    )
    assert np.abs(np.array(found) - shown.told.answers).max() < 2e-6
    assert asked == 1
