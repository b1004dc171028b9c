"""Reports the code that AMD's compiler generates for every kernel and tile, in Markdown.

The document names the compiler's version and the commands that remake it. A bound is the largest
share of the peak of float32 that a kernel can reach if its loops, which do nearly all the work, are
held up by nothing but the busiest unit: the vector units that issue its instructions, the memory of
the workgroup (LDS), or the vector cache (L0).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.amd.listing import repeated_work

__all__ = ["FAMILIES", "bound", "compiled", "main", "share"]

FAMILIES = ("navi21", "navi31", "renoir", "vega20")

HEADING = (
    *("network", "kernel", "tile", "threads", "wave", "registers", "spilled", "LDS, bytes"),
    *(
        "waves a SIMD",
        "multiply-adds",
        "clamps",
        "bound, %",
        "bound where two are issued at once, %",
    ),
)

INTRODUCTION = """\
# What AMD's compiler makes of every kernel

Figures of a compiler, not of a card: Mesa's RADV {version} on its null device. Registers,
spills and waves are its own; the share of multiply-adds among vector instructions and the clamps of
indices are counted in the loop that does the work; a bound is the share of the peak of float32 that
this loop allows. A dash: no such loop, as where a sum has few terms. By rule `shared_4x4` is taken,
and the persistent kernel of 392 threads where waves may have 32 lanes, else that of 196. Made by

    tools/amd/setup.sh FOLDER
    tools/amd/check.sh FOLDER {families}
"""

LANES = 32
"""Of a vector unit; a wave of 64 takes two turns."""

BYTES_A_TURN = 128 / 2
"""That LDS and L0 each give two vector units in a turn."""


def main() -> None:
    """Print the document on the families that the command line names after the folder."""
    folder, families = Path(sys.argv[1]), sys.argv[2:]
    print("\n".join(_document(folder, families)))


def compiled(folder: Path, family: str) -> list[dict[str, Any]]:
    """All kernels of a family as ``radv`` kept them, with the ``work`` of their loops."""
    kernels: list[dict[str, Any]] = json.loads((folder / f"{family}.json").read_text())["kernels"]
    for one in kernels:
        listing = Path(one["listing"]).read_text()
        one["work"] = repeated_work(listing) if one["product"] else None
    return kernels


def share(work: Mapping[str, int]) -> float:
    """Multiply-adds among the vector instructions."""
    return _products(work) / work["vector"]


def _document(folder: Path, families: Sequence[str]) -> Iterator[str]:
    package = next(folder.glob("debs/mesa-vulkan-drivers_*"))
    version = package.name.split("_")[1].replace("%3a", ":")
    yield INTRODUCTION.format(version=version, families=" ".join(families))
    for family in families:
        yield f"## {family}\n"
        yield f"| {' | '.join(HEADING)} |\n|{' --- |' * len(HEADING)}"
        for kernel in compiled(folder, family):
            yield f"| {' | '.join(_cells(kernel))} |"
        yield ""


def _cells(kernel: Mapping[str, Any]) -> Iterator[str]:
    figures, work = kernel["figures"], kernel["work"]
    wave = figures["subgroup size"]
    yield from (kernel["network"], kernel["kernel"], kernel["tile"], str(kernel["threads"]))
    yield str(wave)
    for name in ("VGPRs", "Spilled VGPRs", "LDS size", "Subgroups per SIMD"):
        yield str(figures[name])
    if work is None:
        yield from "----"
        return
    yield from (f"{share(work):.2f}", str(work["clamp"]))
    for paired in (False, True):
        most, unit = bound(work, wave, paired=paired)
        yield f"{100 * most:.0f} {unit}"


def bound(work: Mapping[str, int], wave: int, *, paired: bool) -> tuple[float, str]:
    """The largest share of the peak that this work can reach, and the unit that holds it up.

    Args:
        work: counts of instructions and bytes, as ``repeated_work`` gives them.
        wave: lanes of a subgroup.
        paired: whether the GPU issues two vector instructions at once: of a wave of 64 any
            multiply-add does both halves so, of a wave of 32 those that the compiler has paired.
    """
    turns, products = wave / LANES, _products(work)
    vector, peak = work["vector"] * turns, products * turns
    if paired:
        peak /= 2
        vector -= peak if wave == 64 else work["dual"] * turns
    units = {
        "VALU": vector,
        "LDS": work["lds_bytes"] * wave / BYTES_A_TURN,
        "L0": work["load_bytes"] * wave / BYTES_A_TURN,
    }
    busiest = max(units, key=units.__getitem__)
    return peak / units[busiest], busiest


def _products(work: Mapping[str, int]) -> int:
    return work["fma"] + work["packed_fma"]


if __name__ == "__main__":
    main()
