"""Tiles, which cut a matmul into workgroups and threads, and the rule that chooses one.

``layered`` says what is multiplied, the files in ``shaders/tile`` how a thread multiplies.
All tiles add the terms of a sum in the same order, four at a time, so the choice changes only the
speed and never a bit of the result.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "LARGE_PRODUCT",
    "TILES",
    "Product",
    "Tile",
    "Traits",
    "candidates",
    "choose_tile",
    "depth_parts",
    "tile_rule",
]


@dataclass(frozen=True, slots=True)
class Traits:
    """What the plan needs to know about a device.

    Args:
        software: whether it is a software adapter, whose work the processor does.
        lanes: lanes of a subgroup, if the shaders may use subgroups.
        threads: most threads of a workgroup; every WebGPU implementation allows the default.
        persistent_rows: the largest batch for which the persistent plan is chosen by default;
            ``None`` for any batch that it supports.
    """

    software: bool
    lanes: int | None = None
    threads: int = 256
    persistent_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A matmul that every network computes.

    Args:
        kernel: the shader that reads the factors and stores the product.
        rows: rows of the product.
        columns: columns of the product.
        depth: terms of each sum.
        networks: P.
        parts: number of parts that the depth is split into; each has its own workgroups.
    """

    kernel: str
    rows: int
    columns: int
    depth: int
    networks: int
    parts: int = 1

    @property
    def multiplications(self) -> int:
        """Multiplications of scalars, for all networks."""
        return self.networks * self.rows * self.columns * self.depth

    def __str__(self) -> str:
        size = f"{self.rows}x{self.depth} by {self.depth}x{self.columns}"
        times = f", {self.networks} times" * (self.networks > 1)
        return f"{self.kernel} {size}" + times + f", in {self.parts} parts" * (self.parts > 1)


@dataclass(frozen=True, slots=True)
class Tile:
    """How a matmul is cut into workgroups and threads.

    Args:
        shader: the file that multiplies.
        thread_rows: rows of the product that one thread computes.
        thread_columns: columns of the product that one thread computes.
        row_threads: threads of a workgroup along the rows.
        column_threads: threads of a workgroup along the columns.
    """

    shader: str
    thread_rows: int
    thread_columns: int
    row_threads: int
    column_threads: int

    @property
    def name(self) -> str:
        """The tile's name, for users and the cache of measurements."""
        return f"{self.shader.removeprefix('tile/')} {self.rows}x{self.columns}"

    @property
    def rows(self) -> int:
        """Rows of the product that a workgroup computes."""
        return self.thread_rows * self.row_threads

    @property
    def columns(self) -> int:
        """Columns of the product that a workgroup computes."""
        return self.thread_columns * self.column_threads

    def count(self, rows: int, columns: int) -> tuple[int, int]:
        """Workgroups along x (columns) and along y (rows) for a product of this size."""
        return -(-columns // self.columns), -(-rows // self.rows)

    def fits(self, product: Product) -> bool:
        """Whether one dispatch may have all workgroups of the product."""
        return max(self.count(product.rows, product.columns)) <= MOST_WORKGROUPS


MOST_WORKGROUPS = 65535
"""Most workgroups along x and along y; every WebGPU implementation allows this many."""

SMALL = Tile("tile/registers_4x4", 4, 4, 4, 4)
LARGE = Tile("tile/registers_8x8", 8, 8, 4, 2)
EIGHT_LANES_16 = Tile("tile/subgroup_4x16", 4, 16, 8, 1)
EIGHT_LANES_32 = Tile("tile/subgroup_4x32", 4, 32, 8, 1)

ON_SOFTWARE = (SMALL, LARGE, EIGHT_LANES_16, EIGHT_LANES_32)

SHARED_32 = Tile("tile/shared_4x4", 4, 4, 8, 8)
SHARED_64 = Tile("tile/shared_8x8", 8, 8, 8, 8)
REGISTERS_32 = Tile("tile/registers_4x4", 4, 4, 8, 8)
REGISTERS_64 = Tile("tile/registers_8x8", 8, 8, 8, 8)

ON_HARDWARE = (SHARED_32, SHARED_64, REGISTERS_32, REGISTERS_64)
"""Tiles for GPUs; their 64 threads fill a subgroup of every vendor."""

TILES = (*ON_SOFTWARE, *ON_HARDWARE)

WANTED_WORKGROUPS = 40
"""Most workgroups of a product whose depth is split: one for every compute unit of a mid-range
card, such as AMD's RX 6700 XT. More parts would take longer to add than they save, since a single
workgroup adds them."""

FEWEST_PARTS = 4
"""Fewest parts that a depth is split into; with fewer, adding them costs more than they save."""

TERMS_OF_A_PART = 60
"""Fewest terms per part. With less than about two chunks of 32 terms a workgroup does little
but start."""

LARGE_PRODUCT = 200_000
"""Multiplications per network from which the larger tiles win on software adapters. In smaller
products they save less than they cost to compile, half a second on Mesa's driver."""


def choose_tile(product: Product, traits: Traits) -> Tile:
    """The tile for a product that was not measured.

    On hardware it is the tile that suits every size, on software adapters the fastest one in the
    measurements of ``benchmarks/results/levers.md``.
    """
    if not traits.software:
        return SHARED_32
    if product.rows * product.columns * product.depth < LARGE_PRODUCT:
        return SMALL
    if traits.lanes == 8:
        return EIGHT_LANES_16 if product.columns <= EIGHT_LANES_16.columns else EIGHT_LANES_32
    return LARGE


def depth_parts(rows: int, columns: int, depth: int, traits: Traits) -> int:
    """Number of equal parts to split the depth of a product into, if the next pass adds them.

    Only hardware has threads to spare. The size of the population does not matter, so a network's
    bits do not depend on how many others are trained with it.
    """
    if traits.software:
        return 1
    across, down = SHARED_32.count(rows, columns)
    most = min(WANTED_WORKGROUPS // (across * down), depth // TERMS_OF_A_PART)
    blocks = -(-depth // 4)
    possible = range(most, FEWEST_PARTS - 1, -1)
    return next((parts for parts in possible if blocks % parts == 0), 1)


def candidates(traits: Traits) -> tuple[Tile, ...]:
    """The tiles to measure; those that use workgroup memory pay only on hardware."""
    if not traits.software:
        return ON_HARDWARE
    lanes = (EIGHT_LANES_16, EIGHT_LANES_32) if traits.lanes == 8 else ()
    return (*lanes, SMALL, LARGE)


def tile_rule(traits: Traits) -> str:
    """A short description of how ``choose_tile`` chooses."""
    if not traits.software:
        return "the one for all sizes on hardware"
    return f"products below {LARGE_PRODUCT:,} multiplications do not pay for compiling a large one"
