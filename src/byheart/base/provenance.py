"""Where a number comes from: versions, machine, time."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("byheart", "torch", "numpy", "scipy", "scikit-learn", "pandas", "pyarrow", "safetensors", "joblib")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a number."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name).split("+")[0]
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str | int]:
    """What the work ran on; belongs into timing.json, outside every comparison."""
    return {"system": platform.platform(), "processor": platform.machine(), "cores": cores()}


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
