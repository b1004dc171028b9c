from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.config import SCHEDULES, TrainConfig
from gpunet.errors import UsageError
from gpunet.training.schedules import Plateau, epoch_learning_rates


def course(steps: int, **settings: Any) -> NDArray[np.float64]:
    """The rate of every step of all epochs."""
    config = TrainConfig(**settings)
    rates = [
        epoch_learning_rates(config, 1 + epoch, steps)[0]
        for epoch in range(config.effective_epochs)
    ]
    return np.concatenate(rates)


def test_a_constant_schedule_never_changes() -> None:
    rates = course(5, schedule="constant", learning_rate=0.3, epochs=4)
    np.testing.assert_array_equal(np.full(20, 0.3), rates)


def test_a_cosine_starts_at_the_rate_halves_in_the_middle_and_nears_zero() -> None:
    rates = course(50, schedule="cosine", learning_rate=0.4, epochs=2)
    assert rates[0] == 0.4
    assert pytest.approx(0.2) == rates[50]
    assert 0 < rates[-1] < 0.4 / 1000
    assert (np.diff(rates) < 0).all()


@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.005), ("sgd", 0.2)])
def test_an_optimizer_brings_its_own_default_rate(optimizer: str, rate: float) -> None:
    config = TrainConfig(optimizer=optimizer, schedule="constant")  # type: ignore[arg-type]
    assert rate == epoch_learning_rates(config, 1, 1)[0, 0]


# PyTorch 2.13's rates of eight steps of an optimizer whose rate is 0.1:
# StepLR(step_size=3, gamma=0.5), ExponentialLR(gamma=0.5**(1/3)),
# LambdaLR(lambda t: 1 / (1 + t / 3)), LinearLR(1, 0.1, total_iters=8),
# CosineAnnealingLR(T_max=8, eta_min=0.01) and OneCycleLR(0.1, total_steps=8), whose last rate is
# 0.1 / 25 / 1e4.
HALVED = {"lr_decay": 0.5, "lr_decay_every": 3}
PYTORCH: dict[str, tuple[dict[str, Any], list[float]]] = {
    "step": (HALVED, [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025]),
    "exponential": (
        HALVED,
        [0.1, 0.0793700526, 0.06299605249, 0.05, 0.0396850263, 0.03149802625, 0.025, 0.01984251315],
    ),
    "inverse-time": (
        HALVED,
        [0.1, 0.075, 0.06, 0.05, 0.04285714286, 0.0375, 0.03333333333, 0.03],
    ),
    "linear": (
        {"lr_final": 0.01},
        [0.1, 0.08875, 0.0775, 0.06625, 0.055, 0.04375, 0.0325, 0.02125],
    ),
    "cosine": (
        {"lr_final": 0.01},
        [
            *(0.1, 0.09657457896, 0.08681980515, 0.07222075446),
            *(0.055, 0.03777924554, 0.02318019485, 0.01342542104),
        ],
    ),
    "one-cycle": (
        {"lr_final": 4e-7},
        [
            *(0.004, 0.08192751049, 0.09719417774, 0.08117456539),
            *(0.05559840141, 0.02830609982, 0.007664159383, 4e-07),
        ],
    ),
}


@pytest.mark.parametrize("schedule", PYTORCH)
def test_a_schedule_gives_pytorchs_rates(schedule: str) -> None:
    settings, expected = PYTORCH[schedule]
    rates = course(1, schedule=schedule, learning_rate=0.1, epochs=8, **settings)
    np.testing.assert_allclose(rates, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("schedule", "factor"),
    [
        ("step", lambda t: 0.9 ** math.floor(t / 2)),
        ("exponential", lambda t: 0.9 ** (t / 2)),
        # Keras' InverseTimeDecay(decay_steps=2 epochs, decay_rate=1/0.9 - 1)
        ("inverse-time", lambda t: 1 / (1 + (1 / 0.9 - 1) * t / 2)),
        ("linear", lambda t: 1 - t / 6),
        ("cosine", lambda t: (1 + math.cos(math.pi * t / 6)) / 2),
        ("coslog4", lambda t: (1 - math.cos(2 * math.pi * math.log2(1 + 15 * t / 6))) / 2),
    ],
)
def test_a_schedule_follows_its_formula_within_the_epochs(schedule: str, factor: Any) -> None:
    settings = {"learning_rate": 0.01, "epochs": 6, "lr_decay": 0.9, "lr_decay_every": 2}
    expected = [0.01 * factor(step / 4) for step in range(24)]
    np.testing.assert_allclose(course(4, schedule=schedule, **settings), expected, rtol=1e-12)


@pytest.mark.parametrize("schedule", ["step", "exponential", "inverse-time"])
def test_a_decay_leaves_its_share_after_its_epochs_and_stops_at_the_final_rate(
    schedule: str,
) -> None:
    rates = course(
        3, schedule=schedule, learning_rate=1.0, epochs=20, lr_decay=0.25, lr_decay_every=5
    )
    assert pytest.approx(0.25) == rates[15]
    floored = course(
        3,
        schedule=schedule,
        learning_rate=1.0,
        epochs=20,
        lr_decay=0.25,
        lr_decay_every=5,
        lr_final=0.2,
    )
    np.testing.assert_array_equal(np.maximum(rates, 0.2), floored)
    assert floored[-1] == 0.2


