"""The parts of an exported page, as its file holds them."""

from __future__ import annotations

import base64
import json
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


class Parts(HTMLParser):
    """The scripts, the style and the policy of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.metas: list[dict[str, str | None]] = []
        self.style = ""
        self._within: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag == "meta":
            self.metas.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        if self._within == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = attributes, text + data
        if self._within == "style":
            self.style += data

    def handle_endtag(self, tag: str) -> None:
        self._within = None


def unpacked(text: str) -> bytes:
    back = bytes.maketrans(b",.:", b"<&>")
    return zlib.decompress(base64.b85decode(text.encode().translate(back)))


def packed_script(parts: Parts, name: str) -> bytes:
    (text,) = (text for attributes, text in parts.scripts if attributes.get("id") == name)
    return unpacked(text)


def told_by(page: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(packed_script(Parts(page.read_text("utf-8")), "page-data"))
    return told
