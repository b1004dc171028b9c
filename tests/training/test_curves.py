import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gpunet.artifacts.curves import Curves, read_curves
from gpunet.errors import DataError
from gpunet.training.events import EpochRecord

ENTRY = {
    "epoch": 1,
    "train_loss": 0.5,
    "val_loss": None,
    "train_accuracy": 1,
    "val_accuracy": 0.75,
}


def a_report(folder: Path, **changes: Any) -> Path:
    path = folder / "run.json"
    content = {"history": [ENTRY, {**ENTRY, "epoch": 2, "train_loss": 0.25}], "best_epoch": 2}
    path.write_text(json.dumps({**content, **changes}), "utf-8")
    return path


def test_a_report_gives_the_curves_and_null_is_nan(tmp_path: Path) -> None:
    curves = read_curves(a_report(tmp_path))
    assert_array_equal([1, 2], curves.epochs)
    assert_array_equal([0.5, 0.25], curves.train_loss)
    assert_array_equal([np.nan, np.nan], curves.val_loss)
    assert_array_equal([0.75, 0.75], curves.val_accuracy)
    assert curves.best_epoch == 2


def test_records_give_the_same_curves() -> None:
    record = EpochRecord(3, 0.5, 0.9, None, None, 0.01, 1.0, 100.0)
    curves = Curves.of([record], 3)
    assert curves.epochs.tolist() == [3]
    assert curves.train_accuracy.tolist() == [0.9]
    assert_array_equal([np.nan], curves.val_loss)


MEASURED = {"epoch": 1, "train_loss": 0.5, "val_loss": None, "train_r2": -3.5, "val_r2": 0.25}
COMPARED = {"names": ["a", "b"], "targets": [[1, 2]], "predictions": [[1.5, None]]}


def test_of_measured_targets_a_report_gives_r2_and_the_predictions(tmp_path: Path) -> None:
    curves = read_curves(a_report(tmp_path, history=[MEASURED], comparison=COMPARED))
    assert curves.measured
    assert (curves.train_r2.tolist(), curves.val_r2.tolist()) == ([-3.5], [0.25])
    assert curves.comparison is not None
    assert curves.comparison.names == ("a", "b")
    assert_array_equal([[1.5, np.nan]], curves.comparison.predictions)
    classes = read_curves(a_report(tmp_path))
    assert (classes.measured, classes.comparison) == (False, None)


@pytest.mark.parametrize(
    "changes", [{"targets": [[1]]}, {"predictions": []}, {"predictions": [[1, 2], [3, 4]]}]
)
def test_a_comparison_that_does_not_fit_together_is_refused(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    path = a_report(tmp_path, history=[MEASURED], comparison={**COMPARED, **changes})
    with pytest.raises(DataError, match="does not have a true and a predicted value for each of 2"):
        read_curves(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"history": []}, "tells of no finished epoch"),
        ({"history": None}, "history is None, wanted array"),
        ({"best_epoch": True}, "best_epoch is True, wanted int"),
        ({"history": [5]}, r"history\[0\] is 5, wanted object"),
        ({"history": [ENTRY, {"epoch": 2}]}, r"history\[1\] lacks 'train_loss'"),
        ({"history": [{**ENTRY, "val_loss": "x"}]}, "val_loss is 'x', wanted float"),
        ({"history": [{**ENTRY, "val_loss": 10**400}]}, "number out of range in .*val_loss"),
        ({"history": [{**ENTRY, "epoch": 10**400}]}, "epoch is 1.*, wanted int <= "),
    ],
)
def test_what_is_no_report_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_curves(a_report(tmp_path, **changes))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 100_000, b"NaN"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(DataError, match="is no report of a training run: it is no JSON"):
        read_curves(tmp_path / "run.json")


def test_a_report_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: no such file"):
        read_curves(tmp_path / "run.json")
