"""Fits many estimators and trains their networks side by side, as populations.

Every estimator is fitted as usual, by its own ``fit`` or its pipeline's, up to the training of its
network. Networks that can share an engine then form a population, each with its own rows of shared
samples; the results go back into the estimators. ``search`` handles candidates, folds and scores.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_method_params

from gpunet.config import SHARED, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.factory import Device, create_engine, largest_population, select_device
from gpunet.engine.population import update_rule
from gpunet.engine.wgpu.tile_cache import TileCache
from gpunet.errors import DeviceError, GpunetError
from gpunet.sklearn.estimators import Estimator
from gpunet.sklearn.fitting import finish
from gpunet.sklearn.results import wanted_more
from gpunet.sklearn.tasks import GATHERED, Gathered, Task
from gpunet.training.batches import steps_per_epoch
from gpunet.training.own_rows import OwnRows, Pool
from gpunet.training.result import TrainingResult
from gpunet.training.settings_for_data import network_for, settled
from gpunet.training.splits import split
from gpunet.training.trainer import train_population
from gpunet.workflows.devices import settle_device
from gpunet.workflows.messages import Messages

if TYPE_CHECKING:
    from gpunet.config import NetworkSpec

__all__ = ["Fit", "fit_in_processes", "fit_together"]

Folds = Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]


@dataclass(eq=False)
class Fit:
    """One estimator, fitted to the training rows of one fold.

    Args:
        estimator: fitted, unless there is an error.
        seconds: time that it took; the networks of a population share its time evenly.
        error: error that its ``fit`` raised, or would have raised.
    """

    estimator: Any
    seconds: float = 0.0
    error: Exception | None = None


@dataclass(eq=False)
class _Network:
    """The network of a fit; its samples are in a pool."""

    fit: Fit
    estimator: Estimator
    task: Task
    config: TrainConfig
    training: tuple[Pool, NDArray[np.uint32]]
    validation: tuple[Pool, NDArray[np.uint32]] | None

    @property
    def network(self) -> NetworkSpec:
        """Its shape."""
        return network_for(self.config, self.task.dataset)

    @property
    def population(self) -> str:
        """The values that all networks of a population must share."""
        shared = {name: getattr(self.config, name) for name in SHARED}
        steps = steps_per_epoch(len(self.training[1]), self.config.batch_size)
        pools = [id(one and one[0]) for one in (self.training, self.validation)]
        rule = update_rule([self.config])
        return repr((self.estimator.device, self.network, rule, shared, steps, pools))


@dataclass(eq=False)
class _Pools:
    """The samples of all networks: a pool for each type and shape."""

    pools: dict[tuple[Any, ...], Pool] = field(default_factory=dict)

    def add(self, name: str, samples: Samples) -> tuple[Pool, NDArray[np.uint32]]:
        """Add samples; return their pool and their rows in it."""
        features, labels = samples.features, samples.labels
        kind = (name, features.dtype, features.shape[1], labels.dtype, labels.shape[1:])
        pool = self.pools.setdefault((*kind, samples.weights is None), Pool())
        return pool, pool.add(samples)

    def network(self, fit: Fit, estimator: Estimator, task: Task) -> _Network:
        """The network of a fit; its task does not keep the features a second time."""
        config = settled(task.config, task.dataset)
        parts = split(task.dataset, config)
        training = self.add("training", parts.training[:])
        held = parts.validation
        validation = self.add("validation", held[:]) if len(held) else None
        own = task.dataset
        light = replace(
            own,
            train=_without_features(own.train),
            test=_without_features(own.test),
            validation=own.validation and _without_features(own.validation),
        )
        task = replace(task, dataset=light)
        return _Network(fit, estimator, task, config, training, validation)


def fit_together(
    estimator: Any,
    candidates: Sequence[Mapping[str, Any]],
    X: Any,  # noqa: N803 - as scikit-learn calls it
    y: Any,
    folds: Folds,
    params: Mapping[str, Any],
    verbose: int = 0,
) -> list[Fit]:
    """Fit an estimator to every fold with the parameters of every candidate.

    Args:
        estimator: estimator to clone.
        candidates: parameters of each candidate.
        X: (n, ...) all samples.
        y: (n, ...) their targets.
        folds: training rows and test rows of each fold.
        params: further arguments of ``fit``; arrays with a value per sample are indexed like X.
        verbose: whether to print the populations.

    Returns:
        The fits, ordered by candidate, then by fold.
    """
    fits: list[list[Fit]] = [[] for _ in candidates]
    networks: list[_Network] = []
    pools = _Pools()
    for rows, _ in folds:
        samples, targets = _safe_split(estimator, X, y, rows)
        own = _check_method_params(X, params=params, indices=rows)
        given = (samples,) if targets is None else (samples, targets)
        for candidate, done in zip(candidates, fits, strict=True):
            one = clone(estimator).set_params(**clone(dict(candidate), safe=False))
            fit = Fit(one)
            done.append(fit)
            with _measured(fit), _gathered(one) as gathered:
                one.fit(*given, **own)
            if gathered is not None and gathered.task is not None:
                networks.append(pools.network(fit, gathered.estimator, gathered.task))
    flat = [fit for done in fits for fit in done]
    _tell_of_others(len(flat) - len(networks), flat)
    for population in _populations(networks):
        _train(population, verbose)
    _warn_of_the_unconverged(networks)
    return flat


def fit_in_processes(
    n_jobs: int | None, estimator: Any, candidates: Sequence[Mapping[str, Any]], *others: Any
) -> list[Fit]:
    """Run ``fit_together`` in several joblib processes, each with a share of the candidates.

    Candidates are dealt out one by one, because neighbors often have the same shape and should
    spread over all processes.
    """
    processes = 1 if n_jobs is None else min(effective_n_jobs(n_jobs), len(candidates))
    if processes < 2:
        return fit_together(estimator, candidates, *others)
    shares = [candidates[first::processes] for first in range(processes)]
    found = Parallel(processes)(
        delayed(fit_together)(estimator, share, *others) for share in shares
    )
    folds = len(found[0]) // len(shares[0])
    return [
        found[number % processes][number // processes * folds + fold]
        for number in range(len(candidates))
        for fold in range(folds)
    ]


@contextmanager
def _measured(fit: Fit) -> Iterator[None]:
    """Record the time, and any error, in a fit."""
    began = time.perf_counter()
    try:
        yield
    except Exception as error:
        fit.error = error
    fit.seconds += time.perf_counter() - began


@contextmanager
def _gathered(estimator: Any) -> Iterator[Gathered | None]:
    """The task that the estimator's ``fit`` would train; ``None`` if its training cannot wait."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    gathered = Gathered(estimator) if isinstance(estimator, Estimator) else None
    token = GATHERED.set(gathered)
    try:
        yield gathered
    finally:
        GATHERED.reset(token)


