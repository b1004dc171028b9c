from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.datasets.blocks import range_of, row_blocks
from gpunet.datasets.dataset import Samples
from gpunet.datasets.mapped import map_array, require_whole
from gpunet.datasets.spool import Aside, Spool, converted, spooled, taken
from gpunet.errors import DataError

ROWS = np.arange(60.0).reshape(20, 3)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of its own, and arrays of 200 bytes that count as large."""
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("gpunet.datasets.mapped.LARGE", 200)
    return tmp_path / "cache"


def mapped(path: Path, array: NDArray[Any]) -> NDArray[Any]:
    np.save(path, array)
    return map_array(path, array.dtype, array.shape, path.stat().st_size - array.nbytes)


def test_few_rows_are_held_in_memory(cache: Path) -> None:
    array = spooled("rows", [ROWS[:4], ROWS[4:8]])
    assert array.tolist() == ROWS[:8].tolist()
    assert not isinstance(array, np.memmap)
    assert not cache.exists()


def test_many_rows_lie_in_a_file_without_a_name(cache: Path) -> None:
    array = spooled("rows", [ROWS[:4], ROWS[4:4], ROWS[4:]])
    assert array.tolist() == ROWS.tolist()
    assert isinstance(array, np.memmap)
    assert not array.flags.writeable
    assert list(cache.iterdir()) == []


def test_rows_of_a_known_size_go_to_the_file_at_once(cache: Path) -> None:
    spool = Spool("rows", ROWS.nbytes)
    spool.add(ROWS[:1])
    assert cache.exists()


@pytest.mark.parametrize("few", [2, 18])
def test_blocks_of_several_types_become_the_widest(few: int) -> None:
    array = spooled("rows", [ROWS[:few].astype(np.uint8), ROWS[few:], ROWS[:2].astype(np.uint8)])
    assert array.tolist() == np.concatenate([ROWS, ROWS[:2]]).tolist()
    assert array.dtype == np.float64


def test_no_rows_are_an_empty_array() -> None:
    assert spooled("rows", [ROWS[:0]]).shape == (0, 3)
    assert spooled("rows", [ROWS[:0]], size=ROWS.nbytes).shape == (0, 3)


def test_rows_are_held_in_memory_where_no_file_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path / "file"))
    array = spooled("rows", [ROWS])
    assert array.tolist() == ROWS.tolist()
    assert not isinstance(array, np.memmap)


def test_neither_room_on_the_disk_nor_in_memory_is_told_in_one_sentence(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(total=1 << 40, free=1 << 30))
    assert not isinstance(spooled("rows", [ROWS]), np.memmap)
    with pytest.raises(DataError) as caught:
        Spool("the rows", 9 << 30).add(ROWS)
    assert str(caught.value) == (
        f"the rows would take 9.0 GiB of memory, at most 8 GiB are possible, and {cache} has only "
        "1.0 GiB free, of which 1 GiB stay free; make room there, or name another folder with "
        "GPUNET_CACHE"
    )


def test_a_disk_that_fills_up_meanwhile_is_told_in_one_sentence(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool("the rows")
    spool.add(ROWS)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(total=1 << 40, free=1 << 30))
    with pytest.raises(DataError) as caught:
        spool.add(ROWS)
    assert f"the rows is too large for the disk: {cache} has only 1.0 GiB free" in str(caught.value)
    assert list(cache.iterdir()) == []


QUOTA = """
import resource, signal
import numpy as np
from gpunet.datasets.spool import Aside
from gpunet.errors import DataError
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    Aside("the rows").put(np.zeros(1 << 22))
except DataError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no quotas of this kind")
def test_a_quota_of_the_cache_folder_is_told_in_one_sentence(cache: Path) -> None:
    done = subprocess.run([sys.executable, "-c", QUOTA], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"the rows cannot be put into {cache}: ")
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("kind", [np.float32, np.uint8])
def test_mapped_rows_are_converted_into_a_file(tmp_path: Path, kind: Any) -> None:
    rows = mapped(tmp_path / "rows.npy", np.tile(ROWS, (4, 1)))
    result = converted(rows, kind)
    assert result.tolist() == np.tile(ROWS, (4, 1)).tolist()
    assert result.dtype == kind
    assert isinstance(result, np.memmap) == (result.nbytes >= 200)


