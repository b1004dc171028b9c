from __future__ import annotations

import gzip
import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gpunet.datasets import catalog
from gpunet.datasets import download as download_module
from gpunet.datasets.download import (
    Limits,
    Published,
    PublishedFile,
    is_cached,
    obtain,
)
from gpunet.errors import DownloadError
from gpunet.files.whole_file import PREFIX

QUICK = Limits(first_answer=5.0, silence=1.0, pause=0.01, attempts=2)

CONTENTS = {
    "images": bytes(range(256)) * 400,
    "labels": b"labels of all images",
}

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Mirror:
    """A server on this machine; ``answers`` says what it does for a file, by path."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


def sending(content: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def breaking_off(content: bytes) -> Answer:
    """Half of the content, then the connection ends."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2])

    return answer


def falling_silent(content: bytes, released: threading.Event) -> Answer:
    """Half of the content, then nothing until the test is over."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2])
        handler.wfile.flush()
        released.wait(10)

    return answer


def trickling(content: bytes) -> Answer:
    """The content, 200 bytes at a time, 20 times a second at most."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        for start in range(0, len(content), 200):
            handler.wfile.write(content[start : start + 200])
            handler.wfile.flush()
            time.sleep(0.05)

    return answer


def endless(start: bytes, rest: bytes) -> Answer:
    """A body without an announced length that goes on until nobody listens."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            handler.wfile.write(start)
            while True:
                handler.wfile.write(rest)

    return answer


def announcing(content: bytes, length: int) -> Answer:
    """The content, said to be of another length."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def redirecting(address: str) -> Answer:
    return sending(b"", 302, Location=address)


def in_turn(*answers: Answer) -> Answer:
    """Another answer every time."""
    left = list(answers)
    return lambda handler: left.pop(0)(handler)


@pytest.fixture
def start_mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Mirror]]:
    """Starts mirrors that send all files as they should."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    servers: list[ThreadingHTTPServer] = []

    def start() -> Mirror:
        mirror = Mirror()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.removeprefix("/files/")
                mirror.asked.append(name)
                mirror.answers.get(name, sending(b"", 404))(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        for name, content in CONTENTS.items():
            mirror.answers[f"{name}.gz"] = sending(gzip.compress(content))
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        mirror.url = f"http://127.0.0.1:{server.server_port}/files/"
        return mirror

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def mirror(start_mirror: Callable[[], Mirror]) -> Mirror:
    return start_mirror()


def published(*mirrors: str) -> Published:
    files = tuple(
        PublishedFile(name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in CONTENTS.items()
    )
    return Published("data", mirrors, files)


def obtained(folder: Path, *mirrors: Mirror | str, force: bool = False) -> tuple[bytes, ...]:
    urls = [mirror if isinstance(mirror, str) else mirror.url for mirror in mirrors]
    found = obtain(published(*urls), folder, force=force, limits=QUICK)
    assert found.notice is None
    return tuple(bytes(content) for content in found.contents)


def refusal(folder: Path, *mirrors: Mirror | str) -> str:
    with pytest.raises(DownloadError) as caught:
        obtained(folder, *mirrors)
    return str(caught.value)


def closed_port() -> str:
    """An address at which nobody listens."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{opened.getsockname()[1]}/"


EVERYTHING = tuple(CONTENTS.values())


def test_files_are_fetched_unpacked_and_kept(mirror: Mirror, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    assert obtained(folder, mirror) == EVERYTHING
    assert {"images", "labels"} == {path.name for path in folder.iterdir()}
    assert CONTENTS["images"] == (folder / "images").read_bytes()
    assert mirror.asked == ["images.gz", "labels.gz"]


def test_files_that_are_kept_are_not_fetched_again(mirror: Mirror, tmp_path: Path) -> None:
    obtained(tmp_path, mirror)
    mirror.asked.clear()
    assert obtained(tmp_path, mirror) == EVERYTHING
    assert mirror.asked == []


def test_only_the_file_that_is_missing_is_fetched(mirror: Mirror, tmp_path: Path) -> None:
    obtained(tmp_path, mirror)
    (tmp_path / "images").unlink()
    mirror.asked.clear()
    obtained(tmp_path, mirror)
    assert mirror.asked == ["images.gz"]


def test_force_fetches_everything_again(mirror: Mirror, tmp_path: Path) -> None:
    obtained(tmp_path, mirror)
    mirror.asked.clear()
    assert obtained(tmp_path, mirror, force=True) == EVERYTHING
    assert mirror.asked == ["images.gz", "labels.gz"]


def test_files_put_there_by_hand_need_no_network(tmp_path: Path) -> None:
    for name, content in CONTENTS.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content, 1))
    assert is_cached(published(), tmp_path)
    assert obtained(tmp_path) == EVERYTHING


