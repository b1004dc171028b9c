"""What sliders and choices a page gets for the columns of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpunet
from gpunet.export.controls import MOST_CONTROLS, controls_of

SETTINGS: dict[str, Any] = {"hidden": (4,), "epochs": 1, "device": "cpu", "verbose": False}


def person(number: int) -> str:
    """A row of the table; some heights and colors are missing."""
    height = "" if number % 9 == 4 else number / 4
    color = "" if number % 5 == 4 else "rb"[number % 2]
    return f"{number % 50},{height},{color},{'no' if number % 2 else 'yes'}"


ROWS = ["age,height,color,", *map(person, range(300))]


def of_table(tmp_path: Path, rows: list[str], **settings: Any) -> list[Any]:
    path = tmp_path / "people.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    run = gpunet.train(path, **{**SETTINGS, **settings})
    return controls_of(run.model, run.dataset.train.features)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_each_column_has_a_control_with_the_values_that_were_trained_on(tmp_path: Path) -> None:
    age, height, color = of_table(tmp_path, ROWS)
    assert (age.name, age.kind, age.features) == ("age", "number", (0, 1))
    assert (age.low, age.high, age.usual, age.whole) == (0, 49, 24, True)
    assert (height.features, height.missing, height.whole) == ((1, 2), True, False)
    assert (height.low, height.high) == (0, 249 / 4)
    assert (color.kind, color.features, color.choices) == ("choice", (3, 3), ("", "b", "r"))
    assert color.choices[int(color.usual)] in ("b", "r")


def test_columns_of_arrays_go_by_their_numbers() -> None:
    rows = np.random.default_rng(0).normal(size=(60, 2))
    controls = controls_of(gpunet.train((rows, rows[:, 0] > 0), **SETTINGS).model, rows)
    assert [one.name for one in controls] == ["feature 1", "feature 2"]
    assert [one.low for one in controls] == rows.min(axis=0).tolist()
    assert [one.high for one in controls] == rows.max(axis=0).tolist()
    assert [one.missing for one in controls] == [False, False]


def test_bytes_are_set_as_bytes_and_read_as_fractions() -> None:
    rows = np.random.default_rng(0).integers(0, 256, (60, 2)).astype(np.uint8)
    controls = controls_of(gpunet.train((rows, rows[:, 0] > 99), **SETTINGS).model, rows)
    assert [one.high for one in controls] == rows.max(axis=0).tolist()
    assert [(one.unit, one.whole) for one in controls] == [(1 / 255, True)] * 2


def test_without_samples_ranges_are_guessed_from_the_scaling() -> None:
    rows = np.random.default_rng(0).normal(5, 2, size=(60, 1))
    model = gpunet.train((rows, rows[:, 0] > 5), **SETTINGS).model
    (control,) = controls_of(model, None)
    assert model.scaling is not None
    mean, deviation = float(model.scaling.mean[0]), float(model.scaling.deviation[0])
    assert (control.low, control.usual) == (mean - 3 * deviation, mean)
    assert control.guessed


def test_a_feature_that_is_always_missing_still_has_a_range() -> None:
    rows = np.random.default_rng(0).normal(size=(60, 2))
    model = gpunet.train((rows, rows[:, 0] > 0), **SETTINGS).model
    rows[:, 1] = np.nan
    control = controls_of(model, rows)[1]
    assert (control.low, control.high, control.usual) == (0, 0, 0)


def test_images_and_very_wide_tables_have_no_controls() -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 4, 4)).astype(np.uint8)
    model = gpunet.train((images, np.arange(40) % 2), **SETTINGS).model
    assert controls_of(model, images.reshape(40, 16)) == []
    wide = np.random.default_rng(0).normal(size=(20, MOST_CONTROLS + 1))
    model = gpunet.train((wide, np.arange(20) % 2), **SETTINGS).model
    assert controls_of(model, wide) == []
