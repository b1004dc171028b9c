"""A training run as lines of text, for pipes, logs and terminals without a live screen.

Prints two lines at the start, a table with a line per epoch, and a line at the end, without escape
codes and at most 80 cells wide. A long epoch also gets progress lines. The device and the data
source are printed where they are chosen.
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from gpunet.config import TrainConfig
from gpunet.files.log_file import append_lines
from gpunet.terminal.draw import formats
from gpunet.terminal.live.console import make_console, print_line
from gpunet.terminal.views.ending import ending
from gpunet.terminal.views.epochs_table import Column, epoch_columns
from gpunet.terminal.views.score import ACCURACY, score_of
from gpunet.training.events import Callback, EpochEnd, Progress, RunInfo, StopReason

__all__ = ["PlainPrinter", "log_printer"]


EVERY = 30.0
"""Seconds between two progress lines within an epoch."""

AGAIN = 25
"""Epochs after which the table's header is repeated."""


class PlainPrinter(Callback):
    """A callback that prints one line per epoch.

    Args:
        console: where the lines go.
        head: a prefix for each line.
    """

    def __init__(self, console: Console, head: str = "") -> None:
        self._console, self._head = console, head
        self._config = TrainConfig()
        self._last_epoch = 0
        self._score = ACCURACY
        self._columns: list[Column] = []
        self._lines = 0  # printed in the table
        self._elapsed, self._told = 0.0, 0.0  # time of the latest report, and of the latest line

    def _print(self, line: str) -> None:
        print_line(self._console, f"{self._head}{line}")

    def on_train_begin(self, run: RunInfo) -> None:
        """Print which network is trained on which data."""
        self._config = run.config
        network, count = run.network, formats.count
        self._score = score_of(network.kind)
        self._columns = epoch_columns(run)[1:]
        held_out = f"{count(run.validation_count)} to validate, " if run.validation_count else ""
        windows = f" in {count(run.windows)} windows" if run.windows > 1 else ""
        shape, each = str(network), ""
        if run.config.ensemble > 1:
            shape, each = f"ensemble of {run.config.ensemble}, {network}", " each"
        self._print(
            f"train:  {shape}, {count(network.parameter_count)} parameters{each}, "
            f"{run.config.optimizer}, {count(run.steps_per_epoch)} steps per epoch{windows}"
        )
        self._print(
            f"        {run.dataset.name}: {count(run.train_count)} samples to train, {held_out}"
            f"{count(run.test_count)} to test"
        )
        self._last_epoch = len(run.history)
        if run.begun_steps:
            epoch = self._last_epoch + 1
            steps = f"{count(run.begun_steps)} of {count(run.steps_per_epoch)} steps"
            self._print(f"        resumed within epoch {epoch}, after {steps}")
        elif run.history:
            self._print(f"        resumed after epoch {self._last_epoch}, best {run.best_epoch}")

    def on_progress(self, progress: Progress) -> None:
        """Print the progress of a long epoch."""
        if not self._elapsed:
            self._told = progress.elapsed
        self._elapsed = progress.elapsed
        if progress.phase != "training" or self._elapsed - self._told < EVERY:
            return
        self._told = self._elapsed
        parts = [
            f"        within epoch {progress.epoch}: {100 * progress.share:.0f} %",
            f"loss {formats.loss(progress.train_loss)}",
            f"{self._score.short} {self._score.written(progress.train_score)}",
            f"about {formats.duration(progress.remaining)} left",
        ]
        self._print(", ".join(parts))

    def on_epoch_end(self, record: EpochEnd) -> None:
        """Print the epoch's row of the table."""
        self._last_epoch, self._told = record.epoch, self._elapsed
        epochs = self._config.effective_epochs
        head = f"epoch {record.epoch:>{len(str(epochs))}}/{epochs}"
        if self._lines % AGAIN == 0:
            names = "".join(one.head for one in self._columns)
            self._print(f"{'':{len(head)}}{names} * kept")
        self._lines += 1
        best = " *" if record.epoch == record.best_epoch else ""
        self._print(head + "".join(one.cell(record) for one in self._columns) + best)

    def on_train_end(self, reason: StopReason, best_epoch: int) -> None:
        """Print why training has ended."""
        self._print(ending(self._config, reason, best_epoch, self._last_epoch))


def log_printer(path: Path) -> PlainPrinter:
    """A callback that appends its lines to a file, each with a timestamp."""
    return PlainPrinter(make_console(plain=True, stream=_LogStream(path)))


class _LogStream(io.StringIO):
    """A stream that appends its text to a file at each flush; text it cannot write is lost."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def flush(self) -> None:
        append_lines(self._path, self.getvalue())
        self.seek(0)
        self.truncate()