@pytest.mark.parametrize("damage", [b"", b"something else", CONTENTS["images"] + b"\0"])
def test_a_damaged_file_is_fetched_anew(mirror: Mirror, tmp_path: Path, damage: bytes) -> None:
    obtained(tmp_path, mirror)
    (tmp_path / "images").write_bytes(damage)
    assert obtained(tmp_path, mirror) == EVERYTHING
    assert CONTENTS["images"] == (tmp_path / "images").read_bytes()


def test_progress_counts_the_bytes_of_all_files(mirror: Mirror, tmp_path: Path) -> None:
    calls: list[tuple[str, int, int, str]] = []
    total = sum(len(content) for content in EVERYTHING)
    found = published(mirror.url)
    obtain(found, tmp_path, progress=lambda *call: calls.append(call), limits=QUICK)
    assert ("data: labels", total, total, "bytes") == calls[-1]
    assert sorted(call[1] for call in calls) == [call[1] for call in calls]
    assert ("data: images", len(CONTENTS["images"]), total, "bytes") in calls


def test_a_mirror_that_unpacks_on_the_way_is_understood(mirror: Mirror, tmp_path: Path) -> None:
    for name, content in CONTENTS.items():
        packed = gzip.compress(content)
        mirror.answers[f"{name}.gz"] = sending(packed, Content_Encoding="gzip")
    assert obtained(tmp_path, mirror) == EVERYTHING


@pytest.mark.parametrize(
    "lie",
    [
        sending(gzip.compress(b"x" * len(CONTENTS["images"]))),  # other content of the same size
        sending(b"<html>please log in</html>"),
        sending(gzip.compress(CONTENTS["images"])[:-9] + bytes(9)),  # wrong check sum
        sending(gzip.compress(bytes(50 << 20))),  # far too much
        sending(b"\x1f\x8b\x08" + bytes(200)),
        sending(b""),
        sending(b"gone", 404),
        sending(b"forbidden", 403),
        endless(b"", b"x" * 999),
        endless(gzip.compress(CONTENTS["images"])[:-8], bytes(999)),  # more than was deflated
        endless(b"\x1f\x8b\x08\x08" + bytes(6), b"x" * 999),  # a file's name without end
        announcing(gzip.compress(CONTENTS["images"]), 0),
    ],
)
def test_a_mirror_that_lies_gives_way_to_the_next(
    start_mirror: Callable[[], Mirror], tmp_path: Path, lie: Answer
) -> None:
    liar, honest = start_mirror(), start_mirror()
    liar.answers["images.gz"] = lie
    assert obtained(tmp_path, liar, honest) == EVERYTHING
    assert liar.asked == ["images.gz"]
    assert honest.asked == ["images.gz", "labels.gz"]


@pytest.mark.parametrize("length", [100, 1 << 62])
def test_a_length_that_is_not_what_was_announced_is_told(
    mirror: Mirror, tmp_path: Path, length: int
) -> None:
    mirror.answers["images.gz"] = announcing(gzip.compress(CONTENTS["images"]), length)
    assert "broke off" in refusal(tmp_path, mirror)
    assert list(tmp_path.iterdir()) == []


def test_a_redirection_to_another_mirror_is_followed(
    start_mirror: Callable[[], Mirror], tmp_path: Path
) -> None:
    moved, found = start_mirror(), start_mirror()
    moved.answers["images.gz"] = redirecting(f"{found.url}images.gz")
    assert obtained(tmp_path, moved) == EVERYTHING


