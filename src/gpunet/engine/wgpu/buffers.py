"""The buffers of one engine on its device, each known by the name of the shaders' variable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.engine.wgpu.device import OpenDevice
from gpunet.errors import DeviceError, spelled

__all__ = ["Buffers"]

PIECE = 16 << 20
"""Bytes written at once, which wgpu keeps until the device has them."""


class Buffers:
    """Named buffers on a device.

    All methods raise ``DeviceError`` where the device is lost or has not enough memory.
    """

    def __init__(self, device: OpenDevice) -> None:
        self._device = device
        self._named: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        return self._named[name]

    @property
    def bytes(self) -> int:
        """Bytes of all of them."""
        return sum(buffer.size for buffer in self._named.values())

    def ensure(self, name: str, size: int, *, uniform: bool = False) -> Any:
        """The buffer of that name and so many bytes, made again if it had another size.

        Raises:
            DeviceError: no binding of the device holds so many bytes.
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
        """Fill the buffer of that name from its start."""
        if not data.size:  # where no network is active
            return
        raw = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
        queue = self._device.handle.queue
        with self._device.guarded():
            for at in range(0, len(raw), PIECE):
                if at:
                    queue.submit([])  # which gives back the memory of the pieces before
                queue.write_buffer(self._named[name], at, raw[at : at + PIECE])

    def read(self, name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
        """A copy of all that the buffer of that name holds, once the device is done."""
        with self._device.guarded():
            raw = self._device.handle.queue.read_buffer(self._named[name])
        return np.frombuffer(raw, dtype=dtype).copy()

    def copy(self, size: int, parts: Sequence[tuple[str, int, str, int]]) -> None:
        """Copy so many bytes, each from an offset in one buffer to an offset in another."""
        with self._device.guarded():
            encoder = self._device.handle.create_command_encoder(label="copies")
            for source, start, target, at in parts:
                encoder.copy_buffer_to_buffer(self[source], start, self[target], at, size)
            self._device.handle.queue.submit([encoder.finish()])

    def destroy(self) -> None:
        """Give back all named buffers."""
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
