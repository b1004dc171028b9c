"""The screen that shows the network itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.engines import numpy_engine
from tests.terminal.conftest import MakeConsole

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.table_columns import Columns, Encoding
from gpunet.terminal.draw.block import Block
from gpunet.terminal.views.network import network_screen
from gpunet.terminal.views.network_units import first_layer
from gpunet.terminal.views.view import LOOKS, View
from gpunet.training import insight as looks
from gpunet.training.events import Callback, EpochEnd, Insight, Progress, RunInfo
from gpunet.training.settings_for_data import settled
from gpunet.training.trainer import train

CONFIG = TrainConfig(hidden=(6, 4), epochs=3, batch_size=32, validation=0.3)


class Watcher(Callback):
    """Follows a run as a screen of the network does."""

    insight_share = 1e9

    def __init__(self) -> None:
        self.view = View(screen="network")

    def on_train_begin(self, run: RunInfo) -> None:
        self.view = self.view.began(run)

    def on_progress(self, progress: Progress) -> None:
        self.view = self.view.progressed(progress, 0.0)

    def on_insight(self, insight: Insight) -> None:
        self.view = self.view.looked_into(insight)

    def on_epoch_end(self, record: EpochEnd) -> None:
        self.view = self.view.epoch_ended(record)


Watch = Callable[..., View]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """What is known of a run whose network was looked into."""
    monkeypatch.setattr(looks, "LOOK_SECONDS", 0.0)

    def watched(dataset: Dataset, config: TrainConfig = CONFIG) -> View:
        config, watcher = settled(config, dataset), Watcher()
        engine = numpy_engine(config, dataset.inputs, dataset.outputs)
        train(engine, dataset, config, callbacks=[watcher])
        return watcher.view

    return watched


def pictures(classes: int = 10) -> Dataset:
    """Images of 8 by 8 with a bright column for each class."""
    draws = np.random.default_rng(0)
    labels = draws.integers(0, classes, 200).astype(np.int32)
    images = draws.integers(0, 60, (200, 8, 8), dtype=np.uint8)
    images[np.arange(200), :, labels % 8] = 255
    samples = Samples(images.reshape(200, 64), labels)
    names = tuple(str(one) for one in range(classes))
    return Dataset("columns", samples, samples, names, (8, 8), "drawn here")


def table(kind: str = "classes", inputs: int = 5) -> Dataset:
    draws = np.random.default_rng(0)
    points = draws.normal(10, 3, (200, inputs)).astype(np.float32)
    classes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    names = tuple(f"size {number}" for number in range(inputs - 2))
    columns = Columns(
        (*names, "town"),
        "label",
        inputs,
        False,
        False,
        encodings=(Encoding(inputs - 2, ("Rome", "Paris")),),
    )
    if kind == "classes":
        labels = (points[:, 0] > 10).astype(np.int32)
        samples, classes = Samples(points, labels), ("small", "large")
    elif kind == "labels":
        flags = (points[:, :2] > 10).astype(np.float32)
        samples, targets = Samples(points, flags), ("wide", "high")
    else:
        samples, targets = Samples(points, 7 * points[:, :1]), ("price",)
    return Dataset(
        "sizes",
        samples,
        samples,
        classes,
        None,
        "drawn here",
        columns=columns,
        targets=targets,
        kind=kind,  # type: ignore[arg-type]
    )


def shown(
    make_text_console: MakeConsole, view: View, width: int, rows: int, **looks: object
) -> str:
    console = make_text_console(width, rows, **looks)
    assert view.run is not None
    block = network_screen(console, view, view.run, width, rows)
    assert (block.width, block.height) == (width, rows)
    return text_of(block, width)


def text_of(block: Block, width: int) -> str:
    lines = ["".join(segment.text for segment in line) for line in block.lines]
    assert {len(line) for line in lines} <= {width}
    return "\n".join(lines)


SIZES = [(20, 3), (40, 5), (60, 12), (80, 18), (80, 43), (100, 24), (110, 20), (140, 33), (200, 54)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "look", [{}, {"colors": "truecolor"}, {"colors": "256"}, {"ascii_only": True}]
)
def test_every_kind_of_network_fits_every_size(
    watch: Watch, make_text_console: MakeConsole, size: tuple[int, int], look: dict[str, Any]
) -> None:
    datasets = [pictures(), pictures(30), table(), table("labels"), table("measured")]
    for dataset in datasets:
        text = shown(make_text_console, watch(dataset), *size, **look)
        assert not look.get("ascii_only") or text.isascii()
        assert text.strip()


def test_a_large_screen_shows_all_parts(watch: Watch, make_text_console: MakeConsole) -> None:
    text = shown(make_text_console, watch(pictures()), 140, 33)
    for part in (
        "first layer · 6 of 6 units",
        "sample 1 of 40",
        "6 relu",
        "4 relu",
        "dead units",
        "gradient norm, 128 samples",
        "update/weights",
        "% right · 60 validation samples",
        "the worst mistakes",
    ):
        assert part in text


def test_the_units_of_a_table_are_seen_column_by_column(
    watch: Watch, make_text_console: MakeConsole
) -> None:
    text = shown(make_text_console, watch(table()), 140, 33)
    for name in ("size 0", "size 2", "town Rome", "town Paris"):
        assert text.count(name) == 2  # beside the weights, and of the sample
    assert "6 of 6 units by 5 of 5 columns" in text
    assert "sample 1" in text


@pytest.mark.parametrize(("rows", "high"), [(6, 1), (11, 2), (40, 3)])
def test_the_weights_of_a_table_are_as_high_as_there_is_room_for(
    watch: Watch, make_text_console: MakeConsole, rows: int, high: int
) -> None:
    view = watch(table())
    assert view.run
    assert view.insight
    block = first_layer(make_text_console(80, 24), view.run, view.insight, 80, rows)
    names = [line[:11].strip() for line in text_of(block, 80).splitlines()]
    assert names.index("size 1") - names.index("size 0") == high


def test_labels_and_measured_targets_have_scores_of_their_own(
    watch: Watch, make_text_console: MakeConsole
) -> None:
    labels = shown(make_text_console, watch(table("labels")), 140, 33)
    assert "F1 of each label" in labels
    view = watch(table("measured"))
    measured = shown(make_text_console, view, 140, 33)
    assert view.insight
    assert view.run
    assert view.run.target_scaling
    errors = view.insight.residuals[:, 0] * view.run.target_scaling.deviation[0]
    assert f"RMSE {np.sqrt((errors**2).mean()):.3f}"[:9] in measured
    assert "the largest errors" in measured


def test_the_matrix_is_of_the_samples_looked_at(
    watch: Watch, make_text_console: MakeConsole
) -> None:
    view = watch(pictures())
    assert view.insight
    lines = shown(make_text_console, view, 140, 33).splitlines()
    first = next(at for at, line in enumerate(lines) if "% right" in line) + 2
    rows = [line[:50].split()[1:] for line in lines[first : first + 10]]
    found = [[0 if cell == "–" else int(cell) for cell in row] for row in rows]  # noqa: RUF001
    assert found == view.insight.matrix.tolist()
    right = np.trace(view.insight.matrix) / view.insight.looked_at
    assert f"{100 * right:.2f} % right" in "\n".join(lines)


def test_an_ensemble_says_whose_weights_they_are(
    watch: Watch, make_text_console: MakeConsole
) -> None:
    view = watch(pictures(), replace(CONFIG, ensemble=3))
    assert "the first of 3 networks, answers of all together" in shown(
        make_text_console, view, 140, 33
    )


def test_arrows_pick_the_sample_where_the_network_is_shown(watch: Watch) -> None:
    view = watch(pictures())
    assert [view.pressed(key).sample for key in ("down", "up")] == [1, 39]
    assert view.pressed("down").pressed("up").sample == 0
    elsewhere = replace(view, screen="curves")
    assert elsewhere.pressed("down") is elsewhere
    assert view.pressed("n").screen == "curves"
    assert view.pressed("n").pressed("n").screen == "network"


def test_the_picked_sample_is_drawn_with_its_answer(
    watch: Watch, make_text_console: MakeConsole
) -> None:
    view = replace(watch(pictures()), sample=4)
    assert view.insight
    text = shown(make_text_console, view, 140, 33)
    assert "sample 5 of 40" in text
    for share in view.insight.gallery[4]:
        assert f" {100 * share:5.1f} %" in text


def test_before_the_first_look_a_screen_says_so(
    watch: Watch, make_text_console: MakeConsole
) -> None:
    view = replace(watch(pictures()), insight=None)
    assert "looking into the network" in shown(make_text_console, view, 80, 18)
    ended = replace(view, reason="epochs")
    assert "nothing was looked at" in shown(make_text_console, ended, 80, 18)


def test_a_network_without_mistakes_says_so(watch: Watch, make_text_console: MakeConsole) -> None:
    view = watch(pictures())
    assert view.insight
    worst = view.insight.mistakes
    none = replace(
        worst,
        rows=worst.rows[:0],
        samples=worst.samples[:0],
        answers=worst.answers[:0],
        courses=worst.courses[:0],
    )
    view = replace(view, insight=replace(view.insight, mistakes=none))
    assert "none: all answers are right" in shown(make_text_console, view, 140, 33)


@pytest.mark.parametrize("colors", [None, "truecolor"])
def test_a_diverged_network_is_drawn(
    watch: Watch, make_text_console: MakeConsole, colors: str | None
) -> None:
    for dataset in (pictures(), table(), table("measured")):
        view = watch(dataset, replace(CONFIG, learning_rate=1e30, optimizer="sgd", epochs=1))
        assert view.insight
        view = replace(view, insight=nan_everywhere(view.insight))
        assert shown(make_text_console, view, 140, 33, colors=colors)


def nan_everywhere(insight: Insight) -> Insight:
    def gone(values: np.ndarray) -> np.ndarray:
        return np.full_like(values, np.nan)

    return replace(
        insight,
        weights=gone(insight.weights),
        activations=tuple(map(gone, insight.activations)),
        gallery=gone(insight.gallery),
        residuals=gone(insight.residuals),
        layers=tuple(
            replace(one, weight_norm=np.nan, gradient_norm=np.inf) for one in insight.layers
        ),
        mistakes=replace(
            insight.mistakes,
            answers=gone(insight.mistakes.answers),
            courses=gone(insight.mistakes.courses),
        ),
    )


def test_the_course_of_the_layers_stays_bounded(watch: Watch) -> None:
    view = watch(pictures())
    assert view.insight
    for _ in range(3 * LOOKS):
        view = view.looked_into(view.insight)
    assert LOOKS // 2 <= len(view.layers) <= LOOKS


def test_a_layer_with_too_many_units_says_how_many_are_shown(
    watch: Watch, make_text_console: MakeConsole
) -> None:
    view = watch(pictures(), replace(CONFIG, hidden=(200, 4)))
    assert "200 relu" in shown(make_text_console, view, 200, 54, colors="truecolor")
    text = shown(make_text_console, view, 80, 18, colors="truecolor")
    told = next(line for line in text.splitlines() if "of 200" in line and "units" not in line)
    assert 0 < int(told.split(" of 200")[0].split()[-1]) < 200
