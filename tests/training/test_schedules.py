from __future__ import annotations

import numpy as np
import pytest

from gpunet.config import TrainConfig
from gpunet.training.schedules import epoch_learning_rates


def test_a_constant_schedule_never_changes() -> None:
    config = TrainConfig(schedule="constant", learning_rate=0.3, epochs=4)
    for epoch in (1, 4):
        np.testing.assert_array_equal(np.full((1, 5), 0.3), epoch_learning_rates(config, epoch, 5))


def test_a_cosine_starts_at_the_rate_halves_in_the_middle_and_nears_zero() -> None:
    config = TrainConfig(schedule="cosine", learning_rate=0.4, epochs=2)
    rates = np.concatenate([epoch_learning_rates(config, epoch, 50)[0] for epoch in (1, 2)])
    assert 0.4 == rates[0]
    assert pytest.approx(0.2) == rates[50]
    assert 0 < rates[-1] < 0.4 / 1000
    assert (np.diff(rates) < 0).all()


@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.005), ("sgd", 0.2)])
def test_an_optimizer_brings_its_own_default_rate(optimizer: str, rate: float) -> None:
    config = TrainConfig(optimizer=optimizer, schedule="constant")  # type: ignore[arg-type]
    assert rate == epoch_learning_rates(config, 1, 1)[0, 0]
