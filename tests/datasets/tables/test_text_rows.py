from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gpunet.datasets.dataset import Dataset
from gpunet.datasets.readers.path import read_path
from gpunet.datasets.tables import text_rows
from gpunet.errors import DataError

ROWS = "label,a,b\n" + "".join(f"{row % 3},{row / 8},{row % 5}.25\n" for row in range(12))


def read(folder: Path, text: str | bytes, name: str = "data.csv") -> Dataset:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_path(path)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(DataError) as caught:
        read(folder, text)
    return str(caught.value)


@pytest.fixture
def plain(tmp_path: Path) -> Dataset:
    return read(tmp_path, ROWS, "plain.csv")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " ", "  \t "])
@pytest.mark.parametrize("name", ["data.csv", "data.tsv", "data.txt", "data.DATA"])
@pytest.mark.parametrize("header", [True, False])
def test_the_separator_is_found(
    tmp_path: Path, plain: Dataset, separator: str, name: str, header: bool
) -> None:
    text = ROWS if header else ROWS.partition("\n")[2]
    dataset = read(tmp_path, text.replace(",", separator), name)
    assert plain.fingerprint == dataset.fingerprint


def test_columns_that_stand_under_one_another_are_read(tmp_path: Path) -> None:
    rows = [f"  {i % 2}  {100 * i:>6} {i / 8:8.3f}  {'ab'[i % 2]} " for i in range(8)]
    dataset = read(tmp_path, "\n".join(["kind size  weight  mark", *rows]), "columns.data")
    assert dataset.train.features[1].tolist() == [1, 100, 0.125]
    assert dataset.columns is not None
    assert dataset.columns.label == "mark"


def test_names_of_rows_need_no_title_as_r_writes_them(tmp_path: Path) -> None:
    names = ["Mazda RX4", "Mazda RX4 Wag", "Datsun 710", "Valiant", "Duster 360", "Merc 240D"]
    rows = [f'"{name}" {20 + i} {i % 2} "{"ab"[i % 2]}"' for i, name in enumerate(names)]
    dataset = read(tmp_path, "\n".join(['"mpg" "am" "kind"', *rows]), "cars.txt")
    assert dataset.train.features[:, 0].tolist() == [20, 21, 22, 23, 24][: len(dataset.train)]
    assert dataset.classes == ("a", "b")
    assert "column 1 ('') names the rows and is left out" in (dataset.notice or "")


@pytest.mark.parametrize("separator", [",", "\t"])
def test_names_of_rows_need_no_title_beside_any_separator(tmp_path: Path, separator: str) -> None:
    rows = [f'"{10 * i}",{20 + i},"{"ab"[i % 2]}"' for i in range(6)]
    dataset = read(tmp_path, "\n".join(['"mpg","kind"', *rows]).replace(",", separator))
    assert dataset.train.features.tolist() == [[20], [21], [22], [23], [24]]
    assert dataset.classes == ("a", "b")


def test_a_separator_that_ends_each_row_makes_an_empty_column(tmp_path: Path) -> None:
    dataset = read(tmp_path, "mpg,kind\n" + "20,a,\n21,b,\n" * 3)
    assert dataset.train.features.tolist() == [[20], [21]] * 2 + [[20]]
    assert "column 3 ('') is left out" in (dataset.notice or "")


@pytest.mark.parametrize("order", ["<", ">"])
def test_utf_16_is_told_by_its_first_bytes(
    tmp_path: Path, plain: Dataset, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_rows, "BLOCK", 7)
    kind = {"<": "utf-16-le", ">": "utf-16-be"}[order]
    text = "\ufeff" + ROWS.replace("\n", "\r\n")
    assert read(tmp_path, text.encode(kind)).fingerprint == plain.fingerprint


@pytest.mark.parametrize("block", [7, 1 << 20])
def test_quoted_cells_may_hold_line_ends(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_rows, "BLOCK", block)
    rows = [
        '"two\nlines, ""or"" so\n",1,a',
        "one,2,b",
        '"",3,a',
        '"two\r\nlines, ""or"" so",4,b',
    ] * 3
    text = "\n".join(['"the\nnote",b,kind', *rows, ""])
    dataset = read(tmp_path, text)
    assert dataset.columns is not None
    assert dataset.columns.features == ("the\nnote", "b")
    assert dataset.columns.encodings[0].levels == ("", "one", 'two\nlines, "or" so')
    assert dataset.train.features[:4].tolist() == [
        [0, 0, 1, 1],
        [0, 1, 0, 2],
        [1, 0, 0, 3],
        [0, 0, 1, 4],
    ]
    lines = text.count("\n") + 1
    assert f"line {lines:,} of " in refusal(tmp_path, text + "one\n")


