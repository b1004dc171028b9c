from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from gpunet.datasets.dataset import Dataset
from gpunet.datasets.table_columns import Columns
from gpunet.datasets.tables.options import TableOptions
from gpunet.datasets.tables.table import read_table
from gpunet.errors import DataError, UsageError

COUNT = 12


def table(folder: Path, titles: str, *columns: Sequence[object]) -> Path:
    """A file of so many columns, with titles unless they are empty."""
    rows = [",".join(map(str, cells)) for cells in zip(*columns, strict=True)]
    path = folder / "data.csv"
    path.write_text("\n".join([titles] * bool(titles) + rows) + "\n", "utf-8")
    return path


def columns_of(dataset: Dataset) -> Columns:
    assert dataset.columns is not None
    return dataset.columns


WORDS = ["no", "yes", "maybe"] * 4
CODES = [0, 1, 2] * 4
FLOATS = [row / 7 for row in range(COUNT)]
COUNTS = [row % 5 for row in range(COUNT)]
NUMBERS = list(range(COUNT))


@pytest.mark.parametrize(
    ("titles", "columns", "place"),
    [
        ("a,b,label", (COUNTS, FLOATS, CODES), 2),
        ("a,CLASS,b", (COUNTS, CODES, FLOATS), 1),
        ("visits,age,Outcome", (COUNTS, FLOATS, CODES), 2),
        ("visits,diagnosis,age", (COUNTS, CODES, FLOATS), 1),
        ("a,target_class,b", (COUNTS, CODES, FLOATS), 1),
        ("label,y,class", (CODES, FLOATS, COUNTS), 0),  # two titles do not tell
        ("y,a,b", (CODES, FLOATS, COUNTS), 0),
        ("x,y,kind", (FLOATS, FLOATS, CODES), 2),
        ("a,b,c", (CODES, FLOATS, FLOATS), 0),
        ("user_id,b,c", (CODES, FLOATS, COUNTS), 2),
        ("a,b,c", (FLOATS, FLOATS, CODES), 2),
        ("a,b,c", (COUNTS, FLOATS, WORDS), 2),
        ("a,b,c", (WORDS, FLOATS, CODES), 0),
        ("", (FLOATS, COUNTS, CODES), 2),
        ("", (CODES, FLOATS, COUNTS), 0),
        ("", (CODES, FLOATS, FLOATS), 0),
        ("", (COUNTS, FLOATS, WORDS), 2),
    ],
)
def test_the_label_is_found_by_its_title_or_by_what_the_ends_hold(
    tmp_path: Path, titles: str, columns: tuple[Sequence[object], ...], place: int
) -> None:
    dataset = read_table(table(tmp_path, titles, *columns))
    assert place == columns_of(dataset).place
    assert len(set(columns[place])) == len(dataset.classes)
    features = [column for at, column in enumerate(columns) if at != place]
    expected = [pytest.approx([column[row] for column in features]) for row in range(3)]
    assert expected == dataset.train.features[:3].tolist()


@pytest.mark.parametrize(
    ("label", "place"),
    [("b", 1), ("C", 2), ("a", 0), ("1", 0), ("3", 2), ("last", 2)],
)
@pytest.mark.parametrize("titles", ["a,b,c", "a,b,label"])
def test_the_user_names_the_label_by_title_or_number(
    tmp_path: Path, titles: str, label: str, place: int
) -> None:
    path = table(tmp_path, titles, COUNTS, COUNTS[::-1], CODES)
    if label == "C" and "c" not in titles:
        with pytest.raises(UsageError, match="label 'C' names no column"):
            read_table(path, TableOptions(label))
    else:
        assert place == columns_of(read_table(path, TableOptions(label))).place


@pytest.mark.parametrize("label", ["d", "0", "4", "-1", "1.0", "²", "9" * 30, "lasts", " "])
def test_a_name_of_no_column_is_refused_with_the_titles(tmp_path: Path, label: str) -> None:
    path = table(tmp_path, "a,b,c", CODES, FLOATS, COUNTS)
    with pytest.raises(UsageError) as caught:
        read_table(path, TableOptions(label))
    assert str(caught.value).startswith(f"label {label[:37]!r}"[:40])
    assert "('a', 'b', 'c')" in str(caught.value)


def test_only_some_of_many_titles_are_listed(tmp_path: Path) -> None:
    titles = ",".join(f"t{column}" for column in range(5000))
    path = table(tmp_path, titles, *([COUNTS] * 5000))
    with pytest.raises(UsageError) as caught:
        read_table(path, TableOptions("none"))
    assert len(str(caught.value)) < 400 + len(str(path))


@pytest.mark.parametrize("titles", ["", "a,b,c"])
def test_a_file_without_titles_takes_numbers_and_last(tmp_path: Path, titles: str) -> None:
    path = table(tmp_path, titles, FLOATS, CODES, FLOATS)
    assert columns_of(read_table(path, TableOptions("2"))).place == 1
    guessed = read_table(path)
    assert (columns_of(guessed).place, guessed.kind) == (2, "measured")


