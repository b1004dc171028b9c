from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.datasets.refusals import refusal

from gpunet.datasets.table_columns import Columns
from gpunet.datasets.tables import text_rows
from gpunet.datasets.tables.model_rows import read_row_blocks, read_rows
from gpunet.datasets.tables.options import TableOptions
from gpunet.datasets.tables.table import read_table
from gpunet.datasets.tables.table_names import find_tables
from gpunet.errors import DataError, UsageError

IRIS = "species,sepal,petal\n" + "".join(
    f"{name},{5 + row / 10},{row / 4}\n" for name in ("setosa", "virginica") for row in range(6)
)


def written(folder: Path, text: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


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
    assert dataset.train.features.tolist() == [[0, 255], [128, 1], [0, 255], [128, 1], [0, 255]]
    assert dataset.classes == ("3", "5")
    assert dataset.train.labels.tolist() == [0, 1, 0, 1, 0]
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
    assert expected.fingerprint == dataset.fingerprint
    assert dataset.classes == ("0", "1")


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


@pytest.mark.parametrize("lacking", [0, 3])
def test_a_missing_cell_does_not_hide_what_float32_would_blur(tmp_path: Path, lacking: int) -> None:
    times = [str(1_600_000_000 + 60 * row) for row in range(12)]
    times[lacking] = ""
    text = "time,label\n" + "".join(f"{time},{row % 2}\n" for row, time in enumerate(times))
    dataset = read_table(written(tmp_path, text))
    assert np.float64 == dataset.train.features.dtype
    assert dataset.train.features[4, 0] == 1_600_000_240


def test_values_whose_differences_float32_would_blur_stay_float64(tmp_path: Path) -> None:
    rows = [f"{row % 2},{1_700_000_000 + row % 2 * 10 + row / 8},{row / 4}\n" for row in range(12)]
    dataset = read_table(written(tmp_path, "".join(rows)))
    assert np.float64 == dataset.train.features.dtype
    assert dataset.train.features[1, 0] == 1_700_000_010.125


def test_small_whole_numbers_are_no_grey_levels(tmp_path: Path) -> None:
    dataset = read_table(written(tmp_path, "label,pixel0,pixel1\n" + "0,0,1\n1,1,16\n" * 3))
    assert np.float32 == dataset.train.features.dtype


def test_words_are_classes_in_alphabetical_order(tmp_path: Path) -> None:
    dataset = read_table(written(tmp_path, "b,1.5\na,2.5\n" * 3))
    assert dataset.classes == ("a", "b")
    assert dataset.train.labels.tolist() == [1, 0, 1, 0, 1]


def test_the_last_sixth_of_one_file_is_for_testing_and_the_notice_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, grey_rows(13))
    dataset = read_table(path)
    assert (len(dataset.train), len(dataset.test)) == (11, 2)
    assert dataset.test.labels.tolist() == [1, 0]
    assert dataset.notice == "data.csv is one file: the last 2 of 13 rows are for testing"
    assert ("data", str(path)) == (dataset.name, dataset.source)


def test_a_file_sorted_by_class_gives_the_last_rows_of_every_class(tmp_path: Path) -> None:
    dataset = read_table(written(tmp_path, IRIS))
    assert dataset.test.labels.tolist() == [0, 1]
    assert dataset.test.features.tolist() == [[5.5, 1.25], [5.5, 1.25]]
    assert dataset.train.labels.tolist() == [0] * 5 + [1] * 5
    assert (
        dataset.notice
        == "data.csv is one file: the last rows of every class, 2 of 12 in all, are for testing"
    )


def test_a_class_whose_rows_come_last_is_trained_on(tmp_path: Path) -> None:
    text = "".join(f"{row % 2},{row}.5\n" for row in range(48)) + "2,60.5\n" * 8
    dataset = read_table(written(tmp_path, text))
    assert np.bincount(dataset.train.labels).tolist() == [20, 20, 7]
    assert np.bincount(dataset.test.labels).tolist() == [4, 4, 1]


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
    assert (len(dataset.train), len(dataset.test)) == (10, 2)
    assert dataset.train.features[0].tolist() == [0, 83, 166, 249]


