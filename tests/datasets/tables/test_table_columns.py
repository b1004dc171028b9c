from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpunet.config.choices import Missing
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.table_columns import Columns, Encoding
from gpunet.datasets.tables import text_rows
from gpunet.datasets.tables.model_rows import read_row_blocks, read_rows
from gpunet.datasets.tables.options import TableOptions
from gpunet.datasets.tables.table import read_table
from gpunet.errors import DataError, GpunetError

COUNT = 20
LABELS = [row % 2 for row in range(COUNT)]
FLOATS = [row / 8 for row in range(COUNT)]
COLORS = [("red", "green", "blue")[row % 3] for row in range(COUNT)]


def written(folder: Path, titles: str, *columns: Sequence[object], name: str = "data.csv") -> Path:
    """A file of so many columns, with titles unless they are empty."""
    rows = [",".join(map(str, cells)) for cells in zip(*columns, strict=True)]
    path = folder / name
    path.write_text("\n".join([titles] * bool(titles) + rows) + "\n", "utf-8")
    return path


def holed(cell: object, *rows: int) -> list[object]:
    """Fractions with another cell in some rows."""
    return [cell if row in rows else value for row, value in enumerate(FLOATS)]


def columns_of(dataset: Dataset) -> Columns:
    assert dataset.columns is not None
    return dataset.columns


def all_rows(dataset: Dataset) -> list[list[float]]:
    return [*dataset.train.features.tolist(), *dataset.test.features.tolist()]


def refusal(path: Path, options: TableOptions) -> str:
    with pytest.raises(GpunetError) as caught:
        read_table(path, options)
    return str(caught.value).replace(f"{path.parent}/", "")


@pytest.mark.parametrize(
    "cell",
    ["", '""', " ", "NA", "n/a", "NaN", "None", "?", "-", ".", "#N/A", "NULL", "missing", '"NA"'],
)
@pytest.mark.parametrize("place", [1, 2])
def test_a_missing_number_is_nan_and_told_by_a_feature(
    tmp_path: Path, cell: str, place: int
) -> None:
    columns: list[Sequence[object]] = [LABELS, FLOATS, FLOATS]
    columns[place] = holed(cell, 3)
    dataset = read_table(written(tmp_path, "label,a,b", *columns))
    assert columns_of(dataset).encodings == (Encoding(place - 1),)
    rows = all_rows(dataset)
    assert np.isnan(rows[3][place - 1])
    assert [row[place] for row in rows] == [float(row == 3) for row in range(COUNT)]
    other = 2 if place == 1 else 0
    assert [row[other] for row in rows] == FLOATS
    told = f"what is missing in column {place + 1} ({'?ab'[place]!r}) is filled with the mean"
    assert told in (dataset.notice or "")


@pytest.mark.parametrize("missing", ["drop", "refuse"])
def test_rows_that_lack_a_cell_are_left_out_or_refused(tmp_path: Path, missing: Missing) -> None:
    path = written(tmp_path, "label,a,c", LABELS, holed("NA", 3), ["", *COLORS[1:]])
    options = TableOptions(missing=missing)
    if missing == "refuse":
        said = refusal(path, options)
        assert said.startswith("line 5, column 2 ('a') of data.csv is missing, wanted a number;")
        assert 'missing="mean"' in said
        return
    dataset = read_table(path, options)
    assert len(dataset.train) + len(dataset.test) == COUNT - 2
    assert columns_of(dataset).encodings == (Encoding(1, ("blue", "green", "red")),)
    assert "2 of 20 rows lack a cell and are left out" in (dataset.notice or "")


def test_rows_without_a_label_are_left_out_unless_they_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "label,a", ["", *LABELS[1:-1], "NA"], FLOATS)
    dataset = read_table(path)
    assert (dataset.classes, len(dataset.train) + len(dataset.test)) == (("0", "1"), COUNT - 2)
    assert all_rows(dataset)[0] == [FLOATS[1]]
    assert "2 rows without a label left out" in (dataset.notice or "")
    said = refusal(path, TableOptions(missing="refuse"))
    assert said.startswith("the label in line 2 of data.csv is empty, wanted a class;")


def test_a_column_without_a_number_is_left_out(tmp_path: Path) -> None:
    dataset = read_table(written(tmp_path, "label,a,b", LABELS, ["NA"] * COUNT, FLOATS))
    assert (columns_of(dataset).features, columns_of(dataset).ignored) == (("b",), (1,))
    assert "column 2 ('a') is left out (not a single number)" in (dataset.notice or "")


