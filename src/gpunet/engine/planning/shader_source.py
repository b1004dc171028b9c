"""Assembles a shader from the files in ``shaders`` and lists its bindings.

A file's first line may be ``// uses a.wgsl b.wgsl``: these files then come before it, each once.
Files are used unchanged, except templates: Jinja fills in their ``//% for`` lines and ``{{ }}``
marks with variables from the plan. The plans say which files make a kernel, and ``wgpu.device``
compiles them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from gpunet.files.resources import shader_file

__all__ = ["Binding", "ShaderSource", "assemble", "numbered"]

Access = Literal["uniform", "read-only-storage", "storage"]

_BINDING = re.compile(
    r"@group\(0\) @binding\((?P<number>\d+)\) "
    r"var<(?P<space>uniform|storage, read|storage, read_write)> (?P<name>\w+):"
)
_ACCESS: dict[str, Access] = {
    "uniform": "uniform",
    "storage, read": "read-only-storage",
    "storage, read_write": "storage",
}
_USES = "// uses "


@dataclass(frozen=True, slots=True)
class Binding:
    """A buffer that a shader binds, with the name of its variable."""

    number: int
    name: str
    access: Access


@dataclass(frozen=True, slots=True)
class ShaderSource:
    """An assembled shader.

    Args:
        label: the names of the requested files, joined by plus signs.
        text: its WGSL.
        bindings: its bindings, ordered by number.
        overrides: the names of the override constants that it declares.
    """

    label: str
    text: str
    bindings: tuple[Binding, ...]
    overrides: frozenset[str]


@cache
def assemble(
    pieces: tuple[str, ...], variables: tuple[tuple[str, object], ...] = ()
) -> ShaderSource:
    """The shader made of the files ``pieces`` (without ``.wgsl``), preceded by the files they use.

    ``variables`` fill in a template.
    """
    ordered: list[str] = []
    for piece in pieces:
        _collect(f"{piece}.wgsl", ordered)
    text = "\n".join(f"// ---- {name}\n{_read(name)}" for name in ordered)
    if variables:
        text = _rendered(text, variables)
    found = [
        Binding(int(match["number"]), match["name"], _ACCESS[match["space"]])
        for match in _BINDING.finditer(text)
    ]
    bindings = tuple(sorted(found, key=lambda binding: binding.number))
    overrides = frozenset(re.findall(r"^override (\w+)", text, flags=re.MULTILINE))
    return ShaderSource("+".join(pieces), text, bindings, overrides)


def numbered(text: str) -> str:
    """The source with line numbers, for the message when a shader does not compile."""
    return "\n".join(f"{number:4}  {line}" for number, line in enumerate(text.splitlines(), 1))


def _collect(name: str, ordered: list[str]) -> None:
    if name in ordered:
        return
    for used in _used(name):
        _collect(used, ordered)
    ordered.append(name)


def _used(name: str) -> Sequence[str]:
    first = _read(name).partition("\n")[0]
    return first.removeprefix(_USES).split() if first.startswith(_USES) else ()


def _rendered(text: str, variables: tuple[tuple[str, object], ...]) -> str:
    import jinja2

    environment = jinja2.Environment(
        line_statement_prefix="//%", undefined=jinja2.StrictUndefined, autoescape=False
    )
    return environment.from_string(text).render(dict(variables))


@cache
def _read(name: str) -> str:
    return shader_file(name).read_text(encoding="utf-8")
