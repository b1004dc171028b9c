"""``gpunet train --find-lr``."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from rich.console import Console

from gpunet.cli import find_lr
from gpunet.training.learning_rate_range import RangeTest

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

FAST = ("--device", "cpu", "--hidden", "4", "--batch-size", "8")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_rate_is_suggested_and_nothing_is_saved(gpunet: RunCommand, halves: Path) -> None:
    ran = gpunet("train", "--data", halves, *FAST, "--find-lr")
    assert (0, "") == (ran.code, ran.err)
    assert "suggests: --lr " in ran.out
    assert "the default is 5.0e-03" in ran.out
    assert "learning rate" in ran.out
    assert [] == list(Path().iterdir())


def test_quiet_prints_a_rate_that_can_be_trained_with(gpunet: RunCommand, halves: Path) -> None:
    ran = gpunet("train", "--data", halves, *FAST, "--find-lr", "-q")
    assert 1 == ran.out.count("\n")
    assert 1e-5 < float(ran.out) < 10
    options = ("--lr", ran.out.strip(), "--epochs", 1, "-q")
    assert 0 == gpunet("train", "--data", halves, *FAST, *options).code


def test_it_does_not_go_together_with_a_run_that_is_kept(gpunet: RunCommand) -> None:
    ran = gpunet("train", "--find-lr", "--name", "one")
    assert 2 == ran.code
    assert "--find-lr and --name cannot go together" in ran.failure


def test_in_a_terminal_the_curve_is_drawn_whatever_the_loss(
    monkeypatch: pytest.MonkeyPatch, gpunet: RunCommand, halves: Path
) -> None:
    rates = np.geomspace(1e-6, 1.0, 60)
    losses = np.append(np.linspace(2.0, 0.5, 59), np.inf)
    console = Console(file=io.StringIO(), width=70, height=30, force_terminal=True, highlight=False)
    monkeypatch.setattr(find_lr, "make_console", lambda **_: console)
    monkeypatch.setattr(find_lr, "wants_dashboard", lambda *_: True)
    monkeypatch.setattr(
        find_lr, "find_learning_rate", lambda *_: RangeTest(rates, losses, losses, 0.05)
    )
    assert 0 == gpunet("train", "--data", halves, *FAST, "--find-lr").code
    drawn = console.file.getvalue()  # type: ignore[attr-defined]
    assert "loss by log10 of the learning rate" in drawn
    assert "suggests: --lr 5.0e-02" in drawn