def test_rows_that_are_as_wanted_stay_where_they_are(tmp_path: Path) -> None:
    rows = mapped(tmp_path / "rows.npy", ROWS)
    assert converted(rows, np.float64) is rows
    assert converted(ROWS, np.float64) is ROWS
    assert Samples(rows, np.zeros(20, np.int32)).single().features.dtype == np.float32


def test_blocks_are_rows_of_bounded_size() -> None:
    narrow, wide = np.zeros((5000, 2)), np.zeros((3, 3 << 21), np.uint8)
    assert list(row_blocks(narrow)) == [slice(0, 4096), slice(4096, 8192)]
    assert list(row_blocks(wide)) == [slice(0, 1), slice(1, 2), slice(2, 3)]
    assert range_of(np.array([[3, -1], [200, 7]], np.int16)) == (-1, 200)


def test_a_mapped_file_that_became_shorter_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    rows = mapped(path, np.zeros((4096, 3)))
    require_whole(rows[10:20].reshape(-1))
    require_whole(ROWS)
    with path.open("r+b") as file:
        file.truncate(50_000)
    with pytest.raises(DataError, match=r"rows.npy has become shorter while it was read; leave"):
        require_whole(rows[10:20].reshape(-1))


def test_a_mapped_file_that_becomes_shorter_between_two_blocks_is_noticed(tmp_path: Path) -> None:
    rows = mapped(tmp_path / "rows.npy", np.zeros((5000, 3)))
    blocks = row_blocks(rows)
    assert rows[next(blocks)].shape == (4096, 3)
    with (tmp_path / "rows.npy").open("r+b") as file:
        file.truncate(50_000)
    with pytest.raises(DataError, match=r"rows.npy has become shorter while it was read"):
        next(blocks)


def test_a_file_that_took_its_name_does_no_harm_to_a_mapped_one(tmp_path: Path) -> None:
    rows = mapped(tmp_path / "rows.npy", ROWS)
    (tmp_path / "short").touch()
    (tmp_path / "short").replace(tmp_path / "rows.npy")
    require_whole(rows)
    assert rows.tolist() == ROWS.tolist()


def test_a_file_that_is_shorter_than_its_array_is_not_mapped(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(bytes(10))
    with pytest.raises(ValueError, match="mmap length is greater than file size"):
        map_array(tmp_path / "short", np.float64, (20, 3))


def test_the_room_of_a_killed_process_is_given_back(cache: Path) -> None:
    code = (
        "import os, numpy as np; from gpunet.datasets import mapped; mapped.LARGE = 200\n"
        "from gpunet.datasets.spool import spooled; rows = spooled('rows', [np.ones((50, 3))])\n"
        "os._exit(len(rows))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 50
    assert list(cache.iterdir()) == []


def test_arrays_put_aside_lie_in_a_file_once_they_are_many(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpunet.datasets.spool.PAGES", 5000)
    aside = Aside("arrays")
    arrays = [
        np.random.default_rng(size).integers(0, 9, (size, 3)).astype(kind)
        for size in (3, 0, 4, 7, 90, 1, 400, 2)
        for kind in (np.uint8, np.float64)
    ]
    put = [aside.put(array) for array in arrays]
    assert [isinstance(array, np.memmap) for array in put[:7]] == [
        False,
        True,
        False,
        False,
        True,
        True,
        True,
    ]
    del aside
    assert [array.tolist() for array in put] == [array.tolist() for array in arrays]
    assert [array.dtype for array in put] == [array.dtype for array in arrays]
    assert list(cache.iterdir()) == []


def test_arrays_put_aside_stay_in_memory_where_no_file_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path / "file"))
    aside = Aside("the arrays")
    assert aside.put(ROWS) is ROWS
    monkeypatch.setattr("gpunet.datasets.spool.MAXIMUM_BYTES", 900)
    with pytest.raises(DataError, match=r"the arrays would take 0.0 GiB of memory, at most 0 GiB"):
        aside.put(ROWS)


def test_rows_taken_of_a_mapped_array_lie_in_a_file_if_they_are_many(tmp_path: Path) -> None:
    rows, numbers = mapped(tmp_path / "rows.npy", ROWS), np.arange(1, 20, 2)
    many = taken(rows, numbers)
    assert many.tolist() == ROWS[1::2].tolist()
    assert isinstance(many, np.memmap)
    few = taken(rows, numbers[:3])
    assert few.tolist() == ROWS[1:6:2].tolist()
    assert not isinstance(few, np.memmap)
    assert not isinstance(taken(ROWS, numbers), np.memmap)
    assert taken(rows, slice(2, 4)).base is not None
