"""What a page says when its file, the browser or the GPU is not as it should be."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from tests.export.conftest import OpenPage

import gpunet
from gpunet.model import Model

NO_FUNCTION = "the GPU's driver refuses the shader"

NO_PIPELINE = """GPUDevice.prototype.createComputePipelineAsync = () =>
  Promise.reject(new DOMException("no such function\\n 3 | foo", "OperationError"))"""

NO_MEMORY = """GPUDevice.prototype.popErrorScope = () =>
  Promise.resolve(new GPUOutOfMemoryError("full"))"""

ENDED = """() => {
  const button = Array.from(document.querySelectorAll("button"))
    .find(({ textContent }) => textContent === "One epoch");
  return !button.disabled && document.querySelector(".epoch-table tbody").rows.length === 1;
}"""


def data(*, tested: bool = True) -> gpunet.Dataset:
    rows = np.random.default_rng(1).normal(size=(60, 3))
    labels = np.arange(60) % 3
    return gpunet.Dataset.from_arrays(rows, labels, *((rows, labels) if tested else ()))


def trained(known: gpunet.Dataset, networks: int = 1) -> Model:
    return gpunet.train(
        known, hidden=(4,), epochs=1, ensemble=networks, verbose=False, device="cpu"
    ).model


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of a page."""
    path = tmp_path_factory.mktemp("pages") / "page.html"
    return trained(data()).export(path, data()).read_text("utf-8")


def tampered(html: str, mark: str) -> str:
    at = html.index(mark) + 400
    return f"{html[:at]}{'A' if html[at] != 'A' else 'B'}{html[at + 1 :]}"


def test_a_file_that_was_cut_off_says_so(html: str, open_page: OpenPage, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    for end in ('id="page-data"', 'id="page-program"', '<script type="module">'):
        path.write_text(html[: html.index(end) + 200], "utf-8")
        page = open_page(path)
        assert "this file is incomplete" in page.locator("#summary").inner_text()


@pytest.mark.parametrize("mark", ['id="page-data"', 'id="page-program"', 'id="page-styles"'])
def test_a_file_that_was_changed_says_so(
    html: str, open_page: OpenPage, tmp_path: Path, expected: list[str], mark: str
) -> None:
    path = tmp_path / "page.html"
    path.write_text(tampered(html, mark), "utf-8")
    expected.append("was changed, so get the file again")
    open_page(path).get_by_text("was changed, so get the file again.").wait_for()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("delete globalThis.DecompressionStream", "the browser is too old to unpack it"),
        (
            "delete globalThis.ResizeObserver",
            "Something went wrong in this page: ResizeObserver is not",
        ),
    ],
)
def test_what_an_old_browser_lacks_is_told(
    html: str, open_page: OpenPage, tmp_path: Path, expected: list[str], script: str, said: str
) -> None:
    path = tmp_path / "page.html"
    path.write_text(html, "utf-8")
    expected += ["too old", "ResizeObserver is not defined"]
    page = open_page(path)
    page.add_init_script(script)
    page.reload()
    page.get_by_text(said).wait_for()


@pytest.mark.parametrize(
    ("script", "said"),
    [(NO_PIPELINE, NO_FUNCTION), (NO_MEMORY, "the GPU has no memory left for")],
)
def test_a_gpu_that_fails_is_replaced_by_javascript_in_a_sentence(
    html: str, open_page: OpenPage, tmp_path: Path, script: str, said: str
) -> None:
    path = tmp_path / "page.html"
    path.write_text(html, "utf-8")
    page = open_page(path)
    page.add_init_script(script)
    page.reload()
    page.get_by_text("WebGPU runs on").wait_for()
    page.get_by_role("button", name="Take a test row").click()
    page.get_by_text("does not answer, so JavaScript does").wait_for()
    assert said in page.locator("#device").inner_text()
    assert "\n" not in page.locator("#device").inner_text()
    page.get_by_role("button", name="One epoch").first.click()
    page.locator("#train .trainer-message").get_by_text(said).wait_for()


def test_an_epoch_without_test_samples_ends(open_page: OpenPage, tmp_path: Path) -> None:
    known = data(tested=False)
    page = open_page(trained(known).export(tmp_path / "page.html", known))
    page.get_by_role("button", name="One epoch").first.click()
    page.wait_for_function(ENDED)
    assert re.search(
        r"epoch 1, step (\d+) of \1$", page.locator(".trainer-where").first.inner_text()
    )


@pytest.mark.parametrize("networks", [3, 18])
def test_an_ensemble_is_trained_as_a_whole_and_saved_with_its_joint_scores(
    open_page: OpenPage, tmp_path: Path, networks: int
) -> None:
    page = open_page(trained(data(), networks).export(tmp_path / "page.html", data()))
    page.get_by_role("button", name="One epoch").first.click()
    page.wait_for_function(ENDED)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the network").click()
    download.value.save_as(tmp_path / "back.safetensors")
    back = gpunet.load(tmp_path / "back.safetensors")
    found = back.evaluate(data()).overall
    assert len(back.parameters) == networks
    assert len(np.unique(back.parameters, axis=0)) == networks
    assert back.test.accuracy == found.accuracy
    assert back.test.loss == pytest.approx(found.loss, rel=1e-5)
