from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpunet.datasets.readers import text_rows
from gpunet.datasets.readers.table import find_tables, read_table, read_tables
from gpunet.errors import DataError

IRIS = "species,sepal,petal\n" + "".join(
    f"{name},{5 + row / 10},{row / 4}\n" for name in ("setosa", "virginica") for row in range(6)
)


def written(folder: Path, text: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refusal(path: Path) -> str:
    """The sentence that refuses a file; its path, which it must tell, cut to the file's name."""
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert str(path) in str(caught.value)
    return str(caught.value).replace(str(path), path.name)


def grey_rows(count: int = 12, columns: int = 4) -> str:
    """Rows of whole numbers up to 255, labels 0 and 1 in turn."""
    return "".join(
        ",".join(
            [str(row % 2), *(str((row * 37 + column * 83) % 256) for column in range(columns))]
        )
        + "\n"
        for row in range(count)
    )


def pixel_titles(columns: int) -> str:
    return ",".join(["label", *(f"pixel{column}" for column in range(columns))]) + "\n"


@pytest.mark.parametrize("title", ["pixel0,pixel1", "1x1,1x2", "Pixel_0,Pixel_1"])
def test_grey_levels_in_columns_titled_like_pixels_become_bytes(tmp_path: Path, title: str) -> None:
    dataset = read_table(written(tmp_path, f"label,{title}\n" + "3,0,255\n5,128,1\n" * 3))
    assert np.uint8 == dataset.train.features.dtype
    assert [[0, 255], [128, 1], [0, 255], [128, 1], [0, 255]] == dataset.train.features.tolist()
    assert ("3", "5") == dataset.classes
    assert [0, 1, 0, 1, 0] == dataset.train.labels.tolist()
    assert dataset.image_shape is None
    assert dataset.columns is not None
    assert dataset.columns.grey


def test_grey_levels_of_a_square_image_become_bytes_though_written_with_a_point(
    tmp_path: Path,
) -> None:
    expected = read_table(written(tmp_path, grey_rows(12, 64), "whole.csv"))
    pointed = grey_rows(12, 64).replace(",", ".0,")
    dataset = read_table(written(tmp_path, pointed))
    assert np.uint8 == dataset.train.features.dtype
    assert expected.fingerprint() == dataset.fingerprint()
    assert ("0", "1") == dataset.classes


@pytest.mark.parametrize(
    ("titles", "columns"), [("label,age,pulse,smoker\n", 3), ("", 63), (None, 63)]
)
def test_whole_numbers_up_to_255_of_no_image_are_measured_values(
    tmp_path: Path, titles: str | None, columns: int
) -> None:
    head = pixel_titles(columns).replace("pixel", "x") if titles is None else titles
    dataset = read_table(written(tmp_path, head + grey_rows(12, columns)))
    assert np.float32 == dataset.train.features.dtype
    assert 255 >= dataset.train.features.max() > 127
    assert dataset.columns is not None
    assert not dataset.columns.grey


@pytest.mark.parametrize("rows", ["0,0.5,2\n1,1.5,3\n", "0,-1,200\n1,2,3\n", "0,256,0\n1,2,3\n"])
def test_other_numbers_become_float32(tmp_path: Path, rows: str) -> None:
    dataset = read_table(written(tmp_path, rows * 3))
    expected = np.array([line.split(",")[1:] for line in rows.split()], np.float32)
    assert np.float32 == dataset.train.features.dtype
    assert expected.tolist() == dataset.train.features[:2].tolist()


def test_values_whose_differences_float32_would_blur_stay_float64(tmp_path: Path) -> None:
    rows = [f"{row % 2},{1_700_000_000 + row % 2 * 10 + row / 8},{row / 4}\n" for row in range(12)]
    dataset = read_table(written(tmp_path, "".join(rows)))
    assert np.float64 == dataset.train.features.dtype
    assert 1_700_000_010.125 == dataset.train.features[1, 0]


def test_small_whole_numbers_are_no_grey_levels(tmp_path: Path) -> None:
    dataset = read_table(written(tmp_path, "label,pixel0,pixel1\n" + "0,0,1\n1,1,16\n" * 3))
    assert np.float32 == dataset.train.features.dtype


def test_words_are_classes_in_alphabetical_order(tmp_path: Path) -> None:
    dataset = read_table(written(tmp_path, "b,1.5\na,2.5\n" * 3))
    assert ("a", "b") == dataset.classes
    assert [1, 0, 1, 0, 1] == dataset.train.labels.tolist()


def test_the_last_sixth_of_one_file_is_for_testing_and_the_notice_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, grey_rows(13))
    dataset = read_table(path)
    assert (11, 2) == (len(dataset.train), len(dataset.test))
    assert [1, 0] == dataset.test.labels.tolist()
    assert "data.csv is one file: its last 2 of 13 rows are for testing" == dataset.notice
    assert ("data", str(path)) == (dataset.name, dataset.source)


