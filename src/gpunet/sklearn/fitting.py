"""Trains an estimator with gpunet's training loop, and predicts with its engine."""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from gpunet.config import Loss, NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.factory import Device, create_engine, select_device
from gpunet.engine.population import MOMENTS, update_rule
from gpunet.sklearn.callbacks import callbacks_of
from gpunet.sklearn.features import blocks
from gpunet.sklearn.parameters import LBFGS, OWN_SCHEDULES
from gpunet.sklearn.results import Optimizer, adopt, next_rate, wanted_more
from gpunet.sklearn.tasks import GATHERED, Task, task_of
from gpunet.sklearn.weights import get_weights, networks_of
from gpunet.training.events import Control
from gpunet.training.result import TrainingResult
from gpunet.training.schedules import Plateau
from gpunet.training.state import Start
from gpunet.training.stopping import monitored
from gpunet.training.trainer import train
from gpunet.workflows.devices import settle_device, training_engine
from gpunet.workflows.messages import Messages

if TYPE_CHECKING:
    from gpunet.sklearn.estimators import Estimator

__all__ = ["finish", "fit", "outputs_of", "partial_fit"]

LOSSES: dict[str, Loss] = {
    "softmax": "cross-entropy",
    "logistic": "binary-cross-entropy",
    "identity": "squared-error",
    "exp": "poisson",
}
"""A loss for each ``out_activation_``, with which a network computes its outputs."""


def fit(estimator: Estimator, X: Any, y: Any, sample_weight: Any, **validation: Any) -> None:  # noqa: N803
    """Fit an estimator, as ``Estimator.fit`` documents."""
    goes_on = estimator.warm_start and hasattr(estimator, "coefs_")
    task = task_of(estimator, X, y, sample_weight, **validation, reset=not goes_on)
    if estimator.solver == LBFGS:
        from gpunet.sklearn.lbfgs import fit_lbfgs

        fit_lbfgs(estimator, task, goes_on=goes_on)
        return
    gathered = GATHERED.get()
    awaited = gathered is not None and gathered.estimator is estimator
    if gathered is not None and awaited and not goes_on and _is_one_network(estimator):
        gathered.task = task
        return
    start = None
    if goes_on:
        # scikit-learn's schedules do not depend on the number of epochs, so they go on, too.
        known = getattr(estimator, "_optimizer", None)
        endless = estimator.learning_rate in ("constant", *OWN_SCHEDULES)
        done = known.epochs if known is not None and endless else 0
        epochs = done + task.config.effective_epochs
        task = replace(task, config=replace(task.config, epochs=epochs))
        start = Start(_parameters(estimator, task), epochs=done)
    result = _trained(estimator, task, start, goes_on=goes_on)
    if result.stop_reason == "epochs" and wanted_more(task.config, task.config.effective_epochs):
        warnings.warn(
            f"max_iter={len(result.history)} epochs are done and the training has not converged "
            "yet; raise max_iter",
            ConvergenceWarning,
            stacklevel=4,
        )


def partial_fit(estimator: Estimator, X: Any, y: Any, sample_weight: Any) -> None:  # noqa: N803
    """Train for an epoch, as the estimators' ``partial_fit`` documents."""
    if estimator.recipe is not None:
        raise ValueError(
            "partial_fit takes an epoch, and a recipe is a whole training; leave out recipe, or fit"
        )
    if estimator.early_stopping:
        raise ValueError(
            "partial_fit does not support early_stopping=True, as an epoch has nothing to stop; "
            "leave one of the two out"
        )
    goes_on = hasattr(estimator, "coefs_")
    if not goes_on:
        estimator._optimizer = None
    task = task_of(estimator, X, y, sample_weight, reset=not goes_on, classes_known=True)
    known = getattr(estimator, "_optimizer", None)
    epochs = 0 if known is None else known.epochs
    estimator.t_ = getattr(estimator, "t_", 0)
    rate = next_rate(estimator, 0 if known is None else known.plateau.reductions)
    config = replace(
        task.config,
        schedule="constant",
        learning_rate=rate,
        epochs=epochs + 1,
        warmup=0.0,
        lr_final=0.0,
        patience=0,
    )
    start = None
    if goes_on:
        start = Start(_parameters(estimator, task), epochs=epochs)
        if known is not None and known.moments.shape == _moments_shape(config, start):
            start = replace(start, moments=known.moments, steps=known.steps)
    _trained(estimator, replace(task, config=config), start, goes_on=goes_on)


