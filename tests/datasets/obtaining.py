"""A process of its own that downloads MNIST from another mirror than the published ones.

::

    python tests/datasets/obtaining.py URL NAME:SIZE:SHA256,... [--halt-before-the-end]

The last option stops it, with a line on the standard output, when the first file is written but
not yet in its place.
"""

import os
import sys
import time
from dataclasses import replace

from gpunet.cli.app import run
from gpunet.datasets import catalog
from gpunet.datasets.download import PublishedFile


def halt(fd: object) -> None:
    """Instead of waiting for the disk, wait to be killed."""
    print("written", flush=True)
    time.sleep(60)


url, words, *how = sys.argv[1:]
parts = [word.split(":") for word in words.split(",")]
files = tuple(PublishedFile(name, int(size), digest) for name, size, digest in parts)
offer = catalog._OFFERS["mnist"]
catalog._OFFERS["mnist"] = replace(offer, mirrors=(url,), files=files)
if how:
    os.fsync = halt
sys.exit(run(["datasets", "download", "mnist", "--force"]))
