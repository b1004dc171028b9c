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


def test_every_setting_and_every_public_name_has_its_entry() -> None:
    assert [
        name for name in reference.SETTINGS if f"| `{name}` |" not in PAGES["settings.md"]
    ] == []
    public = [name for name in gpunet.__all__ if name[0] != "_"]
    assert [name for name in public if f"{name}" not in PAGES["api.md"]] == []


def test_every_command_has_its_entry() -> None:
    names = command_line().commands
    assert [name for name in names if f"## gpunet {name}" not in PAGES["commands.md"]] == []
