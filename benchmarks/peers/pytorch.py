"""PyTorch: step by step as most people write it, compiled, and as a CUDA graph."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from peers.interface import Order, Peer, PeerError, thread_counts
from peers.task import BETAS, EPSILON, LEARNING_RATE, Layers, Task


class Eager(Peer):
    """A loop in Python over batches that are gathered on the device."""

    adams: tuple[str, ...] = ("fused Adam", "foreach Adam")

    def __init__(self, task: Task, device: str) -> None:
        super().__init__(task, device)
        if device == "cuda" and not torch.cuda.is_available():
            raise PeerError(f"PyTorch {torch.__version__} finds no CUDA device")
        torch.backends.cuda.matmul.allow_tf32 = False  # float32 as everybody else has it
        threads = self._threads() if device == "cpu" else {"": 1}
        self._settings = {
            f"{words}, {adam}".removeprefix(", "): (count, adam)
            for (words, count), adam in itertools.product(threads.items(), self.adams)
        }
        self.settings = tuple(self._settings)
        self._features = torch.from_numpy(task.features).to(device).float() / 255  # (n, I)
        self._labels = torch.from_numpy(task.labels).to(device).long()  # (n,)
        self._model: Any = None
        self._optimizer: Any = None
        self._total: Any = None

    @property
    def version(self) -> str:
        """PyTorch's."""
        return str(torch.__version__)

    def begin(self, setting: str, steps: int) -> None:
        """Make a new model and a new optimizer."""
        threads, adam = self._settings[setting]
        torch.set_num_threads(threads)
        self._model = network(self.task.layers).to(self.device)
        self._optimizer = self._adam(adam)
        self._total = torch.zeros((), device=self.device)

    def train(self, order: Order) -> float:
        """One call of ``_step`` for each row of the order."""
        self._total.zero_()
        for rows in torch.from_numpy(order).to(self.device).unbind():
            self._step(rows)
        return float(self._total) / len(order)

    def layers(self) -> Layers:
        """From PyTorch's (O, I) to (I, O)."""
        return [
            (
                np.ascontiguousarray(linear.weight.detach().cpu().numpy().T),
                linear.bias.detach().cpu().numpy().copy(),
            )
            for linear in self._model[::2]
        ]

    def _threads(self) -> dict[str, int]:
        return thread_counts()

    def _adam(self, kind: str) -> Any:
        return torch.optim.Adam(
            self._model.parameters(),
            lr=LEARNING_RATE,
            betas=BETAS,
            eps=EPSILON,
            fused=kind == "fused Adam" or None,
            foreach=kind == "foreach Adam" or None,
        )

    def _loss(self, rows: Any) -> Any:
        logits = self._model(self._features.index_select(0, rows))
        return functional.cross_entropy(logits, self._labels.index_select(0, rows))

    def _step(self, rows: Any) -> None:
        self._optimizer.zero_grad(set_to_none=True)
        loss = self._loss(rows)
        loss.backward()
        self._optimizer.step()
        self._total += loss.detach()


class AsItComes(Eager):
    """The same loop with PyTorch's own choice of threads and of Adam's form."""

    adams = ("default Adam",)

    def _threads(self) -> dict[str, int]:
        return {f"{torch.get_num_threads()} threads": torch.get_num_threads()}


class Compiled(Eager):
    """The same loop with the step compiled by ``torch.compile``."""

    adams = ("fused Adam", "compiled Adam")

    def begin(self, setting: str, steps: int) -> None:
        """Compile for the setting's number of threads."""
        torch._dynamo.reset()
        super().begin(setting, steps)
        whole = self._settings[setting][1] == "compiled Adam"
        self._step = (  # type: ignore[method-assign]
            torch.compile(super()._step) if whole else self._step_of(torch.compile(self._loss))
        )

    def _step_of(self, compiled_loss: Any) -> Any:
        def step(rows: Any) -> None:
            self._optimizer.zero_grad(set_to_none=True)
            loss = compiled_loss(rows)
            loss.backward()
            self._optimizer.step()
            self._total += loss.detach()

        return step


class Graphed(Eager):
    """Steps captured once in a CUDA graph, the gathering of their batches included."""

    adams = ("one step a graph", "16 steps a graph")

    def begin(self, setting: str, steps: int) -> None:
        """Capture the steps, and undo what warming them up has changed."""
        super().begin(setting, steps)
        count = 1 if setting == "one step a graph" else math.gcd(steps, 16)
        self._order = torch.zeros((steps, self.task.batch), dtype=torch.int64, device=self.device)
        self._position = torch.zeros(1, dtype=torch.int64, device=self.device)
        self._replays = steps // count
        self._warm_up()
        self._graph = torch.cuda.CUDAGraph()
        self._optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(self._graph):
            for _ in range(count):
                self._step_in_turn()
        self._restore()

    def train(self, order: Order) -> float:
        """Replay the graph until the order is used up."""
        self._order.copy_(torch.from_numpy(order))
        self._position.zero_()
        self._total.zero_()
        for _ in range(self._replays):
            self._graph.replay()
        return float(self._total) / len(order)

    def _adam(self, kind: str) -> Any:
        return torch.optim.Adam(
            self._model.parameters(),
            lr=LEARNING_RATE,
            betas=BETAS,
            eps=EPSILON,
            fused=True,
            capturable=True,
        )

    def _step_in_turn(self) -> None:
        self._step(self._order.index_select(0, self._position).view(-1))
        self._position += 1

    def _warm_up(self) -> None:
        """Some steps on a stream of their own, as PyTorch's notes on CUDA graphs ask for."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self._position.zero_()
                self._step_in_turn()
        torch.cuda.current_stream().wait_stream(stream)

    def _restore(self) -> None:
        """Put the task's weights and no moments where the graph expects them."""
        first = network(self.task.layers).state_dict()
        with torch.no_grad():
            for name, parameter in self._model.named_parameters():
                parameter.copy_(first[name])
                for value in self._optimizer.state[parameter].values():
                    value.zero_()


def network(layers: Layers) -> Any:
    """The network with the task's weights."""
    parts: list[Any] = []
    for weights, biases in layers:
        linear = torch.nn.Linear(*weights.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weights.T))
            linear.bias.copy_(torch.from_numpy(biases))
        parts += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*parts[:-1])
