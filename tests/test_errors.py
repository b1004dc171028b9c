"""What a user is told to install is right for the very interpreter, and for a checkout."""

from __future__ import annotations

import sys
from importlib import metadata

import pytest

from gpunet.errors import MissingExtraError, pip_install, reason_of


def test_a_missing_extra_names_its_packages_for_this_interpreter() -> None:
    told = str(MissingExtraError("drawing a plot", "Matplotlib", "plots"))
    assert told.startswith("drawing a plot needs Matplotlib, which is not installed; run `")
    assert f"{sys.executable} -m pip install 'matplotlib>=" in told
    assert "gpunet" not in told.partition("pip install")[2]


def test_it_names_the_library_where_gpunet_is_no_installed_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nothing(_: str) -> list[str]:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "requires", nothing)
    told = str(MissingExtraError("searching for settings", "Optuna", "tune"))
    assert told.endswith(f"run `{pip_install('optuna')}`")


def test_a_command_can_be_pasted_into_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/my tools/python")
    assert pip_install("a>=1") == "'/my tools/python' -m pip install 'a>=1'"


def test_what_the_system_refuses_is_told_after_a_colon_and_keeps_names() -> None:
    assert reason_of(PermissionError(13, "Permission denied")) == "permission denied"
    assert reason_of(OSError("Cannot read /Data/X.png")) == "cannot read /Data/X.png"
