"""The campaign for machines with a GPU: a rehearsal on this machine's adapter."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tests.conftest import adapter_parameters, require
from tests.own_tree import TREE

from gpunet.engine.wgpu.adapters import Adapter, list_adapters
from hardware import steps
from hardware.campaign import Campaign
from hardware.run import SMALL, Run
from hardware.steps import Step, same_bits
from output import Output

STEPS = ("facts", "training", "bits", "transfer")
"""A quarter of a minute. The others take twice as long, and are rehearsed where the suite runs
unattended."""

VERDICTS = {
    "facts": "driver .*timestamp-query",
    "training": r"16,16-adapter .* ms a step; .*128-numpy \d+\.\d+% in",
    "bits": "128-again the same bits; 128-tuned the same bits",
    "contract": r"\d+ passed(, \d+ deselected)? in",
    "peers-16-16": r"gpunet on .* [\d.]+ ms",
    "kernels": r"128 by rule [\d.]+ \S?s; measured [\d.]+ \S?s",
    "cooperative": "listed (yes|no)",
    "dispatch": "waits for the one before .* us by the adapter's clock",
    "transfer": r"16 bytes read in \d+ us",
    "cublas": "PyTorch",
    "checks": "GFLOP/s at 128 .*checked .*no bounds .*trusted",
}


def rehearse(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TREE / "benchmarks/hardware/campaign.sh", "--small", "--output", folder, *options],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("adapter", adapter_parameters()[:1])  # the campaign takes the first
def test_the_campaign_gives_a_verdict_of_every_step(
    adapter: Adapter | None, tmp_path: Path
) -> None:
    require(adapter)
    steps = () if os.environ.get("CI") == "true" else STEPS
    done = rehearse(tmp_path / "out", *steps)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    lines = (tmp_path / "out/campaign.txt").read_text().splitlines()
    assert [line.split()[0] for line in lines] == list(steps or VERDICTS)
    for line in lines:
        name, end, verdict = re.split(r"\s+(done|failed|no time|too long)\s+\d+ s\s+", line)
        assert end == "done", line
        assert re.search(VERDICTS[name], verdict), line
    with tarfile.open(tmp_path / "out/campaign.tar.gz") as packed:
        assert "training/128-numpy.json" in packed.getnames()
        assert {"campaign.txt", "campaign.log"} < set(packed.getnames())
        assert not [name for name in packed.getnames() if name.endswith(".safetensors")]
    assert "######## bits" in (tmp_path / "out/campaign.log").read_text()
    assert done.stdout.endswith(f"{tmp_path / 'out/campaign.tar.gz'}, the file to send.\n")


def test_the_campaign_is_a_module_that_names_its_folder_after_the_adapter(tmp_path: Path) -> None:
    """From any folder: here that of the results, with the checkout found by its path alone."""
    require(next((one for one in list_adapters() if one.usable), None))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.hardware", "--small", "--minutes", "1", "facts"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(TREE)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    [folder] = tmp_path.iterdir()
    assert re.fullmatch(r"campaign-[a-z0-9]+(-[a-z0-9]+)*", folder.name)
    assert (folder / "campaign.txt").read_text().startswith("facts            done ")


def test_a_campaign_leaves_the_files_of_another_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "campaign.txt").write_text("old rows")
    done = rehearse(tmp_path, "facts")
    assert done.returncode == 2
    assert "has campaign.txt of another run; name another folder" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["campaign.txt"]
    assert (tmp_path / "campaign.txt").read_text() == "old rows"


def test_a_step_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    done = rehearse(tmp_path / "out", "fact")
    assert done.returncode == 2
    assert "fact is no step; choose among facts, training, bits" in done.stderr
    assert not (tmp_path / "out").exists()


def small_campaign(folder: Path, seconds: float) -> Campaign:
    (folder / "figures").mkdir()
    (folder / "log").touch()
    run = Run(folder / "figures", folder / "log", 0.0, "0", "none", SMALL, "strokes")
    return Campaign(Output(folder / "out", "campaign", ".txt", ".tar.gz"), run, seconds)


def verdicts(folder: Path) -> list[list[str]]:
    """Each step's name, end, and verdict."""
    lines = (folder / "out/campaign.txt").read_text().splitlines()
    return [list(re.findall(r"(\w+) +(\w+(?: \w+)?) +\d+ s *(.*)", line)[0]) for line in lines]