def test_words_become_one_feature_each_in_their_order(tmp_path: Path) -> None:
    dataset = read_table(written(tmp_path, "label,color,a", LABELS, COLORS, FLOATS))
    assert columns_of(dataset).encodings == (Encoding(0, ("blue", "green", "red")),)
    assert all_rows(dataset)[:2] == [[0, 0, 1, 0], [0, 1, 0, 1 / 8]]
    assert "column 2 ('color') becomes one feature per word" in (dataset.notice or "")


def test_a_missing_word_is_a_word_of_its_own_where_it_occurs(tmp_path: Path) -> None:
    words = [("red", "NA", "blue", "")[row % 4] for row in range(COUNT)]
    dataset = read_table(written(tmp_path, "label,color,a", LABELS, words, FLOATS))
    assert columns_of(dataset).encodings == (Encoding(0, ("", "blue", "red")),)
    assert [row[:3] for row in all_rows(dataset)[:4]] == [
        [0, 0, 1],
        [1, 0, 0],
        [0, 1, 0],
        [1, 0, 0],
    ]


def test_words_that_were_not_trained_on_are_no_feature_and_told_once(tmp_path: Path) -> None:
    dataset = read_table(written(tmp_path, "label,color,a", LABELS, COLORS, FLOATS))
    other = written(tmp_path, "a,color", [1, "", 3], ["pink", "red", "?"], name="new.csv")
    rows = read_rows(other, columns_of(dataset), dataset.inputs)
    np.testing.assert_array_equal(rows.features, [[0, 0, 0, 1], [0, 0, 1, np.nan], [0, 0, 0, 3]])
    assert (rows.notice or "").replace(f"{other}", "new.csv") == (
        "1 missing number is filled, though no row trained on lacks one; 1 missing word is left "
        "blank, though no row trained on lacks one; 1 word was not trained on and left blank, "
        "the first being 'pink' in line 2, column 2 ('color') of new.csv"
    )


@pytest.mark.parametrize("missing", ["mean", "drop"])
def test_what_further_tables_lack_is_told(tmp_path: Path, missing: Missing) -> None:
    train = written(tmp_path, "label,color,a", LABELS, COLORS, FLOATS, name="train.csv")
    holes = holed("", 2), ["", *COLORS[1:]]
    test = written(tmp_path, "label,a,color", LABELS, *holes, name="test.csv")
    notice = read_table(train, TableOptions(missing=missing), test=test).notice or ""
    filled = "1 missing number is filled, though no row trained on lacks one; 1 missing word is"
    assert (filled in notice) == (missing == "mean")
    assert ("2 of 20 rows lack a cell and are left out" in notice) == (missing == "drop")


def test_further_tables_are_encoded_as_the_training_table(tmp_path: Path) -> None:
    train = written(tmp_path, "label,color,a", LABELS, COLORS, holed("", 2), name="train.csv")
    val = written(tmp_path, "a,color,label", [5, ""], ["blue", "pink"], [0, 1], name="val.csv")
    test = written(tmp_path, "label,a,color", [1], [7], ["red"], name="test.csv")
    dataset = read_table(train, test=test, val=val)
    assert dataset.validation is not None
    np.testing.assert_array_equal(
        dataset.validation.features, [[1, 0, 0, 5, 0], [0, 0, 0, np.nan, 1]]
    )
    assert dataset.test.features.tolist() == [[0, 0, 1, 7, 0]]
    assert "1 word was not trained on and left blank" in (dataset.notice or "")


@pytest.mark.parametrize("last", [False, True])
def test_true_and_false_are_1_and_0(tmp_path: Path, last: bool) -> None:
    flags = [("True", "false")[row % 2] for row in range(COUNT)]
    columns = (FLOATS, flags) if last else (flags, FLOATS)
    dataset = read_table(written(tmp_path, "label,a,b", LABELS, *columns))
    assert columns_of(dataset).encodings == ()
    assert [row[int(last)] for row in all_rows(dataset)[:2]] == [1, 0]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ([f"name {row}" for row in range(COUNT)], "hardly a word recurs"),
        (["x" * 300, "y"] * (COUNT // 2), "more than 128 different words, or long ones"),
    ],
)
def test_words_that_are_no_categories_are_left_out(
    tmp_path: Path, cells: list[str], why: str
) -> None:
    dataset = read_table(written(tmp_path, "label,n,a", LABELS, cells, FLOATS))
    assert columns_of(dataset).features == ("a",)
    assert f"column 2 ('n') is left out ({why})" in (dataset.notice or "")


