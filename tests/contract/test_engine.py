"""What every engine must do, whatever carries it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.config import ACTIVATIONS, OPTIMIZERS, NetworkSpec, Optimizer, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import Engine
from gpunet.engine.planning.tiles import Traits
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.engine.wgpu import device_networks
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.device import open_device
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine
from gpunet.parameters import initial_parameters
from gpunet.training.batches import epoch_order, steps_per_epoch

MakeEngine = Callable[..., Engine]
Draw = Callable[..., Samples]

FLOAT32_SUMS = 2e-5
"""Relative: two float32 sums of some hundred terms in another order differ by less."""

AFTER_200_STEPS = 2e-3
"""Relative to the largest weight. Every step rounds, and Adam divides by the root of small
second moments, which enlarges it; lavapipe and SwiftShader stay below 2e-4."""

AFTER_200_STEPS_OF_SGD = 5e-5
"""The same for a small network. Only SGD shows the size of a slope, since Adam divides it away: one
that is a thousandth too large moves the weights by 1.9e-4 at least, gelu's approximation taken for
gelu by 5e-4; lavapipe and SwiftShader stay below 1e-6."""


def run_steps(engine: Engine, samples: Samples, steps: int, rate: float = 0.01) -> None:
    """Train from seeded weights for so many steps, epoch after epoch."""
    seeds = engine.seeds
    engine.set_parameters(initial_parameters(engine.network, "auto", seeds))
    engine.load("train", samples)
    run_further(engine, samples, steps, 0, rate)


def run_further(
    engine: Engine, samples: Samples, steps: int, done: int, rate: float = 0.01
) -> None:
    """Take so many steps, epoch after epoch, when so many are done."""
    seeds = engine.seeds
    an_epoch = steps_per_epoch(len(samples), engine.batch_size)
    last = done + steps
    while done < last:
        rates = np.full((engine.population, an_epoch), rate)
        order = epoch_order(seeds, done // an_epoch + 1, len(samples))
        engine.begin_epoch(order, rates, done)
        engine.train(min(an_epoch, last - done))
        done += min(an_epoch, last - done)


def specification(engine: Engine) -> NumpyEngine:
    """The numpy engine for the same networks."""
    return NumpyEngine(engine.network, engine.configs)


def assert_close(expected: NDArray[np.float32], actual: NDArray[np.float32], share: float) -> None:
    """No element differs by more than this share of the largest one."""
    largest = float(np.abs(expected).max())
    np.testing.assert_allclose(actual, expected, rtol=0, atol=share * largest)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "sigmoid", "tanh"])
@pytest.mark.parametrize(
    ("inputs", "hidden", "classes", "batch_size", "floats"),
    [(784, (16, 16), 10, 32, False), (7, (), 3, 5, True), (33, (9, 1, 21), 2, 13, False)],
)
def test_200_steps_with_dropout_end_near_the_specifications_weights(
    make_engine: MakeEngine,
    random_samples: Draw,
    activation: str,
    inputs: int,
    hidden: tuple[int, ...],
    classes: int,
    batch_size: int,
    floats: bool,
) -> None:
    network = NetworkSpec(inputs, hidden, classes, activation)
    configs = (TrainConfig(seed=11, dropout=0.2, input_dropout=0.1),)
    engine = make_engine(network, configs, batch_size=batch_size)
    samples = random_samples(10 * batch_size + 3, inputs, classes, floats=floats)
    reference = specification(engine)

    run_steps(engine, samples, 200, rate=0.002)
    run_steps(reference, samples, 200, rate=0.002)

    assert_close(reference.parameters(), engine.parameters(), AFTER_200_STEPS)
    np.testing.assert_allclose(
        engine.metrics().mean_loss, reference.metrics().mean_loss, rtol=AFTER_200_STEPS
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_200_steps_with_every_activation_end_at_the_specifications_weights(
    make_engine: MakeEngine, random_samples: Draw, activation: str
) -> None:
    network = NetworkSpec(24, (9, 5), 3, activation)
    engine = make_engine(network, TrainConfig(seed=11, optimizer="sgd", batch_size=13))
    reference = specification(engine)
    samples = random_samples(133, 24, 3, floats=True)  # ten batches of 13, and one of 3
    for one in (engine, reference):
        run_steps(one, samples, 200, rate=0.1)
    assert_close(reference.parameters(), engine.parameters(), AFTER_200_STEPS_OF_SGD)


@pytest.mark.parametrize(("optimizer", "momentum"), [("adam", 0), ("sgd", 0), ("sgd", 0.9)])
def test_one_step_of_every_optimizer_is_the_specifications(
    make_engine: MakeEngine, random_samples: Draw, optimizer: str, momentum: float
) -> None:
    network = NetworkSpec(20, (12,), 5, "tanh")
    configs = (TrainConfig(seed=1, momentum=momentum),)
    engine = make_engine(network, configs, optimizer=optimizer, batch_size=16)
    reference = specification(engine)
    samples = random_samples(64, 20, 5)
    for one in (engine, reference):
        run_steps(one, samples, 3)
    assert_close(reference.parameters(), engine.parameters(), FLOAT32_SUMS)
    assert reference.moments().shape == engine.moments().shape
    if reference.moments().size:
        assert_close(reference.moments(), engine.moments(), 5 * FLOAT32_SUMS)


SWITCHES: dict[str, dict[str, float]] = {
    "clip_norm": {"clip_norm": 0.05},
    "clip_value": {"clip_value": 0.01},
    "max_norm": {"max_norm": 0.5},
    "penalties": {"l1": 1e-3, "l2": 1e-2, "l1_biases": 2e-3, "l2_biases": 3e-2},
    "weight_decay": {"weight_decay": 0.1},
    "label_smoothing": {"label_smoothing": 0.2},
    "momentum": {"momentum": 0.9},
    "bias_rate": {"bias_rate": 0.1},
}
"""Each is large enough that to leave it out, or to apply it twice, shows in the weights."""


@pytest.mark.parametrize("layer_norm", [False, True], ids=["plain", "layer_norm"])
def test_any_two_switches_together_move_the_weights_as_the_specification_does(
    make_engine: MakeEngine, random_samples: Draw, layer_norm: bool
) -> None:
    network = NetworkSpec(20, (9, 5), 4, "tanh", layer_norm=layer_norm)
    samples = random_samples(48, 20, 4, floats=True)
    configs = tuple(
        TrainConfig(seed=seed, **SWITCHES[one], **SWITCHES[other])  # type: ignore[arg-type]
        for seed, (one, other) in enumerate(combinations(SWITCHES, 2))
    )
    engine = make_engine(network, configs, optimizer="sgd", batch_size=16)
    plain = make_engine(network, TrainConfig(optimizer="sgd", batch_size=16))
    run_steps(engine, samples, 6, rate=0.1)
    run_steps(plain, samples, 6, rate=0.1)
    for place, own in enumerate(configs):
        reference = NumpyEngine(network, replace(own, optimizer="sgd", batch_size=16))
        run_steps(reference, samples, 6, rate=0.1)
        assert_close(reference.parameters()[0], engine.parameters()[place], AFTER_200_STEPS_OF_SGD)
    assert not np.allclose(plain.parameters()[0], engine.parameters()[0], rtol=0, atol=1e-3)


@pytest.mark.parametrize("layer_norm", [False, True], ids=["plain", "layer_norm"])
@pytest.mark.parametrize("clip_norm", [0.0, 0.05], ids=["unclipped", "clipped"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_rates_by_inputs_move_the_weights_as_the_specification_does(
    make_engine: MakeEngine,
    random_samples: Draw,
    optimizer: Optimizer,
    clip_norm: float,
    layer_norm: bool,
) -> None:
    network = NetworkSpec(20, (9, 5), 4, "tanh", layer_norm=layer_norm)
    samples = random_samples(48, 20, 4, floats=True)
    own = {"rate_by_inputs": True, "clip_norm": clip_norm, "weight_decay": 0.1, "epsilon": 1e-3}
    configs = tuple(
        TrainConfig(seed=seed, bias_rate=rate, optimizer=optimizer, batch_size=16, **own)  # type: ignore[arg-type]
        for seed, rate in enumerate((1.0, 0.1))
    )
    engine, reference = make_engine(network, configs), NumpyEngine(network, configs)
    for one in (engine, reference):
        run_steps(one, samples, 6, rate=0.02)
    assert_close(reference.parameters(), engine.parameters(), AFTER_200_STEPS_OF_SGD)


def test_what_a_training_step_costs_is_weighted_by_class_and_smoothed(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    network, smoothing = NetworkSpec(12, (7,), 3), 0.3
    config = TrainConfig(
        seed=3,
        label_smoothing=smoothing,
        class_weights=(1.0, 2.0, 0.5),
        optimizer="sgd",
        batch_size=16,
    )
    engine = make_engine(network, config)
    samples = random_samples(16, 12, 3)
    engine.set_parameters(initial_parameters(network, "auto", (3,)))
    engine.load("train", samples)
    logs = np.log(engine.predict("train")[0].astype(np.float64))  # (n, C)
    targets = (1 - smoothing) * np.eye(3)[samples.labels] + smoothing / 3
    costs = -(targets * logs).sum(axis=1) * np.array([1, 2, 0.5])[samples.labels]  # (n,)
    engine.begin_epoch(epoch_order((3,), 1, 16), np.full((1, 1), 0.01), 0)
    engine.train(1)
    assert engine.metrics().loss[0] == pytest.approx(costs.sum(), rel=FLOAT32_SUMS)


def test_an_epoch_in_which_samples_recur_may_be_longer_than_the_split(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    network, config = NetworkSpec(12, (6,), 3), TrainConfig(seed=3, optimizer="sgd", batch_size=8)
    samples = random_samples(10, 12, 3)
    rows = np.arange(40, dtype=np.uint32) % 10
    ends = []
    for loaded, order in ((samples, rows), (samples[rows], np.arange(40, dtype=np.uint32))):
        engine = make_engine(network, config)
        engine.set_parameters(initial_parameters(network, "auto", (3,)))
        engine.load("train", loaded)
        steps = steps_per_epoch(len(loaded), 8)
        engine.begin_epoch(epoch_order((3,), 1, len(loaded)), np.full((1, steps), 0.1), 0)
        engine.begin_epoch(order[None], np.full((1, 5), 0.1), 0)
        engine.train(5)
        assert engine.metrics().seen.tolist() == [40]
        ends.append(engine.parameters().tobytes())
    assert ends[0] == ends[1]


@pytest.mark.parametrize(("threads", "taken"), [(256, 152), (512, 300)])
def test_a_network_is_dealt_out_on_hardware_to_the_same_effect(
    adapter: Adapter,
    random_samples: Draw,
    threads: int,
    taken: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device, traits = open_device(adapter), Traits(software=False, threads=threads)
    if threads > device.traits.threads:
        pytest.skip(f"{adapter.info.name} grants no {threads} threads")
    dealt = replace(device, traits=traits)
    monkeypatch.setattr(device_networks, "open_device", lambda _: dealt)
    network = NetworkSpec(299, (16, 5), 3)
    config = TrainConfig(seed=3, optimizer="adam", batch_size=8, dropout=0.1, input_dropout=0.1)
    samples = random_samples(43, 299, 3)
    reference = NumpyEngine(network, (config,))
    with WgpuEngine(network, config, adapter, "persistent") as engine:
        for one in (engine, reference):
            run_steps(one, samples, 12)
        (only,) = engine.training_plan().passes
        assert only.threads == taken
        assert_close(reference.parameters(), engine.parameters(), AFTER_200_STEPS)


def test_a_smaller_last_batch_counts_like_the_others(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    network = NetworkSpec(10, (6,), 4)
    engine = make_engine(network, batch_size=8)
    reference = specification(engine)
    samples = random_samples(19, 10, 4)  # batches of 8, 8 and 3
    for one in (engine, reference):
        run_steps(one, samples, 3)
    assert engine.metrics().seen[0] == 19
    assert_close(reference.parameters(), engine.parameters(), FLOAT32_SUMS)
    np.testing.assert_allclose(engine.metrics().loss, reference.metrics().loss, rtol=FLOAT32_SUMS)


def test_a_batch_larger_than_the_data_is_all_of_it(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    network = NetworkSpec(10, (6,), 4)
    engine = make_engine(network, batch_size=64)
    reference = specification(engine)
    samples = random_samples(19, 10, 4)
    for one in (engine, reference):
        run_steps(one, samples, 2)
    assert engine.metrics().seen[0] == 19
    assert_close(reference.parameters(), engine.parameters(), FLOAT32_SUMS)


def test_the_same_seed_gives_the_same_bits(make_engine: MakeEngine, random_samples: Draw) -> None:
    network = NetworkSpec(50, (16, 8), 10)
    configs = (TrainConfig(seed=5, dropout=0.3, input_dropout=0.2),)
    samples = random_samples(200, 50, 10)
    runs = []
    for _ in range(2):
        engine = make_engine(network, configs, batch_size=16)
        run_steps(engine, samples, 60)
        runs.append(engine.parameters().tobytes())
    assert runs[0] == runs[1]


def test_how_many_steps_are_asked_for_at_once_changes_nothing(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    network = NetworkSpec(30, (8,), 4)
    samples = random_samples(100, 30, 4)
    results = []
    for portions in ([20], [1, 2, 3, 14]):
        engine = make_engine(network, batch_size=5)
        run_steps(engine, samples, 0)
        rates = np.full((1, 20), 0.01)
        engine.begin_epoch(epoch_order([1], 1, 100), rates, 0)
        for steps in portions:
            engine.train(steps)
            engine.metrics()
        results.append(engine.parameters().tobytes())
    assert results[0] == results[1]


def test_a_network_in_a_population_gets_the_bits_that_it_gets_alone(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    network = NetworkSpec(30, (8, 8), 4, "leaky_relu")
    configs = (
        TrainConfig(seed=1),
        TrainConfig(seed=2, dropout=(0.5, 0.2), input_dropout=0.3),
        TrainConfig(seed=3, dropout=0.1, beta1=0.8, beta2=0.99, epsilon=1e-6),
    )
    samples = random_samples(64, 30, 4)
    together = make_engine(network, configs, batch_size=16)
    run_steps(together, samples, 24)
    for p, own in enumerate(configs):
        alone = make_engine(network, own, batch_size=16)
        run_steps(alone, samples, 24)
        # BLAS may take another path for another shape; an adapter's shader may not.
        if isinstance(alone, NumpyEngine):
            assert_close(alone.parameters()[0], together.parameters()[p], AFTER_200_STEPS)
        else:
            assert alone.parameters().tobytes() == together.parameters()[p].tobytes()


def test_networks_that_rest_keep_their_weights_and_the_others_go_on_unchanged(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    network = NetworkSpec(30, (8,), 4)
    configs = tuple(TrainConfig(seed=seed, dropout=0.1 * seed) for seed in range(5))
    samples = random_samples(64, 30, 4)
    whole, parted = (make_engine(network, configs, batch_size=16) for _ in range(2))
    run_steps(parted, samples, 4)
    rested = parted.parameters()[[0, 3]], parted.moments()[:, [0, 3]]
    parted.deactivate([0, 3])
    run_further(parted, samples, 4, 4)
    run_steps(whole, samples, 8)
    running = [1, 2, 4]
    assert parted.metrics().seen.tolist() == [0, 64, 64, 0, 64]
    assert rested[0].tobytes() == parted.parameters()[[0, 3]].tobytes()
    assert rested[1].tobytes() == parted.moments()[:, [0, 3]].tobytes()
    assert whole.parameters()[running].tobytes() == parted.parameters()[running].tobytes()
    assert whole.moments()[:, running].tobytes() == parted.moments()[:, running].tobytes()
    assert whole.metrics().loss[running].tobytes() == parted.metrics().loss[running].tobytes()


def test_a_population_that_rests_as_a_whole_stays_as_it_is(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    network = NetworkSpec(12, (7,), 3)
    configs = tuple(TrainConfig(seed=seed) for seed in range(2))
    samples = random_samples(32, 12, 3)
    engine = make_engine(network, configs, batch_size=8)
    run_steps(engine, samples, 2)
    before = engine.parameters(), engine.moments()
    engine.deactivate([0, 1])
    run_further(engine, samples, 2, 2)
    assert [0, 0] == engine.metrics().seen.tolist() == engine.evaluate("train").seen.tolist()
    assert np.isnan(engine.predict("train")).all()
    assert before[0].tobytes() == engine.parameters().tobytes()
    assert before[1].tobytes() == engine.moments().tobytes()


def test_networks_that_rest_are_not_evaluated(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    network = NetworkSpec(12, (7,), 3)
    configs = tuple(TrainConfig(seed=seed) for seed in range(4))
    engine = make_engine(network, configs, batch_size=8)
    engine.set_parameters(initial_parameters(network, "auto", range(4)))
    engine.load("validation", random_samples(21, 12, 3))
    loss, probabilities = engine.evaluate("validation").loss, engine.predict("validation")
    engine.deactivate([1])
    engine.deactivate([0])
    metrics, left = engine.evaluate("validation"), engine.predict("validation")
    assert metrics.seen.tolist() == [0, 0, 21, 21]
    assert loss[2:].tolist() == metrics.loss[2:].tolist()
    assert np.isnan(left[:2]).all()
    assert probabilities[2:].tobytes() == left[2:].tobytes()
    engine.set_parameters(engine.parameters())  # and all run again
    assert loss.tolist() == engine.evaluate("validation").loss.tolist()


def test_evaluation_agrees_with_the_specification_on_every_row(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    network = NetworkSpec(23, (14,), 6, "sigmoid")
    engine = make_engine(network, TrainConfig(seed=1, dropout=0.5, batch_size=8))
    reference = specification(engine)
    samples = random_samples(2500, 23, 6)
    for one in (engine, reference):
        one.set_parameters(initial_parameters(network, "auto", [8]))
        one.load("test", samples)
    np.testing.assert_allclose(
        engine.predict("test"), reference.predict("test"), rtol=FLOAT32_SUMS, atol=1e-7
    )
    expected, actual = reference.evaluate("test"), engine.evaluate("test")
    np.testing.assert_allclose(actual.loss, expected.loss, rtol=FLOAT32_SUMS)
    assert actual.seen[0] == 2500
    # A hit may flip where two probabilities are equal to the last bit.
    assert abs(int(expected.correct[0]) - int(actual.correct[0])) <= 1


def test_evaluating_between_steps_does_not_disturb_training(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    network = NetworkSpec(12, (7,), 3)
    samples = random_samples(40, 12, 3)
    plain, disturbed = make_engine(network, batch_size=8), make_engine(network, batch_size=8)
    run_steps(plain, samples, 5)
    run_steps(disturbed, samples, 0)
    disturbed.load("validation", samples[:9])
    disturbed.begin_epoch(epoch_order([1], 1, 40), np.full((1, 5), 0.01), 0)
    for _ in range(5):
        disturbed.train(1)
        disturbed.evaluate("validation")
        disturbed.predict("validation")
    assert plain.parameters().tobytes() == disturbed.parameters().tobytes()
    assert plain.metrics().loss == disturbed.metrics().loss


def test_parameters_and_moments_come_back_as_they_were_set(make_engine: MakeEngine) -> None:
    network = NetworkSpec(9, (5,), 3)
    engine = make_engine(network, TrainConfig(seed=1, ensemble=2))
    draws = np.random.default_rng(3)
    parameters = draws.normal(size=(2, network.parameter_count)).astype(np.float32)
    moments = draws.random(size=(2, 2, network.parameter_count)).astype(np.float32)
    engine.set_parameters(parameters)
    assert not engine.moments().any()
    engine.set_moments(moments)
    assert parameters.tobytes() == engine.parameters().tobytes()
    assert moments.tobytes() == engine.moments().tobytes()


def test_a_run_can_be_taken_up_from_parameters_moments_and_step(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    network = NetworkSpec(14, (6,), 3)
    configs = (TrainConfig(seed=4, dropout=0.3),)
    samples = random_samples(32, 14, 3)
    whole = make_engine(network, configs, batch_size=8)
    run_steps(whole, samples, 8)
    first = make_engine(network, configs, batch_size=8)
    run_steps(first, samples, 4)
    second = make_engine(network, configs, batch_size=8)
    second.load("train", samples)
    second.set_parameters(first.parameters())
    second.set_moments(first.moments())
    second.begin_epoch(epoch_order([4], 2, 32), np.full((1, 4), 0.01), 4)
    second.train(4)
    assert whole.parameters().tobytes() == second.parameters().tobytes()


def test_bytes_and_the_same_values_as_floats_train_alike(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    network = NetworkSpec(30, (8,), 4)
    samples = random_samples(48, 30, 4)
    floats = Samples((samples.features / np.float32(255)).astype(np.float32), samples.labels)
    results = []
    for one in (samples, floats):
        engine = make_engine(network, batch_size=8)
        run_steps(engine, one, 6)
        results.append(engine.parameters())
    assert_close(results[0], results[1], FLOAT32_SUMS)


def test_a_huge_learning_rate_shows_in_the_loss_as_not_finite_or_large(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    engine = make_engine(NetworkSpec(30, (8,), 4), optimizer="sgd", batch_size=8)
    run_steps(engine, random_samples(48, 30, 4), 6, rate=1e30)
    loss = engine.metrics().loss[0]
    assert not np.isfinite(loss) or loss > 1e6


def test_an_engine_goes_on_to_fewer_and_to_more_samples_with_their_own_class_weights(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    config = TrainConfig(batch_size=8, hidden=(5,), class_weights="balanced")
    network, samples = config.network(6, 3), random_samples(60, 6, 3)
    common = Samples(samples.features[:40], np.repeat([0, 1, 2], [30, 6, 4]).astype(np.int32))
    engine = make_engine(network, config)
    engine.load("train", samples)
    for part in (common[:25], common, samples):
        alone = make_engine(network, config)
        run_steps(alone, part, 12)
        run_steps(engine, part, 12)
        assert engine.parameters().tobytes() == alone.parameters().tobytes()


def test_a_split_that_shrinks_and_grows_again_is_evaluated_as_it_is(
    make_engine: MakeEngine, random_samples: Draw
) -> None:
    config = TrainConfig(batch_size=8, hidden=(5,))
    network, samples = config.network(6, 3), random_samples(2500, 6, 3)
    engine = make_engine(network, config)
    engine.set_parameters(engine.initial_parameters())
    expected = specification(engine)
    expected.set_parameters(engine.parameters())
    engine.load("test", samples)
    for count in (70, 2500, 1, 1025):
        for one in (engine, expected):
            one.load("test", samples[:count])
        np.testing.assert_allclose(
            engine.predict("test"), expected.predict("test"), rtol=FLOAT32_SUMS
        )
        assert engine.evaluate("test").seen.tolist() == [count]
        assert engine.evaluate("test").loss == pytest.approx(
            expected.evaluate("test").loss, rel=FLOAT32_SUMS
        )
