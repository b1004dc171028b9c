from types import SimpleNamespace
from typing import Any

import pytest

from gpunet.engine.device_trial import Trial
from gpunet.engine.factory import Device
from gpunet.engine.interface import DeviceInfo
from gpunet.terminal.draw.device_name import device_in_words, device_reason, short_name


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("llvmpipe (LLVM 15.0.6, 256 bits)", "llvmpipe"),
        ("AMD Radeon RX 6600 (RADV NAVI23)", "AMD Radeon RX 6600"),
        ("Intel(R) Iris(R) Xe Graphics (TGL GT2)", "Intel(R) Iris(R) Xe Graphics"),
        ("Intel(R) UHD Graphics", "Intel(R) UHD Graphics"),
        ("NVIDIA H200", "NVIDIA H200"),
        ("(nameless)", "(nameless)"),
    ],
)
def test_a_short_name_leaves_out_what_drivers_put_behind_it(name: str, short: str) -> None:
    assert short == short_name(name)


def test_a_device_in_words_has_one_pair_of_brackets() -> None:
    info = DeviceInfo("llvmpipe (LLVM 15.0.6)", "software adapter", "Vulkan", "Mesa")
    assert device_in_words(info) == "llvmpipe (software adapter, Vulkan)"


@pytest.mark.parametrize(
    ("trial", "told"),
    [
        (Trial(0.02, 0.01), "llvmpipe (software adapter, Vulkan), 10 ms a step; numpy takes 20 ms"),
        (
            Trial(0.02, 0.01, known=True),
            "llvmpipe (software adapter, Vulkan), 10 ms a step; numpy takes 20 ms "
            "(measured before)",
        ),
        (
            Trial(0.02, 0.0199),
            "numpy, 20 ms a step; the software adapter llvmpipe takes 20 ms, not clearly less",
        ),
        (Trial(0.02, 0.3), "numpy, 20 ms a step; the software adapter llvmpipe takes 0.3 s"),
        (
            Trial(0.02, 0.02, known=True),
            "numpy, 20 ms a step; the software adapter llvmpipe takes 20 ms (measured before)",
        ),
        (None, "llvmpipe (software adapter, Vulkan), as asked for"),
    ],
)
def test_a_trial_tells_which_device_won_and_by_how_much(trial: Trial | None, told: str) -> None:
    info = DeviceInfo("llvmpipe (LLVM 15.0.6)", "software adapter", "Vulkan", "Mesa")
    rival: Any = SimpleNamespace(info=info)
    assert device_reason(Device(None, info, f"{info}, as asked for", rival=rival, trial=trial)) == (
        told
    )


def test_without_a_rival_the_devices_own_reason_is_told() -> None:
    info = DeviceInfo("a card", "discrete GPU", "Vulkan", "Mesa")
    choice = Device(None, info, f"{info}, the best one", trial=Trial(1.0, 2.0))
    assert device_reason(choice) == "a card (discrete GPU, Vulkan), the best one"
