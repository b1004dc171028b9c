"""A whole page as people see and use it: contrast, names, keys, sizes, and that nothing jumps."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page
from tests.export.conftest import OpenPage
from tools.page_picture import draw

import gpunet

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "docs" / "example.html"
EXAMPLE_BYTES = 700_000

LOOKS = Path(__file__).with_name("looks.js")

WATCH_SHIFTS = """globalThis.shifts = [];
new PerformanceObserver((list) => {
  for (const { value, sources } of list.getEntries()) {
    const moved = sources.map(({ node }) => node?.className || node?.id);
    if (moved.length > 0) shifts.push([value, ...moved]);
  }
}).observe({ type: "layout-shift", buffered: true });"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page that draws and trains."""
    run = gpunet.train("strokes:600+200", hidden=(32,), epochs=2, verbose=False, device="cpu")
    return run.model.export(tmp_path_factory.mktemp("page") / "page.html", samples=300)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of an ensemble for a table with numbers, words and something missing."""
    folder = tmp_path_factory.mktemp("table")
    rows = [f"{20 + row % 50},{['red', 'blue', ''][row % 3]},{'ny'[row % 2]}" for row in range(200)]
    (folder / "t.csv").write_text("\n".join(["age,color,outcome", *rows]))
    with pytest.warns(UserWarning, match="the label is column 3"):
        data = gpunet.load_dataset(folder / "t.csv", label="outcome", verbose=False)
    run = gpunet.train(data, hidden=(8,), epochs=2, ensemble=3, verbose=False, device="cpu")
    return run.model.export(folder / "table.html", data)


def ready(page: Page) -> Page:
    """Waits until the page has found its GPU."""
    page.get_by_text("WebGPU runs on").wait_for()
    page.locator("#train .trainer-start").wait_for()
    return page


@pytest.fixture(params=["digits", "table"])
def opened(
    request: pytest.FixtureRequest, open_page: OpenPage, exported: Path, table: Path
) -> Page:
    """A page that answers."""
    page = ready(open_page(exported if request.param == "digits" else table))
    if request.param == "digits":
        draw(page)
        page.get_by_text("Answered in").wait_for()
    page.evaluate(LOOKS.read_text("utf-8"))
    return page


def test_texts_and_controls_stand_out_from_what_is_behind_them(opened: Page) -> None:
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        opened.emulate_media(color_scheme=scheme)
        opened.wait_for_timeout(300)  # colors change within 140 ms
        found = opened.evaluate("faintTexts()")
        assert found["count"] > 80
        assert found["faint"] == []
        assert opened.evaluate("faintControls()") == []


def test_every_control_has_a_name_and_is_large_enough_to_hit(opened: Page) -> None:
    assert opened.evaluate("smallTargets()") == []
    tree = opened.locator("body").aria_snapshot()
    kinds = (
        "button",
        "combobox",
        "slider",
        "checkbox",
        "radio",
        "spinbutton",
        "progressbar",
        "img",
    )
    entries = [line.strip().removeprefix("- ") for line in tree.splitlines()]
    nameless = [line for line in entries if line.split(":")[0].split(" [")[0] in kinds]
    assert nameless == []


def test_headings_are_in_order_and_every_panel_is_a_landmark(opened: Page) -> None:
    levels = opened.eval_on_selector_all(
        "h1, h2, h3, h4, h5",
        "all => all.filter(one => one.checkVisibility()).map(one => Number(one.tagName[1]))",
    )
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert opened.locator("main, header, footer").count() == 3
    panels = opened.locator("section.panel:visible").all()
    assert len(panels) >= 5
    for panel in panels:
        assert panel.get_attribute("aria-labelledby") == panel.locator("h2").first.get_attribute(
            "id"
        )


def test_the_tab_key_alone_reaches_everything_and_the_focus_is_seen(opened: Page) -> None:
    count = opened.evaluate("watchFocus()")
    assert count > 20
    for _ in range(count + 5):
        opened.keyboard.press("Tab")
    assert opened.evaluate("focusNotes()") == {"waiting": [], "invisible": []}


def test_no_width_makes_the_page_scroll_sideways(opened: Page) -> None:
    for width in (320, 390, 768, 1440, 1920, 3840):
        opened.set_viewport_size({"width": width, "height": 900})
        opened.wait_for_timeout(200)
        assert opened.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_jumps_while_somebody_draws_and_trains(
    open_page: OpenPage, page: Page, exported: Path, width: int
) -> None:
    page.add_init_script(WATCH_SHIFTS)
    page.set_viewport_size({"width": width, "height": 900})
    ready(open_page(exported))
    draw(page)
    page.get_by_text("Answered in").wait_for()
    page.locator("#train .trainer-start").click()
    page.get_by_text(re.compile(r"epoch (\d\d|[3-9]), step")).first.wait_for()
    page.locator("#train .trainer-start").click()
    assert page.evaluate("shifts.filter(([value]) => value > 0.0005)") == []


def test_the_example_of_the_documentation_opens_alone_and_is_small(open_page: OpenPage) -> None:
    assert EXAMPLE.stat().st_size <= EXAMPLE_BYTES
    page = ready(open_page(EXAMPLE))
    draw(page)
    page.get_by_text("Answered in").wait_for()
    assert page.locator("#draw .verdict-word").inner_text() == "7"