def test_too_many_words_are_left_out(tmp_path: Path) -> None:
    words = [f"w{row % 129}" for row in range(300)]
    floats, labels = [row / 8 for row in range(300)], [row % 2 for row in range(300)]
    dataset = read_table(written(tmp_path, "label,n,a", labels, words, floats))
    assert columns_of(dataset).features == ("a",)


def test_notices_of_many_columns_stay_short(tmp_path: Path) -> None:
    many = [holed("", row) for row in range(15)] + [COLORS] * 15
    titles = ",".join(["label", *(f"c{column}" for column in range(30))])
    dataset = read_table(written(tmp_path, titles, LABELS, *many))
    assert len(dataset.notice or "") < 400
    assert "and 12 more" in (dataset.notice or "")


@pytest.mark.parametrize(
    "pattern",
    [
        "2020-01-{:02d}",
        "{}/3/2021",
        "{}.3.2021",
        "2020-01-{:02d}T10:00:00Z",
        "2020-01-{:02d} 10:00",
        "10:{:02d}",
        "{:02d}-Jan-20",
        "{} March 2020",
        "2020/01/{}",
    ],
)
@pytest.mark.parametrize("place", [1, 2])
def test_dates_are_refused_with_advice_and_can_be_left_out(
    tmp_path: Path, pattern: str, place: int
) -> None:
    dates = [pattern.format(row + 1) for row in range(COUNT)]
    columns = (dates, FLOATS) if place == 1 else (FLOATS, dates)
    path = written(tmp_path, "label,a,b", LABELS, *columns)
    said = refusal(path, TableOptions())
    title = "?ab"[place]
    assert f"line 2, column {place + 1} ({title!r}) of data.csv is {dates[0]!r}, a date" in said
    assert f'leave the column out with ignore="{title}"' in said
    for name in (title, str(place + 1)):
        dataset = read_table(path, TableOptions(ignore=(name,)))
        assert [row[0] for row in all_rows(dataset)] == FLOATS
        assert columns_of(dataset).ignored == (place,)


def test_a_column_is_left_out_of_tables_without_titles(tmp_path: Path) -> None:
    path = written(tmp_path, "", LABELS, FLOATS, COLORS, FLOATS)
    dataset = read_table(path, TableOptions(ignore=("3",)))
    assert dataset.inputs == 2
    for columns in ((LABELS, FLOATS, COLORS, FLOATS), (FLOATS, COLORS, FLOATS), (FLOATS, FLOATS)):
        other = written(tmp_path, "", *columns, name="other.csv")
        rows = read_rows(other, columns_of(dataset), 2)
        np.testing.assert_array_equal(rows.features, np.transpose([FLOATS, FLOATS]))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (TableOptions(ignore=("z",)), "ignore 'z' names no column of data.csv"),
        (TableOptions("a", ignore=("a",)), "is the label and cannot be left out"),
        (TableOptions(ignore=("a", "b")), "has 3 columns, of which 1 remain"),
    ],
)
def test_columns_that_cannot_be_left_out(tmp_path: Path, options: TableOptions, told: str) -> None:
    path = written(tmp_path, "label,a,b", LABELS, FLOATS, FLOATS)
    assert told in refusal(path, options)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (holed("oops", 7), "line 9, column 2 ('a') of data.csv is 'oops', wanted a number as in"),
        ([f"${row}.50" for row in range(COUNT)], "line 2, column 2 ('a') of data.csv is '$0.50'"),
        ([f"{row} %" for row in range(COUNT)], "write it with a decimal point and no other marks"),
        (["a", *range(5)] + [1] * 14, "line 2, column 2 ('a') of data.csv is 'a', wanted a number"),
    ],
)
@pytest.mark.parametrize("block", [60, 1 << 20])
def test_a_mistake_in_a_column_of_numbers_is_refused_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, cells: list[object], told: str
) -> None:
    monkeypatch.setattr(text_rows, "BLOCK", block)
    path = written(tmp_path, "label,a,q,b", LABELS, cells, FLOATS, FLOATS)
    assert told in refusal(path, TableOptions())


def test_codes_with_a_word_among_them_are_words(tmp_path: Path) -> None:
    codes = [(0, 1, 2, "3+")[row % 4] for row in range(COUNT)]
    dataset = read_table(written(tmp_path, "label,a,b", LABELS, codes, FLOATS))
    assert columns_of(dataset).encodings == (Encoding(0, ("0", "1", "2", "3+")),)


