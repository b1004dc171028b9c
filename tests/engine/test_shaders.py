"""Every shader that a plan can ask for: sound by itself, and valid for naga, wgpu's compiler.

That browsers accept them, too, is checked in ``test_tint``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import pytest

from gpunet.engine.planning import shader_source
from gpunet.engine.planning.shader_source import assemble, numbered
from gpunet.engine.wgpu.adapters import DEFAULT_LIMITS, Adapter, list_adapters
from gpunet.engine.wgpu.device import open_device
from gpunet.files.resources import shader_file

Shader = tuple[tuple[str, ...], tuple[tuple[str, object], ...]]
Shaders = Mapping[Shader, tuple[Mapping[str, float], ...]]

FOLDER = shader_file()
FILES = sorted(file.relative_to(FOLDER).as_posix() for file in FOLDER.rglob("*.wgsl"))

FIRST_ADAPTER = list_adapters()[:1]
FIRST_NAME = "first" if FIRST_ADAPTER else "no-adapter"  # which is left out where none is promised

SOURCE_BYTES = 52_000
"""SwiftShader takes 11 s to compile 87 KB."""


def files_of(shader: Shader) -> list[str]:
    """The files that a shader is put together from, in their order."""
    return re.findall(r"^// ---- (.*)$", assemble(*shader).text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_part_of_a_shader_that_is_used(name: str, shaders: Shaders) -> None:
    assert any(name in files_of(shader) for shader in shaders)


@pytest.mark.parametrize("name", FILES)
def test_a_files_first_line_is_a_comment(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8").startswith("// ")


@pytest.mark.parametrize("name", FILES)
def test_a_file_leaves_extensions_to_the_host(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert re.findall(r"^\s*(?:enable|requires)\b.*", text, flags=re.MULTILINE) == []


def test_a_shader_binds_each_number_once_and_no_more_buffers_than_every_device_grants(
    shaders: Shaders,
) -> None:
    for shader in shaders:
        source = assemble(*shader)
        numbers = [binding.number for binding in source.bindings]
        assert sorted(set(numbers)) == numbers, source.label
        storage = [one for one in source.bindings if one.access != "uniform"]
        uniform = [one for one in source.bindings if one.access == "uniform"]
        assert len(storage) <= DEFAULT_LIMITS["max-storage-buffers-per-shader-stage"], source.label
        assert len(uniform) <= DEFAULT_LIMITS["max-uniform-buffers-per-shader-stage"], source.label


def test_a_workgroup_has_no_more_invocations_than_every_device_grants(shaders: Shaders) -> None:
    most = DEFAULT_LIMITS["max-compute-invocations-per-workgroup"]
    for shader, sets in shaders.items():
        (written,) = re.findall(r"@workgroup_size\(([^)]*)\)", assemble(*shader).text)
        for constants in sets:
            sizes = [
                int(word) if word.isdigit() else int(constants[word])
                for word in re.split(r",\s*", written)
            ]
            assert 1 <= math.prod(sizes) <= most, shader


def test_a_shader_is_short_enough_to_compile_soon(shaders: Shaders) -> None:
    for shader in shaders:
        assert len(assemble(*shader).text.encode()) < SOURCE_BYTES, shader


def test_a_shader_holds_every_file_that_is_used_once_and_before_its_user(shaders: Shaders) -> None:
    for shader in shaders:
        files = files_of(shader)
        assert sorted(set(files)) == sorted(files)
        assert set(files) >= {f"{piece}.wgsl" for piece in shader[0]}
        for place, name in enumerate(files):
            assert set(shader_source._used(name)) <= set(files[:place]), name


def test_a_shader_that_is_not_there_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"no_such_kernel\.wgsl"):
        assemble(("max_norm", "no_such_kernel"))


def test_the_lines_of_a_shader_are_numbered_from_one() -> None:
    assert numbered("fn main() {\n}\n") == "   1  fn main() {\n   2  }"


@pytest.mark.parametrize("adapter", FIRST_ADAPTER or [None], indirect=True, ids=[FIRST_NAME])
def test_naga_accepts_every_shader(adapter: Adapter, shaders: Shaders) -> None:
    import wgpu

    device = open_device(adapter).handle
    refused = {}
    for shader in shaders:
        try:
            device.create_shader_module(code=assemble(*shader).text)
        except wgpu.GPUError as error:
            refused["+".join(shader[0])] = str(error)
    assert refused == {}
