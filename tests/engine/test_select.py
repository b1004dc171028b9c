"""Which plan is taken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gpunet.config import NetworkSpec
from gpunet.engine.planning.passes import Plan
from gpunet.engine.planning.select import PlanName, select_plan
from gpunet.engine.planning.tiles import Traits
from gpunet.engine.planning.workload import Switches, Workload

SMALL = NetworkSpec(784, (16, 16), 10)


def choose(
    network: NetworkSpec = SMALL, rows: int = 4, wanted: PlanName = "auto", **changed: Any
) -> Plan:
    work = Workload(network, rows, Traits(software=True))
    return select_plan(replace(work, **changed), wanted)


def is_persistent(network: NetworkSpec = SMALL, rows: int = 4, **changed: Any) -> bool:
    return choose(network, rows, **changed).many_steps


@pytest.mark.parametrize("software", [True, False])
@pytest.mark.parametrize("rows", [1, 3, 4, 16])
def test_a_small_network_with_small_batches_never_leaves_its_workgroup(
    rows: int, software: bool
) -> None:
    assert is_persistent(rows=rows, traits=Traits(software))


@pytest.mark.parametrize("hidden", [(128,), (16, 256)])
def test_a_network_that_no_workgroup_holds_takes_the_layered_plan(hidden: tuple[int, ...]) -> None:
    assert not is_persistent(NetworkSpec(784, hidden, 10))


@pytest.mark.parametrize(
    "switches",
    [
        Switches(clip_norm=True),
        Switches(max_norm=True),
    ],
)
def test_what_only_the_layered_plan_offers_is_done_by_it(switches: Switches) -> None:
    assert not is_persistent(switches=switches, wanted="persistent")


def test_weights_of_samples_need_no_buffer_beside_those_of_dropout() -> None:
    assert is_persistent(switches=Switches(dropout=True, input_dropout=True), weights=2)


def test_layers_of_several_activations_or_with_norms_take_the_layered_plan() -> None:
    assert not is_persistent(NetworkSpec(784, (16, 16), 10, "relu,tanh"))
    assert not is_persistent(NetworkSpec(784, (16, 16), 10, layer_norm=True))


def test_either_plan_can_be_asked_for() -> None:
    assert not is_persistent(wanted="layered")
    assert is_persistent(wanted="persistent")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"switches": Switches(max_norm=True)}, "the persistent plan has no max-norm"),
        ({"rows": 17}, "the persistent plan takes at most 16 samples a batch"),
        ({"wanted": "layered"}, "it was asked for"),
        ({}, "a workgroup holds the network, and that saves dispatches"),
    ],
)
def test_a_plan_tells_why_it_was_taken(changed: dict[str, Any], why: str) -> None:
    assert why == choose(**changed).why
