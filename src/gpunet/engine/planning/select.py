"""Which plan is taken, and why; which tile within the layered one is told by ``tiles``."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from gpunet.config import NetworkSpec
from gpunet.engine.interface import Rule
from gpunet.engine.planning.layered import Plan, Switches, training_plan
from gpunet.engine.planning.persistent import persistent_plan, reason_unsupported
from gpunet.engine.planning.tiles import Traits

__all__ = ["PlanName", "choose_plan"]

PlanName = Literal["auto", "layered", "persistent"]


def choose_plan(
    network: NetworkSpec,
    *,
    wanted: PlanName = "auto",
    population: int,
    rows: int,
    features: Literal["bytes", "floats"],
    rule: Rule,
    switches: Switches,
    traits: Traits,
) -> Plan:
    """The persistent plan where a workgroup holds the network, else the layered.

    Wherever it fits it was the faster one (``benchmarks/plans.py``), though on a processor it works
    on one core alone: a step of 784-16-16-10 takes, layered to persistent, on Mesa's driver 13
    times as long at batch 1, 8.1 at 4, 4.9 at 8 and 2.3 at 16; on SwiftShader 8.1, 4.8, 3.3, 2.2.

    The choice depends on nothing that varies from run to run, so that a seed gives the same bits.
    ``wanted`` overrides it, as far as the network fits.
    """
    against = _against(network, wanted, rows, switches, traits)
    if against is None:
        plan = persistent_plan(
            network,
            population=population,
            rows=rows,
            features=features,
            rule=rule,
            switches=switches,
            traits=traits,
        )
        assert plan is not None
        return replace(plan, why="a workgroup holds the network, and that saves dispatches")
    layered = training_plan(
        network,
        population=population,
        rows=rows,
        features=features,
        rule=rule,
        switches=switches,
        traits=traits,
    )
    return replace(layered, why=against)


def _against(
    network: NetworkSpec, wanted: PlanName, rows: int, switches: Switches, traits: Traits
) -> str | None:
    """What stands against the persistent plan; ``None`` if it is to be taken."""
    if wanted == "layered":
        return "it was asked for"
    return reason_unsupported(network, rows, switches, traits)
