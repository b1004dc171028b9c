from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest
from tests.datasets.refusals import refusal
from tests.datasets.tables.writing import FRAME, write_frame, write_workbook

from gpunet.datasets.readers.path import read_path
from gpunet.errors import MissingExtraError

Rows = list[list[object]]

NUMBERS: Rows = [[number % 2, number, number / 7] for number in range(12)]
ROWS: Rows = [["label", "a", "b"], *NUMBERS]


@pytest.mark.parametrize("name", ["data.xlsx", "data.ods"])
def test_a_workbook_is_the_same_table_as_its_text(tmp_path: Path, name: str) -> None:
    expected = read_path(write_frame(tmp_path / "text.csv"))
    dataset = read_path(write_frame(tmp_path / name))
    assert expected.fingerprint == dataset.fingerprint
    assert expected.columns == dataset.columns
    assert expected.notice is not None
    assert expected.notice.replace("text.csv", name) == dataset.notice


def test_a_workbook_may_lack_titles(tmp_path: Path) -> None:
    expected = read_path(write_workbook(tmp_path / "titled.xlsx", {"one": ROWS}))
    dataset = read_path(write_workbook(tmp_path / "data.xlsx", {"one": ROWS[1:]}))
    assert expected.fingerprint == dataset.fingerprint


def test_numbers_are_read_in_full(tmp_path: Path) -> None:
    numbers = [1.23456789e-12, 0.1257302210933933, 123456789012345680.0, 3.0]
    rows: Rows = [
        ["kind", "v", "w"],
        *([f"k{row % 2}", numbers[row % 4], row] for row in range(12)),
    ]
    rows[6][1] = "?"  # a column of numbers and words
    dataset = read_path(write_workbook(tmp_path / "data.xlsx", {"one": rows}))
    assert dataset.train.features[:4, 0].tolist() == pytest.approx(numbers, rel=1e-7)


def test_cells_may_hold_anything_that_text_gives_a_meaning(tmp_path: Path) -> None:
    words = ["a\tb", 'say "hi"', "two\nlines", "x;y"]
    rows: Rows = [["kind", "v"], *([words[row % 4], row / 3] for row in range(12))]
    dataset = read_path(write_workbook(tmp_path / "data.xlsx", {"one": rows}))
    assert dataset.classes == ("a\tb", 'say "hi"', "two lines", "x;y")


def test_the_first_sheet_with_cells_is_read(tmp_path: Path) -> None:
    sheets: dict[str, Rows] = {"empty": [], "data": ROWS, "notes": [["by", "me"]]}
    dataset = read_path(write_workbook(tmp_path / "data.xlsx", sheets))
    assert len(dataset.train) == 10
    assert dataset.notice is not None
    assert dataset.notice.startswith("the sheet 'data' is read, without 'notes'; ")
    assert "holds no cells" in refusal(write_workbook(tmp_path / "data.xlsx", {"a": [], "b": []}))


@pytest.mark.parametrize("name", ["data.xlsx", "data.xls", "data.ods", "data.xlsb"])
@pytest.mark.parametrize("content", [b"", b"no workbook at all", b"PK\x03\x04" + bytes(60)])
def test_what_is_no_workbook_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    message = refusal(tmp_path / name)
    assert name in message
    assert "\n" not in message


def test_a_workbook_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = write_frame(tmp_path / "data.xlsx")
    path.write_bytes(path.read_bytes()[:-400])
    assert "data.xlsx is no workbook, or it is damaged (" in refusal(path)


@pytest.mark.parametrize("cell", [b'"XFD1048576"', b'"CV1048576"'])
def test_a_cell_that_is_too_far_away_does_not_bring_the_process_down(
    tmp_path: Path, cell: bytes
) -> None:
    path = write_workbook(tmp_path / "near.xlsx", {"one": ROWS})
    with zipfile.ZipFile(path) as near, zipfile.ZipFile(tmp_path / "far.xlsx", "w") as far:
        for name in near.namelist():
            content = near.read(name)
            content = content.replace(b'"C13"', cell).replace(b'"13"', b'"1048576"')
            far.writestr(name, content)
    assert "far.xlsx cannot be read: it is damaged, or its cells lie" in (
        refusal(tmp_path / "far.xlsx")
    )


def test_a_workbook_that_would_unpack_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpunet.datasets.tables.workbooks.LARGEST", 1 << 10)
    assert "data.xlsx would unpack to 0.0 GiB, at most 0 GiB are read; save the sheet as" in (
        refusal(write_frame(tmp_path / "data.xlsx"))
    )


@pytest.mark.parametrize("library", ["fastexcel", "polars"])
def test_what_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    path = write_frame(tmp_path / "data.xlsx", FRAME)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=r"reading data.xlsx needs fastexcel, which is not"):
        read_path(path)
