"""Where tensors live."""

from __future__ import annotations

from byheart.base.errors import UsageError


def choose(name: str = "auto") -> str:
    """A device that is there: "auto" takes a CUDA accelerator, then Apple's, then the processor."""
    import torch

    there = ["cpu"]
    if torch.cuda.is_available():
        there.insert(0, "cuda")
    elif torch.backends.mps.is_available():
        there.insert(0, "mps")
    if name == "auto":
        return there[0]
    if name.split(":")[0] not in there:
        raise UsageError(f"There is no device {name!r} here.", do=f"choose one of: auto, {', '.join(there)}")
    return name
