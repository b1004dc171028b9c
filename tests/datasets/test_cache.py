from __future__ import annotations

from pathlib import Path

import pytest

from gpunet.files.cache import cache_folder, store
from gpunet.files.whole_file import PREFIX


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path / "here"))
    assert tmp_path / "here" == cache_folder()


def test_a_user_that_is_not_there_has_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPUNET_CACHE", "~nobody-of-that-name/cache")
    assert cache_folder() == Path("~nobody-of-that-name/cache")


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_names_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GPUNET_CACHE", raising=False)
    expected = cache_folder()
    monkeypatch.setenv("GPUNET_CACHE", value)
    assert expected == cache_folder()
    assert "gpunet" in expected.parts


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    store(path, lambda file: file.write(b"content"))
    assert path.read_bytes() == b"content"
    assert [path] == list(path.parent.iterdir())


def test_what_a_killed_process_left_is_removed_once_something_is_stored(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}left").write_bytes(b"half")
    store(tmp_path / "file", lambda file: file.write(b"content"))
    assert [tmp_path / "file"] == list(tmp_path.iterdir())
