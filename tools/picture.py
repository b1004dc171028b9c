"""Draws ``docs/dashboard.svg``: the dashboard of a real run, from its first step to its end.

It trains on the best device found, as ``gpunet train --hidden 16,16 --optimizer adam`` does, and
records what the terminal would show, with a look into the network between two at the curves::

    python tools/picture.py --data mnist --device gpu --output docs/dashboard.svg

What ``gpunet replay RUN --svg FILE`` writes is drawn by the same code.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from gpunet.artifacts.metrics_reader import Event, RunEnd
from gpunet.config import TrainConfig
from gpunet.terminal.record.files import FORMATS
from gpunet.terminal.record.replay import Told, recorded
from gpunet.training.events import Callback, EpochEnd, Insight, Progress, RunInfo, StopReason
from gpunet.workflows.messages import Messages
from gpunet.workflows.training import train_model

SIZE = 110, 34
"""Columns and rows."""

SECONDS = 12.0

KEYS = ((2.0, "l"), (4.5, "n"), (8.5, "n"))
"""A logarithmic axis, and the network for a while."""


class Witness(Callback):
    """Keeps all that is told of a run, with its time in seconds."""

    def __init__(self) -> None:
        self.events: list[tuple[float, Event | Insight]] = []

    def on_train_begin(self, run: RunInfo) -> None:
        """Keep what is known of the run."""
        self._run = run
        self._keep(run)

    def on_progress(self, progress: Progress) -> None:
        """Keep a report."""
        self._keep(progress)

    def on_insight(self, insight: Insight) -> None:
        """Keep a look into the network."""
        self._keep(insight)

    def on_epoch_end(self, record: EpochEnd) -> None:
        """Keep how an epoch went."""
        self._keep(record)

    def on_train_end(self, reason: StopReason, best_epoch: int) -> None:
        """Keep the end."""
        self._keep(RunEnd(reason, best_epoch))

    def told(self) -> Told:
        """The whole run."""
        return Told(tuple(self.events), self._run)

    def _keep(self, event: Event | Insight) -> None:
        self.events.append((time.monotonic(), event))


def main() -> None:
    """Train, and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, default=Path("docs/dashboard.svg"))
    arguments = parser.parse_args()
    witness, messages = Witness(), Messages()
    messages.control.insight_wanted.set()
    config = TrainConfig(optimizer="adam", hidden=(16, 16))
    train_model(arguments.data, config, arguments.device, messages, callbacks=(witness,))
    recording = recorded(witness.told(), SIZE, SECONDS, KEYS)
    kind = arguments.output.suffix.removeprefix(".")
    arguments.output.write_bytes(FORMATS[kind](recording, "auto"))


if __name__ == "__main__":
    main()
