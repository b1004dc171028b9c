"""The shaders that plans can ask for, with the override constants that they are compiled with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any, get_args

import pytest

from gpunet.config import ACTIVATIONS, LOSSES, NetworkSpec
from gpunet.engine.planning.layered import evaluation_plan, training_plan
from gpunet.engine.planning.passes import Pass, Plan, cut
from gpunet.engine.planning.persistent import persistent_plan
from gpunet.engine.planning.shader_source import assemble
from gpunet.engine.planning.tiles import Traits, candidates
from gpunet.engine.planning.workload import Switches, Workload
from gpunet.engine.population import Rule

Constants = Mapping[str, float]
Shader = tuple[tuple[str, ...], tuple[tuple[str, object], ...]]
"""The names of a shader's pieces, and the variables of its template."""

PROBES: Mapping[tuple[str, ...], Constants] = {
    ("probe_arithmetic",): {"ROUNDS": 1.0},
    ("probe_bandwidth",): {"EACH": 1.0},
    ("probe_iterations",): {"WANTED": 1.0},
    ("probe_subgroup",): {},
}
"""Shaders that try a device out."""

TRAITS = (Traits(software=False), Traits(software=True), Traits(software=True, lanes=8))
ALL_OFF = Switches()
ALL_ON = Switches(**dict.fromkeys(Switches.__dataclass_fields__, True))


@pytest.fixture(scope="session")
def shaders() -> Mapping[Shader, tuple[Constants, ...]]:
    """For each shader its sets of override constants."""
    found: dict[Shader, dict[tuple[tuple[str, float], ...], None]] = {}
    for one in passes():
        found.setdefault((one.pieces, one.variables), {})[declared(one)] = None
    planned = {shader: tuple(map(dict, sets)) for shader, sets in found.items()}
    return {**planned, **{(pieces, ()): (constants,) for pieces, constants in PROBES.items()}}


def passes() -> Iterator[Pass]:
    """All passes of all plans, products with every tile that may be taken for them."""
    tiles = {tile for traits in TRAITS for tile in candidates(traits)}
    for plan in (*plans(), *persistent_plans()):
        for one in plan.passes:
            yield one
            yield from (cut(one, tile) for tile in tiles if one.product is not None)


def plans() -> Iterator[Plan]:
    """Every activation, input and rule, with all switches off and on."""
    for activation in ACTIVATIONS:
        network = NetworkSpec(784, (20, 20), 10, activation)
        for features in ("bytes", "floats"):
            work = Workload(network, 64, TRAITS[0], 2, features)
            yield evaluation_plan(work)
            for rule, switches in product(get_args(Rule), (ALL_OFF, ALL_ON)):
                yield training_plan(replace(work, rule=rule, switches=switches))
    split = Workload(NetworkSpec(784, (512,), 10), 64, TRAITS[0], 2)
    yield from (evaluation_plan(split), training_plan(split))
    for loss, weights in product(LOSSES, (0, 1, 2)):
        network = NetworkSpec(784, (512,), 10, loss=loss)  # type: ignore[arg-type]
        work = Workload(network, 64, TRAITS[0], 2, rule="sgd", weights=weights)
        yield evaluation_plan(work)
        for switches in (ALL_OFF, ALL_ON):
            yield training_plan(replace(work, switches=switches))
    for activation, rule in product(ACTIVATIONS, get_args(Rule)):
        network = NetworkSpec(784, (16,), 10, activation, layer_norm=True)
        normalized = Workload(network, 64, TRAITS[0], 2, rule=rule)
        yield evaluation_plan(normalized)
        yield training_plan(normalized)
    yield training_plan(replace(normalized, rule="adam", switches=ALL_ON))


def persistent_plans() -> Iterator[Plan]:
    """Every activation, input, rule, loss and switch; layers of odd sizes, many, and none."""
    some = {"dropout": True, "input_dropout": True, "penalty": True, "smoothing": True}
    others = {"clip_value": True, "decay": True}
    every: list[tuple[tuple[int, ...], Any, int]] = [((3, 5, 7), "relu", 6), ((), "relu", 1)]
    every += [((16, 16), activation, 4) for activation in ACTIVATIONS]
    for (hidden, activation, rows), rule, software in product(every, get_args(Rule), (True, False)):
        yield _persistent(NetworkSpec(785, hidden, 10, activation), rows, rule, {}, software)
    for loss, switches, features in product(LOSSES, (some, others), ("bytes", "floats")):
        network = NetworkSpec(30, (8,), 3, "tanh", loss=loss)  # type: ignore[arg-type]
        yield _persistent(network, 16, "adam", switches, False, features)


def _persistent(
    network: NetworkSpec,
    rows: int,
    rule: Rule,
    switches: dict[str, bool],
    software: bool,
    features: Any = "bytes",
) -> Plan:
    traits = Traits(software=software)
    settings = Switches(**switches)
    plan = persistent_plan(Workload(network, rows, traits, 2, features, rule, settings, weights=2))
    assert plan is not None
    return plan


def declared(one: Pass) -> tuple[tuple[str, float], ...]:
    """The constants of a pass that its shader declares."""
    overrides = assemble(one.pieces, one.variables).overrides
    return tuple(sorted((name, x) for name, x in one.constants.items() if name in overrides))
