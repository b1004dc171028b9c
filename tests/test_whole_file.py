from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from gpunet.files.whole_file import PREFIX, free_name, remove_leftovers, write_whole


def content(file: BinaryIO) -> None:
    file.write(b"content")


def test_a_file_whose_writing_is_interrupted_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")

    def interrupted(file: BinaryIO) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, interrupted)
    assert path.read_bytes() == b"before"
    assert [path] == list(tmp_path.iterdir())


def test_an_older_file_is_replaced_and_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "result").write_bytes(b"old")
    (tmp_path / "result").chmod(0o640)
    write_whole(tmp_path / "result", content)
    assert (tmp_path / "result").read_bytes() == b"content"
    assert (tmp_path / "result").stat().st_mode & 0o777 == 0o640


def test_a_new_file_has_the_rights_that_the_umask_leaves(tmp_path: Path) -> None:
    umask = os.umask(0o027)
    try:
        write_whole(tmp_path / "result", content)
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(umask)
    assert (tmp_path / "result").stat().st_mode & 0o777 == 0o640


def test_what_a_killed_writer_left_is_removed_and_what_a_living_one_writes_is_not(
    tmp_path: Path,
) -> None:
    (tmp_path / f"{PREFIX}dead").write_bytes(b"half")
    (tmp_path / "other").touch()

    def while_others_tidy_up(file: BinaryIO) -> None:
        remove_leftovers(tmp_path)
        content(file)

    write_whole(tmp_path / "result", while_others_tidy_up)
    assert {"other", "result"} == {path.name for path in tmp_path.iterdir()}
    assert (tmp_path / "result").read_bytes() == b"content"


@pytest.mark.skipif(sys.platform == "win32", reason="no open file is removed there")
def test_a_writer_whose_new_file_is_being_taken_for_a_leftover_makes_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    flock = fcntl.flock
    robbed: list[Path] = []

    def late(file: BinaryIO, how: int) -> None:
        """Another process has opened and locked the file and removes it in a moment."""
        if not robbed:
            (path,) = tmp_path.iterdir()
            robbed.append(path)
            other = path.open("rb")
            flock(other, fcntl.LOCK_EX)

            def remove() -> None:
                path.unlink()
                other.close()

            threading.Timer(0.1, remove).start()
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    write_whole(tmp_path / "result", content)
    assert len(robbed) == 1
    assert [tmp_path / "result"] == list(tmp_path.iterdir())
    assert (tmp_path / "result").read_bytes() == b"content"


def test_writers_that_tidy_up_at_the_same_time_never_hinder_each_other(tmp_path: Path) -> None:
    failures: list[OSError] = []

    def write_again_and_again() -> None:
        for _ in range(100):
            try:
                remove_leftovers(tmp_path)
                write_whole(tmp_path / "result", content)
            except OSError as error:
                failures.append(error)

    threads = [threading.Thread(target=write_again_and_again) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [tmp_path / "result"] == list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders there")
def test_a_pipe_with_the_name_of_a_leftover_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"{PREFIX}pipe")
    remove_leftovers(tmp_path)
    assert (tmp_path / f"{PREFIX}pipe").is_fifo()


def test_a_free_name_is_the_first_that_no_file_has(tmp_path: Path) -> None:
    taken = []
    for _ in range(3):
        with free_name(tmp_path / "model.st") as name:
            write_whole(name, content)
        taken.append(name.name)
    assert taken == ["model.st", "model-2.st", "model-3.st"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(taken)


def test_writers_at_once_never_get_the_same_name(tmp_path: Path) -> None:
    together = threading.Barrier(8)
    taken: dict[Path, bytes] = {}

    def write_own(number: int) -> None:
        own = str(number).encode()
        together.wait()
        with free_name(tmp_path / "model.st") as name:
            remove_leftovers(tmp_path)  # those of others at work are none
            write_whole(name, lambda file: file.write(own))
        taken[name] = own

    threads = [threading.Thread(target=write_own, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 8
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == taken


@pytest.mark.skipif(sys.platform == "win32", reason="no open file is removed there")
def test_who_is_late_to_tidy_up_does_not_remove_the_file_that_came_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    flock = fcntl.flock
    path = tmp_path / f"{PREFIX}claim"
    path.write_bytes(b"of a killed writer")

    def late(file: BinaryIO, how: int) -> None:
        """Until the lock is had, the file is removed and another writer has made its own."""
        path.unlink()
        path.write_bytes(b"of a living one")
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    remove_leftovers(tmp_path)
    assert path.read_bytes() == b"of a living one"


def test_a_name_whose_file_could_not_be_written_is_free_again(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="full"), free_name(tmp_path / "model.st"):
        raise OSError("full")
    assert list(tmp_path.iterdir()) == []


def test_the_content_is_out_before_the_file_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    rename = Path.replace

    def look_first(self: Path, target: Path) -> Path:
        seen.append(self.read_bytes())
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", look_first)
    write_whole(tmp_path / "result", content)
    assert seen == [b"content"]
