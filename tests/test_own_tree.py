"""The tests refuse to test another tree than their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.own_tree import TREE, stranger


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_package_and_resources_of_another_tree_are_named(tmp_path: Path, place: int) -> None:
    own = [TREE / "src/gpunet", TREE / "shaders", TREE / "data"]
    assert stranger(TREE, *own) is None
    own[place] = tmp_path
    assert f"but {tmp_path}" in str(stranger(TREE, *own))


def test_pytest_ends_in_one_sentence_where_an_installed_copy_hides_the_tree(tmp_path: Path) -> None:
    copy = tmp_path / "site-packages"
    shutil.copytree(TREE / "src/gpunet", copy / "gpunet", ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copytree(TREE / "shaders", copy / "gpunet/_shaders")
    shutil.copytree(TREE / "data", copy / "gpunet/_data")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/test_rng.py", "-p", "no:cacheprovider"],
        cwd=TREE,
        env=os.environ | {"PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"would not test its src/gpunet but {copy}" in done.stderr
    assert "pip install -e" in done.stderr
