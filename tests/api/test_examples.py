"""Every public docstring's example runs and gives what it shows; a notebook shows a run."""

from __future__ import annotations

import doctest
import sys
from itertools import islice

import nbclient
import nbformat
import pytest
from tests.conftest import ADAPTERS

import gpunet
from gpunet.engine import adapter_check


def examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder()
    found = [
        test
        for name in dir(gpunet)
        if not isinstance(getattr(gpunet, name), str)
        for test in finder.find(getattr(gpunet, name), f"gpunet.{name}", module=False)
    ]
    return [test for test in found if test.examples and (ADAPTERS or "check_" not in test.name)]


@pytest.mark.parametrize("example", examples(), ids=lambda test: test.name)
def test_the_example_of_a_public_name_gives_what_it_shows(
    example: doctest.DocTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = adapter_check.checked_cases
    # The contract tests check all kernels.
    monkeypatch.setattr(adapter_check, "checked_cases", lambda traits: islice(cases(traits), 1))
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(example, out=told.append)
    assert "".join(told) == ""


@pytest.mark.parametrize(
    "name", ["train", "resume", "load", "load_dataset", "tune", "devices", "check_device"]
)
def test_every_function_has_an_example(name: str) -> None:
    assert ">>> " in getattr(gpunet, name).__doc__


def test_a_notebook_shows_one_table_of_epochs_and_the_runs_curves() -> None:
    cells = [
        "import gpunet",
        "run = gpunet.train('strokes:300+100', epochs=3, hidden=(8,), device='cpu')",
        "run",
        f"!{sys.executable} -m gpunet train --data strokes:300+100 --epochs 2 --device cpu",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=120).execute()
    _, trained, shown, command = (cell.outputs for cell in notebook.cells)
    (table,) = [one for one in trained if one.output_type == "display_data"]
    assert table.data["text/html"].count("<tr>") == 4
    assert "3/3" in table.data["text/html"]
    assert shown[0].data["text/html"].count("<polyline") == 4
    lines = "".join(one.text for one in command)
    assert "epoch 2/2" in lines
    assert "\x1b[" not in lines
