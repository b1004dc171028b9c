"""The browser that tests drive: one with WebGPU, as Debian's Chromium is."""

from __future__ import annotations

import os
import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--headless",
    "--no-sandbox",  # which a container lacks; the only pages opened are the tests' own
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a container's is small
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)

REQUIRED = os.environ.get("GPUNET_REQUIRE_BROWSER") == "1"
"""Whether a machine without such a browser is a failure."""


def find_browser() -> str:
    """The path of a browser with WebGPU; where there is none, the test is skipped or fails."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None and REQUIRED:
        pytest.fail("this machine was promised a browser with WebGPU, but none is found")
    if found is None:
        pytest.skip("this needs a browser with WebGPU, as Chromium is, and none is installed")
    return found
