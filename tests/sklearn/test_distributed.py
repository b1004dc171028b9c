"""Searches whose fits run in worker processes: of Dask, or of joblib's own pool."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.own_tree import TREE

pytest.importorskip("sklearn")
pytest.importorskip("distributed")

import cloudpickle
import distributed
import joblib
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

import gpunet
from gpunet.engine.factory import select_device
from gpunet.engine.wgpu.adapters import Adapter

pytestmark = pytest.mark.timeout(120)

GRID = {"alpha": [1e-4, 1.0], "dropout": [0.0, 0.3]}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes on this machine, whose dashboard takes any free port."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=None
    ) as cluster:
        yield cluster


def grid_search(device: Any = "cpu", epochs: int = 5, **given: Any) -> Any:
    network = gpunet.MLPClassifier(
        (8,), max_iter=epochs, n_iter_no_change=epochs, random_state=1, device=device
    )
    return GridSearchCV(network, GRID, cv=3, **given)


def outcome(search: Any) -> tuple[bytes, ...]:
    """All bits that a search came to: every score, and the weights of the best."""
    scores = [search.cv_results_[f"split{fold}_test_score"] for fold in range(3)]
    return tuple(np.asarray(one).tobytes() for one in (*scores, *search.best_estimator_.coefs_))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_search_gives_the_same_bits_here_in_worker_processes_and_on_dask(cluster: Any) -> None:
    X, y = load_iris(return_X_y=True)  # noqa: N806
    here = outcome(grid_search().fit(X, y))
    assert here == outcome(grid_search(n_jobs=2).fit(X, y))
    with distributed.Client(cluster), joblib.parallel_config("dask"):
        assert here == outcome(grid_search().fit(X, y))


def taken(devices: list[str]) -> tuple[int, str]:
    """This worker process, and the device that it takes of several."""
    time.sleep(0.2)  # so that one worker does not take everything
    return os.getpid(), select_device(devices).info.name


def test_each_worker_takes_a_device_of_its_own(cluster: Any, adapter: Adapter) -> None:
    jobs = [joblib.delayed(taken)(["cpu", str(adapter.index)])] * 6
    for backend in ("loky", "dask"):
        with distributed.Client(cluster), joblib.parallel_config(backend, n_jobs=2):
            found = dict(joblib.Parallel()(jobs))
        assert len(found) == len(set(found.values())) == 2, backend


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fitted_estimators_and_searches_travel_as_bytes_without_a_device(
    adapter: Adapter,
) -> None:
    X, y = load_iris(return_X_y=True)  # noqa: N806
    search = grid_search(str(adapter.index), epochs=1).fit(X, y)
    again = cloudpickle.loads(cloudpickle.dumps(search))
    assert np.array_equal(search.predict_proba(X), again.predict_proba(X))
    held = [type(one).__module__ for one in vars(search.best_estimator_).values()]
    assert [name for name in held if name.startswith(("wgpu", "gpunet.engine"))] == []


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_worker_that_dies_is_replaced_and_its_fits_are_done_again(cluster: Any) -> None:
    X, y = load_iris(return_X_y=True)  # noqa: N806
    here = outcome(grid_search(epochs=300).fit(X, y))
    with distributed.Client(cluster) as client, joblib.parallel_config("dask"):
        first, *_ = client.run(os.getpid).values()
        killer = subprocess.Popen([sys.executable, "-c", KILLS, str(first)])
        try:
            assert here == outcome(grid_search(epochs=300).fit(X, y))
        finally:
            assert killer.wait() == 0
        assert first not in client.run(os.getpid).values()


KILLS = "import os, signal, sys, time; time.sleep(0.3); os.kill(int(sys.argv[1]), signal.SIGKILL)"

INTERRUPTED = """
import joblib, sys
from distributed import Client, LocalCluster
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
import gpunet

if __name__ == "__main__":
    network = gpunet.MLPClassifier(max_iter=10**6, n_iter_no_change=10**6)
    search = GridSearchCV(network, {"alpha": [0.1, 1.0]}, cv=2)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        with Client(cluster), joblib.parallel_config("dask"):
            print("begun", flush=True)
            try:
                search.fit(*load_iris(return_X_y=True))
            except KeyboardInterrupt:
                print("interrupted", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals as Unix has them")
def test_ctrl_c_ends_a_search_on_dask_and_its_workers(tmp_path: Path) -> None:
    script = tmp_path / "search.py"
    script.write_text(INTERRUPTED)
    environment = {**os.environ, "PYTHONPATH": str(TREE / "src")}
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,  # a terminal's Ctrl-C reaches the workers, too
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            time.sleep(2)
            os.killpg(process.pid, signal.SIGINT)
            assert process.communicate(timeout=60)[0] == "interrupted\n"
        finally:
            os.killpg(process.pid, signal.SIGKILL)
