"""How a network is trained: the numbers that decide it, in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

from byheart.base.errors import UsageError

OPTIMIZERS = ("sgd", "adamw")
SCHEDULES = ("constant", "linear", "cosine", "step")


@dataclass(frozen=True)
class Recipe:
    """The training recipe.

    `lr=None` means that a short trial chooses the learning rate before anything is recorded. `clip` bounds the norm of
    the gradient (0: no bound). `schedule` scales the learning rate over the epochs: constant, linear (to 0), cosine (to
    0), step (a tenth from half of the epochs, a hundredth from three quarters). `methods` are events that act in the
    loop, in this order.
    """

    epochs: int = 60
    batch: int = 64
    optimizer: str = "sgd"
    lr: float | None = None
    momentum: float = 0.9
    weight_decay: float = 0.0
    clip: float = 1.0
    schedule: str = "linear"
    methods: tuple = ()
    device: str = "auto"

    def __post_init__(self) -> None:
        for name, allowed in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
            if getattr(self, name) not in allowed:
                raise UsageError(
                    f"There is no {name} called {getattr(self, name)!r}.", do=f"choose one of: {', '.join(allowed)}"
                )
        for name, least in (("epochs", 1), ("batch", 1), ("momentum", 0), ("weight_decay", 0), ("clip", 0)):
            value = getattr(self, name)
            kind, word = (Integral, "whole number") if name in ("epochs", "batch") else (Real, "number")
            if not (isinstance(value, kind) and math.isfinite(float(value)) and float(value) >= least):
                raise UsageError(f"{name}={value!r} makes no training.", do=f"give a {word} of at least {least}")
        if self.lr is not None and not (isinstance(self.lr, Real) and math.isfinite(self.lr) and self.lr > 0):
            raise UsageError(
                f"lr={self.lr!r} makes no training.", do="give a positive number, or leave it out and it is chosen"
            )
        object.__setattr__(self, "methods", tuple(self.methods))

    def rate(self, epoch: int) -> float:
        """The factor on the learning rate in `epoch` (from 0), in (0, 1]."""
        done = epoch / self.epochs
        if self.schedule == "linear":
            return 1 - done
        if self.schedule == "cosine":
            return 0.5 * (1 + math.cos(math.pi * done))
        if self.schedule == "step":
            return 1.0 if done < 0.5 else 0.1 if done < 0.75 else 0.01
        return 1.0
