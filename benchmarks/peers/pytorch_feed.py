"""PyTorch's DataLoader over the same rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain
from typing import Any

import torch
from torch.nn import functional
from torch.utils.data import DataLoader

from peers.feed import BATCH, HIDDEN, Feed
from peers.pytorch import network
from peers.rows_file import RowsFile
from peers.task import BETAS, EPSILON, LEARNING_RATE, Features, Labels, first_layers


class Rows:
    """A dataset of rows and labels one by one, as most people write it; the loader batches them."""

    def __init__(self, features: Features, labels: Labels) -> None:
        self.features, self.labels = features, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> tuple[Any, int]:
        return self.features[row], int(self.labels[row])


class Batches(Rows):
    """The rows of a batch at once, as the loader allows where a dataset has this method."""

    def __getitems__(self, rows: list[int]) -> tuple[Any, Any]:
        """A batch's rows (B, 784) and labels (B,)."""
        features = torch.from_numpy(self.features[rows])
        return features, torch.from_numpy(self.labels[rows]).long()


class LoaderFeed(Feed):
    """A loop over a DataLoader, with one thread for the steps.

    Args:
        rows: to train on.
        device: ``cpu`` or ``cuda``.
        mapped: whether they stay in their file.
        workers: processes of the loader, 0 if the loop reads itself.
        batched: whether the dataset gives a whole batch at once.
    """

    def __init__(
        self, rows: RowsFile, device: str, *, mapped: bool, workers: int = 0, batched: bool = False
    ) -> None:
        torch.set_num_threads(1)
        torch.backends.cuda.matmul.allow_tf32 = False  # float32 as everybody else has it
        content = rows.features(mapped=mapped), rows.labels()
        self._loader = DataLoader(
            Batches(*content) if batched else Rows(*content),
            batch_size=BATCH,
            shuffle=True,
            num_workers=workers,
            collate_fn=_as_it_is if batched else None,
            pin_memory=device == "cuda",
            persistent_workers=workers > 0,
        )
        self._device = device
        self._model = network(first_layers(HIDDEN)).to(device)
        self._optimizer = torch.optim.Adam(
            self._model.parameters(), lr=LEARNING_RATE, betas=BETAS, eps=EPSILON, fused=True
        )
        self._batches: Iterator[Any] = iter(())

    @property
    def version(self) -> str:
        """PyTorch's."""
        return str(torch.__version__)

    def begin(self) -> None:
        """Draw the order, and wait for the first batch; the first epoch starts the workers."""
        batches = iter(self._loader)
        self._batches = chain([next(batches)], batches)

    def train(self, seconds: float) -> tuple[int, float]:
        """Batches one by one."""
        began, seen = time.perf_counter(), 0
        total = torch.zeros((), device=self._device)
        while time.perf_counter() - began < seconds:
            batch = next(self._batches, None)
            if batch is None:
                break
            features, labels = (one.to(self._device, non_blocking=True) for one in batch)
            self._optimizer.zero_grad(set_to_none=True)
            loss = functional.cross_entropy(self._model(features.float() / 255), labels)
            loss.backward()
            self._optimizer.step()
            total += loss.detach() * len(labels)
            seen += len(labels)
        return seen, float(total) / max(1, seen)


def _as_it_is(batch: Any) -> Any:
    return batch
