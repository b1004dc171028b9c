"""Every shader that a plan can ask for is valid for Tint, the WGSL compiler of Chromium's kin.

Asked is a browser without a window, on its own software adapter, by a page of this machine
(``tint.html``). Where no such browser is installed the tests are skipped, unless the environment
variable ``GPUNET_REQUIRE_BROWSER`` is 1.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.browsers import FLAGS, REQUIRED, find_browser

from gpunet.engine.planning.program import needed_features
from gpunet.engine.planning.shader_source import Binding, assemble

Shader = tuple[tuple[str, ...], tuple[tuple[str, object], ...]]
Shaders = Mapping[Shader, tuple[Mapping[str, float], ...]]

PAGE = Path(__file__).with_name("tint.html")

LOG = "log"

BROWSER_SECONDS = 120
"""A busy machine with two cores takes 20."""

DIVERGENT = """
@compute @workgroup_size(8)
fn main(@builtin(local_invocation_index) thread: u32) {
    if (thread < 4u) {
        workgroupBarrier();
    }
}
"""
"""A barrier that some invocations do not reach."""


def questions(shaders: Shaders) -> dict[Shader, Question]:
    """Every shader, as browsers want it, and as a pipeline every kernel on every tile."""
    known: set[object] = set()
    asked = {}
    for shader, sets in shaders.items():
        source = assemble(*shader)
        enable = "".join(f"enable {name}; " for name in needed_features(source.text))
        # The first two pieces are a tile and its kernel, or a kernel and its rule or loss.
        pieces = shader[0]
        parts = {pieces[:2], *(piece for piece in pieces if piece.startswith("input/"))}
        is_new = not parts <= known
        known |= parts
        asked[shader] = Question(
            enable + source.text, source.bindings, sets[-1] if is_new else None
        )
    return asked


@pytest.fixture(scope="module")
def answers(shaders: Shaders, tmp_path_factory: pytest.TempPathFactory) -> tuple[Fault | None, ...]:
    """Tint's answers to all questions, and to the one about ``DIVERGENT`` at the end."""
    browser = find_browser()
    asked = (*questions(shaders).values(), Question(DIVERGENT))
    folder: Path = tmp_path_factory.mktemp("browser")
    try:
        return ask(browser, asked, folder, BROWSER_SECONDS)
    except BrowserError as error:
        if REQUIRED:
            raise
        pytest.skip(str(error))


def test_tint_accepts_every_shader_within_a_browsers_default_limits(
    shaders: Shaders, answers: tuple[Fault | None, ...]
) -> None:
    assert [
        located(shader, fault)
        for shader, fault in zip(questions(shaders), answers, strict=False)
        if fault is not None
    ] == []


def test_tint_refuses_a_barrier_that_some_invocations_do_not_reach(
    answers: tuple[Fault | None, ...],
) -> None:
    fault = answers[-1]
    assert fault is not None
    assert fault.line == 5
    assert "uniform control flow" in fault.message


def located(shader: Shader, fault: Fault) -> str:
    """What is wrong, by file and line."""
    above = assemble(*shader).text.splitlines()[: fault.line]
    heads = [place for place, line in enumerate(above) if line.startswith("// ---- ")]
    if not heads:
        return f"{'+'.join(shader[0])}: {fault.message}"
    name = above[heads[-1]].removeprefix("// ---- ")
    return f"{name}:{fault.line - heads[-1] - 1} in {'+'.join(shader[0])}: {fault.message}"


@dataclass(frozen=True)
class Question:
    """Something to compile.

    Args:
        text: of a whole shader, whose entry point is ``main``.
        bindings: of the pipeline.
        constants: the pipeline's override constants; ``None`` to compile the shader alone, which
            is quick, since only a pipeline takes the way down to machine code.
    """

    text: str
    bindings: tuple[Binding, ...] = ()
    constants: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Fault:
    """The first thing that is wrong: in which line of the text, 0 if in none, and what."""

    line: int
    message: str


class BrowserError(Exception):
    """The browser gave no answer."""


def ask(
    browser: str, questions: Sequence[Question], folder: Path, seconds: float
) -> tuple[Fault | None, ...]:
    """What is wrong with each question, by a browser's WebGPU with the default limits.

    Args:
        browser: the program.
        questions: what to compile.
        folder: empty, for what the browser writes.
        seconds: to wait for the answers.

    Raises:
        BrowserError: none came, or the page failed.
    """
    body = json.dumps([asdict(question) for question in questions]).encode()
    with _served(body) as server, _opened(browser, server.address, folder) as process:
        deadline = time.monotonic() + seconds
        while not server.answered.wait(0.1):
            if process.poll() is not None or time.monotonic() > deadline:
                log = (folder / LOG).read_text(encoding="utf-8", errors="replace")
                raise BrowserError(f"{browser} gave no answer in {seconds} s: {log[-2000:]}")
    told = json.loads(server.answer)
    if "failure" in told:
        raise BrowserError(f"{browser} failed: {told['failure']}")
    return tuple(None if fault is None else Fault(**fault) for fault in told["faults"])


class _Server(ThreadingHTTPServer):
    """Gives the page and the questions out, and takes the answer."""

    daemon_threads = True

    def __init__(self, questions: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.questions = questions
        self.answer = b""
        self.answered = threading.Event()

    @property
    def address(self) -> str:
        """On this machine, where browsers grant WebGPU without TLS."""
        return f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        known = {
            "/": ("text/html", PAGE.read_bytes()),
            "/questions": ("application/json", self.server.questions),
        }
        if self.path not in known:
            self.send_error(404)
            return
        kind, body = known[self.path]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.server.answer = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        self.server.answered.set()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def _served(questions: bytes) -> Iterator[_Server]:
    with _Server(questions) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _opened(browser: str, address: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A browser of its own, ended with all its processes."""
    command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", address]
    with (
        (folder / LOG).open("wb") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "HOME": str(folder)},
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):  # it may have ended by itself
                os.killpg(process.pid, signal.SIGKILL)
