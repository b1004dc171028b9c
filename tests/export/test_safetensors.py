"""What is downloaded from a page is a model file that gpunet reads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.export.conftest import OpenModules
from tests.export.told_pages import page_of

import gpunet
from gpunet.artifacts.model_file import describe
from gpunet.model import Model
from gpunet.parameters import initial_parameters
from gpunet.workflows.data import data_of_model
from gpunet.workflows.messages import Messages

SAVE = """
async ([html, change]) => {
  const page = await readPage(new DOMParser().parseFromString(html, "text/html"));
  const networks = new App(page).networks;
  if (change !== null) {
    networks.shape = page.data.shapes.find(({ name }) => name === change.shape);
    networks.networks = change.networks;
    networks.parameters = Float32Array.from(change.parameters);
    networks.trained = change.trained;
  }
  saveAsFile(modelFile(page, networks, change?.scores ?? {}), "model.safetensors");
}
"""

NAMES = ("dry", "wet")

pytestmark = pytest.mark.filterwarnings("ignore:the label:UserWarning")  # how a table was read


def classes(_: Path) -> tuple[Model, gpunet.Dataset]:
    rows = np.random.default_rng(1).normal(size=(60, 5)).astype(np.float32)
    names = np.where(rows[:, 0] > 0, *NAMES)
    data = gpunet.Dataset.from_arrays(rows, names, rows, names)
    settings: dict[str, Any] = {"hidden": (8, 4), "ensemble": 2, "layer_norm": True}
    return gpunet.train(data, epochs=2, verbose=False, dropout=(0.1, 0.2), **settings).model, data


def table_with_gaps(folder: Path) -> tuple[Model, gpunet.Dataset]:
    rows = [
        f"{n % 7},{'' if n % 5 == 0 else n % 4},{'ab'[n % 2]},{NAMES[n % 3 > 0]}" for n in range(90)
    ]
    path = folder / "weather.csv"
    path.write_text("\n".join(["wind,clouds,sea,rain", *rows]) + "\n", encoding="utf-8")
    settings: dict[str, Any] = {"missing": "median", "activation": ("gelu", "tanh")}
    model = gpunet.train(str(path), hidden=(6, 5), epochs=2, verbose=False, **settings).model
    return model, data_of_model(model, None, Messages())


def measured(_: Path) -> tuple[Model, gpunet.Dataset]:
    rows = np.random.default_rng(2).normal(size=(60, 3)).astype(np.float32)
    targets = np.stack((100 + rows[:, 0], rows[:, 1] / 7), axis=1)
    data = gpunet.Dataset.from_arrays(rows, targets, rows, targets)
    return gpunet.train(data, hidden=(4,), epochs=2, verbose=False, scaling="robust").model, data


@pytest.fixture(scope="module", params=[classes, table_with_gaps, measured])
def trained(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Model, gpunet.Dataset]:
    """A model and its data."""
    pair: tuple[Model, gpunet.Dataset] = request.param(tmp_path_factory.mktemp("data"))
    return pair


def downloaded(
    open_modules: OpenModules,
    trained: tuple[Model, gpunet.Dataset],
    folder: Path,
    change: dict[str, Any] | None = None,
) -> Model:
    """The model that a page hands out, its networks changed or not."""
    page = open_modules("data", "app", "safetensors")
    with page.expect_download() as download:
        page.evaluate(SAVE, [page_of(*trained), change])
    path = folder / "downloaded.safetensors"
    download.value.save_as(path)
    return gpunet.load(path)


def told(model: Model, folder: Path) -> Any:
    """What the file says of a model, without where the data lie, which no page tells."""
    content = json.loads(json.dumps(describe(model, folder)))
    del content["dataset"]["reference"]
    return content


def test_a_model_that_was_not_trained_on_comes_back_as_it_went(
    open_modules: OpenModules, trained: tuple[Model, gpunet.Dataset], tmp_path: Path
) -> None:
    model = trained[0]
    back = downloaded(open_modules, trained, tmp_path)
    assert told(back, tmp_path) == told(model, tmp_path)
    assert back.origin.reference is None
    assert back.parameters.tobytes() == model.parameters.tobytes()
    for one, other in ((back.scaling, model.scaling), (back.target_scaling, model.target_scaling)):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one.clips == other.clips
            assert [one.mean.tolist(), one.deviation.tolist(), one.filling.tolist()] == [
                other.mean.tolist(),
                other.deviation.tolist(),
                other.filling.tolist(),
            ]


def test_networks_that_were_trained_in_the_page_are_read_with_their_new_settings(
    open_modules: OpenModules, trained: tuple[Model, gpunet.Dataset], tmp_path: Path
) -> None:
    model, data = trained
    network = replace(model.network, hidden=(64, 32), activation=model.network.activations[0])
    parameters = initial_parameters(network, "auto", [7, 8, 9])
    scores = {"loss": 0.5, "accuracy": 0.75, "r2": 0.25, "rmse": 2.0, "mae": 1.5}
    change = {
        "shape": str(network),
        "networks": 3,
        "parameters": parameters.reshape(-1).tolist(),
        "trained": {"optimizer": "sgd", "learningRate": 0.125, "seed": 7, "epochs": 4},
        "scores": scores,
    }
    back = downloaded(open_modules, trained, tmp_path, change)

    assert back.network == network
    assert back.parameters.tobytes() == parameters.tobytes()
    config = back.config
    assert (config.optimizer, config.learning_rate, config.schedule) == ("sgd", 0.125, "constant")
    assert (config.seed, config.ensemble, config.epochs, back.best_epoch) == (7, 3, 4, 4)
    assert config.missing == model.config.missing
    assert back.test.to_dict(network.kind) == {
        name: scores[name] for name in model.test.to_dict(network.kind)
    }
    assert back.origin.source == (
        f"{model.origin.source}; trained in a web page with {len(data.train)} of its samples and "
        f"scored with {len(data.test)}"
    )
    expected = replace(model, network=network, parameters=parameters).evaluate(data)
    assert back.evaluate(data).answers.tobytes() == expected.answers.tobytes()
