"""The plan of the house, kept true: who may import whom, and what a module offers."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gpunet

SOURCE = Path(gpunet.__file__).parent

FLOORS = (
    {"gpunet"},
    {"errors"},
    {"files"},
    {"config", "rng"},
    {"parameters", "datasets"},
    {"model"},
    {"engine"},
    {"training"},
    {"artifacts"},
    {"workflows"},
    {"search"},
    {"terminal", "bench"},
    {"api"},
    {"cli"},
    {"__main__"},
)
"""A room may import from those of the floors before its own, and from itself."""

METHODS_REACH_UP = {"gpunet.model"}
"""Modules whose methods are conveniences over rooms above; what they import at first does not."""

HEAVY = ("numpy", "wgpu", "PIL", "pooch", "safetensors", "requests", "rich.live", "optuna")

LONGEST_FUNCTION = 60
"""Lines of code, without the docstring."""

MODULES = sorted(module.name for module in pkgutil.walk_packages([str(SOURCE)], "gpunet."))


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "gpunet"


def floor_of(room: str) -> int:
    return next(floor for floor, rooms in enumerate(FLOORS) if room in rooms)


def parse(module: str) -> ast.Module:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return ast.parse(Path(spec.origin).read_text("utf-8"))


def imports(module: str, *, deferred: bool = True) -> Iterator[tuple[str, str]]:
    """The modules of gpunet that a module imports, with the name taken from each.

    ``deferred`` takes those within functions and for type checks, too.
    """
    tree = parse(module)
    for node in ast.walk(tree) if deferred else tree.body:
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively in line {node.lineno}"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield (whole, "") if whole in MODULES else (node.module or "", alias.name)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_belongs_to_a_room_of_the_plan(module: str) -> None:
    assert any(room_of(module) in rooms for rooms in FLOORS)


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_one_way_and_neighbors_do_not_import_each_other(module: str) -> None:
    room = room_of(module)
    wrong = [
        name
        for name, _ in imports(module, deferred=module not in METHODS_REACH_UP)
        if name.split(".")[0] == "gpunet"
        and room_of(name) != room
        and floor_of(room_of(name)) >= floor_of(room)
    ]
    assert wrong == []


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


@pytest.mark.parametrize("module", [name for name in MODULES if ".engine.planning" in name])
def test_planning_knows_no_device(module: str) -> None:
    nodes = [node for node in ast.walk(parse(module)) if isinstance(node, ast.Import)]
    names = [name for name, _ in imports(module)] + [
        alias.name for node in nodes for alias in node.names
    ]
    assert [name for name in names if name.startswith(("wgpu", "gpunet.engine.wgpu"))] == []


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
    assert spelled == [] or room_of(module) == "cli"
