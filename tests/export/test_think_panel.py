"""What the page shows of a network at work is what numpy computes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from tests.export.conftest import IMPORT, WEB, OpenModules, OpenPage
from tests.export.panels import OPEN, texts
from tests.export.told_pages import dataset, page_of

import gpunet
from gpunet.datasets.dataset import Dataset
from gpunet.engine.reference import kernels
from gpunet.model import Model
from gpunet.parameters import layer_views

CLOSE = 2e-6
"""Numpy adds in float32, the page in float64 that is kept as float32; a share of the largest."""

ROW = 5
"""The test sample that is looked at."""

HOSTILE = ("<img src=x onerror=alert(1)>", "</script><b>", "' onclick='x", "&amp;")

NUMBER = "name => Number([...document.querySelectorAll('.think-numbers > div')]\
.find(one => one.firstChild.textContent === name).querySelector('data').value)"

FRAME = "() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"

SHOW = """([features, picture]) => app.show({
  features: Float32Array.from(features), picture: picture && Uint8Array.from(picture),
  label: null, from: "test", blank: false,
})"""

READ_OUT = """async rows => {
  const told = [];
  for (const row of rows) {
    app.show({ ...app.sample, features: Float32Array.from(row) });
    await new Promise(requestAnimationFrame);
    told.push(document.querySelector("#think [role=status]").textContent);
  }
  return told;
}"""

PIXELS = (
    "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
)

PAINTED = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((level, at) => at % 4 === 3 && level > 0).length;
}"""
"""How many pixels of a canvas are not transparent."""

COLORS = (
    "() => ['--minus', '--zero', '--plus'].map(name => getComputedStyle(document.documentElement)\
.getPropertyValue(name).trim())"
)

DRAW_TIMES = """async () => {
  const times = [];
  const frame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (draw) => frame((now) => {
    const began = performance.now();
    draw(now);
    times.push(performance.now() - began);
  });
  for (let row = 0; row < 30; row++) {
    const features = app.sample.features.map((value) => value * Math.random());
    app.show({ ...app.sample, features });
    await new Promise((drawn) => frame(() => frame(drawn)));
  }
  return times.sort((one, other) => one - other);
}"""


@cache
def model_of(hidden: tuple[int, ...], **settings: Any) -> tuple[Model, Dataset]:
    """A trained model, the same one for all tests that ask for it, and its data."""
    data = dataset(300)
    run = gpunet.train(data, hidden=hidden, epochs=2, device="cpu", verbose=False, **settings)
    return run.model, data


def opened(open_modules: OpenModules, model: Model, data: Dataset) -> Page:
    """The panel with its style, and a test sample in it."""
    page = open_modules("app", "data", "panels/think")
    for style in (WEB / "page.css", WEB / "panels" / "think.css"):
        page.add_style_tag(content=style.read_text("utf-8"))  # whose colors the panel asks for
    page.evaluate(OPEN, [page_of(model, data), {"think": "createThink"}])
    show(page, model, data, ROW)
    return page


def show(page: Page, model: Model, data: Dataset, row: int) -> None:
    picture = data.test.features[row].tolist() if model.image_shape else None
    page.evaluate(SHOW, [row_of(model, data, row=row).tolist(), picture])
    page.evaluate(FRAME)


def wait_for_sentence(page: Page, words: str) -> None:
    """Waits until the panel says these words."""
    expect(page.locator(".think-sentence")).to_contain_text(words, timeout=60_000)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
    page.evaluate(FRAME)


def layers_of(model: Model, features: NDArray[Any], network: int = 0) -> list[NDArray[Any]]:
    """The input, every hidden layer's activations and the logits of a row, in its own precision."""
    parameters = model.parameters[network : network + 1].astype(features.dtype)
    values: list[NDArray[Any]] = [features[None, None]]
    for layer, views in zip(
        model.network.layers, layer_views(parameters, model.network), strict=True
    ):
        sums = kernels.forward(values[-1], *views)
        values.append(kernels.activate(sums, layer.activation, model.network.leaky_slope)[0])
    return [one[0, 0] for one in values]


def row_of(model: Model, data: Dataset, kind: Any = np.float32, row: int = ROW) -> NDArray[Any]:
    """The features (I,) of a test sample, as prepared."""
    features = model.prepare(data.test[np.array([row])]).features[0]
    return np.asarray(features / 255 if features.dtype == np.uint8 else features, dtype=kind)


def activations(page: Page, layer: int, units: int) -> list[float]:
    """What is told of each unit, from tile to tile."""
    page.locator(".think-tiles[role=slider]").nth(layer).focus()
    press(page, "Home")
    told = []
    for _ in range(units):
        told.append(page.evaluate(NUMBER, "Activation"))
        press(page, "ArrowRight")
    return told


