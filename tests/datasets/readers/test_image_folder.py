from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gpunet.datasets.readers.image_folder import is_image_folder, read_image_folder
from gpunet.errors import DataError


def draw(path: Path, level: int = 0, size: tuple[int, int] = (3, 2), mode: str = "L") -> None:
    """A file of an image of one gray level; size is width and height."""
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
    assert dataset.classes == ("2", "10")
    assert dataset.train.features[:, 0].tolist() == [0, 1, 2, 3, 4, 100, 101, 102, 103, 104]
    assert dataset.train.labels.tolist() == [0] * 5 + [1] * 5
    assert dataset.test.features.tolist() == [[5] * 6, [105] * 6]
    assert dataset.test.labels.tolist() == [0, 1]
    assert dataset.image_shape == (2, 3)
    assert np.uint8 == dataset.train.features.dtype
    assert dataset.notice == "the last images of every class, 2 of 12, are for testing"


def test_train_and_test_folders_are_the_split(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        draw(tmp_path / "train" / name / "a.png", 10)
    draw(tmp_path / "test" / "dog" / "b.png", 20)
    draw(tmp_path / "test" / "cat" / "c.png", 30)
    assert is_image_folder(tmp_path)
    dataset = read_image_folder(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert dataset.train.labels.tolist() == [0, 1]
    assert dataset.test.features[:, 0].tolist() == [30, 20]
    assert dataset.test.labels.tolist() == [0, 1]
    assert dataset.notice is None


def test_a_train_folder_alone_is_split(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        for row in range(3):
            draw(tmp_path / "train" / name / f"{row}.png")
    dataset = read_image_folder(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (5, 1)


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for name in ("train", "car"):
        for row in range(3):
            draw(tmp_path / name / f"{row}.png")
    assert read_image_folder(tmp_path).classes == ("car", "train")


@pytest.mark.parametrize("size", [(30, 20), (1, 1)])
def test_images_are_brought_to_the_commonest_size(folder: Path, size: tuple[int, int]) -> None:
    draw(folder / "10" / "0.png", 100, size=size)  # the first file that is read
    draw(folder / "2" / "5.png", 5, size=(4, 4))
    dataset = read_image_folder(folder)
    assert dataset.image_shape == (2, 3)
    assert dataset.train.features[5].tolist() == [100] * 6
    assert dataset.notice is not None
    assert dataset.notice.endswith(
        "; 2 of 12 images were resized to 3 x 2 pixels, the commonest size"
    )


def test_of_sizes_that_are_equally_common_the_middle_one_counts(tmp_path: Path) -> None:
    for row, side in enumerate((1, 90, 8, 7, 9, 10)):
        draw(tmp_path / "ab"[row % 2] / f"{row}.png", size=(side, side))
    assert read_image_folder(tmp_path).image_shape == (8, 8)


def test_the_size_of_an_image_is_that_of_its_upright_view(folder: Path) -> None:
    for path in folder.glob("*/*.png"):
        lying = Image.new("L", (2, 3))
        lying.getexif()[0x0112] = 6
        lying.save(path, exif=lying.getexif())
    dataset = read_image_folder(folder)
    assert dataset.image_shape == (2, 3)
    assert dataset.notice == "the last images of every class, 2 of 12, are for testing"


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA", "I;16"])
def test_colored_images_become_grey(folder: Path, mode: str) -> None:
    if mode == "I;16":
        Image.fromarray(np.full((2, 3), 3 << 8, np.uint16)).save(folder / "2" / "3.png")
    else:
        draw(folder / "2" / "3.png", 3, mode=mode)
    assert read_image_folder(folder).train.features[3].tolist() == [3] * 6


def test_other_and_hidden_files_are_left_out(folder: Path) -> None:
    expected = read_image_folder(folder).fingerprint
    (folder / "2" / "notes.txt").write_text("no image")
    (folder / "2" / "._0.png").write_bytes(b"no image")
    (folder / "2" / "more.png").mkdir()
    (folder / "readme.md").write_text("no class")
    (folder / ".cache").mkdir()
    (folder / "empty").mkdir()
    assert expected == read_image_folder(folder).fingerprint


def test_colors_that_are_turned_to_grey_are_told_of(folder: Path) -> None:
    Image.new("RGB", (3, 2), (200, 20, 20)).save(folder / "2" / "0.png")
    Image.new("RGB", (3, 2), (20, 150, 20)).convert("P").save(folder / "10" / "0.png")
    Image.new("RGB", (3, 2), (255, 250, 235)).save(folder / "2" / "1.png")  # yellowed paper
    Image.new("RGBA", (3, 2), (255, 0, 0, 0)).save(folder / "2" / "2.png")  # nothing to be seen
    notice = read_image_folder(folder).notice
    assert notice is not None
    assert notice.endswith("; 2 of 12 images are colored and are turned to gray")


def test_images_that_are_left_out_are_told_of(folder: Path) -> None:
    expected = read_image_folder(folder)
    for name in ("0.heic", "1.HEIC", "2.svg"):
        (folder / "2" / name).write_bytes(b"of a kind that is not read")
    draw(folder / "cover.png")
    draw(folder / "2" / "more" / "a.png")
    draw(folder / "test" / "a" / "b" / "1.png")
    dataset = read_image_folder(folder)
    assert expected.fingerprint == dataset.fingerprint
    assert dataset.notice == (
        f"{expected.notice}; 3 images that are in no folder of a class, such as '2/more/a.png', "
        "are left out; 3 images of kinds that are not read (.heic, .svg) are left out"
    )


def test_a_class_of_images_that_are_not_read_is_refused(folder: Path) -> None:
    (folder / "3").mkdir()
    (folder / "3" / "0.heic").write_bytes(b"of a kind that is not read")
    assert "3 holds only images of kinds that are not read (.heic); save them" in refusal(folder)


@pytest.mark.parametrize(
    ("train", "val", "test"),
    [("train", "val", "test"), ("Training", "VALID", "Testing"), ("TRAIN", "validation", "Test")],
)
@pytest.mark.parametrize("around", ["", "digits", "archive/digits"])
def test_the_parts_are_found_by_their_names(
    tmp_path: Path, around: str, train: str, val: str, test: str
) -> None:
    (tmp_path / "readme.txt").write_text("about the images")
    for level, name in enumerate(("cat", "dog")):
        draw(tmp_path / around / train / name / "a.png", 10 + level)
        draw(tmp_path / around / val / name / "b.png", 20 + level)
        draw(tmp_path / around / val / name / "c.png", 30 + level)
        draw(tmp_path / around / test / name / "d.png", 40 + level)
    assert is_image_folder(tmp_path)
    dataset = read_image_folder(tmp_path)
    assert dataset.train.features[:, 0].tolist() == [10, 11]
    assert dataset.test.features[:, 0].tolist() == [40, 41]
    assert dataset.validation is not None
    assert dataset.validation.features[:, 0].tolist() == [20, 30, 21, 31]
    assert dataset.validation.labels.tolist() == [0, 0, 1, 1]
    assert dataset.notice == (
        f"the 4 images in {val}/ are the validation set, in place of validation"
    )


def test_without_a_test_folder_the_training_images_are_split(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        for row in range(6):
            draw(tmp_path / "train" / name / f"{row}.png", row)
        draw(tmp_path / "val" / name / "0.png", 9)
    dataset = read_image_folder(tmp_path)
    assert dataset.validation is not None
    assert (len(dataset.train), len(dataset.test), len(dataset.validation)) == (10, 2, 2)
    assert dataset.notice == (
        "the last images of every class, 2 of 12, are for testing; "
        "the 2 images in val/ are the validation set, in place of validation"
    )


def test_the_images_of_a_class_may_lie_one_folder_deeper(tmp_path: Path) -> None:
    for part in ("train", "val"):
        for name in ("n01443537", "n01629819"):
            for row in range(2):
                draw(tmp_path / part / name / "images" / f"{row}.png")
    dataset = read_image_folder(tmp_path)
    assert dataset.classes == ("n01443537", "n01629819")
    assert len(dataset.train) + len(dataset.test) == 4


def test_a_test_folder_without_classes_is_told_of(folder: Path) -> None:
    (folder / "train").mkdir()
    for name in ("2", "10"):
        (folder / name).rename(folder / "train" / name)
    draw(folder / "test" / "1.png")
    dataset = read_image_folder(folder)
    assert (len(dataset.train), len(dataset.test)) == (10, 2)
    assert dataset.notice is not None
    assert "1 images that are in no folder of a class, such as 'test/1.png'" in dataset.notice


def test_images_without_classes_in_the_folders_of_the_parts_are_refused(tmp_path: Path) -> None:
    for part in ("train", "test"):
        for name in ("cat.0", "dog.0"):
            draw(tmp_path / part / f"{name}.png")
    assert "holds images right in test/ and train/, wanted a folder for each class" in refusal(
        tmp_path
    )


def test_two_folders_of_the_same_part_are_refused(folder: Path) -> None:
    for part in ("train", "training"):
        for name in ("cat", "dog"):
            draw(folder / part / name / "a.png")
    assert "holds both train and training, wanted one" in refusal(folder)


def test_links_are_followed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    expected = read_image_folder(folder)
    links = tmp_path_factory.mktemp("links")
    (links / "2").symlink_to(folder / "2", target_is_directory=True)
    (links / "10").mkdir()
    for path in (folder / "10").iterdir():
        (links / "10" / path.name).symlink_to(path)
    assert expected.fingerprint == read_image_folder(links).fingerprint


def test_progress_ends_with_all_images(folder: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    read_image_folder(folder, lambda *call: calls.append(call))
    assert calls == [("reading images", 0, 12), ("reading images", 12, 12)]


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
    for path in folder.glob("*/*.png"):
        draw(path, size=(4096, 1025))
    assert "is 4096 x 1025 pixels, as most images are, more than" in refusal(folder)


def test_a_folder_without_images_is_no_image_folder(tmp_path: Path) -> None:
    assert not is_image_folder(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "notes.txt").write_text("no image")
    assert not is_image_folder(tmp_path)
    assert "holds no folder with images" in refusal(tmp_path)


def test_a_folder_beside_the_images_of_a_class_does_not_take_their_place(folder: Path) -> None:
    draw(folder / "2" / "old" / "0.png", 77)
    dataset = read_image_folder(folder)
    assert len(dataset.train) + len(dataset.test) == 12
    assert 77 not in dataset.train.features
    assert dataset.notice is not None
    assert "1 images that are in no folder of a class, such as '2/old/0.png'" in dataset.notice
