"""scikit-learn's own tests of its multilayer perceptrons, with our classes in the place of its.

They are run as the installed package has them. Those that cannot pass are listed with the reason,
and fail here once they pass.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn import neural_network

import gpunet

pytestmark = pytest.mark.filterwarnings("default")

LISTED: Mapping[str, str] = {
    "test_gradient": "asks for the private gradient; ours is checked against finite differences",
    "test_nonfinite_params": "the same error in other words: float32 holds no such features",
    "test_warm_start": "the same error in other words: y has other classes",
}
"""Tests that cannot pass, and why."""


def own_tests() -> ModuleType:
    """A copy of scikit-learn's module of tests, of which our classes are the subject."""
    found = importlib.util.find_spec("sklearn.neural_network.tests.test_mlp")
    assert found is not None
    assert found.origin is not None
    spec = importlib.util.spec_from_file_location("own_tests_of_scikit_learn", found.origin)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    ours = {name: getattr(gpunet, name) for name in ("MLPClassifier", "MLPRegressor")}
    with patch.multiple(neural_network, **ours):
        spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Estimators without a ``random_state`` draw from numpy's own, and some seeds need long."""
    np.random.seed(1)


@pytest.fixture
def global_random_seed() -> int:
    return 42


TESTS: dict[str, Any] = {
    name: test for name, test in vars(own_tests()).items() if name.startswith("test_")
}
for _name, _reason in LISTED.items():
    TESTS[_name] = pytest.mark.xfail(reason=_reason, strict=True)(TESTS[_name])
globals().update(TESTS)
