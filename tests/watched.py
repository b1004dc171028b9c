"""A process of its own that imports all of gpunet, carries out commands, and notes what it does.

::

    python tests/watched.py '[["devices"], ["train", "--quiet"]]'

It writes ``events.json``: of Python's audit events those of networks, programs and pickles, and
the folder of each file that was opened for writing.
"""

import importlib
import json
import os
import pkgutil
import sys
from pathlib import Path

import gpunet

WATCHED = (
    *("socket.", "urllib.", "http.", "pickle.", "subprocess."),
    *("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn"),
)

events: list[tuple[str, str]] = []


def note(event: str, arguments: tuple[object, ...]) -> None:
    """Keep what matters of an audit event."""
    if event.startswith(WATCHED):
        events.append((event, repr(arguments)))
    if event == "open" and isinstance(arguments[0], str):
        path, flags = arguments[0], arguments[2]
        if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR):
            events.append((event, str(Path(path).absolute().parent)))


sys.addaudithook(note)
for module in pkgutil.walk_packages(gpunet.__path__, "gpunet."):
    if module.name != "gpunet.__main__":
        importlib.import_module(module.name)
from gpunet.cli.app import run  # noqa: E402 (watched as the other imports are)

codes = [run(command) for command in json.loads(sys.argv[1])]
Path("events.json").write_text(json.dumps(events))
sys.exit(max(codes))
