from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.datasets.refusals import refusal

from gpunet.datasets.readers.npz import read_npz
from gpunet.errors import DataError

Arrays = dict[str, NDArray[Any]]


def arrays() -> Arrays:
    """Six training and three test images of 4 x 3 bytes in three classes."""
    draws = np.random.default_rng(3)
    return {
        "x_train": draws.integers(0, 256, (6, 4, 3), dtype=np.uint8),
        "y_train": np.array([0, 1, 2, 0, 1, 2], np.uint8),
        "x_test": draws.integers(0, 256, (3, 4, 3), dtype=np.uint8),
        "y_test": np.array([2, 1, 0], np.int64),
    }


def written(folder: Path, changed: Arrays | None = None, *, packed: bool = False) -> Path:
    path = folder / "data.npz"
    save = np.savez_compressed if packed else np.savez
    save(path, **(arrays() | (changed or {})))  # type: ignore[arg-type]
    return path


def npy_bytes(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def with_member(folder: Path, key: str, content: bytes, method: int = zipfile.ZIP_STORED) -> Path:
    """An archive whose array ``key`` has this content."""
    path = folder / "data.npz"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, array in arrays().items():
            archive.writestr(f"{name}.npy", content if name == key else npy_bytes(array))
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_the_four_arrays_are_a_dataset(tmp_path: Path, packed: bool) -> None:
    dataset = read_npz(written(tmp_path, packed=packed))
    assert arrays()["x_train"].reshape(6, 12).tolist() == dataset.train.features.tolist()
    assert np.uint8 == dataset.train.features.dtype
    assert dataset.train.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert arrays()["x_test"].reshape(3, 12).tolist() == dataset.test.features.tolist()
    assert dataset.test.labels.tolist() == [2, 1, 0]
    assert dataset.classes == ("0", "1", "2")
    assert dataset.image_shape == (4, 3)
    assert dataset.name == "data"


@pytest.mark.parametrize("kind", ["<f4", ">f8", "<f2", ">i4", "<i8", "<u2"])
def test_grey_levels_of_any_type_become_bytes(tmp_path: Path, kind: str) -> None:
    expected = read_npz(written(tmp_path)).fingerprint
    changed = {key: arrays()[key].astype(kind) for key in ("x_train", "x_test")}
    assert expected == read_npz(written(tmp_path, changed)).fingerprint


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_bytes_divided_by_255_are_those_bytes(tmp_path: Path, kind: Any) -> None:
    expected = read_npz(written(tmp_path, {})).fingerprint
    changed = {key: arrays()[key].astype(kind) / 255 for key in ("x_train", "x_test")}
    assert expected == read_npz(written(tmp_path, changed)).fingerprint


@pytest.mark.parametrize("shape", [(6, 2, 6), (6, 12)])
def test_other_fractions_become_float32(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """Those between two gray levels, and those that form no image."""
    x_train = arrays()["x_train"].reshape(shape) / 255
    x_train[0] /= 3 if len(shape) == 3 else 1
    changed = {"x_train": x_train, "x_test": arrays()["x_test"].reshape(3, *shape[1:]) / 255}
    dataset = read_npz(written(tmp_path, changed))
    assert np.float32 == dataset.train.features.dtype
    assert x_train.astype(np.float32).reshape(6, 12).tolist() == dataset.train.features.tolist()


def test_bytes_stay_bytes_however_dark(tmp_path: Path) -> None:
    changed = {key: arrays()[key] // 64 for key in ("x_train", "x_test")}
    assert np.uint8 == read_npz(written(tmp_path, changed)).train.features.dtype


def test_flags_become_zeros_and_ones(tmp_path: Path) -> None:
    changed = {key: arrays()[key].reshape(-1, 12) > 127 for key in ("x_train", "x_test")}
    dataset = read_npz(written(tmp_path, changed))
    assert np.float32 == dataset.train.features.dtype
    assert np.unique(dataset.train.features).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.int64, np.float32])
def test_images_of_zeros_and_ones_are_black_and_white(tmp_path: Path, kind: Any) -> None:
    changed = {key: (arrays()[key] > 127).astype(kind) for key in ("x_train", "x_test")}
    dataset = read_npz(written(tmp_path, changed))
    assert np.uint8 == dataset.train.features.dtype
    assert np.unique(dataset.train.features).tolist() == [0, 255]


def test_an_array_in_columns_first_order_is_read_right(tmp_path: Path) -> None:
    expected = read_npz(written(tmp_path)).fingerprint
    changed = {"x_train": np.asfortranarray(arrays()["x_train"])}
    assert expected == read_npz(written(tmp_path, changed)).fingerprint


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((8, 8, 1), (8, 8)),
        ((1, 8, 8), (8, 8)),
        ((1, 5, 9), (5, 9)),
        ((64,), (8, 8)),
        ((63,), None),
        ((7, 8, 3), None),
        ((8, 8, 4), None),
        ((5, 9), (5, 9)),
    ],
)
def test_an_image_shape_is_that_of_grey_images(
    tmp_path: Path, shape: tuple[int, ...], expected: tuple[int, int] | None
) -> None:
    changed = {
        "x_train": np.full((6, *shape), 200, np.uint8),
        "x_test": np.full((3, *shape), 200, np.uint8),
    }
    dataset = read_npz(written(tmp_path, changed))
    assert expected == dataset.image_shape
    assert int(np.prod(shape)) == dataset.inputs


