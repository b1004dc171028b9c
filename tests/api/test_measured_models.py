"""Models of measured targets, and of labels, on data that come from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import gpunet
from gpunet.artifacts import model_file
from gpunet.errors import DataError, ModelError, SettingError

FAST: dict[str, Any] = {"epochs": 3, "device": "cpu", "verbose": False}


def frames(rows: int = 80) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two features, and two targets of very different size that depend on them."""
    features = pl.DataFrame(np.random.default_rng(0).normal(size=(rows, 2)), schema=["a", "b"])
    return features, pl.DataFrame({"low": features["a"], "high": 1000 + 50 * features["b"]})


def test_targets_of_a_frame_are_found_by_their_titles() -> None:
    features, targets = frames()
    model = gpunet.train((features, targets), **FAST).model
    told = model.evaluate((features, targets))
    turned = model.evaluate((features, targets[["high", "low"]]))
    assert turned.rmse == told.rmse


def test_test_targets_in_another_order_are_refused() -> None:
    features, targets = frames()
    with pytest.raises(DataError, match="the columns of y_test are called otherwise than those"):
        gpunet.train((features, targets, features, targets[["high", "low"]]), **FAST)


@pytest.mark.parametrize("titled", [True, False])
def test_a_table_is_evaluated_by_a_model_of_arrays_with_several_targets(
    tmp_path: Path, titled: bool
) -> None:
    features, targets = frames()
    path = tmp_path / "rows.csv"
    if titled:
        data: Any = (features, targets)
        pl.concat([targets[["high"]], features, targets[["low"]]], how="horizontal").write_csv(path)
    else:
        data = (features.to_numpy(), targets.to_numpy())
        whole = pl.concat([targets, features], how="horizontal")
        whole.write_csv(path, include_header=False)
    model = gpunet.train(data, **FAST).model
    assert model.evaluate(path).rmse == pytest.approx(model.evaluate(data).rmse)


@pytest.mark.filterwarnings("ignore:each row of y")
def test_labels_to_evaluate_with_are_0_or_1() -> None:
    features, targets = frames()
    labels = targets.select((pl.all() > pl.all().median()).cast(pl.Int64))
    model = gpunet.train((features, labels), **FAST).model
    with pytest.raises(DataError, match="low in row 1 of y is 7, wanted 0 or 1 for a label"):
        model.evaluate((features, np.full((80, 2), 7)))


def test_an_archive_is_read_as_the_model_takes_it(tmp_path: Path) -> None:
    draws = np.random.default_rng(0)
    features, counts = draws.normal(size=(80, 3)), draws.integers(0, 5, 80)
    np.savez(tmp_path / "counts.npz", x_train=features, y_train=counts)
    model = gpunet.train((features, counts), loss="squared-error", **FAST).model
    assert model.evaluate(tmp_path / "counts.npz").rmse is not None


def test_a_column_of_weights_is_not_silently_missing() -> None:
    features, targets = frames()
    with pytest.raises(SettingError, match="'w' names a column of a table, but the data are none"):
        gpunet.train((features, targets), weight="w", **FAST)


def test_the_summary_tells_what_a_single_test_sample_gives() -> None:
    features, targets = frames()
    run = gpunet.train((features, targets["low"], features[:1], targets["low"][:1]), **FAST)
    assert (run.test.r2, "test RMSE" in run.model.summary()) == (None, True)


@pytest.mark.filterwarnings("ignore:the targets are")
def test_a_file_whose_columns_are_not_its_targets_is_refused(tmp_path: Path) -> None:
    features, targets = frames()
    path = tmp_path / "rows.csv"
    pl.concat([features, targets], how="horizontal").write_csv(path)
    model = gpunet.train(path, label="low,high", **FAST).model
    content = model_file.describe(model)
    content["columns"] |= {"further": [], "further_labels": []}
    model.save(tmp_path / "m")
    whole = (tmp_path / "m").read_bytes()
    size = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + size])
    header["__metadata__"]["gpunet"] = json.dumps(content)
    changed = json.dumps(header).encode()
    (tmp_path / "n").write_bytes(len(changed).to_bytes(8, "little") + changed + whole[8 + size :])
    with pytest.raises(ModelError, match="it has 1 columns for 2 targets"):
        gpunet.load(tmp_path / "n")