def test_a_first_row_of_a_word_and_numbers_is_data(tmp_path: Path) -> None:
    dataset = read_table(written(tmp_path, "y,1,2\nn,3,4\n" * 3))
    assert len(dataset.train) + len(dataset.test) == 6


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
    assert expected.fingerprint == dataset.fingerprint


def test_a_quoted_word_may_hold_a_comma(tmp_path: Path) -> None:
    dataset = read_table(written(tmp_path, '"shirt, red",1.5\n"shirt, blue",2.5\n' * 3))
    assert dataset.classes == ("shirt, blue", "shirt, red")


@pytest.mark.parametrize("block", [1, 7, 64])
def test_the_size_of_the_blocks_read_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    text = "label,a,b,c,d\n" + grey_rows(8) + "1,0.5,2,3,4\n" + grey_rows(4)
    path = written(tmp_path, text)
    expected = read_table(path)
    monkeypatch.setattr(text_rows, "BLOCK", block)
    assert expected.fingerprint == read_table(path).fingerprint
    assert expected.classes == read_table(path).classes


def test_a_square_number_of_bytes_is_an_image(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, grey_rows(12, 64))).image_shape == (8, 8)
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
    dataset = read_table(paths[0], test=paths[1])
    assert dataset.train.features.tolist() == [[1, 200], [2, 0], [3, 0]]
    assert dataset.test.features.tolist() == [[7, 8]]
    assert np.uint8 == dataset.test.features.dtype
    assert dataset.test.labels.tolist() == [1]
    assert dataset.notice is None


def test_both_files_of_a_pair_have_one_type(tmp_path: Path) -> None:
    train = written(tmp_path, pixel_titles(2) + "0,1,200\n1,2,0\n1,0,0\n", "train.csv")
    test = written(tmp_path, "1,0.5,8\n", "test.csv")
    dataset = read_table(train, test=test)
    assert np.float32 == dataset.train.features.dtype
    assert np.float32 == dataset.test.features.dtype


def test_a_pair_with_different_columns_is_refused(tmp_path: Path) -> None:
    train = written(tmp_path, "0,1,2\n1,2,3\n" * 2, "train.csv")
    test = written(tmp_path, "1,7,8,9\n", "test.csv")
    with pytest.raises(DataError, match=r"test.csv has 4 columns, wanted 2 features, or 3 columns"):
        read_table(train, test=test)


def test_a_test_word_that_training_lacks_is_refused(tmp_path: Path) -> None:
    train = written(tmp_path, "cat,1.5\ndog,2.5\n" * 2, "train.csv")
    test = written(tmp_path, "head,feature\ncat,1\nDog,7\n", "test.csv")
    with pytest.raises(DataError, match=r"line 3 of .*test.csv is 'Dog', which no training"):
        read_table(train, test=test)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("1,2,3", "line 4 of data.csv has 3 columns, wanted 5"),
        ("1,2,3,4,5,6", "line 4 of data.csv has 6 columns, wanted 5"),
        ("1,x,3,4,5", "line 4, column 2 ('a') of data.csv is 'x', wanted a number as in most rows"),
        ("1,1_0,3,4,5", "line 4, column 2 ('a') of data.csv is '1_0', wanted a number"),
        ("1,2,3,4,-inf", "line 4, column 5 ('d') of data.csv is -inf, wanted a finite number"),
        ("1,2,3,4,1e39", "line 4, column 5 ('d') of data.csv is 1e39, which is too large"),
        ("1,-1e999,3,4,5", "line 4, column 2 ('a') of data.csv is -1e999, which is too large"),
        ('1,2,"6,700.0",4,5', "line 4, column 3 ('b') of data.csv is '6,700.0', wanted a number"),
        ("0.5,2,3,4,5", "the label in line 4 of data.csv is 0.5, wanted a whole number"),
        ("inf,2,3,4,5", "the label in line 4 of data.csv is inf, wanted a whole number"),
        ("cat,2,3,4,5", "the label in line 4 of data.csv is 'cat', wanted a number"),
        ("a" * 500 + ",2,3,4,5", "the label in line 4 of data.csv is 500 characters long"),
        ('"1,2,3,4,5', "line 4 of data.csv opens a quote that nothing closes"),
    ],
)
def test_a_damaged_row_is_refused_with_its_place(tmp_path: Path, row: str, expected: str) -> None:
    text = f"label,a,b,c,d\n0,1,2,3,4\n1,1,2,3,4\n{row}\n" + "0,1.5,2,3,4\n1,2.5,2,3,4\n" * 5
    assert expected in refusal(written(tmp_path, text))


