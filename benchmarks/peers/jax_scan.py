"""JAX: all steps of a call in one ``lax.scan``, compiled as a whole."""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp

from peers.interface import Order, Peer, PeerError
from peers.task import BETAS, EPSILON, LEARNING_RATE, Layers, Task

UNROLLED = {"scan": 1, "scan, 4 steps unrolled": 4}


class Scan(Peer):
    """The training state goes from step to step on the device, and its buffers are reused."""

    settings = tuple(UNROLLED)

    def __init__(self, task: Task, device: str) -> None:
        super().__init__(task, device)
        jax.config.update("jax_default_matmul_precision", "highest")  # no TF32
        try:
            jax.config.update("jax_default_device", jax.devices(device)[0])
        except RuntimeError as error:
            raise PeerError(f"JAX {self.version} finds no {device} device") from error
        self._features = jnp.asarray(task.features, jnp.float32) / 255  # (n, I)
        self._labels = jnp.asarray(task.labels)  # (n,)
        self._state: Any = None
        self._train: Any = None

    @property
    def version(self) -> str:
        """JAX's."""
        return str(jax.__version__)

    def begin(self, setting: str, steps: int) -> None:
        """Compile again: the number of steps is part of the program."""

        def train(state: Any, order: Any, features: Any, labels: Any) -> Any:
            def step(state: Any, rows: Any) -> Any:
                batch = features.at[rows].get(mode="promise_in_bounds")
                return _step(state, batch, labels[rows]), None

            return lax.scan(step, state, order, unroll=min(steps, UNROLLED[setting]))[0]

        parameters = [[jnp.array(part) for part in layer] for layer in self.task.layers]
        moments = [jax.tree.map(jnp.zeros_like, parameters) for _ in range(2)]
        self._state = (parameters, *moments, jnp.float32(0), jnp.float32(0))
        self._train = jax.jit(train, donate_argnums=0)

    def train(self, order: Order) -> float:
        """One call of the compiled program."""
        state = (*self._state[:-1], jnp.float32(0))
        rows = jnp.asarray(order, jnp.int32)
        self._state = self._train(state, rows, self._features, self._labels)
        return float(self._state[-1]) / len(order)

    def layers(self) -> Layers:
        """As they lie in the state."""
        return [(np.array(weights), np.array(biases)) for weights, biases in self._state[0]]


def _step(state: Any, features: Any, labels: Any) -> Any:
    """Parameters, both moments, the step's number and the sum of losses, one step later."""
    parameters, first, second, number, total = state
    loss, gradient = jax.value_and_grad(_loss)(parameters, features, labels)
    number += 1
    first = jax.tree.map(lambda m, g: BETAS[0] * m + (1 - BETAS[0]) * g, first, gradient)
    second = jax.tree.map(lambda v, g: BETAS[1] * v + (1 - BETAS[1]) * g * g, second, gradient)
    # 1 - beta**number, of which float32 would lose half the digits at first.
    first_sum, second_sum = (-jnp.expm1(number * math.log(beta)) for beta in BETAS)

    def moved(parameter: Any, m: Any, v: Any) -> Any:
        change = (m / first_sum) / (jnp.sqrt(v / second_sum) + EPSILON)
        return parameter - LEARNING_RATE * change

    return jax.tree.map(moved, parameters, first, second), first, second, number, total + loss


def _loss(parameters: Any, values: Any, labels: Any) -> Any:
    for weights, biases in parameters[:-1]:
        values = jax.nn.relu(values @ weights + biases)
    weights, biases = parameters[-1]
    chances = jax.nn.log_softmax(values @ weights + biases)
    return -jnp.take_along_axis(chances, labels[:, None], axis=1).mean()