def _without_features(samples: Samples) -> Samples:
    """The samples with zeros that take no memory in place of the features."""
    shape = samples.features.shape
    return replace(samples, features=np.broadcast_to(np.float32(0), shape))


def _populations(networks: Sequence[_Network]) -> Iterator[list[_Network]]:
    """The networks that can be trained side by side."""
    alike: dict[str, list[_Network]] = {}
    for one in networks:
        alike.setdefault(one.population, []).append(one)
    yield from alike.values()


def _train(networks: Sequence[_Network], verbose: int) -> None:
    """Train the networks of a population, in parts if the device does not hold them all."""
    first = networks[0]
    try:
        choice = _device(networks)
        rule, batch = update_rule([first.config]), first.config.batch_size
        most = largest_population(choice, first.network, rule, batch)
        if most is not None and not most:
            raise DeviceError(f"{choice.info.name} does not hold one network; take fewer units")
        size = len(networks) if most is None else most
        for start in range(0, len(networks), size):
            part = networks[start : start + size]
            if verbose > 0:
                many = f"{len(part)} networks" if len(part) > 1 else "1 network"
                print(f"{many} {first.network} side by side on {choice.info}")
            _train_part(part, choice)
    except GpunetError as error:
        for one in networks:
            one.fit.error = one.fit.error or (None if _is_done(one) else error)


def _is_done(network: _Network) -> bool:
    return hasattr(network.estimator, "device_")


def _device(networks: Sequence[_Network]) -> Device:
    """The device for a population, measured in a trial if necessary."""
    first = networks[0]
    choice = select_device(first.estimator.device)
    if choice.adapter is None and choice.rival is None:
        return choice
    return settle_device(choice, first.config, len(networks), first.task.dataset, Messages())


def _train_part(networks: Sequence[_Network], choice: Device) -> None:
    """Train networks that fit the device together, and store the results in their estimators."""
    began = time.perf_counter()
    first, configs = networks[0], [one.config for one in networks]
    own = OwnRows.of(
        first.task.dataset,
        (first.training[0], [one.training[1] for one in networks]),
        first.validation
        and (first.validation[0], [one.validation[1] for one in networks if one.validation]),
    )
    tiles = None if choice.adapter is None else TileCache.of(choice.adapter)
    with create_engine(choice, first.network, configs, tiles) as engine:
        result = train_population(engine, own.dataset, configs, own=own)
        moments = engine.moments()
    if result.stop_reason == "device failed":
        raise DeviceError(result.device_failures[-1])
    seconds = (time.perf_counter() - began) / len(networks)
    for p, one in enumerate(networks):
        with _measured(one.fit):
            finish(one.estimator, one.task, _alone(result, p), moments[:, [p]], choice)
        one.fit.seconds += seconds


def _alone(result: TrainingResult, p: int) -> TrainingResult:
    """The result for one network, as if it had been trained alone."""
    network = result.networks[p]
    steps = result.steps // max(1, max(len(one.history) for one in result.networks))
    return replace(
        result,
        parameters=result.parameters[[p]],
        networks=(network,),
        history=network.history,
        stop_reason=network.stop_reason,
        best_epoch=network.best_epoch,
        steps=steps * len(network.history),
    )


def _tell_of_others(others: int, fits: Sequence[Fit]) -> None:
    """Warn of the fits that were done one by one."""
    others -= sum(fit.error is not None for fit in fits)
    if others > 0:
        warnings.warn(
            f"{others} of {len(fits)} fits were done one by one, as only networks of "
            "gpunet.MLPClassifier and MLPRegressor, alone or at the end of a Pipeline, are trained "
            "side by side, and of these none with solver='lbfgs', a recipe, an ensemble or "
            "callbacks",
            stacklevel=2,
        )


def _warn_of_the_unconverged(networks: Sequence[_Network]) -> None:
    """Warn once of the networks that were still improving in their last epoch."""
    ended = [
        one
        for one in networks
        if one.fit.error is None and wanted_more(one.config, one.estimator.n_iter_)
    ]
    if ended:
        warnings.warn(
            f"{len(ended)} of {len(networks)} networks have done max_iter epochs and have not "
            "converged yet; raise max_iter",
            ConvergenceWarning,
            stacklevel=2,
        )
