import io
import shlex
import sys
from collections.abc import Callable

import pytest
from rich.console import Console

from gpunet.config import Monitor, TrainConfig
from gpunet.terminal.views.ending import command, ending, monitored_metric
from gpunet.training.events import EpochRecord, StopReason


@pytest.mark.parametrize(
    ("reason", "best", "last", "words"),
    [
        ("epochs", 28, 30, "all epochs done; the weights of epoch 28 are kept"),
        ("early stopping", 7, 12, "stopped early, no improvement; the weights of epoch 7 are kept"),
        (
            "gains too small",
            7,
            12,
            "stopped early, gains too small; the weights of epoch 7 are kept",
        ),
        ("stopped by user", 2, 3, "stopped by user; the weights of epoch 2 are kept"),
        (
            "stopped by user",
            0,
            0,
            "stopped by user before an epoch was done; no weights are kept",
        ),
        (
            "diverged",
            4,
            5,
            "diverged: no finite loss in epoch 5; the weights of epoch 4 are kept",
        ),
        *[
            (reason, 7, 12, f"{reason}; the weights of epoch 7 are kept")
            for reason in (
                *("target accuracy reached", "time limit reached"),
                *("pruned", "device failed"),
            )
        ],
        ("stopped by user", 0, 2, "stopped by user; no weights are kept"),
        (
            "diverged",
            0,
            1,
            "diverged: no finite loss in epoch 1; no weights are kept",
        ),
    ],
)
def test_an_ending_tells_why_and_which_weights_are_kept(
    reason: StopReason, best: int, last: int, words: str
) -> None:
    assert ending(TrainConfig(), reason, best, last) == words


def test_of_an_ensemble_each_network_keeps_its_own_best_weights() -> None:
    said = ending(TrainConfig(ensemble=2), "epochs", 7, 9)
    assert said == "all epochs done; the best weights of each network are kept"
    last = ending(TrainConfig(ensemble=2, keep="last"), "epochs", 9, 9)
    assert last == "all epochs done; the weights of epoch 9 are kept"
    assert ending(TrainConfig(ensemble=2), "diverged", 0, 1).endswith("; no weights are kept")


@pytest.mark.parametrize(
    ("monitor", "held_out", "told"),
    [
        ("val_loss", True, ("val loss", "0.2500")),
        ("val_loss", False, ("train loss", "0.5000")),
        ("val_accuracy", True, ("val accuracy", "87.50 %")),
        ("val_accuracy", False, ("train accuracy", "75.00 %")),
    ],
)
def test_the_monitored_metric_is_of_the_held_out_samples_if_there_are_any(
    monitor: Monitor, held_out: bool, told: tuple[str, str]
) -> None:
    loss, accuracy = (0.25, 0.875) if held_out else (None, None)
    record = EpochRecord(1, 0.5, 0.75, loss, accuracy, 0.002, 2.9, 100.0)
    assert monitored_metric(monitor, record) == told


@pytest.mark.skipif(sys.platform == "win32", reason="its shells join no lines")
@pytest.mark.parametrize("width", [20, 50, 60, 200])
def test_a_long_command_goes_on_behind_a_backslash_and_is_the_same_to_a_shell(
    make_text_console: Callable[..., Console], width: int
) -> None:
    words = ["gpunet", "train", "--data", "my --data.csv", "--hidden", "64", "--nesterov"]
    words += ["--learning-rate", "0.0020460388141102584", "--epochs", "12"]
    console = make_text_console(width, colors="truecolor")
    console.print(command(console, shlex.join(words)), crop=False)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert shlex.split(shown.replace("\\\n", "")) == words
    options = [line.split()[0] for line in shown.splitlines()[1:]]
    assert all(option.startswith("--") for option in options)
    assert width == 20 or max(map(len, shown.splitlines())) <= width
    pipe = make_text_console(width)
    pipe.print(command(pipe, shlex.join(words)), crop=False)
    assert pipe.file.getvalue() == f"{shlex.join(words)}\n"  # type: ignore[attr-defined]
