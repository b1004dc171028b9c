"""``gpunet predict``: images in, classes out."""

from __future__ import annotations

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
    assert (0, "") == (ran.code, ran.err)
    for name, answer in ANSWERS.items():
        assert f"{images / name}: {answer} (" in ran.out


def test_json_holds_every_probability(gpunet: RunCommand, trained: Path, images: Path) -> None:
    ran = gpunet("predict", trained, "--json", *(images / name for name in ANSWERS))
    answers = json.loads(ran.out)
    assert list(ANSWERS.values()) == [answer["prediction"] for answer in answers]
    assert [str(images / name) for name in ANSWERS] == [answer["image"] for answer in answers]
    for answer in answers:
        assert {"0", "1"} == set(answer["probabilities"])
        assert 1 == pytest.approx(sum(answer["probabilities"].values()), abs=1e-5)


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
    assert 1 == done.stderr.count("\n")


def test_a_bad_image_does_not_keep_back_the_others(
    gpunet: RunCommand, trained: Path, images: Path
) -> None:
    names = [images / "left.png", images / "bad.png", images / "missing.png", images / "right.png"]
    ran = gpunet("predict", trained, "--json", *names)
    assert 1 == ran.code
    assert ["0", "1"] == [answer["prediction"] for answer in json.loads(ran.out)]
    bad, missing = ran.err.splitlines()
    assert bad.startswith("error: ")
    assert "bad.png" in bad
    assert "missing.png" in missing


def test_only_bad_images_give_an_empty_answer(
    gpunet: RunCommand, trained: Path, images: Path
) -> None:
    ran = gpunet("predict", trained, "--json", images / "bad.png")
    assert (1, []) == (ran.code, json.loads(ran.out))


def test_an_image_can_come_from_the_standard_input(trained: Path, images: Path) -> None:
    command = [sys.executable, "-m", "gpunet", "predict", str(trained), "-", "--json"]
    with (images / "right.png").open("rb") as image:
        done = subprocess.run(command, stdin=image, capture_output=True, text=True)
    assert (0, "") == (done.returncode, done.stderr)
    assert ("standard input", "1") == tuple(
        json.loads(done.stdout)[0][key] for key in ("image", "prediction")
    )


def test_a_model_of_something_else_than_images_is_refused(
    gpunet: RunCommand, tmp_path: Path, images: Path
) -> None:
    (tmp_path / "points.csv").write_text("0,1,2\n1,3,4\n" * 20, "utf-8")
    model = tmp_path / "model"
    options = ("--device", "cpu", "--epochs", "1", "--output", model, "--quiet")
    assert 0 == gpunet("train", "--data", tmp_path / "points.csv", *options).code
    ran = gpunet("predict", model, images / "left.png")
    assert 1 == ran.code
    assert "whose samples are no images" in ran.failure


def test_a_digit_of_any_size_dark_on_light_is_framed_as_in_training(
    gpunet: RunCommand, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    options = ("--device", "cpu", "--epochs", "6", "--output", model, "--quiet")
    assert 0 == gpunet("train", "--data", "strokes:4000+100", *options).code
    pixels = np.full((300, 200), 255, np.uint8)
    pixels[40:260, 95:110] = 0
    Image.fromarray(pixels).save(tmp_path / "one.png")
    ran = gpunet("predict", model, "--json", tmp_path / "one.png")
    assert "1" == json.loads(ran.out)[0]["prediction"]
