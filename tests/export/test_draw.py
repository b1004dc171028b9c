"""The panel of an exported page that is drawn on, in a browser."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.export.conftest import OpenModules, OpenPage

import gpunet
from gpunet.datasets.strokes import generate, load_pens

BOARD = ".pad-canvas"
WORD = ".verdict-word"
WHOLE = (0.2, 0.15, 0.8, 0.85)
"""Left, top, right and bottom of a digit in parts of the board."""

DROP = """([name, type, text]) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], name, { type }));
    return data;
}"""

SHAPE = {
    "shape": {"kind": "classes"},
    "classes": ["cat", "dog", "eel"],
    "targets": [],
    "targetScaling": None,
}

OPEN_APP = """async (html) => {
    const doc = new DOMParser().parseFromString(html, "text/html");
    globalThis.app = new App(await readPage(doc));
    globalThis.root = Object.assign(document.createElement("section"), { id: "draw" });
    document.body.append(root);
    createDraw(root, app);
}"""


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page that reads digits."""
    images, labels = generate(6000, 7)
    data = images.reshape(-1, 28, 28), labels
    run = gpunet.train(data, hidden=(64,), epochs=8, device="cpu", verbose=False)
    return run.model.export(tmp_path_factory.mktemp("digits") / "digits.html", samples=0)


@pytest.fixture
def board(digits: Path, open_page: OpenPage) -> Page:
    page = open_page(digits)
    expect(page.locator(WORD)).to_have_text("Nothing drawn yet")
    return page


def pen_strokes(digit: int) -> Iterator[list[list[float]]]:
    """Some points along each stroke of a stored digit, in parts of its box."""
    form = next(form for form in load_pens() if form.digit == digit)
    points = form.spline @ form.controls[0] * (0.35, 0.5) + 0.5  # (points, 2)
    for stroke in form.strokes:
        own = np.abs(form.spline[:, stroke]).sum(axis=1) > 0
        yield points[own][::5].tolist()


def draw(page: Page, digit: int, box: tuple[float, float, float, float] = WHOLE) -> None:
    """Draw a stored digit by the mouse."""
    place = page.locator(BOARD).bounding_box()
    assert place is not None
    left, top, right, bottom = box
    for stroke in pen_strokes(digit):
        for index, (x, y) in enumerate(stroke):
            across, down = left + x * (right - left), top + y * (bottom - top)
            page.mouse.move(
                place["x"] + across * place["width"], place["y"] + down * place["height"]
            )
            if index == 0:
                page.mouse.down()
        page.mouse.up()


def ink(page: Page) -> int:
    """Pixels of the board with chalk on them, after it has been painted."""
    return int(
        page.evaluate(
            """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
                const canvas = document.querySelector(".pad-canvas");
                const { width, height } = canvas;
                const context = new OffscreenCanvas(width, height).getContext("2d");
                context.drawImage(canvas, 0, 0);
                const { data } = context.getImageData(0, 0, width, height);
                done(data.filter((level, at) => at % 4 === 0 && level > 127).length);
            })))"""
        )
    )


def picture(digits_shown: list[int], **saving: Any) -> bytes:
    """A PNG file, or as told, of digits side by side, dark on light."""
    images, labels = generate(200, 3)
    chosen = [images[labels == digit][0].reshape(28, 28) for digit in digits_shown]
    image = Image.fromarray(255 - np.hstack(chosen)).resize((140 * len(chosen), 140))
    file = io.BytesIO()
    image.save(file, **{"format": "PNG", **saving})
    return file.getvalue()


def hand_over(page: Page, event: str, content: bytes, name: str = "a.png") -> None:
    """Drop a file on the page, or paste it."""
    text = base64.b64encode(content).decode()
    data = page.evaluate_handle(DROP, [name, "image/png", text])
    field = "clipboardData" if event == "paste" else "dataTransfer"
    page.evaluate(
        """([event, field, data]) => {
            const kind = event === "paste" ? ClipboardEvent : DragEvent;
            const options = { [field]: data, bubbles: true, cancelable: true };
            document.body.dispatchEvent(new kind(event, options));
        }""",
        [event, field, data],
    )


