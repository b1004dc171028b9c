"""What -v and --log-file tell of the decisions on the way."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import gpunet as package
from gpunet import __version__

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

LOGGER = logging.getLogger("gpunet")

LINE = re.compile(r" +\d+\.\d{3} s  [\w.]+: .+")


def training(halves: Path) -> tuple[object, ...]:
    return "train", halves, "--device", "cpu", "-e", 2, "--hidden", 4, "-b", 8, "--quiet"


def test_decisions_stages_and_files_are_told_on_the_standard_error(
    gpunet: RunCommand, halves: Path
) -> None:
    ran = gpunet(*training(halves), "-v")
    assert ran.code == 0
    assert len(ran.out.splitlines()) == 1
    lines = ran.err.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    for told in (
        f"gpunet {__version__}, Python ",
        "data halves: 120 training and 40 test samples of 64 features, 2 outputs (classes)",
        "device: numpy on the processor, as asked for",
        "looking for devices took ",
        "training ended after 2 epochs (epochs), the best is ",
        "files.whole_file: wrote ",
    ):
        assert told in ran.err
    assert LOGGER.level == logging.NOTSET


def test_without_v_nothing_is_told_and_nothing_stays_for_the_next_command(
    gpunet: RunCommand, halves: Path
) -> None:
    handlers = list(LOGGER.handlers)
    assert gpunet("recipes", "-vv").err != ""
    assert handlers == LOGGER.handlers
    assert gpunet(*training(halves)).err == ""


def test_a_log_file_gets_all_with_dates_and_how_a_failure_came_about(gpunet: RunCommand) -> None:
    ran = gpunet("evaluate", "nowhere.safetensors", "--log-file", "log.txt")
    assert ran.code == 2
    assert "Traceback" not in ran.err
    text = Path("log.txt").read_text("utf-8")
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO gpunet\.cli\.logs: gpunet ", text)
    assert "DEBUG gpunet.cli.logs: the command failed\nTraceback (most recent call last):" in text
    assert "gpunet.errors.ModelError: the model nowhere.safetensors cannot be read" in text
    gpunet("recipes", "--log-file", "log.txt")
    assert Path("log.txt").read_text("utf-8").startswith(text)


def test_a_log_that_cannot_be_written_is_an_error(gpunet: RunCommand) -> None:
    ran = gpunet("recipes", "--log-file", "none/log.txt")
    assert ran.code == 1
    assert ran.failure == (
        "the log none/log.txt cannot be written: no such file or directory; give another --log-file"
    )


def test_scripts_hear_of_decisions_through_pythons_logging(
    halves: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO, "gpunet"):
        package.train(str(halves), epochs=1, hidden=(4,), device="cpu", verbose=False)
    names = {record.name for record in caplog.records}
    assert {"gpunet.workflows.data", "gpunet.training.loop"} <= names
    assert capfd.readouterr().err == ""
