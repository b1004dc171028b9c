from __future__ import annotations

import datetime
import shutil
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.datasets.refusals import refusal
from tests.datasets.tables.writing import FRAME, FRAMES, ROWS, write_frame

from gpunet.datasets.readers.path import find_test_table, read_path
from gpunet.datasets.tables.model_rows import read_row_blocks, read_rows
from gpunet.datasets.tables.options import TableOptions
from gpunet.errors import MissingExtraError

PIXELS = np.random.default_rng(2).integers(0, 256, (ROWS, 8, 8), dtype=np.uint8)
LABELS = pl.Series("digit", [row % 3 for row in range(ROWS)])


@pytest.mark.parametrize("name", [*FRAMES, "data.NDJSON", "data[1].jsonl", "data*.parquet"])
def test_a_frame_is_the_same_table_as_its_text(tmp_path: Path, name: str) -> None:
    expected = read_path(write_frame(tmp_path / "text.csv"))
    path = tmp_path / name
    written = write_frame(tmp_path / f"written{path.suffix.lower()}")
    shutil.move(written, path)
    dataset = read_path(path)
    assert expected.fingerprint == dataset.fingerprint
    assert expected.columns == dataset.columns
    assert expected.notice is not None
    assert expected.notice.replace("text.csv", name) == dataset.notice
    assert find_test_table(path) == path


@pytest.mark.parametrize("name", FRAMES)
def test_rows_for_a_model_are_the_same_as_those_of_text(tmp_path: Path, name: str) -> None:
    text, path = write_frame(tmp_path / "text.csv"), write_frame(tmp_path / name)
    dataset = read_path(text)
    assert dataset.columns is not None
    expected = read_rows(text, dataset.columns, dataset.inputs, dataset.classes)
    rows = read_rows(path, dataset.columns, dataset.inputs, dataset.classes)
    assert np.array_equal(expected.features, rows.features, equal_nan=True)
    assert np.array_equal(expected.labels, rows.labels)  # type: ignore[arg-type]
    unlabeled = write_frame(path, FRAME.drop("species").reverse())
    blocks = list(read_row_blocks(unlabeled, dataset.columns, dataset.inputs))
    features = np.concatenate([block.features for block in blocks])
    assert np.array_equal(expected.features[::-1], features, equal_nan=True)


def test_parts_may_be_frames(tmp_path: Path) -> None:
    for part, rows in {"train": 40, "test": 20}.items():
        write_frame(tmp_path / f"{part}-00000-of-00001.parquet", FRAME.tail(rows))
    dataset = read_path(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (40, 20)


@pytest.mark.parametrize("name", ["data.parquet", "data.arrow", "data.jsonl", "data.ipc"])
@pytest.mark.parametrize("shape", [(64,), (8, 8)])
@pytest.mark.parametrize("is_fixed", [True, False])
def test_lists_of_one_length_are_so_many_features(
    tmp_path: Path, name: str, shape: tuple[int, ...], is_fixed: bool
) -> None:
    values = PIXELS.reshape(ROWS, *shape)
    images = pl.Series("image", values if is_fixed else values.tolist())
    path = write_frame(tmp_path / name, pl.DataFrame([images, LABELS]))
    dataset = read_path(path)
    assert dataset.image_shape == (8, 8)
    assert np.uint8 == dataset.train.features.dtype
    assert PIXELS[:50].reshape(50, 64).tolist() == dataset.train.features.tolist()
    assert dataset.columns is not None
    assert dataset.columns.features is not None
    assert dataset.columns.features[:2] == ("image_0", "image_1")


@pytest.mark.parametrize("name", ["data.parquet", "data.jsonl"])
@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ([[1, 2]] * 5 + [[1, 2, 3]], "row 6, column 'v' of {} holds a list of 3 numbers, wanted 2"),
        ([[1, 2]] * 5 + [None], "row 6, column 'v' of {} holds a list of 0 numbers, wanted 2"),
        ([[[1, 2], [3]]] * 6, "row 1, column 'v' of {} holds a list of "),
        ([["a", "b"]] * 6, "column 1 ('v_0') of {} holds List(String), wanted numbers or texts"),
        ([{"a": 1}] * 6, "column 1 ('v') of {} holds Struct({{'a': Int64}}), wanted numbers or"),
    ],
)
def test_nested_columns_that_are_no_features_are_refused(
    tmp_path: Path, name: str, lists: list[object], expected: str
) -> None:
    frame = pl.DataFrame([pl.Series("v", lists), LABELS.head(6)])
    path = write_frame(tmp_path / name, frame.with_columns(w=pl.Series(range(6))))
    assert expected.format(name) in refusal(path)
    if "Struct" in expected:
        assert read_path(path, options=TableOptions(ignore=("v",))).inputs == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime.date(2020, 1, 31), "is '2020-01-31', a date or time"),
        (datetime.datetime(2020, 1, 31, 12, 30), "is '2020-01-31 12:30:00.000000', a date or time"),
        (datetime.time(12, 30), "a date or time"),
        (datetime.timedelta(3), "holds Duration(time_unit='us'), wanted numbers or texts"),
        (b"12", "holds Binary, wanted numbers or texts; take it apart"),
        (float("inf"), "row 1, column 2 ('v') of data.parquet is inf, wanted a finite number"),
        (1e39, "row 1, column 2 ('v') of data.parquet is 1e+39, which is too large"),
    ],
)
def test_what_is_neither_number_nor_text_is_refused_as_in_text(
    tmp_path: Path, value: object, expected: str
) -> None:
    columns = [LABELS, pl.Series("v", [value] * ROWS), pl.Series("w", range(ROWS))]
    path = write_frame(tmp_path / "data.parquet", pl.DataFrame([*columns, LABELS.alias("z")]))
    assert expected in refusal(path, TableOptions(label="digit"))


