"""Finds out why a machine's GPU cannot be used and what to do: drivers, loaders, permissions.

``look`` inspects the machine without starting a program; ``advice`` says what to do, and never
asks for something that is already installed.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["Machine", "advice", "look"]

VENDORS = {"0x8086": "Intel", "0x1002": "AMD", "0x10de": "NVIDIA"}
"""Makers of GPUs that have a Vulkan driver, by their PCI vendor ID."""

DRAWING_ONLY = {
    "0x15ad": "VMware",
    "0x80ee": "VirtualBox",
    "0x1af4": "virtio",
    "0x1b36": "QEMU",
    "0x1414": "Hyper-V",
    "0x1013": "Cirrus",
    "0x102b": "Matrox",
    "0x1a03": "ASPEED",
}
"""Makers of cards, mostly in virtual machines and servers, whose drivers offer OpenGL at best; by
their PCI vendor ID."""

MANIFESTS = {
    "Intel": ("intel_",),
    "AMD": ("radeon_", "amd_icd", "amdvlk"),
    "NVIDIA": ("nvidia_", "nouveau_"),
    "another maker": ("freedreno_", "panfrost_", "broadcom_", "asahi_", "powervr_"),
    "nobody": ("lvp_",),
}
"""Prefixes of the names of each maker's driver manifests; ``nobody`` is Mesa's software driver."""


@dataclass(frozen=True, slots=True)
class Packages:
    """A distribution's names for the packages of drivers.

    Args:
        command: the command that installs packages.
        loader: the package of ``libvulkan.so.1``.
        drivers: the package of the driver for each maker's GPU, if there is one.
        nvidia: how to get the Vulkan part of NVIDIA's own driver.
    """

    command: str
    loader: str
    drivers: dict[str, str]
    nvidia: str


MESA = dict.fromkeys(MANIFESTS, "mesa-vulkan-drivers")

PACKAGES = {
    "apt-get": Packages(
        "apt install",
        "libvulkan1",
        MESA,
        "`apt install nvidia-vulkan-icd` on Debian; on Ubuntu libnvidia-gl-N, N being the driver's "
        "version",
    ),
    "dnf": Packages(
        "dnf install",
        "vulkan-loader",
        MESA,
        "`dnf install xorg-x11-drv-nvidia-libs` from RPM Fusion",
    ),
    "pacman": Packages(
        "pacman -S",
        "vulkan-icd-loader",
        {"Intel": "vulkan-intel", "AMD": "vulkan-radeon", "nobody": "vulkan-swrast"},
        "`pacman -S nvidia-utils`",
    ),
    "apk": Packages(
        "apk add",
        "vulkan-loader",
        {
            "Intel": "mesa-vulkan-intel",
            "AMD": "mesa-vulkan-ati",
            "nobody": "mesa-vulkan-swrast",
        },
        "Alpine has no package of it, Debian and Ubuntu have",
    ),
    "zypper": Packages(
        "zypper install",
        "libvulkan1",
        {
            "Intel": "libvulkan_intel",
            "AMD": "libvulkan_radeon",
            "nobody": "libvulkan_lvp",
        },
        "`zypper install nvidia-gl-G06` from NVIDIA's repository",
    ),
}
"""The packages of drivers, by the package manager."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What ``look`` found on a machine.

    Args:
        system: the operating system, as in ``sys.platform``.
        manager: the package manager, a key of ``PACKAGES``; ``None`` for any other.
        wsl: whether this is Linux within Windows (WSL).
        container: whether this is a container.
        loader: whether ``libvulkan.so.1`` can be loaded.
        cards: PCI vendor IDs of all graphics cards.
        nvidia: whether the kernel has NVIDIA's own driver and a GPU for it.
        nvidia_graphics: whether ``libGLX_nvidia.so.0``, its Vulkan part, can be loaded.
        manifests: file names of the Vulkan drivers' manifests.
        nodes: whether ``/dev/dri`` has render nodes, and whether they may be opened.
    """

    system: str = "linux"
    manager: str | None = None
    wsl: bool = False
    container: bool = False
    loader: bool = True
    cards: tuple[str, ...] = ()
    nvidia: bool = False
    nvidia_graphics: bool = False
    manifests: frozenset[str] = frozenset()
    nodes: Literal["none", "refused", "open"] = "none"


def look(root: Path = Path("/"), loads: Callable[[str], bool] | None = None) -> Machine:
    """Find out what this machine, whose files are under ``root``, has.

    ``loads`` tells whether the shared library of a name can be loaded.
    """
    loads = loads or _loads
    nodes = list(root.glob("dev/dri/renderD*"))
    may_open = any(os.access(node, os.R_OK | os.W_OK) for node in nodes)
    folders = ("usr/share", "usr/local/share", "etc")
    return Machine(
        system=sys.platform,
        manager=next((one for one in PACKAGES if _is_program(root, one)), None),
        wsl=(root / "dev/dxg").exists() or "microsoft" in _text(root / "proc/version").lower(),
        container=any((root / one).exists() for one in (".dockerenv", "run/.containerenv")),
        loader=loads("libvulkan.so.1"),
        cards=tuple(_cards(root)),
        nvidia=any((root / one).exists() for one in ("dev/nvidia0", "proc/driver/nvidia/gpus")),
        nvidia_graphics=loads("libGLX_nvidia.so.0"),
        manifests=frozenset(
            file.name for one in folders for file in root.glob(f"{one}/vulkan/icd.d/*.json")
        ),
        nodes="open" if may_open else "refused" if nodes else "none",
    )


def advice(machine: Machine, *, software: bool) -> str | None:
    """What to do on a machine without a usable GPU, in one sentence; ``None`` if nothing helps."""
    if machine.system == "darwin":
        return "update macOS, which brings the driver for Metal"
    if machine.system == "win32":
        return "update the graphics driver, which brings Direct3D 12 and Vulkan"
    if machine.wsl:
        return _in_windows(machine)
    if machine.nvidia:
        return _for_nvidia(machine)
    maker = next((VENDORS[card] for card in machine.cards if card in VENDORS), None)
    if maker is None and machine.nodes != "none" and not machine.cards:
        maker = "another maker"
    if maker is not None:
        return _for_card(machine, maker)
    if not software:
        return _installation(machine, "nobody") or (
            "the Vulkan driver that is installed shows no adapter; reinstall it"
        )
    return _about_drawing(machine)


def _in_windows(machine: Machine) -> str:
    if any(name.startswith("dzn_") for name in machine.manifests):
        return "update WSL (`wsl --update` in Windows) and the graphics driver of Windows"
    return (
        "under WSL a GPU is reached only through Mesa's driver dzn, which is not installed and "
        "which most distributions leave out; run gpunet in Windows itself, on Direct3D 12"
    )


def _for_nvidia(machine: Machine) -> str:
    """Advice if NVIDIA's kernel driver works but its Vulkan part is missing or not found."""
    begin = "CUDA is not needed, but NVIDIA's driver is without its Vulkan part here"
    has_manifest = any(name.startswith("nvidia_") for name in machine.manifests)
    if not (machine.nvidia_graphics and has_manifest):
        if machine.container:
            move = "start the container with `-e NVIDIA_DRIVER_CAPABILITIES=all`"
            if not machine.loader:
                move += f", and {_loader_alone(machine)} in it"
            return f"{begin}; {move}"
        packages = PACKAGES.get(machine.manager or "")
        return f"{begin}; install it ({packages.nvidia if packages else 'libGLX_nvidia.so.0'})"
    if not machine.loader:
        return f"{_loader_alone(machine)}, through which NVIDIA's driver is reached"
    return "NVIDIA's driver is installed but shows no adapter; update it and restart the machine"