@pytest.mark.parametrize(
    "labels",
    [
        np.array([["a"], ["b"], ["c"], ["a"], ["b"], ["c"]]),
        np.array([b"a", b"b", b"c", b"a", b"b", b"c"]),
    ],
)
def test_words_may_be_labels(tmp_path: Path, labels: NDArray[Any]) -> None:
    dataset = read_npz(written(tmp_path, {"y_train": labels, "y_test": labels[:3]}))
    assert dataset.classes == ("a", "b", "c")
    assert dataset.train.labels.tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("is_channel_first", [False, True])
def test_images_in_color_become_the_grey_ones_that_files_become(
    tmp_path: Path, is_channel_first: bool, dtype: Any
) -> None:
    colors = np.random.default_rng(5).integers(0, 256, (6, 8, 9, 3), dtype=np.uint8)
    greys = [np.asarray(Image.fromarray(image).convert("L")) for image in colors]
    given = np.moveaxis(colors, 3, 1) if is_channel_first else colors
    given = given if dtype == np.uint8 else (given / 255).astype(dtype)
    dataset = read_npz(written(tmp_path, {"x_train": given, "x_test": given[:3]}))
    assert np.reshape(greys, (6, 72)).tolist() == dataset.train.features.tolist()
    assert np.uint8 == dataset.train.features.dtype
    assert dataset.image_shape == (8, 9)
    assert dataset.notice == "the images are colored and are turned to gray"


def test_images_in_other_floats_stay_floats_when_they_turn_grey(tmp_path: Path) -> None:
    colors = np.random.default_rng(5).normal(size=(6, 8, 8, 3))
    dataset = read_npz(written(tmp_path, {"x_train": colors, "x_test": colors[:3]}))
    assert np.float32 == dataset.train.features.dtype
    red, green, blue = colors[2, 1, 3]
    assert pytest.approx(0.299 * red + 0.587 * green + 0.114 * blue, abs=1e-4) == float(
        dataset.train.features[2, 8 + 3]
    )


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.bool_])
def test_one_hot_rows_are_class_numbers(tmp_path: Path, kind: Any) -> None:
    expected = read_npz(written(tmp_path)).fingerprint
    changed = {key: np.eye(3, dtype=kind)[arrays()[key]] for key in ("y_train", "y_test")}
    dataset = read_npz(written(tmp_path, changed))
    assert expected == dataset.fingerprint
    assert dataset.notice == "the one-hot rows of labels are read as class numbers"


