"""The page's modules as one house: nothing is offered that nobody asks for."""

from __future__ import annotations

import re
from pathlib import Path

from tests.export.conftest import WEB

TESTS = [*Path(__file__).parent.glob("*.py")]
OFFERED = re.compile(r"^export (?:async )?(?:function\*?|class|const|let) (\w+)", re.MULTILINE)
ASKED = re.compile(r"^import \{([^}]*)\}", re.MULTILINE)
TYPED = re.compile(r"import\(\"[^\"]*\"\)\.(\w+)")


def test_every_name_that_a_module_exports_is_imported_by_another_or_by_a_test() -> None:
    modules = {path: path.read_text("utf-8") for path in WEB.rglob("*.js")}
    asked = {name for text in modules.values() for name in TYPED.findall(text)}
    for text in modules.values():
        asked |= {name.strip() for names in ASKED.findall(text) for name in names.split(",")}
    for path in TESTS:
        asked |= set(re.findall(r"\w+", path.read_text("utf-8")))
    offered = {name for text in modules.values() for name in OFFERED.findall(text)}
    assert len(offered) > 100
    assert offered - asked == set()


def test_every_module_says_in_its_first_line_what_it_is_for() -> None:
    first = {path: path.read_text("utf-8").splitlines()[0] for path in WEB.rglob("*.js")}
    assert [path for path, line in first.items() if not re.match(r"// \W?[A-Z]", line)] == []
