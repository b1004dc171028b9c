"""A row that is set by hand in a page is answered as Python answers it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page
from tests.export.conftest import OpenModules, OpenPage
from tests.export.panels import open_panels, texts

import gpunet
from gpunet.datasets.dataset import Dataset

SETTINGS: dict[str, Any] = {"hidden": (12,), "epochs": 8, "device": "cpu", "verbose": False}

CLOSE = 2e-6
"""How far probabilities may be from Python's, which sums float32 numbers in another order."""

WORDS = ("red", "white", "rose", "")

Cell = float | str | None


def wine(count: int = 240) -> list[str]:
    """A table with numbers, some of them missing, whole numbers, and words."""
    draw = np.random.default_rng(5)
    lines = ["acid,age,color,kind"]
    for number in range(count):
        kind = number % 3
        acid = "" if number % 7 == 0 else f"{draw.normal(kind, 1):.3f}"
        word = WORDS[int(draw.integers(4)) if draw.random() < 0.4 else kind]
        lines.append(f"{acid},{draw.integers(20) + 5 * kind},{word},{'abc'[kind]}")
    return lines


def exported(folder: Path, data: Any, **settings: Any) -> tuple[gpunet.Model, Path]:
    model = gpunet.train(data, **{**SETTINGS, **settings}).model
    path = folder / "page.html"
    model.export(path, data=data)
    return model, path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "wine.csv"
    path.write_text("\n".join(wine()), encoding="utf-8")
    return path


def opened(open_modules: OpenModules, path: Path) -> Page:
    page = open_panels(
        open_modules, path.read_text("utf-8"), {"controls": "createControls"}, "rows"
    )
    page.wait_for_function("() => app.answer !== null")
    return page


def set_column(page: Page, name: str, value: Cell) -> None:
    """Set a column by its element, ``None`` for a missing value."""
    column = page.get_by_role("group", name=name, exact=True)
    if column.get_by_role("combobox").count():
        chosen = "missing" if value is None else str(value)
        column.get_by_role("combobox").select_option(label=chosen)
    elif value is None:
        column.get_by_role("checkbox").check()
    else:
        column.get_by_role("spinbutton").fill(repr(value))


def outputs(page: Page) -> np.ndarray[Any, Any]:
    return np.array(page.evaluate("[...app.answer.outputs]"))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    "settings", [{}, {"scaling": "robust"}, {"ensemble": 3, "missing": "median"}]
)
def test_a_row_of_numbers_words_and_gaps_gets_pythons_probabilities(
    settings: dict[str, Any], table: Path, open_modules: OpenModules
) -> None:
    model, path = exported(table.parent, str(table), **settings)
    page = opened(open_modules, path)
    rows: list[list[Cell]] = [[0.25, 7.0, "rose"], [None, 31.0, "white"], [-9.5, 0.0, None]]
    for acid, age, color in rows:
        set_column(page, "acid", acid)
        set_column(page, "age", age)
        set_column(page, "color", color)
        frame: dict[str, list[Any]] = {"acid": [acid], "age": [age], "color": [color or ""]}
        expected = model.predict_proba(as_frame(frame))[0]
        assert np.abs(outputs(page) - expected).max() < CLOSE
    set_column(page, "color", "another word")
    unheard = as_frame({"acid": [-9.5], "age": [0.0], "color": ["unheard"]})
    assert np.abs(outputs(page) - model.predict_proba(unheard)[0]).max() < CLOSE


def as_frame(columns: dict[str, list[Any]]) -> Any:
    return pytest.importorskip("pandas").DataFrame(columns)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_columns_start_at_usual_values_and_go_back_to_them(
    table: Path, open_modules: OpenModules
) -> None:
    _, path = exported(table.parent, str(table))
    page = opened(open_modules, path)
    ages = sorted(int(line.split(",")[1]) for line in wine()[1:201])  # those trained on
    assert page.get_by_role("spinbutton", name="age, exactly").input_value() == str(ages[99])
    usual = outputs(page)
    page.get_by_role("slider", name="age").fill("1")
    assert page.get_by_role("spinbutton", name="age, exactly").input_value() == "1"
    assert np.abs(outputs(page) - usual).max() > 1e-3
    page.get_by_role("button", name="Reset").click()
    assert outputs(page).tolist() == usual.tolist()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_test_row_is_taken_as_it_is(table: Path, open_modules: OpenModules) -> None:
    _, path = exported(table.parent, str(table))
    page = opened(open_modules, path)
    page.get_by_role("button", name="Take a test row").click()
    row = page.evaluate("app.sample.row")
    acid, age, _, kind = wine()[1 + 200 + row].split(",")
    assert page.get_by_role("spinbutton", name="age, exactly").input_value() == age
    exactly = page.get_by_role("spinbutton", name="acid, exactly").input_value()
    assert exactly == (acid and f"{float(acid):g}")
    told = texts(page, ".controls-detail")[0]
    assert told == f"Test row {row + 1}; it is {kind}"
    before = outputs(page)
    set_column(page, "age", float(age))  # the row as the sliders have it is the very same
    assert np.abs(outputs(page) - before).max() < 1e-7


