"""The compiler's figures of every kernel as a table in Markdown, with bounds from its loops.

A bound is the largest share of the peak of float32 that a kernel can reach if its loops, which do
nearly all the work, are held up by nothing but the busiest unit: the vector units that issue its
instructions, the memory of the workgroup (LDS), or the vector cache (L0).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.amd.listing import repeated_work

__all__ = ["bound", "main"]

FIGURES = (
    *("VGPRs", "SGPRs", "Spilled VGPRs", "LDS size", "Subgroups per SIMD", "Code size"),
    *("Instructions", "VALU", "SALU", "VMEM", "SMEM"),
)
"""As RADV names them."""

HEADING = (
    *("network", "checks", "kernel", "tile", "workgroups", "threads", "wave", *FIGURES),
    *("multiply-adds", "bound, % of peak", "bound where two are issued at once, %"),
)

LANES = 32
"""Of a vector unit; a wave of 64 takes two turns."""

BYTES_A_TURN = 128 / 2
"""That LDS and L0 each give two vector units in a turn."""


def main() -> None:
    """Print the table of the figures that the command line names."""
    path = Path(sys.argv[1])
    content = json.loads(path.read_text())
    print(f"# {path.stem} ({content['device']})\n")
    print(f"| {' | '.join(HEADING)} |\n|{' --- |' * len(HEADING)}")
    for kernel in content["kernels"]:
        print(f"| {' | '.join(_cells(kernel))} |")


def _cells(kernel: Mapping[str, Any]) -> Iterator[str]:
    figures = kernel["figures"]
    wave = figures["subgroup size"]
    yield from (kernel["network"], kernel["checks"], kernel["kernel"], kernel["tile"])
    yield from (",".join(map(str, kernel["workgroups"])), str(kernel["threads"]), str(wave))
    yield from (str(figures.get(name, "-")) for name in FIGURES)
    work = repeated_work(Path(kernel["listing"]).read_text()) if kernel["product"] else None
    if work is None:
        yield from ("-", "-", "-")
        return
    yield f"{_products(work) / work['vector']:.0%}"
    for paired in (False, True):
        share, unit = bound(work, wave, paired=paired)
        yield f"{100 * share:.0f} {unit}"


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