@pytest.mark.parametrize("title", ["", "id", "Id", "index", "Unnamed: 0", "PassengerId", "row_id"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_first_column_that_numbers_the_rows_is_left_out(
    tmp_path: Path, title: str, first: int
) -> None:
    numbers = [first + row for row in range(COUNT)]
    dataset = read_table(table(tmp_path, f"{title},label,a", numbers, CODES, FLOATS))
    assert dataset.inputs == 1
    assert (
        columns_of(dataset).place,
        columns_of(dataset).index,
        columns_of(dataset).features,
    ) == (1, True, ("a",))
    assert dataset.notice is not None
    assert f"column 1 ({title!r}) numbers the rows and is left out" in dataset.notice
    assert "the label is column 2 ('label')" in dataset.notice


@pytest.mark.parametrize(
    ("titles", "cells"),
    [
        (",a,b,c", [f"car number {row} of this list" for row in range(COUNT)]),
        ("id,a,b,c", [842302 + 7 * row for row in range(COUNT)]),
        (",a,b,c", [5 * row % COUNT for row in range(COUNT)]),  # as pandas writes drawn rows
        ("", NUMBERS),
    ],
)
def test_names_and_other_numbers_of_rows_are_left_out_as_well(
    tmp_path: Path, titles: str, cells: Sequence[object]
) -> None:
    dataset = read_table(table(tmp_path, titles, cells, FLOATS, FLOATS, CODES))
    assert (dataset.inputs, len(dataset.classes)) == (2, 3)
    assert dataset.notice is not None
    assert f"{'names' if 'car' in str(cells) else 'numbers'} the rows and" in dataset.notice


@pytest.mark.parametrize(
    ("titles", "cells"),
    [("size,a,label", NUMBERS), ("id,a,label", FLOATS), ("id,a,label", COUNTS)],
)
def test_a_first_column_of_measured_values_is_kept(
    tmp_path: Path, titles: str, cells: Sequence[object]
) -> None:
    assert read_table(table(tmp_path, titles, cells, FLOATS, CODES)).inputs == 2


def test_a_row_number_that_the_user_names_is_the_label_and_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "id,a,label", NUMBERS, FLOATS, CODES)
    with pytest.raises(DataError, match=r"column 1 \('id'\) .* a different value in each of"):
        read_table(path, TableOptions("id"))


def test_names_without_a_number_beside_them_are_refused(tmp_path: Path) -> None:
    names = [f"name {row}" for row in range(COUNT)]
    with pytest.raises(DataError, match="has no column beside the label"):
        read_table(table(tmp_path, "name,a", names, FLOATS))


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([-1, 1], ("-1", "1")),
        ([100, 200, 300], ("100", "200", "300")),
        ([3, 10, 66], ("3", "10", "66")),
        (["1.0", "2.0"], ("1", "2")),
        (["True", "False"], ("False", "True")),
        ([10**18, -(10**18), 0], (str(-(10**18)), "0", str(10**18))),
        ([10**30, 10**30 + 1], (str(10**30), str(10**30 + 1))),
    ],
)
def test_whole_numbers_and_booleans_are_classes_under_their_own_names(
    tmp_path: Path, labels: list[object], names: tuple[str, ...]
) -> None:
    cells = (labels * COUNT)[:COUNT]
    dataset = read_table(table(tmp_path, "label,a", cells, FLOATS))
    assert names == dataset.classes
    told = [dataset.classes[place] for place in dataset.train.labels]
    assert [str(cell).removesuffix(".0") for cell in cells[: len(told)]] == told


def test_a_label_that_may_be_another_column_is_told(tmp_path: Path) -> None:
    dataset = read_table(table(tmp_path, "visits,a,smoker", COUNTS, FLOATS, CODES))
    assert dataset.notice is not None
    assert "the label is column 1 ('visits') (label names another)" in dataset.notice


def test_a_first_column_of_words_is_told_as_the_label(tmp_path: Path) -> None:
    dataset = read_table(
        table(tmp_path, "region,units,cost", ["north", "south"] * 6, FLOATS, COUNTS)
    )
    assert "the label is column 1 ('region') (label names another)" in str(dataset.notice)


def test_nothing_is_told_of_a_label_that_is_simply_the_first(tmp_path: Path) -> None:
    dataset = read_table(table(tmp_path, "label,a,b", CODES, FLOATS, COUNTS))
    assert dataset.notice == "data.csv is one file: the last 2 of 12 rows are for testing"


@pytest.mark.parametrize(
    ("different", "each", "told"),
    [(3, 2, True), (10, 2, True), (11, 2, False), (11, 9, False), (11, 10, True), (12, 1, False)],
)
def test_few_classes_recur_twice_and_many_ten_times_where_no_title_tells_the_label(
    tmp_path: Path, different: int, each: int, told: bool
) -> None:
    codes = [value for _ in range(each) for value in range(different)]
    fractions = [row / 7 + 0.01 for row in range(len(codes))]
    path = table(tmp_path, "a,b,c", fractions, fractions, codes)
    dataset = read_table(path)
    assert ("classes" if told else "measured", 2) == (dataset.kind, columns_of(dataset).place)
    with contextlib.nullcontext() if told else pytest.raises(DataError, match="does not tell"):
        read_table(path, TableOptions(kind="classes"))


@pytest.mark.parametrize(("first", "left_out"), [(0, True), (1, True), (2, False)])
def test_without_titles_rows_are_numbered_from_0_or_1(
    tmp_path: Path, first: int, left_out: bool
) -> None:
    numbers = [first + row for row in range(COUNT)]
    dataset = read_table(table(tmp_path, "", numbers, FLOATS, CODES))
    assert columns_of(dataset).index == left_out
    assert dataset.inputs == 2 - left_out


def test_a_name_that_fits_two_titles_in_other_capitals_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "Size,sizE,c", COUNTS, FLOATS, CODES)
    with pytest.raises(UsageError, match="label 'size' names no column"):
        read_table(path, TableOptions("size"))
    assert columns_of(read_table(path, TableOptions("Size"))).place == 0
