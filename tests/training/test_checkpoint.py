"""Sound and hostile model files."""

import dataclasses
import json
import os
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from gpunet.artifacts import model_file
from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.framing import MNIST, Framing
from gpunet.datasets.origin import Origin
from gpunet.datasets.scaling import Scaling
from gpunet.datasets.table_columns import Columns, Encoding
from gpunet.errors import DataError, ModelError, OutputError
from gpunet.model import Model, Scores
from gpunet.parameters import layer_views

NETWORK = NetworkSpec(inputs=4, hidden=(3,), outputs=2, activation="tanh")


def encoded(column: int, *levels: Any) -> dict[str, Any]:
    """The columns below with one that is encoded."""
    return COLUMNS | {"encodings": [{"column": column, "levels": levels}], "missing": "mean"}


COLUMNS = {
    "features": ["a", "b", "c", "d"],
    "label": "kind",
    "place": 5,
    "index": True,
    "grey": False,
}
"""Of a table, as the metadata hold them."""


def a_model(population: int = 1, **changes: Any) -> Model:
    generator = np.random.default_rng(0)
    parameters = generator.normal(size=(population, NETWORK.parameter_count)).astype(np.float32)
    model = Model(
        network=NETWORK,
        parameters=parameters,
        config=TrainConfig(hidden=(3,), activation="tanh", learning_rate=0.1),
        classes=("no", "yes"),
        image_shape=(2, 2),
        scaling=Scaling(np.arange(4, dtype=np.float64), np.full(4, 2.0)),
        origin=Origin("points", "/data/points", "0123abc", "a file"),
        best_epoch=7,
        test=Scores(0.25, 0.875),
    )
    return dataclasses.replace(model, **changes)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    model_file.save(a_model(), path)
    return path


def rewrite(path: Path, tensors: dict[str, Any], description: dict[str, Any] | None) -> None:
    """Replace the named tensors (``None`` leaves one out) and entries of the metadata."""
    content = safetensors.numpy.load_file(path) | tensors
    kept = {name: tensor for name, tensor in content.items() if tensor is not None}
    metadata = None
    if description is not None:
        entries = describe(path) | description
        metadata = {"gpunet": json.dumps({k: v for k, v in entries.items() if v is not ...})}
    path.write_bytes(safetensors.numpy.save(kept, metadata))


