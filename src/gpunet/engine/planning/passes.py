"""Passes, each one dispatch of a shader, the plans made of them, and how a tile cuts a matmul."""

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
        constants: the override constants; booleans and integers become floats.
        workgroups: x, y and z; z counts the networks.
        iterations: most loop iterations of one invocation; some software adapters silently stop
            a shader after 65,535.
        operations: additions and multiplications, for all networks.
        traffic: bytes read and written for all networks; repeated reads count once.
        variables: the template's variables, if the shader is a template.
        product: the matmul that it computes, if it is one; its first piece is then the tile.
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
    """All passes of one step, or the single pass that takes many steps.

    Args:
        passes: in order.
        rows: rows of a full batch, B.
        values: number of activations and derivatives of one network, V; each matrix of them is
            padded to whole blocks of 4 x 4, like the parameters (see ``layout``).
        probabilities_at: offset in V of the head's padded result (B, C): probabilities in an
            evaluation, the loss's gradients in training.
        many_steps: whether the single pass takes any number of steps; its iterations, operations
            and traffic are those of one step.
        why: a short reason for choosing this plan.
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
    """The pass with its matmul cut by ``tile``."""
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
    """The plan with its matmuls cut by the tiles of ``tile_of``, where it returns one."""
    passes = []
    for one in plan.passes:
        tile = None if one.product is None else tile_of(one.product)
        passes.append(one if tile is None else cut(one, tile))
    return replace(plan, passes=tuple(passes))
