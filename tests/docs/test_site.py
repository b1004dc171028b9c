"""What the site of documentation is built from hangs together."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tools import site


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(site, "PAGES", tmp_path / "pages")
    site.copy_pages()
    return tmp_path / "pages"


def files_in(menu: Any) -> Iterator[str]:
    """The pages that a menu leads to, at any depth."""
    if isinstance(menu, str):
        yield menu
    else:
        for entry in menu.values() if isinstance(menu, dict) else menu:
            yield from files_in(entry)


def test_every_link_of_the_site_leads_to_a_file_of_the_site(pages: Path) -> None:
    for page in pages.rglob("*.md"):
        links = [found[2] for found in site.LINK.finditer(page.read_text(encoding="utf-8"))]
        assert [link for link in links if not (page.parent / link).is_file()] == [], page.name


def test_links_to_code_are_plain_text_on_the_site(pages: Path) -> None:
    source = (site.ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert "[`shaders/`](../shaders)" in source
    copied = (pages / "docs/architecture.md").read_text(encoding="utf-8")
    assert re.search(r"are next to the package in `shaders/`, one", copied)


def test_the_menu_leads_to_every_page_of_docs_but_the_index(pages: Path) -> None:
    menu = set(files_in(tomllib.loads(site.configuration())["project"]["nav"]))
    assert [file for file in menu if not (pages / file).is_file()] == []
    docs = {str(page.relative_to(pages)) for page in (pages / "docs").rglob("*.md")}
    assert docs - menu == {"docs/index.md"}
