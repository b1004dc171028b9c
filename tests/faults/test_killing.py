from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks processes")


def test_runs_that_are_killed_at_random_end_as_if_nobody_had_disturbed_them(
    tmp_path: Path,
) -> None:
    from tests.faults.killing import kill_at_random

    found = kill_at_random(tmp_path, 12, "cpu", seed=1)
    assert [] == found.wrong
    assert found.kills >= 12
    assert found.finished >= 1