def describe(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    description: dict[str, Any] = json.loads(
        json.loads(content[8 : 8 + length])["__metadata__"]["gpunet"]
    )
    return description


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        model_file.load(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("population", [1, 3])
def test_a_model_comes_back_bit_by_bit(tmp_path: Path, population: int) -> None:
    data = str(tmp_path / "data" / "points.csv")
    model = a_model(population, origin=Origin("points", data, "0123abc", "points.csv"))
    model_file.save(model, tmp_path / "model")
    loaded = model_file.load(tmp_path / "model")
    assert model.parameters.tobytes() == loaded.parameters.tobytes()
    assert loaded.scaling is not None
    assert model.scaling is not None
    assert_array_equal(model.scaling.mean, loaded.scaling.mean)
    assert_array_equal(model.scaling.deviation, loaded.scaling.deviation)
    for name in ("network", "config", "classes", "image_shape", "origin", "best_epoch", "test"):
        assert getattr(model, name) == getattr(loaded, name)


@pytest.mark.parametrize("framing", [None, Framing(2, 240, 7)])
def test_what_a_model_does_to_pixels_comes_back(tmp_path: Path, framing: Framing | None) -> None:
    model_file.save(a_model(levels=(-1.0, 1.5), inverted=True, framing=framing), tmp_path / "model")
    loaded = model_file.load(tmp_path / "model")
    assert loaded.levels == (-1.0, 1.5)
    assert loaded.inverted
    assert framing == loaded.framing


@pytest.mark.parametrize(
    ("image_shape", "classes", "expected"),
    [
        ((28, 28), tuple("0123456789"), MNIST),
        ((28, 28), tuple("abcdefghij"), None),
        ((14, 56), tuple("0123456789"), None),
        (None, tuple("0123456789"), None),
    ],
)
def test_a_file_of_format_1_keeps_the_rule_of_its_time(
    tmp_path: Path,
    image_shape: tuple[int, int] | None,
    classes: tuple[str, ...],
    expected: Framing | None,
) -> None:
    network = NetworkSpec(inputs=784, hidden=(), outputs=10)
    model = a_model(
        network=network,
        parameters=np.zeros((1, network.parameter_count), np.float32),
        config=TrainConfig(hidden=()),
        classes=classes,
        image_shape=image_shape,
        scaling=None,
    )
    model_file.save(model, tmp_path / "model")
    lacking = dict.fromkeys(("levels", "inverted", "framing"), ...)
    rewrite(tmp_path / "model", {}, {"format": 1, **lacking})
    loaded = model_file.load(tmp_path / "model")
    assert expected == loaded.framing
    assert not loaded.inverted
    assert loaded.levels == (0, 1)


def test_a_model_without_scaling_image_and_test_figures_comes_back(tmp_path: Path) -> None:
    model = a_model(scaling=None, image_shape=None, test=Scores(None, None))
    model_file.save(model, tmp_path / "model")
    loaded = model_file.load(tmp_path / "model")
    assert (loaded.scaling, loaded.image_shape) == (None, None)
    assert Scores(None, None) == loaded.test


def test_other_programs_find_each_layer_under_its_name(saved: Path) -> None:
    tensors = safetensors.numpy.load_file(saved)
    weights, biases = layer_views(a_model().parameters, NETWORK)[1]
    assert_array_equal(weights, tensors["layers.1.weights"])
    assert_array_equal(biases, tensors["layers.1.biases"])


def test_weights_that_are_not_finite_are_not_saved_over_an_older_model(saved: Path) -> None:
    broken = a_model()
    broken.parameters[0, 5] = np.nan
    with pytest.raises(ModelError, match="no longer finite"):
        model_file.save(broken, saved)
    assert model_file.load(saved).best_epoch == 7


def test_a_model_cannot_be_saved_into_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        model_file.save(a_model(), tmp_path / "missing" / "model")


def test_a_missing_file_a_folder_and_a_device_are_refused(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "missing")
    assert "wanted a file" in refusal(tmp_path)
    assert "wanted a file" in refusal(Path(os.devnull))


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)
def test_a_file_without_the_right_to_read_is_refused(saved: Path) -> None:
    saved.chmod(0)
    assert "permission denied" in refusal(saved)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"P",
        b"PK\x03\x04 this is a zip file and no tensors at all",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 6) + b"\xff\xfe{}\x00\x00",
    ],
)
def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model").write_bytes(content)
    assert "does not follow the safetensors format" in refusal(tmp_path / "model")


@pytest.mark.parametrize("kept", [0, 7, 8, 100, -1])
def test_a_truncated_file_is_refused(saved: Path, kept: int) -> None:
    saved.write_bytes(saved.read_bytes()[:kept])
    assert "does not follow the safetensors format" in refusal(saved)


def test_a_file_of_another_program_is_refused(saved: Path) -> None:
    rewrite(saved, {}, None)
    assert "another program wrote it" in refusal(saved)


