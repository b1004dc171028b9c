"""``gpunet predict``: images in, classes out."""

from __future__ import annotations

import dataclasses
import io
import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from gpunet.artifacts import model_file
from gpunet.cli.app import run
from gpunet.datasets import strokes

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand


ANSWERS = {"left.png": "0", "right.png": "1", "right.jpg": "1"}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Pictures of a bright left or right half, and a file that is none."""
    for name, answer in ANSWERS.items():
        pixels = np.full((40, 40), 30, np.uint8)
        pixels[:, 20 * int(answer) : 20 * int(answer) + 20] = 210
        Image.fromarray(pixels).save(tmp_path / name)
    (tmp_path / "bad.png").write_bytes(b"no image")
    return tmp_path


def test_every_image_is_answered(gpunet: RunCommand, trained: Path, images: Path) -> None:
    ran = gpunet("predict", trained, *(images / name for name in ANSWERS))
    assert (ran.code, ran.err) == (0, "")
    for name, answer in ANSWERS.items():
        assert f"{images / name}: {answer} (" in ran.out


def test_json_holds_every_probability(gpunet: RunCommand, trained: Path, images: Path) -> None:
    ran = gpunet("predict", trained, "--json", *(images / name for name in ANSWERS))
    answers = json.loads(ran.out)
    assert list(ANSWERS.values()) == [answer["prediction"] for answer in answers]
    assert [str(images / name) for name in ANSWERS] == [answer["image"] for answer in answers]
    for answer in answers:
        assert {"0", "1"} == set(answer["probabilities"])
        assert pytest.approx(sum(answer["probabilities"].values()), abs=1e-5) == 1


def test_a_damaged_image_is_told_in_one_line_whatever_its_decoder_logs(
    trained: Path, tmp_path: Path
) -> None:
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "TIFF")
    few, many = (struct.pack("<HHIHH", 277, 3, 1, count, 0) for count in (3, 3330))
    damaged = file.getvalue().replace(few, many)
    assert file.getvalue() != damaged
    (tmp_path / "image.tif").write_bytes(damaged)
    done = subprocess.run(
        [sys.executable, "-m", "gpunet", "predict", trained, tmp_path / "image.tif"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_a_bad_image_does_not_keep_back_the_others(
    gpunet: RunCommand, trained: Path, images: Path
) -> None:
    names = [images / "left.png", images / "bad.png", images / "missing.png", images / "right.png"]
    ran = gpunet("predict", trained, "--json", *names)
    assert ran.code == 1
    assert [answer["prediction"] for answer in json.loads(ran.out)] == ["0", "1"]
    bad, missing = ran.err.splitlines()
    assert bad.startswith("error: ")
    assert "bad.png" in bad
    assert "missing.png" in missing


@pytest.mark.parametrize("count", [3, 4])
def test_up_to_three_images_are_drawn_and_more_are_a_line_each(
    gpunet: RunCommand, trained: Path, images: Path, count: int
) -> None:
    names = [str(images / "left.png"), str(images / "right.png")] * 2
    ran = gpunet("predict", trained, *names[:count])
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    heads = [line for line in lines if ".png: " in line]
    assert [line.partition(": ")[0] for line in heads] == names[:count]
    assert [line.partition(": ")[2][0] for line in heads] == ["0", "1", "0", "1"][:count]
    assert (lines == heads) is (count > 3)


def test_only_bad_images_give_an_empty_answer(
    gpunet: RunCommand, trained: Path, images: Path
) -> None:
    ran = gpunet("predict", trained, "--json", images / "bad.png")
    assert (ran.code, json.loads(ran.out)) == (1, [])


def test_an_image_can_come_from_the_standard_input(trained: Path, images: Path) -> None:
    command = [sys.executable, "-m", "gpunet", "predict", str(trained), "-", "--json"]
    with (images / "right.png").open("rb") as image:
        done = subprocess.run(command, stdin=image, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert tuple(json.loads(done.stdout)[0][key] for key in ("image", "prediction")) == (
        "standard input",
        "1",
    )


def test_a_model_of_something_else_than_images_is_refused(
    gpunet: RunCommand, tmp_path: Path, images: Path
) -> None:
    (tmp_path / "points.csv").write_text("0,1,2\n1,3,4\n" * 20, "utf-8")
    model = tmp_path / "model"
    options = ("--device", "cpu", "--epochs", "1", "--output", model, "--quiet")
    assert gpunet("train", "--data", tmp_path / "points.csv", *options).code == 0
    ran = gpunet("predict", model, images / "left.png")
    assert ran.code == 1
    assert "whose samples are no images" in ran.failure


def test_a_digit_of_any_size_dark_on_light_is_framed_as_in_training(
    gpunet: RunCommand, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    options = ("--device", "cpu", "--epochs", "6", "--output", model, "--quiet")
    assert gpunet("train", "--data", "strokes:4000+100", *options).code == 0
    pixels = np.full((300, 200), 255, np.uint8)
    pixels[40:260, 95:110] = 0
    Image.fromarray(pixels).save(tmp_path / "one.png")
    ran = gpunet("predict", model, "--json", tmp_path / "one.png")
    assert json.loads(ran.out)[0]["prediction"] == "1"


WORDS = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


@pytest.fixture(scope="session")
def dark_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with digits of 32 x 32 pixels, dark on light, a model of them, and 40 of the test
    images as files ``ROW.png``."""
    folder = tmp_path_factory.mktemp("digits")
    images, labels = strokes.generate(2400, 5)
    images = 255 - np.pad(images.reshape(-1, 28, 28), ((0, 0), (2, 2), (2, 2)))
    parts = {"x_train": images[:2000], "y_train": WORDS[labels[:2000]]}
    parts |= {"x_test": images[2000:], "y_test": WORDS[labels[2000:]]}
    np.savez(folder / "digits.npz", **parts)  # type: ignore[arg-type]
    for row, image in enumerate(images[2000:2040]):
        Image.fromarray(image).save(folder / f"{row}.png")
    command = ["train", "--data", folder / "digits.npz", "--device", "cpu", "--hidden", "32"]
    command += ["--epochs", "6", "--quiet", "--output", folder / "model"]
    assert run([str(part) for part in command]) == 0
    return folder


