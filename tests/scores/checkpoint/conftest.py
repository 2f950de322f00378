"""Networks small enough to be differentiated by hand, in double precision."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional as F


@pytest.fixture
def smooth() -> SimpleNamespace:
    """A frozen network 5 -> 7 tanh -> 3, twelve examples of three classes, unequal deviations, one of them 0."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3)).double().requires_grad_(False).eval()
    return SimpleNamespace(
        network=network,
        inputs=torch.randn(12, 5, dtype=torch.float64),
        targets=torch.arange(12) % 3,
        deviations=torch.tensor([0.5, 1.0, 2.0, 0.0, 3.0], dtype=torch.float64),
        loss_of=lambda outputs, targets: F.cross_entropy(outputs, targets, reduction="none"),
    )


@pytest.fixture
def words() -> nn.Module:
    """A network that looks its inputs up."""

    class Words(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.head = nn.Embedding(20, 4), nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.table(x.long()).mean(1))

    return Words().double()
