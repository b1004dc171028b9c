"""Measured targets, labels of 0 or 1, and weights in the columns of tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.datasets.tables.writing import FRAMES, write_frame

from gpunet.config.choices import Kind
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.tables.model_rows import read_rows
from gpunet.datasets.tables.options import TableOptions
from gpunet.datasets.tables.table import read_table
from gpunet.errors import DataError, SettingError, UsageError

COUNT = 60
PRICES = [1000 + 37 * (row * 7 % COUNT) for row in range(COUNT)]
FLOATS = [(row * 37 % 101) / 7 for row in range(COUNT)]
ROOMS = [row % 5 for row in range(COUNT)]
CITIES = ["Rome" if row % 2 else "Oslo" for row in range(COUNT)]
FLAGS = [int(row % 3 == 0) for row in range(COUNT)]


def table(folder: Path, **columns: Sequence[object]) -> Path:
    """A file of these columns, by their titles."""
    rows = [",".join(map(str, cells)) for cells in zip(*columns.values(), strict=True)]
    path = folder / "data.csv"
    path.write_text("\n".join([",".join(columns), *rows]) + "\n", "utf-8")
    return path


def told(dataset: Dataset) -> tuple[Kind, tuple[str, ...], int]:
    assert dataset.columns is not None
    return dataset.kind, dataset.targets, dataset.columns.place


def values(dataset: Dataset) -> list[list[float]]:
    """The targets of all rows, those to test at the end."""
    return [*dataset.train.labels.tolist(), *dataset.test.labels.tolist()]


def test_houses_are_priced_unasked(tmp_path: Path) -> None:
    path = table(tmp_path, rooms=ROOMS, city=CITIES, size=FLOATS, price=PRICES)
    dataset = read_table(path)
    assert told(dataset) == ("measured", ("price",), 3)
    assert (dataset.classes, dataset.outputs) == ((), 1)
    assert dataset.train.labels.dtype == np.float64
    assert sorted(values(dataset)) == sorted([float(price)] for price in PRICES)
    assert "the target is column 4 ('price'), measured, 1,000 to 3,183 (label names another)" in (
        dataset.notice or ""
    )


@pytest.mark.parametrize(
    ("columns", "target"),
    [
        ({"a": FLOATS, "b": ROOMS, "target": FLOATS}, "target"),
        ({"target": PRICES, "b": ROOMS, "c": FLOATS}, "target"),
        ({"y": FLOATS, "a": FLOATS, "b": ROOMS}, "y"),
        ({"MPG": FLOATS, "a": ROOMS, "b": ROOMS}, "MPG"),
        ({"Sale Price": FLOATS, "city": CITIES, "b": ROOMS}, "Sale Price"),
        ({"a": FLOATS, "b": FLOATS, "c": FLOATS}, "c"),
        ({"a": FLOATS, "b": FLOATS, "id": FLOATS}, "b"),
        ({"a": FLOATS, "b": FLOATS, "c": [7] * COUNT}, "b"),
        ({"a": FLOATS, "b": FLOATS, "name": [f"n{row}" for row in range(COUNT)]}, "b"),
    ],
)
def test_a_target_is_found_by_its_title_or_is_the_last_column_of_numbers(
    tmp_path: Path, columns: dict[str, Sequence[object]], target: str
) -> None:
    dataset = read_table(table(tmp_path, **columns))
    assert told(dataset) == ("measured", (target,), list(columns).index(target))


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        ({"city": CITIES, "price": PRICES, "a": FLOATS}, "city"),  # words alone at an end
        ({"a": FLOATS, "price": PRICES, "species": ROOMS}, "species"),
        ({"a": FLOATS, "b": FLOATS, "rooms": ROOMS}, "rooms"),
        ({"a": FLOATS, "b": FLOATS, "price": ROOMS}, "price"),  # of which there are but five
        ({"class": [row // 2 for row in range(COUNT)], "a": FLOATS}, "class"),
    ],
)
def test_classes_stay_classes(
    tmp_path: Path, columns: dict[str, Sequence[object]], label: str
) -> None:
    dataset = read_table(table(tmp_path, **columns))
    assert told(dataset) == ("classes", (), list(columns).index(label))


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (FLOATS, "measured"),
        (PRICES, "measured"),
        (list(range(COUNT)), "measured"),
        ([row % 20 for row in range(COUNT)], "classes"),  # which leave out none between them
        ([100 * (row % 20) for row in range(COUNT)], "measured"),
        ([100 * (row % 10) for row in range(COUNT)], "classes"),
        ([0, 1, 0.5, *[0, 1, 2] * 19], "classes"),  # a slip among classes, which is refused
        ([0, 1, 0.5] * 20, "measured"),
        (CITIES, "classes"),
        (["True", "False"] * 30, "classes"),
    ],
)
def test_the_values_tell_of_what_kind_a_named_column_is(
    tmp_path: Path, cells: Sequence[object], kind: Kind
) -> None:
    path = table(tmp_path, x=cells, a=FLOATS)
    if 0.5 in cells and kind == "classes":
        with pytest.raises(DataError, match=r"is 0\.5, wanted a whole number that names a class"):
            read_table(path, TableOptions("x"))
    else:
        assert kind == read_table(path, TableOptions("x")).kind


@pytest.mark.parametrize("kind", ["classes", "measured"])
def test_the_loss_decides_what_whole_numbers_are(tmp_path: Path, kind: Kind) -> None:
    cells = [row % 25 for row in range(COUNT)]
    dataset = read_table(table(tmp_path, a=FLOATS, x=cells), TableOptions("x", kind=kind))
    assert kind == dataset.kind
    assert values(dataset)[3] in (3, [3.0])


def test_a_loss_for_measured_targets_takes_the_last_numbers_though_others_recur(
    tmp_path: Path,
) -> None:
    dataset = read_table(
        table(tmp_path, rooms=ROOMS, a=FLOATS, b=FLOATS), TableOptions(kind="measured")
    )
    assert told(dataset) == ("measured", ("b",), 2)
    assert dataset.notice is not None
    assert dataset.notice.startswith(
        "the last column of numbers is taken: the target is column 3 ('b'), measured, 0 to 14.2857 "
        "(label names another); "
    )


def test_several_targets_are_named_with_commas(tmp_path: Path) -> None:
    path = table(tmp_path, a=FLOATS, b=PRICES, c=FLOATS, d=ROOMS)
    for label in ("b,d", "2, 4", "B,last"):
        dataset = read_table(path, TableOptions(label))
        assert told(dataset) == ("measured", ("b", "d"), 1)
        assert dataset.train.features.shape[1] == 2
        assert values(dataset)[1] == [float(PRICES[1]), 1.0]
        assert "the targets are column 2 ('b'), column 4 ('d'), measured" in (dataset.notice or "")


def test_a_title_with_a_comma_names_one_column(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    rows = "\n".join(f"{first},{second}" for first, second in zip(FLOATS, PRICES, strict=True))
    path.write_text(f'a,"price, in euros"\n{rows}\n')
    assert read_table(path, TableOptions("price, in euros")).targets == ("price, in euros",)


def test_several_columns_of_0_and_1_are_labels(tmp_path: Path) -> None:
    path = table(tmp_path, a=FLOATS, red=FLAGS, big=["True", "False"] * 30)
    dataset = read_table(path, TableOptions("red,big"))
    assert told(dataset) == ("labels", ("red", "big"), 1)
    assert values(dataset)[:2] == [[1, 1], [0, 0]]
    assert read_table(path, TableOptions("red,big", kind="measured")).kind == "measured"
    words = table(tmp_path, a=FLOATS, red=FLAGS, big=["yes", "No", ""] * 20)
    dataset = read_table(words, TableOptions("red,big"))
    assert dataset.kind == "labels"
    assert values(dataset)[:3] == [[1, 1], [0, 0], [1, 1]]


@pytest.mark.parametrize(
    ("label", "kind", "error", "says"),
    [
        ("city", "measured", DataError, "is 'Oslo', wanted a number for a measured target"),
        ("day", "measured", DataError, "a date or time, wanted a number for a measured target"),
        ("city", "labels", DataError, "is 'Oslo', wanted 0 or 1 for a label"),
        ("a", "labels", DataError, "wanted 0 or 1 for a label"),
        (None, "labels", DataError, "does not tell which columns are labels of 0 or 1"),
        ("a,city", None, DataError, "is 'Oslo', wanted a number for a measured target"),
        ("a,b", "classes", SettingError, "one column of classes"),
        ("a,a", None, UsageError, "names one twice"),
        ("a,x", None, UsageError, "'x' names no column"),
    ],
)
def test_what_can_be_no_target_is_refused_in_one_sentence(
    tmp_path: Path, label: str | None, kind: Kind | None, error: type[Exception], says: str
) -> None:
    days = [f"2020-01-{1 + row % 28:02}" for row in range(COUNT)]
    path = table(tmp_path, a=FLOATS, city=CITIES, day=days, b=FLOATS)
    with pytest.raises(error) as caught:
        read_table(path, TableOptions(label, ignore=("day",) * (label != "day"), kind=kind))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cell", ["1e39", "-1e300", "inf"])
def test_targets_beyond_float32_are_refused_with_their_place(tmp_path: Path, cell: str) -> None:
    path = table(tmp_path, a=FLOATS, price=[*PRICES[:-1], cell])
    with pytest.raises(DataError, match=r"line 61, column 2 \('price'\) of .*is '?-?(1e|inf)"):
        read_table(path, TableOptions("price", kind="measured"))


@pytest.mark.parametrize("gap", ["", "NA", "nan", "-"])
def test_rows_without_a_target_are_left_out_and_told(tmp_path: Path, gap: str) -> None:
    path = table(tmp_path, a=FLOATS, b=ROOMS, price=[gap, *PRICES[1:-1], gap])
    dataset = read_table(path)
    assert [[float(price)] for price in PRICES[1:-1]] == values(dataset)
    assert "2 rows without a target left out" in (dataset.notice or "")
    with pytest.raises(DataError, match=r"the target in line 2 of .* is empty, wanted a number"):
        read_table(path, TableOptions(missing="refuse"))


def test_a_row_needs_all_of_several_targets(tmp_path: Path) -> None:
    path = table(tmp_path, a=FLOATS, b=["", *FLOATS[1:]], c=[*PRICES[:-1], ""])
    dataset = read_table(path, TableOptions("b,c"))
    assert len(values(dataset)) == COUNT - 2
    assert values(dataset)[0] == [FLOATS[1], float(PRICES[1])]


def test_a_table_without_a_single_target_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, a=FLOATS, price=[""] * COUNT)
    with pytest.raises(DataError, match="holds no target; fill it in"):
        read_table(path, TableOptions("price", kind="measured"))


def test_a_constant_target_is_told(tmp_path: Path) -> None:
    dataset = read_table(
        table(tmp_path, a=FLOATS, price=[5] * COUNT), TableOptions("price", kind="measured")
    )
    assert "price is 5 in every row" in (dataset.notice or "")


def test_decimal_commas_are_read(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    rows = [f"{row % 5};{row},5;{row * 7 % 11},25" for row in range(COUNT)]
    path.write_text("\n".join(["n;a;price", *rows]))
    assert values(read_table(path))[1] == [7.25]


def test_a_sorted_file_is_split_by_tenths_of_the_target(tmp_path: Path) -> None:
    dataset = read_table(table(tmp_path, a=FLOATS, price=sorted(PRICES)))
    assert float(dataset.test.labels.min()) < np.quantile(PRICES, 0.2)
    assert "the last rows of every tenth of the target's values, 10 of 60 in all, are for" in (
        dataset.notice or ""
    )


@pytest.mark.parametrize("name", [*FRAMES, "data.xlsx", "data.csv"])
def test_all_formats_of_tables_hold_measured_targets(tmp_path: Path, name: str) -> None:
    if name.endswith("xlsx"):
        pytest.importorskip("fastexcel")
    frame = pl.DataFrame({"a": FLOATS, "city": CITIES, "price": PRICES})
    dataset = read_table(write_frame(tmp_path / name, frame))
    assert told(dataset) == ("measured", ("price",), 2)
    assert [[float(price)] for price in PRICES] == values(dataset)


def test_numeric_classes_of_arff_and_real_labels_of_libsvm_are_measured(tmp_path: Path) -> None:
    arff = tmp_path / "data.arff"
    rows = "\n".join(f"{a},{b}" for a, b in zip(FLOATS, FLOATS, strict=True))
    arff.write_text(f"@relation r\n@attribute a numeric\n@attribute t numeric\n@data\n{rows}\n")
    assert told(read_table(arff)) == ("measured", ("t",), 1)
    libsvm = tmp_path / "data.svm"
    libsvm.write_text("".join(f"{b} 1:{a} 2:1\n" for a, b in zip(ROOMS, FLOATS, strict=True)))
    assert read_table(libsvm, TableOptions("1")).kind == "measured"
    assert values(read_table(libsvm, TableOptions("1"))) == [[value] for value in FLOATS]


def test_a_column_of_weights_is_no_feature(tmp_path: Path) -> None:
    weights = [1 + row % 4 for row in range(COUNT)]
    path = table(tmp_path, a=FLOATS, w=weights, price=["", *PRICES[1:]])
    dataset = read_table(path, TableOptions("price", weight="w"))
    assert dataset.inputs == 1
    assert dataset.train.weights is not None
    assert dataset.test.weights is not None
    assert weights[1:] == [*dataset.train.weights.tolist(), *dataset.test.weights.tolist()]
    classes = table(tmp_path, a=FLOATS, w=weights, label=ROOMS)
    assert read_table(classes, TableOptions(weight="2")).train.weights is not None


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("-1", "is -1, wanted a weight of at least 0"),
        ("", "is missing, wanted a weight"),
        ("x", "is 'x', wanted a number for a weight"),
        ("1e39", "which is too large"),
    ],
)
def test_weights_that_cannot_be_are_refused(tmp_path: Path, cell: str, says: str) -> None:
    path = table(tmp_path, a=FLOATS, w=[1.5] * (COUNT - 1) + [cell], price=PRICES)
    with pytest.raises(DataError) as caught:
        read_table(path, TableOptions("price", weight="w"))
    assert says in str(caught.value)
    assert "line 61, column 2 ('w')" in str(caught.value)


def test_weights_of_0_everywhere_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path, a=FLOATS, w=[0] * COUNT, price=PRICES)
    with pytest.raises(DataError, match=r"all weights .* are 0"):
        read_table(path, TableOptions("price", weight="w"))


def test_further_tables_are_read_by_the_titles_of_the_targets(tmp_path: Path) -> None:
    path = table(tmp_path, a=FLOATS, b=PRICES, c=ROOMS, d=FLOATS)
    columns = read_table(path, TableOptions("b,d")).columns
    assert columns is not None
    (other := tmp_path / "other").mkdir()
    turned = table(other, d=FLOATS, c=ROOMS, b=["", *PRICES[1:]], a=FLOATS)
    rows = read_rows(turned, columns, 2, (), "measured")
    assert rows.labels is not None
    assert rows.labels[0].tolist() == [float(PRICES[1]), FLOATS[1]]
    assert rows.features[0].tolist() == [pytest.approx(FLOATS[1]), 1]
    assert rows.notice == "1 row without a target left out"
    lacking = table(other, a=FLOATS, c=ROOMS, b=PRICES)
    with pytest.raises(DataError, match="has no column 'd' for the label"):
        read_rows(lacking, columns, 2, (), "measured")
    assert read_rows(lacking, columns, 2).labels is None


def test_further_tables_without_titles_are_read_by_position(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    lines = [f"{a},{b},{c},{d}" for a, b, c, d in zip(FLOATS, PRICES, ROOMS, FLOATS, strict=True)]
    path.write_text("\n".join(lines))
    columns = read_table(path, TableOptions("1,3")).columns
    assert columns is not None
    rows = read_rows(path, columns, 2, (), "measured")
    assert rows.labels is not None
    assert rows.labels[7].tolist() == [FLOATS[7], ROOMS[7]]
    bare = tmp_path / "bare.csv"
    bare.write_text("\n".join(f"{b},{d}" for b, d in zip(PRICES, FLOATS, strict=True)))
    assert rows.features.tolist() == read_rows(bare, columns, 2).features.tolist()


@pytest.mark.parametrize(
    "written",
    ["${:,}", "{:,}", "${}", "{} €", "{}%"],
)
@pytest.mark.parametrize("label", [None, "price"])
def test_prices_with_signs_or_separators_are_refused_with_the_next_move(
    tmp_path: Path, written: str, label: str | None
) -> None:
    path = tmp_path / "houses.csv"
    cells = [written.format(1_000_000 + 7321 * row) for row in range(40)]
    rows = "".join(f'{row % 5},"{cell}"\n' for row, cell in enumerate(cells))
    path.write_text(f"rooms,price\n{rows}")
    with pytest.raises(DataError) as caught:
        read_table(path, TableOptions(label=label))
    assert f"line 2, column 2 ('price') of {path} is {cells[0]!r}" in str(caught.value)
    assert "write all without signs and thousands separators" in str(caught.value)


def test_a_column_cannot_hold_the_weights_and_something_else(tmp_path: Path) -> None:
    path = tmp_path / "houses.csv"
    path.write_text("rooms,w,price\n" + "".join(f"{n % 5},{n},{n / 3}\n" for n in range(1, 40)))
    with pytest.raises(DataError, match=r"\('w'\) of .* is left out by ignore and cannot"):
        read_table(path, TableOptions(weight="w", ignore=("w",)))
    with pytest.raises(DataError, match=r"\('price'\) of .* is the label and cannot hold"):
        read_table(path, TableOptions(weight="price", label="price"))


def test_weights_in_the_first_column_do_not_number_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "houses.csv"
    path.write_text("no,rooms,price\n" + "".join(f"{n},{n % 5},{n / 3}\n" for n in range(1, 40)))
    dataset = read_table(path, TableOptions(weight="no", label="price"))
    assert "numbers the rows" not in str(dataset.notice)
    assert dataset.train.weights is not None
    assert dataset.train.weights[:2].tolist() == [1, 2]


def test_weights_may_stand_in_the_last_column(tmp_path: Path) -> None:
    path = tmp_path / "houses.csv"
    rows = (f"{n / 3},{n % 7 + n / 50},{n % 5},{n}\n" for n in range(1, 40))
    path.write_text("price,size,age,w\n" + "".join(rows))
    dataset = read_table(path, TableOptions(weight="w"))
    assert dataset.targets == ("price",)


def test_a_label_with_a_comma_in_its_title_is_found_whatever_its_capitals(tmp_path: Path) -> None:
    path = tmp_path / "houses.csv"
    path.write_text('rooms,"Price, EUR"\n' + "".join(f"{n % 5},{n / 3}\n" for n in range(40)))
    assert read_table(path, TableOptions(label="price, eur")).targets == ("Price, EUR",)


def test_shares_in_percent_at_the_end_are_refused_as_measured_ones(tmp_path: Path) -> None:
    path = tmp_path / "shares.csv"
    path.write_text("a,share\n" + "".join(f"{n / 7},{n % 37 / 2}%\n" for n in range(40)))
    with pytest.raises(DataError, match=r"is '0\.0%', wanted a plain number for a measured target"):
        read_table(path)


def test_a_first_column_that_is_taken_for_the_label_is_named(tmp_path: Path) -> None:
    path = tmp_path / "years.csv"
    rows = (f"{n % 4},{n / 7},{1950 + n * 7 % 60}\n" for n in range(60))
    path.write_text("a,b,year\n" + "".join(rows))
    assert "the label is column 1 ('a') (label names another)" in str(read_table(path).notice)
    notice = read_table(path, TableOptions(label="year")).notice
    assert "the target is column 3 ('year'), measured" in str(notice)


def test_many_classes_of_numbers_tell_how_they_are_taken_as_measured(tmp_path: Path) -> None:
    path = tmp_path / "years.csv"
    path.write_text("a,year\n" + "".join(f"{n / 7},{1950 + 2 * (n % 12)}\n" for n in range(96)))
    notice = str(read_table(path, TableOptions(label="year")).notice)
    assert 'the 12 that occur are the classes (loss="squared-error" takes them as' in notice


def test_a_split_of_several_labels_tells_the_label_that_it_goes_by(tmp_path: Path) -> None:
    rows = [(n, int(n < 50), int(n % 3 == 0)) for n in range(60)]
    path = tmp_path / "tags.csv"
    path.write_text("x,a,b\n" + "".join(f"{x / 7},{a},{b}\n" for x, a, b in rows))
    notice = str(read_table(path, TableOptions(label="a,b")).notice)
    assert "the last rows of every tenth by 'a', 10 of 60 in all, are for testing" in notice