def test_a_step_that_goes_wrong_stops_no_other(tmp_path: Path) -> None:
    def raising(run: Run) -> str:
        raise ValueError("no figures")

    def failing(run: Run) -> str:
        run.call([sys.executable, "-c", "raise SystemExit('error: it broke')"])
        return "what was found nevertheless"

    campaign = small_campaign(tmp_path, 60)
    campaign.take(Step("raising", 20, raising, least=1))
    campaign.take(Step("failing", 20, failing, least=1))
    campaign.take(Step("well", 20, lambda run: "well", least=1))
    campaign.take(Step("long", 20, lambda run: "never", least=1000))
    assert verdicts(tmp_path) == [
        ["raising", "failed", "ValueError: no figures"],
        ["failing", "failed", "what was found nevertheless"],
        ["well", "done", "well"],
        ["long", "no time", ""],
    ]
    assert campaign.failed
    assert "error: it broke" in (tmp_path / "log").read_text()


def test_a_step_that_takes_too_long_ends_with_all_that_it_has_started(tmp_path: Path) -> None:
    script = "import subprocess, sys; print('so far', flush=True); subprocess.run(['sleep', '77'])"

    def sleeping(run: Run) -> str:
        return run.call([sys.executable, "-c", script])

    campaign, began = small_campaign(tmp_path, 60), time.monotonic()
    campaign.take(Step("sleeping", 2, sleeping, least=1))
    assert time.monotonic() - began < 20
    assert verdicts(tmp_path) == [["sleeping", "too long", "so far"]]
    assert not campaign.failed


def test_the_bits_of_two_models_are_told_apart(tmp_path: Path) -> None:
    weights = np.linspace(0, 1, 5, dtype=np.float32)
    others = weights.copy()
    others[3] += 0.25
    for name, values in {"a": weights, "b": weights, "c": others}.items():
        save_file({"weights": values}, tmp_path / f"{name}.safetensors")
    first, again, other = (tmp_path / f"{name}.safetensors" for name in "abc")
    assert same_bits(first, again) == "b the same bits"
    assert same_bits(first, other) == "c OTHER BITS, off by at most 0.25"


@pytest.mark.parametrize(
    ("step", "printed", "verdict"),
    [
        (
            "plans",
            "A dispatch that depends on the one before costs 21 us.\n\n| network | a |\n| --- |\n"
            "| 784-16-16-10, batch 1 | 0.1 |\n| 784-32-10, batch 4 | 0.2 |\n",
            "A dispatch that depends on the one before costs 21 us. 2 networks",
        ),
        (
            "populations",
            "784-16-16-10, batch 4: 0.3 ms a step alone.\n\n| networks | a | b | c |\n"
            "| --- | --- | --- | --- |\n| 1 | 0.3 | 1.00 | 3,300 |\n| 16 | 0.1 | 0.46 | 7,000 |\n\n"
            "784-128-10, batch 32: 2 ms a step alone.\n\n| networks | a | b | c |\n"
            "| --- | --- | --- | --- |\n| 8 | 1 | 0.70 | 9 |\n",
            "784-16-16-10 16 networks, a share of 0.46; 784-128-10 8 networks, a share of 0.70",
        ),
    ],
)
def test_a_verdict_is_read_from_a_scripts_table(
    step: str, printed: str, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "script", lambda run, command: printed)
    run = Run(tmp_path, tmp_path / "log", 0.0, "0", "none", SMALL, "strokes")
    assert getattr(steps, step)(run) == verdict