def test_words_that_come_late_are_found_by_reading_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = ["007" if row < 10 else "x" for row in range(COUNT)]
    path = written(tmp_path, "label,q,a,b", LABELS, FLOATS, codes, FLOATS)
    expected = read_table(path)
    monkeypatch.setattr(text_rows, "BLOCK", 40)
    dataset = read_table(path)
    assert columns_of(dataset).encodings == (Encoding(1, ("007", "x")),)
    assert expected.fingerprint == dataset.fingerprint
    assert expected.notice == dataset.notice


def test_the_label_is_found_beside_other_columns_of_words(tmp_path: Path) -> None:
    words = [("x", "y")[row % 2] for row in range(COUNT)]
    dataset = read_table(written(tmp_path, "a,b,c", COLORS, FLOATS, words))
    assert columns_of(dataset).label == "c"
    assert "the label is column 3 ('c') (label names another)" in (dataset.notice or "")
    survived = read_table(written(tmp_path, "sex,survived,port", COLORS, LABELS, words))
    assert columns_of(survived).label == "survived"


def test_a_table_of_words_may_have_no_titles(tmp_path: Path) -> None:
    words = [("x", "y")[row % 2] for row in range(COUNT)]
    dataset = read_table(written(tmp_path, "", words, COLORS, words))
    assert len(dataset.train) + len(dataset.test) == COUNT
    assert columns_of(dataset).features is None


def test_an_index_may_lack_cells(tmp_path: Path) -> None:
    index = ["" if row in (3, 4) else row for row in range(COUNT)]
    dataset = read_table(written(tmp_path, "id,label,a", index, LABELS, FLOATS))
    assert (columns_of(dataset).index, columns_of(dataset).features) == (True, ("a",))


@pytest.mark.parametrize("cell", ["{}x", "10:00{}x", "NA{}x", "1,{}"])
def test_blanks_without_end_take_no_time(tmp_path: Path, cell: str) -> None:
    long = cell.format(" " * (1 << 16))
    path = written(tmp_path, "label,a,b", LABELS, FLOATS, [f'"{long}"', *FLOATS[1:]])
    started = time.process_time()
    with pytest.raises(DataError, match="wanted a number"):
        read_table(path)
    bare = written(tmp_path, "label,a,b", LABELS, FLOATS, [long.replace(",", ""), *FLOATS[1:]])
    with contextlib.suppress(DataError):
        read_table(bare)
    assert time.process_time() - started < 5  # seconds; 65,536 squared would take longer


def test_only_words_are_no_image(tmp_path: Path) -> None:
    words = [[f"{(row + column) % 8}w" for row in range(32)] for column in range(8)]
    titles = ",".join(["label", *(f"c{column}" for column in range(8))])
    dataset = read_table(written(tmp_path, titles, [row % 2 for row in range(32)], *words))
    assert (dataset.inputs, dataset.image_shape) == (64, None)


def test_whole_numbers_beside_words_are_no_grey_levels(tmp_path: Path) -> None:
    numbers = [[(row * column) % 256 for row in range(COUNT)] for column in range(63)]
    titles = ",".join(["label", *(f"c{column}" for column in range(64))])
    dataset = read_table(written(tmp_path, titles, LABELS, COLORS, *numbers))
    assert np.float32 == dataset.train.features.dtype
    assert not columns_of(dataset).grey


CELLS = st.sampled_from(["", "NA", "-", "x", "y", "True", "1", "2.5", '"a, b"', "1e400", "3/4/20"])


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=8, max_size=24))
def test_any_cells_are_read_or_refused_and_rows_for_the_model_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str, str]]
) -> None:
    labels = [row % 2 for row in range(len(cells))]
    folder = tmp_path_factory.mktemp("cells")
    path = written(folder, "label,a,b,c", labels, *zip(*cells, strict=True))
    try:
        dataset = read_table(path)
    except DataError:
        return
    rows = read_rows(path, columns_of(dataset), dataset.inputs, dataset.classes)
    whole = np.concatenate([dataset.train.features, dataset.test.features])
    assert np.isnan(whole).sum() == np.isnan(rows.features).sum()
    assert float(np.nansum(whole)) == pytest.approx(float(np.nansum(rows.features)), rel=1e-5)
    blocks = list(read_row_blocks(path, columns_of(dataset), dataset.inputs))
    np.testing.assert_array_equal(np.concatenate([one.features for one in blocks]), rows.features)
