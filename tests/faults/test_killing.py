from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks processes")


def test_trainings_that_are_killed_end_as_if_nobody_had_disturbed_them(tmp_path: Path) -> None:
    from tests.faults.killing import kill_trainings

    found = kill_trainings(tmp_path, 12, "cpu", seed=1)
    assert found.wrong == []
    assert found.kills >= 12
    assert found.finished >= 1


def test_searches_that_are_killed_lose_no_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.faults.killing import kill_searches

    monkeypatch.chdir(tmp_path)
    found = kill_searches(tmp_path, 6, "cpu", seed=1)
    assert found.wrong == []
    assert found.finished >= 1


def test_downloads_that_are_killed_leave_whole_files_or_none(tmp_path: Path) -> None:
    from tests.faults.killing import kill_downloads

    found = kill_downloads(tmp_path, 12, seed=1)
    assert found.wrong == []
    assert found.finished >= 1