def colors(page: Page, shares: NDArray[Any]) -> NDArray[Any]:
    """Red, green and blue (..., 3) of shares from -1 to 1, in the 127 shades to either side."""
    hexes = page.evaluate(COLORS)
    minus, zero, plus = (np.array([int(one[at : at + 2], 16) for at in (1, 3, 5)]) for one in hexes)
    shade = np.round(shares * 127)[..., None] / 127
    return np.asarray(zero + np.where(shade < 0, minus - zero, plus - zero) * np.abs(shade))


@pytest.mark.parametrize("settings", [{}, {"activation": "tanh"}], ids=["relu", "tanh"])
def test_tiles_show_the_activations_that_numpy_computes(
    open_modules: OpenModules, settings: dict[str, Any]
) -> None:
    model, data = model_of((16, 12), **settings)
    page = opened(open_modules, model, data)
    for layer, expected in enumerate(layers_of(model, row_of(model, data))[1:-1]):
        actual = activations(page, layer, len(expected))
        largest = np.abs(expected).max()
        assert np.abs(np.array(actual) - expected).max() < CLOSE * largest
        assert np.ptp(expected) > 0.1  # so that there is something to compare


def test_a_unit_that_is_pointed_at_shows_its_weights_as_a_picture(
    open_modules: OpenModules,
) -> None:
    model, data = model_of((16,))
    page = opened(open_modules, model, data)
    unit = 9
    point_at(page, unit, 16)
    weights = layer_views(model.parameters, model.network)[0][0][0][:, unit]
    biases = layer_views(model.parameters, model.network)[0][1][0]
    assert texts(page, ".think-unit h3") == [f"Unit {unit + 1} of hidden layer 1"]
    assert page.evaluate(NUMBER, "Bias") == float(biases[unit])
    drawn = np.array(page.eval_on_selector(".think-unit canvas", PIXELS)).reshape(784, 4)
    assert np.abs(drawn[:, :3] - colors(page, weights / np.abs(weights).max())).max() <= 1
    outgoing = layer_views(model.parameters, model.network)[1][0][0][unit]
    strongest = np.argsort(-np.abs(outgoing), kind="stable")[:8]
    columns = page.locator(".think-unit .think-bars").nth(1)
    names = columns.locator(".think-bar-name").all_text_contents()
    assert names == [data.classes[one] for one in strongest]
    shown = columns.locator("data").evaluate_all("all => all.map(one => Number(one.value))")
    assert shown == outgoing[strongest].tolist()


