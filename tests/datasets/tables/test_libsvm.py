from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from tests.datasets.refusals import refusal

from gpunet.datasets.readers.path import read_path
from gpunet.datasets.tables.model_rows import read_rows
from gpunet.errors import DataError

VALUES = np.random.default_rng(4).normal(size=(12, 5)).round(3)
VALUES[VALUES < 0] = 0
VALUES[0, 4] = 1.5
LABELS = [-1, 1] * 6


def written(
    path: Path, values: object = VALUES, first: int = 1, labels: object = LABELS, end: str = "\n"
) -> Path:
    lines = []
    for label, row in zip(labels, values, strict=True):  # type: ignore[call-overload]
        pairs = [f"{at}:{value:g}" for at, value in enumerate(row, first) if value]
        lines.append(" ".join([f"{label:+d}", *pairs]))
    path.write_text(end.join(lines) + end)
    return path


def refusal_of(path: Path, text: str) -> str:
    path.write_text(text)
    return refusal(path)


@pytest.mark.parametrize("name", ["data.svm", "data.libsvm", "data.SVMLIGHT"])
@pytest.mark.parametrize("first", [0, 1])
def test_values_that_are_not_there_are_zeros(tmp_path: Path, name: str, first: int) -> None:
    VALUES[1, 0] = 2.5
    dataset = read_path(written(tmp_path / name, first=first))
    assert VALUES[:10].astype(np.float32).tolist() == dataset.train.features.tolist()
    assert dataset.classes == ("-1", "1")
    assert dataset.train.labels.tolist() == [0, 1] * 5


def test_a_packed_file_with_comments_is_read(tmp_path: Path) -> None:
    expected = read_path(written(tmp_path / "data.svm"))
    text = "# a comment\n\n" + (tmp_path / "data.svm").read_text().replace("\n", " # of a row\n")
    (tmp_path / "more.svm.gz").write_bytes(gzip.compress(text.encode()))
    assert expected.fingerprint == read_path(tmp_path / "more.svm.gz").fingerprint


def test_a_further_file_may_lack_the_last_places(tmp_path: Path) -> None:
    dataset = read_path(written(tmp_path / "data.svm"))
    assert dataset.columns is not None
    path = written(tmp_path / "more.svm", VALUES[:, :2])
    rows = read_rows(path, dataset.columns, dataset.inputs, dataset.classes)
    expected = np.pad(VALUES[:, :2], ((0, 0), (0, 3)))
    assert expected.astype(np.float32).tolist() == rows.features.astype(np.float32).tolist()
    assert rows.labels is not None
    assert rows.labels.tolist() == [0, 1] * 6
    path = written(path, np.ones((12, 6)))
    with pytest.raises(DataError, match="has 7 columns, wanted 5 features, or 6 columns"):
        read_rows(path, dataset.columns, dataset.inputs)


def test_a_training_and_a_test_file_may_end_at_different_places(tmp_path: Path) -> None:
    written(tmp_path / "train.svm")
    written(tmp_path / "test.svm", VALUES[:4, :3], labels=LABELS[:4])
    dataset = read_path(tmp_path)
    assert (len(dataset.train), len(dataset.test), dataset.inputs) == (12, 4, 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "data.svm is empty"),
        ("# nothing\n", "data.svm holds no rows of data; wanted a label and place:value pairs"),
        ("1\n0\n", "data.svm holds no rows of data"),
        ("1 1:2\n0 qid:3 1:2\n", "line 2 of data.svm holds 'qid:3', wanted a place and a number"),
        ("1 1:2\n\n0 1:x\n", "line 3 of data.svm holds '1:x', wanted a place and a number as in"),
        ("1 1:2\n0 -3:2\n", "line 2 of data.svm holds '-3:2', wanted a place"),
        ("1 1:2\n0 99999999999:2\n", "line 2 of data.svm holds a value at place 99,999,999,999"),
        ("1 1:2\n0 1:1e39\n" * 6, "line 2, column 2 of data.svm is 1e+39, which is too large"),
        ("1 1:2\n0 1:inf\n" * 6, "line 2, column 2 of data.svm is inf, wanted a finite number"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(
    tmp_path: Path, text: str, expected: str
) -> None:
    assert expected in refusal_of(tmp_path / "data.svm", text)


def test_a_few_bytes_that_stand_for_too_many_zeros_are_refused(tmp_path: Path) -> None:
    text = "1 4000000:1\n" + "0 1:1\n" * 2000
    tracemalloc.start()
    assert "data.svm, with all zeros, would take 59.6 GiB of memory" in (
        refusal_of(tmp_path / "data.svm", text)
    )
    assert "holds a value at place 400,000 and next to nothing before it; number" in (
        refusal_of(tmp_path / "data.svm", "1 400000:1\n" + "0 1:1\n" * 20)
    )
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()
