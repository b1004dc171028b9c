"""tinygrad: one step captured by ``TinyJit``, on the processor, on CUDA, or on WebGPU by Dawn.

On the processor it compiles with clang, which has to be there. Its kernels are those that it makes
by default; searching for faster ones (``BEAM``) takes minutes a shape, and is left out.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Any

import numpy as np
from pydawn import webgpu as dawn
from tinygrad import Context, Device, Tensor, TinyJit, Variable
from tinygrad.helpers import DEV
from tinygrad.nn.optim import Adam

from peers.interface import Order, Peer
from peers.task import BETAS, EPSILON, LEARNING_RATE, Layers, Task

OPTIMIZERS = {"Adam layer by layer": False, "Adam on all parameters at once": True}


class Jitted(Peer):
    """A loop in Python over a captured step, which takes its rows from the order on the device."""

    def __init__(self, task: Task, device: str) -> None:
        super().__init__(task, device)
        # tinygrad looks for Dawn in the system's folders unless told where it is.
        os.environ.setdefault("WEBGPU_PATH", str(dawn.dll_path))
        DEV.value = device.upper()
        self.settings = tuple(OPTIMIZERS)
        self._features = Tensor(task.features.astype(np.float32) / np.float32(255)).realize()
        self._labels = Tensor(task.labels).realize()
        self._weights: list[tuple[Any, Any]] = []

    @property
    def version(self) -> str:
        """Tinygrad's."""
        return version("tinygrad")

    @property
    def adapter(self) -> str:
        """What Dawn took of its own accord."""
        return _adapter() if self.device == "webgpu" else ""

    def begin(self, setting: str, steps: int) -> None:
        """New parameters and a new optimizer; the step is captured in the second call."""
        self._weights = [
            (Tensor(weights).realize(), Tensor(biases).realize())
            for weights, biases in self.task.layers
        ]
        parameters = [part.is_param_(True) for layer in self._weights for part in layer]
        self._adam = Adam(
            parameters,
            lr=LEARNING_RATE,
            b1=BETAS[0],
            b2=BETAS[1],
            eps=EPSILON,
            fused=OPTIMIZERS[setting],
        )
        self._total = Tensor.zeros(1).contiguous().realize()
        self._order = Tensor.zeros(steps, self.task.batch, dtype="int32").contiguous().realize()
        self._place = Variable("place", 0, max(1, steps - 1))
        self._step = TinyJit(self._plain_step)

    def train(self, order: Order) -> float:
        """Call the captured step for every place of the order."""
        self._order.assign(Tensor(order.astype(np.int32))).realize()
        self._total.assign(Tensor.zeros(1)).realize()
        for place in range(len(order)):
            self._step(self._place.bind(place))
        return float(self._total.item()) / len(order)

    def layers(self) -> Layers:
        """Copies from the device."""
        return [(weights.numpy(), biases.numpy()) for weights, biases in self._weights]

    def _plain_step(self, place: Any) -> None:
        rows = self._order[place]
        with Context(TRAINING=1):
            values, labels = self._features[rows], self._labels[rows]
            for weights, biases in self._weights[:-1]:
                values = (values @ weights + biases).relu()
            weights, biases = self._weights[-1]
            loss = (values @ weights + biases).sparse_categorical_crossentropy(labels)
            self._adam.zero_grad()
            loss.backward()
            self._total.assign(self._total + loss.detach())
            Tensor.realize(self._total, *self._adam.schedule_step())


def _adapter() -> str:
    """The name of WebGPU's adapter; tinygrad does not tell it."""
    from tinygrad.runtime.autogen import webgpu
    from tinygrad.runtime.ops_webgpu import from_wgpu_str

    info = webgpu.WGPUAdapterInfo()
    webgpu.wgpuDeviceGetAdapterInfo(Device["WEBGPU"].device_res, info)
    return str(from_wgpu_str(info.device))
