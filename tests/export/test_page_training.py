"""Training in the page: from epoch to epoch, with pauses, drawings that are taught, a lost GPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page
from tests.conftest import ADAPTERS, require
from tests.export.told_pages import Told, dataset, untrained

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine
from gpunet.training.batches import epoch_order
from gpunet.training.metrics import target_scores

OPEN = """async ([optimizer, rates, seed]) => {
    const { shape } = told.data.model;
    const settings = { shape, optimizer, rates, seed, parameters: null };
    globalThis.training = new Training(told, gpu, settings);
    await training.open();
    globalThis.untilEpoch = async (epoch) => {
        const heard = [];
        await training.run((progress) => {
            heard.push(progress);
            if (progress.test && progress.epoch >= epoch) training.pause();
        });
        return heard;
    };
}"""

SPEC, CONFIG = NetworkSpec(64, (8,), 4), TrainConfig(hidden=(8,), batch_size=5, seed=2)


DATA = dataset(60, 64, 4)

MODEL = untrained(SPEC, CONFIG, DATA)

RATE = CONFIG.in_effect("learning_rate")


def opened(told: Told, config: TrainConfig = CONFIG, rates: Sequence[float] = (RATE,)) -> Page:
    """A page whose training can begin."""
    page = told(MODEL if config is CONFIG else untrained(SPEC, config, DATA), DATA)
    page.evaluate(OPEN, [config.optimizer, rates, config.seed])
    return page


def ends(heard: list[Any]) -> list[Any]:
    """What was told at the epochs' ends."""
    return [one for one in heard if one["test"]]