def test_bytes_are_set_as_bytes(tmp_path: Path, open_modules: OpenModules) -> None:
    rows = np.random.default_rng(0).integers(0, 256, (200, 3)).astype(np.uint8)
    labels = rows[:, 0] > rows[:, 1]
    data = Dataset.from_arrays(rows[:150], labels[:150], rows[150:], labels[150:])
    model, path = exported(tmp_path, data)
    page = opened(open_modules, path)
    for at, value in enumerate((17, 203, 99)):
        set_column(page, f"feature {at + 1}", value)
    expected = model.predict_proba(np.array([[17, 203, 99]], np.uint8))[0]
    assert np.abs(outputs(page) - expected).max() < CLOSE


@pytest.mark.parametrize("loss", ["squared-error", "poisson"])
def test_measured_targets_are_told_in_their_own_units(
    loss: str, tmp_path: Path, open_modules: OpenModules
) -> None:
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(300, 2))
    targets = 500 + 90 * rows[:, 0] + draw.normal(size=300)
    data = Dataset.from_arrays(rows[:200], targets[:200], rows[200:], targets[200:])
    model, path = exported(tmp_path, data, loss=loss)
    page = opened(open_modules, path)
    set_column(page, "feature 1", 0.75)
    set_column(page, "feature 2", -1.5)
    (expected,) = model.predict([[0.75, -1.5]])
    found = page.evaluate("inOwnUnits(app.answer.outputs, app.page)[0]")
    assert abs(found - expected) < CLOSE * 500
    assert texts(page, ".controls-answer") == [f"{expected:.4g}"]


def test_curves_tell_how_the_answer_changes_along_a_column(
    tmp_path: Path, open_modules: OpenModules
) -> None:
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(300, 2))
    data = Dataset.from_arrays(rows, rows[:, 0] > 0, rows, rows[:, 0] > 0)
    model, path = exported(tmp_path, data, epochs=20)
    page = opened(open_modules, path)
    set_column(page, "feature 1", 1.0)
    set_column(page, "feature 2", 0.5)
    along = np.linspace(rows[:, 0].min(), rows[:, 0].max(), 32)
    answer = int(model.predict_proba([[1.0, 0.5]])[0].argmax())
    shares = model.predict_proba(np.stack([along, np.full(32, 0.5)], axis=1))[:, answer]
    ends = f"from {100 * shares.min():.1f} % to {100 * shares.max():.1f} %"
    words = f"{model.classes[answer]} goes {ends} along feature 1"
    page.locator(f'svg[aria-label="{words}"]').wait_for()


def test_of_many_columns_those_that_matter_are_shown_first(
    tmp_path: Path, open_modules: OpenModules
) -> None:
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(600, 30))
    labels = rows[:, [4, 17, 28]].sum(axis=1) > 0
    data = Dataset.from_arrays(rows[:500], labels[:500], rows[500:], labels[500:])
    _, path = exported(tmp_path, data, epochs=30)
    page = opened(open_modules, path)
    columns = page.locator(".column:not([hidden])")
    names = texts(page, ".column:not([hidden]) .column-name")
    assert (len(names), set(names[:3])) == (20, {"feature 5", "feature 18", "feature 29"})
    page.get_by_role("searchbox").fill("feature 2")
    assert columns.count() == 11  # 2 and 20 to 29
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Show all 30").click()
    assert columns.count() == 30


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "\u05e9\u05dc\u05d5\u05dd " * 20,
    "w" * 200,
    "\u202eevil",
)
"""Markup, letters from right to left, a very long word, and one that turns what follows around."""


def test_hostile_names_stay_texts_and_break_no_layout(tmp_path: Path, open_page: OpenPage) -> None:
    rows = np.random.default_rng(0).normal(size=(300, 4))
    labels = np.array(HOSTILE, object)[rows.argmax(axis=1)]
    frame = as_frame(dict(zip(HOSTILE, rows.T, strict=True)))
    data = Dataset.from_arrays(frame[:200], labels[:200], frame[200:], labels[200:])
    _, path = exported(tmp_path, data, ensemble=2)
    page = open_page(path)
    page.locator(".samples-table button").first.wait_for()
    for panel in ("controls", "members", "tests"):
        assert HOSTILE[0] in str(page.locator(f"#{panel}").text_content())
    assert page.locator("main img").count() == 0
    for width in (320, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("() => new Promise(requestAnimationFrame)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
