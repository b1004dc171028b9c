from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from PIL import Image

from gpunet.datasets.readers.path import find_test_table, read_path
from gpunet.datasets.tables.options import TableOptions
from gpunet.errors import DataError, UsageError

NAMES = tuple("abcdefghijkl")
CLASSES = ("cat", "dog")


def draw(folder: Path, names: tuple[str, ...] = NAMES, first: int = 0) -> None:
    """Images of 3 x 2 pixels, whose gray levels count from ``first`` on."""
    folder.mkdir(parents=True, exist_ok=True)
    for level, name in enumerate(names, first):
        Image.new("L", (3, 2), level).save(folder / f"{name}.png")


def table(path: Path, rows: list[str], title: str = "file,label") -> Path:
    path.write_text("\n".join([title, *rows] if title else rows) + "\n")
    return path


def rows(template: str = "{}.png,{}", names: tuple[str, ...] = NAMES) -> list[str]:
    return [template.format(name, CLASSES[row % 2]) for row, name in enumerate(names)]


def refusal(path: Path, label: str | None = None) -> str:
    with pytest.raises(DataError) as caught:
        read_path(path, options=TableOptions(label))
    return str(caught.value)


@pytest.mark.parametrize("folder", [".", "images", "train", "data/images"])
@pytest.mark.parametrize(
    ("template", "title"),
    [
        ("{}.png,{}", "file,label"),
        ("{},{}", "id,breed"),
        ('"{}.png";"{}"', "image;class"),
        ("{}.png,{}", ""),
        ("0,{}.png,{}", ",image,species"),
    ],
)
def test_a_table_tells_the_classes_of_the_images_beside_it(
    tmp_path: Path, folder: str, template: str, title: str
) -> None:
    draw(tmp_path / folder)
    path = table(tmp_path / "labels.csv", rows(template), title)
    dataset = read_path(path)
    assert dataset.classes == CLASSES
    assert dataset.image_shape == (2, 3)
    assert dataset.train.features[:, 0].tolist() == list(range(10))
    assert dataset.train.labels.tolist() == [0, 1] * 5
    assert dataset.test.features[:, 0].tolist() == [10, 11]
    assert dataset.notice == "the last images of every class, 2 of 12, are for testing"
    assert dataset.name == "labels"
    assert dataset.fingerprint == read_path(tmp_path).fingerprint
    assert find_test_table(path) is None


@pytest.mark.parametrize("start", ["images/", "images\\", "./images/"])
def test_names_may_hold_folders(tmp_path: Path, start: str) -> None:
    draw(tmp_path / "images")
    path = table(tmp_path / "labels.csv", rows(f"{start}{{}}.png,{{}}"))
    assert read_path(path).train.features[:, 0].tolist() == list(range(10))


def test_names_that_are_numbers_may_have_lost_their_zeros(tmp_path: Path) -> None:
    names = tuple(f"{row:04}" for row in range(12))
    draw(tmp_path / "images", names)
    path = table(tmp_path / "labels.csv", rows("{},{}", tuple(map(str, range(12)))), "id,label")
    assert read_path(path).train.features[:, 0].tolist() == list(range(10))


@pytest.mark.parametrize("folders", [("train", "test"), ("Training", "Testing")])
def test_a_table_for_each_part_names_the_images_of_its_own_folder(
    tmp_path: Path, folders: tuple[str, str]
) -> None:
    draw(tmp_path / folders[0])
    draw(tmp_path / folders[1], NAMES[:4], 100)
    table(tmp_path / "train.csv", rows())
    table(tmp_path / "test.csv", rows(names=NAMES[:4]))
    dataset = read_path(tmp_path)
    assert dataset.train.features[:, 0].tolist() == list(range(12))
    assert dataset.test.features[:, 0].tolist() == [100, 101, 102, 103]
    assert dataset.name == tmp_path.name
    assert dataset.notice is None


