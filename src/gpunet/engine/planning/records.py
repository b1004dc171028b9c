"""The records that the host writes into a program's buffers, as the shaders read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.engine.planning.layout import padded
from gpunet.engine.population import NetworkSettings
from gpunet.files.resources import shader_file

__all__ = [
    "NETWORK",
    "dropout_records",
    "in_batches",
    "label_words",
    "level",
    "network_records",
    "packed",
    "weights_by_step",
]


@cache
def _struct(file: str, name: str) -> np.dtype[Any]:
    """The numpy type of a shader's struct, whose fields must all be 32 bits wide."""
    text = shader_file(file).read_text(encoding="utf-8")
    body = text.partition(f"struct {name} {{")[2].partition("}")[0]
    found = re.findall(r"^ *(\w+): ([uf])32,", body, flags=re.MULTILINE)
    return np.dtype([(field, f"{kind}4") for field, kind in found])


NETWORK = _struct("network.wgsl", "Network")
"""``struct Network`` of shaders/network.wgsl."""


def network_records(settings: tuple[NetworkSettings, ...]) -> NDArray[Any]:
    """``NETWORK`` records (P,) at the start of an epoch."""
    records = np.zeros(len(settings), dtype=NETWORK)
    as_they_are = {one.name for one in fields(NetworkSettings)}.intersection(NETWORK.names or ())
    for record, one in zip(records, settings, strict=True):
        record["input_threshold"] = int(float(np.float32(one.input_dropout)) * 2.0**32)
        record["input_scale"] = 1 / (1 - float(np.float32(one.input_dropout)))
        for name in as_they_are:
            record[name] = getattr(one, name)
    return records


def dropout_records(rates: NDArray[np.float32]) -> NDArray[Any]:
    """``struct DropoutRate`` of shaders/dropout_rates.wgsl for rates (P, H); never empty."""
    kind = _struct("dropout_rates.wgsl", "DropoutRate")
    records = np.zeros(max(1, rates.size), dtype=kind)
    exact = rates.astype(np.float64).ravel()
    records["threshold"][: rates.size] = exact * 2.0**32
    records["scale"][: rates.size] = 1 / (1 - exact)
    return records


def in_batches(order: NDArray[np.uint32], rows: int) -> NDArray[np.uint32]:
    """The order (P, n) split into batches (P, S, B), each padded with its last sample."""
    networks, count = order.shape
    whole = count // rows
    batches = np.empty((networks, -(-count // rows), padded(rows)), dtype=np.uint32)
    batches[:, :whole, :rows] = order[:, : whole * rows].reshape(networks, whole, rows)
    if rest := count - whole * rows:
        batches[:, whole, :rest] = order[:, whole * rows :]
        batches[:, whole, rest:] = order[:, -1:]
    batches[:, :, rows:] = batches[:, :, rows - 1 : rows]
    return batches


def level(rows: Sequence[NDArray[np.integer]]) -> NDArray[np.uint32]:
    """Rows of P networks as (P, n), each padded with its last row, or with zeros if it has none."""
    longest = max(map(len, rows), default=0)
    filled = np.zeros((len(rows), longest), dtype=np.uint32)
    for own, line in zip(rows, filled, strict=True):
        line[: len(own)] = own
        line[len(own) :] = own[-1] if len(own) else 0
    return filled


def weights_by_step(
    weights: NDArray[np.float32],
    order: NDArray[np.uint32],
    counts: Sequence[int],
    rows: int,
) -> NDArray[np.float64]:
    """Total weight (P, S) of the samples seen after each step of an epoch.

    Args:
        weights: (n,) weights of all samples.
        order: (P, m) the rows of the epoch.
        counts: (P,) how many of these rows each network uses.
        rows: rows of a full batch.
    """
    own = np.arange(order.shape[1]) < np.array(counts)[:, None]
    starts = np.arange(0, order.shape[1], rows)
    return np.add.reduceat(np.where(own, weights[order], 0.0), starts, axis=1).cumsum(axis=1)


def label_words(labels: NDArray[Any], weights: Sequence[NDArray[np.float32]]) -> NDArray[np.uint32]:
    """Labels (n,) or targets (n, T), each followed by its weights, as (n, words)."""
    told = labels.astype(np.uint32 if labels.ndim == 1 else np.float32, copy=False)
    columns = [told.reshape(len(labels), -1), *(one[:, None] for one in weights)]
    return np.hstack([one.view(np.uint32) for one in columns])


def packed(features: NDArray[Any]) -> NDArray[Any]:
    """The samples (n, I) as the device stores them: rows padded to a multiple of 4."""
    padding = -features.shape[1] % 4
    wide: NDArray[Any] = np.pad(features, ((0, 0), (0, padding))) if padding else features
    return np.ascontiguousarray(wide, np.uint8 if wide.dtype == np.uint8 else np.float32)
