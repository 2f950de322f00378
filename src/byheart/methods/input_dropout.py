"""Input dropout: single input values are hidden at random while the network trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch.nn import functional as F

from byheart.methods.method import method, within
from byheart.runs.events import State


@method("input_dropout", acts_on="inputs", source="Srivastava et al. 2014")
@dataclass(frozen=True)
class InputDropout:
    """Hides input values at random in training, so that no example can be known by a few of its pixels or features.

    `p` is the share of values set to 0, which is their mean since inputs are standardized; the rest is scaled by
    1 / (1 - p).
    """

    p: float = 0.2
    clock: ClassVar[str] = "eval"

    def __post_init__(self) -> None:
        within("p", self.p, 0, 0.99)

    def batch(self, state: State) -> None:
        if self.p:
            assert state.batch is not None
            state.batch = state.batch._replace(inputs=F.dropout(state.batch.inputs, self.p))
