"""Where a network's hidden representation is: after each of its activations, or after each block of a residual one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from byheart.base.errors import UsageError
from byheart.base.registry import every


def activations(network: nn.Module) -> list[nn.Module]:
    """The network's activation modules, in order of definition; softmax and identity are none.

    Errors: UsageError when there is none, as when a network calls functions in place of modules.
    """
    kinds = tuple(k for name, k in every("activation").items() if isinstance(k, type) and name != "identity")
    found = [module for module in network.modules() if isinstance(module, kinds)]
    if not found:
        raise UsageError(
            "This network has no activation modules.", "Functions such as torch.relu leave no place to act at.",
            "use nn.ReLU() in the network's __init__",
        )  # fmt: skip
    return found


def in_training(change: Callable[[Tensor], Tensor]) -> Callable[[nn.Module, Any, Tensor], Tensor]:
    """A forward hook that changes a module's output while it trains, and leaves it alone in eval mode."""

    def hook(module: nn.Module, given: Any, output: Tensor) -> Tensor:
        return change(output) if module.training else output

    return hook
