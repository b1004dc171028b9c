"""What a dataset is once it is in memory: samples, labels, classes, and where it came from.

Reading files belongs to ``readers``, fetching them to ``download``, drawing the built-in digits
to ``strokes``. A dataset's arrays are never written to.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dataset", "Samples", "Scaling"]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Labelled samples.

    Args:
        features: (n, I), either uint8 (0..255, read as 0..1) or float32 as they are.
        labels: (n,) int32, each from 0 to C - 1.
    """

    features: NDArray[np.uint8] | NDArray[np.float32]
    labels: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: slice | NDArray[np.integer]) -> Samples:
        return Samples(self.features[rows], self.labels[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """How float features are brought to mean 0 and standard deviation 1.

    Args:
        mean: (I,) float32, of the training samples.
        deviation: (I,) float32, of the training samples; 1 where a feature is constant.
    """

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(cls, features: NDArray[np.float32]) -> Scaling:
        """The scaling that standardizes these features (n, I)."""
        mean = features.mean(axis=0, dtype=np.float64)
        deviation = features.std(axis=0, dtype=np.float64)
        deviation[deviation == 0] = 1
        return cls(mean.astype(np.float32), deviation.astype(np.float32))

    def apply(self, samples: Samples) -> Samples:
        """The same samples, standardized."""
        scaled = (samples.features - self.mean) / self.deviation
        return Samples(scaled.astype(np.float32), samples.labels)


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A training and a test set of one kind.

    Args:
        name: as the user named it, or the file's stem.
        train: the training samples, the validation samples still among them.
        test: the test samples.
        classes: the classes' names, C of them.
        image_shape: height and width if a sample is a grey image, else ``None``.
        source: where it came from, in words for the user.
        notice: something that the user should know about the choice, or ``None``.
    """

    name: str
    train: Samples
    test: Samples
    classes: tuple[str, ...]
    image_shape: tuple[int, int] | None
    source: str
    notice: str | None = None

    @property
    def inputs(self) -> int:
        """Features per sample, I."""
        return int(self.train.features.shape[1])

    def fingerprint(self) -> str:
        """The SHA-256 of all samples and labels, in hexadecimal."""
        digest = hashlib.sha256()
        for samples in (self.train, self.test):
            digest.update(f"{samples.features.dtype.str} {samples.features.shape}".encode())
            digest.update(np.ascontiguousarray(samples.features).data)
            digest.update(np.ascontiguousarray(samples.labels).data)
        return digest.hexdigest()
