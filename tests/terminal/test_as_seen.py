"""Whole screens and printed parts as a user sees them, held line by line and style by style.

What is expected lies in ``shots``, a file for each test.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from rich.text import Text
from tests.terminal.conftest import course_of, report
from tests.terminal.shots import assert_as_held

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.datasets.framing import Framing
from gpunet.datasets.origin import Origin
from gpunet.datasets.scaling import Scaling
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.planning.layered import training_plan
from gpunet.engine.planning.persistent import persistent_plan
from gpunet.engine.planning.tiles import Traits
from gpunet.engine.planning.workload import Workload
from gpunet.model import Model, Scores
from gpunet.parameters import layer_views
from gpunet.search.events import SearchInfo
from gpunet.search.space import Value
from gpunet.search.study_progress import StudyProgress, TrialSummary
from gpunet.terminal.draw.charts import LineChart, Series
from gpunet.terminal.draw.graphics import Painter
from gpunet.terminal.draw.scatter import scatter
from gpunet.terminal.draw.style import Ink, bar
from gpunet.terminal.draw.weights import unit_pictures
from gpunet.terminal.live.messages import ConsoleMessages
from gpunet.terminal.views.dashboard import closing_view, dashboard_frame
from gpunet.terminal.views.leaderboard import (
    Board,
    importance_block,
    leaderboard_frame,
    trial_table,
)
from gpunet.terminal.views.model_card import model_card
from gpunet.terminal.views.plan_table import plan_tables
from gpunet.terminal.views.profile_table import profile_table
from gpunet.terminal.views.range_test import range_advice, range_chart, range_table
from gpunet.terminal.views.showcase import prediction, preview, showcase
from gpunet.terminal.views.tables import (
    class_table,
    confusion_table,
    ensemble_table,
    summary_table,
)
from gpunet.terminal.views.view import View
from gpunet.training.events import Control, EpochRecord, Progress, RunInfo
from gpunet.training.learning_rate_range import RangeTest
from gpunet.training.metrics import ClassScores
from gpunet.training.profile import Profile

MakeConsole = Callable[..., Console]
MakeRun = Callable[..., RunInfo]

COLOR = {"colors": "truecolor"}
ASCII = {"ascii_only": True}

FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Ankle boot")


def told(epochs: int) -> tuple[EpochRecord, ...]:
    """Epochs of which no two figures are alike."""
    return tuple(
        EpochRecord(
            n,
            2.2 / n,
            0.5 + n / 60,
            2.4 / n + n / 50,
            0.45 + n / 61,
            0.02 / n,
            2 + n / 8,
            17_000 + n,
        )
        for n in range(1, epochs + 1)
    )


def probabilities(labels: np.ndarray, classes: int) -> np.ndarray:
    """(n, C): every fourth sample is taken for the class after its own, each less surely."""
    wanted = (labels + (np.arange(len(labels)) % 4 == 1)) % classes
    table = np.zeros((len(labels), classes), np.float32)
    table[np.arange(len(labels)), wanted] = 0.99 - 0.013 * np.arange(len(labels))
    return table


STARTED = (report(86, 2.3, 0.1), report(258, 1.9, None), report(301, 1.8, 0.3))
"""Reports of a run that has begun."""


def a_view(run: RunInfo, epochs: int, **changes: Any) -> View:
    """In the middle of the epoch after so many."""
    view = View(
        run=run,
        progress=Progress(epochs + 1, 301, 860, 0.41, 0.93, 18_500.0, "training", 3725.0, 100.0),
        heard_at=5.0,
        records=told(epochs),
        course=course_of(told(epochs), *(() if epochs else STARTED)),
        best_epoch=min(epochs, 4),
        patience_left=3 if epochs else None,
        gallery=probabilities(run.gallery.labels, run.network.outputs) if epochs else None,
    )
    return replace(view, **changes)


def configured(run: RunInfo, **changes: Any) -> RunInfo:
    return replace(run, config=replace(run.config, **changes))


GEFORCE = "NVIDIA GeForce RTX 4090 (with a long addition that says nothing to anybody)"

SCREENS: dict[str, tuple[tuple[int, int], dict[str, Any], dict[str, Any], int, dict[str, Any]]] = {
    # size, console, run, epochs, view
    "80x24": ((80, 24), COLOR, {}, 11, {}),
    "80x24-ascii": ((80, 24), ASCII, {}, 11, {}),
    "80x24-before": ((80, 24), COLOR, {}, 0, {"progress": None}),
    "80x24-first": ((80, 24), COLOR, {}, 0, {}),
    "80x24-second": ((80, 24), COLOR, {"validation": 0}, 1, {}),
    "80x24-validating": (
        *((80, 24), COLOR, {}, 7),
        {
            "progress": Progress(8, 860, 860, 0.4, 0.9, 0.0, "validating", 90_000.0, None),
            "patience_left": 1,
        },
    ),
    "80x24-ended": ((80, 24), COLOR, {}, 6, {"reason": "early stopping"}),
    "80x24-done": ((80, 24), COLOR, {}, 30, {"reason": "epochs"}),
    "80x23": ((80, 23), COLOR, {}, 11, {}),
    "60x15": ((60, 15), COLOR, {}, 11, {}),
    "59x26": ((59, 26), COLOR, {"validation": 0}, 11, {}),
    "40x10": ((40, 10), COLOR, {}, 11, {}),
    "30x7": ((30, 7), COLOR, {}, 11, {}),
    "109x33": ((109, 33), {}, {"device": GEFORCE}, 11, {}),
    "110x32": ((110, 32), COLOR, {"device": GEFORCE}, 11, {}),
    "140x40": ((140, 40), COLOR, {"gallery": 64}, 21, {}),
    "140x40-mono": ((140, 40), {}, {"gallery": 64}, 21, {}),
    "200x60": ((200, 60), {}, {"gallery": 64}, 21, {}),
    "80x60": ((80, 60), {}, {"gallery": 64}, 24, {}),
    "80x40-words": ((80, 40), COLOR, {"image": False, "classes": FASHION}, 9, {}),
    "80x30-words-before": ((80, 30), COLOR, {"image": False, "classes": FASHION}, 0, {}),
}


@pytest.mark.parametrize("name", SCREENS)
def test_a_frame_of_a_training(
    make_text_console: MakeConsole, make_run: MakeRun, name: str
) -> None:
    size, settings, of_run, epochs, changes = SCREENS[name]
    console = make_text_console(*size, **settings)
    view = a_view(make_run(**of_run), epochs, **changes)
    console.print(dashboard_frame(console, view, Control(), size, 8.5, keys=True))
    assert_as_held(console, f"training-{name}")


MEASURED: dict[str, tuple[tuple[int, int], dict[str, Any], int, int]] = {
    # size, console, targets, epochs
    "80x24": ((80, 24), COLOR, 1, 11),
    "80x24-ascii": ((80, 24), ASCII, 1, 11),
    "80x24-before": ((80, 24), COLOR, 1, 0),
    "140x40": ((140, 40), COLOR, 3, 21),
}


@pytest.mark.parametrize("name", MEASURED)
def test_a_frame_of_a_training_on_measured_targets(
    make_text_console: MakeConsole, make_run: MakeRun, name: str
) -> None:
    size, settings, targets, epochs = MEASURED[name]
    console = make_text_console(*size, **settings)
    run = of_targets(make_run(image=False, gallery=60), targets)
    r2 = tuple(
        replace(
            one, train_accuracy=None, val_accuracy=None, train_r2=1 - 9 / n**2, val_r2=0.9 - 8 / n
        )
        for n, one in enumerate(told(epochs), 1)
    )
    draws = np.random.default_rng(1).normal(size=run.gallery.labels.shape)
    answers = (0.7 * run.gallery.labels + 0.4 * draws).astype(np.float32) if epochs else None
    progress = replace(report(301, 0.4, None), epoch=epochs + 1, train_score=0.3)
    view = View(
        run, progress, 5.0, r2, course_of(r2), min(epochs, 4), 3 if epochs else None, answers
    )
    console.print(dashboard_frame(console, view, Control(), size, 8.5, keys=True))
    assert_as_held(console, f"training-measured-{name}")


def of_targets(run: RunInfo, targets: int) -> RunInfo:
    """A run on measured targets, whose gallery has them standardized."""
    count, names = len(run.gallery), ("price", "rent", "tax")[:targets]
    labels = np.random.default_rng(0).normal(size=(count, targets)).astype(np.float32)
    gallery = replace(run.gallery, labels=labels)
    dataset = replace(
        run.dataset, train=gallery, test=gallery, classes=(), targets=names, kind="measured"
    )
    config = replace(run.config, loss="squared-error")
    scaling = Scaling(np.full(targets, 250_000.0), np.full(targets, 90_000.0))
    network = config.network(4, targets)
    changes: dict[str, Any] = {"config": config, "network": network, "target_scaling": scaling}
    return replace(run, gallery=gallery, dataset=dataset, **changes)


@pytest.mark.parametrize(
    ("size", "now", "keys", "wish"),
    [
        ((80, 8), "paused", True, ""),
        ((59, 8), "paused-narrow", True, ""),
        ((59, 8), "paused-no-keys", False, ""),
        ((80, 8), "after-epoch", True, "stop_after_epoch"),
        ((59, 8), "after-epoch-narrow", True, "stop_after_epoch"),
        ((80, 8), "now", True, "stop_now"),
        ((59, 8), "now-narrow", True, "stop_now"),
    ],
)
def test_the_last_line_of_a_training(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    size: tuple[int, int],
    now: str,
    keys: bool,
    wish: str,
) -> None:
    control, console = Control(), make_text_console(*size, **COLOR)
    control.paused.set()
    if wish:
        getattr(control, wish).set()
    view = a_view(configured(make_run(), patience=0, ensemble=5), 0)
    console.print(dashboard_frame(console, view, control, size, 8.5, keys=keys))
    assert_as_held(console, f"training-{now}")


@pytest.mark.parametrize("width", [100, 56, 55])
def test_what_stays_of_a_training(
    make_text_console: MakeConsole, make_run: MakeRun, width: int
) -> None:
    console = make_text_console(width, 24, **COLOR)
    run = configured(make_run(device=GEFORCE), ensemble=5, optimizer="sgd", batch_size=128)
    alike = tuple(replace(one, train_loss=0.5 + one.train_loss / 9) for one in told(9))
    console.print(closing_view(console, a_view(run, 9, records=alike)))
    console.print(closing_view(console, View()))
    assert_as_held(console, f"training-closing-{width}")


NAMES = ("hidden", "activation", "learning_rate", "label_smoothing", "input_dropout", "layer_norm")


def a_trial(
    number: int, state: Any, curve: tuple[float, ...] = (), reason: str = ""
) -> TrialSummary:
    settings: tuple[Value, ...] = ("64,32", "relu", 0.0123456, 0.05, 1.5e-6, number % 2 == 0)
    values = dict(zip(NAMES, settings, strict=True))
    return TrialSummary(
        number, state, values, curve, min(curve) if curve else None, reason, "host:1"
    )


TRIALS = (
    a_trial(13, "running", (0.9, 0.5, 0.21)),
    a_trial(10, "complete", (0.95, 0.6, 0.4, 0.3)),
    a_trial(9, "complete", (0.95, 0.8, 0.7, 0.6)),
    a_trial(1, "pruned", (1.5,), "pruned"),
    a_trial(4, "pruned", (1.9,), "stopped by user"),
    a_trial(5, "pruned", (2.5,), "diverged in epoch 2"),
    a_trial(2, "failed", (), "the learning rate is 0.5"),
    a_trial(7, "failed", (), "no memory"),
    a_trial(14, "running"),
    a_trial(15, "waiting"),
)
PROGRESS = StudyProgress(TRIALS, 120, maximize=False)


@pytest.fixture
def board() -> Board:
    device = DeviceInfo("llvmpipe (LLVM 15.0.6, 256 bits)", "software adapter", "Vulkan", "1.0")
    search = SearchInfo(
        "mine", "tune/mine", device, "mnist", "val_loss", NAMES, 12, StudyProgress((), 120, False)
    )
    report = Progress(4, 645, 860, 0.4, 0.9, 18_500.0, "training", 12.0, 100.0)
    return Board(search, PROGRESS, (10.0, 0.0), "784-64-32-10", (13, 14, 5), report)


BOARDS: dict[str, tuple[tuple[int, int], dict[str, Any], dict[str, Any]]] = {
    "80x24": ((80, 24), COLOR, {}),
    "140x40": ((140, 40), COLOR, {}),
    "80x12-ascii": ((80, 12), ASCII, {}),
    "60x10": ((60, 10), COLOR, {}),
    "59x10": ((59, 10), COLOR, {"batch_progress": None}),
    "40x8": ((40, 8), {}, {}),
    "100x9": ((100, 9), {}, {"began": (70.0, 0.0)}),
    "30x1": ((30, 1), {}, {}),
    "80x7-choosing": ((80, 7), COLOR, {"batch": ()}),
    "80x7-waiting": ((80, 7), COLOR, {"others": 3}),
    "80x3-preparing": ((80, 3), COLOR, {"search": None, "progress": None}),
    "80x7-empty": ((80, 7), COLOR, {"progress": StudyProgress((), 3, True), "batch": ()}),
}


@pytest.mark.parametrize("name", BOARDS)
def test_a_frame_of_a_search(make_text_console: MakeConsole, board: Board, name: str) -> None:
    size, settings, changes = BOARDS[name]
    console = make_text_console(*size, **settings)
    shown = replace(board, **changes)
    console.print(leaderboard_frame(console, shown, Control(), size, 70.0, keys=True))
    assert_as_held(console, f"search-{name}")


@pytest.mark.parametrize(("width", "wish"), [(80, "stop_now"), (59, "stop_now"), (80, "paused")])
def test_the_last_line_of_a_search(
    make_text_console: MakeConsole, board: Board, width: int, wish: str
) -> None:
    control, console = Control(), make_text_console(width, **COLOR)
    getattr(control, wish).set()
    console.print(leaderboard_frame(console, board, control, (width, 2), 70.0, keys=True))
    assert_as_held(console, f"search-{wish}-{width}")


@pytest.mark.parametrize(("width", "settings"), [(80, COLOR), (40, ASCII)])
def test_what_stays_of_a_search(
    make_text_console: MakeConsole, board: Board, width: int, settings: dict[str, Any]
) -> None:
    console = make_text_console(width, **settings)
    assert board.search is not None
    console.print(trial_table(console, board.search, PROGRESS, TRIALS[:6]))
    shares = {"learning_rate": 0.615, "hidden": 0.3, "l2": 0.085, "seed": 0.0}
    console.print(importance_block(console, shares))
    console.print(importance_block(console, {}))
    assert_as_held(console, f"search-closing-{width}")


def test_lines_of_a_search_by_accuracy(make_text_console: MakeConsole, board: Board) -> None:
    assert board.search is not None
    console = make_text_console(40)
    before = StudyProgress((replace(TRIALS[1], figure=0.875),), 1200, maximize=True)
    search = replace(board.search, monitor="val_accuracy", progress=before)
    both = StudyProgress((*before.trials, TRIALS[0], TRIALS[8]), 1200, maximize=True)
    with ConsoleMessages(console).search() as lines:
        lines.on_search_begin(search)
        lines.on_batch_begin(before, "784-64-10", (13, 14))
        lines.on_progress(Progress(7, 1, 2, 0.4, 0.9, 1.0, "training", 12.0, 100.0))
        lines.on_update(both)
        lines.on_wait(both, 1234)
        lines.on_wait(both, 1234)
        lines.on_wait(both, 2)
        lines.on_batch_begin(before, "784-64-10", (15,))
        lines.on_wait(both, 2)
        lines.on_update(StudyProgress((TRIALS[8],), 1200, maximize=True))
    assert_as_held(console, "search-lines")


def a_model(hidden: tuple[int, ...] = (20, 6), networks: int = 1, **settings: Any) -> Model:
    config = TrainConfig(hidden=hidden, **settings)
    network = config.network(inputs=64, outputs=3)
    count = network.parameter_count
    draws = np.random.default_rng(5).normal(size=(networks, count)).astype(np.float32)
    return Model(
        network=network,
        parameters=draws,
        config=config,
        classes=("cat", "dog", "owl"),
        image_shape=(8, 8),
        scaling=None,
        origin=Origin("shapes", "shapes", "0123456789abcdef", "made for a test " + "/folder" * 8),
        best_epoch=4,
        test=Scores(0.25, 0.915),
    )


CARDS: dict[str, tuple[int, dict[str, Any], Model]] = {
    "140": (140, COLOR, a_model(networks=2, ensemble=2, dropout=0.25, layer_norm=True)),
    "80": (
        *(80, COLOR),
        replace(a_model(), inverted=True, framing=Framing(6, 255, 0), best_epoch=0),
    ),
    "71": (71, {}, a_model(input_dropout=0.1, epochs=1234, batch_size=2048, max_norm=4.0)),
    "53-ascii": (53, ASCII, replace(a_model(hidden=()), image_shape=None)),
    "30": (30, {}, a_model(optimizer="sgd", momentum=0.9, nesterov=True)),
}


@pytest.mark.parametrize("name", CARDS)
def test_a_models_card(make_text_console: MakeConsole, name: str) -> None:
    width, settings, model = CARDS[name]
    console = make_text_console(width, **settings)
    model_card(console, model, 1_234_567)
    assert_as_held(console, f"card-{name}")


@pytest.mark.parametrize(("width", "settings"), [(64, {}), (47, ASCII)])
def test_the_units_of_a_model(
    make_text_console: MakeConsole, width: int, settings: dict[str, Any]
) -> None:
    console = make_text_console(width, **settings)
    model = a_model(hidden=(6,), networks=2)
    weights = layer_views(model.parameters, model.network)[0][0][0]  # (64, 6)
    weights *= np.abs(np.linspace(-1, 1, 64))[:, None] * (1 + np.arange(6))
    unit_pictures(console, model, 5)
    unit_pictures(console, a_model(hidden=()), 9)
    assert_as_held(console, f"units-{width}")


def test_the_units_of_a_model_in_colors_and_in_pixels(make_text_console: MakeConsole) -> None:
    console = make_text_console(64, colors="256")
    model = a_model(hidden=(6,))
    weights = layer_views(model.parameters, model.network)[0][0][0]
    weights[:] = np.sign(np.linspace(-1, 1, 64)).round()[:, None]
    weights[:, 2] *= -2
    unit_pictures(console, model, 2)
    assert_as_held(console, "units-256")
    painted = make_text_console(64)
    unit_pictures(painted, model, 2, Painter("kitty", (2, 4)))
    assert painted.file.getvalue().endswith(  # type: ignore[attr-defined]
        "2 of 6 units, from the largest weights down\n"
        "blue below zero, red above; each picture has a scale of its own\n"
    )


def pictures(count: int, classes: int = 5) -> Samples:
    """Of a bar that moves down."""
    features = np.zeros((count, 8, 8), np.uint8)
    for place in range(count):
        features[place, place % 6 : place % 6 + 3, 1 : 3 + place % 5] = 255 - 20 * place
    return Samples(features.reshape(count, 64), (np.arange(count) % classes).astype(np.int32))


@pytest.mark.parametrize(
    ("name", "width", "settings", "shape", "losses"),
    [
        ("pictures", 80, COLOR, (8, 8), True),
        ("pictures-ascii", 47, ASCII, (8, 8), False),
        ("table", 80, COLOR, None, True),
        ("table-ascii", 60, ASCII, None, False),
    ],
)
def test_samples_with_verdicts(
    make_text_console: MakeConsole,
    name: str,
    width: int,
    settings: dict[str, Any],
    shape: tuple[int, int] | None,
    losses: bool,
) -> None:
    console, samples = make_text_console(width, **settings), pictures(7)
    shares = probabilities(samples.labels, 5)
    costs = np.linspace(0.05, 40, 7) if losses else None
    console.print(showcase(console, samples, shares, FASHION, shape, [6, 5, 1, 2, 3, 4], costs))
    assert_as_held(console, f"showcase-{name}")


@pytest.mark.parametrize(("name", "width", "settings"), [("80", 80, COLOR), ("33", 33, ASCII)])
def test_samples_without_verdicts(
    make_text_console: MakeConsole, name: str, width: int, settings: dict[str, Any]
) -> None:
    console = make_text_console(width, **settings)
    preview(console, pictures(7), FASHION, (8, 8), [6, 1, 2, 3, 4])
    rows = np.linspace(-1.5, 12_345.678, 60).astype(np.float32).reshape(3, 20)
    samples = Samples(rows, np.array([4, 1, 0], np.int32))
    preview(console, samples, (*FASHION[:4], "a name of very many letters"), None, [0, 2, 1])
    assert_as_held(console, f"preview-{name}")


@pytest.mark.parametrize(
    ("width", "classes", "settings"),
    [(80, 5, COLOR), (52, 5, {}), (51, 5, {}), (60, 12, COLOR), (120, 12, ASCII), (30, 5, COLOR)],
)
def test_a_prediction(
    make_text_console: MakeConsole, width: int, classes: int, settings: dict[str, Any]
) -> None:
    console = make_text_console(width, **settings)
    names = [f"number {place}" if place > 4 else FASHION[place] for place in range(classes)]
    shares = np.linspace(0.01, 0.2, classes).astype(np.float32)
    shares[2] = 0.625
    image = np.zeros((28, 28), np.uint8)
    image[4:25, 9:17] = np.linspace(40, 255, 21)[:, None]
    prediction(console, image, shares, names)
    shares[1] = np.nan
    prediction(console, None, shares, names)
    assert_as_held(console, f"prediction-{width}-{classes}")


MATRIX = np.array(
    [
        [950, 3, 47, 0, 0],
        [0, 700, 250, 50, 0],
        [19, 181, 400, 300, 100],
        [0, 0, 0, 0, 0],
        [2000, 0, 1, 0, 1],
    ]
)


@pytest.mark.parametrize(
    ("width", "settings"), [(80, COLOR), (43, COLOR), (42, ASCII), (90, ASCII)]
)
def test_tables(make_text_console: MakeConsole, width: int, settings: dict[str, Any]) -> None:
    console = make_text_console(width, **settings)
    shares = np.array([0.5, np.nan, 0.125, 0.75, 1.0])
    names = (*FASHION[:4], "a name that has no end")
    scores = ClassScores(shares, shares[::-1], shares / 2, np.array([0, 1, 1000, 20, 3]))
    networks = [Scores(0.5, 0.25), Scores(12.5, 0.5)]
    for part in (
        summary_table([("best epoch", "7"), ("model", "/folder" * 14), ("device", "[a] card")]),
        ensemble_table(Scores(0.125, 0.75), networks),
        confusion_table(console, MATRIX, names, pairs=True),
        confusion_table(console, MATRIX, tuple("01234")),
        confusion_table(console, np.diag([3, 4]), ("ant", "bee"), pairs=True),
        class_table(scores, names),
    ):
        console.print(part)
    assert_as_held(console, f"tables-{width}")


def test_the_pairs_of_a_matrix_that_does_not_fit(make_text_console: MakeConsole) -> None:
    console = make_text_console(60, **COLOR)
    matrix = np.arange(400).reshape(20, 20) + 1000 * np.eye(20, dtype=np.int64)
    console.print(confusion_table(console, matrix, tuple(f"class {place}" for place in range(20))))
    assert_as_held(console, "tables-pairs")


@pytest.mark.parametrize("busy", ["known", "unknown", "host"])
def test_a_profile(make_text_console: MakeConsole, profile: Profile, busy: str) -> None:
    console = make_text_console(**COLOR)
    if busy != "known":
        profile = replace(profile, busy_seconds=None)
    if busy == "host":
        profile = replace(profile, device=replace(profile.device, kind="CPU"), steps=12_345)
    for part in profile_table(profile):
        console.print(part)
    assert_as_held(console, f"profile-{busy}")


NETWORK = NetworkSpec(784, (16, 16), 10)


@pytest.mark.parametrize("kind", ["layered", "persistent", "population"])
def test_a_plan(make_text_console: MakeConsole, kind: str) -> None:
    traits, console = Traits(software=True, lanes=8), make_text_console(100, **COLOR)
    networks = 3 if kind == "population" else 1
    if kind == "persistent":
        plan = persistent_plan(Workload(NetworkSpec(20, (8,), 4), 6, traits))
    else:
        plan = training_plan(Workload(NETWORK, 64, traits, networks))
    assert plan is not None
    labels = [one.label for one in plan.passes if one.product]
    measured = {label: place % 2 == 0 for place, label in enumerate(labels)}
    for part in plan_tables(plan, 430, measured):
        console.print(part)
    assert_as_held(console, f"plan-{kind}")


@pytest.mark.parametrize("settings", [COLOR, ASCII])
def test_a_learning_rate_range_test(
    make_text_console: MakeConsole, settings: dict[str, Any]
) -> None:
    rates = np.logspace(-6, 0.5, 34)
    smoothed = 0.3 + 0.05 * (np.log10(rates) + 1.5) ** 2
    losses = smoothed + 0.1 * np.sin(np.arange(34))
    losses[-1] = np.inf
    smoothed[-1] = np.nan
    found = RangeTest(rates, losses, smoothed, 0.0031)
    console = make_text_console(70, **settings)
    for line in range_advice(found, 0.005):
        console.print(line, soft_wrap=True)
    console.print(range_chart(found))
    console.print(range_table(found))
    assert_as_held(console, f"range-{'ascii' if settings is ASCII else 'color'}")


def a_chart(values: np.ndarray, height: int, **changes: Any) -> LineChart:
    x = np.arange(len(values), dtype=float)
    lines = [
        Series("train", x, values, Ink.TRAIN),
        Series("val", x[1:], values[1:] * 1.3, Ink.VALIDATION, dotted=True),
        Series("third", x, values / 2, Ink.LABEL),
    ]
    return LineChart("loss", lines, height, (0.0, float(len(values) - 1)), **changes)


CHARTS: dict[str, LineChart] = {
    "falling": a_chart(3 / np.arange(1, 31), 12),
    "low": a_chart(3 / np.arange(1, 31), 7),
    "logarithmic": a_chart(3000.0 * 0.5 ** np.arange(30), 16, logarithmic=True),
    "logarithmic-low": a_chart(0.3 * 0.9 ** np.arange(8), 8, logarithmic=True),
    "gap": a_chart(np.array([1, 2, np.nan, 3, np.nan, np.nan, 1, 8.0]), 9, y_bounds=(0, 6)),
    "level": a_chart(np.full(4, 0.25), 9, number_format="{:.1f}".format),
    "tiny": a_chart(np.array([1e-9, 3e-9]), 6),
    "huge": a_chart(np.array([1e7, 2e7, 1e300, -1e305]), 6),
}


@pytest.mark.parametrize("settings", [COLOR, ASCII])
@pytest.mark.parametrize("name", CHARTS)
def test_a_chart(make_text_console: MakeConsole, name: str, settings: dict[str, Any]) -> None:
    console = make_text_console(60, **settings)
    console.print(CHARTS[name])
    narrow = make_text_console(24, **settings)
    narrow.print(CHARTS[name])
    assert isinstance(console.file, io.StringIO)
    assert isinstance(narrow.file, io.StringIO)
    console.file.write(narrow.file.getvalue())
    assert_as_held(console, f"chart-{name}{'-ascii' if settings is ASCII else ''}")


@pytest.mark.parametrize("settings", [COLOR, ASCII])
def test_predictions_by_true_values(
    make_text_console: MakeConsole, settings: dict[str, Any]
) -> None:
    draws = np.random.default_rng(0)
    true = draws.normal(150, 70, 60)
    predicted = 150 + 0.6 * (true - 150) + draws.normal(0, 40, 60)
    predicted[3:5] = np.nan, 1e9
    console = make_text_console(60, **settings)
    console.print(scatter(console, "progression", true, predicted, 60, 12))
    console.print(scatter(console, "progression", true, predicted, 24, 5))
    console.print(scatter(console, "share", true * 1e-7, predicted * 1e-7, 40, 6))
    console.print(scatter(console, "level", np.full(3, 7.0), np.array([7.0, 6.5, 8.0]), 40, 6))
    console.print(scatter(console, "nothing", np.full(2, np.nan), np.zeros(2), 40, 6))
    assert_as_held(console, f"scatter{'-ascii' if settings is ASCII else ''}")


@pytest.mark.parametrize("settings", [COLOR, ASCII])
def test_bars(make_text_console: MakeConsole, settings: dict[str, Any]) -> None:
    console = make_text_console(40, **settings)
    ascii_only = console.options.ascii_only
    for share in (-1.0, 0.0, 0.02, 0.03, 0.05, 0.49, 0.5, 0.52, 0.53, 0.97, 0.99, 1.0, 7.0):
        console.print(Text("|").append_text(bar(share, 20, Ink.TRAIN, ascii_only)).append("|"))
    console.print(bar(0.5, 0, Ink.TRAIN, ascii_only))
    assert_as_held(console, f"bars{'-ascii' if settings is ASCII else ''}")


def test_the_heads_of_a_training_at_every_width(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    """The head, the bars and the line of figures; 8 rows have one line of head, 20 have two."""
    shown = io.StringIO()
    for width in range(20, 101):
        console = make_text_console(width)
        view = a_view(make_run(device="a graphics card (with an addition)"), 3)
        block = dashboard_frame(console, view, Control(), (width, 20), 8.5, keys=True)
        lines = ["".join(part.text for part in line).rstrip() for line in block.lines]
        print(*lines[:2], *(lines[2:5] if width % 10 in (0, 9) else []), sep="\n", file=shown)
    console = make_text_console()
    console.file = shown
    assert_as_held(console, "training-heads")


def test_the_columns_of_a_search_at_every_width(
    make_text_console: MakeConsole, board: Board
) -> None:
    shown = io.StringIO()
    for width in range(30, 111):
        block = leaderboard_frame(
            make_text_console(width), board, Control(), (width, 9), 70.0, True
        )
        lines = ["".join(part.text for part in line).rstrip() for line in block.lines]
        print(lines[0], *lines[5:8:2], sep="\n", file=shown)
    console = make_text_console()
    console.file = shown
    assert_as_held(console, "search-columns")


def test_a_chart_at_every_height(make_text_console: MakeConsole) -> None:
    console = make_text_console(40)
    for height in range(2, 16):
        console.print(replace(CHARTS["falling"], height=height))
        console.print(replace(CHARTS["falling"], height=height, logarithmic=True))
    assert_as_held(console, "chart-heights")


def test_pictures_of_a_training_at_every_height(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    """Which rows hold pictures, captions and epochs, told by their first cells."""
    shown = io.StringIO()
    for height in range(24, 64, 3):
        for width in (80, 112):
            console = make_text_console(width, height)
            run = make_run(gallery=64)
            block = dashboard_frame(
                console, a_view(run, 30), Control(), (width, height), 8.5, keys=True
            )
            lines = ["".join(part.text for part in line).rstrip() for line in block.lines]
            captions = [(row, line.count(" %")) for row, line in enumerate(lines) if "✓" in line]
            print(width, height, captions, sum("e-0" in line for line in lines), file=shown)
    console = make_text_console()
    console.file = shown
    assert_as_held(console, "training-pictures")
