"""The buffers of one engine on its device, by the names of the shaders' variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.engine.wgpu.device import OpenDevice
from gpunet.errors import DeviceError, spelled

__all__ = ["Buffers"]

PIECE = 16 << 20
"""Most bytes per write; wgpu keeps a copy of them until the device has them."""


class Buffers:
    """Named buffers on a device.

    All methods raise ``DeviceError`` if the device is lost or has too little memory.
    """

    def __init__(self, device: OpenDevice) -> None:
        self._device = device
        self._named: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        return self._named[name]

    @property
    def bytes(self) -> int:
        """Total bytes of all buffers."""
        return sum(buffer.size for buffer in self._named.values())

    def ensure(self, name: str, size: int, *, uniform: bool = False) -> Any:
        """The buffer ``name`` with ``size`` bytes, created again if its size was different.

        Raises:
            DeviceError: the device cannot bind that many bytes.
        """
        import wgpu

        existing = self._named.get(name)
        if existing is not None and existing.size == size:
            return existing
        self._require_room(size)
        if existing is not None:
            existing.destroy()
        kind = wgpu.BufferUsage.UNIFORM if uniform else wgpu.BufferUsage.STORAGE
        with self._device.guarded():
            self._named[name] = self._device.handle.create_buffer(
                label=name,
                size=size,
                usage=kind | wgpu.BufferUsage.COPY_SRC | wgpu.BufferUsage.COPY_DST,
            )
        return self._named[name]

    def write(self, name: str, data: NDArray[Any]) -> None:
        """Write data to the start of the buffer ``name``."""
        if not data.size:  # if no network is active
            return
        raw = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
        queue = self._device.handle.queue
        with self._device.guarded():
            for at in range(0, len(raw), PIECE):
                if at:
                    queue.submit([])  # frees the memory of the pieces before
                queue.write_buffer(self._named[name], at, raw[at : at + PIECE])

    def read(self, name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
        """A copy of the whole buffer ``name``; waits until the device is done."""
        with self._device.guarded():
            raw = self._device.handle.queue.read_buffer(self._named[name])
        return np.frombuffer(raw, dtype=dtype).copy()

    def copy(self, size: int, parts: Sequence[tuple[str, int, str, int]]) -> None:
        """Copy ``size`` bytes per part, from (buffer, offset) to (buffer, offset)."""
        with self._device.guarded():
            encoder = self._device.handle.create_command_encoder(label="copies")
            for source, start, target, at in parts:
                encoder.copy_buffer_to_buffer(self[source], start, self[target], at, size)
            self._device.handle.queue.submit([encoder.finish()])

    def destroy(self) -> None:
        """Destroy all buffers."""
        for buffer in self._named.values():
            buffer.destroy()
        self._named.clear()

    def _require_room(self, size: int) -> None:
        if size > self._device.buffer_bytes:
            raise DeviceError(
                f"{self._device.adapter.info.name} binds at most "
                f"{self._device.buffer_bytes >> 20:,} MiB at once, but {-(-size >> 20):,} MiB are "
                f"needed; use fewer units or a smaller batch, or {spelled('device', 'cpu')}"
            )
