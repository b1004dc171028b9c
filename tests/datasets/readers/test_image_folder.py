from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gpunet.datasets.readers.image_folder import is_image_folder, read_image_folder
from gpunet.errors import DataError


def draw(path: Path, level: int = 0, size: tuple[int, int] = (3, 2), mode: str = "L") -> None:
    """A file of an image of one grey level; size is width and height."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, level).convert(mode).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six images each of the classes 2 and 10, of 3 x 2 pixels, levels 0 to 5 and 100 to 105."""
    for row in range(6):
        draw(tmp_path / "2" / f"{row}.png", row)
        draw(tmp_path / "10" / f"{row}.png", 100 + row)
    return tmp_path


def refusal(root: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_image_folder(root)
    return str(caught.value)


def test_folders_are_classes_and_the_last_sixth_of_each_is_for_testing(folder: Path) -> None:
    dataset = read_image_folder(folder)
    assert ("2", "10") == dataset.classes
    assert [0, 1, 2, 3, 4, 100, 101, 102, 103, 104] == dataset.train.features[:, 0].tolist()
    assert [0] * 5 + [1] * 5 == dataset.train.labels.tolist()
    assert [[5] * 6, [105] * 6] == dataset.test.features.tolist()
    assert [0, 1] == dataset.test.labels.tolist()
    assert (2, 3) == dataset.image_shape
    assert np.uint8 == dataset.train.features.dtype
    assert "the last images of every class, 2 of 12, are for testing" == dataset.notice


def test_train_and_test_folders_are_the_split(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        draw(tmp_path / "train" / name / "a.png", 10)
    draw(tmp_path / "test" / "dog" / "b.png", 20)
    draw(tmp_path / "test" / "cat" / "c.png", 30)
    assert is_image_folder(tmp_path)
    dataset = read_image_folder(tmp_path)
    assert ("cat", "dog") == dataset.classes
    assert [0, 1] == dataset.train.labels.tolist()
    assert [30, 20] == dataset.test.features[:, 0].tolist()
    assert [0, 1] == dataset.test.labels.tolist()
    assert dataset.notice is None


def test_a_train_folder_alone_is_split(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        for row in range(3):
            draw(tmp_path / "train" / name / f"{row}.png")
    dataset = read_image_folder(tmp_path)
    assert (5, 1) == (len(dataset.train), len(dataset.test))


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for name in ("train", "car"):
        for row in range(3):
            draw(tmp_path / name / f"{row}.png")
    assert ("car", "train") == read_image_folder(tmp_path).classes


def test_images_of_another_size_are_brought_to_that_of_the_first(folder: Path) -> None:
    draw(folder / "10" / "0.png", 100, size=(30, 20))
    dataset = read_image_folder(folder)
    assert [100] * 6 == dataset.train.features[5].tolist()
    assert dataset.notice is not None
    assert "1 images were resized to 3 x 2 pixels, the size of 0.png" in dataset.notice


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA", "I;16"])
def test_coloured_images_become_grey(folder: Path, mode: str) -> None:
    if mode == "I;16":
        Image.fromarray(np.full((2, 3), 3 << 8, np.uint16)).save(folder / "2" / "3.png")
    else:
        draw(folder / "2" / "3.png", 3, mode=mode)
    assert [3] * 6 == read_image_folder(folder).train.features[3].tolist()


def test_other_and_hidden_files_are_left_out(folder: Path) -> None:
    expected = read_image_folder(folder).fingerprint()
    (folder / "2" / "notes.txt").write_text("no image")
    (folder / "2" / "._0.png").write_bytes(b"no image")
    (folder / "2" / "more.png").mkdir()
    (folder / "readme.md").write_text("no class")
    (folder / ".cache").mkdir()
    (folder / "empty").mkdir()
    assert expected == read_image_folder(folder).fingerprint()


def test_links_are_followed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    expected = read_image_folder(folder)
    links = tmp_path_factory.mktemp("links")
    (links / "2").symlink_to(folder / "2", target_is_directory=True)
    (links / "10").mkdir()
    for path in (folder / "10").iterdir():
        (links / "10" / path.name).symlink_to(path)
    assert expected.fingerprint() == read_image_folder(links).fingerprint()


def test_progress_ends_with_all_images(folder: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    read_image_folder(folder, lambda *call: calls.append(call))
    assert [("reading images", 0, 12), ("reading images", 12, 12)] == calls


def test_a_broken_link_is_refused(folder: Path) -> None:
    (folder / "2" / "9.png").symlink_to(folder / "gone.png")
    assert "9.png does not exist" in refusal(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_in_the_place_of_an_image_is_refused_at_once(folder: Path) -> None:
    os.mkfifo(folder / "2" / "9.png")
    assert "9.png is not a regular file" in refusal(folder)


def test_an_unreadable_image_is_refused_by_name(folder: Path) -> None:
    (folder / "10" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\nand nothing of use")
    assert "3.png" in refusal(folder)


def test_a_single_class_is_refused(tmp_path: Path) -> None:
    draw(tmp_path / "cat" / "1.png")
    assert "holds only the class 'cat', wanted a folder of images for each" in refusal(tmp_path)


def test_a_class_of_a_single_image_is_refused(folder: Path) -> None:
    draw(folder / "cat" / "1.png")
    assert "holds one image of the class 'cat', wanted two or more" in refusal(folder)


def test_a_class_that_training_lacks_is_refused(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        draw(tmp_path / "train" / name / "a.png")
        draw(tmp_path / "test" / name.upper() / "a.png")
    assert "holds the class 'CAT', which" in refusal(tmp_path)


def test_an_image_of_more_pixels_than_a_network_takes_is_refused(folder: Path) -> None:
    draw(folder / "2" / "0.png", size=(4096, 1025))
    assert "is 4096 x 1025 pixels, more than" in refusal(folder)


def test_a_folder_without_images_is_no_image_folder(tmp_path: Path) -> None:
    assert not is_image_folder(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "notes.txt").write_text("no image")
    assert not is_image_folder(tmp_path)
    assert "holds no folder with images" in refusal(tmp_path)