@pytest.mark.parametrize("row", ["1,", "1, ", '1,""'])
def test_an_empty_cell_in_the_only_column_is_refused(tmp_path: Path, row: str) -> None:
    text = f"0,0.5\n{row}\n" + "0,1.5\n1,2.5\n" * 3
    said = refusal(written(tmp_path, text), TableOptions(missing="refuse"))
    assert "line 2, column 2 of data.csv is missing, wanted a number" in said


def test_skipped_whole_numbers_get_a_notice(tmp_path: Path) -> None:
    dataset = read_table(written(tmp_path, "3,1.5\n8,2.5\n" * 3))
    assert dataset.classes == ("3", "8")
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
        (IRIS.encode("utf-16-le"), "holds binary data"),
        (IRIS.encode("utf-16")[:-1], "is not UTF-8 text"),
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
    monkeypatch.setattr("gpunet.datasets.spool.MAXIMUM_BYTES", 40)
    assert "data.csv would take" in refusal(written(tmp_path, grey_rows(12)))


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "none.csv")


@given(
    names=st.sets(
        st.text(st.sampled_from("abcdefghé "), min_size=1, max_size=40)
        .map(str.strip)
        .filter(lambda name: bool(name) and name.isalpha()),
        min_size=2,
        max_size=12,
    ),
    data=st.data(),
)
def test_class_names_may_be_long(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], data: st.DataObject
) -> None:
    drawn = data.draw(st.lists(st.sampled_from(sorted(names)), min_size=1, max_size=4))
    ordered = data.draw(st.permutations([*names, *names]))
    folder = tmp_path_factory.mktemp("pair")
    text = "".join(f"{name},{row}.5\n" for row, name in enumerate(ordered))
    train = written(folder, "label,a\n" + text, "train.csv")
    test = written(folder, "".join(f"{name},1.5\n" for name in drawn), "test.csv")
    dataset = read_table(train, test=test)
    assert tuple(sorted(names)) == dataset.classes
    assert ordered == [dataset.classes[label] for label in dataset.train.labels]
    assert drawn == [dataset.classes[label] for label in dataset.test.labels]


TRAIN = "id,a,species,b\n" + "".join(
    f"{row},{row / 4},{'xyz'[row % 3]},{row % 7}.5\n" for row in range(12)
)


