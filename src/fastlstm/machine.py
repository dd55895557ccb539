"""What a timing was taken on: processor, threads, versions, kernels, date."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

PACKAGES = ("fastlstm", "numpy", "scipy", "scikit-learn", "torch")


def cpu_model() -> str:
    """Name of the processor as the system gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cpu_count() -> int:
    """Logical cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def versions() -> dict[str, str]:
    """Installed versions of the packages that are timed or that time."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def blas() -> list[str]:
    """BLAS libraries loaded so far, with version and the kernels they chose."""
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    names = {
        f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}".strip()
        for pool in pools
    }
    return sorted(names)


def describe() -> dict[str, Any]:
    """Everything a reader needs to compare a timing; nothing that names the computer."""
    import scipy.linalg  # noqa: F401  so that its BLAS is listed

    from fastlstm._core._kernels import variant

    return {
        "cpu": cpu_model(),
        "cores": cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions(),
        "blas": blas(),
        "kernels": variant(),
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "date": datetime.now(UTC).date().isoformat(),
    }


def one_line(machine: dict[str, Any]) -> str:
    """`describe` in one line, for a caption."""
    packages = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}; {packages}; "
        f"{', '.join(machine['blas'])}; kernels {machine['kernels']}; {machine['date']}"
    )
