"""The catalog of peers: what each needs, and on which devices of this machine it can run."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gpunet.engine.factory import list_adapters
from gpunet.errors import pip_install

PYTORCH = "PyTorch, eager"
OWN = "gpunet"


@dataclass(frozen=True, slots=True)
class Listing:
    """A peer of the catalog.

    Args:
        name: as tables show it and ``--peer`` takes it.
        kind: where its class is, as ``worker`` takes it.
        devices: that it can use, as its class takes them.
        needs: modules, with the packages that bring them.
        environment: of its process, beside what is there; ``None`` takes a variable away.
        same_rule: whether its losses should be those of the others, digit by digit.
    """

    name: str
    kind: str
    devices: tuple[str, ...]
    needs: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str | None] = field(default_factory=dict)
    same_rule: bool = True

    @property
    def missing(self) -> list[str]:
        """The packages to install before it can run."""
        return [
            package
            for module, package in self.needs.items()
            if importlib.util.find_spec(module) is None
        ]


TORCH = {"torch": "torch"}

LISTINGS = (
    Listing(PYTORCH, "peers.pytorch:Eager", ("cpu", "cuda"), TORCH),
    Listing("PyTorch, as it comes", "peers.pytorch:AsItComes", ("cpu", "cuda"), TORCH),
    Listing("PyTorch, compiled", "peers.pytorch:Compiled", ("cpu", "cuda"), TORCH),
    Listing("PyTorch, CUDA graphs", "peers.pytorch:Graphed", ("cuda",), TORCH),
    Listing(
        "JAX",
        "peers.jax_scan:Scan",
        ("cpu", "cuda"),
        {"jax": "jax"},
        {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"},  # otherwise it leaves no memory for the others
    ),
    Listing(
        "tinygrad",
        "peers.tinygrad_jit:Jitted",
        ("cpu", "webgpu", "cuda"),
        {"tinygrad": "tinygrad", "pydawn": "dawn-python"},
        {"VK_ADD_DRIVER_FILES": None},  # so that Dawn takes the system's adapter
    ),
    Listing(
        "scikit-learn",
        "peers.scikit_learn:Classifier",
        ("cpu",),
        {"sklearn": "scikit-learn"},
        same_rule=False,
    ),
    Listing(OWN, "peers.gpunet_engine:OwnEngine", ("cpu", "webgpu")),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A peer on a device of this machine.

    Args:
        listing: the peer.
        device: as its class takes it.
        shown: the device, as tables show it.
        hardware: whether that is a GPU and not the processor.
    """

    listing: Listing
    device: str
    shown: str
    hardware: bool = False

    @property
    def name(self) -> str:
        """The peer and its device, in words."""
        return f"{self.listing.name} on {self.shown}"


def entries(
    peers: Sequence[str] | None = None, devices: Sequence[str] | None = None
) -> Iterator[Entry]:
    """All peers that are installed on all devices, or those whose names hold one of these."""
    for listing in LISTINGS:
        if listing.missing or not _named(listing.name, peers):
            continue
        for device in listing.devices:
            for entry in _entries(listing, device):
                if _named(f"{entry.device} {entry.shown}", devices):
                    yield entry


def missing(peers: Sequence[str] | None = None) -> Iterator[str]:
    """A sentence for every peer, or every one of these, that is not installed."""
    for listing in LISTINGS:
        if listing.missing and _named(listing.name, peers):
            command = pip_install(*listing.missing)
            yield f"{listing.name} is not installed and left out; run `{command}`"


def hardware() -> list[str]:
    """The names of the GPUs that wgpu finds."""
    return [one.info.name for one in list_adapters() if one.usable and not one.software]


def _entries(listing: Listing, device: str) -> Iterator[Entry]:
    if listing.name == OWN and device == "webgpu":
        for one in list_adapters():
            if one.usable:
                name = one.info.name.partition(" (")[0]
                yield Entry(listing, str(one.index), name, not one.software)
    elif device == "cuda":
        if shutil.which("nvidia-smi"):
            yield Entry(listing, device, "CUDA", hardware=True)
    elif device == "webgpu":
        if list_adapters():
            yield Entry(listing, device, "WebGPU", bool(hardware()))
    else:
        shown = "numpy" if listing.name == OWN else "CPU"
        yield Entry(listing, device, shown)


def _named(text: str, wanted: Sequence[str] | None) -> bool:
    return wanted is None or any(one.lower() in text.lower() for one in wanted)
