"""Whether what would be tested is the tree that the tests lie in; importing this makes sure.

An installed copy of gpunet hides what is changed in the tree, so that tests would pass whatever
the change.
"""

from __future__ import annotations

import sys
from pathlib import Path

import gpunet
from gpunet.files.resources import data_file, shader_file

TREE = Path(__file__).resolve().parents[1]


def stranger(tree: Path, package: Path, *resources: Path) -> str | None:
    """Why the tests may not run, as a sentence; ``None`` if all is the tree's own.

    Args:
        tree: the checkout.
        package: the folder that gpunet was imported from.
        resources: the folders of shaders and data that it uses.
    """
    for own, seen in zip(("src/gpunet", "shaders", "data"), (package, *resources), strict=False):
        if seen.resolve() != (tree / own).resolve():
            return (
                f"the tests of {tree} would not test its {own} but {seen}; install the tree itself "
                f"by `{sys.executable} -m pip install -e '{tree}[dev]'`, or set PYTHONPATH to "
                f"{tree / 'src'}"
            )
    return None


found = stranger(TREE, Path(gpunet.__file__).parent, shader_file(), data_file())
if found is not None:
    raise SystemExit(f"error: {found}")
