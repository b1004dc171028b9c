"""Chooses the persistent or the layered plan; ``tiles`` chooses the layered plan's tiles."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Literal

from gpunet.engine.planning.layered import training_plan
from gpunet.engine.planning.passes import Plan
from gpunet.engine.planning.persistent import persistent_plan, reason_unsupported
from gpunet.engine.planning.workload import Workload

__all__ = ["PlanName", "select_plan"]

log = logging.getLogger(__name__)

PlanName = Literal["auto", "layered", "persistent"]


def select_plan(work: Workload, wanted: PlanName = "auto") -> Plan:
    """The persistent plan if a workgroup can hold the network, else the layered plan.

    On software adapters the persistent plan was faster wherever it fits (``benchmarks/plans.py``),
    though it uses only one core. A layered step of 784-16-16-10 takes 13 times as long as a
    persistent one at batch 1, 8.1 at 4, 4.9 at 8 and 2.3 at 16 on Mesa's driver; 8.1, 4.8, 3.3 and
    2.2 on SwiftShader.

    On a GPU ``plan_trial`` measures once, and keeps, the largest batch for the persistent plan.
    Nothing else that varies from run to run affects the choice, so a seed gives the same bits.
    ``wanted`` overrides the choice, as far as the network fits.
    """
    most = work.traits.persistent_rows
    against = "it was asked for" if wanted == "layered" else reason_unsupported(work)
    if against is None and wanted == "auto" and most is not None and work.rows > most:
        against = f"it was measured to be the faster one here for more than {most} samples a batch"
    if against is not None:
        plan = replace(training_plan(work), why=against)
    else:
        persistent = persistent_plan(work)
        assert persistent is not None
        plan = replace(persistent, why="a workgroup holds the network, and that saves dispatches")
    log.info("plan of %d passes for batches of %d, as %s", len(plan.passes), work.rows, plan.why)
    return plan
