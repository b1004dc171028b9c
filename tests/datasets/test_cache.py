from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from gpunet.datasets.cache import cache_folder, write_whole


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path / "here"))
    assert tmp_path / "here" == cache_folder()


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_names_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GPUNET_CACHE", raising=False)
    expected = cache_folder()
    monkeypatch.setenv("GPUNET_CACHE", value)
    assert expected == cache_folder()
    assert "gpunet" in expected.parts


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_whole(path, lambda file: file.write(b"content"))
    assert b"content" == path.read_bytes()
    assert [path] == list(path.parent.iterdir())


def test_a_file_whose_writing_fails_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")

    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, fail)
    assert b"before" == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    ended = tmp_path / f".file.{process.pid}.abc_1.part"
    others = [f".file.{os.getpid()}.abc_1.part", ".file.part", f"file.{process.pid}.abc_1.part"]
    for path in (ended, *(tmp_path / name for name in others)):
        path.write_bytes(b"half")
    write_whole(tmp_path / "file", lambda file: file.write(b"content"))
    assert {*others, "file"} == {path.name for path in tmp_path.iterdir()}