@pytest.mark.parametrize(
    "names",
    [
        "x_train y_train x_test y_test",
        "X_train y_train X_test y_test",
        "train_images train_labels test_images test_labels",
        "trainX trainY testX testY",
        "images_training labels_training images_testing labels_testing",
        "X y X_test y_test",
        "train_data train_target test_data test_targets",
        "features_train labels_train features_test labels_test",
    ],
)
def test_arrays_are_known_by_their_usual_names(tmp_path: Path, names: str) -> None:
    expected = read_npz(written(tmp_path)).fingerprint
    path = tmp_path / "named.npz"
    np.savez(path, **dict(zip(names.split(), arrays().values(), strict=True)))  # type: ignore[arg-type]
    dataset = read_npz(path)
    assert expected == dataset.fingerprint
    assert dataset.notice is None


@pytest.mark.parametrize(
    "names", ["X y", "x Y", "data target", "images labels", "features targets", "arr_0 arr_1"]
)
def test_two_arrays_are_split_into_training_and_test_samples(tmp_path: Path, names: str) -> None:
    path = tmp_path / "data.npz"
    x, y = names.split()
    np.savez(path, **{x: arrays()["x_train"], y: arrays()["y_train"]})  # type: ignore[arg-type]
    dataset = read_npz(path)
    assert (len(dataset.train), len(dataset.test)) == (5, 1)
    assert dataset.notice == "there is no x_test: the last 1 of 6 rows are for testing"


def test_of_several_arrays_that_would_do_the_others_are_told_of(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    images, labels = arrays()["x_train"], arrays()["y_train"]
    np.savez(path, data=images.reshape(6, 12), images=images, target=labels, names=labels)
    dataset = read_npz(path)
    assert dataset.image_shape == (4, 3)
    assert dataset.notice is not None
    assert dataset.notice.startswith("the array 'data' is left out; ")


@pytest.mark.parametrize("names", ["a b", "arr_0 arr_1 arr_2", "x_train", "labels X_test"])
def test_where_arrays_are_not_found_the_names_looked_for_are_told(
    tmp_path: Path, names: str
) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, **dict.fromkeys(names.split(), arrays()["y_train"]))  # type: ignore[arg-type]
    message = refusal(path)
    assert all(repr(name) in message for name in names.split())
    assert "wanted features called x_train, X, train_images, data, features" in message
    assert "labels called y_train, y, train_labels, labels, target or arr_1" in message


@pytest.mark.parametrize("key", ["x_train", "y_train", "x_test", "y_test"])
def test_a_missing_array_is_named_with_those_that_are_there(tmp_path: Path, key: str) -> None:
    path = tmp_path / "data.npz"
    kept = {name: array for name, array in arrays().items() if name != key}
    np.savez(path, **kept)  # type: ignore[arg-type]
    message = refusal(path)
    assert message.startswith(f"data.npz lacks {key}; it holds ")
    assert all(repr(name) in message for name in kept)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"y_test": np.array([1, 2])}, "y_test of data.npz holds 2 rows but x_test of data.npz 3"),
        ({"y_train": np.array([0, 1, np.nan, 0, 1, 2])}, "row 3 of y_train of data.npz is nan"),
        ({"y_test": np.array([0, 1, 7])}, "row 3 of y_test of data.npz is '7', which no training"),
        ({"y_train": np.eye(6) / 2}, "y_test of data.npz holds 1 targets, wanted 6"),
        ({"y_train": np.ones((6, 0))}, "y_train of data.npz is of shape (6, 0), wanted (samples,)"),
        ({"y_train": np.full((6, 2), "a")}, "is of shape (6, 2), wanted (samples,)"),
        ({"y_train": np.zeros(6, np.int8)}, "holds only the class '0'"),
        ({"x_train": np.zeros((6, 3, 4))}, "shape (4, 3) but x_train of data.npz of (3, 4)"),
        ({"x_train": np.zeros(6)}, "x_train of data.npz is of shape (6,), wanted (samples, feat"),
        ({"x_train": np.zeros((6, 0))}, "x_train of data.npz holds no samples"),
        ({"x_test": np.full((3, 4, 3), np.inf)}, "row 1, value 1 of x_test of data.npz is inf"),
        ({"x_test": np.full((3, 4, 3), 1e300)}, "row 1, value 1 of x_test of data.npz is 1e+300"),
        ({"x_test": np.full((3, 4, 3), 1j)}, "x_test of data.npz is of type complex128"),
        ({"x_train": np.full((6, 2), "word")}, "x_train of data.npz is of type <U4, wanted numb"),
        ({"y_train": np.array([{}] * 6)}, "y_train of data.npz holds pickled objects"),
        ({"x_train": np.array([[None]] * 6)}, "x_train of data.npz holds pickled objects"),
    ],
)
def test_arrays_that_cannot_be_are_refused(tmp_path: Path, changed: Arrays, expected: str) -> None:
    assert expected in refusal(written(tmp_path, changed))


