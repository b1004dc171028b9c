"""Panels of an exported page, one at a time, with what they share at hand as ``app``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

OPEN = """async ([html, panels]) => {
  globalThis.app = new App(await readPage(new DOMParser().parseFromString(html, "text/html")));
  for (const [id, create] of Object.entries(panels)) {
    const root = document.createElement("section");
    root.id = id;
    document.body.append(root);
    globalThis[create](root, app);
  }
}"""


def open_panels(
    open_modules: Callable[..., Page], html: str, panels: dict[str, str], *modules: str
) -> Page:
    """Loads panels of a page that was exported.

    Args:
        open_modules: the fixture.
        html: the text of the page.
        panels: what makes a panel, by its name such as ``tests``.
        modules: whose names are wanted, too.
    """
    page = open_modules("app", "data", *modules, *(f"panels/{name}" for name in panels))
    page.evaluate(OPEN, [html, panels])
    return page


def texts(page: Page, selector: str) -> list[str]:
    """The texts of all elements that a selector finds."""
    found: list[Any] = page.eval_on_selector_all(selector, "all => all.map(one => one.textContent)")
    return [str(text) for text in found]
