"""Writes down the SPIR-V that wgpu hands to a Vulkan driver, for every kernel of gpunet's plans.

Mesa's llvmpipe writes what it is given into the folder that ``MESA_SPIRV_DUMP_PATH`` names, from
Mesa 25 on. ``check.sh`` says how this is called.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from gpunet.config import NetworkSpec
from gpunet.engine.factory import select_device
from gpunet.engine.planning.layered import Pass, cut
from gpunet.engine.planning.select import choose_plan
from gpunet.engine.planning.tiles import Traits, candidates
from gpunet.engine.planning.workload import Workload
from gpunet.engine.wgpu.device import reopen_device
from hardware.probes import CHECKS, shader_checks

__all__ = ["main"]

NETWORKS = (
    *(((16, 16), rows) for rows in (1, 4, 8, 16)),
    ((128,), 128),
    ((512, 512), 128),
    ((1024, 1024, 1024), 128),
    ((2500, 2000, 1500, 1000, 500), 256),
)
"""Hidden layers between 784 inputs and 10 classes, and the batch size."""

UNCHECKED = (((16, 16), 4), ((128,), 128), ((512, 512), 128))
"""Those whose kernels are captured without wgpu's checks, too."""


def main() -> None:
    """Capture every kernel into the folder that the command line names, with an index as JSON."""
    folder = Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    index: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as dumps:
        os.environ["MESA_SPIRV_DUMP_PATH"] = dumps
        for hidden, rows in NETWORKS:
            for checks in CHECKS if (hidden, rows) in UNCHECKED else ("checked",):
                name = f"784-{'-'.join(map(str, hidden))}-10, batch {rows}"
                for facts, compiled in _kernels(NetworkSpec(784, hidden, 10), rows):
                    for left in Path(dumps).iterdir():
                        left.unlink()
                    with shader_checks(CHECKS[checks]):
                        compiled()
                    for found in Path(dumps).glob("*.spirv"):  # none if it was compiled before
                        facts |= {"file": f"{len(index):04}.spv", "network": name, "checks": checks}
                        shutil.move(found, folder / facts["file"])
                        index.append(facts)
                print(f"{name}, {checks}: {len(index)} kernels so far", flush=True)
    (folder / "index.json").write_text(json.dumps(index, indent=0))


def _kernels(
    network: NetworkSpec, rows: int
) -> Iterator[tuple[dict[str, Any], Callable[[], object]]]:
    """The passes of a training step one by one, each with all tiles that hardware may take.

    Gives what is known of each, and what compiles it on a device that knows none of them yet.
    """
    adapter = select_device("gpu").adapter
    assert adapter is not None
    device = reopen_device(adapter)
    traits = Traits(software=False, threads=device.traits.threads)
    plan = choose_plan(Workload(network, rows, traits))
    variants: list[tuple[str, Pass]] = []
    for one in plan.passes:
        tiles = candidates(traits) if one.product else ()
        variants += [(tile.name, cut(one, tile)) for tile in tiles] or [("-", one)]
    for tile, one in variants:
        facts = {
            "kernel": one.label,
            "tile": tile,
            "workgroups": one.workgroups,
            "threads": one.threads,
            "product": one.product is not None,
        }
        yield (
            facts,
            partial(device.pipeline, one.label, one.pieces, one.constants, one.variables),
        )


if __name__ == "__main__":
    main()
