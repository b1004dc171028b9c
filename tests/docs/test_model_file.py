"""Every kind of model, built from what the page on the model file says, with numpy and PyTorch.

numpy's code is the page's own. PyTorch's is written here from the page's words, with PyTorch's own
layers and functions, so that neither leans on the other or on gpunet.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpunet
from gpunet.config import ACTIVATIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "model-file.md"

TOLERANCE = 1e-5
"""Sums in float32 end with other bits in every library, by some 1e-6 in these networks."""

SMALL: dict[str, Any] = {"hidden": (7, 5), "epochs": 3, "device": "cpu", "verbose": False}


def page_code() -> dict[str, Any]:
    """What the first block of Python on the page defines."""
    (code, *_) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    names: dict[str, Any] = {}
    exec(compile(code, PAGE.name, "exec"), names)
    return names


ON_PAGE = page_code()


def numpy_answers(x: Any, description: dict[str, Any], tensors: dict[str, Any]) -> Any:
    return ON_PAGE["answers"](x, description, tensors)


def torch_answers(x: Any, description: dict[str, Any], tensors: dict[str, Any]) -> Any:
    """The probabilities (n, C), or measured targets (n, T), with PyTorch's modules."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    network = description["network"]
    activations: dict[str, Callable[[Any], Any]] = {
        "relu": functional.relu,
        "leaky_relu": lambda z: functional.leaky_relu(z, network["leaky_slope"]),
        "elu": functional.elu,
        "selu": functional.selu,
        "gelu": functional.gelu,
        "gelu_tanh": lambda z: functional.gelu(z, approximate="tanh"),
        "silu": functional.silu,
        "mish": functional.mish,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "scaled_tanh": lambda z: 1.7159 * torch.tanh(2 / 3 * z),
        "softplus": functional.softplus,
        "identity": lambda z: z,
    }
    held = {name: torch.from_numpy(tensor) for name, tensor in tensors.items()}
    features = torch.from_numpy(x)
    if description["inverted"]:
        features = (255 if features.dtype == torch.uint8 else 1) - features
    if features.dtype == torch.uint8:
        black, white = description["levels"]
        features = black + features.double() / 255 * (white - black)
    if description["scaling"]:
        fill = held.get("scaling.fill", held["scaling.mean"])
        features = torch.where(torch.isnan(features), fill, features.double())
        features = (features - held["scaling.mean"]) / held["scaling.deviation"]
        config = description["config"]
        if config["standardize"] and config.get("scaling") == "robust":
            features = features / torch.sqrt(1 + (features / 3) ** 2)
    outputs = network.get("classes", network.get("outputs"))
    sizes = [network["inputs"], *network["hidden"], outputs]
    names = network["activation"].split(",")
    names = names * len(network["hidden"]) if len(names) == 1 else names
    answers = []
    for p in range(len(held["layers.0.weights"])):
        values = features.float()
        for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
            linear = torch.nn.Linear(inputs, outputs)
            with torch.no_grad():
                linear.weight.copy_(held[f"layers.{layer}.weights"][p].T)
                linear.bias.copy_(held[f"layers.{layer}.biases"][p])
                values = linear(values)
                if layer == len(names):
                    break
                if network["layer_norm"]:
                    gains, offsets = (held[f"layers.{layer}.{name}"] for name in NORM)
                    values = functional.layer_norm(
                        values, (outputs,), gains[p], offsets[p], eps=0.00001
                    )
                values = activations[names[layer]](values)
        shares = torch.sigmoid(values)
        by_loss = {
            "cross-entropy": torch.softmax(values, dim=1),
            "quadratic": shares / shares.sum(dim=1, keepdim=True),
            "binary-cross-entropy": shares,
            "poisson": torch.exp(values),
        }
        answers.append(by_loss.get(network["loss"], values))
    mean = torch.stack(answers).mean(dim=0)
    if description.get("target_scaling"):
        mean = mean.double() * held["targets.deviation"] + held["targets.mean"]
    return mean.numpy()


NORM = ("gains", "offsets")

LIBRARIES = {"numpy": numpy_answers, "torch": torch_answers}