def test_a_file_of_a_newer_format_is_refused_with_both_versions(saved: Path) -> None:
    rewrite(saved, {}, {"format": 5, "gpunet": "9.9"})
    message = refusal(saved)
    assert "format 5 (of gpunet 9.9)" in message
    assert "reads formats up to 4" in message


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"layers.1.biases": None}, "layers.1.biases is missing"),
        ({"layers.0.weights": None}, "layers.0.weights is missing"),
        ({"layers.2.biases": np.zeros((1, 2), np.float32)}, "does not have"),
        ({"layers.0.biases": np.zeros((1, 4), np.float32)}, "wanted float32 of"),
        ({"layers.0.weights": np.zeros((0, 4, 3), np.float32)}, "wanted float32 of"),
        ({"layers.0.weights": np.zeros(12, np.float32)}, "wanted float32 of"),
        ({"layers.0.weights": np.zeros((1, 4, 3), np.float64)}, "is float64"),
        ({"layers.0.biases": np.full((1, 3), np.nan, np.float32)}, "holds NaN or infinity"),
        ({"scaling.mean": np.full(4, np.inf, np.float32)}, "holds NaN or infinity"),
        ({"scaling.deviation": np.zeros(4, np.float32)}, "not above 0"),
        ({"scaling.deviation": None}, "scaling.deviation is missing"),
    ],
)
def test_tensors_that_do_not_fit_the_network_are_refused(
    saved: Path, tensors: dict[str, Any], message: str
) -> None:
    rewrite(saved, tensors, {})
    assert message in refusal(saved)


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"format": "1"}, "format"),
        ({"format": True}, "format True"),
        ({"format": 2.0}, "format 2.0"),
        ({"network": ...}, "lacks 'network'"),
        ({"network": []}, "network"),
        ({"network": {"inputs": 4}}, "hidden"),
        (
            {
                "network": {
                    "inputs": 4,
                    "hidden": [-3],
                    "classes": 2,
                    "activation": "tanh",
                    "leaky_slope": 0,
                }
            },
            "hidden is -3, wanted from 1 to 1,048,576 in network",
        ),
        ({"classes": ["a", "b", "c"]}, "2 classes"),
        ({"classes": [1, 2]}, "classes[0] is 1, wanted str"),
        ({"config": {"hidden": 5}}, "hidden is 5, wanted a list of whole numbers"),
        ({"config": {"warp": 5}}, "'warp' is no setting"),
        ({"config": {"hidden": [4]}}, "is that of another network"),
        ({"config": {"activation": 5}}, "activation is 5"),
        ({"config": {"class_weights": 5}}, "class_weights is 5"),
        ({"config": {"batch_size": 2.5}}, "batch_size is 2.5, wanted a whole number"),
        ({"config": {"shuffle_split": "no"}}, "shuffle_split is 'no', wanted true or false"),
        ({"config": {"epsilon": 10**400}}, "epsilon is 1"),
        ({"classes": ["a", "a"]}, "two classes one name"),
        ({"config": {"validation": 1e999}}, "no JSON"),
        ({"image_shape": [3, 3]}, "image_shape"),
        ({"image_shape": "2x2"}, "image_shape"),
        ({"dataset": {"name": 5, "fingerprint": "", "source": ""}}, "name"),
        ({"best_epoch": True}, "best_epoch"),
        ({"best_epoch": None}, "best_epoch"),
        ({"best_epoch": -1}, "best_epoch is -1, wanted int >= 0"),
        ({"test": {"loss": float("nan"), "accuracy": 1.0}}, "no JSON"),
        ({"test": {"loss": 10**400, "accuracy": 1.0}}, "number out of range in test.loss"),
        ({"test": {"loss": 1.0, "accuracy": 1.5}}, "test.accuracy is 1.5, wanted float <= 1.0"),
        ({"test": {"loss": "low", "accuracy": 1.0}}, "test.loss is 'low', wanted float"),
        ({"scaling": False}, "does not have"),
        ({"inverted": 1}, "inverted is 1, wanted bool"),
        ({"inverted": ...}, "lacks 'inverted'"),
        ({"levels": ...}, "lacks 'levels'"),
        ({"levels": [0.0]}, "levels is [0.0], wanted array of length 2"),
        ({"levels": [1.0, 1.0]}, "wanted black below white"),
        ({"levels": [float("nan"), 1.0]}, "no JSON"),
        ({"levels": [-3e38, 3e38]}, "wanted black below white"),
        ({"levels": [0, 10**400]}, "number out of range in levels[1]"),
        ({"framing": ...}, "lacks 'framing'"),
        ({"framing": "mnist"}, "framing"),
        ({"framing": {"box": 2, "paper": 0}}, "framing lacks 'ink'"),
        ({"framing": {"box": 3, "paper": 0, "ink": 255}}, "which no image of its samples can be"),
        ({"framing": {"box": 0, "paper": 0, "ink": 255}}, "which no image of its samples can be"),
        ({"framing": {"box": 2, "paper": -1, "ink": 255}}, "which no image of its samples can be"),
        ({"framing": {"box": 2, "paper": 0, "ink": 256}}, "which no image of its samples can be"),
        ({"framing": {"box": 2, "paper": 9, "ink": 9}}, "ink like paper"),
        ({"image_shape": None, "framing": {"box": 1, "paper": 0, "ink": 9}}, "are no images"),
        ({"columns": []}, "columns is [], wanted object"),
        ({"columns": COLUMNS | {"features": ["a"]}}, "does not give titles to 4 columns"),
        ({"columns": COLUMNS | {"features": ["a", "b", "c", "a"]}}, "titles to 4 columns"),
        (
            {"columns": COLUMNS | {"features": ["a", "b", "c", 4]}},
            "columns.features[3] is 4, wanted str",
        ),
        ({"columns": COLUMNS | {"label": 5}}, "columns.label is 5, wanted str"),
        ({"columns": COLUMNS | {"place": 6}}, "its label is column 6"),
        ({"columns": COLUMNS | {"place": 0}}, "its label is column 0"),
        ({"columns": COLUMNS | {"place": -1, "index": False}}, "its label is column -1"),
        ({"columns": COLUMNS | {"grey": 1}}, "columns.grey is 1, wanted bool"),
        ({"columns": COLUMNS | {"missing": "zero"}}, "columns.missing"),
        ({"columns": COLUMNS | {"ignored": [1, 1]}}, "that it leaves out are not beside"),
        ({"columns": COLUMNS | {"ignored": [0]}}, "that it leaves out are not beside"),
        ({"columns": COLUMNS | {"ignored": [9]}}, "that it leaves out are not beside"),
        ({"columns": encoded(4, "x")}, "its encodings are not those of 4 columns"),
        ({"columns": encoded(-1, "x")}, "its encodings are not those of 4 columns"),
        ({"columns": encoded(0, *"abcdef")}, "its encodings are not those of -1 columns"),
        ({"columns": encoded(0, "x", "x")}, "one word of column 0 two features"),
        ({"columns": encoded(0, "x") | {"grey": True}}, "it encodes columns of pixels"),
        ({"image_shape": None, "columns": encoded(0) | {"missing": "refuse"}}, "does not fill it"),
        ({"columns": encoded(0, 5)}, "columns.encodings[0].levels[0] is 5, wanted str"),
        ({"columns": {"features": None}}, "columns lacks 'label'"),
        ({"columns": {k: v for k, v in COLUMNS.items() if k != "index"}}, "columns lacks 'index'"),
        ({"columns": {k: v for k, v in COLUMNS.items() if k != "grey"}}, "columns lacks 'grey'"),
    ],
)
def test_metadata_that_cannot_be_are_refused(
    saved: Path, description: dict[str, Any], message: str
) -> None:
    rewrite(saved, {}, description)
    assert message in refusal(saved)