def test_a_file_sorted_by_class_gives_the_last_rows_of_every_class(tmp_path: Path) -> None:
    dataset = read_table(written(tmp_path, IRIS))
    assert [0, 1] == dataset.test.labels.tolist()
    assert [[5.5, 1.25], [5.5, 1.25]] == dataset.test.features.tolist()
    assert [0] * 5 + [1] * 5 == dataset.train.labels.tolist()
    assert dataset.notice is not None
    assert "sorted by class" in dataset.notice


@pytest.mark.parametrize(
    "header",
    [
        "label,pixel0,pixel1,pixel2,pixel3",
        "label,1x1,1x2,2x1,2x2",
        "label,0,1,2,3",
        "Class,1,2,3,4",
        '"label","a","b","c","d"',
        ",a,b,c,d",
    ],
)
def test_a_header_is_told_from_data(tmp_path: Path, header: str) -> None:
    dataset = read_table(written(tmp_path, f"{header}\n{grey_rows()}"))
    assert (10, 2) == (len(dataset.train), len(dataset.test))
    assert [0, 83, 166, 249] == dataset.train.features[0].tolist()


def test_a_first_row_of_a_word_and_numbers_is_data(tmp_path: Path) -> None:
    dataset = read_table(written(tmp_path, "y,1,2\nn,3,4\n" * 3))
    assert 6 == len(dataset.train) + len(dataset.test)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n\n",
        lambda text: "\n" + text,
        lambda text: text.replace("\n", "\n\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace(",", ", "),
        lambda text: "\n".join(",".join(f'"{c}"' for c in row.split(",")) for row in text.split()),
    ],
)
def test_line_ends_empty_lines_spaces_and_quotes_do_not_matter(tmp_path: Path, change) -> None:  # type: ignore[no-untyped-def]
    expected = read_table(written(tmp_path, grey_rows(), "plain.csv"))
    dataset = read_table(written(tmp_path, change(grey_rows())))
    assert expected.fingerprint() == dataset.fingerprint()


def test_a_quoted_word_may_hold_a_comma(tmp_path: Path) -> None:
    dataset = read_table(written(tmp_path, '"shirt, red",1.5\n"shirt, blue",2.5\n' * 3))
    assert ("shirt, blue", "shirt, red") == dataset.classes


@pytest.mark.parametrize("block", [1, 7, 64])
def test_the_size_of_the_blocks_read_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    text = "label,a,b,c,d\n" + grey_rows(8) + "1,0.5,2,3,4\n" + grey_rows(4)
    path = written(tmp_path, text)
    expected = read_table(path)
    monkeypatch.setattr(text_rows, "BLOCK", block)
    assert expected.fingerprint() == read_table(path).fingerprint()
    assert expected.classes == read_table(path).classes


def test_a_square_number_of_bytes_is_an_image(tmp_path: Path) -> None:
    assert (8, 8) == read_table(written(tmp_path, grey_rows(12, 64))).image_shape
    assert read_table(written(tmp_path, grey_rows(12, 63))).image_shape is None


@pytest.mark.parametrize(
    "names",
    [
        ("train.csv", "test.csv"),
        ("X_train.csv", "X_test.csv"),
        ("mnist_train.csv", "mnist_test.csv"),
    ],
)
def test_a_pair_is_found_and_read_without_a_split(tmp_path: Path, names: tuple[str, str]) -> None:
    assert find_tables(tmp_path) is None
    paths = (
        written(tmp_path, "label,pixel0,pixel1\n0,1,200\n1,2,0\n1,3,0\n", names[0]),
        written(tmp_path, "1,7,8\n", names[1]),
    )
    assert paths == find_tables(tmp_path)
    dataset = read_tables(*paths)
    assert [[1, 200], [2, 0], [3, 0]] == dataset.train.features.tolist()
    assert [[7, 8]] == dataset.test.features.tolist()
    assert np.uint8 == dataset.test.features.dtype
    assert [1] == dataset.test.labels.tolist()
    assert dataset.notice is None


def test_both_files_of_a_pair_have_one_type(tmp_path: Path) -> None:
    train = written(tmp_path, pixel_titles(2) + "0,1,200\n1,2,0\n1,0,0\n", "train.csv")
    test = written(tmp_path, "1,0.5,8\n", "test.csv")
    dataset = read_tables(train, test)
    assert np.float32 == dataset.train.features.dtype
    assert np.float32 == dataset.test.features.dtype


def test_a_pair_with_different_columns_is_refused(tmp_path: Path) -> None:
    train = written(tmp_path, "0,1,2\n1,2,3\n" * 2, "train.csv")
    test = written(tmp_path, "1,7,8,9\n", "test.csv")
    with pytest.raises(DataError, match=r"test.csv has 4 columns, wanted 2 features, or 3 columns"):
        read_tables(train, test)


