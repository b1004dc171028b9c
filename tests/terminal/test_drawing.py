"""A drawing and the answer to it: by mouse and keys, on a board of its own and beside a run."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from tests.terminal.pens import dragged, first_forms

import gpunet
from gpunet.datasets.framing import prepare_digits
from gpunet.model import Model
from gpunet.terminal.draw.block import Block
from gpunet.terminal.draw.dots import written_large
from gpunet.terminal.live.dashboard import Dashboard
from gpunet.terminal.live.draw_screen import DrawScreen
from gpunet.terminal.live.drawing import Drawing
from gpunet.terminal.live.keyboard import Mouse
from gpunet.terminal.views.board import Reply, board_block, key_hints
from gpunet.terminal.views.dashboard import body_rows
from gpunet.training.clock import WorkingClock
from gpunet.training.events import Control, Insight, RunInfo
from gpunet.workflows.drawing import DrawingAnswers, DrawingReader, keep_drawing, model_under_way

MakeConsole = Callable[..., Console]
MakeRun = Callable[..., RunInfo]

NO_KEYS = io.StringIO()

FOLDER = Path("drawn")

BOARD = (36, 18)
"""Columns and rows of the board where the terminal is 80 columns wide and high enough."""


@pytest.fixture(scope="module")
def model() -> Model:
    """Reads the built-in digits."""
    run = gpunet.train("strokes:2000+500", hidden=(128,), epochs=6, device="cpu", verbose=False)
    return run.model


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def screen(make_text_console: MakeConsole, model: Model) -> DrawScreen:
    """The screen of the command in a terminal of 80 by 24."""
    console = make_text_console(80, 24, colors="truecolor")
    return DrawScreen(
        console, Control(clock=WorkingClock(lambda: 0.0)), model, FOLDER, keys=NO_KEYS
    )


def on_board(x: float, y: float, top: int = 0) -> tuple[int, int]:
    columns, rows = BOARD
    return math.floor(x * columns), top + math.floor(y * rows)


def on_board_half(left: float, x: float, y: float) -> tuple[int, int]:
    return on_board(left + x / 2, y)


def text_of(block: Block) -> str:
    return "\n".join("".join(segment.text for segment in line) for line in block.lines)


def frame_of(screen: Any, size: tuple[int, int] = (80, 24)) -> str:
    block = screen.frame(size, 0.0, True)
    assert {sum(segment.cell_length for segment in line) for line in block.lines} == {size[0]}
    assert block.height == size[1]
    return text_of(block)


def reply_of(screen: DrawScreen) -> DrawingAnswers:
    answers = screen.drawn.reply.answers
    assert answers is not None
    return answers


def draw_digit(screen: Any, digit: int, top: int = 0) -> None:
    for event in dragged(first_forms()[digit], lambda x, y: on_board(x, y, top)):
        screen.moused(event)


def test_ten_digits_drawn_with_the_mouse_are_known(screen: DrawScreen) -> None:
    said = []
    for digit in range(10):
        screen.pressed("c")
        draw_digit(screen, digit)
        said.append(frame_of(screen).splitlines()[0].split()[-1])
    assert said == [*"0123456789"]


def test_the_network_gets_of_a_drawing_what_predict_reads_from_its_file(
    screen: DrawScreen, model: Model, tmp_path: Path
) -> None:
    draw_digit(screen, 4)
    canvas, reply = screen.drawn
    path = tmp_path / "four.png"
    path.write_bytes(canvas.png())
    assert reply.answers is not None
    assert model.framing is not None
    (digit,) = prepare_digits(path, model.framing)
    assert np.array_equal(reply.answers.features, digit.pixels[None])
    assert np.array_equal(reply.answers.pictures[0], digit.pixels.reshape(28, 28))
    assert np.array_equal(reply.answers.values, model.predict_proba(path))


def test_an_empty_board_has_no_answer(screen: DrawScreen) -> None:
    assert "nothing drawn yet" in frame_of(screen)
    draw_digit(screen, 1)
    assert "nothing drawn yet" not in frame_of(screen)
    screen.pressed("c")
    assert "nothing drawn yet" in frame_of(screen)


def test_several_digits_are_read_from_left_to_right_and_the_last_drawn_is_looked_at(
    screen: DrawScreen,
) -> None:
    for digit, left in ((7, 0.5), (1, 0.0)):
        half = partial(on_board_half, left)
        for event in dragged(first_forms()[digit], half):
            screen.moused(event)
    reply = screen.drawn.reply
    assert reply.answers is not None
    assert len(reply.answers.values) == 2
    assert reply.chosen == 0
    assert frame_of(screen).splitlines()[0].split()[-2:] == ["1", "7"]


def test_the_answer_is_written_large_where_there_is_room(screen: DrawScreen) -> None:
    draw_digit(screen, 2)
    large = written_large("2", 12, 10)
    assert len(large) > 4
    shown = frame_of(screen)
    assert [line for line in large if line not in shown] == []


def test_a_dash_is_no_digit(screen: DrawScreen) -> None:
    screen.moused(Mouse("press", 4, 9))
    screen.moused(Mouse("move", 30, 9))
    shown = frame_of(screen)
    assert "a dash?" in shown
    assert "far wider than a digit" in shown


def test_why_a_network_cannot_answer_is_told(
    screen: DrawScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise gpunet.DeviceError("the memory does not hold the network; try a smaller one")

    monkeypatch.setattr(DrawingReader, "answer", fail)
    draw_digit(screen, 1)
    assert "the memory does not hold the network" in frame_of(screen)


def test_the_right_button_erases_and_the_mouse_draws_only_from_the_board_on(
    screen: DrawScreen,
) -> None:
    screen.moused(Mouse("press", 60, 9))
    screen.moused(Mouse("move", 10, 9))
    assert screen.drawing.canvas.is_empty
    screen.moused(Mouse("release", 10, 9))
    for button in (0, 2):
        screen.moused(Mouse("press", 10, 9, button))
        screen.moused(Mouse("move", 12, 12, button))
        screen.moused(Mouse("release", 12, 12, button))
    assert screen.drawing.canvas.is_empty
    assert len(screen.drawing.canvas.strokes) == 2


def test_keys_draw_and_show_where_the_pen_is(screen: DrawScreen) -> None:
    assert "+" not in frame_of(screen).replace("+ -", "")
    for key in ("left", " ", *["down"] * 18):
        screen.pressed(key)
    shown = frame_of(screen)
    assert "#" in shown
    assert "space pen up" in shown
    screen.pressed(" ")
    assert shown.splitlines()[0].split()[-1] == "1"
    assert "space pen down" in frame_of(screen)


def test_a_mistake_is_kept_in_the_folder_of_its_class_as_the_network_saw_it(
    screen: DrawScreen, model: Model
) -> None:
    draw_digit(screen, 4)
    features = reply_of(screen).features
    screen.pressed("w")
    assert "Enter keep as 4" in frame_of(screen)
    screen.pressed("9")
    assert f"kept as {FOLDER / '9' / 'drawing.png'}" in frame_of(screen)
    assert screen.drawing.canvas.is_empty
    draw_digit(screen, 4)
    for key in ("w", "down", "left", "up", "right", "right", "enter"):
        screen.pressed(key)
    assert sorted(map(str, FOLDER.rglob("*.png"))) == ["drawn/5/drawing.png", "drawn/9/drawing.png"]
    kept = np.asarray(Image.open(FOLDER / "9" / "drawing.png"))
    assert np.array_equal(kept.reshape(1, -1), features)
    assert np.array_equal(
        model.predict_proba(FOLDER / "9" / "drawing.png"), model.predict_proba(features)
    )
    again = [keep_drawing(FOLDER, label, kept).name for label in "59"]
    assert again == ["drawing-2.png", "drawing-2.png"]
    data = gpunet.load_dataset(str(FOLDER))
    assert data.classes == ("5", "9")
    assert (data.train.features == features).all(axis=1).any()


def test_a_drawing_is_not_kept_unless_one_is_sure(screen: DrawScreen) -> None:
    screen.pressed("w")
    assert "keep as" not in frame_of(screen)  # there is nothing to keep
    draw_digit(screen, 4)
    for key in ("w", "x", "escape", "w", "escape"):
        screen.pressed(key)
    assert not FOLDER.exists()
    assert not screen._control.stop_after_epoch.is_set()
    assert not screen.drawing.canvas.is_empty


def test_what_cannot_be_kept_is_told_and_stays_on_the_board(screen: DrawScreen) -> None:
    FOLDER.write_text("a file")
    draw_digit(screen, 4)
    screen.pressed("w")
    screen.pressed("4")
    assert "cannot be made" in frame_of(screen)
    assert not screen.drawing.canvas.is_empty


@pytest.mark.parametrize("label", ["", "..", "a/b", "a\\b", "a\nb"])
def test_a_class_that_names_no_folder_is_refused(label: str) -> None:
    with pytest.raises(gpunet.OutputError, match="no folder can be called"):
        keep_drawing(FOLDER, label, np.zeros((4, 4), np.uint8))
    assert not FOLDER.exists()


@pytest.mark.parametrize("key", ["q", "Q", "escape"])
def test_q_and_escape_leave(screen: DrawScreen, key: str) -> None:
    screen.pressed(key)
    screen.wait()


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (140, 40), (200, 60), (60, 12)])
@pytest.mark.parametrize(
    "looks",
    [{"colors": "truecolor"}, {"colors": "256", "no_color": True}, {"ascii_only": True}],
    ids=["color", "no color", "ascii"],
)
def test_every_terminal_shows_the_drawing_and_the_answer(
    make_text_console: MakeConsole, model: Model, size: tuple[int, int], looks: dict[str, Any]
) -> None:
    console = make_text_console(*size, **looks)
    screen = DrawScreen(console, Control(), model, FOLDER, keys=NO_KEYS)
    for key in (" ", *["down"] * 20, " "):
        screen.pressed(key)
    lines = frame_of(screen, size).splitlines()
    assert lines[0].split()[-1] == "1"
    assert "q quit" in lines[-1]
    if looks.get("ascii_only"):
        assert "".join(lines).isascii()


@pytest.mark.parametrize("size", [(26, 20), (40, 6), (5, 2)])
def test_a_terminal_that_is_too_small_says_so(
    make_text_console: MakeConsole, model: Model, size: tuple[int, int]
) -> None:
    screen = DrawScreen(make_text_console(*size), Control(), model, FOLDER, keys=NO_KEYS)
    assert "too small to draw on".startswith(frame_of(screen, size).splitlines()[0].strip()[:4])
    screen.moused(Mouse("press", 1, 1))
    assert screen.drawing.canvas.is_empty


def test_an_answer_in_doubt_names_the_two_that_it_may_be(
    make_text_console: MakeConsole, screen: DrawScreen
) -> None:
    draw_digit(screen, 3)
    canvas, reply = screen.drawn
    assert reply.answers is not None
    doubtful = np.full((2, 1, 10), 0.01, np.float32)
    doubtful[0, 0, [3, 8]] = 0.62, 0.30
    doubtful[1, 0, [3, 8]] = 0.42, 0.50
    told = replace(reply, answers=replace(reply.answers, networks=doubtful))
    lines = text_of(board_block(make_text_console(), canvas, told, 80, 18)).splitlines()
    assert "unsure: 3 or 8?" in lines[0]
    assert "52.0 %, mean of 2 from 42 to 62 %" in lines[1]
    diverged = replace(reply.answers, networks=np.full((1, 1, 10), np.nan, np.float32))
    told = replace(reply, answers=diverged)
    assert "diverged" in text_of(board_block(make_text_console(), canvas, told, 80, 18))


def test_labels_and_measured_targets_are_answered_in_their_words(
    make_text_console: MakeConsole, screen: DrawScreen
) -> None:
    draw_digit(screen, 3)
    canvas, reply = screen.drawn
    assert reply.answers is not None
    several = replace(reply.answers, networks=np.array([[[0.9, 0.2, 0.8]]], np.float32))
    told = Reply(("round", "open", "low"), "labels", several)
    shown = text_of(board_block(make_text_console(), canvas, told, 80, 18))
    assert "round, low" in shown.splitlines()[0]
    measured = replace(reply.answers, networks=np.array([[[12.5, 3.0]]]))
    told = Reply(("area", "turns"), "measured", measured)
    shown = text_of(board_block(make_text_console(), canvas, told, 80, 18))
    assert "area  12.5" in shown
    assert "%" not in shown


def test_a_drawing_for_images_that_are_taken_as_they_are_has_their_polarity(
    model: Model,
) -> None:
    paper = replace(model, framing=None, inverted=True)
    drawing = Drawing(paper)
    for key in (" ", *["down"] * 20, " "):
        drawing.pressed(key)
    answers = drawing.drawn(paper.parameters).reply.answers
    assert answers is not None
    assert int(answers.features.max()) == 255
    assert float(answers.features.mean()) > 127  # black ink on white paper
    assert np.array_equal(answers.pictures[0].reshape(-1), 255 - answers.features[0])
    assert answers.boxes == ((0, 0, 280, 280),)


def test_a_model_of_tables_cannot_be_asked() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 4))
    model = gpunet.train((rows, [0, 1] * 20), epochs=1, device="cpu", verbose=False).model
    with pytest.raises(gpunet.errors.ModelError, match="drawing takes a model of images"):
        Drawing(model)


def test_the_hints_fit_whatever_the_width(screen: DrawScreen) -> None:
    for width in range(120):
        assert len(key_hints(screen.drawing.canvas, ("q", "quit"), width)) <= width


# ---- Beside a run


@pytest.fixture
def run(make_run: MakeRun, model: Model) -> RunInfo:
    """A run that trains such a network on the built-in digits."""
    dataset = gpunet.load_dataset("strokes:300+100")
    return replace(make_run(), dataset=dataset, network=model.network, config=model.config)


@pytest.fixture
def dashboard(make_text_console: MakeConsole, run: RunInfo) -> Dashboard:
    """It shows that run's screen to draw on."""
    console = make_text_console(80, 24, colors="truecolor")
    shown = Dashboard(console, Control(clock=WorkingClock(lambda: 0.0)), keys=NO_KEYS)
    shown.on_train_begin(run)
    shown.pressed("d")
    frame_of(shown)
    return shown