def test_ten_stored_digits_are_read_as_they_are_drawn(board: Page) -> None:
    for digit in range(10):
        draw(board, digit)
        expect(board.locator(WORD)).to_have_text(str(digit))
        best = board.locator(".answer-bar-best")
        expect(best.locator(".answer-bar-name")).to_have_text(str(digit))
        board.get_by_role("button", name="Clear").click()
        expect(board.locator(WORD)).to_have_text("Nothing drawn yet")
        assert board.locator(".answer-bar-best").count() == 0


def test_every_stroke_is_taken_back_and_done_again(board: Page) -> None:
    counts = [ink(board)]
    for digit in (1, 7):
        draw(board, digit)
        counts.append(ink(board))
    assert counts[0] == 0 < counts[1] < counts[2]
    undo, redo = (board.get_by_role("button", name=name) for name in ("Undo", "Redo"))
    undo.click()
    assert ink(board) == counts[1]
    redo.click()
    assert ink(board) == counts[2]
    expect(redo).to_have_attribute("aria-disabled", "true")
    board.get_by_role("button", name="Clear").click()
    assert ink(board) == 0
    undo.click()
    assert ink(board) == counts[2]


def test_the_eraser_takes_ink_off(board: Page) -> None:
    draw(board, 1)
    before = ink(board)
    board.get_by_role("button", name="Eraser").click()
    draw(board, 1)
    assert ink(board) < before / 10
    expect(board.locator(WORD)).to_have_text("Nothing drawn yet")


def test_keys_alone_draw_a_one_and_take_it_back(board: Page) -> None:
    board.locator(BOARD).focus()
    board.keyboard.press("Space")
    for _ in range(20):
        board.keyboard.press("ArrowDown")
    board.keyboard.press("Enter")
    expect(board.locator(WORD)).to_have_text("1")
    drawn = ink(board)
    board.keyboard.press("ArrowLeft")  # the pen is up
    assert ink(board) == drawn
    news = board.locator(".draw").get_by_role("status")
    expect(news).to_contain_text("Pen up")
    expect(news).to_contain_text("The answer: 1")
    board.keyboard.press("u")
    assert ink(board) == 0
    board.keyboard.press("Control+y")
    assert ink(board) == drawn
    board.keyboard.press("Escape")
    assert ink(board) == 0


def test_two_arrows_held_together_draw_a_diagonal(board: Page) -> None:
    board.locator(BOARD).focus()
    board.keyboard.press("Space")
    board.keyboard.down("ArrowDown")
    for _ in range(10):
        board.keyboard.press("ArrowRight")
    board.keyboard.up("ArrowDown")
    cursor = board.locator(".pad-cursor")
    expect(cursor).to_have_class("pad-cursor pad-down")
    place = cursor.evaluate("one => [parseFloat(one.style.left), parseFloat(one.style.top)]")
    assert place == pytest.approx([75, 52.5])  # ten steps, and one more down


def test_tab_reaches_the_board_and_every_button(board: Page) -> None:
    board.locator(BOARD).focus()
    reached = []
    for _ in range(6):
        board.keyboard.press("Tab")
        reached.append(board.evaluate("document.activeElement.textContent"))
    assert reached[:5] == ["Undo", "Redo", "Clear", "Eraser", "Image…"]
    assert board.evaluate("document.activeElement.type") == "range"


def test_several_digits_are_answered_from_left_to_right(board: Page) -> None:
    for place, digit in enumerate((3, 1, 7)):
        left = 0.05 + 0.31 * place
        draw(board, digit, (left, 0.3, left + 0.28, 0.7))
    found = board.locator(".found-digit")
    expect(found).to_have_text(["3", "1", "7"])
    expect(board.locator(".pad-mark")).to_have_text(["3", "1", "7"])
    expect(board.locator(WORD)).to_have_text("7")  # that was drawn last
    found.nth(0).click()
    expect(board.locator(WORD)).to_have_text("3")
    expect(found.nth(0)).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_an_image_that_is_dropped_or_pasted_is_read(board: Page, event: str) -> None:
    hand_over(board, event, picture([2, 4]))
    expect(board.locator(".found-digit")).to_have_text(["2", "4"])
    board.locator(BOARD).focus()
    board.keyboard.press("u")
    expect(board.locator(WORD)).to_have_text("Nothing drawn yet")