@pytest.mark.parametrize(
    "test",
    [
        "id,a,species,b\n12,1.25,y,2.5\n13,2.5,z,3.5\n",
        "b,species,a\n2.5,y,1.25\n3.5,z,2.5\n",
        "species;b;a\ny;2,5;1,25\nz;3,5;2,5\n",
        "note,b,species,a,c\nfine,2.5,y,1.25,0\n,3.5,z,2.5,0\n",
        "12,1.25,y,2.5\n13,2.5,z,3.5\n",
    ],
)
def test_the_columns_of_a_pair_are_matched_by_their_titles(tmp_path: Path, test: str) -> None:
    paths = written(tmp_path, TRAIN, "train.csv"), written(tmp_path, test, "test.csv")
    dataset = read_table(paths[0], test=paths[1])
    assert dataset.test.features.tolist() == [[1.25, 2.5], [2.5, 3.5]]
    assert dataset.test.labels.tolist() == [1, 2]
    assert dataset.train.features[1].tolist() == [0.25, 1.5]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("id,species,b\n1,x,2\n", "lacks 1 of 2 columns that were trained on, 'a';"),
        ("A,species,B\n1,x,2\n", "lacks 2 of 2 columns that were trained on, 'a', 'b';"),
        ("id,a,kind,b\n7,1,x,2\n", "has no column 'species' for the label"),
        ("a,a,b,species\n1,2,3,x\n", "has two columns titled 'a'"),
        ("a,b,species\n1,2,w\n", "is 'w', which no training sample has"),
        ("a,b,species\n1,q,x\n", "line 2, column 2 ('b') of "),
    ],
)
def test_a_pair_whose_columns_do_not_match_is_refused(
    tmp_path: Path, test: str, expected: str
) -> None:
    paths = written(tmp_path, TRAIN, "train.csv"), written(tmp_path, test, "test.csv")
    with pytest.raises(DataError) as caught:
        read_table(paths[0], test=paths[1])
    assert expected in str(caught.value)


@pytest.mark.parametrize("test", ["id,b,a\n12,2.5,1.25\n", "a,b\n1.25,2.5\n", "1.25,2.5\n"])
def test_a_test_table_without_labels_is_left_to_predict(tmp_path: Path, test: str) -> None:
    paths = written(tmp_path, TRAIN, "train.csv"), written(tmp_path, test, "test.csv")
    dataset = read_table(paths[0], test=paths[1])
    alone = read_table(paths[0])
    assert (dataset.name, dataset.source) == (tmp_path.name, str(paths[0]))
    assert dataset.fingerprint == alone.fingerprint
    said = "test.csv has no labels and is left to `gpunet predict`: the last"
    assert said in (dataset.notice or "")
    with pytest.raises(DataError, match="has no column 'species' for the label"):
        read_table(paths[0], val=paths[1])


MODEL = Columns(("b", "a"), "species", place=1, index=False, grey=False)


@pytest.mark.parametrize(
    ("text", "names", "index"),
    [
        ("b,species,a\n1,x,2\n3,y,4\n", [1, 2], None),
        ("a,b\n2,1\n4,3\n", [1, 2], None),
        ("a,b\n2.0,1.0\n4.0,3.0\n", [1, 2], None),
        ('a,b\n"2",1.0\n"4.0",3\n', [1, 2], None),
        ("Id,a,b\n070,2,1\n80,4,3\n", ["070", "80"], "Id"),
        ("name_id,a,b\nsome very long name of a row,2,1\nö,4.0,3\n",
         ["some very long name of a row", "ö"], "name_id"),
        ("1,x,2\n3,y,4\n", [1, 2], None),
        ("1,2\n3,4\n", [1, 2], None),
    ],
)  # fmt: skip
def test_rows_are_read_for_a_model_by_title_else_by_position(
    tmp_path: Path, text: str, names: list[object], index: str | None
) -> None:
    rows = read_rows(written(tmp_path, text), MODEL, 2)
    assert rows.features.tolist() == [[1, 2], [3, 4]]
    assert rows.features.dtype.kind == "f"
    assert (names, index, None) == (list(rows.names), rows.index, rows.labels)


def test_all_rows_get_the_numbers_of_the_classes_that_a_model_knows(tmp_path: Path) -> None:
    path = written(tmp_path, "species,a,b\n2.0,5,6\n", "one.csv")
    assert read_rows(path, MODEL, 2, ("-1", "2")).labels.tolist() == [1]  # type: ignore[union-attr]
    with pytest.raises(DataError, match=r"line 2 of .* is '2.0', which .* classes are 'x', 'y'"):
        read_rows(path, MODEL, 2, ("x", "y"))