@pytest.mark.parametrize("name", ["activation", "leaky_slope", "hidden"])
def test_a_network_that_is_described_in_part_is_refused(saved: Path, name: str) -> None:
    network = describe(saved)["network"]
    del network[name]
    rewrite(saved, {}, {"network": network})
    assert f"network lacks '{name}'" in refusal(saved)


def test_a_network_far_larger_than_its_file_is_refused_without_reserving_memory(
    saved: Path,
) -> None:
    entries = describe(saved)
    hidden = {"hidden": [1 << 20] * 60}
    parts = {part: entries[part] | hidden for part in ("network", "config")}
    rewrite(saved, {}, parts)
    assert "wanted float32 of (1, 4, 1048576)" in refusal(saved)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "[" * 100_000, '{"format": NaN}'])
def test_metadata_that_are_no_json_object_are_refused(saved: Path, text: str) -> None:
    tensors = safetensors.numpy.load_file(saved)
    saved.write_bytes(safetensors.numpy.save(tensors, {"gpunet": text}))
    assert refusal(saved).split(": ")[1].startswith(("it is ", "it has format "))


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_random_damage_is_refused_or_leaves_a_sound_model(saved: Path, data: st.DataObject) -> None:
    content = bytearray(saved.read_bytes())
    damages = data.draw(
        st.lists(
            st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)),
            min_size=1,
            max_size=4,
        )
    )
    for place, value in damages:
        content[place] = value
    damaged = saved.with_name("damaged")
    damaged.write_bytes(content)
    try:
        model = model_file.load(damaged)
    except ModelError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert np.isfinite(model.parameters).all()


def test_figures_that_are_not_finite_are_left_out() -> None:
    assert Scores(None, 0.5) == Scores.of(float("nan"), 0.5)
    assert Scores(1.0, None) == Scores.of(1.0, float("nan"))


def a_dataset(features: np.ndarray[Any, Any], classes: tuple[str, ...]) -> Dataset:
    samples = Samples(features, np.array([0, 1], dtype=np.int32))
    return Dataset("points", samples, samples, classes, None, "a test")


def test_samples_are_standardized_as_in_training() -> None:
    samples = Samples(np.full((1, 4), 5, np.float32), np.zeros(1, np.int32))
    assert_allclose([[2.5, 2.0, 1.5, 1.0]], a_model().prepare(samples).features)


