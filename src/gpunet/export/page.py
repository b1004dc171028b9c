"""One HTML file made of a page's data, its modules and its styles.

The modules of ``web/`` are joined into one program, each after those that it imports. The file
holds the program and the panels' styles deflated; a short script unpacks them, and a browser's
developer tools show the program as it was written. The file loads nothing from elsewhere, and its
content security policy forbids it: only these scripts and styles may run, identified by their
hashes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from pathlib import Path

import jinja2

from gpunet import __version__
from gpunet.export.packing import packed_array, packed_bytes
from gpunet.export.page_data import PageData

__all__ = ["joined_modules", "page_html"]

WEB = Path(__file__).with_name("web")

_IMPORT = re.compile(r'^import \{[^}]*\} from "(?P<path>\./[^"]+|\.\./[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(async )?(function|class|const|let)\b)", re.MULTILINE)


def page_html(data: PageData, *, title: str, description: str, icon: str, preview: str) -> str:
    """The text of the file.

    Args:
        data: the page's data.
        title: title of the window.
        description: one sentence about the page, for previews of a link.
        icon: data URL of the icon in the browser's tab.
        preview: data URL of the picture in previews of a link.
    """
    program = f"{joined_modules('main.js')}//# sourceURL=gpunet.js\n"
    loader, style = joined_modules("load.js"), (WEB / "page.css").read_text(encoding="utf-8")
    panels = "".join(
        path.read_text(encoding="utf-8") for path in sorted((WEB / "panels").glob("*.css"))
    )
    told = {"title": title, "description": description, "version": __version__, **data.told}
    text = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(WEB), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("page.html").render(
        title=title,
        description=description,
        icon=icon,
        preview=preview,
        program=packed_bytes(program.encode()),
        loader=loader,
        style=style,
        script_hashes=f"{_hash(loader)} {_hash(program)}",
        panel_styles=packed_bytes(panels.encode()),
        style_hashes=f"{_hash(style)} {_hash(panels)}",
        told=packed_bytes(text.encode()),
        blocks=[
            (name, values.dtype.name, values.size, packed_array(values))
            for name, values in data.blocks.items()
        ],
    )


@cache
def joined_modules(*names: str) -> str:
    """Modules of ``web/`` and all that they import, as one module without imports.

    Args:
        names: names of the files, such as ``main.js``.
    """
    ordered: dict[Path, str] = {}
    for name in names:
        _collect(WEB / name, ordered)
    return "".join(
        f"\n// ---- {path.relative_to(WEB).as_posix()}\n{_EXPORT.sub('', text)}"
        for path, text in ordered.items()
    )


def _collect(path: Path, ordered: dict[Path, str]) -> None:
    """Add a module after those that it imports."""
    text = path.read_text(encoding="utf-8")
    for match in _IMPORT.finditer(text):
        used = (path.parent / match["path"]).resolve()
        if used not in ordered:
            _collect(used, ordered)
    ordered.setdefault(path.resolve(), _IMPORT.sub("", text))


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
