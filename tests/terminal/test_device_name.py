import pytest

from gpunet.engine.interface import DeviceInfo
from gpunet.terminal.draw.device_name import device_in_words, short_name


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
