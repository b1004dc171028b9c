"""Damage: what bit rot, a bug elsewhere or an attacker may make of sound content.

Owns the ways of damaging bytes, JSON, and what lies packed inside gzip, NPZ and safetensors. What
is damaged, and what must then hold, belongs to ``fuzz``.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

__all__ = [
    "TOKENS",
    "Damage",
    "any_of",
    "bytes_damaged",
    "json_damaged",
    "kept_damaged",
    "lines_damaged",
    "members_damaged",
    "npz_damaged",
    "repacked",
    "tensors_damaged",
]

Damage = Callable[[bytes, Random], bytes]
"""Makes damaged content of sound content, by the draws of a generator."""

INTEGERS = [0, 1, 127, 128, 255, 256, 32767, 65535, 10**9, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1]
INTEGERS += [-1, -(2**31), -(2**63)]

TOKENS = [
    *[b"\0", b"\n", b"\r\n", b"\r", b",", b",,,", b'"', b"'", b'"""', b";", b"\t", b"=", b"#"],
    *[b"[[", b"]", b"{", b"nan", b"-inf", b"1e999", b"1e39", b"-1", b"0x10", b"1_0", b"true"],
    *[b"9" * 5000, b"[" * 3000, b"-" * 99, b"x" * 300, b"label", b"1979-05-27", b"%s%n", b"../x"],
    *[b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xb2\x80", b"\xe2\x80\xa8", b"\x1b[2J", b"$x^$"],
]
"""Words that mean something to one format or another, or to a terminal."""

VALUES: list[Any] = [
    *[None, True, False, 0, -1, 1, 0.5, -0.0, 2**31, 2**63, -(2**63), 10**400, -(10**400)],
    *[1e-320, 1e300, float("nan"), float("inf"), "", "x", "nan", "x" * 2000, "\x1b[2J\x9b", "a\nb"],
    *["\0", "\ud800", "auto", "../../x", [], [[]], [1] * 100, {}, {"a": 1}, [None], [10**400]],
]
"""What JSON may hold where something else is wanted."""


def bytes_damaged(content: bytes, draw: Random) -> bytes:
    """One to four bytes, numbers, slices or words changed, moved, doubled or lost."""
    damaged = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        start = draw.randint(0, len(damaged))
        end = min(len(damaged), start + draw.choice([1, 1, 2, 4, 8, 64, 1000]))
        match draw.randrange(6):
            case 0 if start < len(damaged):
                damaged[start] ^= 1 << draw.randrange(8)
            case 1:
                damaged[start : start + 8] = _integer(draw)
            case 2:
                del damaged[start:end]
            case 3:
                damaged[start:start] = damaged[start:end] * draw.choice([1, 3, 50])
            case 4:
                damaged[start : draw.choice([start, end])] = draw.choice(TOKENS)
            case 5 if draw.random() < 0.3:
                del damaged[start:]
    return bytes(damaged)


def json_damaged(content: bytes, draw: Random) -> bytes:
    """One to three values of a JSON text replaced, added or left out, or its bytes damaged."""
    if draw.random() < 0.1:
        return bytes_damaged(content, draw)
    value = json.loads(content)
    for _ in range(draw.randint(1, 3)):
        value = _tree_damaged(value, draw)
    return json.dumps(value).encode()


def lines_damaged(content: bytes, draw: Random) -> bytes:
    """One line of a file of JSON lines damaged, left out or doubled."""
    lines = content.splitlines(keepends=True)
    place = draw.randrange(len(lines))
    line = json_damaged(lines[place], draw) + b"\n"
    return b"".join([*lines[:place], *[line] * draw.choice([0, 1, 1, 1, 2]), *lines[place + 1 :]])


def npz_damaged(content: bytes, draw: Random) -> bytes:
    """The archive's bytes damaged, or one of its arrays, its header above all."""
    if draw.random() < 0.3:
        return bytes_damaged(content, draw)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = draw.choice(sorted(members))
    whole = members[name]
    header = bytes_damaged(whole[10:128], draw) if draw.random() < 0.7 else whole[10:128]
    length = struct.pack("<H", len(header)) if draw.random() < 0.8 else whole[8:10]
    members[name] = whole[:8] + length + header + whole[128:]
    if draw.random() < 0.3:
        members[name] = bytes_damaged(whole, draw)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", draw.choice([zipfile.ZIP_STORED, 8, 12, 14])) as archive:
        for key, member in members.items():
            archive.writestr(key, member)
    return packed.getvalue()


def tensors_damaged(content: bytes, draw: Random) -> bytes:
    """A safetensors file's bytes damaged, its header, or a JSON text among its metadata."""
    if draw.random() < 0.2:
        return bytes_damaged(content, draw)
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata = header["__metadata__"]
    if draw.random() < 0.7:
        entry = draw.choice(sorted(metadata))
        metadata[entry] = json_damaged(metadata[entry].encode(), draw).decode("utf-8", "replace")
        text = json.dumps(header).encode()
    else:
        text = json_damaged(json.dumps(header).encode(), draw)
    body = content[8 + length :]
    if draw.random() < 0.2:
        body = bytes_damaged(body, draw)
    return struct.pack("<Q", len(text)) + text + body


def kept_damaged(content: bytes, draw: Random) -> bytes:
    """The file of a kept dataset: its bytes, or the JSON at its end, whose checksum is right."""
    if draw.random() < 0.2:
        return bytes_damaged(content, draw)
    length, _, magic = struct.unpack("<QI8s", content[-20:])
    text = json_damaged(content[-20 - length : -20], draw)
    trailer = struct.pack("<QI8s", len(text), zlib.crc32(text), magic)
    return content[: -20 - length] + text + trailer


def any_of(*ways: Damage) -> Damage:
    """One of several ways of damaging, each time another."""
    return lambda content, draw: draw.choice(ways)(content, draw)


def repacked(damage: Damage, packer: Any = gzip) -> Damage:
    """What a packed file holds damaged and packed again, so that its check sum is right.

    The packer is ``gzip``, ``bz2`` or ``lzma``.
    """
    return lambda content, draw: packer.compress(damage(packer.decompress(content), draw))


def members_damaged(content: bytes, draw: Random) -> bytes:
    """One member of a zip archive damaged, named otherwise, doubled or left out."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    place = draw.randrange(len(members))
    name, whole = members[place]
    match draw.randrange(5):
        case 0:
            name = draw.choice(
                ["../x.csv", "/etc/x.csv", "\x1b[2J.csv", ".csv", "a.csv/", "x" * 999]
            )
        case 1:
            members.append((name.replace(".", "2.", 1), whole))
        case 2 if len(members) > 1:
            del members[place]
            place, (name, whole) = 0, members[0]
        case _:
            whole = bytes_damaged(whole, draw)
    members[place] = name, whole
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", draw.choice([0, 8, 12, 14])) as archive:
        for key, member in members:
            archive.writestr(key, member)
    return packed.getvalue()


def _integer(draw: Random) -> bytes:
    size = draw.choice([1, 2, 4, 8])
    value = draw.choice(INTEGERS) % (1 << 8 * size)
    return value.to_bytes(size, draw.choice(["little", "big"]))


def _similar(value: Any, draw: Random) -> Any:
    """Another value of the same type, which more readers let pass."""
    match value:
        case bool():
            return not value
        case int():
            return draw.choice([value + 1, value - 1, 2 * value, -value, 0, 1, 1 << 24])
        case float():
            return draw.choice([value / 2, -value, value * 1e30, value * 1e-30, 0.0, 1.0])
        case str():
            return draw.choice([value[1:], value * 2, value.upper(), "none", "sgd", "auto"])
        case list():
            return draw.choice([value[1:], value * 2, value[::-1]])
    return value


def _tree_damaged(value: Any, draw: Random) -> Any:
    """A tree of lists and objects with a branch replaced, left out or doubled somewhere."""
    if not isinstance(value, list | dict) or not value or draw.random() < 0.1:
        return draw.choice(VALUES) if draw.random() < 0.5 else _similar(value, draw)
    if isinstance(value, list):
        place = draw.randrange(len(value))
        return [*value[:place], _tree_damaged(value[place], draw), *value[place + 1 :]]
    key = draw.choice(sorted(value))
    match draw.randrange(8):
        case 0:
            return {name: part for name, part in value.items() if name != key}
        case 1:
            return value | {draw.choice(["x", "", "__metadata__", key + "x"]): value[key]}
    return value | {key: _tree_damaged(value[key], draw)}
