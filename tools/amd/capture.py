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
from gpunet.engine.planning.passes import Pass, cut
from gpunet.engine.planning.select import select_plan
from gpunet.engine.planning.tiles import Traits, candidates
from gpunet.engine.planning.workload import Workload
from gpunet.engine.wgpu.device import reopen_device

__all__ = ["main"]

NETWORKS = (
    *(((16, 16), rows) for rows in (1, 4, 8, 16)),
    ((128,), 128),
    ((512, 512), 128),
)
"""Hidden layers between 784 inputs and 10 classes, and the batch size."""


def main() -> None:
    """Capture every kernel into the folder that the command line names, with an index as JSON."""
    folder = Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    index: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as dumps:
        os.environ["MESA_SPIRV_DUMP_PATH"] = dumps
        for hidden, rows in NETWORKS:
            network = NetworkSpec(784, hidden, 10)
            for facts, compiled in _kernels(network, rows):
                for left in Path(dumps).iterdir():
                    left.unlink()
                compiled()
                for found in Path(dumps).glob("*.spirv"):  # none if it was compiled before
                    facts |= {"file": f"{len(index):04}.spv", "network": f"{network}, batch {rows}"}
                    shutil.move(found, folder / facts["file"])
                    index.append(facts)
            print(f"{network}, batch {rows}: {len(index)} kernels so far", flush=True)
    (folder / "index.json").write_text(json.dumps(index, indent=0))


def _kernels(
    network: NetworkSpec, rows: int
) -> Iterator[tuple[dict[str, Any], Callable[[], object]]]:
    """The passes of a training step one by one, with all tiles and threads that hardware may take.

    Gives what is known of each, and what compiles it on a device that knows none of them yet.
    """
    adapter = select_device("gpu").adapter
    assert adapter is not None
    device, variants = reopen_device(adapter), list[tuple[str, Pass]]()
    for traits in (Traits(False, threads=threads) for threads in (256, 512)):
        for one in select_plan(Workload(network, rows, traits)).passes:
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