def test_a_quote_that_nothing_closes_is_refused_with_its_line(tmp_path: Path) -> None:
    lines = ROWS.splitlines()
    lines[3] = f'"{lines[3]}'
    assert "line 4 of " in refusal(tmp_path, "\n".join(lines))
    assert "opens a quote that nothing closes" in refusal(tmp_path, "\n".join(lines))


def test_quotes_within_cells_open_nothing(tmp_path: Path) -> None:
    rows = [f'{i},5" disk,{"ab"[i % 2]}' for i in range(12)]
    assert len(read(tmp_path, "\n".join(["n,part,kind", *rows])).train) == 10


def test_blanks_within_cells_part_nothing(tmp_path: Path) -> None:
    rows = [f"{i},red wine {i % 2},{'a b'[:: 2 * (i % 2) + 1]}" for i in range(12)]
    dataset = read(tmp_path, "\n".join(["number of it,name of it,kind of it", *rows]))
    assert dataset.columns is not None
    assert dataset.columns.label == "kind of it"


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_decimal_commas_are_read_beside_other_separators(
    tmp_path: Path, plain: Dataset, separator: str, header: bool
) -> None:
    text = ROWS if header else ROWS.partition("\n")[2]
    dataset = read(tmp_path, text.replace(",", separator).replace(".", ","))
    assert plain.fingerprint == dataset.fingerprint


def test_a_quoted_decimal_comma_is_one_value(tmp_path: Path, plain: Dataset) -> None:
    head, _, rows = ROWS.partition("\n")
    quoted = [
        ",".join([cells[0], *(f'"{cell.replace(".", ",")}"' for cell in cells[1:])])
        for cells in (row.split(",") for row in rows.splitlines())
    ]
    dataset = read(tmp_path, "\n".join([head, *quoted]))
    assert plain.fingerprint == dataset.fingerprint


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('"6,700.0"', "line 4, column 3 ('b') of .* is '6,700.0', wanted a number"),
        ('"1,234,567"', "line 4, column 3 ('b') of .* is '1,234,567', wanted a number"),
        ('"6,7"', "line 4, column 3 ('b') of .* is '6,7', with a decimal comma, but line 2,"),
        ('"1,234"', "line 4, column 3 ('b') of .* is '1,234', with a decimal comma"),
    ],
)
def test_a_comma_within_a_number_is_refused_beside_decimal_points(
    tmp_path: Path, cell: str, expected: str
) -> None:
    lines = ROWS.splitlines()
    lines[3] = f"{lines[3].rpartition(',')[0]},{cell}"
    said = refusal(tmp_path, "\n".join(lines))
    before, _, after = expected.partition(".*")
    assert before in said
    assert after.strip() in said


@pytest.mark.parametrize("cell", ["1,234", "12,345", "-999,000"])
def test_commas_that_may_mean_thousands_are_refused(tmp_path: Path, cell: str) -> None:
    text = "label;a\n" + f"0;7\n1;{cell}\n" * 6
    assert "which may mean a fraction or thousands" in refusal(tmp_path, text)
    plain = text.replace("0;7", "0;0,5")
    assert abs(float(cell.replace(",", "."))) == np.abs(read(tmp_path, plain).train.features).max()


@pytest.mark.parametrize(
    "start",
    [
        "# measured in May\n",
        "# measured in May, on two days\n#\n\n",
        "sep=,\n",
        "#\n" * 100,
        "\n# a comment\n\nsep=,\n",
    ],
)
def test_comments_and_the_line_that_names_the_separator_are_passed_over(
    tmp_path: Path, plain: Dataset, start: str
) -> None:
    dataset = read(tmp_path, start + ROWS)
    assert plain.fingerprint == dataset.fingerprint
    assert plain.columns == dataset.columns


