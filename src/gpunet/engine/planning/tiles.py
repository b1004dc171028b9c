"""How a matrix product is cut into workgroups and threads, and which way is taken when.

``layered`` says what is multiplied, the files in ``shaders/tile`` how a thread multiplies.
All tiles add up the terms of a sum in the same order, four at a time, so that the choice changes
the speed alone and never a bit of the result.
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
    """What the plan needs to know of a device.

    Args:
        software: whether the processor does the work.
        lanes: of a subgroup, if the shaders may use subgroups.
        threads: of a workgroup, at most; every WebGPU implementation grants these.
        persistent_rows: the largest batch for which the persistent plan is taken unasked; ``None``
            for any that it can take.
    """

    software: bool
    lanes: int | None = None
    threads: int = 256
    persistent_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A product of two matrices, once for each network.

    Args:
        kernel: says what is multiplied and what becomes of the product.
        rows: of the product.
        columns: of the product.
        depth: terms of each sum.
        networks: P.
        parts: into which the depth is split, each for workgroups of its own.
    """

    kernel: str
    rows: int
    columns: int
    depth: int
    networks: int
    parts: int = 1

    @property
    def multiplications(self) -> int:
        """Multiplications of the products of all networks."""
        return self.networks * self.rows * self.columns * self.depth

    def __str__(self) -> str:
        size = f"{self.rows}x{self.depth} by {self.depth}x{self.columns}"
        times = f", {self.networks} times" * (self.networks > 1)
        return f"{self.kernel} {size}" + times + f", in {self.parts} parts" * (self.parts > 1)


@dataclass(frozen=True, slots=True)
class Tile:
    """How the matrix products are cut.

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
        """The tile's name for users and in the cache of measurements."""
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
        """Workgroups side by side, and one above the other, for a product of this size."""
        return -(-columns // self.columns), -(-rows // self.rows)

    def fits(self, product: Product) -> bool:
        """Whether a dispatch may have as many workgroups as the product takes."""
        return max(self.count(product.rows, product.columns)) <= MOST_WORKGROUPS


MOST_WORKGROUPS = 65535
"""Workgroups along x and along y, at most; every WebGPU implementation grants so many."""

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
"""Tiles for GPUs; their 64 threads fill every vendor's wave."""

TILES = (*ON_SOFTWARE, *ON_HARDWARE)

WANTED_WORKGROUPS = 40
"""Workgroups of a product whose depth is split, at most: one for every compute unit of a middling
card, such as AMD's RX 6700 XT. More would take longer to add than they save, since one workgroup
adds them."""

FEWEST_PARTS = 4
"""Parts of a depth that is split, at least; fewer save less than adding them takes."""

TERMS_OF_A_PART = 60
"""Terms of a part, at least. With less than about two chunks of 32 terms a workgroup does little
but start."""

LARGE_PRODUCT = 200_000
"""Multiplications of one network from which the larger tiles win on software adapters; below,
they cost more to compile (half a second on Mesa's) than they ever save."""


def choose_tile(product: Product, traits: Traits) -> Tile:
    """How to cut a product that was not measured.

    On hardware the tile that suits every size, on software adapters the fastest of those measured
    in ``benchmarks/results/levers.md``.
    """
    if not traits.software:
        return SHARED_32
    if product.rows * product.columns * product.depth < LARGE_PRODUCT:
        return SMALL
    if traits.lanes == 8:
        return EIGHT_LANES_16 if product.columns <= EIGHT_LANES_16.columns else EIGHT_LANES_32
    return LARGE


def depth_parts(rows: int, columns: int, depth: int, traits: Traits) -> int:
    """Into how many equal parts to split the depth of a product, if the next pass adds the parts.

    Only hardware has threads to spare. One network's product decides, whatever the population, so
    that a network's bits do not depend on how many are trained beside it.
    """
    if traits.software:
        return 1
    across, down = SHARED_32.count(rows, columns)
    most = min(WANTED_WORKGROUPS // (across * down), depth // TERMS_OF_A_PART)
    blocks = -(-depth // 4)
    possible = range(most, FEWEST_PARTS - 1, -1)
    return next((parts for parts in possible if blocks % parts == 0), 1)


def candidates(traits: Traits) -> tuple[Tile, ...]:
    """What a measurement may choose from; tiles in workgroup memory pay on hardware alone."""
    if not traits.software:
        return ON_HARDWARE
    lanes = (EIGHT_LANES_16, EIGHT_LANES_32) if traits.lanes == 8 else ()
    return (*lanes, SMALL, LARGE)


def tile_rule(traits: Traits) -> str:
    """The rule of ``choose_tile`` in a few words."""
    if not traits.software:
        return "the one for all sizes on hardware"
    return f"products below {LARGE_PRODUCT:,} multiplications do not pay for compiling a large one"