def test_a_nan_among_features_is_refused_with_its_place(tmp_path: Path) -> None:
    images = arrays()["x_train"].astype(np.float16)
    images[4, 1, 2] = np.nan
    assert "row 5, value 6 of x_train of data.npz is nan" in (
        refusal(written(tmp_path, {"x_train": images}))
    )


def test_a_header_that_promises_too_much_is_refused_before_anything_is_allocated(
    tmp_path: Path,
) -> None:
    for shape in (b"(6000000000, 4, 3)", b"(10**9,)", b"(-6, 4, 3)", b"(-6, -4, 3)"):
        header = b"{'descr': '|u1', 'fortran_order': False, 'shape': " + shape + b", }"
        header = header.ljust(117) + b"\n"
        content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(72)
        assert "data.npz" in refusal(with_member(tmp_path, "x_train", content))


def test_an_archive_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpunet.datasets.spool.MAXIMUM_BYTES", 1 << 20)
    zeros = np.zeros((6, 1 << 20), np.uint8)
    path = with_member(tmp_path, "x_train", npy_bytes(zeros), zipfile.ZIP_DEFLATED)
    assert "x_train of data.npz would take" in refusal(path)


def test_another_way_of_packing_is_refused(tmp_path: Path) -> None:
    content = npy_bytes(arrays()["x_train"])
    path = with_member(tmp_path, "x_train", content, zipfile.ZIP_BZIP2)
    assert "packed in a way that numpy does not write" in refusal(path)


def outcome(path: Path) -> str:
    try:
        return read_npz(path).fingerprint
    except DataError:
        return "refused"


@pytest.mark.parametrize("position", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_a_damaged_byte_is_refused_or_harmless(tmp_path: Path, position: float) -> None:
    path = written(tmp_path, packed=True)
    whole, expected = path.read_bytes(), read_npz(path).fingerprint
    for offset in range(8):
        damaged = bytearray(whole)
        damaged[int(position * len(whole)) + offset] ^= 0xFF
        path.write_bytes(damaged)
        assert outcome(path) in {"refused", expected}


@pytest.mark.parametrize("kept", [1, 100, 800])
def test_an_archive_that_is_cut_short_is_refused(tmp_path: Path, kept: int) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])
    assert "data.npz is no NPZ archive, or it is damaged" in refusal(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"", "is empty"), (b"label,a\n1,2\n", "is no NPZ archive"), (b"\x93NUMPY", "is no NPZ")],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    assert expected in refusal(path)


def test_a_member_that_is_no_array_is_refused(tmp_path: Path) -> None:
    assert "data.npz" in refusal(with_member(tmp_path, "y_test", b"no array"))


def test_damaged_text_among_labels_is_refused(tmp_path: Path) -> None:
    damaged = np.full(6, 0x7FFFFFFF, np.uint32).view("<U1")
    path = with_member(tmp_path, "y_train", npy_bytes(damaged))
    assert "y_train of data.npz holds damaged text" in refusal(path)


@pytest.mark.parametrize(
    "spelling", ["x_val y_val", "X_val Y_Val", "x_valid y_valid", "X_VALIDATION y_validation"]
)
def test_validation_samples_are_the_validation_set(tmp_path: Path, spelling: str) -> None:
    keys = spelling.split()
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    dataset = read_npz(written(tmp_path, {keys[0]: pixels, keys[1]: np.array([2, 0])}))
    assert dataset.validation is not None
    assert pixels.reshape(2, 12).tolist() == dataset.validation.features.tolist()
    assert dataset.validation.labels.tolist() == [2, 0]
    assert (len(dataset.train), len(dataset.test)) == (6, 3)
    assert dataset.notice == (
        f"the 2 samples of {keys[0]} are the validation set, in place of validation"
    )


