"""The oldest libraries that pyproject.toml allows, as constraints for pip."""

import tomllib
from pathlib import Path

content = Path(__file__).parents[1].joinpath("pyproject.toml").read_text("utf-8")
for library in tomllib.loads(content)["project"]["dependencies"]:
    print(library.replace(">=", "=="))
