import os
from pathlib import Path

import pytest

from gpunet.errors import OutputError
from gpunet.files.output import require_writable, write_atomically
from gpunet.files.whole_file import PREFIX

unprivileged = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)


def test_a_file_is_written_and_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    write_atomically(tmp_path / "result", b"content")
    assert [tmp_path / "result"] == list(tmp_path.iterdir())
    assert (tmp_path / "result").read_bytes() == b"content"


def test_the_file_behind_a_link_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "result")
    write_atomically(tmp_path / "link", b"content")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "result").read_bytes() == b"content"


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
    assert (tmp_path / "result").read_bytes() == b"old"


def test_asking_whether_a_file_can_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}killed").write_bytes(b"half")
    require_writable(tmp_path / "result")
    assert list(tmp_path.iterdir()) == []


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
