"""The plan of the house, kept true: what modules offer, how long functions are, who makes engines.

Who may import whom stands in pyproject.toml; `make lint` holds it.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.own_tree import TREE

import gpunet

SOURCE = Path(gpunet.__file__).parent

HEAVY = ("numpy", "wgpu", "PIL", "safetensors", "requests", "msgspec", "rich", "optuna")

LONGEST_FUNCTION = 60
"""Lines of code, without the docstring."""

ENGINES = {"NumpyEngine", "WgpuEngine", "create_engine"}

MAKERS = (
    *("tests/contract/", "tests/engine/", "tests/conftest.py", "tests/engines.py"),
    *("tests/export/test_page_engine.py", "tests/export/test_page_training.py"),
    "benchmarks/peers/engines.py",
)
"""Tests whose subject the engines are, and what makes engines for all others and for scripts."""

SCRIPTS = sorted(path for name in ("tests", "benchmarks") for path in (TREE / name).rglob("*.py"))

MODULES = sorted(module.name for module in pkgutil.walk_packages([str(SOURCE)], "gpunet."))


def parse(module: str) -> ast.Module:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return ast.parse(Path(spec.origin).read_text("utf-8"))


def imports(module: str) -> Iterator[tuple[str, str]]:
    """The modules that a module imports, with the name taken from each; within functions, too."""
    for node in ast.walk(parse(module)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively in line {node.lineno}"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield (whole, "") if whole in MODULES else (node.module or "", alias.name)


@pytest.mark.parametrize("module", MODULES)
def test_everything_that_a_module_offers_is_there(module: str) -> None:
    if len(parse(module).body) == 1:
        return  # a docstring alone
    loaded = importlib.import_module(module)
    assert [name for name in loaded.__all__ if not hasattr(loaded, name)] == []


@pytest.mark.parametrize("module", MODULES)
def test_modules_take_from_one_another_only_what_is_offered(module: str) -> None:
    taken = [
        (name, thing)
        for name, thing in imports(module)
        if name in MODULES and thing not in {"", "__version__"}
    ]
    assert [
        (name, thing) for name, thing in taken if thing not in importlib.import_module(name).__all__
    ] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_it_owns(module: str) -> None:
    assert ast.get_docstring(parse(module))


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    script = "import sys, gpunet.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert [name for name in HEAVY if name in loaded] == []
    assert "typer" in loaded


def test_training_in_plain_lines_loads_no_screen(tmp_path: Path) -> None:
    script = """
import sys
from gpunet.cli.app import run
run("train --plain --data strokes:60+10 --epochs 1 --device cpu".split())
screens = ("rich.live", "terminal.record", "live_screen", "views.dashboard", "draw.canvas")
print([name for name in sys.modules if any(screen in name for screen in screens)])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("module", MODULES)
def test_no_function_is_longer_than_a_screen(module: str) -> None:
    long = [
        node.name
        for node in ast.walk(parse(module))
        if isinstance(node, ast.FunctionDef) and _lines_of_code(node) > LONGEST_FUNCTION
    ]
    assert long == []


def _lines_of_code(function: ast.FunctionDef) -> int:
    told = ast.get_docstring(function, clean=False) or ""
    return (function.end_lineno or 0) - function.lineno + 1 - len(told.splitlines())


@pytest.mark.parametrize("module", MODULES)
def test_options_are_spelled_in_the_command_line_s_room_alone(module: str) -> None:
    spelled = [
        node.value
        for node in ast.walk(parse(module))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.strip().startswith("--")
        and node.value.strip("-: ")
    ]
    assert spelled == [] or module.startswith("gpunet.cli")


def test_engines_are_made_in_few_places_so_that_they_fit_their_settings() -> None:
    made = [
        f"{path.relative_to(TREE)}:{node.lineno}"
        for path in SCRIPTS
        if not path.relative_to(TREE).as_posix().startswith(MAKERS)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ENGINES
    ]
    assert made == []


def test_no_two_test_modules_have_one_name() -> None:
    """pytest imports them by their names alone."""
    names = [path.name for path in SCRIPTS if path.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))
