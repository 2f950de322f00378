"""Label smoothing: a share of the target's mass is spread over all classes."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from byheart.methods.method import method, within
from byheart.runs.events import State


def smoothed_loss(
    logits: Float[Tensor, "b classes"], targets: Int[Tensor, "b"], smoothing: float
) -> Float[Tensor, "b"]:
    """Cross-entropy (b,) in nats against (1 - smoothing) onehot + smoothing / classes."""
    log_p = F.log_softmax(logits, 1)
    own = log_p.gather(1, targets[:, None])[:, 0]
    return -(1 - smoothing) * own - smoothing * log_p.mean(1)


@method("label_smoothing", acts_on="loss", source="Szegedy et al. 2016, section 7")
@dataclass(frozen=True)
class LabelSmoothing:
    """Spreads a share of each label's mass over all classes, so that no example is worth fitting to the last digit."""

    smoothing: float = 0.1

    def __post_init__(self) -> None:
        within("smoothing", self.smoothing, 0, 1)

    def losses(self, state: State) -> None:
        if self.smoothing:
            assert state.logits is not None and state.batch is not None
            state.losses = smoothed_loss(state.logits, state.batch.targets, self.smoothing)