@pytest.mark.parametrize("networks", [1, 3])
def test_epochs_in_the_page_are_those_of_python(told: Told, networks: int) -> None:
    config = TrainConfig(hidden=(8,), batch_size=7, ensemble=networks, seed=2)
    rates = [0.01, 0.02, 0.03][:networks]
    page = opened(told, config, rates)
    heard = ends(page.evaluate("untilEpoch(3)"))
    seen = page.evaluate("training.parameters().then(numbers)")
    adapter = require(next((one for one in ADAPTERS if "SwiftShader" in one.info.name), None))
    steps = -(-len(DATA.train) // config.batch_size)
    losses, accuracies = [], []
    with WgpuEngine(SPEC, config, adapter) as engine:
        engine.load("train", DATA.train)
        engine.load("test", DATA.test)
        engine.set_parameters(engine.initial_parameters())
        for epoch in (1, 2, 3):
            order = epoch_order(engine.seeds, epoch, len(DATA.train))
            engine.begin_epoch(order, np.outer(rates, np.ones(steps)), (epoch - 1) * steps)
            engine.train(steps)
            losses.append(engine.metrics().mean_loss)
            accuracies.append(engine.evaluate("test").accuracy)
        parameters = engine.parameters()
    assert [one["epoch"] for one in heard] == [1, 2, 3]
    assert [(one["step"], one["steps"]) for one in heard] == [(steps, steps)] * 3
    np.testing.assert_allclose([one["losses"] for one in heard], losses, rtol=0, atol=1e-6)
    tested = [one["test"]["accuracies"] for one in heard]
    np.testing.assert_allclose(tested, accuracies, rtol=0, atol=1e-12)
    np.testing.assert_allclose(seen, parameters.ravel(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("networks", [1, 2])
def test_r2_of_several_targets_is_the_mean_over_them_however_far_they_spread(
    told: Told, networks: int
) -> None:
    features = DATA.test.features / np.float32(255)
    targets = np.stack([DATA.test.labels % 2, 100.0 * DATA.test.labels], axis=1).astype(np.float32)
    test = Samples(features, targets)
    data = replace(
        DATA, train=test, test=test, classes=(), targets=("narrow", "wide"), kind="measured"
    )
    config = TrainConfig(hidden=(8,), loss="squared-error", batch_size=5, ensemble=networks)
    page = told(untrained(NetworkSpec(64, (8,), 2, loss="squared-error"), config, data), data)
    page.evaluate(OPEN, [config.optimizer, [0.01] * networks, 0])
    (end,) = ends(page.evaluate("untilEpoch(1)"))
    answers = np.reshape(
        page.evaluate("training.engine.predict('test').then(numbers)"), (networks, *targets.shape)
    )
    expected = [target_scores(targets, one).r2.mean() for one in answers]
    assert end["test"]["r2s"] == pytest.approx(expected, rel=1e-5)


def test_a_training_that_was_paused_within_an_epoch_goes_on_where_it_stood(told: Told) -> None:
    page = opened(told)
    page.evaluate("untilEpoch(2)")
    whole = page.evaluate("training.parameters().then(numbers)")
    page.evaluate(OPEN, [CONFIG.optimizer, [RATE], CONFIG.seed])
    halted = """async () => {
        training.clock.pace = 1;
        const running = training.run(() => {});
        training.pause();
        await running;
        return [training.epoch, training.step];
    }"""
    assert page.evaluate(halted) == [1, 1]
    page.evaluate("untilEpoch(2)")
    assert page.evaluate("training.parameters().then(numbers)") == whole


def test_a_learning_rate_of_zero_from_now_on_moves_nothing_more(told: Told) -> None:
    page = opened(told)
    page.evaluate("untilEpoch(1)")
    before = page.evaluate("training.parameters().then(numbers)")
    page.evaluate("training.setRates([0])")
    page.evaluate("untilEpoch(2)")
    assert page.evaluate("training.parameters().then(numbers)") == before


def test_a_drawing_that_is_taught_is_learned_and_the_rest_is_kept(told: Told) -> None:
    page = opened(told)
    first = ends(page.evaluate("untilEpoch(15)"))[-1]
    steps = first["steps"]
    taught = """async () => {
        const drawing = new Float32Array(64).map((_, at) => (at % 3 === 0 ? 1 : 0));
        globalThis.answer = async () => {
            const engine = new PageEngine(told, gpu, { shape: told.data.model.shape, seeds: [0] });
            engine.setParameters(await training.parameters());
            const features = Uint8Array.from(drawing, (one) => Math.round(255 * one));
            engine.load("sample", { features, labels: Int32Array.of(0) });
            return numbers(await engine.predict("sample"));
        };
        const before = await answer();
        const label = before.indexOf(Math.min(...before));
        training.teach(drawing, label);
        const heard = await untilEpoch(training.epoch + 15);
        return [before[label], (await answer())[label], heard[heard.length - 1]];
    }"""
    before, after, told_last = page.evaluate(taught)
    assert before < 0.2
    assert after > 0.8
    assert told_last["steps"] == steps + 2  # the drawing comes eight times
    assert told_last["test"]["accuracies"][0] > first["test"]["accuracies"][0] - 0.1


def test_more_than_the_page_has_room_for_replaces_what_was_taught_first(told: Told) -> None:
    page = opened(told)
    page.evaluate(
        "() => { for (let one = 0; one < 70; one++) training.teach(new Uint8Array(64), one % 4); }"
    )
    assert page.evaluate("[training.taught, training.length]") == [{"count": 64, "next": 6}, 124]
    assert ends(page.evaluate("untilEpoch(1)"))[-1]["epoch"] == 1


def test_a_lost_gpu_is_opened_again_and_the_training_goes_on_with_its_weights(told: Told) -> None:
    page = opened(told)
    page.evaluate("untilEpoch(4)")
    whole = page.evaluate("training.parameters().then(numbers)")
    page.evaluate(OPEN, [CONFIG.optimizer, [RATE], CONFIG.seed])
    lost = """async () => {
        const before = gpu.device;
        const told = [];
        gpu.onLost((reopened) => told.push(reopened));
        training.keptAt = -1e9; // what is kept is that of the first epoch's end
        await untilEpoch(1);
        training.keptAt = 1e9;
        await untilEpoch(2);
        before.destroy();
        await untilEpoch(4);
        return [told, gpu.device !== before, training.engine.device === gpu.device];
    }"""
    assert page.evaluate(lost) == [[True], True, True]
    assert page.evaluate("training.parameters().then(numbers)") == whole


def test_two_thousand_steps_make_no_further_buffer(told: Told) -> None:
    page = opened(told)
    page.evaluate("training.keptAt = -1e9")  # so that a copy is kept, which is read once, too
    page.evaluate("untilEpoch(2)")
    counted = """async () => {
        let made = 0;
        for (const name of ["createBuffer", "createBindGroup", "createComputePipelineAsync"]) {
            const make = gpu.device[name].bind(gpu.device);
            gpu.device[name] = (...all) => { made += 1; return make(...all); };
        }
        const heard = await untilEpoch(170);
        return [made, heard[heard.length - 1].epoch * heard[heard.length - 1].steps];
    }"""
    made, steps = page.evaluate(counted)
    assert steps >= 2000
    assert made == 0


def test_a_training_tells_how_fast_it_is(told: Told) -> None:
    page = opened(told)
    last = ends(page.evaluate("untilEpoch(3)"))[-1]
    assert last["stepsPerSecond"] > 0
    assert last["samplesPerSecond"] == pytest.approx(5 * last["stepsPerSecond"])
