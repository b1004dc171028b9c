"""The page of 784-128-10, a whole file in a real browser: its size, and that it answers alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.export.conftest import OpenPage

import gpunet
from gpunet.config import TrainConfig
from gpunet.model import Model, Origin, Scores
from gpunet.parameters import initial_parameters

KILOBYTE = 1000

FORM = "test-digits"


@pytest.fixture(scope="module")
def digits() -> gpunet.Dataset:
    """5,000 images as large as MNIST's, with as much ink and as many levels of grey."""
    draws = np.random.default_rng(3)
    rows = np.zeros((5000, 28, 28))
    for row in rows:
        at = draws.normal(scale=0.8, size=(24, 2)).cumsum(axis=0)  # a stroke that wanders
        down, across = np.clip(np.rint(14 + at - at.mean(axis=0)), 5, 22).astype(int).T
        for shift in ((0, 0), (0, 1), (1, 0), (1, 1)):
            row[down + shift[0], across + shift[1]] += draws.uniform(60, 255, len(down))
    images = np.clip(rows, 0, 255).astype(np.uint8).reshape(5000, 784)
    labels = (np.arange(5000) % 10).astype(str)
    return gpunet.Dataset.from_arrays(
        images[:4000], labels[:4000], images[4000:], labels[4000:], image_shape=(28, 28)
    )
