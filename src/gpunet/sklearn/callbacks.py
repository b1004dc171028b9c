"""Reports of an estimator's epochs: printed lines, and scikit-learn's callbacks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from gpunet.training.events import Callback, EpochEnd, EpochRecord, RunInfo, StopReason

if TYPE_CHECKING:
    from gpunet.engine.interface import Engine
    from gpunet.sklearn.estimators import Estimator
    from gpunet.sklearn.tasks import Task

__all__ = ["CallbackSupportMixin", "callbacks_of", "with_callbacks"]

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # from scikit-learn 1.9 on
    Method = TypeVar("Method", bound=Callable[..., Any])

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stand-in for a class that older versions of scikit-learn lack."""

    def with_callbacks(method: Method) -> Method:
        """Return the method unchanged."""
        return method


def callbacks_of(estimator: Estimator, task: Task, engine: Engine) -> list[Callback]:
    """The callbacks for the training of an estimator."""
    told: list[Callback] = []
    if estimator.verbose:
        told.append(Lines(task))
    if getattr(estimator, "_skl_callbacks", None):
        told.append(Tasks(estimator, task, engine))
    return told


class Lines(Callback):
    """Prints a line for every epoch."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def on_epoch_end(self, record: EpochEnd) -> None:
        """Print the losses, and the validation score if there is one."""
        line = (
            f"Iteration {record.epoch}, loss = {self._task.losses([record], 'train_loss')[0]:.8f}"
        )
        if record.val_score is not None:
            (loss,) = self._task.losses([record], "val_loss")
            line += f", validation loss = {loss:.8f}, validation score = {record.val_score:.6f}"
        print(line)

    def on_train_end(self, reason: StopReason, best_epoch: int) -> None:
        """Print why the training has ended."""
        print(f"Stopped: {reason}")


class Tasks(Callback):
    """Reports epochs to scikit-learn's callbacks, as subtasks of ``fit``."""

    def __init__(self, estimator: Estimator, task: Task, engine: Engine) -> None:
        self._estimator, self._task, self._engine = estimator, task, engine
        self._history: list[EpochRecord] = []
        samples = task.dataset.train
        self._given = {"X": samples.features, "y": estimator._targets(samples.labels)}

    def on_train_begin(self, run: RunInfo) -> None:
        """Begin the task of the whole training, and the first epoch's."""
        self._run = run
        self._root = self._estimator._init_callback_context(
            max_subtasks=self._task.config.effective_epochs
        )
        self._root.call_on_fit_task_begin(estimator=self._estimator, **self._given)
        self._begin()

    def on_epoch_end(self, record: EpochEnd) -> bool:
        """End an epoch's task; return whether a callback wants the training to stop."""
        self._history.append(record.record)
        stop = self._end(self._epoch)
        if not stop and record.epoch < self._task.config.effective_epochs:
            self._begin()
        return stop

    def on_train_end(self, reason: StopReason, best_epoch: int) -> None:
        """End the task of the whole training."""
        self._end(self._root)

    def _begin(self) -> None:
        self._epoch = self._root.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._given)

    def _end(self, context: Any) -> bool:
        return bool(
            context.call_on_fit_task_end(
                estimator=self._estimator, **self._given, reconstruction_attributes=self._fitted
            )
        )

    def _fitted(self) -> dict[str, Any]:
        """The fitted attributes that an estimator would have if the training ended now."""
        from gpunet.sklearn.results import adopt

        fitted = copy.copy(self._estimator)
        adopt(
            fitted,
            self._task,
            self._engine.parameters(),
            self._history,
            "early stopping",
            scaling=self._run.scaling,
            target_scaling=self._run.target_scaling,
        )
        parameters = self._estimator.get_params(deep=False)
        return {name: one for name, one in vars(fitted).items() if name not in parameters}
