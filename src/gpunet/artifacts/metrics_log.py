"""The log of a run, ``metrics.jsonl``: everything that callbacks get, line by line.

Each line is a JSON object with its ``event``, the ``time`` (UTC) and the ``clock``, the seconds
since the run began. Other programs can read it: pandas by ``read_json(path, lines=True)``. A value
that does not exist is left out, and one that is not finite is null.

A resumed run continues the same file, after its epochs so far; epochs that are missing there are
written first. ``metrics_reader`` reads the file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from numpy.typing import NDArray

from gpunet.artifacts.logged_insight import logged
from gpunet.artifacts.logged_run import MOST_NAMES, LoggedRun
from gpunet.artifacts.logged_values import Array, finite
from gpunet.artifacts.metrics_reader import MetricsReader
from gpunet.errors import DataError, OutputError, reason_of
from gpunet.training.events import (
    Callback,
    EpochEnd,
    EpochRecord,
    Insight,
    Progress,
    RunInfo,
    StopReason,
)

__all__ = ["MetricsLog"]

DENSITY = 250
"""Two reports are at least as far apart as the run's time divided by this."""

FARTHEST = 10.0
"""Most seconds between two reports, so that somebody who watches the run sees it go on."""

NEAREST_ANSWERS = 1.0
"""Least seconds between two predictions of the gallery; a screen shows each for as long."""

INSIGHT_SHARE = 0.01
"""The share of a run's time that looks into the network may take for the log."""

FIRST_INSIGHT, INSIGHTS = 0.5, 10
"""Least seconds before the first look and between two; and two looks are at least as far apart as
the run's time divided by the second number. An hour keeps some 80 looks of 10 to 60 KB."""


