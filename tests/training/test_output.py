import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from gpunet.errors import OutputError
from gpunet.training.output import PREFIX, require_writable, write_atomically

unprivileged = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)


def test_a_file_is_written_and_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    write_atomically(tmp_path / "result", b"content")
    assert [tmp_path / "result"] == list(tmp_path.iterdir())
    assert b"content" == (tmp_path / "result").read_bytes()


def test_an_older_file_is_replaced_and_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "result").write_bytes(b"old")
    (tmp_path / "result").chmod(0o640)
    write_atomically(tmp_path / "result", b"new")
    assert b"new" == (tmp_path / "result").read_bytes()
    assert 0o640 == (tmp_path / "result").stat().st_mode & 0o777


def test_a_new_file_has_the_rights_that_the_umask_leaves(tmp_path: Path) -> None:
    umask = os.umask(0o027)
    try:
        write_atomically(tmp_path / "result", b"content")
        assert 0o027 == os.umask(0o027)
    finally:
        os.umask(umask)
    assert 0o640 == (tmp_path / "result").stat().st_mode & 0o777


def test_the_file_behind_a_link_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "result")
    write_atomically(tmp_path / "link", b"content")
    assert (tmp_path / "link").is_symlink()
    assert b"content" == (tmp_path / "result").read_bytes()


def test_a_write_that_fails_leaves_the_older_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "result").write_bytes(b"old")

    def no_space(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OutputError, match="no space left on device"):
        write_atomically(tmp_path / "result", b"new")
    assert [tmp_path / "result"] == list(tmp_path.iterdir())
    assert b"old" == (tmp_path / "result").read_bytes()


def test_asking_whether_a_file_can_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    require_writable(tmp_path / "result")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="locks differ there")
def test_what_a_killed_writer_left_is_removed_and_what_a_living_one_holds_is_not(
    tmp_path: Path,
) -> None:
    import fcntl

    (tmp_path / f"{PREFIX}dead").write_bytes(b"half")
    (tmp_path / "other").touch()
    with (tmp_path / f"{PREFIX}alive").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        require_writable(tmp_path / "result")
        names = {path.name for path in tmp_path.iterdir()}
    assert {f"{PREFIX}alive", "other"} == names


def test_a_writer_whose_new_file_was_taken_for_a_leftover_makes_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    mkstemp = tempfile.mkstemp

    def robbed(**options: Any) -> tuple[int, str]:
        handle, name = mkstemp(**options)
        made.append(name)
        if len(made) == 1:
            Path(name).unlink()
        return handle, name

    monkeypatch.setattr(tempfile, "mkstemp", robbed)
    write_atomically(tmp_path / "result", b"content")
    assert 2 == len(made)
    assert b"content" == (tmp_path / "result").read_bytes()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "is a folder"),
        ("missing/result", "there is no folder"),
        ("file/result", "is no folder"),
        ("n" * 300, "name too long"),
        ("fifo", "no ordinary file"),
        ("loop", "cannot be written"),
    ],
)
def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(OutputError, match=message):
        require_writable(tmp_path / name)


@unprivileged
def test_a_folder_without_the_right_to_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="permission denied"):
        require_writable(tmp_path / "result")
