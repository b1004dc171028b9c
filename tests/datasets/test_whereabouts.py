from __future__ import annotations

import os
from pathlib import Path

import pytest

from gpunet.datasets.whereabouts import located, portable


@pytest.mark.parametrize(
    ("data", "model", "told"),
    [
        ("here.csv", "", "./here.csv"),
        ("data/here.csv", "", "data/here.csv"),
        ("data/here.csv", "models", "../data/here.csv"),
        ("data/here.csv", "runs/wide", "../../data/here.csv"),
        ("data/../here.csv", "", "./here.csv"),
        ("data/here.csv", "a/b/c/d", None),
    ],
)
def test_a_path_is_told_from_the_folder_and_found_from_there(
    tmp_path: Path, data: str, model: str, told: str | None
) -> None:
    assert portable(str(tmp_path / data), tmp_path / model) == told
    moved = tmp_path / "elsewhere"
    expected = None if told is None else os.path.normpath(moved / data)
    assert located(told, moved / model) == expected


def test_a_name_stays_a_name(tmp_path: Path) -> None:
    assert portable("strokes:60+20", tmp_path) == "strokes:60+20"
    assert located("strokes:60+20", tmp_path) == "strokes:60+20"
    assert portable(None, tmp_path) is None
    assert located(None, tmp_path) is None


@pytest.mark.parametrize("folder", ["/home/anna/models", "/srv/models"])
def test_data_of_another_home_or_project_are_not_told(folder: str) -> None:
    assert portable("/home/bert/secret/here.csv", Path(folder)) is None


@pytest.mark.parametrize(
    "reference",
    [
        "/etc/passwd",
        "~/here.csv",
        "../../../../here.csv",
        "./data/../../here.csv",
        "./data/../here.csv",
        "..\\here.csv",
        "./C:/here.csv/..",
        "./here\0.csv",
        "//server/share",
    ],
)
def test_a_strangers_file_leads_nowhere_but_near_itself(tmp_path: Path, reference: str) -> None:
    assert located(reference, tmp_path / "downloads") is None


def test_as_many_folders_are_climbed_as_a_run_lies_deep_and_no_more(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b" / "c" / "d"
    assert located("../../../here.csv", folder) == str(tmp_path / "a" / "here.csv")
    assert located("../../../../here.csv", folder) is None
    assert portable(str(tmp_path / "a" / "here.csv"), folder) == "../../../here.csv"
