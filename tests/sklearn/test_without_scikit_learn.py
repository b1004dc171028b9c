"""What there is where scikit-learn is not installed: all but the estimators."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.own_tree import TREE

SCRIPT = """
import sys
for name in ("sklearn", "scipy", "joblib", "pandas"):
    sys.modules[name] = None  # as where it is not installed
from gpunet import *
import gpunet
run = train("strokes:60+20", hidden=(4,), epochs=1, device="cpu", verbose=False)
print(run.stop_reason)
for name in ("MLPClassifier", "PopulationSearchCV"):
    try:
        getattr(gpunet, name)
    except MissingExtraError as error:
        print(error)
"""


def test_estimators_say_what_to_install_and_all_else_works() -> None:
    environment = {**os.environ, "PYTHONPATH": str(TREE / "src")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.stderr == ""
    ended, *told = done.stdout.splitlines()
    assert ended == "epochs"
    assert len(told) == 2
    for sentence in told:
        assert sentence.startswith("an estimator needs scikit-learn, which is not installed; run")
        assert re.search(r"-m pip install '?scikit-learn", sentence)