@pytest.fixture(params=LIBRARIES)
def answers_of(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return LIBRARIES[request.param]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def measured(count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Rows of four measurements in units of their own, and three classes."""
    draws = np.random.default_rng(0)
    rows = draws.normal((0, 50, -3, 1e6), (1, 20, 0.01, 5e4), (count, 4))
    return rows, (rows[:, 0] > 0).astype(int) + (rows[:, 1] > 60)


def images(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Images of 8 x 8 pixels with a mark above or below, as bytes or as floats of some range."""
    draws = np.random.default_rng(0)
    pixels = draws.integers(0, 60, (200, 8, 8))
    labels = np.arange(200) % 2
    pixels[labels == 1, :3] += 150
    pixels[labels == 0, 5:] += 150
    if "dark" in kind:
        pixels = 255 - pixels
    if "bytes" in kind:
        return pixels.astype(np.uint8), labels
    if "symmetric" in kind:
        return ((pixels + 0.5) / 128 - 1).astype(np.float32), labels
    return ((pixels + 0.25) / 256).astype(np.float32), labels


def compare(
    model: gpunet.Model, rows: Any, answers_of: Callable[..., Any], features: Any = None
) -> dict[str, Any]:
    """Check the answers of a saved model to rows; what its file says."""
    model.save("model.safetensors")
    description, tensors = ON_PAGE["read"]("model.safetensors")
    if features is None:
        features = rows.reshape(len(rows), -1)
    found = answers_of(features, description, tensors)
    expected = model.predict_proba(rows)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < TOLERANCE
    assert np.ptp(expected[:, 0]) > 1000 * TOLERANCE  # the samples are not all answered alike
    return dict(description)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation: str, answers_of: Callable[..., Any]) -> None:
    rows, labels = measured()
    model = gpunet.train((rows, labels), **SMALL, activation=activation, leaky_slope=0.2).model
    description = compare(model, rows, answers_of)
    assert description["network"]["activation"] == activation


@pytest.mark.parametrize("loss", ["cross-entropy", "quadratic"])
@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("ensemble", [1, 3])
def test_losses_norms_and_ensembles(
    loss: str, layer_norm: bool, ensemble: int, answers_of: Callable[..., Any]
) -> None:
    rows, labels = measured()
    settings: dict[str, Any] = {"loss": loss, "layer_norm": layer_norm, "ensemble": ensemble}
    model = gpunet.train(
        (rows, labels), **SMALL, **settings, activation="relu,tanh", dropout=0.2, standardize=True
    ).model
    assert len(model.parameters) == ensemble
    compare(model, rows, answers_of)


@pytest.mark.parametrize("kind", ["bytes", "dark bytes", "floats", "dark floats", "symmetric"])
def test_images_of_every_kind(kind: str, answers_of: Callable[..., Any]) -> None:
    pixels, labels = images(kind)
    model = gpunet.train((pixels, labels), **SMALL).model
    description = compare(model, pixels, answers_of)
    assert description["inverted"] == kind.startswith("dark")
    assert description["scaling"] == (kind == "symmetric")
    assert description["image_shape"] == [8, 8]
    if kind == "symmetric":  # bytes are brought to the range of the floats
        assert description["levels"] == [-1, 1]
        compare_bytes = (pixels * 127.5 + 127.5).astype(np.uint8)
        Path("model.safetensors").unlink()
        compare(model, compare_bytes, answers_of)


def test_rows_that_are_scaled_robustly(answers_of: Callable[..., Any]) -> None:
    rows, labels = measured()
    rows[:5] *= 100
    model = gpunet.train((rows, labels), **SMALL, scaling="robust").model
    compare(model, rows, answers_of)


def test_rows_that_are_not_standardized(answers_of: Callable[..., Any]) -> None:
    rows, labels = measured()
    rows = rows / (1, 50, 3, 1e6)
    model = gpunet.train((rows, labels), **SMALL, standardize=False).model
    assert not compare(model, rows, answers_of)["scaling"]


@pytest.mark.filterwarnings("ignore:.*(is filled|are filled|not trained on)")
@pytest.mark.parametrize("missing", ["mean", "median"])
def test_tables_with_words_and_gaps(missing: str, answers_of: Callable[..., Any]) -> None:
    draws = np.random.default_rng(0)
    table: list[list[str]] = []
    for row in range(240):
        size = "" if row % 7 == 0 else f"{draws.exponential() * 40:.2f}"
        color = ("red", "blue", "", "green")[int(draws.integers(4))]
        table.append([color, f"{draws.normal():.3f}", size, "big" if row % 3 else "small"])
    with Path("table.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["color", "weight", "size", "kind"], *table])
    with pytest.warns(UserWarning, match="one feature per word"):
        model = gpunet.train("table.csv", **SMALL, label="kind", missing=missing).model
    table[0][0] = "purple"  # which was not trained on
    with Path("new.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["color", "weight", "size"], *(row[:3] for row in table)])
    model.save("model.safetensors")
    columns = ON_PAGE["read"]("model.safetensors")[0]["columns"]
    Path("model.safetensors").unlink()
    assert (columns["features"], columns["label"]) == (["color", "weight", "size"], "kind")
    features = np.array(
        [ON_PAGE["encoded"]([c or None for c in row[:3]], columns) for row in table]
    )
    assert math.isnan(features[0, -2])
    compare(model, "new.csv", answers_of, features)


@pytest.mark.parametrize("loss", ["cross-entropy", "quadratic"])
def test_the_loss_of_the_test_is_the_plain_one(loss: str) -> None:
    rows, labels = measured(300)
    model = gpunet.train(
        (rows[:200], labels[:200], rows[200:], labels[200:]),
        **SMALL, loss=loss, label_smoothing=0.2, class_weights="balanced", l2=0.01, dropout=0.3,
    ).model  # fmt: skip
    model.save("model.safetensors")
    description, tensors = ON_PAGE["read"]("model.safetensors")
    shares = ON_PAGE["answers"](rows[200:], description, tensors)
    if loss == "cross-entropy":
        expected = -np.log(shares[np.arange(100), labels[200:]]).mean()
    else:
        prepared = ON_PAGE["prepared"](rows[200:], description, tensors)
        own = {name: tensor[0] for name, tensor in tensors.items() if "layers." in name}
        outputs = 1 / (1 + np.exp(-ON_PAGE["logits"](prepared, description["network"], own)))
        expected = (np.square(outputs - np.eye(3)[labels[200:]]).sum(axis=1) / 2).mean()
    assert description["test"]["loss"] == pytest.approx(expected, rel=1e-4)
    assert description["test"]["accuracy"] == (shares.argmax(axis=1) == labels[200:]).mean()


@pytest.mark.parametrize("loss", ["squared-error", "huber", "poisson"])
@pytest.mark.parametrize("ensemble", [1, 3])
def test_measured_targets(loss: str, ensemble: int, answers_of: Callable[..., Any]) -> None:
    rows, _ = measured()
    targets = np.stack([100 + 3 * rows[:, 1], 5 + np.abs(rows[:, 0])], axis=1)
    settings: dict[str, Any] = {"loss": loss, "ensemble": ensemble}
    model = gpunet.train((rows, targets), **SMALL, **settings).model
    model.save("model.safetensors")
    description, tensors = ON_PAGE["read"]("model.safetensors")
    found, expected = answers_of(rows, description, tensors), model.predict(rows)
    assert description["targets"] == ["target 1", "target 2"]
    assert found.shape == (200, 2)
    assert expected.dtype == np.float64
    assert np.abs(found / expected - 1).max() < TOLERANCE
    assert np.ptp(expected, axis=0).min() > 1000 * TOLERANCE


def test_targets_that_are_not_standardized_and_a_single_one(answers_of: Callable[..., Any]) -> None:
    rows, _ = measured()
    model = gpunet.train((rows, rows[:, 0] / 7), **SMALL, scale_targets=False).model
    model.save("model.safetensors")
    description, tensors = ON_PAGE["read"]("model.safetensors")
    assert not description["target_scaling"]
    found = answers_of(rows, description, tensors)[:, 0]
    assert np.abs(found - model.predict(rows)).max() < TOLERANCE


def test_labels(answers_of: Callable[..., Any]) -> None:
    rows, _ = measured()
    labels = np.stack([rows[:, 0] > 0, rows[:, 1] > 60, rows[:, 3] > 1e6], axis=1).astype(int)
    with pytest.warns(UserWarning, match="each row of y is taken for 3 labels of 0 or 1"):
        model = gpunet.train((rows, labels), **SMALL, ensemble=2).model
    description = compare(model, rows, answers_of)
    assert description["network"]["loss"] == "binary-cross-entropy"
    assert model.predict(rows).tolist() == (model.predict_proba(rows) > 0.5).astype(int).tolist()


def test_the_loss_and_the_scores_of_the_test_are_those_of_the_page() -> None:
    judge = pytest.importorskip("sklearn.metrics")
    rows, _ = measured(300)
    targets = 100 + 3 * rows[:, 1]
    parts = (rows[:200], targets[:200], rows[200:], targets[200:])
    model = gpunet.train(parts, **SMALL, l2=0.01, dropout=0.3).model
    model.save("model.safetensors")
    description, tensors = ON_PAGE["read"]("model.safetensors")
    found, test = ON_PAGE["answers"](rows[200:], description, tensors)[:, 0], description["test"]
    errors = (found - targets[200:]) / tensors["targets.deviation"]
    assert test["loss"] == pytest.approx((errors**2).mean() / 2, rel=1e-4)
    assert test["r2"] == pytest.approx(judge.r2_score(targets[200:], found), rel=1e-4)
    rmse, mae = judge.root_mean_squared_error, judge.mean_absolute_error
    assert test["rmse"] == pytest.approx(rmse(targets[200:], found), rel=1e-4)
    assert test["mae"] == pytest.approx(mae(targets[200:], found), rel=1e-4)


def test_the_page_lists_every_activation_and_entry_of_a_file() -> None:
    text = PAGE.read_text("utf-8")
    rows, labels = measured()
    gpunet.train((rows, labels), **SMALL).model.save("model.safetensors")
    gpunet.train((rows, rows[:, 0]), **SMALL).model.save("measured.safetensors")
    for path in ("model.safetensors", "measured.safetensors"):
        description, tensors = ON_PAGE["read"](path)
        entries = [*description, *description["network"], *description["dataset"]]
        entries += [*description["test"], *ACTIVATIONS]
        assert [name for name in entries if f"`{name}`" not in text] == []
        assert [name for name in tensors if re.sub(r"\d", "L", name) not in text] == []
