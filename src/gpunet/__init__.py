"""gpunet: neural networks trained on any GPU with WGSL compute shaders.

Example:
    >>> import gpunet
    >>> run = gpunet.train("strokes:300+100", hidden=(32,), epochs=2, verbose=False)
    >>> run.model.predict_proba(run.dataset.test.features).shape
    (100, 10)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gpunet.api import (
        check_device,
        devices,
        kept_datasets,
        load,
        load_dataset,
        remove_kept,
        replay,
        resume,
        runs,
        train,
    )
    from gpunet.artifacts.run_summary import RunSummary
    from gpunet.config import TrainConfig
    from gpunet.datasets.dataset import Dataset
    from gpunet.datasets.kept import Kept
    from gpunet.engine.adapter_check import AdapterCheck
    from gpunet.errors import (
        DataError,
        DeviceError,
        DeviceLostError,
        DownloadError,
        GpunetError,
        MissingExtraError,
        ModelError,
        OutputError,
        StudyError,
        UsageError,
    )
    from gpunet.model import Model
    from gpunet.search.result import Search
    from gpunet.sklearn import MLPClassifier as MLPClassifier
    from gpunet.sklearn import MLPRegressor as MLPRegressor
    from gpunet.sklearn import PopulationSearchCV as PopulationSearchCV
    from gpunet.sklearn import cross_validate as cross_validate
    from gpunet.training.events import Callback
    from gpunet.tuning import tune
    from gpunet.workflows.training import Run

__version__ = "0.1.0"

__all__ = [
    "AdapterCheck",
    "Callback",
    "DataError",
    "Dataset",
    "DeviceError",
    "DeviceLostError",
    "DownloadError",
    "GpunetError",
    "Kept",
    "MissingExtraError",
    "Model",
    "ModelError",
    "OutputError",
    "Run",
    "RunSummary",
    "Search",
    "StudyError",
    "TrainConfig",
    "UsageError",
    "__version__",
    "check_device",
    "devices",
    "kept_datasets",
    "load",
    "load_dataset",
    "remove_kept",
    "replay",
    "resume",
    "runs",
    "train",
    "tune",
]

_ESTIMATORS = ["MLPClassifier", "MLPRegressor", "PopulationSearchCV", "cross_validate"]
"""Public names that need scikit-learn; not in ``__all__``, which must work without it."""

_MODULES = {
    "AdapterCheck": "gpunet.engine.adapter_check",
    "Callback": "gpunet.training.events",
    "Dataset": "gpunet.datasets.dataset",
    "Kept": "gpunet.datasets.kept",
    "Model": "gpunet.model",
    "Run": "gpunet.workflows.training",
    "RunSummary": "gpunet.artifacts.run_summary",
    **dict.fromkeys(_ESTIMATORS, "gpunet.sklearn"),
    "Search": "gpunet.search.result",
    "TrainConfig": "gpunet.config",
    "tune": "gpunet.tuning",
}
"""Where public names are; errors are in ``gpunet.errors``, all others in ``gpunet.api``."""


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that ``import gpunet`` takes no time."""
    if name not in __dir__():
        raise AttributeError(f"module 'gpunet' has no attribute {name!r}")
    home = "gpunet.errors" if name.endswith("Error") else _MODULES.get(name, "gpunet.api")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_ESTIMATORS])
