"""What shells offer: bash is driven itself, of the others what they would be given."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gpunet.cli.completion import data_names
from gpunet.config.choices import DEVICES
from gpunet.datasets.catalog import names
from gpunet.engine.factory import KINDS

DRIVER = """
eval "$(_GPUNET_COMPLETE=source_bash gpunet)"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_gpunet_completion gpunet
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(autouse=True)
def _folder_with_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kept = ("last.safetensors", "best.safetensors", "metrics.jsonl")
    for name in (
        *(f"runs/deep/{file}" for file in kept),
        *("runs/begun/metrics.jsonl", "tune/first/best.safetensors", "m.safetensors", "my.csv"),
    ):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    Path("bin").mkdir()
    program = Path("bin/gpunet")
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gpunet "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.skipif(not shutil.which("bash") or sys.platform == "win32", reason="there is no bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["ev"], ["evaluate"]),
        (["train", "m"], ["mnist", "m.safetensors", "my.csv"]),
        (["train", "--data", "f"], ["fashion-mnist"]),
        (["train", "--data", "x"], [""]),  # so that bash offers files
        (["train", "--device", "v"], ["vulkan"]),
        (["train", "--resume", ""], ["deep"]),
        (["tune", "--resume", ""], ["first"]),
        (["evaluate", ""], ["deep", "m.safetensors", "tune/first/best.safetensors"]),
        (["evaluate", "r"], ["runs/deep"]),
        (["predict", "m"], ["m.safetensors", "my.csv"]),
        (["predict", "my"], [""]),
        (["watch", "b"], ["begun"]),
        (["runs", "show", "runs/"], ["runs/begun", "runs/deep"]),
        (["help", "sche"], ["schedules", "schedule"]),
        (["help", "ev"], ["evaluate"]),
        (["recipes", "n"], ["nielsen"]),
        (["datasets", "download", "m"], ["mnist"]),
        (["train", "--le"], ["--leaky-slope", "--learning-rate"]),
        (["train", "--schedule", "cos"], ["cosine", "coslog4"]),
    ],
)
def test_bash_is_offered_what_fits(typed: list[str], offered: list[str]) -> None:
    done = subprocess.run(
        ["bash", "-c", DRIVER, "bash", "gpunet", *typed], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.removesuffix("\n").split("\n") == offered


@pytest.mark.parametrize(
    ("shell", "given"),
    [
        ("zsh", """_arguments '*: :(("cosine"\n"coslog4"))'"""),
        ("fish", "cosine\ncoslog4"),
    ],
)
def test_other_shells_are_given_the_same_in_their_words(shell: str, given: str) -> None:
    environ = {
        **os.environ,
        "_GPUNET_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": "gpunet train --schedule cos",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = subprocess.run(
        [sys.executable, "-m", "gpunet"], capture_output=True, text=True, env=environ
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, given, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script_that_asks_this_program(shell: str) -> None:
    environ = {**os.environ, "_GPUNET_COMPLETE": f"source_{shell}"}
    done = subprocess.run(
        [sys.executable, "-m", "gpunet"], capture_output=True, text=True, env=environ
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"_GPUNET_COMPLETE=complete_{shell}" in done.stdout
    assert "gpunet" in done.stdout


def test_what_is_offered_without_looking_is_what_there_is() -> None:
    assert ("auto", "cpu", *KINDS) == DEVICES
    Path("my.csv").unlink()
    assert set(data_names("")) >= set(names())
    assert [name for name in data_names("") if name in names()] == list(names())


def test_zsh_is_told_of_each_command_in_a_whole_sentence() -> None:
    environ = {
        **os.environ,
        "_GPUNET_COMPLETE": "complete_zsh",
        "_TYPER_COMPLETE_ARGS": "gpunet wat",
    }
    done = subprocess.run(
        [sys.executable, "-m", "gpunet"], env=environ, capture_output=True, text=True
    )
    sentence = "Watch runs that other processes train, one or several in one picture"
    assert f'"watch":"{sentence}"' in done.stdout
