"""The results of a search's trials in order, and the best so far."""

from __future__ import annotations

import numpy as np

from gpunet.search.events import SearchInfo
from gpunet.search.study_progress import StudyProgress
from gpunet.terminal.draw.charts import LineChart, Series
from gpunet.terminal.draw.style import Ink

__all__ = ["history_chart"]


def history_chart(search: SearchInfo, progress: StudyProgress, height: int) -> LineChart:
    """A chart with a dot per trial and the best so far; the axis of a loss is logarithmic."""
    known = [one for one in progress.trials if one.figure is not None]
    known.sort(key=lambda one: one.number)
    numbers = np.array([one.number for one in known], np.float64)
    figures = np.array([one.figure for one in known], np.float64)
    best = (np.maximum if progress.maximize else np.minimum).accumulate(figures)
    return LineChart(
        f"{search.monitor.replace('_', ' ')} by trial",
        [
            Series("each", numbers, figures, Ink.VALIDATION, points=True),
            Series("best so far", np.repeat(numbers, 2)[1:], np.repeat(best, 2)[:-1], Ink.BEST),
        ],
        height,
        (0.0, float(max(1, progress.total - 1))),
        y_bounds=(0.0, 1.0) if progress.maximize else (0.0, np.inf),
        logarithmic=not progress.maximize,
        number_format=None,
    )