class MetricsLog(Callback):
    """Appends the events of a run to a file, each line as soon as it is known.

    An hour adds some hundred reports, more of them at a run's start. Each has the means over the
    steps since the previous report in the log. All epochs are kept; predictions of the gallery are
    kept about as often as reports.

    Args:
        path: the file, in an existing folder.
        tell: called once with the reason if the file cannot be written; then logging stops.
        clock: returns seconds.
    """

    def __init__(
        self,
        path: Path,
        tell: Callable[[OutputError], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._tell, self._clock = path, tell, clock
        self._lost = False  # whether the file cannot be written
        self._began = self._last_report = 0.0
        self._left_out: Progress | None = None  # the latest report, if it is not written yet
        self._written = 0, 0  # epoch and step of the latest written report
        self._phase = "training"
        self._samples = 0  # of the gallery that are kept
        self._last_answers = 0.0
        self._answers: NDArray[Any] | None = None  # the latest ones, unless they are written
        self._next_insight, self._outputs, self._pictures = math.inf, 0, False

    def on_train_begin(self, run: RunInfo) -> None:
        """Write the facts about the run."""
        self._began, self._last_report = self._clock(), -math.inf
        self._last_answers, self._answers = -math.inf, None
        self._lost = False
        self._written = len(run.history) + 1, run.begun_steps
        with self._telling():
            _remove_torn_line(self._path)
            for record in _untold(self._path, run):
                self._write("epoch", _known(dataclasses.asdict(record)) | {"best_epoch": 0})
        self._next_insight, self.insight_share = FIRST_INSIGHT, 0.0
        self._outputs, self._pictures = run.network.outputs, run.dataset.image_shape is not None
        content = LoggedRun.of(run)
        self._samples = content.gallery.labels.shape[0] if content.gallery else 0
        self._write("begin", msgspec.to_builtins(content))

    def on_progress(self, progress: Progress) -> None:
        """Write a report, unless the previous one is recent."""
        now = self._clock() - self._began
        paused = "paused" in (progress.phase, self._phase) and progress.phase != self._phase
        self._left_out = self._with_left_out(progress)
        if now >= self._next_insight:
            self.insight_share = INSIGHT_SHARE
        if paused or now - self._last_report >= _distance(now):
            self._report(now)

    def on_insight(self, insight: Insight) -> None:
        """Write a look into the network, unless the previous one is recent."""
        now = self._clock() - self._began
        if now >= self._next_insight and self._outputs <= MOST_NAMES:
            self._write("insight", logged(insight, pictures=self._pictures))
            self._next_insight = now + max(FIRST_INSIGHT, now / INSIGHTS)
            self.insight_share = 0.0

    def on_epoch_end(self, record: EpochEnd) -> None:
        """Write the epoch's record, and now and then the predictions of the gallery.

        If the epoch has a report, its remaining steps get one, too.
        """
        left_out, (epoch, step) = self._left_out, self._written
        if left_out and left_out.recent_loss is not None and epoch == record.epoch and step:
            self._report(self._clock() - self._began)
        content = _known(dataclasses.asdict(record.record))
        content["best_epoch"] = record.best_epoch
        if record.patience_left is not None:
            content["patience_left"] = record.patience_left
        self._answers = record.gallery[: self._samples] if self._samples else None
        now = self._clock() - self._began
        if now - self._last_answers >= max(NEAREST_ANSWERS, _distance(now)):
            self._last_answers = now
            content |= self._answers_left_out()
        self._write("epoch", content)

    def on_train_end(self, reason: StopReason, best_epoch: int) -> None:
        """Write why the run ended."""
        if self._left_out is not None:
            self._report(self._clock() - self._began)
        ending = {"reason": reason, "best_epoch": best_epoch}
        self._write("end", ending | self._answers_left_out())

    def _answers_left_out(self) -> dict[str, Any]:
        """The latest predictions of the gallery, if they are not written yet."""
        answers, self._answers = self._answers, None
        return {} if answers is None else {"gallery": msgspec.to_builtins(Array.of(answers))}

    def _with_left_out(self, progress: Progress) -> Progress:
        """A report with the means over all steps of the epoch since the last written report."""
        before = self._left_out
        if before is None or before.epoch != progress.epoch or before.recent_loss is None:
            return progress
        epoch, step = self._written
        known = before.step - (step if epoch == before.epoch else 0)
        more = progress.step - before.step
        if known <= 0 or more < 0:  # the epoch was begun again
            return progress

        def together(earlier: float | None, later: float | None) -> float | None:
            if earlier is None or later is None:
                return earlier if later is None else later
            return (known * earlier + more * later) / (known + more)

        return dataclasses.replace(
            progress,
            recent_loss=together(before.recent_loss, progress.recent_loss),
            recent_score=together(before.recent_score, progress.recent_score),
        )

    def _report(self, now: float) -> None:
        if self._left_out is not None:
            self._write("progress", _known(dataclasses.asdict(self._left_out), digits=9))
            self._phase = self._left_out.phase
            self._written = self._left_out.epoch, self._left_out.step
        self._last_report, self._left_out = now, None

    def _write(self, event: str, content: Mapping[str, Any]) -> None:
        if self._lost:
            return
        line = {
            "event": event,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "clock": round(self._clock() - self._began, 3),
            **content,
        }
        text = json.dumps(line, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        with self._telling(), open(self._path, "ab", buffering=0, opener=_opened) as file:
            if file.write(text) < len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._lost = True
            self._tell(
                OutputError(
                    f"{self._path} cannot be written: {reason_of(error)}; the training goes on "
                    "without it"
                )
            )


def _distance(now: float) -> float:
    """Seconds between two lines of one kind, ``now`` seconds after the run began."""
    return min(FARTHEST, now / DENSITY)


def _opened(path: str, flags: int) -> int:
    """Open an existing file; a new one would lack the run's beginning."""
    return os.open(path, flags & ~os.O_CREAT)


def _remove_torn_line(path: Path) -> None:
    """Remove the last line of a file if its writer was killed before its end."""
    with path.open("ab+") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            begin = max(0, end - 65_536)
            file.seek(begin)
            if (newline := file.read(end - begin).rfind(b"\n")) >= 0:
                file.truncate(begin + newline + 1)
                return
            end = begin
        file.truncate(0)


def _untold(path: Path, run: RunInfo) -> tuple[EpochRecord, ...]:
    """The earlier epochs that a log lacks, for example because it was lost or the disk was full."""
    reader = MetricsReader(path, details=False)
    with contextlib.suppress(DataError):  # of a damaged log, whatever stands before the damage
        for _ in reader.new_events():
            pass
    return run.history[len(reader.records) :]


def _known(values: Mapping[str, Any], digits: int = 17) -> dict[str, Any]:
    """The values that are not missing, with null for those that are not finite."""
    return {
        name: finite(value, digits) if isinstance(value, float) else value
        for name, value in values.items()
        if value is not None
    }
