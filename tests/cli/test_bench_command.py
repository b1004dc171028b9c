"""``gpunet bench``: the table and the JSON of made-up measurements, and one real quick run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gpunet.bench import CASES, Case, Measurement
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.wgpu.adapters import DEFAULT_LIMITS, Adapter, list_adapters
from gpunet.engine.wgpu.roofline import Roofline

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

KEYS = {"case", "operation", "device", "wall_seconds", "device_seconds", "rate", "unit"}
LONG = "A Graphics Card With A Very Long Name Indeed (CHIP 17, LLVM 15.0.6)"


def made_up(name: str) -> Adapter:
    info = DeviceInfo(name, "discrete GPU", "Vulkan", "driver")
    return Adapter(0, info, dict(DEFAULT_LIMITS), timestamps=True, usable=True, why="", handle=None)


def run(
    adapters: Sequence[Adapter], cases: Sequence[Case], *, roofline: bool
) -> Iterator[Measurement]:
    share = 0.125 if roofline else None
    for case in cases:
        yield Measurement(str(case), "forward", "numpy", 3e-4, None, 3_000_000, "GFLOP/s", share)
        for adapter in adapters:
            name = adapter.info.name
            yield Measurement(str(case), "forward", name, 1.5e-4, 1e-4, 3_000_000, "GFLOP/s", share)


def measure_made_up(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    adapters = tuple(made_up(name) for name in names)
    monkeypatch.setattr("gpunet.engine.factory.list_adapters", lambda: adapters)
    monkeypatch.setattr("gpunet.bench.run", run)


def test_every_adapter_stands_below_numpy_with_its_ratio(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure_made_up(monkeypatch, "Card (CHIP 17)")
    ran = gpunet("bench", "--quick")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "numpy against Card (discrete GPU, Vulkan)"
    assert "784-16-16-10, batch 64" in lines
    assert lines[-2].split() == ["forward", "numpy", "300", "us", "10.00", "GFLOP/s"]
    assert lines[-1].split() == ["Card", "150", "us", "100", "us", "30.00", "GFLOP/s", "2.00x"]


def test_no_line_is_wider_than_the_terminal_however_long_a_name_is(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure_made_up(monkeypatch, LONG)
    table = gpunet("bench", "--quick").out.splitlines()[1:]
    assert max(len(line) for line in table) <= 80
    assert table[-1].endswith("2.00x")


def test_adapters_that_differ_only_in_what_drivers_add_keep_their_whole_names(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure_made_up(monkeypatch, "Card (A)", "Card (B)")
    out = gpunet("bench", "--quick").out
    assert "Card (A)" in out
    assert "Card (B)" in out


def test_a_machine_without_adapters_measures_numpy_alone(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure_made_up(monkeypatch)
    ran = gpunet("bench")
    assert ran.code == 0
    assert ran.out.splitlines()[0] == "numpy alone"
    assert ran.out.count("forward") == 3


def test_an_adapter_that_is_not_there_is_refused(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure_made_up(monkeypatch, "Card")
    ran = gpunet("bench", "--device", "other")
    assert ran.code == 2
    assert "--device other names no adapter of this machine" in ran.failure


def test_json_holds_every_measurement(gpunet: RunCommand) -> None:
    adapters = [adapter for adapter in list_adapters() if adapter.usable]
    first = str(adapters[0].index) if adapters else "cpu"
    ran = gpunet("bench", "--quick", "--json", "--device", first)
    assert (ran.code, ran.err) == (0, "")
    content = json.loads(ran.out)
    assert [KEYS] * len(content) == [set(one) for one in content]
    devices = ["numpy", *(one.info.name for one in adapters[:1])]
    assert 5 * len(devices) == len(content)
    assert set(devices) == {one["device"] for one in content}
    assert all(one["wall_seconds"] > 0 and one["rate"] > 0 for one in content)


def test_the_roofline_adds_a_column_a_key_and_what_each_device_reaches(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure_made_up(monkeypatch, LONG)
    monkeypatch.setattr(
        "gpunet.engine.wgpu.roofline.measure_roofline", lambda _: Roofline(2e12, 3e11)
    )
    ran = gpunet("bench", "--quick", "--roofline")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert "  numpy: 2.00 TFLOP/s at multiply-adds, 300 GB/s at copies" in lines
    assert lines[-1].endswith("2.00x    12.5 %")
    assert max(len(line) for line in lines[6:]) <= 80
    content = json.loads(gpunet("bench", "--quick", "--roofline", "--json").out)
    assert [one["roofline"] for one in content] == [0.125, 0.125]


def test_an_adapter_that_cannot_be_used_is_not_measured(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapters = (made_up("Card"), replace(made_up("Wreck"), usable=False, why="too old"))
    monkeypatch.setattr("gpunet.engine.factory.list_adapters", lambda: adapters)
    monkeypatch.setattr("gpunet.bench.run", run)
    ran = gpunet("bench", "--quick")
    assert (ran.code, ran.err) == (0, "")
    assert "Card" in ran.out
    assert "Wreck" not in ran.out


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(2e-6, "2 us"), (9.994e-4, "999 us"), (1e-3, "1.00 ms"), (2.5, "2,500.00 ms")],
)
def test_a_time_is_told_in_micro_or_milliseconds(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch, seconds: float, told: str
) -> None:
    def run_so_long(
        adapters: object, cases: Sequence[Case], *, roofline: bool
    ) -> Iterator[Measurement]:
        yield Measurement(str(cases[0]), "forward", "numpy", seconds, None, 1, "GFLOP/s", None)

    monkeypatch.setattr("gpunet.engine.factory.list_adapters", lambda: ())
    monkeypatch.setattr("gpunet.bench.run", run_so_long)
    assert f" {told} " in gpunet("bench", "--quick").out


def test_all_cases_are_measured_unless_it_is_to_be_quick(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure_made_up(monkeypatch, "Card")
    for options, cases in (((), CASES), (("--quick",), CASES[:1])):
        content = json.loads(gpunet("bench", "--json", *options).out)
        assert list(dict.fromkeys(one["case"] for one in content)) == [str(one) for one in cases]
        assert content[1] == {
            "case": str(cases[0]),
            "operation": "forward",
            "device": "Card",
            "wall_seconds": 1.5e-4,
            "device_seconds": 1e-4,
            "rate": content[1]["rate"],
            "unit": "GFLOP/s",
        }
