from __future__ import annotations

import pytest

from gpunet.engine.wgpu.c_types import TYPES, declare_types


@pytest.mark.parametrize("name", TYPES)
def test_a_type_that_was_declared_is_the_one_that_cffi_finds_itself(name: str) -> None:
    from wgpu.backends.wgpu_native import ffi

    declare_types()
    declared = ffi._parsed_types.pop(name)
    ffi._typeof(name, consider_function_as_funcptr=True)
    assert ffi._parsed_types[name] == declared
    assert ffi._parsed_types[name][0] is declared[0]


def test_without_cffis_own_store_nothing_is_declared_and_nothing_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wgpu.backends.wgpu_native.ffi", object())
    declare_types()
