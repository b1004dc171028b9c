"""What ``tools/set_up.sh`` promises and installs, in a folder with programs that are made up."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.own_tree import TREE

NOISY_APT = """
[ "$1" = install ] || exit 0
echo "debconf: delaying package configuration, since apt-utils is not installed" >&2
exit ${APT_FAILS:-0}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the script, and a root without any adapter whose apt-get is made up."""
    (tmp_path / "tools").mkdir()
    shutil.copy(TREE / "tools/set_up.sh", tmp_path / "tools")
    programs = {".venv/bin/python": "exit ${ADAPTERS:-1}", "bin/apt-get": NOISY_APT}
    programs |= {"bin/id": "echo ${ID:-0}", "bin/sudo": "exit 1"}
    for name, text in programs.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    return tmp_path


def set_up(checkout: Path, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if name != "CI"}
    known.pop("GPUNET_NO_SYSTEM_PACKAGES", None)
    known["PATH"] = f"{checkout / 'bin'}:{known['PATH']}"
    return subprocess.run(
        ["sh", checkout / "tools/set_up.sh", command],
        env=known | environment,
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.parametrize(
    ("environment", "promised"),
    [
        ({}, "1\n"),
        ({"ID": "1000"}, "0\n"),
        ({"GPUNET_NO_SYSTEM_PACKAGES": "1"}, "0\n"),
        ({"ID": "1000", "CI": "true"}, "1\n"),
    ],
)
def test_an_adapter_is_promised_where_a_driver_could_be_installed_and_in_ci(
    checkout: Path, environment: dict[str, str], promised: str
) -> None:
    assert set_up(checkout, "promise", **environment).stdout == promised


@pytest.mark.parametrize(("found", "device"), [("0", "gpu\n"), ("1", "auto\n")])
def test_make_train_is_told_the_device_that_shows_the_shaders_at_work(
    checkout: Path, found: str, device: str
) -> None:
    set_up(checkout, "driver", ADAPTERS=found, GPUNET_NO_SYSTEM_PACKAGES="1")
    assert (checkout / ".venv/.driver").read_text() == device


def test_what_apt_says_is_shown_only_if_it_fails(checkout: Path) -> None:
    quiet = set_up(checkout, "driver")
    assert "installing the system's mesa-vulkan-drivers" in quiet.stderr
    assert "debconf: delaying" not in quiet.stderr
    assert "debconf: delaying" in set_up(checkout, "driver", APT_FAILS="1").stderr