@pytest.mark.parametrize("scheme", ["file", "ftp", "data", "gopher"])
def test_a_redirection_to_what_is_no_web_address_is_refused(
    mirror: Mirror, tmp_path: Path, scheme: str
) -> None:
    there = tmp_path / "there.gz"
    there.write_bytes(gzip.compress(CONTENTS["images"]))
    mirror.answers["images.gz"] = redirecting(there.as_uri().replace("file", scheme, 1))
    assert "images of data could not be downloaded" in refusal(tmp_path / "data", mirror)


def test_redirections_in_a_circle_are_given_up(mirror: Mirror, tmp_path: Path) -> None:
    mirror.answers["images.gz"] = redirecting(f"{mirror.url}images.gz")
    assert "images of data could not be downloaded" in refusal(tmp_path, mirror)


def test_a_mirror_that_is_slow_but_goes_on_is_waited_for(mirror: Mirror, tmp_path: Path) -> None:
    content = random.Random(0).randbytes(8000)  # 2 seconds
    mirror.answers["noise.gz"] = trickling(content)
    noise = PublishedFile("noise", len(content), hashlib.sha256(content).hexdigest())
    slow = Published("data", (mirror.url,), (noise,))
    found = obtain(slow, tmp_path, limits=Limits(silence=1.0, attempts=1))
    assert [content] == [bytes(one) for one in found.contents]


def test_mirrors_that_all_lie_leave_nothing_behind(mirror: Mirror, tmp_path: Path) -> None:
    mirror.answers["images.gz"] = sending(gzip.compress(b"lies"))
    message = refusal(tmp_path, mirror)
    assert "sent something else than the published file" in message
    assert list(tmp_path.iterdir()) == []


def test_a_mirror_that_breaks_off_is_asked_again(mirror: Mirror, tmp_path: Path) -> None:
    packed = gzip.compress(CONTENTS["images"])
    mirror.answers["images.gz"] = in_turn(breaking_off(packed), sending(packed))
    assert obtained(tmp_path, mirror) == EVERYTHING
    assert mirror.asked == ["images.gz", "images.gz", "labels.gz"]


def test_a_mirror_in_trouble_is_asked_twice_and_then_given_up(
    start_mirror: Callable[[], Mirror], tmp_path: Path
) -> None:
    troubled, sound = start_mirror(), start_mirror()
    troubled.answers["images.gz"] = sending(b"", 503)
    assert obtained(tmp_path, troubled, sound) == EVERYTHING
    assert troubled.asked == ["images.gz", "images.gz"]
    assert "answered with status 503" in refusal(tmp_path / "other", troubled)


def test_a_mirror_that_falls_silent_gives_way_to_the_next(
    start_mirror: Callable[[], Mirror], tmp_path: Path
) -> None:
    silent, sound = start_mirror(), start_mirror()
    released = threading.Event()
    silent.answers["images.gz"] = falling_silent(gzip.compress(CONTENTS["images"]), released)
    try:
        assert obtained(tmp_path, silent, sound) == EVERYTHING
        assert silent.asked == ["images.gz", "images.gz"]
    finally:
        released.set()


def test_a_mirror_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        limits = Limits(first_answer=0.2, silence=0.2, pause=0.01)
        with pytest.raises(DownloadError, match="does not answer"):
            obtain(published(url), tmp_path, limits=limits)


def test_a_name_that_is_looked_up_for_ever_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def hang(*_: object) -> None:
        released.wait(10)

    monkeypatch.setattr(download_module, "_load", hang)
    try:
        with pytest.raises(DownloadError, match="does not answer"):
            obtain(published("http://mirror.invalid/"), tmp_path, limits=Limits(first_answer=0.1))
    finally:
        released.set()


def test_without_a_network_the_message_says_what_to_do(tmp_path: Path) -> None:
    message = refusal(tmp_path, closed_port(), closed_port())
    assert "images of data could not be downloaded (127.0.0.1:" in message
    assert "is not reached; 127.0.0.1:" in message
    assert f"put the four files images.gz, labels.gz into {tmp_path}" in message
    assert "`data=PATH`" in message


