"""The browser that the tests of this folder drive sees what a page does wrong."""

from __future__ import annotations

from pathlib import Path

from tests.export.conftest import OpenModules, OpenPage


def test_a_page_that_asks_for_something_elsewhere_is_found_out(
    open_page: OpenPage, faults: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text('<!doctype html><img src="http://127.0.0.1:9/a.png">', encoding="utf-8")
    open_page(path)
    found = sorted(faults)
    faults.clear()
    assert found == [
        "console: Failed to load resource: net::ERR_UNSAFE_PORT",
        "request: http://127.0.0.1:9/a.png",
    ]


def test_an_exception_that_nobody_catches_is_found_out(
    open_page: OpenPage, faults: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text("<!doctype html><script>throw Error('no')</script>", encoding="utf-8")
    open_page(path)
    found = faults.copy()
    faults.clear()
    assert found == ["exception: no"]


def test_the_browser_grants_webgpu_to_files_and_to_modules(
    open_page: OpenPage, open_modules: OpenModules, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text("<!doctype html><title>page</title>", encoding="utf-8")
    granted = "async () => (await navigator.gpu.requestAdapter()) !== null"
    assert open_page(path).evaluate(granted)
    assert open_modules("network").evaluate(granted)


def test_modules_are_loaded_with_what_they_import(open_modules: OpenModules) -> None:
    page = open_modules("app", "dom")
    assert page.evaluate("[typeof App, typeof element]") == ["function", "function"]
