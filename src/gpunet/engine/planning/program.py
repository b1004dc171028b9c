"""A program: the passes of a plan, the buffers that they use, and the features that they need.

It is only data: an engine makes the buffers and runs the passes, ``memory`` counts the bytes, and
``Program.to_dict`` gives all of it, with the shaders, as JSON types.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from gpunet.config import NetworkSpec
from gpunet.engine.planning.layout import Layout, padded
from gpunet.engine.planning.passes import FLOAT_BYTES, Plan
from gpunet.engine.planning.records import NETWORK
from gpunet.engine.planning.shader_source import assemble
from gpunet.engine.planning.workload import Workload
from gpunet.engine.population import MOMENTS, Rule

__all__ = [
    "SCHEDULE_WORDS",
    "BufferSpec",
    "Program",
    "evaluation_buffers",
    "needed_features",
    "state_buffers",
    "training_buffers",
]

SCHEDULE_WORDS = 4
"""Numbers per step in a network's schedule, as ``step_schedule`` gives them."""

SMALLEST = 16
"""Bytes of the smallest buffer; an empty buffer could not be bound."""


@dataclass(frozen=True, slots=True)
class BufferSpec:
    """A buffer of a program.

    Args:
        name: the name of the variable in the shaders.
        bytes: its size for all networks.
        holds: its contents, in words.
        usage: how shaders bind it.
    """

    name: str
    bytes: int
    holds: str
    usage: Literal["storage", "uniform"] = "storage"


@dataclass(frozen=True, slots=True)
class Program:
    """A plan with the buffers that it uses.

    Args:
        plan: the passes.
        buffers: all buffers that the passes bind, except the samples and their labels.
    """

    plan: Plan
    buffers: tuple[BufferSpec, ...]

    @property
    def features(self) -> frozenset[str]:
        """The WGSL extensions that the shaders need and that the host must enable."""
        return frozenset[str]().union(
            *(needed_features(assemble(one.pieces, one.variables).text) for one in self.plan.passes)
        )

    def to_dict(self) -> dict[str, Any]:
        """The program as JSON types, with the text of every shader."""
        sources = [assemble(one.pieces, one.variables) for one in self.plan.passes]
        return {
            "buffers": [asdict(one) for one in self.buffers],
            "features": sorted(self.features),
            "rows": self.plan.rows,
            "values": self.plan.values,
            "probabilities_at": self.plan.probabilities_at,
            "many_steps": self.plan.many_steps,
            "passes": [
                {
                    "label": one.label,
                    "wgsl": source.text,
                    "constants": {
                        name: value
                        for name, value in one.constants.items()
                        if name in source.overrides
                    },
                    "workgroups": list(one.workgroups),
                    "bindings": [asdict(binding) for binding in source.bindings],
                }
                for one, source in zip(self.plan.passes, sources, strict=True)
            ],
        }


def needed_features(wgsl: str) -> frozenset[str]:
    """The WGSL extensions that a shader needs; its host prepends ``enable NAME;`` for each."""
    return frozenset({"subgroups"} if "subgroup" in wgsl else ())


def state_buffers(network: NetworkSpec, population: int, rule: Rule) -> tuple[BufferSpec, ...]:
    """The buffers that keep the networks from epoch to epoch."""
    size = FLOAT_BYTES * population * Layout.of(network).size
    rates = max(1, population * len(network.hidden))
    return (
        BufferSpec("parameters", size, "weights and biases of every network"),
        BufferSpec("moments", max(size * MOMENTS[rule], SMALLEST), "the optimizer's moments"),
        BufferSpec("networks", NETWORK.itemsize * population, "struct Network of every network"),
        BufferSpec(
            "dropout_rates", 2 * FLOAT_BYTES * rates, "struct DropoutRate of every hidden layer"
        ),
    )


def training_buffers(work: Workload, samples: int, values: int) -> tuple[BufferSpec, ...]:
    """The buffers for training on ``samples`` samples; each network has ``values`` activations."""
    population, steps = work.population, -(-samples // work.rows)
    state = state_buffers(work.network, population, work.rule)
    order = FLOAT_BYTES * population * steps * padded(work.rows)
    schedule = SCHEDULE_WORDS * FLOAT_BYTES * population * steps
    buffers = [
        *state,
        BufferSpec("values", max(SMALLEST, FLOAT_BYTES * population * values), "activations"),
        BufferSpec("order", order, "the rows of every batch of the epoch"),
        BufferSpec("schedule", schedule, "what step_schedule gives for every step"),
        BufferSpec("batch", 16, "struct Batch", "uniform"),
    ]
    if work.switches.clip_norm:
        buffers.append(BufferSpec("gradients", state[0].bytes, "the gradient of every network"))
    return tuple(buffers)


def evaluation_buffers(
    population: int, plan: Plan, samples: int, own: int = 0
) -> tuple[BufferSpec, ...]:
    """The buffers that an evaluation has of its own; it shares the training's parameters.

    All networks score the ``samples`` of the split, or each at most ``own`` samples of its own.
    """
    batches = max(-(-samples // plan.rows), population * -(-own // plan.rows))
    return (
        BufferSpec("values", FLOAT_BYTES * population * plan.values, "activations"),
        BufferSpec("order", FLOAT_BYTES * batches * padded(plan.rows), "the rows of every batch"),
        BufferSpec("networks", NETWORK.itemsize * population, "struct Network of every network"),
        BufferSpec("batch", 16, "struct Batch", "uniform"),
    )