def test_columns_of_many_types_are_numbers_or_words(tmp_path: Path) -> None:
    several = {
        "digit": LABELS,
        "small": pl.Series(range(ROWS), dtype=pl.Int8),
        "float": pl.Series(range(ROWS), dtype=pl.Float32),
        "exact": pl.Series(range(ROWS)).cast(pl.Decimal(10, 2)),
        "text": pl.Series([f"{row}.5" for row in range(ROWS)]),
        "word": pl.Series([str(row % 2 > 0) for row in range(ROWS)], dtype=pl.Categorical),
        "none": pl.Series([None] * ROWS),
    }
    dataset = read_path(write_frame(tmp_path / "data.parquet", pl.DataFrame(several)))
    assert dataset.train.features[2].tolist() == [2, 2, 2, 2.5, 0]
    assert dataset.notice is not None
    assert "column 7 ('none') is left out (not a single number)" in dataset.notice


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("kept", [3, 40, 0.5, 0.95])
def test_a_file_that_is_cut_short_is_refused(
    tmp_path: Path, name: str, kept: float, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_frame(tmp_path / name)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if kept < 1 else int(kept)])
    assert refusal(path).count("\n") == 0
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("content", [b"", b"no frame at all\n", b"FEA1" + bytes(60)])
@pytest.mark.parametrize("name", FRAMES)
def test_what_is_no_frame_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert name in refusal(tmp_path / name)


def test_a_frame_without_rows_is_refused(tmp_path: Path) -> None:
    path = write_frame(tmp_path / "data.parquet", FRAME.head(0))
    assert "data.parquet holds no rows of data, wanted a sample in each" in refusal(path)
    path = write_frame(tmp_path / "data.parquet", FRAME.select("x"))
    assert "data.parquet has one column, wanted a label and features in others" in refusal(path)


def test_a_few_bytes_that_promise_many_rows_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpunet.datasets.tables.typed_files.FREE", 1 << 16)
    zeros = pl.select(a=pl.repeat(0.0, 1 << 20), b=pl.repeat(1, 1 << 20))
    zeros.write_parquet(tmp_path / "data.parquet")
    assert "data.parquet promises 1,048,576 rows in" in refusal(tmp_path / "data.parquet")


def test_lines_of_json_that_share_no_key_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpunet.datasets.tables.typed_files.FREE", 1 << 16)
    lines = [f'{{"k{row}": 1, "label": {row % 2}}}\n' for row in range(4000)]
    (tmp_path / "data.jsonl").write_text("".join(lines))
    assert "data.jsonl promises 4,000 rows in" in refusal(tmp_path / "data.jsonl")


def test_long_texts_that_a_few_bytes_repeat_are_refused_before_they_are_written_out(
    tmp_path: Path,
) -> None:
    long = pl.Series([f"{code}{'x' * 5000}" for code in range(4)])
    codes = pl.Series([row % 4 for row in range(100_000)])
    frame = pl.select(a=long.gather(codes), label=codes)
    frame.write_parquet(tmp_path / "data.parquet")
    assert (tmp_path / "data.parquet").stat().st_size < 1 << 16
    assert "data.parquet holds more than 64 MiB of texts" in refusal(tmp_path / "data.parquet")


@pytest.mark.parametrize("name", ["data.parquet", "data.jsonl"])
def test_what_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = write_frame(tmp_path / name)
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingExtraError, match=f"reading {name} needs polars, which is not inst"):
        read_path(path)