def look(epoch: int, step: int, parameters: np.ndarray) -> Insight:
    """A look into the network, what matters here of it."""
    return cast(Insight, SimpleNamespace(epoch=epoch, step=step, parameters=parameters, layers=()))


TOP = 24 - 1 - body_rows(24)


def test_the_network_in_training_answers_with_its_weights_of_the_moment(
    dashboard: Dashboard, model: Model
) -> None:
    assert dashboard.wants_mouse
    draw_digit(dashboard, 7, TOP)
    assert "waiting for a look into the network" in frame_of(dashboard)
    dashboard.on_insight(look(3, 12, np.zeros_like(model.parameters)))
    shown = frame_of(dashboard)
    assert "unsure: 0 or 1?" in shown
    assert "10.0 %, epoch 3, step 12" in shown
    dashboard.on_insight(look(4, 1_200, model.parameters))
    lines = frame_of(dashboard).splitlines()
    assert lines[TOP].split()[-1] == "7"
    assert "%, epoch 4, step 1,200" in lines[TOP + 1]


def test_keys_of_the_board_are_not_those_of_the_run_and_escape_leads_back(
    dashboard: Dashboard,
) -> None:
    for key in (" ", "down", "right", " ", "e", "u", "c"):
        dashboard.pressed(key)
    assert "Esc back" in frame_of(dashboard)
    assert dashboard._control.insight_wanted.is_set()
    dashboard.pressed("p")
    assert dashboard._control.paused.is_set()
    dashboard.pressed("escape")
    assert dashboard.view.screen == "curves"
    assert not dashboard._control.insight_wanted.is_set()
    assert not dashboard.wants_mouse


