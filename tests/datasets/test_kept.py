from __future__ import annotations

import json
import multiprocessing
import os
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

import gpunet
from gpunet.datasets import kept as kept_module
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.kept import kept_datasets, read_once, remove_kept, room
from gpunet.datasets.kept_file import TRAILER, Facts, read_dataset, write_dataset
from gpunet.datasets.table_columns import Columns, Encoding
from gpunet.errors import DataError, SettingError, spelling
from gpunet.files.typed_json import UnsoundError

LARGE = 300  # bytes that are mapped
LACKING = Columns(("a", "b"), "label", 2, False, False, encodings=(Encoding(0),), missing="mean")
"""Columns of which one may lack numbers."""

DAY = 86_400.0


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of its own, in which whatever is read is kept."""
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GPUNET_CACHE_LIMIT", raising=False)
    monkeypatch.setattr("gpunet.datasets.mapped.LARGE", LARGE)
    monkeypatch.setattr(kept_module, "LEAST_SIZE", 0)
    monkeypatch.setattr(kept_module, "LEAST_SECONDS", 0)
    return tmp_path / "cache"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file that data are read from."""
    path = tmp_path / "data.csv"
    path.write_text("content")
    return path


def dataset(rows: int = 60, **changes: object) -> Dataset:
    """Samples of floats with all that a dataset may have."""
    values = np.random.default_rng(rows).normal(size=(rows, 3)).astype(np.float32)
    train, test = (
        Samples(part, np.arange(len(part), dtype=np.int32) % 2) for part in (values, values[:4])
    )
    whole = Dataset(
        name="data",
        train=train,
        test=test,
        classes=("no", "yes"),
        image_shape=None,
        source="data.csv",
        notice="a notice",
        validation=test[:2],
        columns=Columns(("a", "b", "c"), "label", 3, index=False, grey=False),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def read(path: Path, asked: object = None, then: Callable[[], Dataset] = dataset) -> Dataset:
    """The data at the path; the notice is new where they had to be read."""
    return read_once([path], asked, lambda: replace(then(), source=f"read from {path}"))


def was_read(data: Dataset) -> bool:
    return "is kept in" in (data.notice or "")


def test_what_was_read_once_is_at_hand_with_all_that_it_had(path: Path) -> None:
    first, again = read(path), read(path)
    assert (was_read(first), was_read(again)) == (True, False)
    assert again.fingerprint == dataset().fingerprint
    assert (again.name, again.classes, again.image_shape) == ("data", ("no", "yes"), None)
    assert (again.notice, again.columns) == ("a notice", dataset().columns)
    assert isinstance(again.train.features, np.memmap)
    assert not isinstance(again.test.features, np.memmap)
    assert again.validation is not None
    assert again.validation.labels.tolist() == [0, 1]


def test_targets_and_weights_are_kept(path: Path) -> None:
    def measured() -> Dataset:
        whole = dataset()
        train, test = (
            replace(
                part,
                labels=np.random.default_rng(1).normal(size=(len(part), 2)),
                weights=np.arange(len(part), dtype=np.float32),
            )
            for part in (whole.train, whole.test)
        )
        columns = Columns(
            ("a", "b", "c"), "p", 3, False, False, further=(4,), further_labels=("q",)
        )
        return replace(
            whole,
            train=train,
            test=test,
            validation=None,
            classes=(),
            targets=("p", "q"),
            kind="measured",
            columns=columns,
        )

    assert was_read(read(path, then=measured))
    again = read(path, then=measured)
    assert not was_read(again)
    assert again.fingerprint == measured().fingerprint
    assert (again.kind, again.targets, again.columns) == (
        "measured",
        ("p", "q"),
        measured().columns,
    )
    assert again.test.weights is not None
    assert again.test.weights.tolist() == [0, 1, 2, 3]


def test_a_file_that_changed_is_read_again(path: Path) -> None:
    read(path)
    path.write_text("another")
    os.utime(path, ns=(0, 5))
    assert was_read(read(path))
    assert not was_read(read(path))
    os.utime(path, ns=(0, 6))
    assert was_read(read(path))
    assert len(kept_datasets()) == 1


def test_a_folder_is_read_again_once_a_file_in_it_changed(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    (folder / "cat").mkdir(parents=True)
    (folder / "cat" / "1.png").touch()
    assert was_read(read(folder))
    assert not was_read(read(folder))
    (folder / "cat" / "2.png").touch()
    assert was_read(read(folder))


def test_other_questions_have_other_answers(path: Path) -> None:
    read(path, "label")
    assert was_read(read(path, "another"))
    with spelling(lambda name, value: f"--{name}"):  # which notices hold
        assert was_read(read(path, "label"))
    assert not was_read(read(path, "label"))


def test_other_readers_read_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(path)
    monkeypatch.setattr(kept_module, "_readers", lambda: b"changed")
    assert was_read(read(path))


def test_the_source_is_named_as_the_user_names_it_now(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(path)
    monkeypatch.chdir(path.parent)
    assert read(Path("data.csv")).source == "read from data.csv"


@pytest.mark.parametrize("rows", [2, 60])
def test_a_damaged_file_is_noticed_and_written_anew(path: Path, rows: int) -> None:
    read(path, then=lambda: dataset(rows))
    (kept,) = kept_datasets()
    sound = kept.file.read_bytes()
    held = [0] if rows == 2 else []  # of an array that is not mapped
    places = [*held, *range(sound.rindex(b'{"facts"'), len(sound), 7)]
    for damaged in (
        *(sound[:length] for length in (0, 3, 19, 4096, len(sound) - 1)),
        sound + b"\0",
        *(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :] for at in places),
    ):
        kept.file.write_bytes(damaged)
        again = read(path, then=lambda: dataset(rows))
        assert again.fingerprint == dataset(rows).fingerprint
        assert kept.file.read_bytes() == sound


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders")
def test_a_pipe_in_place_of_what_is_kept_is_not_waited_for(path: Path) -> None:
    read(path)
    (kept,) = kept_datasets()
    kept.file.unlink()
    os.mkfifo(kept.file)
    assert kept_datasets() == ()
    assert was_read(read(path))
    assert kept.file.is_file()


@pytest.mark.parametrize("at", [-1, 3, 1 << 40])
def test_encodings_of_no_column_are_not_trusted(path: Path, at: int) -> None:
    columns = replace(LACKING, encodings=(Encoding(at),))
    facts = Facts(str(path), str(path), "stamp")
    with path.open("wb") as file:
        write_dataset(file, replace(dataset(), columns=LACKING), facts)
    content = path.read_bytes()
    length, _, magic = TRAILER.unpack(content[-TRAILER.size :])
    text = json.loads(content[-TRAILER.size - length : -TRAILER.size])
    text["about"]["columns"] = msgspec.to_builtins(columns)
    edited = json.dumps(text).encode()
    trailer = TRAILER.pack(len(edited), zlib.crc32(edited), magic)
    assert read_dataset(path, facts).columns == LACKING
    path.write_bytes(content[: -TRAILER.size - length] + edited + trailer)
    with pytest.raises(UnsoundError, match="its encodings are not those of 2 columns"):
        read_dataset(path, facts)


def test_links_that_lead_back_are_followed_once(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for name in "abcdefgh":
        (folder / name).symlink_to(folder)
    assert len(list(kept_module._below([folder]))) < 100


def test_nothing_is_kept_that_was_read_at_once_or_is_small(
    path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_module, "LEAST_SECONDS", 10)
    assert read(path).notice == "a notice"
    monkeypatch.setattr(kept_module, "LEAST_SECONDS", 0)
    monkeypatch.setattr(kept_module, "LEAST_SIZE", 1 << 20)
    assert read(path).notice == "a notice"
    assert not cache.exists()


def test_what_lies_ready_in_the_users_file_is_not_kept(tmp_path: Path, cache: Path) -> None:
    images, labels = np.full((100, 8, 8), 9, np.uint8), np.arange(100) % 2
    path = tmp_path / "data.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    data = gpunet.load_dataset(str(path))
    assert isinstance(data.train.features, np.memmap)
    assert (data.notice, (cache / "read").exists()) == (None, False)
    np.savez_compressed(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    assert was_read(gpunet.load_dataset(str(path)))


def test_the_oldest_make_way_for_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / f"{name}.csv" for name in "abc"]
    for age, path in enumerate(paths[:2]):
        path.touch()
        read(path)
        os.utime(next(one for one in kept_datasets() if one.path == path).file, (age * DAY,) * 2)
    read(paths[0])  # which makes it the newer one
    paths[2].touch()
    monkeypatch.setenv("GPUNET_CACHE_LIMIT", str(sum(one.size for one in kept_datasets())))
    read(paths[2])
    assert {one.path.name for one in kept_datasets()} == {"a.csv", "c.csv"}


def test_what_nobody_can_read_is_removed_once_something_is_kept(path: Path, cache: Path) -> None:
    (cache / "read").mkdir(parents=True)
    (cache / "read" / "older.dataset").write_bytes(b"of another version")
    read(path)
    assert [one.file for one in kept_datasets()] == list((cache / "read").iterdir())


def test_what_is_larger_than_the_bound_is_read_anew_each_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPUNET_CACHE_LIMIT", "0.1K")
    for _ in range(2):
        notice = read(path).notice
        assert notice is not None
        assert "; they are read anew each time, for they take 0.0 GiB and GPUNET_CACHE" in notice
    monkeypatch.setenv("GPUNET_CACHE_LIMIT", "0")
    assert read(path).notice == "a notice"


def test_what_cannot_be_written_is_told_and_not_kept(
    path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=1 << 20, total=1 << 40)
    with monkeypatch.context() as patched:
        patched.setattr("shutil.disk_usage", lambda _: usage)
        assert "read anew each time, for" in (read(path).notice or "")
        assert "has only 0.0 GiB free" in (read(path).notice or "")
    cache.mkdir()
    (cache / "read").touch()
    data = read(path)
    assert data.fingerprint == dataset().fingerprint
    assert "what was read is not kept, since" in (data.notice or "")


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1.5k", 1536), ("20G", 20 << 30), ("3 MiB", 3 << 20), ("2TB", 2 << 40)],
)
def test_the_bound_is_a_size(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPUNET_CACHE_LIMIT", text)
    assert room() == size


def test_a_bound_that_is_no_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPUNET_CACHE_LIMIT", "much")
    with pytest.raises(SettingError, match="GPUNET_CACHE_LIMIT is 'much', wanted a size such as"):
        room()


def test_without_a_bound_a_tenth_of_the_disk_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0, total=50 << 30))
    assert room() == 5 << 30
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0, total=9 << 40))
    assert room() == 20 << 30


