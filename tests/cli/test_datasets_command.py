"""``gpunet datasets``; downloading itself is tested with ``gpunet.datasets.download``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gpunet.datasets import catalog

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand


def test_the_list_names_every_dataset_and_whether_it_is_at_hand(gpunet: RunCommand) -> None:
    ran = gpunet("datasets", "list")
    assert (ran.code, ran.err) == (0, "")
    for name in ("mnist", "fashion-mnist", "strokes"):
        assert f"{name}\n" in ran.out
    assert "not downloaded: gpunet datasets download mnist" in ran.out


def test_without_a_subcommand_help_is_printed(gpunet: RunCommand) -> None:
    ran = gpunet("datasets")
    assert (ran.code, ran.err) == (0, "")
    assert "Usage: gpunet datasets" in ran.out


def test_a_dataset_of_images_is_drawn(gpunet: RunCommand, halves: Path) -> None:
    ran = gpunet("datasets", "preview", halves, "--count", "3")
    assert (ran.code, ran.err) == (0, "")
    assert "120 samples to train, 40 to test, 64 features, 2 classes" in ran.out


def test_the_same_seed_shows_the_same_samples(gpunet: RunCommand, halves: Path) -> None:
    one, same, other = (
        gpunet("datasets", "preview", halves, "--count", "3", "--seed", seed).out
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


@pytest.mark.parametrize("name", ["strokes", "no-such-data"])
def test_what_is_not_published_cannot_be_downloaded(gpunet: RunCommand, name: str) -> None:
    ran = gpunet("datasets", "download", name)
    assert ran.code == 2
    assert "wanted one of mnist, fashion-mnist" in ran.failure


def test_a_download_says_where_the_files_are(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[object] = []

    def download(name: str, *, force: bool, progress: object) -> Path:
        asked.append((name, force))
        assert callable(progress)
        progress("downloading mnist", 5, 10)
        progress("downloading mnist", 10, 10)
        return tmp_path

    monkeypatch.setattr("gpunet.datasets.catalog.download", download)
    ran = gpunet("datasets", "download", "mnist", "--force")
    assert (0, f"mnist is in {tmp_path}\n", "") == ran
    assert asked == [("mnist", True)]


def test_a_validation_set_that_the_data_bring_is_counted(
    gpunet: RunCommand, halves: Path, tmp_path: Path
) -> None:
    arrays = dict(np.load(halves))
    held = {"x_val": arrays["x_test"][:30], "y_val": arrays["y_test"][:30]}
    np.savez(tmp_path / "parts.npz", **arrays, **held)
    ran = gpunet("datasets", "preview", tmp_path / "parts.npz", "--count", "3")
    assert (ran.code, ran.err) == (0, "")
    assert "120 samples to train, 30 to validate, 40 to test, 64 features" in ran.out


def test_the_list_tells_each_dataset_s_size_and_whether_it_is_drawn(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = catalog.entries()
    for cached in (False, True):
        offered = tuple(replace(entry, is_cached=cached) for entry in known)
        monkeypatch.setattr(catalog, "entries", lambda offered=offered: offered)
        lines = gpunet("datasets", "list").out.splitlines()
        assert lines[0::4] == [entry.name for entry in known]
        for entry, figures, state in zip(known, lines[2::4], lines[3::4], strict=True):
            sizes = f"{entry.train_count:,} samples to train, {entry.test_count:,} to test"
            assert figures == f"  {sizes}, {entry.size / 2**20:.0f} MiB, {entry.license}"
            missing = f"not downloaded: gpunet datasets download {entry.name}"
            new = missing if entry.is_downloaded else "not yet drawn"
            assert state == f"  {'in the cache' if cached else new}"


def test_a_download_is_not_forced_unless_that_is_asked_for(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[bool] = []

    def download(name: str, *, force: bool, progress: object) -> Path:
        asked.append(force)
        return tmp_path

    monkeypatch.setattr("gpunet.datasets.catalog.download", download)
    assert gpunet("datasets", "download", "mnist").code == 0
    assert asked == [False]


def test_what_is_kept_is_listed_and_removed(
    gpunet: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("gpunet.datasets.kept.LEAST_SIZE", 0)
    monkeypatch.setattr("gpunet.datasets.kept.LEAST_SECONDS", 0)
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path in paths:
        path.write_text("".join(f"{row % 2},{row}.5\n" for row in range(20)))
        assert gpunet("datasets", "preview", str(path)).code == 0
    listed = gpunet("datasets", "list").out
    for path in paths:
        assert f"{path}\n  kept as it was read, " in listed
    assert f"(GPUNET_CACHE_LIMIT) are kept in {tmp_path / 'cache' / 'read'}" in listed
    ran = gpunet("datasets", "remove", "a.csv")
    assert ran.code == 0
    assert ran.out.endswith(f" of {paths[0]}\n")
    assert str(paths[0]) not in gpunet("datasets", "list").out
    ran = gpunet("datasets", "remove", "a.csv")
    says = "error: nothing of 'a.csv' is kept; see `gpunet datasets list`\n"
    assert (1, "", says) == ran
    assert gpunet("datasets", "remove", "--all").out.endswith(f" of {paths[1]}\n")
    assert gpunet("datasets", "remove", "--all") == (0, "nothing is kept\n", "")


@pytest.mark.parametrize("words", [(), ("a.csv", "--all")])
def test_what_is_removed_is_named_or_all(gpunet: RunCommand, words: tuple[str, ...]) -> None:
    says = "error: give either the NAME of what is to be removed or --all\n"
    assert (2, "", says) == gpunet("datasets", "remove", *words)
