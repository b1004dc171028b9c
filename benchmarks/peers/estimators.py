"""A process that fits one library's estimator, and is asked for figures line by line.

It is started as ``python -m peers.estimators MODULE:FUNCTION DEVICE FOLDER``, where the function
makes an estimator of ``Wish``es and the folder has the samples of ``save_samples``. All get the
same float32 features, and train as many epochs of softmax cross-entropy, ReLU, Adam and an L2
penalty of 1e-4 divided by the samples of a batch; ``contender`` is the other end.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Dataset
from peers.worker import answering, peak_memory

__all__ = ["ALPHA", "BATCH", "HIDDEN", "RATE", "Wishes", "save_samples"]

HIDDEN, BATCH, RATE, ALPHA = 128, 200, 1e-3, 1e-4

SMALL_ROWS = 150
"""The rows, and therefore the batch, of the small fit, which are iris's."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What an estimator is to be.

    Args:
        inputs: features of a sample.
        classes: how many there are.
        batch: samples of a step.
        epochs: to train.
        device: that gpunet is to take.
    """

    inputs: int
    classes: int
    batch: int
    epochs: int
    device: str


def own(wishes: Wishes) -> Any:
    """The estimator of this project."""
    import gpunet

    return gpunet.MLPClassifier(**_settings(wishes), device=wishes.device)


def scikit_learn(wishes: Wishes) -> Any:
    """scikit-learn's, from which gpunet's has its names."""
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(**_settings(wishes))


def _settings(wishes: Wishes) -> dict[str, Any]:
    """Both stop early unless no epoch can be without an improvement."""
    return {
        "hidden_layer_sizes": (HIDDEN,),
        "batch_size": wishes.batch,
        "learning_rate_init": RATE,
        "alpha": ALPHA,
        "max_iter": wishes.epochs,
        "n_iter_no_change": wishes.epochs,
        "random_state": 0,
    }


def skorch(wishes: Wishes) -> Any:
    """skorch's, around PyTorch's layers, without samples held out."""
    import torch
    from skorch import NeuralNetClassifier

    torch.manual_seed(0)
    layers = torch.nn.Sequential(
        torch.nn.Linear(wishes.inputs, HIDDEN),
        torch.nn.ReLU(),
        torch.nn.Linear(HIDDEN, wishes.classes),
    )
    return NeuralNetClassifier(
        layers,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        optimizer__weight_decay=ALPHA / wishes.batch,
        lr=RATE,
        max_epochs=wishes.epochs,
        batch_size=wishes.batch,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )


def save_samples(dataset: Dataset, rows: int | None, folder: Path) -> None:
    """Put images where every process reads them, as fractions; the first rows, or all."""
    for name, samples in (("train", dataset.train[:rows]), ("test", dataset.test[:rows])):
        features = samples.features.reshape(len(samples), -1).astype(np.float32) / np.float32(255)
        np.save(folder / f"{name}_features.npy", features)
        np.save(folder / f"{name}_labels.npy", samples.labels.astype(np.int64))


def main() -> None:
    """Answer until the input ends, or until something fails."""
    warnings.simplefilter("ignore")  # that so few epochs may not be enough
    kind, device, folder = sys.argv[1:]
    with answering() as answer:
        module, name = kind.split(":")
        worker = Worker(getattr(importlib.import_module(module), name), device, Path(folder))
        answer({"version": worker.version, "adapter": ""})
        for line in sys.stdin:
            command, *values = json.loads(line)
            known = {"small": worker.small, "large": worker.large}
            answer(known[command](*values))


class Worker:
    """An estimator's fits, and the clock.

    Args:
        make: gives an estimator.
        device: that gpunet is to take.
        folder: of the samples.
    """

    def __init__(self, make: Callable[[Wishes], Any], device: str, folder: Path) -> None:
        self._make, self._device, self._folder = make, device, folder

    @property
    def version(self) -> str:
        """The version of the estimator's library."""
        package = type(self._make(Wishes(1, 2, 1, 1, self._device))).__module__.split(".")[0]
        return str(importlib.import_module(package).__version__)

    def small(self, fits: int) -> dict[str, Any]:
        """Milliseconds of the first fit of iris in this process, and of later ones."""
        from sklearn.datasets import load_iris

        features, labels = load_iris(return_X_y=True)
        wishes = Wishes(4, 3, SMALL_ROWS, 1, self._device)
        taken = [self._timed(wishes, features.astype(np.float32), labels)[0] for _ in range(fits)]
        later = taken[1:] or taken
        return {"first": taken[0], "median": median(later), "best": min(later)}

    def large(self, epochs: int) -> dict[str, Any]:
        """One fit of the images: seconds, bytes of memory and the test accuracy."""
        features, labels = self._samples("train")
        wishes = Wishes(features.shape[1], 10, BATCH, epochs, self._device)
        _forget_peak()
        before = peak_memory()
        wall, processors, estimator = self._timed(wishes, features, labels)
        peak = peak_memory()
        accuracy = float(estimator.score(*self._samples("test")))
        return {
            "wall": wall,
            "processors": processors,
            "peak": peak,
            "added": peak - before,
            "accuracy": accuracy,
        }

    def _timed(
        self, wishes: Wishes, features: NDArray[np.float32], labels: NDArray[np.int64]
    ) -> tuple[float, float, Any]:
        """Seconds by the wall's clock and by the processors', and the estimator."""
        estimator = self._make(wishes)
        wall, processors = time.perf_counter(), time.process_time()
        estimator.fit(features, labels)
        return time.perf_counter() - wall, time.process_time() - processors, estimator

    def _samples(self, name: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        read = (np.load(self._folder / f"{name}_{part}.npy") for part in ("features", "labels"))
        features, labels = read
        return features, labels


def _forget_peak() -> None:
    """Have Linux count the largest size anew; elsewhere it is that of all that came before."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


if __name__ == "__main__":
    main()
