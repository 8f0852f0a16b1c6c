"""What machine and which versions the figures come from."""

import datetime
import importlib.metadata
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks import c_peer
from simulator.kernel import workspace

PACKAGES: Final = (
    "numba",
    "llvmlite",
    "numpy",
    "scipy",
    "xarray",
    "h5py",
    "pydantic",
    "jax",
    "ema_workbench",
    "monaco",
)


def described() -> list[tuple[str, str]]:
    """List what to print, name and value."""
    return list(_lines())


def _lines() -> Iterator[tuple[str, str]]:
    yield "date", datetime.datetime.now(datetime.UTC).strftime("%-d %B %Y, %H:%M UTC")
    yield "processor", f"{processor()}, {os.cpu_count()} processors"
    yield "caches", ", ".join(caches()) or "unknown"
    yield "memory", f"{memory():.0f} GiB"
    yield "system", f"{platform.system()} {platform.release()}"
    yield "Python", platform.python_version()
    found = ((name, version(name)) for name in PACKAGES)
    yield "packages", ", ".join(f"{name} {number}" for name, number in found if number)
    if c_peer.missing() is None:
        yield "C", c_peer.version()
    yield "kernel", f"{workspace.LANES} lanes, blocks of {workspace.BLOCK:,} draws"


def version(package: str) -> str | None:
    """Give the installed version of a package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def processor() -> str:
    """Name the processor."""
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def caches() -> Iterator[str]:
    """Name the caches of the first processor."""
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = (
            (index / name).read_text(encoding="utf-8").strip()
            for name in ("level", "type", "size")
        )
        if kind != "Instruction":
            yield f"L{level} {size}"


def memory() -> float:
    """Give the memory of the machine in GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
