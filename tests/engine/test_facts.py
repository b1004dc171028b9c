"""Every activation, loss and optimizer has all that it takes, and an unknown one is refused."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from gpunet.config import ACTIVATIONS, LOSS_FACTS, LOSSES, OPTIMIZERS, NetworkSpec, TrainConfig
from gpunet.engine.planning.select import select_plan
from gpunet.engine.planning.tiles import Traits
from gpunet.engine.planning.workload import Workload
from gpunet.engine.population import MOMENTS, update_rule
from gpunet.engine.reference import kernels, optimizers
from gpunet.engine.reference.activations import activate
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.files.resources import shader_file
from gpunet.parameters import HE_SLOPES


def test_every_activation_has_a_function_a_shader_and_an_initialization() -> None:
    assert set(HE_SLOPES) == set(ACTIVATIONS)
    for name in ACTIVATIONS:
        assert shader_file(f"activation/{name}.wgsl").is_file()
        values, derivatives = activate(np.zeros(3), name, 0.01)
        assert values.shape == derivatives.shape == (3,)


def test_every_loss_has_a_function_and_a_shader_of_one_name() -> None:
    assert set(LOSS_FACTS) == set(LOSSES)
    for name in LOSSES:
        kernel: Any = kernels.loss(name)  # type: ignore[arg-type]
        assert kernel.__name__ == LOSS_FACTS[name].kernel  # type: ignore[index]
        assert shader_file(f"loss/{kernel.__name__}.wgsl").is_file()


def test_every_optimizer_has_a_rule_whose_function_shader_and_moments_are_known() -> None:
    rules = {update_rule([TrainConfig(optimizer=name)]) for name in OPTIMIZERS}  # type: ignore[arg-type]
    assert set(MOMENTS) == set(optimizers.RULES) >= rules
    for rule in MOMENTS:
        assert inspect.isfunction(optimizers.RULES[rule])
        assert shader_file(f"optimizer/{rule}.wgsl").is_file()


@pytest.mark.parametrize("plan", ["layered", "auto"])
def test_an_unknown_loss_is_taken_for_no_other(plan: Any) -> None:
    network = NetworkSpec(4, (3,), 2)
    object.__setattr__(network, "loss", "hinge")
    with pytest.raises(KeyError, match="hinge"):
        select_plan(Workload(network, 4, Traits(software=True)), plan)
    with pytest.raises(KeyError, match="hinge"):
        kernels.loss("hinge")  # type: ignore[arg-type]


def test_networks_that_differ_in_optimizer_or_batch_size_are_no_population() -> None:
    network = NetworkSpec(4, (3,), 2)
    for other in (TrainConfig(optimizer="sgd"), TrainConfig(batch_size=8)):
        with pytest.raises(ValueError, match="shares one optimizer and batch size"):
            NumpyEngine(network, (TrainConfig(), other))
