"""What a plan is made of: passes, each one dispatch of a shader; a tile cuts a matrix product."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gpunet.engine.planning.tiles import Product, Tile

__all__ = ["FLOAT_BYTES", "Pass", "Plan", "cut", "recut"]

FLOAT_BYTES = 4
"""Bytes of a float32."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One dispatch.

    Args:
        label: the kernel's name and the layer.
        pieces: the shader's files, without ``.wgsl``.
        constants: the override constants; truth values and whole numbers become floats.
        workgroups: x, y and z; z counts the networks.
        iterations: of loops, at most, by one invocation; some software adapters stop a shader
            silently after 65,535.
        operations: additions and multiplications, for all networks.
        traffic: bytes that must be moved for all networks: what is read counted once, and what is
            written.
        variables: of the shader's template, if it is one.
        product: that it computes, if it is one; its tile is the first of its pieces.
    """

    label: str
    pieces: tuple[str, ...]
    constants: Mapping[str, float]
    workgroups: tuple[int, int, int]
    iterations: int
    operations: int
    traffic: int
    variables: tuple[tuple[str, object], ...] = ()
    product: Product | None = None

    def __post_init__(self) -> None:
        numbers = {name: float(value) for name, value in self.constants.items()}
        object.__setattr__(self, "constants", numbers)

    @property
    def threads(self) -> int:
        """Threads of a workgroup."""
        names = ("THREADS", "ROW_THREADS", "COLUMN_THREADS")
        return int(math.prod(self.constants.get(name, 1) for name in names))


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """All passes of one step, or the one that takes many.

    Args:
        passes: in order.
        rows: of a full batch, B.
        values: numbers of activations and derivatives of one network, V; each matrix among them is
            padded to whole blocks of 4 x 4, like the parameters (see ``layout``).
        probabilities_at: where the head leaves its padded (B, C) within V: probabilities in an
            evaluation, the loss's gradients in training.
        many_steps: whether its only pass takes as many steps as are asked for; its iterations,
            operations and traffic are those of one step.
        why: this plan and no other, in a few words.
    """

    passes: tuple[Pass, ...]
    rows: int
    values: int
    probabilities_at: int
    many_steps: bool = False
    why: str = ""

    @property
    def iterations(self) -> int:
        """Loop iterations of the busiest invocation."""
        return max(one.iterations for one in self.passes)


def cut(one: Pass, tile: Tile) -> Pass:
    """A pass whose matmul is cut by this tile."""
    assert one.product is not None
    threads = {"ROW_THREADS": tile.row_threads, "COLUMN_THREADS": tile.column_threads}
    across, down = tile.count(one.product.rows, one.product.columns)
    return replace(
        one,
        pieces=(tile.shader, *one.pieces[1:]),
        constants={**one.constants, **threads},
        workgroups=(across * one.product.parts, down, one.product.networks),
    )


def recut(plan: Plan, tile_of: Callable[[Product], Tile | None]) -> Plan:
    """A plan whose matmuls are cut by these tiles, where there is one."""
    passes = []
    for one in plan.passes:
        tile = None if one.product is None else tile_of(one.product)
        passes.append(one if tile is None else cut(one, tile))
    return replace(plan, passes=tuple(passes))
