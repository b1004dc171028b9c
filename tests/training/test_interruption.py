"""A wish to stop that comes between two epochs."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.training.events import Control
from gpunet.training.trainer import train

CONFIG = TrainConfig(hidden=(3,), epochs=5, batch_size=4, validation=4)
SAMPLES = Samples(
    np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32),
    (np.arange(20) % 2).astype(np.int32),
)
DATASET = Dataset("points", SAMPLES, SAMPLES, ("no", "yes"), None, "a test")


class StoppedAtTheStart(NumpyEngine):
    """Asks to stop when the given epoch has begun and before its first step."""

    def __init__(self, epoch: int, control: Control) -> None:
        super().__init__(CONFIG.network(2, 2), CONFIG)
        self.epochs_left = epoch
        self.control = control

    def begin_epoch(
        self, order: NDArray[np.uint32], learning_rates: NDArray[np.float64], first_step: int
    ) -> None:
        super().begin_epoch(order, learning_rates, first_step)
        self.epochs_left -= 1
        if self.epochs_left == 0:
            self.control.stop_now.set()


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_wish_to_stop_before_an_epochs_first_step_is_no_divergence(epoch: int) -> None:
    control = Control()
    result = train(StoppedAtTheStart(epoch, control), DATASET, CONFIG, control=control)
    assert result.stop_reason == "stopped by user"
    assert epoch - 1 == len(result.history)
    assert np.isfinite(result.parameters).all()
