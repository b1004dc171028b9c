"""How much memory of its own a process takes to open data that are larger than that."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

SIZE = 160  # MiB of features
MOST = 150  # MiB that a process may take beside what it takes with nothing open

ROWS, INPUTS = SIZE << 10, 1 << 10
OPEN = """
import sys, threading, time
from pathlib import Path
from gpunet.datasets.readers.path import read_path

def own() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1])

def watch() -> None:
    while not over.is_set():
        peaks.append(own())
        time.sleep(0.001)

over, peaks = threading.Event(), [own()]
thread = threading.Thread(target=watch)
thread.start()
data = read_path(Path(sys.argv[1]))
fingerprint = data.fingerprint
over.set()
thread.join()
print(max(peaks) - peaks[0] >> 10, data.train.features.nbytes + data.test.features.nbytes >> 20)
"""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="only Linux tells what memory is a process's own"
)


def taken(path: Path, folder: Path) -> int:
    """MiB that a process takes at most to open all of the data at a path."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", OPEN, path],
        capture_output=True,
        text=True,
        check=False,
        env={"GPUNET_CACHE": str(folder / "cache"), "PYTHONPATH": ":".join(sys.path)},
    )
    assert (done.stderr, done.returncode) == ("", 0)
    peak, opened = map(int, done.stdout.split())
    assert opened >= SIZE
    return peak


def features(kind: str = "u1") -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Bytes of features (ROWS, INPUTS) that pack well, no two rows alike."""
    rows = np.zeros((ROWS, INPUTS), kind)
    rows[:, :4] = np.arange(ROWS, dtype=np.uint32).view(np.uint8).reshape(-1, 4)
    return rows


def labels() -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.repeat(np.arange(10, dtype=np.uint8), ROWS // 10)


def as_idx(folder: Path) -> Path:
    for split in ("train", "t10k"):
        with (folder / f"{split}-images-idx3-ubyte").open("wb") as file:
            file.write(struct.pack(">IIII", 2051, ROWS, 32, 32))
            file.write(features().data)
        content = struct.pack(">II", 2049, ROWS) + labels().tobytes()
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(content)
    return folder


def as_npy(folder: Path) -> Path:
    np.save(folder / "X.npy", features())
    np.save(folder / "y.npy", labels())
    return folder


def as_npz(folder: Path) -> Path:
    np.savez(folder / "data.npz", X=features(), y=labels())
    return folder / "data.npz"


def as_packed_npz(folder: Path) -> Path:
    np.savez_compressed(folder / "data.npz", X=features(), y=labels())
    return folder / "data.npz"


def as_fortran_npz(folder: Path) -> Path:
    np.savez(folder / "data.npz", X=np.asfortranarray(features()), y=labels())
    return folder / "data.npz"


def as_large_numbers(folder: Path) -> Path:
    rows = features()[: ROWS // 2].astype(">i2")
    np.savez(folder / "data.npz", X=np.concatenate([rows, rows + 1000]), y=labels())
    return folder / "data.npz"


@pytest.mark.parametrize(
    "write", [as_idx, as_npy, as_npz, as_packed_npz, as_fortran_npz, as_large_numbers]
)
def test_data_larger_than_what_a_process_takes_are_opened(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    assert taken(write(tmp_path), tmp_path) < MOST