def test_a_test_word_that_training_lacks_is_refused(tmp_path: Path) -> None:
    train = written(tmp_path, "cat,1.5\ndog,2.5\n" * 2, "train.csv")
    test = written(tmp_path, "head,feature\ncat,1\nDog,7\n", "test.csv")
    with pytest.raises(DataError, match=r"line 3 of .*test.csv is 'Dog', which no training"):
        read_tables(train, test)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("1,2,3", "line 4 of data.csv has 3 columns, wanted 5"),
        ("1,2,3,4,5,6", "line 4 of data.csv has 6 columns, wanted 5"),
        ("1,2,x,4,5", "line 4, column 3 ('b') of data.csv is 'x', wanted a number"),
        ("1,2,,4,5", "line 4, column 3 ('b') of data.csv is empty, wanted a number"),
        ("1,2,1_0,4,5", "line 4, column 3 ('b') of data.csv is '1_0', wanted a number"),
        ("1,2,nan,4,5", "line 4, column 3 ('b') of data.csv is nan, wanted a finite number"),
        ("1,2,3,4,-inf", "line 4, column 5 ('d') of data.csv is -inf, wanted a finite number"),
        ("1,2,3,4,1e39", "line 4, column 5 ('d') of data.csv is 1e39, which is too large"),
        ("1,-1e999,3,4,5", "line 4, column 2 ('a') of data.csv is -1e999, which is too large"),
        ('1,2,"6,700.0",4,5', "line 4, column 3 ('b') of data.csv is '6,700.0', wanted a number"),
        ("0.5,2,3,4,5", "the label in line 4 of data.csv is 0.5, wanted a whole number"),
        ("nan,2,3,4,5", "the label in line 4 of data.csv is nan, wanted a whole number"),
        ("inf,2,3,4,5", "the label in line 4 of data.csv is inf, wanted a whole number"),
        ("cat,2,3,4,5", "the label in line 4 of data.csv is 'cat', wanted a number"),
        (",2,3,4,5", "the label in line 4 of data.csv is '', wanted a number"),
        ("a" * 500 + ",2,3,4,5", "the label in line 4 of data.csv is 500 characters long"),
        ('"1,2,3,4,5', "line 4 of data.csv has 1 columns, wanted 5"),
    ],
)
def test_a_damaged_row_is_refused_with_its_place(tmp_path: Path, row: str, expected: str) -> None:
    text = f"label,a,b,c,d\n0,1,2,3,4\n1,1,2,3,4\n{row}\n" + "0,1,2,3,4\n1,1,2,3,4\n" * 5
    assert expected in refusal(written(tmp_path, text))


@pytest.mark.parametrize("row", ["1,", "1, ", '1,""'])
def test_an_empty_cell_in_the_only_column_is_refused(tmp_path: Path, row: str) -> None:
    text = f"0,0.5\n{row}\n" + "0,1.5\n1,2.5\n" * 3
    assert "line 2, column 2 of data.csv is empty" in refusal(written(tmp_path, text))


def test_an_empty_word_is_refused(tmp_path: Path) -> None:
    assert "line 3 of data.csv is empty" in refusal(written(tmp_path, "a,1\nb,2\n ,3\n" * 3))


def test_skipped_whole_numbers_get_a_notice(tmp_path: Path) -> None:
    dataset = read_table(written(tmp_path, "3,1.5\n8,2.5\n" * 3))
    assert ("3", "8") == dataset.classes
    assert dataset.notice is not None
    assert "the labels leave out numbers between 3 and 8" in dataset.notice


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is empty"),
        ("\n\n", "holds no rows"),
        ("label,a,b\n", "holds no rows"),
        ("1\n2\n3\n", "one column in its first line"),
        ("label,a\n0,1.5\n0,2.5\n1,2.5\n", "holds 3 rows, wanted at least 6"),
        ("label,a\n" + "0,1.5\n" * 9, "holds only the class '0'"),
        ("0,1.5\n" * 9, "does not tell which column is the label"),
        ("a,label\n" + "0,1\n" * 9, "holds only the class '1'"),
        (",label\n" + "".join(f"{row},{row % 2}\n" for row in range(9)), "no column beside"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "is not UTF-8 text"),
        ("0,1\0,2\n", "holds binary data"),
        (IRIS.encode("utf-16"), "is not UTF-8 text"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str | bytes, expected: str) -> None:
    assert expected in refusal(written(tmp_path, text))


CELLS = st.sampled_from(
    ["0", "1", "2", "255", "256", "-1", "0.5", "nan", "1e400", "", " ", "cat", '"a,b"', '"', ",",
     "1_0", "\ufeff", "\x0b", "\x1c", "\u2028", "\u0663", "#", "\n", "\r", "label"]
)  # fmt: skip


@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=12))
def test_any_text_is_a_table_or_refused_in_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes("\n".join(",".join(cells) for cells in rows).encode())
    try:
        dataset = read_table(path)
    except DataError as error:
        message = str(error)
    else:
        message = ""
        for samples in (dataset.train, dataset.test):
            assert len(samples.features) == len(samples.labels)
            assert np.isfinite(samples.features).all()
            assert set(samples.labels.tolist()) <= set(range(len(dataset.classes)))
    assert "\n" not in message


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_rows, "BLOCK", 64)
    monkeypatch.setattr(text_rows, "LONGEST_LINE", 256)
    assert "has a line of more than" in refusal(written(tmp_path, "1," * 5000))


def test_a_table_that_is_too_large_for_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpunet.datasets.readers.files.MAXIMUM_BYTES", 40)
    assert "data.csv would take" in refusal(written(tmp_path, grey_rows(12)))


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "none.csv")
