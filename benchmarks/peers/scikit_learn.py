"""scikit-learn: ``MLPClassifier``, which cuts one ``partial_fit`` into batches by itself.

Its Adam adds epsilon before it corrects the moments (Kingma & Ba 2015, end of section 2), so that
the smallest gradients move a weight less in the first steps than they do with everybody else. Let
epsilon over the root of 1 - beta2**t take epsilon's place in PyTorch, and the losses are the same.
"""

from __future__ import annotations

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from peers.interface import Order, Peer, thread_counts
from peers.task import BETAS, CLASSES, EPSILON, LEARNING_RATE, Layers, Task


class Classifier(Peer):
    """A call of ``partial_fit`` is one pass, in the order that is given, over all its samples."""

    def __init__(self, task: Task, device: str) -> None:
        super().__init__(task, device)
        self._threads = thread_counts()
        self.settings = tuple(self._threads)
        self._features = task.features.astype(np.float32) / np.float32(255)  # (n, I)
        self._model = MLPClassifier()

    @property
    def version(self) -> str:
        """scikit-learn's."""
        return str(sklearn.__version__)

    def begin(self, setting: str, steps: int) -> None:
        """A step makes the arrays; then they take the task's weights, and Adam forgets it."""
        threadpool_limits(self._threads[setting])
        self._model = MLPClassifier(
            self.task.hidden,
            alpha=0.0,
            batch_size=self.task.batch,
            learning_rate_init=LEARNING_RATE,
            beta_1=BETAS[0],
            beta_2=BETAS[1],
            epsilon=EPSILON,
            shuffle=False,
        )
        rows = slice(self.task.batch)
        self._model.partial_fit(
            self._features[rows], self.task.labels[rows], classes=np.arange(CLASSES)
        )
        for place, (weights, biases) in enumerate(self.task.layers):
            self._model.coefs_[place][...] = weights
            self._model.intercepts_[place][...] = biases
        del self._model._optimizer

    def train(self, order: Order) -> float:
        """Gather the samples of all steps, and pass them once."""
        rows = order.reshape(-1)
        self._model.partial_fit(self._features[rows], self.task.labels[rows])
        return float(self._model.loss_)

    def layers(self) -> Layers:
        """Copies of scikit-learn's."""
        pairs = zip(self._model.coefs_, self._model.intercepts_, strict=True)
        return [(weights.copy(), biases.copy()) for weights, biases in pairs]