def _loader_alone(machine: Machine) -> str:
    packages = PACKAGES.get(machine.manager or "")
    if packages is None:
        return "install the Vulkan loader (libvulkan.so.1)"
    return f"install the Vulkan loader (`{packages.command} {packages.loader}`)"


def _for_card(machine: Machine, maker: str) -> str:
    gpu = "this machine's GPU" if maker == "another maker" else f"this machine's {maker} GPU"
    if machine.container and machine.nodes == "none":
        return f"start the container with `--device /dev/dri` to give it {gpu}"
    if machine.nodes == "refused":
        return f"you may not open {gpu}; run `sudo usermod -aG render,video $USER` and log in again"
    if missing := _installation(machine, maker):
        return f"{missing} to use {gpu}"
    return (
        f"{gpu} has a Vulkan driver that does not know it, so that it offers OpenGL only, whose "
        "compute shaders are too limited; a newer driver may know it"
    )


def _installation(machine: Machine, maker: str) -> str | None:
    """How to install the missing loader or driver; ``None`` if neither is missing."""
    has_driver = any(name.startswith(MANIFESTS[maker]) for name in machine.manifests)
    if machine.loader and has_driver:
        return None
    if not has_driver and maker == "NVIDIA":
        return "install NVIDIA's own driver, or Mesa's NVK (24.1 or newer),"
    packages = PACKAGES.get(machine.manager or "")
    if packages is None or (not has_driver and maker not in packages.drivers):
        return "install the Vulkan driver" + " and loader" * (not machine.loader)
    missing = [packages.loader] * (not machine.loader)
    missing += [packages.drivers[maker]] * (not has_driver)
    return f"install the Vulkan driver (`{packages.command} {' '.join(missing)}`)"


def _about_drawing(machine: Machine) -> str | None:
    """Advice for cards that have no Vulkan driver; ``None`` if there is no such card."""
    makers = [DRAWING_ONLY[card] for card in machine.cards if card in DRAWING_ONLY]
    if not makers:
        return None
    return (
        f"the graphics card here ({makers[0]}) offers OpenGL at best, whose compute shaders are "
        "too limited; use a machine with a GPU of its own, or pass one through to this one"
    )


def _cards(root: Path) -> Iterator[str]:
    """The PCI vendor IDs of all graphics cards."""
    for device in sorted(root.glob("sys/bus/pci/devices/*")):
        if _text(device / "class").startswith("0x03"):
            yield _text(device / "vendor").strip()


def _is_program(root: Path, name: str) -> bool:
    return any((root / folder / name).exists() for folder in ("usr/bin", "bin", "sbin"))


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