def _trained(
    estimator: Estimator, task: Task, start: Start | None, *, goes_on: bool
) -> TrainingResult:
    """Train, and store the result in the estimator."""
    known = getattr(estimator, "_optimizer", None) if goes_on else None
    choice = select_device(estimator.device)
    if choice.adapter is not None or choice.rival is not None:
        choice = settle_device(choice, task.config, estimator.ensemble, task.dataset, Messages())
    control = Control()
    with training_engine(choice, task.config, task.dataset) as engine, _interruptible(control):
        shown = callbacks_of(estimator, task, engine)
        result = train(
            engine, task.dataset, task.config, callbacks=shown, control=control, start=start
        )
        moments = engine.moments()
    if control.stop_now.is_set():
        warnings.warn("the training was interrupted by the user", stacklevel=5)
    finish(estimator, task, result, moments, choice, known=known, start=start, goes_on=goes_on)
    return result


def finish(
    estimator: Estimator,
    task: Task,
    result: TrainingResult,
    moments: NDArray[np.float32],
    choice: Device,
    *,
    known: Optimizer | None = None,
    start: Start | None = None,
    goes_on: bool = False,
) -> None:
    """Store the result of a training in its estimator.

    Args:
        estimator: the estimator that ``task_of`` got.
        task: the task that ``task_of`` returned.
        result: result of training its networks.
        moments: (M, P, N) moments of the optimizer.
        choice: the device that trained.
        known: state of the optimizer before the training.
        start: state from which the training went on; ``None`` if it began anew.
        goes_on: whether the new curves are appended to the estimator's.
    """
    adopt(
        estimator,
        task,
        result.parameters,
        result.history,
        result.stop_reason,
        scaling=result.scaling,
        target_scaling=result.target_scaling,
        goes_on=goes_on,
    )
    estimator.device_ = str(choice.info)
    plateau = Plateau(task.config) if known is None else known.plateau
    for record in result.history:
        plateau.observe(monitored(task.config, record))
    epochs = len(result.history) + (0 if start is None else start.epochs)
    rate = next_rate(estimator, plateau.reductions)
    estimator._optimizer = Optimizer(moments, result.steps, epochs, rate, plateau)


def _is_one_network(estimator: Estimator) -> bool:
    """Whether an estimator can be trained as one network of a population.

    It must not be an ensemble, report epochs, or scale its own samples.
    """
    alone = estimator.ensemble == 1 and estimator.recipe is None
    return alone and not getattr(estimator, "_skl_callbacks", None)


def _parameters(estimator: Estimator, task: Task) -> NDArray[np.float32]:
    """The weights (P, N) of an estimator, to continue its training."""
    network = task.config.network(task.dataset.inputs, task.dataset.outputs)
    return get_weights(estimator, network, task.config.ensemble).astype(np.float32)


def _moments_shape(config: TrainConfig, start: Start) -> tuple[int, ...]:
    return (MOMENTS[update_rule([config])], *start.parameters.shape)


def outputs_of(estimator: Estimator, X: Any) -> NDArray[np.float32]:  # noqa: N803
    """The mean output (n, T) of a fitted estimator's networks for checked features."""
    network = _network(estimator)
    parameters = get_weights(estimator, network, networks_of(estimator)).astype(np.float32)
    choice = select_device(estimator.device)
    configs = [TrainConfig()] * len(parameters)
    found = []
    with create_engine(choice, network, configs, trains=False) as engine:
        engine.set_parameters(parameters)
        for block in blocks(X):
            labels: NDArray[Any] = np.zeros((len(block), network.outputs), np.float32)
            if network.kind == "classes":
                labels = np.zeros(len(block), np.int32)
            samples = Samples(block, labels)
            scaling = estimator._scaling
            engine.load("test", samples if scaling is None else scaling.apply(samples))
            found.append(engine.predict("test").mean(axis=0))
    answers = np.concatenate(found)
    scaling = estimator._target_scaling
    return answers if scaling is None else scaling.to_targets(answers).astype(np.float32)


def _network(estimator: Estimator) -> NetworkSpec:
    """The network to which an estimator's weights belong."""
    own, sizes = estimator._settings(), [np.shape(one)[-1] for one in estimator.coefs_]
    return NetworkSpec(
        int(estimator.n_features_in_),
        tuple(sizes[:-1]),
        sizes[-1],
        own["activation"],
        own["leaky_slope"],
        LOSSES[estimator.out_activation_],
        own["layer_norm"],
    )


@contextmanager
def _interruptible(control: Control) -> Iterator[None]:
    """Let the first Ctrl-C stop the training, and a second one raise ``KeyboardInterrupt``.

    This works only in the main thread, and replaces only Python's own handler.
    """
    own = signal.default_int_handler
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) is not own:
        yield
        return

    def asked(number: int, frame: Any) -> None:
        if control.stop_now.is_set():
            own(number, frame)
        control.stop_now.set()

    signal.signal(signal.SIGINT, asked)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, own)