def test_a_damaged_file_that_cannot_be_fetched_is_told(tmp_path: Path) -> None:
    (tmp_path / "images.gz").write_bytes(b"damaged")
    assert "the one in the cache is another or damaged" in refusal(tmp_path, closed_port())


def test_a_folder_that_cannot_be_written_to_costs_only_a_notice(
    mirror: Mirror, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    found = obtain(published(mirror.url), tmp_path / "file", limits=QUICK)
    assert tuple(bytes(content) for content in found.contents) == EVERYTHING
    assert found.notice is not None
    assert "the download is not kept" in found.notice
    assert "GPUNET_CACHE" in found.notice


def test_two_downloads_at_once_both_succeed(mirror: Mirror, tmp_path: Path) -> None:
    results: list[tuple[bytes, ...]] = []
    threads = [
        threading.Thread(target=lambda: results.append(obtained(tmp_path, mirror, force=True)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [EVERYTHING] * 4
    assert {"images", "labels"} == {path.name for path in tmp_path.iterdir()}


OBTAINING = Path(__file__).with_name("obtaining.py")


def process(mirror: Mirror, cache: Path, *how: str) -> subprocess.Popen[str]:
    """`gpunet datasets download mnist --force` in a process, whose MNIST is the mirror's files."""
    environment = os.environ | {"GPUNET_CACHE": str(cache)}
    words = [f"{name}:{len(content)}" for name, content in CONTENTS.items()]
    digests = [hashlib.sha256(content).hexdigest() for content in CONTENTS.values()]
    files = [f"{word}:{digest}" for word, digest in zip(words, digests, strict=True)]
    return subprocess.Popen(
        [sys.executable, OBTAINING, mirror.url, ",".join(files), *how],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_processes_that_download_at_once_end_with_one_good_copy(
    mirror: Mirror, tmp_path: Path
) -> None:
    running = [process(mirror, tmp_path) for _ in range(3)]
    said = [one.communicate(timeout=60) for one in running]
    assert [one.returncode for one in running] == [0] * 3, said
    assert set(CONTENTS) == {path.name for path in (tmp_path / "mnist").iterdir()}
    mirror.asked.clear()
    assert obtained(tmp_path / "mnist", mirror) == EVERYTHING
    assert mirror.asked == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_process_that_is_killed_while_it_writes_leaves_nothing_after_the_next_run(
    mirror: Mirror, tmp_path: Path
) -> None:
    with process(mirror, tmp_path, "--halt-before-the-end") as killed:
        assert killed.stdout is not None
        assert "written\n" in killed.stdout
        killed.kill()
    assert [path.name.startswith(PREFIX) for path in (tmp_path / "mnist").iterdir()] == [True]
    assert obtained(tmp_path / "mnist", mirror) == EVERYTHING
    assert set(CONTENTS) == {path.name for path in (tmp_path / "mnist").iterdir()}


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_an_interrupted_download_ends_without_a_word_and_leaves_nothing(
    mirror: Mirror, tmp_path: Path
) -> None:
    released, begun = threading.Event(), threading.Event()
    silent = falling_silent(gzip.compress(CONTENTS["images"]), released)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        begun.set()
        silent(handler)

    mirror.answers["images.gz"] = answer
    interrupted = process(mirror, tmp_path)
    try:
        assert begun.wait(30)
        time.sleep(0.2)
        interrupted.send_signal(signal.SIGINT)
        _, errors = interrupted.communicate(timeout=20)
    finally:
        released.set()
    assert (interrupted.returncode, errors) == (130, "")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("known", catalog._OFFERS.values())
def test_the_known_datasets_have_two_mirrors_and_the_sizes_of_mnist(known: Published) -> None:
    assert [file.size for file in known.files] == [47_040_016, 60_008, 7_840_016, 10_008]
    assert len({file.sha256 for file in known.files}) == 4
    assert all(len(file.sha256) == 64 for file in known.files)
    assert len(known.mirrors) == 2
    assert all(mirror.endswith("/") for mirror in known.mirrors)
