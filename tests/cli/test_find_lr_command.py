"""``gpunet find-lr``."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from rich.console import Console

from gpunet.terminal.draw.charts import LineChart
from gpunet.terminal.draw.style import theme
from gpunet.terminal.live import console as console_module
from gpunet.terminal.live import messages
from gpunet.terminal.views.range_test import range_chart
from gpunet.training import learning_rate_range
from gpunet.training.learning_rate_range import RangeTest

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

FAST = ("--device", "cpu", "--hidden", "4", "--batch-size", "8")


def test_a_rate_is_suggested_and_nothing_is_saved(gpunet: RunCommand, halves: Path) -> None:
    ran = gpunet("find-lr", "--data", halves, *FAST)
    assert (ran.code, ran.err) == (0, "")
    assert "suggests: --learning-rate " in ran.out
    assert "the default is 5.0e-03" in ran.out
    assert "learning rate" in ran.out
    assert list(Path().iterdir()) == []


def test_quiet_prints_a_rate_that_can_be_trained_with(gpunet: RunCommand, halves: Path) -> None:
    ran = gpunet("find-lr", "--data", halves, *FAST, "-q")
    assert ran.out.count("\n") == 1
    assert 1e-5 < float(ran.out) < 10
    options = ("--lr", ran.out.strip(), "--epochs", 1, "-q")
    assert gpunet("train", "--data", halves, *FAST, *options).code == 0


def test_json_holds_the_curve_and_the_rate_that_quiet_prints(
    gpunet: RunCommand, halves: Path
) -> None:
    ran = gpunet("find-lr", "--data", halves, *FAST, "--optimizer", "sgd", "--json")
    assert (ran.code, ran.err) == (0, "")
    content = json.loads(ran.out)
    assert {"suggestion", "default", "steps"} == content.keys()
    assert content["default"] == 0.2
    rates = [step["learning_rate"] for step in content["steps"]]
    assert len(rates) > 10
    assert sorted(rates) == rates
    first = content["steps"][0]
    assert first["loss"] == pytest.approx(first["smoothed"])
    quiet = gpunet("find-lr", "--data", halves, *FAST, "--optimizer", "sgd", "-q")
    assert f"{content['suggestion']:.1e}\n" == quiet.out


def test_json_writes_null_for_a_loss_that_is_not_finite(
    monkeypatch: pytest.MonkeyPatch, gpunet: RunCommand, halves: Path
) -> None:
    found = RangeTest(np.array([0.1, 1.0]), np.array([2.0, np.inf]), np.array([2.0, np.nan]), 0.01)
    monkeypatch.setattr(learning_rate_range, "find_learning_rate", lambda *_: found)
    content = json.loads(gpunet("find-lr", "--data", halves, *FAST, "--json").out)
    assert content["steps"] == [
        {"learning_rate": 0.1, "loss": 2.0, "smoothed": 2.0},
        {"learning_rate": 1.0, "loss": None, "smoothed": None},
    ]


def test_in_a_terminal_the_curve_is_drawn_whatever_the_loss(
    monkeypatch: pytest.MonkeyPatch, gpunet: RunCommand, halves: Path
) -> None:
    rates = np.geomspace(1e-6, 1.0, 60)
    losses = np.append(np.linspace(2.0, 0.5, 59), np.inf)
    console = Console(
        file=io.StringIO(),
        width=70,
        height=30,
        force_terminal=True,
        highlight=False,
        theme=theme("dark"),
    )
    monkeypatch.setattr(messages, "make_console", lambda **_: console)
    monkeypatch.setattr(console_module, "wants_dashboard", lambda *_: True)
    monkeypatch.setattr(
        learning_rate_range, "find_learning_rate", lambda *_: RangeTest(rates, losses, losses, 0.05)
    )
    assert gpunet("find-lr", "--data", halves, *FAST).code == 0
    drawn = console.file.getvalue()  # type: ignore[attr-defined]
    assert "loss by learning rate" in drawn
    assert "suggests: --learning-rate 5.0e-02" in drawn


def test_without_a_terminal_every_tenth_step_and_the_last_are_listed(
    monkeypatch: pytest.MonkeyPatch, gpunet: RunCommand, halves: Path
) -> None:
    rates = np.arange(1, 26) / 100
    losses, smoothed = np.linspace(3.0, 0.6, 25), np.abs(np.arange(25) - 15) / 10 + 0.5
    monkeypatch.setattr(
        learning_rate_range,
        "find_learning_rate",
        lambda *_: RangeTest(rates, losses, smoothed, 0.016),
    )
    ran = gpunet("find-lr", "--data", halves, *FAST, "--optimizer", "sgd")
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines[lines.index("learning rate loss smoothed") + 2 :] == [
        "1.0e-02 3.0000 2.0000",
        "1.1e-01 2.0000 1.0000",
        "2.1e-01 1.0000 1.0000",
        "2.5e-01 0.6000 1.4000",
        "",
        "tried: 25 steps, each at a higher rate; no weights are kept",
        "lowest: the smoothed loss is 0.5000 at 1.6e-01",
        "suggests: --learning-rate 1.6e-02, a tenth of that; the default is 2.0e-01",
    ]


def test_the_chart_is_as_high_as_the_losses_before_the_lowest_and_marks_what_is_suggested() -> None:
    smoothed = np.array([2.0, 1.0, 5.0, 1e9])
    found = RangeTest(np.array([1e-3, 1e-2, 0.1, 1.0]), smoothed, smoothed, 1.1e-3)
    chart = range_chart(found)
    assert isinstance(chart, LineChart)
    assert chart.y_bounds == (0.0, 3.0)
    lowest, suggested = chart.marks
    assert (lowest.name, lowest.x, lowest.y) == ("lowest 1.0e-02", -2.0, 1.0)
    assert (suggested.name, suggested.x) == ("suggested 1.1e-03", np.log10(1.1e-3))
    assert 1.0 < suggested.y < 2.0
