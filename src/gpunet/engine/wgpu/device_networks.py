"""The networks and samples of an engine in a device's buffers."""

from __future__ import annotations

import math
from abc import ABC
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.interface import Engine, Split
from gpunet.engine.planning.layout import Layout
from gpunet.engine.planning.memory import buffer_bytes, most_samples, require_fit
from gpunet.engine.planning.program import BufferSpec, state_buffers
from gpunet.engine.planning.records import dropout_records, network_records
from gpunet.engine.population import MOMENTS
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.buffers import Buffers
from gpunet.engine.wgpu.data import DeviceData
from gpunet.engine.wgpu.device import OpenDevice, open_device, reopen_device

__all__ = ["DeviceNetworks"]


class DeviceNetworks(Engine, ABC):
    """The buffers of an engine on an adapter; ``WgpuEngine`` runs programs on them.

    Each network is in a slot. Active networks come first, so that dispatches can leave out the
    others.
    """

    def __init__(
        self, network: NetworkSpec, configs: TrainConfig | Sequence[TrainConfig], adapter: Adapter
    ) -> None:
        super().__init__(network, configs)
        self._adapter, self.device = adapter, adapter.info
        self._networks = network_records(self.settings)
        self._layout = Layout.of(network)
        self._loaded: dict[Split, Samples] = {}
        self._take(open_device(adapter))

    def _take(self, device: OpenDevice) -> None:
        """Create the buffers on a device, without data."""
        self._open = device
        self._buffers = Buffers(device)
        self._data = DeviceData(self._buffers)
        self._held = np.arange(self.population)  # (P,) the network in each slot
        self._running = self.population  # active networks, in the first slots
        self._require_room(self.batch_size)
        self._make(state_buffers(self.network, self.population, self.rule))
        self._write_dropout_rates()

    def _load(self, split: Split, samples: Samples) -> None:
        """Copy a split to the device, into its present buffers if it fits there."""
        weights = self._weights(split, samples)
        if split == "train" and not self._data.fits(split, samples, weights):
            self._require_room(len(samples))
        self._loaded[split] = samples
        self._data.load(split, samples, weights)

    def load_ahead(self, samples: Samples) -> None:
        """Copy the next training samples to the device, beside the present ones."""
        self._data.load_ahead(samples, self._weights("train", samples))

    def _weights(self, split: Split, samples: Samples) -> list[NDArray[np.float32]]:
        """Weights of the samples in the loss and the other metrics, unless all weigh the same."""
        in_loss = self.loss_weights(samples) if split == "train" else samples.weights
        return [one for one in (in_loss, samples.weights) if one is not None]

    def most_samples(self, split: Split, row_bytes: int) -> int:
        """How many samples fit in a buffer; for training, the epoch's order must fit, too."""
        limit = self._open.buffer_bytes
        if self.network.kind != "classes":  # one target per output, and two weights
            row_bytes = max(row_bytes, 4 * (self.network.outputs + 2))
        if split != "train":
            return limit // row_bytes
        return most_samples(self.population, self.batch_size, row_bytes, limit)

    def set_parameters(self, parameters: NDArray[np.float32]) -> None:
        """Set all weights and biases (P, N) and forget the optimizer's moments."""
        self._held, self._running = np.arange(self.population), self.population
        self._write_dropout_rates()
        self._buffers.write("parameters", self._layout.pack(parameters))
        self.set_moments(np.zeros((MOMENTS[self.rule], *parameters.shape), dtype=np.float32))

    def parameters(self) -> NDArray[np.float32]:
        """A copy of all weights and biases (P, N)."""
        packed = self._buffers.read("parameters", np.dtype(np.float32))
        return self._by_network(self._layout.unpack(packed.reshape(self.population, -1)))

    def set_moments(self, moments: NDArray[np.float32]) -> None:
        """Set the optimizer's moments (M, P, N)."""
        if moments.size:
            self._buffers.write("moments", self._layout.pack(moments[:, self._held]))

    def moments(self) -> NDArray[np.float32]:
        """A copy of the optimizer's moments (M, P, N)."""
        shape = (MOMENTS[self.rule], self.population, self._layout.size)
        kept = self._buffers.read("moments", np.dtype(np.float32))
        moments = self._layout.unpack(kept[: math.prod(shape)].reshape(shape))
        return self._by_network(moments.swapaxes(0, 1)).swapaxes(0, 1)

    def deactivate(self, networks: Collection[int]) -> None:
        """Exclude these networks: each swaps slots with the last active network."""
        for network in networks:
            (slot,) = np.flatnonzero(self._held == network)
            if slot < self._running:
                self._running -= 1
                self._swap(int(slot), self._running)
        self._write_dropout_rates()

    def memory(self) -> int:
        """Bytes of all buffers on the adapter."""
        return self._buffers.bytes

    def reopen(self) -> None:
        """Open the adapter again and copy all splits to it."""
        self._take(reopen_device(self._adapter))
        for split, samples in list(self._loaded.items()):
            self._load(split, samples)

    def close(self) -> None:
        """Destroy all buffers."""
        self._buffers.destroy()

    def _require_room(self, samples: int) -> None:
        """Make sure that the networks and the order of ``samples`` samples fit on the device."""
        needs = buffer_bytes(self.network, self.rule, self.batch_size, samples, self._open.traits)
        require_fit(self.population, needs, self._open.buffer_bytes, self.device.name)

    def _make(self, specs: Sequence[BufferSpec], split: str = "") -> dict[str, Any]:
        """The buffers of a program by their names in the shaders; each split has its own."""
        return {
            one.name: self._buffers.ensure(
                f"{split} {one.name}".strip(), one.bytes, uniform=one.usage == "uniform"
            )
            for one in specs
        }

    def _by_network(self, held: NDArray[Any]) -> NDArray[Any]:
        """Values (P, ...) in the order of networks, from values in the order of slots."""
        own = np.empty_like(held)
        own[self._held] = held
        return own

    def _swap(self, one: int, other: int) -> None:
        """Swap the networks in two slots."""
        self._held[[one, other]] = self._held[[other, one]]
        if one == other:
            return
        size, moments = 4 * self._layout.size, MOMENTS[self.rule]
        self._buffers.ensure("aside", 2 * size)  # WebGPU cannot copy within one buffer
        for name, arrays in (("parameters", 1), ("moments", moments)):
            for array in range(arrays):
                first, second = (size * (array * self.population + p) for p in (one, other))
                self._buffers.copy(
                    size,
                    [
                        (name, first, "aside", size),
                        (name, second, "aside", 0),
                        ("aside", 0, name, first),
                        ("aside", size, name, second),
                    ],
                )

    def _write_dropout_rates(self) -> None:
        rates = self.dropout_rates()[self._held]
        self._buffers.write("dropout_rates", dropout_records(rates))
