"""Several workers on one study in PostgreSQL, one of them killed; workers that fall silent."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import optuna
import pytest

from gpunet.errors import StudyError
from gpunet.files.whole_file import PREFIX
from gpunet.search.storage import StudyStorage
from gpunet.search.study import SearchStudy
from gpunet.search.study_progress import GIVEN_BACK, RETRY_OF, WORKER
from gpunet.search.study_spec import StudySpec

WORKERS, TRIALS, POPULATION = 4, 16, 3

SPACE = """
[learning_rate]
low = 0.001
high = 0.1
log = true
[hidden]
choices = ["4", "6"]
"""


def postgresql_binaries() -> Path | None:
    """The folder of the server's programs, which Debian keeps off the path."""
    places = [Path(found).parent for found in [shutil.which("initdb")] if found]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


@pytest.fixture
def postgresql() -> Iterator[str]:
    """The URL of a server of its own on this machine."""
    binaries = postgresql_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's server is not installed")
    folder = Path(tempfile.mkdtemp(prefix="gpunet-"))
    user = None
    if os.getuid() == 0:  # as whom the server refuses to run
        shutil.chown(folder, user := "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
    control: list[str | Path] = [binaries / "pg_ctl", "-D", data, "-w", "-s"]
    try:
        initdb: list[str | Path] = [binaries / "initdb", "-D", data, "-U", "tester", "-A", "trust"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, user=user)
        log = folder / "log"
        start = [*control, "-l", log, "-o", options, "start"]
        subprocess.run(start, check=True, cwd=folder, user=user)
        yield f"postgresql://tester:hush@127.0.0.1:{port}/postgres"
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, cwd=folder, user=user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def points() -> Path:
    """A dataset that a batch takes a second or two to train on."""
    draws = np.random.default_rng(5)
    x, y = draws.integers(0, 256, (1200, 8, 8), dtype=np.uint8), np.arange(1200) % 2
    path = Path("points.npz")
    np.savez(path, x_train=x[:1000], y_train=y[:1000], x_test=x[1000:], y_test=y[1000:])
    return path


def start(url: str, place: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gpunet", "tune", "--data", "points.npz", "--device", "cpu"]
    command += ["--study", "many", "--storage", url, "--space", "space.toml", "--heartbeat", "1"]
    command += ["--epochs", "6", "--batch-size", "4", "--pruner", "none", "--plain"]
    command += ["--trials", str(TRIALS), "--population", str(POPULATION)]
    command += ["--output", f"{place}.safetensors"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True)


def busy(study: SearchStudy, process: int) -> bool:
    """Whether a worker has reported an epoch of a trial that is not done."""
    return any(
        trial.worker.endswith(f":{process}") and trial.state == "running" and trial.curve
        for trial in study.progress(TRIALS).trials
    )


def kill_when_busy(worker: subprocess.Popen[str], study: SearchStudy) -> None:
    """Let a stopped worker go on by milliseconds until it is within a batch; kill it there."""
    end = time.monotonic() + 60
    while not busy(study, worker.pid):
        assert time.monotonic() < end
        worker.send_signal(signal.SIGCONT)
        time.sleep(0.005)
        worker.send_signal(signal.SIGSTOP)
    worker.kill()
    worker.communicate()


@pytest.mark.usefixtures("points")
def test_four_workers_train_every_trial_once_though_one_is_killed(postgresql: str) -> None:
    Path("space.toml").write_text(SPACE)
    killed, *workers = [start(postgresql, number) for number in range(WORKERS)]

    assert killed.stdout is not None
    assert any(line.startswith("batch ") for line in killed.stdout)
    killed.send_signal(signal.SIGSTOP)  # or it may be done before anyone has looked
    with contextlib.closing(
        SearchStudy.resume(StudyStorage(postgresql, "many", 1), "many")
    ) as study:
        kill_when_busy(killed, study)
        outputs = [worker.communicate(timeout=120)[0] for worker in workers]
        assert [worker.returncode for worker in workers] == [0] * (WORKERS - 1), outputs
        assert "hush" not in "".join(outputs)
        progress = study.progress(TRIALS)
        assert TRIALS == progress.count("complete") == len(progress.trials)
        trials = study._study.trials
        lost = [one for one in trials if one.user_attrs.get(WORKER, "").endswith(f":{killed.pid}")]
        lost = [one for one in lost if GIVEN_BACK not in one.user_attrs]
        failed = {one.number for one in lost if one.state.name == "FAIL"}
        repeated = [one for one in trials if RETRY_OF in one.user_attrs]
        assert 1 <= len(failed) <= POPULATION
        assert failed == {one.user_attrs[RETRY_OF] for one in repeated}
        values = Counter(tuple(sorted(trial.values.items())) for trial in progress.trials)
        assert {1} == set(values.values())
        busiest = Counter(trial.worker for trial in progress.trials)
        assert len(busiest) >= 2


def test_a_worker_elsewhere_that_gives_no_sign_of_life_is_taken_for_dead(
    make_spec: Callable[..., StudySpec],
    make_tuner: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "sqlite:///studies.db"
    silent = SearchStudy.begin(StudyStorage(url, "one", 1), "one", make_spec(), join=True)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("gpunet.search.worker.socket.gethostname", lambda: "elsewhere")
        assert len(silent.claim(4, 6)) == 4
    study = SearchStudy.resume(StudyStorage(url, "one", 1), "one")
    progress = make_tuner(study).run()
    assert 6 == progress.count("complete") == len(progress.trials)


def test_the_lock_of_a_worker_that_was_killed_while_it_wrote_is_broken(
    make_spec: Callable[..., StudySpec], make_tuner: Callable[..., Any]
) -> None:
    study = SearchStudy.begin(StudyStorage(None, "one"), "one", make_spec(), join=False)
    journal = study.storage.folder / "journal.log"
    Path(f"{journal}.lock").symlink_to(journal.resolve())
    assert make_tuner(study).run().count("complete") == 6


@pytest.mark.parametrize("url", [None, "sqlite:///studies.db"])
@pytest.mark.parametrize("sampler", ["random", "grid"])
def test_a_study_whose_maker_was_killed_at_once_is_begun_anew(
    make_spec: Callable[..., StudySpec],
    make_tuner: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    url: str | None,
    sampler: str,
) -> None:
    monkeypatch.setattr("gpunet.search.study_opening.CREATION_TIMEOUT", 0.2)
    storage = StudyStorage(url, "one", 1)
    spec = make_spec({"hidden": {"choices": ["3", "4", "5"]}}, sampler=sampler)
    with monkeypatch.context() as dying:
        dying.setattr(optuna.Study, "set_user_attr", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            SearchStudy.begin(storage, "one", spec, join=False)
    study = SearchStudy.begin(storage, "one", spec, join=False)
    assert make_tuner(study, trials=3).run().count("complete") == 3


@pytest.mark.parametrize("url", [None, "sqlite:///studies.db"])
def test_a_trial_whose_worker_was_killed_before_it_noted_itself_is_waited_for(
    make_spec: Callable[..., StudySpec],
    make_tuner: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    url: str | None,
) -> None:
    monkeypatch.setattr("gpunet.search.study_opening.CREATION_TIMEOUT", 1.0)
    killed = SearchStudy.begin(StudyStorage(url, "one", 1), "one", make_spec(), join=True)
    with monkeypatch.context() as dying:
        dying.setattr(optuna.Trial, "set_user_attr", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            killed.claim(1, 6)
    study = SearchStudy.resume(StudyStorage(url, "one", 1), "one")
    progress = make_tuner(study).run()
    assert 6 == progress.count("complete") == len(progress.trials)


def test_a_worker_that_was_halted_while_it_asked_asks_again(
    make_spec: Callable[..., StudySpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpunet.search.study_opening.CREATION_TIMEOUT", 0.2)
    halted, other = (
        SearchStudy.begin(StudyStorage(None, "one"), "one", make_spec(), join=True)
        for _ in range(2)
    )
    note = optuna.Trial.set_user_attr

    def late(trial: optuna.Trial, key: str, value: Any) -> None:
        monkeypatch.setattr(optuna.Trial, "set_user_attr", note)
        time.sleep(0.3)
        assert [one.number for one in other.claim(1, 2)] == [1]
        note(trial, key, value)

    monkeypatch.setattr(optuna.Trial, "set_user_attr", late)
    assert [one.number for one in halted.claim(1, 2)] == [2]


def test_a_maker_that_was_too_slow_is_told(
    make_spec: Callable[..., StudySpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpunet.search.study_opening.CREATION_TIMEOUT", 0.2)
    storage = StudyStorage(None, "one")
    note = optuna.Study.set_user_attr

    def slow(study: optuna.Study, key: str, value: Any) -> None:
        with monkeypatch.context() as faster:
            faster.setattr(optuna.Study, "set_user_attr", note)
            SearchStudy.begin(storage, "one", make_spec(), join=False)
        note(study, key, value)

    monkeypatch.setattr(optuna.Study, "set_user_attr", slow)
    with pytest.raises(StudyError, match="removed the study one; run the command again"):
        SearchStudy.begin(storage, "one", make_spec(), join=False)


def test_what_a_killed_worker_left_of_a_model_is_removed_by_the_next(
    make_spec: Callable[..., StudySpec], make_tuner: Callable[..., Any]
) -> None:
    study = SearchStudy.begin(StudyStorage(None, "one"), "one", make_spec(), join=False)
    (study.storage.folder / f"{PREFIX}left").write_bytes(b"half")
    best = make_tuner(study).run().best.number
    left = {path.name for path in study.storage.folder.iterdir()}
    assert {"journal.log", f"trial-{best}.safetensors"} == left


def test_a_worker_that_gives_signs_of_life_keeps_its_trials(
    make_spec: Callable[..., StudySpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "sqlite:///studies.db"
    alive = SearchStudy.begin(StudyStorage(url, "one", 1), "one", make_spec(), join=True)
    with alive.alive():
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr("gpunet.search.worker.socket.gethostname", lambda: "elsewhere")
            assert len(alive.claim(2, 6)) == 2
        other = SearchStudy.resume(StudyStorage(url, "one", 1), "one")
        time.sleep(alive.storage.patience + 1.5)
        assert len(other.claim(6, 6)) == 4