def test_the_line_that_names_the_separator_wins(tmp_path: Path) -> None:
    dataset = read(tmp_path, "sep=;\na,x;label\n" + "1;0\n2;1\n" * 6)
    assert dataset.columns is not None
    assert (dataset.columns.features, dataset.columns.label) == (("a,x",), "label")


@pytest.mark.parametrize("line", ["# label,a,b\n", "#label,a,b\n", "# by hand\n# label,a,b\n"])
def test_titles_in_a_comment_are_titles(tmp_path: Path, plain: Dataset, line: str) -> None:
    dataset = read(tmp_path, line + ROWS.partition("\n")[2])
    assert plain.fingerprint == dataset.fingerprint
    assert plain.columns == dataset.columns


def test_lines_are_counted_over_comments(tmp_path: Path) -> None:
    text = "# a comment\nsep=,\n\n" + ROWS + "0,1,x\n"
    assert "line 17, column 3 ('b')" in refusal(tmp_path, text)


@pytest.mark.parametrize("end", ["", "label"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_first_line_of_numbers_that_count_is_a_header(
    tmp_path: Path, first: int, end: str
) -> None:
    draws = np.random.default_rng(0)
    rows = [[row % 2, *draws.integers(0, 256, 64).tolist()] for row in range(12)]
    count = list(range(first, first + 65 - bool(end)))
    text = "\n".join(",".join(map(str, cells)) for cells in ([*count, *[end] * bool(end)], *rows))
    if end:
        head, *others = [line.split(",") for line in text.splitlines()]
        text = "\n".join([",".join(head), *(",".join([*row[1:], row[0]]) for row in others)])
    dataset = read(tmp_path, text)
    assert (len(dataset.train), len(dataset.test)) == (10, 2)
    assert np.uint8 == dataset.train.features.dtype
    assert dataset.image_shape == (8, 8)
    assert rows[0][1:] == dataset.train.features[0].tolist()


def test_short_counts_are_titles_of_fractions_and_words_alone(tmp_path: Path) -> None:
    fractions = "0,1,2\n" + "".join(f"{row % 2},{row / 8},{row}.5\n" for row in range(12))
    assert sum(map(len, (read(tmp_path, fractions).train, read(tmp_path, fractions).test))) == 12
    whole = "0,1,2\n1,3,4\n" * 6
    assert sum(map(len, (read(tmp_path, whole).train, read(tmp_path, whole).test))) == 12


def test_a_header_that_comes_again_is_refused(tmp_path: Path) -> None:
    assert "line 14, column 2 ('a') of" in refusal(tmp_path, ROWS + ROWS)


def test_numbers_of_many_digits_are_read_as_they_are(tmp_path: Path) -> None:
    rows = "".join(f"0.100000000000000005551115123125{row},{row % 2}\n" for row in range(12))
    dataset = read(tmp_path, rows)
    assert (dataset.inputs, len(dataset.classes)) == (1, 2)
    assert pytest.approx(float(dataset.train.features[0, 0])) == 0.1


@pytest.mark.parametrize("comment", ["# by hand", "# label,a", "# label,a,b,c", "# 1,2,3", "#"])
def test_a_comment_of_other_cells_than_the_rows_have_gives_no_titles(
    tmp_path: Path, comment: str
) -> None:
    dataset = read(tmp_path, f"{comment}\n{ROWS.partition(chr(10))[2]}")
    assert dataset.columns is not None
    assert dataset.columns.features is None
    assert len(dataset.train) + len(dataset.test) == 12


def test_two_numbers_that_count_are_a_row(tmp_path: Path) -> None:
    dataset = read(tmp_path, "0,1\n" + "".join(f"{row % 2},{row}.5\n" for row in range(12)))
    assert len(dataset.train) + len(dataset.test) == 13


@pytest.mark.parametrize(("row", "column"), [(70, 1), (99, 1), (70, 2), (99, 2)])
def test_a_bad_cell_in_a_later_block_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: int, column: int
) -> None:
    monkeypatch.setattr(text_rows, "BLOCK", 300)
    cells = [[f"{place}.25", f"{place}.5", f"{place}.75", str(place % 2)] for place in range(100)]
    cells[row][column - 1] = "x"
    text = "a,b,c,label\n" + "".join(",".join(one) + "\n" for one in cells)
    assert f"line {row + 2}, column {column} ({'abc'[column - 1]!r})" in refusal(tmp_path, text)
