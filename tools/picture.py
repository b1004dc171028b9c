"""Draws ``docs/dashboard.svg``: a real run in the terminal, from its first step to its end card.

It trains as ``gpunet train DATA --device DEVICE`` does, and records what the terminal would show
to somebody who looks at the curves, then into the network, draws a digit, and looks at the curves
again::

    python tools/picture.py --data mnist --device gpu --output docs/dashboard.svg

What ``gpunet replay RUN --svg FILE`` writes is drawn by the same code.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console

from gpunet.artifacts.metrics_reader import Event, RunEnd
from gpunet.cli.saving import Results
from gpunet.cli.training_end import end_card
from gpunet.config import TrainConfig
from gpunet.datasets.strokes import load_pens
from gpunet.terminal.draw.block import Block, stack
from gpunet.terminal.draw.canvas import Canvas
from gpunet.terminal.live.drawing import Drawing
from gpunet.terminal.record.files import FORMATS
from gpunet.terminal.record.recording import Draw, Recording
from gpunet.terminal.record.replay import RATE, Told, moments
from gpunet.terminal.views.dashboard import closing_view, dashboard_frame
from gpunet.terminal.views.end_card import EndCard
from gpunet.terminal.views.view import View
from gpunet.training.events import (
    Callback,
    Control,
    EpochEnd,
    Insight,
    Progress,
    RunInfo,
    StopReason,
)
from gpunet.workflows.drawing import model_under_way
from gpunet.workflows.messages import Messages
from gpunet.workflows.run_folders import Recorder, new_run
from gpunet.workflows.training import Run, train_model

SIZE = 100, 32
"""Columns and rows."""

SECONDS, HOLD = 14.0, 4.0
"""For which the run goes on, and for which its end card is shown."""

KEYS = ((2.0, "l"), (4.0, "n"), (8.0, "d"), (12.0, "escape"))
"""A logarithmic axis, into the network, to the board, back to the curves; each at its second."""

DIGIT, DRAWN = 5, (8.5, 11.0)
"""What is drawn by hand, and from when to when."""

HEIGHT = 0.36
"""Of the digit: half of it, in parts of the board."""


class Witness(Callback):
    """Records all events of a run, with their times in seconds."""

    def __init__(self) -> None:
        self.events: list[tuple[float, Event | Insight]] = []

    def on_train_begin(self, run: RunInfo) -> None:
        """Record the facts about the run."""
        self._run = run
        self._keep(run)

    def on_progress(self, progress: Progress) -> None:
        """Keep a report."""
        self._keep(progress)

    def on_insight(self, insight: Insight) -> None:
        """Record an insight into the network."""
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


@contextlib.contextmanager
def elsewhere() -> Iterator[None]:
    """Work in an empty folder while the context is open, so that the run is the first one there."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        yield


def canvas_at(second: float) -> Canvas:
    """The board while the digit is drawn, with as much of it as there is at that second."""
    pens = [form for form in load_pens() if form.digit == DIGIT]
    form = max(pens, key=lambda one: one.weight)
    points = form.spline @ form.controls[0] * HEIGHT + 0.5  # (n, 2)
    strokes = [points[np.abs(form.spline[:, own]).sum(axis=1) > 1e-6] for own in form.strokes]
    begin, end = DRAWN
    left = round(np.clip((second - begin) / (end - begin), 0, 1) * sum(map(len, strokes)))
    canvas = Canvas()
    for stroke in strokes:
        places = [(float(x), float(y)) for x, y in stroke[:left]]
        left -= len(places)
        for number, place in enumerate(places):
            canvas = canvas.moved(place) if number else canvas.lowered(place)
        canvas = canvas.lifted()
    return canvas


def frames(told: Told, card: EndCard) -> Iterator[tuple[float, Draw]]:
    """The frames while the run goes on and keys are pressed, and at last its end."""
    drawing = Drawing(model_under_way(told.run))
    count = round(SECONDS * RATE)
    for number, moment in enumerate(moments(told, count)):
        at, view = SECONDS * number / count, moment.view
        for pressed_at, key in KEYS:
            view = view.pressed(key) if pressed_at <= at else view
        if view.screen == "draw" and view.insight is not None:
            drawing.canvas = canvas_at(at)
            of = f"epoch {view.insight.epoch}, step {view.insight.step:,}"
            view = replace(view, drawn=drawing.drawn(view.insight.parameters, of))
        yield at, partial(_frame, view, moment.at)
    yield SECONDS, partial(_end, view, card)


def _frame(view: View, now: float, console: Console) -> Block:
    return dashboard_frame(console, view, Control(), SIZE, now, keys=True)


def _end(view: View, card: EndCard, console: Console) -> Block:
    width = SIZE[0]
    blank, lines = Block(width, []).shaped(width, 1), console.render_lines(card)
    return stack([closing_view(console, view), blank, Block(width, lines)], width)


def main() -> None:
    """Train, and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, default=Path("docs/dashboard.svg"))
    arguments = parser.parse_args()
    output = arguments.output.absolute()
    with elsewhere():
        recorder = new_run(None, None, None)
        told, run = trained(arguments.data, arguments.device, recorder)
        results = Results(force=False)
        if recorder.model is not None:
            results.written["model"], results.paths["model"] = str(recorder.model), recorder.model
        console = Console(width=SIZE[0], force_terminal=True)
        card = end_card(console, run, results, recorder)
    title = f"gpunet trains {told.run.network} on {told.run.dataset.name}"
    recording = Recording(title, SIZE, list(frames(told, card)), SECONDS + HOLD)
    output.write_bytes(FORMATS[output.suffix.removeprefix(".")](recording, "auto"))


def trained(data: str, device: str, recorder: Recorder) -> tuple[Told, Run]:
    """Train with the default settings; return the run and its recorded events."""
    witness, messages = Witness(), Messages()
    messages.control.insight_wanted.set()
    run = train_model(
        data, TrainConfig(), device, messages, recorder=recorder, callbacks=(witness,)
    )
    return witness.told(), run


if __name__ == "__main__":
    main()