def test_a_drawing_is_still_there_when_one_comes_back(dashboard: Dashboard) -> None:
    draw_digit(dashboard, 0, TOP)
    for _ in range(2):
        dashboard.pressed("d")
    assert "nothing drawn yet" not in frame_of(dashboard)


def test_the_model_under_way_is_prepared_as_the_trained_one(model: Model, run: RunInfo) -> None:
    given = model_under_way(run)
    for name in ("framing", "inverted", "levels", "scaling", "classes", "image_shape", "network"):
        assert getattr(given, name) == getattr(model, name)


def test_rows_of_a_table_cannot_be_drawn(make_text_console: MakeConsole, make_run: MakeRun) -> None:
    dashboard = Dashboard(make_text_console(), Control(), keys=NO_KEYS)
    dashboard.on_train_begin(make_run(classes=("a", "b"), image=False))
    dashboard.pressed("d")
    assert "drawing takes images, but the samples of this run are rows of a table" in frame_of(
        dashboard
    )
    dashboard.moused(Mouse("press", 5, 9))
    dashboard.pressed(" ")


def test_networks_that_have_ended_no_longer_answer(model: Model) -> None:
    reader, png = DrawingReader(), drawn_png()
    both = replace(model, parameters=np.repeat(model.parameters, 2, axis=0))
    assert reader.answer(both, png).networks.shape == (2, 1, 10)
    assert reader.answer(model, png).networks.shape == (1, 1, 10)


def drawn_png() -> bytes:
    from gpunet.terminal.draw.canvas import Canvas

    canvas = Canvas()
    for key in (" ", *["down"] * 20, " "):
        canvas = canvas.pressed(key)
    return canvas.png()