def test_bytes_are_read_as_fractions_before_they_are_standardized() -> None:
    samples = Samples(np.full((1, 4), 255, np.uint8), np.zeros(1, np.int32))
    assert_allclose([[0.5, 0.0, -0.5, -1.0]], a_model().prepare(samples).features)


def test_samples_stay_as_they_are_for_a_model_without_scaling() -> None:
    samples = Samples(np.full((1, 4), 255, np.uint8), np.zeros(1, np.int32))
    assert samples is a_model(scaling=None).prepare(samples)


def test_an_inverting_model_gets_dark_and_light_exchanged() -> None:
    model = a_model(scaling=None, inverted=True)
    grey = np.array([[0, 1, 128, 255]], np.uint8)
    label = np.zeros(1, np.int32)
    assert model.prepare(Samples(grey, label)).features.tolist() == [[255, 254, 127, 0]]
    floats = np.array([[0, 0.25, 0.5, 1]], np.float32)
    assert model.prepare(Samples(floats, label)).features.tolist() == [[1, 0.75, 0.5, 0]]
    assert floats.tolist() == [[0, 0.25, 0.5, 1]]


@pytest.mark.parametrize("scaling", [None, a_model().scaling])
def test_bytes_are_brought_to_the_levels_of_the_training_images(scaling: Scaling | None) -> None:
    model = a_model(scaling=scaling, levels=(-1.0, 1.0))
    label = np.zeros(1, np.int32)
    floats = Samples(np.array([[-1, -0.6, 0.2, 1]], np.float32), label)
    grey = Samples(np.array([[0, 51, 153, 255]], np.uint8), label)
    assert_allclose(model.prepare(floats).features, model.prepare(grey).features, atol=1e-6)


def test_samples_with_another_number_of_features_are_refused() -> None:
    samples = Samples(np.zeros((1, 5), np.float32), np.zeros(1, np.int32))
    with pytest.raises(ModelError, match="5 features but the model takes 4"):
        a_model().prepare(samples)


def test_labels_follow_the_names_of_the_models_classes() -> None:
    dataset = a_dataset(np.zeros((2, 4), np.float32), ("yes", "no"))
    assert a_model().test_samples(dataset).labels.tolist() == [1, 0]


def test_a_class_that_the_model_does_not_know_is_refused() -> None:
    dataset = a_dataset(np.zeros((2, 4), np.float32), ("no", "perhaps"))
    with pytest.raises(ModelError, match="'perhaps'"):
        a_model().test_samples(dataset)


@pytest.mark.parametrize("scaling", [None, a_model().scaling])
def test_samples_that_are_not_finite_are_refused_with_their_place(scaling: Scaling | None) -> None:
    features = np.ones((2, 4), np.float32)
    features[1, 2] = np.nan
    with pytest.raises(DataError, match=r"feature 3 of sample 2.* is nan, wanted a finite number"):
        a_model(scaling=scaling).prepare(Samples(features, np.zeros(2, np.int32)))


@pytest.mark.parametrize("features", [("a", "b", "c", "d"), None])
def test_the_columns_of_a_table_are_kept(tmp_path: Path, features: tuple[str, ...] | None) -> None:
    columns = Columns(features, "kind", place=5, index=True, grey=False)
    model_file.save(a_model(columns=columns), tmp_path / "model")
    assert columns == model_file.load(tmp_path / "model").columns


def test_how_columns_are_encoded_and_filled_is_kept(tmp_path: Path) -> None:
    columns = Columns(
        ("a", "b"), "kind", 3, True, False, (2,), (Encoding(0), Encoding(1, ("", "x"))), "median"
    )
    scaling = Scaling(np.arange(4.0), np.ones(4), np.array([0.1, 0, 7, 0]))
    model_file.save(a_model(columns=columns, scaling=scaling, image_shape=None), tmp_path / "model")
    loaded = model_file.load(tmp_path / "model")
    assert columns == loaded.columns
    assert loaded.scaling is not None
    assert loaded.scaling.filling.tolist() == [0.1, 0, 7, 0]
    rewrite(tmp_path / "model", {"scaling.fill": np.full(4, np.nan)}, {})
    assert "scaling.fill holds NaN or infinity" in refusal(tmp_path / "model")
    rewrite(tmp_path / "model", {"scaling.fill": np.zeros(3)}, {})
    assert "scaling.fill is float64 of shape (3,)" in refusal(tmp_path / "model")