@pytest.mark.parametrize("cell", ["200", "200.0"])
def test_rows_for_a_model_of_grey_levels_are_bytes_whatever_they_hold(
    tmp_path: Path, cell: str
) -> None:
    grey = Columns(None, None, place=0, index=False, grey=True)
    rows = read_rows(written(tmp_path, f"1,{cell}\n2,3\n"), grey, 2)
    assert np.uint8 == rows.features.dtype
    assert rows.features[0, 1] == 200
    halves = read_rows(written(tmp_path, "1,51.0\n2,25.5\n"), grey, 2)
    assert pytest.approx(0.1) == float(halves.features[1, 1])


def test_rows_of_another_number_of_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has 5 columns, wanted 2 features, or 3 columns"):
        read_rows(written(tmp_path, "5,2,3,4,1\n"), MODEL, 2)


@pytest.mark.parametrize("titles", ["a,a,b", "label,a,a", "label,a,label", "x,,"])
def test_columns_whose_titles_do_not_tell_go_by_position(tmp_path: Path, titles: str) -> None:
    path = written(tmp_path, f"{titles}\n" + "1,2.5,3.5\n0,4.5,5.5\n" * 6)
    dataset = read_table(path, TableOptions("1"))
    assert dataset.columns is not None
    assert (dataset.columns.features, dataset.columns.place) == (None, 0)
    alike = f"2 columns are titled '{'a' if 'a,a' in titles else 'label'}', so those of new rows"
    assert (alike in (dataset.notice or "")) == (titles != "x,,")
    rows = read_rows(path, dataset.columns, 2, dataset.classes)
    assert rows.features[:2].tolist() == [[2.5, 3.5], [4.5, 5.5]]
    assert rows.labels is not None
    assert rows.labels[:2].tolist() == [1, 0]


@pytest.mark.parametrize("text", ["a\n1.5\n2.5\n", "1.5\n2.5\n", "a;note\n1,5;x\n2,5;y\n"])
def test_rows_of_a_single_feature_are_read(tmp_path: Path, text: str) -> None:
    columns = Columns(("a",), "label", place=0, index=False, grey=False)
    rows = read_rows(written(tmp_path, text), columns, 1)
    assert rows.features.tolist() == [[1.5], [2.5]]


def test_rows_are_read_block_by_block_with_numbers_that_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_rows, "BLOCK", 64)
    lines = [f"{row},{row + 1}" for row in range(100)]
    path = written(tmp_path, "\n".join(lines) + "\n")
    blocks = list(read_row_blocks(path, MODEL, 2))
    assert len(blocks) > 2
    assert [name for rows in blocks for name in rows.names] == list(range(1, 101))
    features = np.concatenate([rows.features for rows in blocks])
    assert features.tolist() == [[row, row + 1] for row in range(100)]


def test_rows_above_a_bad_one_are_given_out_before_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_rows, "BLOCK", 64)
    path = written(tmp_path, "1,2\n" * 100 + "1,x\n")
    blocks = read_row_blocks(path, MODEL, 2)
    assert sum(len(next(blocks).features) for _ in range(2)) > 2
    with pytest.raises(DataError, match="line 101, column 2"):
        list(blocks)


def test_decimal_marks_are_the_same_in_all_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_rows, "BLOCK", 64)
    path = written(tmp_path, "10;1,5\n" * 30 + "10;2.5\n" * 30)
    with pytest.raises(DataError, match="write all numbers alike"):
        list(read_row_blocks(path, MODEL, 2))


@pytest.mark.parametrize("named", ["name", "NAME", "1"])
def test_any_column_can_name_the_rows(tmp_path: Path, named: str) -> None:
    path = written(tmp_path, "name,a,b\nx1,1,2\nx2,3,4\n")
    (rows,) = read_row_blocks(path, MODEL, 2, named)
    assert (list(rows.names), rows.index) == (["x1", "x2"], "name")
    assert rows.features.tolist() == [[2, 1], [4, 3]]


def test_a_column_that_is_not_there_cannot_name_the_rows(tmp_path: Path) -> None:
    path = written(tmp_path, "name,a,b\nx1,1,2\n")
    with pytest.raises(UsageError, match="'nom' names no column"):
        list(read_row_blocks(path, MODEL, 2, "nom"))
