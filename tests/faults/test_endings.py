"""What ends a training before its time, and what is there afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.killing import dataset

from gpunet.artifacts import model_file
from gpunet.artifacts.checkpoint import load_state
from gpunet.files.whole_file import PREFIX
from gpunet.model import Model

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="signals, mounts")

LONG = ("--device", "cpu", "--hidden", "6", "--epochs", "1000000", "--patience", "0")

SECONDS = 60


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    """The file of a small dataset."""
    return dataset(tmp_path / "data.npz")


def begin(
    data: Path, *options: str, stdout: int | None = subprocess.PIPE, folder: Path | None = None
) -> subprocess.Popen[str]:
    """A training that goes on and on, in the folder of its data."""
    return subprocess.Popen(
        [sys.executable, "-m", "gpunet", "train", "--data", str(data), *LONG, *options],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder or data.parent,
    )


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.01)


def wait_until_stopped(process: int) -> None:
    """Wait until the system holds a process."""
    deadline, state = time.monotonic() + SECONDS, ""
    while state != "T":
        assert time.monotonic() < deadline, "the process does not stop"
        time.sleep(0.01)
        state = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]


def saved(folder: Path) -> Model:
    """The model that a training has left, in its run or beside."""
    names = "model.safetensors", "run/best.safetensors", "runs/*/best.safetensors"
    (path,) = (path for name in names for path in folder.glob(name))
    return model_file.load(path)


def assert_saved(folder: Path) -> None:
    assert saved(folder).best_epoch > 0
    assert list(folder.rglob(f"{PREFIX}*")) == []


def test_a_request_to_end_saves_and_says_so_in_its_exit_code(noise: Path, tmp_path: Path) -> None:
    with begin(noise, "--plain", "--run-dir", "run") as process:
        wait_for(tmp_path / "run" / "last.safetensors")
        process.terminate()
        _, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, errors) == (128 + signal.SIGTERM, "")
    assert_saved(tmp_path)


def test_a_terminal_that_is_closed_ends_the_run_and_loses_nothing(
    noise: Path, tmp_path: Path
) -> None:
    import pty

    child, master = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.environ["TERM"] = "xterm-256color"
        command = [sys.executable, "-m", "gpunet", "train", "--data", str(noise), *LONG]
        os.execv(sys.executable, [*command, "--run-dir", "run"])
    wait_for(tmp_path / "run" / "last.safetensors")
    os.close(master)
    deadline = time.monotonic() + SECONDS
    while not os.waitpid(child, os.WNOHANG)[0]:
        assert time.monotonic() < deadline, "the run goes on without its terminal"
        time.sleep(0.05)
    assert_saved(tmp_path)


def test_a_reader_that_leaves_does_not_end_the_training(noise: Path, tmp_path: Path) -> None:
    with begin(noise, "--plain", "--epochs", "30") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read()
    assert (process.returncode, errors) == (1, "")
    assert_saved(tmp_path)
    assert saved(tmp_path).config.epochs == 30


def test_a_run_that_was_suspended_goes_on_as_if_nothing_had_been(
    noise: Path, tmp_path: Path
) -> None:
    whole = ("--plain", "--epochs", "120", "--showcase", "0")
    with begin(noise, *whole, "--run-dir", "suspended") as process:
        wait_for(tmp_path / "suspended" / "last.safetensors")
        process.send_signal(signal.SIGSTOP)  # Ctrl-Z stops no process without a terminal
        wait_until_stopped(process.pid)
        before = (tmp_path / "suspended" / "last.safetensors").stat().st_mtime_ns
        time.sleep(0.3)
        assert before == (tmp_path / "suspended" / "last.safetensors").stat().st_mtime_ns
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=SECONDS)
    with begin(noise, *whole, "--run-dir", "straight") as straight:
        straight.communicate(timeout=SECONDS)
    assert (process.returncode, straight.returncode) == (0, 0)
    states = [
        load_state(tmp_path / name / "last.safetensors")[1] for name in ("suspended", "straight")
    ]
    assert states[0].parameters.tobytes() == states[1].parameters.tobytes()


@pytest.fixture
def little_room(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "little"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_costs_the_checkpoints_and_not_the_training(
    noise: Path, tmp_path: Path, little_room: Path
) -> None:
    wide = ("--plain", "--hidden", "600", "--epochs", "3", "--run-dir", str(little_room / "run"))
    with begin(noise, *wide) as process:
        _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert errors.count("no space left on device") == 1
    assert_saved(tmp_path)
    assert list(little_room.rglob(f"{PREFIX}*")) == []


def test_a_disk_that_is_full_at_the_end_gets_the_model_elsewhere(
    noise: Path, tmp_path: Path, little_room: Path
) -> None:
    output = little_room / "model.safetensors"
    with begin(
        noise, "--plain", "--hidden", "600", "--epochs", "1", "--output", str(output)
    ) as process:
        _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "no space left on device" in errors
    elsewhere = Path(errors.split("it is saved as ")[1].split(" instead")[0])
    assert model_file.load(elsewhere).best_epoch == 1
    assert list(little_room.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_trained(
    noise: Path, little_room: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(little_room)], check=True)
    with begin(noise, "--plain", "--output", str(little_room / "model.safetensors")) as process:
        out, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "read-only file system" in errors
    assert "Traceback" not in errors
    assert "epoch" not in out
