"""A training in a notebook: one table of epochs that is updated in place."""

from __future__ import annotations

import sys
from typing import Any

from gpunet.terminal.draw import formats
from gpunet.terminal.views.score import ACCURACY, score_of
from gpunet.training.events import Callback, EpochEnd, EpochRecord, RunInfo

__all__ = ["NotebookTable", "in_notebook"]

SHOWN = 12
"""Maximum number of epochs in the table, the latest ones; the run's history has all of them."""


def in_notebook() -> bool:
    """Whether the process is a notebook kernel, which can show HTML."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


class NotebookTable(Callback):
    """Shows a row for each epoch, the best one in bold."""

    def __init__(self) -> None:
        self._rows: list[EpochRecord] = []
        self._epochs = 1
        self._best = 0
        self._score = ACCURACY
        self._handle: Any = None

    def on_train_begin(self, run: RunInfo) -> None:
        """Show the table's header."""
        self._epochs = run.config.effective_epochs
        self._score = score_of(run.network.kind)
        self._show()

    def on_epoch_end(self, record: EpochEnd) -> None:
        """Add a row for the epoch."""
        self._rows.append(record.record)
        self._best = record.best_epoch
        self._show()

    def _show(self) -> None:
        from IPython.display import HTML, display

        table = HTML(self.html())
        if self._handle is None:
            self._handle = display(table, display_id=True)
        else:
            self._handle.update(table)

    def html(self) -> str:
        """The current table as HTML."""
        rows = [self._row(record, record.epoch == self._best) for record in self._rows[-SHOWN:]]
        score = self._score.name
        names = ("epoch", "train loss", f"train {score}", "val loss", f"val {score}", "time")
        heads = "".join(f"<th>{name}</th>" for name in names)
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"

    def _row(self, record: EpochRecord, best: bool) -> str:
        validated = record.val_loss is not None
        cells = (
            f"{record.epoch}/{self._epochs}",
            formats.loss(record.train_loss),
            self._score.written(record.train_score),
            formats.loss(record.val_loss) if validated else "",
            self._score.written(record.val_score) if validated else "",
            formats.seconds(record.seconds),
        )
        mark = "<b>{}</b>" if best else "{}"
        return f"<tr>{''.join(f'<td>{mark.format(cell)}</td>' for cell in cells)}</tr>"
