"""The file that a model is exported to, as Python writes it."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.export.page_parts import Parts, packed_script, told_by, unpacked

import gpunet
from gpunet.config import NetworkSpec, TrainConfig
from gpunet.engine.planning.layered import training_plan
from gpunet.engine.planning.shader_source import assemble
from gpunet.engine.planning.workload import Switches, Workload
from gpunet.errors import OutputError, UsageError
from gpunet.export.packing import packed_array, packed_bytes
from gpunet.export.page import joined_modules
from gpunet.export.programs import DEVICES, LARGEST_BUFFER, POPULATION, Menu, PageSamples
from gpunet.model import Model

HOSTILE = ("</script><script>alert(1)</script>", "<!--", "' onload='x", "&amp;")


@pytest.fixture(scope="module")
def model() -> Model:
    rows = np.random.default_rng(1).normal(size=(60, 3))
    labels = [HOSTILE[number % 4] for number in range(60)]
    names = np.array(labels, dtype=object)
    return gpunet.train((rows, names), hidden=(4,), epochs=2, verbose=False, device="cpu").model


def data(model: Model) -> gpunet.Dataset:
    rows = np.random.default_rng(2).normal(size=(60, 3))
    names = np.array(model.classes, dtype=object)[np.arange(60) % 4]
    return gpunet.Dataset.from_arrays(rows, names, rows, names)


@pytest.mark.parametrize("kind", ["uint8", "int32", "float16", "float32", "float64"])
def test_packed_numbers_are_what_they_were(kind: str) -> None:
    values = (np.random.default_rng(3).normal(size=(7, 5)) * 100).astype(kind)
    planes = np.frombuffer(unpacked(packed_array(values)), np.uint8)
    back = planes.reshape(values.dtype.itemsize, -1).T.copy().view(values.dtype)
    assert np.array_equal(back.reshape(values.shape), values)


def test_packed_text_holds_nothing_that_means_something_in_html() -> None:
    text = packed_bytes(np.random.default_rng(4).bytes(100_000))
    assert not set("<>&\"' \n\\/") & set(text)


def test_names_of_the_data_are_no_part_of_the_markup(model: Model, tmp_path: Path) -> None:
    page = model.export(tmp_path / "page.html", data(model))
    text = page.read_text("utf-8")
    assert "alert(1)" not in text
    told = told_by(page)
    assert sorted(told["model"]["classes"]) == sorted(model.classes)


def allowed(*texts: bytes) -> str:
    digests = [base64.b64encode(hashlib.sha256(text).digest()).decode() for text in texts]
    return " ".join(f"'sha256-{digest}'" for digest in digests)


def test_only_the_pages_own_scripts_and_styles_may_run(model: Model, tmp_path: Path) -> None:
    parts = Parts(model.export(tmp_path / "page.html", data(model)).read_text("utf-8"))
    running = [text for attributes, text in parts.scripts if attributes.get("type") == "module"]
    assert len(running) == 1
    scripts = allowed(running[0].encode(), packed_script(parts, "page-program"))
    styles = allowed(parts.style.encode(), packed_script(parts, "page-styles"))
    (policy,) = (
        str(one["content"])
        for one in parts.metas
        if one.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none';")
    assert f"script-src {scripts}; style-src {styles};" in policy
    assert "unsafe" not in policy


def test_the_icon_and_the_preview_are_pictures_within_the_page(
    model: Model, tmp_path: Path
) -> None:
    text = model.export(tmp_path / "page.html", samples=0).read_text("utf-8")
    for wanted in (r'<link rel="icon" href="', r'<meta property="og:image" content="'):
        (found,) = re.findall(wanted + r'data:image/png;base64,([^"]+)"', text)
        with Image.open(io.BytesIO(base64.b64decode(found))) as picture:
            picture.load()
            assert len(picture.getcolors() or []) > 2


def test_samples_are_of_both_sets_and_no_more_than_are_wanted(model: Model, tmp_path: Path) -> None:
    told = told_by(model.export(tmp_path / "page.html", data(model), samples=20))
    assert told["data"]["train"] + told["data"]["test"] == 20
    assert told["data"]["test"] == 5
    none = told_by(model.export(tmp_path / "none.html", samples=0))
    assert none["data"] is None
    assert {one["optimizer"] for one in none["programs"]} == {None}


def test_samples_may_be_arrays_as_in_training(model: Model, tmp_path: Path) -> None:
    known = data(model)
    names = np.array(known.classes, dtype=object)
    arrays = (known.train.features, names[known.train.labels])
    told = told_by(model.export(tmp_path / "one.html", arrays, samples=20))
    assert (told["data"]["source"], told["data"]["train"], told["data"]["test"]) == (
        "arrays",
        20,
        0,
    )
    told = told_by(model.export(tmp_path / "two.html", (*arrays, *arrays), samples=20))
    assert (told["data"]["train"], told["data"]["test"]) == (15, 5)


def test_a_page_replaces_no_file_and_ends_in_html(model: Model, tmp_path: Path) -> None:
    model.export(tmp_path / "page.html", samples=0)
    with pytest.raises(OutputError, match="is there already"):
        model.export(tmp_path / "page.html", samples=0)
    with pytest.raises(UsageError, match=r"page\.html"):
        model.export(tmp_path / "page.onnx", samples=0)
    with pytest.raises(UsageError, match="samples"):
        model.export(tmp_path / "other.html", samples=-1)


def test_the_menu_has_a_program_for_every_choice() -> None:
    network = NetworkSpec(64, (16, 16), 10)
    menu = Menu(network, TrainConfig(hidden=(16, 16)), PageSamples(300, 100, "bytes")).to_dict()
    found = {
        (one["shape"], one["population"], one["optimizer"], one["software"])
        for one in menu["programs"]
    }
    wanted = {
        (shape, population, optimizer, software)
        for shape in range(len(menu["shapes"]))
        for population in (1, POPULATION)
        for optimizer in (None, *(one["name"] for one in menu["optimizers"]))
        for software in (False, True)
    }
    assert found == wanted
    assert menu["shapes"][0]["name"] == "64-16-16-10"
    assert len({one["name"] for one in menu["shapes"]}) == len(menu["shapes"])


def test_the_menus_shaders_are_the_files_of_the_house() -> None:
    network, config = NetworkSpec(64, (40,), 10), TrainConfig(hidden=(40,), dropout=0.1)
    menu = Menu(network, config, PageSamples(300, 100, "bytes")).to_dict()
    texts = {"".join(menu["pieces"][file] for file in files) for files in menu["shaders"]}

    def bare(text: str) -> str:
        return re.sub(r"\n+", "\n", text).strip()

    work = Workload(network, 64, DEVICES[1], switches=Switches(dropout=True))
    known = {bare(text) for text in texts}
    for one in training_plan(work).passes:
        assert bare(assemble(one.pieces, one.variables).text) in known


def test_networks_too_large_for_a_browsers_buffers_are_not_offered_side_by_side() -> None:
    network, config = NetworkSpec(784, (1024, 1024), 10), TrainConfig(hidden=(1024, 1024))
    menu = Menu(network, config, PageSamples(300, 100, "bytes")).to_dict()
    offered = {(one["shape"], one["population"]) for one in menu["programs"]}
    others = range(1, len(menu["shapes"]))
    assert offered == {(0, 1)} | {(shape, many) for shape in others for many in (1, POPULATION)}
    buffers = [buffer for one in menu["programs"] for buffer in one["program"]["buffers"]]
    assert max(buffer["bytes"] for buffer in buffers) <= LARGEST_BUFFER


def test_a_name_of_the_script_is_told_once() -> None:
    text = joined_modules("main.js")
    names = re.findall(r"^(?:async )?(?:function\*?|class|const|let) (\w+)", text, re.MULTILINE)
    assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)
    assert "</script" not in text
    assert "<!--" not in text
    assert not re.search(r"^(import|export) ", text, re.MULTILINE)