def test_a_table_to_validate_with_is_the_validation_set(tmp_path: Path) -> None:
    draw(tmp_path / "images")
    for part, names in {"train": NAMES[:6], "val": NAMES[6:8], "test": NAMES[8:10]}.items():
        table(tmp_path / f"{part}.csv", rows(names=names))
    dataset = read_path(tmp_path)
    assert dataset.validation is not None
    assert dataset.validation.features[:, 0].tolist() == [6, 7]
    assert dataset.notice == (
        "2 images that train.csv and val.csv and test.csv do not name are left out; the 2 images "
        "that val.csv names are the validation set, in place of validation"
    )


def test_the_label_may_be_any_column(tmp_path: Path) -> None:
    draw(tmp_path)
    path = table(tmp_path / "labels.csv", rows("{}.png,7,{}"), "file,age,race")
    assert "'file') and does not tell which column is the label; there are column 2 ('age')" in (
        refusal(path)
    )
    assert read_path(path, options=TableOptions("race")).classes == CLASSES
    assert read_path(path, options=TableOptions("last")).classes == CLASSES
    with pytest.raises(UsageError, match="'size' names no column"):
        read_path(path, options=TableOptions("size"))


def test_a_packed_table_and_classes_that_are_numbers_are_read(tmp_path: Path) -> None:
    draw(tmp_path)
    text = "id,label\n" + "".join(f"{name},{row % 2 * 9}\n" for row, name in enumerate(NAMES))
    (tmp_path / "labels.csv.gz").write_bytes(gzip.compress(text.encode()))
    dataset = read_path(tmp_path)
    assert dataset.classes == ("0", "9")
    assert dataset.notice is not None
    assert "the labels leave out numbers between 0 and 9" in dataset.notice


def test_images_that_are_missing_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    draw(tmp_path / "images", NAMES[:9])
    path = table(tmp_path / "labels.csv", rows())
    assert f"names 3 images that are not in {tmp_path / 'images'}, 'j.png' the first" in (
        refusal(path)
    )


@pytest.mark.parametrize("start", ["../images", "{}/images", "x/../../images", "..\\\\images"])
def test_images_elsewhere_are_not_opened(tmp_path: Path, start: str) -> None:
    draw(tmp_path / "images")
    draw(tmp_path / "data")
    path = tmp_path / "data" / "labels.csv"
    table(path, rows(f"{start.format(tmp_path)}/{{}}.png,{{}}"))
    assert "names 12 images that are not in" in refusal(path)


def test_images_that_are_not_named_are_counted(tmp_path: Path) -> None:
    draw(tmp_path / "images", (*NAMES, "m", "n"))
    dataset = read_path(table(tmp_path / "labels.csv", rows()))
    assert dataset.notice is not None
    assert dataset.notice.endswith("; 2 images that labels.csv does not name are left out")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_caption_may_have_lines(tmp_path: Path, encoding: str) -> None:
    draw(tmp_path)
    lines = "".join(f'{row},"a ""cat"",\nasleep"\n' for row in rows())
    path = tmp_path / "labels.csv"
    path.write_text("file,label,caption\n" + lines, encoding=encoding)
    captioned = read_path(path)
    table(path, rows())
    assert read_path(path).fingerprint == captioned.fingerprint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("file\n" + "".join(f"{name}.png\n" for name in NAMES), "has no column beside the one"),
        ("file,label\na.png,cat\nb.png\n", "line 3 of .* has 1 columns, wanted 2 as in the first"),
        ("file,label\na.png,cat\nb.png,\nc.png,dog\n", "line 3 of .* is empty, wanted a class"),
        ("file,label\na.png,cat\nb.png,cat\n", "holds only the class 'cat'"),
        ("file,label\na.png,cat\nb.png,dog\n", "holds one image of the class 'dog'"),
        ("file,label\na.png,cat\n" * 2 + "b.png,\xff", "is not UTF-8 text"),
    ],
)
def test_tables_that_cannot_be_are_refused(tmp_path: Path, text: str, expected: str) -> None:
    draw(tmp_path)
    (tmp_path / "labels.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=expected):
        read_path(tmp_path / "labels.csv")


def test_a_table_of_measurements_beside_one_of_images_is_refused(tmp_path: Path) -> None:
    draw(tmp_path)
    table(tmp_path / "train.csv", rows())
    table(tmp_path / "test.csv", ["1.5,0", "2.5,1"], "x,label")
    assert "test.csv names no images, as train.csv does" in refusal(tmp_path)