def test_a_file_that_tells_of_no_columns_or_scales_in_float32_is_read(saved: Path) -> None:
    deviation = np.array([1, 2, 3, 4], np.float32)
    mean = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
    rewrite(saved, {"scaling.mean": mean, "scaling.deviation": deviation}, {"columns": ...})
    model = model_file.load(saved)
    assert (model.columns, model.table_columns.place) == (None, 0)
    assert model.scaling is not None
    assert mean.astype(np.float64).tolist() == model.scaling.mean.tolist()
    samples = Samples(np.ones((2, 4), np.float32), np.zeros(2, np.int32))
    assert np.float32 == model.prepare(samples).features.dtype


def test_large_values_that_differ_by_little_are_scaled_as_in_training(tmp_path: Path) -> None:
    features = 1.7e9 + np.arange(40, dtype=np.float64).reshape(10, 4)
    scaling = Scaling.of(features)
    samples = Samples(features, np.zeros(10, np.int32))
    model_file.save(a_model(scaling=scaling), tmp_path / "model")
    prepared = model_file.load(tmp_path / "model").prepare(samples)
    assert scaling.apply(samples).features.tobytes() == prepared.features.tobytes()
    assert pytest.approx(prepared.features.mean(axis=0).tolist(), abs=1e-6) == [0] * 4
    assert pytest.approx(prepared.features.std(axis=0).tolist(), abs=1e-6) == [1] * 4


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """A model of two measured targets, which were standardized."""
    network = NetworkSpec(4, (3,), 2, "tanh", loss="squared-error")
    config = TrainConfig(hidden=(3,), activation="tanh", loss="squared-error")
    scaling = Scaling(np.array([1e6, 0.1]), np.array([3e5, 0.01]))
    path = tmp_path / "measured.safetensors"
    targets: dict[str, Any] = {"targets": ("price", "size"), "target_scaling": scaling}
    test = Scores(0.25, None, -0.5, 3e5, 2e5)
    changed = {"network": network, "config": config, "classes": (), "test": test, **targets}
    model_file.save(a_model(2, **changed), path)
    return path


def test_a_model_of_measured_targets_comes_back(measured: Path) -> None:
    model, content = model_file.load(measured), describe(measured)
    assert (content["format"], content["network"]["outputs"]) == (4, 2)
    assert (content["classes"], content["targets"]) == ([], ["price", "size"])
    assert list(content["test"]) == ["loss", "r2", "rmse", "mae"]
    assert model.test == Scores(0.25, None, -0.5, 3e5, 2e5)
    assert model.targets == ("price", "size")
    assert model.target_scaling is not None
    assert model.target_scaling.mean.tolist() == [1e6, 0.1]
    assert model.target_scaling.deviation.tolist() == [3e5, 0.01]


@pytest.mark.parametrize(
    ("tensors", "description", "message"),
    [
        ({}, {"targets": ["price"]}, "does not name the network's 2 targets"),
        ({}, {"targets": ["price", "price"]}, "gives two targets one name"),
        ({}, {"classes": ["a", "b"]}, "does not name the network's 2 targets"),
        ({}, {"target_scaling": False}, "a tensor 'targets.deviation' that its network does not"),
        ({"targets.mean": None}, {}, "the tensor targets.mean is missing"),
        ({"targets.mean": np.zeros(3)}, {}, r"targets.mean is float64 of shape \(3,\), wanted"),
        ({"targets.mean": np.full(2, np.nan)}, {}, "targets.mean holds NaN or infinity"),
        ({"targets.deviation": np.array([1.0, 0])}, {}, "targets.deviation holds a value that is"),
        ({}, {"test": {"loss": 1.0, "r2": 1.5}}, "test.r2 is 1.5, wanted float <= 1.0"),
        ({}, {"test": {"loss": -1.0}}, "its test has a loss of -1.0, wanted at least 0"),
    ],
)
def test_what_is_no_sound_model_of_targets_is_refused(
    measured: Path, tensors: dict[str, Any], description: dict[str, Any], message: str
) -> None:
    rewrite(measured, tensors, description)
    assert re.search(message, refusal(measured))


def test_classes_are_not_scaled(saved: Path) -> None:
    scaling = {"targets.mean": np.zeros(2), "targets.deviation": np.ones(2)}
    rewrite(saved, scaling, {"target_scaling": True})
    assert "it scales classes, which are not measured" in refusal(saved)
