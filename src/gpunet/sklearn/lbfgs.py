"""The solver lbfgs: SciPy's L-BFGS-B with the gradient over all samples, in float64."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from gpunet.config import NetworkSpec
from gpunet.datasets.dataset import Samples
from gpunet.engine.population import MOMENTS
from gpunet.engine.reference.group import Group
from gpunet.engine.reference.numpy_engine import NumpyEngine, numpy_conditions
from gpunet.errors import SettingError
from gpunet.parameters import layer_views
from gpunet.sklearn.results import adopt
from gpunet.sklearn.weights import get_weights
from gpunet.training.splits import split

if TYPE_CHECKING:
    from gpunet.sklearn.estimators import Estimator
    from gpunet.sklearn.tasks import Task

__all__ = ["Objective", "fit_lbfgs"]

WITHOUT = ("dropout", "input_dropout", "l1", "max_norm", "clip_value", "clip_norm")
"""Parameters that do not fit a deterministic, smooth loss with a line search."""


def fit_lbfgs(estimator: Estimator, task: Task, *, goes_on: bool) -> None:
    """Minimize the loss over all samples, from the initial or the previous call's weights.

    Raises:
        SettingError: a parameter does not go with this solver.
        ValueError: the weights are not finite.
    """
    if estimator.device != "cpu":
        raise SettingError("device", estimator.device, "cpu with the solver lbfgs")
    for name in WITHOUT:
        if np.any(getattr(task.config, name)):
            raise SettingError(
                name, getattr(task.config, name), "0 with the solver lbfgs", "or take adam"
            )
    network = task.config.network(task.dataset.inputs, task.dataset.outputs)
    samples = split(task.dataset, task.config).training[:]
    engine = NumpyEngine(network, task.config)
    start = (
        get_weights(estimator, network, task.config.ensemble)
        if goes_on
        else engine.initial_parameters()
    )
    found = [
        _minimized(estimator, Objective(engine, samples, one), one) for one in start.astype(float)
    ]
    estimator.loss_ = task.scale * float(np.mean([one.fun for one in found])) + task.offset
    parameters = np.stack([one.x for one in found])
    loss, iterations = estimator.loss_, max(min(one.nit, estimator.max_iter) for one in found)
    adopt(estimator, task, parameters, (), "early stopping", goes_on=goes_on)
    estimator.loss_, estimator.n_iter_ = loss, iterations
    estimator._optimizer = None
    estimator.device_ = str(engine.device)


def _minimized(estimator: Estimator, objective: Objective, start: NDArray[np.float64]) -> Any:
    """SciPy's result for one network.

    Warns:
        ConvergenceWarning: it stopped before the gradient was small enough.
    """
    with numpy_conditions():
        result = scipy.optimize.minimize(
            objective,
            start,
            method="L-BFGS-B",
            jac=True,
            options={
                "maxfun": estimator.max_fun,
                "maxiter": estimator.max_iter,
                "gtol": estimator.tol,
            },
        )
    if estimator.verbose:
        print(f"Iteration {result.nit}, loss = {result.fun:.8f}")
    if result.status:
        warnings.warn(
            f"lbfgs has not converged after {result.nit} iterations and {result.nfev} evaluations "
            "of the loss; raise max_iter or max_fun, or scale the features",
            ConvergenceWarning,
            stacklevel=6,
        )
    return result


class Objective:
    """The loss of one network over all samples, with the L2 penalty, and the gradient.

    Args:
        engine: engine of the network.
        samples: the prepared samples.
        start: (N,) initial parameters.
    """

    def __init__(self, engine: NumpyEngine, samples: Samples, start: NDArray[np.float64]) -> None:
        self._samples, self._engine = samples, engine
        parameters = start[None].copy()
        moments = np.zeros((MOMENTS[engine.rule], *parameters.shape))
        self._group = Group(engine, np.arange(1), parameters, moments)  # type: ignore[arg-type]
        self._decayed = _weights_alone(engine.network)
        self._l2 = engine.configs[0].l2

    def __call__(self, parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The loss and the gradient (N,) at parameters (N,)."""
        self._group.parameters[...] = parameters
        losses, gradient = self._group.loss_and_gradient(self._samples)
        penalized = self._decayed * parameters
        loss = float(losses[0] + self._l2 / 2 * (penalized @ penalized))
        return loss if math.isfinite(loss) else math.inf, gradient[0] + self._l2 * penalized


def _weights_alone(network: NetworkSpec) -> NDArray[np.float64]:
    """A mask (N,): 1 for each weight, 0 for each bias, scale and shift."""
    marks = np.zeros((1, network.parameter_count))
    for weights, _ in layer_views(marks, network):
        weights[...] = 1
    flat: NDArray[np.float64] = marks[0]
    return flat
