"""``gpunet export`` and ``gpunet showcase --web``: a model as a page."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

import pytest
from tests.export.page_parts import told_by

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand


def test_export_writes_a_page_and_says_where(
    gpunet: RunCommand, trained: Path, tmp_path: Path
) -> None:
    page = tmp_path / "digits.html"
    ran = gpunet("export", trained, page)
    assert (ran.code, ran.err) == (0, "")
    assert f"page:   {page}" in ran.out.replace("\n", "")
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_export_without_samples_needs_no_data(
    gpunet: RunCommand, trained: Path, halves: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    aside = halves.rename(halves.with_suffix(".aside"))
    request.addfinalizer(lambda: aside.rename(halves))
    whole, none = tmp_path / "whole.html", tmp_path / "none.html"
    assert gpunet("export", trained, none, "--samples", 0).code == 0
    ran = gpunet("export", trained, whole)
    assert (ran.code, whole.exists()) == (1, False)
    assert "--data" in ran.failure


def test_a_page_tells_no_folder_of_the_machine_that_wrote_it(
    gpunet: RunCommand, trained: Path, halves: Path, tmp_path: Path
) -> None:
    for options in ((), ("--data", halves)):
        page = tmp_path / f"page{len(options)}.html"
        assert gpunet("export", trained, page, *options).code == 0
        told = told_by(page)
        assert str(halves.parent) not in json.dumps(told)
        assert told["data"]["source"] == "halves.npz"


def test_export_keeps_a_page_that_is_there(
    gpunet: RunCommand, trained: Path, tmp_path: Path
) -> None:
    page = tmp_path / "digits.html"
    page.write_text("mine")
    ran = gpunet("export", trained, page, "--samples", 0)
    assert (ran.code, page.read_text()) == (0, "mine")
    assert (tmp_path / "digits-2.html").exists()
    assert gpunet("export", trained, page, "--samples", 0, "--force").code == 0
    assert page.read_text("utf-8") != "mine"


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["digits.txt"], 2, "give one such as digits.html"),
        (["digits"], 2, "give one such as digits.html"),
        (["no/digits.html"], 1, "no"),
        (["digits.html", "--weights", "f8"], 2, "f16"),
        (["digits.html", "--samples", "-1"], 2, "--samples"),
        (["digits.html", "--data", "nowhere.npz"], 2, "nowhere.npz"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(
    gpunet: RunCommand,
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    code: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = gpunet("export", trained, *options)
    assert ran.code == code
    assert words in ran.failure
    assert not list(tmp_path.glob("*.html"))


def test_showcase_opens_the_page_in_the_browser(
    gpunet: RunCommand, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def open_page(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", open_page)
    ran = gpunet("showcase", trained, "--web")
    assert (ran.code, ran.err) == (0, "")
    (url,) = opened
    page = Path(unquote(urlparse(url).path))
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert str(page) in ran.out.replace("\n", "")


def test_showcase_says_where_the_page_is_without_a_browser(
    gpunet: RunCommand, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    ran = gpunet("showcase", trained, "--web")
    assert ran.code == 0
    assert "no browser was found here" in " ".join(ran.out.split())


def test_a_page_is_not_asked_for_with_what_is_shown_in_the_terminal(
    gpunet: RunCommand, trained: Path
) -> None:
    ran = gpunet("showcase", trained, "--web", "--wrong")
    assert ran.code == 2
    assert "--web opens a page" in ran.failure