def test_an_image_is_turned_as_its_orientation_says_and_can_be_drawn_on(board: Page) -> None:
    lying = Image.open(io.BytesIO(picture([2]))).transpose(Image.Transpose.ROTATE_90)
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    lying.save(file, "JPEG", quality=95, exif=exif)
    content = {"name": "2.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}
    board.locator("input[type=file]").set_input_files(content)  # type: ignore[arg-type]
    expect(board.locator(WORD)).to_have_text("2")
    before = ink(board)
    draw(board, 1, (0.85, 0.2, 1.05, 0.8))
    expect(board.locator(".found-digit")).to_have_text(["2", "1"])
    assert ink(board) < before  # the paper is light here, and ink dark


def test_a_file_that_is_no_image_is_refused_in_a_sentence(board: Page) -> None:
    hand_over(board, "drop", b"no image", "notes.txt")
    expect(board.get_by_role("alert")).to_have_text(
        "notes.txt is no image that this browser reads; give a PNG, JPEG, GIF or WebP file."
    )


def test_a_dash_is_no_digit(board: Page) -> None:
    place = board.locator(BOARD).bounding_box()
    assert place is not None
    board.mouse.move(place["x"] + 40, place["y"] + 100)
    board.mouse.down()
    board.mouse.move(place["x"] + 240, place["y"] + 100, steps=9)
    board.mouse.up()
    expect(board.locator(WORD)).to_have_text("A dash?")


def test_a_finger_draws_and_a_second_one_does_not_disturb(board: Page) -> None:
    assert board.locator(BOARD).evaluate("one => getComputedStyle(one).touchAction") == "none"
    board.evaluate(
        """() => {
            const canvas = document.querySelector(".pad-canvas");
            const { left, top, width } = canvas.getBoundingClientRect();
            canvas.setPointerCapture = () => {};  // the pointers below are none of the browser's
            const send = (type, pointerId, x, y, pressure = 0.5) => canvas.dispatchEvent(
                new PointerEvent(type, { pointerId, pointerType: "touch", pressure, bubbles: true,
                    cancelable: true, clientX: left + x * width, clientY: top + y * width }));
            send("pointerdown", 5, 0.5, 0.2);
            send("pointerdown", 6, 0.1, 0.1);
            for (let step = 1; step <= 30; step++) {
                send("pointermove", 5, 0.5, 0.2 + 0.02 * step);
                send("pointermove", 6, 0.1 + 0.02 * step, 0.1);
            }
            send("pointerup", 6, 0.7, 0.1);
            send("pointerup", 5, 0.5, 0.8);
        }"""
    )
    expect(board.locator(WORD)).to_have_text("1")


def test_strokes_are_drawn_anew_in_the_pixels_of_the_screen(digits: Path, browser: Browser) -> None:
    context = browser.new_context(device_scale_factor=2, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(digits.as_uri())
    draw(page, 8)
    size = "one => [one.width, one.clientWidth]"
    pixels, width = page.locator(BOARD).evaluate(size)
    assert pixels == 2 * width
    share = ink(page) / pixels**2
    page.set_viewport_size({"width": 320, "height": 600})
    expect(page.locator(WORD)).to_have_text("8")
    smaller = ink(page), page.locator(BOARD).evaluate(size)[0]
    assert smaller[1] < pixels
    # Pixels at the edges are counted one way or the other.
    assert smaller[0] / smaller[1] ** 2 == pytest.approx(share, rel=0.02)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    context.close()


def test_a_sample_from_elsewhere_is_put_on_the_board_and_can_be_drawn_on(
    digits: Path, open_modules: OpenModules
) -> None:
    page = open_modules("app", "data", "panels/draw")
    page.evaluate(OPEN_APP, digits.read_text(encoding="utf-8"))
    images, labels = generate(200, 3)
    pixels = images[labels == 5][0].tolist()
    page.evaluate(
        """(pixels) => {
            globalThis.heard = [];
            app.on("sample", (sample) => heard.push(sample));
            const features = Float32Array.from(pixels, (level) => level / 255);
            app.show({ features, picture: Uint8Array.from(pixels), label: 5, from: "test",
                blank: false });
        }""",
        pixels,
    )
    expect(page.locator(WORD)).to_have_text("5")
    page.wait_for_timeout(100)
    assert page.evaluate("heard.map((sample) => sample.from)") == ["test"]
    seen = """() => [...document.querySelector(".seen-picture").getContext("2d")
        .getImageData(0, 0, 28, 28).data].filter((_, at) => at % 4 === 0)"""
    assert page.evaluate(seen) == pixels
    draw(page, 1, (0.85, 0.2, 1.0, 0.8))
    page.wait_for_function("heard.at(-1).from === 'drawing'")
    page.locator(BOARD).press("u")
    page.wait_for_function("app.sample.from === 'test'")


def test_what_is_taught_goes_to_the_training_with_its_label(open_modules: OpenModules) -> None:
    page = open_modules("announce", "panels/teach")
    said = page.evaluate(
        """(model) => {
            const taught = [];
            const sample = { blank: false };
            const page = { data: { model, data: {} } };
            const emit = (name, told) => taught.push([name, told.label, told.sample === sample]);
            const app = { page, sample: null, gpu: null, on: () => {}, emit };
            const panel = new Teach(app, new Announcer());
            document.body.append(panel.root);
            const notes = [panel.note.textContent];
            app.gpu = {};
            panel.refresh();
            notes.push(panel.note.textContent);
            app.sample = sample;
            panel.refresh();
            panel.controls[1].click();
            return [notes, taught, panel.note.textContent];
        }""",
        SHAPE,
    )
    assert said == [
        [
            "Teaching needs WebGPU, which this browser does not offer.",
            "Draw something first, then say what it is and the network learns it.",
        ],
        [["teach", 1, True]],
        "Learning that this is dog…",
    ]


@pytest.mark.parametrize(
    ("outputs", "changes", "word", "detail"),
    [
        ([0.05, 0.9, 0.05], {}, "dog", "90.0 %"),
        ([0.5, 0.08, 0.42], {}, "Unsure: cat or eel?", "50.0 % and 42.0 %"),
        (
            [None, 0.5, 0.5],
            {},
            "No answer",
            "some outputs are no numbers: the network has diverged",
        ),
        ([0.9, 0.2, 0.8], {"shape": {"kind": "labels"}}, "cat, eel", "57.6 %"),
        ([0.1, 0.2, 0.1], {"shape": {"kind": "labels"}}, "none", "64.8 %"),
        (
            [2, -1],
            {
                "shape": {"kind": "measured"},
                "classes": [],
                "targets": ["age", "height"],
                "targetScaling": {"mean": [10, 100], "deviation": [2, 5]},
            },
            "age 14",
            "height 95",
        ),
    ],
)
def test_answers_in_words(
    open_modules: OpenModules,
    outputs: list[float | None],
    changes: dict[str, Any],
    word: str,
    detail: str,
) -> None:
    verdict = open_modules("verdict", "rows").evaluate(
        """([outputs, model]) => {
            const numbers = Float32Array.from(outputs, (one) => one ?? NaN);
            return verdictOf(inOwnUnits(numbers, { data: { model } }), model);
        }""",
        [outputs, {**SHAPE, **changes}],
    )
    assert (verdict["word"], verdict["detail"]) == (word, detail)


def test_of_many_classes_the_best_twelve_are_listed(open_modules: OpenModules) -> None:
    page = open_modules("panels/bars")
    shown = page.evaluate(
        """(model) => {
            model.classes = Array.from({ length: 30 }, (_, at) => `class ${at}`);
            const bars = new AnswerBars(model);
            const outputs = Array(30).fill(0.01);
            outputs[20] = 0.7;
            outputs[3] = 0.2;
            bars.show(outputs, 20);
            return bars.rows.map(({ name, value }) => [name.textContent, value.textContent]);
        }""",
        {**SHAPE, "shape": {"kind": "classes"}},
    )
    assert len(shown) == 12
    assert shown[:3] == [["class 20", "70.0 %"], ["class 3", "20.0 %"], ["class 0", "1.0 %"]]