def test_restarts_begin_the_schedule_again_from_their_own_rate() -> None:
    # "0.01, exponential decay 0.9 every 2 epochs, restart to 1e-3 every 10"
    rates = course(
        5,
        schedule="exponential",
        learning_rate=0.01,
        epochs=25,
        lr_decay=0.9,
        lr_decay_every=2,
        restart_every=10,
        restart_lr=0.001,
    )
    within = 0.9 ** (np.arange(50) / 10)
    np.testing.assert_allclose(rates[:50], 0.01 * within, rtol=1e-12)
    np.testing.assert_allclose(rates[50:100], 0.001 * within, rtol=1e-12)
    np.testing.assert_allclose(rates[100:], 0.001 * within[:25], rtol=1e-12)


def test_a_cosine_with_restarts_falls_over_each_period() -> None:
    rates = course(4, schedule="cosine", learning_rate=0.1, epochs=6, restart_every=3)
    np.testing.assert_array_equal(rates[:12], rates[12:])
    assert rates[12] == 0.1
    assert rates[11] < 0.01


def test_a_warm_up_rises_in_equal_parts_and_then_leaves_the_schedule_alone() -> None:
    warmed = course(4, schedule="constant", learning_rate=1.0, epochs=3, warmup=1.5)
    np.testing.assert_allclose(warmed[:6], np.arange(1, 7) / 7, rtol=1e-12)
    np.testing.assert_array_equal(np.ones(6), warmed[6:])
    settings: dict[str, Any] = {"schedule": "cosine", "learning_rate": 0.1, "epochs": 3}
    np.testing.assert_array_equal(course(4, **settings)[4:], course(4, **settings, warmup=1.0)[4:])


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("epochs", "steps"), [(1, 1), (1, 2), (2, 1), (1, 3), (7, 11)])
def test_every_schedule_gives_rates_within_bounds_however_short_the_run(
    schedule: str, epochs: int, steps: int
) -> None:
    rates = course(steps, schedule=schedule, learning_rate=0.5, epochs=epochs, lr_final=0.01)
    assert (epochs * steps,) == rates.shape
    assert np.isfinite(rates).all()
    assert rates.min() >= 0.01
    assert rates.max() <= 0.5


def test_a_plateau_reduces_after_its_epochs_without_a_gain_and_counts_anew() -> None:
    plateau, seen = Plateau(TrainConfig(schedule="plateau", lr_decay_every=2, min_delta=0.1)), []
    for figure in (5.0, 4.0, 3.95, 3.92, 3.91, 3.0, 3.0, 3.0, 3.0, 3.0):
        plateau.observe(figure)
        seen.append(plateau.reductions)
    assert seen == [0, 0, 0, 1, 1, 1, 1, 2, 2, 3]


def test_each_reduction_of_a_plateau_multiplies_the_rate_down_to_the_final_one() -> None:
    config = TrainConfig(schedule="plateau", learning_rate=0.8, lr_decay=0.5, lr_final=0.15)
    rates = [epoch_learning_rates(config, 3, 2, reductions)[0, 1] for reductions in range(4)]
    assert rates == [0.8, 0.4, 0.2, 0.15]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
        ({"warmup": -1}, "warmup is -1, wanted 0 or more"),
        ({"warmup": 16}, "warmup is 16, wanted from 0 to 15"),
        ({"lr_decay": 0}, "lr_decay is 0, wanted a number above 0"),
        ({"lr_decay": 1.5}, "lr_decay is 1.5, wanted a number above 0 up to 1"),
        ({"lr_decay_every": 0}, "lr_decay_every is 0, wanted from 1"),
        ({"lr_final": 0.1}, "lr_final is 0.1, wanted at most the learning rate"),
        ({"lr_final": math.nan}, "lr_final is nan, wanted 0 or more"),
        ({"restart_every": -1}, "restart_every is -1, wanted from 0"),
        ({"restart_lr": 0.1}, "add restart_every"),
        ({"restart_lr": 0, "restart_every": 2}, "restart_lr is 0, wanted a number above 0"),
        ({"schedule": "one-cycle", "warmup": 1}, "leave out warmup"),
        ({"schedule": "plateau", "restart_every": 1}, "leave out restart_every"),
    ],
)
def test_a_schedule_that_cannot_be_is_told_in_one_sentence(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        TrainConfig(**settings)


def test_inverse_power_divides_by_a_power_of_the_samples_seen_before_the_epoch() -> None:
    settings: dict[str, Any] = {"schedule": "inverse-power", "learning_rate": 0.5, "lr_power": 0.25}
    config = TrainConfig(**settings, batch_size=4, epochs=9)
    rates = [epoch_learning_rates(config, epoch, 2)[0].tolist() for epoch in (1, 2, 3)]
    assert rates == [[0.5, 0.5], [0.5 / 9**0.25] * 2, [0.5 / 17**0.25] * 2]


def test_a_plateau_is_exhausted_where_it_would_reduce_a_rate_that_is_low_enough() -> None:
    rates: dict[str, Any] = {
        "learning_rate": 0.8,
        "lr_decay": 0.5,
        "lr_decay_every": 1,
        "lr_stop": 0.2,
    }
    plateau, seen = Plateau(TrainConfig(schedule="plateau", **rates)), []
    for _ in range(5):
        plateau.observe(1.0)
        seen.append((plateau.reductions, plateau.exhausted))
    assert seen == [(0, False), (1, False), (2, False), (3, True), (4, True)]
