"""Compiles a plan for a device and binds its buffers, if the device can run the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gpunet.config import NetworkSpec
from gpunet.engine.planning.passes import Pass, Plan
from gpunet.engine.wgpu.device import OpenDevice
from gpunet.engine.wgpu.native import Dispatch
from gpunet.errors import DeviceError, spelled

__all__ = ["Compiled", "bind", "compile_plan"]


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A plan with its pipelines and bind groups."""

    plan: Plan
    dispatches: tuple[Dispatch, ...]


def compile_plan(
    device: OpenDevice, plan: Plan, buffers: Mapping[str, Any], network: NetworkSpec
) -> Compiled:
    """Compile all passes of a network's plan and bind their buffers.

    Raises:
        DeviceError: the device cannot run one of them.
    """
    _require_fit(device, plan, network)
    with device.guarded():
        return Compiled(plan, tuple(bind(device, one, buffers) for one in plan.passes))


def bind(device: OpenDevice, one: Pass, buffers: Mapping[str, Any]) -> Dispatch:
    """A pass's pipeline, bound to the buffers of its variables' names, and its workgroups."""
    return device.dispatch(
        one.label, one.pieces, one.constants, buffers, one.workgroups, one.variables
    )


def _require_fit(device: OpenDevice, plan: Plan, network: NetworkSpec) -> None:
    limit = device.iterations
    busiest = max(plan.passes, key=lambda one: one.iterations)
    if limit is not None and busiest.iterations > limit:
        raise DeviceError(
            f"{device.adapter.info.name} stops a shader after {limit:,} loop iterations, but "
            f"{busiest.label} needs {busiest.iterations:,} for the network {network} at "
            f"batch size {plan.rows:,}; use a smaller one, or {spelled('device', 'cpu')}"
        )
    widest = max(plan.passes, key=lambda one: max(one.workgroups))
    if max(widest.workgroups) > 65535:
        raise DeviceError(
            f"{widest.label} needs {max(widest.workgroups):,} workgroups, at most 65,535 are "
            f"possible, for the network {network} at batch size {plan.rows:,}; use a "
            f"smaller one, or {spelled('device', 'cpu')}"
        )
