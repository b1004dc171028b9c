"""The specification's mathematics, against finite differences and published formulas."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.config import ACTIVATIONS, Loss, NetworkSpec
from gpunet.engine.reference import kernels
from gpunet.engine.timing import random_labels
from gpunet.parameters import layer_views, norm_views

Array = NDArray[np.float64]


def loss_and_gradient(
    network: NetworkSpec,
    parameters: Array,
    inputs: Array,
    targets: Array,
    masks: list[Array],
) -> tuple[Array, Array]:
    """The mean loss (P,) and its gradient (P, N), composed as the engines compose a step."""
    layers = layer_views(parameters, network)
    values, below, derivatives, known = inputs * masks[0], [inputs * masks[0]], [], []
    norms = norm_views(parameters, network)
    for place, (layer, mask) in enumerate(zip(network.layers, masks[1:], strict=False)):
        preactivations = kernels.forward(values, *layers[place])
        if norms:
            preactivations, *statistics = kernels.layer_norm(preactivations, *norms[place])
            known.append(statistics)
        values, derivative = kernels.activate(preactivations, layer.activation, network.leaky_slope)
        values, derivative = values * mask, derivative * mask
        derivatives.append(derivative)
        below.append(values)
    logits = kernels.forward(values, *layers[-1])
    losses, gradients_of_loss, _ = kernels.loss(network.loss)(logits, targets)
    deltas = gradients_of_loss / targets.shape[1]
    gradient = np.empty_like(parameters)
    for place in reversed(range(len(layers))):
        weights, biases = layer_views(gradient, network)[place]
        whole = kernels.weight_gradient(below[place], deltas)
        weights[...], biases[...] = whole[:, :-1], whole[:, -1]
        if place:
            deltas = kernels.input_gradient(deltas, layers[place][0], derivatives[place - 1])
            if norms:
                normalized, inverse = known[place - 1]
                scales, shifts = norm_views(gradient, network)[place - 1]
                scales[...], shifts[...] = kernels.layer_norm_update(deltas, normalized)
                deltas = kernels.layer_norm_gradient(
                    deltas, normalized, inverse, norms[place - 1][0]
                )
    return losses.mean(axis=1), gradient


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    ("loss", "dropout", "smoothing", "norm"),
    [
        ("cross-entropy", 0.0, 0.0, False),
        ("cross-entropy", 0.4, 0.2, False),
        ("quadratic", 0.0, 0.1, False),
        ("cross-entropy", 0.4, 0.0, True),
        ("binary-cross-entropy", 0.0, 0.2, False),
        ("squared-error", 0.0, 0.0, False),
        ("huber", 0.0, 0.0, False),
        ("poisson", 0.0, 0.0, False),
    ],
)
def test_the_gradient_of_every_parameter_is_the_finite_difference_of_the_loss(
    activation: str, loss: Loss, dropout: float, smoothing: float, norm: bool
) -> None:
    network = NetworkSpec(5, (4, 3), 3, activation, loss=loss, layer_norm=norm)
    draws = np.random.default_rng(7)
    population, rows = 2, 6
    parameters = draws.normal(size=(population, network.parameter_count))
    inputs = draws.normal(size=(population, rows, 5))
    labels = np.array([random_labels(draws, network, rows) for _ in range(population)])
    targets = kernels.targets(network, labels, np.full(population, smoothing))
    rates = np.full(population, dropout)
    seeds = np.array([3, 4], dtype=np.uint32)
    masks = [
        kernels.dropout_mask(seeds, 9, place, rows, units, rates)
        for place, units in enumerate((5, 4, 3))
    ]

    _, gradient = loss_and_gradient(network, parameters, inputs, targets, masks)

    # Central differences in float64: the error is about step**2 + 1e-16 / step, least near 1e-5.
    step = 1e-5
    for p, n in product(range(population), range(network.parameter_count)):
        above, below = parameters.copy(), parameters.copy()
        above[p, n] += step
        below[p, n] -= step
        difference = (
            loss_and_gradient(network, above, inputs, targets, masks)[0][p]
            - loss_and_gradient(network, below, inputs, targets, masks)[0][p]
        ) / (2 * step)
        assert difference == pytest.approx(gradient[p, n], abs=1e-8, rel=1e-6)


def targets_of(labels: list[int], classes: int, smoothing: float = 0.0) -> Array:
    return kernels.smoothed_targets(np.array([labels]), classes, np.array([smoothing]))


def test_cross_entropy_is_minus_the_logarithm_of_the_labels_probability() -> None:
    logits = np.array([[[1.0, 2.0, 3.0], [700.0, 0.0, -700.0]]])

    losses, gradients, probabilities = kernels.softmax_cross_entropy(logits, targets_of([2, 1], 3))

    expected = np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum()
    np.testing.assert_allclose(probabilities[0, 0], expected, rtol=1e-12)
    np.testing.assert_allclose(losses[0], [-np.log(expected[2]), 700.0], rtol=1e-12)
    np.testing.assert_allclose(gradients[0, 0], expected - [0, 0, 1], rtol=1e-12)


@pytest.mark.parametrize("logits", ["of all kinds", "with ties", "with a NaN", "beyond floats"])
@pytest.mark.parametrize("classes", [2, 7, 8, 10, 15, 16])
def test_the_head_of_labels_has_the_bits_of_the_head_of_targets(classes: int, logits: str) -> None:
    draws = np.random.default_rng(classes)
    values = draws.normal(0, 9, (3, 40, classes)).astype(np.float32)
    values[0, :5] = {"with ties": 2.0, "with a NaN": np.nan}.get(logits, values[0, :5])
    values[1, :5, 0] = -np.inf if logits == "beyond floats" else values[1, :5, 0]
    labels = draws.integers(classes, size=(3, 40)).astype(np.int32)
    network, unsmoothed = NetworkSpec(2, (), classes), np.zeros(3, np.float32)

    with np.errstate(invalid="ignore"):
        losses, gradients, hits = kernels.head(network, values, labels, unsmoothed)
        targets = kernels.smoothed_targets(labels, classes, unsmoothed)
        expected_losses, expected_gradients, _ = kernels.softmax_cross_entropy(values, targets)

    np.testing.assert_array_equal(losses, expected_losses)
    np.testing.assert_array_equal(gradients, expected_gradients)
    np.testing.assert_array_equal(hits, values.argmax(axis=2) == labels)


@pytest.mark.parametrize("units", [1, 2, 3, 10, 64])
def test_the_gradient_of_biases_has_the_bits_of_numpys_own_sum(units: int) -> None:
    deltas = np.random.default_rng(units).normal(size=(3, 201, units)).astype(np.float32)
    gradient = kernels.weight_gradient(np.ones((3, 201, 2), np.float32), deltas)
    np.testing.assert_array_equal(gradient[:, -1], deltas.sum(axis=1))


def test_a_smoothed_label_leaves_a_share_to_every_class() -> None:
    np.testing.assert_allclose(targets_of([1], 4, 0.2)[0, 0], [0.05, 0.85, 0.05, 0.05])
    logits = np.array([[[1.0, 2.0, 3.0, 0.0]]])
    losses, _, probabilities = kernels.softmax_cross_entropy(logits, targets_of([1], 4, 0.2))
    expected = -np.log(probabilities[0, 0]) @ [0.05, 0.85, 0.05, 0.05]
    np.testing.assert_allclose(losses[0, 0], expected, rtol=1e-12)


def test_the_quadratic_cost_is_half_the_squared_distance_of_sigmoids() -> None:
    logits = np.array([[[0.0, np.log(3.0)]]])  # sigmoids of 1/2 and 3/4
    losses, _, probabilities = kernels.quadratic(logits, targets_of([0], 2))
    np.testing.assert_allclose(losses[0, 0], ((1 / 2) ** 2 + (3 / 4) ** 2) / 2)
    np.testing.assert_allclose(probabilities[0, 0], [0.4, 0.6])


def test_the_cross_entropy_of_labels_is_that_of_each_after_a_sigmoid_added_up() -> None:
    logits, labels = np.array([[[0.0, 1.0], [-800.0, 800.0]]]), np.array([[[1.0, 0.0], [1.0, 0.0]]])
    losses, gradients, answers = kernels.binary_cross_entropy(logits, labels)
    sigmoid = 1 / (1 + np.exp(-1))
    costs = np.log(2) - np.log(1 - sigmoid), 1600.0
    np.testing.assert_allclose(losses[0], costs, rtol=1e-12)
    np.testing.assert_allclose(answers[0, 0], [0.5, sigmoid])
    np.testing.assert_allclose(gradients[0], np.array([[-0.5, sigmoid], [-1, 1]]))


def test_smoothed_labels_are_nearer_to_a_half_and_measured_targets_are_as_they_were() -> None:
    labels, share = np.array([[[1.0, 0.0]]]), np.array([0.2])
    network = NetworkSpec(2, (), 2, loss="binary-cross-entropy")
    np.testing.assert_allclose(kernels.targets(network, labels, share), [[[0.9, 0.1]]])
    network = NetworkSpec(2, (), 2, loss="huber")
    np.testing.assert_array_equal(kernels.targets(network, labels, share), labels)


def test_hubers_loss_is_half_the_square_within_1_and_linear_beyond() -> None:
    errors = np.array([[[0.5, 0.0], [3.0, -3.0]]])
    losses, gradients, _ = kernels.huber(errors, np.zeros_like(errors))
    np.testing.assert_allclose(losses[0], [0.125, 2 * 2.5])
    np.testing.assert_allclose(gradients[0].ravel(), (0.5, 0.0, 1.0, -1.0))


def test_poissons_loss_and_the_square_of_its_gradient_stay_numbers_at_any_logit() -> None:
    logits = np.array([[[0.0], [2.0], [-200.0], [1e4]]], dtype=np.float32)
    losses, gradients, answers = kernels.poisson(logits, np.ones_like(logits))
    np.testing.assert_allclose(losses[0, :3], [1, np.exp(2) - 2, 200], rtol=1e-6)
    np.testing.assert_allclose(answers[0, :3, 0], [1, np.exp(2), 0], rtol=1e-6)
    assert np.isfinite(losses).all()
    assert np.isfinite(gradients * gradients).all()


def test_a_dropout_mask_drops_its_share_and_scales_the_rest() -> None:
    seeds, rates = np.array([1, 2], dtype=np.uint32), np.array([0.25, 0.5])
    mask = kernels.dropout_mask(seeds, 3, 1, 400, 250, rates)
    # 100,000 draws: the share's standard deviation is below 0.0016.
    np.testing.assert_allclose((mask == 0).mean(axis=(1, 2)), rates, atol=0.008)
    np.testing.assert_allclose(mask.max(axis=(1, 2)), 1 / (1 - rates))
    np.testing.assert_allclose(mask.mean(axis=(1, 2)), 1, atol=0.02)


@pytest.mark.parametrize("change", [{"step": 4}, {"place": 2}, {"seed": 9}])
def test_dropout_masks_differ_from_step_to_step_and_place_to_place(
    change: dict[str, int],
) -> None:
    def mask(seed: int = 1, step: int = 3, place: int = 1) -> Array:
        seeds = np.array([seed], dtype=np.uint32)
        return kernels.dropout_mask(seeds, step, place, 64, 64, np.array([0.5]))

    equal = (mask() == mask(**change)).mean()
    # Independent halves agree in half of 4,096 places; five standard deviations are 0.04.
    assert pytest.approx(0.5, abs=0.04) == equal


def test_bytes_are_read_as_fractions_of_255() -> None:
    features = np.array([[0, 51, 255]], dtype=np.uint8)
    read = kernels.read_samples(features, np.array([[0]], dtype=np.uint32))
    np.testing.assert_allclose(read[0, 0], [0, 0.2, 1], rtol=1e-6)


def test_a_layer_norm_brings_every_row_to_mean_0_and_variance_1() -> None:
    preactivations = np.random.default_rng(1).normal(3, 5, (1, 4, 60))
    ones, zeros = np.ones((1, 60)), np.zeros((1, 60))
    outputs, _, _ = kernels.layer_norm(preactivations, ones, zeros)
    np.testing.assert_allclose(outputs.mean(axis=2), 0, atol=1e-12)
    np.testing.assert_allclose(outputs.var(axis=2), 1, rtol=1e-5)
    scaled, _, _ = kernels.layer_norm(preactivations, 2 * ones, ones)
    np.testing.assert_allclose(scaled, 2 * outputs + 1)


def test_outputs_too_small_for_float32_have_shares_of_their_sum() -> None:
    logits = np.array([[[-200, -201, -202], [300, 2, -400], [0, 1, -1]]], dtype=np.float32)
    targets = np.zeros_like(logits)
    shares = kernels.quadratic(logits, targets)[2][0]
    assert np.isfinite(shares).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(shares[0, 0] / shares[0, 1], np.e, rtol=1e-5)
    outputs = 1 / (1 + np.exp(-logits[0, 2].astype(np.float64)))
    np.testing.assert_allclose(shares[2], outputs / outputs.sum(), rtol=1e-6)
