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
    [*TRAIN, "--quiet", "--no-keep"],
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
    assert code == 0
    return found


def test_no_command_speaks_to_a_network(events: Events) -> None:
    spoken = [event for event in events if event[0].startswith(("socket", "urllib", "http"))]
    assert [event for event in spoken if event[0] != "socket.gethostname"] == []


def test_a_download_speaks_to_the_network_and_is_noticed(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9"
    download = [["datasets", "download", "mnist"]]
    code, found = watched(tmp_path, download, https_proxy=nobody, HTTPS_PROXY=nobody, NO_PROXY="")
    assert code == 1
    assert "socket.connect" in {name for name, _ in found}


def test_no_command_starts_another_program(events: Events) -> None:
    started = ("subprocess", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn")
    programs = [what for name, what in events if name.startswith(started)]
    fonts = "('fc-list',"  # of Matplotlib, which looks for fonts the first time it draws
    assert [what for what in programs if not what.startswith(fonts)] == []


def test_nothing_is_unpickled(events: Events) -> None:
    assert [event for event in events if event[0].startswith("pickle")] == []


def test_files_are_written_only_where_the_user_said(events: Events) -> None:
    written = {what for name, what in events if name == "open"}
    assert {"HERE/cache/strokes", "HERE/runs/one", "HERE"} <= written
    elsewhere = {what for what in written if not what.startswith("HERE")}
    assert elsewhere <= {str(Path(os.devnull).parent)}


TELLING = "anna-secret-project"


def test_nothing_that_is_passed_on_tells_the_folders_of_the_machine(tmp_path: Path) -> None:
    folder = tmp_path / TELLING
    (folder / "data").mkdir(parents=True)
    rows = "".join(f"{place % 2},{place % 2 + place / 100},1.5\n" for place in range(40))
    (folder / "data" / "points.csv").write_text(rows)
    data = ["--data", str(folder / "data" / "points.csv"), "--device", "cpu"]
    short = ["--epochs", "2", "--hidden", "4", "--batch-size", "8", "--plain"]
    files = ["--report", "run.json", "--plot", "curves.svg", "--name", "one"]
    tune = ["tune", *data, "--study", "two", "--trials", "2", "--epochs", "2"]
    code, _ = watched(
        folder,
        [
            ["train", *data, *short, *files],
            [*tune, "--output", "best.safetensors", "--report", "search.json"],
            ["evaluate", "best.safetensors"],
            ["train", "--resume", "runs/one", "--epochs", "3", "--device", "cpu", "--plain"],
            ["tune", "--resume", "two", "--trials", "3", "--device", "cpu", "--plain"],
        ],
    )
    assert code == 0
    artifacts = [path for path in folder.rglob("*") if path.is_file()]
    passed_on = [path for path in artifacts if "cache" not in path.parts]
    passed_on = [path for path in passed_on if path.name not in ("points.csv", "events.json")]
    assert {"model.safetensors", "best.safetensors", "run.json", "journal.log", "log"} <= {
        path.name for path in passed_on
    }
    telling = [str(path) for path in passed_on if TELLING.encode() in path.read_bytes()]
    assert telling == []


def test_a_model_that_is_moved_with_its_data_still_finds_them(tmp_path: Path) -> None:
    rows = "".join(f"{place % 2},{place % 2 + place / 100},1.5\n" for place in range(40))
    for name in ("data", "models"):
        (tmp_path / "here" / name).mkdir(parents=True)
    (tmp_path / "here" / "data" / "points.csv").write_text(rows)
    short = ["--epochs", "2", "--hidden", "4", "--device", "cpu", "-q"]
    model = ["--output", "models/m.safetensors"]
    assert (
        watched(tmp_path / "here", [["train", "--data", "data/points.csv", *short, *model]])[0] == 0
    )
    (tmp_path / "here").rename(tmp_path / "there")
    evaluate = [["evaluate", "models/m.safetensors"]]
    assert watched(tmp_path / "there", evaluate)[0] == 0
    (tmp_path / "there" / "data" / "points.csv").unlink()
    assert watched(tmp_path / "there", evaluate)[0] == 1