def test_validation_samples_decide_on_the_type_of_all_features(tmp_path: Path) -> None:
    changed = {"x_val": np.full((1, 4, 3), 0.5), "y_val": np.array([1])}
    dataset = read_npz(written(tmp_path, changed))
    assert dataset.validation is not None
    kinds = {part.features.dtype for part in (dataset.train, dataset.test, dataset.validation)}
    assert {np.dtype(np.float32)} == kinds
    assert arrays()["x_train"].reshape(6, 12).tolist() == dataset.train.features.tolist()


def test_without_test_samples_beside_validation_samples_the_training_set_is_split(
    tmp_path: Path,
) -> None:
    path = tmp_path / "data.npz"
    whole = arrays()
    np.savez(
        path,
        x_train=np.concatenate([whole["x_train"]] * 2),
        y_train=np.concatenate([whole["y_train"]] * 2),
        x_val=whole["x_test"],
        y_val=whole["y_test"],
    )
    dataset = read_npz(path)
    assert dataset.validation is not None
    assert (len(dataset.train), len(dataset.test), len(dataset.validation)) == (10, 2, 3)
    assert dataset.notice is not None
    assert "there is no x_test: the last 2 of 12 rows are for testing" in dataset.notice


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x_val": np.zeros((1, 4, 3))}, "lacks y_val; it holds"),
        ({"x_val": np.zeros((1, 3, 4)), "y_val": [0]}, "x_val of data.npz holds samples of shape"),
        ({"x_val": np.zeros((2, 4, 3)), "y_val": [0]}, "y_val of data.npz holds 1 rows but x_val"),
        (
            {"x_val": np.zeros((1, 4, 3)), "y_val": [7]},
            "y_val of data.npz is '7', which no training",
        ),
    ],
)
def test_validation_samples_that_do_not_fit_are_refused(
    tmp_path: Path, changed: Arrays, message: str
) -> None:
    assert message in refusal(written(tmp_path, changed))


def test_capitals_are_as_good_as_small_letters(tmp_path: Path) -> None:
    expected = read_npz(written(tmp_path)).fingerprint
    capitals = {key.upper(): array for key, array in arrays().items()}
    np.savez(tmp_path / "data.npz", **capitals)  # type: ignore[arg-type]
    assert expected == read_npz(tmp_path / "data.npz").fingerprint


def test_an_array_in_small_letters_goes_before_one_in_capitals(tmp_path: Path) -> None:
    expected = read_npz(written(tmp_path)).fingerprint
    changed = {"X_train": np.zeros((6, 4, 3), np.uint8)}
    assert expected == read_npz(written(tmp_path, changed)).fingerprint


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([-1, 1, -1, 1, 1, -1], ("-1", "1")),
        ([100, 300, 200, 100, 2**63 + 1, 200], ("100", "200", "300", str(2**63 + 1))),
        (
            ["Hordeum vulgare distichon", "Triticum aestivum spelta", "é" * 20] * 2,
            ("Hordeum vulgare distichon", "Triticum aestivum spelta", "é" * 20),
        ),
    ],
)
def test_codes_and_long_words_are_classes_under_their_own_names(
    tmp_path: Path, values: list[object], names: tuple[str, ...]
) -> None:
    labels = np.array(values, np.uint64 if 2**63 + 1 in values else None)
    path = tmp_path / "data.npz"
    features = np.arange(12).reshape(6, 2)
    np.savez(path, x_train=features, y_train=labels, x_test=features[:3], y_test=labels[:3])
    dataset = read_npz(path)
    assert names == dataset.classes
    assert [names.index(str(value)) for value in values] == dataset.train.labels.tolist()
    assert dataset.train.labels[:3].tolist() == dataset.test.labels.tolist()
