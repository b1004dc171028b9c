"""What gpunet does behind the user's back: nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

Events = list[list[str]]
"""The names of audit events, and what each was about."""

WATCHED = Path(__file__).with_name("watched.py")
TRAIN = ["train", "--data", "strokes:60+20", "--epochs", "1", "--hidden", "4", "--batch-size", "16"]
COMMANDS = [
    [*TRAIN, "--device", "cpu", "--name", "one", "--report", "run.json", "--plain"],
    [*TRAIN, "--quiet"],
    ["evaluate", "model.safetensors", "--json"],
    ["show", "model.safetensors"],
    ["showcase", "model.safetensors"],
    ["runs"],
    ["plot", "run.json"],
    ["tune", "--data", "strokes:60+20", "--trials", "2", "--epochs", "1", "--device", "cpu"],
    ["datasets", "list"],
    ["datasets", "preview", "strokes:60+20"],
    ["recipes"],
    ["devices"],
]


def watched(folder: Path, commands: list[list[str]], **environment: str) -> tuple[int, Events]:
    """The highest exit code, and what Python noticed while gpunet was imported and carried out."""
    done = subprocess.run(
        [sys.executable, "-B", WATCHED, json.dumps(commands)],
        cwd=folder,
        env=os.environ
        | {name: str(folder / "cache") for name in ("GPUNET_CACHE", "MPLCONFIGDIR")}
        | {"TMPDIR": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    events: Events = json.loads((folder / "events.json").read_text())
    return done.returncode, [[name, what.replace(str(folder), "HERE")] for name, what in events]


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Events:
    """What was noticed while all modules were imported and the commands ran."""
    code, found = watched(tmp_path_factory.mktemp("private"), COMMANDS)
    assert 0 == code
    return found


def test_no_command_speaks_to_a_network(events: Events) -> None:
    spoken = [event for event in events if event[0].startswith(("socket", "urllib", "http"))]
    assert [] == [event for event in spoken if event[0] != "socket.gethostname"]


def test_a_download_speaks_to_the_network_and_is_noticed(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9"
    download = [["datasets", "download", "mnist"]]
    code, found = watched(tmp_path, download, https_proxy=nobody, HTTPS_PROXY=nobody, NO_PROXY="")
    assert 1 == code
    assert "socket.connect" in {name for name, _ in found}


def test_no_command_starts_another_program(events: Events) -> None:
    started = ("subprocess", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn")
    programs = [what for name, what in events if name.startswith(started)]
    fonts = "('fc-list',"  # of Matplotlib, which looks for fonts the first time it draws
    assert [] == [what for what in programs if not what.startswith(fonts)]


def test_nothing_is_unpickled(events: Events) -> None:
    assert [] == [event for event in events if event[0].startswith("pickle")]


def test_files_are_written_only_where_the_user_said(events: Events) -> None:
    written = {what for name, what in events if name == "open"}
    assert {"HERE/cache/strokes", "HERE/runs/one", "HERE"} <= written
    elsewhere = {what for what in written if not what.startswith("HERE")}
    assert elsewhere <= {str(Path(os.devnull).parent)}
