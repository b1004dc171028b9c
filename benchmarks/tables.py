"""The recipe for tables beside the defaults, scikit-learn's perceptrons and gradient boosting.

Trains each contender on five splits of small tables that packages ship, three quarters to train on
and the rest to test, and compares error rates and root mean squared errors:

    python benchmarks/tables.py --packages FOLDER

The tables are scikit-learn's own and some of ISLP's, whose unpacked wheel lies in FOLDER unless
ISLP is installed (``pip install --no-deps --target FOLDER ISLP``). The figures are printed, and
with ``--output FOLDER`` written there.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gpunet
from gpunet.errors import UsageError
from output import Output, parser_of, run_script
from peers.machine import machine, results

if TYPE_CHECKING:
    import pandas as pd

SPLITS = 5

ENSEMBLE = {"recipe": "tabular", "ensemble": 32, "hidden": (32, 32, 32)}

GPUNET: Mapping[str, Mapping[str, Any]] = {
    "gpunet": {},
    "recipe": {"recipe": "tabular"},
    "recipe x 32": ENSEMBLE,
}
"""Arguments of ``gpunet.train``, by the contender's name."""

PEERS = ("MLP", "boosting")
"""scikit-learn's with their defaults: ``MLPClassifier`` or ``MLPRegressor`` behind a
``StandardScaler``, and ``HistGradientBoosting...``."""

AGAINST = "gpunet"
"""The contender whose error is 1 in the normalized mean."""

BUNDLED = {
    "iris": "classes",
    "wine": "classes",
    "breast_cancer": "classes",
    "diabetes": "measured",
    "digits": "classes",
}
ISLP = {
    "OJ": ("Purchase", "classes"),
    "Carseats": ("Sales", "measured"),
    "Credit": ("Balance", "measured"),
}
"""The label's column and its kind, by the table's name."""

DROPPED = ("ID",)
"""Columns that name a row."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table, its name, and whether its label is measured."""

    name: str
    rows: pd.DataFrame
    labels: NDArray[Any]
    measured: bool


def main() -> None:
    """Train the contenders and print the table."""
    options = _options()
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.simplefilter("ignore", UserWarning)
    output = Output(options.output, results("tables"), ".md")
    tables = [one for one in _tables(options.packages) if one.name in options.only]
    tables.sort(key=lambda table: len(table.rows))
    output.show(".md", _document(tables))


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--packages", type=Path, help="folder of a package that is not installed")
    parser.add_argument(
        "--only", nargs="+", default=[*BUNDLED, *ISLP], metavar="NAME", help="these tables only"
    )
    return parser.parse_args()


def _tables(packages: Path | None) -> Iterator[Table]:
    import pandas as pd

    for name, kind in BUNDLED.items():
        features, labels = getattr(datasets, f"load_{name}")(return_X_y=True, as_frame=True)
        yield Table(name, features, labels.to_numpy(), kind == "measured")
    if packages is not None:
        sys.path.insert(0, str(packages))
    found = importlib.util.find_spec("ISLP")  # its files are read, it is not imported
    if found is None or not found.submodule_search_locations:
        raise UsageError("there is no ISLP; install it, or name its folder by --packages")
    folder = Path(found.submodule_search_locations[0]) / "data"
    for name, (label, kind) in ISLP.items():
        rows = pd.read_csv(folder / f"{name}.csv", na_values="?").dropna()
        rows = rows.drop(columns=[one for one in DROPPED if one in rows])
        labels = rows.pop(label).to_numpy()
        yield Table(name, rows, labels, kind == "measured")


ABOUT = f"""Means over {SPLITS} splits, three quarters to train on. Classes: error rate in %;
measured targets: root mean squared error in the target's unit. Below, means over the tables: of
the error as a share of that of `{AGAINST}`, and of the seconds of a fit with its predictions.

`gpunet` is `gpunet.train` with its defaults, `recipe` with `recipe="tabular"`, `recipe x 32` with
`ensemble=32, hidden=(32, 32, 32)`, too. `MLP` is scikit-learn's perceptron behind a
`StandardScaler`, `boosting` its `HistGradientBoosting...`, both with their defaults and a feature
for every word."""


def _document(tables: list[Table]) -> Iterator[str]:
    names = (*GPUNET, *PEERS)
    yield "# The recipe for tables"
    yield ""
    yield f"{machine()}, numpy on one thread; other work ran beside it, which only seconds show."
    yield from ABOUT.splitlines()
    yield ""
    yield f"| table | rows | features | {' | '.join(names)} |"
    yield "| --- " * (3 + len(names)) + "|"
    shares: dict[str, list[float]] = {name: [] for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for table in tables:
        cells = []
        found = {name: _figures(table, name) for name in names}
        for name, (errors, times) in found.items():
            cells.append(f"{mean(errors):.3g}")
            shares[name].append(mean(errors) / mean(found[AGAINST][0]))
            seconds[name].append(mean(times))
        size = f"{len(table.rows):,} | {table.rows.shape[1]}"
        yield f"| {table.name} | {size} | {' | '.join(cells)} |"
    for what, values in (
        (f"share of {AGAINST}'s", [f"{mean(shares[name]):.3f}" for name in names]),
        ("its median", [f"{median(shares[name]):.3f}" for name in names]),
        ("seconds", [f"{mean(seconds[name]):.2f}" for name in names]),
    ):
        yield f"| {what} | | | {' | '.join(values)} |"


def _figures(table: Table, contender: str) -> tuple[list[float], list[float]]:
    """The error and the seconds of every split."""
    errors, seconds = [], []
    kind = ShuffleSplit if table.measured else StratifiedShuffleSplit
    splitter = kind(SPLITS, test_size=0.25, random_state=0)
    for number, (train, test) in enumerate(splitter.split(table.rows, table.labels)):
        begun = time.perf_counter()
        answer = _gpunet if contender in GPUNET else _peer
        answers = answer(table, contender, number, train, test)
        seconds.append(time.perf_counter() - begun)
        errors.append(_error(table, table.labels[test], answers))
    print(table.name, contender, f"{mean(errors):.4g}", f"{mean(seconds):.1f} s", file=sys.stderr)
    return errors, seconds


def _error(table: Table, labels: NDArray[Any], answers: NDArray[Any]) -> float:
    if table.measured:
        return float(np.sqrt(np.mean((labels - np.ravel(answers)) ** 2)))
    return 100 * float(np.mean(labels != answers))


def _gpunet(
    table: Table, contender: str, seed: int, train: NDArray[Any], test: NDArray[Any]
) -> NDArray[Any]:
    data = table.rows.iloc[train], table.labels[train]
    run = gpunet.train(data, device="cpu", verbose=False, seed=64 * seed, **GPUNET[contender])
    return run.model.predict(table.rows.iloc[test])


def _peer(
    table: Table, contender: str, seed: int, train: NDArray[Any], test: NDArray[Any]
) -> NDArray[Any]:
    import pandas as pd

    features = pd.get_dummies(table.rows).to_numpy(np.float64)
    perceptron: Callable[..., Any] = MLPRegressor if table.measured else MLPClassifier
    boosting: Callable[..., Any] = HistGradientBoostingRegressor
    if not table.measured:
        boosting = HistGradientBoostingClassifier
    model = boosting(random_state=seed)
    if contender == "MLP":
        model = make_pipeline(StandardScaler(), perceptron(random_state=seed))
    answers: NDArray[Any] = model.fit(features[train], table.labels[train]).predict(features[test])
    return answers


if __name__ == "__main__":
    run_script(main)
