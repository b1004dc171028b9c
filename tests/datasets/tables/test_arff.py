from __future__ import annotations

import bz2
from pathlib import Path

import numpy as np
import pytest
from tests.datasets.refusals import refusal
from tests.datasets.tables.writing import FRAME, write_frame

from gpunet.datasets.readers.path import read_path
from gpunet.datasets.tables.model_rows import read_rows

HEADER = """% a table of measured values
@RELATION 'my data'

@attribute x numeric
@ATTRIBUTE count INTEGER
@attribute 'city' {Rome, 'Oslo, N'}
@attribute flag {True,False}
@attribute species {c, b, a}  % in this order

@DATA
"""


def body(quote: str = "'") -> str:
    cells = [
        ["?" if cell is None else f"{quote}{cell}{quote}" if cell == "Oslo, N" else str(cell)]
        for row in FRAME.rows()
        for cell in row
    ]
    flat = [cell[0] for cell in cells]
    return "".join(",".join(flat[at : at + 5]) + "\n" for at in range(0, len(flat), 5))


def refusal_of(path: Path, text: str) -> str:
    path.write_text(text)
    return refusal(path)


@pytest.mark.parametrize("quote", ["'", '"'])
def test_an_arff_file_is_the_same_table_as_its_text(tmp_path: Path, quote: str) -> None:
    text = write_frame(tmp_path / "text.csv")
    expected = read_path(text)
    path = tmp_path / "data.arff"
    path.write_text(HEADER + body(quote))
    dataset = read_path(path)
    features = dataset.train.features
    assert np.array_equal(expected.train.features, features, equal_nan=True)
    assert dataset.classes == ("c", "b", "a")
    assert [2 - label for label in expected.train.labels.tolist()] == dataset.train.labels.tolist()
    assert expected.notice is not None
    assert expected.notice.replace("text.csv", "data.arff") == dataset.notice
    assert expected.columns == dataset.columns
    assert dataset.columns is not None
    rows = read_rows(path, dataset.columns, dataset.inputs, dataset.classes)
    assert np.array_equal(features, rows.features[:50].astype(np.float32), equal_nan=True)


def test_a_packed_file_with_comments_among_its_rows_is_read(tmp_path: Path) -> None:
    lines = body().splitlines()
    lines[3:3] = ["% a comment, 'of sorts'", "", "  "]
    (tmp_path / "data.arff").write_text(HEADER + body())
    (tmp_path / "more.arff.bz2").write_bytes(bz2.compress((HEADER + "\n".join(lines)).encode()))
    expected = read_path(tmp_path / "data.arff").fingerprint
    assert expected == read_path(tmp_path / "more.arff.bz2").fingerprint


def test_names_and_words_may_hold_quotes(tmp_path: Path) -> None:
    path = tmp_path / "data.arff"
    header = "@relation r\n@attribute 'it\\'s' real\n@attribute \"a b\" string\n"
    header += "@attribute class {'x y','don\\'t'}\n@data\n"
    path.write_text(header + "1,'p q','x y'\n2.5,r,'don\\'t'\n" * 6)
    dataset = read_path(path)
    assert dataset.classes == ("x y", "don't")
    assert dataset.columns is not None
    assert dataset.columns.features == ("it's", "a b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEADER.replace("@DATA", ""), "data.arff holds no line @data, wanted rows after it"),
        ("@relation r\n@data\n1,2\n", "data.arff declares no attributes before @data"),
        ("@relation r\n@attribute x relational\n@data\n", "line 2 of data.arff is '@attribute x r"),
        ("a,b\n1,2\n@data\n", "line 1 of data.arff is 'a,b', wanted @attribute with a name and"),
        (HEADER + "{0 1.5, 4 a}\n", "line 11 of data.arff is sparse ('{0 1.5, 4 a}'), which is"),
        (HEADER + body() + "1,2,Rome\n", "line 71 of data.arff has 3 columns, wanted 5"),
        (HEADER, "data.arff holds no rows of data"),
        (HEADER + "'1,2\n", "line 11 of data.arff has"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(
    tmp_path: Path, text: str, expected: str
) -> None:
    assert expected in refusal_of(tmp_path / "data.arff", text)
