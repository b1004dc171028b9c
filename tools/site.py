"""Builds the site of documentation into ``build/site``.

README.md, docs/ and the measured tables are copied to where Zensical reads them; links to code,
which is not part of the site, become plain text there::

    python tools/site.py
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "build" / "pages"
SITE = ROOT / "build" / "site"
SOURCES = ("*.md", "LICENSE", "docs/**/*", "benchmarks/results/*")
LINK = re.compile(r"\[([^\[\]]*)\]\(([^)#:\s]+)(#[^)]*)?\)")

CONFIG = """\
[project]
site_name = "gpunet"
docs_dir = "{pages}"
site_dir = "{site}"
nav = [
    {{ "gpunet" = "index.md" }},
    {{ "Guide" = [{guide}] }},
    {{ "Tutorial" = ["docs/tutorial/README.md", {tutorial}] }},
    {{ "Reference" = [{reference}, "docs/report.md"] }},
    {{ "Architecture" = "docs/architecture.md" }},
    {{ "Contributing" = "CONTRIBUTING.md" }},
    {{ "Promises" = "docs/promises.md" }},
    {{ "Security" = "SECURITY.md" }},
    {{ "Changes" = "CHANGELOG.md" }},
]

[project.theme]
font = false
features = ["navigation.sections", "navigation.top", "content.code.copy", "search.highlight"]
palette = [
    {{ media = "(prefers-color-scheme: light)", scheme = "default" }},
    {{ media = "(prefers-color-scheme: dark)", scheme = "slate" }},
]
"""

GUIDE = (
    "data",
    "training",
    "dashboard",
    "runs",
    "search",
    "one-machine-and-more",
    "predict",
    "page",
    "python",
    "scikit-learn",
    "devices",
    "command-line",
    "speed",
)


def main() -> int:
    """Build the site; Zensical's exit code."""
    for folder in (PAGES, SITE):
        shutil.rmtree(folder, ignore_errors=True)
    copy_pages()
    config = PAGES.parent / "zensical.toml"
    config.write_text(configuration(), encoding="utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--config-file", str(config)]
    return subprocess.run(command, check=False).returncode


def configuration() -> str:
    """Zensical's configuration."""
    tutorial = sorted(path.name for path in (ROOT / "docs/tutorial").glob("[0-9]*.md"))
    reference = ("commands", "settings", "api", "model-file")
    return CONFIG.format(
        pages=PAGES.name,
        site=SITE.name,
        guide=_quoted(f"docs/guide/{name}.md" for name in GUIDE),
        tutorial=_quoted(f"docs/tutorial/{name}" for name in tutorial),
        reference=_quoted(f"docs/reference/{name}.md" for name in reference),
    )


def _quoted(paths: Iterable[str]) -> str:
    return ", ".join(f'"{path}"' for path in paths)


def copy_pages() -> None:
    """Copy what the site shows to ``PAGES``."""
    files = [path for source in SOURCES for path in ROOT.glob(source) if path.is_file()]
    for path in files:
        target = PAGES / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            text = linked(path, set(files))
            if path == ROOT / "README.md":
                target = target.with_name("index.md")
            target.write_text(text, encoding="utf-8")
        else:
            shutil.copyfile(path, target)


def linked(page: Path, files: set[Path]) -> str:
    """A page's text with links outside of the site turned into plain text."""

    def replaced(link: re.Match[str]) -> str:
        target = (page.parent / link[2]).resolve()
        if target == ROOT / "README.md":
            return f"[{link[1]}]({link[2].replace('README', 'index')})"
        return link[0] if target in files else link[1]

    text = page.read_text(encoding="utf-8").replace("```text measured\n", "```text\n")
    return LINK.sub(replaced, text)


if __name__ == "__main__":
    sys.exit(main())