def test_kept_data_are_removed_by_their_path_or_its_last_part(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.csv"
    other.touch()
    for one in (path, other):
        read(one)
    assert [one.path for one in remove_kept("other.csv")] == [other]
    with pytest.raises(DataError, match=r"nothing of 'other.csv' is kept; see `gpunet datasets"):
        remove_kept("other.csv")
    monkeypatch.chdir(tmp_path)
    assert [one.path for one in remove_kept(Path("./data.csv"))] == [path]
    read(path)
    assert [one.path for one in remove_kept()] == [path]
    assert (kept_datasets(), remove_kept()) == ((), ())
    assert path.exists()


def test_removed_data_can_be_looked_at_as_long_as_they_are_needed(path: Path) -> None:
    data = read(path)
    remove_kept()
    assert data.fingerprint == dataset().fingerprint


def _read_often(path: Path, limit: str, seed: int) -> bool:
    os.environ["GPUNET_CACHE_LIMIT"] = limit
    kept_module.LEAST_SIZE, kept_module.LEAST_SECONDS = 0, 0
    sound = [dataset(rows).fingerprint for rows in range(60, 64)]
    for number in np.random.default_rng(seed).integers(0, 4, 100).tolist():
        data = read_once([path], number, lambda number=number: dataset(60 + number))  # type: ignore[misc]
        if data.fingerprint != sound[number]:
            return False
        if number == seed:
            remove_kept()
    return True


@pytest.mark.parametrize("limit", ["1G", "30K"])
def test_several_processes_keep_and_remove_the_same_data_at_once(path: Path, limit: str) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        done = pool.starmap(_read_often, [(path, limit, seed) for seed in range(2)])
    assert done == [True, True]
