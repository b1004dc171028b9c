from __future__ import annotations

import gzip
import hashlib
import struct
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from gpunet.datasets import catalog, strokes
from gpunet.datasets.catalog import download, entries, names, open_dataset
from gpunet.datasets.download import Limits, PublishedFile, obtain
from gpunet.errors import DataError, DownloadError, OutputError, UsageError

QUICK = Limits(first_answer=1.0, silence=0.2, pause=0.01)

NOWHERE = ("http://127.0.0.1:9/",)
"""A mirror on a port of this machine that nothing listens at."""


def contents() -> dict[str, bytes]:
    """Four IDX files: ten training images and ten test images of 2 x 2 pixels."""
    images = struct.pack(">IIII", 2051, 10, 2, 2) + bytes(range(40))
    labels = struct.pack(">II", 2049, 10) + bytes(range(10))
    return {
        "train-images-idx3-ubyte": images,
        "train-labels-idx1-ubyte": labels,
        "t10k-images-idx3-ubyte": images,
        "t10k-labels-idx1-ubyte": labels,
    }


@pytest.fixture(autouse=True)
def small_and_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publishes small files where nobody answers, and draws few digits by default."""
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(catalog, "obtain_published", partial(obtain, limits=QUICK))
    files = tuple(
        PublishedFile(name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in contents().items()
    )
    for name, offer in catalog._OFFERS.items():
        monkeypatch.setitem(catalog._OFFERS, name, replace(offer, mirrors=NOWHERE, files=files))
    monkeypatch.setattr(catalog, "STROKES_TRAIN", 30)
    monkeypatch.setattr(catalog, "STROKES_TEST", 20)


def fill(cache: Path, name: str) -> None:
    (cache / name).mkdir()
    for file, content in contents().items():
        (cache / name / f"{file}.gz").write_bytes(gzip.compress(content))


def test_a_published_dataset_is_read_from_the_cache(tmp_path: Path) -> None:
    fill(tmp_path, "mnist")
    dataset = open_dataset("mnist")
    assert dataset.name == "mnist"
    assert list(range(40)) == dataset.train.features.reshape(-1).tolist()
    assert tuple("0123456789") == dataset.classes
    assert dataset.image_shape == (2, 2)
    assert "CC BY-SA 3.0" in dataset.source
    assert dataset.notice is None


def test_fashion_mnist_has_names_for_its_classes(tmp_path: Path) -> None:
    fill(tmp_path, "fashion-mnist")
    dataset = open_dataset("fashion-mnist")
    assert len(dataset.classes) == 10
    assert (dataset.classes[0], dataset.classes[9]) == ("T-shirt/top", "Ankle boot")


def test_a_dataset_that_is_not_at_hand_is_refused() -> None:
    with pytest.raises(DownloadError, match="could not be downloaded"):
        open_dataset("mnist")


def test_auto_is_mnist_if_it_is_at_hand(tmp_path: Path) -> None:
    fill(tmp_path, "mnist")
    dataset = open_dataset("auto")
    assert dataset.name == "mnist"
    assert dataset.notice is None


def test_auto_is_strokes_without_mnist_and_says_so(tmp_path: Path) -> None:
    dataset = open_dataset("auto")
    assert dataset.name == "strokes"
    assert dataset.notice is not None
    assert "MNIST is not cached" in dataset.notice
    assert "gpunet datasets download mnist" in dataset.notice
    assert str(tmp_path / "mnist") in dataset.notice


def test_strokes_are_drawn_from_two_seeds() -> None:
    dataset = open_dataset("strokes")
    images, labels = strokes.generate(30, 1)
    assert np.array_equal(images, dataset.train.features)
    assert labels.tolist() == dataset.train.labels.tolist()
    images, labels = strokes.generate(20, 2)
    assert np.array_equal(images, dataset.test.features)
    assert labels.tolist() == dataset.test.labels.tolist()
    assert tuple("0123456789") == dataset.classes
    assert dataset.image_shape == (28, 28)
    assert dataset.notice is None


@pytest.mark.parametrize(
    ("name", "counts"), [("strokes:40", (40, 20)), ("strokes:25+15", (25, 15))]
)
def test_other_numbers_of_strokes_are_drawn_on_request(name: str, counts: tuple[int, int]) -> None:
    dataset = open_dataset(name)
    assert counts == (len(dataset.train), len(dataset.test))
    assert np.array_equal(strokes.generate(counts[0], 1)[0], dataset.train.features)


def test_drawing_in_parts_gives_the_same_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = open_dataset("strokes").fingerprint
    monkeypatch.setattr(catalog, "DRAWN_AT_ONCE", 7)
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path / "another"))
    assert expected == open_dataset("strokes").fingerprint


@pytest.mark.parametrize(
    "name", ["strokes:0", "strokes:9+20", "strokes:20+9", "strokes:2000000", "strokes:999999999"]
)
def test_numbers_of_strokes_out_of_range_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="is out of range"):
        open_dataset(name)


def test_drawn_digits_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = open_dataset("strokes")
    monkeypatch.setattr(strokes, "generate", None)
    kept = open_dataset("strokes")
    assert expected.fingerprint == kept.fingerprint
    assert (expected.name, expected.source) == (kept.name, kept.source)


def test_damaged_drawn_digits_are_drawn_again(tmp_path: Path) -> None:
    expected = open_dataset("strokes").fingerprint
    (path,) = (tmp_path / "strokes").iterdir()
    path.write_bytes(path.read_bytes()[:5000])
    assert expected == open_dataset("strokes").fingerprint


def test_other_pens_do_not_find_the_digits_of_these(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_dataset("strokes")
    pens = tmp_path / "digits.json"
    pens.write_text("other pens")
    monkeypatch.setattr(catalog, "data_file", lambda *_: pens)
    assert not entries()[-1].is_cached


def test_progress_is_told_while_digits_are_drawn() -> None:
    calls: list[tuple[str, int, int]] = []
    open_dataset("strokes", progress=lambda *call: calls.append(call))
    assert calls[0] == ("drawing digits", 0, 50)
    assert calls[-1] == ("drawing digits", 50, 50)


def test_a_cache_that_cannot_be_written_to_costs_only_a_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path / "file"))
    dataset = open_dataset("strokes")
    assert (len(dataset.train), len(dataset.test)) == (30, 20)
    assert dataset.notice is not None
    assert "the drawn digits are not kept" in dataset.notice


def test_a_path_is_read(tmp_path: Path) -> None:
    (tmp_path / "iris.csv").write_text("0,1.5\n1,2.5\n" * 6)
    assert open_dataset(str(tmp_path / "iris.csv")).name == "iris"


@pytest.mark.parametrize("name", ["mnits", "Mnist", "fashion_mnist"])
def test_a_mistyped_name_gets_a_suggestion(name: str) -> None:
    with pytest.raises(DataError, match=r"is neither a dataset .* did you mean '.*mnist'\?"):
        open_dataset(name)


def test_a_mistyped_path_gets_the_closest_one_beside_it(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").touch()
    with pytest.raises(DataError, match=r"did you mean '.*sales\.csv'\?$"):
        open_dataset(str(tmp_path / "slaes.csv"))


@pytest.mark.parametrize(
    "name", ["no/such/folder", "", "a\0b", "x" * 5000, "~nobody-of-that-name/x"]
)
def test_what_is_no_path_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="is neither a dataset"):
        open_dataset(name)


def test_the_list_tells_what_is_cached(tmp_path: Path) -> None:
    assert [entry.name for entry in entries()] == ["mnist", "fashion-mnist", "strokes"]
    assert [entry.is_cached for entry in entries()] == [False, False, False]
    fill(tmp_path, "mnist")
    open_dataset("strokes")
    assert [entry.is_cached for entry in entries()] == [True, False, True]
    assert {"auto", *(entry.name for entry in entries())} == set(names())


def test_downloading_what_is_there_only_checks_it(tmp_path: Path) -> None:
    fill(tmp_path, "mnist")
    assert tmp_path / "mnist" == download("mnist")


def test_downloading_with_force_fetches_what_is_there(tmp_path: Path) -> None:
    fill(tmp_path, "mnist")
    with pytest.raises(DownloadError, match="could not be downloaded"):
        download("mnist", force=True)


@pytest.mark.parametrize("name", ["strokes", "auto", "imagenet"])
def test_downloading_what_is_not_published_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="wanted one of mnist, fashion-mnist"):
        download(name)


def test_downloading_into_a_cache_that_cannot_be_written_to_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "mnist")
    found = obtain(catalog._OFFERS["mnist"], tmp_path / "mnist")
    unkept = replace(found, notice="the download is not kept")
    monkeypatch.setattr(catalog, "obtain_published", lambda *_, **__: unkept)
    with pytest.raises(OutputError, match="is not kept"):
        download("mnist")