def point_at(page: Page, unit: int, units: int) -> None:
    """Moves the mouse over the tile of a unit of the first layer."""
    tiles = page.locator(".think-tiles[role=slider]").first
    box = tiles.bounding_box()
    assert box is not None
    side = (box["width"] * box["height"] / units) ** 0.5  # whole rows of squares
    columns = round(box["width"] / side)
    x, y = (unit % columns + 0.5) * side, (unit // columns + 0.5) * side
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.evaluate(FRAME)


def test_tiles_are_shaded_on_the_scale_of_their_legend(open_modules: OpenModules) -> None:
    model, data = model_of((16,), activation="tanh")
    page = opened(open_modules, model, data)
    expected = layers_of(model, row_of(model, data))[1]
    (high,) = texts(page, ".think-legend span:last-child")[:1]
    canvas = page.locator(".think-tiles canvas").first
    width, height = canvas.evaluate("one => [one.width, one.height]")
    picture = np.array(canvas.evaluate(PIXELS)).reshape(height, width, 4)
    side = round((width * height / 16) ** 0.5)
    tiles = picture[side // 2 :: side, side // 2 :: side, :3].reshape(16, 3)
    shades = colors(page, expected / float(high))
    assert np.abs(tiles - shades).max() <= 2  # an activation may lie between two shades


def test_the_evidence_adds_up_to_what_the_logit_gains_from_the_input(
    open_modules: OpenModules,
) -> None:
    model, data = model_of((16, 12), activation="tanh")
    page = opened(open_modules, model, data)
    row = row_of(model, data, np.float64)
    answered = int(layers_of(model, row)[-1].argmax())
    step = 1e-5
    more, less = (layers_of(model, row * (1 + one))[-1] for one in (step, -step))
    gains = (more - less) / (2 * step)
    for output in (answered, (answered + 1) % 10):
        if output != answered:
            page.locator(".think-evidence select").select_option(str(output))
            page.evaluate(FRAME)
        shown = page.eval_on_selector(".think-words data", "one => Number(one.value)")
        assert shown == pytest.approx(gains[output], rel=1e-5)
        assert f"for {data.classes[output]} (" in texts(page, ".think-words")[0]
    assert page.locator(".think-radio").nth((answered + 1) % 10).is_checked()


def test_the_connections_drawn_are_the_strongest_into_the_answer(open_modules: OpenModules) -> None:
    model, data = model_of((64,))
    page = opened(open_modules, model, data)
    _, hidden, logits = layers_of(model, row_of(model, data))
    answered = int(logits.argmax())
    weights = layer_views(model.parameters, model.network)[1][0][0][:, answered]
    contributions = hidden * weights
    for name in ("network", "parameters", "panels/edges"):
        page.evaluate(IMPORT, f"/{name}.js")
    edges = page.evaluate(
        """output => {
          const { networks: { shape, parameters }, answer: { traces: [trace] } } = app;
          const inputs = [app.sample.features, ...trace.activations];
          const deltas = logitDeltas(shape, parameters, trace, output);
          return strongestEdges(shape, layerViews(shape, parameters), inputs, deltas, output, 24);
        }""",
        answered,
    )
    into = [one for one in edges if one["layer"] == 1]
    expected = [int(one) for one in np.argsort(-np.abs(contributions), kind="stable")[:24]]
    expected = [one for one in expected if contributions[one] != 0]
    assert sorted(one["from"] for one in into) == sorted(expected)
    assert {one["to"] for one in into} == {answered}
    values = {one["from"]: one["value"] for one in into}
    for unit in expected:
        assert values[unit] == pytest.approx(contributions[unit], rel=1e-4)
    below = [one for one in edges if one["layer"] == 0]
    assert {one["to"] for one in below} <= set(expected)
    assert page.eval_on_selector(".think-edges", PAINTED) > 500  # pixels of lines
    assert texts(page, ".think-unit h3") == [f"Unit {expected[0] + 1} of hidden layer 1"]


def test_the_keyboard_reaches_every_tile(open_modules: OpenModules) -> None:
    model, data = model_of((20, 16))
    page = opened(open_modules, model, data)
    tiles = page.locator(".think-tiles[role=slider]")
    for _ in range(12):
        page.keyboard.press("Tab")
        if tiles.first.evaluate("one => one === document.activeElement"):
            break
    press(page, "Home", "ArrowRight", "ArrowRight", "ArrowLeft")
    assert texts(page, ".think-unit h3") == ["Unit 2 of hidden layer 1"]
    assert tiles.first.get_attribute("aria-valuenow") == "2"
    told = tiles.first.get_attribute("aria-valuetext")
    assert told is not None
    assert told.startswith("unit 2, activation ")
    press(page, "End", "ArrowRight")
    assert texts(page, ".think-unit h3") == ["Unit 20 of hidden layer 1"]
    press(page, "Tab", "Home")
    assert texts(page, ".think-unit h3") == ["Unit 1 of hidden layer 2"]
    press(page, "Escape")
    (title,) = texts(page, ".think-unit h3")
    wait_for_sentence(page, f"; {title.split(' of ')[0].lower()} speaks loudest")


def test_the_sentence_is_of_the_sample_that_is_seen_and_is_read_out_when_it_rests(
    open_modules: OpenModules,
) -> None:
    model, data = model_of((16,))
    page = opened(open_modules, model, data)
    read_out, seen = page.locator("#think [role=status]"), page.locator(".think-sentence")
    expect(read_out).to_contain_text("of the 16 units", timeout=60_000)
    rows = [row_of(model, data, row=row).tolist() for row in range(20, 28)]
    assert len(set(page.evaluate(READ_OUT, rows))) == 1  # not at every stroke
    hidden = page.evaluate("[...app.answer.traces[0].activations[0]]")
    wait_for_sentence(page, f"{sum(one > 0 for one in hidden)} of the 16 units")
    expect(read_out).to_have_text(seen.inner_text(), timeout=60_000)


def test_hostile_names_are_shown_as_text(open_modules: OpenModules) -> None:
    rows = np.random.default_rng(3).normal(size=(160, 4))
    labels = np.array(HOSTILE)[rows.argmax(axis=1)]
    data = Dataset.from_arrays(rows[:120], labels[:120], rows[120:], labels[120:])
    model = gpunet.train(data, hidden=(8,), epochs=2, device="cpu", verbose=False).model
    page = opened(open_modules, model, data)
    assert sorted(texts(page, ".think-output-name")) == sorted(HOSTILE)
    assert sorted(texts(page, ".think-evidence option")[1:]) == sorted(HOSTILE)
    assert page.locator("#think :is(img, script, b)").count() == 0


def test_a_member_of_an_ensemble_is_chosen(open_modules: OpenModules) -> None:
    model, data = model_of((8,), ensemble=3)
    page = opened(open_modules, model, data)
    page.locator(".think-choice select").first.select_option("2")
    page.evaluate(FRAME)
    expected = layers_of(model, row_of(model, data), network=2)[1]
    actual = activations(page, 0, 8)
    assert np.abs(np.array(actual) - expected).max() < CLOSE * np.abs(expected).max()


def test_columns_of_a_table_speak_for_and_against_by_their_names(
    tmp_path: Path, open_modules: OpenModules
) -> None:
    draw = np.random.default_rng(4)
    lines = ["height,color,kind"]
    for _ in range(200):
        height, color = draw.normal(), ("red", "green", "")[draw.integers(3)]
        lines.append(f"{height:.3f},{color},{'big' if height > 0 or color == 'red' else 'small'}")
    table = tmp_path / "table.csv"
    table.write_text("\n".join(lines), "utf-8")
    with pytest.warns(UserWarning, match="the label is column 3"):
        run = gpunet.train(table, hidden=(8,), epochs=20, device="cpu", verbose=False)
    data = gpunet.load_dataset(table)
    page = opened(open_modules, run.model, data)
    assert sorted(texts(page, ".think-evidence .think-bar-name")) == ["color", "height"]
    assert "color missing" in texts(page, ".think-unit .think-bar-name")
    values = page.eval_on_selector_all(
        ".think-evidence .think-bar data", "all => all.map(one => Number(one.value))"
    )
    total = page.eval_on_selector(".think-words data", "one => Number(one.value)")
    assert sum(values) == pytest.approx(total)
    assert abs(total) > 0.1


def test_while_the_gpu_is_busy_javascript_answers(open_modules: OpenModules) -> None:
    model, data = model_of((16,))
    page = opened(open_modules, model, data)
    device = page.evaluate("""() => new Promise((answered) => {
      app.gpu = { name: "busy" };
      app.gpuAnswers = { members: () => new Promise(() => {}) };
      app.on("answer", ({ device }) => answered(device));
      app.show({ ...app.sample });
    })""")
    assert device == "JavaScript"


def test_before_anything_is_drawn_weights_can_be_looked_at(open_modules: OpenModules) -> None:
    model, data = model_of((16,))
    page = opened(open_modules, model, data)
    page.evaluate("app.show({ ...app.sample, blank: true })")
    page.evaluate(FRAME)
    point_at(page, 3, 16)
    assert texts(page, ".think-unit h3") == ["Unit 4 of hidden layer 1"]
    assert texts(page, ".think-words") == ["There is nothing to explain yet."]
    assert page.eval_on_selector(".think-edges", PAINTED) == 0


def test_another_shape_takes_the_place_of_the_first(open_modules: OpenModules) -> None:
    model, data = model_of((16,))
    page = opened(open_modules, model, data)
    page.evaluate(
        """() => {
          const shape = app.page.data.shapes.find((one) => one.layers.length === 3);
          app.replace(shape, new Float32Array(shape.parameters).fill(0.01), 1);
        }"""
    )
    page.evaluate(FRAME)
    assert page.locator(".think-tiles[role=slider]").count() == 2


def test_the_network_fits_into_the_page(tmp_path: Path, open_page: OpenPage) -> None:
    model, data = model_of((128, 16))
    page = open_page(model.export(tmp_path / "page.html", data=data))
    page.locator("#think").wait_for()
    overflowing = """() => {
      const right = document.querySelector("#think").getBoundingClientRect().right;
      return [...document.querySelectorAll("#think *")].filter(one =>
        one.getBoundingClientRect().right > right).map(one => one.className);
    }"""
    cut = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
    for width in (320, 390, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        page.evaluate(FRAME)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(overflowing) == []
        assert page.eval_on_selector_all(".think-output-name", cut) == []


def test_a_frame_of_128_tiles_is_drawn_in_time(open_modules: OpenModules) -> None:
    model, data = model_of((128,))
    page = opened(open_modules, model, data)
    times: Sequence[float] = page.evaluate(DRAW_TIMES)
    assert len(times) >= 30
    assert times[len(times) // 4] < 16  # a frame's, unless others disturb; alone it is below 4


def test_a_network_whose_units_are_all_silent_says_so(open_modules: OpenModules) -> None:
    model, data = model_of((8,))
    page = opened(open_modules, model, data)
    page.evaluate("app.replace(app.networks.shape, app.networks.parameters.map(() => 0), 1)")
    wait_for_sentence(page, "Every connection to 0 (10.0 %) is silent: its bias alone speaks.")


def test_a_network_without_hidden_layers_shows_the_weights_of_its_outputs(
    open_modules: OpenModules,
) -> None:
    model, data = model_of(())
    page = opened(open_modules, model, data)
    page.locator(".think-output").nth(7).hover()
    page.evaluate(FRAME)
    assert texts(page, ".think-unit h3") == ["Output 7"]
    weights = layer_views(model.parameters, model.network)[0][0][0][:, 7]
    drawn = np.array(page.eval_on_selector(".think-unit canvas", PIXELS)).reshape(784, 4)
    assert np.abs(drawn[:, :3] - colors(page, weights / np.abs(weights).max())).max() <= 1
    wait_for_sentence(page, "The pixel in row ")
