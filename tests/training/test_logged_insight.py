"""A look into a network comes back from the log of a run, rounded and bounded."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import gpunet
from gpunet.artifacts.metrics_log import FIRST_INSIGHT, INSIGHT_SHARE, MetricsLog
from gpunet.artifacts.metrics_reader import read_events
from gpunet.errors import DataError, OutputError
from gpunet.terminal.draw.style import theme
from gpunet.terminal.views.network import network_screen
from gpunet.terminal.views.view import View
from gpunet.training import insight as looks
from gpunet.training.events import Callback, Insight, Progress, RunInfo

LINE = 75_000
"""Bytes of a line at most."""


def raises(error: OutputError) -> None:
    raise error


class Watcher(Callback):
    """Keeps what it is told, and wants to be told all."""

    insight_share = 1e9

    def __init__(self) -> None:
        self.looks: list[Insight] = []

    def on_train_begin(self, run: RunInfo) -> None:
        self.run = run

    def on_insight(self, insight: Insight) -> None:
        self.looks.append(insight)


def trained(path: Path, data: Any, **settings: Any) -> Watcher:
    """A run whose log keeps every look."""
    watcher = Watcher()
    log = MetricsLog(path, raises, count(0, 10_000).__next__)
    settings = {"epochs": 3, "validation": 0.3, "hidden": (8, 6), **settings}
    gpunet.train(data, device="cpu", verbose=False, callbacks=[log, watcher], **settings)
    return watcher


def read(path: Path) -> tuple[RunInfo, list[Insight]]:
    events = [event for _, event in read_events(path)]
    run = events[0]
    assert isinstance(run, RunInfo)
    return run, [one for one in events if isinstance(one, Insight)]


def draws(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


KINDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "pictures": ("strokes:300+50", {}),
    "a table": ((draws(200, 5), np.arange(200) % 3), {"ensemble": 2}),
    "labels": ((draws(200, 5), (draws(200, 2) > 0).astype(int)), {"activation": "tanh"}),
    "measured": ((draws(200, 5), 40 + 9 * draws(200, 2)), {}),
    "wide layers": ("strokes:300+50", {"hidden": (500, 300), "epochs": 1}),
    "large pictures": ((draws(120, 130, 130), np.arange(120) % 2), {"hidden": (4,), "epochs": 1}),
    "many classes": ((draws(200, 5), np.arange(200) % 100), {"epochs": 1}),
    "diverged": ("strokes:300+50", {"learning_rate": 1e30, "optimizer": "sgd", "epochs": 1}),
}


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "LOOK_SECONDS", 0.0)


@pytest.mark.filterwarnings("ignore:training diverged", "ignore:each row of y")
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_seen_comes_back_from_the_log(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    data, settings = KINDS[kind]
    watcher = trained(path, data, **settings)
    run, found = read(path)
    assert len(found) == len(watcher.looks) > 0
    assert max(map(len, path.read_bytes().splitlines()[1:])) < LINE
    for back, seen in zip(found, watcher.looks, strict=True):
        assert (back.epoch, back.step, back.looked_at) == (seen.epoch, seen.step, seen.looked_at)
        assert back.parameters.shape == (len(seen.parameters), 0)
        assert [one.idle for one in back.layers] == [one.idle for one in seen.layers]
        for name in ("weight_norm", "gradient_norm", "update"):
            ours, theirs = (
                np.array([getattr(one, name) for one in look.layers]) for look in (back, seen)
            )
            known = np.isfinite(theirs)
            np.testing.assert_array_equal(np.isfinite(ours), known)
            np.testing.assert_allclose(ours[known], theirs[known], rtol=1e-5)
        np.testing.assert_array_equal(back.matrix, seen.matrix)
        np.testing.assert_allclose(back.f1, seen.f1, rtol=1e-5)
        units, samples = len(back.units), len(back.gallery)
        np.testing.assert_array_equal(back.units, seen.units[:units])
        same(back.weights, seen.weights[:units], 1 / 127)
        same(back.gallery, seen.gallery[:samples], 1 / 32767)
        for ours, theirs in zip(back.activations, seen.activations, strict=True):
            same(ours, theirs[:samples], 1 / 127)
        same(back.residuals, seen.residuals[: len(back.residuals)], 1 / 32767)
        mistakes = len(back.mistakes.rows)
        np.testing.assert_array_equal(back.mistakes.rows, seen.mistakes.rows[:mistakes])
        same(back.mistakes.courses, seen.mistakes.courses[:mistakes], 1 / 32767)
        labels = seen.mistakes.samples.labels[:mistakes]
        np.testing.assert_allclose(back.mistakes.samples.labels, labels, rtol=1e-3, atol=1e-3)
        assert bool(mistakes) == bool(len(seen.mistakes.rows))
    assert run.network == watcher.run.network


def same(back: np.ndarray, seen: np.ndarray, step: float) -> None:
    """What was read is what was seen, but for its rounding."""
    assert back.shape == seen.shape
    known = np.isfinite(seen)
    np.testing.assert_array_equal(np.isfinite(back), known)
    sizes = np.abs(np.where(known, seen, 0)).max(axis=1, initial=0, keepdims=True)
    difference = np.abs(np.where(known, back, 0) - np.where(known, seen, 0))
    assert (difference <= (step / 2 + 1e-6) * sizes).all()


@pytest.mark.filterwarnings("ignore:training diverged", "ignore:each row of y")
@pytest.mark.parametrize("kind", KINDS)
def test_a_network_is_drawn_from_the_log(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    data, settings = KINDS[kind]
    watcher = trained(path, data, **settings)
    run, found = read(path)
    console = Console(width=140, height=40, color_system=None, theme=theme("dark"))
    texts = []
    for known, look in ((run, found[-1]), (watcher.run, watcher.looks[-1])):
        view = View(screen="network").began(known).looked_into(look)
        block = network_screen(console, view, known, 140, 33)
        texts.append(["".join(segment.text for segment in line) for line in block.lines])
    back, seen = texts
    layers = next(at for at, line in enumerate(seen) if line.startswith("epoch"))
    told = len(watcher.looks[-1].layers) + 1
    assert back[layers : layers + told] == seen[layers : layers + told]


@pytest.mark.filterwarnings("ignore:the label is column 3")
@pytest.mark.parametrize("scaling", ["standard", "robust"])
def test_a_row_of_a_table_is_drawn_from_the_log_by_its_columns(
    scaling: str, tmp_path: Path
) -> None:
    table, path = tmp_path / "table.csv", tmp_path / "metrics.jsonl"
    rows = zip(50 + 9 * draws(200), np.arange(200) % 3, strict=True)
    lines = [f"{age:.4f},{'ABC'[at]},{'xyz'[at]}" for age, at in rows]
    table.write_text("\n".join(["age,town,label", *lines]) + "\n")
    watcher = trained(path, table, scaling=scaling)
    run, found = read(path)
    assert run.scaling
    ages = run.scaling.to_features(run.gallery.features)[:, 0]
    console = Console(width=140, height=40, color_system=None, theme=theme("dark"))
    view = View(screen="network", sample=3).began(run).looked_into(found[-1])
    block = network_screen(console, view, run, 140, 33)
    text = "\n".join("".join(segment.text for segment in line) for line in block.lines)
    for name in ("age", "town A", "town B", "town C"):
        assert text.count(f"{name} ") == 2
    assert f"{ages[3]:.5g}" in text
    assert f"{ages[3]:.4f}" in {line.split(",")[0] for line in lines}
    assert run.network == watcher.run.network


@pytest.fixture
def lines(tmp_path: Path) -> list[dict[str, Any]]:
    path = tmp_path / "whole.jsonl"
    trained(path, "strokes:300+50", epochs=1)
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


NOTHING = {"dtype": "int8", "shape": [1, 1], "scales": [1.0], "base64": "AA=="}

HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "other weights": ({"weights": NOTHING}, "weights has the shape (1, 1), wanted (8, 784)"),
    "no text": ({"weights": {**NOTHING, "shape": [8, 784], "base64": "?"}}, "is no base64"),
    "an endless array": (
        {"residuals": {**NOTHING, "shape": [10**9, 10]}},
        "residuals of shape (1000000000, 10) has 1 bytes",
    ),
    "few layers": ({"layers": []}, "the look has 0 layers of 3"),
    "a torn matrix": ({"matrix": [[1, 2], [3]]}, "the matrix has rows of unlike lengths"),
    "another matrix": ({"matrix": [[1, 2], [3, 4]]}, "other outputs than the 10 that there are"),
    "many units": (
        {
            "activations": [{**NOTHING, "shape": [0, 99], "scales": [], "base64": ""}] * 2,
            "gallery": {**NOTHING, "shape": [0, 10], "scales": [], "base64": ""},
        },
        "the look has more units than there are",
    ),
    "a class that is none": ({"labels": 10}, "a mistake's class is 10, of 10"),
    "a norm of words": ({"looked_at": "many"}, "looked_at is 'many', wanted int"),
}


@pytest.mark.parametrize(("change", "says"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_damaged_look_is_told_in_one_sentence(
    change: dict[str, Any], says: str, lines: list[dict[str, Any]], tmp_path: Path
) -> None:
    at = next(at for at, line in enumerate(lines) if line["event"] == "insight")
    if "labels" in change:
        mistakes = lines[at]["mistakes"]
        change = {"mistakes": {**mistakes, "labels": [change["labels"]] * len(mistakes["rows"])}}
    lines[at] |= change
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in lines), "ascii")
    with pytest.raises(DataError) as caught:
        list(read_events(path))
    assert says in str(caught.value)
    assert f"in line {at + 1}, " in str(caught.value)


def test_a_log_wants_a_look_as_seldom_as_it_keeps_one(tmp_path: Path) -> None:
    path, now = tmp_path / "metrics.jsonl", [0.0]
    watcher = trained(tmp_path / "other", "strokes:300+50", epochs=1)
    log = MetricsLog(path, raises, lambda: now[0])
    log.on_train_begin(watcher.run)
    assert log.insight_share == 0
    report = Progress(1, 1, 9, 0.5, 0.5, 100.0, "training", 0.0, None)
    kept = 0
    for now[0] in np.arange(36_000) / 10:
        log.on_progress(report)
        wanted = log.insight_share == INSIGHT_SHARE
        assert not wanted or now[0] >= FIRST_INSIGHT
        log.on_insight(watcher.looks[0])
        assert log.insight_share == 0
        kept += wanted
    assert len(read(path)[1]) == kept
    assert 50 < kept < 100
