"""How sure a score is, by the samples that it was measured on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gpunet.datasets.dataset import Samples
from gpunet.training.outcome import accuracy_margin, rmse_margin


def some(count: int, weights: object = None) -> Samples:
    features = np.zeros((count, 1), np.float32)
    given = None if weights is None else np.asarray(weights, np.float32)
    return Samples(features, np.zeros(count, np.int32), given)


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [
        # From the tables of Newcombe, "Two-sided confidence intervals for the single proportion",
        # 1998, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_margin_of_an_accuracy_is_half_of_wilsons_interval(
    right: int, count: int, low: float, high: float
) -> None:
    margin = accuracy_margin(right / count, some(count))
    assert margin == pytest.approx((high - low) / 2, abs=6e-5)


def test_weighted_samples_count_as_what_their_weights_are_worth() -> None:
    alike = accuracy_margin(0.9, some(50))
    assert accuracy_margin(0.9, some(50, np.full(50, 3.0))) == pytest.approx(alike, rel=1e-6)
    one_counts = some(51, [*[1.0] * 50, 1e-9])
    assert accuracy_margin(0.9, one_counts) == pytest.approx(alike, rel=1e-6)
    assert accuracy_margin(0.9, some(50, range(1, 51))) > alike


def test_the_margin_of_an_rmse_covers_the_spread_of_test_sets() -> None:
    draws = np.random.default_rng(5)
    errors = draws.normal(0, 2.0, (4000, 250))  # that many test sets
    roots = np.sqrt((errors**2).mean(axis=1))
    labels = np.zeros((250, 1), np.float32)
    samples = Samples(np.zeros((250, 1), np.float32), labels)
    margins = [rmse_margin(one[:, None], samples) for one in errors[:200]]
    # Of 4,000 sets the spread is known to 1.1 %, the mean of 200 margins to 1 %.
    assert np.mean(margins) == pytest.approx(1.96 * roots.std(), rel=0.05)


def test_the_margin_of_an_rmse_without_errors_is_zero() -> None:
    labels = np.ones((30, 2), np.float32)
    samples = Samples(np.zeros((30, 1), np.float32), labels)
    assert rmse_margin(labels.astype(np.float64), samples) == 0
    assert math.isfinite(rmse_margin(labels + 1.0, samples))
