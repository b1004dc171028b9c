"""A browser for pages that gpunet writes, and for the single modules of their JavaScript."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    Route,
    expect,
    sync_playwright,
)
from tests.browsers import FLAGS, find_browser
from tests.export.told_pages import MODULES, Told, tell

import gpunet
from gpunet.datasets.dataset import Dataset
from gpunet.model import Model

WEB = Path(gpunet.__file__).with_name("export") / "web"

PATIENCE = 60_000
"""Milliseconds that a page has for what is asked of it; a busy machine takes 20 s."""

OpenPage = Callable[[Path], Page]
OpenModules = Callable[..., Page]

IMPORT = "async path => { Object.assign(globalThis, await import(path)) }"

HOST = "http://localhost"
"""Of the modules, which no server gives out: their requests are answered by the tests."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests of a file.

    Playwright keeps an event loop running in this thread meanwhile, beside which nothing else can
    use ``asyncio``, so it is ended before the next file of tests.
    """
    program = find_browser()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def faults() -> list[str]:
    """What went wrong in the page or left it: errors, warnings, exceptions, requests."""
    return []


@pytest.fixture
def expected() -> list[str]:
    """Words of faults that the test is about; a browser may tell of them late."""
    return []


@pytest.fixture
def page(browser: Browser, faults: list[str], expected: list[str]) -> Iterator[Page]:
    """An empty page; if there are other ``faults`` than ``expected``, the test fails at its end."""
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            faults.append(f"console: {message.text}")

    def watch(request: Request) -> None:
        opened = request.is_navigation_request() and request.url.startswith("file:")
        if not opened and not request.url.startswith((HOST, "blob:", "data:")):
            faults.append(f"request: {request.url}")

    page.on("pageerror", lambda error: faults.append(f"exception: {error}"))
    page.on("console", hear)
    page.on("request", watch)
    yield page
    context.close()
    assert [fault for fault in faults if not any(words in fault for words in expected)] == []


@pytest.fixture
def open_page(page: Page) -> OpenPage:
    """Opens an HTML file as a double click does."""

    def open_file(path: Path) -> Page:
        page.goto(path.resolve().as_uri())
        return page

    return open_file


@pytest.fixture
def open_modules(page: Page) -> OpenModules:
    """Loads modules of ``export/web``, say ``open_modules("network", "panels/draw")``.

    What they export are then global names of the page for ``page.evaluate``.
    """

    def answer(route: Route) -> None:
        path = WEB / route.request.url.removeprefix(f"{HOST}/")
        if path.is_file():
            kind = mimetypes.guess_type(path)[0]
            route.fulfill(body=path.read_bytes(), content_type=kind)
        else:
            route.fulfill(body="<!doctype html><title>modules</title>", content_type="text/html")

    def open_named(*names: str) -> Page:
        page.route(f"{HOST}/**", answer)
        page.goto(f"{HOST}/")
        for name in names:
            page.evaluate(IMPORT, f"/{name}.js")
        return page

    return open_named


@pytest.fixture
def told(open_modules: OpenModules) -> Told:
    """Opens the modules that train, with a model and its data."""

    def open_told(model: Model, data: Dataset | None) -> Page:
        page = open_modules(*MODULES)
        tell(page, model, data)
        return page

    return open_told
