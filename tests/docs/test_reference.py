"""The generated pages of reference are those that the code gives."""

from __future__ import annotations

import pytest
from tools import reference

import gpunet
from gpunet.cli.app import command_line

PAGES = reference.pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    advice = "it is out of date; run: python tools/reference.py"
    assert (reference.FOLDER / name).read_text(encoding="utf-8") == PAGES[name], advice


def test_every_setting_has_its_row() -> None:
    page = PAGES["settings.md"]
    assert [name for name in reference.SETTINGS if f"| `{name}` |" not in page] == []


def test_every_public_name_has_its_entry() -> None:
    page = PAGES["api.md"]
    public = [name for name in dir(gpunet) if name[0] != "_"]
    entries = {name: (f"### gpunet.{name}\n", f"| `{name}` |") for name in public}
    assert [n for n, forms in entries.items() if not any(form in page for form in forms)] == []


def test_every_command_has_its_entry() -> None:
    page = PAGES["commands.md"]
    assert [name for name in command_line().commands if f"## gpunet {name}" not in page] == []
