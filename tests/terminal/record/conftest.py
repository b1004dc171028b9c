"""A recording of a run, as short as one that shows everything can be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from gpunet.artifacts.metrics_reader import Event, RunEnd
from gpunet.terminal.draw.block import Block
from gpunet.terminal.record.recording import Draw, Recording
from gpunet.terminal.views.dashboard import dashboard_frame
from gpunet.terminal.views.view import View
from gpunet.training.events import Control, EpochEnd, EpochRecord, Progress, RunInfo

MakeFilm = Callable[..., Recording]


@pytest.fixture
def film(make_run: Callable[..., RunInfo], make_view: Callable[..., View]) -> Recording:
    """Five frames of a run, half a second each, at 100x30, and the last one for a second."""
    run, size = make_run(), (100, 30)
    views = [make_view(run, epochs) for epochs in (0, 1, 2, 2, 7)]

    def drawn(view: View) -> Draw:
        return lambda console: dashboard_frame(console, view, Control(), size, 0.0, keys=True)

    frames = [(index / 2, drawn(view)) for index, view in enumerate(views)]
    return Recording("a <run> & its end", size, frames, 3.0)


@pytest.fixture
def make_film() -> MakeFilm:
    """A recording of given lines of text, one frame for each, half a second long."""

    def make(*texts: str, style: str = "") -> Recording:
        columns = max(map(cell_len, texts))
        lines = [[Segment(set_cell_size(text, columns), Style.parse(style))] for text in texts]
        frames = [
            (index / 2, lambda _, line=line: Block(columns, [line]))
            for index, line in enumerate(lines)
        ]
        return Recording("texts", (columns, 1), frames, len(texts) / 2)

    return make


@pytest.fixture
def events(
    make_run: Callable[..., RunInfo],
    make_record: Callable[..., EpochRecord],
    make_progress: Callable[..., Progress],
) -> tuple[tuple[float, Event], ...]:
    """A run of four epochs: two reports in each, an epoch in four seconds, one before the first."""
    run = make_run()
    answers = np.full((len(run.gallery), run.network.outputs), 0.1, np.float32)
    told: list[tuple[float, Event]] = [(0.0, run)]
    for epoch in range(1, 5):
        begin = 4.0 * epoch - 3.0
        told += [(begin + at, make_progress(epoch, step)) for at, step in ((0.0, 1), (2.0, 430))]
        told.append((begin + 4.0, EpochEnd.of(make_record(epoch), epoch, 5, answers)))
    return (*told, (17.0, RunEnd("epochs", 4)))
