"""The shaders that plans can ask for, with the override constants that they are compiled with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, get_args

import pytest

from gpunet.config import ACTIVATIONS, NetworkSpec
from gpunet.engine.interface import Rule
from gpunet.engine.plan import Pass, Plan, Switches, evaluation_plan, training_plan
from gpunet.engine.shader_source import assemble
from gpunet.engine.tiles import Traits

Constants = Mapping[str, float]

PROBES: Mapping[tuple[str, ...], Constants] = {
    ("probe_iterations",): {"WANTED": 1.0},
    ("probe_subgroup",): {},
}
"""Shaders that try a device out."""

TRAITS = (Traits(software=False), Traits(software=True), Traits(software=True, lanes=8))
SMALL_AND_LARGE = ((3,), (200, 200))
"""Hidden layers whose products take every tile there is."""

ALL_OFF = Switches()
ALL_ON = Switches(**dict.fromkeys(Switches.__dataclass_fields__, True))


@pytest.fixture(scope="session")
def shaders() -> Mapping[tuple[str, ...], tuple[Constants, ...]]:
    """For each shader, by the names of its pieces, its sets of override constants."""
    found: dict[tuple[str, ...], dict[tuple[tuple[str, float], ...], None]] = {}
    for plan in plans():
        for one in plan.passes:
            found.setdefault(one.pieces, {})[declared(one)] = None
    planned = {pieces: tuple(map(dict, sets)) for pieces, sets in found.items()}
    return {**planned, **{pieces: (constants,) for pieces, constants in PROBES.items()}}


def plans() -> Iterator[Plan]:
    """Every activation, input, rule and tile, with all switches off and on."""
    for traits, hidden, activation in product(TRAITS, SMALL_AND_LARGE, ACTIVATIONS):
        network = NetworkSpec(784, hidden, 10, activation)
        for features in ("bytes", "floats"):
            common: Any = {"population": 2, "rows": 64, "features": features, "traits": traits}
            yield evaluation_plan(network, **common)
            for rule, switches in product(get_args(Rule), (ALL_OFF, ALL_ON)):
                yield training_plan(network, rule=rule, switches=switches, **common)
    quadratic = NetworkSpec(784, (16,), 10, loss="quadratic")
    common = {"population": 2, "rows": 64, "features": "bytes", "traits": TRAITS[0]}
    yield evaluation_plan(quadratic, **common)
    for switches in (ALL_OFF, ALL_ON):
        yield training_plan(quadratic, rule="sgd", switches=switches, **common)
    for activation, rule in product(ACTIVATIONS, get_args(Rule)):
        normalised = NetworkSpec(784, (16,), 10, activation, layer_norm=True)
        yield evaluation_plan(normalised, **common)
        yield training_plan(normalised, rule=rule, switches=ALL_OFF, **common)
    yield training_plan(normalised, rule="adam", switches=ALL_ON, **common)


def declared(one: Pass) -> tuple[tuple[str, float], ...]:
    """The constants of a pass that its shader declares."""
    overrides = assemble(one.pieces).overrides
    return tuple(sorted((name, x) for name, x in one.constants.items() if name in overrides))