def answers_of(gpunet: RunCommand, folder: Path, *arguments: object) -> list[str]:
    ran = gpunet("predict", folder / "model", "--json", *arguments)
    assert ran.code == 0
    return [answer["prediction"] for answer in json.loads(ran.out)]


def test_a_model_reads_its_own_dark_test_images_as_evaluate_does(
    gpunet: RunCommand, dark_digits: Path
) -> None:
    few = dark_digits / "few.npz"
    arrays = dict(np.load(dark_digits / "digits.npz"))
    np.savez(few, **(arrays | {key: arrays[key][:40] for key in ("x_test", "y_test")}))
    ran = gpunet("evaluate", dark_digits / "model", "--data", few, "--json", "--device", "cpu")
    evaluated = json.loads(ran.out)["accuracy"]
    answers = answers_of(gpunet, dark_digits, *(dark_digits / f"{row}.png" for row in range(40)))
    right = np.array(answers) == arrays["y_test"][:40]
    assert evaluated > 0.7
    assert evaluated == pytest.approx(right.mean())


@pytest.mark.parametrize("inverted", [False, True])
def test_drawings_of_either_polarity_are_framed_whatever_the_classes_are_called(
    gpunet: RunCommand, dark_digits: Path, tmp_path: Path, inverted: bool
) -> None:
    images, labels = strokes.generate(40, 6)
    for row, image in enumerate(images):
        drawing = Image.new("L", (300, 200), 255)
        large = Image.fromarray(255 - image.reshape(28, 28)).resize((112, 112))
        drawing.paste(large, (170, 10))
        pixels = np.asarray(drawing)
        Image.fromarray(255 - pixels if inverted else pixels).save(tmp_path / f"{row}.png")
    names = [tmp_path / f"{row}.png" for row in range(40)]
    framed = np.array(answers_of(gpunet, dark_digits, *names)) == WORDS[labels]
    as_is = np.array(answers_of(gpunet, dark_digits, "--framing", "as-is", *names)) == WORDS[labels]
    assert framed.mean() > 0.7
    assert as_is.mean() < 0.3


def test_a_model_of_other_images_takes_them_as_they_are_unless_it_is_told_otherwise(
    gpunet: RunCommand, trained: Path, tmp_path: Path
) -> None:
    assert model_file.load(trained).framing is None
    pixels = np.full((40, 40), 30, np.uint8)
    pixels[:, 20:] = 210
    Image.fromarray(pixels).save(tmp_path / "right.png")
    probabilities = {}
    for style in ("auto", "as-is", "mnist"):
        ran = gpunet("predict", trained, "--json", "--framing", style, tmp_path / "right.png")
        probabilities[style] = json.loads(ran.out)[0]["probabilities"]
    assert probabilities["auto"] == probabilities["as-is"] != probabilities["mnist"]


def test_a_framing_that_training_was_told_is_kept(
    gpunet: RunCommand, halves: Path, tmp_path: Path
) -> None:
    options = ("--device", "cpu", "--epochs", "1", "--hidden", "4", "--quiet")
    for style in ("auto", "mnist"):
        model = tmp_path / style
        command = ("train", "--data", halves, *options, "--framing", style, "--output", model)
        assert gpunet(*command).code == 0
    assert model_file.load(tmp_path / "auto").framing is None
    assert model_file.load(tmp_path / "mnist").framing is not None


