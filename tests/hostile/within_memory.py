"""A process of its own that reads files with little memory to spare, and says what came of each.

::

    python tests/hostile/within_memory.py MIB PATH...

It may take MIB more of address space than it has after its imports.
"""

import resource
import sys
from pathlib import Path

import PIL.Image  # noqa: F401 (its address space is no part of what a file costs)

from gpunet.artifacts.metrics_reader import read_events
from gpunet.artifacts.model_file import load
from gpunet.datasets.images import prepare_image
from gpunet.datasets.readers.path import read_path
from gpunet.errors import GpunetError


def read(path: Path) -> object:
    """Read a file as what its name says."""
    if path.suffix == ".safetensors":
        return load(path)
    if path.suffix == ".jsonl":
        return list(read_events(path))
    if path.suffix == ".png":
        return prepare_image(path, (8, 8))
    return read_path(path)


pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + (int(sys.argv[1]) << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for name in sys.argv[2:]:
    try:
        read(Path(name))
        print("read")
    except GpunetError as error:
        print(error)
