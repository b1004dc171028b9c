"""How a matrix product is cut into workgroups and threads, and which way is taken when.

What is multiplied is said by ``plan``, how a thread multiplies by the files in ``shaders/tile``.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EIGHT_LANES", "HARDWARE", "LARGE", "SMALL", "Tile", "Traits", "choose_tile"]


@dataclass(frozen=True, slots=True)
class Traits:
    """What the plan needs to know of a device.

    Args:
        software: whether the processor does the work.
        lanes: of a subgroup, if the shaders may use subgroups.
    """

    software: bool
    lanes: int | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """How the matrix products are cut.

    Args:
        shader: the file that multiplies.
        thread_rows: of the product, computed by one thread.
        thread_columns: likewise.
        row_threads: of a workgroup.
        column_threads: likewise.
    """

    shader: str
    thread_rows: int
    thread_columns: int
    row_threads: int
    column_threads: int

    @property
    def rows(self) -> int:
        """Rows of the product that a workgroup computes."""
        return self.thread_rows * self.row_threads

    @property
    def columns(self) -> int:
        """Columns of the product that a workgroup computes."""
        return self.thread_columns * self.column_threads

    def count(self, rows: int, columns: int) -> tuple[int, int]:
        """Workgroups side by side, and one above the other, for a product of this size."""
        return -(-columns // self.columns), -(-rows // self.rows)


HARDWARE = Tile("tile/registers_4x4", 4, 4, 16, 4)
"""One block a thread keeps many threads busy, and 64 of them fill every vendor's wave."""

SMALL = Tile("tile/registers_4x4", 4, 4, 4, 4)
LARGE = Tile("tile/registers_8x8", 8, 8, 4, 2)
EIGHT_LANES = Tile("tile/subgroup_8", 4, 16, 8, 1)
"""On Mesa's software driver three times as fast as ``LARGE``: 3.8 against 1.2 GFLOP/s for the
first layer of 784-16-16-10, 4.2 against 0.9 for 784-128-10, at batch size 64 on two cores. The
same with four lanes gained nothing on SwiftShader."""

LARGE_PRODUCT = 200_000
"""Multiplications from which the larger tiles win on software adapters; below, they cost more
to compile (half a second on Mesa's) than they ever save."""


def choose_tile(rows: int, columns: int, depth: int, traits: Traits) -> Tile:
    """How to cut a product of this size."""
    if not traits.software:
        return HARDWARE
    if rows * columns * depth < LARGE_PRODUCT:
        return SMALL
    return EIGHT_LANES if traits.lanes == 8 else LARGE