def test_every_digit_of_an_image_is_answered_from_left_to_right(
    gpunet: RunCommand, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    options = ("--device", "cpu", "--epochs", "6", "--output", model, "--quiet")
    assert gpunet("train", "--data", "strokes:4000+100", *options).code == 0
    pixels = np.full((300, 500), 255, np.uint8)
    pixels[40:260, 95:110] = 0
    pixels[60:250, 380:395] = 0
    Image.fromarray(pixels).save(tmp_path / "eleven.png")
    ran = gpunet("predict", model, "--json", tmp_path / "eleven.png")
    assert ran.code == 0
    answers = json.loads(ran.out)
    assert [answer["prediction"] for answer in answers] == ["1", "1"]
    assert {str(tmp_path / "eleven.png")} == {answer["image"] for answer in answers}
    assert [answer["box"] for answer in answers] == [[95, 40, 110, 260], [380, 60, 395, 250]]
    ran = gpunet("predict", model, tmp_path / "eleven.png")
    line = next(line for line in ran.out.splitlines() if "eleven.png: " in line)
    assert line.count("1 (") == 2


def test_a_dash_is_no_digit(gpunet: RunCommand, tmp_path: Path) -> None:
    model = tmp_path / "model"
    options = ("--device", "cpu", "--epochs", "1", "--output", model, "--quiet")
    assert gpunet("train", "--data", "strokes:2000+100", *options).code == 0
    pixels = np.full((200, 200), 255, np.uint8)
    pixels[94:108, 40:160] = 0
    Image.fromarray(pixels).save(tmp_path / "dash.png")
    ran = gpunet("predict", model, "--json", tmp_path / "dash.png")
    assert (ran.code, json.loads(ran.out)) == (1, [])
    assert "shows a dash at (40, 94)" in ran.err


def test_an_image_that_is_taken_whole_is_boxed_by_its_width_and_height(
    gpunet: RunCommand, trained: Path, tmp_path: Path
) -> None:
    pixels = np.full((20, 40), 30, np.uint8)
    pixels[:, 20:] = 210
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    command = ("predict", trained, "--json", "--framing", "as-is", tmp_path / "wide.png")
    (answer,) = json.loads(gpunet(*command).out)
    assert (answer["box"], answer["prediction"]) == ([0, 0, 40, 20], "1")


def test_each_image_gets_the_answers_to_its_own_digits(gpunet: RunCommand, tmp_path: Path) -> None:
    model = tmp_path / "model.safetensors"
    data = ("--data", "strokes:300+20", "--device", "cpu", "--epochs", "2")
    assert gpunet("train", *data, "--output", model, "--quiet").code == 0
    drawn, _ = strokes.generate(3, 7)
    first, second, third = (
        np.pad(255 - one.reshape(28, 28), 8, constant_values=255) for one in drawn
    )
    Image.fromarray(np.hstack([first, second])).save(tmp_path / "two.png")
    Image.fromarray(third).save(tmp_path / "one.png")
    names = [str(tmp_path / name) for name in ("two.png", "one.png")]
    together = json.loads(gpunet("predict", model, "--json", *names).out)
    alone = [json.loads(gpunet("predict", model, "--json", name).out) for name in names]
    assert [answer["image"] for answer in together] == [names[0], names[0], names[1]]
    for expected, actual in zip([*alone[0], *alone[1]], together, strict=True):
        assert actual["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-6)


def test_an_ensemble_answers_with_the_mean_of_its_networks(
    gpunet: RunCommand, halves: Path, images: Path
) -> None:
    model = images / "model.safetensors"
    slowly = ("--hidden", "4", "--epochs", "1", "--ensemble", "3", "--output", model, "-q")
    assert gpunet("train", "--data", halves, "--device", "cpu", *slowly).code == 0
    loaded = model_file.load(model)
    alone = []
    for place in range(3):
        path = images / f"{place}.safetensors"
        own = loaded.parameters[place : place + 1]
        config = dataclasses.replace(loaded.config, ensemble=1)
        model_file.save(dataclasses.replace(loaded, parameters=own, config=config), path)
        alone.append(path)
    answers = [
        [list(one["probabilities"].values()) for one in json.loads(ran.out)]
        for ran in (
            gpunet("predict", path, "--json", *(images / name for name in ANSWERS))
            for path in (model, *alone)
        )
    ]
    assert not np.allclose(answers[1], answers[2], atol=1e-3)
    assert np.allclose(answers[0], np.mean(answers[1:], axis=0), atol=1e-6)
