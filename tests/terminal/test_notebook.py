"""The table of a training in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gpunet.terminal.live.notebook import NotebookTable, in_notebook
from gpunet.training.events import EpochEnd, EpochRecord, RunInfo

MakeRun = Callable[..., RunInfo]

HEAD = (
    "<table><thead><tr><th>epoch</th><th>train loss</th><th>train accuracy</th><th>val loss</th>"
    "<th>val accuracy</th><th>time</th></tr></thead><tbody>"
)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """How tables come to be seen: by which call, and with what."""
    events: list[tuple[str, str]] = []

    def display(table: str, display_id: bool) -> Any:
        events.append((f"display {display_id}", table))
        return SimpleNamespace(update=lambda table: events.append(("update", table)))

    module: Any = SimpleNamespace(HTML=lambda html: html, display=display)
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return events


def end(record: EpochRecord, best: int) -> EpochEnd:
    return EpochEnd.of(record, best, None, np.zeros((0, 10), np.float32))


def test_one_table_is_shown_and_updated_in_place_with_the_best_epoch_in_bold(
    make_run: MakeRun, shown: list[tuple[str, str]]
) -> None:
    table = NotebookTable()
    table.on_train_begin(make_run())
    table.on_epoch_end(end(EpochRecord(1, 0.5, 0.75, 0.25, 0.875, 0.002, 2.9, 100.0), 1))
    table.on_epoch_end(end(EpochRecord(2, 0.125, 0.9, None, None, 0.002, 65.0, 100.0), 1))
    first = "".join(
        f"<td><b>{cell}</b></td>"
        for cell in ("1/30", "0.5000", "75.00 %", "0.2500", "87.50 %", "2.9 s")
    )
    second = "".join(f"<td>{cell}</td>" for cell in ("2/30", "0.1250", "90.00 %", "", "", "1:05"))
    assert shown == [
        ("display True", f"{HEAD}</tbody></table>"),
        ("update", f"{HEAD}<tr>{first}</tr></tbody></table>"),
        ("update", f"{HEAD}<tr>{first}</tr><tr>{second}</tr></tbody></table>"),
    ]


def test_the_twelve_latest_epochs_are_shown(
    make_run: MakeRun, shown: list[tuple[str, str]], make_record: Callable[..., EpochRecord]
) -> None:
    table, run = NotebookTable(), make_run()
    table.on_train_begin(replace(run, config=replace(run.config, epochs=20)))
    for epoch in range(1, 16):
        table.on_epoch_end(end(make_record(epoch), epoch))
    rows = table.html().split("<tr>")[2:]
    assert len(rows) == 12
    assert rows[0].startswith("<td>4/20</td>")
    assert rows[-1].startswith("<td><b>15/20</b></td>")


@pytest.mark.parametrize(
    ("ipython", "is_one"),
    [
        (None, False),
        (SimpleNamespace(get_ipython=lambda: None), False),
        (SimpleNamespace(get_ipython=lambda: SimpleNamespace()), False),
        (SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1)), True),
    ],
)
def test_a_notebook_is_where_ipython_has_a_kernel(
    monkeypatch: pytest.MonkeyPatch, ipython: Any, is_one: bool
) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    if ipython is not None:
        monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert in_notebook() is is_one
