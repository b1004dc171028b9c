from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.datasets.refusals import refusal

from gpunet.datasets.readers.packed import unpacked, without_end
from gpunet.datasets.readers.path import read_path

TABLE = b"label,a,b\n" + b"0,1,200\n1,2,0\n" * 6

Pack = Callable[[bytes], bytes]


def zipped(content: bytes, name: str = "data.csv", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    return archive({name: content}, method)


def archive(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def expected(tmp_path: Path) -> str:
    (tmp_path / "plain.csv").write_bytes(TABLE)
    return read_path(tmp_path / "plain.csv").fingerprint


@pytest.mark.parametrize("end", [".csv", ".tsv", ".txt", ".data"])
@pytest.mark.parametrize(
    ("packed_end", "pack"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress), (".zip", zipped)],
)
def test_packed_tables_are_unpacked(
    tmp_path: Path, expected: str, end: str, packed_end: str, pack: Pack
) -> None:
    path = tmp_path / f"data{end}{packed_end.upper()}"
    path.write_bytes(pack(TABLE))
    dataset = read_path(path)
    assert expected == dataset.fingerprint
    assert dataset.name == "data"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_how_a_file_is_packed_is_told_by_its_content(
    tmp_path: Path, expected: str, pack: Pack
) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(pack(TABLE[:40]) + pack(TABLE[40:]))  # several, one after the other
    assert expected == read_path(path).fingerprint


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress, zipped])
def test_a_folder_may_hold_packed_tables(tmp_path: Path, pack: Pack) -> None:
    end = {bz2.compress: "bz2", lzma.compress: "xz"}.get(pack, "zip")
    for part in ("train", "test"):
        (tmp_path / f"{part}.csv.{end}").write_bytes(pack(TABLE))
    dataset = read_path(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (12, 12)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_stands_for_the_one_table_in_it(
    tmp_path: Path, expected: str, method: int
) -> None:
    path = tmp_path / "iris.zip"
    beside = {"folder/": b"", "__MACOSX/iris.csv": b"x", ".hidden.csv": b"x", "readme.txt": b"x"}
    path.write_bytes(archive({**beside, "folder/iris.csv": TABLE}, method))
    assert expected == read_path(path).fingerprint


@pytest.mark.parametrize(
    ("files", "seen"),
    [
        ({"a.csv": TABLE, "b.csv": TABLE}, "data.zip holds 'a.csv', 'b.csv', wanted one table"),
        ({"a.data": TABLE, "a.names": TABLE}, "data.zip holds 'a.data', 'a.names', wanted one"),
        ({f"{i}.png": b"" for i in range(10)}, "'7.png' and 2 more, wanted one table"),
        ({}, "data.zip holds nothing, wanted one table"),
    ],
)
def test_an_archive_of_several_files_is_refused_with_their_names(
    tmp_path: Path, files: dict[str, bytes], seen: str
) -> None:
    (tmp_path / "data.zip").write_bytes(archive(files))
    assert seen in refusal(tmp_path / "data.zip")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zipped])
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_packed_content_that_is_damaged_is_refused(tmp_path: Path, pack: Pack, damage: str) -> None:
    content = bytearray(pack(TABLE))
    if damage == "cut":
        del content[-12:]
    else:
        content[len(content) // 2] ^= 0xFF
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    assert "data.csv is cut short or damaged: its compressed" in refusal(path)


def test_an_archive_with_a_password_or_another_method_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        path.write_bytes(zipped(TABLE, method=method))
        assert "is packed in a way that is not read; unpack it first" in refusal(path)
    locked = bytearray(zipped(TABLE))
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(locked)
    assert "is locked with a password; unpack it first" in refusal(path)


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_a_bomb_is_unpacked_no_further_than_a_file_of_its_size_may_go(
    tmp_path: Path, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpunet.datasets.readers.packed.FREE", 1 << 22)
    path = tmp_path / "data.csv"
    path.write_bytes(pack((b" " * 127 + b"\n") * (1 << 18)))
    tracemalloc.start()
    assert "unpacks to more than 1,032 times its size" in refusal(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()


def test_a_text_that_begins_like_a_packed_file_is_none(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    for text in (b"BZh91,a\n0,1\n", b"PK,a\n0,1\n"):
        path.write_bytes(text)
        with unpacked(path) as (file, size):
            assert text == file.read()
            assert len(text) == size


@pytest.mark.parametrize(
    ("name", "plain"), [("a.csv.GZ", "a.csv"), ("a.b.zip", "a.b"), ("a.csv", "a.csv"), ("gz", "gz")]
)
def test_a_name_without_its_end(name: str, plain: str) -> None:
    assert plain == without_end(name)
