from __future__ import annotations

import numpy as np
import pytest

from gpunet.engine.population import NetworkSettings
from gpunet.engine.step_schedule import step_schedule


@pytest.mark.parametrize("beta2", [0.9, 0.99, 0.999, 0.9999])
def test_the_factors_undo_the_bias_of_moments_that_are_summed_in_float32(beta2: float) -> None:
    settings = (NetworkSettings(seed=0, beta2=beta2),)
    root = step_schedule(settings, np.full((1, 1), 0.1), 0, "adam")[0, 0, 2]
    moment = np.float32(1) - np.float32(beta2)  # after one step with a gradient of 1
    assert float(root) == pytest.approx(float(np.sqrt(moment)), rel=2e-7)
