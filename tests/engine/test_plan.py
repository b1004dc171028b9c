"""What the passes of a plan say of themselves."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from gpunet.config import NetworkSpec
from gpunet.engine.planning.layered import training_plan
from gpunet.engine.planning.passes import Pass, Plan
from gpunet.engine.planning.persistent import persistent_plan, workgroup_layout
from gpunet.engine.planning.shader_source import assemble
from gpunet.engine.planning.tiles import Traits
from gpunet.engine.planning.values import ValuesLayout
from gpunet.engine.planning.workload import Switches, Workload

NETWORK = NetworkSpec(20, (8,), 4)
WORK = Workload(NETWORK, 6, Traits(software=True, lanes=8))


def layered(network: NetworkSpec = NETWORK, population: int = 1, **changed: Any) -> Plan:
    return training_plan(replace(WORK, network=network, population=population, **changed))


def declared_threads(one: Pass) -> int:
    text = assemble(one.pieces, one.variables).text
    match = re.search(r"@workgroup_size\(([^)]*)\)", text)
    assert match is not None
    threads = 1
    for size in match[1].split(","):
        name = size.strip()
        threads *= int(name) if name.isdigit() else int(one.constants[name])
    return threads


def test_a_pass_tells_the_threads_that_its_shader_declares() -> None:
    switches = Switches(clip_norm=True, max_norm=True)
    network = NetworkSpec(784, (200, 3), 10, layer_norm=True)
    passes = [*layered(network, rows=64, switches=switches).passes]
    persistent = persistent_plan(WORK)
    assert persistent is not None
    for one in (*passes, *persistent.passes):
        assert declared_threads(one) == one.threads, one.label


def test_a_product_reads_its_factors_and_writes_its_result_once() -> None:
    passes = {one.label: one for one in layered().passes}
    back = passes["input_gradient 2"]  # (6, 8) = (6, 4) x (4, 8), into the derivatives (6, 8)
    assert back.traffic == 4 * (6 * 4 + 4 * 8 + 2 * 6 * 8)
    assert back.operations == 2 * 6 * 8 * 4
    update = passes["update 1"]  # samples in bytes, deltas, parameters with two moments
    assert update.traffic == 6 * 20 + 4 * 6 * 8 + 2 * 3 * 4 * 21 * 8


@pytest.mark.parametrize(
    ("rows", "depth", "software", "parts"),
    [
        (128, 512, False, 8),
        (128, 512, True, 1),
        (128, 300, False, 5),
        (256, 500, False, 5),
        (1024, 512, False, 1),  # there are workgroups enough
        (128, 128, False, 1),  # too little to save
        (128, 508, False, 1),  # 127 blocks of four terms cannot be split evenly
    ],
)
def test_hardware_splits_the_depth_of_the_last_layer_and_the_head_adds_the_parts(
    rows: int, depth: int, software: bool, parts: int
) -> None:
    network, traits = NetworkSpec(20, (depth,), 10), Traits(software)
    plans = [layered(network, p, rows=rows, traits=traits) for p in (1, 3)]
    for plan in plans:
        passes = {one.label: one for one in plan.passes}
        forward, head = passes["forward 2"], passes["softmax_cross_entropy"]
        assert forward.product is not None
        assert forward.product.parts == forward.constants["PARTS"] == parts
        assert parts * forward.constants["DEPTH"] == depth
        assert head.constants["PARTS"] == parts
        assert [one.label for one in plan.passes if one.constants.get("PARTS", 1) > 1] == (
            [forward.label, head.label] if parts > 1 else []
        )
        assert plan.values == ValuesLayout.of(network, rows, traits, training=True).size
    whole = ValuesLayout.of(network, rows, Traits(software=True), training=True).size
    assert plans[0].values - whole == (parts - 1) * rows * 12


def test_every_network_of_a_population_is_counted() -> None:
    switches = Switches(clip_norm=True, max_norm=True)
    network = NetworkSpec(20, (8,), 4, layer_norm=True)
    one, three = (layered(network, p, switches=switches).passes for p in (1, 3))
    assert [3 * single.traffic for single in one] == [single.traffic for single in three]
    assert [3 * single.operations for single in one] == [single.operations for single in three]


def test_both_plans_count_the_same_multiplications() -> None:
    persistent = persistent_plan(replace(WORK, population=2))
    assert persistent is not None
    weights, biases, first = 20 * 8 + 8 * 4, 8 + 4, 20 * 8
    products = sum(one.operations for one in layered(population=2).passes if one.product)
    assert 2 * 2 * 6 * (3 * weights + biases - first) == products
    assert 2 * 2 * 6 * (3 * weights - first) == persistent.passes[0].operations


def test_the_persistent_plans_layout_holds_every_unit_and_feature() -> None:
    plan = persistent_plan(WORK)
    assert plan is not None
    layout = workgroup_layout(plan)
    assert layout.fits
    assert 4 * layout.quartets >= 8
    assert 4 * layout.shares * layout.groups >= 20


@pytest.mark.parametrize(("threads", "groups"), [(256, 4), (512, 2)])
def test_a_gpus_thread_keeps_half_as_much_where_twice_as_many_are_granted(
    threads: int, groups: int
) -> None:
    plan = persistent_plan(
        Workload(NetworkSpec(784, (16, 16), 10), 4, Traits(False, None, threads))
    )
    assert plan is not None
    layout = workgroup_layout(plan)
    assert layout.threads == layout.shares * 4 <= threads
    assert layout.groups == groups
