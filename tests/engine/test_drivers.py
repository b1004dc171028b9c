"""What keeps a GPU from being used, on machines that are made up here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gpunet.engine.wgpu.drivers import DRAWING_ONLY, MANIFESTS, PACKAGES, Machine, advice, look

DEBIAN = Machine(manager="apt-get")
MESA = frozenset({"lvp_icd.x86_64.json", "intel_icd.x86_64.json", "radeon_icd.x86_64.json"})
INTEL, AMD, NVIDIA, VMWARE = "0x8086", "0x1002", "0x10de", "0x15ad"


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (replace(DEBIAN), "install the Vulkan driver (`apt install mesa-vulkan-drivers`)"),
        (
            replace(DEBIAN, loader=False),
            "install the Vulkan driver (`apt install libvulkan1 mesa-vulkan-drivers`)",
        ),
        (
            replace(DEBIAN, loader=False, manifests=MESA),
            "install the Vulkan driver (`apt install libvulkan1`)",
        ),
        (Machine(manager="apk"), "install the Vulkan driver (`apk add mesa-vulkan-swrast`)"),
        (Machine(loader=False), "install the Vulkan driver and loader"),
        (replace(DEBIAN, manifests=MESA), "shows no adapter; reinstall it"),
        (Machine(system="darwin"), "update macOS"),
        (Machine(system="win32"), "update the graphics driver"),
    ],
)
def test_a_machine_without_any_adapter_is_told_what_is_missing(
    machine: Machine, expected: str
) -> None:
    assert expected in str(advice(machine, software=False))


@pytest.mark.parametrize("manager", [*PACKAGES, None])
def test_nothing_that_is_installed_is_advised(manager: str | None) -> None:
    machine = Machine(manager=manager, manifests=MESA)
    assert advice(machine, software=True) is None
    for card in (INTEL, AMD):
        told = advice(replace(machine, cards=(card,), nodes="open"), software=True)
        assert "install" not in str(told).replace("installed", "")


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (
            replace(DEBIAN, cards=(AMD,)),
            "(`apt install mesa-vulkan-drivers`) to use this machine's AMD",
        ),
        (Machine(manager="pacman", cards=(AMD,)), "`pacman -S vulkan-radeon`"),
        (Machine(manager="zypper", cards=(INTEL,)), "`zypper install libvulkan_intel`"),
        (replace(DEBIAN, cards=(NVIDIA,)), "install NVIDIA's own driver, or Mesa's NVK"),
        (
            replace(DEBIAN, nodes="open"),
            "`apt install mesa-vulkan-drivers`) to use this machine's GPU",
        ),
        (replace(DEBIAN, cards=(INTEL,), nodes="refused"), "usermod -aG render,video"),
        (replace(DEBIAN, cards=(INTEL,), container=True), "`--device /dev/dri`"),
        (
            replace(DEBIAN, cards=(INTEL,), manifests=MESA, nodes="open"),
            "this machine's Intel GPU has a Vulkan driver that does not know it, so that it offers "
            "OpenGL only",
        ),
        (replace(DEBIAN, cards=(VMWARE,)), "the graphics card here (VMware) offers OpenGL at best"),
    ],
)
def test_a_card_that_vulkan_does_not_show_is_named_with_its_next_move(
    machine: Machine, expected: str
) -> None:
    assert expected in str(advice(machine, software=True))


KERNEL_ONLY = replace(DEBIAN, nvidia=True, cards=(NVIDIA,))
WHOLE = replace(KERNEL_ONLY, nvidia_graphics=True, manifests=frozenset({"nvidia_icd.json"}))


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (KERNEL_ONLY, "without its Vulkan part here; install it (`apt install nvidia-vulkan-icd`"),
        (replace(KERNEL_ONLY, container=True), "`-e NVIDIA_DRIVER_CAPABILITIES=all`"),
        (
            replace(KERNEL_ONLY, container=True, loader=False),
            "CAPABILITIES=all`, and install the Vulkan loader (`apt install libvulkan1`) in it",
        ),
        (replace(WHOLE, manifests=frozenset()), "without its Vulkan part"),
        (replace(WHOLE, loader=False), "install the Vulkan loader (`apt install libvulkan1`)"),
        (WHOLE, "shows no adapter; update it"),
    ],
)
def test_nvidia_without_vulkan_is_told_which_part_is_missing(
    machine: Machine, expected: str
) -> None:
    assert expected in str(advice(machine, software=True))


def test_under_wsl_the_way_leads_to_windows() -> None:
    wsl = replace(DEBIAN, wsl=True, manifests=MESA)
    assert "run gpunet in Windows itself" in str(advice(wsl, software=True))
    with_dzn = replace(wsl, manifests=frozenset({"dzn_icd.x86_64.json"}))
    assert "wsl --update" in str(advice(with_dzn, software=True))


@pytest.mark.parametrize("software", [True, False])
@pytest.mark.parametrize("manager", [*PACKAGES, None])
@pytest.mark.parametrize("card", [INTEL, AMD, NVIDIA, *DRAWING_ONLY, "0xffff", None])
def test_every_machine_gets_one_line_or_none(
    software: bool, manager: str | None, card: str | None
) -> None:
    for loader in (True, False):
        for node in ("none", "refused", "open"):
            cards = () if card is None else (card,)
            told = advice(
                Machine("linux", manager, cards=cards, loader=loader, nodes=node), software=software
            )
            assert told is None or "\n" not in told


def write(root: Path, path: str, text: str = "") -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_what_is_seen_comes_from_the_file_system(tmp_path: Path) -> None:
    write(tmp_path, "proc/version", "Linux version 5.15-microsoft-standard-WSL2")
    write(tmp_path, "usr/bin/dnf")
    write(tmp_path, ".dockerenv")
    write(tmp_path, "dev/nvidia0")
    write(tmp_path, "dev/dri/renderD128")
    write(tmp_path, "etc/vulkan/icd.d/nvidia_icd.json")
    write(tmp_path, "usr/share/vulkan/icd.d/lvp_icd.x86_64.json")
    write(tmp_path, "sys/bus/pci/devices/0000:01:00.0/class", "0x030200\n")
    write(tmp_path, "sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n")
    write(tmp_path, "sys/bus/pci/devices/0000:02:00.0/class", "0x010802\n")
    write(tmp_path, "sys/bus/pci/devices/0000:02:00.0/vendor", "0x8086\n")
    seen = look(tmp_path, loads=lambda name: name == "libvulkan.so.1")
    assert replace(seen, system="linux") == Machine(
        "linux",
        manager="dnf",
        wsl=True,
        container=True,
        loader=True,
        cards=(NVIDIA,),
        nvidia=True,
        nvidia_graphics=False,
        manifests=frozenset({"nvidia_icd.json", "lvp_icd.x86_64.json"}),
        nodes="open",
    )


def test_an_empty_file_system_is_an_unknown_machine(tmp_path: Path) -> None:
    seen = look(tmp_path, loads=lambda _: False)
    assert replace(seen, system="linux") == Machine("linux", loader=False)


def test_this_machine_can_be_looked_at() -> None:
    assert isinstance(look(), Machine)


def test_manifests_are_told_apart() -> None:
    beginnings = [name for names in MANIFESTS.values() for name in names]
    assert len(set(beginnings)) == len(beginnings)
